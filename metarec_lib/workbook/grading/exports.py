"""The results in the forms that other programs read: Gradescope, Classroom 50, JUnit, and Markdown for a job's summary."""

from __future__ import annotations

import json
import os
from typing import Any
from xml.etree import ElementTree

from metarec_lib.workbook.core import pick

from .results import plain

LONGEST = 2_000


def gradescope(row: dict[str, Any]) -> str:
    """Gradescope's `results.json` of one student. What was not graded has no score: there the autograder has failed."""
    tests = [
        {"name": f"{result['question']} {item['name']}", "score": round(item["points"], 2), "max_score": item["possible"],
         "status": "passed" if item["points"] == item["possible"] else "failed", "output": item["shown"],
         "visibility": "visible"}
        for result in row["questions"] for item in result["functions"]
    ]  # fmt: skip
    not_graded = pick(("not graded: ", "未评分："))
    said = [f"{result['question']} {not_graded}{result['reason']}" for result in row["questions"] if result["reason"]]
    said += [row["late"]["said"]] if row["late"]["said"] else []
    found: dict[str, Any] = {"output": "\n".join(said), "visibility": "visible", "tests": tests}
    return _json(found if row["grade"] is None else {"score": row["grade"], **found})


def classroom50(row: dict[str, Any], grades: dict[str, Any]) -> str:
    """Classroom 50's `result.json` (`classroom50/result/v1`). Its scores are whole: a function's are rounded down.

    Where its runner calls, the names of classroom, assignment and submission come from its environment; owner, type and
    times are set by the runner itself.
    """
    tests = [
        {"test-name": f"{result['question']} {item['name']}", "passed": item["points"] == item["possible"],
         "score": int(item["points"]), "max-score": int(item["possible"])}
        for result, question in zip(row["questions"], grades["questions"], strict=True)
        for item in result["functions"] or _nothing(question)
    ]  # fmt: skip
    given = os.environ.get
    commit = given("COMMIT_URL", "not-on-the-runner")
    return _json({
        "schema": "classroom50/result/v1", "classroom": given("CLASSROOM", "metarec"),
        "assignment": given("ASSIGNMENT", "-".join(item["question"] for item in grades["questions"])),
        "submission": given("SUBMISSION_TAG", "submit/not-on-the-runner"), "commit": commit,
        "release": given("RELEASE_URL", commit), "review": given("REVIEW_URL") or commit, "owner": row["student"],
        "assignment_type": "individual", "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests), "tests": tests,
    })  # fmt: skip


def _nothing(question: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": f"{item['name']} (not graded)", "points": 0, "possible": item["points"]}
        for item in question["functions"]
    ]


def junit(grades: dict[str, Any]) -> str:
    """JUnit's XML for the teacher: a suite a student and question, a case a test; what was not graded is an error."""
    suites = ElementTree.Element("testsuites")
    for row in grades["students"]:
        for result in row["questions"]:
            cases = [(item, test, passed) for item in result["functions"] for test, passed in item["tests"].items()]
            failed, errors = sum(not passed for _, _, passed in cases), result["status"] != "graded"
            counts = {"tests": str(len(cases) + errors), "failures": str(failed), "errors": str(int(errors))}
            name = plain(f"{row['student']} {result['question']}", LONGEST)
            suite = ElementTree.SubElement(suites, "testsuite", {"name": name, **counts})
            for item, test, passed in cases:
                case = ElementTree.SubElement(suite, "testcase", {"classname": f"{name} {item['name']}", "name": test})
                if not passed:
                    ElementTree.SubElement(case, "failure", {"message": plain(item["reason"], LONGEST)})
            if errors:
                case = ElementTree.SubElement(suite, "testcase", {"classname": name, "name": "graded"})
                ElementTree.SubElement(case, "error", {"message": plain(result["reason"], LONGEST)})
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode") + "\n"


def summary(grades: dict[str, Any]) -> str:
    """Markdown for the summary of a job: one student by function, a class by student. It shows no hidden input."""
    walls = "; ".join(grades["walls_missing"]) or pick(("every wall stands", "完整"))
    name = grades["course"] or pick(("Grades", "成绩"))
    lines = [f"## {_cell(name)}", "", pick((f"Sandbox: {_cell(walls)}", f"沙箱：{_cell(walls)}")), ""]
    body = _one(grades) if grades["kind"] == "one" else _class(grades)
    if grades["left_out"]:
        body += [
            "",
            pick(("Not graded, no submissions: ", "不是作业、没有评分：")) + _cell(", ".join(grades["left_out"])),
        ]
    return "\n".join(lines + body) + "\n"


def _one(grades: dict[str, Any]) -> list[str]:
    (row,) = grades["students"]
    lines = _head(
        pick(("question", "题目")),
        pick(("function", "函数")),
        pick(("points", "分数")),
        pick(("what check says", "检查结果")),
    )
    for result in row["questions"]:
        if result["status"] != "graded":
            said = pick((f"not graded: {result['reason']}", f"未评分：{result['reason']}"))
            lines.append(_row(result["question"], "", _of(result["points"], ""), said))
        lines += [
            _row(result["question"], f"`{item['name']}`", _of(item["points"], item["possible"]), item["shown"])
            for item in result["functions"]
        ]
    total = _of(row["points"], grades["possible"])
    return [
        *lines,
        "",
        pick((f"**Points: {total}**", f"**总分：{total}**")),
        *(["", row["late"]["said"]] * bool(row["late"]["said"])),
    ]


def _class(grades: dict[str, Any]) -> list[str]:
    lines = _head(
        pick(("student", "学生")), pick(("grade", "成绩")), *(item["question"] for item in grades["questions"]), ""
    )
    for row in grades["students"]:
        points = [_of(result["points"], "") for result in row["questions"]]
        said = "" if row["status"] == "graded" else "; ".join(row["remarks"])
        lines.append(_row(row["student"], _of(row["grade"], grades["best"]), *points, said))
    return lines


def _head(*cells: str) -> list[str]:
    return [_row(*cells), "|" + " --- |" * len(cells)]


def _of(points: float | None, possible: float | str) -> str:
    shown = "–" if points is None else f"{round(points, 2):g}"
    return f"{shown} / {possible:g}" if isinstance(possible, int | float) else shown


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell if cell.startswith("`") else _cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    """A text that Markdown shows as it is: no table, link, HTML or mention comes from it."""
    text = plain(text, 300).replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")
    return "".join(f"\\{item}" if item in "\\|`*_[]#!~" else item for item in text)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
