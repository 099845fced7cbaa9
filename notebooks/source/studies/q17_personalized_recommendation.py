"""The study of q17: one linear head whose tastes are everybody's, a segment's, the user's own, or partially pooled."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from metarec_lib import (
    BaselineRecommender,
    PooledHead,
    TaskBatch,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
)

SEEDS = (10, 11, 12, 13, 14)
SUPPORTS, TUNE_ON = (0, 1, 3, 5, 10, 20), (1, 5, 20)
SHRINKAGES, STRENGTHS, SEGMENTS = (2, 5, 10, 20), (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0), (2, 4, 8, 16)
OWN = 2.0  # a prior scale so wide that the user's data alone decide


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE of each judging user by K, all users and by gender; settings are chosen on tuning users."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    tune_on = [make_tasks(data, tuning, k=k, pool=20, seed=seed) for k in TUNE_ON]
    judge = {k: make_tasks(data, judging, k=k, pool=20, seed=seed) for k in SUPPORTS}
    head = PooledHead(seed=seed).fit(train)
    strength = min(STRENGTHS, key=lambda s: error(head.set_params(pooling="independent", strength=s), tune_on))
    biases = [BaselineRecommender(user_shrinkage=s).fit(train) for s in SHRINKAGES]
    segments = [PooledHead(pooling="clusters", clusters=c, seed=seed).fit(train) for c in SEGMENTS]
    segmented = min(segments, key=lambda model: error(model, tune_on))
    settings = {
        "everybody's tastes": {"pooling": "global"},
        "own data alone": {"pooling": "independent", "strength": OWN},
        "ridge, one strength": {"pooling": "independent", "strength": strength},
        "partial pooling": {"pooling": "partial"},
        "partial pooling with profile": {"pooling": "profile"},
    }
    women = gender(data, judging) == "F"
    for k, tasks in judge.items():
        models = {"bias": min(biases, key=lambda model: error(model, tune_on)), "segments": segmented}
        for name, model in models.items():
            yield from by_group(name, model, tasks, judging, women, k)
        for name, how in settings.items():
            yield from by_group(name, head.set_params(**how), tasks, judging, women, k)
    yield study_rows("segments", "segments", segmented.clusters)
    yield study_rows("strength", "ridge, one strength", strength)


def error(model: object, batches: list[TaskBatch]) -> float:
    """RMSE over the users, mean over K."""
    return float(np.mean([evaluate_tasks(model, tasks, ("rmse",))["rmse"].mean() for tasks in batches]))


def gender(data: object, users: np.ndarray) -> np.ndarray:
    return data.users.set_index("user_id")["gender"].reindex(users).to_numpy()


def by_group(
    name: str, model: object, tasks: TaskBatch, users: np.ndarray, women: np.ndarray, k: int
) -> Iterator[pd.DataFrame]:
    errors = evaluate_tasks(model, tasks, ("rmse",), users)["rmse"]
    for group, chosen in (("all", women | ~women), ("women", women), ("men", ~women)):
        yield study_rows("rmse", name, errors[chosen], k=k, group=group)
