"""Users described without a label: by an autoencoder, or by a contrastive encoder, of what they have seen.

Shapes: B users, K items seen by a user, H hidden units, I items.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, embedding_bag, log_softmax, normalize

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE, POSITIVE
from metarec_lib.models.base import settings
from metarec_lib.models.batches import user_batches
from metarec_lib.models.training import TrainedRecommender

SHARES = tuple(n / 20 for n in range(20))


@dataclass(frozen=True, eq=False)
class Views:
    """What B users have seen, (B, K), and which places one or two looks at it keep, (B, K) bool each."""

    ratings: PaddedRatings
    kept: tuple[Tensor, ...]


@settings
class HistoryEncoder(TrainedRecommender):
    """h_u = tanh(sum_i A_i / sqrt(n) + a) over the n items a user has seen; stars are not looked at.

    units: H. decay: of A, and of C where there is one. Scores are no ratings.
    """

    units: int = 32
    decay: float = 1e-4
    epochs: int = 40
    batch_size: int = 64
    lr: float = 3e-3

    ranges = {"units": COUNT, "decay": NOT_NEGATIVE}
    scores_are_ratings = False

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        size = (data.n_items, self.units)
        return {
            "in": np.pad(rng.normal(0, self.units**-0.5, size), ((0, 1), (0, 0))),  # the last item: every unknown one
            "in_bias": np.zeros(self.units),
        }

    def hidden(self, ratings: PaddedRatings, kept: Tensor) -> Tensor:
        """h of the places that are kept, (B, H); of an empty history tanh(a)."""
        bias = self.params_["in_bias"]
        if not ratings.items.shape[1]:
            return torch.tanh(bias).expand(len(ratings.items), -1)
        items = torch.where(ratings.items < 0, len(self.params_["in"]) - 1, ratings.items)
        kept = (kept & ratings.mask).to(bias.dtype)
        weight = kept * kept.sum(1, keepdim=True).clamp(min=1) ** -0.5
        return torch.tanh(embedding_bag(items, self.params_["in"], mode="sum", per_sample_weights=weight) + bias)

    def adapt(self, support: PaddedRatings) -> Tensor:
        """The users' representation, (B, H)."""
        return self.hidden(support, support.mask)

    def _error(self, validation: tuple[Interactions, Interactions]) -> float:
        """Minus nDCG@10 of the held-out ratings; 0 where none of them is a like."""
        return super()._error(validation) if validation[1].liked.any() else 0.0


@settings
class DenoisingAutoencoder(HistoryEncoder):
    """Score of item i: h_u . C_i + c_i. Learns to name all that a user has seen from a part of it.

    A part of the input is dropped at random; the loss is the cross-entropy between all items seen and the softmax of the
    scores (Mult-DAE with one hidden layer: Liang et al. 2018, WWW; denoising: Vincent et al. 2008, ICML).
    """

    dropout: float = 0.5
    patience: int = 5

    ranges = {"dropout": SHARES}

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        out = rng.normal(0, self.units**-0.5, (data.n_items, self.units))
        own = {"out": np.pad(out, ((0, 1), (0, 0))), "out_bias": np.zeros(data.n_items + 1)}
        return super()._initial(data, rng) | own

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[Views]:
        for ratings in user_batches(data, rng, size, device=self._device, dtype=self._dtype):
            kept = rng.random(tuple(ratings.items.shape)) >= self.dropout
            yield Views(ratings, (torch.as_tensor(kept, device=self._device),))

    def loss(self, batch: Views) -> Tensor:
        """-1/n sum over the n items seen of log softmax(h C' + c), mean over users, and decay / 2 (|A|^2 + |C|^2)."""
        seen = batch.ratings.mask
        log_p = log_softmax(self.score_all(self.hidden(batch.ratings, batch.kept[0])), dim=1)
        each = -(log_p.gather(1, batch.ratings.items) * seen).sum(1) / seen.sum(1).clamp(min=1)
        return each.mean() + self.decay / 2 * sum((self.params_[name] ** 2).sum() for name in ("in", "out"))

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        out, bias = self.params_["out"], self.params_["out_bias"]
        return (out[query.items] @ state.unsqueeze(2)).squeeze(2) + bias[query.items]

    def score_all(self, state: Tensor, users: Tensor | None = None) -> Tensor:
        """Scores of every item, (B, I)."""
        return state @ self.params_["out"][:-1].T + self.params_["out_bias"][:-1]


@settings
class ContrastiveEncoder(HistoryEncoder):
    """Two random halves of a user's history shall look alike, and unlike those of the other users of the batch.

    The loss is InfoNCE with cosine similarities over `temperature` (van den Oord, Li & Vinyals 2018, eq. 4; both ways:
    SimCLR, Chen et al. 2020, ICML, there with augmented images and a projection). Score of item i: the cosine between the
    user and a user who has seen i alone. None is kept apart to stop early.
    """

    temperature: float = 0.2

    ranges = {"temperature": POSITIVE}
    stops_on = "nothing"

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[Views]:
        for ratings in user_batches(data, rng, size, device=self._device, dtype=self._dtype):
            order = rng.random(tuple(ratings.items.shape))
            order = np.where(ratings.mask.cpu().numpy(), order, 2.0).argsort(1).argsort(1)  # padding comes last
            first = torch.as_tensor(order, device=self._device) < ratings.counts.unsqueeze(1) // 2
            yield Views(ratings, (first, ~first))

    def loss(self, batch: Views) -> Tensor:
        """InfoNCE of the users with two items or more; 0 where there are fewer than two of them."""
        enough = batch.ratings.counts >= 2
        one, two = (normalize(self.hidden(batch.ratings, kept), dim=1)[enough] for kept in batch.kept)
        decay = self.decay / 2 * (self.params_["in"] ** 2).sum()
        return decay + info_nce(one, two, self.temperature) if len(one) > 1 else decay + one.sum() * 0

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        alone = self._alone(self.params_["in"][query.items])
        return (alone @ normalize(state, dim=1).unsqueeze(2)).squeeze(2)

    def score_all(self, state: Tensor, users: Tensor | None = None) -> Tensor:
        """Scores of every item, (B, I)."""
        return normalize(state, dim=1) @ self._alone(self.params_["in"][:-1]).T

    def _alone(self, rows: Tensor) -> Tensor:
        """Representations at length 1 of users who have seen one item each."""
        return normalize(torch.tanh(rows + self.params_["in_bias"]), dim=-1)


def info_nce(one: Tensor, two: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of finding a row's partner among all rows of the other view, both ways; unit rows (B, H), scalar."""
    logits = one @ two.T / temperature
    target = torch.arange(len(one), device=one.device)
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2
