"""The next question by the library's closed-form learner: the reader is the cold-start user.

Questions are items with features, the learner's results are the support set, and the posterior of their weights comes from
the same solve that q07 teaches (`metarec_lib.meta.ridge`). There is no log of learners from which a prior could be
learned: the prior is written down in PRIOR, and the page says so.

    share of the rubric's points at question i:  s_i = x_i . w,  w ~ N(mean, diag(scale^2)),  result = s_i + noise
    gain_i  =  10 E[(GOAL - s_i)+] * readiness_i,   readiness_i = the smallest P(s_j >= READY) over what i needs, 1 for none
    benefit =  gain_i / minutes_i
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from metarec_lib.workbook.core import (
    Question,
    content,
)
from metarec_lib.workbook.lessons import MINUTES, topics_of

from . import progress
from .standing import Standing, needs

if TYPE_CHECKING:
    from torch import Tensor

# The prior, in shares of a rubric's points. Nobody measured these: they are what we would guess of a candidate who knows
# Python and gradients, and has not prepared.
PRIOR = {
    "start": 0.35,  # the expected share at any question
    "ability": 0.10,  # standard deviations: of what a candidate brings to all questions,
    "part": 0.08,  # to one part,
    "topic": 0.08,  # to a topic that several questions share,
    "question": 0.20,  # to one question, of which REACHES gets to those that need it
}
REACHES = 0.3
NOISE = {"interview": 0.10, "exercises": 0.20, "cards": 0.20, "read": 0.25}  # standard deviations of one result
READ = 0.65  # the share that having read a lesson, and no more, stands for
FADES = 30.0  # days after which a result has twice the noise variance
GOAL = 0.9  # the share that work on a question is expected to lead to
READY = 0.6  # the share from which a question counts as known by those that need it
AGAIN = 15  # minutes to go through a lesson again; the first time takes MINUTES
CARDS = 3  # reviewed cards of a question from which their share counts as a result
Z = 1.2816  # 80 % of a normal distribution lie within so many standard deviations


@dataclass(frozen=True)
class Result:
    """One result of the learner: the share of what was possible at a question, how it came about, and how old it is."""

    question: str
    share: float
    kind: str
    days: float = 0.0

    @property
    def noise(self) -> float:
        return NOISE[self.kind] * math.sqrt(1 + self.days / FADES)


@dataclass(frozen=True)
class Advice:
    """One question as a candidate for what comes next.

    share: expected share of the rubric's points now, with its 80 % interval (low, high); readiness: the chance that the
    weakest lesson it needs is known; gain: rubric points of 10 that work on it is expected to bring; because: the results
    that moved the share most, each with by how much.
    """

    question: str
    share: float
    low: float
    high: float
    readiness: float
    gain: float
    minutes: int
    per_minute: float
    because: tuple[tuple[Result, float], ...] = ()


# -- the learner's results ----------------------------------------------------------------------------------------------
def results_of(found: Sequence[Standing], now: datetime | None = None) -> list[Result]:
    """The support set: each interview, the exercises that were tried, the cards, and what was only read."""
    now = now or datetime.now(UTC)
    return [*_interviews(now), *_exercises(now), *_cards(now), *_read(found, now)]


def _interviews(now: datetime) -> list[Result]:
    rows = [row for row in progress.scores() if row["possible"]]
    return [Result(r["question"], r["points"] / r["possible"], "interview", _days(r["time"], now)) for r in rows]


def _exercises(now: datetime) -> list[Result]:
    """The last attempt at each function that was written at all, together a result a question."""
    last = {(row["question"], row["function"]): row for row in progress.attempts()}
    tried: dict[str, list[dict[str, Any]]] = {}
    for row in last.values():
        if row["status"] in ("passed", "failed"):
            tried.setdefault(row["question"], []).append(row)
    return [
        Result(
            key,
            sum(r["points"] for r in rows) / sum(r["possible"] for r in rows),
            "exercises",
            _days(max(r["time"] for r in rows), now),
        )
        for key, rows in tried.items()
    ]


def _cards(now: datetime) -> list[Result]:
    """The share of a question's reviewed cards that were known at their last review."""
    rows = progress.rows(
        "SELECT card, time, rating FROM card_reviews WHERE id IN (SELECT MAX(id) FROM card_reviews GROUP BY card)"
    )
    by_question: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_question.setdefault(row["card"].split(":")[0], []).append(row)
    return [
        Result(key, sum(r["rating"] > 1 for r in mine) / len(mine), "cards", _days(max(r["time"] for r in mine), now))
        for key, mine in by_question.items()
        if len(mine) >= CARDS
    ]


def _read(found: Sequence[Standing], now: datetime) -> list[Result]:
    return [Result(one.question.key, READ, "read", _days(one.read, now)) for one in found if one.read]


def _days(time: str, now: datetime) -> float:
    """Age in days; a result from the future, stored by a wrong clock, is new."""
    return max((now - datetime.fromisoformat(time)).total_seconds() / 86400, 0.0)


