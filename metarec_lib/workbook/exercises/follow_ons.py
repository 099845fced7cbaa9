"""A function that fails may only call another one that fails: that is said, in place of a guess at its own mistake."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .judging import Result


def mark_follow_ons(functions: Sequence[Result], source: str) -> None:
    """Set `follows` of each failed function that calls, itself or through helpers, another that does not pass yet.

    One whose only sign of being unwritten is the other's stub is written, and counts as failed.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the file as a whole has been found wanting already
    defined = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    named = {d.name: {n.id for n in ast.walk(d) if isinstance(n, ast.Name)} for d in defined}
    broken = [item.name for item in functions if item.status in ("failed", "not written")]
    lines = {d.name: range(d.lineno, (d.end_lineno or d.lineno) + 1) for d in defined}
    for item in functions:
        elsewhere = item.status == "not written" and item.line and item.line not in lines.get(item.name, ())
        if item.status == "failed" or elsewhere:
            used = _reached(item.name, named)
            item.follows = next((name for name in broken if name != item.name and name in used), "")
            if elsewhere and item.follows:
                item.status, item.message = "failed", f"it stops in `{item.follows}` (line {item.line})"


def _reached(name: str, named: dict[str, set[str]]) -> set[str]:
    """All names that a function's code mentions, and those of the functions among them, and so on."""
    found: set[str] = set()
    todo = [name]
    while todo:
        new = named.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found
