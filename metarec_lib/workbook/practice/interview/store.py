"""Interviews in progress.sqlite: their events one by one, and the answer that is being written.

An event is stored before it counts, in one transaction with the score that it brings. The place of an event in its interview
is a primary key: of two processes that go on with one interview the second is refused, and loses nothing that is stored.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from metarec_lib.workbook.core import Pair, pick

from .. import progress

TABLES = """
CREATE TABLE IF NOT EXISTS interviews (
    id TEXT PRIMARY KEY, started TEXT NOT NULL, settings TEXT NOT NULL, state TEXT NOT NULL, draft TEXT NOT NULL,
    summary TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS interview_events (
    interview TEXT NOT NULL, number INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (interview, number));
"""
COLUMNS = ("id", "started", "settings", "state", "draft", "summary")
ELSEWHERE: Pair = (
    "This interview has gone on in another window. Close one of the two, and go on with: metarec interview",
    "这场面试已经在另一个窗口里往下走了。请关掉其中一个，再运行：metarec interview",
)


class Elsewhere(ValueError):
    """Another process has gone on with this interview."""


@contextmanager
def _tables() -> Iterator[sqlite3.Connection]:
    with progress.transaction() as database:
        for statement in TABLES.split(";"):
            database.execute(statement)
        yield database


def begin(started: str, settings: Mapping[str, Any]) -> str:
    """Store a new interview; its id is its start, with a number where two start in one second."""
    with _tables() as database:
        taken = {row[0] for row in database.execute("SELECT id FROM interviews")}
        stem = started[:19].replace(":", "")
        names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
        name = next(name for name in names if name not in taken)
        values = (name, started, json.dumps(settings, ensure_ascii=False), "open", "", "null")
        database.execute("INSERT INTO interviews VALUES (?, ?, ?, ?, ?, ?)", values)
    return name


def append(
    interview: str, number: int, event: Mapping[str, Any], score: Sequence[Any] | None, keeps_draft: bool
) -> None:
    """Store event `number` of an interview, and use up the draft or keep it. score: what `progress.add_score` takes.

    Raises Elsewhere where another process has stored an event of that number.
    """
    try:
        with _tables() as database:
            values = (interview, number, json.dumps(event, ensure_ascii=False))
            database.execute("INSERT INTO interview_events VALUES (?, ?, ?)", values)
            if not keeps_draft:
                database.execute("UPDATE interviews SET draft = '' WHERE id = ?", (interview,))
            if score is not None:
                progress.add_score(database, *score)
    except sqlite3.IntegrityError:
        raise Elsewhere(pick(ELSEWHERE)) from None


def keep_draft(interview: str, text: str) -> None:
    """Store the answer that is being written."""
    with _tables() as database:
        database.execute("UPDATE interviews SET draft = ? WHERE id = ?", (text, interview))


def interviews() -> list[dict[str, Any]]:
    """All interviews, oldest first: id, started, settings, state (open, done, left), draft, summary (None while open)."""
    with _tables() as database:
        rows = database.execute(f"SELECT {', '.join(COLUMNS)} FROM interviews ORDER BY started, id").fetchall()
    found = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    return [{**row, **{name: json.loads(row[name]) for name in ("settings", "summary")}} for row in found]


def events(interview: str) -> list[dict[str, Any]]:
    """The events of one interview, in order."""
    with _tables() as database:
        rows = database.execute("SELECT event FROM interview_events WHERE interview = ? ORDER BY number", (interview,))
        return [json.loads(row[0]) for row in rows]


def close(interview: str, state: str, summary: Mapping[str, Any]) -> None:
    """Mark an interview as held to its end (done) or left before it (left), and keep what the history shows of it."""
    with _tables() as database:
        values = (state, json.dumps(summary), interview)
        database.execute("UPDATE interviews SET state = ?, summary = ? WHERE id = ?", values)
