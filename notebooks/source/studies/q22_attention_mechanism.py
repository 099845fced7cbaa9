"""The study of q22: which weights a rating gets, on new users; and which pooling of the history tells what is liked."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from metarec_lib import (
    DIN,
    BaselineRecommender,
    SupportAttention,
    TaskBatch,
    evaluate_tasks,
    load_data,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
)
from metarec_lib.data.tasks import pad_ratings, pad_rows
from metarec_lib.evaluation.metrics import auc
from metarec_lib.evaluation.pairs import score_pairs

SEEDS = (10, 11, 12, 13, 14)
SUPPORTS = (3, 5, 10, 20)
TEMPERATURES, COUNTS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0), (1, 2, 3, 5, 8, 12, 18, 27)
KINDS = {  # settings, and those that are tuned for each K
    "uniform weights": ({"weights": "uniform"}, {}),
    "shrunken uniform weights": ({"weights": "uniform"}, {"pseudo_count": COUNTS}),
    "softmax attention": ({}, {"temperature": TEMPERATURES}),
    "shrunken softmax attention": ({}, {"temperature": TEMPERATURES, "pseudo_count": COUNTS}),
    "ridge": ({"weights": "ridge"}, {}),
    "ridge without negative weights": ({"weights": "ridge", "nonnegative": True}, {}),
}
PLAIN = {"weights": "softmax", "temperature": 0.1, "pseudo_count": 0.0, "nonnegative": False}
POOLINGS = {
    "target attention": "target",
    "softmax target attention": "softmax",
    "mean pooling": "mean",
    "recency": "recent",
}


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Squared error of each judging user by K, and AUC of each user with likes and others in the test ratings."""
    yield from weights(seed)
    yield from poolings(seed)


def weights(seed: int) -> Iterator[pd.DataFrame]:
    """One set of item vectors and one prior; only the weights of the support ratings differ. Tuned on tuning users."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    model = SupportAttention(seed=seed).fit(train)
    for k in SUPPORTS:
        judge, tune_on = (make_tasks(data, users, k=k, pool=20, seed=seed) for users in (judging, tuning))
        prior = evaluate_tasks(model.set_params(**PLAIN), judge.first(0), ("rmse",), judging)["rmse"] ** 2
        yield study_rows("mse", "prior alone", prior, k=k)
        for name, (fixed, tuned) in KINDS.items():
            best = tune(model, PLAIN | fixed, tuned, tune_on)
            errors = evaluate_tasks(model.set_params(**best), judge, ("rmse",), judging)["rmse"] ** 2
            yield study_rows("mse", name, errors, k=k)
            yield from (study_rows(setting, name, best[setting], k=k) for setting in tuned)
    yield from shares(model.set_params(**PLAIN | KINDS["ridge"][0]), data, judging, seed)


def tune(model: SupportAttention, fixed: dict, tuned: dict, tasks: TaskBatch) -> dict:
    """The settings with the lowest squared error on the tuning users."""
    grid = [fixed]
    for name, values in tuned.items():
        grid = [settings | {name: value} for settings in grid for value in values]
    return min(grid, key=lambda s: (evaluate_tasks(model.set_params(**s), tasks, ("rmse",))["rmse"] ** 2).mean())


def shares(model: SupportAttention, data: object, judging: np.ndarray, seed: int) -> Iterator[pd.DataFrame]:
    """What the ridge weights sum to, and how many of them are negative, a mean over each user's queries."""
    for k in SUPPORTS:
        tasks = make_tasks(data, judging, k=k, pool=20, seed=seed)
        found = model.attention_weights(model.adapt(tasks.support), model.linear(tasks.query))
        counts, mask = tasks.query.counts.clamp(1), tasks.query.mask
        for name, value in (("sum", found.sum(2)), ("negative", (found < 0).double().mean(2))):
            mean = ((value * mask).sum(1) / counts).numpy()
            yield study_rows(name, "ridge", pd.Series(mean, index=judging), k=k)


def poolings(seed: int) -> Iterator[pd.DataFrame]:
    """Like or not, a fifth of each user's ratings held out at random."""
    train, test = load_data("ml-100k", split="random", seed=seed)
    models = {name: DIN(pooling=pooling, dtype="float32", seed=seed) for name, pooling in POOLINGS.items()}
    for name, model in {"bias": BaselineRecommender(), **models}.items():
        yield study_rows("auc", name, auc_by_user(model.fit(train), test))


def auc_by_user(model: object, test: object) -> pd.Series:
    users, owner = np.unique(test.user_codes, return_inverse=True)
    query = pad_rows(test, np.arange(len(test)), owner, users)
    scores = pad_ratings(owner, test.item_codes, score_pairs(model, test).numpy(), users).values
    return pd.Series(auc(scores, query.liked, query.mask).numpy(), index=test.users["user_id"].to_numpy()[users])
