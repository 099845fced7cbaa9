"""Attention over the support whose sharpness and share adapt: learned across users, or computed from the user's own ratings.

Shapes: B users, K support ratings, Q query items, A heads, H numbers of a key, C numbers of a context.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.set_learner import PSEUDO_COUNT, SetLearner
from metarec_lib.models.arguments import COUNT, POSITIVE
from metarec_lib.models.base import settings

NO_SINK = -50.0  # log c of a sink that gets nothing
ADAPTIVE = ("nothing", "temperature", "sink", "gate", "context")


@dataclass(frozen=True, eq=False)
class AdaptiveState:
    """Keys (B, A, K, H), residuals (B, K), 0 where padded, mask (B, K), and contexts (B, C)."""

    keys: Tensor
    residual: Tensor
    mask: Tensor
    context: Tensor


@settings
class AdaptiveAttentionMetaLearningModel(SetLearner):
    """score = prior_ui + s sum_a o_a g_ua sum_j w_aij e_j, e_j the residual of a support rating, and

    w_aij = exp(beta_ua cos(phi_a(x_i), phi_a(x_j))) / (c_ua + sum_j exp(...)).

    c is the weight of a *sink*: one more key whose value is zero, so the weights sum to less than one, and an empty support
    leaves the prior. `adaptive` says what is learned besides phi and o:

    - "nothing": beta = `sharpness`, no sink (c = 0), no gate (g = 1);
    - "temperature": one beta a head for all users;
    - "sink": beta and one c a head for all users;
    - "gate": beta, and g_ua = sigmoid(context_u . v_a) after attention (Qiu et al. 2025, NeurIPS, whose gate reads the query
      token; here it reads the user's context), no sink;
    - "context": log beta and log c are linear in the user's context: the number, mean and spread of the residuals, and the
      profile.

    Cosine similarity as in matching networks (Vinyals et al. 2016, NeurIPS, eq. 1), so that beta alone sets the sharpness.
    """

    adaptive: str = "context"
    heads: int = 2
    width: int = 16
    sharpness: float = 4.0

    ranges = {"adaptive": ADAPTIVE, "heads": COUNT, "width": COUNT, "sharpness": POSITIVE}

    def _weights(self, n_inputs: int, n_user_features: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        found = {
            "phi": rng.normal(0, 1 / np.sqrt(n_inputs), (self.heads, n_inputs, self.width)),
            "o": np.full(self.heads, 1 / self.heads),
        }
        if self.adaptive != "nothing":
            found["log_beta"] = np.full(self.heads, np.log(self.sharpness))
        if self.adaptive in ("sink", "context"):
            found["log_c"] = np.full(self.heads, np.log(PSEUDO_COUNT))
        if self.adaptive == "gate":
            found["gate"] = np.zeros(self.heads)
        if self.adaptive in ("gate", "context"):  # what the context adds to log beta and log c, or to the gate
            found["reads"] = np.zeros((4 + n_user_features, 1 + (self.adaptive == "context"), self.heads))
        return found

    def adapt(self, support: PaddedRatings) -> AdaptiveState:
        pairs = self._pairs(support)
        return AdaptiveState(self.embed(pairs.x), pairs.residual, support.mask, self._context(pairs.residual, support))

    def score(self, state: AdaptiveState, query: PaddedRatings) -> Tensor:
        pairs = self._pairs(query)
        read = self.attention_weights(state, pairs.x) @ state.residual[:, None, :, None]  # (B, A, Q, 1)
        gated = read.squeeze(3) * self._gate(state.context).unsqueeze(2)
        return pairs.prior + self.spread_ * (self.params_["o"][:, None] * gated).sum(1)

    def attention_weights(self, state: AdaptiveState, x: Tensor) -> Tensor:
        """w_aij, (B, A, Q, K), of items x (B, Q, D): 0 where padded; what is missing to one went to the sink."""
        log_beta, log_c = self._sharpness(state.context)
        logits = log_beta.exp()[..., None, None] * (self.embed(x) @ state.keys.mT)
        lowest = torch.finfo(logits.dtype).min
        logits = logits.masked_fill(~state.mask[:, None, None], lowest)
        sink = log_c[..., None, None].expand(*logits.shape[:3], 1)
        weights = torch.softmax(torch.cat([sink, logits], dim=3), dim=3)[..., 1:]
        return weights * state.mask[:, None, None]

    def _sharpness(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """log beta and log c of every user and head, (B, A) each."""
        p, heads = self.params_, context.new_zeros(len(context), self.heads)
        log_beta = heads + p.get("log_beta", np.log(self.sharpness))
        log_c = heads + p.get("log_c", NO_SINK)
        if self.adaptive != "context":
            return log_beta, log_c
        reads = torch.einsum("bc,cra->rba", context, p["reads"])
        return log_beta + reads[0], log_c + reads[1]

    def _gate(self, context: Tensor) -> Tensor:
        """g, (B, A)."""
        if self.adaptive != "gate":
            return context.new_ones(len(context), self.heads)
        return torch.sigmoid(self.params_["gate"] + context @ self.params_["reads"][:, 0])

    def _context(self, residual: Tensor, support: PaddedRatings) -> Tensor:
        """What is known of the user before the candidate is: log K, mean, spread, 1 where there is no rating, profile."""
        count = support.mask.sum(1).to(residual.dtype)
        safe = count.clamp(min=1)
        mean = residual.sum(1) / safe
        spread = (((residual - mean.unsqueeze(1)) ** 2 * support.mask).sum(1) / safe + 1e-6).sqrt()
        known = torch.stack([torch.log1p(count) - 2, mean, spread - 1, (count == 0).to(mean.dtype)], dim=1)
        return torch.cat([known, self.user_features_[support.users]], dim=1)

    def embed(self, x: Tensor) -> Tensor:
        """phi(x) at length 1, (B, A, N, H)."""
        return normalize(x.unsqueeze(1) @ self.params_["phi"], dim=3)
