"""The files of a report. All but the journal, the key and `timing.csv` follow from the results alone, to the byte."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from metarec_lib.data.paths import atomic_write
from metarec_lib.workbook.core import Language, content
from metarec_lib.workbook.exercises import plain_text, stub_text

from . import exports, pages, similar, tables
from .items import item_table
from .results import validate

STUDENTS = "students"
TIMING = "timing.csv"
DEVICE = re.compile(r"(?i)con|prn|aux|nul|com\d|lpt\d")  # names that Windows keeps for itself


def write_report(out: Path, grades: dict[str, Any], sources: dict[str, dict[str, str]], times: Iterable[tuple]) -> None:
    """Write every file, each whole or not at all; what belongs to students who are gone is removed.

    sources: by student and question, the graded text.
    """
    validate(grades)
    for part in out.rglob(".*.part"):
        part.unlink(missing_ok=True)  # of a run that was killed while it wrote
    folders = folder_names([row["student"] for row in grades["students"]])
    for name, text in _files(grades, sources, folders).items():
        _write(out / name, text)
    _write(out / TIMING, tables.timing(times).encode())
    kept = set(folders.values())
    for old in (out / STUDENTS).iterdir() if (out / STUDENTS).is_dir() else ():
        if old.name not in kept and not old.is_symlink() and old.is_dir():
            shutil.rmtree(old)


def _files(grades: dict[str, Any], sources: dict[str, dict[str, str]], folders: dict[str, str]) -> dict[str, bytes]:
    """Every file by name. The mark at the start of a table tells a spreadsheet that it is UTF-8."""
    pairs = _pairs(grades, sources)
    files = {
        "grades.json": json.dumps(grades, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
        "junit.xml": exports.junit(grades), "summary.md": exports.summary(grades),
        "index.html": pages.teacher(grades, item_table(grades), pairs, sources, folders, _given(grades)),
    }  # fmt: skip
    for row in grades["students"]:
        place = f"{STUDENTS}/{folders[row['student']]}"
        files[f"{place}/feedback.html"] = pages.feedback(row, grades)
        files[f"{place}/gradescope/results.json"] = exports.gradescope(row)
        files[f"{place}/classroom50/result.json"] = exports.classroom50(row, grades)
    marked = {
        "gradebook.csv": tables.gradebook(grades),
        "canvas.csv": tables.canvas(grades),
        "moodle.csv": tables.moodle(grades),
    }
    encoded = {name: text.encode("utf-8", "replace") for name, text in files.items()}
    return encoded | {name: text.encode("utf-8-sig", "replace") for name, text in marked.items()}


def _pairs(grades: dict[str, Any], sources: dict[str, dict[str, str]]) -> dict[str, list[dict[str, Any]]]:
    """Pairs of submissions that are alike, by question."""
    found = {}
    for item in grades["questions"]:
        texts = {name: texts[item["question"]] for name, texts in sources.items() if item["question"] in texts}
        if len(texts) > 1:
            known = plain_text(content("solutions", f"{item['stem']}.py"))
            found[item["question"]] = similar.pairs(texts, [known])
    return found


def _given(grades: dict[str, Any]) -> dict[str, str]:
    """By question, the stub in both languages."""
    languages: tuple[Language, ...] = ("en", "zh")
    return {
        item["question"]: "\n".join(
            stub_text(content("solutions", f"{item['stem']}.py"), lang=lang) for lang in languages
        )
        for item in grades["questions"]
    }


def _write(path: Path, text: bytes) -> None:
    """Nothing is written where the same stands already."""
    if not path.is_file() or path.read_bytes() != text:
        atomic_write(path, text)


def folder_names(students: list[str]) -> dict[str, str]:
    """A name for each student's folder that every file system takes, different for different students."""
    plain = {name: re.sub(r"[^\w -]+", "_", name).strip(" .")[:60] for name in students}
    counted: dict[str, int] = {}
    for name in plain.values():
        counted[name.casefold()] = counted.get(name.casefold(), 0) + 1
    taken = {name for name, short in plain.items() if counted[short.casefold()] > 1 or DEVICE.fullmatch(short)}
    return {
        name: short if short == name and name and name not in taken else f"{short}-{_mark(name)}"
        for name, short in plain.items()
    }


def _mark(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
