"""The 31 questions as a map by part, with the state of each: for the start page of a workspace and `metarec progress`.

Every state is told by a sign and in words; a tint only repeats it. The map's tiles are links in reading order by part, so
that Tab goes through them; the table below it says the same to a screen reader, row by row.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from metarec_lib.workbook.core import QUESTIONS, Language, Pair, language, pick, work_folder
from metarec_lib.workbook.lessons import MINUTES

from . import progress
from .standing import Standing, next_entry, standings

PASS = 0.7  # the share of the rubric's points from which an interview counts as good
DONE, BEGUN, OPEN, NEXT = "■", "◧", "□", "▶"
TINTS = ("#f4f5f7", "#dbe7f5", "#b9d3ee", "#93bde6")  # by how many of the three are done; black on each is above 10 : 1
PARTS: dict[str, str] = {
    "Part I. Foundations": "第一部分 基础",
    "Part II. Online and adaptive": "第二部分 在线与自适应",
    "Part III. Sharing, structure, compression": "第三部分 共享、结构与压缩",
    "Part IV. Attention and robustness": "第四部分 注意力与鲁棒性",
    "Part V. Search and augmentation": "第五部分 搜索与增强",
}
HEADS: tuple[Pair, ...] = (
    ("order", "顺序"), ("lesson", "课程"), ("read", "阅读"), ("exercises", "练习"), ("interview", "面试"),
    ("cards due", "待复习"), ("minutes: lesson + exercises", "分钟（课程 + 练习）"),
)  # fmt: skip
LEGEND: Pair = (
    f"Three signs, from left to right: read, exercises, interview. {DONE} done (interview: 70 % or more), {BEGUN} begun, "
    f"{OPEN} not yet; {NEXT} next in the order of reading.",
    f"三个符号从左到右：阅读、练习、面试。{DONE} 完成（面试：七成及以上），{BEGUN} 做了一部分，{OPEN} 还没做；"
    f"{NEXT} 按阅读顺序的下一课。",
)
CAPTION: Pair = ("The lessons, in reading order within each part", "各课的状态；每部分内按阅读顺序排列")
LEFT = "text-align:left"
BELOW: Pair = (
    "↻ cards to review. The table below says the same in words.",
    "↻ 待复习的卡片数。下面的表格用文字写着同样的内容。",
)


def progress_command(work: str | None = None, lang: Language | None = None, as_json: bool = False) -> int:
    """Print the map, or with `as_json` everything that is stored. work: as for `check`; all files where there is none."""
    lang, folder = lang or language(), _workspace(work)
    found = standings(folder)
    if as_json:
        print(json.dumps(as_dict(found), ensure_ascii=False, indent=1))
    else:
        print("\n".join(lines(found, lang)))
    return 0


def _workspace(work: str | None) -> Path | None:
    """The workspace of a work folder; None where none is asked for and none is around."""
    try:
        return Path(work_folder(work)).resolve().parent
    except ValueError:
        if work is not None:
            raise
        return None


def as_dict(found: Sequence[Standing]) -> dict[str, Any]:
    """Plain values: the state of each question, and the tables of the file as they are."""
    questions = [
        {
            "question": one.question.key, "title": one.question.title_en, "part": one.question.part, "read": one.read,
            "exercises": {"passed": one.entry.passed, "of": one.entry.functions},
            "points": one.points, "possible": one.possible,
            "interviews": [round(share, 4) for share in one.interviews], "cards_due": one.due,
        }
        for one in found
    ]  # fmt: skip
    reviews = progress.rows("SELECT time, card, rating, due, stability, difficulty FROM card_reviews ORDER BY id")
    hints = progress.rows("SELECT file, function, given FROM file_hints")
    return {
        "questions": questions, "attempts": progress.attempts(), "hints": hints, "reviews": reviews,
        "interview_scores": progress.scores(),
    }  # fmt: skip


# -- in words ---------------------------------------------------------------------------------------------------------------
def said(one: Standing, lang: Language) -> tuple[str, str, str, str]:
    """Read, exercises, interview and cards of one question, each in words; an empty text where there is nothing to say."""
    entry, last = one.entry, one.interviews[-1] if one.interviews else None
    read = pick(("read", "已读"), lang) if one.read else pick(("not yet", "未读"), lang)
    passed = pick((f"{entry.passed} of {entry.functions} pass", f"通过 {entry.passed}/{entry.functions}"), lang)
    times = len(one.interviews)
    held = pick((f"{last or 0:.0%} (held {times}×)", f"{last or 0:.0%}（{times} 次）"), lang) if times else ""
    due = pick((f"{one.due} due", f"{one.due} 张"), lang) if one.due else ""
    return read, passed, held, due


def signs(one: Standing) -> str:
    """Three signs: read, exercises, interview."""
    exercises = DONE if one.entry.done else BEGUN if one.entry.passed else OPEN
    interview = OPEN if not one.interviews else DONE if one.interviews[-1] >= PASS else BEGUN
    return f"{DONE if one.read else OPEN}{exercises}{interview}"


def counted(found: Sequence[Standing], lang: Language) -> str:
    """What is done, in one paragraph."""
    read, done = sum(bool(one.read) for one in found), sum(one.entry.done for one in found)
    held, due = sum(bool(one.interviews) for one in found), sum(one.due for one in found)
    points, possible = sum(one.points for one in found), sum(one.possible for one in found)
    n, of = len(found), len(QUESTIONS)
    return pick((
        f"**{n} of {of} lessons so far**, in reading order; {done} done. Read: {read}. Exercises: {points:g} of {possible} "
        f"points. Interviewed: {held}. Cards to review: {due}.",
        f"**目前有 {n}/{of} 课**，按阅读顺序排列；已完成 {done} 课。已读 {read} 课；练习 {points:g}/{possible} 分；"
        f"面试过 {held} 题；待复习卡片 {due} 张。",
    ), lang)  # fmt: skip


def by_part(found: Sequence[Standing]) -> Iterator[tuple[str, list[Standing]]]:
    """The parts, each with its lessons in the order given."""
    for part in dict.fromkeys(question.part for question in QUESTIONS):
        if inside := [one for one in found if one.question.part == part]:
            yield part, inside


def part_title(part: str, lang: Language) -> str:
    return pick((part, PARTS[part]), lang)


def _name(one: Standing, lang: Language) -> str:
    return f"{one.question.key} · {pick((one.question.title_en, one.question.title_zh), lang)}"


def _next(found: Sequence[Standing]) -> str:
    """The key of the next lesson in reading order; empty where all are done."""
    after = next_entry([one.entry for one in found])
    return after.question.key if after else ""


# -- in a terminal ----------------------------------------------------------------------------------------------------------
def lines(found: Sequence[Standing], lang: Language) -> Iterator[str]:
    """The map for a terminal: a line a question."""
    yield counted(found, lang).replace("**", "")
    after = _next(found)
    for part, inside in by_part(found):
        yield f"\n{part_title(part, lang)}"
        for one in inside:
            read, passed, held, due = said(one, lang)
            mark = NEXT if one.question.key == after else " "
            interview = pick((f"interview {held}", f"面试 {held}"), lang) if held else ""
            cards = pick((f"cards: {due}", f"待复习 {due}"), lang) if due else ""
            states = " · ".join(filter(None, (read, passed, interview, cards)))
            yield f"{mark} {signs(one)} {_name(one, lang)}\n        {states}"
    yield "\n" + pick(LEGEND, lang)


# -- on a page ------------------------------------------------------------------------------------------------------
def cells(one: Standing, found: Sequence[Standing], lang: Language) -> tuple[str, ...]:
    """The cells of one row of the table, but for the lesson's link."""
    place = next(n for n, other in enumerate(found, 1) if other is one)
    mark = f"{NEXT} " if one.question.key == _next(found) else "✓ " if one.entry.done else ""
    read, passed, held, due = said(one, lang)
    done = ("✓ " if one.read else "") + read, ("✓ " if one.entry.done else "") + passed
    return f"{mark}{place}", *done, held or "–", due or "–", f"{MINUTES} + {one.entry.minutes}"


