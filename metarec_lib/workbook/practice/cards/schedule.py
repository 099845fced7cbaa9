"""When a card is due: FSRS, by the package `fsrs` (Ye et al. 2022, KDD; its default weights, no learner's own are fitted).

Pure functions of what is known and of the moment. All moments are UTC inside; in which zone one is told changes nothing.
A clock that is wrong does no lasting harm: time that runs backwards counts as none, and a card that was reviewed in what
is now the future is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from metarec_lib.workbook.core import Language, pick

if TYPE_CHECKING:
    from fsrs import Scheduler

AGAIN, HARD, GOOD, EASY = RATINGS = (1, 2, 3, 4)
RETENTION = 0.9  # the chance to know a card on the day it is due
LONGEST = 365  # days; who prepares for an interview does not plan for longer
AHEAD = timedelta(minutes=20)  # a card that is being learned may be asked so much earlier when nothing else is left
WRONG_CLOCK = timedelta(days=1)  # a review so far in the future was stored by a wrong clock; zones differ by less


@dataclass(frozen=True)
class Memory:
    """What FSRS knows of a card. state: 1 learning, 2 review, 3 relearning; stability in days; difficulty 1 to 10.

    front: the mark of the card's question at the last review (`Card.mark`).
    """

    last: datetime
    due: datetime
    state: int
    step: int | None
    stability: float
    difficulty: float
    front: str = ""

    @property
    def learning(self) -> bool:
        return self.state != 2


@cache
def scheduler() -> Scheduler:
    """FSRS without random changes of the interval: the same answers give the same days."""
    from fsrs import Scheduler

    return Scheduler(desired_retention=RETENTION, maximum_interval=LONGEST, enable_fuzzing=False)


def reviewed(memory: Memory | None, rating: int, now: datetime, front: str = "") -> Memory:
    """What is known of a card after an answer; memory: before it, None for a new card.

    Raises ValueError for another rating than 1 to 4 and for a moment without a zone.
    """
    from fsrs import Card, Rating, State

    if rating not in RATINGS:
        raise ValueError(f"got the rating {rating!r}; expected 1 (again), 2 (hard), 3 (good) or 4 (easy)")
    if now.tzinfo is None:
        raise ValueError(f"got {now!r}, a moment without a zone; expected one such as datetime.now(UTC)")
    now = now.astimezone(UTC)
    card = Card(card_id=0, due=now)
    if memory is not None:
        last = min(memory.last, now)  # a clock set back: no time has passed
        card = Card(0, State(memory.state), memory.step, memory.stability, memory.difficulty, memory.due, last)
    card, _ = scheduler().review_card(card, Rating(rating), now)
    return Memory(now, card.due, card.state.value, card.step, card.stability, card.difficulty, front)


def is_due(memory: Memory, now: datetime, ahead: timedelta = timedelta(0)) -> bool:
    """Whether a card is to be asked. ahead: for cards that are being learned, how much earlier is early enough."""
    early = ahead if memory.learning else timedelta(0)
    return memory.due <= now + early or memory.last > now + WRONG_CLOCK


def intervals(memory: Memory | None, now: datetime) -> dict[int, timedelta]:
    """In how long each answer would bring the card back."""
    return {rating: reviewed(memory, rating, now).due - now for rating in RATINGS}


def told(interval: timedelta, lang: Language) -> str:
    """An interval for a person: "1 min", "3 h", "12 days", "4 months"."""
    minutes = max(interval.total_seconds() / 60, 1)
    if minutes < 60:
        return pick((f"{minutes:.0f} min", f"{minutes:.0f} 分钟"), lang)
    if minutes < 24 * 60:
        return pick((f"{minutes / 60:.0f} h", f"{minutes / 60:.0f} 小时"), lang)
    days = round(minutes / (24 * 60))
    if days < 60:
        return pick((f"{days} day" + "s" * (days != 1), f"{days} 天"), lang)
    return pick((f"{days / 30.4:.0f} months", f"{days / 30.4:.0f} 个月"), lang)
