"""How large a lesson is, and how large it may be: 45 minutes of a reader."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from metarec_lib.workbook.core import is_chinese

from .breaches import Breaches
from .chinese import columns
from .lesson import TEXT_TAGS, Cell

MAX_PROSE, MAX_CODE_CELLS, MAX_COLUMNS = 1100, 26, 88
ANSWER_SHORT, MAX_ANSWER_FULL = (60, 110), 440
CLAIMS, FIGURES = (3, 8), (3, 7)
Texts = Mapping[str, Mapping[str, str]]
Parsed = tuple[Cell, ast.Module]
STUDY = "Cut; the rest of an experiment stays in its study, and one sentence says so."


@dataclass(frozen=True)
class Size:
    """What a lesson holds. Each list has the source line of each thing; words are counted in English."""

    prose: int
    answer_short: int
    answer_full: int
    claims: list[int]
    figures: list[int]
    intervals: list[int]
    code_cells: list[int]

    def __str__(self) -> str:
        return (
            f"prose {self.prose:,} of {MAX_PROSE:,} words · answers {self.answer_short} "
            f"({ANSWER_SHORT[0]} to {ANSWER_SHORT[1]}) and {self.answer_full} (at most {MAX_ANSWER_FULL}) words · "
            f"claims {len(self.claims)} ({CLAIMS[0]} to {CLAIMS[1]}) · "
            f"figures {len(self.figures)} ({FIGURES[0]} to {FIGURES[1]}), {len(self.intervals)} of intervals · "
            f"code cells {len(self.code_cells)} of {MAX_CODE_CELLS}"
        )


def size_of(cells: Sequence[Cell], texts: Texts) -> Size:
    """The size of a lesson."""
    code = parsed(cells)
    calls = sorted((cell.line + node.lineno, _name(node)) for cell, tree in code for node in _calls(tree))
    counted = [cell for cell, tree in code if (cell, tree) != texts_cell(code)]
    return Size(
        prose=sum(words(cell.source) for cell in cells if is_prose(cell)),
        answer_short=words(texts.get("answer-short", {}).get("en", "")),
        answer_full=words(texts.get("answer-full", {}).get("en", "")),
        claims=[line for line, name in calls if name == "claim"],
        figures=[line for line, name in calls if name in ("plots.show", "plots.play")],
        intervals=[line for line, name in calls if name == "plots.intervals"],
        code_cells=[cell.line for cell in counted],
    )


def is_prose(cell: Cell) -> bool:
    """Whether a cell's words count: English markdown that is none of the tagged texts."""
    return cell.kind == "markdown" and not cell.lang and not set(cell.tags) & set(TEXT_TAGS)


def words(text: str) -> int:
    """English words. A formula in the line and a name in code count as one, a formula of its own and a comment as none."""
    text = re.sub(r"<!--.*?-->|<[^>\n]+>|\$\$.*?\$\$|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    text = re.sub(r"\$[^$\n]+\$|`[^`\n]+`", " x ", text)
    return len(re.findall(r"[A-Za-z0-9](?:[A-Za-z0-9'’._@-]|,(?=\d))*", text))


def parsed(cells: Sequence[Cell]) -> list[Parsed]:
    """The code cells with their code; those that are not Python are left out."""
    found = []
    for cell in cells:
        with suppress(SyntaxError):
            found += [(cell, cell.tree())] if cell.kind == "code" else []
    return found


def texts_cell(code: Sequence[Parsed]) -> Parsed | None:
    """The one cell that holds texts in two languages and nothing else: it counts neither as a cell nor by its lines."""
    return next(((cell, tree) for cell, tree in code if is_chinese(cell.source) and _only_texts(tree)), None)


def _only_texts(tree: ast.Module) -> bool:
    plain = (ast.Constant, ast.Dict, ast.Tuple, ast.List, ast.Load)
    return all(
        isinstance(statement, ast.Assign) and all(isinstance(node, plain) for node in ast.walk(statement.value))
        for statement in tree.body
    )


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func) if isinstance(call.func, ast.Name | ast.Attribute) else ""


def check_sizes(cells: Sequence[Cell], texts: Texts, breaches: Breaches) -> None:
    """Hold a lesson to its limits."""
    size, lines = size_of(cells, texts), {tag: cell.line for cell in cells for tag in cell.tags}
    _check_words(size, cells, lines, breaches)
    _between("claims", size.claims, CLAIMS, f"Drop some, or measure what the answer says. {STUDY}", breaches)
    _between("figures", size.figures, FIGURES, "Keep those that show the phenomenon itself.", breaches)
    if 2 * len(size.intervals) > len(size.figures):
        got = f"{len(size.intervals)} interval plots of {len(size.figures)} figures"
        todo = "Show the phenomenon itself: a curve that bends, a list that changes, a posterior that narrows."
        breaches.limit(size.intervals[-1], got, "at most half of them", todo)
    if len(size.code_cells) > MAX_CODE_CELLS:
        got, line = f"{len(size.code_cells)} code cells", size.code_cells[MAX_CODE_CELLS]
        breaches.limit(line, got, f"at most {MAX_CODE_CELLS}", f"Join or drop some. {STUDY}")
    _check_columns(cells, breaches)


def _check_words(size: Size, cells: Sequence[Cell], lines: Mapping[str, int], breaches: Breaches) -> None:
    if size.prose > MAX_PROSE:
        got = f"{size.prose:,} words of prose outside the tagged texts"
        breaches.limit(_too_far(cells), got, f"at most {MAX_PROSE:,}", f"This cell is the first beyond it. {STUDY}")
    low, high = ANSWER_SHORT
    if "answer-short" in lines and not low <= size.answer_short <= high:
        got = f"{size.answer_short} words in 'answer-short'"
        breaches.limit(lines["answer-short"], got, f"{low} to {high}, 30 seconds", "Say it aloud, then cut or add.")
    if size.answer_full > MAX_ANSWER_FULL:
        got = f"{size.answer_full} words in 'answer-full'"
        breaches.limit(lines["answer-full"], got, f"at most {MAX_ANSWER_FULL}, 3 minutes", "Say it aloud, then cut.")


def _too_far(cells: Sequence[Cell]) -> int:
    """The line of the cell that goes beyond the limit of prose."""
    total = 0
    for cell in filter(is_prose, cells):
        total += words(cell.source)
        if total > MAX_PROSE:
            break
    return cell.line


def _between(what: str, lines: list[int], limits: tuple[int, int], todo: str, breaches: Breaches) -> None:
    low, high = limits
    if not low <= len(lines) <= high:
        line = lines[high] if len(lines) > high else (lines or [1])[-1]
        breaches.limit(line, f"{len(lines)} {what}", f"{low} to {high}", todo)


def _check_columns(cells: Sequence[Cell], breaches: Breaches) -> None:
    code = parsed(cells)
    texts = texts_cell(code)
    for cell, tree in code:
        wide = [number for number, line in enumerate(cell.source.splitlines(), 1) if columns(line) > MAX_COLUMNS]
        if wide and (cell, tree) != texts:
            line = cell.source.splitlines()[wide[0] - 1]
            got = f"a line of {columns(line)} columns" + (f" and {len(wide) - 1} more too wide" if wide[1:] else "")
            todo = "Break the line, or move plumbing into the library: readers do not scroll sideways."
            breaches.limit(cell.line + wide[0], got, f"at most {MAX_COLUMNS}", todo)
