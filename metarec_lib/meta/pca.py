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
from metarec_lib.meta.ridge import LinearHead, LinearItems
from metarec_lib.models.arguments import COUNT
from metarec_lib.models.base import Recommender, settings


@settings
class FactorRecommender(Recommender):
    """What is learned by `fit_factors` alone: item vectors and biases, the users' prior, the noise.

    A known user's items are those fitted without the user's fold of users, as for the meta-learners.
    """

    rank: int = 8
    steps: int = 60

    ranges = {"rank": COUNT, "steps": COUNT}

    def _learn(self, data: Interactions) -> None:
        factors = fit_factors(data, self.rank, self.steps, seed=self.seed)
        self.item_bias_, self.item_vectors_ = self._tensor(factors.bias), self._tensor(factors.vectors)
        self.item_variance_, self.spread_ = self._tensor(factors.variance), factors.spread
        self.fold_ = torch.as_tensor(factors.fold, device=self._device)
        self.user_features_ = self._tensor(np.pad(user_features(data)[0], ((0, 1), (0, 0))))  # unknown users: zeros
        self.prior_map_, self.prior_mean_ = self._tensor(factors.prior_map[:-1]), self._tensor(factors.prior_map[-1])
        self.scale_, self.noise_ = self._tensor(factors.scale), self._tensor(np.array(factors.noise))

    def linear(self, ratings: PaddedRatings) -> LinearItems:
        at = (self.fold_[ratings.users].unsqueeze(1), ratings.items)
        vectors = self.item_vectors_[at]
        x = torch.cat([vectors, torch.ones_like(vectors[..., :1])], dim=2)
        return LinearItems(self.item_bias_[at], x, self.noise_**2 + self.item_variance_[at])

    def prior_of(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """m + M g_u, (B, D), and the scale, (D,)."""
        return self.prior_mean_ + self.user_features_[users] @ self.prior_map_, self.scale_


class ProbabilisticPCA(LinearHead, FactorRecommender):
    """score = b_i + s (v_i, 1) . w_u with w_u ~ N(m + M g_u, diag(scale^2)): the posterior mean given the user's ratings.

    Probabilistic PCA (Tipping & Bishop 1999, JRSS B) of ratings with gaps, its item vectors uncertain too (Lim & Teh 2007),
    its prior mean a regression on the user's features g_u (Agarwal & Chen 2009, KDD). The rival of MetaLearningModel: the
    same solve and the same start, but nothing is trained on tasks.
    """
