"""What is written of a class: one schema, and from it tables, exports and pages, the same to the byte at each run."""

from __future__ import annotations

import csv
import json
import os
import re
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from submissions import Q06

from metarec_lib import cli
from metarec_lib.workbook.exercises.manifest import question_manifest
from metarec_lib.workbook.grading import course as courses
from metarec_lib.workbook.grading import exports, grading, items, pages, report, results, similar, tables
from metarec_lib.workbook.grading.course import Course, read_course, variant
from metarec_lib.workbook.grading.grader import Grader, NotGraded, Settings
from metarec_lib.workbook.grading.report import folder_names

FUNCTIONS = question_manifest(Q06)["functions"]
COPY = """
import numpy as np
def ndcg_at_k(scores, gains, k):
    \"\"\"Doc.\"\"\"
    total = 0.0
    for place, index in enumerate(sorted(range(len(scores)), key=lambda i: -scores[i])[:k]):
        total += float(gains[index]) / np.log2(place + 2)
    best = sum(g / np.log2(n + 2) for n, g in enumerate(sorted(gains, reverse=True)[:k]))
    return total / best if best else float("nan")
"""
SECRET = "called ndcg_at_k(array([0.5]), 3), got 1, expected 2"
HOSTILE = "<script>alert(1)</script> ]]> | =1+1 \x1b[2J \ud800"
FEW = {  # by what stands in a file: the share of the points, and why
    "full": (1.0, ""), "half": (0.5, SECRET), "none": (0.0, SECRET), "hostile": (0.0, HOSTILE),
}  # fmt: skip


def outcome(source: str) -> list[dict]:
    kind = next(name for name in FEW if f"# {name}" in source)
    share, reason = FEW[kind]
    if kind == "hostile" and "# cannot" in source:
        raise NotGraded("over 180 s")
    return [
        {"name": name, "points": round(entry["points"] * share, 2), "possible": entry["points"], "kind": "",
         "status": "passed" if share == 1 else "failed", "reason": reason, "shown": reason.replace(SECRET, "see check"),
         "mistake": "it is a named mistake" if kind == "none" else "",
         "tests": {test: share == 1 or (share > 0 and at == 0) for at, test in enumerate(entry["tests"])}}
        for name, entry in FUNCTIONS.items()
    ]  # fmt: skip


CLASS = {
    "anna": f"{COPY}# full", "bo": COPY.replace("total", "summed").replace("place", "rank") + "# none, a copy",
    "cy": "# half", "dee": "# half, too", "eve": "# full, too", "fay": None, "=gus": "# hostile", "王小明": "# full",
    "ivy": "# hostile # cannot", "<b>": "# none",
}  # fmt: skip


def write_class(folder: Path) -> Path:
    for name, text in CLASS.items():
        (folder / name / "exercises").mkdir(parents=True)
        if text is not None:
            (folder / name / "exercises" / f"{Q06}.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class of ten, graded by a grader that looks at a comment; its folder, the report, the results, what was judged."""
    folder, seen = tmp_path_factory.mktemp("class"), []

    def judge(self, stem, work, variant):
        seen.append((threading.get_ident(), variant))
        return outcome((work / f"{stem}.py").read_text())

    patch = pytest.MonkeyPatch()
    patch.setattr(Grader, "grade", judge)
    patch.delenv("METAREC_LANG", raising=False)
    course = Course("Recommenders", scale=100.0, key="a key of the test")
    place = write_class(folder / "class")

    def run(name, jobs=3):
        return grading.grade(place, folder / name, [Q06], Settings(way="", seconds=1.5), course=course, jobs=jobs)

    yield folder, run("report"), run, seen
    patch.undo()


def files(folder: Path) -> dict[str, bytes]:
    """The files that follow from the submissions alone."""
    other = ("journal.sqlite", "timing.csv", ".lock")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in other
    }


def test_a_second_run_in_any_order_writes_the_same_bytes_and_judges_nothing_anew(graded):
    folder, _, run, seen = graded
    before, count = files(folder / "report"), len(seen)
    run("report", jobs=1)
    assert files(folder / "report") == before and len(seen) == count + 1  # ivy, who was not graded
    run("fresh", jobs=1)
    assert files(folder / "fresh") == before and len(before) == 7 + 3 * len(CLASS)


