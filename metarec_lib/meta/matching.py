"""Matching: a new item is rated like the rated items that it resembles, and what resembles is meta-learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.set_learner import PSEUDO_COUNT, SetLearner
from metarec_lib.models.arguments import COUNT
from metarec_lib.models.base import settings


@dataclass(frozen=True, eq=False)
class Memory:
    """The support as keys (B, A, K, H) of A heads, residuals (B, K), 0 where padded, and mask (B, K)."""

    keys: Tensor
    residual: Tensor
    mask: Tensor


@settings
class MatchingRecommender(SetLearner):
    """score = prior_ui + s sum_a o_a sum_j softmax_j(phi_a(x_i) . phi_a(x_j) / sqrt(H)) e_j, e_j the residual of a rating.

    Matching networks (Vinyals et al. 2016, NeurIPS, eq. 1, without the full-context embeddings), for regression: attention
    over labelled examples is kernel regression (Nadaraya 1964; Watson 1964) with a learned kernel. The paper's kernel is the
    cosine; here it is the scaled dot product. The softmax holds one
    more slot, of residual 0 and learned weight c: nothing resembles, or nothing was rated, and the prior stands. With a
    kernel of 1, as where training starts nearly, the sum is a user bias shrunken by c ratings.
    phi_a: a linear map to `width` numbers, one of `heads`.
    """

    heads: int = 4
    width: int = 16

    ranges = {"heads": COUNT, "width": COUNT}

    def _weights(self, n_inputs: int, n_user_features: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {
            "phi": rng.normal(0, 0.5 / np.sqrt(n_inputs), (self.heads, n_inputs, self.width)),
            "log_c": np.full(self.heads, np.log(PSEUDO_COUNT)),
            "o": np.full(self.heads, 1 / self.heads),
        }

    def adapt(self, support: PaddedRatings) -> Memory:
        pairs = self._pairs(support)
        return Memory(self._embed(pairs.x), pairs.residual, support.mask)

    def score(self, state: Memory, query: PaddedRatings) -> Tensor:
        pairs = self._pairs(query)
        logits = self._embed(pairs.x) @ state.keys.mT / self.width**0.5  # (B, A, Q, K)
        logits = logits.masked_fill(~state.mask[:, None, None], -torch.inf)
        empty = self.params_["log_c"][None, :, None, None].expand(*logits.shape[:3], 1)
        attention = torch.softmax(torch.cat([empty, logits], dim=3), dim=3)[..., 1:]
        read = (attention @ state.residual[:, None, :, None]).squeeze(3)  # (B, A, Q)
        return pairs.prior + self.spread_ * (self.params_["o"][:, None] * read).sum(1)

    def _embed(self, x: Tensor) -> Tensor:
        """phi(x), (B, A, N, H)."""
        return x.unsqueeze(1) @ self.params_["phi"]
