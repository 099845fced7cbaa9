"""The reviews of the cards in `progress.sqlite`: every answer is a row; the last row of a card is what is known of it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any

from .. import progress
from .deck import Card
from .schedule import Memory, reviewed

COLUMNS = "card, time, due, state, step, stability, difficulty, front"
LAST = f"SELECT {COLUMNS} FROM card_reviews WHERE id IN (SELECT MAX(id) FROM card_reviews GROUP BY card)"


def memories() -> dict[str, Memory]:
    """What is known of each card that was ever asked, by the card's id."""
    return {row["card"]: _memory(row) for row in progress.rows(LAST)}


def answer(card: Card, rating: int, now: datetime) -> Memory:
    """Store an answer, and what follows from it. Two processes that ask the same card count one after the other.

    Raises OSError where it cannot be stored.
    """
    query = f"SELECT {COLUMNS} FROM card_reviews WHERE card = ? ORDER BY id DESC LIMIT 1"
    try:
        with progress.transaction() as database:
            found = database.execute(query, (card.id,)).fetchone()
            before = _memory(dict(zip(COLUMNS.split(", "), found, strict=True))) if found else None
            after = reviewed(before, rating, now, card.mark)
            database.execute(
                f"INSERT INTO card_reviews (rating, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (rating, card.id, *_row(after)),
            )
    except sqlite3.Error as error:
        raise OSError(f"{progress.path()}: {error}") from error
    return after


def begun_on(day: str) -> int:
    """How many cards were asked for the first time on this day, YYYY-MM-DD, of the place where this machine is now."""
    firsts = progress.rows("SELECT MIN(time) AS time FROM card_reviews GROUP BY card")
    return sum(day_of(datetime.fromisoformat(row["time"])) == day for row in firsts)


def day_of(moment: datetime) -> str:
    """The local day of a moment."""
    return moment.astimezone().date().isoformat()


def _memory(row: dict[str, Any]) -> Memory:
    last, due = (datetime.fromisoformat(row[name]).astimezone(UTC) for name in ("time", "due"))
    return Memory(last, due, row["state"], row["step"], row["stability"], row["difficulty"], row["front"])


def _row(memory: Memory) -> tuple[Any, ...]:
    moments = (moment.isoformat(timespec="microseconds") for moment in (memory.last, memory.due))
    return (*moments, memory.state, memory.step, memory.stability, memory.difficulty, memory.front)
