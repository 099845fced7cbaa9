"""`metarec build --check`: what is stale or edited by hand, found without executing anything."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metarec_lib.workbook.core import Question, places, resolve_all

from . import build, overview, studies
from .lesson import source_path
from .notebook import KERNEL, LANGUAGE
from .reading import read_lesson
from .spoilers import shown_solutions


def stale_files(names: Sequence[str] = ()) -> list[str]:
    """One line for each generated file that is missing, stale, edited by hand or orphaned, with what mends it."""
    problems: list[str] = []
    for question in resolve_all(names):
        problems += _lesson(question) + _stub(question)
    problems += _manifest()
    problems += _studies() + _readme() if not names else []
    for path in [] if names else build.orphans():
        problems.append(f"{_name(path)}: its source is gone. Run `metarec build`.")
    return problems


def _name(path: Path) -> str:
    return path.relative_to(places.root()).as_posix()


def _lesson(question: Question) -> list[str]:
    if not source_path(question).is_file():
        return []
    try:
        lesson = read_lesson(question)
        study = build.studies_hash(lesson)
    except ValueError as error:
        return [str(error)]
    if spoiled := shown_solutions(lesson):
        return spoiled
    path, mend = build.notebook_path(question), f"Run `metarec build {question.key}`."
    if not path.is_file():
        return [f"{_name(path)}: missing. {mend}"]
    problem = _notebook_problem(path, build.text_hash(lesson.path), study)
    return [f"{_name(path)}: {problem}. {mend}"] if problem else []


def _notebook_problem(path: Path, source: str, study: str | None) -> str | None:
    text = path.read_text(encoding="utf-8")
    try:
        notebook = json.loads(text)
        hashes = notebook["metadata"]["metarec"]
    except (ValueError, KeyError, TypeError):
        return "not a notebook that `metarec build` wrote"
    if hashes.get("content") != build.cells_hash(notebook) or not _as_written(notebook, text):
        return "edited by hand (lessons are written in notebooks/source/; own work belongs in `metarec new FOLDER`)"
    if hashes.get("source") != source:
        return "stale, its source has changed"
    return "stale, the results of its study have changed" if hashes.get("study") != study else None


def _as_written(notebook: Any, text: str) -> bool:
    metadata = {key: value for key, value in notebook["metadata"].items() if key != "metarec"}
    return metadata == {"kernelspec": KERNEL, "language_info": LANGUAGE} and build.canonical(notebook) == text


def _stub(question: Question) -> list[str]:
    path = build.stub_path(question)
    if not build.solution_path(question).is_file():
        return []
    try:
        wanted = build.stub(question)
    except ValueError as error:
        return [str(error)]
    if path.is_file() and path.read_text(encoding="utf-8") == wanted:
        return []
    why = "differs from what the solution gives" if path.is_file() else "missing"
    return [f"{_name(path)}: {why}. Run `metarec build {question.key}` (own work: `metarec new FOLDER`)."]


def _manifest() -> list[str]:
    path = build.manifest_path()
    if path.is_file() and path.read_text(encoding="utf-8") == build.manifest():
        return []
    why = "differs from what solutions and tests give" if path.is_file() else "missing"
    return [f"{_name(path)}: {why}. Run `metarec build`."]


def _readme() -> list[str]:
    stale = [
        name
        for name in overview.READMES
        if (path := places.content(name)).is_file() and path.read_text(encoding="utf-8") != overview.readme_text(name)
    ]
    return [f"{name}: its table of questions is stale. Run `metarec build`." for name in stale]


def _studies() -> list[str]:
    problems = []
    for source in sorted(places.content("notebooks", "source", "studies").glob("*.py")):
        path, mend = studies.results_path(source.stem), f"Run `metarec study {source.stem}`."
        if not path.is_file():
            problems.append(f"{_name(path)}: missing. {mend}")
        elif studies.is_stale(source.stem):
            problems.append(
                f"{_name(path)}: stale, {_name(source)} or library code that it imports has changed. {mend}"
            )
    return problems
