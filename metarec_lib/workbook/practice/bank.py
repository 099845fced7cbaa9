"""The question bank: `metarec ask` shows a question and opens its answer step by step, `metarec sheet` makes a cram sheet.

All of it is read from the tagged cells of the lessons and from what they measured; nothing is written twice.
"""

from __future__ import annotations

import functools
import html
import json
import random
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from metarec_lib.workbook.core import QUESTIONS, Language, Question, language, pick, places
from metarec_lib.workbook.lessons import Lesson, plainly, read_built, records_of, verdicts

FIGURES = 5  # of a question on a cram sheet
STEPS = {
    "answer-short": ("In 30 seconds", "三十秒回答"),
    "answer-full": ("In three minutes", "三分钟回答"),
    "rubric": ("What a good answer holds", "评分要点"),
    "pitfalls": ("What candidates say wrong", "常见误区"),
    "follow-ups": ("What is asked next", "追问"),
    "measured": ("What was measured", "测得的结果"),
}
NEXT = ("Enter: {}. q: stop. ", "回车：{}；q：结束。")
NONE = (
    "No question fits {}. Leave the filter out, or see all {} with `metarec ask --list`.",
    "没有符合“{}”的题目。去掉筛选，或用 `metarec ask --list` 看全部 {} 题。",
)
TOPICS = (
    "`--word {word}` searches in the texts. The topics: {topics}.",
    "想在正文里找，用 `--word {word}`。主题有：{topics}。",
)
EMPHASIS = re.compile(r"(?<![a-zA-Z0-9*^_{\\])\*([^*\s$][^*$]*)\*(?![a-zA-Z0-9*])")  # no product, no star of a formula
FIGURES_SAID = ("Figures to remember:", "要记住的数字：")
WRONG_SAID = ("What candidates say wrong:", "常见误区：")


def written() -> list[Question]:
    """The questions whose lesson is built, in order."""
    return [q for q in QUESTIONS if places.content("notebooks", f"{q.stem}.ipynb").is_file()]


def lesson_of(question: Question) -> Lesson:
    """The lesson of a question, from its built notebook; read once, and again where the notebook has changed."""
    path = places.content("notebooks", f"{question.stem}.ipynb")
    return _lesson(question, path, path.stat().st_mtime_ns)


@functools.cache
def _lesson(question: Question, path: Path, changed: int) -> Lesson:
    return read_built(question)


def found(names: Sequence[str], topic: str | None, word: str | None) -> list[Question]:
    """The questions that are named (all by default), have this topic, and contain this word in either language.

    A topic may stand in the title too, in either language. A Latin word is found where a word begins with it: DIN is not
    in "finding".
    """
    chosen = [q for q in written() if not names or q.stem in names]
    if topic is None and word is None:
        return chosen
    return [q for q in chosen if _fits(lesson_of(q), topic, word)]


def _fits(lesson: Lesson, topic: str | None, word: str | None) -> bool:
    if topic is not None and not on(lesson, topic):
        return False
    begins = re.compile((r"(?<![a-z0-9])" if (word or "")[:1].isascii() else "") + re.escape(word or ""), re.IGNORECASE)
    return word is None or any(begins.search(said) for texts in lesson.texts.values() for said in texts.values())


def on(lesson: Lesson, topic: str) -> bool:
    """Whether a lesson is on a topic: one of its own, or words of its title. In Chinese, where topics have no names, words
    of the question count as well.
    """
    said = [*lesson.topics, lesson.question.title_en, lesson.question.title_zh]
    said += [] if topic.isascii() else [lesson.texts["question"]["zh"]]
    return any(topic.lower() in known.lower() for known in said)


def topics() -> list[str]:
    """The topics of all lessons that are built."""
    return sorted({topic for question in written() for topic in lesson_of(question).topics})


def ask_command(
    names: Sequence[str], topic: str | None, word: str | None, every: bool, lang: Language | None, seed: int | None
) -> int:
    """Show one question, drawn where several fit, and open the rest at each Enter; the whole list with `every`."""
    lang = lang or language()
    questions = found(names, topic, word)
    if not questions:
        print(pick(NONE, lang).format(", ".join(filter(None, (topic, word, *names))), len(written())))
        if topic is not None:
            print(pick(TOPICS, lang).format(word=topic, topics=", ".join(topics())))
        return 1
    if every:
        for question in questions:
            print(f"{question.key}  {title(question, lang)}")
        return 0
    question = questions[0] if len(questions) == 1 else random.Random(seed).choice(questions)
    show(lesson_of(question), lang, input if sys.stdin.isatty() else None)
    return 0


def show(lesson: Lesson, lang: Language, wait: Callable[[str], str] | None) -> None:
    """The question, then each step after `wait`; without it, as in a pipe, everything at once."""
    question = lesson.question
    print(f"{question.key} · {title(question, lang)}\n")
    print(f"{plain(lesson.texts['question'][lang])}\n")
    for step, named in STEPS.items():
        name = pick(named, lang)
        if wait is not None and wait(pick(NEXT, lang).format(name)).strip().lower() == "q":
            return
        print(f"── {name}\n{text_of(lesson, step, lang)}\n")


def title(question: Question, lang: Language) -> str:
    return pick((question.title_en, question.title_zh), lang)