def test_what_is_gone_or_half_written_is_removed_and_only_what_changed_is_judged(graded):
    folder, _, run, seen = graded
    stale = folder / "report" / "students" / "zoe"
    stale.mkdir()
    (folder / "report" / ".grades.json-1-abc.part").write_text("half")
    path = folder / "class" / "cy" / "exercises" / f"{Q06}.py"
    old, count = path.read_text(), len(seen)
    path.write_text(old + " changed")
    run("report")
    assert len(seen) == count + 2 and not stale.exists() and not list((folder / "report").glob(".*.part"))
    path.write_text(old)
    run("report")
    assert len(seen) == count + 3


def test_each_student_has_data_of_their_own_by_the_course_key(graded):
    variants = {number for _, number in graded[3]}
    assert len(variants) == len(CLASS) - 1 and min(variants) > 0
    key = b"a key of the test"
    assert variant(key, "anna", Q06) in variants and variant(b"another key of it", "anna", Q06) not in variants
    assert len({variant(key, "anna", stem) for stem in ("q01_x", "q06_x")}) == 2


def test_students_are_judged_at_once(graded):
    assert len({thread for thread, _ in graded[3]}) > 1


def test_the_results_fit_their_schema_and_what_does_not_is_refused(graded):
    folder, grades, _, _ = graded
    stored = json.loads((folder / "report" / "grades.json").read_text())
    results.validate(stored)
    assert stored["schema"] == results.SCHEMA and len(stored["students"]) == len(CLASS) == len(grades["students"])
    stored["students"][0]["points"] = "ten"
    with pytest.raises(ValueError, match=r"students\[0\].points"):
        results.validate(stored)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with open(folder / "report" / name, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_who_was_not_graded_has_a_blank_and_a_reason_never_a_zero(graded):
    folder = graded[0]
    found = {row["student"]: row for row in rows(folder, "gradebook.csv")}
    for name, reason in {"fay": "there is no file exercises/", "ivy": "over 180 s"}.items():
        assert found[name]["points"] == "" == found[name]["grade (of 100)"] and reason in found[name]["remarks"]
    assert (found["cy"]["points"], found["cy"]["grade (of 100)"], found["bo"]["points"]) == ("5", "50", "0")
    assert [row["Grade"] for row in rows(folder, "moodle.csv") if row["Identifier"] in ("fay", "anna")] == ["100", ""]
    canvas = {row["Student"]: row for row in rows(folder, "canvas.csv")}
    assert canvas["    Points Possible"]["Recommenders"] == "100" and canvas["fay"]["Recommenders"] == ""
    scored = folder / "report" / "students" / "fay" / "gradescope" / "results.json"
    assert "score" not in json.loads(scored.read_text())


def test_no_cell_of_a_table_is_a_formula(graded):
    for name in ("gradebook.csv", "canvas.csv", "moodle.csv", "timing.csv"):
        text = (graded[0] / "report" / name).read_text("utf-8-sig")
        for separator in ",;":
            for line in csv.reader(text.splitlines(), delimiter=separator):
                assert not any(re.match(r"\s*[=+\-@＝＋－＠]", cell) for cell in line), line


def test_what_a_student_may_see_names_no_input_of_a_hidden_test(graded):
    folder, grades, _, _ = graded
    assert SECRET in (folder / "report" / "index.html").read_text()
    for path in [*(folder / "report" / "students").rglob("*.*"), folder / "report" / "summary.md",
                 folder / "report" / "moodle.csv"]:  # fmt: skip
        if path.is_file():
            assert "array([0.5])" not in path.read_text(encoding="utf-8", errors="replace"), path
    page = (folder / "report" / "students" / folder_names(list(CLASS))["cy"] / "feedback.html").read_text()
    assert "see check" in page and "50 of 100" in page
    tests = {test for entry in FUNCTIONS.values() for test in entry["tests"]}
    assert not any(name in page for name in (*tests, "anna", "王小明"))


def test_a_students_page_shows_how_the_grade_follows_from_tests_points_weights_and_lateness(monkeypatch):
    tests, core = {"a": True, "b": False, "c": False}, ["b"]
    item = {"name": "f", "points": 1.0, "possible": 4.0, "shown": "wrong", "tests": tests}
    result = {"question": "q01", "status": "graded", "file": "q01.py", "points": 3.0, "functions": [item]}
    parts = {"title_en": "T", "title_zh": "题", "points": 10.0, "functions": [{"name": "f", "core": core}]}
    row = {"student": "a", "name": "", "grade": 33.0, "points": 7.0, "late": {"percent_off": 10.0, "said": "late"},
           "questions": [result, {**result, "question": "q06", "points": 4.0, "functions": []}]}  # fmt: skip
    grades = {
        "course": "",
        "best": 100.0,
        "possible": 20.0,
        "questions": [parts | {"weight": 1.0}, parts | {"weight": 2.0}],
    }
    page = pages.feedback(row, grades)
    assert "(1 × 3/10 + 2 × 4/10) / 3 × 100 = 36.67, less 10 %: 33" in page and "3 / 10 points. Graded: q01.py" in page
    assert "1 of 3 tests passed, a core test did not: at most a third" in page
    grades["questions"][1]["weight"], grades["best"] = 1.0, 20.0
    row |= {"grade": 7.0, "late": {"percent_off": 0.0, "said": ""}}
    assert "3 + 4 = 7<" in pages.feedback(row, grades)
    monkeypatch.setenv("METAREC_LANG", "zh")
    assert "分数与权重：3 + 4 = 7" in pages.feedback(row, grades)
    assert "weights" not in pages.feedback(row | {"grade": None}, grades)


def test_no_text_of_a_student_becomes_html_markdown_or_a_broken_file(graded):
    folder = graded[0] / "report"
    for path in folder.rglob("*.html"):
        text = path.read_text()
        assert "<script" not in text and "<b>" not in text and "default-src 'none'" in text
    assert "<script" not in (folder / "summary.md").read_text()
    suites = ElementTree.parse(folder / "junit.xml").getroot()
    assert len(suites) == len(CLASS)
    assert sum(int(suite.get("errors")) for suite in suites) == 2
    for path in folder.rglob("*.json"):
        json.loads(path.read_text())
    assert exports._cell("a|b `c` <d> @e [f](g)\n# h") == "a\\|b \\`c\\` &lt;d> &\\#64;e \\[f\\](g) \\# h"


def test_the_teachers_page_has_grades_items_and_the_pair_that_was_copied(graded):
    folder, grades, _, _ = graded
    text = (folder / "report" / "index.html").read_text()
    assert "8 of 10 submissions graded" in text and "it is a named mistake" in text
    (pair,) = similar.pairs({name: item or "" for name, item in CLASS.items()}, [])
    assert pair["students"] == ["anna", "bo"] and pair["share"] > 0.9
    assert "q06: anna · bo" in text and "<mark>    best = sum" in text
    table = items.item_table(grades)
    shares = [1, 0, 0.5, 0.5, 1, 0, 1, 0]
    assert table[0]["n"] == 8 and table[0]["difficulty"] == round(sum(shares) / 8, 2)
    assert table[0]["discrimination"] == 1.0 and (table[0]["mistake"], table[0]["times"]) == (
        "it is a named mistake",
        2,
    )


def test_gradescope_and_classroom_50_get_what_they_read(graded):
    place = graded[0] / "report" / "students" / "cy"
    scored = json.loads((place / "gradescope" / "results.json").read_text())
    assert scored["score"] == 50 and {test["visibility"] for test in scored["tests"]} == {"visible"}
    assert sum(test["score"] for test in scored["tests"]) == 5
    result = json.loads((place / "classroom50" / "result.json").read_text())
    assert result["schema"] == "classroom50/result/v1" and result["max-score"] == 10
    assert all(isinstance(result[name], str) for name in ("classroom", "assignment", "submission", "commit", "release"))
    assert all(type(test["score"]) is int and set(test) == {"test-name", "passed", "score", "max-score"}
               for test in result["tests"])  # fmt: skip
    assert result["score"] == sum(test["score"] for test in result["tests"])


# Two runs, and other ways to stop one.


def test_a_second_run_on_the_same_report_is_refused(graded, capsys):
    folder, _, _, _ = graded
    with report_lock(folder / "report"), pytest.raises(SystemExit) as left:
        cli.main(["grade", str(folder / "class"), "--out", str(folder / "report"), "--questions", "q06"])
    assert left.value.code == 2 and "Another run writes to" in capsys.readouterr().err


def report_lock(folder):
    from metarec_lib.workbook.grading.journal import alone

    return alone(folder)


# The course's settings.


def test_weights_and_late_rules_make_the_grade(tmp_path):
    path = tmp_path / "course.toml"
    path.write_text(
        'scale = 20\nmissing = "zero"\nkey = "0123456789abcdef"\n[weights]\nq06 = 3\n'
        "[late]\ndeadline = 2026-11-02T23:59:00+01:00\ngrace = 15\nper_day = 10\nat_most = 25\nunknown = 5\n"
    )
    course = read_course(path)
    possible = {"q01_x": 5.0, Q06: 10.0}
    assert course.final({"q01_x": 5.0, Q06: 5.0}, possible, 0.0) == round(20 * (1 * 1 + 3 * 0.5) / 4, 2)
    assert course.final({"q01_x": 5.0}, possible, 10.0) == round(20 / 4 * 0.9, 2) and course.best(possible) == 20
    late = {"2026-11-02T23:59:59+01:00": 0, "2026-11-03T00:13:00+01:00": 0, "2026-11-03T00:15:00+01:00": 10,
            "2026-11-02T23:30:00+00:00": 10, "2026-11-04T12:00:00+01:00": 20, "2026-12-04T12:00:00+01:00": 25}  # fmt: skip
    assert {time: course.lateness(time, False)[0] for time in late} == late
    assert course.lateness("", True) == (5.0, "late, as the LMS says: 5 % off") and course.lateness("", False) == (
        0.0,
        "",
    )
    assert Course().final({"q01_x": 3.0, Q06: 4.5}, possible, 0.0) == 7.5


def test_a_time_that_cannot_be_read_is_told_with_whose_it_is_before_anything_is_graded(tmp_path):
    (tmp_path / "list.csv").write_text("student,path,handed_in\nanna,a,2026-11-02 20:00\n")
    (tmp_path / "c.toml").write_text("[late]\ndeadline = 2026-11-02T23:59:00+01:00\n")
    with pytest.raises(ValueError, match="anna: handed_in: got '2026-11-02 20:00', expected a time with its zone"):
        grading.grade(tmp_path / "list.csv", tmp_path / "r", [Q06], course=read_course(tmp_path / "c.toml"))
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("weight = 1", "got weight; expected one of"),
        ("[weights]\nq99 = 1", "q99"),
        ("[weights]\nq06 = -1", "weights.q06: got -1"),
        ("[weights]\nq06 = 0", "zeros alone"),
        ('missing = "nothing"', "expected 'blank' or 'zero'"),
        ("[late]\nper_week = 1", "got late.per_week"),
        ("[late]\ndeadline = 2026-11-02T23:59:00", "expected a time with its zone"),
        ("scale = true", "scale: got True"),
        ("[", "not a TOML file"),
    ],
)  # fmt: skip
def test_settings_that_are_wrong_are_named_with_their_place(tmp_path, text, said):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(ValueError, match=re.escape(said)):
        read_course(tmp_path / "c.toml")


