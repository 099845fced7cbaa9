"""A lesson: the cells of `notebooks/source/<stem>.py`, read into one object.

The file is py:percent text. Tags say what a cell is: `# %% [markdown] tags=["question"]`. The rules that a lesson
keeps are in `grammar.py`; `reading.py` applies them and names every breach at once.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from metarec_lib.workbook.core import QUESTIONS, Question, places, resolve

from .marks import without_marks

HEADINGS = {"en": "#### English", "zh": "#### 中文"}
BOTH_LANGUAGES = ("question", "answer-short", "rubric", "pitfalls", "follow-ups")
TEXT_TAGS = ("question", "answer-short", "answer-full", "zh", "rubric", "pitfalls", "follow-ups", "references")
TITLES = {
    "question": "The question · 题目",
    "answer-short": "In 30 seconds · 三十秒回答",
    "answer-full": "In three minutes",
    "zh": "三分钟回答",
    "rubric": "What a good answer holds · 评分要点",
    "pitfalls": "What candidates say wrong · 常见误区",
    "follow-ups": "What is asked next · 追问",
    "references": "References · 参考文献",
}
CODE_TAGS = ("from-scratch", "claim", "play", "figure", "measured")
NOTEBOOK_TAGS = ("raises-exception", "nbval-ignore-output")
KNOWN_TAGS = (*TEXT_TAGS, "expect", *CODE_TAGS, "exercise", *NOTEBOOK_TAGS)


class LessonError(ValueError):
    """A lesson that breaks the grammar; the message names each breach: file, line, got, expected, what to do."""


@dataclass(frozen=True)
class Cell:
    """One cell. Its text starts at `line + 1` of the source file; `line` is its `# %%` marker.

    lang: `zh` of a twin, the Chinese form of the cell above it; twin: what that one says, once they are paired.
    """

    kind: str
    source: str
    tags: tuple[str, ...]
    line: int
    lang: str = ""
    twin: str = ""

    def tree(self) -> ast.Module:
        """The code of the cell; line numbers are those of the cell. Raises SyntaxError where it is not Python."""
        # Lines for IPython (`%magic`, `!command`) are not Python; `pass` in their place keeps the line numbers.
        return ast.parse(re.sub(r"^( *)[%!].*$", r"\1pass", self.source, flags=re.MULTILINE))


@dataclass(frozen=True)
class Point:
    """One point of the rubric: what a good answer contains, and its weight of 10."""

    weight: int
    en: str
    zh: str


@dataclass(frozen=True)
class Pitfall:
    """What candidates say wrong, and the correction; each a mapping from language (`en`, `zh`) to text."""

    wrong: Mapping[str, str]
    correction: Mapping[str, str]


@dataclass(frozen=True)
class FollowUp:
    """A question an interviewer asks next, and its answer; each a mapping from language (`en`, `zh`) to text."""

    question: Mapping[str, str]
    answer: Mapping[str, str]


@dataclass(frozen=True)
class Lesson:
    """A lesson that keeps the grammar. `texts[tag][language]` is a text cell without heading; language `en`, `zh`."""

    question: Question
    path: Path
    cells: tuple[Cell, ...]
    level: str
    minutes: int
    needs: tuple[Question, ...]
    topics: tuple[str, ...]
    texts: Mapping[str, Mapping[str, str]]
    rubric: tuple[Point, ...]
    pitfalls: tuple[Pitfall, ...]
    follow_ups: tuple[FollowUp, ...]

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.kind == "code")

    @property
    def studies(self) -> tuple[str, ...]:
        """Stems of the studies that the lesson reads with `load_study("…")`, in order."""
        called = re.findall(r"\bload_study\(\s*[\"']([^\"']+)[\"']", "\n".join(c.source for c in self.code_cells))
        return tuple(dict.fromkeys(study_stem(name) for name in called))


def study_stem(name: str) -> str:
    """The name of a study's file: `q06` and `6` mean the question's stem, anything else is the name itself."""
    try:
        return resolve(name).stem
    except ValueError:
        return name


def source_path(question: Question) -> Path:
    """The hand-written text of the question's lesson (only in a clone)."""
    return places.content("notebooks", "source", f"{question.stem}.py")


def questions_with_lesson() -> list[Question]:
    """The questions whose lesson is written, in order."""
    return [question for question in QUESTIONS if source_path(question).is_file()]


def read_cells(text: str, name: str) -> list[Cell]:
    """The cells of py:percent text. name: the file, for messages. Raises LessonError on text outside of a cell."""
    import jupytext

    text = without_marks(text)
    body = re.sub(r"\A(#.*\n)*?# ---\n(#.*\n)*?# ---\n", "", text)
    if stray := re.match(r"\s*(?!# ?%%)\S.*", body):
        raise LessonError(
            f"{name}: got {stray[0].strip()!r} before the first cell; expected `# %%` first. "
            "Start the file with `# %% [markdown]`."
        )
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"# ?%%", line)]
    cells = jupytext.reads(text, fmt="py:percent").cells
    return [
        Cell(cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ())), line, cell.metadata.get("lang", ""))
        for cell, line in zip(cells, lines, strict=True)
    ]
