"""The README's table of the 31 questions; "how it came out" is read from the claims stored in the notebooks."""

from __future__ import annotations

import json

from metarec_lib.workbook.core import QUESTIONS, Question, places

from .claims import difference_of, figures, records_of, what
from .measured import headline, verdicts

BEGIN, END = "<!-- questions: written by `metarec build` -->", "<!-- end of questions -->"


def readme_text() -> str:
    """The README with its table made anew. Raises ValueError where the two marks are missing."""
    text = places.content("README.md").read_text(encoding="utf-8")
    start, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise ValueError(
            f"README.md: expected the marks {BEGIN} and {END} around the table of questions; put them back"
        )
    return f"{start}{BEGIN}\n{table()}\n{END}{after}"


def table() -> str:
    """One row a question; a question without a built notebook has no link and no outcome yet."""
    rows = ["| | question | 问题 | how it came out |", "|---|---|---|---|"]
    return "\n".join([*rows, *map(_row, QUESTIONS)])


def _row(question: Question) -> str:
    path = places.content("notebooks", f"{question.stem}.ipynb")
    if not path.is_file():
        return f"| {question.key} | {question.title_en} | {question.title_zh} | |"
    link = f"[{question.key}](notebooks/{question.stem}.ipynb)"
    return f"| {link} | {question.title_en} | {question.title_zh} | {outcome(path.read_text(encoding='utf-8'))} |"


def outcome(notebook: str) -> str:
    """The claim that a lesson marks as its headline, with its figures and its verdict after Holm over the lesson."""
    found = headline(verdicts(records_of(json.loads(notebook))))
    if found is None:
        return ""
    about, sides = what(found.record, "en"), difference_of(found.record, "en")
    return f"{about}: {sides} {figures(found.record, 'en')}: {found.text('en')}"
