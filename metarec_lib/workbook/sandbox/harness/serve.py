"""The child's loop: limits, then one submission, then one reply for each request until the other side closes."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from typing import Any

from . import codec, importable
from .running import Submission
from .walls import forbid

LIMITS = {"RLIMIT_CPU": 120, "RLIMIT_AS": 4 << 30, "RLIMIT_FSIZE": 16 << 20, "RLIMIT_NOFILE": 128, "RLIMIT_CORE": 0}


def serve(channel: socket.socket, output: socket.socket, finder: importable.Finder) -> None:
    """Answer requests from `channel`; what the learner prints goes to `output`. finder: of what may be imported."""
    _redirect(output)
    _limit()
    _seed()
    importable.narrow(finder)
    if os.environ.get("METAREC_JAIL"):
        forbid()
    submission: Submission | None = None
    while (request := _receive(channel)) is not None:
        if submission is None:
            submission = Submission(request.pop("source"), request.pop("filename"))
        reply = submission.answer(request)
        _flush()
        channel.sendall(codec.dumps({"id": request["id"], **reply}))


def _receive(channel: socket.socket) -> dict[str, Any] | None:
    head = _exactly(channel, codec.HEAD.size)
    if head is None:
        return None
    body = _exactly(channel, sum(codec.lengths(head)))
    return None if body is None else codec.loads(head + body, given=True)


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        part = channel.recv(min(size - len(data), 1 << 20))
        if not part:
            return None
        data += part
    return bytes(data)


def _redirect(output: socket.socket) -> None:
    """Everything printed goes to `output`, nothing comes from standard input."""
    if os.name == "posix":
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        stream = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    else:
        stream = output.makefile("w", buffering=1, encoding="utf-8", errors="backslashreplace")
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = stream
    sys.stdin = sys.__stdin__ = open(os.devnull)  # noqa: SIM115


def _flush() -> None:
    with suppress(Exception):  # the learner may have closed or replaced it
        sys.stdout.flush()


def _seed() -> None:
    """Random numbers that the learner draws without a seed are the same at every run."""
    import random

    import numpy
    import torch

    random.seed(0)
    numpy.random.seed(0)
    torch.default_generator.manual_seed(0)  # that of the CPU: nothing else is used here


def _limit() -> None:
    """Bounds on time, memory and files. Windows has none of them: there the wall clock alone decides."""
    try:
        import resource
    except ImportError:
        return
    for name, value in LIMITS.items():
        with suppress(ValueError, OSError):  # a system that has a lower limit, or no such limit
            resource.setrlimit(getattr(resource, name), (value, value))
