"""Where the learner stands in each lesson: read, exercised, interviewed, cards due; and the order of reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metarec_lib.workbook.core import QUESTIONS, Question, content, resolve
from metarec_lib.workbook.exercises import Exercise, read_solution
from metarec_lib.workbook.lessons import needs_of

from . import progress
from .cards.session import Session


@dataclass(frozen=True)
class Entry:
    """A lesson. minutes: of its exercises; passed of `functions` passed when they were last checked."""

    question: Question
    minutes: int
    functions: int
    passed: int

    @property
    def done(self) -> bool:
        return 0 < self.functions == self.passed


@dataclass(frozen=True)
class Standing:
    """All that is known of one question.

    read: when its notebook was first run to the end, None where it was not. points of possible: of the last attempt at each
    exercise. interviews: the share of the rubric's points in each interview, oldest first. due: cards to be asked again now.
    """

    entry: Entry
    read: str | None = None
    points: float = 0.0
    possible: int = 0
    interviews: tuple[float, ...] = ()
    due: int = 0

    @property
    def question(self) -> Question:
        return self.entry.question


def entries(folder: Path | None) -> list[Entry]:
    """The lessons that are built, in reading order, with the state of the exercises of a workspace.

    folder: the workspace; None where there is none: then the last attempts count, wherever the files lie.
    """
    built = [question for question in QUESTIONS if content("notebooks", f"{question.stem}.ipynb").is_file()]
    return [_entry(resolve(key), folder) for key in reading_order(needs(built))]


def needs(questions: Sequence[Question]) -> dict[str, list[str]]:
    """What each lesson needs before it, by key."""
    return {question.key: needs_of(content("notebooks", f"{question.stem}.ipynb")) for question in questions}


def reading_order(needs: dict[str, Sequence[str]]) -> list[str]:
    """Keys so that each stands behind those that it needs, else by number. A circle is cut where it is met."""
    placed: list[str] = []

    def place(key: str, above: tuple[str, ...] = ()) -> None:
        for needed in sorted(needs.get(key, ())):
            if needed in needs and needed not in (*placed, *above):
                place(needed, (*above, key))
        if key not in placed:
            placed.append(key)

    for key in sorted(needs):
        place(key)
    return placed


def next_entry(found: Sequence[Entry]) -> Entry | None:
    """The first lesson that is not done."""
    return next((entry for entry in found if not entry.done), None)


def standings(folder: Path | None) -> list[Standing]:
    """Every lesson that is built, in reading order. Raises OSError where what is stored cannot be read."""
    read, due = progress.lessons_read(), due_cards()
    points = {(row["question"], row["function"]): row["points"] for row in progress.attempts()}
    scores = [(row["question"], row["points"] / row["possible"]) for row in progress.scores() if row["possible"]]
    return [
        Standing(
            entry,
            read.get(key := entry.question.key),
            sum(value for (question, _), value in points.items() if question == key),
            sum(item.points for item in _exercises(entry.question)),
            tuple(share for question, share in scores if question == key),
            due[key],
        )
        for entry in entries(folder)
    ]


def due_cards() -> Counter[str]:
    """How many cards are to be asked again now, by the key of their question."""
    return Counter(asked.card.question.key for asked in Session().waiting())


def _entry(question: Question, folder: Path | None) -> Entry:
    found, status = _exercises(question), _status(question, folder)
    passed = sum(status.get(item.name) == "passed" for item in found)
    return Entry(question, sum(item.minutes for item in found), len(found), passed)


def _exercises(question: Question) -> list[Exercise]:
    solution = content("solutions", f"{question.stem}.py")
    return read_solution(solution) if solution.is_file() else []


def _status(question: Question, folder: Path | None) -> dict[str, str]:
    if folder is not None:
        return progress.last_status((folder / "exercises" / f"{question.stem}.py").resolve())
    return {row["function"]: row["status"] for row in progress.attempts(question.key)}
