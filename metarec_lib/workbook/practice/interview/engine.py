"""The interview as a state machine: it takes events and says what is asked next. It reads no clock, no file and no key.

An event is a dict with a `kind` and `at`, the moment in seconds; the same events give the same interview, so that what is
stored of an interview are its events, and to resume it is to take them again.

    start                        the first question of the plan
    answer  text, found          an answer, said aloud where the text is empty; found: what the matching says of each point
    checked passed, points, …    a run of the real checker on the coding task
    ticks   ticks                the candidate's own ticks, one for each point of the rubric
    skip                         leave a stage
    pause, resume, leave

The stages of a question: short (30 seconds), full, follow-up, code, rubric.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metarec_lib.workbook.core import Pair
from metarec_lib.workbook.lessons import Lesson

SHORT, FOLLOW_UP = 30, 60  # seconds
FOLLOW_UPS = 2  # of a question
LEFT = 240  # seconds that must be left for another question
GAP = 3600  # seconds without an event that count as a pause: the lid was shut
STAGES = ("short", "full", "follow-up", "code", "rubric")
FITS = {
    "begin": ("start",),
    "short": ("answer", "skip"),
    "full": ("answer", "skip"),
    "follow-up": ("answer", "skip"),
    "code": ("checked", "skip"),
    "rubric": ("ticks",),
    "done": (),
}
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """The coding task of a question: one function of its exercises, what to write, and in how many minutes."""

    function: str
    minutes: int
    told: Pair


@dataclass(frozen=True)
class Material:
    """What is asked of one question. links[f][p]: how much follow-up f is about point p of the rubric, from 0 to 1."""

    lesson: Lesson
    links: Sequence[Sequence[float]]
    task: Task | None = None

    @property
    def weights(self) -> list[int]:
        return [point.weight for point in self.lesson.rubric]


@dataclass
class Answer:
    """One answer. follow_up: which of the lesson's was asked, and for: the missed points it was drawn for."""

    stage: str
    text: str
    seconds: float
    follow_up: int | None = None
    drawn_for: tuple[int, ...] = ()


@dataclass
class Turn:
    """One question of the interview so far.

    found: the matching's word on each point, over all answers so far; said_in: the stage in which a point was first found.
    checks: what the checker said, run by run; seconds: by stage; ticks: the candidate's own, once given.
    """

    key: str
    answers: list[Answer] = field(default_factory=list)
    found: list[dict[str, Any]] = field(default_factory=list)
    said_in: dict[int, str] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    ticks: list[bool] | None = None

    @property
    def said(self) -> list[bool]:
        """What the matching suggests to tick."""
        return [bool(item["said"]) for item in self.found]

    @property
    def typed(self) -> bool:
        return any(answer.text for answer in self.answers)


