"""The grammar of a lesson: what each tagged cell must hold. Every breach is collected, then all are shown together."""

import re
from pathlib import Path

from metarec_lib.workbook.core import Question, is_chinese, resolve

from . import lesson as form
from .breaches import Breaches, is_lenient
from .chinese import joined
from .grammar_code import check_code
from .lesson import Cell, FollowUp, Lesson, Pitfall, Point
from .sizes import check_sizes
from .twins import pair

NEW = ("from-scratch", "expect", "measured")  # tags that the lessons on the list of exceptions may lack
LEVELS = ("junior", "mid", "senior", "staff")
META = re.compile(r"level: *(\w+) *· *minutes: *(\d+) *· *needs: *(.+?) *· *topics: *(.+)")
POINT = re.compile(r"- \[(\d+)\] +(.+)")
PITFALL = re.compile(r"- \*\*(.+?)\*\* *→ *(.+)")
FOLLOW_UP = re.compile(r"<details>\s*<summary>(.+?)</summary>(.+?)</details>", re.DOTALL)
Texts = dict[str, dict[str, str]]


def lesson_from(question: Question, path: Path, cells: list[Cell], limits: bool = True) -> Lesson:
    """The lesson that these cells make. Raises LessonError that names all breaches at once.

    limits: whether code and sizes are looked at as well, which is most of the work; a built lesson has passed them.
    """
    breaches = Breaches(f"notebooks/source/{path.name}", lenient=is_lenient(path.stem))
    cells = pair(cells, breaches)
    _check_tags(cells, breaches)
    texts = _texts(cells, breaches)
    lines = {tag: cell.line for cell in cells for tag in cell.tags}
    level, minutes, needs, topics = _question_line(question, texts, lines, breaches)
    rubric = _rubric(texts, lines, breaches)
    pitfalls = _pitfalls(texts, lines, breaches)
    follow_ups = _follow_ups(texts, lines, breaches)
    if limits:
        check_code(question, cells, breaches)
        check_sizes(cells, texts, breaches)
    breaches.raise_any()
    return Lesson(question, path, tuple(cells), level, minutes, needs, topics, texts, rubric, pitfalls, follow_ups)


def _check_tags(cells: list[Cell], breaches: Breaches) -> None:
    for cell in cells:
        for tag in cell.tags:
            if tag not in form.KNOWN_TAGS:
                known = ", ".join(form.KNOWN_TAGS)
                breaches.add(cell.line, f"the unknown tag {tag!r}", f"one of {known}", "Correct the tag.")
            markdown = tag in form.TEXT_TAGS or tag == "expect"
            kind = "markdown" if markdown else "code" if tag in form.CODE_TAGS else cell.kind
            if kind != cell.kind:
                breaches.add(cell.line, f"a {cell.kind} cell tagged {tag!r}", f"a {kind} cell", "Move the tag.")
        if len(texts := [tag for tag in cell.tags if tag in form.TEXT_TAGS]) > 1:
            breaches.add(cell.line, f"the tags {texts} on one cell", "one text tag a cell", "Split the cell.")
    for tag in (*form.TEXT_TAGS, "claim", "play", "exercise", *NEW):
        _check_count(tag, [cell for cell in cells if tag in cell.tags], breaches)


def _check_count(tag: str, having: list[Cell], breaches: Breaches) -> None:
    once, breach = tag in (*form.TEXT_TAGS, "measured"), breaches.limit if tag in NEW else breaches.add
    if not having:
        breach(1, f"no cell tagged {tag!r}", "one" if once else "at least one", "Add it.")
    for cell in having[1:] if once else []:
        breaches.add(cell.line, f"a second cell tagged {tag!r}", "one", "Join it with the first.")


def _texts(cells: list[Cell], breaches: Breaches) -> Texts:
    """The text cells by tag and language; where both are asked for, each stands under its heading."""
    texts: Texts = {}
    for cell in cells:
        for tag in cell.tags:
            if tag in form.TEXT_TAGS and tag not in texts:
                texts[tag] = _languages(tag, cell, breaches)
    return texts


def _languages(tag: str, cell: Cell, breaches: Breaches) -> dict[str, str]:
    parts = re.split(r"^(#### (?:English|中文)) *$", cell.source, flags=re.MULTILINE)
    named = {heading: joined(text.strip()) for heading, text in zip(parts[1::2], parts[2::2], strict=True)}
    if not named and tag not in form.BOTH_LANGUAGES:
        named = {form.HEADINGS["zh" if tag == "zh" else "en"]: joined(cell.source.strip())}
    wanted = form.HEADINGS if tag in form.BOTH_LANGUAGES else {"zh" if tag == "zh" else "en": ""}
    found = {code: named[heading] for code, heading in form.HEADINGS.items() if heading in named}
    for code in wanted:
        if not found.get(code):
            heading = form.HEADINGS[code]
            breaches.add(cell.line, f"no text under `{heading}` in {tag!r}", "both languages", f"Add `{heading}`.")
    if found.get("zh") and not is_chinese(found["zh"]):
        breaches.add(cell.line, f"no Chinese under `#### 中文` in {tag!r}", "Chinese text", "Write it.")
    return found


