"""A protocol that other libraries' models were put through as well: folds over users, each of whom is a new user once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import TaskBatch, make_tasks
from metarec_lib.evaluation.protocols import Adaptable, evaluate_tasks


def new_user_protocol(
    make_models: Callable[[Interactions, int], Mapping[str, Adaptable]],
    data: Interactions,
    draws: int = 3,
    *,
    supports: Sequence[int] = (5, 10, 20),
    query: int = 10,
    folds: int = 5,
    seed: int = 0,
    clip: bool = True,
) -> pd.DataFrame:
    """One row a model, K and user: model, k, user, mse, mae, ndcg@5 (means over the draws), clipped.

    make_models: from the ratings outside a fold, and the seed, to fitted models by name. A user with ratings enough for the
    longest support and the query is in one fold. A draw takes `query` of the user's ratings to be judged on and, of others,
    nested supports. ndcg@5 is within the query. clip: mse and mae are of scores clipped to the scale, as those of the other
    libraries are, and `clipped` says so; every other protocol of this library has raw scores.
    The tuning users judge here too, as in the other libraries' runs: bring models of fixed settings. Raises ValueError where
    fewer users than folds have ratings enough.
    """
    pool = max(supports)
    enough = np.flatnonzero(np.bincount(data.user_codes, minlength=data.n_users) >= pool + query)
    if len(enough) < folds:
        raise ValueError(
            f"new_user_protocol: {len(enough)} users of {data!r} have {pool + query} or more ratings, expected {folds} "
            "or more. Ask for shorter supports, a shorter query or fewer folds"
        )
    parts, limits = [], data.scale if clip else None
    for fold in np.array_split(np.random.default_rng(seed).permutation(enough), folds):
        models = make_models(data.subset(~np.isin(data.user_codes, fold)), seed)
        users = data.users["user_id"].to_numpy()[fold]
        for draw in range(draws):
            tasks = make_tasks(data, users, k=pool, query=query, seed=1000 * seed + draw)
            for k in supports:
                some = tasks.first(k)
                parts += [_scored(m, some, users, limits).assign(model=name, k=k) for name, m in models.items()]
    rows = pd.concat(parts).groupby(["model", "k", "user"], sort=False).mean().reset_index()
    return rows.assign(clipped=clip)


def pooled(rows: pd.DataFrame) -> pd.DataFrame:
    """The result of `new_user_protocol` over all ratings, by K, best RMSE first.

    Columns: model, k, rmse, mae, ndcg@5, users, clipped. All queries are equally long, so the mean over users is the mean
    over ratings.
    """
    groups = rows.groupby(["model", "k"])
    table = groups[["mse", "mae", "ndcg@5"]].mean().assign(users=groups.size(), clipped=groups["clipped"].first())
    table.insert(0, "rmse", np.sqrt(table.pop("mse")))
    return table.reset_index().sort_values(["k", "rmse"], ignore_index=True)


def _scored(model: Adaptable, tasks: TaskBatch, users: np.ndarray, clip: tuple[float, float] | None) -> pd.DataFrame:
    """One row a user: user, mse, mae, ndcg@5."""
    table = evaluate_tasks(model, tasks, ("rmse", "mae", "ndcg@5"), users, clip)
    return table.assign(mse=table.pop("rmse") ** 2).reset_index()
