"""Where children come from: a zygote that has imported torch and forks one in milliseconds; it serves this process
until it ends. Where fork is missing, each child is a process of its own, over the same protocol.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .harness.__main__ import COMMAND, REPLY
from .jail import jailed, missing_walls, temporary

HARNESS = Path(__file__).resolve().parent / "harness"
START = 120.0  # seconds for the first child, which waits for torch
AGAIN, SILENT = 30.0, 4.0  # seconds for a later one, and without a heartbeat: then a submission has stopped the zygote
INHERITED = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
USUAL = "fork" if hasattr(os, "fork") and hasattr(socket, "send_fds") else "process"


class Zygote:
    """A warm process that forks children on request."""

    def __init__(self, jail: bool = False) -> None:
        self.owner, self.lock, self.jail = os.getpid(), threading.Lock(), jail
        self.folder = tempfile.mkdtemp(prefix="metarec-")
        self.control, theirs = socket.socketpair()
        self.warm, self.children = False, set[int]()
        arguments = ["zygote", str(theirs.fileno())]
        self.process = _python(arguments, self.folder, jail, pass_fds=[theirs.fileno()])
        theirs.close()

    @property
    def usable(self) -> bool:
        """Whether it still runs and belongs to this process (not to one that this was forked from)."""
        return self.owner == os.getpid() and self.process.poll() is None and self.control.fileno() >= 0

    def fork(self) -> tuple[int, socket.socket, socket.socket]:
        """A new child: its number, the channel, the socket of what it prints. Raises OSError when the zygote died."""
        channel, their_channel = socket.socketpair()
        output, their_output = socket.socketpair()
        with their_channel, their_output:
            try:
                number, _ = self._command(b"F", 0, [their_channel.fileno(), their_output.fileno()])
            except OSError:
                channel.close()
                output.close()
                raise
        self.children.add(number)
        return number, channel, output

    def end(self, child: int) -> tuple[int, float]:
        """Kill a child and all it started; its exit status (minus the signal), the seconds it had no processor."""
        status, waited = self._command(b"K", child, [])
        self.children.discard(child)
        return status, waited / 1000

    def _command(self, letter: bytes, number: int, descriptors: list[int]) -> tuple[int, int]:
        """The two numbers of the answer. Raises OSError where the zygote has ended or stands still, and ends it."""
        with self.lock:
            try:
                socket.send_fds(self.control, [COMMAND.pack(letter, number)], descriptors)
                answer = self._answer(self.warm and not self.jail)  # in the jail nothing can stop it: it is waited for
                self.warm = True
            except OSError as error:
                self.close(patience=0.0 if isinstance(error, TimeoutError) else 2.0)
                raise
        return answer

    def _answer(self, watched: bool) -> tuple[int, int]:
        """The next answer. watched: whether a silent zygote is taken for a stopped one."""
        letter, deadline = b"B", time.monotonic() + (AGAIN if watched else START)
        while letter == b"B":
            reply = b""
            while len(reply) < REPLY.size:
                left = deadline - time.monotonic()
                self.control.settimeout(max(0.01, min(left, SILENT) if watched else left))
                part = self.control.recv(REPLY.size - len(reply))
                if not part:
                    raise ConnectionError("the process that starts submissions ended")
                reply += part
            letter, first, second = REPLY.unpack(reply)
        return first, second

    def close(self, patience: float = 2.0) -> None:
        """End the zygote and its children, and remove the temporary folder. patience: seconds to end by itself."""
        if self.owner != os.getpid():
            return
        self.control.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.returncode and not self.jail:  # it was killed; in the jail its children end with it
            _kill_groups(self.children)
        shutil.rmtree(self.folder, ignore_errors=True)


class Single:
    """The same where fork is missing: every child is a new process, connected over the loopback."""

    usable = True

    def __init__(self) -> None:
        self.children: dict[int, tuple[subprocess.Popen, str]] = {}

    def fork(self) -> tuple[int, socket.socket, socket.socket]:
        """A new process: its number, the channel, the socket of what it prints."""
        folder, word = tempfile.mkdtemp(prefix="metarec-"), secrets.token_bytes(32)
        with socket.create_server(("127.0.0.1", 0)) as server:
            process = _python(["single", str(server.getsockname()[1])], folder, stdin=subprocess.PIPE)
            self.children[process.pid] = (process, folder)
            process.stdin.write(word)
            process.stdin.close()
            channel, output = _accept(server, word, time.monotonic() + START)
        return process.pid, channel, output

    def end(self, child: int) -> tuple[int, float]:
        """Kill the process; its exit status, and 0: how long it had no processor is not known."""
        process, folder = self.children.pop(child)
        if process.poll() is None:
            if os.name == "posix":
                _kill_groups([child])
            process.kill()
        status = process.wait()
        shutil.rmtree(folder, ignore_errors=True)
        return status, 0.0

    def close(self) -> None:
        """End what is left."""
        for child in list(self.children):
            self.end(child)


def _kill_groups(leaders: Iterable[int]) -> None:
    for leader in leaders:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def _python(arguments: list[str], folder: str, jail: bool = False, **options: Any) -> subprocess.Popen:
    """Our interpreter on the harness folder: nothing of our environment, no working folder on its path."""
    environment = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    flags = ["-s", "-P", "-B"]
    if jail:
        inside = {**environment, "METAREC_JAIL": "1", "HOME": temporary()}
        command = jailed([*flags, "/harness", *arguments], HARNESS, inside)
    else:
        command = [sys.executable, *flags, str(HARNESS), *arguments]
    return subprocess.Popen(
        command, env={**inherited, **environment, "HOME": folder}, cwd=folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True, **{"stdin": subprocess.DEVNULL, **options},
    )  # fmt: skip


def _accept(server: socket.socket, word: bytes, deadline: float) -> list[socket.socket]:
    """The two connections that start with our word; others are closed."""
    found: dict[int, socket.socket] = {}
    while len(found) < 2:
        server.settimeout(max(0.01, deadline - time.monotonic()))
        item = server.accept()[0]
        item.settimeout(5.0)
        said = item.recv(len(word) + 1, socket.MSG_WAITALL)
        if said[:-1] == word and said[-1] in (0, 1):
            found[said[-1]] = item
        else:
            item.close()
    return [found[0], found[1]]


_shared: dict[str, Zygote | Single] = {}
_shared_lock = threading.Lock()


def starter(way: str = USUAL) -> Zygote | Single:
    """The one starter of this process for a way, `fork`, `jail` or `process`; a zygote imports torch in the background.

    Raises RuntimeError for `jail` where it does not work, with what is missing.
    """
    with _shared_lock:
        current = _shared.get(way)
        if current is None or not current.usable:
            if current is not None:
                current.close()
            _shared[way] = _start(way)
        return _shared[way]


def _start(way: str) -> Zygote | Single:
    if way == "jail" and (missing := missing_walls()):
        raise RuntimeError("; ".join(missing))
    return Single() if way == "process" else Zygote(jail=way == "jail")


@atexit.register
def close() -> None:
    """End all children of this process."""
    for item in _shared.values():
        item.close()
    _shared.clear()
