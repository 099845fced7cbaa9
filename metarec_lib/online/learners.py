"""Learners of a stream on plain arrays: running means, and a Bayesian user by recursive least squares.

Shapes: U users, I items, D weights of a user. An event costs O(1) or O(D^2), whatever has come before.
"""

from __future__ import annotations

import numpy as np
import torch

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.pca import FactorRecommender
from metarec_lib.models.serving import query_of


class RunningBiases:
    """score = mu + b_i + b_u, each a shrunken mean of what has come so far: the trivial model of a stream.

    b_i: mean of r - mu over the item's ratings; b_u: mean of r - mu - b_i over the user's, with b_i as it was when the
    rating came. A mean over n ratings is multiplied by n / (n + shrinkage). The warm ratings go in first. users, items:
    False freezes that side after the warm ratings.
    """

    def __init__(
        self,
        warm: Interactions,
        user_shrinkage: float = 5.0,
        item_shrinkage: float = 5.0,
        users: bool = True,
        items: bool = True,
    ) -> None:
        self.mean = float(warm.values.mean())
        self.user_sum, self.user_count = [0.0] * warm.n_users, [user_shrinkage] * warm.n_users
        self.item_sum, self.item_count = [0.0] * warm.n_items, [item_shrinkage] * warm.n_items
        self.users = self.items = True
        for event in zip(warm.user_codes.tolist(), warm.item_codes.tolist(), warm.values.tolist(), strict=True):
            self.learn_one(*event)
        self.users, self.items = users, items

    def predict_one(self, user: int, item: int) -> float:
        of_item, of_user = self.item_sum[item] / self.item_count[item], self.user_sum[user] / self.user_count[user]
        return self.mean + of_item + of_user

    def learn_one(self, user: int, item: int, rating: float) -> None:
        beyond = rating - self.mean
        if self.users:
            self.user_sum[user] += beyond - self.item_sum[item] / self.item_count[item]
            self.user_count[user] += 1
        if self.items:
            self.item_sum[item] += beyond
            self.item_count[item] += 1


class RecursiveUsers:
    """Each user a Bayesian linear regression on item vectors, updated exactly by every rating; the items stay.

        g = S x / (n_i + x' S x),  w <- w + g (y - x' w),  S <- S - g (S x)'

    Recursive least squares (Plackett 1950, Biometrika), the Kalman filter of a state that stands still. After any number of
    events w is the ridge solution from all of them. bias (I,) in stars, x (I, D) and variance n (I,): the items. mean (U, D)
    and scale (D,): the prior. spread: s of y = (r - bias) / s. forget: 1 keeps all; below 1, S is divided by it before each
    rating, so that a rating's weight halves after log(1/2) / log(forget) further ones.
    """

    def __init__(
        self,
        bias: np.ndarray,
        x: np.ndarray,
        variance: np.ndarray,
        mean: np.ndarray,
        scale: np.ndarray,
        spread: float = 1.0,
        forget: float = 1.0,
    ) -> None:
        if not 0 < forget <= 1:
            raise ValueError(f"RecursiveUsers: got forget={forget!r}, expected a number above 0, at most 1")
        self.bias, self.x, self.variance = bias.tolist(), list(x), variance.tolist()
        self.mean = [row.copy() for row in mean]
        self.covariance = [np.diag(scale**2) for _ in mean]
        self.spread, self.forget = float(spread), float(forget)

    def predict_one(self, user: int, item: int) -> float:
        return self.bias[item] + self.spread * float(self.x[item].dot(self.mean[user]))

    def learn_one(self, user: int, item: int, rating: float) -> None:
        x, mean = self.x[item], self.mean[user]
        beyond = (rating - self.bias[item]) / self.spread - x.dot(mean)
        self.covariance[user] = recursive_update(
            mean, self.covariance[user], x, beyond, self.variance[item], self.forget
        )

    def learn_all(self, data: Interactions) -> RecursiveUsers:
        """Every rating of `data` in turn, such as those before the stream."""
        for event in zip(data.user_codes.tolist(), data.item_codes.tolist(), data.values.tolist(), strict=True):
            self.learn_one(*event)
        return self


def recursive_update(
    mean: np.ndarray, covariance: np.ndarray, x: np.ndarray, beyond: float, noise: float, forget: float = 1.0
) -> np.ndarray:
    """One rating: moves `mean` (D,) in place and returns the new covariance (D, D). beyond: y - x' mean, as it was."""
    sx = covariance.dot(x)
    gain = sx / (noise * forget + x.dot(sx))
    mean += gain * beyond
    moved = covariance - gain[:, None] * sx
    return moved if forget == 1 else moved / forget


def recursive_users(
    model: FactorRecommender, start: str = "learned", scale: float = 1.0, forget: float = 1.0
) -> RecursiveUsers:
    """A fitted ProbabilisticPCA as a stream learner that knows no rating yet: items, noise and prior are the model's.

    start: "learned" takes the prior that the model learned over users, their features included; "zero" takes the mean 0 and
    the variance scale^2 for every weight, which is ridge regression from scratch on the same items.
    """
    if start not in ("learned", "zero"):
        raise ValueError(f"recursive_users: got start={start!r}, expected 'learned' or 'zero'")
    with torch.no_grad():
        items = model.linear(_all_items(model))
        mean, spread = (
            t.cpu().numpy() for t in model.prior_of(torch.arange(model.tables_.n_users, device=model._device))
        )
    bias, x, variance = (t[0].cpu().numpy() for t in (items.bias, items.x, items.variance))
    if start == "zero":
        mean, spread = np.zeros_like(mean), np.full_like(spread, scale)
    return RecursiveUsers(bias, x, variance, mean, spread, model.spread_, forget)


def _all_items(model: FactorRecommender) -> PaddedRatings:
    """Every item, as a stranger sees it, (1, I)."""
    items = torch.arange(model.tables_.n_items, device=model._device).unsqueeze(0)
    return query_of(torch.full((1,), -1, device=model._device), items, model._dtype)
