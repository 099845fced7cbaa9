"""What the text of a file says about its failures: a call of another function that fails, a function defined twice."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from metarec_lib.workbook.core import pick
from .results import Result

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def mark_from_source(functions: Sequence[Result], source: str) -> None:
    """Set `follows` and `twice` of each function that does not pass."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the file as a whole has been found wanting already
    defined = [node for node in tree.body if isinstance(node, Definition)]
    _mark_follow_ons(functions, defined)
    for item in functions:
        lines = tuple(node.lineno for node in defined if node.name == item.name)
        if item.status != "passed" and len(lines) > 1:
            item.twice = lines


def _mark_follow_ons(functions: Sequence[Result], defined: Sequence[Definition]) -> None:
    """Set `follows` of each failed function that calls, itself or through helpers, another that does not pass yet.

    One whose only sign of being unwritten is the other's stub is written, and counts as failed.
    """
    named = {d.name: {n.id for n in ast.walk(d) if isinstance(n, ast.Name)} for d in defined}
    broken = [item.name for item in functions if item.status in ("failed", "not written")]
    lines = {d.name: range(d.lineno, (d.end_lineno or d.lineno) + 1) for d in defined}
    for item in functions:
        elsewhere = item.status == "not written" and item.line and item.line not in lines.get(item.name, ())
        if item.status == "failed" or elsewhere:
            used = _reached(item.name, named)
            item.follows = next((name for name in broken if name != item.name and name in used), "")
            if elsewhere and item.follows:
                item.status = "failed"
                stops = (
                    f"it stops in `{item.follows}` (line {item.line})",
                    f"停在 `{item.follows}`（第 {item.line} 行）",
                )
                item.message = pick(stops)


def _reached(name: str, named: dict[str, set[str]]) -> set[str]:
    """All names that a function's code mentions, and those of the functions among them, and so on."""
    found: set[str] = set()
    todo = [name]
    while todo:
        new = named.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found
