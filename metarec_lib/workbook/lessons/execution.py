"""Run a lesson's cells in a fresh kernel, and clean what they put out. `build` and `claims` share this."""

import os
import re
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from metarec_lib.workbook.core import STRICT_FIGURES, places

from .breaches import is_lenient
from .lesson import Cell, Lesson
from .notebook import metadata, notebook_of

CELL_TIMEOUT = 120  # seconds
WIDGET = "application/vnd.jupyter.widget-view+json"


class BuildError(ValueError):
    """A lesson that cannot be built; the message names the source line."""


@dataclass(frozen=True)
class Run:
    """An executed lesson: the notebook with clean outputs, and the seconds it took, kernel start included.

    The seconds are the kernel's processor time, so that a busy machine does not make a lesson too long; on Windows, which
    does not tell it, the time that passed.
    """

    notebook: Any
    seconds: float


def _clock() -> float:
    """Seconds of processor time of the processes started from here that have ended."""
    try:
        import resource
    except ImportError:
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def environment(seed: int = 0, **more: str) -> dict[str, str]:
    """The environment a lesson is built in: solutions, CPU, one thread, the seed, English; `more` is added."""
    fixed = {
        "METAREC_WORK": "solutions",
        "METAREC_DEVICE": "cpu",
        "METAREC_SEED": str(seed),
        "METAREC_LANG": "en",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    kept = {key: value for key, value in os.environ.items() if key not in ("METAREC_STUDIES", "METAREC_DTYPE")}
    return {**kept, **fixed, **more}


def run_lesson(lesson: Lesson, seed: int = 0, **variables: str) -> Run:
    """Execute a lesson in a fresh kernel of this interpreter, in `notebooks/`.

    variables: added to its environment. Raises BuildError, with the source line, on stderr output, on an error
    that no `raises-exception` tag asks for, and on a cell that takes longer than CELL_TIMEOUT seconds. What a reader
    would see is judged with seed 0 alone: nobody reads a rerun on other seeds.
    """
    notebook, start = notebook_of(lesson), _clock()
    is_read = seed == 0
    if is_read and not is_lenient(lesson.path.stem):
        variables = {**variables, STRICT_FIGURES: "1"}
    with tempfile.TemporaryDirectory(prefix="metarec-", ignore_cleanup_errors=True) as profile:
        _execute(notebook, lesson, environment(seed, IPYTHONDIR=profile, **variables))
    seconds = _clock() - start
    for cell, made in zip(lesson.cells, notebook.cells, strict=True):
        if cell.kind == "code":
            check_outputs(lesson, cell, made, is_read)
    clean(notebook)
    return Run(notebook, seconds)


def _execute(notebook: Any, lesson: Lesson, env: dict[str, str]) -> None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    folder = str(places.content("notebooks"))
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        extra_arguments=["--log-level=ERROR"],  # the kernel warns of TCP at each start
        record_timing=False,
        store_widget_state=False,
        kernel_manager_class=_kernel_manager(),
        resources={"metadata": {"path": folder}},
    )
    try:
        client.execute(env=env)
    except CellExecutionError as error:
        raise BuildError(_failure(lesson, notebook, error.ename, error.evalue)) from None
    except (CellTimeoutError, DeadKernelError) as error:
        done = sum(cell.get("execution_count") is not None for cell in notebook.cells)
        raise BuildError(
            f"{_at(lesson, lesson.code_cells[max(done - 1, 0)], 1)}: got {str(error).splitlines()[0]!r} in or behind "
            f"this cell; expected it to come to its end within {CELL_TIMEOUT} s. Let it take less time and memory, "
            "or make it a study."
        ) from None


