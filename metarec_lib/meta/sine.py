"""Sine waves as tasks (Finn et al. 2017, ICML, sec. 5.1): the smallest place where learning to learn can be seen.

Shapes: B tasks, K support points, Q query points, S inner steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from metarec_lib.device import as_tensor
from metarec_lib.meta.networks import Weights, adapt_weights, forward, initial_weights
from metarec_lib.meta.reptile import reptile_loss

METHODS = ("maml", "fomaml", "reptile", "pooled", "random")
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True, eq=False)
class SineBatch:
    """B waves: x, y (B, K) to adapt on, x_query, y_query (B, Q) to be judged on; amplitude and phase (B,) are the truth."""

    x: Tensor
    y: Tensor
    x_query: Tensor
    y_query: Tensor
    amplitude: Tensor
    phase: Tensor


@dataclass(frozen=True)
class SineTasks:
    """y = a sin(x - phase), a from 0.1 to 5, phase from 0 to pi, x from -5 to 5; `k` support and `query` query points."""

    k: int = 10
    query: int = 20

    def __post_init__(self) -> None:
        if self.k < 1 or self.query < 1:
            raise ValueError(f"SineTasks: got k={self.k}, query={self.query}, expected 1 or more of each")

    def draw(self, tasks: int, rng: np.random.Generator) -> SineBatch:
        """Draw so many waves and their points."""
        amplitude, phase = rng.uniform(0.1, 5, (tasks, 1)), rng.uniform(0, np.pi, (tasks, 1))
        x = rng.uniform(-5, 5, (tasks, self.k + self.query))
        y = amplitude * np.sin(x - phase)
        parts = x[:, : self.k], y[:, : self.k], x[:, self.k :], y[:, self.k :], amplitude[:, 0], phase[:, 0]
        return SineBatch(*(as_tensor(part) for part in parts))


class SineRegressor:
    """A network meta-trained on sine waves, by one of five methods that share the network and the inner loop.

    method: maml, fomaml (order 1), reptile, pooled (one network for all waves at once, no inner loop), random (no training).
    steps: batches of `batch` waves. inner_lr, inner_steps: while training; reptile takes 5 steps at least. Adam, `lr`. seed:
    of weights and waves.
    """

    def __init__(
        self, method: str = "maml", *, steps: int = 2000, batch: int = 25, lr: float = 5e-3, inner_steps: int = 1,
        inner_lr: float = 0.05, hidden: tuple[int, ...] = (40, 40), seed: int = 0,
    ) -> None:  # fmt: skip
        if method not in METHODS:
            raise ValueError(f"SineRegressor: got method {method!r}, expected one of {', '.join(METHODS)}")
        if steps < 0 or min(batch, inner_steps) < 1:
            raise ValueError(
                f"SineRegressor: got steps={steps}, batch={batch}, inner_steps={inner_steps}; expected steps of 0 or "
                "more, and 1 or more of the others"
            )
        self.method, self.steps, self.batch, self.lr, self.hidden, self.seed = method, steps, batch, lr, hidden, seed
        self.inner_steps, self.inner_lr = inner_steps, inner_lr

    def fit(self, tasks: SineTasks) -> Self:
        """Meta-train on fresh waves."""
        rng = np.random.default_rng(self.seed)
        self.weights_ = {k: as_tensor(v) for k, v in initial_weights((1, *self.hidden, 1), rng).items()}
        if self.method == "random":
            return self
        optimiser = torch.optim.Adam([w.requires_grad_() for w in self.weights_.values()], lr=self.lr)
        for _ in range(self.steps):
            optimiser.zero_grad()
            self.meta_loss(tasks.draw(self.batch, rng)).backward()
            optimiser.step()
        self.weights_ = {k: w.detach() for k, w in self.weights_.items()}
        return self

    def meta_loss(self, tasks: SineBatch) -> Tensor:
        """The outer loss of the method on these waves, scalar."""
        if self.method in ("maml", "fomaml"):
            order = 2 if self.method == "maml" else 1
            fast = adapt(self.weights_, tasks.x, tasks.y, self.inner_lr, self.inner_steps, order)
            return _squared_error(fast, tasks.x_query, tasks.y_query).mean()
        x, y = torch.cat([tasks.x, tasks.x_query], 1), torch.cat([tasks.y, tasks.y_query], 1)
        if self.method == "reptile":
            with torch.no_grad():
                goal = adapt(self.weights_, x, y, self.inner_lr, max(self.inner_steps, 5))
            return reptile_loss(self.weights_, goal)
        return _squared_error(self.weights_, x, y).mean()

    def predict(self, x: Tensor, y: Tensor, x_query: Tensor, steps: int, lr: float) -> Tensor:
        """Curve values at x_query (B, Q) after `steps` at rate `lr` on the points x, y (B, K)."""
        return forward(adapt(self.weights_, x, y, lr, steps), _inputs(x_query))

    def errors(self, tasks: SineBatch, steps: int, lr: float) -> Tensor:
        """Mean squared error of each wave's query after adapting, (B,)."""
        return ((self.predict(tasks.x, tasks.y, tasks.x_query, steps, lr) - tasks.y_query) ** 2).mean(1)

    def best_rates(self, validation: SineBatch, steps: Sequence[int]) -> dict[int, float]:
        """For each number of steps the rate of RATES with the lowest error on these waves. Tune here, report elsewhere."""
        return {s: min(RATES, key=lambda lr, s=s: _finite(self.errors(validation, s, lr).mean())) for s in steps}


def adapt(weights: Weights, x: Tensor, y: Tensor, lr: float, steps: int, order: int = 2) -> Weights:
    """Weights after `steps` gradient steps on each wave's points x, y (B, K)."""
    return adapt_weights(weights, _inputs(x), y, torch.full_like(y, lr / y.shape[1]), steps, order)


def _inputs(x: Tensor) -> Tensor:
    """x / 5 as network inputs, (B, N, 1): unscaled, the inner steps diverge."""
    return x.unsqueeze(-1) / 5


def _squared_error(weights: Weights, x: Tensor, y: Tensor) -> Tensor:
    return ((forward(weights, _inputs(x)) - y) ** 2).mean(1)


def _finite(error: Tensor) -> float:
    return float(torch.nan_to_num(error, nan=torch.inf))
