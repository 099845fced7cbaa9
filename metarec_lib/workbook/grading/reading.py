"""Which file of a submission is graded for a question, and as which text; or why there is none."""

from __future__ import annotations

import io
import os
import re
import tokenize
from collections.abc import Iterable, Iterator

from metarec_lib.workbook.core import pick
from metarec_lib.workbook.exercises import utf8_text

from .archives import LARGEST, LARGEST_ARCHIVE, Item, Linked, Unreadable, in_zip, items
from .handed_in import Place, Student

# q06_….py, Q6.py, "q06_… (1).py", anna_q06.py, q06_….py.txt; never test_q06_….py
FILE = re.compile(r"(?i)(?P<before>.*[\s_-])?q0?(?P<number>\d{1,2})(?!\d).*\.py(?:\.txt)?")
OF_THE_WORKBOOK = ("solutions", "mistakes", "source", "tests", "notebooks", "site-packages", "node_modules", "__MACOSX")
NOT_READ = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
MOST_FILES, MOST_ARCHIVES = 20, 5  # of one question, and inside one submission
BYTE_ORDER = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class Missing(Unreadable):
    """There is no file for the question, or an empty one: nothing was handed in for it."""


class Files:
    """The names in a submission, listed once. problem: why it cannot be listed, if so."""

    def __init__(self, student: Student) -> None:
        self.listed: list[Item] = []
        self.problem = ""
        self.archives = 0
        for place in student.places:
            try:
                self._list(place)
            except (Unreadable, FileNotFoundError) as problem:
                if isinstance(problem, FileNotFoundError):
                    problem = Unreadable(f"there is no {place.path.name}", f"没有 {place.path.name}")
                self.problem = str(problem)

    def _list(self, place: Place) -> None:
        if not os.path.lexists(place.path):
            raise FileNotFoundError
        alone = bool(place.member) or not place.path.is_dir() and place.path.suffix.casefold() != ".zip"
        for item in items(place.path, place.below):
            if not place.member or item.path == place.member:
                self._take(Item(place.named or item.path, item.read) if alone else item)

    def _take(self, item: Item) -> None:
        self.listed.append(item)
        if item.name.casefold().endswith(".zip") and self.archives < MOST_ARCHIVES and "__MACOSX" not in item.path:
            self.archives += 1
            try:
                for inner in in_zip(item.read(LARGEST_ARCHIVE)):
                    self.listed.append(Item(f"{item.path}/{inner.path}", inner.read))
            except Unreadable as problem:
                self.problem = self.problem or f"{item.path}: {problem}"

    def of(self, stem: str) -> Iterator[Item]:
        """The files that may be meant for a question, those of the plainest name first."""
        number = int(stem[1:3])
        found = [item for item in self.listed if (m := FILE.fullmatch(item.name)) and int(m["number"]) == number]
        found = [item for item in found if not _is_test(item.name) and not _is_ours(item.path)]
        return iter(sorted(found, key=lambda item: _plainness(item.path, stem))[:MOST_FILES])


def _is_test(name: str) -> bool:
    return name.casefold().startswith(("test_", "test-"))


def _is_ours(path: str) -> bool:
    folders = path.split("/")[:-1]
    return any(folder in OF_THE_WORKBOOK or (folder.startswith(".") and folder != "..") for folder in folders)


def _plainness(path: str, stem: str) -> tuple[bool, int, str]:
    """exercises/STEM.py and STEM.py first, then by depth."""
    return path not in (f"exercises/{stem}.py", f"{stem}.py"), path.count("/"), path


def read_exercise(files: Files, stem: str, functions: Iterable[str] = ()) -> tuple[bytes, str, str]:
    """The file of a question as UTF-8, its name, and a remark where that needs saying.

    Of several it is the one in which most of `functions` is written. Raises Missing or Unreadable with a plain reason,
    OSError where this machine is the cause.
    """
    found, problems, remarks = {}, [], {}
    for item in files.of(stem):
        try:
            found[item.path], remarks[item.path] = as_utf8(item.read(LARGEST), item.path)
        except Unreadable as problem:
            problems.append(problem)
    if not found:
        raise problems[0] if problems else _nothing(files, stem)
    names = list(functions)
    best = max(found, key=lambda shown: _fullness(found[shown].decode("utf-8", "replace"), names))
    said = [remarks[best]] if remarks[best] else []
    if len(set(found.values())) > 1:
        said.append(pick((
            f"there are {' and '.join(found)}, which differ: graded was {best}, the fuller one",
            f"有 {'、'.join(found)}，内容不同：评的是写得更全的 {best}",
        )))  # fmt: skip
    elif best not in (f"exercises/{stem}.py", f"{stem}.py"):
        said.append(pick((f"graded was {best}", f"评的是 {best}")))
    return found[best], best, "; ".join(said)


