"""What is learned of the items before any task is drawn: factors with their uncertainty, by variational Bayes.

Shapes: U users, I items, R rank, F features, G folds of users. Tables of items have I + 1 rows: position -1 finds the last
one, which stands for an unknown item.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from metarec_lib.data.features import item_features, user_features
from metarec_lib.data.interactions import Interactions
from metarec_lib.models.baseline import fit_biases, said_by_features

Moments = tuple[np.ndarray, np.ndarray]  # E[c], (n, R + 2), and E[c c'], (n, R + 2, R + 2), of the users or the items


@dataclass(frozen=True, eq=False)
class Factors:
    """r_ui = mean + b_i + b_u + v_i . w_u + noise, where (w_u, b_u) and (v_i, b_i) are normal around what features say.

    bias (G + 1, I + 1) in stars, the mean added, and vectors (G + 1, I + 1, R): as fitted without the users of each fold,
    and last with all of them. fold (U + 1,): each user's fold; G for users without ratings and for unknown ones.
    prior_map (F + 1, R + 1), scale (R + 1,): before any rating (w_u, b_u) ~ N([g_u, 1] prior_map, diag(scale^2)).
    noise: standard deviation of a rating around its mean, in stars.
    """

    bias: np.ndarray
    vectors: np.ndarray
    fold: np.ndarray
    prior_map: np.ndarray
    scale: np.ndarray
    noise: float


def fit_factors(
    data: Interactions, rank: int = 8, steps: int = 60, folds: int = 5, decay: float = 60.0, seed: int = 0
) -> Factors:
    """Bayesian factorisation, users and items in turn (Lim & Teh 2007, KDD Cup; feature priors: Agarwal & Chen 2009, KDD).

    Each side is a Bayesian regression on the *second moments* of the other, so that an item with two ratings, whose vector
    is uncertain, counts for little. Prior means are ridge regressions of strength `decay` on the features; prior scales and
    the noise take their most likely values: nothing else is tuned.
    """
    rng, mean = np.random.default_rng(seed), float(data.values.mean())
    ratings = sp.csr_matrix((data.values - mean, (data.user_codes, data.item_codes)), (data.n_users, data.n_items))
    by_item = ratings.T.tocsr()
    user_side = _Side(user_features(data)[0], free=np.arange(rank + 1), fixed=rank + 1)  # c_u = (w_u, b_u, 1)
    item_side = _Side(item_features(data)[0], free=np.r_[:rank, rank + 1], fixed=rank)  # c_i = (v_i, 1, b_i)
    start = rng.normal(0, 0.3 / np.sqrt(rank), (data.n_items, rank))
    items = np.column_stack([start, np.ones(data.n_items), fit_biases(data, 5.0, 2.0)[2][:-1]])
    items, noise = (items, _outer(items)), float(np.mean(ratings.data**2)) or 1.0
    for _ in range(steps):
        users = user_side.update(ratings, items, noise, decay)
        items = item_side.update(by_item, users, noise, decay)
        noise = _noise(ratings, users, items)
    fold = np.where(np.diff(ratings.indptr) > 0, rng.integers(folds, size=data.n_users), folds)
    others = [(fold != g) for g in range(folds)]
    parts = [item_side.posterior(ratings[o].T.tocsr(), (users[0][o], users[1][o]), noise)[0] for o in others]
    tables = np.pad(np.stack([*parts, items[0]]), ((0, 0), (0, 1), (0, 0)))
    # The prior says what to expect of a film that few have rated; one that nobody has rated may be new instead.
    counts, own = np.diff(by_item.indptr), item_side.free
    tables[:, np.flatnonzero(counts == 0)[:, None], own] = said_by_features(data, items[0][:, own], counts)[counts == 0]
    return Factors(
        mean + tables[:, :, -1], tables[:, :, :rank], np.append(fold, folds),
        user_side.map, user_side.scale, noise**0.5,
    )  # fmt: skip


class _Side:
    """The users, or the items: unknown entries `free`, normal around a regression on features (n, F), and a constant 1."""

    def __init__(self, features: np.ndarray, free: np.ndarray, fixed: int) -> None:
        self.x = np.column_stack([features, np.ones(len(features))])
        self.free, self.fixed = free, fixed
        self.map = np.zeros((self.x.shape[1], len(free)))
        self.scale = np.full(len(free), 0.5)

    def posterior(self, ratings: sp.csr_matrix, other: Moments, noise: float) -> Moments:
        """Given the other side's moments: precision = 1 / s^2 + sum E[c c'] / noise, over the ratings of each row."""
        rated = sp.csr_matrix((np.ones(ratings.nnz), ratings.indices, ratings.indptr), ratings.shape)
        size = other[0].shape[1]
        gram = (rated @ other[1].reshape(-1, size * size)).reshape(-1, size, size)[:, self.free]
        right = (ratings @ other[0])[:, self.free] - gram[:, :, self.fixed]
        covariance = np.linalg.inv(np.diag(self.scale**-2.0) + gram[:, :, self.free] / noise)
        mean = np.ones((len(self.x), len(self.free) + 1))
        prior = (self.x @ self.map) / self.scale**2
        mean[:, self.free] = (covariance @ (prior + right / noise)[:, :, None])[:, :, 0]
        moment = _outer(mean)
        moment[:, self.free[:, None], self.free] += covariance
        return mean, moment

    def update(self, ratings: sp.csr_matrix, other: Moments, noise: float, decay: float) -> Moments:
        """The posterior, and from it the prior anew: regression on the features, and scales."""
        mean, moment = self.posterior(ratings, other, noise)
        rated = np.diff(ratings.indptr) > 0
        x, m = self.x[rated], mean[rated][:, self.free]
        ridge = np.append(np.full(x.shape[1] - 1, decay), 1e-6)  # the constant is free
        self.map = np.linalg.solve(x.T @ x + np.diag(ridge), x.T @ m)
        variance = moment[rated][:, self.free, self.free] - m**2 + (m - x @ self.map) ** 2
        self.scale = np.sqrt(np.maximum(variance.mean(0), 1e-6))
        return mean, moment


def _noise(ratings: sp.csr_matrix, users: Moments, items: Moments) -> float:
    """Mean over the ratings of E[(y - c_u . c_i)^2] = y^2 - 2 y E[c_u] . E[c_i] + <E[c_u c_u'], E[c_i c_i']>, in stars^2."""
    at = ratings.tocoo()
    expected = np.einsum("nr,nr->n", users[0][at.row], items[0][at.col])
    square = np.einsum(
        "nr,nr->n", *(side[1].reshape(len(side[1]), -1)[k] for side, k in ((users, at.row), (items, at.col)))
    )
    return float(max(np.mean(at.data**2 - 2 * at.data * expected + square), 1e-6))


def _outer(x: np.ndarray) -> np.ndarray:
    return x[:, :, None] * x[:, None, :]
