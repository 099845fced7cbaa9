"""What students handed in: the folders, and the one regular file a question that is read of each.

No link is followed and nothing but a regular file is opened, so that a submission shows no file but its own.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

LARGEST = 1 << 20  # bytes of one file
QUESTION = re.compile(r"q\d\d_.*\.py")
NOT_STUDENTS = ("__MACOSX", "__pycache__")
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Unreadable(Exception):
    """There is nothing to judge, for a reason that lies in the submission: no points for the question."""


@dataclass(frozen=True)
class Student:
    """One submission. name: that of the folder, printable, different for different folders."""

    name: str
    folder: Path


def students_in(place: Path) -> tuple[list[Student], list[str]]:
    """The submissions in a folder by name, and the entries that are none. The folder may be a submission itself.

    A submission has its files in `exercises/` or at its top. Raises ValueError where there is none.
    """
    if not place.is_dir():
        raise ValueError(f"Got {place}; expected a folder with one folder for each student, or one submission.")
    place = place.resolve()
    names = sorted(os.listdir(place), key=os.fsencode)
    if "exercises" in names or any(map(QUESTION.fullmatch, names)):
        return [Student(one_to_one(place.name), place)], []
    chosen = [name for name in names if _is_student(place / name)]
    if not chosen:
        raise ValueError(f"Got {place} without folders; expected one folder for each student, or one submission.")
    others = [one_to_one(name) for name in names if name not in chosen]
    return [Student(one_to_one(name), place / name) for name in chosen], others


def _is_student(path: Path) -> bool:
    """Whether it is a folder; a link to one counts, and gets no points."""
    return os.path.isdir(path) and not path.name.startswith(".") and path.name not in NOT_STUDENTS


def read_exercise(folder: Path, stem: str) -> bytes:
    """The file of a question. Raises Unreadable with a plain reason, OSError where this machine is the cause."""
    place = _exercises(folder)
    path = place / f"{stem}.py"
    shown = path.relative_to(folder).as_posix()
    mode = _mode(path)
    if mode is None:
        raise Unreadable(f"there is no file {shown}")
    _require(mode, stat.S_ISREG, shown, "a file")
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | NO_LINK)) as file:
        _require(os.fstat(file.fileno()).st_mode, stat.S_ISREG, shown, "a file")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Unreadable(f"{shown} is larger than {LARGEST >> 20} MB")
    return data


def _exercises(folder: Path) -> Path:
    """The folder with the files: as `check --work` takes it, files at the top before `exercises/`."""
    mode = _mode(folder)
    _require(mode or 0, stat.S_ISDIR, "the submission", "a folder")
    if any(map(QUESTION.fullmatch, os.listdir(folder))):
        return folder
    mode = _mode(folder / "exercises")
    if mode is None:
        raise Unreadable("there is no folder exercises/, and no file such as q06_….py")
    _require(mode, stat.S_ISDIR, "exercises", "a folder")
    return folder / "exercises"


def _mode(path: Path) -> int | None:
    """What stands there, a link as a link; None for nothing."""
    try:
        return os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _require(mode: int, expected: object, shown: str, what: str) -> None:
    if stat.S_ISLNK(mode):
        raise Unreadable(f"{shown} is a link, which is not followed; hand in {what} itself")
    if not expected(mode):
        raise Unreadable(f"{shown} is not {what}")


def one_to_one(name: str) -> str:
    """A name without control characters or broken text; different names stay different."""
    return "".join(
        item if item.isprintable() and item != "\\" else item.encode("unicode_escape").decode() for item in name
    )
