"""The baselines that every claim is measured against: shrunken biases, and popularity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from scipy.sparse.linalg import cg
from torch import Tensor

from metarec_lib.data.features import item_features
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.arguments import POSITIVE
from metarec_lib.models.base import Recommender, settings

LARGEST = 1e12  # a shrinkage from here up leaves nothing of a bias, and keeps the equations finite


@dataclass(frozen=True, eq=False)
class Biases:
    """r_ui = mean + user_u + item_i + what is left over, in stars.

    user (U,) and item (I + 1,): the last item stands for every unknown one. count (I + 1,): ratings of each item.
    noise: standard deviation of what is left over. spread: that of the ratings, 1 where they are all alike.
    """

    mean: float
    user: np.ndarray
    item: np.ndarray
    count: np.ndarray
    noise: float
    spread: float

    def left_over(self, data: Interactions) -> np.ndarray:
        """What the biases do not explain of each rating, (n,), as a share of `spread`: models of it need no units."""
        return (data.values - self.mean - self.user[data.user_codes] - self.item[data.item_codes]) / self.spread


@settings
class BaselineRecommender(Recommender):
    """Shrunken user and item biases: score = mu + b_i + b_u (Koren 2010, TKDD, sec. 2.1).

    mu, b_u and b_i minimise sum (r_ui - mu - b_u - b_i)^2 + user_shrinkage sum b_u^2 + item_shrinkage sum b_i^2, solved to
    convergence. So b_u = sum_i (r_ui - mu - b_i) / (n_u + user_shrinkage): a user's K ratings are averaged as if
    `user_shrinkage` further ones at the mean stood beside them. mu is not penalised, which makes the mean of b_u, and that
    of b_i, zero: a new user starts where the mean user is. An item without ratings takes what a ridge regression of the
    item biases on genres and year says.
    """

    user_shrinkage: float = 5.0
    item_shrinkage: float = 2.0

    ranges = {"user_shrinkage": POSITIVE, "item_shrinkage": POSITIVE}

    def _learn(self, data: Interactions) -> None:
        fitted = fit_biases(data, self.user_shrinkage, self.item_shrinkage)
        self.mean_, self.item_bias_, self.noise_ = fitted.mean, self._tensor(fitted.item), fitted.noise
        self.item_count_ = self._tensor(fitted.count)

    def adapt(self, support: PaddedRatings) -> tuple[Tensor, Tensor]:
        """The users' biases, (B, 1), in stars, and how many ratings they rest on, (B, 1)."""
        bias = user_bias_of(support, self.mean_ + self.item_bias_[support.items], self.user_shrinkage)
        return bias, support.mask.to(bias.dtype).sum(1, keepdim=True)

    def score(self, state: tuple[Tensor, Tensor], query: PaddedRatings) -> Tensor:
        return self.mean_ + self.item_bias_[query.items] + state[0]

    def score_std(self, state: tuple[Tensor, Tensor], query: PaddedRatings) -> Tensor:
        """noise^2 (1 + 1 / (K + user_shrinkage) + 1 / (n_i + item_shrinkage)): the rating itself, and what is not known of
        the user's and of the item's bias; square root, (B, Q), in stars."""
        user = 1 / (state[1] + self.user_shrinkage)
        item = 1 / (self.item_count_[query.items] + self.item_shrinkage)
        return self.noise_ * (1 + user + item).sqrt()


class PopularityRecommender(Recommender):
    """Scores an item by how many users rated it, the same for all users. The scores are counts, not ratings."""

    scores_are_ratings = False

    def _learn(self, data: Interactions) -> None:
        self.count_ = self._tensor(np.append(np.bincount(data.item_codes, minlength=data.n_items), 0.0))

    def adapt(self, support: PaddedRatings) -> Tensor:
        """Nothing is known of a user; (B, 0)."""
        return torch.zeros(len(support), 0, dtype=self.count_.dtype, device=self.count_.device)

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        return self.count_[query.items]


def fit_biases(data: Interactions, user_shrinkage: float = 5.0, item_shrinkage: float = 2.0) -> Biases:
    """The biases of `BaselineRecommender`: a ridge regression on who rated and what was rated, by conjugate gradients."""
    users, items, n = data.user_codes, data.item_codes, len(data)
    centre, spread = float(data.values.mean()), float(data.values.std()) or 1.0
    y = (data.values - centre) / spread
    design = sp.csr_matrix(
        (np.ones(3 * n), np.column_stack([users, data.n_users + items, np.full(n, data.n_users + data.n_items)]).ravel(),
         np.arange(0, 3 * n + 1, 3)), (n, data.n_users + data.n_items + 1),
    )  # fmt: skip
    penalty = np.repeat([min(user_shrinkage, LARGEST), min(item_shrinkage, LARGEST)], [data.n_users, data.n_items])
    normal = (design.T @ design + sp.diags(np.append(penalty, 0.0))).tocsr()
    solved, stopped = cg(normal, design.T @ y, rtol=1e-10, maxiter=10_000, M=sp.diags(1 / normal.diagonal()))
    if stopped:
        raise ValueError(
            f"fit_biases: no convergence with shrinkages {user_shrinkage:g}, {item_shrinkage:g}; raise them"
        )
    b_user, b_item, mean = spread * solved[: data.n_users], spread * solved[data.n_users : -1], solved[-1]
    count = np.bincount(items, minlength=data.n_items)
    b_item[count == 0] = predicted_from_features(data, b_item, count)[count == 0]
    mean = centre + spread * float(mean)
    noise = float(np.std(data.values - mean - b_user[users] - b_item[items])) if n > 1 else spread
    return Biases(mean, b_user, np.append(b_item, 0.0), np.append(count, 0), noise, spread)


def predicted_from_features(
    data: Interactions, of_items: np.ndarray, counts: np.ndarray, strength: float = 20.0
) -> np.ndarray:
    """What genres and year say of an item's bias (I,), or of more columns (I, R): a ridge regression, weighted by counts."""
    x = np.column_stack([item_features(data)[0], np.ones(data.n_items)])
    weighted = x * counts[:, None]
    return x @ np.linalg.solve(weighted.T @ x + strength * np.eye(x.shape[1]), weighted.T @ of_items)


def user_bias_of(support: PaddedRatings, expected: Tensor, shrinkage: float) -> Tensor:
    """Shrunken mean of what the users' ratings differ from `expected` (B, K): (B, 1), in stars; 0 for an empty support."""
    mask = support.mask.to(support.values.dtype)  # an int tensor plus a number would be float32
    return ((support.values - expected) * mask).sum(1, keepdim=True) / (mask.sum(1, keepdim=True) + shrinkage)
