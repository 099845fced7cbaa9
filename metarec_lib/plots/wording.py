"""The words of a figure or a table in the reader's language, and the font that has their characters.

A text may be given as a pair (English, 中文). A plain text that is a name of the glossary, such as "closed-form head" or
"MAML, K = 5", is said in the reader's language too; any other text stays as it is.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from metarec_lib.workbook.core import Language, english_of, glossary, is_chinese, language, pick

Words = str | tuple[str, str]
LATIN = "DejaVu Sans"
# Fonts with simplified Chinese, as they come with Linux, macOS and Windows.
FAMILIES = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Hiragino Sans GB",
    "Heiti SC", "STHeiti", "Heiti TC", "Microsoft YaHei", "SimHei", "DengXian", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "Noto Sans CJK JP", "Noto Sans CJK TC", "Droid Sans Fallback", "Arial Unicode MS", "SimSun",
)  # fmt: skip
FILES = re.compile(
    r"NotoSans(CJK|SC)|SourceHanSans|PingFang|Hiragino Sans GB|STHeiti|msyh|simhei|Deng\.|wqy|DroidSansFallback|"
    r"Arial Unicode|simsun",
    re.IGNORECASE,
)


def words(text: Words, lang: Language | None = None) -> str:
    """A text of a figure in the reader's language; in English where no font has Chinese characters."""
    return said(text, lang or figure_language())


def said(text: Any, lang: Language) -> str:
    """A pair's text in `lang`; in Chinese the name of a thing of the glossary, part by part; any other text as it is."""
    if is_pair(text):
        return pick(text, lang)
    if lang == "en" or not isinstance(text, str):
        return str(text)
    return "，".join(_named(part) for part in text.split(", ")) if text else text


def is_pair(text: Any) -> bool:
    """Whether this is (English, 中文)."""
    both = isinstance(text, tuple) and len(text) == 2 and all(isinstance(part, str) for part in text)
    return both and is_chinese(text[1]) and not is_chinese(text[0])


def _named(name: str) -> str:
    try:
        return glossary.say(name, "zh")
    except ValueError:
        return name


def figure_language() -> Language:
    """The reader's language, if a font can write it."""
    return language() if language() == "en" or cjk_font() else "en"


@functools.cache
def cjk_font() -> str | None:
    """The name of a font with Chinese characters, if this machine has one."""
    known = {entry.name: entry.fname for entry in font_manager.fontManager.ttflist}
    found = next((name for name in FAMILIES if name in known and _has_chinese(known[name])), None)
    return found or next(filter(None, map(_added, sorted(font_manager.findSystemFonts()))), None)


def _added(path: str) -> str | None:
    """The name of a font that matplotlib does not know yet (its list is made once), now known to it."""
    if not FILES.search(Path(path).name) or not _has_chinese(path):
        return None
    font_manager.fontManager.addfont(path)
    return font_manager.get_font(path).family_name


def _has_chinese(path: str) -> bool:
    try:
        return all(font_manager.get_font(path).get_char_index(ord(letter)) for letter in "评户")
    except (OSError, RuntimeError, ValueError):
        return False


def font_family() -> list[str]:
    """The fonts of a figure: the one for Latin letters first, so that English looks the same in both editions."""
    return [LATIN, cjk_font() or LATIN] if figure_language() == "zh" else [LATIN]


def dress(fig: Figure) -> None:
    """Give texts with Chinese characters a font that has them; where there is none, say them in English: no boxes."""
    if language() == "en":
        return
    if cjk_font() is None:
        _in_english(fig)
    for text in fig.findobj(Text):
        if is_chinese(text.get_text()):
            text.set_fontfamily(font_family())


def _in_english(fig: Figure) -> None:
    """Texts that a lesson has put together in Chinese by itself, in English."""
    for axis in (axis for ax in fig.axes for axis in (ax.xaxis, ax.yaxis)):
        labels = [label.get_text() for label in axis.get_ticklabels()]
        if any(map(is_chinese, labels)):
            axis.set_ticks(axis.get_majorticklocs(), list(map(english_of, labels)))
    for text in fig.findobj(Text):
        text.set_text(english_of(text.get_text()))
