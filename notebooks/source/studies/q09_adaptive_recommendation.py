"""The study of q09: what to ask a new user first. Only films that the user did rate can be asked about."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from metarec_lib import (
    PaddedRatings,
    ProbabilisticPCA,
    TaskBatch,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    question_values,
    split_users,
    study_rows,
)
from metarec_lib.meta.questions import known_share

SEEDS = (10, 11, 12, 13, 14)
POOL, ASKED = 30, (0, 1, 2, 3, 5, 10)
WAYS = {
    "random questions": "random",
    "popular films first": "popular",
    "least certain film first": "least certain",
    "information gain": "information",
    "catalogue variance": "catalogue",
    "one fixed list": "fixed list",
}


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE on the rest of each judging user's ratings after so many answers, by the way of asking."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed, min_ratings=POOL + 10)
    train = data.subset(np.isin(data.ratings["user_id"], np.concatenate([learning, tuning])))
    model = ProbabilisticPCA(seed=seed).fit(train)
    tasks = make_tasks(data, judging, k=POOL, pool=POOL, seed=seed)
    for name, way in WAYS.items():
        order = asked_in_order(model, tasks.support, way, max(ASKED), seed)
        for k in ASKED:
            support = chosen(tasks.support, order[:, :k])
            errors = evaluate_tasks(model, TaskBatch(support, tasks.query), ("rmse",), judging)["rmse"]
            yield study_rows("rmse", name, errors, k=k)
            std = model.score_std(model.adapt(support), tasks.query)
            mean = (std * tasks.query.mask).sum(1) / tasks.query.counts
            yield study_rows("std", name, pd.Series(mean.numpy(), index=judging), k=k)


def asked_in_order(model: ProbabilisticPCA, pool: PaddedRatings, way: str, n: int, seed: int) -> Tensor:
    """Columns of the pool in the order in which they are asked, (B, n)."""
    asked = torch.zeros(len(pool), 0, dtype=torch.int64)
    fixed = values(model, chosen(pool, asked), pool, "catalogue", seed)
    for _ in range(n):
        worth = fixed if way == "fixed list" else values(model, chosen(pool, asked), pool, way, seed)
        worth = worth.masked_fill(~pool.mask, -torch.inf).scatter(1, asked, -torch.inf)
        asked = torch.cat([asked, worth.argmax(1, keepdim=True)], dim=1)
    return asked


def values(model: ProbabilisticPCA, known: PaddedRatings, pool: PaddedRatings, way: str, seed: int) -> Tensor:
    """What each film of the pool is worth as the next question, (B, N)."""
    if way == "random":
        return torch.as_tensor(np.random.default_rng(seed).random(pool.items.shape))
    if way == "popular":
        return torch.as_tensor(known_share(model))[pool.items]
    state = model.adapt(known)
    if way == "least certain":
        return model.score_std(state, pool)
    return question_values(model, state, pool.users, pool.items, "information" if way == "information" else "catalogue")


def chosen(pool: PaddedRatings, columns: Tensor) -> PaddedRatings:
    """Some ratings of each user, by column, in that order."""
    items, taken, mask = (t.gather(1, columns) for t in (pool.items, pool.values, pool.mask))
    return PaddedRatings(pool.users, items, taken, mask)