def as_utf8(raw: bytes, shown: str) -> tuple[bytes, str]:
    """The text of a file in UTF-8, and a remark where it was another. Raises Unreadable where it is no text, Missing
    where it is empty."""
    if not raw.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise Missing(f"{shown} is empty", f"{shown} 是空的")
    if encoding := BYTE_ORDER.get(raw[:2]):
        try:
            said = pick((f"{shown} was read as {encoding}", f"{shown} 按 {encoding} 读取"))
            return raw.decode(encoding).encode(), said
        except UnicodeDecodeError:
            pass
    try:
        utf8_text(raw)
    except ValueError as problem:
        otherwise = Unreadable(f"{shown} cannot be read: {problem}", f"{shown} 无法读取：{problem}")
        said = pick((f"{shown} was read as it declares itself", f"{shown} 按文件里声明的编码读取"))
        return _declared(raw, otherwise), said
    return raw, ""


def _declared(raw: bytes, otherwise: Unreadable) -> bytes:
    """The text by the encoding that its first lines name, as Python itself reads it."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = raw.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        raise otherwise from None
    return re.sub(r"coding[:=]\s*[-\w.]+", "coding: utf-8", text, count=1).encode()


def _nothing(files: Files, stem: str) -> Unreadable:
    if files.problem:
        return Unreadable(files.problem)
    exercises = [item for item in files.listed if item.path == "exercises"]
    if exercises:
        try:
            exercises[0].read(1)
            return Missing("exercises is not a folder", "exercises 不是文件夹")
        except Linked as problem:
            return problem
        except Unreadable:
            pass
    return _why_nothing(files, stem)


def _why_nothing(files: Files, stem: str) -> Missing:
    number, names = int(stem[1:3]), [item.path for item in files.listed]
    for path in names:
        match = FILE.fullmatch(path.rpartition("/")[2])
        if match and int(match["number"]) == number and _is_ours(path) and not _is_test(path.rpartition("/")[2]):
            return Missing(
                f"the only file for it is {path}, a place of the workbook's own: hand in exercises/{stem}.py",
                f"只找到 {path}，那是练习册自己的位置：请交 exercises/{stem}.py",
            )
    if packed := next((path for path in names if path.casefold().endswith(NOT_READ)), ""):
        return Missing(
            f"there is no file {stem}.py; {packed} is not read: hand in a folder or a .zip",
            f"没有文件 {stem}.py；{packed} 不支持：请交文件夹或 .zip",
        )
    if any(path.casefold().endswith(".ipynb") for path in names) and not any(
        FILE.fullmatch(i.name) for i in files.listed
    ):
        return Missing(
            f"there is a notebook and no file exercises/{stem}.py, which is what is graded",
            f"只有 notebook，没有用来评分的文件 exercises/{stem}.py",
        )
    if any(path == "exercises" or path.startswith("exercises/") for path in names):
        return Missing(f"there is no file exercises/{stem}.py", f"没有文件 exercises/{stem}.py")
    if any(FILE.fullmatch(item.name) for item in files.listed):
        return Missing(f"there is no file {stem}.py", f"没有文件 {stem}.py")
    return Missing(
        "there is no folder exercises/, and no file such as q06_….py",
        "没有 exercises/ 文件夹，也没有 q06_….py 这样的文件",
    )


def _fullness(text: str, functions: list[str]) -> tuple[int, int]:
    """How many functions are written in a file, then how many lines; by its text, for it may be no valid Python."""
    return sum(_is_written(text, name) for name in functions), len(text.split("\n"))


def _is_written(text: str, name: str) -> bool:
    starts = [found.end() for found in re.finditer(rf"^(?:async +)?def +{name}\b|^{name} *=", text, re.MULTILINE)]
    if not starts:
        return False
    body = re.split(r"^(?=[A-Za-z_@])", text[starts[-1] :], maxsplit=1, flags=re.MULTILINE)[0]
    return "raise NotImplementedError" not in body
