"""One term of the workbook's vocabulary."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["metric", "model", "condition", "unit", "word"]
NUMBER = "{n}"  # in a term: any number, such as in "K = {n}"


@dataclass(frozen=True)
class Term:
    """What a thing is called, once, in both languages.

    en, zh: the names; `{n}` in both stands for a number. kind: `metric`; `model`, which is whatever a claim compares;
    `condition`, under which it does; `unit`, what was resampled; `word` for all else. aliases: other names that studies
    and classes use; a claim may use them, the reader never sees them. percent: a metric that is told in per cent.
    """

    en: str
    zh: str
    kind: Kind
    aliases: tuple[str, ...] = field(default=())
    percent: bool = False

    def match(self, text: str) -> str | None:
        """The number in `text` where it is this term ("" where the term has none), None where it is not."""
        for name in (self.en, *self.aliases):
            if found := _pattern(name).fullmatch(text.strip().casefold()):
                return found[1] if found.groups() else ""
        return None


@functools.cache  # there are more names than `re` remembers
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name.casefold()).replace(re.escape(NUMBER), r"(\d[\d,.]*)"))
