"""A whole review in a real terminal, in both languages: typed at, left, gone on with."""

import os
import sys

import pytest

pexpect = pytest.importorskip("pexpect")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


def spawn(home, *arguments):
    environment = {**os.environ, "METAREC_HOME": str(home), "COLUMNS": "200"}
    command = [sys.executable, "-m", "metarec_lib.cli", "review", "q06", *arguments]
    return pexpect.spawn(command[0], command[1:], env=environment, encoding="utf-8", timeout=100)


@pytest.mark.timeout(400)
def test_a_review_is_held_left_and_gone_on_with(tmp_path):
    first = spawn(tmp_path, "--new", "2")
    first.expect_exact("0 to ask again, 2 new.")
    first.expect_exact("q06 · How do you evaluate a meta-learned recommender?")
    first.expect_exact("Enter: answer")
    first.sendline("")
    first.expect_exact("1 again (1 min)")
    first.sendline("4")
    first.expect_exact("Enter: answer")
    first.kill(9)  # the answer was stored; the second card was only shown
    first.wait()
    first.close()
    again = spawn(tmp_path, "--new", "2", "--lang", "zh")
    again.expect_exact("待复习 0 张，新卡 1 张。")
    again.expect_exact("回车：看答案")
    again.sendline("")
    again.expect_exact("1 忘了（1 分钟）")
    again.sendline("4")
    again.expect_exact("现在没有要复习的了；本次答了 1 张。")
    again.expect(pexpect.EOF)
    again.close()
    assert again.exitstatus == 0
