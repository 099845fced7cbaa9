"""What iterative models add to the interface: epochs, and training one at a time."""

from __future__ import annotations

from abc import abstractmethod

from metarec_lib.data.interactions import Interactions
from metarec_lib.models.arguments import as_data, need_same_tables
from metarec_lib.models.base import Recommender


class IterativeRecommender(Recommender):
    """A model that learns in epochs: it writes `_start` and `_epoch` instead of `_learn`."""

    epochs: int

    @abstractmethod
    def _start(self, data: Interactions) -> None:
        """Set the fitted attributes to their initial values."""

    @abstractmethod
    def _epoch(self, data: Interactions) -> None:
        """One pass over these ratings."""

    def _learn(self, data: Interactions, epochs: int | None = None) -> None:
        self._start(data)
        self.epoch_ = epochs or self.epochs
        for _ in range(self.epoch_):
            self._epoch(data)

    def train_one_epoch(self, train: object, validation: object = None) -> dict[str, float]:
        """One epoch on `train`; starts an unfitted model, continues a fitted one, and sets the threshold anew.

        train, validation: Interactions, X with its ratings as a tuple (X, y). Returns epoch, train_rmse (on what was
        trained on) and, with validation, validation_rmse, both pooled over rows, in stars.
        """
        data = as_data(train)
        self._check_trainable(data)
        rest, held = self._hold_out(data)
        if not hasattr(self, "history_"):
            self._start(rest)
            self.epoch_ = 0
        self._epoch(rest)
        self.epoch_ += 1
        self._remember(rest)
        self._set_threshold(held)
        log = {"epoch": self.epoch_, "train_rmse": self.evaluate(rest, metric="rmse")}
        self._remember(data)
        if validation is not None:
            log["validation_rmse"] = self.evaluate(as_data(validation), metric="rmse")
        return log

    def _check_trainable(self, data: Interactions) -> None:
        if not len(data):
            raise ValueError("train_one_epoch: got no ratings, expected at least one")
        if hasattr(self, "history_"):
            need_same_tables("train_one_epoch", data, self.tables_)
