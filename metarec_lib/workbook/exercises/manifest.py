"""The manifest of the exercises: points, minutes and tests of each function, read from the text of the files."""

from __future__ import annotations

import ast
import copy
import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .solutions import read_solution
from metarec_lib.workbook.core import Pair, pick, require_pair
from metarec_lib.workbook.core import content
from metarec_lib.workbook.core import Question

RESERVED = ("grad", "mutated", "calls", "last", "last_again")


def question_manifest(stem: str, root: Path | None = None, hidden: Path | None = None) -> dict[str, Any]:
    """`{"points": 9, "functions": {name: {"points", "minutes", "tests": {test: share}, "core": [...], "mistakes": [...]}}}`.

    A function's points are shared equally over its tests; `share` is rounded to 4 digits; where a test of `core` fails,
    `earned` says what is left. root: the folder that holds `solutions/` and `tests/exercises/`. hidden: a teacher's
    folder, whose `test_STEM.py`, if there is one, adds tests to ours. Raises ValueError where a test, a core test, a
    mistake, a mark or one of the two languages is missing.
    """
    files = _files(stem, root)
    found = _manifest(files, tuple(path.read_bytes() if path.is_file() else None for path in files))
    return _with_hidden(copy.deepcopy(found), hidden_tests(stem, hidden))


def hidden_tests(stem: str, hidden: Path | None) -> Path | None:
    """The file of a teacher's further tests of a question; None where there is none."""
    path = hidden / f"test_{stem}.py" if hidden else None
    return path if path and path.is_file() else None


def _with_hidden(manifest: dict[str, Any], path: Path | None) -> dict[str, Any]:
    """The manifest with the tests of a further file. Raises ValueError where one has the name of a test of ours."""
    if path is None:
        return manifest
    functions = manifest["functions"]
    marked, core = _marked(path, "graded", functions), _core_tests(path)
    for name, entry in functions.items():
        if doubled := sorted(set(marked[name]) & {test for item in functions.values() for test in item["tests"]}):
            raise ValueError(f"{path}: got a test {doubled[0]}, as one of ours is called; give it another name")
        tests = [*entry["tests"], *marked[name]]
        entry["tests"] = dict.fromkeys(tests, round(entry["points"] / len(tests), 4))
        entry["core"] += [test for test in marked[name] if test in core]
    return manifest


@functools.lru_cache(maxsize=128)
def _manifest(files: tuple[Path, Path, Path], contents: tuple[bytes | None, ...]) -> dict[str, Any]:
    """The manifest of a question's solution, tests and mistakes; it is read once as long as their contents stay."""
    solution, tests, mistakes = files
    exercises = {item.name: item for item in read_solution(solution)}
    by_function = _marked(tests, "graded", exercises)
    wrong = _marked(mistakes, "mistake", exercises)
    core = _core_tests(tests)
    _require_both_languages(tests)
    functions = {}
    for name, item in exercises.items():
        if name in RESERVED:
            raise ValueError(f"{solution}: got a function {name}; that name belongs to the fixture `yours`")
        for found, what, path in ((by_function, "graded test", tests), (wrong, "mistake", mistakes)):
            if not found[name]:
                raise ValueError(f'{path}: the function {name} has no {what}; add one marked for "{name}"')
        if not core & set(by_function[name]):
            raise ValueError(f'{tests}: the function {name} has no core test; mark one @graded("{name}", core=True)')
        share = round(item.points / len(by_function[name]), 4)
        functions[name] = {
            "points": item.points, "minutes": item.minutes, "tests": dict.fromkeys(by_function[name], share),
            "core": [test for test in by_function[name] if test in core], "mistakes": wrong[name],
        }  # fmt: skip
    return {"points": sum(item.points for item in exercises.values()), "functions": functions}


