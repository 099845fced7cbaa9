"""The walls of the jail against the submissions that once went through. Run as root and as an ordinary user.

Where bubblewrap does not work these tests are skipped, and the tests of the grader prove that this is said.
"""

import contextlib
import csv
import errno
import importlib.metadata
import os
import platform
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import submissions as make

from metarec_lib.workbook.exercises.calls import LearnerError, Yours
from metarec_lib.workbook.sandbox import jail, starters
from metarec_lib.workbook.sandbox.child import Session
from metarec_lib.workbook.sandbox.harness import importable, walls

MISSING = jail.missing_walls()
pytestmark = pytest.mark.skipif(bool(MISSING), reason="; ".join(MISSING))

SOURCE = """
import ctypes, errno, importlib.util, os, socket, stat, sys

libc = ctypes.CDLL(None, use_errno=True)

def writable():
    found = []
    for top, folders, files in os.walk("/"):
        if os.statvfs(top).f_flag & os.ST_RDONLY:
            continue
        for name in files:
            path = os.path.join(top, name)
            try:
                if stat.S_ISREG(os.lstat(path).st_mode):
                    os.close(os.open(path, os.O_WRONLY))
                    found.append(path)
            except OSError:
                pass
        for name in [".", *folders]:
            try:
                os.mkdir(os.path.join(top, name, "made"))
                found.append(os.path.join(top, name))
            except OSError:
                pass
    return sorted(set(found))

def processes():
    return {int(name): open(f"/proc/{name}/cmdline").read() for name in os.listdir("/proc") if name.isdigit()}

def looks_into(pid):
    found = []
    for name in ("mem", "environ", "maps", "fd/0", "fd/3", "root", "cwd", "ns/user"):
        for flags in (os.O_RDONLY, os.O_RDWR):
            try:
                os.close(os.open(f"/proc/{pid}/{name}", flags))
                found.append(name)
            except OSError:
                pass
    return found

def call(number, *arguments):
    ctypes.set_errno(0)
    return [libc.syscall(number, *map(ctypes.c_long, arguments)), ctypes.get_errno()]

def families():
    found = []
    for family in range(64):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            if libc.socket(family, int(kind), 0) >= 0 or libc.socketpair(family, int(kind), 0, (ctypes.c_int * 2)()) == 0:
                found.append(family)
    return sorted(set(found))

def importable(names, paths):
    sys.path += paths
    return [name for name in names if name not in sys.modules and importlib.util.find_spec(name)]

def entries(path): return sorted(os.listdir(path))

def fill():
    written = 0
    try:
        for number in range(1000):
            with open(f"file{number}", "wb") as file:
                written += file.write(bytes(8 << 20))
    except OSError:
        pass
    return written

def callbacks():
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
    return kind(lambda x: x + 1)(1)
"""
COLUMN = list(walls.MACHINES).index(platform.machine()) if platform.machine() in walls.MACHINES else 0


@pytest.fixture(scope="module")
def yours():
    session = Session(SOURCE, "exercises/q06.py", limit=60.0, way="jail")
    yield Yours(session)
    session.close()


def test_nothing_opens_for_writing_but_the_temporary_folder(yours):
    writable = yours.writable()
    assert writable and all(path == jail.temporary() or path.startswith(f"{jail.temporary()}/") for path in writable)
    assert yours.entries("/proc/sys") == []


def test_process_1_is_ours_and_shows_nothing(yours):
    processes = yours.processes()
    assert len(processes) == 2 and "/harness\0zygote" in processes[1]
    assert yours.looks_into(1) == []


def test_no_namespace_no_mount_and_no_other_door_to_the_kernel(yours):
    for name, numbers in walls.REFUSED.items():
        if numbers[COLUMN] is not None:
            assert yours.call(numbers[COLUMN], 0, 0, 0, 0, 0) == [-1, errno.EPERM], name
    clone = walls.CLONE[COLUMN]
    for flags in (0, 0x10000000, walls.CLONE_THREAD | 0x10000000, walls.CLONE_THREAD | 0x40000000):
        assert yours.call(clone, flags, 0, 0, 0, 0) == [-1, errno.EPERM], hex(flags)
    for number in (walls.CLONE3, walls.LATER, walls.LATER + 100):
        assert yours.call(number, 0, 0) == [-1, errno.ENOSYS]
    assert yours.callbacks() == 2


def test_no_socket_but_of_this_process(yours):
    """Neither the network nor a family that a network namespace does not cover, such as AF_VSOCK."""
    assert yours.families() == [1]  # AF_UNIX


