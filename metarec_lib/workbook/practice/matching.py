"""Which points of a rubric a typed answer makes, by a rule that shows the sentence and the words it goes by.

The answer is cut into units: its sentences, and the clauses of long ones. An answer and a unit count only if they are said
in sentences: at least SPOKEN of the words are the small ones that tie a sentence together ("the", "is", "so"; 的, 是, 就). A
list of terms has hardly any, so keywords alone are worth nothing. For each point of the rubric these numbers are taken:

    all words  the share of the point's words in all units, rare words weighing more (log N / n over all lessons); words of
               the three sentences of the model answer nearest to the point count too, by how near the sentence is
    near       the largest cosine of a unit with the point, by the sentence encoder of `metarec_lib.models.encoder`
    model      the largest cosine of a unit with one of those three sentences of the model answer
    whole      the cosine of the whole answer with the short answer of the lesson: off the topic it is small

and the point is suggested where  bias + weights · numbers > 0. Without the encoder (`metarec data encoder`) `all words`
decides alone. The weights, in RULES, are a logistic regression on 120 answers (tests/workbook/answers/dev.json). On 40
others, by another hand and labelled by a third (held_out.json; SPOKEN was moved once after a first look at them, to
the middle of its gap in dev.json), F1 over pairs of answer and point: English .74 with the encoder, .72 without, .63 for
ticking every point; Chinese .82, .77, .67. Keywords alone get 0 of 10. `tests/workbook/matching_scores.py` prints these;
they move by a hundredth where the lessons' texts change (English was .75 when the rule was made).
"""

from __future__ import annotations

import functools
import importlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from metarec_lib.workbook.core import Language
from metarec_lib.workbook.lessons import Lesson

from .bank import lesson_of, plain, written

ENCODER = "metarec_lib.models.encoder"  # imported by this name when it is needed; a learner may not have its weights
SPOKEN: dict[Language, float] = {"en": 0.2, "zh": 0.135}
RULES: dict[tuple[Language, bool], dict[str, float]] = {
    ("en", True): {"bias": -2.3, "all words": 3.51, "near": 1.12, "model": 0.47, "whole": 1.2},
    ("zh", True): {"bias": -2.27, "all words": 2.75, "near": 2.06, "model": 1.42, "whole": 1.12},
    ("en", False): {"bias": -1.38, "all words": 5.57},
    ("zh", False): {"bias": -0.71, "all words": 7.39},
}
SMALL = frozenset(
    re.findall(
        r"\w+",
        """a an the and or but of to in on at by for with from as is are was were be been being it its this that these those
        i you he she we they me my your his her their our us one so not no do does did have has had can could would should
        will just than then there here what which who when where why how if into over under after before up down out about
        also more most less same other each per own some any all both only very too don doesn didn isn wouldn ve ll re d s t
        m say says name names get got let because while like until unless yes okay""",
    )
)
SMALL_ZH = frozenset(
    "的了是在就把会要有和不我你他它这那用从对到让都也还而再先后只能说没很比得被给跟吗呢么"
    "去上下里个些样才又但所以如果因为"
)
HAN = "\u3400-\u4dbf\u4e00-\u9fff"
ENDS: dict[Language, str] = {"en": r"(?<=[.!?;])\s+|\n+", "zh": r"(?<=[。！？；!?;])|\n+"}
BREAKS: dict[Language, str] = {"en": r"(?<=[,:])\s+", "zh": r"(?<=[，：,:])"}
SUFFIXES = re.compile(
    "(isations?|izations?|ations?|ingly|edly|ings?|ness|ments?|ies|ied|ers?|ed|es|s|ly|al)$"
)  # of English words
NEAREST = 3  # sentences of the model answer that count as saying a point


@dataclass(frozen=True)
class Found:
    """What is found of one point. sentence: the unit that comes nearest; words: its words that the point or model has."""

    said: bool
    score: float
    sentence: str
    words: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Matcher:
    """The rule in one language. encoder: whether the sentence encoder is used; None takes it where its weights are."""

    def __init__(self, lang: Language, encoder: bool | None = None) -> None:
        self.lang = lang
        self.encoder = encoder_is_here() if encoder is None else encoder

    def match(self, answers: Sequence[str], lesson: Lesson) -> list[Found]:
        """What is found of each point of the lesson's rubric in what was typed, in the order of the rubric."""
        spoken = [answer for answer in answers if is_spoken(answer, self.lang)]
        units = [unit for answer in spoken for unit in units_of(answer, self.lang) if is_spoken(unit, self.lang)]
        if not units:
            return [Found(False, RULES[self.lang, self.encoder]["bias"], "", ())] * len(lesson.rubric)
        return [self._found(units, numbers) for numbers in self.numbers(units, lesson)]

    def numbers(self, units: Sequence[str], lesson: Lesson) -> list[dict[str, Any]]:
        """The numbers of the rule for each point, and the unit they are best in. units: what was said, cut up."""
        model = _model(lesson, self.lang, self.encoder)
        said = [frozenset(words_of(unit, self.lang)) for unit in units]
        near = _Near(units, model) if self.encoder else None
        return [_numbers(point, said, near, number) for number, point in enumerate(model.points)]

    def _found(self, units: Sequence[str], numbers: Mapping[str, Any]) -> Found:
        rule = RULES[self.lang, self.encoder]
        score = float(rule["bias"] + sum(weight * numbers[name] for name, weight in rule.items() if name != "bias"))
        unit = units[numbers["unit"]]
        words = _surfaces(unit, numbers["common"], self.lang)
        return Found(score > 0, round(score, 3), unit, words)

    def links(self, lesson: Lesson) -> list[list[float]]:
        """How much each follow-up is about each point, from 0 to 1: the share of the point's words in it. No encoder."""
        model = _model(lesson, self.lang, False)
        texts = [f"{f.question[self.lang]} {f.answer[self.lang]}" for f in lesson.follow_ups]
        said = [frozenset(words_of(plain(text, stars=True), self.lang)) for text in texts]
        return [[_share(point.own, words) for point in model.points] for words in said]


