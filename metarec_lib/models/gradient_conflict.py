"""Several losses on shared parameters: how much each counts, and what to do where their gradients disagree.

Shapes: T tasks, P shared parameters.
"""

from __future__ import annotations

import torch
from torch import Tensor


def pcgrad(gradients: Tensor, order: Tensor | None = None) -> Tensor:
    """The sum of the tasks' gradients, each freed of what it takes from the others; (T, P) -> (P,).

    Task by task, g_i starts as its own gradient; for each other task j, where g_i . g_j < 0, the part along g_j goes:
    g_i <- g_i - (g_i . g_j / |g_j|^2) g_j, with g_j as it was (Yu et al. 2020, NeurIPS, algorithm 1). The paper draws the
    order of the others at random: order (T, T), a row a task, gives it; by default they come in turn.
    """
    if gradients.dim() != 2:
        raise ValueError(f"pcgrad: got gradients of shape {tuple(gradients.shape)}, expected (T, P), a row a task")
    total = torch.zeros_like(gradients[0])
    for i, own in enumerate(gradients):
        for j in range(len(gradients)) if order is None else order[i].tolist():
            against, length = own @ gradients[j], gradients[j] @ gradients[j]
            if j != i and against < 0:
                own = own - against / length * gradients[j]
        total = total + own
    return total


def conflict(gradients: Tensor) -> Tensor:
    """The cosines between the tasks' gradients, (T, P) -> (T, T)."""
    unit = torch.nn.functional.normalize(gradients, dim=1)
    return unit @ unit.T


def uncertainty_weighted(losses: Tensor, log_variance: Tensor) -> Tensor:
    """sum_t exp(-s_t) L_t + s_t / 2 with s_t = log sigma_t^2 learned, (T,) and (T,) -> scalar.

    Kendall, Gal & Cipolla (2018, CVPR, eq. 7 to 10), with half the squared errors and the cross-entropies as L_t.
    """
    return (torch.exp(-log_variance) * losses + log_variance / 2).sum()