def earned(possible: float, tests: Mapping[str, bool], core: Sequence[str]) -> float:
    """The points of a function: equal shares for the tests that passed, at most a third where a core test failed."""
    shares = possible * sum(tests.values()) / len(tests)
    return shares if all(tests[name] for name in core) else min(shares, possible / 3)


def stems(root: Path | None = None) -> list[str]:
    """The questions that have a solution, in order."""
    return sorted(path.stem for path in _folder(root, "solutions").glob("q[0-9][0-9]_*.py"))


def require_exercises(question: Question) -> None:
    """Raise ValueError where a question has no exercises yet."""
    if question.stem not in stems():
        having = [stem[:3] for stem in stems()]
        raise ValueError(pick((
            f"{question.key} has no exercises yet; those that have: {', '.join(having)}",
            f"{question.key} 还没有练习；已有练习的题目：{'、'.join(having)}",
        )))  # fmt: skip


def build_manifest(root: Path | None = None) -> dict[str, Any]:
    """The manifest of all questions. Raises ValueError naming the file and what is missing in it."""
    return {stem: question_manifest(stem, root) for stem in stems(root)}


def manifest_text(root: Path | None = None) -> str:
    """The text of `tests/exercises/manifest.json`: the same bytes for the same files."""
    return json.dumps(build_manifest(root), indent=1, ensure_ascii=False) + "\n"


def read_manifest(root: Path | None = None) -> dict[str, Any]:
    """The manifest as stored."""
    return json.loads(_folder(root, "tests", "exercises", "manifest.json").read_text(encoding="utf-8"))


def read_mistakes(stem: str, root: Path | None = None) -> dict[str, tuple[str, Pair]]:
    """Each named mistake of a question: (function, its sentence in both languages)."""
    path = _files(stem, root)[2]
    return dict(_mistakes(path, path.read_bytes() if path.is_file() else None))


@functools.lru_cache(maxsize=128)
def _mistakes(path: Path, content: bytes | None) -> dict[str, tuple[str, Pair]]:
    """The mistakes of a file, read once as long as its content stays."""
    nodes = _functions(path)
    return {
        name: (function, _sentences(nodes[name]))
        for function, names in _marked(path, "mistake").items()
        for name in names
    }


def _sentences(node: ast.FunctionDef) -> Pair:
    """The docstring of a mistake: a paragraph in English, then one in Chinese. Raises ValueError for anything else."""
    paragraphs = tuple(" ".join(part.split()) for part in (ast.get_docstring(node) or "").split("\n\n"))
    return require_pair(paragraphs, "the docstring")


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
        if mark == "mistake":
            try:
                _sentences(node)
            except ValueError as problem:
                raise ValueError(f"{where}: {problem}, as paragraphs: the cause in a sentence to the learner") from None
        found.setdefault(function, []).append(name)
    return found


def _core_tests(path: Path) -> set[str]:
    """The tests that are marked `core=True`."""
    found = set()
    for name, node in _functions(path).items():
        options = [option for item in node.decorator_list if isinstance(item, ast.Call) for option in item.keywords]
        if any(option.arg == "core" and getattr(option.value, "value", False) is True for option in options):
            found.add(name)
    return found


def _require_both_languages(path: Path) -> None:
    """Raise ValueError where a cause, or what `assert_true` expects, is no pair (English, 中文)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not getattr(node.func, "id", "").startswith("assert_"):
            continue
        texts = [option.value for option in node.keywords if option.arg == "cause"]
        texts += node.args[1:2] if node.func.id == "assert_true" else []
        for text in texts:
            try:
                require_pair(ast.literal_eval(text), "the cause")
            except ValueError as problem:
                raise ValueError(f"{path}: line {text.lineno}: {problem}") from None


def _mark(node: ast.FunctionDef, mark: str) -> str | None:
    for item in node.decorator_list:
        if isinstance(item, ast.Call) and getattr(item.func, "id", "") == mark and item.args:
            return getattr(item.args[0], "value", None)
    return None
