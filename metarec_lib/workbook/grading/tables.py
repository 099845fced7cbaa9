"""The tables of a report: `gradebook.csv` for the teacher, `canvas.csv` and `moodle.csv` for the LMS, `timing.csv`."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from io import StringIO
from typing import Any

from metarec_lib.workbook.core import pick

from .results import by_reason, plain

LONGEST_REMARK, LONGEST_CELL = 500, 32_000  # characters; a spreadsheet's cell takes 32,767
STARTS = "=+\\-@＝＋－＠"  # what a spreadsheet takes for a formula, at the start of a cell


def gradebook(grades: dict[str, Any]) -> str:
    """A row for each student: points, the grade, each question and function, remarks."""
    heads = []
    for item in grades["questions"]:
        heads.append(f"{item['question']} (of {item['points']:g})")
        heads += [f"{item['question']} {part['name']} (of {part['points']:g})" for part in item["functions"]]
    missing = "; ".join(grades["walls_missing"]) or "none"
    best = f"grade (of {grades['best']:g})"
    lines = [["student", "name", "points", "possible", best, *heads, "remarks", "sandbox walls missing"]]
    for row in grades["students"]:
        total = [_number(row["points"]), f"{grades['possible']:g}", _number(row["grade"])]
        lines.append([row["student"], row["name"], *total, *_cells(row, grades), remarks(row), missing])
    return table(lines)


def _cells(row: dict[str, Any], grades: dict[str, Any]) -> list[str]:
    cells: list[str] = []
    for result, question in zip(row["questions"], grades["questions"], strict=True):
        by_name = {item["name"]: item["points"] for item in result["functions"]}
        cells.append(_number(result["points"]))
        cells += [_number(by_name.get(part["name"])) for part in question["functions"]]
    return cells


def _number(value: float | None) -> str:
    return "" if value is None else f"{round(value, 2):g}"


def remarks(row: dict[str, Any]) -> str:
    """The remarks on a student in one cell."""
    return " | ".join(plain(remark, LONGEST_REMARK) for remark in row["remarks"])[:LONGEST_CELL]


def canvas(grades: dict[str, Any]) -> str:
    """What Canvas imports: a number is its own id of a student, anything else the login. A blank grade changes nothing."""
    column = grades["course"] or "metarec"
    lines = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column]]
    lines.append(["    Points Possible", "", "", "", "", f"{grades['best']:g}"])
    for row in grades["students"]:
        known = row["student"].isdecimal()
        ids = [row["student"], "", ""] if known else ["", "", row["student"]]
        lines.append([row["name"] or row["student"], *ids, "", _number(row["grade"])])
    return table(lines)


def moodle(grades: dict[str, Any]) -> str:
    """What Moodle takes as an offline grading worksheet; a number is that of the participant."""
    lines = [["Identifier", "Full name", "Email address", "Grade", "Maximum grade", "Feedback comments"]]
    for row in grades["students"]:
        known = row["student"].isdecimal()
        identity = [f"Participant {row['student']}" if known else row["student"], row["name"]]
        address = row["student"] if "@" in row["student"] else ""
        said = feedback_line(row)
        lines.append([*identity, address, _number(row["grade"]), f"{grades['best']:g}", said])
    return table(lines)


def feedback_line(row: dict[str, Any]) -> str:
    """What a student may read of their result, in one cell: never the reasons, which may name hidden inputs."""
    said = []
    for result in row["questions"]:
        if result["status"] != "graded":
            said.append(f"{result['question']} {pick(('not graded: ', '未评分：'))}{result['reason']}")
        said += by_reason(result, "shown")
    said += [row["late"]["said"]] if row["late"]["said"] else []
    return " | ".join(plain(text, LONGEST_REMARK) for text in said)[:LONGEST_CELL]


def timing(times: Iterable[tuple[str, str, float, str]]) -> str:
    """How long each grading took; the one file of a report, beside the journal, that differs from run to run."""
    return table([["student", "question", "seconds", "ended"], *([*map(str, row)] for row in times)])


def table(lines: list[list[str]]) -> str:
    """CSV in which no cell is executed."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([list(map(harmless, line)) for line in lines])
    return text.getvalue()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet executes, also where it takes a semicolon for the end of a cell."""
    cell = re.sub(rf""";([\s"']*)(?=[{STARTS}])""", r";\1'", cell)
    return f"'{cell}" if re.match(rf"\s*[{STARTS}']", cell) else cell
