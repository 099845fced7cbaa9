"""`metarec grade SUBMISSIONS --out REPORT`: a folder of submissions to a table of points, through the jail.

What is read of a submission is one regular file a question; what runs is a copy of it, in a child of the grader's
zygote. Outcomes are kept in a journal beside the report, so that a run that was stopped goes on.
"""

from __future__ import annotations

import glob
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from metarec_lib.data.paths import atomic_write
from metarec_lib.workbook.exercises import question_manifest, stems
from metarec_lib.workbook.sandbox import missing_walls

from . import gradebook
from .gradebook import Journal, Row
from .grader import CAP, Grader, NotGraded, Settings
from .handed_in import HandedIn, Student, Unreadable, handed_in, read_exercise
from .scratch import scratch


@dataclass(frozen=True)
class Outcome:
    """What a run found. walls: those missing; handed_in: how the folder was read, and what was left out of it."""

    rows: list[Row]
    walls: list[str]
    handed_in: HandedIn


def grade(
    submissions: str | Path, out: str | Path, questions: Sequence[str] = (), settings: Settings | None = None,
    kind: str = "",
) -> Outcome:  # fmt: skip
    """Grade every submission and write the report: a CSV file, a row for each student, in the order of their names.

    submissions: a folder with one folder a student, or one submission; kind says which, `class` or `one`, and by default
    it is what the folder looks like. questions: stems; all by default. settings: by default in the jail where it works.
    Raises ValueError for a wrong place, RuntimeError where nothing can be judged.
    """
    walls = missing_walls()
    settings = settings or Settings(way="" if walls else "jail")
    out, chosen = Path(out), list(questions) or stems()
    at = out.with_name(f"{out.name}.journal")
    found = handed_in(Path(submissions), kind, ours=[out, at, Path(f"{at}-journal")])
    _require_outside(out, found.students)
    for part in out.parent.glob(f".{glob.escape(out.name)}-*.part"):
        part.unlink(missing_ok=True)  # of a run that was killed while it wrote the report
    possible = {stem: _possible(stem) for stem in chosen}
    with closing(Journal(at)) as journal, _grader(settings) as grader:
        rows = [_row(student, possible, grader, journal) for student in _progress(found.students)]
    if settings.way != "jail":
        walls = walls or ["the jail was not used: network, files and processes are open"]
    atomic_write(out, gradebook.report_text(rows, possible, walls).encode("utf-8-sig"))  # the mark is for spreadsheets
    return Outcome(rows, walls, found)


def _possible(stem: str) -> dict[str, float]:
    """The points of each function."""
    return {name: entry["points"] for name, entry in question_manifest(stem)["functions"].items()}


def _require_outside(out: Path, students: list[Student]) -> None:
    """The report and its journal belong to the teacher: what lies in a submission could be forged."""
    if out.is_dir():
        raise ValueError(f"Got the folder {out}; expected a file for the report, such as {out / 'grades.csv'}.")
    for student in students:
        if out.resolve().is_relative_to(student.folder):
            raise ValueError(f"Got {out} inside a submission; expected a place that no student writes to.")


@contextmanager
def _grader(settings: Settings) -> Iterator[Grader]:
    """A grader with a temporary folder of its own; both are gone afterwards."""
    with scratch() as folder:
        grader = Grader(settings, folder)
        try:
            yield grader
        finally:
            grader.close()


def _row(student: Student, possible: dict[str, dict[str, float]], grader: Grader, journal: Journal) -> Row:
    row = Row(student.name)
    for stem, functions in possible.items():
        try:
            source, remark = read_exercise(student.folder, stem, functions)
            row.add(stem, _outcome(stem, source, grader, journal))
            row.remarks += [f"{stem[:3]}: {remark}"] if remark else []
        except Unreadable as problem:
            nothing = [
                {"name": name, "points": 0.0, "possible": points, "reason": str(problem)}
                for name, points in functions.items()
            ]
            row.add(stem, nothing)
        except (NotGraded, OSError) as problem:
            row.leave(stem, str(problem))
    return row


def _outcome(stem: str, source: bytes, grader: Grader, journal: Journal) -> list[dict]:
    """What the journal knows, or else what the grader finds on a copy of the file.

    What ran out of time by chance is graded anew at once, and again at the next run where that was no help.
    """
    key = gradebook.key(stem, source, grader.settings)
    found = journal.get(key)
    if found is not None:
        return found
    with tempfile.TemporaryDirectory(dir=grader.temporary) as folder:
        work = Path(folder, "exercises")
        work.mkdir()
        (work / f"{stem}.py").write_bytes(source)
        found = grader.grade(stem, work)
        if _by_chance(found):
            found = grader.grade(stem, work)
    if not _by_chance(found):
        journal.put(key, found)
    return found


def _by_chance(found: list[dict]) -> bool:
    return any(item.get("chance") for item in found)


def _progress(students: list[Student]) -> Iterable[Student]:
    from tqdm import tqdm

    return tqdm(students, unit="submission", disable=None)  # None: shown on a terminal only


def grade_command(
    submissions: str, out: str, questions: Sequence[str] = (), variant: int = 0, require_sandbox: bool = False,
    kind: str = "", cap: float = CAP,
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
        outcome = grade(submissions, out, questions, Settings("" if walls else "jail", variant, cap=cap), kind)
    except (ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    return _say(outcome, out)


def _say(outcome: Outcome, out: str) -> int:
    """What came out, in a few lines; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name in letters that the terminal lacks
    failed = [row for row in outcome.rows if not row.graded]
    graded, left_out = len(outcome.rows) - len(failed), outcome.handed_in.left_out
    how = "a class, a folder for each student (--one: it is one)"
    how = how if outcome.handed_in.kind == "class" else "one submission (--class: it is a class)"
    print(f"Read as {how}.")
    print(f"{graded} of {len(outcome.rows)} submissions graded: {out}")
    print(f"Sandbox: {'; '.join(outcome.walls) or 'every wall stands'}.")
    for row in failed:
        print(f"Not graded: {row.student}: {gradebook.plain(' | '.join(row.remarks), 500)}", file=sys.stderr)
    if left_out:
        print(f"Not graded, no folders of students: {', '.join(left_out)}", file=sys.stderr)
    return 1 if failed or left_out else 0
