"""Who judges: one grader a core on this machine, each with a zygote of its own, or the workers of a Dask cluster."""

from __future__ import annotations

import atexit
import os
import queue
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from .grader import Grader, NotGraded, Settings
from .journal import decisive
from .scratch import scratch


class Judges(Protocol):
    """number: how many submissions are judged at once."""

    number: int

    def judge(self, stem: str, source: bytes, variant: int) -> list[dict[str, Any]]:
        """The outcome of each function of a file. Raises NotGraded."""

    def close(self) -> None:
        """End what runs."""


class Graders:
    """Graders on this machine; a submission takes one that is free, and never two share one at a time."""

    def __init__(self, settings: Settings, number: int, temporary: Path) -> None:
        self.number, self.temporary = number, temporary
        self.all = [Grader(settings, temporary) for _ in range(number)]
        self.free: queue.SimpleQueue[Grader] = queue.SimpleQueue()
        for grader in self.all:
            self.free.put(grader)

    def judge(self, stem: str, source: bytes, variant: int) -> list[dict[str, Any]]:
        grader = self.free.get()
        try:
            return judged(grader, stem, source, variant)
        finally:
            self.free.put(grader)

    def close(self) -> None:
        for grader in self.all:
            grader.close()


def judged(grader: Grader, stem: str, source: bytes, variant: int) -> list[dict[str, Any]]:
    """What a grader finds on a copy of a file."""
    with tempfile.TemporaryDirectory(dir=grader.temporary) as folder:
        work = Path(folder, "exercises")
        work.mkdir()
        (work / f"{stem}.py").write_bytes(source)
        return grader.grade(stem, work, variant)


@contextmanager
def judges(settings: Settings, number: int = 0, scheduler: str = "") -> Iterator[Judges]:
    """Judges with a temporary folder of their own; both are gone afterwards. number: by default one a core."""
    if scheduler:
        with _cluster(settings, scheduler) as found:
            yield found
        return
    with scratch() as folder:
        found = Graders(settings, number or cores(), folder)
        try:
            yield found
        finally:
            found.close()


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Cluster:
    """The workers of a Dask cluster. A worker that dies gives its submissions to another: judging one twice is harmless,
    for the outcome follows from the file alone, and only one outcome comes back."""

    def __init__(self, settings: Settings, client: Any) -> None:
        self.settings, self.client = settings, client
        self.number = max(1, sum(client.nthreads().values()))

    def judge(self, stem: str, source: bytes, variant: int) -> list[dict[str, Any]]:
        arguments = (self.settings, stem, source, variant, decisive(stem))
        found = self.client.submit(judge_here, *arguments, pure=False, retries=3)
        outcome = found.result()
        if isinstance(outcome, str):
            raise NotGraded(outcome)
        return outcome

    def close(self) -> None:
        self.client.close()


@contextmanager
def _cluster(settings: Settings, address: str) -> Iterator[Cluster]:
    try:
        from distributed import Client
    except ImportError:
        raise ValueError("Got --scheduler without Dask; install it: pip install 'metarec-lib[cluster]'") from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ValueError(f"Got --scheduler {address}; expected the address of a running scheduler ({error}).") from None
    with client:
        yield Cluster(settings, client)


_here: dict[Settings, Grader] = {}
_one_at_a_time = threading.Lock()
_until_the_end = ExitStack()
atexit.register(_until_the_end.close)


def judge_here(settings: Settings, stem: str, source: bytes, variant: int, rules: bytes) -> list[dict[str, Any]] | str:
    """On a worker: the outcome, or why there is none. The worker's grader is kept for the next submission.

    rules: the hash of all that decides points on the teacher's machine; a worker that differs does not judge, nor does
    one without the walls.
    """
    if problem := _unfit(settings, stem, rules):
        return problem
    with _one_at_a_time:
        if settings not in _here:
            _here[settings] = Grader(settings, _until_the_end.enter_context(scratch()))
            _until_the_end.callback(_here[settings].close)
        try:
            return judged(_here[settings], stem, source, variant)
        except (NotGraded, RuntimeError, OSError) as problem:
            return str(problem)


def _unfit(settings: Settings, stem: str, rules: bytes) -> str:
    """Why this worker would give other points than the teacher's machine; empty where it would not."""
    from metarec_lib.workbook.sandbox import missing_walls

    if settings.way == "jail" and (walls := missing_walls()):
        return f"the worker's sandbox is not complete: {'; '.join(walls)}"
    if settings.hidden and not Path(settings.hidden).is_dir():
        return f"the worker has no folder {settings.hidden} with the hidden tests"
    if decisive(stem) != rules:
        return "the worker has another version of the workbook, or of torch, numpy or pytest"
    return ""
