"""Transfer: pretrain on a source, then let all, some or a few low-rank parameters move on a target.

Shapes: O outputs, D inputs, R rank.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from torch import Tensor, nn

from metarec_lib.data.features import as_interactions
from metarec_lib.data.interactions import Interactions
from metarec_lib.device import as_tensor
from metarec_lib.models.arguments import (
    COUNT,
    NOT_NEGATIVE,
    POSITIVE,
    held_out,
    joined,
    need_ratings,
    need_same_tables,
    whole_number,
)
from metarec_lib.models.training import PRETRAINED_SHARE, TrainedRecommender

WAYS = ("full", "head", "lora")
Parameters = dict[str, Tensor]


class LoRA(nn.Module):
    """A frozen weight W and a trained change of low rank: h = W x + (alpha / R) B A x.

    Hu et al. 2022, ICLR, sec. 4.1, eq. 3. W: (O, D); A: (R, D), drawn from N(0, 1 / R); B: (O, R), zero, so that training
    starts at W. alpha: R where None, a factor of 1. Raises ValueError for a weight that is no matrix and a rank outside
    1 to min(O, D).
    """

    def __init__(self, weight: Tensor | np.ndarray, rank: int = 4, alpha: float | None = None, seed: int = 0) -> None:
        super().__init__()
        weight = weight if isinstance(weight, Tensor) else as_tensor(np.asarray(weight))
        rank = whole_number("LoRA: rank", rank)
        if weight.ndim != 2 or not weight.is_floating_point() or rank > min(weight.shape):
            raise ValueError(
                f"LoRA: got a weight of shape {tuple(weight.shape)} and {weight.dtype}, and rank {rank}; expected a matrix "
                "(O, D) of floats and a rank of at most min(O, D)"
            )
        drawn = np.random.default_rng(seed).normal(0, rank**-0.5, (rank, weight.shape[1]))
        self.register_buffer("weight", weight.detach().clone())
        self.a = nn.Parameter(torch.as_tensor(drawn, dtype=weight.dtype, device=weight.device))
        self.b = nn.Parameter(weight.new_zeros(weight.shape[0], rank))
        self.scale = (rank if alpha is None else alpha) / rank

    def forward(self, x: Tensor) -> Tensor:
        """x (..., D) -> (..., O); the change is never written out as a matrix."""
        return x @ self.weight.mT + self.scale * (x @ self.a.mT) @ self.b.mT

    def merged(self) -> Tensor:
        """W + (alpha / R) B A, (O, D): one matrix, as fast as W."""
        return self.weight + self.scale * self.b @ self.a


def pretrain(
    model: TrainedRecommender, source: Interactions | pd.DataFrame, y: pd.Series | None = None, **options: object
) -> TrainedRecommender:
    """A copy of the model, fitted on the source; `model` stays as it is. options: those of `fit`."""
    _need_trained("pretrain", model)
    return clone(model).fit(source, y, **options)


def fine_tune(
    model: TrainedRecommender,
    target: Interactions | pd.DataFrame,
    y: pd.Series | None = None,
    *,
    how: str = "full",
    steps: int = 50,
    lr: float | None = None,
    l2_sp: float = 0.0,
    rank: int = 2,
) -> TrainedRecommender:
    """A copy of a fitted model that has gone on learning, from the target's ratings alone; `model` stays as it is.

    how: what moves. The backbone is what the model calls `pretrained` (the items' tables), the head is the rest.
    `full`: both, the backbone ten times slower, as in `fit`; `head`: the backbone is frozen; `lora`: the head, and a change
    of rank `rank` of each matrix of the backbone (`LoRA`). steps: of Adam, at rate lr (that of the model where None).
    l2_sp: strength of a penalty l2_sp / 2 |theta - theta_source|^2 on what moves (Li, Grandvalet & Davoine 2018, ICML,
    eq. 2). The tables of users and items are those of the source. A tenth of the target's ratings is kept apart for the
    like-threshold; then all are remembered, beside those of the source. Nothing stops early: choose `steps` on other users.
    """
    _check(model, how, steps, lr, l2_sp)
    data = as_interactions(target, y)
    need_ratings("fine_tune: target", data)
    need_same_tables("fine_tune: target", data, model.tables_)
    tuned, apart = copy.deepcopy(model), held_out(data, model.seed)
    tuned.lr = model.lr if lr is None else lr
    moving = _Moving(tuned, how, whole_number("fine_tune: rank", rank))
    optimiser = torch.optim.Adam(moving.groups(tuned.lr))
    for _, batch in zip(range(int(steps)), _batches(tuned, data.subset(~apart)), strict=False):
        optimiser.zero_grad()
        tuned.params_ = moving.parameters()
        (tuned.loss(batch) + l2_sp / 2 * moving.distance()).backward()
        optimiser.step()
    tuned.params_ = {name: value.detach().clone() for name, value in moving.parameters().items()}
    return _remembering(tuned, data, apart)


class _Moving:
    """What of a model's parameters moves, and how far it has moved."""

    def __init__(self, model: TrainedRecommender, how: str, rank: int) -> None:
        self.start = {name: value.detach().clone() for name, value in model.params_.items()}
        backbone = {name for name in self.start if name in model.pretrained}
        free = self.start.keys() - (backbone if how != "full" else set())
        self.free = {name: self.start[name].clone().requires_grad_() for name in self.start if name in free}
        self.slow = backbone if how == "full" else set()
        matrices = [n for n in sorted(backbone) if how == "lora" and self.start[n].ndim == 2]
        self.low_rank = {n: LoRA(self.start[n], min(rank, *self.start[n].shape), seed=model.seed) for n in matrices}

    def parameters(self) -> Parameters:
        changed = {name: lora.merged() for name, lora in self.low_rank.items()}
        return self.start | self.free | changed

    def groups(self, lr: float) -> list[dict]:
        slow = [value for name, value in self.free.items() if name in self.slow]
        fast = [value for name, value in self.free.items() if name not in self.slow]
        fast += [p for lora in self.low_rank.values() for p in lora.parameters()]
        return [{"params": fast, "lr": lr}, {"params": slow, "lr": PRETRAINED_SHARE * lr}]

    def distance(self) -> Tensor:
        """|theta - theta_source|^2 over what moves, scalar."""
        now = self.parameters()
        return sum(((now[name] - self.start[name]) ** 2).sum() for name in [*self.free, *self.low_rank])


def _batches(model: TrainedRecommender, data: Interactions) -> Iterator[object]:
    """Epoch after epoch, without end. Raises ValueError where an epoch has no batch."""
    for epoch in itertools.count():
        batch = None
        for batch in model.batches(data, np.random.default_rng([model.seed, epoch]), model.batch_size):
            yield batch
        if batch is None:
            raise ValueError(
                "fine_tune: target: no user has two ratings to learn from, expected one or more. Usual cause: a filter"
            )


def _remembering(model: TrainedRecommender, data: Interactions, apart: np.ndarray) -> TrainedRecommender:
    """The model with its threshold set on what was kept apart, and with the ratings of both domains."""
    source, _ = model._learned_from
    vars(model).pop("threshold_", None)
    model._remember(joined(source, data.subset(~apart))[0])
    threshold = model._best_threshold(data.subset(apart))
    both = joined(source, data)[0]
    model._remember(both)
    model._learned_from, model.threshold_ = (both, {}), threshold
    return model


def _need_trained(where: str, model: object) -> None:
    if not isinstance(model, TrainedRecommender):
        raise ValueError(
            f"{where}: got a {type(model).__name__}, expected a model trained by gradient, such as MetaLearningModel"
        )


def _check(model: object, how: str, steps: object, lr: object, l2_sp: object) -> None:
    _need_trained("fine_tune", model)
    if not hasattr(model, "params_"):
        raise NotFittedError("fine_tune: got a model that is not fitted; call pretrain(model, source) first")
    if not model.exact_gradient:
        raise ValueError(
            f"fine_tune: the steps of {type(model).__name__} follow no loss; take MAML or MetaLearningModel"
        )
    if how not in WAYS:
        raise ValueError(f"fine_tune: got how={how!r}, expected one of {', '.join(WAYS)}")
    for name, value, allowed in (("steps", steps, COUNT), ("lr", lr or 1.0, POSITIVE), ("l2_sp", l2_sp, NOT_NEGATIVE)):
        if value not in allowed:
            raise ValueError(f"fine_tune: got {name}={value!r}, expected {allowed}")
