"""The teacher's settings of a course, one small TOML file: weights, late rules, what counts for nothing handed in.

name = "Recommenders, autumn"
scale = 100                # the final grade of who has every point
missing = "blank"          # or "zero": what a question counts that was not handed in
key = "…"                  # the secret that each student's own data come from; better in METAREC_COURSE_KEY

[weights]                  # by question; 1 where none stands here
q06 = 2

[late]
deadline = 2026-11-02T23:59:00+01:00
grace = 15                 # minutes
per_day = 10               # percent, for each day begun
at_most = 50               # percent
unknown = 10               # percent, where the LMS says "late" and not how late
"""

from __future__ import annotations

import hashlib
import hmac
import math
import os
import secrets
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from metarec_lib.data.paths import atomic_write
from metarec_lib.workbook.core import pick, resolve

KEY, SHORTEST_KEY = "METAREC_COURSE_KEY", 16
LATE = {"grace": 0.0, "per_day": 0.0, "at_most": 100.0, "unknown": 0.0}


@dataclass(frozen=True)
class Course:
    """The settings of a course. scale: None where the final grade is the sum of the points. late: percents, minutes."""

    name: str = ""
    scale: float | None = None
    missing: str = "blank"
    key: str = ""
    weights: dict[str, float] = field(default_factory=dict)
    deadline: datetime | None = None
    late: dict[str, float] = field(default_factory=lambda: dict(LATE))

    def final(self, points: dict[str, float], possible: dict[str, float], percent_off: float) -> float:
        """The grade of one student: a weighted share of all points on the scale, less what being late costs."""
        if self.scale is None and not self.weights:
            found = sum(points.values())
        else:
            weights = {stem: self.weights.get(stem[:3], 1.0) for stem in possible}
            share = sum(weights[stem] * points[stem] / possible[stem] for stem in points) / sum(weights.values())
            found = share * (100.0 if self.scale is None else self.scale)
        return round(found * (1 - percent_off / 100), 2)

    def best(self, possible: dict[str, float]) -> float:
        """The grade of who has every point."""
        return self.final(possible, possible, 0.0)

    def lateness(self, handed_in: str, marked: bool) -> tuple[float, str]:
        """The percent that being late costs, and what is to be said. Raises ValueError for a time that cannot be read."""
        if handed_in and self.deadline:
            return self._by_time(_time(handed_in))
        if marked:
            off = self.late["unknown"]
            return off, pick((f"late, as the LMS says: {off:g} % off", f"教务系统记为迟交：扣 {off:g}%"))
        return 0.0, ""

    def _by_time(self, handed_in: datetime) -> tuple[float, str]:
        seconds = (handed_in - self.deadline).total_seconds()
        if seconds <= self.late["grace"] * 60:
            return 0.0, ""
        days = math.ceil(seconds / 86_400)
        off = min(days * self.late["per_day"], self.late["at_most"])
        hours = f"{seconds / 3600:.1f}"
        return off, pick((f"{hours} hours late: {off:g} % off", f"迟交 {hours} 小时：扣 {off:g}%"))


def read_course(path: str | Path | None) -> Course:
    """The settings in a file; the defaults without one. Raises ValueError that names the place and what is wrong."""
    if not path:
        return Course(key=os.environ.get(KEY, ""))
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file ({error})") from None
    try:
        return _course(found)
    except ValueError as problem:
        raise ValueError(f"{path}: {problem}") from None


def _course(found: dict[str, Any]) -> Course:
    late = dict(found.pop("late", {}))
    weights = {resolve(name).key: _number(f"weights.{name}", value) for name, value in found.pop("weights", {}).items()}
    deadline = late.pop("deadline", None)
    _require_known(found, ("name", "scale", "missing", "key"), "")
    _require_known(late, tuple(LATE), "late.")
    if found.get("missing", "blank") not in ("blank", "zero"):
        raise ValueError(f"missing: got {found['missing']!r}, expected 'blank' or 'zero'")
    if deadline is not None and (not isinstance(deadline, datetime) or deadline.tzinfo is None):
        raise ValueError(f"late.deadline: got {deadline!s}, expected a time with its zone: 2026-11-02T23:59:00+01:00")
    if weights and not any(weights.values()):
        raise ValueError("weights: got zeros alone; expected one above 0")
    return Course(
        str(found.get("name", "")), _number("scale", found["scale"]) if "scale" in found else None,
        found.get("missing", "blank"), os.environ.get(KEY) or str(found.get("key", "")), weights, deadline,
        LATE | {name: _number(f"late.{name}", value) for name, value in late.items()},
    )  # fmt: skip


def _require_known(found: dict[str, Any], names: tuple[str, ...], where: str) -> None:
    if unknown := sorted(set(found) - set(names)):
        raise ValueError(f"got {where}{unknown[0]}; expected one of: {', '.join(where + name for name in names)}")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{name}: got {value!r}, expected a number of at least 0")
    return float(value)


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError(f"handed_in: got {text!r}, expected a time with its zone, such as 2026-11-02T23:59:00+01:00")
    return found


def course_key(course: Course, folder: Path) -> bytes:
    """The secret of a course: as given, else the one kept in the report's folder, drawn at the first run."""
    if course.key:
        if len(course.key) < SHORTEST_KEY:
            raise ValueError(f"Got a course key of {len(course.key)} characters; expected {SHORTEST_KEY} or more.")
        return course.key.encode()
    path = folder / "course.key"
    if not path.is_file():
        atomic_write(path, secrets.token_hex(16) + "\n")
        path.chmod(0o600)
    return path.read_text(encoding="utf-8").strip().encode()


def variant(key: bytes, student: str, stem: str) -> int:
    """The seed of a student's own random data in the tests of a question: from 1 to 2³¹, by HMAC-SHA256."""
    digest = hmac.new(key, f"{student}\0{stem[:3]}".encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return 1 + int.from_bytes(digest[:4]) % ((1 << 31) - 1)