def _question_line(question: Question, texts: Texts, lines: dict[str, int], breaches: Breaches):
    """Level, minutes, needs and topics; the line is taken out of the texts."""
    chinese = texts.get("question", {}).get("zh", "").rstrip()
    body, _, last = chinese.rpartition("\n")
    match, line = META.fullmatch(last.strip()), lines.get("question", 1)
    if not match:
        wanted = "`level: senior · minutes: 3 · needs: q01, q06 · topics: a, b` (or `needs: none`)"
        breaches.add(line, f"the last line {last.strip()!r} in 'question'", wanted, "Correct it.")
        return "", 0, (), ()
    texts["question"]["zh"] = body.strip()
    level, minutes, needs, topics = match.groups()
    if level not in LEVELS:
        breaches.add(line, f"the level {level!r}", f"one of {', '.join(LEVELS)}", "Correct it.")
    if not 1 <= int(minutes) <= 10:
        breaches.add(line, f"{minutes} minutes", "1 to 10", "Correct it.")
    asked = [] if needs == "none" else _split(needs)
    return level, int(minutes), _needed(question, asked, line, breaches), tuple(_split(topics))


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _needed(question: Question, names: list[str], line: int, breaches: Breaches) -> tuple[Question, ...]:
    needed = []
    for name in names:
        try:
            needed.append(resolve(name))
        except ValueError as error:
            breaches.add(line, f"the need {name!r}", "an existing question", str(error))
    if question in needed:
        breaches.add(line, f"{question.key} among its own needs", "other questions", "Take it out.")
    return tuple(needed)


def _items(tag: str, texts: Texts, lines: dict[str, int], breaches: Breaches, rule: re.Pattern, form_: str):
    """The list items of a text cell in both languages, as pairs (en, zh) of matches."""
    found: dict[str, list[re.Match]] = {"en": [], "zh": []}
    for code, matches in found.items():
        text = re.sub(r"\n[ \t]+(?=\S)", " ", texts.get(tag, {}).get(code, ""))
        for item in filter(str.strip, text.splitlines()):
            if match := rule.fullmatch(item.strip()):
                matches.append(match)
            else:
                breaches.add(lines[tag], f"{item.strip()!r} in {tag!r}", f"`{form_}`", "Correct the line.")
    return _paired(tag, found, lines, breaches)


def _paired(tag: str, found: dict[str, list[re.Match]], lines: dict[str, int], breaches: Breaches):
    if len(found["en"]) != len(found["zh"]):
        got = f"{len(found['en'])} items in English and {len(found['zh'])} in Chinese in {tag!r}"
        breaches.add(lines.get(tag, 1), got, "the same items in the same order", "Add what is missing.")
    return list(zip(found["en"], found["zh"], strict=False))


def _rubric(texts: Texts, lines: dict[str, int], breaches: Breaches) -> tuple[Point, ...]:
    pairs = _items("rubric", texts, lines, breaches, POINT, "- [2] point")
    line = lines.get("rubric", 1)
    if "rubric" in texts and not 4 <= len(pairs) <= 7:
        breaches.add(line, f"{len(pairs)} points in 'rubric'", "4 to 7", "Split or join points.")
    if (total := sum(int(en[1]) for en, _ in pairs)) != 10 and pairs:
        breaches.add(line, f"weights that sum to {total} in 'rubric'", "10", "Weigh the points anew.")
    for en, zh in pairs:
        if en[1] != zh[1]:
            got = f"weight {en[1]} in English and {zh[1]} in Chinese for {en[2]!r}"
            breaches.add(line, got, "the same weights in the same order", "Correct one of them.")
    return tuple(Point(int(en[1]), en[2], zh[2]) for en, zh in pairs)


def _pitfalls(texts: Texts, lines: dict[str, int], breaches: Breaches) -> tuple[Pitfall, ...]:
    pairs = _items("pitfalls", texts, lines, breaches, PITFALL, "- **wrong** → correction")
    return tuple(Pitfall({"en": en[1], "zh": zh[1]}, {"en": en[2], "zh": zh[2]}) for en, zh in pairs)


def _follow_ups(texts: Texts, lines: dict[str, int], breaches: Breaches) -> tuple[FollowUp, ...]:
    tag, line = "follow-ups", lines.get("follow-ups", 1)
    found = {code: list(FOLLOW_UP.finditer(texts.get(tag, {}).get(code, ""))) for code in ("en", "zh")}
    for text in texts.get(tag, {}).values():
        if rest := FOLLOW_UP.sub("", text).strip():
            form_ = "`<details><summary>question</summary>answer</details>` and nothing else"
            breaches.add(line, f"{rest.splitlines()[0]!r} in {tag!r}", form_, "Correct it.")
    pairs = _paired(tag, found, lines, breaches)
    if tag in texts and not 3 <= len(pairs) <= 5:
        breaches.add(line, f"{len(pairs)} follow-ups", "3 to 5", "Add or drop some.")
    stripped = [[text.strip() for text in (en[1], zh[1], en[2], zh[2])] for en, zh in pairs]
    return tuple(FollowUp({"en": q, "zh": q_zh}, {"en": a, "zh": a_zh}) for q, q_zh, a, a_zh in stripped)
