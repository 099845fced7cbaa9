"""The deck for Anki: ids that stay, both languages, HTML. `tests/benchmarks/anki_twice.py` imports it with Anki itself."""

import builtins
import io
import json
import re
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace

import pytest
from toy import STEM

from metarec_lib.workbook.core import LANGUAGES, resolve
from metarec_lib.workbook.practice import cards_command
from metarec_lib.workbook.practice.cards.anki import as_html, identity, package
from metarec_lib.workbook.practice.cards.deck import Card, cards_of, questions_with_cards


def opened(content, tmp_path):
    """Notes (guid, model, tags, fields), and the names of the decks by id, of the bytes of an .apkg."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extract("collection.anki2", tmp_path)
    with closing(sqlite3.connect(tmp_path / "collection.anki2")) as database:
        notes = list(database.execute("SELECT guid, mid, tags, flds FROM notes ORDER BY guid"))
        decks = json.loads(database.execute("SELECT decks FROM col").fetchone()[0])
    return notes, {int(key): deck["name"] for key, deck in decks.items() if deck["name"] != "Default"}


CARD = Card("q06:short:1", resolve("q06"), "short", ("What?", "什么？"), ("That.", "那个。"))


def test_ids_stay_when_the_words_change(tmp_path):
    before, decks = opened(package([CARD], LANGUAGES), tmp_path)
    after, same = opened(package([replace(CARD, back=("Other.", "别的。"))], LANGUAGES), tmp_path)
    assert [note[:3] for note in before] == [note[:3] for note in after] and decks == same
    assert before != after


def test_the_ids_are_those_of_the_first_deck(tmp_path):
    """Whoever changes them doubles every deck that was imported before."""
    assert (identity("model"), identity("deck en"), identity("deck zh")) == (1822374531, 2055669461, 1589554558)
    notes, decks = opened(package([CARD], LANGUAGES), tmp_path)
    assert {note[0] for note in notes} == {"zch?]4~g6@", "v|ZKsJm]hT"} and decks.keys() == {2055669461, 1589554558}


def test_both_languages_in_a_deck_each_with_names_of_their_own(tmp_path):
    notes, decks = opened(package([CARD], LANGUAGES), tmp_path)
    assert sorted(decks.values()) == ["Meta-learning for recommendation", "推荐系统元学习面试题"]
    assert len({guid for guid, *_ in notes}) == 2 and len({model for _, model, *_ in notes}) == 1
    fields = [note[3].split("\x1f") for note in notes]
    assert {tuple(found[:2]) for found in fields} == {
        ("<p><i>Answer in 30 seconds, aloud.</i></p><p>What?</p>", "<p>That.</p>"),
        ("<p><i>三十秒，开口答一遍。</i></p><p>什么？</p>", "<p>那个。</p>"),
    }
    assert {found[3] for found in fields} == {"q06:short:1 en", "q06:short:1 zh"}
    assert all(" q06 " in note[2] for note in notes)
    assert len(opened(package([CARD], ["zh"]), tmp_path)[0]) == 1


def test_every_card_of_the_workbook_makes_a_note_without_leftovers(tmp_path):
    cards = [card for question in questions_with_cards() for card in cards_of(question)]
    notes, _ = opened(package(cards, LANGUAGES), tmp_path)
    assert len({guid for guid, *_ in notes}) == len(notes) == 2 * len(cards) > 1000
    for *_, fields in notes:
        text = re.sub("<(pre|code)>.*?</\\1>", "", fields, flags=re.DOTALL)
        assert not any(left in text for left in ("**", "```", "\0", "<!--", "$", "]("))


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("a **b** *c* `d<e`", "<p>a <b>b</b> <i>c</i> <code>d&lt;e</code></p>"),
        ("$a_1 * b_2 * c$ and $$x < y$$", r"<p>\(a_1 * b_2 * c\) and \[x &lt; y\]</p>"),
        ("one\ntwo  \nthree\n\nfour", "<p>one two<br>three</p><p>four</p>"),
        ("- one\n- two\n  more", "<ul><li>one</li><li>two\n  more</li></ul>"),
        ("```python\na = {1: 2 < 3}\n```", "<p><pre>a = {1: 2 &lt; 3}</pre></p>"),
        ("see [q07](../q07.ipynb)", "<p>see q07</p>"),
    ],
)
def test_markdown_as_anki_shows_it(markdown, html):
    assert as_html(markdown) == html


def test_the_command(built, tmp_path, capsys):
    assert cards_command([STEM]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["7", "in", "all"]
    assert cards_command([], str(tmp_path / "deck.apkg"), "zh") == 0
    assert len(opened((tmp_path / "deck.apkg").read_bytes(), tmp_path)[0]) == 7
    assert "7 notes in 推荐系统元学习面试题" in capsys.readouterr().out
    with pytest.raises(ValueError, match="ends in .apkg"):
        cards_command([], "deck.zip")


def test_without_genanki_it_says_what_to_install(built, tmp_path, capsys, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "genanki":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert cards_command([], str(tmp_path / "deck.apkg")) == 1
    assert 'pip install "metarec-lib[anki]"' in capsys.readouterr().err and not (tmp_path / "deck.apkg").exists()
