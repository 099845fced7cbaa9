"""How the functions of a question came out, and what is said of each."""

from __future__ import annotations

from dataclasses import dataclass

from metarec_lib.workbook.core import Pair, pick
from .manifest import earned

STATE: Pair = (
    "Called again with the same arguments, it gives another answer: does it draw random numbers of its own, or keep "
    "something from call to call (a global variable, a default value that it changes)?",
    "用同样的参数再调用一次，答案却变了：是不是自己取了随机数，或者在多次调用之间保留了状态（全局变量、被改动的默认参数）？",
)


@dataclass
class Result:
    """How one function came out. status: passed, failed, not written, or not run (the file could not be loaded).

    core: the tests that the idea hangs on. message: what the first failed test saw; mistake: the sentence of the named
    mistake that the function behaves like; cause: what the author of that test thinks of first, which may be false of
    this function. unsteady: whether the same call gives another answer. follows: another function that this one calls
    and that does not pass yet. twice: the lines of its definitions where there are several. changed: an argument that
    it changed, which costs no points by itself. kind: how the learner's code failed, empty where it gave an answer.
    chance: whether it ran out of time while other programs had the processor.
    """

    name: str
    possible: float
    tests: dict[str, bool]
    core: tuple[str, ...] = ()
    status: str = "passed"
    message: str = ""
    mistake: str = ""
    cause: str = ""
    line: int | None = None
    printed: str = ""
    unsteady: bool = False
    follows: str = ""
    twice: tuple[int, ...] = ()
    changed: str = ""
    kind: str = ""
    chance: bool = False

    @property
    def points(self) -> float:
        return earned(self.possible, self.tests, self.core)

    @property
    def remark(self) -> str:
        """What to say beside the message; never false: a cause that was not recognised is something to check."""
        return pick((" ", "")).join(filter(None, [self._twice(), self._follows(), self._own(), self._cap()]))

    def _twice(self) -> str:
        lines = ", ".join(map(str, self.twice))
        return lines and pick((
            f"`{self.name}` is defined {len(self.twice)} times (lines {lines}): Python takes the last one.",
            f"`{self.name}` 定义了 {len(self.twice)} 次（第 {lines} 行）：Python 只认最后一个。",
        ))  # fmt: skip

    def _follows(self) -> str:
        return self.follows and pick((
            f"It calls `{self.follows}`, which does not pass yet: mend that first, then check again.",
            f"它调用了尚未通过的 `{self.follows}`：请先改好那个函数，再检查一次。",
        ))  # fmt: skip

    def _own(self) -> str:
        if self.unsteady:
            return pick(STATE)
        own = self.mistake or (self.cause and pick((f"Check: {self.cause}", f"请检查：{self.cause}"))) or self.changed
        if own and self.follows:  # it may behave like a mistake that is not its own
            return pick((f"If it still fails then: {own}", f"如果改好之后仍不通过：{own}"))
        return own

    def _cap(self) -> str:
        shares = self.possible * sum(self.tests.values()) / len(self.tests)
        return "" if self.points == shares else pick((
            "(A test of the idea itself fails: at most a third of the points.)",
            "（考查核心思想的测试没有通过：最多得三分之一的分数。）",
        ))  # fmt: skip


@dataclass
class Verdict:
    """All functions of a question, and what is wrong with the file as a whole, if anything.

    started: whether there was a process for the learner's code each time; where not, the points mean nothing.
    """

    functions: list[Result]
    problem: str = ""
    started: bool = True
