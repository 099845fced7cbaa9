"""The figures of the notebooks. Each takes numbers and returns a `matplotlib.figure.Figure`.

Every text, the labels of rows and series included, is a text or a pair (English, 中文); see `words`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import matplotlib.ticker
from matplotlib.figure import Figure

from .style import PALETTE, styled, subplots
from .tables import number_text
from .wording import Words, words


@styled
def intervals(
    rows: Mapping[Words, Any], *, title: Words, xlabel: Words, xlim: tuple[float, float] | None = None
) -> Figure:
    """Differences with their intervals, one a row, against a line at zero.

    rows: label to a `Comparison`, or to (mean, low, high). Intervals that leave zero out are blue, the others grey.
    """
    figures = [(r.mean, *r.interval) if hasattr(r, "interval") else tuple(r) for r in rows.values()]
    fig, ax = subplots(figsize=(5.0, 0.9 + 0.33 * len(figures)))
    digits = _digits([abs(mean) for mean, *_ in figures])
    number = {"xytext": (0, 5), "textcoords": "offset points", "ha": "center", "fontsize": 7, "zorder": 5}
    over_lines = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}
    for place, (mean, low, high) in enumerate(figures):
        colour = "#777777" if low <= 0 <= high else PALETTE["blue"]
        ax.plot([low, high], [place, place], color=colour)
        ax.plot(mean, place, "o", color=colour)
        ax.annotate(number_text(mean, digits, signed=True), (mean, place), bbox=over_lines, **number)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(range(len(figures)), list(map(words, rows)))
    ax.set_ylim(len(figures) - 0.5, -0.65)
    ax.set_xlim(xlim)
    ax.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5))  # long numbers must not touch
    ax.set(title=words(title), xlabel=words(xlabel))
    return fig


def _digits(sizes: list[float]) -> int:
    """Decimals that suit every label of a figure: differences of .0003 need 4, of 4.6 no more than 2."""
    smallest = min((size for size in sizes if size > 0), default=1.0)
    if smallest >= 1:
        return 2
    return 4 if smallest < 0.001 and max(sizes) < 0.1 or max(sizes) < 0.01 else 3


@styled
def bars(
    values: Mapping[Words, float], *, title: Words, xlabel: Words, highlight: Collection[Words] = (), digits: int = 2
) -> Figure:
    """One horizontal bar a value, longest first, its number at its end; those in `highlight` are orange."""
    ordered = dict(sorted(values.items(), key=lambda pair: -pair[1]))
    fig, ax = subplots(figsize=(5.0, 0.8 + 0.27 * len(ordered)))
    colours = [PALETTE["orange"] if name in highlight else PALETTE["sky"] for name in ordered]
    drawn = ax.barh(list(map(words, ordered)), list(ordered.values()), color=colours)
    ax.bar_label(drawn, [number_text(float(value), digits) for value in ordered.values()], padding=2, fontsize=7.5)
    ax.invert_yaxis()
    ax.margins(x=0.12 if min(ordered.values(), default=0) >= 0 else 0.2)
    ax.grid(axis="y", visible=False)
    ax.set(title=words(title), xlabel=words(xlabel))
    return fig


@styled
def slopes(
    left: Mapping[Words, float], right: Mapping[Words, float], *, title: Words, ends: tuple[Words, Words]
) -> Figure:
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
        look = {"va": "center", "fontsize": 7.5, "color": colour}
        ax.text(-0.04, start, f"{words(name)}  {number_text(left[name])}", ha="right", **look)
        ax.text(1.04, stop, f"{number_text(right[name])}  {words(name)}", ha="left", **look)
    ax.set(title=words(title), xlim=(-0.9, 1.9), ylim=(len(left) + 0.6, 0.4), yticks=[])
    ax.set_xticks([0, 1], list(map(words, ends)))
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    return fig


@styled
def lines(
    x: Sequence[float],
    series: Mapping[Words, Sequence[float]],
    *,
    title: Words,
    xlabel: Words,
    ylabel: Words,
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
        place = {"xytext": (6, 0), "textcoords": "offset points", "va": "center", "annotation_clip": False}
        ax.annotate(words(name), (x[-1], height), color=colour, fontsize=7.5, **place)
    if points is not None:
        ax.plot(*points, "o", color="black", zorder=5)
    if log_x:
        ax.set_xscale("log")
    if log_x or xticks is not None:
        ax.set_xticks(list(xticks or x), [f"{value:g}" for value in xticks or x])
        ax.minorticks_off()
    ax.margins(x=0.05)
    ax.set(title=words(title), xlabel=words(xlabel), ylabel=words(ylabel))
    return fig


def _apart(ends: list[float], limits: tuple[float, float], log: bool) -> list[float]:
    """Heights of the labels: as the line ends, pushed up where two would stand on each other, and down from the top."""
    scale = math.log if log else float
    gap = 0.075 * (scale(limits[1]) - scale(limits[0]))
    order, placed = sorted(range(len(ends)), key=ends.__getitem__), {}
    below, above = -math.inf, scale(limits[1]) + gap
    for at in order:
        placed[at] = below = max(scale(ends[at]), below + gap)
    for at in reversed(order):
        placed[at] = above = min(placed[at], above - gap)
    return [math.exp(placed[at]) if log else placed[at] for at in range(len(ends))]


@styled
def bands(
    x: Sequence[float],
    series: Mapping[Words, tuple[Sequence[float], Sequence[float]]],
    *,
    title: Words,
    xlabel: Words,
    ylabel: Words,
) -> Figure:
    """One panel a series: its middle over x, in a band of half a width on either side; the values of x stand at equal steps.

    series: label to (middles, half widths), each as long as x. The panels share their y axis; a line marks zero.
    """
    fig, axes = subplots(1, len(series), figsize=(5.0, 2.4), sharey=True, squeeze=False)
    places = range(len(x))
    for ax, (name, (middle, half)), colour in zip(axes[0], series.items(), PALETTE.values(), strict=False):
        ends = [[m + side * h for m, h in zip(middle, half, strict=True)] for side in (-1, 1)]
        ax.fill_between(places, *ends, color=colour, alpha=0.25, linewidth=0)
        ax.plot(places, middle, "o-", color=colour)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_xticks(places, [f"{value:g}" for value in x])
        ax.set_title(words(name), fontsize=8, fontweight="normal")
    axes[0, 0].set_ylabel(words(ylabel))
    fig.suptitle(words(title), fontsize=9, fontweight="bold", x=0.01, ha="left")
    fig.supxlabel(words(xlabel), fontsize=8)
    return fig
