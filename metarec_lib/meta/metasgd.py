"""Meta-SGD: the initialisation is learned, and for each weight how far and which way it moves."""

from __future__ import annotations

import numpy as np

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.factors import Factors
from metarec_lib.meta.maml import MAML
from metarec_lib.meta.networks import Weights, loss_gradient

RATE = "rate_"


class MetaSGD(MAML):
    """theta_u = theta - alpha * grad L_u(theta), elementwise, theta and alpha learned (Li et al. 2017, arXiv:1707.09835).

    alpha starts at `inner_lr` everywhere and is free of sign, as in the paper: a negative rate moves a weight up its own
    gradient, which may pay where the other weights move too. The paper takes one step; here `inner_steps` share one alpha,
    and the step is K-aware as in MAML.
    """

    def _own_initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        weights = super()._own_initial(factors, rng)
        return weights | {RATE + name: np.full_like(value, self.inner_lr) for name, value in weights.items()}

    def adapt(self, support: PaddedRatings) -> Weights:
        bias, x = self.inputs(support)
        y, share, weights = (support.values - bias) / self.spread_, self._share(support), self._weights()
        for _ in range(self.inner_steps):
            step = loss_gradient(weights, x, y, share)
            weights = {k: w - self.params_[RATE + k] * step[k] for k, w in weights.items()}
        return weights

    def _rate(self) -> float:
        return 1.0  # alpha has it

    def _weights(self) -> Weights:
        return {name: value for name, value in super()._weights().items() if not name.startswith(RATE)}
