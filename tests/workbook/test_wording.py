"""The words of figures and tables in two languages, and what happens where no font can write Chinese."""

import warnings

import IPython
import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.text import Text

from metarec_lib import plots
from metarec_lib.plots import tables
from metarec_lib.plots import wording as module
from metarec_lib.workbook.core import glossary, pick

FONT = pytest.mark.skipif(plots.cjk_font() is None, reason="no font with Chinese characters on this machine")
TITLE = ("Error falls", "误差下降")


@pytest.fixture
def chinese(monkeypatch):
    monkeypatch.setenv("METAREC_LANG", "zh")


@pytest.fixture
def no_font(monkeypatch):
    monkeypatch.setattr(module, "cjk_font", lambda: None)


def figures():
    """Each figure of the house, all its texts given as pairs or as names of the glossary."""
    curve = {"MAML": [3, 2, 1], ("the wave", "真实的波"): [1, 2, 3]}
    yield plots.lines([1, 5, 20], curve, title=TITLE, xlabel=("ratings", "评分数"), ylabel=("error", "误差"))
    yield plots.bars({"bias": 1.0, "MAML": 2.0}, title=TITLE, xlabel=("stars", "星"), highlight=("bias",))
    yield plots.intervals({"closed-form head, K = 5": (-0.02, -0.03, -0.01)}, title=TITLE, xlabel=("stars", "星"))
    yield plots.slopes({"bias": 1, "MAML": 2}, {"bias": 2, "MAML": 1}, title=TITLE, ends=(("one", "一"), ("two", "二")))
    bands = {"closed-form head": ([1, 2], [0.1, 0.1])}
    yield plots.bands([1, 5], bands, title=TITLE, xlabel=("ratings", "评分数"), ylabel=("error", "误差"))


def texts(fig):
    plots.png_of(fig)
    return {text.get_text() for text in fig.findobj(Text)} - {""}


def test_english_by_default():
    for fig in figures():
        assert "Error falls" in texts(fig) and not any(map(module.is_chinese, texts(fig)))


@FONT
def test_in_chinese_every_text_is_chinese_and_none_a_box(chinese):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a missing glyph
        for fig in figures():
            shown = " ".join(texts(fig))
            assert "误差下降" in shown and not any(
                word in shown for word in ("Error", "ratings", "stars", "bias", "head")
            )
            assert plots.illegible(fig) == []


@FONT
def test_a_text_made_outside_of_the_style_gets_the_font(chinese):
    fig, ax = plots.subplots()
    ax.set_title("误差")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.png_of(fig)


def test_without_a_font_the_figure_is_in_english_and_its_alt_text_in_chinese(chinese, no_font, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for fig in figures():
            assert "Error falls" in texts(fig) and not any(map(module.is_chinese, texts(fig)))
        plots.show(fig, alt=("One curve rises from left to right.", "一条曲线从左到右上升。"))
    assert capsys.readouterr().out == "一条曲线从左到右上升。\n"


def test_texts_that_a_lesson_made_chinese_itself_fall_back_too(chinese, no_font):
    title, name = pick(TITLE), glossary.say("closed-form head")
    fig, ax = plots.subplots()
    ax.barh([name, f"{name}，{glossary.say('5 meta-training users')}"], [1, 2])
    ax.set(title=f"{title}：2")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.png_of(fig)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert (
        labels == ["closed-form head", "closed-form head, 5 meta-training users"] and ax.get_title() == "Error falls: 2"
    )


@FONT
def test_a_font_that_was_installed_since_matplotlib_made_its_list_is_found(monkeypatch):
    known = font_manager.fontManager.ttflist
    file = next(entry.fname for entry in known if entry.name == plots.cjk_font())
    if not module.FILES.search(file):
        pytest.skip(f"{file} has a name of its own")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [entry for entry in known if entry.name == "DejaVu Sans"])
    assert module.cjk_font.__wrapped__()


def test_a_machine_without_such_fonts_has_none(monkeypatch):
    known = [entry for entry in font_manager.fontManager.ttflist if entry.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", known)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [entry.fname for entry in known])
    assert module.cjk_font.__wrapped__() is None


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        (TITLE, "误差下降"),
        ("bias", "收缩偏置"),
        ("MAML, K = 5", "MAML，K = 5"),
        ("no name of the glossary", "no name of the glossary"),
        ("", ""),
        (5, "5"),
    ],
)
def test_what_a_text_is_in_chinese(text, chinese):
    assert module.said(text, "zh") == chinese
    assert module.said(text, "en") == (text[0] if text is TITLE else str(text))


@FONT
def test_while_a_lesson_is_built_in_chinese_english_is_refused(chinese, monkeypatch):
    monkeypatch.setenv("METAREC_STRICT_FIGURES", "1")
    in_english = plots.bars({"a": 1.0}, title="An error that falls", xlabel="x")
    alt = ("One bar rises from zero.", "一根柱子从左向右越来越长。")
    with pytest.raises(ValueError, match="Got the title 'An error that falls' for a Chinese reader"):
        plots.show(in_english, alt=alt)
    with pytest.raises(ValueError, match="alt=.* for a Chinese reader"):
        plots.show(plots.bars({"a": 1.0}, title=TITLE, xlabel="x"), alt=alt[0])
    plots.show(plots.bars({"a": 1.0}, title=TITLE, xlabel="x"), alt=alt)
    monkeypatch.setattr(module, "cjk_font", lambda: None)
    with pytest.raises(ValueError, match="no font with Chinese characters"):
        plots.show(plots.bars({"a": 1.0}, title=TITLE, xlabel="x"), alt=alt)


def test_a_table_is_in_the_readers_language(chinese, capsys):
    frame = pd.DataFrame({("error", "误差"): [0.5], "MAML": [(TITLE)]}, index=["closed-form head"])
    plots.table(frame)
    out = capsys.readouterr().out
    assert "误差" in out and "闭式解预测头" in out and "误差下降" in out and "error" not in out
    assert tables._name(("MAML", "K = 5")) == "MAML，K = 5"


def test_controls_are_labelled_in_the_readers_language(chinese, monkeypatch):
    shown = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", lambda bundle, **_: shown.append(bundle))
    seen = []

    def draw(model="bias", steps=1):
        seen.append(model)
        return plots.bars({model: steps}, title=TITLE, xlabel="x")

    import ipywidgets

    plots.play(
        draw,
        alt=("One bar rises.", "一根柱子从左向右越来越长。"),
        labels={"steps": ("steps", "步数")},
        model=["bias", "MAML"],
        steps=(1, 3),
    )
    controls = {w.description: w for w in ipywidgets.widgets.widget._instances.values() if hasattr(w, "description")}
    assert "步数" in controls
    menu = next(w for w in controls.values() if isinstance(w, ipywidgets.Dropdown))
    assert menu.options == (("收缩偏置", "bias"), ("MAML", "MAML")) and seen == ["bias"]
