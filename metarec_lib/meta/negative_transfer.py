"""Against negative transfer: which source tasks may teach, how much, and what the target imitates of the source.

Shapes: S source tasks, T target tasks, D shared parameters, U users, I items, G groups, B tasks, K support and Q query
ratings, M heads, H hidden width.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.meta.anil import ANIL
from metarec_lib.meta.factors import Factors
from metarec_lib.meta.networks import Weights, adapt_weights, forward
from metarec_lib.meta.regularisation import error_correlation_penalty
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE
from metarec_lib.models.base import settings


# -- which tasks ------------------------------------------------------------------------------------------------------
def item_gradients(data: Interactions, users: Sequence | np.ndarray) -> np.ndarray:
    """Gradient of each user's mean squared error with respect to the item effects, where these are zero, (U, I).

    The user's own mean is fitted first: -2 (r_ui - r_u) / n_u for what the user rated, 0 elsewhere; zeros for users without
    ratings. Raises ValueError for ids that the data do not hold.
    """
    rows = data.user_index(users)
    if (rows < 0).any():
        missing = np.asarray(users)[rows < 0].tolist()
        raise ValueError(f"item_gradients: got {len(missing)} unknown user ids, the first is {missing[0]!r}")
    count = np.maximum(np.bincount(data.user_codes, minlength=data.n_users), 1)
    mean = np.bincount(data.user_codes, data.values, data.n_users) / count
    gradient = np.zeros((data.n_users, data.n_items))
    gradient[data.user_codes, data.item_codes] = -2 * (data.values - mean[data.user_codes]) / count[data.user_codes]
    return gradient[rows]


def task_weights(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """max(0, cosine) of each source task's gradient with the target's, (S,): 0 for what points the other way.

    source (S, D), target (D,). A gradient of zeros weighs 0. Du et al. 2018, arXiv:1812.02224, sec. 3 (weighted version).
    Raises ValueError where the shapes do not fit.
    """
    source, target = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if source.ndim != 2 or target.shape != source.shape[1:]:
        raise ValueError(f"task_weights: got source {source.shape} and target {target.shape}, expected (S, D) and (D,)")
    size = np.linalg.norm(source, axis=1) * np.linalg.norm(target)
    return np.maximum(source @ target, 0) / np.where(size > 0, size, 1)


def filter_tasks(source: np.ndarray, target: np.ndarray, errors: float = 0.0) -> np.ndarray:
    """Which source tasks help the target tasks on average, (S,) bool.

    A small step on source task s changes the loss of target task t by -g_t . g_s: a task is kept where the mean over t of
    g_t . g_s lies more than `errors` standard errors above zero.

    source (S, D) and target (T, D): gradients at the same parameters. Raises ValueError where the shapes do not fit, and for
    errors above zero with fewer than two target tasks.
    """
    source, target = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise ValueError(
            f"filter_tasks: got source {source.shape} and target {target.shape}, expected (S, D) and (T, D)"
        )
    if errors and len(target) < 2:
        raise ValueError("filter_tasks: got one target task, expected two or more to tell a standard error")
    gain = source @ target.T
    spread = gain.std(axis=1, ddof=1) / np.sqrt(len(target)) if errors else 0.0
    return gain.mean(axis=1) > errors * spread


def thin_tasks(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which tasks to train on, (S,) bool: task s with the chance w_s / max w, so that weights serve any learner.

    Raises ValueError for weights that are negative, not finite, or all zero.
    """
    w = np.asarray(weights, dtype=np.float64)
    if w.ndim != 1 or not np.isfinite(w).all() or (w < 0).any() or not w.any():
        raise ValueError("thin_tasks: expected a list of finite weights, none negative, not all zero")
    return rng.random(len(w)) < w / w.max()


# -- what is imitated -------------------------------------------------------------------------------------------------
def held_out_gate(
    source_errors: np.ndarray, target_errors: np.ndarray, groups: np.ndarray, n_groups: int, shrinkage: float = 20.0
) -> np.ndarray:
    """For which groups the source model beat the target's own on held-out ratings, (G,) bool.

    source_errors, target_errors: (n,) squared errors of the same held-out ratings. groups: (n,) int, such as the item or the
    genre of each. A group's mean difference is shrunk towards that of all: sum + shrinkage x mean over n_g + shrinkage.
    """
    gain = np.asarray(target_errors, dtype=np.float64) - np.asarray(source_errors, dtype=np.float64)
    total, count = np.bincount(groups, gain, n_groups), np.bincount(groups, minlength=n_groups)
    return (total + shrinkage * gain.mean()) / (count + shrinkage) > 0


