"""Studies: seed by seed, goes on where it was stopped, stored without times."""

import errno
import gzip
import itertools

import pytest
from toy import STEM

from metarec_lib.workbook.lessons import confirm_command, studies
from metarec_lib.workbook.lessons.results import head_of
from metarec_lib.workbook.lessons.studies import load_study, parse_seeds, study_command

CODE = """from pathlib import Path
import pandas as pd
from metarec_lib import study_rows

SEEDS = (0, 1, 2)


def run(seed):
    with open(Path(__file__).parent / "ran.txt", "a") as file:
        file.write(f"{seed} ")
    if (Path(__file__).parent / f"stop-{seed}").exists():
        raise KeyboardInterrupt
    for k in (1, 5):
        yield study_rows("rmse", "maml", pd.Series([1.0, 2.0], index=[7, 9]) + seed / k, k=k)
        yield study_rows("rmse", "bias", pd.Series([1.5, 1.0], index=[7, 9]), k=k)
    yield study_rows("weight", "maml", 0.25, member="bias")
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
    return toy.root / "notebooks" / "studies" / f"{STEM}.json.gz"


def ran(toy):
    return (toy.root / "notebooks/source/studies/ran.txt").read_text().split()


def test_runs_each_seed_and_stores_the_rows(toy, capsys):
    assert study_command("q06") == 0
    study = load_study("q06")
    assert study.seeds == (0, 1, 2) and study.command == "metarec study q06"
    assert list(study.rows.columns) == ["seed", "metric", "model", "unit", "value", "k", "member"]
    assert len(study.rows) == 3 * 9
    assert study.values("maml", k=5)[2].to_dict() == {7: 1.4, 9: 2.4}
    assert {"python", "numpy", "torch", "metarec"} <= set(study.versions)
    said = capsys.readouterr().out
    assert "seed 2: " in said and ", 9 rows" in said and "3 seeds in" in said


def test_the_file_knows_what_made_it_and_holds_no_time(toy):
    study_command("q06", "0-1")
    stored = head_of(results(toy))
    assert stored["code_sha256"] == studies.code_hash(studies.study_source(STEM)) and not studies.is_stale(STEM)
    assert stored["command"] == "metarec study q06 --seeds 0-1" and stored["seeds"] == [0, 1]
    assert set(stored) == {"study", "code_sha256", "command", "versions", "seeds"}
    assert results(toy).read_bytes()[4:8] == bytes(4)  # gzip's own time


def test_a_changed_study_makes_the_results_stale_and_another_file_is_none(toy):
    study_command("q06", "0")
    studies.study_source(STEM).write_text(CODE + "# changed\n", encoding="utf-8")
    assert studies.is_stale(STEM)
    results(toy).write_bytes(b"{}")
    with pytest.raises(ValueError, match=f"run `metarec study {STEM}`"):
        studies.is_stale(STEM)
    results(toy).write_bytes(gzip.compress(b"[1]"))
    with pytest.raises(ValueError, match="holds no results"):
        studies.is_stale(STEM)
    results(toy).write_bytes(gzip.compress(b"{}"))
    assert studies.is_stale(STEM)


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


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), MemoryError()])
@pytest.mark.parametrize("written", [1, 3])
def test_a_full_disk_or_memory_keeps_what_was_written(toy, monkeypatch, error, written):
    """It fails after so many files: after a seed, or where the results of all three are to be stored."""
    count, write = itertools.count(), studies.atomic_write

    def full(path, content):
        if next(count) == written:
            raise error
        write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(studies, "atomic_write", full)
        with pytest.raises(type(error)):
            study_command("q06")
    assert not results(toy).exists()
    study_command("q06")
    assert ran(toy) == {1: ["0", "1", "1", "2"], 3: ["0", "1", "2"]}[written]
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
    monkeypatch.setattr(studies, "code_hash", lambda path: "other")
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
    row = {"metric": ["n"], "model": ["maml"], "unit": [None], "value": [1.0]}
    (folder / f"{STEM}.json.gz").write_bytes(studies.stored(STEM, {7: row}, "x"))
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


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("{'rmse': 1.0}", "Got dict from `run`; expected rows with the columns metric, model, unit, value"),
        ("[]", "Got list from `run`"),
        ("None", "Got NoneType from `run`"),
        ("pd.DataFrame({'metric': ['rmse']})", "expected rows with the columns"),
        ("study_rows('rmse', 'a', 1.0, k=object())", "Got object in the rows"),
        (
            "[study_rows('rmse', 'a', 1.0), study_rows('rmse', 'a', 2.0)]",
            "Got a second row {'metric': 'rmse', 'model': 'a'",
        ),
        ("study_rows('rmse', 'a', float('inf'))", "not finite"),
    ],
)
def test_results_that_cannot_be_stored_say_so(toy, returned, said):
    head = "import pandas as pd\nfrom metarec_lib import study_rows\nSEEDS = (0,)\n"
    studies.study_source(STEM).write_text(f"{head}def run(seed): return {returned}\n", encoding="utf-8")
    with pytest.raises((ValueError, RuntimeError), match=said):
        study_command("q06")
    assert not results(toy).exists()


def test_an_error_in_a_study_keeps_its_traceback(toy):
    studies.study_source(STEM).write_text("SEEDS = (0,)\ndef run(seed): raise ValueError('bug')\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"run\(0\) raised ValueError") as error:
        study_command("q06")
    assert str(error.value.__cause__) == "bug"


def test_a_touched_study_is_confirmed_by_one_seed(toy, capsys):
    study_command("q06")
    kept = results(toy).read_bytes()
    source = studies.study_source(STEM)
    source.write_text(CODE + "\n# a remark\n", encoding="utf-8")
    assert studies.is_stale(STEM)
    assert confirm_command("q06", "2") == 0 and not studies.is_stale(STEM)
    assert head_of(results(toy))["confirmed"] == [2] and ran(toy)[-1] == "2" and len(ran(toy)) == 4
    assert gzip.decompress(results(toy).read_bytes()).split(b"\n", 1)[1] == gzip.decompress(kept).split(b"\n", 1)[1]
    assert "9 rows, the same as the stored ones" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed / k", "1.001 * seed / k", "differs by 0.002"),
        ("(1, 5)", "(1, 6)", "rows of another metric, model, unit or condition"),
        ('    yield study_rows("weight", "maml", 0.25, member="bias")\n', "", "8 rows in place of 9"),
    ],
)
def test_a_study_whose_rows_changed_is_not_confirmed(toy, capsys, old, new, said):
    study_command("q06")
    kept = results(toy).read_bytes()
    studies.study_source(STEM).write_text(CODE.replace(old, new), encoding="utf-8")
    assert confirm_command("q06", "2") == 1 and results(toy).read_bytes() == kept and studies.is_stale(STEM)
    assert said in capsys.readouterr().out


def test_only_a_stored_seed_confirms(toy):
    study_command("q06")
    with pytest.raises(ValueError, match=r"Got the seeds \[7\]; expected some of \[0, 1, 2\]"):
        confirm_command("q06", "7")
