"""`check("q06")` in a notebook and `metarec check q06` in a terminal: one verdict, one printed form."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width
from xml.etree import ElementTree

from metarec_lib.workbook.core import (
    content,
    in_notebook,
    is_chinese,
    language,
    link,
    pick,
    resolve,
    show_markdown,
    show_text,
    watch_cells,
    work_folder,
)
from metarec_lib.workbook.exercises import Result, Verdict, judge, require_exercises, stems
from metarec_lib.workbook.lessons import sections_calling

from . import progress
from .hints import hint
from .learner import YOUR_FILE
from .standing import entries, next_entry

SIGNS = {"passed": "✓", "failed": "✗", "not written": "·", "not run": "–"}
WIDTH, PRINTED_LINES = 100, 6


@dataclass
class Report:
    """The verdict on one question. `str(report)` is the printed form. now: what a pass makes possible, a line each."""

    question: str
    path: Path
    functions: list[Result]
    problem: str = ""
    note: str = ""
    now: str = ""

    @property
    def points(self) -> float:
        return sum(item.points for item in self.functions)

    @property
    def possible(self) -> float:
        return sum(item.possible for item in self.functions)

    @property
    def passed(self) -> bool:
        return all(item.status == "passed" for item in self.functions)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for `--json`."""
        functions = [{**asdict(item), "points": item.points} for item in self.functions]
        return {
            "question": self.question, "file": self.path.name, "points": self.points, "possible": self.possible,
            "problem": self.problem, "functions": functions,
        }  # fmt: skip

    def __str__(self) -> str:
        points, possible, file = _shown(self.points), _shown(self.possible), f"{self.path.parent.name}/{self.path.name}"
        counted = pick((f"{points} of {possible} points", f"{points}/{possible} 分"))
        head = f"{self.question} · {counted} · {file}"
        lines = [head, *(_wrap(self.problem, "  ") if self.problem else [])]
        width = max(len(item.name) for item in self.functions)
        for item in self.functions:
            lines += _function_lines(item, width)
        lines += [line for said in self.now.splitlines() for line in _wrap(said, "  ")]
        lines += [self._next(), self.note]
        return "\n".join(line for line in lines if line)

    __repr__ = __str__

    def _next(self) -> str:
        """What to do next, in one line."""
        todo = next((item for item in self.functions if item.status != "passed"), None)
        if todo is None or self.problem:
            return ""
        if in_notebook():
            command = f'hint("{self.question}", "{todo.name}")'
            return pick((
                f"  Next: {todo.name}. For a hint, run in a cell: {command}",
                f"  下一个：{todo.name}。要提示，就在单元格里运行：{command}",
            ))  # fmt: skip
        command = f"metarec check {self.question} --hint {todo.name}"
        return pick((f"  Next: {todo.name}. For a hint: {command}", f"  下一个：{todo.name}。要提示：{command}"))

    def _ipython_display_(self) -> None:
        """Already shown by `check`; shown again only on request, by `print(report)`."""


def check(question: str | int, work: str | Path | None = None, function: str | None = None) -> Report | None:
    """Run the graded tests of a question on your file, and say what came out.

    question: "q06", 6 or the stem. work: the folder with the files (default: METAREC_WORK, else the nearest
    `exercises`). function: only this one. In a notebook the report is shown at once, and where there is no folder to
    look in, what to do. Raises ValueError for a question or function that does not exist.
    """
    watch_cells()
    try:
        work = work_folder(work)
    except ValueError as problem:
        if not in_notebook():
            raise
        show_text(str(problem))
        return None
    report = make_report(question, work, function)
    if in_notebook():
        if Path.cwd().name == "notebooks" and report.path.parent != content("solutions").resolve():
            progress.mark_read(report.question)  # the lesson was run down to its check
        show_text(str(report))
        if not report.passed:
            show_markdown(pick(YOUR_FILE) + link(report.path))
        elif report.path.parent != content("solutions").resolve() and (after := _what_comes_next(report.path, True)):
            show_markdown(after)
    return report


def make_report(question: str | int, work: str | Path | None = None, function: str | None = None) -> Report:
    """The report of `check`, not shown. The attempt is stored, unless the files are the solutions."""
    from metarec_lib.workbook.sandbox import starter

    found = resolve(question)
    require_exercises(found)
    folder = Path(work_folder(work)).resolve()
    starter()  # torch is imported there while pytest starts here
    verdict: Verdict = judge(found.stem, folder, function)
    report = Report(found.key, folder / f"{found.stem}.py", verdict.functions, verdict.problem)
    if folder != content("solutions").resolve():
        report.now = _run_again(found.stem, report)
        if report.passed and not in_notebook():
            report.now = "\n".join(filter(None, [report.now, _what_comes_next(report.path)]))
        rows = [(item.name, item.status, item.points, item.possible) for item in report.functions]
        report.note = progress.record_attempts(found.key, report.path, rows)
    return report


def _run_again(stem: str, report: Report) -> str:
    """Which cells of the lesson can be run now: those that call a function which did not pass at the last check."""
    before, lang = progress.last_status(report.path), language()
    fresh = [item.name for item in report.functions if item.status == "passed" != before.get(item.name)]
    notebook = content("notebooks", f"{stem}.ipynb")
    places = {title: name for name in fresh for title in sections_calling(notebook, name, lang)}
    told = [
        pick((f"«{title}» (my.{name})", f"《{title}》中用到 my.{name} 的那个"), lang) for title, name in places.items()
    ]
    return told and pick((
        f"Run again in the lesson, with what you wrote: {', '.join(told)}.",
        f"你写的函数可以用了，请在课程里重新运行：{'、'.join(told)}单元格。",
    ), lang) or ""  # fmt: skip


