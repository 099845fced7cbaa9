"""An interview that is held: the engine, and around it the file, the matching, the checker and the clock.

The terminal and the notebook panel call these few methods; each is one event, stored before it counts.
"""

from __future__ import annotations

import ast
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from metarec_lib.data.paths import atomic_write, home
from metarec_lib.workbook.core import MARK, Language, Pair, Question, content, pick, places, resolve
from metarec_lib.workbook.exercises import read_solution, stub_text
from metarec_lib.workbook.lessons import Lesson

from .. import progress
from ..bank import lesson_of, on, written
from ..bank import topics as all_topics
from ..matching import Matcher
from . import store
from .drawing import draw, shares_of
from .engine import LEFT, Engine, Material, Task
from .report import report, summary

VARIABLE = "METAREC_LANG"
LEAST, MOST = 5, 180  # minutes of an interview
NOT_KEPT: Pair = (
    "This interview is not being stored ({}); you can go on, but not resume it.",
    "这场面试没有存下来（{}）；可以继续，但中断后无法恢复。",
)
NOTHING_FITS: Pair = ("No question fits {asked}.", "没有题目符合：{asked}。")
LEVELS_ARE: Pair = (" Levels: {}.", "级别有：{}。")
TOPICS_ARE: Pair = (" Topics: {}.", "主题有：{}。")
CHECK_IT: dict[Language, tuple[str, str]] = {  # a line of the exercise file, and what stands in its place here
    "en": (r"To check it, run .*", "To check it: Enter in the terminal, or the button `Check` in the notebook."),
    "zh": (r"检查：在终端运行.*", "检查：终端里按回车，notebook 里点“检查”。"),
}


