"""Chinese text: lines that are joined without a blank, and how wide they are."""

import re
import unicodedata

HAN = "\u3400-\u4dbf\u4e00-\u9fff"
WIDE = f"{HAN}\u3000-\u303f\uff00-\uffef"
BESIDE = f"{WIDE}“”‘’—…"  # what needs no blank beside a wide character
# The end of a line between two characters. Bold type is passed over beside a Han character, where it stays bold.
_BREAK = re.compile(
    rf"(?:(?<=[{WIDE}])\n[ \t]*(?=[{BESIDE}])|(?<=[{BESIDE}])\n[ \t]*(?=[{WIDE}])"
    rf"|(?<=[{HAN}]\*\*)\n[ \t]*(?=[{HAN}])|(?<=[{WIDE}])\n[ \t]*(?=\*\*[{HAN}]))"
)


def joined(text: str) -> str:
    """Markdown whose wrapped lines join without a blank between two Chinese characters. Headings and code stay lines."""
    parts = re.split(r"^(#{1,6} .*\n?|```[\s\S]*?^```\n?)", text, flags=re.MULTILINE)
    return "".join(_BREAK.sub("", part) if place % 2 == 0 else part for place, part in enumerate(parts))


def columns(line: str) -> int:
    """How wide a line is on a screen: a Chinese character is two columns wide."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)
