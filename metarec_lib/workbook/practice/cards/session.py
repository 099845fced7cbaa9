"""The engine of a review: which card comes next, and what an answer does. The terminal and the notebook run on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from metarec_lib.workbook.core import Language, Pair, Question, pick, resolve
from metarec_lib.workbook.lessons import Lesson, read_built

from .. import progress
from . import store
from .deck import Card, cards_of, questions_with_cards
from .forward import Whys, brought_forward, still, trouble
from .schedule import AGAIN, AHEAD, EASY, GOOD, HARD, Memory, intervals, is_due, told

NEW = 10  # cards a day that were never asked
NAMES: dict[int, Pair] = {
    AGAIN: ("again", "忘了"),
    HARD: ("hard", "吃力"),
    GOOD: ("good", "记得"),
    EASY: ("easy", "很熟"),
}
DUE: Pair = ("due", "到期")
FRESH: Pair = ("new", "新卡")
CHANGED: Pair = ("its question has changed", "题面改过")


@dataclass(frozen=True)
class Asked:
    """A card that is asked now, and why."""

    card: Card
    why: Pair


class Session:
    """A review. Nothing is kept here that is not in the file, so another process may review at the same time.

    questions: all where none is named. new: how many cards a day are begun. clock: gives the moment, with its zone; this
    machine's where None.
    """

    def __init__(
        self,
        questions: Sequence[Question] = (),
        new: int = NEW,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        if new < 0:
            raise ValueError(f"got new={new}; expected how many new cards a day, 0 or more")
        chosen = questions_with_cards()
        self.questions = [question for question in chosen if not questions or question in questions]
        self.new, self.clock = new, clock or partial(datetime.now, UTC)
        self._lessons: dict[str, Lesson] = {}
        self._cards: dict[str, list[Card]] = {}

    def draw(self) -> Asked | None:
        """The card that is asked next; None when nothing is left for now.

        First what came forward, then what is due, longest due first, then new cards, then cards that are being learned
        and due within 20 minutes.
        """
        now, known = self.clock(), store.memories()
        return next(self._due(known, now), None) or self._fresh(known, now) or self._ahead(known, now)

    def waiting(self) -> Iterator[Asked]:
        """The cards that are to be asked again now, in their order."""
        return self._due(store.memories(), self.clock())

    def counts(self) -> tuple[int, int]:
        """How many cards are to be asked again now, and how many new ones are left for today."""
        now, known = self.clock(), store.memories()
        due = sum(1 for _ in self._due(known, now))
        left = self.new - store.begun_on(store.day_of(now))
        fresh = (card for question in self.questions for card in self.cards(question) if card.id not in known)
        return due, sum(1 for _, card in zip(range(max(left, 0)), fresh, strict=False))

    def choices(self, card: Card, lang: Language) -> dict[int, str]:
        """Each answer as text, with the time after which it brings the card back: {1: "again (1 min)", …}."""
        found = intervals(store.memories().get(card.id), self.clock())
        bracket = pick(("{} ({})", "{}（{}）"), lang)
        return {n: bracket.format(pick(NAMES[n], lang), told(interval, lang)) for n, interval in found.items()}

    def answer(self, card: Card, rating: int) -> Memory:
        """Store an answer, 1 (again) to 4 (easy)."""
        return store.answer(card, rating, self.clock())

    def next_due(self) -> timedelta | None:
        """In how long the first card that is not due yet comes back; None where there is none."""
        now, mine = self.clock(), {question.key for question in self.questions}
        waits = [memory.due - now for card, memory in store.memories().items() if card.split(":")[0] in mine]
        return min(waits, default=None)

    # -- the order ------------------------------------------------------------------------------------------------
    def _due(self, known: dict[str, Memory], now: datetime) -> Iterator[Asked]:
        forward = still(self._forward(), known)
        for card_id in sorted(forward, key=lambda card_id: forward[card_id][0]):
            yield Asked(self._find(card_id), forward[card_id][1])  # type: ignore[arg-type]
        waiting = [card_id for card_id in sorted(known, key=lambda c: known[c].due) if card_id not in forward]
        for card_id in waiting:
            card = self._find(card_id)
            if card is not None and card.mark != known[card_id].front:
                yield Asked(card, CHANGED)
            elif card is not None and is_due(known[card_id], now):
                yield Asked(card, DUE)

    def _fresh(self, known: dict[str, Memory], now: datetime) -> Asked | None:
        if store.begun_on(store.day_of(now)) >= self.new:
            return None
        touched = set(progress.lessons_read()) | {row["question"] for row in progress.attempts()}
        touched |= {row["question"] for row in progress.scores()} | {card_id.split(":")[0] for card_id in known}
        for question in sorted(self.questions, key=lambda q: (q.key not in touched, q.number)):
            for card in self.cards(question):
                if card.id not in known:
                    return Asked(card, FRESH)
        return None

    def _ahead(self, known: dict[str, Memory], now: datetime) -> Asked | None:
        for card_id in sorted(known, key=lambda c: known[c].due):
            if is_due(known[card_id], now, AHEAD) and (card := self._find(card_id)):
                return Asked(card, DUE)
        return None

    def _forward(self) -> Whys:
        mine = {question.key for question in self.questions}
        if not trouble() & mine:
            return {}
        found = brought_forward(self.lesson, self.cards)
        return {card_id: why for card_id, why in found.items() if card_id.split(":")[0] in mine}

    def _find(self, card_id: str) -> Card | None:
        """The card, None where it is not of the chosen questions, or its lesson has it no more."""
        question = resolve(card_id.split(":")[0])
        cards = self.cards(question) if question in self.questions else []
        return next((card for card in cards if card.id == card_id), None)

    def lesson(self, question: Question) -> Lesson:
        """The lesson of a question, read once."""
        if question.key not in self._lessons:
            self._lessons[question.key] = read_built(question)
        return self._lessons[question.key]

    def cards(self, question: Question) -> list[Card]:
        """The cards of a question, made once."""
        if question.key not in self._cards:
            self._cards[question.key] = cards_of(question, self.lesson(question))
        return self._cards[question.key]