class Host:
    """interview: its id in the file, empty where it could not be stored. clock: gives the moment in seconds."""

    def __init__(
        self, interview: str, settings: Mapping[str, Any], engine: Engine, clock: Callable[[], float] = time.time
    ) -> None:
        self.interview, self.settings, self.engine, self.clock = interview, dict(settings), engine, clock
        self.lang: Language = self.settings["lang"]
        self.matcher = Matcher(self.lang)
        self.warning, self.draft = "", ""

    # -- beginning and going on ---------------------------------------------------------------------------------------
    @classmethod
    def begin(
        cls,
        lang: Language,
        minutes: float = 30,
        level: str | None = None,
        topics: Sequence[str] = (),
        seed: int | None = None,
        clock: Callable[[], float] = time.time,
        start: Path | None = None,
        names: Sequence[str | int] = (),
    ) -> Host:
        """A new interview. start: the folder the learner is in; names: only these questions, all where none is named.

        Raises ValueError where no question fits.
        """
        if not LEAST <= minutes <= MOST:
            raise ValueError(f"got minutes={minutes:g}; expected {LEAST} to {MOST}")
        lessons = fitting(level, topics, lang, [resolve(name).key for name in names])
        plan = draw(lessons, shares_of(progress.scores(), progress.attempts()), seed)
        plan = plan[: int(60 * minutes / LEFT) + 1]
        settings = {
            "lang": lang, "minutes": minutes, "level": level, "topics": list(topics), "seed": seed, "plan": plan,
            "tasks": {key: found.function for key in plan if (found := _task(resolve(key)))},
            "folder": str(_folder(start or Path.cwd())), "day": datetime.now().strftime("%Y-%m-%d %H:%M"),
        }  # fmt: skip
        host = cls("", settings, _engine(settings), clock)
        host._store(lambda: setattr(host, "interview", store.begin(datetime.now(UTC).isoformat(), settings)))
        host._send("start")
        return host

    @classmethod
    def seen(cls, row: Mapping[str, Any], clock: Callable[[], float] = time.time) -> Host:
        """The same to look at: nothing is stored, so that another window may hold it."""
        host = cls(row["id"], row["settings"], _engine(row["settings"]), clock)
        for event in store.events(row["id"]):
            host.engine.take(event)
        return host

    @classmethod
    def resume(cls, row: Mapping[str, Any], clock: Callable[[], float] = time.time) -> Host:
        """An interview as `store.interviews` lists it, at the point at which it was left, paused or killed."""
        host = cls.seen(row, clock)
        if host.engine.stage == "done":  # killed between its last event and its report
            host._end()
        else:
            host._send("start" if host.engine.stage == "begin" else "resume")
            host.draft = row["draft"]
        return host

    @classmethod
    def again(cls, interview: str) -> Host:
        """The same by its id, as it is stored now."""
        return cls.resume(next(row for row in store.interviews() if row["id"] == interview))

    # -- what the candidate does ----------------------------------------------------------------------------------------
    def answer(self, text: str) -> None:
        """An answer of any stage; an empty text is one that was said aloud."""
        text = text.strip()
        said = [answer.text for answer in self.engine.turn.answers if answer.text] + ([text] if text else [])
        found = self.matcher.match(said, self.engine.material.lesson) if said else []
        self._send("answer", text=text, found=[item.as_dict() for item in found])

    def check(self, source: str | None = None) -> Mapping[str, Any]:
        """Run the real checker on the coding task; source: its text, where it is not in the file already."""
        from ..checking import make_report

        task = self.engine.material.task
        if source is not None:
            atomic_write(self.code_file, source)
        with _speaking(self.lang):
            found = make_report(self.engine.turn.key, self.code_file.parent, task.function)  # type: ignore[union-attr]
        (result,) = found.functions
        said = [found.problem or result.message, result.mistake]
        values = {"passed": found.passed, "points": result.points, "possible": result.possible}
        self._send("checked", **values, message="\n".join(filter(None, said)))
        return values

    def tick(self, ticks: Sequence[bool]) -> None:
        """The candidate's own ticks. The score is stored with them, and where they end the interview, its report."""
        turn, material = self.engine.turn, self.engine.material
        got = sum(weight for weight, tick in zip(material.weights, ticks, strict=True) if tick)
        missed = [place for place, tick in enumerate(ticks) if not tick]
        self._send("ticks", (turn.key, got, sum(material.weights), missed), ticks=list(ticks))

    def skip(self) -> None:
        self._send("skip")

    def pause(self) -> None:
        if not self.engine.paused:
            self._send("pause")

    def go_on(self) -> None:
        self._send("resume")

    def leave(self) -> None:
        self._send("leave")

    def write(self, draft: str) -> None:
        """Keep what is written of an answer so far."""
        self.draft = draft
        if self.interview:
            self._store(lambda: store.keep_draft(self.interview, draft))

    # -- files ------------------------------------------------------------------------------------------------------
    @property
    def folder(self) -> Path:
        """Where the files of the interview lie: in the workspace, where there is one."""
        return Path(self.settings["folder"]) / (self.interview or "unstored")

    @property
    def code_file(self) -> Path:
        """The file of the coding task. It is written with the stub alone when it is first asked for."""
        path = self.folder / f"{resolve(self.engine.turn.key).stem}.py"
        if not path.is_file():
            atomic_write(path, stub(self.engine.material, self.lang))
        return path

    @property
    def report_file(self) -> Path:
        return self.folder / "report.md"

    # -- events -----------------------------------------------------------------------------------------------------
    def _send(self, kind: str, score: Sequence[Any] | None = None, **values: Any) -> None:
        event = {"kind": kind, "at": self.clock(), **values}
        self.engine.check(event)
        keeps_draft = kind in ("pause", "resume", "checked")
        if self.interview:
            number = self.engine.events
            self._store(lambda: store.append(self.interview, number, event, score, keeps_draft))
        self.engine.take(event)
        self.draft = self.draft if keeps_draft else ""
        if self.engine.stage == "done":
            self._end()

    def _end(self) -> None:
        """Write the report; then the interview is closed, so that a kill in between writes it again."""
        try:
            atomic_write(self.report_file, report(self.engine, self.settings, self.lang))
        except OSError as error:
            self.warning = str(error)
        if self.interview:
            state = "left" if self.engine.left else "done"
            self._store(lambda: store.close(self.interview, state, summary(self.engine)))

    def _store(self, step: Callable[[], None]) -> None:
        """Where the file cannot be written the interview goes on, and says so. Raises Elsewhere."""
        try:
            step()
        except (OSError, sqlite3.Error) as error:
            self.interview = ""
            self.warning = pick(NOT_KEPT, self.lang).format(error)


