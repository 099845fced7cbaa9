"""A representation of what a user has seen, as where the prior of a few-shot learner begins.

Shapes: U users of the table, P numbers of a representation, D weights of a user.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import pad_ratings
from metarec_lib.meta.pca import ProbabilisticPCA


def prior_from(
    model: ProbabilisticPCA, data: Interactions, representation: np.ndarray, strength: float
) -> ProbabilisticPCA:
    """A copy of a fitted model whose prior mean is m + M g_u + A z_u; the model itself stays.

    data: what the model was fitted on; its users' posterior weights, less their prior means, are the target of a ridge
    regression on z. representation: z, (U, P), in the order of the user table, of all users who will be asked for; each
    column is divided by its spread over the users of `data`, whose mean is taken off. strength: of the ridge, in users.
    """
    z = np.asarray(representation, dtype=float)
    if z.ndim != 2 or len(z) != data.n_users:
        raise ValueError(
            f"prior_from: got a representation of shape {z.shape}, expected ({data.n_users}, P), a row a user of the table"
        )
    users = np.unique(data.user_codes)
    spread = z[users].std(0)
    z = (z - z[users].mean(0)) / np.where(spread > 0, spread, 1.0)
    found = copy.copy(model)
    target = pulled(model, data, users)
    known = model._tensor(z[users])
    eye = torch.eye(known.shape[1], dtype=known.dtype, device=known.device)
    mapped = torch.linalg.solve(
        known.T @ known + strength * eye, known.T @ target
    )  # A' = (Z'Z + strength I)^-1 Z' (w - prior)
    padded = model._tensor(np.pad(z, ((0, 1), (0, 0))))  # unknown users: nothing is known
    found.user_features_ = torch.cat([model.user_features_, padded], dim=1)
    found.prior_map_ = torch.cat([model.prior_map_, mapped])
    return found


def pulled(model: ProbabilisticPCA, data: Interactions, users: np.ndarray) -> Tensor:
    """By how much each user's ratings pull the posterior mean from the prior, (n, D)."""
    slot = np.full(data.n_users, -1)
    slot[users] = np.arange(len(users))
    everything = pad_ratings(slot[data.user_codes], data.item_codes, data.values, users, model._device, model._dtype)
    return model.adapt(everything).mean - model.prior_of(everything.users)[0]
