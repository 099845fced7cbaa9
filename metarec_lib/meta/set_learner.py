"""What the learners share that read a support as a set of (item, residual) pairs, without a gradient step at test time."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.base import PretrainedItems
from metarec_lib.meta.factors import Factors
from metarec_lib.models.base import settings

PSEUDO_COUNT = 5.0  # ratings at the prior that a user's own ones are averaged with, before meta-training


@dataclass(frozen=True, eq=False)
class Pairs:
    """Items as the learner sees them: prior score (B, N) in stars, features x (B, N, D), residual (B, N)
    in units of the ratings' spread, 0 where padded."""

    prior: Tensor
    x: Tensor
    residual: Tensor


@settings
class SetLearner(PretrainedItems):
    """Learns how a set of residuals changes a prior score: prior_ui = b_i + s [v_i, 1] . (m + M g_u), s the ratings' spread.

    The prior is that of the closed-form head before any rating, with the user's features g_u; so an empty support leaves
    what was learned across users. x_i: the item's pretrained vector, genres and year. Residuals are in units of s.
    """

    pretrained = frozenset({"item_shift", "prior_mean", "prior_map"})

    def _own_initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        n_inputs = factors.vectors.shape[2] + self.item_features_.shape[1]
        prior = {"prior_mean": factors.prior_map[-1], "prior_map": factors.prior_map[:-1]}
        return prior | self._weights(n_inputs, self.user_features_.shape[1], rng)

    @abstractmethod
    def _weights(self, n_inputs: int, n_user_features: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """The learner's own weights, by name."""

    def _pairs(self, ratings: PaddedRatings) -> Pairs:
        bias, vectors = self._items(ratings)
        w = self.params_["prior_mean"] + self.user_features_[ratings.users] @ self.params_["prior_map"]  # (B, R + 1)
        prior = bias + self.spread_ * ((vectors @ w[:, :-1].unsqueeze(2)).squeeze(2) + w[:, -1:])
        x = torch.cat([vectors * self.vector_scale_, self.item_features_[ratings.items]], dim=2)
        return Pairs(prior, x, (ratings.values - prior) / self.spread_ * ratings.mask)


def shrunken_mean(values: Tensor, counts: Tensor, log_pseudo_count: Tensor) -> Tensor:
    """sum_n values / (K + c), (B, 1), of values (B, N) that are 0 where padded: the user bias of the baseline."""
    return values.sum(1, keepdim=True) / (counts.unsqueeze(1) + log_pseudo_count.exp())