def fitting(level: str | None, topics: Sequence[str], lang: Language, keys: Sequence[str] = ()) -> list[Lesson]:
    """The built lessons of this level, on one of these topics, among these questions (all where none is named).

    Raises ValueError, with what there is, where none fits.
    """
    lessons = [lesson_of(question) for question in written()]
    wanted = [topic.strip() for topic in topics if topic.strip()]
    found = [
        lesson for lesson in lessons
        if level in (None, lesson.level) and (not keys or lesson.question.key in keys)
        and (not wanted or any(on(lesson, topic) for topic in wanted))
    ]  # fmt: skip
    if not found:
        asked = pick((", ", "、"), lang).join([*([level] if level else []), *wanted, *keys])
        told = pick(NOTHING_FITS, lang).format(asked=asked)
        levels = ", ".join(sorted({lesson.level for lesson in lessons}))
        told += pick(LEVELS_ARE, lang).format(levels) if level else ""
        raise ValueError(told + (pick(TOPICS_ARE, lang).format(", ".join(all_topics())) if wanted else ""))
    return found


def _engine(settings: Mapping[str, Any]) -> Engine:
    return Engine({key: _material(key, settings) for key in settings["plan"]}, settings["plan"], settings["minutes"])


def _material(key: str, settings: Mapping[str, Any]) -> Material:
    lesson, task = lesson_of(resolve(key)), settings["tasks"].get(key)
    return Material(lesson, Matcher(settings["lang"]).links(lesson), _task(resolve(key), task) if task else None)


def _task(question: Question, function: str | None = None) -> Task | None:
    """The function of that name; else the shortest that calls no other exercise, first one that does not pass yet."""
    path = content("solutions", f"{question.stem}.py")
    if not path.is_file():
        return None
    alone = _independent(path)
    passed = {row["function"] for row in progress.attempts(question.key) if row["status"] == "passed"}
    found = [e for e in read_solution(path) if (e.name == function if function else e.name in alone)]
    best = min(found, key=lambda e: (e.name in passed, e.minutes), default=None)
    return best and Task(best.name, best.minutes, best.tasks)


def _independent(path: Path) -> set[str]:
    """The exercises of a solution that use no other exercise of the file."""
    names = {found.name for found in read_solution(path)}
    nodes = [n for n in ast.parse(path.read_text(encoding="utf-8")).body if getattr(n, "name", "") in names]
    used = {n.name: {i.id for i in ast.walk(n) if isinstance(i, ast.Name)} & (names - {n.name}) for n in nodes}
    return {name for name, others in used.items() if not others}


def stub(material: Material, lang: Language) -> str:
    """The stub of the coding task: the head of the exercise file, and this function alone."""
    question, task = material.lesson.question, material.task
    source = content("solutions", f"{question.stem}.py")
    text, names = stub_text(source, lang=lang), {found.name for found in read_solution(source)}
    lines = text.splitlines()
    for node in reversed(ast.parse(text).body):
        if getattr(node, "name", "") in names - {task.function}:  # type: ignore[union-attr]
            del lines[node.lineno - 1 : node.end_lineno]
    text = re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines).rstrip() + "\n")
    return re.sub(CHECK_IT[lang][0], CHECK_IT[lang][1], text, count=1)


def _folder(start: Path) -> Path:
    """`interviews` in the workspace around a folder, else under METAREC_HOME."""
    for parent in (start, *start.parents):
        if (parent / MARK).is_file() and parent != places.root():
            return parent / "interviews"
    return home() / "interviews"


@contextmanager
def _speaking(lang: Language) -> Iterator[None]:
    """The checker's messages come in the language of the interview."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = lang
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
