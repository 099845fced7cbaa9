"""What the panels of a notebook share: Markdown in an Output, what is shown and hidden, and where the keyboard is."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

DRAWN = 0.8  # seconds after which the browser has drawn a panel


def shown(widgets: Sequence[Any], visible: bool) -> None:
    """Show or hide widgets."""
    for widget in widgets:
        widget.layout.display = None if visible else "none"


def markdown(text: str) -> tuple[dict[str, Any], ...]:
    """What an Output shows: Markdown with its formulas."""
    if not text:
        return ()
    data = {"text/markdown": text, "text/plain": text}
    return ({"output_type": "display_data", "data": data, "metadata": {}},)


def display_panel(panel: Any, first: Any) -> None:
    """Show a panel under its cell, and put the keyboard to `first`, so that the first keys go there, not to a new cell.

    A panel that is not drawn yet takes no focus, and ipywidgets does not say when it is.
    """
    from IPython.display import display

    display(panel)
    later = threading.Timer(DRAWN, first.focus)
    later.daemon = True
    later.start()
