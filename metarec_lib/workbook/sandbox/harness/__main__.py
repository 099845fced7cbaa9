"""Start of the learner's side: `python harness zygote FD`, or `python harness single PORT` where fork is missing.

The zygote imports torch once and forks one child for each submission. Its commands are nine bytes, a letter and a
number: `F 0` with two sockets attached forks and replies with the child's number; `K pid` kills the child's whole
process group and whatever it left, and replies with its exit status (minus the signal).
"""

import ctypes
import importlib.util
import os
import shutil
import signal
import socket
import struct
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

COMMAND, REPLY = struct.Struct(">cq"), struct.Struct(">q")
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36


def load_harness():
    """This folder as the package `harness`, without its parent on the path."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    spec = importlib.util.spec_from_file_location(
        "harness", here / "__init__.py", submodule_search_locations=[str(here)]
    )
    sys.modules["harness"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    from harness import serve

    return serve


def preload() -> None:
    """What every child needs, imported once; one thread, since threads do not survive a fork."""
    import gc

    import numpy.random  # noqa: F401
    import torch

    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, the shared pages


def zygote(control: socket.socket) -> None:
    """Obey until the other side closes, then end every child."""
    serve = load_harness()
    preload()
    _prctl(PR_SET_CHILD_SUBREAPER, 1)  # what a child leaves behind becomes ours to end
    _prctl(PR_SET_DUMPABLE, 0)  # no child may read or write our memory
    children: dict[int, str] = {}
    while command := receive(control):
        (letter, number), sockets = command
        if letter == b"F":
            folder = tempfile.mkdtemp(dir=os.getcwd())
            reply = fork(serve, control, sockets, folder)
            children[reply] = folder
        else:
            folder = children.pop(number, "")
            reply = end(number, set(children))
            clean([folder] if children else os.listdir())
        for item in sockets:
            item.close()
        control.sendall(REPLY.pack(reply))
        if not children and os.listdir():
            return  # something could not be removed: the next child gets a new zygote
    for child in list(children):
        end(child, set())
    if os.path.basename(os.getcwd()).startswith("metarec-"):  # made for us; who made it may have been killed
        shutil.rmtree(os.getcwd(), ignore_errors=True)


def receive(control: socket.socket):
    """((letter, number), sockets) of the next command; None at the end."""
    data, descriptors, _, _ = socket.recv_fds(control, COMMAND.size, 4)
    sockets = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    while data and len(data) < COMMAND.size:
        part = control.recv(COMMAND.size - len(data))
        data = data + part if part else b""
    return (COMMAND.unpack(data), sockets) if data else None


def clean(paths: list[str]) -> None:
    """Remove what children left."""
    for path in paths:
        with suppress(OSError):
            if os.path.isdir(path) and not os.path.islink(path):
                os.chmod(path, 0o700)
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)


def fork(serve, control: socket.socket, sockets: list[socket.socket], folder: str) -> int:
    """A child in its own session, process group and folder that serves `sockets`."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        control.close()
        os.setsid()
        os.chdir(folder)
        os.environ["HOME"] = os.environ["TMPDIR"] = folder
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        serve.serve(*sockets)
        status = 0
    finally:
        os._exit(status)


def end(child: int, others: set[int]) -> int:
    """Kill a child's process group and every orphan that is now ours. Returns the child's exit status."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    try:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except ChildProcessError:
        return 0
    while orphans := [pid for pid in own_children() if pid not in others]:
        for pid in orphans:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
    return status


def own_children() -> list[int]:
    """The process numbers of this process's children; empty where the system does not tell."""
    try:
        return [int(item) for item in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def single(port: int) -> None:
    """One submission in one process: connect twice to the parent and serve. The word that proves us is on stdin."""
    word = sys.stdin.buffer.read(32)
    serve = load_harness()
    preload()
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
    for number, item in enumerate(sockets):
        item.sendall(word + bytes([number]))
    serve.serve(*sockets)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    if sys.argv[1] == "zygote":
        zygote(socket.socket(fileno=int(sys.argv[2])))
    else:
        single(int(sys.argv[2]))
