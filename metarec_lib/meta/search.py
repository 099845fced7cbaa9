"""Search over settings and structure: random, TPE and GP through optuna, and a warm start from tasks searched before.

Shapes: T tasks (here segments of users), C configurations, F meta-features of a task, N trials.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import optuna
import pandas as pd

from metarec_lib.data.interactions import Interactions

optuna.logging.set_verbosity(optuna.logging.WARNING)
START_UP = 3  # trials that TPE and GP draw at random; optuna's own default is 10
SAMPLERS = ("random", "tpe", "gp")
Space = Mapping[str, Sequence[object]]
Configuration = dict[str, object]


def grid(space: Space) -> list[Configuration]:
    """All configurations of a space: name to the values it may take, the last name changing fastest."""
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]


def sampler_named(name: str, seed: int) -> optuna.samplers.BaseSampler:
    """optuna's sampler: "random" (Bergstra & Bengio 2012, JMLR), "tpe" (Bergstra et al. 2011, NeurIPS), "gp", a Gaussian
    process with expected improvement. The last two draw START_UP trials at random first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if name == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        if name == "tpe":
            return optuna.samplers.TPESampler(seed=seed, n_startup_trials=START_UP, multivariate=True)
        if name == "gp":
            return optuna.samplers.GPSampler(seed=seed, n_startup_trials=START_UP, deterministic_objective=True)
    raise ValueError(f"search: got sampler {name!r}, expected one of {', '.join(SAMPLERS)}")


def suggest(trial: optuna.Trial, space: Space) -> Configuration:
    """One configuration; numbers as places on their ordered grid, so that a model of the loss knows what lies between."""
    found: Configuration = {}
    for name, values in space.items():
        if all(isinstance(v, (int, float)) for v in values):
            found[name] = values[trial.suggest_int(name, 0, len(values) - 1)]
        else:
            found[name] = values[trial.suggest_categorical(name, list(range(len(values))))]
    return found


def search(
    objective: Callable[[Configuration], float],
    space: Space,
    trials: int,
    sampler: str = "tpe",
    *,
    seed: int = 0,
    first: Sequence[Configuration] = (),
) -> pd.DataFrame:
    """Minimise a loss: a row a trial, its settings and its `loss`, in the order they were tried.

    first: configurations that are tried before the sampler proposes any, the warm start.
    """
    if trials < 1:
        raise ValueError(f"search: got trials={trials!r}, expected 1 or more")
    study = optuna.create_study(sampler=sampler_named(sampler, seed))
    for configuration in first:
        study.enqueue_trial({name: list(space[name]).index(value) for name, value in configuration.items()})
    rows: list[Configuration] = []

    def one(trial: optuna.Trial) -> float:
        configuration = suggest(trial, space)
        rows.append(configuration | {"loss": float(objective(configuration))})
        return rows[-1]["loss"]

    study.optimize(one, n_trials=trials)
    return pd.DataFrame(rows)


def best_so_far(losses: np.ndarray) -> np.ndarray:
    """The lowest loss up to each trial, (..., N)."""
    return np.minimum.accumulate(np.asarray(losses, dtype=float), axis=-1)


def meta_features(data: Interactions, segments: Sequence[Sequence[int]]) -> pd.DataFrame:
    """What is known of each segment of users before anything is tuned, (T, F), a row a segment.

    log of how many users, log of ratings a user, mean rating, spread, share of likes, share of the 100 most rated items.
    """
    popular = np.argsort(-np.bincount(data.item_codes, minlength=data.n_items), kind="stable")[:100]
    rows = []
    for users in segments:
        part = data.subset(np.isin(data.ratings["user_id"], users))
        values, known = part.values, len(part) / max(len(users), 1)
        rows.append(
            {
                "users": np.log1p(len(users)),
                "ratings": np.log1p(known),
                "mean": values.mean(),
                "spread": values.std(),
                "likes": part.liked.mean(),
                "popular": np.isin(part.item_codes, popular).mean(),
            }
        )
    return pd.DataFrame(rows)


def neighbour_tasks(features: np.ndarray, target: np.ndarray, count: int) -> np.ndarray:
    """The nearest earlier tasks, (count,) rows of features (T, F), each feature divided by its spread over the tasks."""
    features = np.asarray(features, dtype=float)
    spread = features.std(0)
    away = (features - np.asarray(target, dtype=float)) / np.where(spread > 0, spread, 1.0)
    return np.argsort((away**2).sum(1), kind="stable")[:count]


def warm_start(losses: np.ndarray, features: np.ndarray, target: np.ndarray, count: int) -> np.ndarray:
    """All configurations, (C,) positions, the most promising first: by their mean rank on the nearest tasks.

    losses: (T, C), of earlier tasks. features: (T, F). target: (F,). Ranks, since losses of two tasks have not the same
    level or spread (Feurer, Springenberg & Hutter 2015, AAAI, start from the best of the nearest tasks).
    """
    near = np.asarray(losses)[neighbour_tasks(features, target, count)]
    return np.argsort(pd.DataFrame(near).rank(axis=1).mean(axis=0).to_numpy(), kind="stable")


def successive_halving(losses: np.ndarray, rungs: Sequence[int], keep: float = 1 / 3) -> tuple[int, int]:
    """The configuration left over, and the evaluations of one user spent (Jamieson & Talwalkar 2016, AISTATS).

    losses: (U, C), of each user; rungs: how many users, the first ones, each rung looks at.
    """
    losses = np.asarray(losses, dtype=float)
    left, cost, seen = np.arange(losses.shape[1]), 0, 0
    for rung, users in enumerate(rungs):
        cost, seen = cost + (users - seen) * len(left), users
        order = np.argsort(losses[:users, left].mean(0), kind="stable")
        left = left[order[: max(1, round(keep * len(left)))] if rung < len(rungs) - 1 else order[:1]]
    return int(left[0]), cost
