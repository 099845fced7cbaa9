"""Text and links in a notebook; plain text elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import quote

STRICT_FIGURES = "METAREC_STRICT_FIGURES"  # set by the build: `plots` refuses text that cannot be read


def in_notebook() -> bool:
    """Whether this process is a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def show_text(text: str) -> None:
    """Plain text, as a cell's output in a notebook, else printed."""
    if in_notebook():
        from IPython.display import display

        display({"text/plain": text}, raw=True)
    else:
        print(text)


def show_markdown(text: str) -> None:
    """A sentence with a link; the plain form is the same text."""
    if in_notebook():
        from IPython.display import display

        display({"text/markdown": text, "text/plain": text}, raw=True)
    else:
        print(text)


def link(path: Path) -> str:
    """A Markdown link to a file, relative to the folder of the notebook."""
    try:
        target = quote(Path(os.path.relpath(path)).as_posix())
    except ValueError:  # another drive
        target = path.as_uri()
    return f"[{path.parent.name}/{path.name}]({target})"
