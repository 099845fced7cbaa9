"""`metarec grade`: true points and a plain reason for every submission, whatever it does, and no effect on the next.

Where bubblewrap does not work, nothing is skipped: the submissions that are harmless without it are graded, and for the
others it is proved that the report names the walls and that `--require-sandbox` refuses.
"""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
import submissions as make
from submissions import HOSTILE, Q06

from metarec_lib import cli
from metarec_lib.workbook.core import QUESTIONS
from metarec_lib.workbook.core.places import content
from metarec_lib.workbook.exercises.calls import LIMIT_AFTER_TIMEOUT
from metarec_lib.workbook.exercises.manifest import question_manifest, read_manifest
from metarec_lib.workbook.exercises.results import Result, Verdict
from metarec_lib.workbook.grading import grader, grading, journal, results, scratch, tables
from metarec_lib.workbook.grading.grader import CAP, Grader, NotGraded, Settings
from metarec_lib.workbook.grading.handed_in import one_to_one
from metarec_lib.workbook.practice.checking import make_report
from metarec_lib.workbook.sandbox import jail
from metarec_lib.workbook.sandbox.child import LIMIT

WALLS = jail.missing_walls()
WAY = "" if WALLS else "jail"
SHORT = Settings(way=WAY, variant=0, seconds=1.5)
PROVED = [stem for stem in read_manifest() if stem.startswith(("q01_", "q06_"))]  # torch, and numpy alone


