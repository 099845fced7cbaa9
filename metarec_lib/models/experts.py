"""How several tasks share a bottom: all of it, mixtures of experts, experts of their own, or nothing.

Shapes: N rows, D inputs, E experts, T tasks, H hidden units.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

SHARING = ("single", "shared", "mmoe", "ple")


def mixture(x: Tensor, experts: Tensor, gates: Tensor, allowed: Tensor) -> Tensor:
    """sum_e softmax(x G_t)_e relu(x W_e), (..., D) -> (..., T, H).

    experts: W (E, D, H); gates: G (T, D, E); allowed: (T, E) bool, which experts a task may use.
    All allowed: MMoE (Ma et al. 2018, KDD, eq. 6 to 8). Some shared, the others of one task: the customised gate of PLE, of
    which this is one layer (Tang et al. 2020, RecSys, eq. 1 to 3). One expert: the shared bottom. One a task: no sharing.
    """
    found = torch.relu(torch.einsum("...d,edh->...eh", x, experts))
    logits = torch.einsum("...d,tde->...te", x, gates).masked_fill(~allowed, -torch.inf)
    return torch.softmax(logits, dim=-1) @ found


def who_uses_what(sharing: str, tasks: int, experts: int) -> np.ndarray:
    """Which experts each task may use, (T, E). PLE: `experts` shared ones, then one of each task."""
    if sharing == "single":
        return np.eye(tasks, dtype=bool)
    if sharing == "shared":
        return np.ones((tasks, 1), dtype=bool)
    if sharing == "mmoe":
        return np.ones((tasks, experts), dtype=bool)
    if sharing == "ple":
        return np.hstack([np.ones((tasks, experts), dtype=bool), np.eye(tasks, dtype=bool)])
    raise ValueError(f"sharing: got {sharing!r}, expected one of {', '.join(SHARING)}")
