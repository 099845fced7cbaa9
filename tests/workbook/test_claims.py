"""Claims: the sentence, the record, and reruns on other seeds."""

import json
import math
from pathlib import Path

import pytest
from toy import STEM, run_without_kernel

from metarec_lib.workbook.lessons import build, execution, reruns, studies
from metarec_lib.workbook.lessons.claims import claim, claim_record, claims_command, seed

GOOD = dict(text="The learned prior loses", difference=0.034, interval=(0.021, 0.047), n=188, seeds=5, baseline="bias")


def test_the_seed_is_that_of_the_environment(monkeypatch):
    monkeypatch.delenv("METAREC_SEED", raising=False)
    assert seed() == 0
    monkeypatch.setenv("METAREC_SEED", "7")
    assert seed() == 7


@pytest.mark.parametrize("text", ["x", "1.5", "-1"])
def test_a_seed_that_is_no_integer_is_an_error(monkeypatch, text):
    monkeypatch.setenv("METAREC_SEED", text)
    with pytest.raises(ValueError, match="expected an integer from 0 on"):
        seed()


def test_prints_one_sentence_with_the_figures(capsys):
    claim(**GOOD)
    expected = "The learned prior loses: +0.034 [+0.021, +0.047] over 188 users, 5 seeds (baseline: bias).\n"
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    ("difference", "interval", "verdict"),
    [(0.2, (0.1, 0.3), "higher"), (-0.2, (-0.3, -0.1), "lower"), (0.0, (-0.1, 0.1), "none"), (0.1, (0.0, 0.2), "none")],
)
def test_the_verdict_follows_the_interval(difference, interval, verdict):
    record = claim_record(**{**GOOD, "difference": difference, "interval": interval})
    assert record["verdict"] == verdict
    assert record["sentence"].endswith("no difference seen.") == (verdict == "none")


def test_seeds_may_be_a_list_and_the_unit_another():
    record = claim_record(**{**GOOD, "seeds": [0, 1, 2], "unit": "tasks"})
    assert record["seeds"] == 3
    assert "188 tasks, 3 seeds" in record["sentence"]


def test_small_figures_keep_their_digits():
    record = claim_record(**{**GOOD, "difference": -0.0004, "interval": (-0.0007, -0.0001)})
    assert "-0.00040 [-0.00070, -0.00010]" in record["sentence"]


@pytest.mark.parametrize(
    "change",
    [
        {"difference": math.nan},
        {"interval": (0.021, math.inf)},
        {"difference": 0.9},
        {"interval": (0.047, 0.021)},
        {"interval": (0.0,)},
        {"n": 0},
        {"n": 2.5},
        {"seeds": 0},
        {"seeds": []},
        {"text": " "},
        {"baseline": ""},
    ],
)
def test_figures_that_cannot_be_right_are_an_error(change):
    with pytest.raises(ValueError, match="Got .*expected"):
        claim_record(**{**GOOD, **change})


def test_numpy_figures_become_plain_numbers():
    import numpy as np

    figures = {"difference": np.float64(0.034), "interval": np.array([0.021, 0.047]), "n": np.int64(188)}
    json.dumps(claim_record(**{**GOOD, **figures}))


@pytest.fixture
def calls(monkeypatch):
    """The (seed, variables) of each run of a lesson."""
    found = []

    def run(lesson, seed=0, **variables):
        found.append((seed, variables))
        return run_without_kernel(lesson, seed)

    monkeypatch.setattr(execution, "run_lesson", run)
    return found


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def test_lists_the_stored_claims(built, calls, capsys):
    assert claims_command() == 0
    said = capsys.readouterr().out
    assert "q06" in said and "The learned prior loses" in said and "[+0.0210, +0.0470]" in said and "higher" in said
    assert calls == []


def test_says_which_claims_hold(built, capsys):
    before = built.notebook.read_bytes()
    assert claims_command(["q06"], "1") == 0
    assert "1 of 1" in capsys.readouterr().out
    assert claims_command(["q06"], "1-3") == 1
    said = capsys.readouterr().out
    assert "2 of 3 (seed 2: lower)" in said
    assert built.notebook.read_bytes() == before


def test_a_rerun_goes_on_where_it_was_stopped(built, calls):
    claims_command(["q06"], "1-2")
    claims_command(["q06"], "1-3")
    assert [number for number, _ in calls] == [1, 2, 3]
    built.change("# Four, since", "# It is four, since")
    claims_command(["q06"], "1")
    assert [number for number, _ in calls] == [1, 2, 3, 1]


def test_studies_are_rerun_into_the_cache(built, calls, tmp_path):
    studies.study_source(STEM).write_text("SEEDS = (0,)\ndef run(seed): return {'n': seed}\n", encoding="utf-8")
    built.change('shown = "a control"', 'shown = load_study("q06")')
    claims_command(["q06"], "3")
    folder = calls[-1][1]["METAREC_STUDIES"]
    assert folder.startswith(str(tmp_path / "home"))
    stored = json.loads((Path(folder) / f"{STEM}.json").read_text(encoding="utf-8"))
    assert stored["results"] == {"3": {"n": 3}}
    assert not (built.root / "notebooks/studies" / f"{STEM}.json").exists()


def test_a_claim_that_is_gone_does_not_hold(built, monkeypatch, capsys):
    def without(lesson, seed=0, **variables):
        run = run_without_kernel(lesson, seed)
        for cell in run.notebook.cells:
            cell.outputs = []
        return run

    monkeypatch.setattr(execution, "run_lesson", without)
    assert claims_command(["q06"], "1") == 1
    assert "seed 1: missing" in capsys.readouterr().out


def test_a_notebook_that_is_not_built_says_so(toy):
    with pytest.raises(FileNotFoundError, match="metarec build q06"):
        claims_command(["q06"])
    assert reruns.list_claims([]) == 0


def test_a_rerun_with_a_kernel_reads_the_seed_and_the_rerun_study(toy, monkeypatch, capsys):
    """The kernel finds no stored study of the toy, so the lesson fails unless it reads the rerun."""
    studies.study_source(STEM).write_text("SEEDS = (0,)\ndef run(seed): return {'n': seed}\n", encoding="utf-8")
    studies.study_command("q06")
    read = "from metarec_lib import load_study\nprint(load_study('q06').results[SEED])"
    toy.change('shown = "a control"', read)
    with monkeypatch.context() as patch:
        patch.setattr(execution, "run_lesson", run_without_kernel)
        build.build_questions(["q06"])
    before = sorted((path, path.read_bytes()) for path in (toy.root / "notebooks").rglob("*.*") if path.is_file())
    assert claims_command(["q06"], "1") == 1
    assert "seed 1: lower" in capsys.readouterr().out  # 0.5 - SEED
    after = sorted((path, path.read_bytes()) for path in (toy.root / "notebooks").rglob("*.*") if path.is_file())
    assert after == before