# -- the rule -------------------------------------------------------------------------------------------------------------
def _numbers(point: _Point, said: Sequence[frozenset[str]], near: _Near | None, number: int) -> dict[str, Any]:
    shares = [_share(point.words, words, point.total) for words in said]
    everything = frozenset().union(*said)
    found: dict[str, Any] = {"words": max(shares), "all words": _share(point.words, everything, point.total)}
    best = [*shares]
    if near is not None:
        found |= {"near": near.points[:, number].max(), "model": near.model[number].max(), "whole": near.whole}
        best = list(near.points[:, number] + near.model[number] + shares)
    unit = max(range(len(said)), key=lambda place: best[place])
    return {**found, "unit": unit, "common": said[unit] & set(point.words)}


def _share(wanted: Mapping[str, float], words: Iterable[str], total: float | None = None) -> float:
    """The weight of the wanted words that are there, of the total."""
    total = sum(wanted.values()) if total is None else total
    return min(1.0, sum(wanted[word] for word in words if word in wanted) / total) if total else 0.0


@dataclass(frozen=True)
class _Point:
    """A point of the rubric: its own words with their weights, and those with the words of the model answer; own total."""

    own: Mapping[str, float]
    words: Mapping[str, float]
    total: float


@dataclass(frozen=True)
class _Model:
    """What the rule knows of a lesson. vectors: of the points (P, E), sentences (S, E), the short answer (E,)."""

    points: tuple[_Point, ...]
    nearest: tuple[tuple[int, ...], ...]
    vectors: tuple[Any, Any, Any] | None


class _Near:
    """Cosines of U units with a lesson: points (U, P), model[p] (U,) with the nearest sentences, whole a number."""

    def __init__(self, units: Sequence[str], model: _Model) -> None:
        import numpy as np

        points, sentences, short = model.vectors  # type: ignore[misc]
        vectors = _encoded([*units, " ".join(units)])
        self.points = vectors[:-1] @ points.T
        cosines = vectors[:-1] @ sentences.T
        self.model = [cosines[:, list(nearest)].max(1) for nearest in model.nearest]
        self.whole = float(np.dot(vectors[-1], short))


def _model(lesson: Lesson, lang: Language, encoder: bool) -> _Model:
    """Made once a lesson; cards and interviews ask for the same few."""
    key = (lesson.question.key, lang, encoder)
    if key not in _models or _models[key][0] is not lesson:
        _models[key] = lesson, _make_model(lesson, lang, encoder)
    return _models[key][1]


_models: dict[tuple[str, Language, bool], tuple[Lesson, _Model]] = {}


def _make_model(lesson: Lesson, lang: Language, encoder: bool) -> _Model:
    texts = [plain(getattr(point, lang), stars=True) for point in lesson.rubric]
    sentences = model_sentences(lesson, lang)
    own = [_weighed(words_of(text, lang), lang) for text in texts]
    words = [frozenset(words_of(sentence, lang)) for sentence in sentences]
    likeness = [[_share(mine, said) for said in words] for mine in own]
    vectors = None
    if encoder:
        vectors = _vectors(lesson, sentences, lang)
        likeness = (vectors[0] @ vectors[1].T).tolist()
    nearest = [tuple(sorted(range(len(row)), key=lambda place: -row[place])[:NEAREST]) for row in likeness]
    points = [
        _Point(mine, _widened(mine, [(likeness[p][s], words[s]) for s in nearest[p]], lang), sum(mine.values()))
        for p, mine in enumerate(own)
    ]
    return _Model(tuple(points), tuple(nearest), vectors)


def _widened(
    own: Mapping[str, float], sentences: Iterable[tuple[float, frozenset[str]]], lang: Language
) -> dict[str, float]:
    """The point's own words, and those of the sentences near it, weighed by how near these are."""
    words: dict[str, float] = {}
    for likeness, said in sentences:
        for word, weight in _weighed(said, lang).items():
            words[word] = max(words.get(word, 0.0), max(0.0, likeness) * weight)
    return {**words, **own}


