"""What models trained by gradient share: one loop, which reads from top to bottom.

A model writes three things: `_initial` (its parameters), `batches` (what one step sees) and `loss` (a scalar). Helpers that
make batches of rows, of users, of triples stand in `models.batches`, those of tasks in `meta.sampling`.
"""

from __future__ import annotations

import os
import sys
from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from metarec_lib.data.interactions import Interactions
from metarec_lib.models.arguments import (
    COUNT,
    POSITIVE,
    as_data,
    held_out,
    need_ratings,
    need_same_tables,
    need_stars,
)
from metarec_lib.models.base import Recommender, settings

PRETRAINED_SHARE = 0.1  # pretrained parameters move at this share of the learning rate


@settings
class IterativeRecommender(Recommender):
    """A model that learns in epochs: it writes `_start` and `_epoch`.

    epochs: how many passes, at most where it stops early.
    """

    epochs: int = 20

    options = frozenset({"epochs"})
    ranges = {"epochs": COUNT}

    @abstractmethod
    def _start(self, data: Interactions) -> None:
        """Set the fitted attributes to their initial values."""

    @abstractmethod
    def _epoch(self, data: Interactions, batch_size: int | None = None) -> None:
        """One pass over these ratings."""

    def _learn(self, data: Interactions, epochs: int | None = None) -> None:
        self._start(data)
        self.epoch_ = epochs or self.epochs
        for _ in range(self.epoch_):
            self._epoch(data)

    def train_one_epoch(self, train: object, validation: object = None) -> dict[str, float]:
        """One epoch on `train`; starts an unfitted model, continues a fitted one, and sets the threshold anew.

        train, validation: Interactions, X with its ratings as a tuple (X, y). A model that starts here keeps a tenth of the
        ratings apart for the threshold, at this and all later calls; one that `fit` has trained has seen them all, so its
        threshold is found as after `fit`. Returns epoch, train_rmse (on what was trained on) and, with validation,
        validation_rmse, both pooled over rows, in stars. Where scores are no ratings: epoch and validation_ndcg@10, since a
        ranking leaves out what was trained on.
        """
        data = as_data(train)
        need_ratings("train_one_epoch", data)
        need_stars(self, data)
        self._check_ranges()
        if not hasattr(self, "history_"):
            held = held_out(data, self.seed)
            self._start(data.subset(~held))
            self.epoch_, self.keeps_apart_ = 0, True
        else:
            need_same_tables("train_one_epoch", data, self.tables_)
            held = held_out(data, self.seed) & getattr(self, "keeps_apart_", False)
        rest, held = data.subset(~held), data.subset(held)
        self._epoch(rest)
        self.epoch_ += 1
        self._remember(rest)
        vars(self).pop("threshold_", None)
        self._learned_from = data, {"epochs": self.epoch_}
        if getattr(self, "keeps_apart_", False):
            self.threshold_ = self._best_threshold(held)
        metric = "rmse" if self.scores_are_ratings else "ndcg@10"
        log: dict[str, float] = {"epoch": self.epoch_}
        if self.scores_are_ratings:
            log["train_rmse"] = self.evaluate(rest, metric="rmse")
        self._remember(data)
        if validation is not None:
            log[f"validation_{metric}"] = self.evaluate(as_data(validation), metric=metric)
        return log


