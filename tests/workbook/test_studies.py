"""Studies: seed by seed, goes on where it was stopped, stored without times."""

import json
from pathlib import Path

import numpy as np
import pytest
from toy import STEM

from metarec_lib.workbook.lessons import studies
from metarec_lib.workbook.lessons.studies import load_study, parse_seeds, study_command

CODE = """from pathlib import Path
import numpy as np

SEEDS = (0, 1, 2)


def run(seed):
    with open(Path(__file__).parent / "ran.txt", "a") as file:
        file.write(f"{seed} ")
    if (Path(__file__).parent / f"stop-{seed}").exists():
        raise KeyboardInterrupt
    return {"rmse": {"maml": np.array([1.0, 2.0]) + seed}, "n": np.int64(3), "names": ["a", "b"]}
"""


@pytest.fixture
def toy(toy, monkeypatch):
    """The toy workbook with a study; the variables that a run sets are put back."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("METAREC_DEVICE", "cpu")
    studies.study_source(STEM).write_text(CODE, encoding="utf-8")
    return toy


def results(toy):
    return toy.root / "notebooks" / "studies" / f"{STEM}.json"


def ran(toy):
    return (toy.root / "notebooks/source/studies/ran.txt").read_text().split()


def test_runs_each_seed_and_stores_the_results(toy, capsys):
    assert study_command("q06") == 0
    study = load_study("q06")
    assert study.seeds == (0, 1, 2)
    assert study.results[1] == {"rmse": {"maml": [2.0, 3.0]}, "n": 3, "names": ["a", "b"]}
    np.testing.assert_array_equal(study.stack("rmse", "maml"), [[1, 2], [2, 3], [3, 4]])
    assert study.command == "metarec study q06"
    assert {"python", "numpy", "torch", "metarec"} <= set(study.versions)
    said = capsys.readouterr().out
    assert "seed 2: " in said and "3 seeds in" in said


def test_the_file_knows_what_made_it_and_holds_no_time(toy):
    study_command("q06", "0-1")
    stored = json.loads(results(toy).read_text(encoding="utf-8"))
    assert stored["study_sha256"] == studies.source_hash(STEM)
    assert stored["command"] == "metarec study q06 --seeds 0-1"
    assert set(stored) == {"study", "study_sha256", "command", "versions", "seeds", "results"}


def test_a_list_is_one_line_and_a_key_is_one_line(toy):
    study_command("q06", "0")
    lines = results(toy).read_text(encoding="utf-8").splitlines()
    assert '   "names": ["a","b"],' in lines and '    "maml": [1.0,2.0]' in lines
    value = {"b": [[1, 2.5], [float("nan")]], "a": [], "c": {}, "é": [{"x": [True, None]}]}
    text = studies._dump(value)
    assert repr(json.loads(text)) == repr(dict(sorted(value.items())))
    assert text.splitlines()[:5] == ["{", ' "a": [],', ' "b": [', "  [1,2.5],", "  [NaN]"]


def test_two_runs_are_byte_equal_and_the_second_computes_anew(toy):
    study_command("q06")
    first = results(toy).read_bytes()
    study_command("q06")
    assert results(toy).read_bytes() == first
    assert ran(toy) == ["0", "1", "2"] * 2


def test_goes_on_where_it_was_stopped(toy):
    stop = toy.root / "notebooks/source/studies/stop-1"
    stop.touch()
    with pytest.raises(KeyboardInterrupt):
        study_command("q06")
    assert not results(toy).exists()
    stop.unlink()
    study_command("q06")
    assert ran(toy) == ["0", "1", "1", "2"]
    assert load_study("q06").seeds == (0, 1, 2)


def test_a_changed_study_starts_anew(toy):
    stop = toy.root / "notebooks/source/studies/stop-1"
    stop.touch()
    with pytest.raises(KeyboardInterrupt):
        study_command("q06")
    stop.unlink()
    studies.study_source(STEM).write_text(CODE.replace("2.0", "4.0"), encoding="utf-8")
    study_command("q06")
    assert ran(toy) == ["0", "1", "0", "1", "2"]


def test_a_changed_library_starts_anew(toy, monkeypatch):
    before = studies.journal_path(STEM, 0)
    monkeypatch.setattr(studies, "library_hash", lambda: "other")
    assert studies.journal_path(STEM, 0) != before


def test_a_study_may_have_a_name_of_its_own(toy):
    studies.study_source("shared").write_text(CODE, encoding="utf-8")
    study_command("shared", "4")
    assert load_study("shared").seeds == (4,)


def test_a_rerun_goes_before_the_stored_results(toy, tmp_path, monkeypatch):
    study_command("q06")
    folder = tmp_path / "rerun"
    folder.mkdir()
    monkeypatch.setenv("METAREC_STUDIES", str(folder))
    assert load_study("q06").seeds == (0, 1, 2)
    (folder / f"{STEM}.json").write_text(studies.stored_text(STEM, {7: {"n": 1}}, "x"), encoding="utf-8")
    assert load_study("q06").seeds == (7,)


def test_slow_seeds_are_warned_of(toy, monkeypatch, capsys):
    monkeypatch.setattr(studies, "WARN_SECONDS", -1)
    study_command("q06", "0")
    assert "warning: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "seeds"), [("0-4", (0, 1, 2, 3, 4)), ("3", (3,)), ("0,2,5-7", (0, 2, 5, 6, 7)), ("1,1", (1,))]
)
def test_seeds_are_written_in_ranges(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "4-1", "-1", "1-", "0..4", "1.5"])
def test_other_seeds_are_an_error(text):
    with pytest.raises(ValueError, match="expected something like 0-4"):
        parse_seeds(text)


def test_missing_studies_and_results_say_what_to_do(toy):
    with pytest.raises(FileNotFoundError, match=f"choose one of these: {STEM}"):
        study_command("other")
    with pytest.raises(FileNotFoundError, match=f"Run `metarec study {STEM}`"):
        load_study("q06")


@pytest.mark.parametrize("code", ["SEEDS = (0,)\n", "def run(seed): ...\n", "SEEDS = [0]\ndef run(seed): ...\n"])
def test_a_study_without_seeds_or_run_says_so(toy, code):
    studies.study_source(STEM).write_text(code, encoding="utf-8")
    with pytest.raises(ValueError, match="Define both"):
        study_command("q06")


@pytest.mark.parametrize(("returned", "said"), [("[1]", "expected a dict"), ('{"a": object()}', "Got object")])
def test_results_that_cannot_be_stored_say_so(toy, returned, said):
    studies.study_source(STEM).write_text(f"SEEDS = (0,)\ndef run(seed): return {returned}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        study_command("q06")
    assert not results(toy).exists()


def test_a_missing_field_names_what_there_is(toy):
    study_command("q06", "0")
    with pytest.raises(KeyError, match="seed 0 has: maml"):
        load_study("q06").stack("rmse", "anil")


def test_an_error_in_a_study_keeps_its_traceback(toy):
    studies.study_source(STEM).write_text("SEEDS = (0,)\ndef run(seed): raise ValueError('bug')\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"run\(0\) raised ValueError") as error:
        study_command("q06")
    assert str(error.value.__cause__) == "bug"


def test_the_librarys_hash_sees_what_computes_and_not_what_presents(monkeypatch):
    read, hashed = Path.read_bytes, []
    monkeypatch.setattr(Path, "read_bytes", lambda path: hashed.append(path.name) or read(path))
    studies.library_hash()
    assert {"leaderboard.py", "device.py", "ridge.py", "base.py", "tasks.py"} <= set(hashed)
    assert not {"plots.py", "cli.py", "studies.py", "jail.py"} & set(hashed)