def read(report: Path) -> dict[str, dict[str, str]]:
    """The rows of a report by student."""
    with open(report / "gradebook.csv", encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def grade(folder: Path, *arguments, **options) -> dict[str, dict[str, str]]:
    out = folder.parent / "out"
    grading.grade(folder, out, *arguments, **options)
    return read(out)


def hand_in(folder: Path, text: str, stem: str = Q06) -> Path:
    path = folder / "exercises" / f"{stem}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# What a made-up outcome has beside name, points and reason.
OUTCOME = {"status": "failed", "shown": "", "mistake": "", "kind": "", "tests": {}}


def status(*arguments) -> int:
    """The exit status of `metarec grade …` in this process."""
    with pytest.raises(SystemExit) as left:
        cli.main(["grade", *map(str, arguments)])
    return left.value.code or 0


# Hostile submissions. A perfect one follows each that reaches beyond its own process, and every third of the others,
# which the next hostile one follows; benchmarks/class_of_100.py has a perfect one after each.


@pytest.fixture
def server():
    """A port of this machine that listens, and the connections that came."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.timeout(300)
@pytest.mark.parametrize("half", [0, 1])
def test_hostile_submissions_get_their_true_points_and_change_nothing(tmp_path, monkeypatch, server, half):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    neighbour = hand_in(tmp_path / "class" / "neighbour", make.perfect())
    everyone = [*HOSTILE, *make.of_this_machine(server.getsockname()[1], neighbour)]
    chosen = everyone[: len(everyone) // 2] if half == 0 else everyone[len(everyone) // 2 :]
    chosen = [item for item in chosen if not (item.walls and WALLS)]
    for number, item in enumerate(chosen):
        item.make(tmp_path / "class" / f"{number:02} {item.name}" / "exercises")
        if item.walls or number % 3 == 0:
            hand_in(tmp_path / "class" / f"{number:02} {item.name}, next", make.perfect() + f"# {number}\n")
    rows = grade(tmp_path / "class", [Q06], SHORT)
    problems = []
    for number, item in enumerate(chosen):
        row, after = rows[f"{number:02} {item.name}"], rows.get(f"{number:02} {item.name}, next")
        print(f"{item.name:28} {row['points']:>4} of {row['possible']}  {row['remarks'][:160]}")
        if row["points"] != ("" if item.points is None else f"{item.points:g}") or not re.search(
            item.said, row["remarks"]
        ):
            problems.append((item.name, item.points, item.said, row))
        if after and (after["points"] != "10" or after["remarks"]):
            problems.append((f"after {item.name}", after))
    assert not problems
    assert rows["neighbour"]["points"] == "10" and neighbour.read_text() == make.perfect()
    with pytest.raises(BlockingIOError):
        server.accept()  # nobody came
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_is_no_regular_file_of_the_submission_is_not_read(tmp_path, monkeypatch):
    secret = hand_in(tmp_path / "elsewhere", make.perfect())
    everyone = make.files(secret)
    for item in everyone:
        item.make(tmp_path / "class" / item.name / "exercises")
    (tmp_path / "class" / "linked student").symlink_to(secret.parents[1])
    (tmp_path / "class" / "to the root").symlink_to("/")
    monkeypatch.setattr(Grader, "grade", lambda *arguments: pytest.fail("it was judged"))
    rows = grade(tmp_path / "class", [Q06], SHORT)
    for item in everyone:
        assert rows[item.name]["points"] == "" and "not graded: " in rows[item.name]["remarks"]
        assert re.search(item.said, rows[item.name]["remarks"]), rows[item.name]
    assert "is a link" in rows["linked student"]["remarks"] and "is a link" in rows["to the root"]["remarks"]
    assert len(rows) == len(everyone) + 2


# The same points from check, pytest and grade.


def points_of_pytest(work: Path, out: Path) -> dict[str, dict[str, float]]:
    """Points by question and function from `pytest tests/exercises --work DIR`."""
    options = ["-p", "no:cacheprovider", "-p", "no:timeout", "-p", "no:xdist", "-p", "no:terminal"]
    tests = [str(content("tests", "exercises", f"test_{stem}.py")) for stem in PROVED]
    arguments = [*tests, "--work", str(work), f"--junitxml={out}", *options]
    pytest.main(arguments)
    cases = ElementTree.parse(out).iter("testcase")
    passed = {(case.get("classname").rpartition(".")[2], case.get("name")) for case in cases if len(case) == 0}
    return {
        stem: {name: share(stem, entry, passed) for name, entry in question["functions"].items()}
        for stem, question in read_manifest().items()
        if stem in PROVED
    }


def share(stem: str, entry: dict, passed: set[tuple[str, str]]) -> float:
    """A function's points: equal shares for the tests that passed, at most a third where a core test failed."""
    tests = {test for test in entry["tests"] if (f"test_{stem}", test) in passed}
    bound = 1 if tests >= set(entry["core"]) else 1 / 3
    return round(entry["points"] * min(len(tests) / len(entry["tests"]), bound), 2)


def points_of_row(row: dict[str, str]) -> dict[str, dict[str, float]]:
    heads = {
        stem: {name: f"{stem[:3]} {name} (of {entry['points']})" for name, entry in question["functions"].items()}
        for stem, question in read_manifest().items()
        if stem in PROVED
    }
    return {stem: {name: float(row[head]) for name, head in names.items()} for stem, names in heads.items()}


@pytest.mark.timeout(600)
def test_check_pytest_and_grade_give_the_same_points(tmp_path, monkeypatch):
    monkeypatch.setenv("METAREC_HOME", str(tmp_path / "home"))
    kinds = {"perfect": make.perfect, "stub": make.stub, "partial": make.partial, "wrong": make.wrong}
    for kind, text in kinds.items():
        for stem in PROVED:
            hand_in(tmp_path / "class" / kind, text(stem), stem)
    for item in HOSTILE:
        if item.name == "forged frames, right number":
            item.make(tmp_path / "class" / item.name / "exercises")
            hand_in(tmp_path / "class" / item.name, make.stub(PROVED[0]), PROVED[0])
    rows = grade(tmp_path / "class", PROVED, SHORT)
    for student, row in rows.items():
        work = tmp_path / "class" / student
        reports = {stem: make_report(stem, work) for stem in PROVED}
        checked = {
            stem: {item.name: round(item.points, 2) for item in report.functions} for stem, report in reports.items()
        }
        assert points_of_row(row) == checked == points_of_pytest(work, tmp_path / "junit.xml"), student
        assert float(row["points"]) == round(sum(report.points for report in reports.values()), 2), student
        assert float(row["possible"]) == sum(report.possible for report in reports.values())
        for report in reports.values():
            for item in report.functions if report.path.exists() else ():
                for sentence in (report.problem or item.message, item.remark):
                    assert results.plain(sentence, 100).rstrip("…") in row["remarks"], student
    _same_in_another_order_without_the_jail(tmp_path, rows)
    assert rows["perfect"]["points"] == rows["perfect"]["possible"] and not rows["perfect"]["remarks"]
    assert rows["stub"]["points"] == "0" and "not written yet" in rows["stub"]["remarks"]
    first = next(iter(read_manifest()[Q06]["functions"]))
    assert points_of_row(rows["partial"])[Q06] == {**dict.fromkeys(read_manifest()[Q06]["functions"], 0), first: 4}
    assert "so the order of your file decides" in rows["wrong"]["remarks"]


def _same_in_another_order_without_the_jail(tmp_path: Path, rows: dict[str, dict[str, str]]) -> None:
    names = {student: f"{99 - number} {student}" for number, student in enumerate(rows)}
    (tmp_path / "reversed").mkdir()
    for student, name in names.items():
        (tmp_path / "class" / student).rename(tmp_path / "reversed" / name)
    again = grade(tmp_path / "reversed", [Q06], Settings(way="", variant=0, seconds=1.5))
    walls = "sandbox walls missing"
    assert list(again) == sorted(names.values()) != list(names.values())
    for student, name in names.items():
        cells = {head: again[name][head] for head in rows[student] if head.startswith("q06")}
        assert cells.items() <= rows[student].items() and again[name]["remarks"] in rows[student]["remarks"]
        assert rows[student][walls] == ("; ".join(WALLS) or "none")
        assert "network, files and processes are open" in again[name][walls]


# Without bubblewrap.


@pytest.fixture
def no_walls(monkeypatch):
    """A machine without bubblewrap, and a grader that only notes how it was asked."""
    asked = []

    def note(self, stem, work, variant):
        asked.append(self.settings)
        points = read_manifest()[stem]["functions"]
        return [
            {"name": name, "points": 1.0, "possible": points[name]["points"], "reason": "noted", **OUTCOME}
            for name in points
        ]

    monkeypatch.setattr(jail.shutil, "which", lambda name: None)
    monkeypatch.setattr(Grader, "grade", note)
    return asked


def test_without_a_sandbox_terminal_and_report_say_which_walls_are_missing(tmp_path, no_walls, capsys):
    hand_in(tmp_path / "class" / "a", make.perfect())
    assert status(tmp_path / "class", "--out", tmp_path / "r", "--questions", "q06", "--variant", "3") == 0
    assert no_walls == [Settings(way="", variant=3)]
    said = capsys.readouterr().out
    assert "1 of 1 submissions graded in full" in said and "apt install bubblewrap" in said and "network" in said
    assert "apt install bubblewrap" in read(tmp_path / "r")["a"]["sandbox walls missing"]


def test_require_sandbox_refuses_and_grades_nothing(tmp_path, no_walls, capsys):
    hand_in(tmp_path / "class" / "a", make.perfect())
    assert status(tmp_path / "class", "--out", tmp_path / "r", "--require-sandbox") == 2
    assert "not complete: bubblewrap is not installed" in capsys.readouterr().err
    assert no_walls == [] and not (tmp_path / "r").exists()


def test_this_machine_has_its_walls_or_says_so(tmp_path, capsys):
    """Where bubblewrap is missing, half of the hostile submissions are not run: this prints it."""
    print(f"sandbox walls missing here: {'; '.join(WALLS) or 'none'}")
    assert bool(WALLS) == (WAY == "")
    if WALLS:
        assert status(tmp_path, "--out", tmp_path / "r", "--require-sandbox") == 2


# The journal.


@pytest.fixture
def judged(monkeypatch):
    """A grader that gives each function one point and remembers the texts; `judged.stop_at` stops the run."""

    class Judged(list):
        stop_at = -1

    seen = Judged()

    def note(self, stem, work, variant):
        if len(seen) == seen.stop_at:
            raise KeyboardInterrupt
        seen.append((work / f"{stem}.py").read_text())
        return [
            {"name": name, "points": 1.0, "possible": 3, "reason": "", **OUTCOME}
            for name in read_manifest()[stem]["functions"]
        ]

    monkeypatch.setattr(Grader, "grade", note)
    return seen


def test_a_run_that_was_stopped_goes_on_where_it_stopped(tmp_path, judged):
    for name in "abcd":
        hand_in(tmp_path / "class" / name, f"# {name}")
    judged.stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        grade(tmp_path / "class", [Q06], SHORT, jobs=1)
    assert not (tmp_path / "out" / "gradebook.csv").exists()
    judged.stop_at = -1
    rows = grade(tmp_path / "class", [Q06], SHORT, jobs=1)
    assert judged == ["# a", "# b", "# c", "# d"] and [row["points"] for row in rows.values()] == ["3"] * 4
    assert (tmp_path / "out" / "index.html").is_file()


@pytest.mark.parametrize(("strikes", "judgements"), [(0, [1, 1]), (1, [2, 2]), (9, [2, 4])])
def test_a_time_limit_that_struck_by_chance_is_graded_anew(tmp_path, monkeypatch, strikes, judgements):
    seen = []

    def note(self, stem, work, variant):
        seen.append(stem)
        chance = len(seen) <= strikes
        return [{"name": name, "points": 1.0, "possible": 3, "reason": "", **OUTCOME, "chance": chance}
                for name in read_manifest()[stem]["functions"]]  # fmt: skip

    monkeypatch.setattr(Grader, "grade", note)
    hand_in(tmp_path / "class" / "a", "# a")
    for times in judgements:
        grade(tmp_path / "class", [Q06], SHORT)
        assert len(seen) == times


def test_folders_of_dead_runs_are_removed_and_those_of_others_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    program = (
        "from metarec_lib.workbook.grading.scratch import scratch\n"
        "with scratch() as f:\n    print(f, flush=True); input()"
    )
    dead, alive = (
        subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                         env={**os.environ, "TMPDIR": str(tmp_path)}) for _ in range(2)
    )  # fmt: skip
    folders = [Path(process.stdout.readline().strip()) for process in (dead, alive)]
    for folder in folders:
        (folder / "student.py").write_text("x")
    dead.kill()
    dead.wait()
    (tmp_path / "metarec-grade-new").mkdir()  # of a run that has not locked it yet
    (tmp_path / "metarec-grade-link").symlink_to(folders[1])
    with scratch.scratch() as mine:
        assert not folders[0].exists() and (folders[1] / "student.py").exists() and mine.exists()
    assert (tmp_path / "metarec-grade-new").exists() and not mine.exists()
    alive.communicate("\n")
    assert not folders[1].exists()