def text_of(lesson: Lesson, step: str, lang: Language) -> str:
    """One step of a question as plain text in one language."""
    if step == "measured":
        return "\n".join(f"- {line}" for line in measured(lesson.question, lang))
    if step == "rubric":
        return "\n".join(f"- [{p.weight}] {plain(getattr(p, lang))}" for p in lesson.rubric)
    if step == "pitfalls":
        return "\n".join(f"- {plain(p.wrong[lang])} → {plain(p.correction[lang])}" for p in lesson.pitfalls)
    if step == "follow-ups":
        return "\n".join(f"- {plain(f.question[lang])}\n  {plain(f.answer[lang])}" for f in lesson.follow_ups)
    if step == "answer-full" and lang == "zh":
        return plain(lesson.texts["zh"]["zh"])
    return plain(lesson.texts[step][lang])


def measured(question: Question, lang: Language) -> list[str]:
    """What the lesson measured, one sentence a claim after Holm's correction, the headline first."""
    notebook = json.loads(places.content("notebooks", f"{question.stem}.ipynb").read_text(encoding="utf-8"))
    all_of_it = sorted(verdicts(records_of(notebook)), key=lambda verdict: not verdict.record["headline"])
    return [plainly(verdict, lang) for verdict in all_of_it]


def plain(markdown: str, stars: bool = False) -> str:
    """Markdown as text for a terminal: no marks of claims, emphasis, links or wrapped lines; code stays as it is.

    stars: keep those of emphasis, as the matching was measured with them.
    """
    prose, *rest = re.split(r"^```\w*\n(.*?)^```[ ]*$", markdown.strip(), flags=re.DOTALL | re.MULTILINE)
    parts = [_prose(prose, stars)]
    for code, behind in zip(rest[::2], rest[1::2], strict=True):
        parts += [textwrap.indent(code.rstrip(), "    "), _prose(behind, stars)]
    return "\n\n".join(part for part in parts if part)


def _prose(markdown: str, stars: bool) -> str:
    text = re.sub(r"\s*<!--.*?-->", "", markdown)
    text = re.sub(r"</?details>|</?summary>", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("**", "")
    text = text if stars else EMPHASIS.sub(r"\1", text)
    return "\n\n".join(_joined(part) for part in re.split(r"\n\s*\n", text.strip()))


def _joined(paragraph: str) -> str:
    """One paragraph without its line breaks; between two Chinese characters no blank is put."""
    if paragraph.lstrip().startswith(("-", "$$", "|")):
        return paragraph
    text = re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef])\n(?=[\u3000-\u9fff\uff00-\uffef])", "", paragraph)
    return text.replace("\n", " ")


# -- cram sheet ---------------------------------------------------------------------------------------------------------
def sheet_command(names: Sequence[str], out: str | None, lang: Language | None) -> int:
    """Write a cram sheet as Markdown, or as HTML where the file's name ends in .html; print it where there is no file."""
    lang = lang or language()
    text = sheet(found(names, None, None), lang)
    if out is None:
        print(text)
        return 0
    path = Path(out)
    if path.suffix.lower() not in (".md", ".html"):
        raise ValueError(f"--out: got {out!r}, expected a name that ends in .md or .html")
    path.write_text(as_html(text, lang) if path.suffix.lower() == ".html" else text, encoding="utf-8")
    print(path)
    return 0


def sheet(questions: Iterable[Question], lang: Language) -> str:
    """For each question what to say in 30 seconds, up to five measured sentences, and what candidates say wrong."""
    return "\n".join(part for question in questions for part in _page(question, lang))


def _page(question: Question, lang: Language) -> Iterable[str]:
    lesson = lesson_of(question)
    yield f"## {question.key} · {title(question, lang)}\n"
    yield f"{plain(lesson.texts['answer-short'][lang])}\n"
    yield f"{pick(FIGURES_SAID, lang)}\n"
    yield from (f"- {line}" for line in measured(question, lang)[:FIGURES])
    yield f"\n{pick(WRONG_SAID, lang)}\n"
    yield from (f"- ✗ {plain(p.wrong[lang])} → {plain(p.correction[lang])}" for p in lesson.pitfalls)
    yield ""


def marked(text: str) -> str:
    """Text as HTML, with what Markdown writes as *emphasis* and `code`."""
    parts = re.split(r"`([^`]+)`", html.escape(text, quote=False))
    parts[::2] = [EMPHASIS.sub(r"<em>\1</em>", part) for part in parts[::2]]
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def as_html(sheet_text: str, lang: Language) -> str:
    """The sheet as one page that prints one question to a sheet of paper; needs no other file."""
    body: list[str] = []
    for line in re.sub(r"(?m)((?:^- .*\n?)+)", r"<ul>\n\1</ul>\n", sheet_text).splitlines():
        said = marked(line.lstrip("#- "))
        if line.startswith("## "):
            body.append(f"<h2>{said}</h2>")
        elif line.startswith("- "):
            body.append(f"<li>{said}</li>")
        elif line in ("<ul>", "</ul>"):
            body.append(line)
        elif line:
            body.append(f"<p>{said}</p>")
    style = "body{max-width:44em;margin:2em auto;font:15px/1.45 sans-serif}h2+*~h2{break-before:page}"
    head = f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>metarec</title><style>{style}</style>'
    return head + "<body>" + "\n".join(body) + "</body></html>\n"
