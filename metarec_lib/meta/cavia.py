"""CAVIA: only a small context vector differs from user to user."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.factors import Factors
from metarec_lib.meta.maml import MAML
from metarec_lib.meta.networks import Weights, loss_gradient
from metarec_lib.models.arguments import COUNT
from metarec_lib.models.base import settings


@settings
class CAVIA(MAML):
    """score = b_i + s f(x_i, c_u; theta): c_u are `context` more inputs, the same for all items of a user.

    Zintgraf et al. 2019, ICML, "Fast context adaptation via meta-learning", sec. 3.1.
    The inner loop moves c_u alone, from zero, c_u <- c_u - rate dL_u / dc; the outer loop moves theta alone. So the state
    of a user is `context` numbers, and theta is the same for everyone. The step is K-aware as in MAML, not in the paper.
    """

    context: int = 16
    inner_steps: int = 5
    inner_lr: float = 2.0

    ranges = {"context": COUNT}

    def _own_initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        weights = super()._own_initial(factors, rng)
        return weights | {"context": rng.normal(0, np.sqrt(2 / self.context), (self.context, self.hidden))}

    def adapt(self, support: PaddedRatings) -> Tensor:
        """The users' contexts, (B, context); an empty support leaves zeros."""
        bias, x = self.inputs(support)
        y, share = (support.values - bias) / self.spread_, self._share(support)
        context = x.new_zeros(len(x), self.context)
        for _ in range(self.inner_steps):
            step = loss_gradient(self._with(context), x, y, share)["b0"]  # dL / db0, (B, 1, H)
            context = context - (step @ self.params_["context"].mT).squeeze(1)  # dL / dc = dL / db0 . db0 / dc
        return context

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        return super().score(self._with(state), query)

    def _with(self, context: Tensor) -> Weights:
        """The network for these contexts: inputs that are the same for all items only shift the first layer's bias."""
        shift = context.unsqueeze(1) @ self.params_["context"]  # (B, 1, H)
        return self._weights() | {"b0": self.params_["b0"] + shift}

    def _weights(self) -> Weights:
        return {name: value for name, value in super()._weights().items() if name != "context"}
