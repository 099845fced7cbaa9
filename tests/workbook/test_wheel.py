"""The wheel carries the whole workbook, and works without the clone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[2]


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
