"""Fixtures of the workbook's tests: a toy workbook, written and built."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the toys that tests import; no other folder is on the path

from toy import STEM, Toy, run_without_kernel

from metarec_lib.workbook.core import places
from metarec_lib.workbook.lessons import breaches, build, execution


@pytest.fixture(autouse=True)
def in_english(monkeypatch):
    """Messages are compared in English, whatever the developer's own language is."""
    monkeypatch.delenv("METAREC_LANG", raising=False)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A toy workbook with lesson and solution, nothing built; everything written goes to the test's own folder."""
    toy = Toy(tmp_path / "clone")
    monkeypatch.setattr(places, "root", lambda: toy.root)
    monkeypatch.setattr(build, "manifest", lambda: '{"q06": 1}\n')
    monkeypatch.setattr(breaches, "EXCEPTIONS", (STEM,))  # it is small; `whole` keeps every limit
    monkeypatch.setenv("METAREC_HOME", str(tmp_path / "home"))
    for variable in ("METAREC_WORK", "METAREC_SEED", "METAREC_STUDIES"):
        monkeypatch.delenv(variable, raising=False)
    return toy


@pytest.fixture
def built(toy, monkeypatch):
    """The toy workbook, built without a kernel: the outputs are made up."""
    monkeypatch.setattr(execution, "run_lesson", run_without_kernel)
    build.build_questions()
    return toy
