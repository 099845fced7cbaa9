"""The child: it answers calls, and whatever a submission does ends in one plain description of the error."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from metarec_lib.workbook.exercises.calls import InProcess, LearnerError, Yours
from metarec_lib.workbook.exercises.explaining import explain
from metarec_lib.workbook.sandbox import starters
from metarec_lib.workbook.sandbox.child import KINDS, Session, _checked
from metarec_lib.workbook.sandbox.harness.__main__ import REPLY
from metarec_lib.workbook.sandbox.harness.codec import BadFrame, Given

GOOD = """
import numpy as np
import torch

calls = []

def double(x):
    print("doubling", type(x).__name__)
    return x * 2

def count():
    calls.append(1)
    return len(calls)

def put(items, key=0):
    items[key] = 7
    return items

def apply(function, x):
    return function(x)

def loss(params, x):
    return ((x @ params["weight"] + params["bias"]) ** 2)

def first(x, other):
    return x.sum() + 0 * x.requires_grad_().sum()

def cut(x):
    return x.detach().sum()

def no_tensor(x):
    return float(x.detach().sum())
"""


@pytest.fixture(params=["child", "process", "in-process"])
def start(request):
    """Makes `yours` of a text, in each of the three ways."""
    sessions = []

    def make(source, limit=20.0):
        if request.param == "in-process":
            sessions.append(InProcess(source, "/home/you/q06.py"))
        else:
            sessions.append(
                Session(source, "/home/you/q06.py", limit=limit, way="fork" if request.param == "child" else "process")
            )
        return Yours(sessions[-1])

    yield make
    for session in sessions:
        session.close()


def test_calls_gradients_and_mutation(start):
    yours = start(GOOD)
    assert yours.double(3) == 6 and not yours.mutated
    assert (yours.double(np.arange(3.0)) == [0, 2, 4]).all()
    assert torch.equal(yours.double(torch.arange(3)), torch.tensor([0, 2, 4]))
    assert [yours.count(), yours.count()] == [1, 2]
    mine = [1, 2]
    assert yours.put(mine) == [7, 2] and yours.mutated and mine == [1, 2]
    assert (yours.put(np.zeros(2)) == [7, 0]).all() and yours.mutated
    assert yours.put(items={"a": 1}, key="a") == {"a": 7} and yours.mutated
    assert yours.double(1) == 2 and not yours.mutated


def test_gradients_are_those_of_autograd(start):
    yours = start(GOOD)
    params = {"weight": torch.tensor([[1.0], [2.0]]).double(), "bias": torch.tensor([0.5]).double()}
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).double()
    found = yours.grad("loss", params, x, wrt=[0, 1])
    leaves = [leaf.clone().requires_grad_() for leaf in (*params.values(), x)]
    value = ((leaves[2] @ leaves[0] + leaves[1]) ** 2).sum()
    for mine, theirs in zip(found, torch.autograd.grad(value, leaves), strict=True):
        torch.testing.assert_close(mine, theirs)
    assert not yours.mutated
    ones = torch.ones(2)
    (through,) = yours.grad("apply", Given("quadratic", {"centre": 0.0}), ones, wrt=[1])
    assert torch.equal(through, 2 * ones)
    assert torch.equal(yours.grad("first", ones, other=ones, wrt=["other"])[0], 0 * ones)


@pytest.mark.parametrize(("name", "what"), [("cut", "a tensor"), ("no_tensor", "a `float`")])
def test_a_cut_gradient_is_named(start, name, what):
    with pytest.raises(LearnerError, match=rf"got {what} through which no gradient flows"):
        start(GOOD).grad(name, torch.ones(2))


def test_given_is_built_on_the_other_side(start):
    yours = start(GOOD)
    linear = Given("linear", {"weights": np.array([1.0, 2.0]), "bias": 1.0})
    assert yours.apply(linear, np.array([[1.0, 1.0]])) == [4.0]
    with pytest.raises(LearnerError, match="expected one of: .*linear"):
        yours.apply(Given("nonsense"), 1)
    goal = torch.tensor([1.0, -1.0]).double()
    (slope,) = yours.grad("apply", Given("power", {"centre": goal, "exponent": 4}), goal + 2, wrt=[1])
    assert torch.equal(slope, torch.full_like(goal, 32.0))


def test_the_mean_predictor_needs_a_row_as_scikit_learn_does(start):
    yours = start("def f(model, fit, ask): return model.fit(fit, fit).predict(ask)")
    assert (yours.f(Given("mean_predictor"), np.array([1, 4]), np.zeros(3)) == 2.5).all()
    for fit, ask in ((np.zeros(0), np.zeros(1)), (np.ones(1), np.zeros(0))):
        with pytest.raises(LearnerError, match="Found array with 0 sample"):
            yours.f(Given("mean_predictor"), fit, ask)


def test_what_was_changed_is_named_by_position_or_keyword(start):
    yours = start(GOOD + "\ndef leave(x, y): (x.sum() * y.sum()).backward()\n")
    yours.put(items=[1], key=0)
    assert yours.last.reply["changed"] == ["items"]
    yours.put([1])
    assert yours.last.reply["changed"] == ["0"]
    yours.leave(torch.ones(1, requires_grad=True), y=torch.ones(1, requires_grad=True))
    assert yours.last.reply["changed"] == ["0.grad", "y.grad"]


ERRORS = [
    ("def f(:\n    pass", "the file is not valid Python: .*line 1: `def f"),
    ("def f(x):\n\tif x:\n        return 1\n", "the file is not valid Python: .*tabs.*line 3"),
    ("x = '\0'", "the file .*null bytes"),
    ("", "there is no function of that name"),
    ("f = 3", "it is a int, not a function|it is an int"),
    ("def f(x): raise NotImplementedError('Write f.')", r"f is not written yet \(line 1\)"),
    ("def f(): return 1", r"does not take these arguments: f\(\) takes 0 positional arguments but 1 was given"),
    ("def f(x):\n    return 1 / 0", r"called f\(1\), and it raised ZeroDivisionError: .*\(line 2: `return 1 / 0`\)"),
    ("def f(x):\n    return [][5]", r"raised IndexError: list index out of range \(line 2: `return \[\]\[5\]`\)"),
    ("def f(x): return f(x)", "raised RecursionError"),
    ("import sys\ndef f(x): sys.exit()", r"called f\(1\), and it ended the program"),
    ("import sys; sys.exit()", "the file ends the program while it is loaded"),
    ("def f(x): exit()", "it ended the program"),
    ("raise SystemExit", "the file ends the program while it is loaded"),
    ("1 / 0", "the file fails while it is loaded: ZeroDivisionError"),
    ("import pandas", "ModuleNotFoundError|ImportError: `pandas` is not available here"),
    ("def f(x):\n    import metarec_lib", "`metarec_lib` is not available here"),
    ("def f(x): return range(3)", r"got a `range`, expected .*return list\(...\)"),
    ("class A:\n    def __eq__(self, other): return True\ndef f(x): return A()", r"called f\(1\), got an `A`"),
    ("def f(x): raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    ("class E(Exception):\n    def __str__(self): 1 / 0\ndef f(x): raise E()", r"E: \(its message cannot be shown\)"),
    ("def f(x): raise ValueError('x' * 10**6)", "ValueError: xxx"),
    ("def f(x):\n    assert x == 2, 'two'", "raised AssertionError: two"),
]


@pytest.mark.parametrize(("source", "said"), ERRORS)
def test_errors_are_one_helpful_sentence(source, said):
    for session in (Session(source, "/home/you/q06.py"), InProcess(source, "/home/you/q06.py")):
        with pytest.raises(LearnerError, match=said) as problem:
            Yours(session).f(1)
        session.close()
        assert len(str(problem.value)) < 800 and "Traceback" not in str(problem.value)


EACH = "def f(x):\n    for n in range(3, 64):\n        try: "
HOSTILE = [
    ("def f(x):\n    while True: pass", "did not finish in 2 seconds"),
    ("import time\ntime.sleep(60)", "while the file was loaded, it did not finish in 2 seconds"),
    (
        "import signal\nfor s in {*signal.Signals} - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(s, signal.SIG_IGN)\n"
        "def f(x):\n    while True: pass",
        "did not finish",
    ),
    ("import os\ndef f(x): os._exit(0)", "ended without an answer"),
    ("import os\nos._exit(0)", "while the file was loaded, its process ended without an answer"),
    ("import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGKILL)", "ended without an answer"),
    ("import ctypes\ndef f(x): ctypes.string_at(0)", "Python itself crashed"),
    ("import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x)", "crashed|Error|did not finish"),
    ("def f(x):\n    while True: print('x' * 1000)", "printed without end"),
    ("import numpy as np\ndef f(x): return np.ones(10**10)", "MemoryError"),
    ("def f(x): return [0] * 10**10", "MemoryError"),
    ("import numpy as np\ndef f(x): return np.zeros(10**8)", "at most 64 MB"),
    (
        "import os\ndef f(x):\n    for n in range(3, 64):\n        try: os.close(n)\n        except OSError: pass",
        "ended without",
    ),
    (
        "import os\ndef f(x):\n    for n in range(3, 64):\n        try: os.write(n, b'x' * 50)\n"
        "        except OSError: pass",
        "no answer",
    ),
    ("import os, time\ndef f(x): os.kill(os.getppid(), 9); time.sleep(5)", "without an answer"),
    ("def f(x):\n    open('big', 'wb').write(b'x' * (100 << 20))", "OSError|ended without an answer"),
]


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
@pytest.mark.parametrize(("source", "said"), HOSTILE)
def test_hostile_submissions_end_in_one_sentence_and_change_nothing(source, said):
    session = Session(source, "/home/you/q06.py", limit=2.0)
    with pytest.raises(LearnerError, match=said):
        Yours(session).f(1)
    session.close()
    after = Session(GOOD, "/home/you/q06.py")
    assert Yours(after).double(2) == 4
    after.close()


def test_a_forged_reply_is_a_failed_call_not_a_value():
    forge = (
        "import os, struct\n"
        "def f(x):\n"
        '    text = b\'{"d":[["id",1],["value",42],["mutated",false]]}\'\n'
        "    for n in range(3, 64):\n"
        "        try: os.write(n, struct.pack('>II', len(text), 0) + text)\n"
        "        except OSError: pass\n"
        "    return 1\n"
    )
    session = Session(forge, "/home/you/q06.py")
    with pytest.raises(LearnerError, match="sent something that is no answer"):
        Yours(session).f(1)
    session.close()


FORGED = [
    {},
    {"message": "x"},
    {"kind": "time", "message": "x"},
    {"kind": "time", "seconds": 1, "loading": False, "message": "x"},
    {"kind": ["time"], "message": "x"},
    {"kind": "exception", "type": "E"},
    {"kind": "exception", "type": "E", "message": "x", "text": "", "line": True},
    {"kind": "exception", "type": "E", "message": "x", "text": "", "line": -1},
    {"kind": "exception", "type": "E", "message": "x", "text": "", "bases": [1]},
    {"kind": "value", "message": None},
    {"kind": "crash"},
    [],
    "x",
]


@pytest.mark.parametrize("error", FORGED)
def test_a_forged_error_is_no_reply(error):
    with pytest.raises(BadFrame):
        _checked({"id": 1, "error": error}, 1)


@pytest.mark.parametrize("again", [3, "error", [], {}, {"error": 3}])
def test_a_forged_second_call_is_no_reply(again):
    with pytest.raises(BadFrame):
        _checked({"id": 1, "value": 1, "again": again}, 1)


def test_a_reply_that_is_there_counts_however_late_it_is_read(monkeypatch):
    session = Session(GOOD, "/home/you/q06.py", limit=5.0)
    assert Yours(session).double(1) == 2
    select = session.selector.select

    def late(timeout):
        time.sleep(0.4)  # this process had no processor for so long
        return select(0)

    monkeypatch.setattr(session.selector, "select", late)
    session.limit = 0.2
    assert Yours(session).double(2) == 4
    session.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loading", [True, False])
def test_every_error_of_a_known_form_has_its_sentence(kind, loading):
    error = {"kind": kind, **dict.fromkeys(KINDS[kind], "x"), "loading": loading}
    assert explain(_checked({"id": 1, "error": error}, 1)["error"], "f()", "f")


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP") or starters.USUAL != "fork", reason="signals of POSIX")
def test_a_stopped_zygote_is_told_from_a_slow_one_and_replaced():
    """A dead one closes its socket at once; a stopped one is silent, and what works sends a heartbeat."""
    stop = "import os, signal\ndef f(x):\n    os.kill(os.getppid(), signal.SIGSTOP)\n    return os.getpid()"
    session = Session(stop, "/home/you/q06.py")
    child, zygote = Yours(session).f(1), session.starter.process
    start = time.monotonic()
    session.close()
    assert starters.SILENT <= time.monotonic() - start < starters.SILENT + 5
    assert zygote.poll() is not None
    deadline = time.monotonic() + 5
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    after = Session(GOOD, "/home/you/q06.py")
    assert Yours(after).double(2) == 4
    after.close()


@pytest.mark.parametrize(("beats", "answers"), [(8, True), (0, False)])
def test_a_heartbeat_keeps_a_slow_zygote(monkeypatch, beats, answers):
    monkeypatch.setattr(starters, "SILENT", 0.3)
    zygote = object.__new__(starters.Zygote)
    zygote.control, theirs = socket.socketpair()

    def work():
        for _ in range(8):
            time.sleep(0.1)
            theirs.sendall(REPLY.pack(b"B", 0, 0) if beats else b"")
        theirs.sendall(REPLY.pack(b"A", 5, 7))

    worker = threading.Thread(target=work)
    worker.start()
    with zygote.control:
        if answers:
            assert zygote._answer(watched=True) == (5, 7)
        else:
            with pytest.raises(TimeoutError):
                zygote._answer(watched=True)
        worker.join()
    theirs.close()


def test_a_time_limit_that_struck_by_chance_is_known(monkeypatch):
    session = Session("def f(x):\n    while True: pass", "/home/you/q06.py", limit=0.3)
    for waited, chance in ((0.0, False), (0.2, True)):
        session.request({"op": "load"})
        end = session.starter.end
        monkeypatch.setattr(session.starter, "end", lambda child, end=end, waited=waited: (end(child)[0], waited))
        with pytest.raises(LearnerError) as problem:
            Yours(session).f(1)
        assert problem.value.error["chance"] is chance
        monkeypatch.undo()


def test_patched_libraries_stay_on_their_side():
    patch = (
        "import torch, numpy, builtins\n"
        "torch.allclose = torch.equal = numpy.allclose = numpy.isclose = lambda *a, **k: True\n"
        "builtins.abs = lambda x: 0\n"
        "def f(x): return 0.0\n"
    )
    session = Session(patch, "/home/you/q06.py")
    assert Yours(session).f(1) == 0.0
    assert not torch.allclose(torch.zeros(1), torch.ones(1)) and not np.isclose(0.0, 1.0) and abs(-1) == 1
    session.close()


def test_prints_are_shown_back_and_bounded():
    session = Session("def f(x):\n    print('seen', x)\n    print('y' * 10**6)\n    return x\n", "/home/you/q06.py")
    yours = Yours(session)
    assert yours.f(3) == 3
    printed = yours.last.reply["printed"]
    assert printed.startswith("seen 3\n") and len(printed) < 5000 and printed.endswith("(more was printed)")
    session.close()


def test_prints_before_a_hang_are_kept():
    session = Session("def f(x):\n    print('here')\n    while True: pass\n", "/home/you/q06.py", limit=0.5)
    yours = Yours(session)
    with pytest.raises(LearnerError):
        yours.f(3)
    assert yours.last.reply["printed"] == "here\n"
    session.close()


def test_a_second_hang_of_the_same_function_costs_less(monkeypatch):
    monkeypatch.setattr("metarec_lib.workbook.exercises.calls.LIMIT_AFTER_TIMEOUT", 0.2)
    session = Session("def f(x):\n    while x: pass\n    return 5\n", "/home/you/q06.py", limit=1.0)
    yours = Yours(session)
    start = time.monotonic()
    for _ in range(3):
        with pytest.raises(LearnerError):
            yours.f(1)
    assert time.monotonic() - start < 2.5
    assert yours.f(0) == 5  # it is still called, and counts
    session.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_that_a_submission_started_is_left():
    spawn = (
        "import os, subprocess, sys\n"
        "def f(x):\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'], start_new_session=True)\n"
        "    return child.pid\n"
    )
    session = Session(spawn, "/home/you/q06.py")
    pid = Yours(session).f(1)
    assert os.path.exists(f"/proc/{pid}")
    session.close()
    assert not os.path.exists(f"/proc/{pid}")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_children_end_with_the_process_that_started_them():
    program = (
        "import os, sys\n"
        "from metarec_lib.workbook.sandbox.child import Session\n"
        "s = Session('import os\\ndef f(): return os.getpid()', '/home/you/q06.py')\n"
        "print(s.request({'op': 'call', 'name': 'f', 'args': [], 'kwargs': {}})['value'], s.starter.process.pid)\n"
        "print(s.starter.folder)\n"
        "sys.stdout.flush()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 10
    pids, folder = run.stdout.splitlines()
    while any(_runs(pid) for pid in pids.split()) or os.path.exists(folder):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_environment_and_the_working_folder_do_not_reach_the_child(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numpy.py").write_text("raise SystemError")
    monkeypatch.setenv("SECRET_OF_THE_TEST", "x")
    starters.close()
    session = Session("import os\ndef f(): return [os.getcwd(), dict(os.environ)]", "/home/you/q06.py")
    folder, environment = Yours(session).f()
    assert folder != str(tmp_path) and "SECRET_OF_THE_TEST" not in environment
    session.close()


def test_importing_the_trusted_side_imports_no_torch():
    modules = "plugin, judging, testing, solutions, manifest"
    program = (
        f"import sys; from metarec_lib.workbook.exercises import {modules}\n"
        "from metarec_lib.workbook.sandbox import child, starters\n"
        "from metarec_lib.workbook.practice import checking, learner, progress\nprint('torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout == "False\n", run.stderr
