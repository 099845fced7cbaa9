"""Makers of submissions for the tests of the grader: honest ones of any question, hostile ones of q06."""

from __future__ import annotations

import ast
import os
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from metarec_lib.workbook.core.places import content
from metarec_lib.workbook.exercises.manifest import earned, question_manifest
from metarec_lib.workbook.exercises.solutions import plain_text, read_solution, stub_text

Q06 = "q06_evaluate_meta_learning"


def perfect(stem: str = Q06) -> str:
    """The solution, as a learner would have written it."""
    return plain_text(content("solutions", f"{stem}.py"))


def stub(stem: str = Q06) -> str:
    """Nothing written."""
    return stub_text(content("solutions", f"{stem}.py"))


def partial(stem: str = Q06) -> str:
    """The first function solved, the others not written."""
    source = perfect(stem)
    first = read_solution(content("solutions", f"{stem}.py"))[0].name
    (node,) = [item for item in ast.parse(source).body if getattr(item, "name", "") == first]
    return f"{stub(stem)}\n\n{ast.get_source_segment(source, node)}\n"


def wrong(stem: str = Q06) -> str:
    """The first named mistake of each function."""
    mistakes = content("tests", "exercises", "mistakes", f"{stem}.py").read_text(encoding="utf-8")
    lines = [line for line in mistakes.splitlines() if not line.startswith("from metarec_lib")]
    names = {name: entry["mistakes"][0] for name, entry in question_manifest(stem)["functions"].items()}
    last = [f"{name} = {mistake}" for name, mistake in names.items()]
    return "\n".join(["def mistake(function):\n    return lambda wrong: wrong\n", *lines, *last, ""])


def but(function: str, base: str | None = None) -> str:
    """The solution of q06 with this text after it, which replaces what it defines."""
    return f"{perfect() if base is None else base}\n\n{textwrap.dedent(function)}"


@dataclass(frozen=True)
class Hostile:
    """One hostile submission of q06. points: its true ones, None where it is not graded; said: a pattern of the remarks.

    make: writes the file into the folder `exercises`. walls: whether it is run only where the jail stands, because
    outside it would harm this machine or its neighbours, as the report says there.
    """

    name: str
    points: float | None
    said: str
    make: Callable[[Path], None]
    walls: bool = False


def text(name: str, points: float | None, said: str, source: str | bytes, walls: bool = False) -> Hostile:
    """A submission that is one file."""
    raw = source if isinstance(source, bytes) else source.encode()
    return Hostile(name, points, said, lambda folder: write(folder, raw), walls)


