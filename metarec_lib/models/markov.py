"""Item to item in order: a Markov chain, plain or with skips, and EASE that weighs by recency.

Shapes: B users, K ratings of one user, Q candidates, I items.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from metarec_lib.data.interactions import Interactions, order_within
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.arguments import COUNT, POSITIVE
from metarec_lib.models.base import Recommender, settings


@settings
class RecencyRecommender(Recommender):
    """score of item j = sum over the rated items i of decay^age_i W_ij, where age counts the ratings that came after.

    A model writes `_weights`, an (I, I) table. All ratings count, liked or not. Scores are no ratings; a user without
    ratings is ranked by popularity, and so is an item against one that nobody moves to, by next to nothing.
    """

    decay: float = 0.8

    scores_are_ratings = False
    uses_order = True

    def _check_ranges(self) -> None:
        super()._check_ranges()
        if not self.decay <= 1:
            raise ValueError(f"{type(self).__name__}: got decay={self.decay}, expected a number above 0 and at most 1")

    ranges = {"decay": POSITIVE}

    def _weights(self, data: Interactions) -> np.ndarray:
        """W, (I, I)."""
        raise NotImplementedError

    def _learn(self, data: Interactions) -> None:
        self.weights_ = self._tensor(np.pad(self._weights(data), ((0, 1), (0, 1))))  # the last one: an unknown item
        counts = np.append(np.bincount(data.item_codes, minlength=data.n_items), 0)
        self.popularity_ = self._tensor(1e-9 * counts / max(1, counts.max()))

    def adapt(self, support: PaddedRatings) -> Tensor:
        """The users' scores of all items and of an unknown one, (B, I + 1)."""
        if not support.items.shape[1]:
            return self.popularity_.expand(len(support), -1)
        at = torch.arange(support.items.shape[1], device=support.items.device)
        age = (support.counts.unsqueeze(1) - 1 - at).clamp(min=0)
        weight = self.decay ** age.to(self.weights_.dtype) * support.mask
        known = torch.where(support.items < 0, len(self.weights_) - 1, support.items)
        return self.popularity_ + embedding_bag(known, self.weights_, mode="sum", per_sample_weights=weight)

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        return state.gather(1, torch.where(query.items < 0, state.shape[1] - 1, query.items))

    def score_all(self, state: Tensor, users: Tensor | None = None) -> Tensor:
        """Scores of every item, (B, I)."""
        return state[:, :-1]


@settings
class MarkovChain(RecencyRecommender):
    """W_ij = c_ij / (c_i + prior): how often j came after i, c_i = sum_j c_ij.

    reach = 1 is the first-order chain: c_ij counts the users who rated j right after i. A longer reach lets steps be
    skipped: the pair that lies g steps apart counts damping^(g-1), g up to `reach`. The score weighs the items of the
    history by decay^age; `decay` near 0 leaves the last one alone. prior: so many steps from i to nowhere, which lower the
    rows of rare items.
    """

    reach: int = 10
    damping: float = 0.8
    prior: float = 10.0

    ranges = {"reach": COUNT, "damping": POSITIVE, "prior": POSITIVE}

    def _weights(self, data: Interactions) -> np.ndarray:
        order, _ = order_within(data.user_codes, data.ratings["timestamp"].to_numpy())
        items, users = data.item_codes[order], data.user_codes[order]
        table = sp.csr_matrix((data.n_items, data.n_items))
        for gap in range(1, min(self.reach, len(items) - 1) + 1):
            one = users[:-gap] == users[gap:]  # i and j lie `gap` steps apart in the history of one user
            pair = (items[:-gap][one], items[gap:][one])
            table = table + sp.csr_matrix((np.full(one.sum(), self.damping ** (gap - 1)), pair), table.shape)
        counts = table.toarray()
        return counts / (counts.sum(1, keepdims=True) + self.prior)


@settings
class RecencyEASE(RecencyRecommender):
    """W = B of EASE (Steck 2019, WWW, eq. 8), learned from who rated what; the history is weighed by decay^age.

    Plain EASE forgets when an item was rated: decay = 1 is EASE on all ratings.
    """

    ridge: float = 200.0

    ranges = {"ridge": POSITIVE}

    def _weights(self, data: Interactions) -> np.ndarray:
        at = (data.user_codes, data.item_codes)
        x = sp.csr_matrix((np.ones(len(data)), at), shape=(data.n_users, data.n_items))
        inverse = np.linalg.inv((x.T @ x).toarray() + self.ridge * np.eye(data.n_items))
        weights = -inverse / np.diag(inverse)  # B_ij = -P_ij / P_jj, P = (X'X + ridge 1)^-1
        np.fill_diagonal(weights, 0.0)
        return weights
