"""MAML: an initialisation from which a few gradient steps on a user's ratings do well."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.base import PretrainedItems
from metarec_lib.meta.factors import Factors
from metarec_lib.meta.networks import Weights, adapt_weights, forward, initial_weights
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE, POSITIVE
from metarec_lib.models.base import settings


@settings
class MAML(PretrainedItems):
    """score = b_i + s f(x_i; theta_u), theta_u = theta after a few steps (Finn et al. 2017, ICML, alg. 2).

        inner:  theta_u <- theta_u - alpha_K grad L_u(theta_u),  L_u the mean squared error on the user's K ratings
        outer:  theta <- theta - Adam(grad of the mean over users of the query's error under theta_u)

    x_i: the item's pretrained vector, genres and year. f: one hidden layer of `hidden` ReLU units, in units of the ratings'
    spread s. b_i stays as it is while adapting. The step is K-aware, alpha_K = inner_lr K / (K + shrinkage), which is not of
    the paper: the inner loss is a mean, so that one rating would pull as hard as twenty. shrinkage=0 is the paper's step.
    order 2 differentiates through the inner steps; order 1 takes the gradient at theta_u for that at theta.
    """

    hidden: int = 32
    inner_steps: int = 3
    inner_lr: float = 0.05
    shrinkage: float = 5.0

    ranges = {"hidden": COUNT, "inner_steps": COUNT, "inner_lr": POSITIVE, "shrinkage": NOT_NEGATIVE}
    order: ClassVar[int] = 2

    def _own_initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        inputs = factors.vectors.shape[2] + self.item_features_.shape[1]
        weights = initial_weights((inputs, self.hidden, 1), rng)
        return weights | {"w1": 0.1 * weights["w1"]}  # starts close to the item biases

    def adapt(self, support: PaddedRatings) -> Weights:
        """The users' weights, with a task axis; an empty support leaves the initial ones."""
        bias, x = self.inputs(support)
        y = (support.values - bias) / self.spread_
        return adapt_weights(self._weights(), x, y, self._share(support), self.inner_steps, self.order)

    def score(self, state: Weights, query: PaddedRatings) -> Tensor:
        bias, x = self.inputs(query)
        return bias + self.spread_ * forward(state, x)

    def _share(self, support: PaddedRatings) -> Tensor:
        """What each rating weighs in a step, (B, K): alpha_K / K = inner_lr / (K + shrinkage), 0 where padded."""
        mask = support.mask.to(support.values.dtype)  # a number times a bool tensor would be float32
        return self._rate() * mask / (mask.sum(1, keepdim=True) + self.shrinkage).clamp(min=1e-12)

    def _rate(self) -> float:
        return self.inner_lr

    def _weights(self) -> Weights:
        """What the inner loop moves."""
        return {name: value for name, value in self.params_.items() if name != "item_shift"}


class FOMAML(MAML):
    """First-order MAML (Finn et al. 2017, ICML, sec. 5.2)."""

    order = 1
    exact_gradient = False  # what the inner steps depend on counts as constant
