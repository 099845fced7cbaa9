"""Item-based nearest neighbours."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.base import Recommender
from metarec_lib.models.baseline import fit_biases, user_bias_of


class ItemKNN(Recommender):
    """score = mu + b_i + b_u + the mean residual of the user's k ratings of the most similar items, weighted by similarity.

    Similarity is the cosine between two items' residuals over all users, shrunk by c / (c + shrinkage) where c users rated
    both, negative ones dropped (Sarwar et al. 2001, WWW; the shrinkage and the biases after Koren 2010, TKDD, sec. 2.2).
    `damping` is added to the sum of the weights: where all neighbours are far, their residuals count for little.
    """

    def __init__(
        self,
        neighbours: int = 40,
        shrinkage: float = 100.0,
        damping: float = 0.1,
        user_shrinkage: float = 5.0,
        item_shrinkage: float = 2.0,
        **common: object,
    ) -> None:
        super().__init__(**common)
        if neighbours < 1 or min(shrinkage, damping) < 0:
            raise ValueError(
                f"ItemKNN: got neighbours={neighbours}, shrinkage={shrinkage}, damping={damping}; "
                "expected neighbours of 1 or more, the others 0 or more"
            )
        self.neighbours, self.shrinkage, self.damping = neighbours, shrinkage, damping
        self.user_shrinkage, self.item_shrinkage = user_shrinkage, item_shrinkage

    def _learn(self, data: Interactions, epochs: int | None = None) -> None:
        self.mean_, b_user, b_item = fit_biases(data, self.user_shrinkage, self.item_shrinkage)
        self.item_bias_ = self._tensor(b_item)
        residual = data.values - self.mean_ - b_user[data.user_codes] - b_item[data.item_codes]
        shape = (data.n_users, data.n_items + 1)  # the last item stands for every unknown one: similar to none
        left_over = sp.csr_matrix((residual, (data.user_codes, data.item_codes)), shape=shape)
        rated = sp.csr_matrix((np.ones(len(data)), (data.user_codes, data.item_codes)), shape=shape)
        self.similarity_ = self._tensor(self._similarities(left_over, rated))

    def _similarities(self, left_over: sp.csr_matrix, rated: sp.csr_matrix) -> np.ndarray:
        """(I + 1, I + 1), zero on the diagonal, none negative."""
        together = (rated.T @ rated).toarray()
        product = (left_over.T @ left_over).toarray()
        length = np.sqrt(product.diagonal())
        scale = np.maximum(np.outer(length, length), 1e-12) * (together + self.shrinkage + 1e-12)
        similarity = np.maximum(product * together / scale, 0)
        np.fill_diagonal(similarity, 0)
        return similarity

    def adapt(self, support: PaddedRatings) -> tuple[PaddedRatings, Tensor, Tensor]:
        """The ratings themselves, what the biases leave over of them (B, K), and the users' biases (B, 1)."""
        expected = self.mean_ + self.item_bias_[support.items]
        bias = user_bias_of(support, expected, self.user_shrinkage)
        return support, (support.values - expected - bias) * support.mask, bias

    def score(self, state: tuple[PaddedRatings, Tensor, Tensor], query: PaddedRatings) -> Tensor:
        support, residual, bias = state
        similarity = self.similarity_[query.items.unsqueeze(2), support.items.unsqueeze(1)]  # (B, Q, K)
        similarity = similarity * support.mask.unsqueeze(1)
        weights, at = similarity.topk(min(self.neighbours, similarity.shape[2]), dim=2)
        near = torch.gather(residual.unsqueeze(1).expand_as(similarity), 2, at)
        taste = (weights * near).sum(2) / (weights.sum(2) + self.damping).clamp(min=1e-12)
        return self.mean_ + self.item_bias_[query.items] + bias + taste
