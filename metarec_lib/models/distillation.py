"""A small autoencoder that learns from ratings alone, or from a large teacher's scores as well: distillation.

Shapes: B users, K ratings of one user, H hidden units, I items.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, log_softmax, softmax

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE, POSITIVE, Range
from metarec_lib.models.base import settings
from metarec_lib.models.batches import user_batches
from metarec_lib.models.ease import EASE
from metarec_lib.models.training import TrainedRecommender


class Share(Range):
    """A number from 0 to 1."""

    def __contains__(self, value: object) -> bool:
        return super().__contains__(value) and value <= 1

    def __str__(self) -> str:
        return "a number from 0 to 1"


@dataclass(frozen=True, eq=False)
class Corrupted:
    """Ratings of B users, and which of them the encoder may see in this step, (B, K) bool."""

    ratings: PaddedRatings
    seen: Tensor


@settings
class DistilledAutoencoder(TrainedRecommender):
    """Scores of all items: tanh(x A + a) C + c, where x holds the user's likes, scaled to length 1, and A is (I, H).

    Alone it learns as Mult-DAE does (Liang et al. 2018, WWW, one hidden layer): cross-entropy between the likes and
    the softmax of the scores; likes are dropped from the input at random. With `fit(..., compression_target=True)` an
    EASE of strength `ridge` is fitted first, and the loss becomes

        (1 - weight) * (cross-entropy with the likes) + weight * KL(softmax(t / temperature) || softmax(s))

    with the teacher's scores t and the student's s: soft targets after Hinton, Vinyals & Dean (2015), the temperature on the
    teacher alone, whose scores are no logits and lie below 1. Scores are no ratings.
    """

    units: int = 64
    dropout: float = 0.5
    decay: float = 1e-4
    weight: float = 0.9
    temperature: float = 0.1
    ridge: float = 500.0
    epochs: int = 40
    batch_size: int = 64
    patience: int = 5
    lr: float = 3e-3

    options = TrainedRecommender.options | {"compression_target"}
    ranges = {
        "units": COUNT, "dropout": Share(0), "weight": Share(0), "temperature": POSITIVE, "ridge": POSITIVE,
        "decay": NOT_NEGATIVE,
    }  # fmt: skip
    scores_are_ratings = False

    def _learn(self, data: Interactions, compression_target: bool = False, **options: object) -> None:
        self._teach = bool(compression_target)
        super()._learn(data, **options)
        self._teacher = None

    def _prepare(self, data: Interactions) -> None:
        self.like_, taught = float(data.like), getattr(self, "_teach", False)
        self._teacher = EASE(ridge=self.ridge, device=self.device, dtype=self.dtype).fit(data) if taught else None

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        n, h = data.n_items, self.units
        return {
            "in": np.pad(rng.normal(0, h**-0.5, (n, h)), ((0, 1), (0, 0))),  # the last item: every unknown one
            "in_bias": np.zeros(h),
            "out": np.pad(rng.normal(0, h**-0.5, (n, h)), ((0, 1), (0, 0))),
            "out_bias": np.zeros(n + 1),
        }

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[Corrupted]:
        for ratings in user_batches(data, rng, size, device=self._device, dtype=self._dtype):
            seen = rng.random(tuple(ratings.items.shape)) >= self.dropout
            yield Corrupted(ratings, torch.as_tensor(seen, device=self._device))

    def loss(self, batch: Corrupted) -> Tensor:
        """The mean over the users with a like."""
        ratings = batch.ratings
        liked = self._liked(ratings).to(self.params_["in"].dtype)
        count = liked.sum(1)
        hidden = self._hidden(ratings.items, liked * batch.seen)
        log_p = log_softmax(hidden @ self.params_["out"][:-1].T + self.params_["out_bias"][:-1], dim=1)
        each = -(log_p.gather(1, ratings.items) * liked).sum(1) / count.clamp(min=1)
        if getattr(self, "_teacher", None) is not None:
            each = (1 - self.weight) * each + self.weight * self._divergence(ratings, log_p)
        penalty = self.decay * sum((self.params_[name] ** 2).sum() for name in ("in", "out"))
        return (each * (count > 0)).sum() / (count > 0).sum().clamp(min=1) + penalty / 2

    def _divergence(self, ratings: PaddedRatings, log_p: Tensor) -> Tensor:
        """KL from the teacher's softmax to the student's, (B,)."""
        with torch.no_grad():
            teacher = self._teacher.score_all(self._teacher.adapt(ratings), ratings.users)
            target = softmax(teacher / self.temperature, dim=1)
        return (target * (target.clamp(min=1e-30).log() - log_p)).sum(1)

    def _error(self, validation: tuple[Interactions, Interactions]) -> float:
        """Minus nDCG@10 of the held-out ratings; 0 where none of them is a like."""
        return super()._error(validation) if validation[1].liked.any() else 0.0

    def adapt(self, support: PaddedRatings) -> Tensor:
        """The users' hidden units, (B, H)."""
        items = torch.where(support.items < 0, len(self.params_["in"]) - 1, support.items)
        return self._hidden(items, self._liked(support).to(self.params_["in"].dtype))

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        out, bias = self.params_["out"], self.params_["out_bias"]
        return (out[query.items] @ state.unsqueeze(2)).squeeze(2) + bias[query.items]

    def score_all(self, state: Tensor, users: Tensor | None = None) -> Tensor:
        """Scores of every item, (B, I)."""
        return state @ self.params_["out"][:-1].T + self.params_["out_bias"][:-1]

    def _liked(self, ratings: PaddedRatings) -> Tensor:
        return ratings.mask & (ratings.values >= self.like_)

    def _hidden(self, items: Tensor, liked: Tensor) -> Tensor:
        scale = liked.sum(1, keepdim=True).clamp(min=1) ** -0.5
        if not items.shape[1]:
            return torch.tanh(self.params_["in_bias"]).expand(len(items), -1)
        x = embedding_bag(items, self.params_["in"], mode="sum", per_sample_weights=liked * scale)
        return torch.tanh(x + self.params_["in_bias"])
