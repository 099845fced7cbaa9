"""A Gaussian process over items: what a user thinks of one item says something of the others.

Shapes: B users, K support ratings, Q query ratings, N either, D = R + 1 numbers of an item, F item features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.meta.base import PretrainedItems
from metarec_lib.meta.factors import Factors
from metarec_lib.meta.ridge import cholesky
from metarec_lib.models.base import settings


@dataclass(frozen=True, eq=False)
class Points:
    """Items as inputs of the process: mean (B, N), bias included, x (B, N, D) and features f (B, N, F)."""

    mean: Tensor
    x: Tensor
    f: Tensor


@dataclass(frozen=True, eq=False)
class ProcessState:
    """The support as points, its mask, the Cholesky factor of its covariance (B, K, K), and that solved for y (B, K)."""

    points: Points
    mask: Tensor
    cholesky: Tensor
    solved: Tensor


@settings
class ItemGaussianProcess(PretrainedItems):
    """A user's ratings are a draw from a Gaussian process over items; the score is its posterior mean.

    score = b_i + s g_u(i), s the spread of the ratings; g_u has mean x_i . (m + M g_u) with x_i = (v_i, 1), and covariance
    k(i, j) = sum_d s_d^2 x_id x_jd + t^2 exp(-|f_i - f_j|^2 / (2 l^2)) with the genres and year f_i: what factors leave over
    may still be shared by films of a kind. Noise is sigma^2 + h v_i, v_i what not knowing the item's vector adds. Posterior
    by a K x K solve (Rasmussen & Williams 2006, eq. 2.25, 2.26).
    Factors come from `fit_factors`; then hyperparameters, prior and items maximise the marginal likelihood of users'
    ratings (eq. 2.30; as a meta-learner: Patacchiola et al. 2020, NeurIPS), stopped early on other users' error.
    Without t and with h = 1 it is the closed-form head in dual form.
    """

    lr: float = 1e-2
    patience: int = 4

    pretrained = frozenset({"item_shift", "prior_mean", "prior_map"})

    def _own_initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {
            "prior_mean": factors.prior_map[-1],
            "prior_map": factors.prior_map[:-1],
            "log_scale": np.log(factors.scale),
            "log_noise": np.log(np.array(factors.noise)),
            "log_t": np.log(np.array(0.2)),
            "log_length": np.log(np.array(0.7)),
            "log_h": np.log(np.array(1.0)),
        }

    def meta_loss(self, batch: TaskBatch) -> Tensor:
        """Minus the log marginal likelihood of each task's ratings, in units of s, divided by their number; mean over tasks,
        scalar."""
        both = batch.together()
        state = self.adapt(both)
        residual = (both.values / self.spread_ - state.points.mean) * both.mask
        log_det = 2 * (state.cholesky.diagonal(dim1=1, dim2=2).log() * both.mask).sum(1)
        count = both.counts
        loss = 0.5 * ((residual * state.solved).sum(1) + log_det) / count.clamp(min=1) + 0.5 * np.log(2 * np.pi)
        return (loss * (count > 0)).sum() / (count > 0).sum().clamp(min=1)

    def adapt(self, support: PaddedRatings) -> ProcessState:
        """The process given the users' ratings; padded ones stand apart with covariance 1 and residual 0."""
        points, mask = self._points(support), support.mask
        pair = mask.unsqueeze(1) & mask.unsqueeze(2)
        noise = torch.where(mask, self._noise(support), 1.0)
        factor = cholesky(self.kernel(points, points) * pair + torch.diag_embed(noise))
        y = ((support.values / self.spread_ - points.mean) * mask).unsqueeze(2)
        return ProcessState(points, mask, factor, torch.cholesky_solve(y, factor).squeeze(2))

    def score(self, state: ProcessState, query: PaddedRatings) -> Tensor:
        points = self._points(query)
        return self.spread_ * (points.mean + (self._between(state, points) @ state.solved.unsqueeze(2)).squeeze(2))

    def score_std(self, state: ProcessState, query: PaddedRatings) -> Tensor:
        points = self._points(query)
        half = torch.linalg.solve_triangular(state.cholesky, self._between(state, points).mT, upper=False)  # (B, K, Q)
        own = (points.x**2 @ (2 * self.params_["log_scale"]).exp()) + (2 * self.params_["log_t"]).exp()
        return self.spread_ * (own - (half**2).sum(1) + self._noise(query)).clamp(min=1e-12).sqrt()

    def kernel(self, a: Points, b: Points) -> Tensor:
        """Prior covariance of a user's opinions of the items a (B, N) and b (B, M), (B, N, M), in units of s^2."""
        p = self.params_
        taste = (a.x * (2 * p["log_scale"]).exp()) @ b.x.mT
        square = (a.f**2).sum(2).unsqueeze(2) + (b.f**2).sum(2).unsqueeze(1) - 2 * a.f @ b.f.mT
        return taste + torch.exp(2 * p["log_t"] - square.clamp(min=0) / (2 * (2 * p["log_length"]).exp()))

    def _between(self, state: ProcessState, points: Points) -> Tensor:
        """Covariance of these items with the support, (B, Q, K), 0 where padded."""
        return self.kernel(points, state.points) * state.mask.unsqueeze(1)

    def _points(self, ratings: PaddedRatings) -> Points:
        bias, vectors = self._items(ratings)
        x = torch.cat([vectors, torch.ones_like(vectors[..., :1])], dim=2)
        w = self.params_["prior_mean"] + self.user_features_[ratings.users] @ self.params_["prior_map"]
        return Points(bias / self.spread_ + (x @ w.unsqueeze(2)).squeeze(2), x, self.item_features_[ratings.items])

    def _noise(self, ratings: PaddedRatings) -> Tensor:
        """Variance of a rating of each item around the process, (B, N)."""
        p = self.params_
        return (2 * p["log_noise"]).exp() + p["log_h"].exp() * self.item_variance_[self._at(ratings)]