# -- questions as items -------------------------------------------------------------------------------------------------
def features(questions: Sequence[Question]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of I questions: features x (I, D), and mean and scale (D,) of a learner's weights on them.

    Columns: 1; the part; each topic that at least two questions name; each question itself, 1 at its own row and
    REACHES at the rows of those that need it.
    """
    keys, needed = [question.key for question in questions], needs(questions)
    topics = {q.key: set(topics_of(content("notebooks", f"{q.stem}.ipynb"))) for q in questions}
    shared = sorted(t for t, n in Counter(t for mine in topics.values() for t in mine).items() if n > 1)
    parts = list(dict.fromkeys(question.part for question in questions))
    columns = [("ability", [1.0] * len(keys))]
    columns += [("part", [float(q.part == part) for q in questions]) for part in parts]
    columns += [("topic", [float(topic in topics[key]) for key in keys]) for topic in shared]
    columns += [("question", [_reach(key, other, needed) for key in keys]) for other in keys]
    x = np.array([values for _, values in columns]).T
    scale = np.array([PRIOR[kind] for kind, _ in columns])
    return x, np.eye(1, x.shape[1])[0] * PRIOR["start"], scale


def _reach(key: str, other: str, needed: Mapping[str, Sequence[str]]) -> float:
    return 1.0 if key == other else REACHES if other in needed[key] else 0.0


# -- the solve ----------------------------------------------------------------------------------------------------------
def posterior(
    x: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    places: Sequence[int],
    shares: Sequence[float],
    noise: Sequence[float],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected share (I,), its standard deviation (I,), and how far each of K results moves it (I, K).

    x: (I, D); places: (K,) rows of x that the results belong to; shares, noise: (K,). By the library's closed form:
    `ridge_posterior` and `ridge_variance`, each result divided by its own noise.
    """
    import torch

    from metarec_lib.meta.ridge import ridge_posterior, ridge_variance

    def batch(values: object) -> Tensor:
        return torch.as_tensor(np.asarray(values, dtype=float)).unsqueeze(0)

    one, weight = torch.ones((), dtype=torch.float64), 1 / batch(noise)
    items, z = batch(x), batch(x[list(places)].reshape(-1, x.shape[1])) * weight.unsqueeze(2)
    y, prior, scales = batch(shares) * weight, batch(mean), torch.as_tensor(scale)
    weights = ridge_posterior(z, y, prior, scales, one)
    variance = ridge_variance(z, items, scales, one) - 1  # of the share itself, without a result's noise
    surprise = y - (z @ prior.unsqueeze(2)).squeeze(2)
    alone = torch.diag_embed(surprise)[0]  # (K, K): the answer to one surprise at a time; the solve is linear in them
    zero = torch.zeros_like(prior).expand(len(alone), -1)
    moves = ridge_posterior(z.expand(len(alone), -1, -1), alone, zero, scales, one) @ items[0].T
    return (items @ weights.unsqueeze(2))[0, :, 0].numpy(), variance[0].clamp(min=0).sqrt().numpy(), moves.T.numpy()


def shortfall(mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """E[(GOAL - s)+] for s ~ N(mean, std^2), all (I,): (GOAL - mean) Phi(z) + std phi(z), z = (GOAL - mean) / std."""
    from scipy.special import ndtr

    std = np.maximum(std, 1e-12)
    z = (GOAL - mean) / std
    return (GOAL - mean) * ndtr(z) + std * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def advise(found: Sequence[Standing], results: Sequence[Result]) -> list[Advice]:
    """Every question with what it would bring, most rubric points a minute first."""
    from scipy.special import ndtr

    questions = sorted((one.question for one in found), key=lambda question: question.number)
    at = {question.key: place for place, question in enumerate(questions)}
    used, needed = [result for result in results if result.question in at], needs(questions)
    mean, std, moves = posterior(
        *features(questions), [at[r.question] for r in used], [r.share for r in used], [r.noise for r in used]
    )
    gains, known = 10 * shortfall(mean, std), ndtr((mean - READY) / np.maximum(std, 1e-12))
    by_key = {one.question.key: one for one in found}
    advice = []
    for key, i in at.items():
        ready = min((known[at[n]] for n in needed[key] if n in at), default=1.0)
        minutes, gain = minutes_of(by_key[key]), float(gains[i] * ready)
        because = sorted(zip(used, moves[i].tolist(), strict=True), key=lambda pair: -abs(pair[1]))[:2]
        low, high = (float(np.clip(mean[i] + sign * Z * std[i], 0, 1)) for sign in (-1, 1))
        told = float(mean[i]), low, high, float(ready), gain, minutes, gain / minutes
        advice.append(Advice(key, *told, tuple(pair for pair in because if abs(pair[1]) >= 0.005)))
    return sorted(advice, key=lambda one: (-round(one.per_minute, 9), one.question))


def minutes_of(one: Standing) -> int:
    """What work on a question takes: the lesson, shorter where it was read, and the exercises that do not pass yet."""
    left = one.entry.functions - one.entry.passed
    share = left / one.entry.functions if one.entry.functions else 0
    return (AGAIN if one.read else MINUTES) + round(one.entry.minutes * share)
