"""`metarec claims`: the list, and what holds on fresh seeds."""

from pathlib import Path

import numpy as np
import pytest
from toy import STEM, run_without_kernel

from metarec_lib.evaluation.uncertainty import compare
from metarec_lib.workbook.lessons import build, execution, reruns, studies
from metarec_lib.workbook.lessons.claims import claim_record
from metarec_lib.workbook.lessons.measured import verdicts
from metarec_lib.workbook.lessons.reruns import Outcome, claims_command
from metarec_lib.workbook.lessons.studies import load_study

STUDY = """import pandas as pd
from metarec_lib import study_rows

SEEDS = (0, 1)


def run(seed):
    with open(__file__ + ".ran", "a") as file:
        file.write(f"{seed} ")
    yield study_rows("rmse", "MAML", pd.Series([1.0, 2.0]) + seed, k=5)
"""


@pytest.fixture
def calls(monkeypatch):
    """The (seed, folder of the studies) of each run of a lesson."""
    found = []

    def run(lesson, seed=0, **variables):
        found.append((seed, variables[studies.STUDIES_VARIABLE]))
        return run_without_kernel(lesson, seed)

    monkeypatch.setattr(execution, "run_lesson", run)
    return found


@pytest.fixture
def with_study(toy, monkeypatch):
    """The built toy workbook, whose lesson reads a study of two seeds."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("METAREC_DEVICE", "cpu")
    studies.study_source(STEM).write_text(STUDY, encoding="utf-8")
    studies.study_command("q06")
    toy.change('shown = "a control"', "from metarec_lib import load_study\nprint(load_study('q06').seeds)")
    with monkeypatch.context() as patch:
        patch.setattr(execution, "run_lesson", run_without_kernel)
        build.build_questions()
    (toy.source.parent / "studies" / f"{STEM}.py.ran").unlink()
    return toy


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "250")


def ran(toy):
    return (toy.source.parent / "studies" / f"{STEM}.py.ran").read_text().split()


def test_lists_the_stored_claims_with_their_verdicts(built, capsys):
    assert claims_command() == 0
    said = capsys.readouterr().out
    assert "RMSE at K = 5: MAML minus shrunken bias" in said and "+0.050 [" in said and "<.001" in said
    assert "  higher  " in said


def test_says_which_claims_hold(built, calls, capsys):
    before = built.notebook.read_bytes()
    assert claims_command(["q06"], "1") == 0
    said = capsys.readouterr().out
    assert "1 of 1 alike" in said and "clear claims: 1 of 1 hold" in said and "nulls: 0 of 0 hold" in said
    assert "the users are the same ones" in said
    assert claims_command(["q06"], "2,3") == 1  # seed 2 comes first, and the lesson's live cells take it
    said = capsys.readouterr().out
    assert "lower −0.050 [" in said and "1 of 2 alike" in said and "clear claims: 0 of 1 hold" in said
    assert built.notebook.read_bytes() == before


def test_the_list_remembers_what_fresh_seeds_said_until_the_claim_is_made_otherwise(built, calls, capsys):
    def listed():
        capsys.readouterr()
        claims_command()
        return capsys.readouterr().out

    assert "0 of 0 claims that were rerun hold; 1 claims in all" in listed()
    claims_command(["q06"], "1")
    assert "  holds" in listed() and "1 of 1 claims that were rerun hold" in listed()
    claims_command(["q06"], "2")
    assert "does not hold" in listed() and "0 of 1 claims" in listed()
    path = built.notebook.parent / "studies" / "replications.json"
    path.write_text(path.read_text().replace('"stored": "higher', '"stored": "lower'))
    assert "made otherwise since" in listed()


def test_a_rerun_goes_on_where_it_was_stopped_and_other_code_starts_anew(built, calls):
    claims_command(["q06"], "1-2")
    assert [seed for seed, _ in calls] == [1, 1, 2]  # both together, then each alone
    claims_command(["q06"], "1-3")
    assert [seed for seed, _ in calls] == [1, 1, 2, 1, 3]
    built.change("# Four, since", "# It is four, since")
    claims_command(["q06"], "1")
    assert [seed for seed, _ in calls] == [1, 1, 2, 1, 3, 1]


def test_a_study_is_rerun_on_as_many_seeds_as_it_has_each_once_into_the_cache(with_study, calls, tmp_path, monkeypatch):
    before = studies.results_path(STEM).read_bytes()
    claims_command(["q06"], "5-7")
    assert ran(with_study) == ["5", "6", "7"]  # 7 stands alone only: the study has two seeds
    assert calls[0][0] == 5 and calls[0][1].startswith(str(tmp_path / "home"))
    shown = []
    for _, folder in calls:
        monkeypatch.setenv(studies.STUDIES_VARIABLE, folder)
        shown.append(load_study("q06").seeds)
    assert shown == [(5, 6), (5,), (6,), (7,)]
    assert studies.results_path(STEM).read_bytes() == before


def test_a_study_that_was_stopped_goes_on_seed_by_seed_whatever_the_prose(with_study, calls, monkeypatch):
    monkeypatch.setattr(execution, "run_lesson", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        claims_command(["q06"], "5-6")
    with_study.change("# Four, since", "# It is four, since")
    monkeypatch.setattr(execution, "run_lesson", lambda lesson, seed=0, **_: run_without_kernel(lesson, seed))
    claims_command(["q06"], "5-6")
    assert ran(with_study) == ["5", "6"]


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        (
            "1-3",
            r"Got the seeds \[1\], on which the study .* stands; expected fresh ones. Choose 2 others, such as 2-3",
        ),
        ("5", "Got 1 seeds; expected 2 or more, as many as the study"),
    ],
)
def test_seeds_must_be_fresh_and_as_many_as_the_study_has(with_study, seeds, words):
    with pytest.raises(ValueError, match=words):
        claims_command(["q06"], seeds)


def test_the_seed_of_the_build_is_not_fresh(built):
    with pytest.raises(ValueError, match="Got the seed 0, with which q06 was built"):
        claims_command(["q06"], "0-1")


def test_a_claim_that_is_gone_does_not_hold(built, monkeypatch, capsys):
    def without(lesson, seed=0, **variables):
        run = run_without_kernel(lesson, seed)
        for cell in run.notebook.cells:
            cell.outputs = []
        return run

    monkeypatch.setattr(execution, "run_lesson", without)
    assert claims_command(["q06"], "1") == 1
    said = capsys.readouterr().out
    assert "missing" in said and "0 of 1 alike" in said


def verdict(mean, spread):
    values = mean + spread * np.array([-1.0, 1.0] * 20)
    return verdicts([claim_record("RMSE", "MAML", "shrunken bias", compare(values, values * 0))])[0]


CLEAR, OTHER, NULL = verdict(0.1, 0.05), verdict(-0.1, 0.05), verdict(0.001, 0.2)
EQUAL, SMALL = verdict(0.0, 0.001), verdict(0.004, 0.001)


@pytest.mark.parametrize(
    ("stored", "fresh", "holds"),
    [
        (CLEAR, CLEAR, True),
        (CLEAR, OTHER, False),
        (CLEAR, NULL, False),
        (CLEAR, SMALL, True),
        (NULL, NULL, True),
        (NULL, EQUAL, True),
        (EQUAL, NULL, True),
        (NULL, SMALL, True),
        (NULL, CLEAR, False),
        (EQUAL, OTHER, False),
        (CLEAR, None, False),
        (NULL, None, False),
    ],
)
def test_what_holds(stored, fresh, holds):
    assert Outcome("q06", stored, fresh, {}).holds is holds


def test_a_notebook_that_is_not_built_or_was_built_long_ago_says_so(toy, monkeypatch):
    with pytest.raises(FileNotFoundError, match="metarec build q06"):
        claims_command(["q06"])
    assert reruns.list_claims([]) == 0
    old = '{"cells": [{"outputs": [{"metadata": {"metarec": {"claim": {"text": "It wins", "verdict": "lower"}}}}]}]}'
    toy.notebook.write_text(old, encoding="utf-8")
    with pytest.raises(ValueError, match="made by an older build"):
        claims_command(["q06"])


def test_a_rerun_with_a_kernel_reads_the_seed_and_the_rerun_study(with_study, capsys):
    folder = with_study.root / "notebooks"
    before = sorted((path, path.read_bytes()) for path in folder.rglob("*.*") if path.is_file())
    assert claims_command(["q06"], "2-3") == 1
    assert "lower −1.500 [" in capsys.readouterr().out  # .5 - SEED
    assert Path(studies.study_source(STEM)).with_suffix(".py.ran").read_text().split() == ["2", "3"]
    added = (".ran", ".json")  # by the study of the test; what was found
    after = sorted(
        (path, path.read_bytes()) for path in folder.rglob("*.*") if path.is_file() and path.suffix not in added
    )
    assert after == before
