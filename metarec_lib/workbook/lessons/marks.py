"""Marks in prose: a sentence that says what a method does to a metric ends in `<!-- c3: lower -->`.

`metarec build` holds each mark against the verdict of claim 3, after Holm's correction over the lesson, and stops where the
claim says otherwise. Marks stand in any text of a lesson, twins and pitfalls included; the built notebook has none.
A sentence that rests on two claims has both: `<!-- c3: lower, c5: none -->`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .claims import identity, records_of, sentence
from .measured import Verdict, shown_p, verdicts

# The words that a mark may have: what each promises of its claim.
WORDS = {
    "lower": "the first side is clearly lower",
    "higher": "the first side is clearly higher",
    "none": "no clear difference, whether or not it lies inside the margin",
    "equal": "no clear difference, and the whole interval lies inside the margin",
    "small": "the whole interval lies inside the margin, whether or not the difference is clear",
}
_START = re.compile(r"<!-- *c\d")
_MARK = re.compile(r"<!-- *(c\d+: *[\w-]+(?:, *c\d+: *[\w-]+)*) *-->")


@dataclass(frozen=True)
class Mark:
    """What one mark promises of one claim. line: of the source file; text: the sentence before it, on that line."""

    line: int
    claim: int
    word: str
    text: str


def marks_in(text: str, name: str) -> list[Mark]:
    """The marks of a lesson's source. name: of the file, for messages. Raises ValueError for a mark that cannot be read."""
    found: list[Mark] = []
    for number, line in enumerate(text.splitlines(), 1):
        matches = list(_MARK.finditer(line)) if line.startswith("#") else []
        if line.startswith("#") and len(_START.findall(line)) != len(matches):
            raise ValueError(
                f"{name}:{number}: got {line.strip()!r}; expected marks like `<!-- c3: lower -->`. Correct it."
            )
        for match in matches:
            said = without_marks(line[: match.start()]).lstrip("# ").strip()
            for item in match[1].split(","):
                claim, word = item.strip()[1:].split(":")
                found.append(Mark(number, int(claim), word.strip(), said[-80:]))
    return found


def without_marks(text: str) -> str:
    """The text as readers see it; lines stay lines."""
    return re.sub(rf"[ \t]*{_MARK.pattern}", "", text)


def broken_marks(text: str, notebook: Mapping[str, Any], name: str) -> list[str]:
    """One message for each mark of the source `text` that the claims of the executed notebook do not bear out.

    Two claims that compare the same things under the same conditions are told as well: the table would show one of them.
    """
    found = verdicts(records_of(notebook))
    doubles = [_double(verdict, found, name) for verdict in found if _first(verdict, found) is not verdict]
    return doubles + [message for mark in marks_in(text, name) if (message := _problem(mark, found, name))]


def _first(verdict: Verdict, found: Sequence[Verdict]) -> Verdict:
    return next(other for other in found if identity(other.record) == identity(verdict.record))


def _double(verdict: Verdict, found: Sequence[Verdict], name: str) -> str:
    return (
        f"{name}: got claim {verdict.number}, which says the same as claim {_first(verdict, found).number}: "
        f"{sentence(verdict.record, 'en')} Expected another condition in `at`, such as 'one split', or one claim less."
    )


def _problem(mark: Mark, found: Sequence[Verdict], name: str) -> str | None:
    at, stands = f"{name}:{mark.line}", f"`c{mark.claim}: {mark.word}` behind {mark.text!r}"
    if mark.word not in WORDS:
        return f"{at}: got {stands}; expected one of {', '.join(WORDS)}. Correct the mark."
    if not 1 <= mark.claim <= len(found):
        return f"{at}: got {stands}; expected a claim from c1 to c{len(found)}. Correct the number."
    verdict = found[mark.claim - 1]
    if _holds(mark.word, verdict):
        return None
    figures = sentence(verdict.record, "en").removesuffix(", before correction.")
    return (
        f"{at}: got {stands}; expected what was measured, {verdict.text('en')!r} ({figures}; p {shown_p(verdict.p)} after "
        "Holm). Rewrite the sentence and its mark."
    )


def _holds(word: str, verdict: Verdict) -> bool:
    if word == "none":
        return not verdict.clear
    return verdict.small if word == "small" else verdict.word == word
