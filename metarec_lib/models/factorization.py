"""Matrix factorisation by alternating least squares, with fold-in of new users."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE, POSITIVE
from metarec_lib.models.base import settings
from metarec_lib.models.baseline import fit_biases, user_bias_of
from metarec_lib.models.training import IterativeRecommender


@settings
class MatrixFactorization(IterativeRecommender):
    """score = mu + b_i + b_u + s w_u . v_i; the factors explain what the shrunken biases leave over, s the ratings' spread.

    Alternating least squares (Zhou et al. 2008, AAIM): with the item vectors fixed, a user's vector is the ridge solution
    w_u = (V_S' V_S + n_u^a * reg * 1)^-1 V_S' y_S over the n_u items rated, and the other way round; y is what the biases
    leave over, divided by s. a = 1 is the paper's weighting, a = 0 plain ridge; a = 1/2 does best here. A new user is folded
    in by the same ridge equation (Sarwar et al. 2002, ICCIT, fold in by a projection, which has no ridge).
    An item without ratings has a zero vector and the bias that its features predict.
    """

    factors: int = 20
    reg: float = 1.5
    weighting: float = 0.5
    epochs: int = 12
    user_shrinkage: float = 5.0
    item_shrinkage: float = 2.0

    ranges = {
        "factors": COUNT, "reg": POSITIVE, "weighting": NOT_NEGATIVE, "user_shrinkage": POSITIVE,
        "item_shrinkage": POSITIVE,
    }  # fmt: skip

    def _start(self, data: Interactions) -> None:
        biases = fit_biases(data, self.user_shrinkage, self.item_shrinkage)
        start = np.random.default_rng(self.seed).normal(0, 0.1, (data.n_items, self.factors))
        self.mean_, self.spread_, self.item_bias_ = biases.mean, biases.spread, self._tensor(biases.item)
        self.user_bias_, self.item_vectors_ = self._tensor(biases.user), self._with_unknown(start)

    def _epoch(self, data: Interactions, batch_size: int | None = None) -> None:
        """One sweep: all users' vectors, then all items'."""
        b_user, b_item = self.user_bias_.cpu().numpy(), self.item_bias_.cpu().numpy()
        residual = (data.values - self.mean_ - b_user[data.user_codes] - b_item[data.item_codes]) / self.spread_
        ratings = sp.csr_matrix((residual, (data.user_codes, data.item_codes)), shape=(data.n_users, data.n_items))
        rated = sp.csr_matrix((np.ones(len(data)), (data.user_codes, data.item_codes)), shape=ratings.shape)
        users = self._solve_sparse(rated, ratings, self.item_vectors_[:-1].cpu().numpy())
        self.item_vectors_ = self._with_unknown(self._solve_sparse(rated.T.tocsr(), ratings.T.tocsr(), users))

    def _with_unknown(self, vectors: np.ndarray) -> Tensor:
        """Item vectors (I, D) and zeros for every unknown item, (I + 1, D)."""
        return self._tensor(np.vstack([vectors, np.zeros(self.factors)]))

    def _solve_sparse(self, rated: sp.csr_matrix, ratings: sp.csr_matrix, other: np.ndarray) -> np.ndarray:
        """Ridge solutions of every row, (rows, D); the Gram matrices are one sparse product, never a loop over rows."""
        outer = (other[:, :, None] * other[:, None, :]).reshape(len(other), -1)
        gram = (rated @ outer).reshape(-1, self.factors, self.factors)
        count = np.asarray(rated.sum(1)).ravel()
        ridge = self.reg * np.maximum(count, 1) ** self.weighting
        return np.linalg.solve(gram + ridge[:, None, None] * np.eye(self.factors), (ratings @ other)[:, :, None])[
            :, :, 0
        ]

    def adapt(self, support: PaddedRatings) -> tuple[Tensor, Tensor]:
        """The users' biases (B, 1) and vectors (B, D)."""
        expected = self.mean_ + self.item_bias_[support.items]
        bias = user_bias_of(support, expected, self.user_shrinkage)
        x = self.item_vectors_[support.items] * support.mask.unsqueeze(2)
        y = (support.values - expected - bias) / self.spread_ * support.mask
        ridge = self.reg * support.counts.clamp(min=1).to(x.dtype) ** self.weighting
        gram = x.mT @ x + ridge[:, None, None] * torch.eye(self.factors, dtype=x.dtype, device=x.device)
        return bias, torch.linalg.solve(gram, (x.mT @ y.unsqueeze(2)).squeeze(2))

    def score(self, state: tuple[Tensor, Tensor], query: PaddedRatings) -> Tensor:
        bias, vector = state
        taste = (self.item_vectors_[query.items] @ vector.unsqueeze(2)).squeeze(2)
        return self.mean_ + self.item_bias_[query.items] + bias + self.spread_ * taste

    def score_all(self, state: tuple[Tensor, Tensor], users: Tensor | None = None) -> Tensor:
        bias, vector = state
        return self.mean_ + self.item_bias_[:-1] + bias + self.spread_ * (vector @ self.item_vectors_[:-1].T)
