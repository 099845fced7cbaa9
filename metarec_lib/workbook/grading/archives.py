"""The files of a submission, wherever they lie: in a folder or in a zip, never unpacked and never followed by a link.

Nothing is written: a member of a zip is read into memory up to a bound, so that `..`, absolute names, links and zip
bombs have nothing to act on.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from metarec_lib.workbook.core import pick

LARGEST = 1 << 20  # bytes of one file
LARGEST_ARCHIVE = 64 << 20  # bytes of a zip inside a submission
MOST = 20_000  # files of one submission
MOST_DIRECTORY = 4 << 20  # bytes of a zip's own table of contents
DEEPEST = 8  # folders above a file
OF_TOOLS = (".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages")  # folders that are not looked into
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # the others inflate without a bound in one step
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
END, END_64 = b"PK\x05\x06", b"PK\x06\x07"


class Unreadable(Exception):
    """There is nothing to judge, for a reason that lies in the submission, said in English and in Chinese."""

    def __init__(self, said: str, zh: str = "") -> None:
        super().__init__(pick((said, zh)) if zh else said)


class Linked(Unreadable):
    """A link stands there, which is not followed."""


@dataclass(frozen=True)
class Item:
    """One name in a submission, with `/` between its folders. read: its bytes, at most so many; raises Unreadable."""

    path: str
    read: Callable[[int], bytes]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def items(place: Path, below: str = "") -> Iterator[Item]:
    """Everything in a folder or in a zip. below: only what lies below that folder of the zip, with paths from there.

    A name that is no regular file is an item too; reading it says why. Raises Unreadable where the whole is at fault.
    """
    if place.is_symlink():
        raise Unreadable(
            "the submission is a link, which is not followed; hand in a folder itself",
            "交的是链接，不会跟随；请直接交文件夹",
        )
    if place.is_dir():
        yield from _in_folder(place)
    elif place.suffix.casefold() == ".zip":
        with open(place, "rb", opener=_opener) as file:
            _require_file(os.fstat(file.fileno()).st_mode, place.name)
        yield from in_zip(place, below)
    else:
        yield Item(place.name, lambda most: read_file(place, place.name, most))


def _in_folder(folder: Path) -> Iterator[Item]:
    found, waiting = 0, [(folder, "")]
    while waiting:
        here, prefix = waiting.pop()
        for entry in sorted(_scan(here), key=lambda entry: os.fsencode(entry.name)):
            found += 1
            if found > MOST:
                raise Unreadable(f"there are more than {MOST:,} files in it", f"里面的文件超过 {MOST:,} 个")
            path = prefix + entry.name
            inside = entry.is_dir(follow_symlinks=False) and path.count("/") < DEEPEST
            if inside and entry.name not in OF_TOOLS:
                waiting.append((Path(entry.path), f"{path}/"))
            yield Item(path, lambda most, entry=entry, path=path: read_file(Path(entry.path), path, most))


def _scan(folder: Path) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def read_file(path: Path, shown: str, most: int = LARGEST) -> bytes:
    """The bytes of a regular file that is no link. Raises Unreadable; OSError where this machine is the cause."""
    _require_file(os.lstat(path).st_mode, shown)
    with open(path, "rb", opener=_opener) as file:
        _require_file(os.fstat(file.fileno()).st_mode, shown)
        return _bounded(file, shown, most)


def _opener(name: str, flags: int) -> int:
    return os.open(name, flags | NO_LINK)


def _bounded(file: IO[bytes], shown: str, most: int) -> bytes:
    data = file.read(most + 1)
    if len(data) > most:
        raise Unreadable(f"{shown} is larger than {most >> 20} MB", f"{shown} 超过 {most >> 20} MB")
    return data


def _require_file(mode: int, shown: str) -> None:
    if stat.S_ISLNK(mode):
        raise Linked(
            f"{shown} is a link, which is not followed; hand in a file itself",
            f"{shown} 是链接，不会跟随；请直接交文件",
        )
    if not stat.S_ISREG(mode):
        raise Unreadable(f"{shown} is not a file", f"{shown} 不是文件")


def in_zip(source: Path | bytes, below: str = "") -> Iterator[Item]:
    """The members of a zip. Raises Unreadable where it is damaged, or its table of contents has no bound."""
    for member in members(source):
        if member.filename.startswith(below) and member.filename != below:
            path = member.filename[len(below) :]
            yield Item(path.rstrip("/"), lambda most, m=member, p=path: _read_member(source, m, p, most))


def members(source: Path | bytes) -> list[zipfile.ZipInfo]:
    """The table of contents of a zip, read only where it is of a sane size."""
    try:
        with _opened(source) as file:
            _require_small_directory(file)
            found = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, OverflowError) as error:
        raise Unreadable(f"the zip cannot be read ({error})", f"zip 无法读取（{error}）") from None
    if len(found) > MOST:
        raise Unreadable(f"there are more than {MOST:,} files in the zip", f"zip 里的文件超过 {MOST:,} 个")
    return found


def _opened(source: Path | bytes) -> IO[bytes]:
    return BytesIO(source) if isinstance(source, bytes) else open(source, "rb", opener=_opener)


def _require_small_directory(file: IO[bytes]) -> None:
    """The size of the table as the last record of the zip states it, before anything is read on its word."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 22))
    tail = file.read()
    at = len(tail) - 22 if tail[-22:-18] == END and tail[-2:] == b"\0\0" else tail.rfind(END)
    if at < 0 or len(tail) - at < 22:
        raise Unreadable(
            "the zip cannot be read (it has no end: a download cut short, or no zip)",
            "zip 无法读取（没有结尾：下载中断，或者根本不是 zip）",
        )
    count, length = struct.unpack_from("<10xHL", tail, at)
    if tail[max(0, at - 20) : at].startswith(END_64) or count == 0xFFFF or length > MOST_DIRECTORY:
        raise Unreadable(f"there are more than {MOST:,} files in the zip", f"zip 里的文件超过 {MOST:,} 个")


def _read_member(source: Path | bytes, member: zipfile.ZipInfo, shown: str, most: int) -> bytes:
    """A member, inflated no further than the bound."""
    mode = member.external_attr >> 16
    if member.is_dir():
        raise Unreadable(f"{shown} is not a file", f"{shown} 不是文件")
    if stat.S_IFMT(mode):
        _require_file(mode, shown)
    if member.flag_bits & 1:
        raise Unreadable(
            f"{shown} is encrypted in the zip; hand in a zip without a password",
            f"zip 里的 {shown} 加了密；请交不带密码的 zip",
        )
    if member.compress_type not in METHODS:
        raise Unreadable(
            f"{shown} is packed in a way that is not read; hand in an ordinary zip",
            f"{shown} 的压缩方式不支持；请交普通的 zip",
        )
    if ".." in shown.split("/") or shown.startswith(("/", "\\")):
        raise Unreadable(f"{shown} leads out of the zip", f"{shown} 指向 zip 之外")
    try:
        with _opened(source) as file, zipfile.ZipFile(file).open(member) as packed:
            return _bounded(packed, shown, most)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, struct.error) as error:
        raise Unreadable(
            f"{shown} cannot be read from the zip ({error})", f"zip 里的 {shown} 无法读取（{error}）"
        ) from None