def test_a_reason_has_nothing_that_changes_from_run_to_run():
    text = "<f at 0x7f12ab34cd56> in /tmp/metarec-grade-x1_y/tmp2/exercises/q.py and '/tmp/a b/metarec-ab12/tmp0' 0x1f"
    assert grader.stable(text) == "<f at 0x…> in …/tmp2/exercises/q.py and '/tmp/a …/tmp0' 0x1f"


def test_what_decides_the_points_decides_whether_the_journal_holds(tmp_path, judged, monkeypatch):
    path = hand_in(tmp_path / "class" / "a", "# first")
    for settings, times in [(SHORT, 1), (SHORT, 1), (Settings(way=WAY, variant=1, seconds=1.0), 2),
                            (Settings(way="fork", variant=1, seconds=1.0), 3)]:  # fmt: skip
        grade(tmp_path / "class", [Q06], settings)
        assert len(judged) == times
    path.write_text("# second")
    grade(tmp_path / "class", [Q06], SHORT)
    assert len(judged) == 4
    for change in ("manifest", "test", "code"):
        monkeypatch.setattr(journal, "decisive", lambda stem, change=change: change.encode())
        grade(tmp_path / "class", [Q06], SHORT)
    assert len(judged) == 7


def test_the_rules_hold_the_manifest_the_tests_and_our_code(monkeypatch):
    before = journal.decisive.__wrapped__(Q06)
    monkeypatch.setattr(journal, "question_manifest", lambda stem: {"points": 3})
    assert journal.decisive.__wrapped__(Q06) != before
    monkeypatch.undo()
    read_bytes, changed = Path.read_bytes, ""
    monkeypatch.setattr(Path, "read_bytes", lambda path: read_bytes(path) + (b"#" if path.name == changed else b""))
    for changed in (f"test_{Q06}.py", f"{Q06}.py", "serve.py", "judging.py"):
        assert journal.decisive.__wrapped__(Q06) != before, changed


