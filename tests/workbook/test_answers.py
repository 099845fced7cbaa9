"""`metarec solution` and `metarec reset`."""

import json
import os

import pytest
from exercise_toy import SOLUTION, STEM, ExerciseToy

from metarec_lib.workbook.core import places
from metarec_lib.workbook.exercises.solutions import plain_text, stub_text
from metarec_lib.workbook.practice.answers import reset_command, solution_command
from metarec_lib.workbook.practice.workspace import renew


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The toy with its stub built; the learner's workspace is `toy.root.parent / "work"`, and the current folder."""
    toy = ExerciseToy(tmp_path / "clone")
    monkeypatch.setattr(places, "root", lambda: toy.root)
    monkeypatch.setenv("METAREC_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("METAREC_WORK", raising=False)
    toy.write(stub_text(SOLUTION))
    renew(tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return toy


@pytest.fixture
def mine(toy):
    return toy.root.parent / "work" / "exercises" / f"{STEM}.py"


def test_the_solution_is_plain_text(toy, capsys):
    assert solution_command("q06") == 0
    assert capsys.readouterr().out == plain_text(SOLUTION)
    assert solution_command("6", "mean_rating") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("def mean_rating(") and shown.endswith("if len(values) else 0.0\n")
    assert "@exercise" not in shown and "SOLUTION" not in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("q06", "nonsense"), "expected one of: mean_rating"), (("q07",), "q07 has no exercises"), (("q99",), "q99")],
)
def test_a_solution_that_does_not_exist_is_wrong_usage(toy, capsys, arguments, said):
    assert solution_command(*arguments) == 2
    assert said in capsys.readouterr().err


def test_reset_brings_the_stub_back_and_keeps_what_was_there(toy, mine, capsys):
    stub = toy.file.read_text(encoding="utf-8")
    for number in (1, 2):
        mine.write_text(f"mine {number}\n", encoding="utf-8")
        assert reset_command("q06") == 0
        assert mine.read_text(encoding="utf-8") == stub
        assert f"kept in {STEM}.py.bak-{number}" in capsys.readouterr().out
        assert mine.with_name(f"{STEM}.py.bak-{number}").read_text(encoding="utf-8") == f"mine {number}\n"
    assert reset_command("q06") == 0 and "nothing to do" in capsys.readouterr().out
    assert sorted(path.name for path in mine.parent.iterdir()) == [
        f"{STEM}.py{end}" for end in ("", ".bak-1", ".bak-2")
    ]


def test_reset_makes_a_missing_file_and_the_workspace_renews_it_later(toy, mine):
    mine.unlink()
    toy.write("a newer stub\n")
    assert reset_command("q06") == 0 and mine.read_text(encoding="utf-8") == "a newer stub\n"
    toy.write("the newest stub\n")
    renew(mine.parent.parent)
    assert mine.read_text(encoding="utf-8") == "the newest stub\n"
    assert json.loads((mine.parent.parent / places.MARK).read_text(encoding="utf-8")).keys() == {
        f"exercises/{STEM}.py",
        "language",
        "start.ipynb",
    }


def test_reset_that_fails_loses_nothing(toy, mine, monkeypatch):
    mine.write_text("mine\n", encoding="utf-8")
    replace = os.replace

    def fails_on_the_stub(source, target):
        if str(target).endswith(".py"):
            raise OSError("disk full")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fails_on_the_stub)
    with pytest.raises(OSError, match="disk full"):
        reset_command("q06")
    assert mine.read_text(encoding="utf-8") == "mine\n"


@pytest.mark.parametrize("work", ["exercises", "solutions"])
def test_reset_leaves_the_workbooks_own_folders(toy, monkeypatch, capsys, work):
    monkeypatch.chdir(toy.root)
    toy.write("edited\n")
    assert reset_command("q06", work) == 2
    assert "nothing to do" in capsys.readouterr().err
    assert toy.file.read_text(encoding="utf-8") == "edited\n" and not list(toy.root.rglob("*.bak*"))
