"""Cards: what they are made of, in which order they are asked, what comes forward, the terminal and the panel."""

from datetime import UTC, datetime, timedelta

import pytest
from toy import STEM, TEXT

from metarec_lib.workbook.core import LANGUAGES, is_chinese, resolve
from metarec_lib.workbook.lessons import build, plainly, read_built, read_lesson, verdicts
from metarec_lib.workbook.practice import Review, progress
from metarec_lib.workbook.practice.bank import FIGURES
from metarec_lib.workbook.practice.cards import deck, store, terminal
from metarec_lib.workbook.practice.cards.deck import FORMULA, KINDS, Card, cards_of, front_text, questions_with_cards
from metarec_lib.workbook.practice.cards.forward import cards_for
from metarec_lib.workbook.practice.cards.session import Session

Q06 = resolve("q06")
SHORT, PITFALL, ADD = "q06:short:1", "q06:pitfall:1", "q06:exercise:add"
OF_THE_TOY = [SHORT, PITFALL, *(f"q06:follow-up:{n}" for n in (1, 2, 3)), "q06:measured:c1", ADD]


@pytest.fixture(scope="module")
def real():
    """All cards of the workbook, by question."""
    return {question: cards_of(question) for question in questions_with_cards()}


# -- what they are made of ------------------------------------------------------------------------------------------------
def test_every_lesson_gives_cards_of_every_kind_under_names_of_their_own(real):
    ids = [card.id for cards in real.values() for card in cards]
    assert len(set(ids)) == len(ids) and len(real) == 31
    for cards in real.values():
        assert list(dict.fromkeys(card.kind for card in cards)) == list(KINDS)


def test_every_card_has_both_languages(real):
    for card in (card for cards in real.values() for card in cards):
        assert all(text.strip() for text in (*card.front, *card.back))
        assert is_chinese(front_text(card, "zh")), card.id
        assert card.kind in ("formula", "exercise") or is_chinese(card.back[1]), card.id


def test_no_card_shows_its_answer_and_none_is_written_anywhere_else(real):
    for question, cards in real.items():
        lesson = read_built(question)
        said = "".join(text for texts in lesson.texts.values() for text in texts.values())
        for card in cards:
            assert card.back[0] not in card.front[0] and card.back[1] not in card.front[1], card.id
            if card.kind in ("short", "formula"):
                assert all(text in said for text in card.back), card.id


def test_each_displayed_formula_makes_a_card_in_both_languages(real):
    for question, cards in real.items():
        texts, found = read_built(question).texts, [card for card in cards if card.kind == "formula"]
        for place, text in enumerate((texts["answer-full"]["en"], texts["zh"]["zh"])):
            assert [card.back[place] for card in found] == FORMULA.findall(text)
        assert all(deck.HIDDEN in text for card in found for text in card.front)


def test_measured_cards_say_what_the_lessons_table_says(real):
    from json import loads

    from metarec_lib.workbook.core import content
    from metarec_lib.workbook.lessons import records_of

    for question, cards in real.items():
        notebook = loads(content("notebooks", f"{question.stem}.ipynb").read_text(encoding="utf-8"))
        by_number = {f"{question.key}:measured:c{v.number}": v for v in verdicts(records_of(notebook))}
        found = [card for card in cards if card.kind == "measured"]
        assert 1 <= len(found) <= FIGURES and any(by_number[card.id].record["headline"] for card in found)
        for card in found:
            assert card.back == tuple(plainly(by_number[card.id], lang) for lang in LANGUAGES)


def test_an_exercise_card_shows_the_task_and_hides_the_body(built):
    card = next(card for card in cards_of(Q06) if card.id == ADD)
    assert (
        "def add(a: int, b: int) -> int" in card.front[0]
        and "The sum." in card.front[0]
        and ">>> add(1, 2)" in card.front[0]
    )
    assert "两数之和" in card.front[1] and "return a + b" in card.back[0] and "return a + b" not in card.front[0]


def test_the_built_lesson_says_what_the_source_says(built):
    source, notebook = read_lesson(Q06), read_built(Q06)
    assert source.texts == notebook.texts and source.rubric == notebook.rubric


# -- the order ------------------------------------------------------------------------------------------------------------
class Clock:
    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now

    def later(self, **units):
        self.now += timedelta(**units)


@pytest.fixture
def clock(built):
    return Clock()


