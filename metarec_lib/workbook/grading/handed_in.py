"""Who handed in, and where their files lie: folders, zips, the exports of Canvas and Moodle, clones, or a list."""

from __future__ import annotations

import csv
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from metarec_lib.workbook.core import MARK

from .archives import Unreadable, members

QUESTION = re.compile(r"q\d\d_.*\.py")
NO_STUDENTS = ("__MACOSX", "__pycache__")
OF_A_WORKSPACE = ("exercises", "notebooks")
# Canvas: surnamename_LATE_1234_5678_q06_….py; Moodle: a folder "Name Surname_1234_assignsubmission_file".
CANVAS = re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_\d+_(?P<file>.+)")
MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_[a-z]+.*")


@dataclass(frozen=True)
class Place:
    """One place that holds files of a student.

    below: a folder inside the zip `path`; member: the one file in it; named: what the student called that file.
    """

    path: Path
    below: str = ""
    member: str = ""
    named: str = ""


@dataclass(frozen=True)
class Student:
    """One submission. name: the student's id, printable, different for different students; full_name: as the LMS has it.

    late: whether the LMS marked it so; handed_in: when, as the list says.
    """

    name: str
    places: tuple[Place, ...]
    full_name: str = ""
    late: bool = False
    handed_in: str = ""


@dataclass(frozen=True)
class HandedIn:
    """The submissions of a place, by name. kind: `class` or `one`; left_out: what is there and is none of them."""

    kind: str
    students: list[Student]
    left_out: list[str] = field(default_factory=list)


def handed_in(place: Path, kind: str = "", ours: Iterable[Path] = (), pattern: str = "") -> HandedIn:
    """The submissions in a folder, a zip, or a list.

    place: a folder with a folder or a zip for each student, or with the files of an export; such a folder in a zip; one
    submission; or a CSV file with the columns student, path and perhaps handed_in. kind: `class` or `one`; by default
    what the place looks like. ours: files that are no submission. pattern: of the names, its group `id` (or the first)
    is the student's id. Raises ValueError where there is none, or where it may be both.
    """
    read = _id_reader(pattern)
    if place.is_file() and place.suffix.casefold() == ".csv":
        return _listed(place)
    if place.is_file() and place.suffix.casefold() == ".zip":
        names = _names_in_zip(place)
    elif place.is_dir():
        known = {path.resolve() for path in ours}
        place = _unwrapped(place.resolve(), known)
        names = {name: Place(place / name) for name in os.listdir(place) if place / name not in known}
    else:
        raise ValueError(f"Got {place}; expected a folder or zip with a folder for each student, or one submission.")
    names = dict(sorted(names.items(), key=lambda item: os.fsencode(item[0])))
    if (kind or _kind(place, names)) == "one":
        return HandedIn("one", [Student(one_to_one(_stem(place.name)), (Place(place),))])
    return _class(place, names, read)


def _class(place: Path, names: dict[str, Place], read: re.Pattern | None) -> HandedIn:
    by_id: dict[str, Student] = {}
    others = []
    for name, item in names.items():
        student = _student(name, item, read)
        if student is None:
            others += [] if _is_noise(item.path) else [one_to_one(name)]
        elif earlier := by_id.get(student.name):
            late = earlier.late or student.late
            by_id[student.name] = replace(earlier, places=earlier.places + student.places, late=late)
        else:
            by_id[student.name] = student
    if not by_id:
        raise ValueError(
            f"Got {place} without folders; expected one folder or zip for each student, or one submission."
        )
    return HandedIn("class", sorted(by_id.values(), key=lambda student: os.fsencode(student.name)), others)


def _student(name: str, item: Place, read: re.Pattern | None) -> Student | None:
    """The student that a name belongs to; None where it is no submission."""
    is_folder = _is_folder(item, name)
    is_zip = not is_folder and name.casefold().endswith(".zip")
    canvas = CANVAS.fullmatch(name) if not is_folder else None
    stem = _stem(name) if is_zip else name
    if read is not None:
        found = read.search(stem)
        if not found:
            return None
        known = found.groupdict().get("id") or found.group(1 if found.re.groups else 0)
        return Student(one_to_one(known), (item,))
    if canvas:
        return Student(canvas["id"], (replace(item, named=canvas["file"]),), canvas["name"], bool(canvas["late"]))
    if not is_folder and not is_zip:
        return None
    if moodle := MOODLE.fullmatch(stem):
        return Student(moodle["id"], (item,), one_to_one(moodle["name"]))
    return Student(one_to_one(stem), (item,))


def _id_reader(pattern: str) -> re.Pattern | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error as error:
        raise ValueError(
            f"Got the pattern {pattern!r} for ids ({error}); expected one such as '(?P<id>s\\d+)'."
        ) from None


