"""What students handed in: the folders, and the one regular file a question that is read of each.

No link is followed and nothing but a regular file is opened, so that a submission shows no file but its own.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from metarec_lib.workbook.core import MARK

LARGEST = 1 << 20  # bytes of one file
QUESTION = re.compile(r"q\d\d_.*\.py")
NO_STUDENTS = ("__MACOSX", "__pycache__")
OF_A_WORKSPACE = ("exercises", "notebooks")
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Unreadable(Exception):
    """There is nothing to judge, for a reason that lies in the submission: no points for the question."""


@dataclass(frozen=True)
class Student:
    """One submission. name: that of the folder, printable, different for different folders."""

    name: str
    folder: Path


@dataclass(frozen=True)
class HandedIn:
    """The submissions of a place, by name. kind: `class` or `one`; left_out: what is there and is none of them."""

    kind: str
    students: list[Student]
    left_out: list[str]


def handed_in(place: Path, kind: str = "", ours: Iterable[Path] = ()) -> HandedIn:
    """The submissions in a folder: a class, with a folder for each student, or one submission.

    A submission has its files in `exercises/` or at its top. kind: `class` or `one`; by default what the folder looks
    like. ours: files that are no submission. Raises ValueError where there is none, or where it may be both.
    """
    if not place.is_dir():
        raise ValueError(f"Got {place}; expected a folder with one folder for each student, or one submission.")
    place = place.resolve()
    known = {path.resolve() for path in ours}
    names = sorted((name for name in os.listdir(place) if place / name not in known), key=os.fsencode)
    if (kind or _kind(place, names)) == "one":
        return HandedIn("one", [Student(one_to_one(place.name), place)], [])
    chosen = [name for name in names if _is_student(place / name)]
    if not chosen:
        raise ValueError(f"Got {place} without folders; expected one folder for each student, or one submission.")
    others = [one_to_one(name) for name in names if name not in chosen and not _is_noise(place / name)]
    return HandedIn("class", [Student(one_to_one(name), place / name) for name in chosen], others)


def _kind(place: Path, names: list[str]) -> str:
    """Whether a folder is a class or one submission. Raises ValueError where it looks like both."""
    own = [name for name in names if QUESTION.fullmatch(name) or name == "exercises"]
    folders = [name for name in names if _is_student(place / name) and name not in OF_A_WORKSPACE]
    if not own:
        return "class"
    if not folders or MARK in names:
        return "one"
    if any(_holds_exercises(place / name) for name in folders):
        return "class"
    raise ValueError(
        f"Got {place} with {one_to_one(own[0])} beside folders without exercise files, such as "
        f"{one_to_one(folders[0])}: is it a class, or one submission? Say so by --class or --one."
    )


def _is_student(path: Path) -> bool:
    """Whether it is the folder of a student; a link to one counts, and gets no points."""
    return os.path.isdir(path) and path.name != "exercises" and not _is_noise(path)


def _is_noise(path: Path) -> bool:
    """Whether a system or a tool made it; not where it holds exercises, whatever its name."""
    return (path.name.startswith(".") or path.name in NO_STUDENTS) and not _holds_exercises(path)


def _holds_exercises(folder: Path) -> bool:
    """Whether a folder that is no link has files named after questions, at its top or in `exercises/`."""
    if not stat.S_ISDIR(_mode(folder) or 0):
        return False
    inner = folder / "exercises"
    names = _names(folder) + (_names(inner) if not inner.is_symlink() else [])
    return any(map(QUESTION.fullmatch, names))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def read_exercise(folder: Path, stem: str, functions: Iterable[str] = ()) -> tuple[bytes, str]:
    """The file of a question, and a remark where there are several: the one in which most of `functions` is written.

    Raises Unreadable with a plain reason, OSError where this machine is the cause.
    """
    _require(_mode(folder) or 0, stat.S_ISDIR, "the submission", "a folder")
    found, problems = {}, []
    for shown in (f"exercises/{stem}.py", f"{stem}.py"):
        try:
            if (data := _read(folder, shown)) is not None:
                found[shown] = data
        except Unreadable as problem:
            problems.append(problem)
    if not found:
        raise problems[0] if problems else Unreadable(_nothing(folder, stem))
    names = list(functions)
    best = max(found, key=lambda shown: _fullness(found[shown].decode("utf-8", "replace"), names))
    if len(set(found.values())) == 1:
        return found[best], ""
    return found[best], f"there are {' and '.join(found)}, which differ: graded was {best}, the fuller one"


def _read(folder: Path, shown: str) -> bytes | None:
    """A regular file of the submission; None where there is none of that name."""
    path = folder / shown
    if path.parent != folder and (above := _mode(path.parent)) is not None:
        _require(above, stat.S_ISDIR, path.parent.name, "a folder")
    mode = _mode(path)
    if mode is None:
        return None
    _require(mode, stat.S_ISREG, shown, "a file")
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | NO_LINK)) as file:
        _require(os.fstat(file.fileno()).st_mode, stat.S_ISREG, shown, "a file")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Unreadable(f"{shown} is larger than {LARGEST >> 20} MB")
    return data


def _nothing(folder: Path, stem: str) -> str:
    if _mode(folder / "exercises") is not None:
        return f"there is no file exercises/{stem}.py"
    if any(map(QUESTION.fullmatch, _names(folder))):
        return f"there is no file {stem}.py"
    return "there is no folder exercises/, and no file such as q06_….py"


def _fullness(text: str, functions: list[str]) -> tuple[int, int]:
    """How many functions are written in a file, then how many lines; by its text, for it may be no valid Python."""
    return sum(_is_written(text, name) for name in functions), len(text.split("\n"))


def _is_written(text: str, name: str) -> bool:
    starts = [found.end() for found in re.finditer(rf"^(?:async +)?def +{name}\b|^{name} *=", text, re.MULTILINE)]
    if not starts:
        return False
    body = re.split(r"^(?=[A-Za-z_@])", text[starts[-1] :], maxsplit=1, flags=re.MULTILINE)[0]
    return "raise NotImplementedError" not in body


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
