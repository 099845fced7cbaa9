"""Linear tasks that share a subspace: the setting in which the diversity of tasks can be reasoned out.

Shapes: B tasks, K examples of a task, D inputs, R directions of the shared subspace.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class LinearTasks:
    """y = x . w_b + noise e, with w_b of length 1 in the span of the first few columns of one orthonormal basis.

    The setting of Tripuraneni, Jin & Jordan (2021), ICML: x ~ N(0, I), tasks share an unknown subspace of R of D directions.
    dimension: D. noise: standard deviation of y around x . w. seed: of the basis.
    """

    dimension: int = 20
    noise: float = 0.5
    seed: int = 0

    @cached_property
    def basis(self) -> np.ndarray:
        """(D, D), orthonormal columns."""
        square = np.random.default_rng(self.seed).normal(size=(self.dimension, self.dimension))
        return np.linalg.qr(square)[0]

    def draw(
        self, tasks: int, examples: int, directions: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x (B, K, D), y (B, K) and w (B, D) of `tasks` tasks that lie in the first `directions` columns of the basis,
        spread evenly over them. Raises ValueError for more directions than inputs, or fewer than one of anything."""
        if min(tasks, examples, directions) < 1 or directions > self.dimension:
            got = f"tasks={tasks}, examples={examples}, directions={directions}"
            raise ValueError(f"draw: got {got}, expected 1 or more of each and at most {self.dimension} directions")
        a = rng.normal(size=(tasks, directions))
        w = a / np.linalg.norm(a, axis=1, keepdims=True) @ self.basis[:, :directions].T
        x = rng.normal(size=(tasks, examples, self.dimension))
        return x, np.einsum("bkd,bd->bk", x, w) + self.noise * rng.normal(size=(tasks, examples)), w


def moment_subspace(x: np.ndarray, y: np.ndarray, rank: int) -> np.ndarray:
    """The `rank` directions along which the tasks vary most, (D, R): leading eigenvectors of the mean of y^2 x x'.

    E[y^2 x x'] = (noise^2 + |w|^2) I + 2 w w' for x ~ N(0, I) (Tripuraneni, Jin & Jordan 2021, ICML, alg. 1). x (B, K, D),
    y (B, K). Raises ValueError for a rank out of range.
    """
    if not 1 <= rank <= x.shape[2]:
        raise ValueError(f"moment_subspace: got rank={rank}, expected 1 to {x.shape[2]}, the number of inputs")
    rows, weights = x.reshape(-1, x.shape[2]), y.reshape(-1, 1)
    moment = (weights**2 * rows).T @ rows / len(rows)
    return np.linalg.eigh(moment)[1][:, ::-1][:, :rank]


def subspace_errors(subspace: np.ndarray, x: np.ndarray, y: np.ndarray, w: np.ndarray, noise: float) -> np.ndarray:
    """Squared error of each new task, (B,): ridge regression on its K examples inside `subspace` (D, R).

    |w_hat - w|^2 is the expected squared error of a new example, less the noise. Strength noise^2 R: right where |w| = 1
    is spread evenly over the R directions. The identity as subspace is learning from scratch.
    """
    z, rank = x @ subspace, subspace.shape[1]
    gram = z.transpose(0, 2, 1) @ z + noise**2 * rank * np.eye(rank)
    a = np.linalg.solve(gram, z.transpose(0, 2, 1) @ y[:, :, None])[:, :, 0]
    return ((a @ subspace.T - w) ** 2).sum(1)
