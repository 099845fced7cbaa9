"""What kind of text file this is: encoding, separator, header; guessed from its first lines."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from metarec_lib.data.checks import OTHER_NAMES, plain_name

HEAD = 256 * 1024  # bytes that a guess rests on
SEPARATORS = ("\t", ";", "|", "::", ",")
OPENERS: dict[str, Callable[..., BinaryIO]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
BINARY = {
    b"PAR1": "a Parquet file: pass pandas.read_parquet(path) to Interactions.from_frame",
    b"\xd0\xcf\x11\xe0": "an Excel file of old: save it as CSV",
    b"\x89HDF": "an HDF5 file: read it with pandas.read_hdf and pass the table to Interactions.from_frame",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"Rar!": "a RAR archive: unpack it",
    b"SQLite format": "an SQLite file: read it with pandas.read_sql and pass the table to Interactions.from_frame",
}


@dataclass(frozen=True)
class File:
    """A text file on the disk, or a member of a zip; compressed ones are unpacked as they are read."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        return Path(self.member or self.path).name

    def open(self) -> BinaryIO:
        if self.member is not None:
            return zipfile.ZipFile(self.path).open(self.member)
        return OPENERS.get(self.path.suffix.lower(), open)(self.path, "rb")

    def head(self) -> bytes:
        with closing(self.open()) as stream:
            return stream.read(HEAD)


@dataclass(frozen=True)
class Guess:
    """How a text file is to be read; `rows`: its first lines, split."""

    encoding: str
    sep: str
    header: bool
    rows: tuple[tuple[str, ...], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.rows[0] if self.header else ()

    @property
    def data(self) -> tuple[tuple[str, ...], ...]:
        """The first lines without the header."""
        return self.rows[1:] if self.header else self.rows

    def __str__(self) -> str:
        names = f"header {', '.join(self.columns)}" if self.header else "no header"
        return f"separator {self.sep!r}, {self.encoding}, {names}"


def guess(file: File, sep: str | None = None, encoding: str | None = None, header: bool | None = None) -> Guess:
    """Encoding, separator and header of a file; what is given is not guessed. Raises ValueError for what is no text."""
    head = file.head()
    for magic, what in BINARY.items():
        if head.startswith(magic):
            raise ValueError(f"{file.name}: got {what}")
    encoding = encoding or encoding_of(head)
    lines = lines_of(head, encoding)
    if not lines:
        raise ValueError(f"{file.name}: got an empty file, expected ratings")
    sep = sep or separator_of(lines)
    rows = tuple(tuple(cell.strip() for cell in row) for row in split(lines, sep) if row)
    return Guess(encoding, sep, has_header(rows) if header is None else header, rows)


def lines_of(head: bytes, encoding: str) -> list[str]:
    """The first lines without blank ones; the last one is left out where it may be cut."""
    text = head.decode(encoding, errors="replace")
    lines = text.splitlines()
    if len(head) == HEAD and len(lines) > 1:
        lines = lines[:-1]
    return [line for line in lines if line.strip()]


def encoding_of(head: bytes) -> str:
    """UTF-8 unless the bytes cannot be that; UTF-16 by its mark; else Latin-1, in which every byte means something."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        head[: head.rfind(b"\n") + 1 or None].decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig" if head.startswith(b"\xef\xbb\xbf") else "utf-8"


def separator_of(lines: list[str]) -> str:
    """The separator that cuts most lines into equally many fields, two or more; a comma where none does."""

    def share(sep: str) -> tuple[float, int]:
        widths = [len(row) for row in split(lines[:200], sep)]
        usual = max(set(widths), key=widths.count)
        return (round(widths.count(usual) / len(widths), 1), usual) if usual > 1 else (0.0, 0)

    return max(SEPARATORS, key=share) if any(share(sep)[1] for sep in SEPARATORS) else ","


def split(lines: list[str], sep: str) -> list[list[str]]:
    if sep == "::":
        return [line.split("::") for line in lines]
    return list(csv.reader(lines, delimiter=sep, escapechar="\\"))


def has_header(rows: tuple[tuple[str, ...], ...]) -> bool:
    """Whether the first row names columns: it has a name as this field uses them, or no number above a column of numbers."""
    first, rest = rows[0], rows[1:20]
    if any(key_of(cell) for cell in first):
        return True
    numeric = [all(is_number(row[c]) for row in rest if len(row) > c) for c in range(len(first))]
    return bool(rest) and any(numeric) and not any(is_number(cell) for cell in first)


def key_of(name: str) -> str | None:
    """Which of user_id, item_id, rating, timestamp a column of this name is; None for another one."""
    plain = plain_name(name.split(":")[0])  # RecBole writes user_id:token
    return next((key for key, others in OTHER_NAMES.items() if plain in (plain_name(key), *others)), None)


def is_number(text: str) -> bool:
    try:
        float(text.replace(",", ".", 1))
    except ValueError:
        return False
    return True
