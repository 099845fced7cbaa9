"""The study of q18: error over meta-training users and ratings, what averaging and boosting do, which ratings to ask for."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from zlib import crc32

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from metarec_lib import (
    MAML,
    BaselineRecommender,
    Interactions,
    MatrixFactorization,
    MetaLearningModel,
    PaddedRatings,
    ProbabilisticPCA,
    TaskBatch,
    evaluate_tasks,
    learning_surface,
    load_movielens,
    make_tasks,
    score_tasks,
    split_users,
    study_rows,
)

SEEDS = (0, 1, 2, 3, 4)
SUPPORTS = (1, 3, 5, 10, 20)
SIZES = (15, 30, 60, 120, 240, 484)  # 484 is all there are to learn from
MEMBERS, ROUNDS, RATES = 8, 3, (0.1, 0.3, 1.0)
RATED = 50  # ratings of a film that judges: at most twenty are known, the others are to be predicted


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE of each judging user, and of each film."""
    data = load_movielens("ml-100k")
    parts = split_users(data, seed=seed)
    yield from surface(data, parts, seed)
    yield from halves(data, parts, seed)
    yield from combined(data, parts, 60, seed)
    yield from chosen(data, parts, seed)
    yield from films(data, seed)


# -- the surface ------------------------------------------------------------------------------------------------------
class StoppedOnTuning:
    """MAML that stops early on the tuning users: of fifteen users a tenth is too few."""

    def __init__(self, validation: Interactions, seed: int) -> None:
        self.model, self.validation = MAML(seed=seed), validation

    def fit(self, X: Interactions) -> MAML:
        return self.model.fit(X, validation=self.validation)


def surface(data: Interactions, parts: Sequence[np.ndarray], seed: int) -> Iterator[pd.DataFrame]:
    """Every learner at every size; the settings of the two baselines are chosen anew at each size."""
    learning, tuning, judging = parts
    some = {
        "bias": [
            BaselineRecommender(user_shrinkage=u, item_shrinkage=i) for u in (2, 5, 10, 20) for i in (2, 5, 10, 20)
        ],
        "MF": [MatrixFactorization(reg=r, item_shrinkage=i, seed=seed) for r in (1.5, 3.0, 6.0) for i in (2, 10)],
        "head": MetaLearningModel(seed=seed),
    }
    everywhere = learning_surface(some, data, learning, judging, tuning, users=SIZES, supports=SUPPORTS, seed=seed)
    yield from rows_of(everywhere)
    yield from extrapolated(everywhere[everywhere.model == "head"])
    maml = StoppedOnTuning(data.subset(np.isin(data.ratings["user_id"], tuning)), seed)
    yield from rows_of(
        learning_surface({"MAML": maml}, data, learning, judging, users=(15, 60, 484), supports=SUPPORTS, seed=seed)
    )
    plain = {"head, no film features": MetaLearningModel(seed=seed)}
    yield from rows_of(
        learning_surface(plain, without_genres(data), learning, judging, users=(15, 484), supports=SUPPORTS, seed=seed)
    )