@settings
class TrainedRecommender(IterativeRecommender):
    """A model that is trained by gradient steps, with early stopping.

    batch_size: how much one step sees. lr: of Adam (Kingma & Ba 2015, ICLR); what is `pretrained` moves ten times slower.
    patience: epochs without a better validation error before training stops.

    `stops_on` says what decides when to stop: "users", a tenth of the users, none of whose ratings are trained on;
    "ratings", a tenth of the ratings, or every user's latest where order counts; "nothing". `fit(validation=...)` takes
    other ratings for it. The best parameters are restored; they lie in `params_`, named tensors.
    """

    batch_size: int = 256
    lr: float = 3e-3
    patience: int = 5

    options = frozenset({"epochs", "batch_size", "validation"})
    ranges = {"batch_size": COUNT, "lr": POSITIVE, "patience": COUNT}
    pretrained: ClassVar[frozenset[str]] = frozenset()  # names of parameters that start near where they belong
    stops_on: ClassVar[str] = "ratings"
    exact_gradient: ClassVar[bool] = (
        True  # False: steps do not follow the gradient of `loss` as a function of the parameters
    )

    # -- what a model writes --------------------------------------------------------------------------------------
    def _prepare(self, data: Interactions) -> None:
        """Set what is fixed while training: tables, features, constants."""

    @abstractmethod
    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """The parameters before training, by name."""

    @abstractmethod
    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[object]:
        """One epoch: what each step's `loss` sees."""

    @abstractmethod
    def loss(self, batch: object) -> Tensor:
        """What a step makes smaller, scalar."""

    def _validation(self, train: Interactions, held: Interactions) -> object:
        """What `_error` judges on, made once; None where there is nothing to judge on."""
        return (train, held) if len(held) else None

    def _error(self, validation: object) -> float:
        """The error that decides when to stop: RMSE, or minus nDCG@10 where scores are no ratings."""
        train, held = validation
        self._remember(train)
        return self.evaluate(held, metric="rmse") if self.scores_are_ratings else -self.evaluate(held, metric="ndcg@10")

    # -- the loop -------------------------------------------------------------------------------------------------
    def _learn(
        self,
        data: Interactions,
        epochs: int | None = None,
        batch_size: int | None = None,
        validation: Interactions | None = None,
    ) -> None:
        train, held = self._set_apart(data) if validation is None else (data, validation)
        self._start(train)
        judged_on = self._validation(train, held)
        best, best_epoch, kept = np.inf, 0, self._copy()
        for _ in progress(epochs or self.epochs, type(self).__name__):
            self._epoch(train, batch_size)
            self.epoch_ += 1
            error = np.nan if judged_on is None else self._error(judged_on)
            if judged_on is None or error < best:
                best, best_epoch, kept = error, self.epoch_, self._copy()
            if self.epoch_ - best_epoch >= self.patience:
                break
        self.params_, self._optimiser = kept, None
        self.epoch_, self.validation_error_ = best_epoch, float(best)
        if self.stops_on == "users" and len(held):  # users whom nothing was learned from: no twin is needed
            apart = held_out(held, self.seed)
            self._remember(held.subset(~apart))
            self.threshold_ = self._best_threshold(held.subset(apart))

    def _set_apart(self, data: Interactions) -> tuple[Interactions, Interactions]:
        """Ratings to train on, and those that decide when to stop (none of fewer than 20 users, or 20 ratings)."""
        held = np.zeros(len(data), dtype=bool)
        if self.stops_on == "ratings":  # not those of the threshold
            held = held_out(data, self.seed + 1) if not self.uses_order else _latest(data)
        if self.stops_on == "users":
            users = np.unique(data.user_codes)
            apart = len(users) // 10 if len(users) >= 20 else 0
            held = np.isin(data.user_codes, np.random.default_rng(self.seed).permutation(users)[:apart])
        return data.subset(~held), data.subset(held)

    def _start(self, data: Interactions) -> None:
        self._prepare(data)
        initial = self._initial(data, np.random.default_rng(self.seed))
        self.params_ = {name: self._tensor(value).clone() for name, value in initial.items()}
        self.epoch_, self._optimiser = 0, None

    def _epoch(self, data: Interactions, batch_size: int | None = None) -> None:
        optimiser = self._optimiser = getattr(self, "_optimiser", None) or self._make_optimiser()
        total = torch.zeros((), dtype=self._dtype, device=self._device)
        for batch in self.batches(data, np.random.default_rng([self.seed, self.epoch_]), batch_size or self.batch_size):
            optimiser.zero_grad()
            loss = self.loss(batch)
            loss.backward()
            optimiser.step()
            total += loss.detach()
        if not bool(torch.isfinite(total)):
            raise ValueError(
                f"{type(self).__name__}: the loss became {float(total)} in epoch {self.epoch_ + 1}, expected a finite "
                "number. Usual cause: steps that are too long; lower lr or the inner rate"
            )

    def _make_optimiser(self) -> torch.optim.Optimizer:
        fast = [p.requires_grad_() for name, p in self.params_.items() if name not in self.pretrained]
        slow = [p.requires_grad_() for name, p in self.params_.items() if name in self.pretrained]
        return torch.optim.Adam([{"params": fast, "lr": self.lr}, {"params": slow, "lr": PRETRAINED_SHARE * self.lr}])

    def _copy(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.params_.items()}


def _latest(data: Interactions) -> np.ndarray:
    """Which rating is the latest of its user, (n,) bool; none of users with fewer than three."""
    order = np.lexsort((data.ratings["timestamp"].to_numpy(), data.user_codes))
    users = data.user_codes[order]
    last, count = np.append(users[1:] != users[:-1], True), np.bincount(data.user_codes)
    held = np.zeros(len(data), dtype=bool)
    held[order[last & (count[users] >= 3)]] = True
    return held


def progress(steps: int, label: str) -> tqdm:
    """A progress bar where someone watches: a terminal, or a notebook that is not being built or tested."""
    live = "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None
    live = live and os.environ.get("METAREC_WORK") != "solutions"
    return tqdm(range(steps), desc=label, leave=False, disable=not (sys.stderr.isatty() or live))
