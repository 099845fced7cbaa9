"""How well the rule of `practice/matching.py` finds the points of a rubric: `python matching_scores.py ANSWERS LABELS`.

ANSWERS: a list of {"id", "question", "lang", "kind", "text"}. LABELS: id to the points that a reader found made. Printed for
each language: precision, recall and F1 over all pairs of answer and point, by the sentence encoder, by words alone, and of
ticking every point; then the points of 10 that answers made of keywords alone get. `answers/dev.json` is what the rule was
tuned on, `answers/held_out.json` was written by another hand and first looked at afterwards.
"""

import json
import sys
from pathlib import Path

import numpy as np

from metarec_lib.workbook.core import resolve
from metarec_lib.workbook.practice.bank import lesson_of
from metarec_lib.workbook.practice.matching import Matcher, encoder_is_here


def scores(found: list[list[bool]], made: list[list[bool]]) -> tuple[float, float, float]:
    """Precision, recall and F1, over all pairs of answer and point."""
    said, truth = np.concatenate(found), np.concatenate(made)
    right = (said & truth).sum()
    precision, recall = right / max(said.sum(), 1), right / max(truth.sum(), 1)
    return precision, recall, 2 * right / max(said.sum() + truth.sum(), 1)


def measure(answers: list[dict], labels: dict[str, list[int]]) -> None:
    for lang in ("en", "zh"):
        mine = [answer for answer in answers if answer["lang"] == lang]
        lessons = [lesson_of(resolve(answer["question"])) for answer in mine]
        sizes = [len(lesson.rubric) for lesson in lessons]
        made = [np.isin(np.arange(n), labels[a["id"]]) for a, n in zip(mine, sizes, strict=True)]
        show(lang, "every point ticked", scores([np.ones(n, bool) for n in sizes], made))
        for encoder in (True, False) if encoder_is_here() else (False,):
            rule = Matcher(lang, encoder)
            hits = [rule.match([a["text"]], lesson) for a, lesson in zip(mine, lessons, strict=True)]
            found = [np.array([hit.said for hit in row]) for row in hits]
            show(lang, "sentence encoder" if encoder else "words alone", scores(found, made))
            stuffed = [
                10 * sum(p.weight for p, hit in zip(lesson.rubric, row, strict=True) if hit.said)
                / sum(p.weight for p in lesson.rubric)
                for a, lesson, row in zip(mine, lessons, hits, strict=True) if a["kind"] == "stuffing"
            ]  # fmt: skip
            print(f"{lang}  keywords alone: {max(stuffed):.1f} of 10 at most, {np.mean(stuffed):.1f} on average")


def show(lang: str, name: str, found: tuple[float, float, float]) -> None:
    print(f"{lang}  {name:20} precision {found[0]:.2f}  recall {found[1]:.2f}  F1 {found[2]:.2f}")


if __name__ == "__main__":
    measure(*(json.loads(Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:3]))