class Engine:
    """An interview. materials: of each question, by key; plan: keys in the order in which they may be asked.

    minutes: how long it should last; a question that has begun is asked to its end.
    """

    def __init__(self, materials: Mapping[str, Material], plan: Sequence[str], minutes: float) -> None:
        if not plan:
            raise ValueError("got an empty plan; expected at least one question to ask")
        self.materials, self.plan, self.minutes = materials, list(plan), minutes
        self.stage, self.paused, self.left = "begin", False, False
        self.turns: list[Turn] = []
        self.asked: int | None = None  # the follow-up that is asked now
        self.events = 0
        self.elapsed = 0.0  # seconds, without the pauses
        self._last = 0.0

    # -- what is asked now ----------------------------------------------------------------------------------------
    @property
    def turn(self) -> Turn:
        return self.turns[-1]

    @property
    def material(self) -> Material:
        return self.materials[self.turn.key]

    @property
    def limit(self) -> int | None:
        """Seconds for the stage; None where there is no clock."""
        if self.stage == "code":
            return 60 * self.material.task.minutes  # type: ignore[union-attr]
        lesson_minutes = self.material.lesson.minutes if self.turns else 0
        return {"short": SHORT, "full": 60 * lesson_minutes, "follow-up": FOLLOW_UP}.get(self.stage)

    def used(self, at: float) -> float:
        """Seconds of the stage that are gone at a moment."""
        before = self.turn.seconds.get(self._timed, 0.0) if self.turns else 0.0
        return before + (0.0 if self.paused else self._since(at))

    @property
    def _timed(self) -> str:
        """The name under which the time of the stage is kept; each follow-up has its own minute."""
        count = sum(answer.stage == "follow-up" for answer in self.turn.answers)
        return f"follow-up {count + 1}" if self.stage == "follow-up" else self.stage

    def _since(self, at: float) -> float:
        """Seconds since the last event. A clock that was set back, and a gap of an hour, count as nothing."""
        gone = at - self._last
        return gone if 0 <= gone < GAP else 0.0

    # -- events ---------------------------------------------------------------------------------------------------
    def check(self, event: Event) -> None:
        """Raise ValueError for an event that does not fit here; nothing is changed."""
        kind, fits = event["kind"], FITS[self.stage]
        if self.stage not in ("begin", "done"):
            fits = ("resume", "leave") if self.paused else (*fits, "pause", "resume", "leave")
        if kind not in fits:
            state = f"the stage {self.stage!r}" + (", paused" if self.paused else "")
            raise ValueError(f"got the event {kind!r} in {state}; expected {' or '.join(fits) or 'none'}")
        points = len(self.material.lesson.rubric) if self.turns else 0
        for name in ("ticks", "found"):
            if name in event and len(event[name]) not in ((points,) if name == "ticks" else (0, points)):
                raise ValueError(f"got {len(event[name])} {name}; expected {points}, one for each point of the rubric")

    def take(self, event: Event) -> None:
        """Go on by one event. Raises ValueError for one that does not fit here."""
        self.check(event)
        if self.turns and not self.paused and event["kind"] != "resume":
            gone = self._since(event["at"])
            self.elapsed += gone
            self.turn.seconds[self._timed] = self.turn.seconds.get(self._timed, 0.0) + gone
        self._last = event["at"]
        self.events += 1
        getattr(self, f"_{event['kind']}")(event)

    def _start(self, event: Event) -> None:
        self._next_question()

    def _answer(self, event: Event) -> None:
        drawn_for = tuple(self.missed()) if self.stage == "follow-up" else ()
        seconds = self.turn.seconds.get(self._timed, 0.0)
        self.turn.answers.append(Answer(self.stage, event["text"], seconds, self.asked, drawn_for))
        if event.get("found"):
            self.turn.found = list(event["found"])
        for point, said in enumerate(self.turn.said):
            if said:
                self.turn.said_in.setdefault(point, self.stage)
        self._after(self.stage)

    def _skip(self, event: Event) -> None:
        self._after("last follow-up" if self.stage == "follow-up" else self.stage)

    def _checked(self, event: Event) -> None:
        self.turn.checks.append({name: event[name] for name in ("passed", "points", "possible", "message")})
        if event["passed"]:
            self._after("code")

    def _ticks(self, event: Event) -> None:
        self.turn.ticks = [bool(tick) for tick in event["ticks"]]
        self._next_question()

    def _pause(self, event: Event) -> None:
        self.paused = True

    def _resume(self, event: Event) -> None:
        self.paused = False

    def _leave(self, event: Event) -> None:
        self.stage, self.left, self.paused = "done", True, False

    # -- what comes next ------------------------------------------------------------------------------------------
    def _after(self, stage: str) -> None:
        """The stage behind one that is over."""
        self.asked = None
        if stage == "short":
            self.stage = "full"
        elif stage in ("full", "follow-up") and (follow_up := self._follow_up()) is not None:
            self.stage, self.asked = "follow-up", follow_up
        elif stage != "code" and self._code_fits():
            self.stage = "code"
        else:
            self.stage = "rubric"

    def _next_question(self) -> None:
        left = 60 * self.minutes - self.elapsed
        if len(self.turns) == len(self.plan) or (self.turns and left < LEFT):
            self.stage = "done"
            return
        self.turns.append(Turn(self.plan[len(self.turns)]))
        self.stage = "short"

    def missed(self) -> list[int]:
        """The points that no answer has made so far, as far as the matching sees; none where nothing was typed."""
        return [place for place, said in enumerate(self.turn.said) if not said]

    def _follow_up(self) -> int | None:
        """The follow-up to ask: the one most about what was missed, by weight; the first where nothing is known."""
        asked = [answer.follow_up for answer in self.turn.answers if answer.follow_up is not None]
        rest = [place for place in range(len(self.material.lesson.follow_ups)) if place not in asked]
        if len(asked) == FOLLOW_UPS or not rest:
            return None
        missed, weights = self.missed(), self.material.weights
        return max(rest, key=lambda f: sum(weights[p] * self.material.links[f][p] for p in missed))

    def _code_fits(self) -> bool:
        task = self.material.task
        return task is not None and 60 * task.minutes <= 60 * self.minutes - self.elapsed

    # -- results --------------------------------------------------------------------------------------------------
    def points(self, turn: Turn) -> int | None:
        """Points of 10 by the candidate's own ticks; None where there are none yet."""
        if turn.ticks is None:
            return None
        return sum(w for w, tick in zip(self.materials[turn.key].weights, turn.ticks, strict=True) if tick)

    @property
    def possible(self) -> int:
        """Points of the rubrics that were ticked."""
        return sum(sum(self.materials[turn.key].weights) for turn in self.turns if turn.ticks is not None)

    @property
    def score(self) -> int:
        return sum(self.points(turn) or 0 for turn in self.turns)
