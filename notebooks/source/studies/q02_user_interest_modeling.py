"""The study of q02: what a learned prior buys, what blends buy, and what a leak in the stacking costs, over ten seeds."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Self

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import Tensor

from metarec_lib import (
    BaselineRecommender,
    ContentBasedRecommender,
    Interactions,
    ItemKNN,
    MatrixFactorization,
    MetaLearningModel,
    PaddedRatings,
    Recommender,
    TaskBatch,
    load_movielens,
    make_tasks,
    out_of_fold_predictions,
    rmse,
    score_tasks,
    split_users,
    study_rows,
)
from metarec_lib.models.blending import SIZES, stack, weights_by_size

SEEDS = tuple(range(10))
SUPPORTS = (1, 5, 20)
THREE, UNDAMPED = ("MF", "kNN", "content"), ("MF", "kNN, undamped", "content")
FOUR = (*THREE, "head")
STACKED = (*FOUR, "kNN, undamped")
LEAVES = (2, 3, 4, 8, 31)  # of the boosted trees; validation chooses


class Judge:
    """The RMSE of users for K = 1, 5, 20 under any combination of base models, each of which is scored once."""

    def __init__(self, tasks: TaskBatch) -> None:
        self.tasks = {k: tasks.first(k) for k in SUPPORTS}
        self.query, self.scores = tasks.query, {}

    def add(self, name: str, model: Recommender) -> None:
        self.scores[name] = {k: score_tasks(model, tasks) for k, tasks in self.tasks.items()}

    def stacked(self, names: Sequence[str], k: int) -> Tensor:
        """Scores of several base models, (B, Q, M)."""
        return torch.stack([self.scores[name][k] for name in names], dim=2)

    def errors(self, predict: Callable[["Judge", int], Tensor]) -> dict[int, np.ndarray]:
        return {k: rmse(predict(self, k), self.query.values, self.query.mask).numpy() for k in SUPPORTS}

    def loss(self, model: Recommender) -> float:
        """The mean over users and K, which settings are chosen by."""
        return self.mean(lambda _, k: score_tasks(model, self.tasks[k]))

    def mean(self, predict: Callable[["Judge", int], Tensor]) -> float:
        return float(np.mean([values.mean() for values in self.errors(predict).values()]))


class Counts(Recommender):
    """Scores every item by the number of ratings that the prediction rests on."""

    def _learn(self, data: Interactions, epochs: int | None = None) -> None:
        pass

    def adapt(self, support: PaddedRatings) -> Tensor:
        return support.counts

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        return state.unsqueeze(1).expand(query.items.shape).to(query.values.dtype)


class Fitted:
    """A model that stays as it was fitted, whatever it is fitted on: the leak of in-sample stacking."""

    def __init__(self, model: Recommender) -> None:
        self.model = model

    def fit(self, data: Interactions) -> Recommender:
        return self.model


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE per test user of base models and blends, their weights, and how well the interest's intervals cover."""
    data = load_movielens("ml-100k")
    train_users, validation_users, test_users = split_users(data, seed=seed)
    train = data.subset(np.isin(data.ratings["user_id"], train_users))
    validation, test = (
        Judge(make_tasks(data, users, k=20, pool=20, seed=seed)) for users in (validation_users, test_users)
    )
    models = base_models(train, validation, seed)
    for name, model in models.items():
        validation.add(name, model)
        test.add(name, model)
    learned = {part: Rows(models, train, seed, part) for part in ("unseen", "seen")}
    combined = combinations(learned, validation, seed)
    single = {name: (lambda judge, k, name=name: judge.scores[name][k]) for name in models}
    errors = {name: test.errors(predict) for name, predict in {**single, **combined}.items()}
    picks = {k: chosen(validation, ("bias", *THREE), k) for k in SUPPORTS}
    for name, by_k in {**errors, "chosen": {k: errors[pick][k] for k, pick in picks.items()}}.items():
        for k, values in by_k.items():
            yield study_rows("rmse", name, pd.Series(values, index=test_users), k=k)
    for k, pick in picks.items():
        yield study_rows("chosen", pick, 1, k=k)
        yield study_rows(
            "covered", "content", pd.Series(covered(models["content"], test.tasks[k]), index=test_users), k=k
        )
    yield from settings(models, combined)
    for part, seen in learned.items():
        yield from seen.error(part)
    yield from learned["unseen"].correlation(size=20)
    for name, blend in combined.items():
        if isinstance(blend, Linear):
            yield from blend.rows(name)


