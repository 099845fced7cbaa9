"""What `metarec grade` writes: the report, and the journal beside it, from which a run that was stopped goes on."""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import re
import sqlite3
from dataclasses import asdict, dataclass, field
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import Any

from metarec_lib.workbook.core import content
from metarec_lib.workbook.exercises import question_manifest

from .grader import Settings

LONGEST_REMARK, LONGEST_CELL = 500, 32_000  # characters; a spreadsheet's cell takes 32,767
STARTS = "=+\\-@＝＋－＠"  # what a spreadsheet takes for a formula, at the start of a cell
LIBRARIES = ("torch", "numpy", "pytest", "scikit-learn")
DECIDE = ("core", "sandbox", "exercises", "grading")  # the rooms whose code decides points


@dataclass
class Row:
    """One student. functions: by question the outcome of each function, None where it could not be judged."""

    student: str
    functions: dict[str, list[dict[str, Any]] | None] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def graded(self) -> bool:
        return None not in self.functions.values()

    @property
    def points(self) -> float:
        return round(sum(item["points"] for found in self.functions.values() for item in found or []), 2)

    def add(self, stem: str, functions: list[dict[str, Any]]) -> None:
        """Take the outcome of a question; functions that share a reason share a remark."""
        self.functions[stem] = functions
        reasons: dict[str, list[str]] = {}
        for item in functions:
            if item["reason"]:
                reasons.setdefault(item["reason"], []).append(item["name"])
        self.remarks += [f"{stem[:3]} {', '.join(names)}: {reason}" for reason, names in reasons.items()]

    def leave(self, stem: str, reason: str) -> None:
        """The question could not be judged."""
        self.functions[stem] = None
        self.remarks.append(f"{stem[:3]} not graded: {reason}")


class Journal:
    """The outcomes so far, each under the hash of all that decides it. Raises ValueError where it cannot be read."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.database = sqlite3.connect(path, timeout=5.0, isolation_level=None)  # each statement is stored at once
        self._execute("CREATE TABLE IF NOT EXISTS outcomes (key TEXT PRIMARY KEY, functions TEXT NOT NULL)")

    def get(self, key: str) -> list[dict[str, Any]] | None:
        """What was found before."""
        found = self._execute("SELECT functions FROM outcomes WHERE key = ?", key)
        return json.loads(found[0][0]) if found else None

    def put(self, key: str, functions: list[dict[str, Any]]) -> None:
        """Keep an outcome."""
        self._execute("INSERT OR REPLACE INTO outcomes VALUES (?, ?)", key, json.dumps(functions))

    def _execute(self, statement: str, *values: str) -> list[Any]:
        try:
            return self.database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise ValueError(f"The journal {self.path} cannot be used ({error}); delete it to grade anew.") from None

    def close(self) -> None:
        """Close the file; it stays, for the next run."""
        self.database.close()


def key(stem: str, source: bytes, settings: Settings) -> str:
    """The hash of a submission's file and of all that decides its points: the cap leaves a question without any."""
    decisive = asdict(settings) | {"cap": None}
    return _hash(source, _rules(stem), json.dumps(decisive).encode())


@functools.cache
def _rules(stem: str) -> bytes:
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


def report_text(rows: list[Row], possible: dict[str, dict[str, float]], walls: list[str]) -> str:
    """The table. possible: by question, the points of each function. walls: those that are missing."""
    total = sum(sum(functions.values()) for functions in possible.values())
    heads = [
        head
        for stem, functions in possible.items()
        for head in (
            f"{stem[:3]} (of {sum(functions.values()):g})",
            *(f"{stem[:3]} {name} (of {points:g})" for name, points in functions.items()),
        )
    ]
    missing = "; ".join(walls) or "none"
    lines = [["student", "points", "possible", *heads, "remarks", "sandbox walls missing"]]
    for row in rows:
        points = f"{row.points:g}" if row.graded else ""
        lines.append([row.student, points, f"{total:g}", *_points(row, possible), _remarks(row), missing])
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([list(map(harmless, line)) for line in lines])
    return text.getvalue()


def _points(row: Row, possible: dict[str, dict[str, float]]) -> list[str]:
    cells: list[str] = []
    for stem, functions in possible.items():
        found = row.functions[stem]
        if found is None:
            cells += [""] * (1 + len(functions))
        else:
            by_name = {item["name"]: item["points"] for item in found}
            cells += [f"{round(points, 2):g}" for points in (sum(by_name.values()), *map(by_name.get, functions))]
    return cells


def _remarks(row: Row) -> str:
    return " | ".join(plain(remark, LONGEST_REMARK) for remark in row.remarks)[:LONGEST_CELL]


def plain(text: str, longest: int) -> str:
    """On one line, without control characters or broken text, not longer than that."""
    text = "".join(item if item.isprintable() else "�" for item in " ".join(text.split()))
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def harmless(cell: str) -> str:
    """A cell that no spreadsheet executes, also where it takes a semicolon for the end of a cell."""
    cell = re.sub(rf""";([\s"']*)(?=[{STARTS}])""", r";\1'", cell)
    return f"'{cell}" if re.match(rf"\s*[{STARTS}']", cell) else cell
