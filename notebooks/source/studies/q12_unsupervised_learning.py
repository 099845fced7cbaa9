"""The study of q12: representations of what users have seen as priors, silhouettes with a null model, lists by cluster."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples

from metarec_lib import (
    ContrastiveEncoder,
    DenoisingAutoencoder,
    Interactions,
    ProbabilisticPCA,
    Recommender,
    TaskBatch,
    evaluate_tasks,
    load_movielens,
    pad_ratings,
    prior_from,
    split_users,
    study_rows,
)
from metarec_lib.meta.representation_prior import pulled

SEEDS = (10, 11, 12, 13, 14)
KNOWN, ASKED, WIDTH, KINDS = (0, 3, 10), 0.3, 16, 8
STRENGTHS, CLUSTERS, NEIGHBOURS = (10, 30, 100, 300, 1000), (5, 10, 20, 40), (25, 50, 100)


def run(seed: int) -> Iterator[pd.DataFrame]:
    """New users' stars after K ratings, with a prior from what they have seen; silhouettes; precision of lists."""
    data = load_movielens("ml-100k")
    groups = split_users(data, seed=seed)
    rng = np.random.default_rng([seed, 12])
    place = pd.Series(rng.random(len(data))).groupby(data.user_codes).rank().to_numpy()
    new = ~np.isin(data.ratings["user_id"], groups[0])
    asked = new & (place > np.ceil((1 - ASKED) * np.bincount(data.user_codes)[data.user_codes]))
    seen = incidence(data, ~asked)
    rows = tuple(data.user_index(ids) for ids in groups)
    yield from priors(data, groups, place, asked, seen, seed)
    yield from silhouettes(data, groups[0], seed)
    for world, tables in (
        ("real", (seen, incidence(data, asked))),
        ("surrogate", surrogate(seen, incidence(data, asked), rows[0], rng)),
    ):
        yield from lists(*tables, rows, groups[2], world, seed)


def incidence(data: Interactions, rows: np.ndarray) -> np.ndarray:
    """Which user has which film among these ratings, (U, I) of 0 and 1."""
    table = np.zeros((data.n_users, data.n_items))
    table[data.user_codes[rows], data.item_codes[rows]] = 1
    return table


def priors(
    data: Interactions, groups: tuple, place: np.ndarray, asked: np.ndarray, seen: np.ndarray, seed: int
) -> Iterator[pd.DataFrame]:
    """RMSE of the stars of films that were left out of what is seen; the strength of the ridge is chosen at K = 3."""
    learning, tuning, judging = groups
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    model = ProbabilisticPCA(seed=seed).fit(train)
    tune, judge = (
        {k: tasks_of(data, users, ~asked & (place <= k), asked) for k in KNOWN} for users in (tuning, judging)
    )
    for k, tasks in judge.items():
        yield study_rows("rmse", "profile alone", errors(model, tasks, judging), k=k)
    for name, z in representations(data, train, seen, data.user_index(learning), ~asked, seed).items():
        options = [prior_from(model, train, z, strength) for strength in STRENGTHS]
        best = min(options, key=lambda m: errors(m, tune[3], tuning).mean())
        for k, tasks in judge.items():
            yield study_rows("rmse", name, errors(best, tasks, judging), k=k)


