"""`table`: a frame as a table with few digits, and numbers as text for a person."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from metarec_lib.workbook.core import language

from .wording import is_pair, said

if TYPE_CHECKING:
    import pandas as pd

MINUS, ABSENT = "\u2212", "–"
MOST_DIGITS = 6


def table(frame: pd.DataFrame | pd.Series, digits: int = 3) -> None:
    """Show a frame as a table. Its row names stand in front where they are names; names of the glossary are translated.

    digits: decimals of a number that is not whole. A cell may hold a number, a text, a pair (English, 中文), a truth
    value, nothing, a `Comparison` or (middle, low, high); a column called `p` holds p-values. Raises ValueError for
    anything else.
    """
    heads, rows = _cells(_framed(frame), _whole(digits))
    plain = _plain(heads, rows)
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(plain)
    else:
        display({"text/html": _html(heads, rows), "text/plain": plain}, raw=True, metadata={})


def number_text(value: float, digits: int = 3, signed: bool = False) -> str:
    """A number with a real minus sign, none before zero; signed: a plus before what is above zero."""
    if math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    shown = f"{abs(value):,.{0 if isinstance(value, Integral) else digits}f}"
    is_zero = not re.search("[1-9]", shown)
    return shown if is_zero else f"{MINUS if value < 0 else '+' if signed else ''}{shown}"


def interval_text(middle: float, low: float, high: float, digits: int = 3, signed: bool = True) -> str:
    """`−0.017 [−0.021, −0.013]`; more digits where all three would be next to nothing."""
    largest = max(map(abs, (middle, low, high)))
    needed = 1 - math.floor(math.log10(largest)) if 0 < largest < math.inf else 0  # two that count
    digits = min(max(digits, needed), MOST_DIGITS)
    middle, low, high = (number_text(float(value), digits, signed) for value in (middle, low, high))
    return f"{middle} [{low}, {high}]"


def p_text(value: float) -> str:
    """A p-value: `0.012`, or `< 0.001`. Raises ValueError outside of 0 to 1."""
    if math.isnan(value):
        return ABSENT
    if not 0 <= value <= 1:
        raise ValueError(
            f"Got the p-value {value!r}; expected 0 to 1. Name the column otherwise if it holds no p-values."
        )
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _whole(digits: int) -> int:
    if isinstance(digits, bool) or not isinstance(digits, Integral) or not 0 <= digits <= MOST_DIGITS:
        raise ValueError(f"Got digits={digits!r}; expected a whole number from 0 to {MOST_DIGITS}. Few are read best.")
    return int(digits)


def _framed(frame: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(frame, pd.Series):
        frame = frame.to_frame(frame.name if frame.name is not None else "")
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(
            f"Got {type(frame).__name__} for a table; expected a DataFrame or a Series. "
            "Put it in one: `pd.Series(…)` of a dict, `pd.DataFrame(…)` of rows."
        )
    return frame


def _cells(frame: pd.DataFrame, digits: int) -> tuple[list[str], list[list[str]]]:
    """Heads and rows as text; the names of the rows go first, unless they only count."""
    named = list(frame.index) != list(range(len(frame)))
    heads = ([_name(frame.index.name or "")] if named else []) + [_name(column) for column in frame.columns]
    columns = [[_text(value, head, digits) for value in frame.iloc[:, at]] for at, head in enumerate(heads[named:])]
    names = [[_name(row) for row in frame.index]] if named else []
    return heads, [list(row) for row in zip(*names, *columns, strict=True)]


def _name(name: Any) -> str:
    """The name of a row or column in the reader's language; the parts of a tuple of names one after another."""
    if isinstance(name, tuple) and not is_pair(name):
        name = ", ".join(map(str, name))
    return said(name, language())


def _text(value: Any, column: str, digits: int) -> str:
    """One cell."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ABSENT
    if isinstance(value, str) or is_pair(value):
        return said(value, language())
    if type(value).__name__ in ("bool", "bool_"):
        return "✓" if value else "✗"
    if hasattr(value, "interval") and hasattr(value, "mean"):
        return interval_text(value.mean, *value.interval, digits)
    if _is_triple(value):
        return interval_text(*value, digits, signed=any(part < 0 for part in value))
    if isinstance(value, Real):
        is_p = re.fullmatch(r"p(-value)?(\W.*)?", column)
        return p_text(float(value)) if is_p else number_text(value, digits)
    raise ValueError(
        f"Got {type(value).__name__} {value!r} in the column {column!r} of a table; expected a number, a text, a truth "
        "value, a comparison or (middle, low, high). Give each of its parts a column."
    )


def _is_triple(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 3 and all(isinstance(part, Real) for part in value)


def _html(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    right = [all(_is_number(row[at]) for row in rows) for at in range(len(heads))]
    head = "".join(f'<th scope="col"{_side(r)}>{html.escape(name)}</th>' for name, r in zip(heads, right, strict=True))
    body = "\n".join(f"<tr>{_row(row, right)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _row(row: Sequence[str], right: Sequence[bool]) -> str:
    cells = zip(row, right, strict=True)
    return "".join(f"<td{_side(r)}>{html.escape(text)}</td>" for text, r in cells)


def _side(right: bool) -> str:
    return f' style="text-align: {"right" if right else "left"}"'


def _is_number(text: str) -> bool:
    return text in (ABSENT, "✓", "✗") or re.match(rf"[{MINUS}+<∞]? ?[\d∞]", text) is not None


def _plain(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in (heads, *rows)]
    return "\n".join(line.rstrip() for line in lines)
