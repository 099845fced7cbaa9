"""The base of the meta-learners: item features, one training loop over tasks, early stopping on other users' tasks.

A learner writes `_initial` (its parameters), `adapt` (support -> state) and `score` (state, query -> scores). Its
meta-loss is the error of the query after adapting on the support, unless it writes `meta_loss` itself.

Leak control: an item's vector and bias, fitted to all ratings, already know the query of a training task. A learner that
trains on them trusts them too much. So a user's tasks see the items as fitted without that user's fold of users.
"""

from __future__ import annotations

import os
import sys
from abc import abstractmethod
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from metarec_lib.data.features import item_features, user_features
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.evaluation.metrics import rmse
from metarec_lib.evaluation.protocols import score_tasks
from metarec_lib.meta.factors import Factors, fit_factors
from metarec_lib.meta.sampling import SUPPORT_SIZES, TaskSampler, validation_tasks
from metarec_lib.models.arguments import as_data
from metarec_lib.models.iterative import IterativeRecommender

VALIDATION_USERS = 0.1  # share of the users whose tasks decide when to stop
SLOW = 0.1  # pretrained parameters move at this share of the learning rate
RANK = 8  # numbers in an item's pretrained vector


class MetaLearner(IterativeRecommender):
    """Learns across users: each is a task, and an epoch draws one task of every user.

    epochs: at most so many. batch_size: tasks a step. lr: of AdamW; what is pretrained moves ten times slower.
    patience: epochs without a better validation error before training stops.
    query: query ratings of a training task, at most. The support size is drawn from `support_sizes`.

    `fit` keeps the ratings of a tenth of the users for early stopping (or takes those of `validation`), restores the best
    parameters, and then remembers all ratings: known users are adapted from all of theirs, unknown ones get the prior.
    To meta-train on some users and judge on others: `fit(data.subset(rows of the training users))`, then
    `evaluate_tasks(model, make_tasks(data, other_users))`; the tables are shared, so the positions agree.
    """

    options = frozenset({"epochs", "batch_size", "validation"})
    support_sizes = SUPPORT_SIZES
    kept_apart: ClassVar[float] = VALIDATION_USERS
    slow = frozenset({"item_shift"})  # what corrects pretrained values

    params_: dict[str, Tensor]

    def __init__(
        self,
        *,
        epochs: int = 60,
        batch_size: int = 48,
        lr: float = 3e-3,
        patience: int = 8,
        query: int = 32,
        **common: object,
    ) -> None:
        super().__init__(**common)
        if min(epochs, batch_size, patience, query) < 1 or not lr > 0:
            raise ValueError(
                f"{type(self).__name__}: got epochs={epochs}, batch_size={batch_size}, lr={lr}, patience={patience}, "
                f"query={query}; expected lr above 0 and the others 1 or more"
            )
        self.epochs, self.batch_size, self.lr, self.patience, self.query = epochs, batch_size, lr, patience, query

    # -- what a learner writes ------------------------------------------------------------------------------------
    @abstractmethod
    def _initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """The learner's own parameters before meta-training, by name."""

    def meta_loss(self, batch: TaskBatch) -> Tensor:
        """The outer loss: squared error of each task's query after adapting on its support, mean over tasks; scalar."""
        return squared_error(self.score(self.adapt(batch.support), batch.query), batch.query)

    def _items(self, ratings: PaddedRatings) -> tuple[Tensor, Tensor]:
        """Biases (B, N), in stars, and vectors (B, N, R) of these items, as fitted without the user's fold."""
        shift = self.params_["item_shift"][ratings.items]
        at = (self.fold_[ratings.users].unsqueeze(1), ratings.items)
        return self.item_bias_[at] + shift[..., -1], self.item_vectors_[at] + shift[..., :-1]

    # -- training -------------------------------------------------------------------------------------------------
    def _fit(
        self,
        data: Interactions,
        epochs: int | None = None,
        batch_size: int | None = None,
        validation: object = None,
        candidates: np.ndarray | None = None,
    ) -> None:
        """candidates: (n,) bool, the ratings that the threshold may be set on where no users are kept apart."""
        train, others = (
            self._split_users(data) if validation is None else (data, data.replace_ratings(as_data(validation).ratings))
        )
        # The threshold is set on ratings that were not trained on.
        rest, held = self._hold_out(others) if len(others) else self._hold_out(data, candidates)
        self._learn(train if len(others) else rest, epochs, batch_size, others)
        self._remember(rest)
        self._set_threshold(held)
        if not len(others) and len(held):
            self._learn(data, epochs, batch_size)  # nobody stops it early: once more, with the ratings held out
        self._remember(data)

    def _split_users(self, data: Interactions) -> tuple[Interactions, Interactions]:
        """Ratings to train on, and those of a share `kept_apart` of the users to stop on (none of fewer than 20 users)."""
        users = np.unique(data.user_codes)
        apart = int(len(users) * self.kept_apart) if len(users) >= 20 else 0
        rows = np.isin(data.user_codes, np.random.default_rng(self.seed).permutation(users)[:apart])
        return data.subset(~rows), data.subset(rows)

    def _learn(
        self,
        data: Interactions,
        epochs: int | None = None,
        batch_size: int | None = None,
        others: Interactions | None = None,
    ) -> None:
        """Meta-train; with `others`, stop early on their tasks and go back to the best parameters."""
        self._start(data)
        tasks = self._validation_tasks(others) if others is not None and len(others) else []
        best, best_epoch, kept = self._error(tasks), 0, self._copy()
        for _ in progress(epochs or self.epochs, type(self).__name__):
            self._epoch(data, batch_size)
            self.epoch_ += 1
            error = self._error(tasks)
            if not tasks or error < best:
                best, best_epoch, kept = error, self.epoch_, self._copy()
            if self.epoch_ - best_epoch >= self.patience:
                break
        self.params_, self._optimiser = kept, None
        self.epoch_, self.validation_rmse_ = best_epoch, float(best)

    def _start(self, data: Interactions) -> None:
        factors = fit_factors(data, RANK, seed=self.seed)
        self.item_bias_, self.item_vectors_ = self._tensor(factors.bias), self._tensor(factors.vectors)
        self.fold_ = torch.as_tensor(factors.fold, device=self._device)
        self.item_features_, self.user_features_ = (
            self._tensor(np.pad(table, ((0, 1), (0, 0)))) for table in (item_features(data)[0], user_features(data)[0])
        )  # position -1, an unknown item or user, finds zeros
        initial = self._initial(factors, np.random.default_rng(self.seed))
        initial["item_shift"] = np.zeros((data.n_items + 1, RANK + 1))
        self.params_ = {name: self._tensor(value).clone() for name, value in initial.items()}
        self.epoch_, self._optimiser = 0, None

    def _copy(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.params_.items()}

    def _epoch(self, data: Interactions, batch_size: int | None = None) -> None:
        """One task of every user."""
        optimiser = self._optimiser = getattr(self, "_optimiser", None) or self._make_optimiser()
        sampler = TaskSampler(data, self.support_sizes, self.query, self._device, self._dtype)
        total = torch.zeros((), dtype=self._dtype, device=self._device)
        for batch in sampler.epoch(np.random.default_rng([self.seed, self.epoch_]), batch_size or self.batch_size):
            optimiser.zero_grad()
            loss = self.meta_loss(batch)
            loss.backward()
            optimiser.step()
            total += loss.detach()
        if not bool(torch.isfinite(total)):
            raise ValueError(
                f"{type(self).__name__}: the meta-loss became {float(total)} in epoch {self.epoch_ + 1}, expected a "
                "finite number. Usual cause: steps that are too long; lower lr or the inner rate"
            )

    def _make_optimiser(self) -> torch.optim.Optimizer:
        fast = [p.requires_grad_() for name, p in self.params_.items() if name not in self.slow]
        slow = [p.requires_grad_() for name, p in self.params_.items() if name in self.slow]
        return torch.optim.AdamW([{"params": fast, "lr": self.lr}, {"params": slow, "lr": SLOW * self.lr}])

    # -- validation -----------------------------------------------------------------------------------------------
    def _validation_tasks(self, others: Interactions) -> list[TaskBatch]:
        return validation_tasks(others, seed=self.seed, device=self.device, dtype=self.dtype)

    def _error(self, tasks: list[TaskBatch]) -> float:
        """RMSE in stars, mean over users and over the support sizes; NaN without tasks."""
        errors = [rmse(score_tasks(self, t), t.query.values, t.query.mask).nanmean() for t in tasks]
        return float(torch.stack(errors).mean()) if errors else np.nan


def squared_error(scores: Tensor, query: PaddedRatings) -> Tensor:
    """Mean over tasks of the mean squared error of a task's query; scores (B, Q) -> scalar. Empty queries do not count."""
    count = query.counts
    per_task = ((scores - query.values) ** 2 * query.mask).sum(1) / count.clamp(min=1)
    return per_task.sum() / (count > 0).sum().clamp(min=1)


def progress(steps: int, label: str) -> tqdm:
    """A progress bar where someone watches: a terminal, or a notebook that is not being built or tested."""
    live = "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None
    live = live and os.environ.get("METAREC_WORK") != "solutions"
    return tqdm(range(steps), desc=label, leave=False, disable=not (sys.stderr.isatty() or live))