def _kernel_manager() -> type:
    """A kernel of this very interpreter: a `python3` that the user's Jupyter folders name is another one."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import default

    class Native(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _native_only(self) -> KernelSpecManager:
            return KernelSpecManager(kernel_dirs=[], parent=self)

    return Native


def _at(lesson: Lesson, cell: Cell, line: int) -> str:
    return f"notebooks/source/{lesson.path.name}:{cell.line + line}"


def _failure(lesson: Lesson, notebook: Any, name: str, value: str) -> str:
    """Which source line raised: the line that the traceback gives for the failed cell."""
    pairs = [(cell, made) for cell, made in zip(lesson.cells, notebook.cells, strict=True) if cell.kind == "code"]
    cell, made = next(pair for pair in reversed(pairs) if any(out.output_type == "error" for out in pair[1].outputs))
    trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(made.outputs[-1].get("traceback", [])))
    found = re.findall(rf"Cell In\[{made.execution_count}\], line (\d+)", trace)
    return (
        f"{_at(lesson, cell, int(found[0]) if found else 1)}: got {name}: {value}; expected a cell that runs. "
        "Correct it, or tag the cell `raises-exception` if the error is the lesson."
    )


def check_outputs(lesson: Lesson, cell: Cell, made: Any, is_read: bool = True) -> None:
    """Raise BuildError for outputs that no reader should see: stderr, addresses, paths, a promised error missing."""
    failed = any(out.output_type == "error" for out in made.outputs)
    if "raises-exception" in cell.tags and not failed:
        raise BuildError(
            f"{_at(lesson, cell, 1)}: got no error from a cell tagged `raises-exception`; expected one. "
            "Take the tag away, or raise the error."
        )
    if "from-scratch" in cell.tags and "agrees: True" not in "".join(map(_text, made.outputs)):
        raise BuildError(
            f"{_at(lesson, cell, 1)}: got no line `agrees: True` from a cell tagged `from-scratch`; expected its result "
            "to be the library's. Print the comparison, and correct the cell where it says False."
        )
    for out in made.outputs if is_read else ():
        if out.output_type == "stream" and out.name == "stderr":
            raise BuildError(
                f"{_at(lesson, cell, 1)}: got output on stderr: {out.text.strip().splitlines()[0]!r}; expected "
                "none. Mend what warns; progress bars belong to a terminal."
            )
        if found := _unstable(_text(out)):
            raise BuildError(
                f"{_at(lesson, cell, 1)}: got {found!r} in the output, which differs from run to run; expected "
                "text that every machine prints. Print something else."
            )
        if not is_lenient(lesson.path.stem):
            _check_told(lesson, cell, out)


def _check_told(lesson: Lesson, cell: Cell, out: Any) -> None:
    """Raise BuildError for text that is no text for a person."""
    if out.output_type == "stream" and (found := re.search(r"\{'[^'\n]*': |(?<![\d.])-0\.0+(?![\d])", out.text)):
        raise BuildError(
            f"{_at(lesson, cell, 1)}: got {found[0]!r} in the output; expected no raw dict and no minus before zero. "
            "Show a frame with `plots.table`, or format the number."
        )


def _text(out: Any) -> str:
    if out.output_type == "stream":
        return out.text
    if out.output_type == "error":
        return out.evalue
    return "\n".join(value for key, value in out.data.items() if key in ("text/plain", "text/html"))


def _unstable(text: str) -> str | None:
    """An address of memory, or the clone's own path."""
    found = re.search(rf"0x[0-9a-fA-F]{{6,}}|{re.escape(str(places.root()))}\S*", text)
    return found[0] if found else None


def clean(notebook: Any) -> None:
    """Take away what differs between two runs: counts, widget ids and state, tracebacks with paths."""
    notebook.metadata = metadata()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, 1):
        cell.execution_count = count
        cell.outputs = _merged([out for out in map(_cleaned, cell.outputs) if out is not None])
        for out in cell.outputs:
            if out.output_type == "execute_result":
                out.execution_count = count


def _cleaned(out: Any) -> Any | None:
    if out.output_type == "error":
        out.traceback = [f"{out.ename}: {out.evalue}"]
    if out.output_type in ("display_data", "execute_result"):
        out.data.pop(WIDGET, None)
        return out if out.data else None
    return out


def _merged(outputs: list[Any]) -> list[Any]:
    """Consecutive pieces of one stream as one output: how they are cut depends on time."""
    merged: list[Any] = []
    for out in outputs:
        last = merged[-1] if merged else None
        if last is not None and out.output_type == "stream" == last.output_type and out.name == last.name:
            last.text += out.text
        else:
            merged.append(out)
    return merged
