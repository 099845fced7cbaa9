"""`plots.show` and `plots.play`: small, deterministic pictures that a reader without a kernel sees as well."""

import base64
import io
from unittest.mock import Mock

import IPython
import ipywidgets
import matplotlib
import numpy as np
import pytest
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from PIL import Image

from metarec_lib import plots
from metarec_lib.plots import playing

ALT = "A line rises from 0 to 1."


@plots.styled
def draw(power=2, flip=False):
    fig, ax = plots.subplots()
    x = np.linspace(0, 1, 50)
    ax.plot(x, x**power if not flip else 1 - x**power)
    ax.set(title="A power", xlabel="x", ylabel="y")
    if power == 9:
        raise RuntimeError("nine is too much")
    return fig


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, as (bundle, metadata), as if in a notebook."""
    found = []
    monkeypatch.setattr(IPython, "get_ipython", Mock())
    monkeypatch.setattr(
        IPython.display, "display", lambda bundle, raw, metadata: found.append((bundle, metadata)) if raw else None
    )
    return found


def picture(bundle):
    return Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))


def test_shows_a_small_picture_with_its_alt_text(shown):
    plots.show(draw(), alt=ALT)
    (bundle, metadata), _ = shown
    assert set(bundle) == {"image/png", "text/plain"}
    assert bundle["text/plain"] == ALT
    assert metadata == {"image/png": {"alt": ALT, "width": 640, "height": 400}}
    assert picture(bundle).size == (1280, 800)
    assert len(picture(bundle).getcolors(256)) <= 64
    assert len(bundle["image/png"]) < 30_000


def test_every_width_is_shown_as_wide_as_a_page(shown):
    fig, _ = plots.subplots(figsize=(8, 4))
    plots.show(fig, alt=ALT)
    bundle, metadata = shown[0]
    assert picture(bundle).size == (1280, 640)
    assert (metadata["image/png"]["width"], metadata["image/png"]["height"]) == (640, 320)


def test_the_alt_text_stands_folded_below_the_picture(shown):
    plots.show(draw(), alt="A line & its <end> rise.")
    below, metadata = shown[1]
    assert (
        below["text/html"].startswith("<details><summary>")
        and "A line &amp; its &lt;end&gt; rise.</details>" in below["text/html"]
    )
    assert below["text/plain"] == "A line & its <end> rise." and metadata == {}
    plots.play(draw, alt=ALT, power=(1, 3))
    assert f"{ALT}</details>" in shown[3][0]["text/html"]


def test_the_same_figure_gives_the_same_bytes_without_date_or_version():
    assert plots.png_of(draw()) == plots.png_of(draw())
    assert plots.png_of(draw()) != plots.png_of(draw(3))
    assert b"oftware" not in plots.png_of(draw()) and b"tIME" not in plots.png_of(draw())


def test_the_readers_settings_neither_show_nor_change():
    plain = plots.png_of(draw())
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.titlesize": 30}):
        assert plots.png_of(draw()) == plain
        assert matplotlib.rcParams["lines.linewidth"] == 9


def test_closes_a_figure_of_pyplot(shown):
    import matplotlib.pyplot as plt

    fig = plt.figure()
    plots.show(fig, alt=ALT)
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize("alt", ["", "Figure.", "a line that rises without an end", None])
def test_the_alt_text_is_a_sentence(shown, alt):
    with pytest.raises(ValueError, match="expected a sentence"):
        plots.show(draw(), alt=alt)
    with pytest.raises(ValueError, match="expected a sentence"):
        plots.play(draw, alt=alt, power=(1, 3))
    assert shown == []


def test_the_alt_text_may_be_chinese(shown):
    plots.show(draw(), alt="曲线从零上升到一，越来越陡峭。")
    assert shown[0][0]["text/plain"].startswith("曲线")


def test_outside_of_a_notebook_the_text_is_printed(capsys):
    plots.show(draw(), alt=ALT)
    plots.play(draw, alt=ALT, power=(1, 3))
    assert capsys.readouterr().out == f"{ALT}\n{ALT}\n"


@pytest.fixture
def played(shown, monkeypatch):
    """Play with one slider and one tick box; the controls, image and message that were made."""
    made = {}
    box = ipywidgets.VBox

    def remember(children):
        made["box"] = box(children)
        return made["box"]

    monkeypatch.setattr(ipywidgets, "VBox", remember)
    plots.play(draw, alt=ALT, power=(1, 9), flip=True)
    return (*made["box"].children, shown[0][0])


def pixels(image):
    return base64.b64decode(image.value.partition("base64,")[2].rstrip('">'))


def test_play_emits_controls_and_a_picture_for_readers_without_a_kernel(played):
    power, flip, image, message, bundle = played
    assert bundle["application/vnd.jupyter.widget-view+json"]["version_major"] == 2
    assert bundle["text/plain"] == ALT
    assert base64.b64decode(bundle["image/png"]) == pixels(image) == plots.png_of(draw(), density=1)
    assert f'alt="{ALT}"' in image.value
    assert (power.description, power.value, power.max, flip.value) == ("power", 2, 9, False)


def test_play_draws_anew_when_a_control_changes(played):
    power, flip, image, message, _ = played
    power.value = 5
    assert pixels(image) == plots.png_of(draw(5), density=1)
    flip.value = True
    assert pixels(image) == plots.png_of(draw(5, flip=True), density=1)


def test_a_figure_that_fails_is_said_in_a_sentence_and_the_last_one_stays(played):
    power, _, image, message, _ = played
    before = image.value
    power.value = 9
    assert image.value == before
    assert "No figure for power = 9, flip = False (RuntimeError: nine is too much)" in message.value
    power.value = 3
    assert message.value == "" and pixels(image) == plots.png_of(draw(3), density=1)


def test_a_first_figure_that_fails_is_an_error(shown):
    with pytest.raises(RuntimeError, match="nine"):
        plots.play(lambda power: draw(power), alt=ALT, power=(9, 10))


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        ((1, 5), ipywidgets.IntSlider, 1),
        ((0.5, 1.5), ipywidgets.FloatSlider, 0.5),
        ((0, 10, 5), ipywidgets.IntSlider, 0),
        ([1, 2], ipywidgets.Dropdown, 1),
        (True, ipywidgets.Checkbox, True),
        (ipywidgets.IntText(value=4), ipywidgets.IntText, 4),
    ],
)
def test_controls_are_made_from_short_forms(given, kind, value):
    control = playing._control(lambda some_users: None, "some_users", given)
    assert isinstance(control, kind) and control.value == value
    assert control.description == "some users"


@pytest.mark.parametrize("given", ["text", (1,), [], 3, None])
def test_other_controls_are_an_error(given):
    with pytest.raises(ValueError, match="for a control; expected"):
        playing._control(draw, "power", given)


def test_the_colours_are_told_apart_on_white():
    assert len(set(plots.PALETTE.values())) == 8
    assert plots.STYLE["axes.prop_cycle"].by_key()["color"][0] == plots.PALETTE["blue"]
    assert plots.PALETTE["yellow"] not in plots.STYLE["axes.prop_cycle"].by_key()["color"]


def test_play_draws_a_plain_function_in_the_notebooks_style(shown):
    def plain():
        fig, ax = plots.subplots()
        ax.set_title("Told in the notebooks' size")
        return fig

    plots.play(plain, alt=ALT)
    assert base64.b64decode(shown[0][0]["image/png"]) == plots.png_of(plots.styled(plain)(), density=1)


# -- text that cannot be read -----------------------------------------------------------------------------------------
@pytest.fixture
def strict(monkeypatch):
    """As while a lesson is built."""
    monkeypatch.setenv("METAREC_STRICT_FIGURES", "1")


@plots.styled
def with_text(*texts, title="A title", **options):
    fig, ax = plots.subplots()
    ax.plot([0, 1], [0, 1])
    ax.set(title=title, xlabel="x", ylabel="y", xlim=(0, 1), ylim=(0, 1))
    for x, y, text in texts:
        ax.text(x, y, text, **options)
    return fig


def test_a_text_that_is_cut_off_is_named_with_its_edge(shown, strict):
    fig = with_text((0.9, 0.5, "Far beyond the right edge of it all"), in_layout=False)
    with pytest.raises(
        ValueError, match=r"the text 'Far beyond the right edge of it all' cut off by \d+ px at the right;"
    ):
        plots.show(fig, alt=ALT)
    assert shown == []


def test_a_title_too_long_is_cut_off(strict):
    assert "cut off" in plots.illegible(with_text(title="What a long title this figure has " * 4))[0]


def test_a_text_over_another_is_named_with_the_other(shown, strict):
    fig = with_text((0.3, 0.5, "matrix factorisation"), (0.35, 0.51, "item-kNN"))
    with pytest.raises(ValueError, match="the text 'matrix factorisation' over the text 'item-kNN'"):
        plots.show(fig, alt=ALT)


def test_labels_of_an_axis_that_run_into_each_other_are_found():
    fig = with_text()
    fig.axes[0].set_xticks([0.1, 0.15, 0.2], ["ten users", "fifteen users", "twenty users"])
    assert "the text 'ten users' over the text 'fifteen users'" in plots.illegible(fig)


def test_play_is_held_to_it_in_its_first_state_only(shown, strict):
    def moving(x=0.8):
        return with_text((x, 0.5, "Too long a text to stand here"), in_layout=False)

    with pytest.raises(ValueError, match="cut off"):
        plots.play(moving, alt=ALT, x=(0.0, 1.0))
    plots.play(moving, alt=ALT, x=ipywidgets.FloatSlider(value=0.2, max=1.0))
    assert len(shown) == 2


def test_text_that_is_not_drawn_and_lines_below_each_other_are_no_fault():
    fig = with_text((0.2, 0.50, "one line"), (0.2, 0.57, "and the next one"))
    fig.axes[0].text(0.2, 0.5, "hidden", visible=False)
    fig.axes[0].set_xticks([0, 0.5, 1, 1.001], ["0", "0.5", "1", "beyond the axis"])
    fig.axes[0].set_xlim(0, 1)
    assert plots.illegible(fig) == []


def test_a_reader_is_not_held_to_it(shown):
    plots.show(with_text((0.9, 0.5, "Far beyond the right edge of it all"), in_layout=False), alt=ALT)
    assert len(shown) == 2


MANY = {f"a model with a long name, K = {k}": (0.001 * k, 0.001 * k - 0.002, 0.001 * k + 0.002) for k in range(12)}
LEFT, RIGHT = {"MF": 0.3, "kNN": 0.2, "head": 0.25}, {"MF": 0.2, "kNN": 0.21, "head": 0.3}
ENDS = {"head": [1, 2, 3], "bias": [1, 2, 3.05], "kNN": [3, 2, 2.9]}
BANDS = {"bias": ([0, 1, 1], [1, 0.5, 0.2]), "Horror": ([0, 0, 1], [1, 1, 1])}


@pytest.mark.parametrize(
    "fig",
    [
        lambda: plots.intervals(MANY, title="Twelve differences", xlabel="difference in RMSE (stars)"),
        lambda: plots.bars({name: row[0] for name, row in MANY.items()}, title="Twelve bars", xlabel="nDCG"),
        lambda: plots.lines((1, 5, 20), ENDS, title="Three", xlabel="K", ylabel="RMSE"),
        lambda: plots.slopes(LEFT, RIGHT, title="Ranks", ends=("full", "sampled")),
        lambda: plots.bands((0, 1, 5), BANDS, title="Two", xlabel="K", ylabel="stars"),
    ],
    ids=["intervals", "bars", "lines", "slopes", "bands"],
)
def test_the_figures_of_the_library_can_be_read(fig):
    assert plots.illegible(fig()) == []


def test_numbers_of_a_figure_have_a_real_minus_and_none_before_zero():
    fig = plots.intervals({"a": (-0.2, -0.3, -0.1), "b": (-0.00001, -0.1, 0.1)}, title="t", xlabel="x")
    assert [text.get_text() for text in fig.axes[0].texts] == ["−0.200", "0.000"]
    assert [text.get_text() for text in plots.bars({"a": -0.001, "b": 2}, title="t", xlabel="x").axes[0].texts] == [
        "2.00",
        "0.00",
    ]


def test_the_picture_is_laid_out_as_it_was_judged(shown, strict):
    fig = draw()
    plots.show(fig, alt=ALT)
    assert base64.b64decode(shown[0][0]["image/png"]) == plots.png_of(fig)
    assert isinstance(fig.get_layout_engine(), PlaceHolderLayoutEngine)
