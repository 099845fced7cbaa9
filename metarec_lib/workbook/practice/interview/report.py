"""The report of an interview and the history of all, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import mean
from typing import Any

from metarec_lib.workbook.core import Language, Pair, pick

from ..bank import plain, title
from .engine import FOLLOW_UP, SHORT, Answer, Engine, Material, Turn

MARKS = "，。；：、？！,.;:?! "  # a run of Chinese characters may end in one
ABOUT = 2  # missed points that the report names as the reason of a follow-up

SELF: Pair = (
    "This score is a self-assessment: the ticks are yours, a program only suggested them, and no interviewer has heard you.",
    "这个分数是自评：勾是你自己打的，程序只给了建议，也没有面试官听过你的回答。",
)
HEAD: Pair = ("# Mock interview of {day}", "# 模拟面试 {day}")
FACTS: Pair = (
    "{minutes} of {planned} minutes · level: {level} · topics: {topics}",
    "用时 {minutes}/{planned} 分钟 · 级别：{level} · 主题：{topics}",
)
LEVELS = {"junior": "初级", "mid": "中级", "senior": "高级", "staff": "专家级"}
ANY: Pair = ("any", "不限")
TOTAL: Pair = ("**{points} of {possible} rubric points.** {note}", "**评分要点 {points}/{possible} 分。** {note}")
NO_POINTS: Pair = ("No question was brought to its rubric.", "没有一道题走到评分这一步。")
LEFT_EARLY: Pair = ("You left before the end.", "这场面试提前结束了。")
STAGES: dict[str, Pair] = {
    "short": ("30 seconds", "30 秒短答"),
    "full": ("Full answer", "展开回答"),
    "follow-up": ("Follow-up", "追问"),
    "code": ("Coding", "写代码"),
    "rubric": ("Rubric", "对照评分要点"),
}
ALOUD: Pair = ("*said aloud*", "*口头作答*")
OF: Pair = ("{stage}, {seconds} s of {limit} s", "{stage}，{seconds} 秒（限 {limit} 秒）")
DRAWN: Pair = ("Asked because your words did not show: {points}", "问这一题，是因为前面的回答里没看到：{points}")
CHECKED: Pair = ("Run {n}: {points} of {possible} points{passed}", "第 {n} 次运行：{points}/{possible} 分{passed}")
PASSED: Pair = (", passed", "，通过")
POINTS: Pair = ("{points} of {possible} points, by your own ticks", "自评 {points}/{possible} 分")
UNTICKED: Pair = ("not ticked: you left before the rubric", "没有评分：还没到这一步就结束了")
FOUND: Pair = ("found in “{sentence}”{words}", "依据“{sentence}”{words}")
WORDS: Pair = (" (words: {})", "（词：{}）")
LATE: Pair = ("after a follow-up", "追问之后才说到")
CHANGED: Pair = ("you changed the suggestion", "你改了程序的建议")
HISTORY: Pair = ("| interview | minutes | questions | points | of 10 |", "| 面试 | 分钟 | 题目 | 得分 | 折合 10 分 |")
NO_HISTORY: Pair = ("No interview so far: metarec interview", "还没有面试过：metarec interview")
OPEN, LEFT = ("open", "进行中"), ("left early", "提前结束")
TREND: Pair = (
    "Trend: {late:.1f} of 10 in the last {n}, {early:.1f} in the {n} before. Other questions were drawn and the ticks are "
    "your own: read it as a hint.",
    "趋势：最近 {n} 场平均 {late:.1f}/10，再往前 {n} 场 {early:.1f}/10。每场抽到的题不同，勾也是自己打的，仅供参考。",
)
NO_TREND: Pair = ("A trend is told from four scored interviews on.", "有四场打过分的面试之后，才谈得上趋势。")


def level_said(level: str, lang: Language) -> str:
    """The name of a level in a language."""
    return pick((level, LEVELS.get(level, level)), lang)


def report(engine: Engine, settings: Mapping[str, Any], lang: Language) -> str:
    """Score, transcript and rubric of every question, in one language."""
    return "\n".join(
        [*_top(engine, settings, lang), *(line for turn in engine.turns for line in _turn(engine, turn, lang))]
    )


def _top(engine: Engine, settings: Mapping[str, Any], lang: Language) -> Iterator[str]:
    yield pick(HEAD, lang).format(day=settings.get("day", "")).rstrip() + "\n"
    chosen = {name: settings[name] or pick(ANY, lang) for name in ("level", "topics")}
    chosen["level"] = level_said(chosen["level"], lang)
    if not isinstance(chosen["topics"], str):
        chosen["topics"] = ", ".join(chosen["topics"])
    facts = pick(FACTS, lang).format(minutes=round(engine.elapsed / 60), planned=f"{engine.minutes:g}", **chosen)
    yield facts + "\n"
    if engine.left:
        yield pick(LEFT_EARLY, lang) + "\n"
    told = pick(TOTAL, lang).format(points=engine.score, possible=engine.possible, note=pick(SELF, lang))
    yield (told if engine.possible else pick(NO_POINTS, lang)) + "\n"


def _turn(engine: Engine, turn: Turn, lang: Language) -> Iterator[str]:
    lesson = engine.materials[turn.key].lesson
    yield f"## {turn.key} · {title(lesson.question, lang)}\n"
    yield _quoted(plain(lesson.texts["question"][lang])) + "\n"
    for answer in turn.answers:
        yield from _answer(engine, turn, answer, lang)
    yield from _checks(engine, turn, lang)
    yield from _rubric(engine, turn, lang)


def _answer(engine: Engine, turn: Turn, answer: Answer, lang: Language) -> Iterator[str]:
    lesson = engine.materials[turn.key].lesson
    limit = {"short": SHORT, "full": 60 * lesson.minutes, "follow-up": FOLLOW_UP}[answer.stage]
    yield _headed(pick(STAGES[answer.stage], lang), answer.seconds, limit, lang)
    if answer.follow_up is not None:
        yield _quoted(plain(lesson.follow_ups[answer.follow_up].question[lang])) + "\n"
        if answer.drawn_for:
            told = _most_about(engine.materials[turn.key], answer.follow_up, answer.drawn_for)
            missed = pick(("; ", "；"), lang).join(plain(getattr(lesson.rubric[p], lang)) for p in told)
            yield f"*{pick(DRAWN, lang).format(points=missed)}*\n"
    yield (answer.text or pick(ALOUD, lang)) + "\n"


def _most_about(material: Material, follow_up: int, missed: Sequence[int]) -> list[int]:
    """Of the points that were missed the two that this follow-up is most about, in the order of the rubric."""
    links = material.links[follow_up]
    return sorted(sorted(missed, key=lambda p: -links[p])[:ABOUT])


def _checks(engine: Engine, turn: Turn, lang: Language) -> Iterator[str]:
    task = engine.materials[turn.key].task
    if task is None or not turn.checks:
        return
    name = f"{pick(STAGES['code'], lang)} · `{task.function}`"
    yield _headed(name, turn.seconds.get("code", 0.0), 60 * task.minutes, lang)
    yield pick(task.told, lang) + "\n"
    for number, check in enumerate(turn.checks, 1):
        passed = pick(PASSED, lang) if check["passed"] else ""
        values = {name: f"{round(check[name], 1):g}" for name in ("points", "possible")}
        first = "" if check["passed"] else check["message"].partition("\n")[0].replace("`", "'")
        why = f"  - `{first}`" if first else ""
        yield "\n".join(filter(None, ("- " + pick(CHECKED, lang).format(n=number, passed=passed, **values), why)))
    yield ""


def _headed(stage: str, seconds: float, limit: int, lang: Language) -> str:
    return f"### {pick(OF, lang).format(stage=stage, seconds=round(seconds), limit=limit)}\n"


def _rubric(engine: Engine, turn: Turn, lang: Language) -> Iterator[str]:
    material = engine.materials[turn.key]
    told = UNTICKED if turn.ticks is None else POINTS
    counted = pick(told, lang).format(points=engine.points(turn), possible=sum(material.weights))
    yield f"### {pick(STAGES['rubric'], lang)}{pick((': ', '：'), lang)}{counted}\n"
    for place, point in enumerate(material.lesson.rubric):
        tick = turn.ticks[place] if turn.ticks is not None else False
        yield f"- [{'x' if tick else ' '}] [{point.weight}] {plain(getattr(point, lang))}"
        if notes := list(_notes(turn, place, lang)):
            yield f"  - {pick(('; ', '；'), lang).join(notes)}"
    yield ""


def _notes(turn: Turn, place: int, lang: Language) -> Iterator[str]:
    """Why a point is ticked as it is."""
    if place < len(turn.found) and turn.said[place]:
        yield evidence(turn.found[place], lang)
        if turn.said_in.get(place) == "follow-up":
            yield pick(LATE, lang)
    if turn.ticks is not None and turn.typed and turn.ticks[place] != (place < len(turn.found) and turn.said[place]):
        yield pick(CHANGED, lang)


def evidence(found: Mapping[str, Any], lang: Language, width: int = 160) -> str:
    """The sentence in which a point was found, and the words."""
    sentence = found["sentence"] if len(found["sentence"]) <= width else found["sentence"][: width - 1] + "…"
    words = [word.strip(MARKS) for word in found["words"]]
    listed = pick((", ", "、"), lang).join(filter(None, words))
    return pick(FOUND, lang).format(sentence=sentence, words=pick(WORDS, lang).format(listed) if listed else "")


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


# -- history ------------------------------------------------------------------------------------------------------------
def summary(engine: Engine) -> dict[str, Any]:
    """What the history keeps of an interview that is over."""
    asked = [turn.key for turn in engine.turns]
    return {"minutes": engine.elapsed / 60, "asked": asked, "points": engine.score, "possible": engine.possible}


def history(rows: Sequence[Mapping[str, Any]], lang: Language) -> str:
    """All interviews as a table, oldest first, and the trend. rows: as `store.interviews` gives them."""
    if not rows:
        return pick(NO_HISTORY, lang)
    over = [row["summary"] for row in rows if row["summary"]]
    table = [pick(HISTORY, lang), "|---|--:|---|--:|--:|", *(_row(row, lang) for row in rows)]
    return "\n".join([*table, "", trend(over, lang), "", pick(SELF, lang)])


def _row(row: Mapping[str, Any], lang: Language) -> str:
    state = {"open": pick(OPEN, lang), "left": pick(LEFT, lang)}.get(row["state"], "")
    day = row["settings"].get("day") or row["started"][:16].replace("T", " ")  # the first by the learner's own clock
    name = f"{day} {state}".strip()
    if not (found := row["summary"]):
        return f"| {name} | | | | |"
    share = f"{10 * found['points'] / found['possible']:.1f}" if found["possible"] else "–"
    asked = ", ".join(found["asked"])
    return f"| {name} | {round(found['minutes'])} | {asked} | {found['points']}/{found['possible']} | {share} |"


def trend(over: Sequence[Mapping[str, Any]], lang: Language) -> str:
    """The mean of the last interviews against as many before, up to three each."""
    shares = [10 * found["points"] / found["possible"] for found in over if found["possible"]]
    n = min(3, len(shares) // 2)
    if n < 2:
        return pick(NO_TREND, lang)
    return pick(TREND, lang).format(n=n, late=mean(shares[-n:]), early=mean(shares[-2 * n : -n]))
