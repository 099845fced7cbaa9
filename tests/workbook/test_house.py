"""Where things lie: rooms and their doors, and what would break in silence when a file moves."""

import ast
import importlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

import metarec_lib
from metarec_lib.workbook.core import places
from metarec_lib.workbook.grading import journal
from metarec_lib.workbook.sandbox import jail, starters

PACKAGE = Path(metarec_lib.__file__).parent
ROOT = PACKAGE.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = ("core", "sandbox", "exercises", "lessons", "practice", "grading")
Q06 = "q06_evaluate_meta_learning"


def door(room):
    return importlib.import_module(f"metarec_lib.workbook.{room}")


def test_every_module_of_the_workbook_is_in_a_room_and_every_room_says_what_it_holds():
    workbook = PACKAGE / "workbook"
    assert [path.name for path in workbook.glob("*.py")] == ["__init__.py"]
    assert {path.parent.name for path in workbook.glob("*/__init__.py")} == set(ROOMS)
    assert all(len(door(room).__doc__) > 40 for room in ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_of_a_door_is_there(room):
    assert door(room).__all__
    for name in door(room).__all__:
        assert getattr(door(room), name) is not None


def test_opening_the_doors_imports_nothing_heavy():
    names = [f"metarec_lib.workbook.{room}" for room in ROOMS] + ["metarec_lib.plots"]
    heavy = "torch pandas numpy matplotlib IPython pytest jupytext nbformat"
    code = f"import sys, {', '.join(names)}; print([name for name in {heavy.split()!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "[]\n", done.stderr


FAULTS = {
    "core/kernel.py": "from metarec_lib.workbook.exercises import judge\n",  # a floor up
    "grading/grading.py": "from metarec_lib.workbook.lessons import read_lesson\n",
    "practice/hints.py": "from metarec_lib.workbook.exercises.judging import judge\n",  # past the door
    "lessons/lesson.py": "from . import grammar\n",  # a circle
}


def test_the_linter_refuses_a_floor_up_a_side_door_and_a_circle(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "metarec_lib", ignore=shutil.ignore_patterns("embedded", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, line in FAULTS.items():
        path = tmp_path / "metarec_lib" / "workbook" / name
        path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")
    linter = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([linter, "--no-cache"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    broken = set(re.findall(r"^(.+) BROKEN\b", done.stdout, re.MULTILINE))
    assert broken == {
        "the rooms of the workbook import one way",
        "grading needs no lesson",
        "the door of exercises",
        "no circles",
    }, done.stdout


@pytest.fixture
def changed(monkeypatch):
    """`changed(path)`: from now on a file reads as if a byte had been added to it."""
    read, touched = Path.read_bytes, set()
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + (b"#" if path in touched else b""))
    return touched.add


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("workbook/core/places.py", True),
        ("workbook/sandbox/jail.py", True),
        ("workbook/sandbox/harness/serve.py", True),
        ("workbook/exercises/judging.py", True),
        ("workbook/grading/grader.py", True),
        ("workbook/practice/checking.py", False),
        ("workbook/lessons/build.py", False),
    ],
)
def test_a_grade_is_not_taken_from_the_journal_where_what_decides_it_has_changed(name, counts, changed, monkeypatch):
    monkeypatch.setattr(journal, "decisive", journal.decisive.__wrapped__)
    before = journal.decisive(Q06)
    assert (PACKAGE / name).is_file()
    changed(PACKAGE / name)
    assert (journal.decisive(Q06) != before) is counts


def test_the_jail_mounts_the_harness_and_hides_the_package():
    assert {path.name for path in starters.HARNESS.glob("*.py")} >= {"__main__.py", "codec.py", "serve.py", "walls.py"}
    installed = Path(sysconfig.get_path("purelib"))
    inside = jail.jailed([], installed / "metarec_lib" / "workbook" / "sandbox" / "harness", {})
    assert inside[inside.index("/harness") - 1].endswith("metarec_lib/workbook/sandbox/harness")
    shown = [inside[place + 2] for place, word in enumerate(inside) if word in ("--ro-bind", "--ro-bind-try")]
    hidden = [inside[place + 1] for place, word in enumerate(inside) if word == "--tmpfs"]
    for package in (installed / "metarec_lib", PACKAGE):  # both hold the solutions and the graded tests
        above = [path for path in [*shown, *hidden] if package.is_relative_to(path)]
        assert not above or max(above, key=len) in hidden
    assert str(installed) in hidden or str(installed.parent) in hidden
    assert starters.HARNESS.relative_to(PACKAGE).parts == ("workbook", "sandbox", "harness")


def test_the_content_is_looked_for_in_the_clone_and_where_the_wheel_puts_it():
    assert ROOT == places._ABOVE_PACKAGE
    targets = SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["sources"]
    assert {places._PACKAGED / source for source in targets} == {ROOT / target for target in targets.values()}


def test_pytest_finds_the_plugin():
    name = SETTINGS["project"]["entry-points"]["pytest11"]["metarec"]
    assert hasattr(importlib.import_module(name), "pytest_addoption")
    (installed,) = importlib.metadata.entry_points(group="pytest11", name="metarec")
    assert installed.value == name, "run `pip install -e .` again"


def test_every_string_that_names_a_module_of_the_package_names_one_that_is_there():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and str(node.value).startswith("metarec_lib.") and node.value[-1] != ".":
                assert importlib.util.find_spec(node.value), f"{path}: {node.value}"
