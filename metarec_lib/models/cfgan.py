"""A recommender trained as a game, or by its generator alone.

Shapes: B users, I items, H hidden units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, logsigmoid

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE
from metarec_lib.models.base import settings
from metarec_lib.models.batches import user_batches
from metarec_lib.models.distillation import Share
from metarec_lib.models.training import TrainedRecommender


@dataclass(frozen=True, eq=False)
class Turn:
    """The likes of B users as a table of 0 and 1, (B, I); which other items are shown to the discriminator as well and which
    the generator must set to 0, (B, I) 0 or 1 each, and whose turn it is."""

    likes: Tensor
    shown: Tensor
    zeros: Tensor
    discriminates: bool


@settings
class CFGAN(TrainedRecommender):
    """The generator sigmoid(tanh(x A + a) C + c) turns a user's likes x, scaled to length 1, into a vector of likes g.

    CFGAN (Chae et al. 2018, CIKM, eq. 5 and 6, with zero reconstruction and partial masking): a discriminator D tells, given
    x, the likes x from g * (x + k), k a random share `masked` of the other items; the generator lowers

        weight * mean - log D(g * (x + k) | x) + zero_weight * mean over a random share `zeroed` of the other items of g^2
        + like_weight * mean over the likes of (1 - g)^2.

    The paper has like_weight = 0, and log(1 - D) in place of - log D, which GANs seldom use. weight = 0 is the generator
    without discriminator, an autoencoder with sampled zeros. The turns alternate. Scores are logits, not ratings.

    ML-100K, nDCG@10 on tuning users: weight 0 .358, .01 .354, .1 .202; with like_weight = 0 none of 16 settings tried
    reached .21. A fit takes 11 seconds.
    """

    units: int = 64
    weight: float = 0.01
    like_weight: float = 1.0
    zero_weight: float = 1.0
    masked: float = 0.5
    zeroed: float = 0.5
    decay: float = 1e-4
    epochs: int = 40
    batch_size: int = 64
    patience: int = 8

    ranges = {
        "units": COUNT, "weight": NOT_NEGATIVE, "like_weight": NOT_NEGATIVE, "zero_weight": NOT_NEGATIVE, "masked": Share(0),
        "zeroed": Share(0), "decay": NOT_NEGATIVE,
    }  # fmt: skip
    scores_are_ratings = False

    def _prepare(self, data: Interactions) -> None:
        self.like_ = float(data.like)

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        n, h = data.n_items, self.units
        found = {"in_bias": np.zeros(h), "out_bias": np.zeros(n + 1), "d_bias": np.zeros(h), "d_last_bias": np.zeros(1)}
        for name in ("in", "out"):
            found[name] = np.pad(rng.normal(0, h**-0.5, (n, h)), ((0, 1), (0, 0)))  # the last: every unknown item
        for name in ("d_seen", "d_given"):
            found[name] = rng.normal(0, n**-0.5, (n, h))
        return found | {"d_last": rng.normal(0, h**-0.5, h)}

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[Turn]:
        """Every user once for each player: a turn of the discriminator, where there is one, then one of the generator."""
        for ratings in user_batches(data, rng, size, device=self._device, dtype=self._dtype):
            likes = self._tensor(np.zeros((len(ratings), data.n_items)))
            liked = (ratings.mask & (ratings.values >= self.like_)).to(likes.dtype)
            likes.scatter_add_(1, ratings.items, liked)
            for discriminates in (True, False) if self.weight else (False,):
                drawn = self._tensor(rng.random((2, *likes.shape)))
                share = drawn.new_tensor([self.masked, self.zeroed])[:, None, None]
                yield Turn(likes, *((drawn < share) * (1 - likes)), discriminates)

    def loss(self, batch: Turn) -> Tensor:
        made = torch.sigmoid(self._logits(batch.likes))
        if batch.discriminates:
            fake = self._discriminate(made.detach() * (batch.likes + batch.shown), batch.likes, self.params_)
            real = self._discriminate(batch.likes, batch.likes, self.params_)
            return -(logsigmoid(real) + logsigmoid(-fake)).mean() + self._penalty(("d_seen", "d_given"))
        own = self.zero_weight * _mean_of(made**2, batch.zeros) + self.like_weight * _mean_of(
            (1 - made) ** 2, batch.likes
        )
        if not self.weight:
            return own + self._penalty(("in", "out"))
        fixed = {name: value.detach() for name, value in self.params_.items()}
        fooled = -logsigmoid(self._discriminate(made * (batch.likes + batch.shown), batch.likes, fixed)).mean()
        return own + self.weight * fooled + self._penalty(("in", "out"))

    def _penalty(self, names: tuple[str, ...]) -> Tensor:
        return self.decay * sum((self.params_[name] ** 2).sum() for name in names) / 2

    def _discriminate(self, seen: Tensor, given: Tensor, p: dict[str, Tensor]) -> Tensor:
        """The logit of D, (B,)."""
        return torch.tanh(seen @ p["d_seen"] + given @ p["d_given"] + p["d_bias"]) @ p["d_last"] + p["d_last_bias"]

    def _logits(self, likes: Tensor) -> Tensor:
        """Scores of all items, (B, I), from likes (B, I)."""
        x = likes * likes.sum(1, keepdim=True).clamp(min=1) ** -0.5
        hidden = torch.tanh(x @ self.params_["in"][:-1] + self.params_["in_bias"])
        return hidden @ self.params_["out"][:-1].T + self.params_["out_bias"][:-1]

    def _error(self, validation: tuple[Interactions, Interactions]) -> float:
        """Minus nDCG@10 of the held-out ratings; 0 where none of them is a like."""
        return super()._error(validation) if validation[1].liked.any() else 0.0

    def adapt(self, support: PaddedRatings) -> Tensor:
        """The users' hidden units, (B, H)."""
        liked = (support.mask & (support.values >= self.like_)).to(self.params_["in"].dtype)
        if not support.items.shape[1]:
            return torch.tanh(self.params_["in_bias"]).expand(len(support), -1)
        items = torch.where(support.items < 0, len(self.params_["in"]) - 1, support.items)
        weights = liked * liked.sum(1, keepdim=True).clamp(min=1) ** -0.5
        x = embedding_bag(items, self.params_["in"], mode="sum", per_sample_weights=weights)
        return torch.tanh(x + self.params_["in_bias"])

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        out, bias = self.params_["out"], self.params_["out_bias"]
        return (out[query.items] @ state.unsqueeze(2)).squeeze(2) + bias[query.items]

    def score_all(self, state: Tensor, users: Tensor | None = None) -> Tensor:
        """Scores of every item, (B, I)."""
        return state @ self.params_["out"][:-1].T + self.params_["out_bias"][:-1]


def _mean_of(values: Tensor, where: Tensor) -> Tensor:
    """The mean over users of the mean over their items where `where` is 1; users without such an item count 0."""
    return ((values * where).sum(1) / where.sum(1).clamp(min=1)).mean()
