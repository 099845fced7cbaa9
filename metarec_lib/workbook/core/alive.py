"""A sign of life: a cell of a live notebook that computes for more than a moment shows a bar, and for how long."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

from .kernel import in_notebook
from .languages import pick

AFTER, EVERY = 1.5, 1.0  # seconds
RUNNING = "computing, {n} s", "正在计算，{n} 秒"


def watch_cells() -> None:
    """From now on, and for the cell that runs: where it takes long, show a bar until it ends.

    Does nothing outside of a notebook, and where one is built or tested (METAREC_WORK=solutions).
    """
    if not in_notebook() or os.environ.get("METAREC_WORK") == "solutions":
        return
    shell = sys.modules["IPython"].get_ipython()
    if not hasattr(shell, "metarec_sign"):
        shell.metarec_sign = _Sign()
        shell.events.register("pre_run_cell", shell.metarec_sign.begin)
        shell.events.register("post_run_cell", shell.metarec_sign.end)
        shell.metarec_sign.begin()


class _Sign:
    """The bar of one cell at a time."""

    def __init__(self) -> None:
        self.over, self.thread = threading.Event(), threading.Thread()

    def begin(self, info: Any = None) -> None:
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._show, args=(self.over,), daemon=True)
        self.thread.start()

    def end(self, result: Any = None) -> None:
        self.over.set()
        if self.thread.ident is not None:
            self.thread.join(timeout=EVERY)

    def _show(self, over: threading.Event) -> None:
        from IPython.display import display

        began, shown = time.monotonic(), None
        while not over.wait(EVERY if shown else AFTER):
            if shown is None and _has_bar():
                continue  # a model in training shows its own
            bundle = _bundle(time.monotonic() - began)
            if shown is None:
                shown = display(bundle, raw=True, display_id=True)
            else:
                shown.update(bundle, raw=True)
        if shown is not None:
            shown.update({"text/html": "", "text/plain": ""}, raw=True)


def _bundle(seconds: float) -> dict[str, str]:
    text = pick(RUNNING).format(n=round(seconds))
    return {"text/html": f"<progress></progress> {text}", "text/plain": text}


def _has_bar() -> bool:
    """Whether a progress bar of tqdm is shown."""
    tqdm = sys.modules.get("tqdm")
    return any(not bar.disable for bar in list(getattr(tqdm.tqdm, "_instances", ()))) if tqdm else False
