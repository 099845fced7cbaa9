"""Factors ranked by pairs, alone or with adversarial perturbations of the tables.

Shapes: n triples, D factors, U users, I items.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.adversarial import apr
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE
from metarec_lib.models.base import settings
from metarec_lib.models.batches import triple_batches
from metarec_lib.models.training import TrainedRecommender


@settings
class AdversarialBPR(TrainedRecommender):
    """score = b_i + p_u . q_i, trained so that a liked film stands above one that the user has not rated.

    BPR (Rendle et al. 2009, UAI): L(theta) = - mean log sigmoid(s_ui - s_uj) + decay |theta|^2 over the triple's rows.
    With epsilon > 0, APR (He et al. 2018, SIGIR, eq. 9): L(theta) + weight L(theta + Delta), Delta the worst change of the
    rows of both tables of size epsilon, from `apr`; it sets in after `warm_up` epochs, as the paper starts from a fitted
    BPR. The change is one of *parameters*: no user can make it.

    Scores are no ratings. A user's vector is learned, not solved: a new user is ranked by the items' biases alone, and
    `update` does not move a vector. On ML-100K training stops early after 10 to 20 epochs, 7 seconds.
    """

    factors: int = 32
    epsilon: float = 0.0
    weight: float = 1.0
    warm_up: int = 10
    decay: float = 0.02
    epochs: int = 40
    batch_size: int = 1024
    lr: float = 1e-2
    patience: int = 5

    ranges = {
        "factors": COUNT,
        "epsilon": NOT_NEGATIVE,
        "weight": NOT_NEGATIVE,
        "decay": NOT_NEGATIVE,
        "warm_up": NOT_NEGATIVE,
    }
    scores_are_ratings = False
    exact_gradient = False  # Delta counts as a constant

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        tables = {"users": data.n_users, "items": data.n_items}
        drawn = {name: np.pad(rng.normal(0, 0.1, (n, self.factors)), ((0, 1), (0, 0))) for name, n in tables.items()}
        return drawn | {"bias": np.zeros(data.n_items + 1)}  # the last row: an unknown user, an unknown item

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[tuple[Tensor, ...]]:
        """Triples of a user, a liked item and one that the user has not rated; of all rated ones where none is liked."""
        liked = data.subset(data.liked) if data.liked.any() else data
        for triple in triple_batches(liked, rng, size):
            yield tuple(torch.as_tensor(part, device=self._device) for part in triple)

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        user, item, other = batch
        bias = self.params_["bias"]
        rows = {"user": self.params_["users"][user]} | {
            name: self.params_["items"][at] for name, at in (("item", item), ("other", other))
        }
        offset = bias[item] - bias[other]

        def ranked(r: dict[str, Tensor]) -> Tensor:
            return -logsigmoid(offset + (r["user"] * (r["item"] - r["other"])).sum(1)).sum()

        total = ranked(rows)
        if self.epsilon and self.weight and self.epoch_ >= self.warm_up:
            total = total + self.weight * apr(ranked, rows, self.epsilon)[1]
        penalty = self.decay * sum((row**2).sum() for row in rows.values())
        return (total + penalty) / max(len(user), 1)

    def _error(self, validation: tuple[Interactions, Interactions]) -> float:
        """Minus nDCG@10 of the held-out ratings; 0 where none of them is a like."""
        return super()._error(validation) if validation[1].liked.any() else 0.0

    def adapt(self, support: PaddedRatings) -> Tensor:
        """The users' vectors, (B, D)."""
        return self.params_["users"][support.users]

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        p = self.params_
        return p["bias"][query.items] + (p["items"][query.items] @ state.unsqueeze(2)).squeeze(2)

    def score_all(self, state: Tensor, users: Tensor | None = None) -> Tensor:
        """Scores of every item, (B, I)."""
        return self.params_["bias"][:-1] + state @ self.params_["items"][:-1].T
