"""Where the content lies, and which folder is the learner's."""

import pytest

from metarec_lib.workbook.core import places
from metarec_lib.workbook.core.places import content, work_folder


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A workspace with one exercise file; the current directory is its notebooks folder."""
    for folder in ("notebooks/deep", "exercises"):
        (tmp_path / "work" / folder).mkdir(parents=True)
    (tmp_path / "work/exercises/q06_evaluate_meta_learning.py").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "work/notebooks/deep")
    monkeypatch.delenv("METAREC_WORK", raising=False)
    return tmp_path / "work"


def test_content_is_the_clone_when_there_is_one(tmp_path, monkeypatch):
    (tmp_path / "notebooks/source").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    monkeypatch.setattr(places, "_ABOVE_PACKAGE", tmp_path)
    assert content("solutions", "a.py") == tmp_path / "solutions" / "a.py"
    assert places.is_clone()
    places.require_clone("metarec build")


def test_content_is_the_packaged_copy_otherwise(tmp_path, monkeypatch):
    (tmp_path / "content/notebooks/source").mkdir(parents=True)
    monkeypatch.setattr(places, "_ABOVE_PACKAGE", tmp_path)
    monkeypatch.setattr(places, "_PACKAGED", tmp_path / "content")
    assert content("exercises") == tmp_path / "content" / "exercises"
    assert not places.is_clone()
    with pytest.raises(ValueError, match="Got `metarec build` in an installed package"):
        places.require_clone("metarec build")


def test_an_installation_without_content_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "_ABOVE_PACKAGE", tmp_path)
    monkeypatch.setattr(places, "_PACKAGED", tmp_path / "content")
    with pytest.raises(FileNotFoundError, match="Install the wheel again"):
        content("exercises")


def test_exercises_are_found_from_below_and_from_inside(workspace, monkeypatch):
    assert work_folder() == workspace / "exercises"
    monkeypatch.chdir(workspace / "exercises")
    assert work_folder("exercises") == workspace / "exercises"


def test_a_folder_of_tests_is_not_taken_for_exercises(workspace, monkeypatch):
    (workspace / "tests/exercises").mkdir(parents=True)
    (workspace / "tests/exercises/test_q06_evaluate_meta_learning.py").write_text("", encoding="utf-8")
    monkeypatch.chdir(workspace / "tests")
    assert work_folder() == workspace / "exercises"


def test_the_argument_goes_before_the_variable_and_the_variable_before_the_default(workspace, tmp_path, monkeypatch):
    (tmp_path / "given").mkdir()
    (tmp_path / "named").mkdir()
    monkeypatch.setenv("METAREC_WORK", str(tmp_path / "named"))
    assert work_folder() == tmp_path / "named"
    assert work_folder(tmp_path / "given") == tmp_path / "given"
    assert work_folder("exercises") == workspace / "exercises"
    monkeypatch.setenv("METAREC_WORK", "")
    assert work_folder() == workspace / "exercises"


def test_solutions_are_the_reference(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(places, "root", lambda: tmp_path / "clone")
    monkeypatch.setenv("METAREC_WORK", "solutions")
    assert work_folder() == tmp_path / "clone" / "solutions"


def test_a_workspace_means_its_exercises(workspace):
    assert work_folder(workspace) == workspace / "exercises"
    assert work_folder("../..").resolve() == workspace / "exercises"


def test_a_workspace_without_its_exercises_is_still_the_place(workspace, monkeypatch):
    (workspace / places.MARK).write_text("{}", encoding="utf-8")
    (workspace / "exercises/q06_evaluate_meta_learning.py").unlink()
    (workspace.parent / "exercises").mkdir()
    (workspace.parent / "exercises/q06_evaluate_meta_learning.py").write_text("", encoding="utf-8")
    assert work_folder() == work_folder(workspace) == workspace / "exercises"
    (workspace / "exercises").rmdir()
    assert work_folder() == work_folder(workspace / "exercises") == workspace / "exercises"


def test_a_file_named_by_its_path_names_its_folder(workspace, monkeypatch):
    monkeypatch.chdir(workspace)
    path = "exercises/q06_evaluate_meta_learning.py"
    assert places.folder_named([path, "q06", "q07_nowhere.py"]) == str(workspace / "exercises")
    assert places.folder_named(["q06", "nowhere/q06_evaluate_meta_learning.py"]) is None
    (workspace / "other.py").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="expected files in one folder"):
        places.folder_named([path, "other.py"])


def test_no_exercises_anywhere_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METAREC_WORK", raising=False)
    with pytest.raises(ValueError, match="metarec new my-work"):
        work_folder()


def test_a_path_that_is_no_folder_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.py").write_text("", encoding="utf-8")
    for place in ("nowhere", "file.py"):
        with pytest.raises(ValueError, match="is not a folder"):
            work_folder(place)
