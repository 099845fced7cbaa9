"""Where files live, and how they are written. Importing it costs nothing: no numpy, no pandas."""

from __future__ import annotations

import errno
import gzip
import os
import secrets
import zipfile
from collections.abc import Iterable
from pathlib import Path

import platformdirs

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def home() -> Path:
    """The folder for everything that is written: METAREC_HOME, else the platform's folder for user data."""
    named = os.environ.get("METAREC_HOME")
    return Path(named).expanduser() if named else Path(platformdirs.user_data_dir("metarec", appauthor=False))


def data_home() -> Path:
    """The folder of the fetched data sets."""
    return home() / "data"


def data_source() -> Path | None:
    """The read-only folder or zip that METAREC_DATA names as a source of data; None where it names none."""
    named = os.environ.get("METAREC_DATA")
    return Path(named).expanduser() if named else None


def part_of(path: Path) -> Path:
    """A fresh name beside `path` to write to first: hidden, unique, ends in `.part`."""
    return path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}.part")


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and wait until it is on the disk."""
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def atomic_write(path: str | Path, content: bytes | str) -> None:
    """Write a file whole or not at all; text is stored as UTF-8 with the line ends it has.

    A reader sees the old content or the new, never half. Missing parent folders are made. Raises OSError (the
    subclass and errno of the cause) that says what to do about a full disk or a read-only folder; the old
    file stays as it was.
    """
    path = Path(path)
    part = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_synced(part, content.encode() if isinstance(content, str) else content)
        os.replace(part, path)
    except OSError as error:
        raise explained(error, path) from error
    finally:
        part.unlink(missing_ok=True) if part.parent.is_dir() else None


def explained(error: OSError, path: Path) -> OSError:
    """The same error, with a message that says what could not be written and what to do."""
    if error.errno in _FULL:
        advice = "the disk is full: free some space, or set METAREC_HOME to a folder on another disk"
    elif error.errno in _FORBIDDEN:
        advice = "the folder is read-only: change its permissions, or choose another (METAREC_HOME for data)"
    else:
        advice = error.strerror or str(error)
    return OSError(error.errno or errno.EIO, f"Nothing was written, what was there is untouched; {advice}", str(path))


def read_members(place: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Those of the named files that a folder, or a zip at any depth, holds, as bytes; `.gz` is unpacked.

    Raises ValueError where the zip or a `.gz` is damaged.
    """
    try:
        if place.is_dir():
            return _from_folder(place, names)
        return _from_zip(place, names) if place.is_file() else {}
    except (zipfile.BadZipFile, EOFError, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{place}: damaged archive ({error}). Usual cause: a download cut short; fetch it again"
        ) from error


def _from_folder(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    found = {}
    for name in names:
        if (folder / name).is_file():
            found[name] = (folder / name).read_bytes()
        elif (folder / f"{name}.gz").is_file():
            found[name] = gzip.decompress((folder / f"{name}.gz").read_bytes())
    return found


def _from_zip(path: Path, names: Iterable[str]) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        by_name = {member.rsplit("/", 1)[-1]: member for member in reversed(archive.namelist())}
        return {name: archive.read(by_name[name]) for name in names if name in by_name}