def answered(session, ratings):
    """Answer the cards as they come; their ids and reasons."""
    found = []
    for rating in ratings:
        asked = session.draw()
        found.append((asked.card.id, asked.why[0]))
        session.answer(asked.card, rating)
    return found


def test_new_cards_come_in_order_and_no_more_than_the_day_allows(clock):
    session = Session(new=3, clock=clock)
    assert session.counts() == (0, 3)
    assert answered(session, [4, 4, 4]) == [(card, "new") for card in OF_THE_TOY[:3]]
    assert session.draw() is None and session.counts() == (0, 0)
    clock.later(days=1)
    assert session.draw().card.id == OF_THE_TOY[3] and session.counts() == (0, 3)


def test_a_forgotten_card_comes_back_in_the_same_session_and_a_known_one_on_its_day(clock):
    session = Session(new=2, clock=clock)
    assert [card for card, _ in answered(session, [1, 4, 3])] == [SHORT, PITFALL, SHORT]
    clock.later(minutes=30)
    assert answered(session, [3]) == [(SHORT, "due")]
    due = store.memories()[PITFALL].due
    clock.now = due - timedelta(minutes=1)
    assert PITFALL not in [asked.card.id for asked in session.waiting()]
    clock.now = due
    assert PITFALL in [asked.card.id for asked in session.waiting()]


def test_a_failed_exercise_brings_its_card_forward_until_it_is_asked(clock, tmp_path):
    session = Session(new=0, clock=clock)
    assert session.draw() is None
    progress.record_attempts("q06", tmp_path / "f.py", [("add", "not written", 0, 1)])
    assert session.draw() is None
    progress.record_attempts("q06", tmp_path / "f.py", [("add", "failed", 0, 1)])
    assert session.counts() == (1, 0)
    clock.later(seconds=1)
    assert answered(session, [4]) == [(ADD, "the exercise failed")]
    assert session.draw() is None
    clock.later(hours=1)
    progress.record_attempts("q06", tmp_path / "f.py", [("add", "failed", 0, 1)])
    clock.now = datetime.now(UTC)
    assert session.draw() is None  # asked an hour after this failure, by the clock
    assert Session([resolve("q07")], clock=clock).draw() is None


def test_a_known_card_comes_forward_before_its_day(clock, tmp_path):
    session = Session(new=9, clock=clock)
    answered(session, [4] * len(OF_THE_TOY))
    assert session.draw() is None
    progress.record_attempts("q06", tmp_path / "f.py", [("add", "failed", 0, 1)])
    assert answered(session, [3])[0] == (ADD, "the exercise failed")


def test_a_missed_point_brings_the_short_answer_and_what_speaks_of_it(clock):
    session = Session(new=0, clock=clock)
    progress.record_score("q06", 4, 10, [0, 99])
    assert [asked.card.id for asked in session.waiting()][0] == SHORT
    assert session.draw().why[0] == "an interview missed a point of it"


def test_the_cards_of_a_point_share_its_words():
    def card(kind, n, text):
        return Card(f"q06:{kind}:{n}", Q06, kind, (text, "题"), ("", "答"))

    cards = [
        card("short", 1, "anything"),
        card("pitfall", 1, "MAML at one rating ties with the shrunken bias"),
        card("follow-up", 1, "clicks, not stars"),
        card("pitfall", 2, "a shrunken bias and nothing else"),
        card("measured", "c1", "RMSE, MAML minus shrunken bias, one rating"),
        card("exercise", "f", "MAML shrunken bias rating"),
    ]
    found = cards_for("says that MAML only ties with a shrunken bias at one rating", cards)
    assert [card.id for card in found] == [SHORT, PITFALL, "q06:measured:c1"]
    assert [card.id for card in cards_for("quite unrelated things", cards)] == [SHORT]


def test_a_card_whose_question_has_changed_is_asked_again(clock, built):
    answered(Session(new=1, clock=clock), [4])
    assert Session(new=0, clock=clock).draw() is None
    built.write(TEXT.replace("What is 2 + 2?", "What is 2 + 2, and why?"))
    build.build_questions()
    assert Session(new=0, clock=clock).draw().why[0] == "its question has changed"


def test_a_card_that_is_no_more_is_left_alone(clock):
    store.answer(Card("q06:pitfall:9", Q06, "pitfall", ("a", "b"), ("c", "d")), 1, clock.now)
    store.answer(Card("q07:pitfall:1", resolve("q07"), "pitfall", ("a", "b"), ("c", "d")), 1, clock.now)
    assert Session(new=0, clock=clock).draw() is None


