"""A whole interview in a real terminal, in both languages, killed once in the middle."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from metarec_lib.workbook.core import content

pexpect = pytest.importorskip("pexpect", reason="there are no such terminals on Windows")
pytestmark = pytest.mark.timeout(300)
METAREC = str(Path(sys.executable).with_name("metarec"))
SAID = {
    "en": ("A task is one user: some ratings are the support set, the others the query set.", "found in"),
    "zh": ("推荐里一个任务就是一个用户，他的评分分成支持集和查询集。", "依据"),
}
TOLD = {
    "en": {
        "question": "Question 1 · q01", "full": "Full answer", "follow-up": "Follow-up", "code": "Coding",
        "failed": "Not yet: 0 of", "passed": "Passed: ", "rubric": "you decide", "flip": "Numbers whose tick",
        "points": "points, by your own ticks",
        "waits": "waits at question 1", "written": "You had written:", "over": "The interview is over",
        "self": "self-assessment",
    },
    "zh": {
        "question": "第 1 题 · q01", "full": "展开回答", "follow-up": "追问", "code": "写代码", "failed": "还没通过：0/",
        "passed": "通过：", "rubric": "最后由你定", "flip": "哪几条的勾不对", "points": "自评 ", "waits": "停在第 1 题",
        "written": "之前写到：", "over": "面试结束", "self": "这个分数是自评",
    },
}  # fmt: skip


@pytest.fixture
def terminal(tmp_path):
    """`terminal(lang)`: `metarec interview` in a terminal of its own; what it prints goes to screen.txt."""
    environment = {**os.environ, "METAREC_HOME": str(tmp_path / "home"), "TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
    children = []

    def start(*arguments):
        child = pexpect.spawn(
            METAREC, ["interview", *arguments], cwd=str(tmp_path), env=environment, encoding="utf-8", timeout=120,
            dimensions=(50, 160),
        )  # fmt: skip
        children.append(child)
        child.logfile_read = (tmp_path / "screen.txt").open("a", encoding="utf-8")
        return child

    yield start
    for child in children:
        child.close(force=True)
        child.logfile_read.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_whole_interview_killed_once(terminal, tmp_path, lang):
    told, (said, found) = TOLD[lang], SAID[lang]
    chosen = ("--topics", "MAML", "--lang", lang, "--seed", "1")
    child = terminal(*chosen)
    child.expect_exact(told["question"])
    child.expect_exact("\n> ")
    child.sendline(said)
    child.expect_exact("> ")
    child.kill(signal.SIGKILL)
    child.wait()

    child = terminal(*chosen)
    child.expect_exact(told["waits"])
    child.sendline("")
    child.expect_exact(told["written"])
    child.expect_exact(said)
    child.expect_exact("> ")
    child.sendline("")
    child.expect_exact(told["full"])
    child.sendline("")  # said aloud
    child.expect_exact(told["follow-up"])
    child.sendline("/skip")
    code(child, told, lang, tmp_path)
    child.expect_exact(told["rubric"])
    child.expect_exact("1 ✓ [2]")
    child.expect_exact(found)
    child.expect_exact(told["flip"])
    child.sendline("99")
    child.expect_exact(told["flip"])
    child.sendline("1 2")
    child.expect_exact(told["points"])
    child.expect_exact(told["over"])
    child.expect_exact(told["self"])
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 0
    (report,) = tmp_path.rglob("report.md")
    assert said in report.read_text(encoding="utf-8")


def code(child, told, lang, folder):
    """Check the stub, which fails, then the solution, which passes."""
    child.expect_exact(told["code"])
    child.expect(r"(/\S+\.py)")
    path = Path(re.sub(r"\x1b\[[0-9;]*m", "", child.match[1]))
    child.expect_exact("/leave ")
    child.sendline("")
    child.expect_exact(told["failed"])
    child.expect_exact("/leave ")
    path.write_text(content("solutions", path.name).read_text(encoding="utf-8"), encoding="utf-8")
    child.sendline("")
    child.expect_exact(told["passed"])


def test_pause_the_end_of_the_input_and_control_c_keep_everything(terminal, tmp_path):
    child = terminal("--topics", "MAML", "--seed", "1")
    child.expect_exact("\n> ")
    child.sendline("the first line")
    child.expect_exact("> ")
    child.sendintr()
    child.expect_exact("Paused; everything is kept")
    child.expect(pexpect.EOF)
    child = terminal()
    child.expect_exact("waits at question 1")
    child.sendline("")
    child.expect_exact("the first line")
    child.expect_exact("> ")
    child.sendeof()
    child.expect_exact("Paused; everything is kept")
    child.expect(pexpect.EOF)
    child = terminal()
    child.sendline("")
    child.expect_exact("the first line")
    child.sendline("/leave")
    child.expect_exact("The interview is over")
    child.expect(pexpect.EOF)
    child = terminal("--history")
    child.expect_exact("left early")
    child.expect(pexpect.EOF)


def test_between_two_questions_the_model_answer_is_read_off_the_clock(terminal, tmp_path):
    child = terminal("q06", "q01", "--seed", "1", "--lang", "en")
    child.expect_exact("\n> ")
    for _ in range(6):  # short, full, two follow-ups; the coding task
        child.sendline("/skip")
        if child.expect_exact(["> ", "/leave ", "Numbers of what you said"]) == 2:
            break
    child.sendline("1")
    child.expect_exact("A good short answer:")
    child.expect_exact("its clock starts then")
    child.sendline("/skip")  # nothing to skip here: the next question comes
    child.expect_exact("── Question 2")
    child.expect_exact("> ")
    child.kill(signal.SIGKILL)
    child.wait()
    child = terminal()
    child.expect_exact("waits at question 2")
    child.sendline("")
    child.expect_exact("── Question 2")
    child.expect_exact("> ")
    child.sendline("One answer.")
    child.expect_exact("> ")
    child.sendline("")
    child.expect_exact("Full answer · ")
    child.sendline("/pause")
    child.expect(pexpect.EOF)
    child = terminal()
    child.sendline("")
    child.expect_exact("── Question 2")
    child.expect_exact("?")  # the question itself, though its full answer is asked for now
    child.expect_exact("Full answer · ")
    child.sendline("/leave")
    child.expect_exact("The interview is over")
    child.expect(pexpect.EOF)


def test_the_bell_rings_once_when_the_time_is_over(monkeypatch, capsys):
    import time
    from types import SimpleNamespace

    from metarec_lib.workbook.practice.interview import terminal as module

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    engine = SimpleNamespace(limit=30, used=lambda at: 29.95)
    with module._Bell(SimpleNamespace(engine=engine, clock=time.time, lang="en")):
        time.sleep(0.3)
    with module._Bell(SimpleNamespace(engine=engine, clock=time.time, lang="en")):
        pass  # answered in time
    assert capsys.readouterr().out.count("The 30 s are over") == 1