def test_a_key_is_taken_from_the_environment_the_file_or_drawn_once(tmp_path, monkeypatch):
    monkeypatch.delenv(courses.KEY, raising=False)
    first = courses.course_key(Course(), tmp_path)
    assert courses.course_key(Course(), tmp_path) == first and len(first) == 32
    assert os.name == "nt" or (tmp_path / "course.key").stat().st_mode & 0o077 == 0
    monkeypatch.setenv(courses.KEY, "of the environment")
    assert courses.course_key(read_course(None), tmp_path) == b"of the environment"
    with pytest.raises(ValueError, match="key of 5 characters"):
        courses.course_key(Course(key="short"), tmp_path)


def test_a_zero_by_rule_is_told(tmp_path):
    row = {
        "student": "a",
        "name": "",
        "handed_in": "",
        "marked": False,
        "questions": [
            {"question": "q06", "status": "missing", "reason": "there is no file", "functions": [], "remark": ""}
        ],
    }
    results._complete(row, {Q06: 10.0}, Course(missing="zero"))
    assert row["points"] == 0 and row["remarks"] == [
        "q06 not graded: there is no file, counted as 0 by the course's rule"
    ]


# Names of folders, and texts that are alike.


def test_folders_of_students_are_apart_and_safe():
    names = ["a/b", "a_b", "..", ".", "", "A", "a", "x" * 300, "x" * 301, "王小明", "CON", "a\nb"]
    folders = folder_names(names)
    assert len({item.casefold() for item in folders.values()}) == len(names)
    assert not any(re.search(r"[/\\\n]|^\.", item) or len(item) > 80 or not item for item in folders.values())
    assert folders["CON"] != "CON" and folders["王小明"] == "王小明"


