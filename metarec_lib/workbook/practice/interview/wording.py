"""What the interviewer says: the texts that the terminal and the panel share."""

from __future__ import annotations

from metarec_lib.workbook.core import Language, Pair, pick

from ..bank import plain, title
from .engine import Engine
from .report import STAGES, level_said

ASK: dict[str, Pair] = {
    "short": (
        "Answer in 30 seconds: what you would say first. Type it, or say it aloud and leave the field empty.",
        "请用 30 秒先说结论。可以打字；也可以口头说，什么都不输入。",
    ),
    "full": (
        "Now in {minutes} minutes: how it works, the formula, what you would measure.",
        "再用 {minutes} 分钟展开：原理、公式，以及你会怎么验证。",
    ),
    "follow-up": ("A minute for this one.", "这一问给你一分钟。"),
    "code": (
        "Write `{function}` ({minutes} minutes): {told}",
        "写出 `{function}`（{minutes} 分钟）：{told}",
    ),
    "rubric": (
        "What a good answer holds; its points in brackets. The ticks are suggestions, made from your words; you decide.",
        "下面是评分要点，方括号里是分值。已打的勾是程序按你的原话给的建议，最后由你定。",
    ),
}
ALOUD_TICKS: Pair = (
    "What a good answer holds; its points in brackets. Nothing was typed, so nothing is suggested: tick what you said.",
    "下面是评分要点，方括号里是分值。你没有打字，程序就没有建议：说到了哪几条，请自己勾。",
)
HEADING: Pair = ("Question {n} · {title} · level {level}", "第 {n} 题 · {title} · 级别 {level}")
CLOCK: Pair = ("{stage} · {used} s of {limit} s", "{stage} · 已用 {used} 秒，限 {limit} 秒")
OVER: Pair = ("The {limit} s are over: finish your sentence.", "{limit} 秒到了，说完这一句就停。")
PASSED: Pair = ("Passed: {points} of {possible} points.", "通过：{points}/{possible} 分。")
FAILED: Pair = ("Not yet: {points} of {possible} points.", "还没通过：{points}/{possible} 分。")
MODEL: Pair = ("A good short answer:", "参考短答：")
MORE: Pair = ("All of it: metarec ask {key}", "完整答案：metarec ask {key}")
REPORT: Pair = ("Transcript and report: {path}", "逐字记录和报告：{path}")
WAITING: Pair = (
    "An interview of {day} waits at question {n}, with all that you said.",
    "{day} 那场面试停在第 {n} 题，说过的话都还在。",
)
NEXT: Pair = ("The next question", "下一题")
CLOSED: Pair = ("The interview is over.", "面试结束。")


def heading(engine: Engine, lang: Language) -> str:
    """Number, title and level of the question that is asked now."""
    lesson = engine.material.lesson
    name = f"{lesson.question.key} · {title(lesson.question, lang)}"
    return pick(HEADING, lang).format(n=len(engine.turns), title=name, level=level_said(lesson.level, lang))


def asked(engine: Engine, lang: Language) -> str:
    """The question of this stage: the lesson's own, a follow-up, or the coding task."""
    lesson = engine.material.lesson
    if engine.stage == "follow-up":
        return plain(lesson.follow_ups[engine.asked].question[lang])  # type: ignore[index]
    return question(engine, lang) if engine.stage in ("short", "full") else ""


def question(engine: Engine, lang: Language) -> str:
    """The question of the lesson, in any stage."""
    return plain(engine.material.lesson.texts["question"][lang])


def to_do(engine: Engine, lang: Language) -> str:
    """What the candidate is to do in this stage."""
    values = {"minutes": engine.material.lesson.minutes}
    if engine.stage == "rubric" and not engine.turn.typed:
        return pick(ALOUD_TICKS, lang)
    if engine.stage == "code" and (task := engine.material.task):
        values = {"function": task.function, "minutes": task.minutes, "told": pick(task.told, lang)}
    return pick(ASK[engine.stage], lang).format(**values)


def clock(engine: Engine, at: float, lang: Language, counted: str = "") -> str:
    """The stage, and its seconds so far. counted: stands for the seconds, where something else counts them."""
    name = pick(STAGES[engine.stage], lang)
    if engine.limit is None:
        return name
    return pick(CLOCK, lang).format(stage=name, used=counted or round(engine.used(at)), limit=engine.limit)
