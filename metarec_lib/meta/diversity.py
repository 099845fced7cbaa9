"""How different tasks are: where each user's ratings pull the shared parameters, and how much of the space these pulls span.

Shapes: B tasks, K support ratings, P numbers in an embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.maml import MAML
from metarec_lib.meta.networks import loss_gradient
from metarec_lib.models.base import Recommender

MEASURES = ("pairwise", "logdet", "eigenvalue")


def task_embedding(model: Recommender, support: PaddedRatings) -> Tensor:
    """Unit-norm gradient of each user's own loss at the shared initialisation, (B, P); 0 for a user without ratings.

    The loss is the mean squared error of the support in units of the ratings' spread. Of a linear head the gradient is that
    with respect to a in w = prior mean + scale * a, at a = 0 (the user's prior mean), so that a step means the same in every
    direction; P = D. Of MAML and its relatives it is that of all adapted weights, flattened in order of their names; P is
    their number. Raises ValueError for a model that is neither, and for one that is not fitted.
    A gradient as a task's embedding: Achille et al. 2019 (ICCV) take its second moments, the Fisher information.
    """
    if not (hasattr(model, "linear") or isinstance(model, MAML)):
        raise ValueError(
            f"task_embedding: got a {type(model).__name__}, expected a linear head (MetaLearningModel, ProbabilisticPCA, "
            "MixturePrior) or MAML, which have an initialisation to take the gradient at"
        )
    with torch.no_grad():
        gradient = linear_gradient(model, support) if hasattr(model, "linear") else _network_gradient(model, support)
    return unit_rows(gradient)


def linear_gradient(model: Recommender, support: PaddedRatings) -> Tensor:
    """-2 / K sum_k scale * x_k (y_k - x_k . prior), (B, D)."""
    items, (prior, scale) = model.linear(support), model.prior_of(support.users)
    y = (support.values - items.bias) / model.spread_
    residual = (y - (items.x @ prior.unsqueeze(2)).squeeze(2)) * support.mask
    pull = scale * (items.x.mT @ residual.unsqueeze(2)).squeeze(2)
    return -2 * pull / support.counts.clamp(min=1).unsqueeze(1)


def _network_gradient(model: MAML, support: PaddedRatings) -> Tensor:
    """The inner loop's gradient before its first step, all weights side by side, (B, P)."""
    bias, x = model.inputs(support)
    share = support.mask / support.counts.clamp(min=1).unsqueeze(1)
    y = (support.values - bias) / model.spread_
    gradient = loss_gradient(model._weights(), x, y, share.to(x.dtype))
    return torch.cat([gradient[name].flatten(1) for name in sorted(gradient)], dim=1)


def unit_rows(z: Tensor) -> Tensor:
    """Rows divided by their length; rows of zeros stay."""
    length = z.norm(dim=1, keepdim=True)
    return z / torch.where(length > 0, length, 1)


def diversity(embeddings: Tensor, measure: str = "pairwise") -> float:
    """How different B tasks are, from their embeddings (B, P); rows of zeros, tasks without ratings, are left out.

    pairwise: 1 - mean cosine over the pairs of different tasks; 0 for equal tasks, about 1 for unrelated ones.
    logdet: log det(I + Z Z'), the volume that the unit rows Z span (Kulesza & Taskar 2012, FnT ML, sec. 2.2).
    eigenvalue: the smallest eigenvalue of Z' Z / B, 0 where a direction is missing (Tripuraneni et al. 2020, NeurIPS, whose
    diversity constant it is for linear tasks, there without scaling the rows).
    Raises ValueError for another measure, another shape, or fewer than two tasks with ratings.
    """
    if measure not in MEASURES:
        raise ValueError(f"diversity: got measure {measure!r}, expected one of {', '.join(MEASURES)}")
    if embeddings.dim() != 2:
        raise ValueError(f"diversity: got embeddings of shape {tuple(embeddings.shape)}, expected (B, P), a row a task")
    z = unit_rows(embeddings[embeddings.norm(dim=1) > 0])
    n = len(z)
    if n < 2:
        raise ValueError(f"diversity: got {n} tasks whose embedding is not zero, expected 2 or more")
    if measure == "pairwise":
        return float(1 - (z.sum(0).square().sum() - n) / (n * (n - 1)))
    if measure == "logdet":
        return float(torch.logdet(torch.eye(z.shape[1], dtype=z.dtype, device=z.device) + z.mT @ z))
    return float(torch.linalg.eigvalsh(z.mT @ z / n)[0].clamp(min=0))
