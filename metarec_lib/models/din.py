"""Target attention over a user's history: the candidate film decides which of the rated films count.

Shapes: B users, K rated films of one user, Q candidates, D numbers of a film, H hidden units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from metarec_lib.data.interactions import Interactions, order_within
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.evaluation.pairs import score_pairs
from metarec_lib.models.arguments import COUNT
from metarec_lib.models.attention import masked_softmax
from metarec_lib.models.base import settings
from metarec_lib.models.batches import user_batches
from metarec_lib.models.training import TrainedRecommender

POOLINGS = ("target", "softmax", "mean", "recent")
AT_ONCE = 128  # candidates that are scored together, so that memory does not grow with all items


@dataclass(frozen=True, eq=False)
class RatedFilms:
    """The latest films that B users rated: vectors (B, K, D), mask (B, K), and how many came after each, (B, K)."""

    vectors: Tensor
    mask: Tensor
    age: Tensor


@settings
class DIN(TrainedRecommender):
    """Logit of a like: b_i + MLP(p_ui, v_i, p_ui * v_i), with the history pooled for the candidate i, p_ui = sum_j a_ij e_j.

    Deep Interest Network (Zhou et al. 2018, KDD, eq. 3): a_ij = MLP(e_j, v_i, e_j * v_i), *not* normalised, so that p_ui
    grows with the number of films that answer the candidate. (The authors' public code divides by a softmax:
    `pooling="softmax"`.) `pooling="mean"` is the paper's base model, a_ij = 1 / K; "recent" weighs by the film's age in
    the history at a learned rate. Here e_j = v_j + o, where o says whether the user liked the film. What differs from the
    paper: ReLU in place of Dice, no mini-batch aware regularisation, and sums are divided by `longest`, for scale alone.

    A user's state are the latest `longest` ratings. Training predicts each rating of a window of so many from those before
    it. Scores are logits, no ratings.
    """

    pooling: str = "target"
    width: int = 16
    hidden: int = 32
    longest: int = 50
    batch_size: int = 32
    epochs: int = 20
    lr: float = 3e-3
    patience: int = 3

    ranges = {"pooling": POOLINGS, "width": COUNT, "hidden": COUNT, "longest": COUNT}
    scores_are_ratings = False
    needs_both_classes = True
    uses_order = True

    def _prepare(self, data: Interactions) -> None:
        self.like_ = float(data.like)

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        d, h = self.width, self.hidden
        return {
            "bias": _log_odds(data),
            "film": rng.normal(0, 0.1, (data.n_items + 1, d)),
            "opinion": rng.normal(0, 0.1, (2, d)),
            "unit_in": rng.normal(0, (3 * d) ** -0.5, (3 * d, h)),
            "unit_out": np.r_[rng.normal(0, h**-0.5, h), 1.0],
            "top_in": rng.normal(0, (3 * d) ** -0.5, (3 * d, h)),
            "top_out": rng.normal(0, h**-0.5, h),
            "log_rate": np.log(np.array(0.1)),
        }

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[PaddedRatings]:
        counts = np.bincount(data.user_codes, minlength=data.n_users)
        end = np.minimum(counts, self.longest) + rng.random(data.n_users) * (np.maximum(counts - self.longest, 0) + 1)
        times = data.ratings["timestamp"].to_numpy()
        order, rank = order_within(data.user_codes, times)
        window = data.subset(order[rank < np.floor(end)[data.user_codes[order]]])
        return user_batches(window, rng, size, self.longest, device=self._device, dtype=self._dtype)

    def loss(self, batch: PaddedRatings) -> Tensor:
        """Cross-entropy of every rating but a user's first, given those before it."""
        history, n = self._history(batch), batch.items.shape[1]
        at = torch.arange(n, device=batch.items.device)
        before = (at[:, None] > at) & batch.mask.unsqueeze(1)  # (B, N, N)
        age = (at[:, None] - at - 1).clamp(min=0)
        logits = self._logits(history.vectors, before, age, batch.items)
        judged = batch.mask & (at > 0)
        liked = (batch.values >= self.like_).to(logits.dtype)
        return (binary_cross_entropy_with_logits(logits, liked, reduction="none") * judged).sum() / judged.sum().clamp(
            1
        )

    def _error(self, validation: tuple[Interactions, Interactions]) -> float:
        """Cross-entropy of the latest ratings, which decides when to stop."""
        train, held = validation
        self._remember(train)
        liked = torch.as_tensor(held.liked)
        scores = score_pairs(self, held)
        return float(binary_cross_entropy_with_logits(scores, liked.to(scores)))

    def adapt(self, support: PaddedRatings) -> RatedFilms:
        return self._history(_latest(support, self.longest))

    def score(self, state: RatedFilms, query: PaddedRatings) -> Tensor:
        mask, age = state.mask.unsqueeze(1), state.age.unsqueeze(1)
        parts = query.items.split(AT_ONCE, dim=1)
        return torch.cat([self._logits(state.vectors, mask, age, items) for items in parts], dim=1)

    def _history(self, ratings: PaddedRatings) -> RatedFilms:
        liked = (ratings.values >= self.like_).to(torch.int64)
        vectors = self.params_["film"][ratings.items] + self.params_["opinion"][liked]
        later = ratings.counts.unsqueeze(1) - ratings.mask.cumsum(1)
        return RatedFilms(vectors * ratings.mask.unsqueeze(2), ratings.mask, later)

    def _logits(self, history: Tensor, mask: Tensor, age: Tensor, items: Tensor) -> Tensor:
        """(B, Q), of candidates (B, Q). history (B, K, D); mask (B, 1 or Q, K); age broadcasts to (B, Q, K)."""
        film = self.params_["film"][items]
        pooled = self._weights(history, mask, age, film) @ history
        return self.params_["bias"][items] + self._mlp(pooled, film, "top_in") @ self.params_["top_out"]

    def _weights(self, history: Tensor, mask: Tensor, age: Tensor, film: Tensor) -> Tensor:
        """a_ij, (B, Q, K)."""
        if self.pooling == "mean":
            return (mask / mask.sum(-1, keepdim=True).clamp(1)).to(film.dtype)
        if self.pooling == "recent":
            return masked_softmax(-self.params_["log_rate"].exp() * age.to(film.dtype).expand(mask.shape), mask)
        unit = self._mlp(history.unsqueeze(1), film.unsqueeze(2), "unit_in")
        logits = unit @ self.params_["unit_out"][:-1] + self.params_["unit_out"][-1]
        return masked_softmax(logits, mask) if self.pooling == "softmax" else logits * mask / self.longest

    def _mlp(self, a: Tensor, b: Tensor, name: str) -> Tensor:
        """The hidden layer over (a, b, a * b), (…, H)."""
        of_a, of_b, of_both = self.params_[name].split(self.width)
        return torch.relu(a @ of_a + b @ of_b + (a * b) @ of_both)


def _log_odds(data: Interactions, shrinkage: float = 5.0) -> np.ndarray:
    """Log odds of a like for every item and for an unknown one, (I + 1,), shrunken to those of all ratings."""
    n = np.append(np.bincount(data.item_codes, minlength=data.n_items), 0)
    liked = np.append(np.bincount(data.item_codes, data.liked, data.n_items), 0)
    rate = (liked + shrinkage * (data.liked.sum() + 1) / (len(data) + 2)) / (n + shrinkage)
    return np.log(rate / (1 - rate))


def _latest(ratings: PaddedRatings, n: int) -> PaddedRatings:
    """The last n ratings of each user."""
    if ratings.items.shape[1] <= n:
        return ratings
    counts = ratings.counts
    at = (counts.unsqueeze(1) - n).clamp(min=0) + torch.arange(n, device=counts.device)
    keep = at < counts.unsqueeze(1)
    at = at.clamp(max=ratings.items.shape[1] - 1)
    items, values = (t.gather(1, at) * keep for t in (ratings.items, ratings.values))
    return PaddedRatings(ratings.users, items, values, keep)