def test_only_what_may_be_imported_is_there(yours):
    installed = [name for name in importlib.metadata.packages_distributions() if name.isidentifier()]
    site = str(Path(pytest.__file__).parents[1])
    found = yours.importable(installed, [site, "/usr/lib/python3/dist-packages", "/lib/python3/dist-packages"])
    allowed = {Path(path).name.partition(".")[0] for path in importable.paths()}
    assert "sklearn" in installed and set(found) <= allowed and not allowed & {"sklearn", "scipy", "pandas", "pytest"}
    for name in ("sklearn", "scipy", "metarec_lib", "pytest"):
        assert name not in yours.entries(site)
    session = Session("import importlib\ndef f(): importlib.import_module('sklearn.metrics')", "exercises/q06.py")
    with pytest.raises(LearnerError, match="No module named 'sklearn'"):
        Yours(session).f()  # outside the jail too: the same file has the same points there
    session.close()


def test_the_temporary_folder_is_small_and_emptied():
    starters.close()
    session = Session(SOURCE, "exercises/q06.py", limit=30.0, way="jail")
    for _ in range(2):
        assert Yours(session).entries("..") == ["tmp0"]
        assert 48 << 20 < Yours(session).fill() <= jail.TEMPORARY
        session.close()


def test_no_process_is_left_when_the_zygote_ends():
    starters.close()
    session = Session(
        "import os, threading\ndef f(): os.kill(1, 9); return os.getpid()", "exercises/q06.py", way="jail"
    )
    Yours(session).f()
    family = descendants(session.starter.process.pid)
    assert len(family) == 3  # bubblewrap, the zygote, the child
    session.starter.process.kill()  # in the middle: the child still runs
    deadline = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") and state(pid) != "Z" for pid in family):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    session.close()


KINDS = ["other namespaces", "stops the zygote", "random paths and addresses"]


@pytest.mark.timeout(300)
def test_a_run_that_was_killed_and_resumed_gives_the_report_of_a_fresh_one(tmp_path):
    """And leaves no file of a student and no process; each hostile submission is followed by an honest one."""
    kinds = [item for item in make.HOSTILE if item.name in KINDS]
    for number, item in enumerate(kinds):
        item.make(tmp_path / "class" / f"{number} a" / "exercises")
        make.write(tmp_path / "class" / f"{number} b, honest" / "exercises", f"{make.perfect()}# {number}\n".encode())
    (tmp_path / "tmp").mkdir()
    with start_grading(tmp_path, "killed") as process:
        while count(tmp_path / "killed" / "journal.sqlite") < 3:
            assert process.poll() is None
            time.sleep(0.05)
        family = descendants(process.pid)
        process.kill()
    deadline = time.monotonic() + 10
    while any(state(pid) != "Z" for pid in family):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [path.name for path in (tmp_path / "tmp").iterdir()] != []
    for name in ("killed", "fresh"):
        with start_grading(tmp_path, name) as process:
            assert process.wait() == 0
        assert list((tmp_path / "tmp").iterdir()) == []
    fresh = (tmp_path / "fresh" / "gradebook.csv").read_bytes()
    assert (tmp_path / "killed" / "gradebook.csv").read_bytes() == fresh
    for path in sorted((tmp_path / "fresh").rglob("*")):
        if path.is_file() and path.name not in ("journal.sqlite", "timing.csv"):
            assert (tmp_path / "killed" / path.relative_to(tmp_path / "fresh")).read_bytes() == path.read_bytes(), path
    rows = list(csv.DictReader(fresh.decode("utf-8-sig").splitlines()))
    assert [float(row["points"]) for row in rows] == [points for item in kinds for points in (item.points, 10)]


def start_grading(folder, name):
    command = ["grade", str(folder / "class"), "--out", str(folder / name), "--questions", "q06"]
    program = f"from metarec_lib.cli import main; main({[*command, '--require-sandbox', '--class']!r})"
    environment = {
        **os.environ,
        "METAREC_COURSE_KEY": "a key of the test",
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": str(Path(jail.__file__).parents[3]),
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-c", program], env=environment, **quiet)


def count(journal):
    if not journal.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=10)) as database:
        try:
            return database.execute("SELECT COUNT(*) FROM outcomes").fetchone()[0]
        except sqlite3.OperationalError:  # the table is not made yet
            return 0


def descendants(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(item for child in children for item in descendants(int(child)))]


def state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_without_a_filter_for_the_machine_the_wall_is_missing(monkeypatch):
    monkeypatch.setattr(jail.platform, "machine", lambda: "riscv64")
    assert jail.missing_walls() == [
        "no filter of system calls for the machine riscv64: network, files and processes are open"
    ]


def test_the_filters_of_both_machines_differ_by_their_numbers_only():
    programs = [walls.program(machine) for machine in walls.MACHINES]
    absent = sum(None in row for row in walls.REFUSED.values())
    assert len(programs[0]) == len(programs[1]) + 2 * absent and len(programs[0]) < 4096
    assert not set(walls.LIMITS) & {number for row in walls.REFUSED.values() for number in row}
