"""The cards of a question, made from its built lesson, what it measured and its solutions: nothing is written twice."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from metarec_lib.workbook.core import LANGUAGES, QUESTIONS, Language, Pair, Question, both_parts, content, pick
from metarec_lib.workbook.exercises import Exercise, plain_text, read_solution
from metarec_lib.workbook.lessons import Lesson, asked, plainly, read_built, records_of, verdicts

from ..bank import FIGURES

KINDS: dict[str, Pair] = {
    "short": ("30 seconds", "三十秒"),
    "formula": ("formula", "公式"),
    "pitfall": ("pitfall", "误区"),
    "follow-up": ("follow-up", "追问"),
    "measured": ("measured", "实测"),
    "exercise": ("exercise", "手写代码"),
}
FORMULA = re.compile(r"\$\$.+?\$\$", re.DOTALL)
HIDDEN = r"$$\text{?}$$"
ASKS: dict[str, Pair] = {
    "short": ("Answer in 30 seconds, aloud.", "三十秒，开口答一遍。"),
    "formula": ("Which formula stands here? Write it down.", "这里该写哪个公式？写下来。"),
    "pitfall": ("A candidate says this. What is wrong with it?", "候选人这么说，错在哪里？"),
    "measured": (
        "What came out in this lesson: lower, higher, or no difference seen? How large?",
        "本课测出来是什么：更低、更高，还是看不出差别？大概差多少？",
    ),
    "exercise": ("Write it on the board.", "在白板上写出来。"),
}


@dataclass(frozen=True)
class Card:
    """One card; front and back are Markdown, in both languages.

    id: `q07:pitfall:2`: the question, the kind, and its place in the lesson from 1 on; of a figure the claim's number, of
    an exercise the function. It stays when the words change; what is added to a lesson belongs behind what is there.
    """

    id: str
    question: Question
    kind: str
    front: Pair
    back: Pair

    @property
    def mark(self) -> str:
        """A short hash of the English front, by which a card whose question has changed is known."""
        return hashlib.sha256(self.front[0].encode()).hexdigest()[:12]


def questions_with_cards() -> list[Question]:
    """The questions whose lesson is built, in order."""
    return [question for question in QUESTIONS if content("notebooks", f"{question.stem}.ipynb").is_file()]


def cards_of(question: Question, lesson: Lesson | None = None) -> list[Card]:
    """All cards of a question, the short answer first, then the formulas, and so on in the order of KINDS."""
    lesson = lesson or read_built(question)
    sides = {
        "short": [(_both(lesson, "question"), _both(lesson, "answer-short"))],
        "formula": list(_formulas(lesson)),
        "pitfall": [(_pair(item.wrong), _pair(item.correction)) for item in lesson.pitfalls],
        "follow-up": [(_pair(item.question), _pair(item.answer)) for item in lesson.follow_ups],
    }
    found = [(kind, str(n), *both) for kind, pairs in sides.items() for n, both in enumerate(pairs, 1)]
    found += [("measured", *named) for named in _measured(question)]
    found += [("exercise", *named) for named in _exercises(question)]
    return [Card(f"{question.key}:{kind}:{place}", question, kind, *both) for kind, place, *both in found]


def _pair(texts: object) -> Pair:
    return texts["en"], texts["zh"]  # type: ignore[index]


def _both(lesson: Lesson, tag: str) -> Pair:
    return _pair(lesson.texts[tag])


def _formulas(lesson: Lesson) -> Iterator[tuple[Pair, Pair]]:
    """Each displayed formula of the full answer: the paragraph before it with a gap, and the formula with what follows."""
    english = list(_gaps(lesson.texts["answer-full"]["en"]))
    chinese = list(_gaps(lesson.texts["zh"]["zh"]))
    for en, zh in zip(english, chinese, strict=False):  # a formula that only one language displays makes no card
        yield (en[0], zh[0]), (en[1], zh[1])


def _gaps(text: str) -> Iterator[tuple[str, str]]:
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text)]
    for place, block in enumerate(blocks):
        for formula in FORMULA.findall(block):
            before = [] if block.startswith(formula) and place == 0 else blocks[max(place - 1, 0) : place]
            yield "\n\n".join([*before, block.replace(formula, HIDDEN)]), formula


def _measured(question: Question) -> Iterator[tuple[str, Pair, Pair]]:
    """The claims that a cram sheet shows: what was compared, and the verdict after Holm's correction. First the claim's
    number."""
    notebook = json.loads(content("notebooks", f"{question.stem}.ipynb").read_text(encoding="utf-8"))
    by_weight = sorted(verdicts(records_of(notebook)), key=lambda found: not found.record["headline"])
    for found in by_weight[:FIGURES]:
        front, back = (tuple(say(found, lang) for lang in LANGUAGES) for say in (asked, plainly))
        yield f"c{found.number}", front, back


def _exercises(question: Question) -> Iterator[tuple[str, Pair, Pair]]:
    """Each exercise: signature, task and example; and what the docstring says of shapes and values, above the solution."""
    path = content("solutions", f"{question.stem}.py")
    if not path.is_file():
        return
    text = plain_text(path)
    nodes = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    for item in read_solution(path):
        body, examples = _code(_body(text, nodes[item.name])), _examples(item)
        head = _code(f"def {item.signature}: ...")
        fronts = tuple("\n\n".join(filter(None, (head, task, examples))) for task in item.tasks)
        backs = tuple("\n\n".join(filter(None, (_details(part), body))) for part in both_parts(item.docstring))
        yield item.name, fronts, backs


def _examples(item: Exercise) -> str:
    """The examples of a docstring, as code; they stand in its English part."""
    _, mark, examples = both_parts(item.docstring)[0].partition("\n>>>")
    return _code(f">>>{examples.rstrip()}") if mark else ""


def _details(docstring: str) -> str:
    """A part of a docstring without its first line and its examples, as Markdown that keeps its lines."""
    lines = docstring.partition("\n>>>")[0].strip().splitlines()[1:]
    return "  \n".join(line.strip() for line in lines).strip()


def _body(text: str, node: ast.FunctionDef) -> str:
    """The lines of a function behind its docstring, comments included."""
    first = node.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    start = first.end_lineno if has_docstring else first.lineno - 1
    return "\n".join(text.splitlines()[start : node.end_lineno]).strip("\n")


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def front_text(card: Card, lang: Language) -> str:
    """The front with what is asked of the learner above it, as Markdown."""
    asks = f"*{pick(ASKS[card.kind], lang)}*\n\n" if card.kind in ASKS else ""
    return asks + pick(card.front, lang)


def kind_text(card: Card, lang: Language) -> str:
    """What kind of card this is, in words."""
    return pick(KINDS[card.kind], lang)
