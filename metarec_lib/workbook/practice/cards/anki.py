"""`metarec cards`: how many cards there are; with `--anki FILE` the deck for Anki, in both languages.

Every id is made from the card's own, so that a second import updates what the first has brought and doubles nothing. Anki
keeps its own schedule; the reviews of `metarec review` stay here.
"""

from __future__ import annotations

import html
import re
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from metarec_lib.data.paths import atomic_write
from metarec_lib.workbook.core import LANGUAGES, Language, Pair, language, pick, resolve

from ..bank import title
from .deck import KINDS, Card, cards_of, front_text, kind_text, questions_with_cards

NAME: Pair = ("Meta-learning for recommendation", "推荐系统元学习面试题")
FIELDS = ("Front", "Back", "Where", "Id")
QUESTION = '<div class="where">{{Where}}</div>{{Front}}'
ANSWER = "{{FrontSide}}<hr id=answer>{{Back}}"
STYLE = """.card { font: 18px/1.5 sans-serif; text-align: left; max-width: 42em; margin: 0 auto; }
.where { font-size: 14px; margin-bottom: 1em; }
pre { font: 14px/1.4 monospace; white-space: pre-wrap; }"""
MISSING: Pair = (
    'The deck is written by the package genanki, which is not installed: run `pip install "metarec-lib[anki]"`, '
    'or in a clone `pip install -e ".[anki]"`.',
    '生成 Anki 牌组要用到 genanki，还没有安装：请运行 `pip install "metarec-lib[anki]"`，'
    '在克隆的仓库里则是 `pip install -e ".[anki]"`。',
)
WRITTEN: Pair = ("{path}: {n} notes in {decks}.", "{path}：{n} 条笔记，牌组：{decks}。")


def cards_command(names: Sequence[str] = (), anki: str | None = None, lang: Language | None = None) -> int:
    """Count the cards of the questions, or write them as an Anki deck. lang: of the deck; both where None."""
    chosen = [resolve(name) for name in names] or questions_with_cards()
    cards = [card for question in chosen for card in cards_of(question)]
    if anki is None:
        print("\n".join(_counted(cards, lang or language())))
        return 0
    path = Path(anki).expanduser()
    if path.suffix.lower() != ".apkg":
        raise ValueError(f"--anki: got {anki!r}, expected a name that ends in .apkg")
    spoken = (lang,) if lang else LANGUAGES
    if (content := package(cards, spoken)) is None:
        print(pick(MISSING), file=sys.stderr)
        return 1
    atomic_write(path, content)
    decks = ", ".join(pick(NAME, one) for one in spoken)
    print(pick(WRITTEN).format(path=path, n=len(cards) * len(spoken), decks=decks))
    return 0


def _counted(cards: Sequence[Card], lang: Language) -> Iterator[str]:
    """How many cards of each kind, one line a kind, and all."""
    for kind, n in Counter(card.kind for card in cards).items():
        yield f"{n:5}  {pick(KINDS[kind], lang)}"
    yield f"{len(cards):5}  {pick(('in all', '合计'), lang)}"


def package(cards: Sequence[Card], languages: Sequence[Language]) -> bytes | None:
    """The content of an `.apkg` with a deck a language; None where genanki is not installed."""
    try:
        import genanki
    except ImportError:
        return None
    model = genanki.Model(
        identity("model"),
        "metarec",
        fields=[{"name": name} for name in FIELDS],
        templates=[{"name": "metarec", "qfmt": QUESTION, "afmt": ANSWER}],
        css=STYLE,
    )
    decks = [genanki.Deck(identity(f"deck {lang}"), pick(NAME, lang)) for lang in languages]
    for deck, lang in zip(decks, languages, strict=True):
        for card in cards:
            deck.add_note(_note(genanki, model, card, lang))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deck.apkg"
        genanki.Package(decks).write_to_file(str(path))
        return path.read_bytes()


def _note(genanki: Any, model: Any, card: Card, lang: Language) -> Any:
    where = f"{card.question.key} · {html.escape(title(card.question, lang))} · {kind_text(card, lang)}"
    fields = [as_html(front_text(card, lang)), as_html(pick(card.back, lang)), where, f"{card.id} {lang}"]
    tags = ["metarec", card.question.key, card.kind]
    return genanki.Note(model=model, fields=fields, tags=tags, guid=genanki.guid_for("metarec", card.id, lang))


def identity(name: str) -> int:
    """A number that Anki knows a model or a deck by: the same for the same name, in the range that genanki asks for."""
    return (1 << 30) + zlib.crc32(f"metarec {name}".encode()) % (1 << 30)


# -- Markdown as Anki shows it --------------------------------------------------------------------------------------------
def as_html(markdown: str) -> str:
    """Markdown of a card as HTML with MathJax's marks: paragraphs, lists, bold, italic, code, links, formulas."""
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return f"\0{len(kept) - 1}\0"

    text = re.sub(r"```\w*\n(.*?)\n```", lambda m: keep(f"<pre>{html.escape(m[1])}</pre>"), markdown, flags=re.DOTALL)
    text = re.sub(
        r"\$\$(.+?)\$\$", lambda m: keep(rf"\[{html.escape(m[1].strip(), quote=False)}\]"), text, flags=re.DOTALL
    )
    text = re.sub(
        r"(?<!\\)\$(.+?)(?<!\\)\$",
        lambda m: keep(rf"\({html.escape(m[1].strip(), quote=False)}\)"),
        text,
        flags=re.DOTALL,
    )
    text = re.sub(r"`([^`]+)`", lambda m: keep(f"<code>{html.escape(m[1])}</code>"), text)
    text = html.escape(text, quote=False)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text, flags=re.DOTALL)
    text = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"<i>\1</i>", text)
    blocks = "".join(_block(block) for block in re.split(r"\n\s*\n", text.strip()))
    return re.sub("\0(\\d+)\0", lambda m: kept[int(m[1])], blocks)


def _block(block: str) -> str:
    if block.startswith(("- ", "* ")):
        items = re.split(r"^[-*] ", block, flags=re.MULTILINE)[1:]
        return "<ul>" + "".join(f"<li>{item.strip()}</li>" for item in items) + "</ul>"
    return "<p>" + re.sub(r" {2,}\n", "<br>", block).replace("\n", " ") + "</p>"
