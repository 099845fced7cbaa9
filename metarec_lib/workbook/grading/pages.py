"""The pages of a report: one for the teacher, one for each student. Static HTML without scripts; every text is escaped."""

from __future__ import annotations

import difflib
import keyword
import re
from html import escape
from typing import Any

from metarec_lib.workbook.core import Pair, language, pick

WORDS: dict[str, Pair] = {  # ways to fail that are no named mistake
    "wrong": ("another wrong answer", "答案不对，不属于已知的错误"), "not written": ("not written", "没写"),
    "not run": ("the file does not load", "文件加载不了"), "exception": ("an error is raised", "抛出异常"),
    "time": ("over the time limit", "超时"), "crash": ("the process crashes", "进程崩溃"),
    "again": ("another answer at the second call", "第二次调用的结果不同"),
    "missing": ("the function is missing", "缺少这个函数"),
}  # fmt: skip
MOST_REMARKS = 2  # of a student, that are not folded
MOST_PAIRS = 30  # pairs of similar submissions that are shown side by side
NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?!\w*\s*\()")
STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; margin: .5rem 0 }
th, td { border: 1px solid #8886; padding: .25rem .6rem; text-align: left; vertical-align: top }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.bad { background: #e6a70033 }
.off { color: #666; color: light-dark(#555, #aaa) }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem }
pre { font: 13px/1.4 ui-monospace, monospace; overflow-x: auto; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere }
mark { background: #e6a70055; color: inherit }
"""


def page(title: str, body: str) -> str:
    """A whole page."""
    return (
        f'<!doctype html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def teacher(
    grades: dict[str, Any],
    items: list[dict[str, Any]],
    pairs: dict[str, list],
    sources: dict,
    folders: dict,
    known: dict,
) -> str:
    """The teacher's page. pairs: by question, of `similar`; sources, folders: by student, the texts and the folder;
    known: by question, what everyone was given."""
    title = grades["course"] or pick(("Grades", "成绩"))
    parts = [
        f"<h1>{escape(title)}</h1>", _about(grades), _grades(grades, folders), _items(items),
        *_similar(pairs, sources, known),
    ]  # fmt: skip
    return page(title, "\n".join(parts))


def _about(grades: dict[str, Any]) -> str:
    rows = grades["students"]
    graded = sum(row["status"] == "graded" for row in rows)
    walls = "; ".join(grades["walls_missing"]) or pick(("every wall stands", "完整"))
    own = grades["variant"] == "each student's own"
    variant = pick(("each student's own", "每名学生各不相同")) if own else str(grades["variant"])
    said = pick((
        f"{graded} of {len(rows)} submissions graded in full. Sandbox: {walls}. Random data of the tests: {variant}.",
        f"{len(rows)} 份作业中 {graded} 份全部评完。沙箱：{walls}。测试用的随机数据：{variant}。",
    ))  # fmt: skip
    left = ", ".join(grades["left_out"])
    more = pick((f" Not read as submissions: {left}.", f"没有当作作业读取：{left}。")) if left else ""
    return f"<p>{escape(said + more)}</p>"


def _grades(grades: dict[str, Any], folders: dict[str, str]) -> str:
    grade = pick((f"grade of {grades['best']:g}", f"成绩（满分 {grades['best']:g}）"))
    points = [f"{item['question']} / {item['points']:g}" for item in grades["questions"]]
    heads = [pick(("student", "学生")), pick(("name", "姓名")), grade, *points, pick(("remarks", "备注"))]
    lines = []
    for row in grades["students"]:
        link = f'<a href="students/{escape(folders[row["student"]])}/feedback.html">{escape(row["student"])}</a>'
        points = "".join(_number(result["points"]) for result in row["questions"])
        kind = "" if row["status"] == "graded" else ' class="bad"'
        said = _folded([escape(remark[:500]) for remark in row["remarks"]])
        lines.append(
            f"<tr{kind}><td>{link}</td><td>{escape(row['name'])}</td>{_number(row['grade'])}{points}<td>{said}</td></tr>"
        )
    return _table(pick(("Grades", "成绩")), heads, lines)


def _folded(lines: list[str]) -> str:
    """A few lines as they are; more behind their number."""
    if len(lines) <= MOST_REMARKS:
        return "<br>".join(lines)
    head = pick((f"{len(lines)} remarks", f"{len(lines)} 条备注"))
    return f"<details><summary>{head}</summary>{'<br>'.join(lines)}</details>"


def _items(items: list[dict[str, Any]]) -> str:
    heads = [pick(("function", "函数")), "n", pick(("mean share of the points", "平均得分率")),
             pick(("discrimination", "区分度")), pick(("most common mistake", "最常见的错误")),
             pick(("students", "人数"))]  # fmt: skip
    lines = [
        f"<tr><td>{item['question']} <code>{escape(item['name'])}</code></td>"
        f"{_number(item['n'])}{_number(item['difficulty'])}"
        f"{_number(item['discrimination'])}<td>{escape(_said(item['mistake']))}</td>{_number(item['times'])}</tr>"
        for item in items
    ]
    note = pick((
        "Discrimination: the correlation of a function's share with the share of all other functions, over the students "
        "graded in full; – where fewer than 5 are, or all have the same.",
        "区分度：某个函数的得分率与其余函数总得分率的相关系数，只算全部评完的学生；不足 5 人或人人同分时记作 –。",
    ))  # fmt: skip
    return _table(pick(("Exercises", "练习")), heads, lines) + f'<p class="off">{escape(note)}</p>'


def _said(mistake: str) -> str:
    return pick(WORDS[mistake]) if mistake in WORDS else mistake


def _similar(pairs: dict[str, list], sources: dict[str, dict[str, str]], known: dict[str, str]) -> list[str]:
    found = [(item["share"], question, item) for question, items in pairs.items() for item in items]
    found.sort(key=lambda entry: (-entry[0], entry[1], entry[2]["students"]))
    note = pick((
        "Names, comments and layout are taken away; what many wrote and what the solution has is not counted. A pair is a "
        "reason to look, no proof.",
        "比较时去掉了变量名、注释和排版；多数人都这么写的、参考解答里就有的写法不计。列在这里只说明值得看一眼，不是抄袭的证据。",
    ))  # fmt: skip
    parts = [f"<h2>{escape(pick(('Alike', '相似的作业')))}</h2>", f'<p class="off">{escape(note)}</p>']
    if not found:
        return [*parts, f"<p>{escape(pick(('No pair.', '没有。')))}</p>"]
    for share, question, item in found[:MOST_PAIRS]:
        left, right = item["students"]
        head = f"{question}: {left} · {right}, {share:.0%}"
        texts = [sources[name][question] for name in (left, right)]
        columns = "".join(f"<div><pre>{text}</pre></div>" for text in _marked(*texts, known[question]))
        parts.append(f'<details><summary>{escape(head)}</summary><div class="two">{columns}</div></details>')
    more = len(found) - MOST_PAIRS
    return [*parts, f"<p>{more} …</p>"] if more > 0 else parts


def _line(text: str) -> str:
    """A line without its comment and with one's own names taken away; calls, attributes and keywords stay."""
    text = re.sub(r"(^|\s+)#.*", "", text)
    return NAME.sub(lambda found: found[0] if keyword.iskeyword(found[0]) else "·", text)


def _marked(left: str, right: str, known: str) -> tuple[str, str]:
    """Both texts, with the lines marked that they have in common but for names and comments, and were not given."""
    lines, given = (left.splitlines()[:400], right.splitlines()[:400]), set(known.splitlines())
    same: tuple[set[int], set[int]] = set(), set()
    plain = [list(map(_line, text)) for text in lines]
    for block in difflib.SequenceMatcher(None, *plain, autojunk=False).get_matching_blocks():
        same[0].update(range(block.a, block.a + block.size))
        same[1].update(range(block.b, block.b + block.size))
    return tuple(  # type: ignore[return-value]
        "\n".join(
            f"<mark>{escape(line)}</mark>" if at in marks and line.strip() and line not in given else escape(line)
            for at, line in enumerate(text)
        )
        for text, marks in zip(lines, same, strict=True)
    )


def feedback(row: dict[str, Any], grades: dict[str, Any]) -> str:
    """A student's page: points, and what their own check says; no input of a hidden test, and nobody else's result."""
    title = pick(("Feedback for", "作业反馈：")) + pick((" ", "")) + (row["name"] or row["student"])
    parts = [f"<h1>{escape(title)}</h1>", f"<p>{escape(grades['course'])} {escape(row['student'])}</p>"]
    for result, question in zip(row["questions"], grades["questions"], strict=True):
        parts.append(_question(result, question))
    grade = "–" if row["grade"] is None else f"{row['grade']:g}"
    total = pick((f"Grade: {grade} of {grades['best']:g}", f"成绩：{grade} / {grades['best']:g}"))
    more = [f"<p>{escape(said)}</p>" for said in (_how(row, grades), row["late"]["said"]) if said]
    return page(title, "\n".join([*parts, f"<p><strong>{escape(total)}</strong></p>", *more]))


def _how(row: dict[str, Any], grades: dict[str, Any]) -> str:
    """How the grade follows from the points, as a student can reckon it; nothing where there is none."""
    parts = list(zip(row["questions"], grades["questions"], strict=True))
    if row["grade"] is None or not parts:
        return ""
    weights = [question["weight"] for _, question in parts]
    summed = len(set(weights)) == 1 and grades["best"] == grades["possible"]
    off = row["late"]["percent_off"]
    if summed and len(parts) == 1 and not off:
        return ""
    if summed:
        said, before = " + ".join(f"{_short(result['points'])}" for result, _ in parts), row["points"]
    else:
        terms = [
            f"{question['weight']:g} × {_short(result['points'])}/{question['points']:g}" for result, question in parts
        ]
        said = f"({' + '.join(terms)}) / {sum(weights):g} × {grades['best']:g}"
        shares = [question["weight"] * result["points"] / question["points"] for result, question in parts]
        before = sum(shares) / sum(weights) * grades["best"]
    less = pick((f", less {off:g} %: {_short(row['grade'])}", f"，扣 {off:g}%：{_short(row['grade'])}")) if off else ""
    return pick(("Points and weights: ", "分数与权重：")) + f"{said} = {_short(before)}{less}"


def _short(value: float) -> str:
    return f"{round(value, 2):g}"


def _question(result: dict[str, Any], question: dict[str, Any]) -> str:
    name = pick((question["title_en"], question["title_zh"]))
    head = f"{result['question']} · {name}"
    if result["status"] != "graded":
        said = pick((f"Not graded: {result['reason']}", f"未评分：{result['reason']}"))
        return f'<h2>{escape(head)}</h2><p class="bad">{escape(said)}</p>'
    core = {part["name"]: part["core"] for part in question["functions"]}
    lines = [_function(item, core[item["name"]]) for item in result["functions"]]
    heads = [pick(("function", "函数")), pick(("points", "分数")), pick(("what check says", "检查结果"))]
    points = f"{_short(result['points'])} / {question['points']:g}"
    graded = pick((f"{points} points. Graded: {result['file']}", f"{points} 分。评分的文件：{result['file']}"))
    return _table(head, heads, lines) + f'<p class="off">{escape(graded)}</p>'


def _function(item: dict[str, Any], core: list[str]) -> str:
    full = item["points"] == item["possible"]
    said = item["shown"] or (pick(("passed", "通过")) if full else "")
    passed = _passed(item["tests"], core)
    more = f'<br><span class="off">{escape(passed)}</span>' if passed else ""
    points = f"{_short(item['points'])} / {item['possible']:g}"
    return (
        f'<tr><td><code>{escape(item["name"])}</code></td><td class="n">{points}</td><td>{escape(said)}{more}</td></tr>'
    )


def _passed(tests: dict[str, bool], core: list[str]) -> str:
    """How many tests passed where it is some and not all, which is what a function's points follow from."""
    passed = sum(tests.values())
    if not 0 < passed < len(tests):
        return ""
    said = pick((f"{passed} of {len(tests)} tests passed", f"{len(tests)} 项测试通过了 {passed} 项"))
    capped = not all(tests.get(name, True) for name in core)
    return said + (
        pick((", a core test did not: at most a third", "，核心测试没通过，最多得三分之一")) if capped else ""
    )


def _table(title: str, heads: list[str], lines: list[str]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    body = "\n".join(lines)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"
    return f'<h2>{escape(title)}</h2>\n<div class="wide">{table}</div>'


def _number(value: float | None) -> str:
    return f'<td class="n">{"–" if value is None else f"{round(value, 2):g}"}</td>'