def gated_distillation_loss(
    student: Tensor, teacher: Tensor, targets: Tensor, gate: Tensor, weight: float = 1.0, mask: Tensor | None = None
) -> Tensor:
    """mean (student - target)^2 + weight mean gate (student - teacher)^2, scalar, over what the mask holds.

    All of one shape; gate: 1 where the source beat the target on held-out data, 0 where it did not. The teacher counts as
    constant. Distillation: Hinton, Vinyals & Dean 2015, arXiv:1503.02531; here of ratings, so by squared error.
    """
    keep = torch.ones_like(student) if mask is None else mask.to(student.dtype)
    own, imitated = (student - targets) ** 2, gate.to(student.dtype) * (student - teacher.detach()) ** 2
    return ((own + weight * imitated) * keep).sum() / keep.sum().clamp(min=1)


# -- learners ---------------------------------------------------------------------------------------------------------
@settings
class DistilledANIL(ANIL):
    """ANIL that also imitates a source model on the queries of its own users; without a teacher it is ANIL.

    teacher: a fitted recommender on the same tables, adapted to each task's support. gate: (I,) 0 or 1, for which items it
    is imitated (`held_out_gate`), all where None. weight: of the imitation beside the squared error.
    """

    teacher: object = None
    gate: object = None
    weight: float = 1.0

    ranges = {"weight": NOT_NEGATIVE}

    def meta_loss(self, batch: TaskBatch) -> Tensor:
        if self.teacher is None:
            return super().meta_loss(batch)
        with torch.no_grad():
            said = self.teacher.score(self.teacher.adapt(batch.support), batch.query)
        query, mask = batch.query, batch.query.mask.to(said.dtype)
        gate = torch.ones_like(said) if self.gate is None else torch.as_tensor(self.gate).to(said)[query.items]
        scores, share = self.score(self.adapt(batch.support), query), mask / query.counts.clamp(min=1).unsqueeze(1)
        return gated_distillation_loss(scores, said, query.values, gate, self.weight, share) / self.spread_**2


@settings
class DiverseANIL(ANIL):
    """ANIL with several heads on one body; the score is their mean.

    meta_loss = mean error of a head + diversity x `error_correlation_penalty`. 0: each head for itself; heads - 1: `heads`
    times the error of their mean, as if the mean were one model; between and beyond, heads are paid to err apart
    (negative correlation learning: Liu & Yao 1999, Neural Networks).
    """

    heads: int = 4
    diversity: float = 0.0

    ranges = {"heads": COUNT, "diversity": NOT_NEGATIVE}

    def _own_initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        own = super()._own_initial(factors, rng)
        drawn = rng.normal(0, 0.1 * np.sqrt(2 / self.hidden), (self.heads, self.hidden, 1))
        return own | {"w1": drawn, "b1": np.zeros((self.heads, 1, 1))}

    def adapt(self, support: PaddedRatings) -> Weights:
        bias, hidden = self.inputs(support)
        y, share = (support.values - bias) / self.spread_, self._share(support)
        parts = hidden.unsqueeze(1), y.unsqueeze(1), share.unsqueeze(1)
        return adapt_weights(self._weights(), *parts, self.inner_steps)

    def score(self, state: Weights, query: PaddedRatings) -> Tensor:
        return self.score_each(state, query).mean(1)

    def score_each(self, state: Weights, query: PaddedRatings) -> Tensor:
        """Scores of every head, (B, M, Q)."""
        bias, hidden = self.inputs(query)
        return bias.unsqueeze(1) + self.spread_ * forward(state, hidden.unsqueeze(1))

    def meta_loss(self, batch: TaskBatch) -> Tensor:
        query = batch.query
        each = self.score_each(self.adapt(batch.support), query)
        errors = (each - query.values.unsqueeze(1)).transpose(0, 1) / self.spread_  # (M, B, Q)
        share = query.mask / query.counts.clamp(min=1).unsqueeze(1).to(errors.dtype)  # every task counts alike
        loss = (errors**2 * share).sum() / (self.heads * (query.counts > 0).sum().clamp(min=1))
        if not self.diversity:
            return loss
        return loss + self.diversity * error_correlation_penalty(errors, share)
