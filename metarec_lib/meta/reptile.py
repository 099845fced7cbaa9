"""Reptile: move the initialisation towards where the tasks' own training ends."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.tasks import TaskBatch
from metarec_lib.meta.factors import Factors
from metarec_lib.meta.maml import MAML
from metarec_lib.meta.networks import Weights, adapt_weights
from metarec_lib.models.arguments import COUNT, POSITIVE
from metarec_lib.models.base import settings

TEST_RATES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
RATE = "test_rate"


@settings
class Reptile(MAML):
    """theta <- theta + epsilon mean_u (phi_u - theta), phi_u = theta after some steps on all ratings of the task.

    Nichol, Achiam & Schulman 2018, arXiv:1803.02999, alg. 1 and sec. 2.2: theta - phi_u serves as the gradient of Adam.
    There is no query: support and query are trained on together, `train_steps` at `train_lr`, each step on all of them (the
    paper draws mini-batches of a task). Users are adapted by `inner_steps` at a rate of their own, `test_lr_`: of TEST_RATES
    the best one on the users who decide when to stop, chosen anew at each epoch that is judged; else `inner_lr`.
    """

    train_steps: int = 5
    train_lr: float = 0.05
    inner_lr: float = 0.01

    exact_gradient = False  # phi_u counts as constant
    ranges = {"train_steps": COUNT, "train_lr": POSITIVE}

    @property
    def test_lr_(self) -> float:
        """The rate at which users are adapted."""
        return float(self.params_[RATE])

    def _own_initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        return super()._own_initial(factors, rng) | {RATE: np.array(self.inner_lr)}

    def _error(self, validation: list[TaskBatch]) -> float:
        """The error at the best of TEST_RATES, which stays with the parameters of this epoch."""
        errors = {rate: self._error_at(rate, validation) for rate in TEST_RATES}
        best = min(errors, key=errors.get)
        self.params_[RATE] = self._tensor(np.array(best))
        return errors[best]

    def _error_at(self, rate: float, tasks: list[TaskBatch]) -> float:
        self.params_[RATE] = self._tensor(np.array(rate))
        return super()._error(tasks)

    def _rate(self) -> Tensor:
        return self.params_[RATE]

    def _weights(self) -> Weights:
        return {name: value for name, value in super()._weights().items() if name != RATE}

    def meta_loss(self, batch: TaskBatch) -> Tensor:
        """1/2 mean_u |theta - phi_u|^2 with phi_u constant: its gradient is Reptile's step; scalar."""
        ratings = batch.together()
        with torch.no_grad():
            bias, x = self.inputs(ratings)
            y, mask = (ratings.values - bias) / self.spread_, ratings.mask.to(x.dtype)
            share = self.train_lr * mask / mask.sum(1, keepdim=True).clamp(min=1)
            goal = adapt_weights(self._weights(), x, y, share, self.train_steps)
        return reptile_loss(self._weights(), goal)


def reptile_loss(weights: Weights, goal: Weights) -> Tensor:
    """1/2 mean over tasks of |theta - phi_u|^2; the gradient with respect to theta is mean_u (theta - phi_u)."""
    tasks = len(next(iter(goal.values())))
    return sum(0.5 * ((weights[k] - goal[k]) ** 2).sum() / tasks for k in weights)
