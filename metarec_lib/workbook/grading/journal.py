"""The outcomes so far, beside the report: a run that was stopped goes on from them, and what has not changed is not graded
anew. The lock beside it keeps two runs apart."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from metarec_lib.workbook.core import content, language
from metarec_lib.workbook.exercises import hidden_tests, question_manifest

from .grader import Settings

LIBRARIES = ("torch", "numpy", "pytest", "scikit-learn")
DECIDE = ("core", "sandbox", "exercises", "grading")  # the rooms whose code decides points


class Journal:
    """The outcomes so far, each under the hash of all that decides it. Raises ValueError where it cannot be read.

    times: seconds of each grading, by student and question, for `timing.csv`.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.lock = path, threading.Lock()
        self.database = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        self._execute("CREATE TABLE IF NOT EXISTS outcomes (key TEXT PRIMARY KEY, functions TEXT NOT NULL)")
        self._execute(
            "CREATE TABLE IF NOT EXISTS times (student TEXT, question TEXT, seconds REAL, ended TEXT, "
            "PRIMARY KEY (student, question))"
        )

    def get(self, key: str) -> list[dict[str, Any]] | None:
        """What was found before."""
        found = self._execute("SELECT functions FROM outcomes WHERE key = ?", key)
        return json.loads(found[0][0]) if found else None

    def put(self, key: str, functions: list[dict[str, Any]]) -> None:
        """Keep an outcome."""
        self._execute("INSERT OR REPLACE INTO outcomes VALUES (?, ?)", key, json.dumps(functions))

    def took(self, student: str, question: str, seconds: float, ended: str) -> None:
        """Keep how long a grading took, and when it ended."""
        self._execute("INSERT OR REPLACE INTO times VALUES (?, ?, ?, ?)", student, question, round(seconds, 3), ended)

    def times(self) -> list[tuple[str, str, float, str]]:
        """Student, question, seconds, when it ended."""
        return self._execute("SELECT * FROM times ORDER BY student, question")

    def _execute(self, statement: str, *values: Any) -> list[Any]:
        try:
            with self.lock:
                return self.database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise ValueError(f"The journal {self.path} cannot be used ({error}); delete it to grade anew.") from None

    def close(self) -> None:
        """Close the file; it stays, for the next run."""
        self.database.close()


def key(stem: str, source: bytes, settings: Settings, variant: int) -> str:
    """The hash of a submission's file and of all that decides its outcome: the cap leaves a question without any."""
    settled = {"way": settings.way, "seconds": settings.seconds, "variant": variant, "language": language()}
    hidden = hidden_tests(stem, Path(settings.hidden) if settings.hidden else None)
    return _hash(source, decisive(stem), hidden.read_bytes() if hidden else b"", json.dumps(settled).encode())


@functools.cache
def decisive(stem: str) -> bytes:
    """The manifest, tests, mistakes and solution of a question, our own code and the libraries below it."""
    tests = content("tests", "exercises")
    rooms = Path(__file__).resolve().parents[1]
    files = [
        tests / f"test_{stem}.py",
        tests / "mistakes" / f"{stem}.py",
        *(path for room in DECIDE for path in sorted((rooms / room).rglob("*.py"))),
    ]
    versions = [f"{name} {metadata.version(name)}" for name in LIBRARIES]
    parts = [json.dumps([stem, question_manifest(stem), versions]).encode()]
    return _hash(*parts, *(path.read_bytes() for path in files)).encode()


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a report's folder. Raises ValueError where another run holds it; it ends with its process."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "ab") as file:
        if not _locked(file.fileno()):
            raise ValueError(f"Another run writes to {folder}; wait for it, or give another folder by --out.")
        yield


def _locked(descriptor: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