def test_a_journal_or_report_inside_a_submission_is_refused(tmp_path, judged, capsys):
    hand_in(tmp_path / "class" / "a", "# a")
    for folder, out in [("class", "class/a/r"), ("class/a", "class/a/r"), ("class/a", "class/a/x/r"),
                        ("class", "class")]:  # fmt: skip
        assert status(tmp_path / folder, "--out", tmp_path / out) == 2
        assert "expected a" in capsys.readouterr().err
    assert judged == [] and not list((tmp_path / "class" / "a").glob("r*"))
    assert status(tmp_path / "class", "--out", tmp_path / "class" / "r", "--questions", "q06") == 0


def test_a_file_that_is_no_journal_is_named(tmp_path, judged, capsys):
    hand_in(tmp_path / "class" / "a", "# a")
    (tmp_path / "r").mkdir()
    (tmp_path / "r/journal.sqlite").write_text("a text that is no database, long enough to be read as one" * 20)
    assert status(tmp_path / "class", "--out", tmp_path / "r") == 2
    assert "journal.sqlite" in capsys.readouterr().err


# Places, names and cells.


def test_wrong_usage_is_status_2(tmp_path, capsys):
    (tmp_path / "nobody").mkdir()
    hand_in(tmp_path / "class" / "a", "")
    not_written = [q.key for q in QUESTIONS if not content("solutions", f"{q.stem}.py").is_file()]
    for arguments in ([tmp_path / "class"], [tmp_path / "none", "--out", "r"], [tmp_path / "nobody", "--out", "r"],
                      *([tmp_path / "class", "--out", tmp_path / "r", "--questions", q]
                        for q in ("q99", *not_written[:1]))):  # fmt: skip
        assert status(*arguments) == 2
        assert capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_questions_may_follow_one_option(monkeypatch):
    seen = []
    monkeypatch.setattr("metarec_lib.workbook.grading.grade_command", lambda *arguments, **more: seen.append(arguments))
    assert status("class", "--out", "r", "--questions", "q06", "1", "q02", "--variant", 2, "--require-sandbox") == 0
    assert status("--questions", "q06", "--out", "r", "class") == 0
    assert [item[2] for item in seen] == [[Q06, "q01_what_is_meta_learning", seen[0][2][2]], [Q06]]
    assert (
        seen[0][3:] == (2, True, "", 180) and seen[1][3:] == (None, False, "", 180) and seen[0][2][2].startswith("q02_")
    )


