"""Probabilistic PCA with a prior from the user's features: variational factors, and no gradient step at all.

Shapes: B users, N ratings of one user, D = R + 1 weights of a user.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.features import user_features
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.factors import fit_factors
from metarec_lib.meta.ridge import RidgeState, ridge_posterior, ridge_variance
from metarec_lib.models.base import Recommender


class FactorRecommender(Recommender):
    """What is learned by `fit_factors` alone: item vectors and biases, the users' prior, the noise.

    A known user's items are those fitted without the user's fold of users, as for the meta-learners.
    """

    def __init__(self, *, rank: int = 8, steps: int = 60, **common: object) -> None:
        super().__init__(**common)
        if min(rank, steps) < 1:
            raise ValueError(f"{type(self).__name__}: got rank={rank}, steps={steps}, expected 1 or more of both")
        self.rank, self.steps = rank, steps

    def _learn(self, data: Interactions, epochs: int | None = None) -> None:
        factors = fit_factors(data, self.rank, self.steps, seed=self.seed)
        self.item_bias_, self.item_vectors_ = self._tensor(factors.bias), self._tensor(factors.vectors)
        self.fold_ = torch.as_tensor(factors.fold, device=self._device)
        self.user_features_ = self._tensor(np.pad(user_features(data)[0], ((0, 1), (0, 0))))  # unknown users: zeros
        self.prior_map_, self.prior_mean_ = self._tensor(factors.prior_map[:-1]), self._tensor(factors.prior_map[-1])
        self.scale_, self.noise_ = self._tensor(factors.scale), self._tensor(np.array(factors.noise))

    def _features(self, ratings: PaddedRatings) -> tuple[Tensor, Tensor]:
        """b_i (B, N) and x_i = (v_i, 1), (B, N, D)."""
        at = (self.fold_[ratings.users].unsqueeze(1), ratings.items)
        vectors = self.item_vectors_[at]
        return self.item_bias_[at], torch.cat([vectors, torch.ones_like(vectors[..., :1])], dim=2)

    def _shift(self, users: Tensor) -> Tensor:
        """M g_u, by how much the features move a user's prior mean, (B, D)."""
        return self.user_features_[users] @ self.prior_map_


class ProbabilisticPCA(FactorRecommender):
    """score = b_i + (v_i, 1) . w_u with w_u ~ N(m + M g_u, diag(s^2)): the posterior mean given the user's ratings.

    Probabilistic PCA (Tipping & Bishop 1999, JRSS B) of ratings with gaps, its item vectors uncertain too (Lim & Teh 2007),
    its prior mean a regression on the user's features g_u (Agarwal & Chen 2009, KDD). The rival of MetaLearningModel: the
    same solve and the same start, but nothing is trained on tasks.
    """

    def adapt(self, support: PaddedRatings) -> RidgeState:
        """The users' posterior; an empty support gives the prior."""
        bias, x = self._features(support)
        x, y = x * support.mask.unsqueeze(2), (support.values - bias) * support.mask
        prior = self.prior_mean_ + self._shift(support.users)
        return RidgeState(ridge_posterior(x, y, prior, self.scale_, self.noise_), x)

    def score(self, state: RidgeState, query: PaddedRatings) -> Tensor:
        bias, x = self._features(query)
        return bias + (x @ state.mean.unsqueeze(2)).squeeze(2)

    def _score_std(self, state: RidgeState, query: PaddedRatings) -> Tensor:
        return ridge_variance(state.x, self._features(query)[1], self.scale_, self.noise_).sqrt()
