"""The study of q06: a leak against an honest gain, and sampled against full ranking, over five seeds."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from metarec_lib import (
    BaselineRecommender,
    ItemKNN,
    MatrixFactorization,
    PopularityRecommender,
    TaskBatch,
    evaluate_ranking,
    evaluate_tasks,
    load_data,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
)

SEEDS = (0, 1, 2, 3, 4)
SUPPORTS = (1, 5, 20)


def run(seed: int) -> Iterator[pd.DataFrame]:
    """What each user's metrics were in one split of the users, and in one split of the ratings."""
    yield from leak(seed)
    yield from ranking(seed)


def leak(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE of each test user for K = 1, 5, 20: honest models, and the same trained on the test users' ratings as well."""
    data = load_movielens("ml-100k")
    train_users, validation_users, test_users = split_users(data, seed=seed)
    train = data.subset(np.isin(data.ratings["user_id"], train_users))
    judge = make_tasks(data, validation_users, k=5, pool=20, seed=seed)
    shrinkage = best((2, 5, 10, 20), lambda s: BaselineRecommender(user_shrinkage=s).fit(train), judge)
    common = {"user_shrinkage": shrinkage, "seed": seed}
    reg = best((1.0, 1.5, 2.0, 3.0), lambda r: MatrixFactorization(reg=r, **common).fit(train), judge)
    honest = data.subset(~np.isin(data.ratings["user_id"], test_users))
    models = {
        "bias": BaselineRecommender(**common).fit(honest),
        "factors": MatrixFactorization(reg=reg, **common).fit(honest),
        "bias, leaking": BaselineRecommender(**common).fit(data),
        "factors, leaking": MatrixFactorization(reg=reg, **common).fit(data),
    }
    for k in SUPPORTS:
        tasks = make_tasks(data, test_users, k=k, pool=20, seed=seed)
        for name, model in models.items():
            yield study_rows("rmse", name, evaluate_tasks(model, tasks, ("rmse",), test_users)["rmse"], k=k)


def best(values: tuple, fit: Callable, tasks: TaskBatch) -> float:
    """The value whose fitted model has the lowest RMSE on the validation users."""
    return min(values, key=lambda value: evaluate_tasks(fit(value), tasks, ("rmse",))["rmse"].mean())


def ranking(seed: int) -> Iterator[pd.DataFrame]:
    """nDCG@10 of each user who likes a held-out film, ranked among all films and among 100 sampled ones."""
    kept, held_out = load_data("ml-100k", split="random", seed=seed)
    models = {
        "popularity": PopularityRecommender(),
        "bias": BaselineRecommender(),
        "bias, items shrunk": BaselineRecommender(item_shrinkage=50),
        "MF, items shrunk": MatrixFactorization(item_shrinkage=20, seed=seed),
        "item-kNN": ItemKNN(),
        "item-kNN, undamped": ItemKNN(damping=0),
    }
    for name, model in models.items():
        model.fit(kept)
        yield study_rows("ndcg@10", name, evaluate_ranking(model, held_out)["ndcg@10"], candidates="full")
        some = evaluate_ranking(model, held_out, negatives=100, seed=seed)
        yield study_rows("ndcg@10", name, some["ndcg@10"], candidates="sampled")
