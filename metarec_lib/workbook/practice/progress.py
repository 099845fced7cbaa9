"""What the learner has done: attempts, hints, lessons read, cards, interviews; one SQLite file under METAREC_HOME.

Nothing here stops a check: where the file cannot be written, the functions that store say so in one line and go on.
Times are UTC, as text that sorts (ISO 8601). A row is written whole or not at all, whichever process is killed; two
processes at once wait for each other.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from metarec_lib.workbook.core import pick

TABLES = """
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, question TEXT NOT NULL, function TEXT NOT NULL,
    status TEXT NOT NULL, points REAL NOT NULL, possible REAL NOT NULL);
CREATE TABLE IF NOT EXISTS file_hints (
    file TEXT NOT NULL, function TEXT NOT NULL, given INTEGER NOT NULL, PRIMARY KEY (file, function));
CREATE TABLE IF NOT EXISTS file_status (
    file TEXT NOT NULL, function TEXT NOT NULL, hash TEXT NOT NULL, status TEXT NOT NULL,
    PRIMARY KEY (file, function));
CREATE TABLE IF NOT EXISTS lessons_read (question TEXT PRIMARY KEY, time TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS card_reviews (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, card TEXT NOT NULL, rating INTEGER NOT NULL, front TEXT NOT NULL,
    due TEXT NOT NULL, state INTEGER NOT NULL, step INTEGER, stability REAL NOT NULL, difficulty REAL NOT NULL);
CREATE INDEX IF NOT EXISTS reviews_of_a_card ON card_reviews (card, id);
CREATE TABLE IF NOT EXISTS interview_scores (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, question TEXT NOT NULL, points REAL NOT NULL, possible REAL NOT NULL,
    missed TEXT NOT NULL);
"""
_hints_here: dict[tuple[str, str], int] = {}  # of this process, where the file cannot be written


def path() -> Path:
    """The file; it may not exist yet."""
    from metarec_lib.data.paths import home

    return home() / "progress.sqlite"


def record_attempts(question: str, file: Path, rows: Iterable[tuple[str, str, float, float]]) -> str:
    """Store (function, status, points, possible points) of one check of a file. Returns a warning, or an empty text."""
    rows, found = list(rows), _hash(file)
    try:
        with transaction() as database:
            values = [(now(), question, *row) for row in rows]
            database.executemany(
                "INSERT INTO attempts (time, question, function, status, points, possible) VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
            known = [(str(file), name, found, status) for name, status, _, _ in rows]
            database.executemany("INSERT OR REPLACE INTO file_status VALUES (?, ?, ?, ?)", known)
    except (OSError, sqlite3.Error) as error:
        return _warning(error)
    return ""


def known_status(file: Path) -> dict[str, str]:
    """The status of each function at the last check of this very text of the file."""
    if not path().is_file():
        return {}
    try:
        with transaction() as database:
            query = "SELECT function, status FROM file_status WHERE file = ? AND hash = ?"
            return dict(database.execute(query, (str(file), _hash(file))))
    except (OSError, sqlite3.Error):
        return {}  # nothing is known; the tests will say


def last_status(file: Path) -> dict[str, str]:
    """The status of each function at the last check of the file, whatever was changed in it since."""
    if not path().is_file():
        return {}
    try:
        with transaction() as database:
            return dict(database.execute("SELECT function, status FROM file_status WHERE file = ?", (str(file),)))
    except (OSError, sqlite3.Error):
        return {}


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def next_hint(file: Path, function: str, hints: int) -> tuple[int, str]:
    """How many hints were given for a file before, at most `hints`, and count one more. Second: a warning, or empty."""
    key = (str(file), function)
    try:
        with transaction() as database:
            found = database.execute("SELECT given FROM file_hints WHERE file = ? AND function = ?", key).fetchone()
            given = max(found[0] if found else 0, _hints_here.get(key, 0))
            database.execute("INSERT OR REPLACE INTO file_hints VALUES (?, ?, ?)", (*key, min(given + 1, hints)))
        warning = ""
    except (OSError, sqlite3.Error) as error:
        given, warning = _hints_here.get(key, 0), _warning(error)
        _hints_here[key] = min(given + 1, hints)
    return min(given, hints), warning


def mark_read(question: str) -> str:
    """Note that a lesson was run to its end, the first time. Returns a warning, or an empty text."""
    return _stored("INSERT OR IGNORE INTO lessons_read VALUES (?, ?)", (question, now()))


def record_score(question: str, points: float, possible: float, missed: Sequence[int]) -> str:
    """Store what an interview gave for one question, as `add_score` does. Returns a warning, or an empty text."""
    try:
        with transaction() as database:
            add_score(database, question, points, possible, missed)
    except (OSError, sqlite3.Error) as error:
        return _warning(error)
    return ""


def add_score(
    database: sqlite3.Connection, question: str, points: float, possible: float, missed: Sequence[int]
) -> None:
    """Store a score in a transaction that holds more. missed: positions in the lesson's rubric, from 0, not met."""
    query = "INSERT INTO interview_scores (time, question, points, possible, missed) VALUES (?, ?, ?, ?, ?)"
    database.execute(query, (now(), question, points, possible, json.dumps([int(place) for place in missed])))


def _stored(query: str, values: Sequence[Any]) -> str:
    try:
        with transaction() as database:
            database.execute(query, values)
    except (OSError, sqlite3.Error) as error:
        return _warning(error)
    return ""


def attempts(question: str | None = None) -> list[dict[str, Any]]:
    """The stored attempts, oldest first; of one question, or all."""
    where, values = ("WHERE question = ?", (question,)) if question else ("", ())
    return rows(f"SELECT * FROM attempts {where} ORDER BY id", values)


def scores() -> list[dict[str, Any]]:
    """What interviews gave, oldest first; `missed` as a list of positions in the rubric."""
    found = rows("SELECT time, question, points, possible, missed FROM interview_scores ORDER BY id")
    return [{**row, "missed": json.loads(row["missed"])} for row in found]


def lessons_read() -> dict[str, str]:
    """When each lesson was first run to its end."""
    return {row["question"]: row["time"] for row in rows("SELECT question, time FROM lessons_read")}


def rows(query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """What a query finds; nothing where there is no file yet. Raises OSError, with what to do, for a damaged file."""
    if not path().is_file():
        return []
    try:
        with transaction() as database:
            found = database.execute(query, values)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]
    except sqlite3.Error as error:
        raise OSError(pick((
            f"Your progress cannot be read ({error}): {path()}. Expected a database that no other program holds. "
            "Try again; if it stays so, move the file away: a new one is begun.",
            f"学习进度读不出来（{error}）：{path()}。它应是一个没被别的程序占用的数据库。"
            "请再试一次；还不行，就把这个文件移走，会新建一个。",
        ))) from error  # fmt: skip


def now() -> str:
    """This moment, UTC, to the microsecond, so that what follows sorts behind."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    """One transaction: another process waits up to 5 s, and sees all of it or nothing."""
    path().parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path(), timeout=5.0, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            for statement in TABLES.split(";"):
                database.execute(statement)
            yield database
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise


def _warning(error: Exception) -> str:
    return pick((
        f"This was not stored in your progress ({error}); the result stands.",
        f"这次没有记入你的学习进度（{error}）；结果本身有效。",
    ))  # fmt: skip
