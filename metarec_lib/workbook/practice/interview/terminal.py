"""`metarec interview`: the interview in a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence

from metarec_lib.workbook.core import Language, Pair, language, pick

from ..bank import plain, text_of
from . import store, wording
from .host import Host
from .report import POINTS, SELF, evidence, history

HELP: Pair = (
    "An empty line ends an answer. /skip goes on, /pause keeps everything for later, /leave ends the interview.",
    "空行结束一段回答。/skip 跳过这一步，/pause 暂停并保存，/leave 提前结束。",
)
GO_ON: Pair = ("Enter: go on with it · n: begin a new one ", "回车：接着面 · n：开一场新的 ")
PAUSED: Pair = (
    "Paused; everything is kept. Go on with: metarec interview",
    "已暂停，内容都存好了。继续：metarec interview",
)
WRITTEN: Pair = ("You had written:", "之前写到：")
CODE: Pair = (
    "The file: {path}\nEnter: check it · /skip · /pause · /leave ",
    "文件：{path}\n回车：检查 · /skip · /pause · /leave ",
)
FLIP: Pair = (
    "Numbers whose tick is wrong, for example 2 5; Enter: they are right ",
    "哪几条的勾不对？输入编号，例如 2 5；都对就回车 ",
)
TICK: Pair = (
    "Numbers of what you said, for example 2 5; Enter: none ",
    "说到了哪几条？输入编号，例如 2 5；都没说到就回车 ",
)
NO_NUMBERS: Pair = ("Type numbers from 1 to {n}, with blanks between them.", "请输入 1 到 {n} 的编号，用空格分开。")
NEXT: Pair = (
    "Enter: the next question; its clock starts then · /pause · /leave ",
    "回车：下一题，这时才开始计时 · /pause · /leave ",
)
COMMANDS = ("/skip", "/pause", "/leave", "/help")


class Command(Exception):
    """The candidate typed a command in place of an answer."""


def interview_command(
    names: Sequence[str],
    minutes: float,
    level: str | None,
    topics: str | None,
    lang: Language | None,
    seed: int | None,
    past: bool,
) -> int:
    """Hold an interview, or go on with the one that waits; with `past` show the history. names: of the questions."""
    if past:
        print(history(store.interviews(), lang or language()))
        return 0
    host = _waiting(lang or language(), _read) or Host.begin(
        lang or language(), minutes, level, (topics or "").split(",") if topics else (), seed, names=names
    )
    hold(host, _read)
    return 0


def _waiting(lang: Language, read: Callable[[str], str]) -> Host | None:
    """The last interview that is open, where the candidate wants to go on with it; the others are closed as left."""
    rows = [row for row in store.interviews() if row["state"] == "open"]
    if not rows:
        return None
    host = Host.seen(rows[-1])  # it may be held in another window, which only going on with it here ends
    if host.engine.stage == "done":
        Host.resume(rows[-1])
        return None
    print(pick(wording.WAITING, lang).format(day=rows[-1]["settings"]["day"], n=len(host.engine.turns)))
    goes_on = read(pick(GO_ON, lang)).strip().lower() != "n"
    host = Host.again(host.interview)
    if goes_on:
        return host
    host.leave()
    return None


def hold(host: Host, read: Callable[[str], str]) -> None:
    """Ask until the interview is over, paused or left. read: shows a prompt, gives a line; EOFError pauses."""
    print(pick(HELP, host.lang))
    shown = None
    while host.engine.stage != "done":
        if shown != len(host.engine.turns):
            shown = len(host.engine.turns)
            print(f"\n── {wording.heading(host.engine, host.lang)}")
            if host.engine.stage != "short":  # gone on with: what was asked stands here again
                print(f"\n{wording.question(host.engine, host.lang)}")
        try:
            if host.engine.paused:
                host.go_on()
            STEPS[host.engine.stage](host, read)
        except Command as command:
            if _obey(host, str(command)):
                return
        except (EOFError, KeyboardInterrupt):
            _obey(host, "/pause")
            return
        if host.warning:
            print(host.warning, file=sys.stderr)
            host.warning = ""
    print(f"\n{pick(wording.CLOSED, host.lang)}")
    if host.engine.possible:
        print(
            _points(host, host.engine.score, host.engine.possible)
            + pick((". ", "。"), host.lang)
            + pick(SELF, host.lang)
        )
    print(pick(wording.REPORT, host.lang).format(path=host.report_file))


def _obey(host: Host, command: str) -> bool:
    """Do what a command says. Whether the terminal is left."""
    if command == "/pause":
        host.pause()
        print("\n" + pick(PAUSED, host.lang))
        return True
    if command == "/skip" and host.engine.stage != "rubric" and not host.engine.paused:
        host.skip()
    elif command == "/leave":
        host.leave()
    else:
        print(pick(HELP, host.lang))
    return False


# -- the stages -----------------------------------------------------------------------------------------------------------
def _speak(host: Host, read: Callable[[str], str]) -> None:
    """A question and its answer, some lines up to an empty one; each line is kept as soon as it is written."""
    engine, lang = host.engine, host.lang
    print(f"\n{wording.clock(engine, host.clock(), lang)}")
    if engine.stage != "full":
        print(f"\n{wording.asked(engine, lang)}\n")
    print(wording.to_do(engine, lang))
    lines = [host.draft] if host.draft else []
    if lines:
        print(f"{pick(WRITTEN, lang)}\n{host.draft}")
    with _Bell(host):
        while line := _line(read, "> "):
            lines.append(line)
            host.write("\n".join(lines))
    stage = wording.clock(engine, host.clock(), lang)
    host.answer("\n".join(lines))
    print(f"  {stage}")


def _code(host: Host, read: Callable[[str], str]) -> None:
    engine, lang = host.engine, host.lang
    if not engine.turn.checks:
        print(f"\n{wording.clock(engine, host.clock(), lang)}\n\n{wording.to_do(engine, lang)}")
    while line := _line(read, pick(CODE, lang).format(path=host.code_file)):
        print(pick(HELP, lang) if line else "")
    found = host.check()
    told = wording.PASSED if found["passed"] else wording.FAILED
    print(pick(told, lang).format(**{name: f"{round(found[name], 1):g}" for name in ("points", "possible")}))
    if message := engine.turn.checks[-1]["message"]:
        print(message)


def _rubric(host: Host, read: Callable[[str], str]) -> None:
    engine, lang = host.engine, host.lang
    print(f"\n{wording.to_do(engine, lang)}\n")
    ticks = engine.turn.said or [False] * len(engine.material.weights)
    print("\n".join(_points_listed(host, ticks)))
    prompt = pick(FLIP if any(ticks) else TICK, lang)
    while (flips := _numbers(_line(read, prompt), len(ticks))) is None:
        print(pick(NO_NUMBERS, lang).format(n=len(ticks)))
    ticks = [tick != (place in flips) for place, tick in enumerate(ticks, 1)]
    turn, lesson = engine.turn, engine.material.lesson
    host.tick(ticks)
    print(_points(host, engine.points(turn), sum(point.weight for point in lesson.rubric)))
    print(f"\n{pick(wording.MODEL, lang)}\n{text_of(lesson, 'answer-short', lang)}")
    print(pick(wording.MORE, lang).format(key=turn.key))
    if engine.stage != "done":  # the model answer is read off the clock
        host.pause()
        while _line(read, "\n" + pick(NEXT, lang)):
            pass
        host.go_on()


def _points_listed(host: Host, ticks: Sequence[bool]) -> list[str]:
    found, lines = host.engine.turn.found, []
    for place, (point, tick) in enumerate(zip(host.engine.material.lesson.rubric, ticks, strict=True)):
        lines.append(f" {place + 1} {'✓' if tick else '·'} [{point.weight}] {plain(getattr(point, host.lang))}")
        if tick:
            lines.append(f"       {evidence(found[place], host.lang)}")
    return lines


def _points(host: Host, points: int | None, possible: int) -> str:
    return pick(POINTS, host.lang).format(points=points, possible=possible)


def _numbers(line: str, most: int) -> set[int] | None:
    """The numbers in a line; None where something else stands in it."""
    words = line.replace(",", " ").replace("，", " ").replace("、", " ").split()
    if any(not word.isdecimal() or not 1 <= int(word) <= most for word in words):
        return None
    return {int(word) for word in words}


STEPS: dict[str, Callable[[Host, Callable[[str], str]], None]] = {
    "short": _speak, "full": _speak, "follow-up": _speak, "code": _code, "rubric": _rubric,
}  # fmt: skip


def _line(read: Callable[[str], str], prompt: str) -> str:
    """One line. Raises Command for a command."""
    line = read(prompt).strip()
    if line.lower() in COMMANDS:
        raise Command(line.lower())
    return line


class _Bell:
    """Says once that the time of a stage is over, while the candidate writes."""

    def __init__(self, host: Host) -> None:
        left = max(0.0, (host.engine.limit or 0) - host.engine.used(host.clock()))
        told = pick(wording.OVER, host.lang).format(limit=host.engine.limit)
        self.timer = threading.Timer(left, lambda: print(f"\n  ⏱ {told}", flush=True))
        self.timer.daemon = True

    def __enter__(self) -> None:
        if sys.stdin.isatty():
            self.timer.start()

    def __exit__(self, *error: object) -> None:
        self.timer.cancel()


def _read(prompt: str) -> str:
    return input(prompt)