def target(one: Standing, folder: Path, start: Path) -> str:
    """The link to the lesson's notebook from a folder."""
    return quote(Path(os.path.relpath(folder / "notebooks" / f"{one.question.stem}.ipynb", start)).as_posix())


def markdown(found: Sequence[Standing], folder: Path, start: Path, lang: Language) -> str:
    """The table by part, as Markdown."""
    heads = [pick(head, lang) for head in HEADS]
    top = ["| " + " | ".join(heads) + " |", "|--:|---|---|---|---|---|--:|"]
    rows: list[str] = []
    for part, inside in by_part(found):
        rows += ["", f"### {part_title(part, lang)}", "", *top]
        for one in inside:
            first, *rest = cells(one, found, lang)
            rows.append(f"| {first} | [{_name(one, lang)}]({target(one, folder, start)}) | " + " | ".join(rest) + " |")
    return "\n".join([counted(found, lang), *rows])


def html(found: Sequence[Standing], folder: Path, start: Path, lang: Language) -> str:
    """The map and the table by part, as HTML that JupyterLab shows before it is trusted."""
    tiles = [_tiles(part, inside, found, folder, start, lang) for part, inside in by_part(found)]
    paragraph = escape(counted(found, lang)).replace("**", "<b>", 1).replace("**", "</b>", 1)
    legend = f'<p style="font-size:90%">{escape(pick(LEGEND, lang))} {escape(pick(BELOW, lang))}</p>'
    return "\n".join([f"<p>{paragraph}</p>", *tiles, legend, _table(found, folder, start, lang)])


