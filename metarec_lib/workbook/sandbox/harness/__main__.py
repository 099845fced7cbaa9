"""Start of the learner's side: `python harness zygote FD`, or `python harness single PORT` where fork is missing.

The zygote imports torch once and forks one child for each submission. Its commands are nine bytes, a letter and a
number: `F 0` with two sockets attached forks and replies with the child's number; `K pid` kills the child's whole
process group and whatever it left, and replies with its exit status (minus the signal). A reply is a letter and two
numbers: `A`, the answer, and how many milliseconds the child had to wait for a processor. While a command is carried
out, `B` comes twice a second: a heartbeat, which a stopped zygote does not send.
"""

import ctypes
import importlib.util
import os
import shutil
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

COMMAND, REPLY = struct.Struct(">cq"), struct.Struct(">cqq")
BEAT = 0.5  # seconds between two heartbeats
MOST_LEFT = 5_000  # files that are removed after a child; where it left more, the whole zygote is replaced
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36


def load_harness():
    """`serve` of this folder, which becomes the package `harness`, without its parent on the path."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    spec = importlib.util.spec_from_file_location(
        "harness", here / "__init__.py", submodule_search_locations=[str(here)]
    )
    sys.modules["harness"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    from harness import importable, serve

    finder = importable.Finder()
    return lambda *sockets: serve.serve(*sockets, finder)


def preload() -> None:
    """What every child needs, imported once; one thread, since threads do not survive a fork."""
    import gc

    import numpy.random  # noqa: F401
    import torch

    with suppress(ImportError):
        import resource  # noqa: F401
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, the shared pages


def zygote(control: socket.socket) -> None:
    """Obey until the other side closes, then end every child."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as process 1 of the jail we get no signal that we do not wait for
    if not os.environ.get("METAREC_JAIL"):
        _prctl(PR_SET_PDEATHSIG, signal.SIGCONT)  # a child can stop us: go on, to the end, when who asked us has ended
    serve = load_harness()
    preload()
    _prctl(PR_SET_CHILD_SUBREAPER, 1)  # what a child leaves behind becomes ours to end
    _prctl(PR_SET_DUMPABLE, 0)  # no child may read or write our memory
    children: dict[int, str] = {}
    while command := receive(control):
        (letter, number), sockets = command
        beat(control, BEAT)
        waited = 0
        if letter == b"F":
            folder = new_folder()
            reply = fork(serve, control, sockets, folder)
            children[reply] = folder
        else:
            folder, waited = children.pop(number, ""), milliseconds_waited(number)
            reply = end(number, set(children))
            clean([folder] if children else os.listdir())
        for item in sockets:
            item.close()
        beat(control, 0)
        control.sendall(REPLY.pack(b"A", reply, waited))
        if not children and os.listdir():
            return  # something was not removed: the next child gets a new zygote
    for child in list(children):
        end(child, set())
    if os.path.basename(os.getcwd()).startswith("metarec-"):  # made for us; who made it may have been killed
        shutil.rmtree(os.getcwd(), ignore_errors=True)


def beat(control: socket.socket, seconds: float) -> None:
    """Send a heartbeat at every so many seconds from now on; at 0 none any more."""
    if not hasattr(signal, "setitimer"):
        return

    def send(*_: object) -> None:
        with suppress(OSError):
            control.send(REPLY.pack(b"B", 0, 0), socket.MSG_DONTWAIT)

    signal.signal(signal.SIGALRM, send if seconds else signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)


def new_folder() -> str:
    """A new folder below ours, by the first name that is free: a submission's messages may show it."""
    number = 0
    while os.path.lexists(f"tmp{number}"):
        number += 1
    os.mkdir(f"tmp{number}", 0o700)
    return os.path.abspath(f"tmp{number}")


def milliseconds_waited(child: int) -> int:
    """How long a child was ready to run while it had no processor; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{child}/schedstat").read_text().split()[1]) // 1_000_000
    except (OSError, IndexError, ValueError):
        return 0


def receive(control: socket.socket):
    """((letter, number), sockets) of the next command; None at the end."""
    data, descriptors, _, _ = socket.recv_fds(control, COMMAND.size, 4)
    sockets = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    while data and len(data) < COMMAND.size:
        part = control.recv(COMMAND.size - len(data))
        data = data + part if part else b""
    return (COMMAND.unpack(data), sockets) if data else None


def clean(paths: list[str]) -> None:
    """Remove what children left; nothing where it is too much for now."""
    left = 0
    for path in paths:
        for _, folders, files in os.walk(path):
            left += len(folders) + len(files)
            if left > MOST_LEFT and os.environ.get("METAREC_JAIL"):  # there all of it goes with the zygote
                return
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
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        os.setsid()
        os.chdir(folder)
        os.environ["HOME"] = os.environ["TMPDIR"] = folder
        end_with_parent()
        serve(*sockets)
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
    serve(*sockets)


def end_with_parent() -> None:
    """End this process when the one that started it ends, however that happens; Linux alone can."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended meanwhile


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    if sys.argv[1] == "zygote":
        zygote(socket.socket(fileno=int(sys.argv[2])))
    else:
        single(int(sys.argv[2]))