# -- the base models, tuned on the validation users ----------------------------------------------------------------
def base_models(train: Interactions, validation: Judge, seed: int) -> dict[str, Recommender]:
    def best(models: Iterable[Recommender]) -> Recommender:
        return min((model.fit(train) for model in models), key=validation.loss)

    bias = best(BaselineRecommender(user_shrinkage=s) for s in (2, 5, 10, 20))
    common = {"user_shrinkage": bias.user_shrinkage, "seed": seed}
    grid = [(d, s) for d in (0.03, 0.1, 0.3, 1, 3) for s in (30, 100, 300)]
    content = ContentBasedRecommender().fit(train)
    strengths = [(t, b) for t in (0.01, 0.02, 0.05, 0.1, 0.2) for b in (0.025, 0.05, 0.1, 0.2, 0.4)]
    return {
        "bias": bias,
        "MF": best(MatrixFactorization(reg=r, **common) for r in (0.7, 1, 1.5, 2, 3)),
        "kNN": best(ItemKNN(damping=d, shrinkage=s, **common) for d, s in grid),
        "kNN, undamped": ItemKNN(damping=0, **common).fit(train),
        "content": content,
        "content, two strengths": min((flat_prior(content, t, b) for t, b in strengths), key=validation.loss),
        "content, no prior": flat_prior(content, 1e3, 1e3),
        "head": MetaLearningModel(seed=seed).fit(train),
        "head, no user features": MetaLearningModel(seed=seed).fit(without_features(train)),
    }


def without_features(data: Interactions) -> Interactions:
    """The same ratings, with nothing known of the users."""
    return Interactions(data.ratings, data.users[["user_id"]], data.items, data.name, data.scale)


def flat_prior(content: ContentBasedRecommender, taste: float, bias: float) -> ContentBasedRecommender:
    """The content model with a prior of mean 0 and two variances, one of all tastes and one of the user's bias."""
    model = copy.copy(content)
    variances = torch.full_like(content.prior_, taste)
    variances[-1] = bias
    model.prior_, model.covariance_ = torch.zeros_like(content.prior_), torch.diag(variances)
    return model


def settings(models: dict[str, Recommender], combined: dict[str, "Predict"]) -> Iterator[pd.DataFrame]:
    """What validation chose."""
    flat = models["content, two strengths"].covariance_.diagonal()
    found = {
        ("bias", "user_shrinkage"): models["bias"].user_shrinkage,
        ("MF", "reg"): models["MF"].reg,
        ("kNN", "damping"): models["kNN"].damping,
        ("kNN", "shrinkage"): models["kNN"].shrinkage,
        ("content, two strengths", "variance of tastes"): flat[0].item(),
        ("content, two strengths", "variance of the bias"): flat[-1].item(),
        **{(name, "leaves"): blend.leaves for name, blend in combined.items() if isinstance(blend, Boosting)},
    }
    for (model, name), value in found.items():
        yield study_rows("setting", model, value, setting=name)


def chosen(validation: Judge, names: Sequence[str], k: int) -> str:
    """The base model with the lowest RMSE at this K on the validation users."""
    return min(names, key=lambda name: validation.errors(lambda judge, k: judge.scores[name][k])[k].mean())


# -- the blends -----------------------------------------------------------------------------------------------------
class Rows:
    """What a combiner learns from: predictions of the training ratings by models that have seen them, or have not."""

    def __init__(self, models: dict[str, Recommender], train: Interactions, seed: int, part: str) -> None:
        makers = {name: maker(models[name], seen=part == "seen") for name in STACKED}
        self.scores = {name: out_of_fold_predictions(make, train, seed=seed) for name, make in makers.items()}
        self.known = out_of_fold_predictions(Counts, train, seed=seed).ravel()
        self.ratings = np.repeat(train.values, len(SIZES))
        per_user = np.bincount(train.user_codes, minlength=train.n_users)
        self.share = np.repeat(1 / per_user[train.user_codes], len(SIZES))  # every user counts the same

    def of(self, names: Sequence[str]) -> np.ndarray:
        return np.stack([self.scores[name] for name in names], axis=2).reshape(-1, len(names))

    def error(self, part: str) -> Iterator[pd.DataFrame]:
        """RMSE of each base model on the training ratings, by support size."""
        shape = (-1, len(SIZES))
        share, ratings = self.share.reshape(shape), self.ratings.reshape(shape)
        mean = {name: (share * (p - ratings) ** 2).sum(0) / share.sum(0) for name, p in self.scores.items()}
        for name, values in mean.items():
            for k, value in zip(SIZES, values, strict=True):
                yield study_rows("training rmse", name, np.sqrt(value), part=part, k=k)

    def correlation(self, size: int) -> Iterator[pd.DataFrame]:
        """Of the base models' errors, pair by pair; every user counts the same."""
        errors = self.of(STACKED) - self.ratings[:, None]
        at = np.arange(len(errors)) % len(SIZES) == SIZES.index(size)
        covariance = np.cov(errors[at].T, aweights=self.share[at])
        spread = np.sqrt(np.diag(covariance))
        for name, line in zip(STACKED, covariance / np.outer(spread, spread), strict=True):
            for member, value in zip(STACKED, line, strict=True):
                yield study_rows("error correlation", name, value, member=member, k=size)