def _what_comes_next(path: Path, as_link: bool = False) -> str:
    """The lesson to go on with, once all functions of one pass."""
    found = entries(path.parent.parent)
    after = next_entry([entry for entry in found if entry.question.stem != path.stem])
    if not found:
        return ""
    if after is None:
        return pick(("All lessons so far are done.", "目前的课程全部完成了。"))
    title = f"{after.question.key} · {pick((after.question.title_en, after.question.title_zh))}"
    if as_link:
        title = f"[{title}]({after.question.stem}.ipynb)"
    return pick((f"Next lesson: {title}", f"下一课：{title}"))


def check_command(
    questions: Sequence[str] = (),
    work: str | None = None,
    hint_for: str | None = None,
    as_json: bool = False,
    junit: str | Path | None = None,
) -> int:
    """`metarec check`. Exit status 0: all points; 1: points are missing; 2: wrong usage.

    questions: all that have exercises, when none is named. hint_for: a function, or an empty text for the first one
    that does not pass: print a hint instead of a report.
    """
    _say_anything()
    try:
        chosen = [resolve(item) for item in questions or stems()]
        if hint_for is not None:
            if len(chosen) != 1:
                raise ValueError(f"got {len(chosen)} questions; expected one question with --hint")
            if as_json or junit is not None:
                raise ValueError("got --hint with --json or --junit; expected it alone: a hint is text")
            print(hint(chosen[0].stem, hint_for, work))
            return 0
        reports = [make_report(item.stem, work) for item in chosen]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    _print_reports(reports, as_json)
    if junit is not None:
        write_junit(reports, Path(junit))
    return 0 if all(report.passed for report in reports) else 1


def write_junit(reports: list[Report], path: Path) -> None:
    """JUnit's XML: a suite a question, a case a test. The file is whole or absent."""
    from metarec_lib.data.paths import atomic_write

    suites = ElementTree.Element("testsuites")
    for report in reports:
        cases = [(item, test, passed) for item in report.functions for test, passed in item.tests.items()]
        failures = sum(not passed for _, _, passed in cases)
        counts = {"name": report.question, "tests": str(len(cases)), "failures": str(failures)}
        suite = ElementTree.SubElement(suites, "testsuite", counts)
        for item, test, passed in cases:
            case = ElementTree.SubElement(suite, "testcase", {"classname": item.name, "name": test})
            if not passed:
                message = _printable("; ".join(filter(None, [report.problem or item.message, item.remark])))
                ElementTree.SubElement(case, "failure", {"message": message})
    ElementTree.indent(suites)
    atomic_write(path, ElementTree.tostring(suites, encoding="unicode", xml_declaration=False) + "\n")


def _print_reports(reports: list[Report], as_json: bool) -> None:
    if as_json:
        totals = {name: sum(getattr(report, name) for report in reports) for name in ("points", "possible")}
        print(json.dumps({**totals, "questions": [report.as_dict() for report in reports]}, ensure_ascii=True))
        return
    print("\n\n".join(map(str, reports)))
    if len(reports) > 1:
        points, possible = sum(item.points for item in reports), sum(item.possible for item in reports)
        points, possible = _shown(points), _shown(possible)
        print("\n" + pick((f"All questions: {points} of {possible} points", f"全部题目：{points}/{possible} 分")))


def _shown(points: float) -> str:
    """At most one decimal."""
    return f"{round(points, 1):g}"


def _function_lines(item: Result, width: int) -> list[str]:
    head = f"  {SIGNS[item.status]} {item.name:{width}}   {_shown(item.points)}/{_shown(item.possible)}"
    if item.status == "passed":
        return [head, *_wrap(item.remark, "      ")]
    if item.status == "not run":
        return [f"{head}   " + pick(("not run", "没有运行"))]
    remark = _wrap(item.remark, "      ")
    if item.status == "not written":
        where = pick((f" (line {item.line})", f"（第 {item.line} 行）")) if item.line else ""
        return [f"{head}   " + pick(("not written yet", "还没有写")) + where, *remark]
    printed, label = _printable(item.printed).splitlines(), pick(("printed: ", "打印："))
    shown = [f"      {label}{line[:WIDTH]}" for line in printed[:PRINTED_LINES]]
    more = [f"      {label}…"] if len(printed) > PRINTED_LINES else []
    return [head, *_wrap(item.message, "      "), *remark, *shown, *more]


def _wrap(text: str, indent: str) -> list[str]:
    text = " ".join(_printable(text).split())
    if is_chinese(text):
        return [indent + line for line in _wrap_wide(text, WIDTH - len(indent))]
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False)


def _wrap_wide(text: str, width: int) -> list[str]:
    """Lines of a text in which a Chinese character takes two columns and may end a line; a Latin word stays whole."""
    pieces = re.findall(r" ?[\u2e80-\uffef][，。；：？！、）”]*| ?[^\s\u2e80-\uffef]+", text)
    lines, used = [""], 0
    for piece in pieces:
        columns = sum(1 + (east_asian_width(letter) in "WF") for letter in piece)
        if used and used + columns > width:
            lines, used, piece = [*lines, ""], 0, piece.lstrip()
        lines[-1] += piece
        used += columns
    return lines


def _printable(text: str) -> str:
    """Without control characters: a message of the learner's code must not steer a terminal or break XML."""
    return "".join(item if item in "\n\t" or item.isprintable() else "�" for item in text)


def _say_anything() -> None:
    """A terminal that lacks a sign shows a replacement."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