def test_the_copied_lines_are_marked_whatever_their_names_and_the_stub_is_not():
    stub = 'def f(x):\n    """Doc."""\n'
    left, right = f"{stub}    total = x.sum()  # all\n    return total\n", f"{stub}    s = x.sum()\n    return s / 2\n"
    for text, first, other in zip(pages._marked(left, right, stub), ("total", "s"), ("total", "s / 2"), strict=True):
        assert f"<mark>    {first} = x.sum()" in text and f"<mark>    return {other}" not in text
        assert "<mark>def" not in text and "<mark>    &quot;" not in text


def test_a_text_that_ends_the_parser_is_compared_with_nobody():
    deep = "x = " + "-" * 200_000 + "1"
    crash = {"a": deep, "b": COPY, "c": "(" * 5_000, "d": COPY.replace("total", "s"), "e": "def f(:", "f": "x\0"}
    (pair,) = similar.pairs(crash, [])
    assert pair["students"] == ["b", "d"]


def test_what_many_wrote_or_the_solution_has_is_no_sign():
    many = {str(number): COPY for number in range(40)}
    assert similar.pairs(many, []) == []
    assert similar.pairs({"a": COPY, "b": COPY}, [COPY]) == []


# Handing out.


GIT = "metarec-lib[test] @ git+https://example.org/metarec-lib@v1"


