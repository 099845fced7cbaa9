"""Item-based nearest neighbours."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE, POSITIVE
from metarec_lib.models.base import Recommender, settings
from metarec_lib.models.baseline import fit_biases, user_bias_of


@settings
class ItemKNN(Recommender):
    """score = mu + b_i + b_u + the mean residual of the user's k ratings of the most similar items, weighted by similarity.

    Similarity is the cosine between two items' residuals over all users, shrunk by c / (c + shrinkage) where c users rated
    both, negative ones dropped (Sarwar et al. 2001, WWW; the shrinkage and the biases after Koren 2010, TKDD, sec. 2.2).
    `damping` is added to the sum of the weights: where all neighbours are far, their residuals count for little.
    """

    neighbours: int = 40
    shrinkage: float = 100.0
    damping: float = 0.1
    user_shrinkage: float = 5.0
    item_shrinkage: float = 2.0

    ranges = {
        "neighbours": COUNT, "shrinkage": NOT_NEGATIVE, "damping": NOT_NEGATIVE, "user_shrinkage": POSITIVE,
        "item_shrinkage": POSITIVE,
    }  # fmt: skip

    def _learn(self, data: Interactions) -> None:
        biases = fit_biases(data, self.user_shrinkage, self.item_shrinkage)
        self.mean_, self.item_bias_ = biases.mean, self._tensor(biases.item)
        shape = (data.n_users, data.n_items + 1)  # the last item stands for every unknown one: similar to none
        left_over = sp.csr_matrix((biases.left_over(data), (data.user_codes, data.item_codes)), shape=shape)
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
