"""Figures of the notebooks: `show` emits a small picture with its alt text, `play` puts controls above one.

A figure function takes numbers and returns a `matplotlib.figure.Figure` made with `subplots` under `@styled`.
"""

from __future__ import annotations

import base64
import functools
import html
import io
import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import matplotlib
import matplotlib.ticker
from matplotlib.figure import Figure

if TYPE_CHECKING:
    import ipywidgets

P = ParamSpec("P")
R = TypeVar("R")

# Okabe and Ito (2008), Color Universal Design: told apart with any kind of colour vision. Yellow is left to fills.
PALETTE = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "black": "#000000",
    "yellow": "#F0E442",
}
DPI, COLOURS = 100, 64
STYLE: dict[str, Any] = {
    "figure.figsize": (4.0, 2.5),
    "figure.dpi": DPI,
    "figure.constrained_layout.use": True,
    "axes.prop_cycle": matplotlib.cycler(color=list(PALETTE.values())[:7]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    "font.size": 8,
    "font.family": "DejaVu Sans",
}


def styled(make: Callable[P, R]) -> Callable[P, R]:
    """A figure function that draws in the notebooks' style, whatever the reader's own settings are."""

    @functools.wraps(make)
    def with_style(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(STYLE)
            return make(*args, **kwargs)

    return with_style


@styled
def subplots(rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """A figure in the notebooks' style, and its axes; options as in `Figure.subplots`, and `figsize` in inches."""
    figure = Figure(figsize=options.pop("figsize", None))
    return figure, figure.subplots(rows, columns, **options)


def show(fig: Figure, alt: str) -> None:
    """Show a figure as a small PNG, with `alt` for readers who do not see it, and close it.

    alt: at least a sentence that says what the figure shows. Raises ValueError where it is missing.
    """
    from IPython import get_ipython
    from IPython.display import display

    bundle = _bundle(png_of(fig), checked_alt(alt))
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(fig)
    if get_ipython() is None:
        print(alt)
    else:
        display(bundle, raw=True, metadata=_alt_metadata(alt))


def _bundle(png: bytes, alt: str) -> dict[str, str]:
    return {"image/png": base64.b64encode(png).decode(), "text/plain": alt}


def _alt_metadata(alt: str) -> dict[str, dict[str, str]]:
    # nbconvert reads this. JupyterLab (4.6) has no alt text for image outputs: there it is the text of the output.
    return {"image/png": {"alt": alt}}


def checked_alt(alt: str) -> str:
    """The alt text, if it is a sentence. Raises ValueError otherwise."""
    if not isinstance(alt, str) or len(alt.strip()) < 12 or alt.strip()[-1] not in ".!?。！？":
        raise ValueError(
            f"Got alt={alt!r}; expected a sentence that ends in a full stop and says what the figure shows. "
            "Write what a reader sees in it: what falls, what crosses, by how much."
        )
    return alt.strip()


@styled
def png_of(fig: Figure) -> bytes:
    """The figure as PNG of few colours; the same figure gives the same bytes (no date, no version inside)."""
    # Styled, since matplotlib makes some ticks only now.
    from PIL import Image

    buffer, small = io.BytesIO(), io.BytesIO()
    fig.savefig(buffer, format="png", dpi=DPI, facecolor="white")
    picture = Image.open(buffer).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(small, format="PNG", optimize=True)
    return small.getvalue()


def play(draw: Callable[..., Figure], *, alt: str, **controls: Any) -> None:
    """Show controls above a figure that is drawn anew whenever one of them changes.

    draw: called with the controls' values by name, returns a Figure. controls: an ipywidgets control, or for
    short `(low, high)`, `(low, high, step)` a slider that starts at draw's default or at low; a list a menu;
    a bool a tick box. alt: as in `show`, for the first state, which readers without a kernel see as a picture.
    Raises ValueError for other controls. An error while drawing the first state is raised, a later one shown.
    """
    import ipywidgets as widgets
    from IPython import get_ipython
    from IPython.display import display

    alt, draw = checked_alt(alt), styled(draw)
    made = {name: _control(draw, name, given) for name, given in controls.items()}
    first = png_of(draw(**{name: control.value for name, control in made.items()}))
    image = widgets.HTML(_image_tag(first, alt))  # an Image widget with a tooltip fails to draw (ipywidgets 8.1)
    message = widgets.Label()
    redraw = functools.partial(_redraw, draw, made, image, message, alt)
    for control in made.values():
        control.observe(redraw, names="value")
    box = widgets.VBox([*made.values(), image, message])
    if get_ipython() is None:
        print(alt)
    else:
        display({**_widget_view(box), **_bundle(first, alt)}, raw=True, metadata=_alt_metadata(alt))


def _widget_view(box: ipywidgets.Widget) -> dict[str, Any]:
    kind = "application/vnd.jupyter.widget-view+json"
    return {kind: {"version_major": 2, "version_minor": 0, "model_id": box.model_id}}


def _image_tag(png: bytes, alt: str) -> str:
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _redraw(
    draw: Callable[..., Figure], controls: dict[str, Any], image: Any, message: Any, alt: str, change: Any
) -> None:
    """Put the figure of the controls' values in place; a figure that cannot be drawn is said in a sentence."""
    values = {name: control.value for name, control in controls.items()}
    try:
        image.value, message.value = _image_tag(png_of(draw(**values)), alt), ""
    except Exception as error:
        chosen = ", ".join(f"{name} = {value}" for name, value in values.items())
        message.value = f"No figure for {chosen} ({type(error).__name__}: {error}). The one above is the last drawn."


def _control(draw: Callable[..., Figure], name: str, given: Any) -> Any:
    """A labelled control from what was given for it."""
    import inspect

    import ipywidgets as widgets

    if isinstance(given, widgets.ValueWidget):
        given.description = given.description or _label(name)
        return given
    options = {"description": _label(name), "style": {"description_width": "initial"}}
    parameter = inspect.signature(draw).parameters.get(name)
    if parameter is not None and parameter.default is not parameter.empty:
        options["value"] = parameter.default
    if isinstance(given, bool):
        return widgets.Checkbox(**{"value": given, **options}, indent=False)
    if isinstance(given, list) and given:
        return widgets.Dropdown(options=given, **options)
    if isinstance(given, tuple) and len(given) in (2, 3):
        return _slider(given, options)
    raise ValueError(
        f"Got {name}={given!r} for a control; expected an ipywidgets control, (low, high), (low, high, step), a list "
        "or a bool. Give one of these."
    )


def _slider(bounds: Sequence[float], options: dict[str, Any]) -> Any:
    import ipywidgets as widgets

    whole = all(isinstance(bound, int) for bound in bounds)
    make, step = (widgets.IntSlider, 1) if whole else (widgets.FloatSlider, (bounds[1] - bounds[0]) / 20)
    step = bounds[2] if len(bounds) == 3 else step
    return make(**{"value": bounds[0], **options}, min=bounds[0], max=bounds[1], step=step)


def _label(name: str) -> str:
    return name.replace("_", " ")


# -- the figures ------------------------------------------------------------------------------------------------------
@styled
def intervals(rows: Mapping[str, Any], *, title: str, xlabel: str, xlim: tuple[float, float] | None = None) -> Figure:
    """Differences with their intervals, one a row, against a line at zero.

    rows: label to a `Comparison`, or to (mean, low, high). Intervals that leave zero out are blue, the others grey.
    """
    figures = [(r.mean, *r.interval) if hasattr(r, "interval") else tuple(r) for r in rows.values()]
    fig, ax = subplots(figsize=(5.0, 0.9 + 0.33 * len(figures)))
    digits = 4 if max(abs(mean) for mean, *_ in figures) < 0.01 else 3
    number = {"xytext": (0, 5), "textcoords": "offset points", "ha": "center", "fontsize": 7, "zorder": 5}
    over_lines = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}
    for place, (mean, low, high) in enumerate(figures):
        colour = "#777777" if low <= 0 <= high else PALETTE["blue"]
        ax.plot([low, high], [place, place], color=colour)
        ax.plot(mean, place, "o", color=colour)
        ax.annotate(f"{mean:+.{digits}f}", (mean, place), bbox=over_lines, **number)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(range(len(figures)), list(rows))
    ax.set_ylim(len(figures) - 0.5, -0.65)
    ax.set_xlim(xlim)
    ax.set(title=title, xlabel=xlabel)
    return fig


@styled
def bars(
    values: Mapping[str, float], *, title: str, xlabel: str, highlight: Collection[str] = (), digits: int = 2
) -> Figure:
    """One horizontal bar a value, longest first, its number at its end; those in `highlight` are orange."""
    ordered = dict(sorted(values.items(), key=lambda pair: -pair[1]))
    fig, ax = subplots(figsize=(5.0, 0.8 + 0.27 * len(ordered)))
    colours = [PALETTE["orange"] if name in highlight else PALETTE["sky"] for name in ordered]
    drawn = ax.barh(list(ordered), list(ordered.values()), color=colours)
    ax.bar_label(drawn, fmt=f"%.{digits}f", padding=2, fontsize=7.5)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.grid(axis="y", visible=False)
    ax.set(title=title, xlabel=xlabel)
    return fig


@styled
def slopes(left: Mapping[str, float], right: Mapping[str, float], *, title: str, ends: tuple[str, str]) -> Figure:
    """How the order of the same things changes between two measures: rank 1 on top, a line each, red where it moves."""
    left, right = dict(left), dict(right)
    ranks = [
        {name: place for place, name in enumerate(sorted(side, key=lambda n: -side[n]), 1)} for side in (left, right)
    ]
    fig, ax = subplots(figsize=(5.0, 0.9 + 0.28 * len(left)))
    for name in left:
        start, stop = ranks[0][name], ranks[1][name]
        colour = PALETTE["vermilion"] if start != stop else "#777777"
        ax.plot([0, 1], [start, stop], "o-", color=colour)
        ax.text(-0.04, start, f"{name}  {left[name]:.3f}", ha="right", va="center", fontsize=7.5, color=colour)
        ax.text(1.04, stop, f"{right[name]:.3f}  {name}", ha="left", va="center", fontsize=7.5, color=colour)
    ax.set(title=title, xlim=(-0.9, 1.9), ylim=(len(left) + 0.6, 0.4), yticks=[])
    ax.set_xticks([0, 1], list(ends))
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    return fig


@styled
def lines(
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    log_x: bool = False,
    log_y: bool = False,
    points: tuple[Sequence[float], Sequence[float]] | None = None,
    xticks: Sequence[float] | None = None,
) -> Figure:
    """One line a series over x, each named at its right end instead of in a legend.

    points: (x, y) of single black dots, such as the ratings a curve was fitted to. xticks: where the numbers below the
    axis stand; x itself by default on a log scale.
    """
    fig, ax = subplots(figsize=(5.0, 2.7))
    if log_y:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
    for values, colour in zip(series.values(), PALETTE.values(), strict=False):
        ax.plot(x, values, "o-" if len(x) <= 12 else "-", color=colour)
    low, high = ax.get_ylim()
    if log_y and high < 100 * low:
        ax.yaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
    heights = _apart([float(values[-1]) for values in series.values()], (low, high), log_y)
    for name, height, colour in zip(series, heights, PALETTE.values(), strict=False):
        place = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
        ax.annotate(name, (x[-1], height), color=colour, fontsize=7.5, **place)
    if points is not None:
        ax.plot(*points, "o", color="black", zorder=5)
    if log_x:
        ax.set_xscale("log")
    if log_x or xticks is not None:
        ax.set_xticks(list(xticks or x), [f"{value:g}" for value in xticks or x])
        ax.minorticks_off()
    ax.margins(x=0.05)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return fig


def _apart(ends: list[float], limits: tuple[float, float], log: bool) -> list[float]:
    """Heights of the labels: as the line ends, pushed up where two would stand on each other."""
    scale = math.log if log else float
    gap = 0.075 * (scale(limits[1]) - scale(limits[0]))
    placed, below = {}, -math.inf
    for at in sorted(range(len(ends)), key=ends.__getitem__):
        placed[at] = below = max(scale(ends[at]), below + gap)
    return [math.exp(placed[at]) if log else placed[at] for at in range(len(ends))]


@styled
def bands(
    x: Sequence[float],
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
) -> Figure:
    """One panel a series: its middle over x, in a band of half a width on either side; the values of x stand at equal steps.

    series: label to (middles, half widths), each as long as x. The panels share their y axis; a line marks zero.
    """
    fig, axes = subplots(1, len(series), figsize=(5.6, 2.4), sharey=True, squeeze=False)
    places = range(len(x))
    for ax, (name, (middle, half)), colour in zip(axes[0], series.items(), PALETTE.values(), strict=False):
        ends = [[m + side * h for m, h in zip(middle, half, strict=True)] for side in (-1, 1)]
        ax.fill_between(places, *ends, color=colour, alpha=0.25, linewidth=0)
        ax.plot(places, middle, "o-", color=colour)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_xticks(places, [f"{value:g}" for value in x])
        ax.set_title(name, fontsize=8, fontweight="normal")
    axes[0, 0].set_ylabel(ylabel)
    fig.suptitle(title, fontsize=9, fontweight="bold", x=0.01, ha="left")
    fig.supxlabel(xlabel, fontsize=8)
    return fig
