"""Read a lesson and hold it to the grammar: from its source, or from the built notebook where jupytext is missing."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metarec_lib.workbook.core import Question, content, resolve

from . import grammar
from .lesson import Cell, Lesson, read_cells, source_path
from .notebook import written


def read_lesson(question: Question | str) -> Lesson:
    """The lesson of a question: from its source, or from the built notebook where jupytext is not installed.

    Raises FileNotFoundError where it is not written, LessonError (a ValueError) with all breaches of the grammar.
    """
    question = question if isinstance(question, Question) else resolve(question)
    from_source = importlib.util.find_spec("jupytext") is not None
    path = source_path(question) if from_source else content("notebooks", f"{question.stem}.ipynb")
    if not path.is_file():
        raise FileNotFoundError(
            f"Got no lesson for {question.key}: {path} is missing. Write it (CONTRIBUTING.md says how), "
            "or choose another question."
        )
    cells = _source_cells(path) if from_source else notebook_cells(path)
    return grammar.lesson_from(question, source_path(question), cells)


def read_built(question: Question) -> Lesson:
    """The lesson of a question from its built notebook: several times faster, for what reads many lessons at once.

    Raises FileNotFoundError where it is not built.
    """
    path = content("notebooks", f"{question.stem}.ipynb")
    return grammar.lesson_from(question, source_path(question), notebook_cells(path), limits=False)


def _source_cells(path: Path) -> list[Cell]:
    return read_cells(path.read_text(encoding="utf-8"), f"notebooks/source/{path.name}")


def notebook_cells(path: Path) -> list[Cell]:
    """The cells of a built notebook as their source has them, twins included; `line` is the number of the cell."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [found for number, cell in enumerate(notebook["cells"], 1) for found in _cells(cell, number)]


def _cells(cell: dict[str, Any], number: int) -> Iterator[Cell]:
    kind, text, tags = cell["cell_type"], "".join(cell["source"]), tuple(cell["metadata"].get("tags", ()))
    yield Cell(kind, text if kind == "code" else written(text, tags), tags, number)
    if twin := cell["metadata"].get("metarec", {}).get("zh"):
        yield Cell(kind, written(twin, tags), (), number, "zh")
