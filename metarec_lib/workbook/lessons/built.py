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


def needs_of(path: Path) -> list[str]:
    """The keys of the questions that a built notebook says are needed before it: ["q06"]."""
    found = (NEEDS.search(text) for text, cell in _cells(path) if "question" in cell["metadata"].get("tags", ()))
    said = next((match[1] for match in found if match), "none")
    return [key.strip() for key in said.split(",") if key.strip() != "none"]


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
