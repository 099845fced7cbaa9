"""Text of a figure that cannot be read: cut off by the canvas, over other text, or in a language that was not asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from metarec_lib.workbook.core import STRICT_FIGURES, is_chinese, language

from .style import WIDTH, styled
from .wording import dress, figure_language

EDGE = 1.0  # CSS pixels that a text may stand over the canvas
OVER = 0.25  # share of the lower text's height that two may share: a line is higher than its letters


def hold_to_legible(fig: Figure) -> None:
    """While a lesson is built, raise ValueError for text that cannot be read, and let the layout stay as it was judged.

    Elsewhere do nothing.
    """
    if not os.environ.get(STRICT_FIGURES):
        return
    if language() == "zh":
        _require_chinese(fig)
    if found := illegible(fig):
        raise ValueError(
            f"Got {'; '.join(found)}; expected text inside the picture and apart from other text. "
            "Shorten it, move it, or make the figure higher."
        )
    fig.set_layout_engine("none")


def _require_chinese(fig: Figure) -> None:
    """Raise ValueError for a title in English, and where this machine cannot show what a Chinese reader sees."""
    if figure_language() != "zh":
        raise ValueError(
            "Got no font with Chinese characters on this machine; expected one, to judge Chinese figures by. "
            "Install one, such as Noto Sans CJK (Debian: fonts-noto-cjk)."
        )
    titles = [fig.get_suptitle(), *(ax.get_title(side) for ax in fig.axes for side in ("left", "center", "right"))]
    for title in titles:
        if len(re.findall(r"[A-Za-z]{2,}", title)) > 2 and not is_chinese(title):
            raise ValueError(f'Got the title {title!r} for a Chinese reader; expected a pair ("English", "中文").')


@styled
def illegible(fig: Figure) -> list[str]:
    """What cannot be read in a figure as it is shown, one phrase each."""
    texts = _drawn(fig)
    cut = [
        f"the text {_said(text)} cut off by {by:.0f} px at the {edge}"
        for text, box in texts
        for by, edge in _beyond(fig, box)
    ]
    upright = [(text, box) for text, box in texts if text.get_rotation() % 90 == 0]
    over = [
        f"the text {_said(one)} over the text {_said(other)}"
        for (one, box), (other, other_box) in combinations(upright, 2)
        if _covers(box, other_box)
    ]
    return cut + over


def _drawn(fig: Figure) -> list[tuple[Text, Bbox]]:
    """Each text that is really drawn, and its box in CSS pixels."""
    dress(fig)
    fig.set_dpi(WIDTH / fig.get_figwidth())
    canvas = FigureCanvasAgg(fig)
    with _recording() as texts:
        canvas.draw()
    renderer = canvas.get_renderer()
    return [(text, Text.get_window_extent(text, renderer)) for text in texts]


@contextmanager
def _recording() -> Iterator[list[Text]]:
    """The texts that are drawn while this lasts. Not all that a figure holds are: ticks beyond an axis are not."""
    texts, draw = [], Text.draw

    def recorded(text: Text, renderer: object, *args: object, **options: object) -> None:
        if text.get_visible() and text.get_text().strip():
            texts.append(text)
        draw(text, renderer, *args, **options)

    Text.draw = recorded
    try:
        yield texts
    finally:
        Text.draw = draw


def _beyond(fig: Figure, box: Bbox) -> Iterator[tuple[float, str]]:
    """By how many pixels a text stands over which edges of the canvas."""
    width, height = fig.bbox.width, fig.bbox.height
    edges = {"left": -box.x0, "right": box.x1 - width, "bottom": -box.y0, "top": box.y1 - height}
    return ((by, edge) for edge, by in edges.items() if by > EDGE)


def _covers(one: Bbox, other: Bbox) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return across > EDGE and down > OVER * min(one.height, other.height)


def _said(text: Text) -> str:
    return repr(" ".join(text.get_text().split()))
