"""The results of a class as one value, `metarec/grades/v1`: every table, page and export is made from it alone.

`results.schema.json` beside this file says what it holds; it is checked against that before anything is written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from metarec_lib.workbook.core import language, pick, resolve

from .course import Course
from .grader import Settings
from .handed_in import HandedIn

SCHEMA = "metarec/grades/v1"
SCHEMA_FILE = Path(__file__).with_name("results.schema.json")


def make_grades(
    students: list[dict[str, Any]], questions: dict[str, dict[str, Any]], course: Course, walls: list[str],
    settings: Settings, found: HandedIn,
) -> dict[str, Any]:  # fmt: skip
    """The results of a class; students are rows of `grading`, which are completed. There is no time of the run in it."""
    possible = {stem: float(manifest["points"]) for stem, manifest in questions.items()}
    for row in students:
        _complete(row, possible, course)
    return {
        "schema": SCHEMA, "course": course.name, "language": language(), "kind": found.kind,
        "variant": "each student's own" if settings.variant is None else settings.variant,
        "hidden_tests": bool(settings.hidden), "walls_missing": walls, "left_out": found.left_out,
        "possible": sum(possible.values()), "best": course.best(possible),
        "questions": [_question(stem, manifest, course) for stem, manifest in questions.items()],
        "students": students,
    }  # fmt: skip


def _question(stem: str, manifest: dict[str, Any], course: Course) -> dict[str, Any]:
    title = resolve(stem)
    functions = [
        {"name": name, "points": entry["points"], "tests": list(entry["tests"]), "core": entry["core"]}
        for name, entry in manifest["functions"].items()
    ]
    return {"question": stem[:3], "stem": stem, "title_en": title.title_en, "title_zh": title.title_zh,
            "points": manifest["points"], "weight": course.weights.get(stem[:3], 1.0), "functions": functions}  # fmt: skip


def _complete(row: dict[str, Any], possible: dict[str, float], course: Course) -> None:
    """Add points, grade, lateness and remarks to a student's row."""
    for result in row["questions"]:  # whether the machine was busy is the journal's: it differs from run to run
        result["functions"] = [{k: v for k, v in item.items() if k != "chance"} for item in result["functions"]]
        points = sum(item["points"] for item in result["functions"])
        zero = result["status"] == "missing" and course.missing == "zero"
        result["points"] = 0.0 if zero else round(points, 2) if result["status"] == "graded" else None
    by_stem = dict(zip(possible, (result["points"] for result in row["questions"]), strict=True))
    whole = None not in by_stem.values()
    off, late = course.lateness(row.pop("handed_in"), row.pop("marked"))
    row["late"] = {"percent_off": off, "said": late}
    row["points"] = round(sum(by_stem.values()), 2) if whole else None
    row["grade"] = course.final(by_stem, possible, off) if whole else None
    judged = [result["status"] == "graded" for result in row["questions"]]
    row["status"] = "graded" if all(judged) else "partly graded" if any(judged) else "not graded"
    row["remarks"] = [remark for result in row["questions"] for remark in _remarks(result)] + ([late] if late else [])


def _remarks(result: dict[str, Any]) -> list[str]:
    """What is to be said of a question; functions that share a reason share a remark."""
    if result["status"] != "graded":
        zero = result["points"] is not None
        counted = pick((", counted as 0 by the course's rule", "，按课程规则记 0 分")) if zero else ""
        return [f"{result['question']} {pick(('not graded: ', '未评分：'))}{result['reason']}{counted}"]
    return by_reason(result, "reason") + ([f"{result['question']}: {result['remark']}"] if result["remark"] else [])


def by_reason(result: dict[str, Any], word: str) -> list[str]:
    """What is said of a question's functions, those together of which the same is said. word: `reason` or `shown`."""
    reasons: dict[str, list[str]] = {}
    for item in result["functions"]:
        if item[word]:
            reasons.setdefault(item[word].removeprefix(f"{item['name']}: "), []).append(item["name"])
    return [f"{result['question']} {', '.join(names)}: {reason}" for reason, names in reasons.items()]


def validate(grades: dict[str, Any]) -> None:
    """Raise ValueError where the value is not what the schema says."""
    import jsonschema

    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    try:
        jsonschema.validate(grades, schema, cls=jsonschema.Draft202012Validator)
    except jsonschema.ValidationError as error:
        raise ValueError(f"The results are not {SCHEMA}: at {error.json_path}: {error.message}") from None


def plain(text: str, longest: int) -> str:
    """On one line, without control characters or broken text, not longer than that."""
    text = "".join(item if item.isprintable() else "�" for item in " ".join(text.split()))
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