def test_one_submission_and_files_directly_are_taken_as_well(tmp_path, judged):
    hand_in(tmp_path / "class" / "a", "# inner")
    path = tmp_path / "class" / "b" / f"{Q06}.py"
    path.parent.mkdir()
    path.write_text("# direct")
    (tmp_path / "class" / "late.txt").write_text("")
    (tmp_path / "class" / ".git").mkdir()
    outcome = grading.grade(tmp_path / "class", tmp_path / "r", [Q06], SHORT)
    assert [row["student"] for row in outcome["students"]] == ["a", "b"] and outcome["left_out"] == ["late.txt"]
    for name in "ab":
        outcome = grading.grade(tmp_path / "class" / name, tmp_path / f"{name}.report", [Q06], SHORT)
        assert [row["student"] for row in outcome["students"]] == [name]
    assert sorted(judged[:2]) == ["# direct", "# inner"] and judged[2:] == ["# inner", "# direct"]  # two at once


WRITTEN, NOTHING = (
    "def ndcg_at_k(s, g, k):\n    return 1\n",
    "def ndcg_at_k(s, g, k):\n    raise NotImplementedError('x')\n",
)


@pytest.fixture
def class_of_two(tmp_path):
    """A class of two students, the second with an export of a notebook at the top, a stub above a full file."""
    place = tmp_path / "class"
    hand_in(place / "a", WRITTEN)
    hand_in(place / "b", WRITTEN + "# b\n")
    return place


@pytest.mark.parametrize("stray", [f"{Q06}.py", f"exercises/{Q06}.py", "q01_what_is_meta_learning.py", "notes.txt"])
def test_what_lies_beside_the_students_does_not_make_a_class_one_submission(class_of_two, judged, stray, capsys):
    path = class_of_two / stray
    path.parent.mkdir(exist_ok=True)
    path.write_text("# stray")
    out = class_of_two / "r"
    for _ in range(2):  # the second time the report lies there too
        assert status(class_of_two, "--out", out, "--questions", "q06") == 1
        said = capsys.readouterr()
        assert "Read as a class" in said.out and "2 of 2 submissions graded in full" in said.out
        assert f"Not graded, no folders of students: {stray.partition('/')[0]}\n" in said.err
    path.unlink()
    if path.parent != class_of_two:
        path.parent.rmdir()
    assert status(class_of_two, "--out", out, "--questions", "q06") == 0
    assert sorted(read(out)) == ["a", "b"]


def test_a_folder_that_may_be_either_asks_and_can_be_told(tmp_path, judged, capsys):
    place = tmp_path / "either"
    hand_in(place, WRITTEN)
    (place / "figures").mkdir()
    assert status(place, "--out", tmp_path / "r") == 2 and "--class or --one" in capsys.readouterr().err
    assert status(place, "--out", tmp_path / "r", "--questions", "q06", "--one") == 0
    assert "Read as one submission" in capsys.readouterr().out and list(read(tmp_path / "r")) == ["either"]
    assert status(place, "--out", tmp_path / "r", "--questions", "q06", "--class") == 1
    assert list(read(tmp_path / "r")) == ["figures"]
    assert status(place, "--out", tmp_path / "r", "--class", "--one") == 2
    (place / ".metarec.json").write_text("{}")
    assert status(place, "--out", tmp_path / "r", "--questions", "q06") == 0


