"""Twins: every markdown cell of a lesson is followed by what it says in Chinese, `# %% [markdown] lang="zh"`."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from metarec_lib.workbook.core import is_chinese

from .breaches import Breaches
from .lesson import TEXT_TAGS, Cell

TODO = "Correct one of the two, or move the twin behind the cell that it says in Chinese."
CODE = re.compile(r"`[^`\n]+`")
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|(https?://[^\s)>]+)")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def pair(cells: list[Cell], breaches: Breaches) -> list[Cell]:
    """The cells without the twins, each with the text of its twin. What does not fit together is a breach."""
    paired: list[Cell] = []
    for cell, above in zip(cells, [None, *cells], strict=False):
        if not cell.lang:
            paired.append(cell)
        elif cell.lang != "zh" or cell.kind != "markdown" or cell.tags:
            got = f"a {cell.kind} cell with lang={cell.lang!r} and tags {list(cell.tags)}"
            breaches.add(cell.line, got, '`# %% [markdown] lang="zh"`', "Correct the marker.")
        elif above is None or above.lang or not _may_have_twin(above):
            got = "a twin that follows no cell that it could say in Chinese"
            breaches.add(cell.line, got, "it behind its English cell", "Move it there.")
        else:
            paired[-1] = replace(above, twin=cell.source)
            _compare(above, cell, breaches)
    for cell in paired:
        if _needs_twin(cell) and not cell.twin:
            todo = 'Write it behind the cell: `# %% [markdown] lang="zh"`.'
            breaches.limit(cell.line, "a markdown cell without its Chinese twin", "one", todo)
    return paired


def _may_have_twin(cell: Cell) -> bool:
    return cell.kind == "markdown" and (not set(cell.tags) & set(TEXT_TAGS) or "references" in cell.tags)


def _needs_twin(cell: Cell) -> bool:
    return cell.kind == "markdown" and not set(cell.tags) & set(TEXT_TAGS)


def _compare(english: Cell, chinese: Cell, breaches: Breaches) -> None:
    if not is_chinese(chinese.source):
        breaches.limit(chinese.line, "a twin without Chinese text", "the cell above it in Chinese", "Write it.")
    differences = "; ".join(_differences(english.source, chinese.source))
    if differences:
        breaches.limit(chinese.line, f"a twin that differs from its cell: {differences}", "the same in both", TODO)


def _differences(english: str, chinese: str) -> Iterator[str]:
    for what, found_in in READ.items():
        left, right = set(found_in(english)), set(found_in(chinese))
        for items, where in ((left - right, "English"), (right - left, "Chinese")):
            if items:
                yield f"{what} only in {where}: {', '.join(sorted(items))}"


def _links(text: str) -> list[str]:
    return [first or second for first, second in LINK.findall(text)]


def _code(text: str) -> list[str]:
    return CODE.findall(FORMULA.sub(" ", text))


def _formulas(text: str) -> list[str]:
    """Formulas without blanks; words inside `\\text{…}` do not count."""
    return [re.sub(r"\\text\{[^}]*\}|\s|\$", "", formula) for formula in FORMULA.findall(CODE.sub(" ", text))]


def _numbers(text: str) -> list[str]:
    """Numbers outside formulas, code and links; 1,000 is 1000."""
    plain = LINK.sub(" ", FORMULA.sub(" ", CODE.sub(" ", COMMENT.sub(" ", text))))
    return [number.replace(",", "") for number in re.findall(r"\d+(?:[.,]\d+)*", plain)]


def _headings(text: str) -> list[str]:
    found = re.findall(r"^(#{1,6}) ", text, flags=re.MULTILINE)
    return [f"{marks} (number {place})" for place, marks in enumerate(found, 1)]


READ: dict[str, Callable[[str], list[str]]] = {
    "headings": _headings,
    "numbers": _numbers,
    "formulas": _formulas,
    "code": _code,
    "links": _links,
}