def _tiles(
    part: str, inside: Sequence[Standing], found: Sequence[Standing], folder: Path, start: Path, lang: Language
) -> str:
    links = "\n".join(_tile(one, found, folder, start, lang) for one in inside)
    return f'<p style="margin:8px 0 2px 0"><b>{escape(part_title(part, lang))}</b></p>\n<div>{links}</div>'


def _tile(one: Standing, found: Sequence[Standing], folder: Path, start: Path, lang: Language) -> str:
    key, three = one.question.key, signs(one)
    is_next = key == _next(found)
    label = f"{_name(one, lang)}: {', '.join(filter(None, said(one, lang)))}"
    style = (
        f"display:inline-block;min-width:84px;margin:2px;padding:4px 6px;text-align:center;color:#111;"
        f"text-decoration:none;background-color:{TINTS[three.count(DONE)]};"
        f"border:{'3px solid #111' if is_next else '1px solid #666'};border-radius:4px"
    )
    due = f" ↻{one.due}" if one.due else ""
    return (
        f'<a href="{escape(target(one, folder, start))}" title="{escape(label)}" aria-label="{escape(label)}" '
        f'style="{style}"><b>{NEXT + " " if is_next else ""}{key}</b><br>{three}{due}</a>'
    )


def _table(found: Sequence[Standing], folder: Path, start: Path, lang: Language) -> str:
    """One table, so that its columns stand below each other; each part is a group of rows under its name."""
    head = "".join(f'<th scope="col" style="{LEFT}">{escape(pick(name, lang))}</th>' for name in HEADS)
    groups = []
    for part, inside in by_part(found):
        name = escape(part_title(part, lang))
        rows = [_row(one, found, folder, start, lang) for one in inside]
        top = f'<tr><th scope="rowgroup" colspan="{len(HEADS)}" style="{LEFT}">{name}</th></tr>'
        groups.append("\n".join(["<tbody>", top, *rows, "</tbody>"]))
    caption = f'<caption style="{LEFT}">{escape(pick(CAPTION, lang))}</caption>'
    return "\n".join(["<table>", caption, f"<thead><tr>{head}</tr></thead>", *groups, "</table>"])


def _row(one: Standing, found: Sequence[Standing], folder: Path, start: Path, lang: Language) -> str:
    first, *rest = cells(one, found, lang)
    link = f'<a href="{escape(target(one, folder, start))}">{escape(_name(one, lang))}</a>'
    tail = "".join(f'<td style="{LEFT};white-space:nowrap">{escape(text)}</td>' for text in rest)
    row_head = f'<th scope="row" style="{LEFT};font-weight:normal">{link}</th>'
    return f'<tr><td style="{LEFT};white-space:nowrap">{escape(first)}</td>{row_head}{tail}</tr>'