def maker(model: Recommender, seen: bool) -> Callable[[], Recommender | Fitted]:
    return (lambda: Fitted(model)) if seen else (lambda: type(model)(**model.get_params()))


Predict = Callable[[Judge, int], Tensor]


class Linear:
    """Weights by K, or one set for every K, times the base models' scores."""

    def __init__(self, rows: Rows, names: Sequence[str], how: str, by_size: bool = True) -> None:
        self.names, p = names, rows.of(names)
        if by_size:
            self.weights, self.constants = weights_by_size(p, rows.known, rows.ratings, rows.share, how)
        else:
            weights, constant = stack(p, rows.ratings, rows.share, how)
            self.weights, self.constants = np.tile(weights, (len(SIZES), 1)), np.full(len(SIZES), constant)

    def __call__(self, judge: Judge, k: int) -> Tensor:
        row = SIZES.index(k)
        return judge.stacked(self.names, k) @ torch.as_tensor(self.weights[row]) + self.constants[row]

    def rows(self, name: str) -> Iterator[pd.DataFrame]:
        """The weight of each member at each support size."""
        for k, line in zip(SIZES, self.weights, strict=True):
            for member, value in zip(self.names, line, strict=True):
                yield study_rows("weight", name, value, member=member, k=k)


class Boosting:
    """Gradient-boosted trees on the scores and K, which correct the mean; validation chooses their size."""

    def __init__(self, rows: Rows, names: Sequence[str], leaves: int, seed: int) -> None:
        self.names, self.leaves, p = names, leaves, rows.of(names)
        trees = HistGradientBoostingRegressor(max_leaf_nodes=leaves, random_state=seed)
        x = np.column_stack([p, rows.known])
        self.trees = trees.fit(x, rows.ratings - p.mean(1), sample_weight=rows.share)

    @classmethod
    def tuned(cls, rows: Rows, names: Sequence[str], validation: Judge, seed: int) -> Self:
        return min((cls(rows, names, leaves, seed) for leaves in LEAVES), key=validation.mean)

    def __call__(self, judge: Judge, k: int) -> Tensor:
        scores = judge.stacked(self.names, k)
        x = np.column_stack([scores.reshape(-1, len(self.names)), np.full(scores.shape[:2].numel(), k)])
        return scores.mean(2) + torch.as_tensor(self.trees.predict(x)).reshape(scores.shape[:2])


def combinations(learned: dict[str, Rows], validation: Judge, seed: int) -> dict[str, Predict]:
    """Every blend by its name."""
    unseen, seen = learned["unseen"], learned["seen"]
    found: dict[str, Predict] = {}
    for label, names in (("three", THREE), ("four", FOUR)):
        found[f"{label}: mean"] = lambda judge, k, names=names: judge.stacked(names, k).mean(2)
        found[f"{label}: nnls"] = Linear(unseen, names, "nnls")
        found[f"{label}: ridge"] = Linear(unseen, names, "ridge")
        found[f"{label}: boosting"] = Boosting.tuned(unseen, names, validation, seed)
    found["three: nnls, one weight"] = Linear(unseen, THREE, "nnls", by_size=False)
    found["three: nnls, in-sample"] = Linear(seen, THREE, "nnls")
    found["three: ridge, in-sample"] = Linear(seen, THREE, "ridge")
    found["three: boosting, in-sample"] = Boosting.tuned(seen, THREE, validation, seed)
    found["undamped: mean"] = lambda judge, k: judge.stacked(UNDAMPED, k).mean(2)
    found["undamped: nnls"] = Linear(unseen, UNDAMPED, "nnls")
    found["undamped: nnls, one weight"] = Linear(unseen, UNDAMPED, "nnls", by_size=False)
    for name in FOUR:
        found[f"{name}, recalibrated"] = Linear(unseen, (name,), "ridge")
    return found


# -- is the posterior as sure as it should be? ----------------------------------------------------------------------
def covered(content: ContentBasedRecommender, tasks: TaskBatch) -> np.ndarray:
    """The share of each user's query ratings that lie in the 80 % interval of their prediction, (B,)."""
    state, query = content.adapt(tasks.support), tasks.query
    z = (query.values - content.score(state, query)) / content.score_std(state, query)
    return (((z.abs() < 1.2816) & query.mask).sum(1) / query.mask.sum(1)).numpy()
