"""The baselines that every claim is measured against: shrunken biases, and popularity."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.features import item_features
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.base import Recommender

SWEEPS = 10  # of alternating the two bias updates; they have converged to 1e-6 stars long before


class BaselineRecommender(Recommender):
    """Shrunken user and item biases: score = mu + b_i + b_u (Koren 2010, TKDD, sec. 2.1, solved jointly).

    b_i = sum_u (r_ui - mu - b_u) / (n_i + item_shrinkage), and b_u likewise: a user's K ratings are averaged as if
    `user_shrinkage` further ones at the mean stood beside them. An item without ratings takes what a ridge regression of
    the item biases on genres and year says.
    """

    def __init__(self, user_shrinkage: float = 5.0, item_shrinkage: float = 2.0, **common: object) -> None:
        super().__init__(**common)
        self.user_shrinkage, self.item_shrinkage = user_shrinkage, item_shrinkage

    def _learn(self, data: Interactions, epochs: int | None = None) -> None:
        mean, user_bias, item_bias = fit_biases(data, self.user_shrinkage, self.item_shrinkage)
        self.mean_, self.item_bias_ = mean, self._tensor(item_bias)
        residual = data.values - mean - user_bias[data.user_codes] - item_bias[data.item_codes]
        self.noise_ = float(residual.std()) if len(data) > 1 else 1.0

    def adapt(self, support: PaddedRatings) -> tuple[Tensor, Tensor]:
        """The users' biases, (B, 1), in stars, and how many ratings they rest on, (B, 1)."""
        bias = user_bias_of(support, self.mean_ + self.item_bias_[support.items], self.user_shrinkage)
        return bias, support.mask.sum(1, keepdim=True)

    def score(self, state: tuple[Tensor, Tensor], query: PaddedRatings) -> Tensor:
        return self.mean_ + self.item_bias_[query.items] + state[0]

    def _score_std(self, state: tuple[Tensor, Tensor], query: PaddedRatings) -> Tensor:
        # noise^2 of the rating itself, and noise^2 / (K + shrinkage) of the user's bias (its posterior variance)
        variance = self.noise_**2 * (1 + 1 / (state[1] + self.user_shrinkage))
        return self._tensor(variance).sqrt().expand(query.items.shape)


class PopularityRecommender(Recommender):
    """Scores an item by how many users rated it, the same for all users. The scores are counts, not ratings."""

    scores_are_ratings = False

    def _learn(self, data: Interactions, epochs: int | None = None) -> None:
        self.count_ = self._tensor(np.append(np.bincount(data.item_codes, minlength=data.n_items), 0.0))

    def adapt(self, support: PaddedRatings) -> Tensor:
        """Nothing is known of a user; (B, 0)."""
        return torch.zeros(len(support), 0, dtype=self.count_.dtype, device=self.count_.device)

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        return self.count_[query.items]


def fit_biases(
    data: Interactions, user_shrinkage: float, item_shrinkage: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """Mean rating, user biases (U,) and item biases (I + 1,), in stars; the last item stands for every unknown one."""
    for name, value in (("user_shrinkage", user_shrinkage), ("item_shrinkage", item_shrinkage)):
        if not value > 0:
            raise ValueError(f"{name}: got {value!r}, expected a number above 0 (it counts as ratings at the mean)")
    users, items, mean = data.user_codes, data.item_codes, float(data.values.mean())
    centred = data.values - mean
    n_users, n_items = (np.bincount(c, minlength=n) for c, n in ((users, data.n_users), (items, data.n_items)))
    b_user = np.zeros(data.n_users)
    for _ in range(SWEEPS):
        b_item = np.bincount(items, centred - b_user[users], data.n_items) / (n_items + item_shrinkage)
        b_user = np.bincount(users, centred - b_item[items], data.n_users) / (n_users + user_shrinkage)
    b_item[n_items == 0] = said_by_features(data, b_item, n_items)[n_items == 0]
    return mean, b_user, np.append(b_item, 0.0)


def said_by_features(
    data: Interactions, of_items: np.ndarray, counts: np.ndarray, strength: float = 20.0
) -> np.ndarray:
    """What genres and year say of an item's bias (I,), or of more columns (I, R): a ridge regression, weighted by counts."""
    x = np.column_stack([item_features(data)[0], np.ones(data.n_items)])
    weighted = x * counts[:, None]
    return x @ np.linalg.solve(weighted.T @ x + strength * np.eye(x.shape[1]), weighted.T @ of_items)


def user_bias_of(support: PaddedRatings, expected: Tensor, shrinkage: float) -> Tensor:
    """Shrunken mean of what the users' ratings differ from `expected` (B, K): (B, 1), in stars; 0 for an empty support."""
    residual = ((support.values - expected) * support.mask).sum(1, keepdim=True)
    return residual / (support.mask.sum(1, keepdim=True) + shrinkage)