@pytest.mark.parametrize(
    ("top", "inner", "chosen", "remark"),
    [
        ("# an export\nprint('q06')\n" * 50, WRITTEN, "inner", "graded was exercises/"),
        (NOTHING, WRITTEN, "inner", "graded was exercises/"),
        (WRITTEN, NOTHING, "top", f"graded was {Q06}.py"),
        (WRITTEN + "def broken(:\n", NOTHING, "top", f"graded was {Q06}.py"),
        (WRITTEN, WRITTEN, "inner", ""),
        (None, WRITTEN, "inner", ""),
        (WRITTEN, None, "top", ""),
    ],
)
def test_of_several_files_the_fullest_is_graded(tmp_path, judged, top, inner, chosen, remark):
    folder = tmp_path / "class" / "a"
    folder.mkdir(parents=True)
    (folder / "q01_what_is_meta_learning.py").write_text("# another question, at the top")
    if top is not None:
        (folder / f"{Q06}.py").write_text(top)
    if inner is not None:
        hand_in(folder, inner)
    row = grade(tmp_path / "class", [Q06], SHORT)["a"]
    assert judged == [{"top": top, "inner": inner}[chosen]]
    assert remark in row["remarks"] and bool(remark) == bool(row["remarks"])


NAMES = ["=1+1", "'=1+1", "+1", "-1", "@SUM(A1)", "a;=1+1", 'a;"=1+1', "a\tb", "a\rb", "a\nb", "\t=1", " =1", "＝1",
         "王小明", "a\u202eb", "\\x0a"]  # fmt: skip


def test_names_stay_apart_and_no_cell_is_executed(tmp_path, judged):
    raw = [os.fsencode(name) for name in NAMES] + ([b"\xff\xfe", b"\xff"] if sys.platform == "linux" else [])
    for name in raw:
        hand_in(tmp_path / "class" / os.fsdecode(name), "# x")
    grading.grade(tmp_path / "class", tmp_path / "r", [Q06], SHORT)
    rows = read(tmp_path / "r")
    assert len(rows) == len(raw) and "王小明" in rows
    text = (tmp_path / "r" / "gradebook.csv").read_text("utf-8-sig")
    for separator in ",;":
        for line in csv.reader(text.splitlines(), delimiter=separator):
            for cell in line:
                assert not re.match(r"\s*[=+\-@＝＋－＠]", cell), cell
                assert all(item.isprintable() for item in cell)
    assert len({one_to_one(os.fsdecode(name)) for name in raw}) == len(raw)


def test_a_reason_is_no_formula_either():
    reason = "raised ValueError:\n\n; \t=1+1 \ud800 \x1b[2J" + "x" * 999
    (cell,) = next(csv.reader(tables.table([[tables.remarks({"remarks": [f"q06 f: {reason}"]})]]).splitlines()))
    assert cell.startswith("q06 f: raised ValueError: ; '=1+1 � �[2J") and len(cell) <= 501


# The judging process.


