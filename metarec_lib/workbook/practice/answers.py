"""`metarec solution q06` prints the reference, `metarec reset q06` brings the stub back."""

from __future__ import annotations

import ast
import itertools
import sys
from collections.abc import Callable
from pathlib import Path

from metarec_lib.data.paths import atomic_write
from metarec_lib.workbook.core import content, pick, resolve, work_folder
from metarec_lib.workbook.exercises import plain_text, read_solution, require_exercises

from .hints import Text, no_such
from .workspace import bring_back, stub_of


def solution_command(question: str, function: str | None = None) -> int:
    """Print the reference solution of a question, or of one function. Exit status 2 for what does not exist."""
    return _told(lambda: solution_text(_stem(question), function).rstrip("\n"))


def reset_command(question: str, work: str | None = None) -> int:
    """`metarec reset`. Exit status 2 where there is nothing to reset."""
    return _told(lambda: reset(question, work))


def _told(make: Callable[[], str]) -> int:
    try:
        print(make())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _stem(question: str) -> str:
    found = resolve(question)
    require_exercises(found)
    return found.stem


def solution(question: str | int, function: str) -> Text:
    """The reference solution of one function, in a notebook. Raises ValueError for what does not exist."""
    return Text(solution_text(_stem(str(question)), function).rstrip("\n"))


def solution_text(stem: str, function: str | None = None) -> str:
    """The solution as a learner would have written it: the file, or one function of it."""
    path = content("solutions", f"{stem}.py")
    text, names = plain_text(path), [item.name for item in read_solution(path)]
    if function is None:
        return text
    if function not in names:
        raise ValueError(no_such(function, names))
    node = next(node for node in ast.parse(text).body if getattr(node, "name", "") == function)
    return "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno]) + "\n"


def reset(question: str, work: str | None = None) -> str:
    """Put the stub back into a workspace; the learner's file stays beside it as `….py.bak-1`, `-2`, … Says what was done.

    Raises ValueError for the workbook's own folders, in which there is nothing to reset.
    """
    path = Path(work_folder(work)).resolve() / f"{_stem(question)}.py"
    _require_learners(path)
    stub = stub_of(path)
    if path.is_file() and path.read_bytes() == stub.encode():
        return pick((f"{path}: nothing to do, it is as it was at the start.", f"{path}：无需改动，它还是最初的样子。"))
    kept = _keep(path)
    bring_back(path, stub)
    yours = pick((f" Yours is kept in {kept.name}.", f"你写的保存在 {kept.name}。")) if kept else ""
    return pick((f"{path}: as it was at the start.", f"{path}：已恢复为最初的样子。")) + yours


def _require_learners(path: Path) -> None:
    if path.parent in (content("exercises").resolve(), content("solutions").resolve()):
        raise ValueError(pick((
            f"Got {path.parent}, which is the workbook's own folder: nothing to do there. "
            "Go to your workspace, or name it: --work FOLDER.",
            f"{path.parent} 是练习册自己的文件夹，那里无需恢复。请进入你的工作区，或者指定它：--work FOLDER。",
        )))  # fmt: skip


def _keep(path: Path) -> Path | None:
    """A copy of the file beside it, under the first name that is free."""
    if not path.is_file():
        return None
    names = (path.with_name(f"{path.name}.bak-{number}") for number in itertools.count(1))
    kept = next(name for name in names if not name.exists())
    atomic_write(kept, path.read_bytes())
    return kept
