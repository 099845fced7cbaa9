"""What the learner has done: attempts and hints, in one SQLite file under METAREC_HOME.

Nothing here stops a check: where the file cannot be written, the functions say so in one line and go on.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
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
"""
_hints_here: dict[tuple[str, str], int] = {}  # of this process, where the file cannot be written


def path() -> Path:
    """The file; it may not exist yet."""
    from metarec_lib.data.paths import home

    return home() / "progress.sqlite"


def record_attempts(question: str, file: Path, rows: Iterable[tuple[str, str, float, float]]) -> str:
    """Store (function, status, points, possible points) of one check of a file. Returns a warning, or an empty text."""
    now, rows, found = datetime.now(UTC).isoformat(timespec="seconds"), list(rows), _hash(file)
    try:
        with _writing() as database:
            values = [(now, question, *row) for row in rows]
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
        with _writing() as database:
            query = "SELECT function, status FROM file_status WHERE file = ? AND hash = ?"
            return dict(database.execute(query, (str(file), _hash(file))))
    except (OSError, sqlite3.Error):
        return {}  # nothing is known; the tests will say


def last_status(file: Path) -> dict[str, str]:
    """The status of each function at the last check of the file, whatever was changed in it since."""
    if not path().is_file():
        return {}
    try:
        with _writing() as database:
            return dict(database.execute("SELECT function, status FROM file_status WHERE file = ?", (str(file),)))
    except (OSError, sqlite3.Error):
        return {}


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def next_hint(file: Path, function: str, hints: int) -> tuple[int, str]:
    """How many hints were given for a file before, at most `hints`, and count one more. Second: a warning, or empty."""
    key = (str(file), function)
    try:
        with _writing() as database:
            found = database.execute("SELECT given FROM file_hints WHERE file = ? AND function = ?", key).fetchone()
            given = max(found[0] if found else 0, _hints_here.get(key, 0))
            database.execute("INSERT OR REPLACE INTO file_hints VALUES (?, ?, ?)", (*key, min(given + 1, hints)))
        warning = ""
    except (OSError, sqlite3.Error) as error:
        given, warning = _hints_here.get(key, 0), _warning(error)
        _hints_here[key] = min(given + 1, hints)
    return min(given, hints), warning


def attempts(question: str | None = None) -> list[dict[str, Any]]:
    """The stored attempts, oldest first; of one question, or all."""
    if not path().is_file():
        return []
    with closing(sqlite3.connect(path(), timeout=5.0)) as database:
        database.row_factory = sqlite3.Row
        where, values = ("WHERE question = ?", (question,)) if question else ("", ())
        return [dict(row) for row in database.execute(f"SELECT * FROM attempts {where} ORDER BY id", values)]


@contextmanager
def _writing() -> Iterator[sqlite3.Connection]:
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
