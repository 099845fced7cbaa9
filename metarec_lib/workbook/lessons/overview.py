"""The table of the 31 questions in README.md and README.zh.md; what came out is read from the claims in the notebooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metarec_lib.workbook.core import QUESTIONS, Language, Question, glossary, pick, places

from .claims import difference_of, figures, records_of, side_text, what
from .measured import EQUAL, LOWER, NONE, Verdict, headline, verdicts

BEGIN, END = "<!-- questions: written by `metarec build` -->", "<!-- end of questions -->"
READMES: dict[str, Language] = {"README.md": "en", "README.zh.md": "zh"}
HEADS = (("", "question", "what came out"), ("", "问题", "测得的结果"))


def readme_text(name: str = "README.md") -> str:
    """A README with its table made anew. Raises ValueError where the two marks are missing."""
    text = places.content(name).read_text(encoding="utf-8")
    start, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"{name}: expected the marks {BEGIN} and {END} around the table of questions; put them back")
    return f"{start}{BEGIN}\n{table(READMES[name])}\n{END}{after}"


def table(lang: Language = "en") -> str:
    """How many lessons there are so far, then one row a question; without a built notebook it has no link and no outcome."""
    built = sum(_notebook(question).is_file() for question in QUESTIONS)
    counted = pick((
        f"**{built} of {len(QUESTIONS)} so far.** Those with a link are written.",
        f"**目前完成 {built}/{len(QUESTIONS)} 课。** 有链接的就是写好的。",
    ), lang)  # fmt: skip
    heads = "| " + " | ".join(pick(HEADS, lang)) + " |"  # type: ignore[arg-type]
    return "\n".join([counted, "", heads, "|---|---|---|", *(_row(question, lang) for question in QUESTIONS)])


def _notebook(question: Question) -> Path:
    return places.content("notebooks", f"{question.stem}.ipynb")


def _row(question: Question, lang: Language) -> str:
    title, path = pick((question.title_en, question.title_zh), lang), _notebook(question)
    if not path.is_file():
        return f"| {question.key} | {title} | |"
    try:
        told = outcome(path.read_text(encoding="utf-8"), lang)
    except ValueError as error:
        raise ValueError(f"{question.key}: {error} Or build the lesson anew.") from None
    return f"| [{question.key}](notebooks/{question.stem}.ipynb) | {title} | {told} |"


def outcome(notebook: str, lang: Language = "en") -> str:
    """The claim that a lesson marks as its headline, in plain words that say no more than its verdict after Holm."""
    found = headline(verdicts(records_of(json.loads(notebook))))
    return plainly(found, lang) if found else ""


def plainly(found: Verdict, lang: Language) -> str:
    """A verdict as a sentence, with the difference and its interval."""
    record, percent = found.record, glossary.find(found.record["metric"], "metric").percent
    a, b = (side_text(record[side], lang, percent) for side in ("a", "b"))
    said = _clear(found, a, b, lang) if found.clear else _not_clear(found, a, b, lang)
    return said if said[1:2].isupper() else said[:1].upper() + said[1:]  # nDCG stays as it is


def asked(found: Verdict, lang: Language) -> str:
    """What was compared, and not what came out: "RMSE at K = 20: closed-form head minus matrix factorisation"."""
    return pick((": ", "："), lang).join([what(found.record, lang), difference_of(found.record, lang)])


def _clear(found: Verdict, a: str, b: str, lang: Language) -> str:
    """`RMSE at K = 20: closed-form head is lower than matrix factorisation, by 0.018 [0.014, 0.022]`."""
    record, lower = found.record, found.word == LOWER
    size = _size(record, lang)
    small = found.text(lang).partition("，但" if lang == "zh" else ", but ")[2]
    if lang == "zh":
        than = f"{what(record, lang)}：{_side_by_side(a, '比', b, '低' if lower else '高', size)}"
        return f"{than}（差别清楚，但{small}）" if small else than
    than = f"{what(record, lang)}: {a} is {'lower' if lower else 'higher'} than {b}, by {size}"
    return f"{than} (clear, but {small})" if small else than


def _not_clear(found: Verdict, a: str, b: str, lang: Language) -> str:
    about, shown = what(found.record, lang), figures(found.record, lang)
    both, chinese = (
        f"{a} and {b}",
        (_side_by_side(a, "与", b, "在界限之内持平"), _side_by_side(a, "与", b, "看不出差别")),
    )
    equal = f"{about}: {both} are equal within the margin ({shown})", f"{about}：{chinese[0]}（{shown}）"
    none = f"{about}: no difference seen between {both} ({shown})", f"{about}：{chinese[1]}（{shown}）"
    return pick({EQUAL: equal, NONE: none}[found.word], lang)


def _side_by_side(*parts: str) -> str:
    """Chinese words and names in Latin letters, with a blank where one kind meets the other."""
    text = ""
    for part in parts:
        meets = text and text[-1].isascii() != part[0].isascii() and text[-1] not in "（）" and part[0] not in "（）"
        text += f" {part}" if meets else part
    return text


def _size(record: Mapping[str, Any], lang: Language) -> str:
    """How large a clear difference is, without its sign: "0.018 [0.014, 0.022]"."""
    scale = -1 if record["difference"] < 0 else 1
    low, high = sorted(scale * value for value in record["interval"])
    turned = figures({**record, "difference": scale * record["difference"], "interval": [low, high]}, lang)
    return turned.replace("+", "")
