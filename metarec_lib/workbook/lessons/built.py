"""What a built notebook tells without being read as a lesson: what it needs, where it calls a learner's function."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metarec_lib.workbook.core import Language

MINUTES = 45  # that a lesson takes to read and run, its exercises apart
NEEDS = re.compile(r"\blevel: .*· *needs: *([^·\n]+?) *·")
TOPICS = re.compile(r"\blevel: .*· *topics: *([^·\n]+)")


def needs_of(path: Path) -> list[str]:
    """The keys of the questions that a built notebook says are needed before it: ["q06"]."""
    return [key for key in _listed(path, NEEDS) if key != "none"]


def topics_of(path: Path) -> list[str]:
    """The topics that a built notebook names: ["evaluation", "leakage"]."""
    return _listed(path, TOPICS)


def _listed(path: Path, line: re.Pattern[str]) -> list[str]:
    """What stands, with commas between, in the last line of a notebook's question."""
    found = (line.search(text) for text, cell in _cells(path) if "question" in cell["metadata"].get("tags", ()))
    said = next((match[1] for match in found if match), "")
    return [item.strip() for item in said.split(",") if item.strip()]


def sections_calling(path: Path, function: str, lang: Language) -> list[str]:
    """Titles of the sections of a built notebook in which a cell calls `my.function`, in order."""
    title, found = "", []
    for text, cell in _cells(path):
        if cell["cell_type"] == "code":
            if title and re.search(rf"\bmy\.{re.escape(function)}\b", text):
                found.append(title)
            continue
        twin = cell["metadata"].get("metarec", {}).get("zh")
        headings = re.findall(r"^#{1,3} +(.+)$", (twin if lang == "zh" and twin else text), re.MULTILINE)
        title = headings[-1].strip() if headings else title
    return list(dict.fromkeys(found))


def _cells(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Text and cell, of each cell of a notebook; none where there is no notebook."""
    if path.is_file():
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            yield "".join(cell["source"]), cell