def rows_of(surface: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for (model, n, k), part in surface.groupby(["model", "users", "k"]):
        yield study_rows("rmse", model, part.set_index("user")["value"], users=int(n), k=int(k))


def extrapolated(head: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """What a power law through the sizes up to 240 says of all 484 users, shared out over the judging users.

    The law is E = exp(sum_i w_i log e_i) with the extrapolation weights w of a straight line, sum w = 1. Its derivative
    shares it out: user u has E sum_i w_i e_ui / e_i, whose mean is E and whose spread over users is E's (delta method).
    """
    sizes = np.array(SIZES[:-1])
    line = np.column_stack([np.ones(len(sizes)), np.log(sizes)])
    weights = np.array([1, np.log(SIZES[-1])]) @ np.linalg.pinv(line)
    for k, part in head.groupby("k"):
        errors = part.pivot(index="user", columns="users", values="value")[list(sizes)]
        means = errors.mean()
        law = np.exp(weights @ np.log(means.to_numpy()))
        yield study_rows("rmse", "power law", law * (errors / means) @ weights, users=SIZES[-1], k=int(k))


def without_genres(data: Interactions) -> Interactions:
    """The same ratings, with nothing known of the films."""
    items = data.items[["item_id", "title", "year"]].assign(year=0)
    return Interactions(data.ratings, data.users, items, data.name, data.scale)


def halves(data: Interactions, parts: Sequence[np.ndarray], seed: int) -> Iterator[pd.DataFrame]:
    """Half of the logs two ways: half of the users, or of each user's ratings."""
    learning, _, judging = parts
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    kept = np.random.default_rng(seed).permutation(learning)[: len(learning) // 2]
    logs = {
        "half of the users": np.isin(train.ratings["user_id"], kept),
        "half of each user's ratings": np.random.default_rng([seed, 1]).random(len(train)) < 0.5,
    }
    for name, rows in logs.items():
        yield from judged("head", MetaLearningModel(seed=seed).fit(train.subset(rows)), data, judging, seed, logs=name)


def judged(
    name: str, model: object, data: Interactions, judging: np.ndarray, seed: int, **at: object
) -> Iterator[pd.DataFrame]:
    for k in SUPPORTS:
        tasks = make_tasks(data, judging, k=k, pool=20, seed=seed)
        yield study_rows("rmse", name, evaluate_tasks(model, tasks, ("rmse",), judging)["rmse"], k=k, **at)


# -- many models instead of one ---------------------------------------------------------------------------------------
def combined(data: Interactions, parts: Sequence[np.ndarray], n: int, seed: int) -> Iterator[pd.DataFrame]:
    """One factor model against averages of eight and three rounds of boosting."""
    learning, tuning, judging = parts
    users = np.random.default_rng(seed).permutation(learning)[:n]
    train = data.subset(np.isin(data.ratings["user_id"], users))
    one = ProbabilisticPCA(seed=seed).fit(train)
    models = {"one factor model": one, "boosted": boosted(one, train, data, tuning, seed)}
    models["average of eight starts"] = Average(
        [ProbabilisticPCA(seed=100 * seed + s).fit(train) for s in range(MEMBERS)]
    )
    for name, copies in (("bagging", True), ("bagging, no copies", False)):
        draws = np.random.default_rng([seed, n])
        models[name] = Average(
            [ProbabilisticPCA(seed=seed).fit(resampled(train, draws, copies)) for _ in range(MEMBERS)]
        )
    for name, model in models.items():
        yield from judged(name, model, data, judging, seed, users=n)


class Average:
    """The mean of several models' scores."""

    def __init__(self, models: list) -> None:
        self.models = models

    def adapt(self, support: PaddedRatings) -> list:
        return [model.adapt(support) for model in self.models]

    def score(self, states: list, query: PaddedRatings) -> Tensor:
        return torch.stack([m.score(s, query) for m, s in zip(self.models, states, strict=True)]).mean(0)


def resampled(train: Interactions, rng: np.random.Generator, copies: bool) -> Interactions:
    """As many users drawn with replacement; a user drawn again is a new user with the same ratings, or left out."""
    ids, last = train.ratings["user_id"].unique(), train.users["user_id"].max()
    times = pd.Series(rng.choice(ids, len(ids))).value_counts()
    ratings, users = [train.ratings[train.ratings["user_id"].isin(times.index)]], [train.users]
    for copy in range(1, int(times.max()) if copies else 1):
        again = times.index[times > copy]
        shift = copy * (last + 1)
        for table, into in ((train.ratings, ratings), (train.users, users)):
            some = table[table["user_id"].isin(again)]
            into.append(some.assign(user_id=some["user_id"] + shift))
    tables = (pd.concat(part, ignore_index=True) for part in (ratings, users))
    return Interactions(*tables, train.items, train.name, train.scale)


class Boosted:
    """A first model, and `rate` times each later one, which adapts to what is left of the support."""

    def __init__(self, models: list, rate: float) -> None:
        self.models, self.rates = models, [1.0] + [rate] * (len(models) - 1)

    def adapt(self, support: PaddedRatings) -> list:
        states = []
        for model, rate in zip(self.models, self.rates, strict=True):
            states.append(model.adapt(support))
            left = support.values - rate * model.score(states[-1], support)
            support = replace(support, values=left * support.mask)
        return states

    def score(self, states: list, query: PaddedRatings) -> Tensor:
        parts = zip(self.models, self.rates, states, strict=True)
        return sum(rate * model.score(state, query) for model, rate, state in parts)


def boosted(first: object, train: Interactions, data: Interactions, tuning: np.ndarray, seed: int) -> Boosted:
    """Least-squares boosting (Friedman 2001): each round fits what is left of the training ratings; the rate is tuned."""
    made = [_boosted(first, train, rate, seed) for rate in RATES]
    tasks = [make_tasks(data, tuning, k=k, pool=20, seed=seed) for k in SUPPORTS]
    return min(made, key=lambda model: np.mean([evaluate_tasks(model, t, ("rmse",))["rmse"].mean() for t in tasks]))


def _boosted(first: object, train: Interactions, rate: float, seed: int) -> Boosted:
    models = [first]
    support = make_tasks(train, train.ratings["user_id"].unique(), k=len(train)).support.trim()
    for _ in range(ROUNDS):
        fitted = score_tasks(Boosted(models, rate), TaskBatch(support, support))
        left = (support.values - fitted)[support.mask].numpy()
        users = support.users.unsqueeze(1).expand_as(support.items)[support.mask].numpy()
        table = pd.DataFrame({
            "user_id": train.users["user_id"].to_numpy()[users],
            "item_id": train.items["item_id"].to_numpy()[support.items[support.mask].numpy()],
            "rating": left,
            "timestamp": 0,
        })  # fmt: skip
        models.append(
            ProbabilisticPCA(seed=seed).fit(Interactions(table, train.users, train.items, train.name, (-9, 9)))
        )
    return Boosted(models, rate)


# -- which ratings to ask for -----------------------------------------------------------------------------------------
def chosen(data: Interactions, parts: Sequence[np.ndarray], seed: int) -> Iterator[pd.DataFrame]:
    """K of a new user's twenty ratings at random, against the K that leave least uncertain."""
    learning, _, judging = parts
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    model = MetaLearningModel(seed=seed).fit(train)
    pool = make_tasks(data, judging, k=20, seed=seed)
    with torch.no_grad():
        order = most_informative(model, pool.support, train)
    asked = {name: getattr(pool.support, name).gather(1, order) for name in ("items", "values", "mask")}
    for name, support in (("random", pool.support), ("chosen", PaddedRatings(pool.users, **asked))):
        for k in SUPPORTS:
            errors = evaluate_tasks(model, TaskBatch(support.first(k), pool.query), ("rmse",), judging)["rmse"]
            yield study_rows("rmse", "head", errors, support=name, k=k)


def most_informative(model: MetaLearningModel, pool: PaddedRatings, train: Interactions) -> Tensor:
    """The order in which to ask, (B, K): each rating lowers the variance of the catalogue's scores most, given those before.

    With posterior covariance S of the user's weights a rating of x lowers the mean variance of the films that are rated,
    G = E[x x'], by x' S G S x / (v + x' S x): A-optimal design, one step ahead. No rating's value is looked at.
    """
    items, scale = model.linear(pool), model.prior_of(pool.users)[1]
    everyone = torch.full((1,), -1), torch.as_tensor(train.item_codes).unsqueeze(0)
    seen = model.linear(
        PaddedRatings(*everyone, torch.zeros(1, len(train)), torch.ones(1, len(train), dtype=torch.bool))
    )
    goal = (seen.x[0].T @ seen.x[0]) / len(train)
    spread = torch.diag(scale**2).expand(len(pool), -1, -1)
    left, order = pool.mask.clone(), []
    for _ in range(pool.items.shape[1]):
        moved = items.x @ spread  # (B, K, D)
        total = items.variance + (moved * items.x).sum(2)
        gain = ((moved @ goal * moved).sum(2) / total).masked_fill(~left, -1.0)
        best = gain.argmax(1, keepdim=True)
        order.append(best)
        left = left.scatter(1, best, False)
        step = moved.gather(1, best.unsqueeze(2).expand(-1, -1, moved.shape[2]))
        spread = spread - step.mT @ step / total.gather(1, best).unsqueeze(2)
    return torch.cat(order, dim=1)


# -- a new film: its own ratings against the mean of all films --------------------------------------------------------
def films(data: Interactions, seed: int) -> Iterator[pd.DataFrame]:
    """RMSE of each film's later ratings, from the mean of all films, from its own first K, and from both.

    The mean of all films and what it is worth in ratings are those of tuning films, 15 % by a hash of the id.
    """
    ratings = data.ratings.sample(frac=1, random_state=seed)[["item_id", "rating"]]
    ratings = ratings[ratings.groupby("item_id")["rating"].transform("size") >= RATED]
    apart = ratings["item_id"].map(lambda film: crc32(str(film).encode()) % 100 < 15)
    tuning, judging = (part.groupby("item_id")["rating"] for part in (ratings[apart], ratings[~apart]))
    within = float((tuning.var() * (tuning.size() - 1)).sum() / (tuning.size() - 1).sum())
    prior, between = float(tuning.mean().mean()), float(tuning.mean().var() - (within / tuning.size()).mean())
    kappa = within / between
    yield study_rows("ratings", "prior of films", kappa)
    place = judging.cumcount()
    later, known = ratings[~apart][place >= max(SUPPORTS)], ratings[~apart][place < max(SUPPORTS)]
    for k in (1, 2, 3, 5, 10, 20):
        own = known[place[known.index] < k].groupby("item_id")["rating"].mean()
        guesses = {"mean of all films": own * 0 + prior, "film's own mean": own,
                   "posterior mean": (k * own + kappa * prior) / (k + kappa)}  # fmt: skip
        for name, guess in guesses.items():
            squares = (later["rating"] - later["item_id"].map(guess)) ** 2
            yield study_rows("rmse", name, squares.groupby(later["item_id"]).mean() ** 0.5, k=k, units="films")