def representations(
    data: Interactions, train: Interactions, seen: np.ndarray, learning: np.ndarray, rows: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """z of every user, (U, P); encoders learn from the learning users alone."""
    everyone = np.arange(data.n_users)
    history = pad_ratings(
        data.user_codes[rows], data.item_codes[rows], data.values[rows], everyone, "cpu", torch.float64
    )

    def encoded(model: Recommender) -> np.ndarray:
        with torch.no_grad():
            return model.adapt(history).numpy()

    autoencoder = DenoisingAutoencoder(seed=seed).fit(train)
    found = {
        "autoencoder": encoded(autoencoder),
        "contrastive encoder": encoded(ContrastiveEncoder(seed=seed).fit(train)),
    }
    start = autoencoder._initial(train, np.random.default_rng(seed))
    autoencoder.params_ = {key: autoencoder._tensor(value) for key, value in start.items()}
    found["untrained encoder"] = encoded(autoencoder)
    found["principal components"] = components(seen, learning)
    means = KMeans(KINDS, n_init=3, random_state=seed).fit(found["principal components"][learning])
    found["k-means of users"] = np.eye(KINDS)[means.predict(found["principal components"])]
    found["another user's history"] = np.roll(found["autoencoder"], 1, axis=0)
    return found


def components(seen: np.ndarray, learning: np.ndarray, width: int = WIDTH) -> np.ndarray:
    """The first principal components of rows at length 1, (U, width)."""
    rows = seen / np.sqrt(np.maximum(seen.sum(1, keepdims=True), 1))
    mean = rows[learning].mean(0)
    return (rows - mean) @ np.linalg.svd(rows[learning] - mean, full_matrices=False)[2][:width].T


def tasks_of(data: Interactions, users: np.ndarray, support: np.ndarray, query: np.ndarray) -> TaskBatch:
    """These users' support and query rows as tasks."""
    ids = data.user_index(users)
    slot = np.full(data.n_users, -1)
    slot[ids] = np.arange(len(ids))
    own = slot[data.user_codes] >= 0

    def padded(rows: np.ndarray) -> object:
        return pad_ratings(
            slot[data.user_codes[rows]], data.item_codes[rows], data.values[rows], ids, "cpu", torch.float64
        )

    return TaskBatch(padded(own & support), padded(own & query))


def errors(model: Recommender, tasks: TaskBatch, users: np.ndarray) -> pd.Series:
    return evaluate_tasks(model, tasks, ("rmse",))["rmse"].set_axis(users)


def silhouettes(data: Interactions, learning: np.ndarray, seed: int) -> Iterator[pd.DataFrame]:
    """Of users' tastes, and of a Gaussian of the same mean and covariance, cut by k-means; the mean of ten draws."""
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    model = ProbabilisticPCA(seed=seed).fit(train)
    tastes = pulled(model, train, np.unique(train.user_codes)).numpy() / model.scale_.numpy()
    rng = np.random.default_rng([seed, 13])
    for k in (2, 3, 5, 8):
        yield study_rows(
            "silhouette", "tastes of users", pd.Series(silhouette(tastes, k, seed), index=learning), kinds=k
        )
        draws = [rng.multivariate_normal(tastes.mean(0), np.cov(tastes.T), len(tastes)) for _ in range(10)]
        null = np.mean([silhouette(draw, k, seed) for draw in draws], axis=0)
        yield study_rows(
            "silhouette", "Gaussian cloud", pd.Series(np.full(len(learning), null.mean()), index=learning), kinds=k
        )


def silhouette(points: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Silhouette of each point, (U,)."""
    return silhouette_samples(points, KMeans(k, n_init=5, random_state=seed).fit_predict(points))


def surrogate(seen: np.ndarray, asked: np.ndarray, learning: np.ndarray, rng: np.random.Generator) -> tuple:
    """Users without clusters: chances are linear in Gaussian tastes of the same covariance; seen and asked, (U, I)."""
    whole = seen + asked
    mean = whole[learning].mean(0)
    axes = np.linalg.svd(whole[learning] - mean, full_matrices=False)[2][:WIDTH]
    tastes = rng.multivariate_normal(
        np.zeros(WIDTH), np.cov((whole[learning] - mean) @ axes.T, rowvar=False), len(whole)
    )
    drawn = (rng.random(whole.shape) < np.clip(mean + tastes @ axes, 0, 1)).astype(float)
    left_out = drawn * (rng.random(whole.shape) < ASKED)
    left_out[learning] = 0
    return drawn - left_out, left_out


def lists(
    seen: np.ndarray, asked: np.ndarray, rows: tuple, judging: np.ndarray, world: str, seed: int
) -> Iterator[pd.DataFrame]:
    """Precision of ten films that a user has not seen: popular with all, with the user's cluster, with neighbours."""
    learning, tuning, judge = rows
    z = components(seen, learning)

    def precision(scores: np.ndarray, users: np.ndarray) -> np.ndarray:
        top = np.argsort(-np.where(seen[users] > 0, -np.inf, scores), axis=1, kind="stable")[:, :10]
        return np.take_along_axis(asked[users], top, axis=1).mean(1)

    def by_cluster(k: int) -> Callable[[np.ndarray], np.ndarray]:
        means = KMeans(k, n_init=3, random_state=seed).fit(z[learning])
        popular = np.stack([seen[learning][means.labels_ == c].mean(0) for c in range(k)])
        return lambda users: popular[means.predict(z[users])]

    def by_neighbours(n: int) -> Callable[[np.ndarray], np.ndarray]:
        unit = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)

        def scores(users: np.ndarray) -> np.ndarray:
            near = np.argsort(-unit[users] @ unit[learning].T, axis=1, kind="stable")[:, :n]
            return np.stack([seen[learning][row].mean(0) for row in near])

        return scores

    ways = {"popularity": [lambda users: np.broadcast_to(seen[learning].mean(0), (len(users), seen.shape[1]))]}
    ways["popularity by cluster"] = [by_cluster(k) for k in CLUSTERS]
    ways["nearest users"] = [by_neighbours(n) for n in NEIGHBOURS]
    for name, options in ways.items():
        best = max(options, key=lambda way: precision(way(tuning), tuning).mean())
        ids = judging if world == "real" else [f"{seed}-{user}" for user in judging]
        yield study_rows("precision@10", name, pd.Series(precision(best(judge), judge), index=ids), world=world)
