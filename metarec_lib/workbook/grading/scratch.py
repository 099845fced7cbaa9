"""The temporary folder of one run of the grader. A run that was killed leaves its folder to the next, which removes it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "metarec-grade-"
YOUNG = 60.0  # seconds: an empty folder of that age may be one that its run has not locked yet


@contextmanager
def scratch() -> Iterator[Path]:
    """A new folder, locked as long as it is used and gone afterwards; those of dead runs are removed first."""
    remove_dead()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    descriptor = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if descriptor is not None:
            os.close(descriptor)


def remove_dead() -> None:
    """Remove the folders of runs of this user that have ended without doing so. A lock tells them, not their age."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # another run removes it at the same time
            status = os.lstat(folder)
            if stat.S_ISDIR(status.st_mode) and (not hasattr(os, "getuid") or status.st_uid == os.getuid()):
                _remove_unlocked(folder, status.st_mtime)


def _remove_unlocked(folder: Path, changed: float) -> None:
    descriptor = _lock(folder)
    if descriptor is None:
        return
    try:
        if any(folder.iterdir()) or time.time() - changed > YOUNG:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """The descriptor that holds the lock; None where another process has it, or this system has no such lock."""
    try:
        import fcntl
    except ImportError:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