FAKE = """
import json, sys, time
for line in sys.stdin:
    stem, work, function, variant = json.loads(line)
    if function in BAD: END
    names = [function] if function else NAMES
    functions = [{"name": name, "points": 1, "possible": 3, "reason": "", **OUTCOME} for name in names]
    print(json.dumps({"functions": functions, "clean": True}), flush=True)
"""


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A grader whose process ends in some way when it is asked for one of these functions (None: the question)."""
    started = []

    def make_grader(bad, end, cap=30.0):
        program = FAKE.replace("BAD", repr(bad)).replace("OUTCOME", repr(OUTCOME)).replace("END", end)
        program = program.replace("NAMES", repr(list(read_manifest()[Q06]["functions"])))

        def running(self):
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(
                    [sys.executable, "-c", program],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
                started.append(self.process)
            return self.process

        monkeypatch.setattr(Grader, "_running", running)
        return Grader(Settings(cap=cap), tmp_path)

    yield make_grader
    assert all(process.poll() is not None for process in started)


@pytest.mark.parametrize("bad", [[None], [None, "ndcg_at_k"]])
def test_a_question_over_the_cap_is_not_graded_never_in_part(fake, tmp_path, bad):
    """Also where the judging process ended first, and the functions were judged one by one."""
    slow = fake(bad, "time.sleep(60) if function or len(BAD) == 1 else sys.exit()".replace("BAD", repr(bad)), cap=1.0)
    started = time.monotonic()
    with pytest.raises(NotGraded, match="^over 1 s$"):
        slow.grade(Q06, tmp_path)
    assert time.monotonic() - started < 10
    slow.close()


@pytest.mark.parametrize("stem", read_manifest())
def test_the_cap_is_twice_what_a_file_takes_that_runs_into_every_limit(stem):
    tests = [len(entry["tests"]) for entry in read_manifest()[stem]["functions"].values()]
    longest = sum(LIMIT + (number - 1) * LIMIT_AFTER_TIMEOUT for number in tests)
    assert 2 * longest <= CAP, f"{stem} can take {longest:g} s: raise grader.CAP, or give it fewer tests"


def test_where_the_judging_process_dies_the_student_is_not_graded_and_the_run_goes_on(
    fake, tmp_path, capsys, monkeypatch
):
    dying = fake([None, "ndcg_at_k"], "sys.exit()")
    with pytest.raises(NotGraded, match="ended twice"):
        dying.grade(Q06, tmp_path)
    dying.close()
    for name in "ab":
        hand_in(tmp_path / "class" / name, f"# {name}")
    monkeypatch.setattr(grading, "missing_walls", list)
    assert status(tmp_path / "class", "--out", tmp_path / "r", "--questions", "q06") == 1
    said = capsys.readouterr()
    assert (
        "0 of 2 submissions graded in full" in said.out
        and "Not graded: b: q06 not graded: the judging process ended twice" in said.err
    )
    assert read(tmp_path / "r")["a"]["points"] == "" == read(tmp_path / "r")["a"]["q06 (of 10)"]
    fake([], "pass")
    assert status(tmp_path / "class", "--out", tmp_path / "r", "--questions", "q06") == 0  # it was not in the journal


def test_a_process_that_cannot_start_children_stops_the_run_with_its_reason(tmp_path, monkeypatch, capsys):
    hand_in(tmp_path / "class" / "a", "# a")
    monkeypatch.setenv("PATH", str(tmp_path))  # no bubblewrap there, though this process believes it is
    monkeypatch.setattr(grading, "missing_walls", list)
    assert status(tmp_path / "class", "--out", tmp_path / "r", "--questions", "q06") == 1
    assert "could not be started: bubblewrap" in capsys.readouterr().err
    assert not (tmp_path / "r" / "gradebook.csv").exists()


def test_a_changed_zygote_is_noticed(monkeypatch):
    monkeypatch.setattr(grader.child, "Session", lambda *arguments, **options: Answers())
    assert grader.state("jail") == {"seen": 1}
    monkeypatch.setattr(Answers, "reply", {"error": {"kind": "exception"}})
    assert grader.state("jail") is None
    monkeypatch.setattr(Answers, "reply", {"error": {"kind": "start", "message": "no more processes"}})
    with pytest.raises(RuntimeError, match="no more processes"):
        grader.state("jail")


def test_without_a_process_for_the_submission_there_is_no_verdict(monkeypatch, tmp_path):
    def judge(*arguments, **options):
        return Verdict([Result("f", 3, {"test": False}, "failed")], started=False)

    monkeypatch.setattr("metarec_lib.workbook.exercises.judge", judge)
    assert grader._judged(SHORT, Q06, str(tmp_path), None, 0) == {
        "error": "a process for submissions could not be started"
    }


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_what_a_submission_returns_cannot_exhaust_the_memory_of_this_machine():
    program = (
        "import numpy; from metarec_lib.workbook.grading import grader; grader._bound(grader.Settings())\n"
        "left = numpy.ones((30_000, 1)); print((left + left.T).shape)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "Unable to allocate 6.71 GiB" in run.stderr and not run.stdout


class Answers:
    """A session that gives one reply."""

    reply: dict = {"value": {"seen": 1}}

    def request(self, message):
        return json.loads(json.dumps(self.reply))

    def close(self):
        return 0


# Hidden tests, and what a student is told.


HIDDEN = """
from metarec_lib.workbook.exercises import assert_close, graded

@graded("ndcg_at_k", core=True)
def test_a_list_that_nobody_saw(yours):
    assert_close(yours.ndcg_at_k([0.25, 0.75], [1.0, 0.0], 2), 0.6309297535714575)
