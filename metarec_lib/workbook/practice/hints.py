"""`hint("q06")` and `metarec check q06 --hint`: three hints a function, one at each call, then where the solution is."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from metarec_lib.workbook.core import Question, content, in_notebook, pick, resolve, work_folder
from metarec_lib.workbook.exercises import judge, read_solution, read_text, require_exercises

from . import progress


class Text(str):
    """A text that shows as it is, also as the value of a cell."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def hint(question: str | int, function: str | None = None, work: str | Path | None = None) -> Text:
    """The next hint for a function. When all three were given, all three again, and how to see the solution.

    function: by default the first one of the question that does not pass yet. Hints are counted for each work folder.
    Raises ValueError for a question or function that does not exist.
    """
    found = resolve(question)
    require_exercises(found)
    exercises = {item.name: item for item in read_solution(content("solutions", f"{found.stem}.py"))}
    file = Path(work_folder(work)).resolve() / f"{found.stem}.py"
    function = function or first_unfinished(found, file, list(exercises))
    if function is None:
        return Text(
            pick((f"{found.key}: everything passes, no hint is needed.", f"{found.key}：全部通过，不需要提示。"))
        )
    if function not in exercises:
        raise ValueError(no_such(function, list(exercises)))
    hints = [pick(item) for item in exercises[function].hints]
    given, warning = progress.next_hint(file, function, len(hints))
    if given < len(hints):
        head = f"{function}, hint {given + 1} of {len(hints)}: ", f"{function}，提示 {given + 1}/{len(hints)}："
        text = pick(head) + hints[given]
    else:
        listed = [f"  {number}. {text}" for number, text in enumerate(hints, 1)]
        command = (
            f'solution("{found.key}", "{function}")' if in_notebook() else f"metarec solution {found.key} {function}"
        )
        solution = pick(("The solution: ", "参考答案：")) + command
        head = pick((f"{function}, all {len(hints)} hints:", f"{function}，全部 {len(hints)} 条提示："))
        text = "\n".join([head, *listed, solution])
    return Text("\n".join(part for part in (text, warning) if part))


def no_such(function: str, names: Sequence[str]) -> str:
    """What to say of a function that a question does not have."""
    return pick((
        f"got the function {function!r}; expected one of: {', '.join(names)}",
        f"没有函数 {function!r}；应为其中之一：{'、'.join(names)}",
    ))  # fmt: skip


def first_unfinished(question: Question, file: Path, functions: Sequence[str]) -> str | None:
    """The first function that does not pass. Tests run only for one that is written and unchecked since its last edit."""
    from metarec_lib.workbook.sandbox import starter

    unwritten, known = _unwritten(file, functions), progress.known_status(file)
    for name in functions:
        if name in unwritten or known.get(name, "passed") != "passed":
            return name
        if name not in known:
            starter()
            if judge(question.stem, file.parent, name).functions[0].status != "passed":
                return name
    return None


def _unwritten(file: Path, functions: Sequence[str]) -> set[str]:
    """The functions that are missing or whose body, behind the docstring, begins with `raise NotImplementedError`."""
    try:
        nodes = {getattr(node, "name", ""): node for node in ast.parse(read_text(file)).body}
    except (OSError, ValueError, SyntaxError):
        return set(functions)  # nothing can be run
    return {name for name in functions if name not in nodes or _is_stub(nodes[name])}


def _is_stub(node: ast.stmt) -> bool:
    body = getattr(node, "body", [])
    first = body[1:2] if ast.get_docstring(node) and len(body) > 1 else body[:1]
    return bool(first) and isinstance(first[0], ast.Raise) and "NotImplementedError" in ast.unparse(first[0])
