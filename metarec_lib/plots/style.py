"""How every figure looks: colours, sizes, and the decorator that draws in them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import matplotlib
from matplotlib.figure import Figure

from .wording import LATIN, font_family

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
WIDTH, INCHES = 640, 5.0  # how wide a figure is shown, in CSS pixels, and how wide it is drawn
STYLE: dict[str, Any] = {
    "figure.figsize": (INCHES, 3.125),
    "figure.dpi": WIDTH / INCHES,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.08,  # inches: text is a little wider where it is stored than where it is judged
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
    "font.family": LATIN,
}


def styled(make: Callable[P, R]) -> Callable[P, R]:
    """A figure function that draws in the notebooks' style, whatever the reader's own settings are."""

    @functools.wraps(make)
    def with_style(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update({**STYLE, "font.family": font_family()})
            return make(*args, **kwargs)

    return with_style


@styled
def subplots(rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """A figure in the notebooks' style, and its axes; options as in `Figure.subplots`, and `figsize` in inches."""
    figure = Figure(figsize=options.pop("figsize", None))
    return figure, figure.subplots(rows, columns, **options)