@pytest.mark.parametrize(
    "package", ["metarec-lib", "metarec-lib[test]", "metarec-lib>=1", "other==1", "-r x", f"{GIT} numpy"]
)
def test_a_grading_repository_installs_no_bare_name(tmp_path, capsys, package):
    with pytest.raises(SystemExit) as left:
        cli.main(
            ["release", "q06", "--to", str(tmp_path / "hw"), "--grading", str(tmp_path / "g"), "--package", package]
        )
    assert left.value.code == 2 and "git+https" in capsys.readouterr().err
    assert not (tmp_path / "hw").exists() and not (tmp_path / "g").exists()


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ('{"url": "https://example.org/m", "vcs_info": {"vcs": "git", "commit_id": "abc"}}', "metarec-lib[test] @ git+https://example.org/m@abc"),
        ('{"url": "file:///m", "dir_info": {"editable": true}}', ""),
        (None, ""),
    ],
)  # fmt: skip
def test_where_the_package_came_from_is_read_from_its_record(monkeypatch, record, expected):
    from metarec_lib.workbook.grading import release

    monkeypatch.setattr(
        release.importlib.metadata, "distribution", lambda name: SimpleNamespace(read_text=lambda file: record)
    )
    assert release.installed_from() == expected


def test_a_release_holds_no_solution_test_mistake_or_hint(tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["release", "q01", "q06", "--to", str(tmp_path / "hw1"), "--classroom", "my-course/grading"])
    assert left.value.code == 0 and "6 files" in capsys.readouterr().out
    names = sorted(str(path.relative_to(tmp_path / "hw1")) for path in (tmp_path / "hw1").rglob("*") if path.is_file())
    assert [name.partition("/")[0] for name in names] == [
        ".github",
        "README.md",
        *["exercises"] * 2,
        *["notebooks"] * 2,
    ]
    from metarec_lib.workbook.core.places import content
    from metarec_lib.workbook.exercises.solutions import read_solution

    text = "".join((tmp_path / "hw1" / name).read_text() for name in names)
    for stem in ("q01_what_is_meta_learning", Q06):
        for item in read_solution(content("solutions", f"{stem}.py")):
            assert not any(part in text for hint in item.hints for part in hint)
        assert "raise NotImplementedError" in (tmp_path / "hw1" / "exercises" / f"{stem}.py").read_text()
    assert "def test_" not in text and "BEGIN SOLUTION" not in text and "read its solutions" in text
    assert "uses: my-course/grading/.github/workflows/classroom.yml@main" in text and "questions: q01 q06" in text
    with pytest.raises(SystemExit):
        asked = ["release", "q06", "--to", str(tmp_path / "hw2"), "--grading", str(tmp_path / "grading")]
        cli.main([*asked, "--package", GIT])
    assert read_course(tmp_path / "grading" / "course.toml").scale == 100
    assert (tmp_path / "grading" / ".github" / "workflows" / "collect.yml").is_file()
    entry = (tmp_path / "grading" / "autograder.py").read_text()
    assert '\nQUESTIONS = ["q06"]\n' in entry and f'\nPACKAGE = "{GIT}"\n' in entry
    for name in ("classroom", "collect"):
        assert f": {GIT}\n" in (tmp_path / "grading" / ".github" / "workflows" / f"{name}.yml").read_text()
    for arguments in (
        ["q01", "--to", str(tmp_path / "hw1")],
        ["q01", "--to", str(tmp_path / "x"), "--classroom", "no"],
    ):
        with pytest.raises(SystemExit) as left:
            cli.main(["release", *arguments])
        assert left.value.code == 2


