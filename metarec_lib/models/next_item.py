"""What models of the next item share: windows of histories, sampled negatives, the loss, when to stop.

Shapes: B users, T items of a window, N places that are judged, n sampled negatives, I items.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from metarec_lib.data.interactions import Interactions, order_within
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.evaluation.next_item import evaluate_next_item
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE
from metarec_lib.models.base import settings
from metarec_lib.models.batches import user_batches
from metarec_lib.models.checkpoints import CheckpointedRecommender
from metarec_lib.models.sampled_softmax import CORRECTIONS, gbce, popularity, sampled_softmax

OBJECTIVES = ("softmax", "sampled", "gbce")


@dataclass(frozen=True, eq=False)
class Windows:
    """A batch: items (B, T), oldest first, mask (B, T), negatives (n,) drawn for all of them, a seed for dropout."""

    items: Tensor
    mask: Tensor
    negatives: Tensor
    seed: int


@settings
class NextItemRecommender(CheckpointedRecommender):
    """A model trained to name the next item of a history; any rating is a step of it, liked or not.

    One epoch takes a window of the latest `longest` ratings of each user, which ends at a random place where there are more,
    and predicts each rating of it from those before. longest: how much of a history is seen, in training and after.
    objective: "softmax" over all items; "sampled", over `negatives` items that a batch shares; "gbce", binary
    cross-entropy on these. Negatives are drawn in proportion to (count + 1)^power. correction: of the sampled softmax, see
    `sampled_softmax`; calibration: of gBCE. Training stops by nDCG@10 on the users' latest ratings. Scores are no ratings.
    """

    longest: int = 50
    objective: str = "softmax"
    negatives: int = 256
    power: float = 1.0
    correction: str = "importance"
    calibration: float = 0.75
    batch_size: int = 64
    patience: int = 3

    ranges = {
        "longest": COUNT, "objective": OBJECTIVES, "negatives": COUNT, "power": NOT_NEGATIVE, "correction": CORRECTIONS,
        "calibration": NOT_NEGATIVE,
    }  # fmt: skip
    scores_are_ratings = False
    uses_order = True

    # -- what a model writes ------------------------------------------------------------------------------------------
    @abstractmethod
    def states_before(self, windows: Windows) -> object:
        """The state before each item of the windows where the mask is True, user after user: N states."""

    @abstractmethod
    def logits(self, state: object, items: Tensor) -> Tensor:
        """Scores (N, Q) of items (N, Q), each state's own, or of items (Q,), which all states share."""

    # -- training -----------------------------------------------------------------------------------------------------
    def _prepare(self, data: Interactions) -> None:
        self.log_q_ = self._tensor(np.log(popularity(data.item_codes, data.n_items, self.power)))

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[Windows]:
        counts = np.bincount(data.user_codes, minlength=data.n_users)
        end = np.minimum(counts, self.longest) + rng.random(data.n_users) * (np.maximum(counts - self.longest, 0) + 1)
        order, rank = order_within(data.user_codes, data.ratings["timestamp"].to_numpy())
        window = data.subset(order[rank < np.floor(end)[data.user_codes[order]]])
        chances = np.exp(self.log_q_.cpu().double().numpy())
        n = 0 if self.objective == "softmax" else self.negatives
        for batch in user_batches(window, rng, size, self.longest, device=self._device, dtype=self._dtype):
            drawn = rng.choice(len(chances), n, p=chances / chances.sum())
            yield Windows(
                batch.items, batch.mask, torch.as_tensor(drawn, device=self._device), int(rng.integers(2**31))
            )

    def loss(self, batch: Windows) -> Tensor:
        """Of all places of the batch, mean."""
        state, target = self.states_before(batch), batch.items[batch.mask]
        if self.objective == "softmax":
            everything = torch.arange(len(self.log_q_), device=target.device)
            return cross_entropy(self.logits(state, everything), target)
        positive = self.logits(state, target.unsqueeze(1)).squeeze(1)
        negative, same = self.logits(state, batch.negatives), target.unsqueeze(1) == batch.negatives
        if self.objective == "gbce":
            return gbce(positive, negative, len(self.log_q_), self.calibration, same)
        q = self.log_q_
        return sampled_softmax(positive, negative, q[target], q[batch.negatives], same, self.correction)

    def _learn(self, data: Interactions, **options: object) -> None:
        super()._learn(data, **options)
        train, held = (data, options["validation"]) if "validation" in options else self._set_apart(data)
        if len(held):  # nothing was learned from these: no twin is needed to set the threshold
            self._remember(train)
            self.threshold_ = self._best_threshold(held)

    def _error(self, validation: tuple[Interactions, Interactions]) -> float:
        """Minus nDCG@10 of the held-out ratings among all items not trained on; 0 where there is nothing to find."""
        train, held = validation
        self._remember(train)
        return -float(np.nan_to_num(evaluate_next_item(self, held, ("ndcg@10",))["ndcg@10"].mean()))

    # -- use ----------------------------------------------------------------------------------------------------------
    def score(self, state: object, query: PaddedRatings) -> Tensor:
        return self.logits(state, query.items)

    def score_all(self, state: object, users: Tensor | None = None) -> Tensor:
        """Scores of every item, (B, I)."""
        return self.logits(state, torch.arange(len(self.log_q_), device=self._device))


def latest_items(ratings: PaddedRatings, n: int) -> tuple[Tensor, Tensor]:
    """The last n items of each user, oldest first, and the mask: (B, T) both, T at most n."""
    counts, width = ratings.counts, ratings.items.shape[1]
    at = (counts.unsqueeze(1) - n).clamp(min=0) + torch.arange(min(n, width), device=counts.device)
    mask = at < counts.unsqueeze(1)
    return ratings.items.gather(1, at.clamp(max=max(0, width - 1))) * mask, mask
