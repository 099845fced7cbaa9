"""`Interview()`: the interview as a panel in a notebook. It works by keyboard alone; the browser draws the clock."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

from metarec_lib.workbook.core import Language, Pair, language, pick

from ..bank import marked, plain, text_of
from ..panels import display_panel, markdown, shown
from . import store, wording
from .host import Host
from .report import POINTS, SELF, evidence

DONE: dict[str, Pair] = {
    "short": ("Done", "答完了"),
    "full": ("Done", "答完了"),
    "follow-up": ("Done", "答完了"),
    "code": ("Check", "检查"),
    "rubric": ("These ticks are right", "就按这些勾"),
}
SKIP: Pair = ("Skip", "跳过")
PAUSE: Pair = ("Pause", "暂停")
GO_ON: Pair = ("Go on", "继续")
LEAVE: Pair = ("Leave", "提前结束")
NEW: Pair = ("Begin a new one", "开一场新的")
STOPPED: Pair = (
    "Paused. Everything is kept, also if you close this notebook.",
    "已暂停。内容都存好了，关掉笔记本也不会丢。",
)
SPEAK: Pair = ("Your answer; leave it empty if you said it aloud", "在这里作答；口头作答就留空")
BUSY: Pair = ("One moment …", "请稍等……")
OVER: Pair = ("time is over", "时间到")
MOST = 5999  # seconds to which the clock counts
STYLE = (
    "<style>@keyframes metarec-fill{from{width:0}to{width:100%}}@keyframes metarec-show{to{visibility:visible}}"
    "@property --metarec-s{syntax:'<integer>';initial-value:0;inherits:true}"
    f"@keyframes metarec-count{{from{{--metarec-s:0}}to{{--metarec-s:{MOST}}}}}"
    ".metarec-count::after{counter-reset:metarec-s var(--metarec-s);content:counter(metarec-s)}</style>"
)


class Interview:
    """A mock interview against the clock. Shows itself as the last line of a cell.

    minutes: 5 to 180; level: `mid` or `senior`; topics: only questions with one of these; lang: by default the reader's;
    seed: of the draw; questions: only these, such as ["q07"]. Where an interview waits, it offers to go on. Raises
    ValueError where no question fits.
    """

    def __init__(
        self,
        minutes: float = 30,
        level: str | None = None,
        topics: Sequence[str] = (),
        lang: Language | None = None,
        seed: int | None = None,
        questions: Sequence[str | int] = (),
    ) -> None:
        self.lang: Language = lang or language()
        self._begin = lambda: Host.begin(self.lang, minutes, level, topics, seed, names=questions)
        self.result = ""  # of the question that is over, until the next one begins
        self.host: Host | None = None
        self._make_widgets()
        rows = [row for row in store.interviews() if row["state"] == "open"]
        if rows:
            self._offer(rows[-1])
        else:
            self._hold(self._begin())

    def _ipython_display_(self) -> None:
        display_panel(self.panel, self.text if self.host else self.go_on)

    # -- widgets ------------------------------------------------------------------------------------------------------
    def _make_widgets(self) -> None:
        import ipywidgets as widgets

        self.heading, self.clock, self.to_do, self.message = (widgets.HTML() for _ in range(4))
        self.asked, self.transcript = widgets.Output(), widgets.Output()
        self.text = widgets.Textarea(rows=7, layout=widgets.Layout(width="auto"))
        self.text.observe(self._written, "value")
        self.points = widgets.VBox()
        self.done = self._button(self._done, "primary")
        self.skip = self._button(lambda: self.host.skip(), text=SKIP)
        self.pause = self._button(self._pause)
        self.leave = self._button(lambda: self.host.leave(), text=LEAVE)
        self.go_on, self.fresh = self._button(lambda: None, "primary", GO_ON), self._button(lambda: None, text=NEW)
        self.buttons = self._row([self.done, self.skip, self.pause, self.leave])
        self.offer = self._row([self.go_on, self.fresh])
        parts = [self.heading, self.clock, self.asked, self.to_do, self.offer, self.text, self.points, self.message]
        self.panel = widgets.VBox([*parts, self.buttons, self.transcript], layout=widgets.Layout(max_width="860px"))

    def _row(self, buttons: Sequence[Any]) -> Any:
        """Buttons side by side, with a layout of their own: what shares one is hidden together."""
        import ipywidgets as widgets

        return widgets.HBox(list(buttons), layout=widgets.Layout(flex_flow="row wrap"))

    def _button(self, act: Callable[[], None], style: str = "", text: Pair | None = None) -> Any:
        import ipywidgets as widgets

        button = widgets.Button(button_style=style, layout=widgets.Layout(width="auto"))
        button.description = pick(text, self.lang) if text else ""
        button.on_click(lambda _: self._acted(act))
        return button

    def _acted(self, act: Callable[[], None]) -> None:
        """Do what a button says, and show what comes next; an error is told in the panel."""
        self.message.value = ""
        try:
            act()
        except (ValueError, OSError) as error:
            self._say(str(error))
            return
        except Exception as error:  # ipywidgets logs what it raises, where no candidate looks
            self._say(f"{type(error).__name__}: {error}")
            raise
        if self.host is not None:
            self._show()

    # -- going on with one that waits -----------------------------------------------------------------------------------
    def _offer(self, row: dict[str, Any]) -> None:
        host = Host.seen(row)  # it may be held in another window, which only going on with it here ends
        if host.engine.stage == "done":  # it was killed before its report
            Host.resume(row)
            self._hold(self._begin())
            return
        shown([self.text, self.points, self.buttons], False)
        told = pick(wording.WAITING, self.lang).format(day=row["settings"]["day"], n=len(host.engine.turns))
        self.to_do.value = _block(told)
        self.go_on.on_click(lambda _: self._acted(lambda: self._hold(Host.again(row["id"]))))
        self.fresh.on_click(lambda _: self._acted(lambda: (Host.again(row["id"]).leave(), self._hold(self._begin()))))

    def _hold(self, host: Host) -> None:
        self.host, self.lang, self.result = host, host.lang, ""
        self.skip.description, self.leave.description = pick(SKIP, self.lang), pick(LEAVE, self.lang)
        if host.engine.paused:
            host.go_on()
        self._show()

    # -- what is shown --------------------------------------------------------------------------------------------------
    def _show(self) -> None:
        """The stage that the engine is in."""
        engine = self.host.engine
        shown([self.offer], False)
        if engine.stage == "done":
            self._closed()
            return
        self.heading.value = f"<h4>{html.escape(wording.heading(engine, self.lang))}</h4>"
        self.clock.value = STYLE + self._clock()
        shown([self.heading, self.clock], not self.result)  # they are the next question's
        go_on = wording.NEXT if self.result else GO_ON
        self.pause.description = pick(go_on if engine.paused else PAUSE, self.lang)
        if engine.paused:
            self._say(self.result or pick(STOPPED, self.lang))
            self.pause.focus()
        shown([self.buttons], True)
        shown([self.text, self.asked, self.points, self.done, self.skip, self.to_do], False)
        if not engine.paused:
            shown([self.done, self.asked, self.to_do], True)
            shown([self.skip], engine.stage != "rubric")
            self._stage()
        if self.host.warning:
            self._say(self.host.warning)

    def _stage(self) -> None:
        engine = self.host.engine
        self.asked.outputs = markdown(wording.asked(engine, self.lang))
        self.to_do.value = _block(wording.to_do(engine, self.lang))
        self.done.description = pick(DONE[engine.stage], self.lang)
        if engine.stage == "rubric":
            self._list_points()
            return
        self.text.placeholder = "" if engine.stage == "code" else pick(SPEAK, self.lang)
        self.text.rows = 18 if engine.stage == "code" else 7
        stored = self.host.code_file.read_text(encoding="utf-8") if engine.stage == "code" else ""
        self.text.value = self.host.draft or stored
        shown([self.text], True)
        self.text.focus()

    def _clock(self) -> str:
        """A bar that fills in the time of the stage, and words when it is over; no message is sent for it."""
        engine, lang = self.host.engine, self.lang
        told = html.escape(wording.clock(engine, self.host.clock(), lang))
        if engine.limit is None or engine.paused:
            return f"<div role='status'>{told}</div>"
        used = engine.used(self.host.clock())
        seconds = f"<span class='metarec-count' style='animation:metarec-count {MOST}s linear {-used:.0f}s'></span>"
        told = html.escape(wording.clock(engine, self.host.clock(), lang, "{}")).format(seconds)
        appears = f"visibility:hidden;animation:metarec-show 0s {max(0, engine.limit - used):.0f}s forwards"
        late = f"<b style='{appears}'> · {pick(OVER, lang)}</b>"
        fill = f"height:6px;background:#4477aa;animation:metarec-fill {engine.limit}s linear {-used:.0f}s forwards"
        bar = f"<div style='background:#ddd' aria-hidden='true'><div style='{fill}'></div></div>"
        return f"<div role='timer'>{told}{late}</div>{bar}"

    def _list_points(self) -> None:
        import ipywidgets as widgets

        rows, engine = [], self.host.engine
        ticks = engine.turn.said or [False] * len(engine.material.weights)
        self.boxes = []
        for place, (point, tick) in enumerate(zip(engine.material.lesson.rubric, ticks, strict=True)):
            told = f"[{point.weight}] {plain(getattr(point, self.lang))}"
            self.boxes.append(widgets.Checkbox(tick, description=told, indent=False, layout={"width": "auto"}))
            why = html.escape(evidence(engine.turn.found[place], self.lang)) if tick else ""
            rows += [self.boxes[-1], widgets.HTML(f"<div style='margin-left:24px;opacity:.8'>{why}</div>")]
        self.points.children = rows
        shown([self.points], True)
        self.boxes[0].focus()

    def _closed(self) -> None:
        engine, lang = self.host.engine, self.lang
        shown([self.clock, self.asked, self.text, self.points, self.buttons], False)
        self.heading.value = f"<h4>{pick(wording.CLOSED, lang)}</h4>"
        told = [pick(wording.REPORT, lang).format(path=self.host.report_file)]
        if engine.possible:
            told = [pick(POINTS, lang).format(points=engine.score, possible=engine.possible), pick(SELF, lang), *told]
        self.to_do.value = "".join(map(_block, told))
        self.transcript.outputs = markdown(self._report())
        shown([self.heading, self.to_do], True)

    def _report(self) -> str:
        try:
            return self.host.report_file.read_text(encoding="utf-8")
        except OSError:  # the panel has told why
            return ""

    def _say(self, text: str) -> None:
        self.message.value = f"<div role='status' aria-live='polite'>{_block(text)}</div>"

    # -- what the candidate does ----------------------------------------------------------------------------------------
    def _written(self, change: dict[str, Any]) -> None:
        """Keep every change of an answer, so that a crash loses nothing."""
        host = self.host
        if host is not None and host.engine.stage != "done" and change["new"] != host.draft:
            host.write(change["new"])

    def _done(self) -> None:
        """Go on from a stage. While it is worked on, which may take seconds, nothing can be typed into the next one."""
        act = {"code": self._check, "rubric": self._tick}.get(self.host.engine.stage, self._answer)
        self._say(pick(BUSY, self.lang))
        self._busy(True)
        try:
            act()
        finally:
            self._busy(False)

    def _busy(self, busy: bool) -> None:
        for widget in (self.text, *self.buttons.children):
            widget.disabled = busy

    def _answer(self) -> None:
        self.host.answer(self.text.value)
        self.message.value = ""

    def _check(self) -> None:
        found = self.host.check(self.text.value)
        told = pick(wording.PASSED if found["passed"] else wording.FAILED, self.lang)
        said = told.format(**{name: f"{round(found[name], 1):g}" for name in ("points", "possible")})
        self._say(f"{said}\n{self.host.engine.turn.checks[-1]['message']}".strip())

    def _tick(self) -> None:
        engine = self.host.engine
        turn, lesson = engine.turn, engine.material.lesson
        self.host.tick([box.value for box in self.boxes])
        possible = sum(point.weight for point in lesson.rubric)
        told = pick(POINTS, self.lang).format(points=engine.points(turn), possible=possible)
        model = f"{pick(wording.MODEL, self.lang)} {text_of(lesson, 'answer-short', self.lang)}"
        self.result = f"{turn.key}: {told}\n\n{model}\n\n{pick(wording.MORE, self.lang).format(key=turn.key)}"
        if engine.stage == "done":
            self._say(self.result)
        else:  # the model answer is read off the clock
            self.host.pause()

    def _pause(self) -> None:
        self.result = ""
        self.host.go_on() if self.host.engine.paused else self.host.pause()


def _block(text: str) -> str:
    return f"<div style='line-height:1.5'>{marked(text).replace(chr(10), '<br>')}</div>"