def test_two_reviews_of_one_card_count_one_after_the_other(clock):
    first, second = Session(new=1, clock=clock), Session(new=1, clock=clock)
    card = first.draw().card
    assert second.draw().card == card
    first.answer(card, 3)
    assert second.answer(card, 3).step is None  # the second step, not the first once more
    assert len(progress.rows("SELECT id FROM card_reviews")) == 2


def test_a_negative_number_of_new_cards_is_refused(built):
    with pytest.raises(ValueError, match="0 or more"):
        Session(new=-1)


# -- in a terminal --------------------------------------------------------------------------------------------------------
def held(session, typed, lang="en"):
    typed = iter(typed)
    prompts = []

    def ask(prompt):
        prompts.append(prompt)
        return next(typed)

    return terminal.hold(session, lang, ask), prompts


def test_a_review_in_a_terminal(clock, capsys):
    last, prompts = held(Session(new=2, clock=clock), ["", "x", "4", "", "4"])
    said = capsys.readouterr().out
    assert last.startswith("Nothing more for now; 2 answered. The next card comes back in ")
    assert prompts[0] == "Enter: answer · q: stop " and prompts[1].startswith("1 again (1 min) · 2 hard (")
    assert said.index("What is 2 + 2?") < said.index("Four.") < said.index("Type 1, 2, 3 or 4")
    assert "30 seconds · new" in said and "**" not in said


@pytest.mark.parametrize("typed", [["q"], ["", "q"]])
def test_it_may_be_left_at_any_moment(clock, typed):
    session = Session(new=2, clock=clock)
    assert held(session, typed)[0] == "0 answered. The rest waits: `metarec review`."
    assert session.draw().card.id == SHORT and store.memories() == {}


def test_a_review_in_chinese(clock, capsys):
    last, prompts = held(Session(new=1, clock=clock), ["", "4"], "zh")
    said = capsys.readouterr().out
    assert "二加二等于几？" in said and "四。" in said and "三十秒 · 新卡" in said
    assert prompts[1].startswith("1 忘了（1 分钟）") and last.startswith(
        "现在没有要复习的了；本次答了 1 张。下一张卡在"
    )


def test_without_a_terminal_it_says_what_waits(built, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", type("Pipe", (), {"isatty": lambda self: False})())
    assert terminal.review_command([STEM], "en", 4) == 0
    said = capsys.readouterr().out
    assert said.startswith("0 to ask again, 4 new.") and "needs a terminal" in said


# -- in a notebook --------------------------------------------------------------------------------------------------------
def test_the_panel_shuts_the_answer_until_it_is_asked_for_and_goes_on(built):
    panel = Review(new=1, lang="en")
    shown = panel.front.outputs[0]["data"]["text/markdown"]
    assert "What is 2 + 2?" in shown and panel.back.outputs == () and panel.buttons.layout.display == "none"
    panel.show.click()
    assert panel.back.outputs[0]["data"]["text/markdown"] == "---\n\nFour."
    assert panel.show.layout.display == "none" and panel.buttons.layout.display is None
    assert [button.description.split(" (")[0] for button in panel.answers] == ["again", "hard", "good", "easy"]
    panel.answers[3].click()
    assert store.memories().keys() == {SHORT} and "1 answered" in panel.front.outputs[0]["data"]["text/plain"]
    assert panel.show.layout.display == "none" and panel.buttons.layout.display == "none"


def test_the_panel_in_chinese_and_for_chosen_questions(built):
    panel = Review("q06", lang="zh")
    assert "二加二等于几？" in panel.front.outputs[0]["data"]["text/markdown"]
    assert panel.show.description == "看答案" and "新卡 7 张" in panel.status.value
    assert Review("q07", lang="zh").asked is None


def test_the_panel_takes_the_keyboard_once_it_is_drawn(built, monkeypatch):
    from metarec_lib.workbook.practice import panels

    begun = []
    monkeypatch.setattr(panels.threading.Timer, "start", lambda timer: begun.append(timer))
    monkeypatch.setattr("IPython.display.display", lambda panel: None)
    panel = Review(new=1, lang="en")
    panel._ipython_display_()
    assert [timer.function for timer in begun] == [panel.show.focus] and begun[0].daemon