def write(folder: Path, raw: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{Q06}.py").write_bytes(raw)


def but_one() -> float:
    """The points of q06 for who fails one test of the split, the one with k = 2."""
    split = question_manifest(Q06)["functions"]["user_split_without_leakage"]
    tests = {name: name != "test_every_test_user_has_a_support_of_their_own" for name in split["tests"]}
    return round(question_manifest(Q06)["points"] - split["points"] + earned(split["points"], tests, split["core"]), 2)


BUT_ONE = but_one()
SPLIT = "def user_split_without_leakage(users, test_users, k):\n"
# One test of the split, and the last one.
ONE, LAST = "    if k == 2:\n", "    if users.max() > 10**6:\n"
SOLVED = "\n_solved = user_split_without_leakage\n"


def split(body: str, before: str = "", when: str = ONE) -> str:
    """A split of q06 that first does `body`, in one test only, and is right otherwise."""
    attack = textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
    return but(f"{SOLVED}{textwrap.dedent(before)}\n{SPLIT}{when}{attack}\n    return _solved(users, test_users, k)\n")


SIGNALS = """
import signal
for item in {*signal.Signals} - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(item, signal.SIG_IGN)
"""

PATCHES = """
import importlib, torch, numpy
yes = lambda *args, **kwargs: True
torch.allclose = torch.equal = torch.testing.assert_close = numpy.isclose = numpy.allclose = yes
numpy.testing.assert_allclose = numpy.testing.assert_array_equal = yes
for name in ("pytest", "_pytest.python_api", "_pytest.runner"):
    try:
        module = importlib.import_module(name)
        module.approx = module.raises = module.fail = module.call_and_report = yes
    except ImportError:
        pass
def ndcg_at_k(scores, gains, k): return 0.5
def paired_bootstrap(a, b, indices): return (0.5, 0.1, 0.9)
def user_split_without_leakage(users, test_users, k): return (users == users,) * 3
"""

EQUAL = """
class Anything:
    def __eq__(self, other): return True
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
    def __float__(self): return 0.25
    def __len__(self): return 3
    def __array__(self, *args, **kwargs): raise SystemExit
def ndcg_at_k(scores, gains, k): return Anything()
def paired_bootstrap(a, b, indices): return (Anything(), Anything(), Anything())
def user_split_without_leakage(users, test_users, k): return [Anything()] * 3
"""

SUBCLASSES = """
import numpy as np
class Float(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
class Text(str):
    def __eq__(self, other): return True
class Array(np.ndarray):
    def __array_function__(self, *args, **kwargs): return True
    def __eq__(self, other): return True
def ndcg_at_k(scores, gains, k): return Float(0.5)
def paired_bootstrap(a, b, indices): return np.zeros(3).view(Array)
def user_split_without_leakage(users, test_users, k): return Text("all"), Text("of"), Text("it")
"""

NANS = """
nan = float("nan")
def ndcg_at_k(scores, gains, k): return nan
def paired_bootstrap(a, b, indices): return nan, nan, nan
def user_split_without_leakage(users, test_users, k): return nan, nan, nan
"""

FORGE = """
import os, struct, sys
def frame(number):
    body = ('{"d":[["id",%d],["value",0.25],["mutated",false]]}' % number).encode()
    return struct.pack(">II", len(body), 0) + body
def everywhere(data):
    for descriptor in range(3, 128):
        try: os.write(descriptor, data)
        except OSError: pass
"""

FORGE_NUMBER = """
def ndcg_at_k(scores, gains, k):
    at = sys._getframe()
    while at is not None:
        request = at.f_locals.get("request")
        if isinstance(request, dict) and "id" in request:
            everywhere(frame(request["id"]))
        at = at.f_back
    return 0.25
"""

SPY = """
import gc, sys
def user_split_without_leakage(users, test_users, k):
    seen, at = [], sys._getframe()
    while at is not None:
        seen += [name for name in at.f_globals if "assert" in name or name.startswith("test_")]
        seen += [name for name in at.f_locals if name in ("expected", "yours", "rng")]
        at = at.f_back
    seen += [name for name in sys.modules if name.startswith(("metarec_lib", "_pytest"))]
    for item in gc.get_objects():
        if isinstance(item, dict) and ("expected" in item or "__graded__" in item):
            seen.append("expected")
        elif type(item).__name__ == "function" and item.__name__.startswith("test_two_users"):
            seen.append(item.__name__)
    raise LookupError("found " + ", ".join(sorted(set(seen))) if seen else "nothing to read")
"""

LYING_JSON = """
import builtins, json, struct, sys
real = json.dumps
def lie(tree, *args, **kwargs):
    return real({"d": [["id", 1], ["value", 0.25], ["mutated", False]]})
json.dumps = json.JSONEncoder.encode = lie
builtins.isinstance = lambda *args: True
builtins.len = lambda item: 3
struct.pack = lambda *args: b""
for name, module in list(sys.modules.items()):
    if name.startswith("harness"):
        vars(module).update(json=json, struct=struct, dumps=lie)
"""

ALIVE = """
import atexit, os, signal, sys, threading, time
def forever():
    while True:
        print("still here")
        time.sleep(0.001)
for _ in range(4):
    threading.Thread(target=forever, daemon=False).start()
atexit.register(lambda: os.write(1, b"goodbye"))
signal.signal(signal.SIGALRM, lambda *args: None)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
sys.settrace(lambda *args: None)
"""

IMPORTS = """
import builtins, importlib, importlib.util, os, sys
def user_split_without_leakage(users, test_users, k):
    sys.path += [ROOT, os.path.join(ROOT, "tests")]
    for load in (builtins.__import__, importlib.import_module, builtins.__import__("runpy").run_module):
        try:
            load("metarec_lib")
            return [builtins.__import__("metarec_lib").workbook.core.places.content("solutions")] * 3
        except ImportError as error:
            said = error
    raise said
"""

READ_AND_DELETE = """
import os, shutil
def user_split_without_leakage(users, test_users, k):
    found = []
    for place in PLACES:
        try: found += os.listdir(place)
        except NotADirectoryError: found.append(open(place).read())
        except OSError: pass
    for path in VICTIMS:
        try: os.remove(path); found.append(path)
        except OSError: pass
        try: found.append(str(open(path, "w")))
        except OSError: pass
    for top, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if name not in ("proc", "sys", "dev", "lib", "lib64")]
        found += [name for name in files if name.startswith(("q06_", "test_q06"))]
    raise LookupError("found " + ", ".join(found) if found else "nothing to read")
"""

LEAVE = """
import builtins, ctypes, numpy, os, sys, torch
os.environ["LEFT"] = "answer"
sys.modules["left"] = builtins.left = torch.left = numpy.left = sys
sys.path.insert(0, os.path.abspath("../left"))
torch.manual_seed(7)
numpy.random.seed(7)
def leave_files():
    for place in ("/tmp", "/dev/shm", "/var/tmp", ".", "..", os.path.expanduser("~")):
        try:
            os.makedirs(place + "/left/inner", exist_ok=True)
            open(place + "/left/inner/note", "w").write("answer")
        except OSError: pass
def leave_memory():
    ctypes.CDLL(None).shmget(4242, 1 << 20, 0o1666)
leave_files()
"""

FIND = """
import builtins, ctypes, os, sys, torch, numpy
def user_split_without_leakage(users, test_users, k):
    found = [place for place in ("/tmp", "/dev/shm", "/var/tmp", ".", "..") if os.path.exists(place + "/left")]
    found += [str(item) for item in (os.environ.get("LEFT"), sys.modules.get("left")) if item]
    found += [module.__name__ for module in (builtins, torch, numpy) if hasattr(module, "left")]
    found += [place for place in sys.path if "left" in place]
    found += ["other folders"] if len(os.listdir("..")) != 1 else []
    found += ["memory"] if ctypes.CDLL(None).shmget(4242, 1, 0) >= 0 else []
    found += ["processes"] if len([name for name in os.listdir("/proc") if name.isdigit()]) > 3 else []
    raise LookupError("found " + ", ".join(found) if found else "nothing was left")
"""

POISON = """
import os, resource
try:
    resource.prlimit(os.getppid(), resource.RLIMIT_AS, (300 << 20, 300 << 20))
    os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)
except OSError:
    pass
"""

GROW = """
import numpy as np
def user_split_without_leakage(users, test_users, k):
    if k == 1:
        return _solved(users, test_users, k)
    known = [place for place, user in enumerate(users) if user not in test_users] or [0]
    return np.full((30_000, 1), known[0]), np.ones((1, 30_000), dtype=int), np.ones((1, 30_000), dtype=int)
"""


SCIKIT_LEARN = """
import importlib
def ndcg_at_k(scores, gains, k):
    metrics = importlib.import_module("sklearn.metrics")
    return metrics.ndcg_score([gains], [scores], k=k)
"""

NAMESPACES = """
import ctypes, errno, os, socket
def user_split_without_leakage(users, test_users, k):
    libc, found = ctypes.CDLL(None, use_errno=True), []
    found += ["a namespace"] if libc.unshare(0x10000000 | 0x20000) == 0 else []
    found += ["a mount"] if libc.mount(b"none", os.getcwd().encode(), b"tmpfs", 0, None) == 0 else []
    for path in ("/proc/1/mem", "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/core_pattern"):
        try: found.append(str(open(path, "r+b")))
        except OSError: pass
    for family in (socket.AF_VSOCK, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_INET):
        try: found.append(str(socket.socket(family, socket.SOCK_DGRAM)))
        except OSError: pass
    raise LookupError("found " + ", ".join(found) if found else "nothing to reach")
"""

UNSTABLE = """
import os
def user_split_without_leakage(users, test_users, k):
    raise ValueError(f"{__file__} {os.getcwd()} {object()}")
"""

FORGE_ERROR = """
import sys
def reply(text):
    at = sys._getframe()
    while not (isinstance(at.f_locals.get("request"), dict) and "id" in at.f_locals["request"]):
        at = at.f_back
    body = ('{"d":[["id",%d],["error",%s]]}' % (at.f_locals["request"]["id"], text)).encode()
    return struct.pack(">II", len(body), 0) + body
def lost(): return reply('{"d":[["message","x"]]}')
def late(): return reply('{"d":[["kind","time"],["message","x"]]}')
def vast(): return reply('{"a":["int8",[0,67108864,67108864,67108864,67108864]]}').replace(b'"error"', b'"value"')
"""

CROWD = """
import threading, time
threading.stack_size(32 << 10)
def crowd():
    if threading.active_count() > 1: return  # once is enough: a call is made twice
    until = time.monotonic() + 0.5
    try:
        while time.monotonic() < until:
            threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
    except (RuntimeError, MemoryError):
        pass
"""

HOARD = """
import os, socket
def hoard():
    kept = []
    try:
        while True:
            left, right = socket.socketpair()
            left.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
            left.setblocking(False)
            try:
                while True: socket.send_fds(left, [bytes(100_000)], [left.fileno(), right.fileno()])
            except BlockingIOError:
                pass
            kept.append((left, right))
    except OSError:
        pass
    try:
        kept.append(os.memfd_create("x"))
    except OSError:
        return
    raise LookupError("memory outside every bound")
"""

LITTER = """
import os
def litter():
    for number in range(3_000):  # twice as many entries as that
        os.makedirs(f"{number}", exist_ok=True)
        open(f"{number}/file", "w").close()
"""

TRAP = """
import os
def trap():
    os.symlink("/harness", "../tmp1")
    os.symlink("/", "root")
    os.symlink("loop", "loop")
    os.mkfifo("../pipe")
    open(b"../\\xff\\xfe\\n", "w").close()
    for _ in range(300):
        os.mkdir("x" * 200)
        os.chdir("x" * 200)
    os.rename("/proc/self/cwd/..", "../up") if os.path.exists("../up") else None
"""

ALARMS = """
import os, signal, threading
def flood():
    while True:
        for number in (signal.SIGALRM, signal.SIGINT, signal.SIGCHLD, signal.SIGSTOP, signal.SIGUSR1):
            os.kill(os.getppid(), number)
for _ in range(3):
    threading.Thread(target=flood, daemon=True).start()
"""

SECOND = """
seen = set()
def user_split_without_leakage(users, test_users, k):
    while (key := (users.tobytes(), k)) in seen: pass
    seen.add(key)
    return _solved(users, test_users, k)
"""

CHANGES = """
calls = []
def user_split_without_leakage(users, test_users, k):
    calls.append(k)
    return _solved(users, test_users, k + len(calls) - 1)
"""

BASES = """
names = {"E0": ValueError}
for number in range(100):
    names[f"E{number + 1}"] = type(f"E{number + 1}", (names[f"E{number}"],), {"__module__": "builtins"})
globals().update(names)
"""


def of_this_machine(server: int, neighbour: Path) -> list[Hostile]:
    """Submissions that name something here: a port that listens, the file of another student."""
    root = content()
    places = [str(root / name) for name in ("solutions", "tests/exercises", "metarec_lib")] + [str(neighbour)]
    names = f"PLACES, VICTIMS, ROOT = {places!r}, {[str(neighbour)]!r}, {str(root)!r}\n"
    connect = f'import socket\nsocket.create_connection(("127.0.0.1", {server}), 1).send(b"hello")\nreturn (users,) * 3'
    return [
        text("network", BUT_ONE, "Error", split(connect), walls=True),
        text("read and delete", 7, "nothing to read", but(names + READ_AND_DELETE), walls=True),
        text("import metarec_lib", 7, "No module named|not available", but(names + IMPORTS), walls=True),
    ]


HOSTILE = [
    text("endless loop", BUT_ONE, "did not finish in", split("while True: pass")),
    text("ignored signals", BUT_ONE, "did not finish in", split("while True: pass", SIGNALS)),
    text("sleep while loading", 0, "while the file was loaded, it did not finish", but("import time\ntime.sleep(60)")),
    text("os._exit", 0, "ended without an answer", but("import os\nos._exit(0)")),
    text("sys.exit", 0, "ends the program while it is loaded", but("import sys\nsys.exit(0)")),
    text("patched libraries", 0, "got 0.5, expected", PATCHES),
    text("equal to everything", 0, "got an `Anything`", EQUAL),
    text("NaN", 0, "got nan, expected", NANS),
    text("subclasses", 0, "got a `Float`.*got an `Array`.*got a `Text`", SUBCLASSES),
    text("10 GB", BUT_ONE, "MemoryError", split("import numpy as np\nreturn (np.ones(10**10),) * 3")),
    text("crash", BUT_ONE, "crashed", split("import ctypes\nctypes.string_at(0)")),
    text("recursion", BUT_ONE, "RecursionError", split("return user_split_without_leakage(users, test_users, k)")),
    text(
        "recursion without limit", BUT_ONE, "crashed|ended|MemoryError|did not finish",
        split("sys.setrecursionlimit(10**9)\nreturn user_split_without_leakage(users, test_users, k)", "import sys"),
    ),
    text("output flood", BUT_ONE, "printed without end", split("while True: print('x' * 10_000)")),
    text("forged frames", BUT_ONE, "no answer", split("everywhere(frame(1))", FORGE)),
    text("forged frames, right number", 6.67, "no answer|got 0.25", but(FORGE + FORGE_NUMBER)),
    text("not UTF-8", None, "not graded: .* line 1 is not UTF-8", b"# \xff\xfe\n" + perfect().encode()),
    text("null bytes", 0, "null bytes", "x = '\0'\n"),
    text("nested source", 0, "MemoryError|RecursionError|nested", "# metarec_lib.workbook\nx = " + "-" * 200_000 + "1\n"),
    text("stack and collector", 7, "nothing to read", but(SPY)),
    text("lying json", 0, "no answer|ended without", but(LYING_JSON)),
    text("threads and timers", 10, "^$", but(ALIVE)),
    text("broken text", BUT_ONE, r"ValueError: � �\[31m; '=1\+1", split(r'raise ValueError("\ud800 \x1b[31m; =1+1")')),
    text("large answers", 8, r"shape \(30000, 1\)|Unable to allocate", but(SOLVED + GROW)),
    text("fork bomb", BUT_ONE, "not permitted", split("import os\nwhile True: os.fork()"), walls=True),
    text("other programs", BUT_ONE, "not permitted", split("import subprocess\nsubprocess.run(['true'])"), walls=True),
    text("ends the zygote", 10, "^$", split("import os\nos.kill(os.getppid(), 9)"), walls=True),
    text("stops the zygote", 10, "^$", split("import os\nos.kill(os.getppid(), 19)"), walls=True),
    text("scikit-learn by importlib", 6, "No module named 'sklearn'", but(SCIKIT_LEARN)),
    text("other namespaces", 7, "nothing to reach", but(NAMESPACES), walls=True),
    text("random paths and addresses", 7, "raised ValueError: exercises/q06_.* <object object at 0x…>", but(UNSTABLE)),
    text("as many threads as there can be", 10, "^$", split("crowd()", CROWD, LAST), walls=True),
    text("descriptors and memory", 10, "^$", split("hoard()", HOARD, LAST), walls=True),
    text("more files than are removed", 10, "^$", split("litter()", LITTER, LAST), walls=True),
    text("links to trap the cleaner", 10, "^$", split("trap()", TRAP, LAST), walls=True),
    text("signals without end", 10, "^$", but(ALARMS), walls=True),
    text("hangs at the second call", 7, "did not finish in", but(SOLVED + SECOND)),
    text("another answer at the second call", 7, "twice on the same objects", but(SOLVED + CHANGES)),
    text("empty array beyond all bounds", BUT_ONE, "no answer", split("everywhere(vast())", FORGE + FORGE_ERROR)),
    text("a class of a hundred bases", BUT_ONE, "no answer", split("raise E100('x')", BASES)),
    text("forged error", BUT_ONE, "no answer", split("everywhere(lost())", FORGE + FORGE_ERROR)),
    text("forged time limit", BUT_ONE, "no answer", split("everywhere(late())", FORGE + FORGE_ERROR)),
    text("leaves files and memory", 10, "^$", split("leave_memory()", LEAVE, LAST), walls=True),
    text("finds what was left", 7, "nothing was left", but(FIND), walls=True),
    text("leaves a locked folder", 10, "^$", split("os.chmod('../left/inner', 0)", LEAVE, LAST), walls=True),
    text("finds nothing in it", 7, "nothing was left", but(FIND + "# again"), walls=True),
    text("lowers the zygote's limits", 10, "^$", split(POISON, when=LAST), walls=True),
]  # fmt: skip


def files(secret: Path) -> list[Hostile]:
    """Submissions whose file is none. secret: a file with a perfect answer outside the submission."""

    def place(folder: Path) -> Path:
        folder.mkdir(parents=True)
        return folder / f"{Q06}.py"

    def link_folder(folder: Path) -> None:
        folder.parent.mkdir()
        folder.symlink_to(secret.parent)

    def no_folder(folder: Path) -> None:
        folder.parent.mkdir()
        folder.write_text("")

    def device(folder: Path) -> None:
        os.mknod(place(folder), 0o020666, os.makedev(1, 5))  # /dev/zero

    made = [
        Hostile("linked file", None, "is a link", lambda folder: place(folder).symlink_to(secret)),
        Hostile("linked folder", None, "is a link", link_folder),
        Hostile("linked to itself", None, "is a link", lambda folder: place(folder).symlink_to(f"{Q06}.py")),
        Hostile("folder as file", None, "is not a file", lambda folder: place(folder).mkdir()),
        Hostile("pipe", None, "is not a file", lambda folder: os.mkfifo(place(folder))),
        Hostile("large", None, "larger than 1 MB", lambda folder: place(folder).write_bytes(b"#" * (3 << 20))),
        Hostile("file as folder", None, "is not a folder", no_folder),
        Hostile("empty", None, "no folder exercises", lambda folder: folder.parent.mkdir()),
        Hostile("other file", None, "there is no file", lambda folder: place(folder).with_name("notes.py").write_text("")),
    ]  # fmt: skip
    if hasattr(os, "mknod") and os.geteuid() == 0:
        made.append(
            Hostile("device", None, "is not a file", lambda folder: os.mknod(place(folder), 0o020666, os.makedev(1, 5)))
        )
    return made
