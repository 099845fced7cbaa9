"""The reader's language: English or Chinese. Texts stand as pairs (English, 中文), and `pick` takes one of the two."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal, cast

from .places import MARK

Language = Literal["en", "zh"]
Pair = tuple[str, str]
LANGUAGES: tuple[Language, Language] = ("en", "zh")
VARIABLE, REMEMBERED = "METAREC_LANG", "language"  # REMEMBERED: the key in a workspace's mark


def language() -> Language:
    """METAREC_LANG, else what the workspace around the current directory remembers, else English.

    Raises ValueError where METAREC_LANG names another language.
    """
    if asked := os.environ.get(VARIABLE, ""):
        if asked not in LANGUAGES:
            raise ValueError(f"Got {VARIABLE}={asked!r}; expected en or zh. Set it to one of them, or unset it.")
        return cast(Language, asked)
    return _remembered(Path.cwd())


def pick(pair: Pair, lang: Language | None = None) -> str:
    """The text of a pair (English, 中文) in `lang`, by default the reader's language."""
    return pair[LANGUAGES.index(lang or language())]


def is_chinese(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def _remembered(start: Path) -> Language:
    """The language in the mark of the nearest workspace; a mark that cannot be read says nothing."""
    marks = (parent / MARK for parent in (start, *start.parents))
    mark = next((path for path in marks if path.is_file()), None)
    try:
        found = json.loads(mark.read_text(encoding="utf-8")).get(REMEMBERED) if mark else None
    except (OSError, ValueError, AttributeError):
        found = None
    return found if found in LANGUAGES else "en"
