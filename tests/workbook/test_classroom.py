"""The workflows: they fit GitHub's schema, pin what they use, and their steps, run from the files, give the points of
`metarec check`; a student who edits the workflow changes what is shown there, and no grade.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import submissions as make
import yaml
from submissions import Q06
from workflow import Machine, Ran, run_job

from metarec_lib.workbook import grading
from metarec_lib.workbook.sandbox import missing_walls

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = Path(grading.__file__).with_name("classroom")
TEACHER, STUDENT = (TEMPLATE / name / ".github" / "workflows" for name in ("teacher", "student"))
WORKFLOWS = [ROOT / ".github/workflows/ci.yml", *TEACHER.glob("*.yml"), *STUDENT.glob("*.yml")]
ELSEWHERE = ("Install", "Sandbox")  # steps that change the machine; here the package is installed
PATH = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_every_workflow_fits_the_schema_and_is_told_where_it_does_not(tmp_path):
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "run-on:"))
    schema = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    assert len(WORKFLOWS) == 4
    good = subprocess.run([*schema, *map(str, WORKFLOWS)], capture_output=True, text=True)
    assert good.returncode == 0, good.stdout
    assert subprocess.run([*schema, str(broken)], capture_output=True).returncode == 1


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: f"{path.parents[2].name}/{path.name}")
def test_actions_are_pinned_and_permissions_are_the_least(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job.get("permissions", {"contents": "read"}) == {"contents": "read"}
        for step in job.get("steps", []):
            assert "uses" not in step or re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"]), step
            assert not step.get("uses", "").startswith("actions/checkout") or not step["with"]["persist-credentials"]
            assert "${{" not in step.get("run", ""), "an expression in a script can be made to run: use the environment"


def test_no_secret_reaches_what_a_student_can_start():
    for path in (TEACHER / "classroom.yml", STUDENT / "classroom.yml"):
        assert "secrets" not in path.read_text()


@pytest.fixture(scope="module")
def submission(tmp_path_factory):
    """A student's repository: the first function solved, and what a workflow that believed it would take for a pass."""
    folder = tmp_path_factory.mktemp("student")
    place = folder / "exercises" / f"{Q06}.py"
    place.parent.mkdir()
    place.write_text(make.partial())
    forged = {"report/summary.md": "10 / 10", "result.json": '{"score": 10}', "tests/exercises/test_q06.py": "",
              "conftest.py": "import os; os._exit(0)", "pytest.ini": "[pytest]\naddopts = --collect-only",
              "metarec_lib/__init__.py": "raise SystemExit(0)", "sitecustomize.py": "raise SystemExit(0)",
              ".github/workflows/classroom.yml": "jobs: {grade: {steps: [{run: echo 10 / 10}]}}"}  # fmt: skip
    for name, text in forged.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def points(submission, tmp_path_factory) -> tuple[Ran, Path]:
    """The job that gives points, run from the workflow file."""
    folder = tmp_path_factory.mktemp("runner")
    machine = Machine(folder, {"questions": "q06", "package": "-"}, {}, {"submission": submission}, ELSEWHERE, PATH)
    return run_job(TEACHER / "classroom.yml", "points", machine), folder


def test_the_steps_of_the_workflow_give_the_points_of_check_and_post_them(points, submission):
    ran, folder = points
    assert ran.status == 0, ran.output
    assert [name for name, status in ran.steps.items() if status == 0] == [
        "The submission", "Points", "Summary", "Keep the feedback",
    ]  # fmt: skip
    report = json.loads((folder / "report" / "grades.json").read_text())
    assert report["students"][0]["points"] == 4.0
    summary = (folder / "summary.md").read_text()
    assert "Points: 4 / 10" in summary and "not written yet" in summary
    walls = missing_walls()
    assert ("every wall stands" in summary) is not bool(walls)
    (result,) = (folder / "artifacts" / "feedback").glob("*/classroom50/result.json")
    assert json.loads(result.read_text())["score"] == 4