def test_a_chinese_release_holds_chinese_lessons_without_the_results_of_the_solutions(tmp_path):
    from metarec_lib.workbook.grading.release import release

    release([Q06], tmp_path / "hw1", lang="zh")
    notebook = json.loads((tmp_path / "hw1" / "notebooks" / f"{Q06}.ipynb").read_text("utf-8"))
    cells = {tag: cell for cell in notebook["cells"] for tag in cell["metadata"].get("tags", [])}
    question = "".join(cells["question"]["source"])
    assert "级别" in question or "高级" in question
    assert "What do you split" not in question and cells["exercise"]["outputs"] == []
    assert "请实现" in (tmp_path / "hw1" / "exercises" / f"{Q06}.py").read_text("utf-8")
    readme = (tmp_path / "hw1" / "README.md").read_text("utf-8")
    assert readme.startswith("# 作业：q06\n") and "`metarec check q06`" in readme


def test_a_release_handed_in_as_it_is_is_graded_as_not_written(tmp_path):
    """The stub is found in a zip of the whole folder: what students hand in is what was handed out."""
    from metarec_lib.workbook.grading.handed_in import handed_in
    from metarec_lib.workbook.grading.reading import Files, read_exercise
    from metarec_lib.workbook.grading.release import release

    names = release([Q06], tmp_path / "hw1")
    with zipfile.ZipFile(tmp_path / "anna.zip", "w") as archive:
        for name in names:
            archive.write(tmp_path / "hw1" / name, f"hw1/{name}")
    (tmp_path / "class").mkdir()
    (tmp_path / "anna.zip").rename(tmp_path / "class" / "anna.zip")
    (student,) = handed_in(tmp_path / "class").students
    assert read_exercise(Files(student), Q06)[1] == f"hw1/exercises/{Q06}.py"


def test_the_schema_ships_with_the_package_and_every_export_is_made(graded):
    assert results.SCHEMA_FILE.is_file() and report.TIMING == "timing.csv"
    assert (graded[0] / "report" / "timing.csv").read_text("utf-8").startswith("student,question,seconds,ended")


def test_a_remark_names_a_function_once():
    said = "ndcg_at_k: there is no function of that name in the file"
    item = {"name": "ndcg_at_k", "reason": said, "shown": said}
    result = {"question": "q06", "status": "graded", "remark": "", "functions": [item], "points": 0}
    assert results._remarks(result) == [f"q06 {said}"]
    assert tables.feedback_line({"questions": [result], "late": {"said": ""}}) == f"q06 {said}"


def test_what_is_said_of_several_functions_is_said_once_to_the_student_too():
    items = [{"name": name, "shown": "the file is not valid Python"} for name in ("f", "g")] + [
        {"name": "h", "shown": ""}
    ]
    result = {"question": "q06", "status": "graded", "functions": items}
    row = {"questions": [result], "late": {"said": ""}}
    assert tables.feedback_line(row) == "q06 f, g: the file is not valid Python"


def test_a_chinese_report_says_in_chinese_why_something_is_late_or_not_graded(tmp_path, monkeypatch):
    monkeypatch.setenv("METAREC_LANG", "zh")
    (tmp_path / "class" / "a" / "exercises").mkdir(parents=True)
    (tmp_path / "list.csv").write_text("student,path,handed_in\na,class/a,2026-11-03T09:00:00+08:00\n")
    (tmp_path / "c.toml").write_text('missing = "zero"\n[late]\ndeadline = 2026-11-02T23:59:00+08:00\nper_day = 10\n')
    course = read_course(tmp_path / "c.toml")
    grading.grade(tmp_path / "list.csv", tmp_path / "r", [Q06], Settings(way=""), course=course, jobs=1)
    page = (tmp_path / "r" / "students" / "a" / "feedback.html").read_text("utf-8")
    assert f"未评分：没有文件 exercises/{Q06}.py" in page and "迟交 9.0 小时：扣 10%" in page
    assert "按课程规则记 0 分" in (tmp_path / "r" / "index.html").read_text("utf-8")
    for name in ("moodle.csv", "summary.md"):
        text = (tmp_path / "r" / name).read_text("utf-8")
        assert "没有文件" in text and "there is no" not in text and "late" not in text, name