def model_sentences(lesson: Lesson, lang: Language) -> list[str]:
    """The sentences of the lesson's short and full answer."""
    full = lesson.texts["zh"]["zh"] if lang == "zh" else lesson.texts["answer-full"]["en"]
    texts = (lesson.texts["answer-short"][lang], full)
    return [sentence for text in texts for sentence in sentences_of(plain(text, stars=True), lang)]


# -- the encoder ----------------------------------------------------------------------------------------------------------
def encoder_is_here() -> bool:
    """Whether the weights of the sentence encoder were fetched."""
    from metarec_lib.data.pretrained import available

    return available("encoder")


@functools.cache
def _encoder() -> Any:
    return importlib.import_module(ENCODER).SentenceEncoder()


def _encoded(texts: Sequence[str]) -> Any:
    """Vectors (N, 512) of unit length."""
    return _encoder().encode(list(texts))


def _vectors(lesson: Lesson, sentences: Sequence[str], lang: Language) -> tuple[Any, Any, Any]:
    """Of the points, the mean of both languages; of the sentences; of the short answer."""
    import numpy as np

    points = [plain(getattr(point, name), stars=True) for name in ("en", "zh") for point in lesson.rubric]
    found = _encoded([*points, *sentences, plain(lesson.texts["answer-short"][lang], stars=True)])
    n = len(lesson.rubric)
    both = found[:n] + found[n : 2 * n]
    return both / np.linalg.norm(both, axis=1, keepdims=True), found[2 * n : -1], found[-1]


# -- words ----------------------------------------------------------------------------------------------------------------
def sentences_of(text: str, lang: Language) -> list[str]:
    return [part.strip() for part in re.split(ENDS[lang], text) if part and part.strip()]


def units_of(text: str, lang: Language) -> list[str]:
    """The sentences of a text, and of a long one its clauses and pairs of them."""
    units, joint = [], "" if lang == "zh" else " "
    for sentence in sentences_of(text, lang):
        clauses = [clause.strip() for clause in re.split(BREAKS[lang], sentence) if clause.strip()]
        pairs = [joint.join(clauses[place : place + 2]) for place in range(len(clauses) - 1)]
        units += [sentence, *(pairs if len(clauses) > 2 else []), *(clauses if len(clauses) > 1 else [])]
    return units


def is_spoken(unit: str, lang: Language) -> bool:
    """Whether a unit is said in a sentence: enough of its words are small ones."""
    if lang == "zh":
        letters = re.findall(f"[{HAN}]", unit)
        return sum(letter in SMALL_ZH for letter in letters) >= SPOKEN["zh"] * max(1, len(letters))
    words = re.findall(r"[a-z']+", unit.lower())
    return sum(word.split("'")[0] in SMALL for word in words) >= SPOKEN["en"] * max(1, len(words))


def words_of(text: str, lang: Language) -> list[str]:
    """The words that count: stems of English ones without the small ones, numbers, and pairs of Chinese characters."""
    return [word for word, _, _ in _placed(text)]


def _placed(text: str) -> list[tuple[str, int, int]]:
    """Each word that counts, and from where to where it stands in the text."""
    found = []
    for match in re.finditer(rf"[A-Za-z][A-Za-z0-9@²]*|\d[\d.]*|[{HAN}]+", text):
        run, start = match[0], match.start()
        if re.match(f"[{HAN}]", run):
            found += [(run[k : k + 2], start + k, start + k + 2) for k in range(max(1, len(run) - 1))]
        elif run.lower() not in SMALL:
            found.append((_stem(run.lower()), start, match.end()))
    return found


def _stem(word: str) -> str:
    """A word without its ending, where three letters are left; `regularisation` and `regularised` are one."""
    stem = SUFFIXES.sub("", word)
    return (stem if len(stem) >= 3 else word).rstrip("e")[:7]


def _surfaces(unit: str, common: Iterable[str], lang: Language) -> tuple[str, ...]:
    """Common words as they stand in the unit; pairs of characters that overlap are joined."""
    spans: list[list[int]] = []
    for word, start, end in _placed(unit):
        if word not in common:
            continue
        if spans and start < spans[-1][1]:
            spans[-1][1] = end
        else:
            spans.append([start, end])
    return tuple(dict.fromkeys(unit[start:end] for start, end in spans))


def _weighed(words: Iterable[str], lang: Language) -> dict[str, float]:
    """Each word with log (N + 1) / (n + ½), n of the N sentences of all lessons having it."""
    counts, total = _counts(lang)
    return {word: math.log((total + 1) / (counts[word] + 0.5)) for word in set(words)}


@functools.cache
def _counts(lang: Language) -> tuple[Counter[str], int]:
    """In how many sentences of rubrics and model answers each word stands, and how many there are."""
    lessons = [lesson_of(question) for question in written()]
    texts = [plain(getattr(point, lang), stars=True) for lesson in lessons for point in lesson.rubric]
    texts += [sentence for lesson in lessons for sentence in model_sentences(lesson, lang)]
    return Counter(word for text in texts for word in set(words_of(text, lang))), len(texts)
