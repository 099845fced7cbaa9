"""Reptile: move the initialisation towards where the tasks' own training ends."""

from __future__ import annotations

import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.meta.maml import MAML
from metarec_lib.meta.networks import Weights, adapt_weights

TEST_RATES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1)


class Reptile(MAML):
    """theta <- theta + epsilon mean_u (phi_u - theta), phi_u = theta after some steps on all ratings of the task.

    Nichol, Achiam & Schulman 2018, arXiv:1803.02999, alg. 1 and sec. 2.2: theta - phi_u serves as the gradient of AdamW.
    There is no query: support and query are trained on together, `train_steps` at `train_lr`. Users are adapted by
    `inner_steps` at a rate of their own, `test_lr_`: of TEST_RATES the best one on the validation users, else `inner_lr`.
    """

    def __init__(
        self, *, train_steps: int = 5, train_lr: float = 0.05, inner_lr: float = 0.01, **common: object
    ) -> None:
        super().__init__(inner_lr=inner_lr, **common)
        if train_steps < 1 or not train_lr > 0:
            raise ValueError(
                f"Reptile: got train_steps={train_steps}, train_lr={train_lr}, expected 1 or more steps and a rate above 0"
            )
        self.train_steps, self.train_lr = train_steps, train_lr

    def _start(self, data: Interactions) -> None:
        super()._start(data)
        self.test_lr_ = self.inner_lr

    def _learn(
        self,
        data: Interactions,
        epochs: int | None = None,
        batch_size: int | None = None,
        others: Interactions | None = None,
    ) -> None:
        super()._learn(data, epochs, batch_size, others)
        tasks = self._validation_tasks(others) if others is not None and len(others) else []
        self.test_lr_ = min(TEST_RATES, key=lambda rate: self._error_at(rate, tasks)) if tasks else self.inner_lr

    def _error_at(self, rate: float, tasks: list[TaskBatch]) -> float:
        self.test_lr_ = rate
        return self._error(tasks)

    def _base_rate(self) -> float:
        return self.test_lr_

    def meta_loss(self, batch: TaskBatch) -> Tensor:
        """1/2 mean_u |theta - phi_u|^2 with phi_u constant: its gradient is Reptile's step; scalar."""
        ratings = _together(batch)
        with torch.no_grad():
            bias, x = self._inputs(ratings)
            goal = adapt_weights(
                self._weights(), x, ratings.values - bias, ratings.mask, self.train_lr, self.train_steps
            )
        return reptile_loss(self._weights(), goal)


def reptile_loss(weights: Weights, goal: Weights) -> Tensor:
    """1/2 mean over tasks of |theta - phi_u|^2; the gradient with respect to theta is mean_u (theta - phi_u)."""
    tasks = len(next(iter(goal.values())))
    return sum(0.5 * ((weights[k] - goal[k]) ** 2).sum() / tasks for k in weights)


def _together(batch: TaskBatch) -> PaddedRatings:
    """Support and query side by side, (B, K + Q)."""
    parts = [(getattr(batch.support, n), getattr(batch.query, n)) for n in ("items", "values", "mask")]
    return PaddedRatings(batch.users, *(torch.cat(pair, dim=1) for pair in parts))
