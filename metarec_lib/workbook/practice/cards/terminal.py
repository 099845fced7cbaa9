"""`metarec review`: the cards that are due, one after the other, in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from metarec_lib.workbook.core import Language, Pair, language, pick, resolve

from ..bank import plain, title
from .deck import front_text, kind_text
from .schedule import RATINGS, told
from .session import NEW, Asked, Session

COUNTS: Pair = ("{due} to ask again, {new} new.", "待复习 {due} 张，新卡 {new} 张。")
OPEN: Pair = ("Enter: answer · q: stop ", "回车：看答案 · q：结束 ")
UNKNOWN: Pair = ("Type 1, 2, 3 or 4; q stops.", "请输入 1、2、3 或 4；q 结束。")
STOPPED: Pair = ("{n} answered. The rest waits: `metarec review`.", "已答 {n} 张，剩下的留着：`metarec review`。")
DONE: Pair = ("Nothing more for now; {n} answered.{later}", "现在没有要复习的了；本次答了 {n} 张。{later}")
LATER: Pair = (" The next card comes back in {}.", "下一张卡在 {}后回来。")
NO_TERMINAL: Pair = (
    "A review needs a terminal to answer in: run `metarec review` there, or `Review()` in a notebook.",
    "复习需要在终端里作答：请在终端运行 `metarec review`，或在笔记本里运行 `Review()`。",
)


def review_command(names: Sequence[str] = (), lang: Language | None = None, new: int = NEW) -> int:
    """Hold a review. names: stems of the questions, all where none is named; new: cards a day that are begun."""
    lang = lang or language()
    session = Session([resolve(name) for name in names], new)
    due, fresh = session.counts()
    print(pick(COUNTS, lang).format(due=due, new=fresh))
    if not sys.stdin.isatty():
        print(pick(NO_TERMINAL, lang))
        return 0
    print(hold(session, lang, _read))
    return 0


def hold(session: Session, lang: Language, ask: Callable[[str], str]) -> str:
    """Ask until nothing is left or the learner stops. ask: shows a prompt, gives what was typed. Returns the last line."""
    answered = 0
    while asked := session.draw():
        print("\n" + headed(asked, lang))
        if ask(pick(OPEN, lang)).strip().lower() == "q":
            return pick(STOPPED, lang).format(n=answered)
        print(f"\n{plain(pick(asked.card.back, lang))}\n")
        rating = _rating(session.choices(asked.card, lang), lang, ask)
        if rating is None:
            return pick(STOPPED, lang).format(n=answered)
        session.answer(asked.card, rating)
        answered += 1
    wait = session.next_due()
    later = pick(LATER, lang).format(told(wait, lang)) if wait is not None else ""
    return pick(DONE, lang).format(n=answered, later=later)


def headed(asked: Asked, lang: Language) -> str:
    """Question, kind and reason, and below them the front of the card."""
    card = asked.card
    head = (
        f"── {card.question.key} · {title(card.question, lang)}\n   {kind_text(card, lang)} · {pick(asked.why, lang)}"
    )
    return f"{head}\n\n{plain(front_text(card, lang))}\n"


def _rating(choices: dict[int, str], lang: Language, ask: Callable[[str], str]) -> int | None:
    """The rating that the learner types; None where they stop."""
    prompt = " · ".join(f"{number} {text}" for number, text in choices.items()) + " · q "
    while (typed := ask(prompt).strip().lower()) != "q":
        if typed in [str(number) for number in RATINGS]:
            return int(typed)
        print(pick(UNKNOWN, lang))
    return None


def _read(prompt: str) -> str:
    """One line; the end of the input means stop."""
    try:
        return input(prompt)
    except EOFError:
        return "q"
