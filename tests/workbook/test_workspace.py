"""`metarec new`: what is copied, what is brought up to date, what is left alone."""

import json
import os

import pytest
from toy import STEM

from metarec_lib.workbook.lessons import build
from metarec_lib.workbook.practice.workspace import RECORD, new_command, renew

NOTEBOOK, STUB = f"notebooks/{STEM}.ipynb", f"exercises/{STEM}.py"


@pytest.fixture
def work(tmp_path):
    return tmp_path / "my work"


def test_copies_notebooks_and_exercises(built, work, capsys):
    assert new_command(str(work)) == 0
    assert (work / STUB).read_text(encoding="utf-8") == built.stub.read_text(encoding="utf-8")
    assert "2 new" in capsys.readouterr().out
    assert sorted(path.name for path in work.iterdir()) == [RECORD, "exercises", "notebooks"]


def test_the_solutions_result_is_not_shown(built, work):
    renew(work)
    cells = json.loads((work / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
    code = {cell["id"]: cell for cell in cells if cell["cell_type"] == "code"}
    assert code["q06-exercise-2"]["outputs"] == []
    assert code["q06-exercise-2"]["execution_count"] is None
    assert code["q06-claim-1"]["outputs"] != []


def test_running_again_changes_nothing(built, work):
    renew(work)
    before = {path: path.stat().st_mtime_ns for path in work.rglob("*.*")}
    assert renew(work) == [f"{work}: nothing to do."]
    assert {path: path.stat().st_mtime_ns for path in work.rglob("*.*")} == {
        **before,
        work / RECORD: (work / RECORD).stat().st_mtime_ns,
    }


def test_untouched_files_are_updated_and_changed_ones_kept(built, work):
    renew(work)
    (work / STUB).write_text("mine\n", encoding="utf-8")
    built.stub.write_text("a new stub\n", encoding="utf-8")
    built.change("# Four, since", "# It is four, since")
    build.build_questions(["q06"], force=True)
    built.stub.write_text("a new stub\n", encoding="utf-8")
    told = renew(work)
    assert (work / STUB).read_text(encoding="utf-8") == "mine\n"
    assert "It is four" in (work / NOTEBOOK).read_text(encoding="utf-8")
    assert told[0].endswith("1 updated, 1 kept.")
    assert STUB in told[1]
    renew(work)
    assert (work / STUB).read_text(encoding="utf-8") == "mine\n"


def test_a_foreign_file_is_never_overwritten(built, work):
    (work / "exercises").mkdir(parents=True)
    (work / STUB).write_text("from before\n", encoding="utf-8")
    renew(work)
    assert (work / STUB).read_text(encoding="utf-8") == "from before\n"


def test_what_is_new_is_added(built, work):
    renew(work)
    other = built.root / "exercises" / "q07_meta_learning_framework.py"
    other.write_text("new\n", encoding="utf-8")
    assert renew(work)[0].endswith("1 new.")
    assert (work / "exercises" / other.name).read_text(encoding="utf-8") == "new\n"


def test_a_deleted_file_comes_back(built, work):
    renew(work)
    (work / STUB).unlink()
    renew(work)
    assert (work / STUB).is_file()


def test_a_run_that_is_cut_short_goes_on(built, work, monkeypatch):
    replace, calls = os.replace, []

    def fails_on_the_third(source, target):
        calls.append(target)
        if len(calls) == 3:
            raise OSError("disk full")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fails_on_the_third)
    with pytest.raises(OSError, match="disk full"):
        renew(work)
    monkeypatch.setattr(os, "replace", replace)
    renew(work)
    assert (work / STUB).is_file() and (work / NOTEBOOK).is_file()
    assert not list(work.rglob("*.part"))


@pytest.mark.parametrize("inside", ["", "notebooks", "notebooks/mine", "exercises", "solutions"])
def test_refuses_the_workbooks_own_folders(built, inside):
    before = sorted(built.root.rglob("*"))
    with pytest.raises(ValueError, match="Choose another one"):
        renew(built.root / inside)
    assert sorted(built.root.rglob("*")) == before


def test_a_folder_inside_the_clone_is_fine(built):
    assert renew(built.root / "my-work")[0].endswith("2 new.")


def test_refuses_a_place_inside_a_workspace(built, work, capsys):
    renew(work)
    capsys.readouterr()
    for inside in (work / "my-work", work / "exercises", work / "notebooks" / "deep"):
        assert new_command(str(inside)) == 2
        assert f"inside the workspace {work}" in capsys.readouterr().err
    assert sorted(path.name for path in work.iterdir()) == [RECORD, "exercises", "notebooks"]


def test_the_next_step_is_printed_unless_make_takes_it(built, work, capsys, monkeypatch):
    monkeypatch.delenv("MAKELEVEL", raising=False)
    monkeypatch.chdir(work.parent)
    new_command("my work")
    assert capsys.readouterr().out.splitlines()[-1] == "Next: cd 'my work' && jupyter lab"
    monkeypatch.chdir(work)
    new_command(".")
    assert capsys.readouterr().out.splitlines()[-1] == "Next: jupyter lab"
    monkeypatch.setenv("MAKELEVEL", "1")
    new_command(".")
    assert "Next" not in capsys.readouterr().out


def test_refuses_a_file(built, work):
    work.write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="which is a file"):
        renew(work)
