"""Matrix factorisation that goes on learning with every event.

Shapes: U users, I items, D factors.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import torch

from metarec_lib.data.interactions import Interactions
from metarec_lib.models.arguments import NOT_NEGATIVE, need_ratings, need_same_tables
from metarec_lib.models.base import settings
from metarec_lib.models.factorization import MatrixFactorization


@settings
class OnlineMatrixFactorization(MatrixFactorization):
    """score = mu + b_i + b_u + s w_u . v_i: `fit` is alternating least squares; then every event is one gradient step.

        e = (r - score) / s,  w_u <- w_u + rate (e v_i - decay w_u),  v_i <- v_i + rate (e w_u - decay v_i)

    Incremental stochastic gradient descent (Vinagre, Jorge & Gama 2014, UMAP; there for likes alone, here for ratings). Both
    sides move from their old values. The biases take the step of a shrunken running mean, 1 / (n + shrinkage).

    `stream()` gives the learner for `prequential`; `partial_fit(events)` learns from a batch of events and keeps what it
    learned of the items. `update` remains what it is for every model: the user's state is solved anew from all their
    ratings by the ridge, and the items stay.
    """

    rate: float = 0.1
    decay: float = 0.02

    ranges = {"rate": NOT_NEGATIVE, "decay": NOT_NEGATIVE}

    def stream(self) -> FactorStream:
        """Copies of the parameters as they are now, and every known user's state, as a stream learner."""
        self._check_fitted()
        known = self.ratings_of(self.tables_.users["user_id"].to_numpy())
        with torch.no_grad():
            bias, vectors = (t.cpu().numpy() for t in self.adapt(known))
        counts, rated = known.counts.cpu().numpy(), known.items[known.mask].cpu().numpy()
        of_items = np.bincount(rated, minlength=self.tables_.n_items)
        return FactorStream(self, bias[:, 0], vectors, counts, of_items)

    def partial_fit(self, events: Interactions) -> Self:
        """Learn from these events in the order given: items move by gradient steps, users' ratings are remembered."""
        need_ratings("partial_fit", events)
        stream = self.stream()
        need_same_tables("partial_fit", events, self.tables_)
        rows = events.user_codes.tolist(), events.item_codes.tolist(), events.values.tolist()
        ids = self.tables_.users["user_id"].tolist()
        for user, item, rating in zip(*rows, strict=True):
            stream.learn_one(user, item, rating)
            self.history_.put(ids[user], item, rating)
        self.item_bias_ = self._tensor(np.append(stream.item_bias, 0.0))
        self.item_vectors_ = self._with_unknown(np.stack(stream.item_vectors))
        return self


class FactorStream:
    """The stream learner of an OnlineMatrixFactorization, on arrays: about ten small operations an event."""

    def __init__(
        self,
        model: OnlineMatrixFactorization,
        bias: np.ndarray,
        vectors: np.ndarray,
        users: np.ndarray,
        items: np.ndarray,
    ) -> None:
        self.mean, self.spread, self.rate = float(model.mean_), float(model.spread_), float(model.rate)
        self.keep = 1 - self.rate * float(model.decay)
        self.user_bias, self.item_bias = bias.tolist(), model.item_bias_[:-1].cpu().numpy().tolist()
        self.user_vectors = list(vectors.copy())
        self.item_vectors = list(model.item_vectors_[:-1].cpu().numpy().copy())
        self.user_count = (users + model.user_shrinkage).tolist()
        self.item_count = (items + model.item_shrinkage).tolist()

    def predict_one(self, user: int, item: int) -> float:
        taste = float(self.user_vectors[user].dot(self.item_vectors[item]))
        return self.mean + self.item_bias[item] + self.user_bias[user] + self.spread * taste

    def learn_one(self, user: int, item: int, rating: float) -> None:
        w, v = self.user_vectors[user], self.item_vectors[item]
        beyond = rating - self.predict_one(user, item)
        step = self.rate * beyond / self.spread
        self.user_vectors[user], self.item_vectors[item] = self.keep * w + step * v, self.keep * v + step * w
        self.user_count[user] += 1
        self.item_count[item] += 1
        self.user_bias[user] += beyond / self.user_count[user]
        self.item_bias[item] += beyond / self.item_count[item]
