"""Which questions an interview asks, and in what order: weak ones sooner, and not the same subject twice in a row.

Each question gets a chance of  need × variety:
    need     (1 − share)², where share is the mean of the stored results of the question (an interview counts twice),
             drawn towards ONE_HALF by one made-up result, so that a question never asked has need 1/4;
    variety  SAME for each topic, and once for the part of the book, that the last two questions drawn have too.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metarec_lib.workbook.lessons import Lesson

ONE_HALF, INTERVIEW, EXERCISE = 0.5, 2.0, 1.0
SAME = 0.4  # the factor for what two questions have in common
LOWEST = 0.01  # a question that is known is still asked now and then


def draw(lessons: Sequence[Lesson], shares: Mapping[str, float], seed: int | None) -> list[str]:
    """Keys of all the lessons, in the order in which they are asked. shares: `shares_of`; seed: of the draw."""
    rng, left, order = random.Random(seed), list(lessons), []
    while left:
        chances = [need(shares.get(lesson.question.key)) * variety(lesson, order[-2:]) for lesson in left]
        order.append(left.pop(rng.choices(range(len(left)), chances)[0]))
    return [lesson.question.key for lesson in order]


def need(share: float | None) -> float:
    return max(LOWEST, (1 - (ONE_HALF if share is None else share)) ** 2)


def variety(lesson: Lesson, before: Iterable[Lesson]) -> float:
    common = [
        (lesson.question.part == other.question.part) + len(set(lesson.topics) & set(other.topics)) for other in before
    ]
    return SAME ** sum(common)


def shares_of(scores: Iterable[Mapping[str, Any]], attempts: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """What share of the points the learner has at each question. scores, attempts: rows with question, points, possible.

    Of the attempts at an exercise only the last counts.
    """
    last = {(row["question"], row["function"]): row for row in attempts}
    rows = [(row, INTERVIEW) for row in scores] + [(row, EXERCISE) for row in last.values()]
    sums: dict[str, tuple[float, float]] = {}
    for row, weight in rows:
        if row["possible"]:
            got, of = sums.get(row["question"], (ONE_HALF, 1.0))
            sums[row["question"]] = got + weight * row["points"] / row["possible"], of + weight
    return {key: got / of for key, (got, of) in sums.items()}
