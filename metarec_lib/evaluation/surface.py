"""The learning surface: the error of new users over how many users a model learned from and how many ratings they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import TaskBatch, make_tasks
from metarec_lib.evaluation.protocols import Adaptable, evaluate_tasks


class Learner(Adaptable, Protocol):
    """A recommender that can be fitted anew."""

    def fit(self, X: Interactions) -> Self: ...


def learning_surface(
    models: Mapping[str, Learner | Sequence[Learner]],
    data: Interactions,
    learning: Sequence[Any] | np.ndarray,
    judging: Sequence[Any] | np.ndarray,
    tuning: Sequence[Any] | np.ndarray | None = None,
    *,
    users: Sequence[int] = (15, 60, 240),
    supports: Sequence[int] = (1, 5, 20),
    metric: str = "rmse",
    seed: int = 0,
) -> pd.DataFrame:
    """Fit each model on n users and judge it on new users with K ratings, for every n of `users` and K of `supports`.

    models: name to a model, or to several that differ in a setting: at each n the one with the lowest error on `tuning`
    users, mean over the supports, is kept. learning, judging, tuning: user ids. Both directions are nested: one permutation
    of `learning` gives the n users, one of a user's ratings the K. A user's query is all beyond the largest K, the same
    everywhere; where there is none the value is NaN.
    metric: rmse or mae, in stars. Returns a row each for `model`, `users` (n), `k` (K) and `user` (a judging id), and its
    `value`. Raises ValueError for more users than there are to learn from, for settings without tuning users, and for a user
    who is in two of the parts.
    """
    _check(models, learning, judging, tuning, users, supports, metric)
    order = np.random.default_rng(seed).permutation(np.asarray(learning))
    judge, choose = (_tasks(data, part, supports, seed) for part in (judging, tuning))
    parts = []
    for n in users:
        train = data.subset(np.isin(data.ratings["user_id"], order[:n]))
        for name, model in models.items():
            best = _best(model, train, choose, metric)
            for k, errors in _errors(best, judge, metric):
                parts.append(pd.DataFrame({"model": name, "users": n, "k": k, "user": list(judging), "value": errors}))
    return pd.concat(parts, ignore_index=True)


def _tasks(data: Interactions, users: Any, supports: Sequence[int], seed: int) -> dict[int, TaskBatch]:
    """The tasks of these users for each K: supports are nested, and the query is the same."""
    if users is None:
        return {}
    most = make_tasks(data, users, k=max(supports), seed=seed)
    return {k: most.first(k) for k in supports}


def _errors(model: Learner, tasks: Mapping[int, TaskBatch], metric: str) -> Iterator[tuple[int, np.ndarray]]:
    """K, and the metric of each user, (B,)."""
    for k, some in tasks.items():
        yield k, evaluate_tasks(model, some, (metric,))[metric].to_numpy()


def _best(
    model: Learner | Sequence[Learner], train: Interactions, tasks: Mapping[int, TaskBatch], metric: str
) -> Learner:
    """The model, or of several the one that does best on tuning users; fitted."""
    fitted = [one.fit(train) for one in (model if isinstance(model, Sequence) else [model])]
    if len(fitted) == 1:
        return fitted[0]
    return min(fitted, key=lambda one: np.nanmean([errors for _, errors in _errors(one, tasks, metric)]))


def _check(
    models: Mapping[str, Any], learning: Any, judging: Any, tuning: Any, users: Any, supports: Any, metric: str
) -> None:
    """Raise ValueError for what cannot be measured."""
    parts = [set(part) for part in (learning, judging, tuning if tuning is not None else ())]
    sizes = {name: len(model) if isinstance(model, Sequence) else 1 for name, model in models.items()}
    twice = (parts[0] & parts[1]) | (parts[0] & parts[2]) | (parts[1] & parts[2])
    most, known = len(parts[0]), set(range(1, len(parts[0]) + 1))
    problems = [
        (metric not in ("rmse", "mae"), f"{metric=}, expected 'rmse' or 'mae'"),
        (not users or not set(users) <= known, f"{users=}, expected numbers from 1 to {most} users"),
        (not supports or min(supports) < 0, f"{supports=}, expected numbers of ratings from 0 on"),
        (not sizes or 0 in sizes.values(), f"the models {sizes}, expected one or more under each name"),
        (
            max([0, *sizes.values()]) > 1 and tuning is None,
            "several settings and no `tuning` users; give them, or one model a name",
        ),
        (
            bool(twice),
            f"{len(twice)} user ids in two of the parts, expected each in one; `split_users` makes such parts",
        ),
    ]
    for holds, problem in problems:
        if holds:
            raise ValueError(f"learning_surface: got {problem}")