NOTEBOOK = """
import numpy as np
from metarec_lib import mine
with mine("q06") as my:
    print(my.ndcg_at_k(np.array([0.9, 0.1]), np.array([0.0, 1.0]), 2))
    open("called", "w").close()
"""


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("source", "more", "called", "passes"),
    [
        (make.partial(), "", True, True),
        (make.stub(), "", False, True),
        (make.partial(), "raise ValueError", True, False),
    ],
    ids=["solved", "not written", "a cell that breaks"],
)
def test_the_lessons_run_with_the_students_functions_and_fail_where_a_cell_breaks(
    tmp_path, source, more, called, passes
):
    """A small notebook stands in for the lesson, which `metarec new` would write; the command is that of the file."""
    import nbformat

    make.write(tmp_path / "student" / "exercises", source.encode())
    cells = [nbformat.v4.new_code_cell(text) for text in (NOTEBOOK, more) if text]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "lesson.ipynb")
    command = tmp_path / "bin" / "metarec"
    command.parent.mkdir()
    copy = f'mkdir -p workspace/notebooks && cp "{tmp_path}/lesson.ipynb" workspace/notebooks/{Q06}.ipynb'
    command.write_text(f"#!/bin/sh\n{copy}\n")
    command.chmod(0o755)
    folder = tmp_path / "runner"
    folder.mkdir()
    paths = {"PATH": f"{command.parent}{os.pathsep}{PATH['PATH']}", "PYTHONPATH": str(ROOT)}
    given = {"questions": "q06", "package": "-"}
    machine = Machine(folder, given, {}, {"submission": tmp_path / "student"}, (*ELSEWHERE, "Data"), paths)
    ran = run_job(TEACHER / "classroom.yml", "lessons", machine)
    assert (ran.status == 0) is passes, ran.output
    assert (folder / "workspace" / "notebooks" / "called").exists() is called


def test_the_lessons_of_students_get_the_data_that_ours_get():
    lines = {re.search(r"metarec data .*", path.read_text())[0] for path in (WORKFLOWS[0], TEACHER / "classroom.yml")}
    assert len(lines) == 1


def test_an_edited_workflow_is_believed_by_nobody(points, submission, tmp_path):
    """The student's own file says 10 of 10, and so do the files beside it; the collecting job says 4."""
    forged = run_job(submission / ".github/workflows/classroom.yml", "grade", Machine(tmp_path))
    assert "10 / 10" in forged.output
    ran = collect(tmp_path, submission)
    if missing_walls():
        assert ran.steps["Grades"] == 2 and "sandbox is not complete" in ran.output
        return
    assert ran.status == 0, ran.output
    (row,) = json.loads((tmp_path / "artifacts" / "report" / "grades.json").read_text())["students"]
    assert (row["student"], row["points"], row["grade"]) == ("anna", 4.0, 40.0)
    assert not (tmp_path / "artifacts" / "report" / "journal.sqlite").exists()


def collect(folder: Path, submission: Path) -> Ran:
    """The job that gives grades, on the clone that its step `Clone` would have made."""
    shutil.copytree(submission, folder / "class" / "hw1-anna")
    inputs, secrets = {"questions": "q06", "prefix": "hw1-"}, {"COURSE_KEY": "a key for the test"}
    machine = Machine(folder, inputs, secrets, {"grading": TEACHER.parents[1]}, (*ELSEWHERE, "Clone"), PATH)
    return run_job(TEACHER / "collect.yml", "grades", machine)


def test_the_entry_of_classroom_50_grades_with_our_package_and_not_with_the_students(submission, tmp_path):
    shutil.copytree(submission, tmp_path / "checkout")
    text = (TEMPLATE / "teacher" / "autograder.py").read_text()
    (tmp_path / "autograder.py").write_text(
        text.replace('["q01", "q06"]', '["q06"]').replace("metarec-lib[test]", "pip")
    )
    command = [sys.executable, tmp_path / "autograder.py"]
    environment = {**os.environ, "CLASSROOM": "c", "ASSIGNMENT": "hw1", "SUBMISSION_TAG": "submit/1", "COMMIT_URL": "u"}
    run = subprocess.run(command, cwd=tmp_path / "checkout", env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    result = json.loads((tmp_path / "checkout" / "result.json").read_text())
    assert (result["schema"], result["assignment"], result["score"]) == ("classroom50/result/v1", "hw1", 4)
    assert sum(test["score"] for test in result["tests"]) == 4 and result["max-score"] == 10


def test_a_step_that_fails_stops_the_job_and_an_unknown_expression_is_named(tmp_path):
    path = tmp_path / "w.yml"
    steps = [{"name": "bad", "run": "exit 3"}, {"name": "later", "run": "true"},
             {"name": "last", "if": "always()", "run": "true"}]  # fmt: skip
    path.write_text(yaml.safe_dump({"jobs": {"a": {"steps": steps}, "b": {"steps": [{"run": "${{ github.token }}"}]}}}))
    ran = run_job(path, "a", Machine(tmp_path))
    assert (ran.status, ran.steps) == (3, {"bad": 3, "later": None, "last": 0})
    with pytest.raises(ValueError, match="github.token"):
        run_job(path, "b", Machine(tmp_path))