def _names_in_zip(path: Path) -> dict[str, Place]:
    """The names at the top of a zip; a single folder around them all is left out."""
    try:
        found = [member.filename for member in members(path)]
    except Unreadable as problem:
        raise ValueError(f"Got {path}: {problem}; expected a zip, or the folder that it holds.") from None
    prefix = _wrapper(found)
    tops = _tops(found, prefix) - set(NO_STUDENTS)
    folders = {name[len(prefix) :].partition("/")[0] for name in found if "/" in name[len(prefix) :]}
    return {
        name: Place(path, f"{prefix}{name}/") if name in folders else Place(path, prefix, name, name) for name in tops
    }


def _tops(found: list[str], prefix: str) -> set[str]:
    """The names at the top of a folder of a zip."""
    return {name[len(prefix) :].partition("/")[0] for name in found if name.startswith(prefix) and name != prefix}


def _wrapper(found: list[str]) -> str:
    """The folder around all folders of a zip, empty where there is none; the folder of one student is none."""
    prefix = ""
    while len(tops := _tops(found, prefix) - set(NO_STUDENTS)) == 1:
        inside = f"{prefix}{tops.pop()}/"
        below = _tops(found, inside) - set(NO_STUDENTS)
        if len(below) < 2 or "exercises" in below or any(map(QUESTION.fullmatch, below)):
            break
        prefix = inside
    return prefix


def _listed(path: Path) -> HandedIn:
    """The submissions of a CSV file; its paths are relative to it."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except UnicodeDecodeError:
        raise ValueError(f"Got the list {path}, which is not in UTF-8; save it as `CSV UTF-8`.") from None
    if not rows or not {"student", "path"} <= set(rows[0]):
        raise ValueError(
            f"Got the list {path}; expected a CSV file with the columns student, path and, if known, handed_in, "
            "and commas between them."
        )
    found: dict[str, Student] = {}
    for row in rows:
        name, place = (
            one_to_one((row["student"] or "").strip()),
            (Place((path.parent / (row["path"] or "")).absolute()),),
        )
        known = found.get(name, Student(name, (), (row.get("name") or "").strip()))
        found[name] = replace(known, places=known.places + place, handed_in=(row.get("handed_in") or "").strip())
    return HandedIn("class", sorted(found.values(), key=lambda student: os.fsencode(student.name)))


def _unwrapped(place: Path, known: set[Path]) -> Path:
    """The folder itself, or the one folder in it that holds those of several students."""
    names = [name for name in _names(place) if place / name not in known and not _is_noise(place / name)]
    if len(names) != 1 or not _is_student(place / names[0]) or is_link(place / names[0]):
        return place
    inner = place / names[0]
    holding = [name for name in _names(inner) if name not in OF_A_WORKSPACE and _is_submission(inner / name)]
    return inner if len(holding) > 1 and not _holds_exercises(inner) else place


def _is_submission(path: Path) -> bool:
    return bool(MOODLE.fullmatch(path.name)) or path.suffix.casefold() == ".zip" or _holds_exercises(path)


def _kind(place: Path, names: dict[str, Place]) -> str:
    """Whether a place is a class or one submission. Raises ValueError where it looks like both."""
    own = [name for name in names if QUESTION.fullmatch(name) or name == "exercises"]
    folders = [name for name, item in names.items() if _is_folder(item, name) and name not in OF_A_WORKSPACE]
    folders += [name for name in names if name.casefold().endswith(".zip")]
    if not own:
        return "class"
    if not folders or MARK in names:
        return "one"
    if any(name.casefold().endswith(".zip") or _holds_exercises(place / name) for name in folders):
        return "class"
    raise ValueError(
        f"Got {place} with {one_to_one(own[0])} beside folders without exercise files, such as "
        f"{one_to_one(folders[0])}: is it a class, or one submission? Say so by --class or --one."
    )


def _is_folder(item: Place, name: str) -> bool:
    """Whether it is the folder of a student, on the disk or in a zip."""
    in_zip = bool(item.below or item.member)
    return (not item.member and name not in (*NO_STUDENTS, "exercises")) if in_zip else _is_student(item.path)


def _is_student(path: Path) -> bool:
    """Whether it is the folder of a student; a link to one counts, and is not graded."""
    return os.path.isdir(path) and path.name != "exercises" and not _is_noise(path)


def _is_noise(path: Path) -> bool:
    """Whether a system or a tool made it; not where it holds exercises, whatever its name."""
    return (path.name.startswith(".") or path.name in NO_STUDENTS) and not _holds_exercises(path)


def _holds_exercises(folder: Path) -> bool:
    """Whether a folder that is no link has files named after questions, at its top or in `exercises/`."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    inner = folder / "exercises"
    names = _names(folder) + (_names(inner) if not inner.is_symlink() else [])
    return any(map(QUESTION.fullmatch, names))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _stem(name: str) -> str:
    return name[:-4] if name.casefold().endswith(".zip") else name


def is_link(path: Path) -> bool:
    """Whether a link stands there, broken or not."""
    try:
        return stat.S_ISLNK(os.lstat(path).st_mode)
    except OSError:
        return False


def one_to_one(name: str) -> str:
    """A name without control characters or broken text; different names stay different."""
    return "".join(
        item if item.isprintable() and item != "\\" else item.encode("unicode_escape").decode() for item in name
    )
