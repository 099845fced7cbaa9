"""The jail: what a submission sees inside bubblewrap, and what it cannot do there."""

import os
import signal
import sys
from pathlib import Path

import pytest
import torch
from exercise_toy import SOLUTION, ExerciseToy

from metarec_lib.workbook.core import places
from metarec_lib.workbook.exercises.calls import LearnerError, Yours
from metarec_lib.workbook.exercises.judging import judge
from metarec_lib.workbook.exercises.solutions import stub_text
from metarec_lib.workbook.sandbox import jail
from metarec_lib.workbook.sandbox.child import Session
from metarec_lib.workbook.sandbox.starters import starter

MISSING = jail.missing_walls()
needs_jail = pytest.mark.skipif(bool(MISSING), reason="; ".join(MISSING))

SOURCE = """
import os, socket, subprocess, threading

def ls(path): return sorted(os.listdir(path))
def read(path): return open(path).read()
def write(path): return open(path, "w").write("x")
def environment(): return dict(os.environ)
def bomb():
    while True: os.fork()
def run(): return subprocess.run(["true"]).returncode
def system(): return os.system("true")
def network(): socket.create_connection(("127.0.0.1", 22), 2)
def look_up(): return socket.gethostbyname("localhost.localdomain.example")
def thread():
    found = []
    worker = threading.Thread(target=found.append, args=(1,))
    worker.start()
    worker.join()
    return found
def poke(): open(f"/proc/{os.getppid()}/mem", "r+b").close()
def hide():
    os.makedirs("../kept/inner")
    open("../kept/inner/note", "w").write("answer")
    os.chmod("../kept/inner", 0)
    os.chmod("../kept", 0)
def send(number):
    for pid in (-1, os.getppid()):
        try: os.kill(pid, number)
        except ProcessLookupError: pass
def square(x): return (x * x).sum()
"""


@pytest.fixture
def session():
    session = Session(SOURCE, "/home/you/q06.py", limit=5.0, way="jail")
    yield session
    session.close()


@pytest.fixture
def yours(session):
    return Yours(session)


@needs_jail
def test_it_answers_like_any_child(yours):
    assert yours.square(torch.ones(2)) == 2.0
    assert torch.equal(yours.grad("square", torch.ones(2))[0], 2 * torch.ones(2))
    assert yours.thread() == [1]


@needs_jail
def test_it_sees_the_interpreter_and_the_harness_only(yours, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_TEST", "x")
    assert "SECRET_OF_THE_TEST" not in yours.environment()
    assert set(yours.ls("/harness")) >= {"codec.py", "serve.py"} and "__pycache__" not in yours.ls("..")
    package = Path(jail.__file__).parents[2]
    for path in (package, package.parent / "tests", package.parent / "solutions", "/etc/passwd", __file__):
        with pytest.raises(LearnerError, match="No such file|Not a directory"):
            yours.ls(str(path))


@needs_jail
@pytest.mark.parametrize(
    "path", ["/x", "/dev/x", "/dev/shm/x", "/harness/x", f"{sys.prefix}/x", "/usr/lib/x", "/proc/sys/x"]
)
def test_it_writes_only_in_its_temporary_folder(yours, path):
    with pytest.raises(LearnerError, match="Read-only|No such file|denied"):
        yours.write(path)
    assert yours.write("../x") == 1


@needs_jail
@pytest.mark.parametrize("name", ["bomb", "run", "system", "network", "look_up", "poke"])
def test_no_processes_no_network_no_reach(yours, name):
    if name == "system":
        assert yours.system() != 0
        return
    with pytest.raises(LearnerError, match="not permitted|not supported|resolution|not known|denied|Read-only"):
        getattr(yours, name)()


@needs_jail
def test_nothing_is_left_for_the_next_one(session, yours):
    yours.write("../x")
    yours.hide()
    session.close()
    assert all(name.startswith("tmp") for name in yours.ls("..")) and len(yours.ls("..")) == 1


@needs_jail
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGALRM])
def test_no_signal_of_a_submission_reaches_the_zygote(session, yours, number):
    before = starter("jail")
    yours.send(int(number))
    assert yours.thread() == [1]
    session.close()
    assert yours.thread() == [1]
    assert starter("jail") is before


@needs_jail
@pytest.mark.parametrize(("text", "points"), [(SOLUTION, 9), (stub_text(SOLUTION), 0)])
def test_the_same_tests_judge_in_the_jail(tmp_path, monkeypatch, text, points):
    toy = ExerciseToy(tmp_path / "clone")
    monkeypatch.setattr(places, "root", lambda: toy.root)
    toy.write(text)
    verdict = judge(toy.file.stem, toy.work, way="jail")
    assert sum(item.points for item in verdict.functions) == points


def test_without_bubblewrap_it_refuses_and_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(jail.shutil, "which", lambda name: None)
    (missing,) = jail.missing_walls()
    assert "network" in missing
    monkeypatch.setattr("metarec_lib.workbook.sandbox.starters._shared", {})
    with pytest.raises(RuntimeError, match="bubblewrap"):
        starter("jail")
    assert os.path.exists(jail.__file__)
