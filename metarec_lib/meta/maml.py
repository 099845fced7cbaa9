"""MAML: an initialisation from which a few gradient steps on a user's ratings do well."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.base import MetaLearner
from metarec_lib.meta.factors import Factors
from metarec_lib.meta.networks import Weights, adapt_weights, forward, initial_weights


class MAML(MetaLearner):
    """score = b_i + f(x_i; theta_u), theta_u = theta after a few steps (Finn et al. 2017, ICML, alg. 2).

    x_i: the item's pretrained vector, genres and year. f: one hidden layer of `hidden` ReLU units. b_i stays as it is while
    adapting. A step is K-aware, inner_lr * K / (K + shrinkage): one rating moves the network little, none not at all.
    order 2 differentiates through the inner steps; order 1 takes the gradient at theta_u for that at theta.
    """

    order: ClassVar[int] = 2

    def __init__(
        self,
        *,
        hidden: int = 32,
        inner_steps: int = 3,
        inner_lr: float = 0.05,
        shrinkage: float = 5.0,
        **common: object,
    ) -> None:
        super().__init__(**common)
        if min(hidden, inner_steps) < 1 or not inner_lr > 0 or shrinkage < 0:
            raise ValueError(
                f"{type(self).__name__}: got hidden={hidden}, inner_steps={inner_steps}, inner_lr={inner_lr}, "
                f"shrinkage={shrinkage}; expected whole numbers from 1, a rate above 0, and a shrinkage of 0 or more"
            )
        self.hidden, self.inner_steps, self.inner_lr, self.shrinkage = hidden, inner_steps, inner_lr, shrinkage

    def _initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        spread = np.sqrt(np.mean(factors.vectors[-1] ** 2, axis=0))
        self.vector_scale_ = self._tensor(1 / np.maximum(spread, 1e-3))  # inputs of size 1
        inputs = factors.vectors.shape[2] + self.item_features_.shape[1]
        weights = initial_weights((inputs, self.hidden, 1), rng)
        return weights | {"w1": 0.1 * weights["w1"]}  # starts close to the item biases

    def adapt(self, support: PaddedRatings) -> Weights:
        """The users' weights, with a task axis; an empty support leaves the initial ones."""
        bias, x = self._inputs(support)
        return adapt_weights(
            self._weights(), x, support.values - bias, support.mask, self._rate(support), self.inner_steps, self.order
        )

    def score(self, state: Weights, query: PaddedRatings) -> Tensor:
        bias, x = self._inputs(query)
        return bias + forward(state, x)

    def _rate(self, support: PaddedRatings) -> Tensor:
        """inner_lr K / (K + shrinkage), (B, 1)."""
        k = support.counts.to(support.values.dtype).unsqueeze(1)
        return self._base_rate() * k / (k + self.shrinkage).clamp(min=1e-12)

    def _base_rate(self) -> float:
        return self.inner_lr

    def _weights(self) -> Weights:
        return {name: value for name, value in self.params_.items() if name != "item_shift"}

    def _inputs(self, ratings: PaddedRatings) -> tuple[Tensor, Tensor]:
        """b_i (B, N) and x_i (B, N, D)."""
        bias, vectors = self._items(ratings)
        return bias, torch.cat([vectors * self.vector_scale_, self.item_features_[ratings.items]], dim=2)


class FOMAML(MAML):
    """First-order MAML (Finn et al. 2017, ICML, sec. 5.2)."""

    order = 1
