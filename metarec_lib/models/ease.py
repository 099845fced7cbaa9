"""EASE^R: an item-item table from one closed-form solve, and the plainest model that is hard to beat at top-N lists.

Shapes: B users, K ratings of one user, Q candidates, U users, I items.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.arguments import POSITIVE
from metarec_lib.models.base import Recommender, settings


@settings
class EASE(Recommender):
    """score of item j = sum of B_ij over the items i that the user liked; B has a zero diagonal.

    Embarrassingly shallow autoencoder (Steck 2019, WWW, eq. 8): of all B with zero diagonal, the one that makes
    ||X - X B||^2 + ridge ||B||^2 smallest, X (U, I) with a 1 for every like. With P = (X'X + ridge 1)^-1 it is
    B_ij = -P_ij / P_jj. Nothing is learned of a user: the state is the sum over the likes, and scores are no ratings.
    A user without likes gets zeros, as does an item that nobody liked. Memory: I x I numbers, time I^3.
    """

    ridge: float = 500.0

    ranges = {"ridge": POSITIVE}
    scores_are_ratings = False

    def _learn(self, data: Interactions) -> None:
        liked = data.subset(data.liked)
        at = (liked.user_codes, liked.item_codes)
        x = sp.csr_matrix((np.ones(len(liked)), at), shape=(data.n_users, data.n_items))
        inverse = np.linalg.inv((x.T @ x).toarray() + self.ridge * np.eye(data.n_items))
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        self.weights_ = self._tensor(np.pad(weights, ((0, 1), (0, 1))))  # the last item stands for every unknown one
        self.like_ = float(data.like)

    def adapt(self, support: PaddedRatings) -> Tensor:
        """The users' scores of all items and of an unknown one, (B, I + 1)."""
        liked = support.mask & (support.values >= self.like_)
        known = torch.where(support.items < 0, self.weights_.shape[0] - 1, support.items)
        if not known.shape[1]:
            return self.weights_.new_zeros(len(support), self.weights_.shape[1])
        return embedding_bag(known, self.weights_, mode="sum", per_sample_weights=liked.to(self.weights_.dtype))

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        return state.gather(1, torch.where(query.items < 0, state.shape[1] - 1, query.items))

    def score_all(self, state: Tensor, users: Tensor | None = None) -> Tensor:
        """Scores of every item, (B, I)."""
        return state[:, :-1]
