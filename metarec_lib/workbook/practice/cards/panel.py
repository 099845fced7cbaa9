"""`Review()`: the same review as a panel in a notebook."""

from __future__ import annotations

from typing import Any

from metarec_lib.workbook.core import Language, Pair, language, pick, resolve

from ..bank import title
from ..panels import display_panel, markdown, shown
from .deck import front_text, kind_text
from .schedule import told
from .session import NEW, Asked, Session
from .terminal import COUNTS, DONE, LATER

SHOW: Pair = ("Show the answer", "看答案")


class Review:
    """The cards that are due, as a panel: a card, a button that opens the answer, four answers. Works by keyboard alone.

    questions: "q06", 6 or a stem; all where none is named. lang: by default the reader's. new: cards a day that are begun.
    """

    def __init__(self, *questions: str | int, lang: Language | None = None, new: int = NEW) -> None:
        import ipywidgets as widgets

        self.lang, self.answered = lang or language(), 0
        self.session = Session([resolve(name) for name in questions], new)
        self.asked: Asked | None = None
        self.status, self.head = widgets.HTML(), widgets.HTML()
        self.front, self.back = widgets.Output(), widgets.Output()
        self.show = widgets.Button(description=pick(SHOW, self.lang), button_style="primary")
        self.show.on_click(self._open)
        self.answers = [widgets.Button(layout=widgets.Layout(width="auto")) for _ in range(4)]
        for rating, button in enumerate(self.answers, 1):
            button.on_click(lambda _, rating=rating: self._answer(rating))
        self.buttons = widgets.HBox(self.answers, layout=widgets.Layout(flex_flow="row wrap"))
        self.panel = widgets.VBox([self.status, self.head, self.front, self.show, self.back, self.buttons])
        self._next()

    def _ipython_display_(self) -> None:
        display_panel(self.panel, self.show)

    def _next(self) -> None:
        """Draw a card and show its front; its answer is shut."""
        self.asked = self.session.draw()
        due, fresh = self.session.counts()
        self.status.value = pick(COUNTS, self.lang).format(due=due, new=fresh)
        self.back.outputs = ()
        shown([self.buttons], False)
        shown([self.show], self.asked is not None)
        if self.asked is None:
            self._end()
            return
        card = self.asked.card
        said = f"<b>{card.question.key} · {title(card.question, self.lang)}</b>"
        self.head.value = f"{said}<br>{kind_text(card, self.lang)} · {pick(self.asked.why, self.lang)}"
        self.front.outputs = markdown(front_text(card, self.lang))
        self.show.focus()

    def _end(self) -> None:
        wait, self.head.value = self.session.next_due(), ""
        later = pick(LATER, self.lang).format(told(wait, self.lang)) if wait is not None else ""
        self.front.outputs = markdown(pick(DONE, self.lang).format(n=self.answered, later=later))

    def _open(self, _: Any) -> None:
        if self.asked is None:
            return
        self.back.outputs = markdown(f"---\n\n{pick(self.asked.card.back, self.lang)}")
        for button, text in zip(self.answers, self.session.choices(self.asked.card, self.lang).values(), strict=True):
            button.description = text
        shown([self.show], False)
        shown([self.buttons], True)
        self.answers[2].focus()

    def _answer(self, rating: int) -> None:
        if self.asked is None:
            return
        self.session.answer(self.asked.card, rating)
        self.answered += 1
        self._next()
