"""The study of q10: a taste that changes (spliced users) and one that does not, and what real users' time tells."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from metarec_lib import (
    ChangePointSupport,
    DecayedSupport,
    Interactions,
    MetaLearningModel,
    PaddedRatings,
    TaskBatch,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
)

SEEDS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
OLD, POOL = 40, 20  # ratings before the splice; the new user's ratings that are set aside for the support
NEW, TASTES = (1, 5, 20), ("changed", "unchanged")
WINDOWS, HALF_LIVES, CHANGES = (2, 5, 10, 20, 40), (2.0, 5.0, 10.0, 20.0, 40.0, 80.0), (0.1, 0.5, 0.9)
RECENT = 20


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE of each judging user."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed, min_ratings=OLD + POOL + 10)
    rows = np.isin(data.ratings["user_id"], np.concatenate([tuning, judging]), invert=True)
    model = MetaLearningModel(seed=seed).fit(data.subset(rows))
    tune = [splices(data, tuning, k, taste, seed) for k in NEW for taste in TASTES]
    ways = tuned(model, tune)
    for taste in TASTES:
        for k in NEW:
            judge = splices(data, judging, k, taste, seed)
            for name, way in {**ways, "new ratings only": Window(model, k)}.items():
                yield study_rows("rmse", name, evaluate_tasks(way, judge, ("rmse",), judging)["rmse"], k=k, taste=taste)
    yield from in_time(model, data, tuning, judging, seed)


# -- spliced users ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Window:
    """The last `size` ratings of a support, the same model otherwise."""

    model: MetaLearningModel
    size: int

    def adapt(self, support: PaddedRatings) -> object:
        return self.model.adapt(last(support, self.size))

    def score(self, state: object, query: PaddedRatings) -> torch.Tensor:
        return self.model.score(state, query)


def last(support: PaddedRatings, size: int) -> PaddedRatings:
    """The last `size` ratings of each user, oldest first."""
    place = support.counts.unsqueeze(1) - support.mask.cumsum(1)
    keep = support.mask & (place < size)
    return PaddedRatings(support.users, support.items, support.values * keep, keep)


def splices(data: Interactions, users: np.ndarray, k: int, taste: str, seed: int) -> TaskBatch:
    """Forty old ratings, then k new ones of the user who judges. changed: the old ones are another user's, and each user
    lends to one; unchanged: they are the user's own, drawn from what is not asked for."""
    tasks = make_tasks(data, users, k=POOL, query=None, seed=seed)
    new, query = tasks.support.first(k), tasks.query
    own = query.first(OLD)
    lender = np.roll(np.arange(len(users)), 1) if taste == "changed" else np.arange(len(users))
    old = own.select(torch.as_tensor(lender))
    joined = {name: torch.cat([getattr(old, name), getattr(new, name)], dim=1) for name in ("items", "values", "mask")}
    rest = query.mask & (query.mask.cumsum(1) > OLD)  # the same for both, and nobody's old ratings
    asked = PaddedRatings(query.users, query.items, query.values * rest, rest)
    return TaskBatch(PaddedRatings(new.users, **joined), asked)


def tuned(model: MetaLearningModel, tasks: list[TaskBatch]) -> dict:
    """Every way to use a support. A way does not know whether the taste changed, nor when: its setting is the one that does
    best on the tuning users' splices of every kind together."""
    ways = {
        "last ratings": [Window(model, size) for size in WINDOWS],
        "decayed support": [DecayedSupport(model, half_life) for half_life in HALF_LIVES],
        "change point": [ChangePointSupport(model, change) for change in CHANGES],
    }
    best = {name: min(some, key=lambda way: np.mean([error(way, t) for t in tasks])) for name, some in ways.items()}
    return {"all ratings": model, **best}


def error(way: object, tasks: TaskBatch) -> float:
    return float(evaluate_tasks(way, tasks, ("rmse",))["rmse"].mean())


# -- real users in time -----------------------------------------------------------------------------------------------
def in_time(model, data: Interactions, tuning: np.ndarray, judging: np.ndarray, seed: int) -> Iterator[pd.DataFrame]:
    """The last ratings of each user as the query; before them all ratings, the newest twenty, or twenty at random."""
    tune, judge = (history(data, users, seed) for users in (tuning, judging))
    rng = np.random.default_rng([seed, 2])
    mixed = shuffled(judge.support, rng)
    half_life = min(HALF_LIVES, key=lambda h: error(DecayedSupport(model, h), tune))
    change = min(CHANGES, key=lambda c: error(ChangePointSupport(model, c), tune))
    ways = {
        "all ratings": (model, judge.support),
        "the newest twenty": (model, last(judge.support, RECENT)),
        "twenty at random": (model, last(mixed, RECENT)),
        "decayed support": (DecayedSupport(model, half_life), judge.support),
        "decayed in random order": (DecayedSupport(model, half_life), mixed),
        "change point": (ChangePointSupport(model, change), judge.support),
    }
    for name, (way, support) in ways.items():
        tasks = TaskBatch(support, judge.query)
        yield study_rows("rmse", name, evaluate_tasks(way, tasks, ("rmse",), judging)["rmse"], taste="in time")
        if way is model:
            yield study_rows("expected rmse", name, expected(model, tasks, judging), taste="in time")


def shuffled(support: PaddedRatings, rng: np.random.Generator) -> PaddedRatings:
    """The same ratings of each user in random order."""
    key = torch.as_tensor(rng.random(support.mask.shape)).masked_fill(~support.mask, 2.0)
    order = key.argsort(1)
    columns = {name: getattr(support, name).gather(1, order) for name in ("items", "values", "mask")}
    return PaddedRatings(support.users, **columns)


def expected(model: MetaLearningModel, tasks: TaskBatch, users: np.ndarray) -> pd.Series:
    """The error that the model itself expects, under a taste that never changes: root mean square of its own score_std."""
    with torch.no_grad():
        variance = model.score_std(model.adapt(tasks.support), tasks.query) ** 2 * tasks.query.mask
    return pd.Series((variance.sum(1) / tasks.query.counts).sqrt().numpy(), index=users)


def history(data: Interactions, users: np.ndarray, seed: int) -> TaskBatch:
    """The last fifth of each user's ratings as the query, all before them as the support, in order of time."""
    everything = make_tasks(data, users, k=10_000, order="chronological", seed=seed).support
    place, n = everything.mask.cumsum(1), everything.counts.unsqueeze(1)
    later = everything.mask & (place > n - (n // 5))
    parts = (everything.mask & ~later, later)
    return TaskBatch(*(PaddedRatings(everything.users, everything.items, everything.values * p, p) for p in parts))
