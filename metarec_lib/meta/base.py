"""The base of the meta-learners: batches are tasks, the loss is that of the query after adapting on the support.

A learner writes `_initial` (its parameters), `adapt` (support -> state) and `score` (state, query -> scores). The loop, with
early stopping on other users' tasks, is that of `models.training`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.features import item_features, user_features
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.evaluation.metrics import rmse
from metarec_lib.evaluation.protocols import score_tasks
from metarec_lib.meta.factors import Factors, fit_factors
from metarec_lib.meta.sampling import SUPPORT_SIZES, TaskSampler, validation_tasks
from metarec_lib.models.arguments import COUNT
from metarec_lib.models.base import settings
from metarec_lib.models.training import TrainedRecommender

RANK = 8  # numbers in an item's pretrained vector


@settings
class MetaLearner(TrainedRecommender):
    """Learns across users: each is a task, and an epoch draws one task of every user.

    epochs: at most so many. batch_size: tasks a step. query: query ratings of a training task, at most. The support size is
    drawn from `support_sizes`.

    `fit` keeps the ratings of a tenth of the users for early stopping (or takes those of `validation`), restores the best
    parameters, and then remembers all ratings: known users are adapted from all of theirs, unknown ones get the prior.
    To meta-train on some users and judge on others: `fit(data.subset(rows of the training users))`, then
    `evaluate_tasks(model, make_tasks(data, other_users))`; the tables are shared, so the positions agree.
    """

    epochs: int = 60
    batch_size: int = 48
    patience: int = 8
    query: int = 32

    ranges = {"query": COUNT}
    stops_on = "users"
    support_sizes: ClassVar[tuple[int, ...]] = SUPPORT_SIZES

    def meta_loss(self, batch: TaskBatch) -> Tensor:
        """The outer loss: squared error of each task's query after adapting on its support, as a share of the ratings'
        variance, mean over tasks; scalar."""
        return squared_error(self.score(self.adapt(batch.support), batch.query), batch.query) / self.spread_**2

    def loss(self, batch: TaskBatch) -> Tensor:
        return self.meta_loss(batch)

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[TaskBatch]:
        """One task of every user."""
        return TaskSampler(data, self.support_sizes, self.query, self._device, self._dtype).epoch(rng, size)

    def _prepare(self, data: Interactions) -> None:
        self.mean_, self.spread_ = float(data.values.mean()), float(data.values.std()) or 1.0
        self.item_features_, self.user_features_ = (
            self._tensor(np.pad(table, ((0, 1), (0, 0)))) for table in (item_features(data)[0], user_features(data)[0])
        )  # position -1, an unknown item or user, finds zeros

    def _validation(self, train: Interactions, held: Interactions) -> list[TaskBatch] | None:
        return validation_tasks(held, seed=self.seed, device=self.device, dtype=self.dtype) if len(held) else None

    def _error(self, validation: list[TaskBatch]) -> float:
        """RMSE in stars, mean over users and over the support sizes; NaN without tasks."""
        errors = [rmse(score_tasks(self, t), t.query.values, t.query.mask).nanmean() for t in validation]
        return float(torch.stack(errors).mean()) if errors else np.nan


@settings
class PretrainedItems(MetaLearner):
    """A meta-learner whose items have a bias and a vector from `fit_factors`, which training corrects a little.

    Leak control: an item's vector and bias, fitted to all ratings, already know the query of a training task. A learner that
    trains on them trusts them too much. So a user's tasks see the items as fitted without that user's fold of users.
    """

    pretrained = frozenset({"item_shift"})

    def _prepare(self, data: Interactions) -> None:
        super()._prepare(data)
        self._factors = factors = fit_factors(data, RANK, seed=self.seed)
        self.item_bias_, self.item_vectors_ = self._tensor(factors.bias), self._tensor(factors.vectors)
        self.item_variance_ = self._tensor(factors.variance)
        self.fold_ = torch.as_tensor(factors.fold, device=self._device)
        size = np.sqrt(np.mean(factors.vectors[-1] ** 2, axis=0))
        self.vector_scale_ = self._tensor(1 / np.maximum(size, 1e-3))  # makes vectors inputs of size 1

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        own = self._own_initial(self._factors, rng)
        return own | {"item_shift": np.zeros((data.n_items + 1, RANK + 1))}

    @abstractmethod
    def _own_initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """The learner's own parameters before meta-training, by name."""

    def _items(self, ratings: PaddedRatings) -> tuple[Tensor, Tensor]:
        """Biases (B, N), in stars, and vectors (B, N, R) of these items, as fitted without the user's fold."""
        shift = self.params_["item_shift"][ratings.items]
        at = self._at(ratings)
        return self.item_bias_[at] + self.spread_ * shift[..., -1], self.item_vectors_[at] + shift[..., :-1]

    def _at(self, ratings: PaddedRatings) -> tuple[Tensor, Tensor]:
        """Where in the tables of items these stand: the user's fold, (B, 1), and the item, (B, N)."""
        return self.fold_[ratings.users].unsqueeze(1), ratings.items

    def inputs(self, ratings: PaddedRatings) -> tuple[Tensor, Tensor]:
        """b_i (B, N), in stars, and x_i (B, N, D): the item's vector at size 1, genres and year."""
        bias, vectors = self._items(ratings)
        return bias, torch.cat([vectors * self.vector_scale_, self.item_features_[ratings.items]], dim=2)


def squared_error(scores: Tensor, query: PaddedRatings) -> Tensor:
    """Mean over tasks of the mean squared error of a task's query; scores (B, Q) -> scalar. Empty queries do not count."""
    count = query.counts
    per_task = ((scores - query.values) ** 2 * query.mask).sum(1) / count.clamp(min=1)
    return per_task.sum() / (count > 0).sum().clamp(min=1)
