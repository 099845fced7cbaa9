"""Attention over a user's ratings: a new film gets a weighted sum of what the rated ones said beyond the prior.

Shapes: B users, K support ratings, Q query items, D = R + 1 numbers of an item.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.pca import FactorRecommender
from metarec_lib.meta.ridge import LinearItems
from metarec_lib.models.arguments import NOT_NEGATIVE, POSITIVE
from metarec_lib.models.attention import masked_softmax
from metarec_lib.models.base import settings

WEIGHTS = ("uniform", "softmax", "ridge")


@dataclass(frozen=True, eq=False)
class Attended:
    """The support of B users: its items, the residuals beyond the prior (B, K) in units of s, and the mask (B, K)."""

    items: LinearItems
    residual: Tensor
    mask: Tensor


@settings
class SupportAttention(FactorRecommender):
    """score = prior_i + s sum_j a_ij e_j, e_j = (r_j - prior_j) / s the residual of a rated item j.

    The similarity of two items is k(i, j) = x_i' diag(scale^2) x_j, x = (v, 1): how far what a user thinks of i says what
    the user thinks of j, before any rating. `weights` makes a_ij of it:

    - "softmax": a_ij = softmax_j k(i, j) / temperature, attention as kernel regression (Nadaraya 1964; Watson 1964);
    - "ridge": a_i = k(i, S) (k(S, S) + noise)^-1, which is `ProbabilisticPCA` written as attention;
    - "uniform": a_ij = 1 / K.

    pseudo_count: c ratings at the prior; all weights are multiplied by K / (K + c). nonnegative: negative weights are
    set to 0. The prior and the item vectors are those of `ProbabilisticPCA`.
    """

    weights: str = "softmax"
    temperature: float = 0.1
    pseudo_count: float = 0.0
    nonnegative: bool = False

    ranges = {"weights": WEIGHTS, "temperature": POSITIVE, "pseudo_count": NOT_NEGATIVE, "nonnegative": (False, True)}

    def adapt(self, support: PaddedRatings) -> Attended:
        items = self.linear(support)
        residual = (support.values - self._prior_scores(items, support.users)) / self.spread_
        return Attended(items, residual * support.mask, support.mask)

    def score(self, state: Attended, query: PaddedRatings) -> Tensor:
        items = self.linear(query)
        weights = self.attention_weights(state, items)
        return self._prior_scores(items, query.users) + self.spread_ * (weights @ state.residual.unsqueeze(2)).squeeze(
            2
        )

    def attention_weights(self, state: Attended, items: LinearItems) -> Tensor:
        """a_ij of items, as `linear` gives them, (B, Q, K): 0 where padded."""
        similarity, mask = self._similarity(items, state.items), state.mask.unsqueeze(1)
        if self.weights == "ridge":
            noise = torch.diag_embed(torch.where(state.mask, state.items.variance, 1.0))
            between = self._similarity(state.items, state.items) * (mask & mask.mT)
            found = torch.linalg.solve(between + noise, (similarity * mask).mT).mT
        else:
            logits = similarity / self.temperature if self.weights == "softmax" else torch.zeros_like(similarity)
            found = masked_softmax(logits, state.mask)
        count = state.mask.sum(1)[:, None, None]
        found = found * count / (count + self.pseudo_count).clamp(min=1)
        return found.clamp(min=0) if self.nonnegative else found

    def _similarity(self, a: LinearItems, b: LinearItems) -> Tensor:
        """k(i, j), (B, Q, K)."""
        return (a.x * self.scale_**2) @ b.x.mT

    def _prior_scores(self, items: LinearItems, users: Tensor) -> Tensor:
        """What is expected of the items before any rating, (B, N), in stars."""
        return items.bias + self.spread_ * (items.x @ self.prior_of(users)[0].unsqueeze(2)).squeeze(2)
