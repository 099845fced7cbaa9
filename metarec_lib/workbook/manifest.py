"""The manifest of the exercises: points, minutes and tests of each function, read from the text of the files."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from .exercises import read_solution
from .places import content
from .questions import Question

RESERVED = ("grad", "mutated", "calls", "last")


def question_manifest(stem: str, root: Path | None = None) -> dict[str, Any]:
    """`{"points": 9, "functions": {name: {"points", "minutes", "tests": {test: share}, "mistakes": [...]}}}`.

    A function's points are shared equally over its tests; `share` is rounded to 4 digits. root: the folder that
    holds `solutions/` and `tests/exercises/`. Raises ValueError where a test, a mistake or a mark is missing.
    """
    solution, tests, mistakes = _files(stem, root)
    exercises = {item.name: item for item in read_solution(solution)}
    by_function = _marked(tests, "graded", exercises)
    wrong = _marked(mistakes, "mistake", exercises)
    functions = {}
    for name, item in exercises.items():
        if name in RESERVED:
            raise ValueError(f"{solution}: got a function {name}; that name belongs to the fixture `yours`")
        for found, what, path in ((by_function, "graded test", tests), (wrong, "mistake", mistakes)):
            if not found[name]:
                raise ValueError(f'{path}: the function {name} has no {what}; add one marked for "{name}"')
        share = round(item.points / len(by_function[name]), 4)
        functions[name] = {
            "points": item.points, "minutes": item.minutes,
            "tests": dict.fromkeys(by_function[name], share), "mistakes": wrong[name],
        }  # fmt: skip
    return {"points": sum(item.points for item in exercises.values()), "functions": functions}


def stems(root: Path | None = None) -> list[str]:
    """The questions that have a solution, in order."""
    return sorted(path.stem for path in _folder(root, "solutions").glob("q[0-9][0-9]_*.py"))


def require_exercises(question: Question) -> None:
    """Raise ValueError where a question has no exercises yet."""
    if question.stem not in stems():
        raise ValueError(f"{question.key} has no exercises yet; those that have: {', '.join(s[:3] for s in stems())}")


def build_manifest(root: Path | None = None) -> dict[str, Any]:
    """The manifest of all questions. Raises ValueError naming the file and what is missing in it."""
    return {stem: question_manifest(stem, root) for stem in stems(root)}


def manifest_text(root: Path | None = None) -> str:
    """The text of `tests/exercises/manifest.json`: the same bytes for the same files."""
    return json.dumps(build_manifest(root), indent=1, ensure_ascii=False) + "\n"


def read_manifest(root: Path | None = None) -> dict[str, Any]:
    """The manifest as stored."""
    return json.loads(_folder(root, "tests", "exercises", "manifest.json").read_text(encoding="utf-8"))


def read_mistakes(stem: str, root: Path | None = None) -> dict[str, tuple[str, str]]:
    """Each named mistake of a question: (function, sentence)."""
    path = _files(stem, root)[2]
    nodes = _functions(path)
    return {
        name: (function, " ".join((ast.get_docstring(nodes[name]) or "").split()))
        for function, names in _marked(path, "mistake").items()
        for name in names
    }


def _folder(root: Path | None, *parts: str) -> Path:
    return content(*parts) if root is None else root.joinpath(*parts)


def _files(stem: str, root: Path | None) -> tuple[Path, Path, Path]:
    tests = _folder(root, "tests", "exercises")
    return _folder(root, "solutions") / f"{stem}.py", tests / f"test_{stem}.py", tests / "mistakes" / f"{stem}.py"


def _functions(path: Path) -> dict[str, ast.FunctionDef]:
    if not path.is_file():
        raise ValueError(f"{path}: expected this file; every question with a solution has it")
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def _marked(path: Path, mark: str, known: Any = None) -> dict[str, list[str]]:
    """The functions of a file by the exercise that their mark names; every test must have a mark."""
    found: dict[str, list[str]] = {name: [] for name in known or ()}
    for name, node in _functions(path).items():
        function = _mark(node, mark)
        where = f"{path}: line {node.lineno}, {name}"
        if function is None:
            if mark == "graded" and name.startswith("test"):
                raise ValueError(f'{where}: expected @graded("function") above each test')
            continue
        if known is not None and function not in known:
            raise ValueError(f'{where}: got @{mark}("{function}"); expected one of {", ".join(known)}')
        if mark == "graded" and any(getattr(item, "attr", "") == "mutated" for item in ast.walk(node)):
            raise ValueError(
                f"{where}: got yours.mutated, which is the word of the learner's side; expected values to decide: "
                "each call is made twice on the same objects, and the test fails where the answers differ"
            )
        if mark == "mistake" and not ast.get_docstring(node):
            raise ValueError(f"{where}: expected a docstring with the cause, in one sentence to the learner")
        found.setdefault(function, []).append(name)
    return found


def _mark(node: ast.FunctionDef, mark: str) -> str | None:
    for item in node.decorator_list:
        if isinstance(item, ast.Call) and getattr(item.func, "id", "") == mark and item.args:
            return getattr(item.args[0], "value", None)
    return None
