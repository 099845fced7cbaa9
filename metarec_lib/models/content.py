"""Content-based recommendation: what a user likes about items, a Bayesian regression on genres and year."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from metarec_lib.data.features import item_features
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.arguments import COUNT, POSITIVE
from metarec_lib.models.base import Recommender, settings
from metarec_lib.models.baseline import fit_biases

SMALLEST = 1e-6  # share of the ratings' variance below which nothing is resolved; keeps constant ratings solvable


@settings
class ContentBasedRecommender(Recommender):
    """score = mu + b_i + x_i . w_u, where x_i are the item's genres and year and a 1, which carries the user's bias.

    A user's interest is the posterior of w_u ~ N(m, C) given ratings with noise s^2. Nothing is tuned: m, C and s are those
    under which the training users' ratings are most likely (empirical Bayes by EM). For one feature the prior is worth
    s^2 / C ratings, so few ratings move an interest little, and what correlates over users moves together.
    An item without ratings takes the bias that its features predict, an unknown one only mu and the user's bias.
    """

    steps: int = 30
    user_shrinkage: float = 5.0
    item_shrinkage: float = 2.0

    ranges = {"steps": COUNT, "user_shrinkage": POSITIVE, "item_shrinkage": POSITIVE}

    def _learn(self, data: Interactions) -> None:
        biases = fit_biases(data, self.user_shrinkage, self.item_shrinkage)
        features = item_features(data)[0]
        features = np.vstack([features, np.zeros(features.shape[1])])  # the last row stands for every unknown item
        features = np.column_stack([features, np.ones(len(features))])
        residual = (data.values - biases.mean - biases.item[data.item_codes]) / biases.spread
        gram, moment = _sums(data, features[:-1], residual)
        prior, covariance, noise = empirical_bayes(gram, moment, float(residual @ residual), len(data), self.steps)
        self.mean_, self.item_bias_, self.features_ = biases.mean, self._tensor(biases.item), self._tensor(features)
        self.prior_, self.noise_ = self._tensor(biases.spread * prior), biases.spread * noise
        self.covariance_ = self._tensor(biases.spread**2 * covariance)
        self.item_count_ = self._tensor(biases.count)

    def adapt(self, support: PaddedRatings) -> tuple[Tensor, Tensor]:
        """The users' interests: posterior means (B, D), in stars a unit of a feature, and covariances (B, D, D)."""
        x = self.features_[support.items] * support.mask.unsqueeze(2)
        expected = self.mean_ + self.item_bias_[support.items] + x @ self.prior_
        y = (support.values - expected) * support.mask
        root = torch.linalg.cholesky(self.covariance_)
        z = x @ root  # w = m + root v with v ~ N(0, 1): the posterior precision of v is 1 + z'z / s^2
        eye = torch.eye(z.shape[2], dtype=z.dtype, device=z.device)
        precision = torch.linalg.cholesky(eye + z.mT @ z / self.noise_**2)
        half = torch.linalg.solve_triangular(precision, root.mT.expand_as(precision), upper=False)
        covariance = half.mT @ half
        return self.prior_ + (covariance @ (x.mT @ y.unsqueeze(2))).squeeze(2) / self.noise_**2, covariance

    def score(self, state: tuple[Tensor, Tensor], query: PaddedRatings) -> Tensor:
        taste = (self.features_[query.items] @ state[0].unsqueeze(2)).squeeze(2)
        return self.mean_ + self.item_bias_[query.items] + taste

    def score_std(self, state: tuple[Tensor, Tensor], query: PaddedRatings) -> Tensor:
        """x' S_u x + s^2 (1 + 1 / (n_i + item_shrinkage)): interest, rating, item bias; its root, (B, Q), in stars."""
        x = self.features_[query.items]
        item = 1 / (self.item_count_[query.items] + self.item_shrinkage)
        return (((x @ state[1]) * x).sum(2) + self.noise_**2 * (1 + item)).sqrt()


def empirical_bayes(
    gram: np.ndarray, moment: np.ndarray, square: float, n: int, steps: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """The m (D,), C (D, D) and s that make y = x . w_u + s e, with w_u ~ N(m, C), most likely; by EM.

    gram, moment: over each user's ratings the sums of x x' (U, D, D) and of x y (U, D). square, n: over all, the sum of y^2
    and the number of ratings. E: the posterior N(w_u, S_u) of every user. M: m = mean w_u,
    C = mean (S_u + (w_u - m)(w_u - m)'), s^2 = mean ((y - x . w_u)^2 + x' S_u x) (Laird & Ware 1982, Biometrics, sec. 4).
    """
    eye = np.eye(moment.shape[1])
    m, c, s2 = np.zeros(len(eye)), 0.1 * eye, max(square / n, SMALLEST)
    for _ in range(steps):
        precision = np.linalg.inv(c)
        posterior = np.linalg.inv(precision + gram / s2)  # (U, D, D)
        w = np.einsum("ude,ue->ud", posterior, precision @ m + moment / s2)
        m = w.mean(0)
        c = posterior.mean(0) + (w - m).T @ (w - m) / len(w) + SMALLEST * eye
        second = posterior + w[:, :, None] * w[:, None, :]  # E[w w']
        s2 = max((square - 2 * (w * moment).sum() + (gram * second).sum()) / n, SMALLEST)
    return m, (c + c.T) / 2, float(np.sqrt(s2))


def _sums(data: Interactions, features: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Over the ratings of each user who has any: the sums of x x' (U, D, D) and of x y (U, D)."""
    _, owner = np.unique(data.user_codes, return_inverse=True)
    shape, at = (owner.max() + 1, data.n_items), (owner, data.item_codes)
    rated, left_over = sp.csr_matrix((np.ones(len(y)), at), shape), sp.csr_matrix((y, at), shape)
    outer = (features[:, :, None] * features[:, None, :]).reshape(len(features), -1)
    return (rated @ outer).reshape(-1, *[features.shape[1]] * 2), left_over @ features
