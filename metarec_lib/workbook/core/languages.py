"""The reader's language: English or Chinese. Texts stand as pairs (English, 中文), and `pick` takes one of the two."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Literal, cast

Language = Literal["en", "zh"]
Pair = tuple[str, str]
LANGUAGES: tuple[Language, Language] = ("en", "zh")
MARK = ".metarec.json"  # the file that makes a folder a learner's workspace
VARIABLE, REMEMBERED = "METAREC_LANG", "language"  # REMEMBERED: the key in a workspace's mark
SIGNS = str.maketrans({"，": ", ", "、": ", ", "：": ": ", "；": "; ", "（": " (", "）": ")", "。": ".", "？": "?"})
_english: dict[str, str] = {}  # what `pick` has given, and the same in English
CHINESE = "中文："  # begins the Chinese part of a docstring


def language() -> Language:
    """METAREC_LANG, else what the workspace around the current directory remembers, else English.

    Raises ValueError where METAREC_LANG names another language.
    """
    return asked_for() or remembered(Path.cwd()) or "en"


def asked_for() -> Language | None:
    """METAREC_LANG, None where it is not set. Raises ValueError where it names another language."""
    asked = os.environ.get(VARIABLE, "")
    if asked and asked not in LANGUAGES:
        raise ValueError(f"Got {VARIABLE}={asked!r}; expected en or zh. Set it to one of them, or unset it.")
    return cast(Language, asked) if asked else None


def pick(pair: Pair, lang: Language | None = None) -> str:
    """The text of a pair (English, 中文) in `lang`, by default the reader's language."""
    said = pair[LANGUAGES.index(lang or language())]
    if isinstance(said, str):  # heads of a table come as a whole
        _english[said] = pair[0]
    return said


def english_of(text: str) -> str:
    """A text that was put together from what `pick` gave, in English; for a reader whose machine cannot draw Chinese."""
    for said in sorted((said for said in _english if said in text and is_chinese(said)), key=len, reverse=True):
        text = text.replace(said, _english[said])
    return text.translate(SIGNS)


def is_chinese(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return re.search("[\u3400-\u4dbf\u4e00-\u9fff]", text) is not None


def both_parts(docstring: str) -> Pair:
    """The English and the Chinese part of a docstring. Raises ValueError where one is missing."""
    english, mark, chinese = docstring.partition(f"\n{CHINESE}")
    if not mark or not is_chinese(chinese):
        raise ValueError(f"got a docstring without Chinese; expected a last part that begins with `{CHINESE}`")
    if not english.strip() or is_chinese(english):
        raise ValueError(
            f"got a docstring without English; expected it before the part `{CHINESE}`, with no Chinese in it"
        )
    return english.strip(), chinese.strip()


def require_pair(pair: Any, what: str) -> Pair:
    """A pair (English, 中文). Raises ValueError where it is none; `what` names it in the message."""
    if (
        not isinstance(pair, tuple)
        or len(pair) != 2
        or not all(isinstance(text, str) and text.strip() for text in pair)
    ):
        raise ValueError(f'got {what} {pair!r}; expected a pair of texts: ("English", "中文")')
    if is_chinese(pair[0]) or not is_chinese(pair[1]):
        raise ValueError(f"got {what} {pair!r}; expected English first, then Chinese")
    return pair


def spaced(text: str) -> str:
    """A text that follows a Chinese word: with a blank before it where it begins with a Latin letter or a sign."""
    return f" {text}" if text[:1].isascii() else text


def remembered(start: Path) -> Language | None:
    """The language in the mark of the nearest workspace at or above a folder; a mark that cannot be read says nothing."""
    marks = (parent / MARK for parent in (start, *start.parents))
    mark = next((path for path in marks if path.is_file()), None)
    try:
        found = json.loads(mark.read_text(encoding="utf-8")).get(REMEMBERED) if mark else None
    except (OSError, ValueError, AttributeError):
        found = None
    return found if found in LANGUAGES else None