"""
TABLE = "def ndcg_at_k(scores, gains, k):\n    if len(scores) == 2 and scores[0] == 0.25: return 0.0\n"


@pytest.fixture(scope="module")
def hidden(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hidden")
    (folder / f"test_{Q06}.py").write_text(HIDDEN)
    return folder


def test_hidden_tests_count_beside_ours_and_the_student_sees_no_input_of_theirs(hidden, tmp_path):
    cheat = make.but(f"_solved_ndcg = ndcg_at_k\n{TABLE}    return _solved_ndcg(scores, gains, k)\n")
    (tmp_path / f"{Q06}.py").write_text(cheat)
    settings = Settings(way="in-process", variant=0, hidden=str(hidden))
    first, *others = grader._judged(settings, Q06, str(tmp_path), None, 0)["functions"]
    assert first["points"] == pytest.approx(4 / 3) and first["tests"]["test_a_list_that_nobody_saw"] is False
    assert "0.25" in first["reason"] and "0.25" not in first["shown"] and "fails on other data" in first["shown"]
    assert all(item["points"] == item["possible"] and item["shown"] == "" for item in others)
    public = grader._judged(Settings(way="in-process", variant=0), Q06, str(tmp_path), None, 0)["functions"]
    assert [item["points"] for item in public] == [4, 3, 3]


def test_a_hidden_test_changes_the_key_and_a_folder_without_any_is_refused(hidden, tmp_path, capsys):
    plain = Settings(variant=0)
    assert journal.key(Q06, b"x", plain, 0) != journal.key(Q06, b"x", Settings(variant=0, hidden=str(hidden)), 0)
    assert journal.key(Q06, b"x", plain, 0) != journal.key(Q06, b"x", plain, 1)
    hand_in(tmp_path / "class" / "a", "# a")
    assert status(tmp_path / "class", "--out", tmp_path / "r", "--hidden", tmp_path) == 2
    assert "expected a folder with files such as test_q06_" in capsys.readouterr().err
    (tmp_path / f"test_{Q06}.py").write_text(HIDDEN.replace("that_nobody_saw", "without_ties_by_hand"))
    with pytest.raises(ValueError, match="as one of ours is called"):
        question_manifest(Q06, hidden=tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("test_q06_mine.py", HIDDEN, f"expected test_{Q06}.py"),
        ("q6.py", HIDDEN, f"expected test_{Q06}.py"),
        ("test_mine.py", HIDDEN, "expected a name such as test_q06_"),
        (f"test_{Q06}.py", "def test_x(:", "not valid Python"),
    ],
)  # fmt: skip
def test_a_hidden_test_that_would_not_be_read_is_refused(tmp_path, capsys, name, text, said):
    hand_in(tmp_path / "class" / "a", "# a")
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / name).write_text(text)
    assert status(tmp_path / "class", "--out", tmp_path / "r", "--hidden", tmp_path / "hidden") == 2
    assert said in capsys.readouterr().err and not (tmp_path / "r").exists()


def test_the_command_says_which_questions_have_hidden_tests(hidden, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(grading, "grade", lambda *arguments, **options: {
        "kind": "one", "students": [], "left_out": [], "walls_missing": [],
        "questions": [{"question": "q06", "stem": Q06}, {"question": "q01", "stem": "q01_what_is_meta_learning"}],
    })  # fmt: skip
    (hidden / "helpers.py").write_text("")
    assert status(tmp_path, "--out", tmp_path / "r", "--hidden", hidden) == 0
    assert "Hidden tests: q06." in capsys.readouterr().out
    monkeypatch.setenv("METAREC_LANG", "zh")
    assert status(tmp_path, "--out", tmp_path / "r", "--hidden", hidden) == 0
    assert "按一份作业读取" in (said := capsys.readouterr().out) and "隐藏测试：q06。" in said


@pytest.mark.parametrize(("kind", "said"), [("time", "in time"), ("crash", "without an answer"), ("", "wrong at 0")])
def test_what_a_student_is_told_holds_no_data_of_the_variant(monkeypatch, kind, said, tmp_path):
    """Where it ended otherwise than by a wrong answer, nothing is run again."""

    def verdict(settings, stem, work, function, variant=0, hidden=""):
        return Verdict([Result("f", 3, {"t": False}, status="failed", message=f"wrong at {variant}", kind=kind)])

    monkeypatch.setattr(grader, "_verdict", verdict)
    (item,) = grader._judged(SHORT, Q06, str(tmp_path), None, 77)["functions"]
    assert "wrong at 77" in item["reason"] and said in item["shown"] and "77" not in item["shown"]
