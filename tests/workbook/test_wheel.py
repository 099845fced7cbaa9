"""The wheel carries the whole workbook, and works without the clone."""

import csv
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from metarec_lib.workbook.core import content
from metarec_lib.workbook.exercises import plain_text
from metarec_lib.workbook.sandbox import missing_walls

ROOT = Path(__file__).resolve().parents[2]
Q06 = "q06_evaluate_meta_learning"
LOOKS = """
import pathlib
def ndcg_at_k(relevance, scores, k):
    found = [str(path) for path in pathlib.Path("PREFIX").rglob("*") if "metarec_lib" in path.parts and path.is_file()]
    raise RuntimeError(f"found {found[:3]}")
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The wheel's content in a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q", "-w"]
    subprocess.run([*build, str(folder), str(ROOT)], check=True, capture_output=True, timeout=100)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def run(unpacked, *arguments, cwd):
    """`metarec` from the unpacked wheel alone: the clone is not on the path."""
    code = f"import sys; sys.path.insert(0, {str(unpacked)!r})\nfrom metarec_lib.cli import main\nmain({list(arguments)!r})"
    environment = {**os.environ, "METAREC_HOME": str(cwd / "home")}
    environment.pop("METAREC_WORK", None)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, timeout=100
    )


def test_it_holds_notebooks_studies_stubs_solutions_tests_mistakes_and_data(unpacked):
    content = unpacked / "metarec_lib" / "workbook" / "content"
    for stem in [path.stem for path in ROOT.glob("solutions/q*.py")]:
        tests = ("tests/exercises/test_{}.py", "tests/exercises/mistakes/{}.py")
        for part in ("exercises/{}.py", "solutions/{}.py", *tests):
            assert (content / part.format(stem)).is_file(), part.format(stem)
    for path in [*ROOT.glob("notebooks/q*.ipynb"), *ROOT.glob("notebooks/studies/*.json.gz")]:
        assert (content / path.relative_to(ROOT)).is_file(), path.name
    assert (content / "tests" / "exercises" / "manifest.json").is_file()
    assert (unpacked / "metarec_lib" / "data" / "embedded" / "ml-latest-small" / "LICENSE.txt").is_file()


def test_an_editable_install_copies_nothing_of_it(tmp_path):
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["editable"])
    names = zipfile.ZipFile(built).namelist()
    assert [name for name in names if ".dist-info/" not in name] == ["_metarec_lib.pth"]


def test_movielens_100k_is_not_in_it(unpacked):
    names = [path.name for path in unpacked.rglob("*")]
    assert not [name for name in names if name.startswith(("u.data", "u.item", "u.user", "ml-100k"))]


def test_a_workspace_is_made_and_checked_without_the_clone(unpacked, tmp_path):
    made = run(unpacked, "new", "mine", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "mine" / "exercises" / "q06_evaluate_meta_learning.py").is_file()
    checked = run(unpacked, "check", "q06", cwd=tmp_path / "mine")
    assert checked.returncode == 1, checked.stderr
    assert "0 of 10 points" in checked.stdout


def needed(name, found):
    """The distributions that `name` needs without its extras, in all generations."""
    for line in metadata.requires(name) or []:
        requirement = Requirement(line)
        if (other := canonicalize_name(requirement.name)) not in found and _applies(requirement):
            found[other] = metadata.distribution(other)
            needed(other, found)
    return found


def _applies(requirement):
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


@pytest.fixture(scope="module")
def fresh(tmp_path_factory, unpacked):
    """A new environment with the wheel and what it needs, without the extras: its python."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, symlinks=True, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    tops = {
        path.parts[0]: distribution.locate_file(path.parts[0])
        for distribution in needed("metarec-lib", {}).values()
        for path in distribution.files
        if path.parts[0] not in ("..", "__pycache__")
    }
    for name, source in tops.items():
        if Path(source).is_dir():
            shutil.copytree(source, site / name, copy_function=_linked, dirs_exist_ok=True)
        else:
            _linked(source, site / name)
    shutil.copytree(unpacked, site, dirs_exist_ok=True)
    return folder / "bin" / "python"


def _linked(source, target):
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy(source, target)


def in_fresh(python, *arguments, cwd):
    """What a command of the fresh environment does; nothing of ours is on its path."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "METAREC_HOME": str(cwd / "home")}
    done = subprocess.run([python, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_in_a_fresh_environment_a_question_is_asked_without_the_extras(fresh, tmp_path):
    code = """
import importlib.util, json
from metarec_lib.workbook.lessons import read_lesson
lesson = read_lesson("q06")
extras = [name for name in ("jupytext", "hypothesis", "nbval", "ruff") if importlib.util.find_spec(name)]
print(json.dumps([extras, lesson.texts["question"], [point.zh for point in lesson.rubric], lesson.minutes]))
"""
    extras, question, rubric, minutes = json.loads(in_fresh(fresh, "-c", code, cwd=tmp_path))
    assert extras == [] and question["en"] and question["zh"] and 4 <= len(rubric) <= 7 and minutes


@pytest.mark.skipif(bool(missing_walls()), reason="; ".join(missing_walls()))
def test_in_a_fresh_environment_it_grades_in_the_jail_which_hides_the_package(fresh, tmp_path):
    handed_in = {
        "good": plain_text(content("solutions", f"{Q06}.py")),
        "looks": LOOKS.replace("PREFIX", str(fresh.parents[1])),
    }
    for student, text in handed_in.items():
        (tmp_path / "class" / student).mkdir(parents=True)
        (tmp_path / "class" / student / f"{Q06}.py").write_text(text, encoding="utf-8")
    command = ("-m", "metarec_lib.cli", "grade", "class", "--out", "report", "--questions", "q06", "--require-sandbox")
    in_fresh(fresh, *command, cwd=tmp_path)
    with open(tmp_path / "report" / "gradebook.csv", encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert rows["good"]["points"] == rows["good"]["possible"] == "10"
    assert rows["looks"]["points"] == "0" and "found []" in rows["looks"]["remarks"]
    assert rows["good"]["sandbox walls missing"] == "none"
