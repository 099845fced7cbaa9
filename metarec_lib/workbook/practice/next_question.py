"""`metarec next` and `what_next()`: the next question, the reason, the plain order beside it, and what it does not know.

The recommendation is made in `recommending.py`, by the library's closed-form learner.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace

from metarec_lib.workbook.core import (
    Language,
    Pair,
    in_notebook,
    language,
    pick,
    resolve,
    show_markdown,
    spaced,
    watch_cells,
)

from .bank import plain
from .recommending import AGAIN, FADES, GOAL, NOISE, PRIOR, REACHES, READ, READY, Advice, Result, advise, results_of
from .standing import Entry, Standing, entries, next_entry, standings

SHOWN = 5
KINDS: dict[str, Pair] = {
    "interview": ("interview", "面试"),
    "exercises": ("exercises", "练习"),
    "cards": ("cards", "卡片"),
    "read": ("read", "读过"),
}
HEADS = (
    ("question", "expected share, 80 % interval", "points gained", "minutes", "points per hour"),
    ("题目", "预期得分率（80% 区间）", "可涨分", "分钟", "每小时涨分"),
)
FIRST: Pair = ("**Next: {name}** {why}", "**下一题：{name}** {why}")


def what_next(results: Mapping[str | int, float] | None = None) -> None:
    """Recommend the next question, with the reason; in a notebook or a terminal.

    results: shares of a made-up candidate, such as {"q01": 0.9, "q06": 0.3}, in place of your own. While lessons are built
    (METAREC_WORK=solutions) nobody's results count, and the prior speaks alone. Raises ValueError for a share outside
    0 to 1.
    """
    watch_cells()
    lang, in_cells = language(), in_notebook()
    show_markdown(told(*asked(results), lang, _table if in_cells else _listed))


def next_command(lang: Language | None = None, as_json: bool = False) -> int:
    """`metarec next`: the recommendation as text, or all numbers with `as_json`."""
    advice, results, found = asked()
    if not as_json:
        print(plain(told(advice, results, found, lang or language(), _listed)))
        return 0
    after = next_entry([one.entry for one in found])
    stated = {
        "prior": PRIOR,
        "noise": NOISE,
        "goal": GOAL,
        "ready": READY,
        "read": READ,
        "reaches": REACHES,
        "fades_days": FADES,
        "minutes_again": AGAIN,
    }
    numbers = {
        "assumed": stated,
        "results": [asdict(one) for one in results],
        "advice": [asdict(one) for one in advice],
        "by_order": after.question.key if after else None,
    }
    print(json.dumps(numbers, indent=1))
    return 0


def asked(results: Mapping[str | int, float] | None = None) -> tuple[list[Advice], list[Result], list[Standing]]:
    """The advice, the results it rests on, and where the learner stands. results: see `what_next`."""
    if results is None and os.environ.get("METAREC_WORK") != "solutions":
        found = standings(None)
        mine = results_of(found)
    else:  # somebody who has not begun
        found = [Standing(replace(entry, passed=0)) for entry in entries(None)]
        mine = [_made_up(key, share) for key, share in (results or {}).items()]
    return advise(found, mine), mine, found


def _made_up(key: str | int, share: float) -> Result:
    if not 0 <= share <= 1:
        raise ValueError(f"what_next: got the share {share!r} for {key!r}; expected a number from 0 to 1")
    return Result(resolve(key).key, float(share), "interview")


def told(
    advice: Sequence[Advice],
    results: Sequence[Result],
    found: Sequence[Standing],
    lang: Language,
    listed: Callable[[Sequence[Advice], Language], str],
) -> str:
    """The recommendation: the question and why, the first five, the plain order, and what it does not know."""
    best, after = advice[0], next_entry([one.entry for one in found])
    first = pick(FIRST, lang).format(name=_name(best.question, lang), why=why(best, lang))
    return "\n\n".join([first, listed(advice[:SHOWN], lang), by_order(best, after, lang), honest(results, lang)])


def _table(advice: Sequence[Advice], lang: Language) -> str:
    rows = [pick(HEADS, lang), ("---", "--:", "--:", "--:", "--:"), *(_cells(one, lang) for one in advice)]  # type: ignore[arg-type]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _listed(advice: Sequence[Advice], lang: Language) -> str:
    """The same for a terminal."""
    form: Pair = (
        "- {0}\n    {4} points an hour: {2} in {3} minutes; expected share now {1}",
        "- {0}\n    每小时 {4} 分：{3} 分钟涨 {2} 分；目前预期得分率 {1}",
    )
    return "\n".join(pick(form, lang).format(*_cells(one, lang)) for one in advice)


def _cells(one: Advice, lang: Language) -> tuple[str, ...]:
    interval = f"{one.share:.0%} [{one.low:.0%}, {one.high:.0%}]"
    return _name(one.question, lang), interval, f"{one.gain:.1f}", str(one.minutes), f"{60 * one.per_minute:.1f}"


def why(one: Advice, lang: Language) -> str:
    """The reason for a question: what its share is expected to be, what moved that, and whether what it needs stands."""
    gain = pick((
        f"You would answer {one.share:.0%} of its rubric now; about {one.gain:.1f} of 10 points are to be gained in "
        f"{one.minutes} minutes.",
        f"现在去答，预计能拿到评分要点的 {one.share:.0%}；花 {one.minutes} 分钟，大约能涨 {one.gain:.1f} 分（满分 10）。",
    ), lang)  # fmt: skip
    parts = [_moved(result, move, lang) for result, move in one.because]
    joined = pick((", ", "，"), lang).join(parts)
    because = pick((f" What moved this: {joined}." if parts else "", f"依据：{joined}。" if parts else ""), lang)
    ready = pick((
        f" The chance that you know what it needs well enough: {one.readiness:.0%}.",
        f"前置题已经够扎实的概率：{one.readiness:.0%}。",
    ), lang) if one.readiness < 1 else ""  # fmt: skip
    return gain + because + ready


def _moved(result: Result, move: float, lang: Language) -> str:
    kind = pick(KINDS[result.kind], lang)
    points = f"{100 * move:+.0f}".replace("-", "−")
    return pick((
        f"{result.question}, {kind} {result.share:.0%} ({points} points of 100)",
        f"{result.question} {kind} {result.share:.0%}（{points} 个百分点）",
    ), lang)  # fmt: skip


def by_order(best: Advice, after: Entry | None, lang: Language) -> str:
    """What the plain order of prerequisites says, the baseline."""
    if after is None:
        return pick(("By the order of prerequisites nothing is left.", "按前置顺序已经没有剩下的课。"), lang)
    key, name = after.question.key, _name(after.question.key, lang)
    if key == best.question:
        return pick(("The plain order of prerequisites says the same.", "按前置顺序排，答案相同。"), lang)
    return pick((
        f"The plain order of prerequisites, which looks at no result, says: {name}",
        f"只按前置顺序、不看任何成绩的话，下一课是：{name}",
    ), lang)  # fmt: skip


def honest(results: Sequence[Result], lang: Language) -> str:
    """What the recommendation knows and what it does not."""
    n = len(results)
    return pick((
        f"What it knows: {n} result{'s' * (n != 1)}, the parts, topics and prerequisites of the questions, and a prior "
        "that we wrote down. No log of learners exists, so neither the prior nor the gain was ever measured; whether "
        "this order teaches more than the plain one is not known.",
        f"它知道的：你的{spaced(str(n))} 条成绩，题目的部分、主题和前置关系，再加一个由我们写下的先验。"
        "没有任何学习者日志，所以先验和“可涨分”都没有实测过；这样排是否比按前置顺序学得更好，并不知道。",
    ), lang)  # fmt: skip


def _name(key: str, lang: Language) -> str:
    question = resolve(key)
    return f"{key} · {pick((question.title_en, question.title_zh), lang)}"
