"""`metarec grade SUBMISSIONS --out REPORT`: submissions to points, through the jail, and all that is written of them.

What is read of a submission is one regular file a question; what runs is a copy of it, in a child of a grader's
zygote, one grader a core. Outcomes are kept in a journal in REPORT, so that a run that was stopped goes on.
"""

from __future__ import annotations

import ast
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from metarec_lib.workbook.core import Pair, pick
from metarec_lib.workbook.exercises import hidden_tests, question_manifest, stems
from metarec_lib.workbook.sandbox import missing_walls

from . import journal as journals
from .archives import Unreadable
from .course import Course, course_key, read_course, variant
from .grader import CAP, NotGraded, Settings
from .handed_in import Student, handed_in
from .journal import Journal, alone
from .judges import Judges, judges
from .reading import Files, Missing, read_exercise
from .report import write_report
from .results import make_grades, plain


@dataclass(frozen=True)
class Run:
    """What a run of the grader knows. possible: the manifest by question; key: of each student's own data."""

    settings: Settings
    questions: dict[str, dict[str, Any]]
    key: bytes
    judges: Judges
    journal: Journal

    def variant(self, student: str, stem: str) -> int:
        fixed = self.settings.variant
        return variant(self.key, student, stem) if fixed is None else fixed


def grade(
    submissions: str | Path, out: str | Path, questions: Sequence[str] = (), settings: Settings | None = None,
    kind: str = "", *, course: Course | None = None, pattern: str = "", jobs: int = 0, scheduler: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Grade every submission and write the report's files into the folder `out`; returns what `grades.json` holds.

    submissions: as `handed_in` takes them; kind says which, `class` or `one`, and by default it is what they look like.
    questions: stems; all by default. settings: by default in the jail where it works. jobs: graders at once, by default
    one a core. scheduler: the address of a Dask cluster. Raises ValueError for a wrong place, RuntimeError where nothing
    can be judged.
    """
    walls, out, course = missing_walls(), Path(out), course or read_course(None)
    settings = settings or Settings(way="" if walls else "jail")
    _require_folder(out, Path(submissions))
    found = handed_in(Path(submissions), kind, [out], pattern)
    _require_outside(out, found.students)
    _require_times(course, found.students)
    hidden = Path(settings.hidden) if settings.hidden else None
    asked = {stem: question_manifest(stem, hidden=hidden) for stem in list(questions) or stems()}
    if settings.way != "jail":
        walls = walls or ["the jail was not used: network, files and processes are open"]
    with alone(out), closing(Journal(out / "journal.sqlite")) as journal:
        with judges(settings, jobs, scheduler) as pool:
            run = Run(settings, asked, course_key(course, out), pool, journal)
            students = _in_order(run, found.students)
        grades = make_grades(students, run.questions, course, walls, settings, found)
        write_report(out, grades, {row["student"]: row.pop("sources") for row in grades["students"]}, journal.times())
    return grades


def _require_folder(out: Path, submissions: Path) -> None:
    if out.resolve() == submissions.resolve():
        raise ValueError(f"Got {out} for the report too; expected a folder beside the submissions.")
    if out.is_file() or out.suffix in (".csv", ".json", ".html"):
        raise ValueError(f"Got the file {out}; expected a folder for the report, such as {out.with_name('report')}.")


def _require_outside(out: Path, students: list[Student]) -> None:
    """The report and its journal belong to the teacher: what lies in a submission could be forged."""
    for student in students:
        for place in student.places:
            if out.resolve().is_relative_to(place.path.absolute()):
                raise ValueError(f"Got {out} inside a submission; expected a place that no student writes to.")


def _require_times(course: Course, students: list[Student]) -> None:
    """A time that cannot be read is told before anything is graded, with whose it is."""
    for student in students:
        try:
            course.lateness(student.handed_in, student.late)
        except ValueError as problem:
            raise ValueError(f"{student.name}: {problem}") from None


def _in_order(run: Run, students: list[Student]) -> list[dict[str, Any]]:
    """The results of all students in their order, graded at once as far as there are graders."""
    found: dict[str, dict[str, Any]] = {}
    with ThreadPoolExecutor(run.judges.number) as pool:
        waiting = [pool.submit(_student, run, student) for student in students]
        try:
            for done in _progress(as_completed(waiting), len(waiting)):
                row = done.result()
                found[row["student"]] = row
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            run.judges.close()
            raise
    return [found[student.name] for student in students]


def _progress(waiting: Iterable, total: int) -> Iterator:
    from tqdm import tqdm

    return tqdm(waiting, total=total, unit="submission", disable=None)  # None: shown on a terminal only


def _student(run: Run, student: Student) -> dict[str, Any]:
    """One student's results, and the texts that they come from."""
    files, results, sources = Files(student), [], {}
    for stem, manifest in run.questions.items():
        result = {"question": stem[:3], "status": "graded", "reason": "", "file": "", "remark": "", "functions": []}
        try:
            source, result["file"], result["remark"] = read_exercise(files, stem, manifest["functions"])
            sources[stem[:3]] = source.decode("utf-8", "replace")
            result["functions"] = _functions(run, student.name, stem, source)
        except Missing as problem:
            result |= {"status": "missing", "reason": str(problem)}
        except (Unreadable, NotGraded, OSError) as problem:
            result |= {"status": "not graded", "reason": str(problem)}
        results.append(result)
    return {"student": student.name, "name": student.full_name, "handed_in": student.handed_in, "marked": student.late,
            "questions": results, "sources": sources}  # fmt: skip


def _functions(run: Run, student: str, stem: str, source: bytes) -> list[dict[str, Any]]:
    """What the journal knows, or else what the judges find.

    What ran out of time by chance is graded anew at once, and again at the next run where that was no help.
    """
    seed = run.variant(student, stem)
    key = journals.key(stem, source, run.settings, seed)
    found = run.journal.get(key)
    if found is not None:
        return found
    started = time.monotonic()
    found = run.judges.judge(stem, source, seed)
    if _by_chance(found):
        found = run.judges.judge(stem, source, seed)
    run.journal.took(student, stem[:3], time.monotonic() - started, datetime.now(UTC).isoformat(timespec="seconds"))
    if not _by_chance(found):
        run.journal.put(key, found)
    return found


def _by_chance(found: list[dict]) -> bool:
    return any(item.get("chance") for item in found)


def grade_command(
    submissions: str, out: str, questions: Sequence[str] = (), variant: int | None = None,
    require_sandbox: bool = False, kind: str = "", cap: float = CAP, *, course: str | None = None,
    hidden: str | None = None, pattern: str = "", jobs: int = 0, scheduler: str = "",
) -> int:  # fmt: skip
    """`metarec grade`. Exit status 0: all was graded, whatever the grades; 1: some was not; 2: wrong usage."""
    walls = missing_walls()
    if walls and require_sandbox:
        print(f"Nothing was graded, the sandbox is not complete: {'; '.join(walls)}.", file=sys.stderr)
        return 2
    try:
        without = [stem[:3] for stem in questions if stem not in stems()]
        if without:
            raise ValueError(f"Got {', '.join(without)} without exercises; those that have: {', '.join(stems())}.")
        settings = Settings("" if walls else "jail", variant, cap=cap, hidden=_hidden(hidden))
        grades = grade(submissions, out, questions, settings, kind, course=read_course(course), pattern=pattern,
                       jobs=jobs, scheduler=scheduler)  # fmt: skip
    except (ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    return _say(grades, out, settings.hidden)


def _hidden(folder: str | None) -> str:
    """The folder of further tests. Raises ValueError where a file in it would not be read: a hidden test that nobody
    runs is worse than none."""
    if not folder:
        return ""
    found = sorted(Path(folder).glob("*.py"))
    tests = [path for path in found if re.search(r"(?i)test|q\d", path.stem) and path.name != "conftest.py"]
    if not tests:
        raise ValueError(f"Got --hidden {folder}; expected a folder with files such as test_q06_….py.")
    for path in tests:
        if path.stem not in {f"test_{stem}" for stem in stems()}:
            raise ValueError(f"{path}: no question's tests are called that; expected {_expected_name(path.stem)}.")
        try:
            ast.parse(path.read_bytes(), filename=path.name)
        except (SyntaxError, ValueError) as error:
            raise ValueError(f"{path}: not valid Python: {error}") from None
    return str(Path(folder).resolve())


def _expected_name(stem: str) -> str:
    """What a file of hidden tests was meant to be called, as far as its number tells."""
    number = re.search(r"q0?(\d{1,2})(?!\d)", stem)
    meant = [f"test_{known}.py" for known in stems() if number and int(known[1:3]) == int(number[1])]
    return meant[0] if meant else "a name such as test_q06_evaluate_meta_learning.py"


def _say(grades: dict[str, Any], out: str, hidden: str = "") -> int:
    """What came out, in a few lines; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name in letters that the terminal lacks
    print("\n".join(map(pick, _summary(grades, Path(out), hidden))))
    failed, left_out = [row for row in grades["students"] if row["status"] != "graded"], grades["left_out"]
    for row in failed:
        head = pick((row["status"].capitalize(), "没有评" if row["status"] == "not graded" else "没有评全"))
        print(f"{head}: {row['student']}: {plain(' | '.join(row['remarks']), 500)}", file=sys.stderr)
    if left_out:
        head = pick(("Not graded, no folders of students", "没有评，不是学生的文件夹"))
        print(f"{head}: {', '.join(left_out)}", file=sys.stderr)
    return 1 if failed or left_out else 0


def _summary(grades: dict[str, Any], out: Path, hidden: str) -> list[Pair]:
    rows, walls, page = grades["students"], "; ".join(grades["walls_missing"]), out / "index.html"
    full = sum(row["status"] == "graded" for row in rows)
    one = ("Read as one submission; say --class if it is a class.", "按一份作业读取；如果是全班的，请加 --class。")
    several = (
        "Read as a class, by student; say --one if it is one student's.",
        "按全班读取；如果只是一名学生的，请加 --one。",
    )
    found = [
        several if grades["kind"] == "class" else one,
        (
            f"{full} of {len(rows)} submissions graded in full: {page}",
            f"{len(rows)} 份作业中 {full} 份全部评完：{page}",
        ),
        (f"Sandbox: {walls or 'every wall stands'}.", f"沙箱：{walls or '完整'}。"),
    ]
    if hidden:
        having = [item["question"] for item in grades["questions"] if hidden_tests(item["stem"], Path(hidden))]
        none = "none of these questions has any", "这些题都没有"
        found.append((f"Hidden tests: {', '.join(having) or none[0]}.", f"隐藏测试：{'、'.join(having) or none[1]}。"))
    return found
