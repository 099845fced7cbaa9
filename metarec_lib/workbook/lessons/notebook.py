"""How a lesson looks as a notebook: titles, boxes, folded answers, Chinese lines joined, twins in the metadata."""

import re
from typing import Any

from .chinese import joined
from .lesson import TITLES, Cell, Lesson

LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
BOXED = ("question", "expect")
ALOUD = {"en": "Answer aloud, then open", "zh": "先自己说一遍，再展开"}
FOLDED = {
    "answer-short": f"{ALOUD['en']} · {ALOUD['zh']}",
    "answer-full": ALOUD["en"],
    "zh": ALOUD["zh"],
    "rubric": f"{ALOUD['en']} · {ALOUD['zh']}",
}


def notebook_of(lesson: Lesson) -> Any:
    """The lesson as a notebook without outputs, with stable cell ids such as `q06-claim-1`."""
    from nbformat import v4

    notebook, seen = v4.new_notebook(metadata=metadata()), {}
    for cell in lesson.cells:
        kind = cell.tags[0] if cell.tags else cell.kind
        seen[kind] = seen.get(kind, 0) + 1
        make = v4.new_code_cell if cell.kind == "code" else v4.new_markdown_cell
        identity = f"{lesson.question.key}-{kind}-{seen[kind]}"
        notebook.cells.append(make(shown(cell.source, cell), id=identity, metadata=_cell_metadata(cell)))
    return notebook


def metadata() -> dict[str, Any]:
    """What JupyterLab asks of a notebook; without the version of Python, which differs from machine to machine."""
    return {"kernelspec": dict(KERNEL), "language_info": dict(LANGUAGE)}


def _cell_metadata(cell: Cell) -> dict[str, Any]:
    """Tags; the folded source of code that only draws; under `metarec` what a cell says in Chinese."""
    tags = {"tags": list(cell.tags)} if cell.tags else {}
    folded = {"jupyter": {"source_hidden": True}} if "figure" in cell.tags else {}
    twin = {"metarec": {"zh": shown(cell.twin, cell)}} if cell.twin else {}
    return {**tags, **folded, **twin}


def shown(text: str, cell: Cell) -> str:
    """The text of a cell (its own, or its twin's) as readers see it."""
    if cell.kind == "code":
        return text
    title, text = _title(cell.tags), joined(text)
    if title:  # a blank line before each language, which Markdown needs
        text = re.sub(r"(?<=[^\n])\n(?=#### )", "\n\n", text)
    if set(cell.tags) & set(BOXED):
        text = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    before, after = _fold(cell.tags)
    return f"{title}{before}{text}{after}"


def written(text: str, tags: tuple[str, ...]) -> str:
    """The text of a notebook's markdown cell without what `shown` put around it."""
    before, after = _fold(tags)
    text = text.removeprefix(_title(tags)).removeprefix(before).removesuffix(after)
    return re.sub(r"^> ?", "", text, flags=re.MULTILINE) if set(tags) & set(BOXED) else text


def _title(tags: tuple[str, ...]) -> str:
    return "".join(f"## {TITLES[tag]}\n\n" for tag in tags if tag in TITLES)


def _fold(tags: tuple[str, ...]) -> tuple[str, str]:
    summaries = [FOLDED[tag] for tag in tags if tag in FOLDED]
    return (f"<details><summary>{summaries[0]}</summary>\n\n", "\n\n</details>") if summaries else ("", "")
