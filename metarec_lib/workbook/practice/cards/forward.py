"""Which cards come forward: those of a failed exercise, and of a rubric point that an interview found missing.

Nothing is stored for it: a card comes forward while what went wrong is newer than its last review.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from metarec_lib.workbook.core import Pair, Question, resolve
from metarec_lib.workbook.lessons import Lesson

from .. import progress
from .deck import Card
from .schedule import Memory

FAILED: Pair = ("the exercise failed", "练习做错过")
MISSED: Pair = ("an interview missed a point of it", "面试里漏了要点")
ALIKE = 2  # cards a missed point brings forward besides the short answer
Whys = dict[str, tuple[datetime, Pair]]  # by card: since when, and why


def trouble() -> set[str]:
    """The keys of the questions in which something went wrong at any time."""
    return {key for key, _, _ in _failures()} | {row["question"] for row in progress.scores() if row["missed"]}


def brought_forward(lesson: Callable[[Question], Lesson], cards: Callable[[Question], Sequence[Card]]) -> Whys:
    """The cards of what went wrong, whether or not they were asked since. lesson, cards: of a question."""
    found: Whys = {}
    for key, function, time in _failures():
        for card in cards(resolve(key)):
            if card.kind == "formula" or card.id == f"{key}:exercise:{function}":
                _later(found, card, time, FAILED)
    for row in progress.scores():
        question, time = resolve(row["question"]), datetime.fromisoformat(row["time"])
        rubric = lesson(question).rubric if row["missed"] else ()
        for place in row["missed"]:
            if place < len(rubric):  # a lesson may have lost a point since
                for card in cards_for(rubric[place].en, cards(question)):
                    _later(found, card, time, MISSED)
    return found


def still(whys: Whys, known: Mapping[str, Memory]) -> Whys:
    """Those of them that were not asked since."""
    return {card: why for card, why in whys.items() if card not in known or known[card].last < why[0]}


def cards_for(point: str, cards: Sequence[Card]) -> list[Card]:
    """The short answer of the question, and the cards that share most words with a point of its rubric (in English).

    The share of the point's words that the card has; exercises have cards for failures of their own.
    """
    wanted = words(point)
    others = [card for card in cards if card.kind not in ("short", "exercise")]
    shares = {card.id: len(wanted & words(" ".join((card.front[0], card.back[0])))) for card in others}
    best = sorted((card for card in others if shares[card.id] > 1), key=lambda card: -shares[card.id])[:ALIKE]
    return [*(card for card in cards if card.kind == "short"), *best]


def words(text: str) -> set[str]:
    """The words of four letters and more, and all with a capital or a digit behind the first: K, RMSE, nDCG."""
    return {word.lower() for word in re.findall(r"\w+", text) if len(word) > 3 or not word.islower()}


def _failures() -> list[tuple[str, str, datetime]]:
    """Question, function and time of the last failure of each exercise."""
    query = (
        "SELECT question, function, MAX(time) AS time FROM attempts WHERE status = 'failed' GROUP BY question, function"
    )
    found = progress.rows(query)
    return [(row["question"], row["function"], datetime.fromisoformat(row["time"])) for row in found]


def _later(found: Whys, card: Card, time: datetime, why: Pair) -> None:
    if card.id not in found or found[card.id][0] < time:
        found[card.id] = (time, why)
