"""Built notebooks as learners get them. The Chinese edition: Chinese text, claims from their records, no other outputs."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metarec_lib.workbook.core import Language

from . import claims, measured
from .lesson import BOTH_LANGUAGES, HEADINGS, TITLES
from .notebook import ALOUD, BOXED, FOLDED, written

SEPARATOR = " · "  # between the English and the Chinese part of a title
QUESTION = re.compile(r"level: *(\w+) *· *minutes: *(\d+) *· *needs: *(.+?) *· *topics: *(.+)")
LEVELS = {"junior": "初级", "mid": "中级", "senior": "高级", "staff": "专家级"}


def learner_edition(path: Path, lang: Language) -> str:
    """The notebook in this language, without the outputs of its exercise cells, which show the solution's result."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    if lang == "zh":
        notebook = chinese_edition(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and "exercise" in _tags(cell):
            cell.update(outputs=[], execution_count=None)
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": ")) + "\n"


def chinese_edition(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """A built notebook (parsed JSON) as a Chinese reader gets it.

    Cells say what their twins say; a text cell of two languages keeps its Chinese half, and the long answer in English is
    left out, whose Chinese form follows it. Figures and printed text are drawn anew by a run.
    """
    edition, found = copy.deepcopy(dict(notebook)), measured.verdicts(claims.records_of(notebook))
    edition["cells"] = [_cell(cell, found) for cell in edition["cells"] if "answer-full" not in _tags(cell)]
    return edition


def _tags(cell: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(cell["metadata"].get("tags", ()))


def _cell(cell: dict[str, Any], found: list[measured.Verdict]) -> dict[str, Any]:
    twin = cell["metadata"].pop("metarec", {}).get("zh")
    if cell["cell_type"] == "code":
        outputs = [out for out in (_output(out, found) for out in cell["outputs"]) if out]
        cell.update(outputs=outputs, execution_count=cell["execution_count"] if outputs else None)
    else:
        cell["source"] = _text(twin or "".join(cell["source"]), _tags(cell)).splitlines(keepends=True)
    return cell


def _output(out: dict[str, Any], found: list[measured.Verdict]) -> dict[str, Any] | None:
    """A claim, or the table of all claims, in Chinese; nothing for any other output, which a run makes anew."""
    kept = out.get("metadata", {}).get("metarec", {})
    try:
        if "claim" in kept:
            return {**out, "data": claims.bundle(kept["claim"], "zh")}
        return {**out, "data": measured.bundle(found, "zh")} if "measured" in kept else None
    except ValueError:  # a name that the glossary has lost since the lesson was built
        return None


def _text(shown: str, tags: tuple[str, ...]) -> str:
    """A markdown cell's text: its Chinese half where it has two, under a Chinese title and fold."""
    text = written(shown, tags)
    if text == shown and not set(tags) & set(TITLES):
        return shown
    if set(tags) & set(BOTH_LANGUAGES):
        text = QUESTION.sub(_question_line, text.partition(HEADINGS["zh"])[2].strip())
    if "references" in tags:
        text = re.sub(r"\*\*Read first(?: · 先读)?[:：]\*\*", "**先读：**", text)
    if set(tags) & set(BOXED):
        text = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    if set(tags) & set(FOLDED):
        text = f"<details><summary>{ALOUD['zh']}</summary>\n\n{text}\n\n</details>"
    return "".join(f"## {TITLES[tag].rpartition(SEPARATOR)[2]}\n\n" for tag in tags if tag in TITLES) + text


def _question_line(match: re.Match[str]) -> str:
    level, minutes, needs, topics = match.groups()
    needs = "无" if needs == "none" else "、".join(part.strip() for part in needs.split(","))
    return f"难度：{LEVELS.get(level, level)} · 作答：{minutes} 分钟 · 先学：{needs} · 主题：{topics}"
