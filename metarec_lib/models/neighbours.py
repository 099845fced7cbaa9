"""Item-based nearest neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import CELLS, PaddedRatings
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE, POSITIVE
from metarec_lib.models.base import Recommender, settings
from metarec_lib.models.baseline import fit_biases, user_bias_of

State = tuple[PaddedRatings, Tensor, Tensor]


@settings
class ItemKNN(Recommender):
    """score = mu + b_i + b_u + the mean residual of the user's k ratings of the most similar items, weighted by similarity.

    Similarity is the cosine between two items' residuals over all users, shrunk by c / (c + shrinkage) where c users rated
    both, negative ones dropped (Sarwar et al. 2001, WWW; the shrinkage and the biases after Koren 2010, TKDD, sec. 2.2).
    `damping` is added to the sum of the weights: where all neighbours are far, their residuals count for little.
    `similar`: of each item only so many of the most similar ones are kept, the others count as similar to none. They are
    stored sparsely, row after row, and laid out in blocks of `CELLS` numbers: memory does not grow with I x I or B x Q x K.
    """

    neighbours: int = 40
    shrinkage: float = 100.0
    damping: float = 0.1
    user_shrinkage: float = 5.0
    item_shrinkage: float = 2.0
    similar: int = 2_000

    ranges = {
        "neighbours": COUNT, "shrinkage": NOT_NEGATIVE, "damping": NOT_NEGATIVE, "user_shrinkage": POSITIVE,
        "item_shrinkage": POSITIVE, "similar": COUNT,
    }  # fmt: skip

    # -- learning -----------------------------------------------------------------------------------------------------
    def _learn(self, data: Interactions) -> None:
        biases = fit_biases(data, self.user_shrinkage, self.item_shrinkage)
        self.mean_, self.item_bias_ = biases.mean, self._tensor(biases.item)
        rows = list(self._similarities(data, biases.left_over(data)))
        # no row is the item before, the unknown one
        counts = np.concatenate([[0], *(count for count, _, _ in rows), [0]])
        self.similar_starts_ = torch.as_tensor(np.cumsum(counts), device=self._device)
        self.similar_items_ = torch.as_tensor(np.concatenate([item for _, item, _ in rows]), device=self._device)
        self.similarity_, self._laid_out = self._tensor(np.concatenate([value for _, _, value in rows])), None

    def _similarities(
        self, data: Interactions, residual: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """For blocks of items, row after row: how many similar ones an item has, which they are, and how similar."""
        shape, at = (data.n_users, data.n_items), (data.user_codes, data.item_codes)
        left_over, rated = (sp.csr_matrix((v, at), shape=shape) for v in (residual, np.ones(len(data))))
        of_item, raters = left_over.T.tocsr(), rated.T.tocsr()
        length = np.sqrt(np.asarray(of_item.multiply(of_item).sum(1)).ravel())
        step = max(1, CELLS // data.n_items)
        for start in range(0, data.n_items, step):
            block = slice(start, start + step)
            product, together = (of_item[block] @ left_over).toarray(), (raters[block] @ rated).toarray()
            scale = np.maximum(np.outer(length[block], length), 1e-12) * (together + self.shrinkage + 1e-12)
            similarity = np.maximum(product * together / scale, 0)
            similarity[np.arange(len(similarity)), np.arange(start, start + len(similarity))] = 0
            yield _largest(similarity, self.similar)

    # -- use ----------------------------------------------------------------------------------------------------------
    def adapt(self, support: PaddedRatings) -> State:
        """The ratings themselves, what the biases leave over of them (B, K), and the users' biases (B, 1)."""
        expected = self.mean_ + self.item_bias_[support.items]
        bias = user_bias_of(support, expected, self.user_shrinkage)
        return support, (support.values - expected - bias) * support.mask, bias

    def score(self, state: State, query: PaddedRatings) -> Tensor:
        support, residual, bias = state
        column, whole = self._columns(support), self._whole()
        taste = [residual.new_zeros(0, len(support))]
        for items in torch.split(query.items.T, self._width(support, query, column, whole)):
            rows, at = (None, items) if whole is not None else torch.unique(items, return_inverse=True)
            table = whole if whole is not None else self._rows(rows, column)
            near = table[at.contiguous().unsqueeze(2), column[support.items]] * support.mask  # (q, B, K): row after row
            taste.append(self._taste(near, residual))
        return self.mean_ + self.item_bias_[query.items] + bias + torch.cat(taste).T

    def _taste(self, near: Tensor, residual: Tensor) -> Tensor:
        """The damped mean of the residuals (B, K) of the most similar ratings, (q, B); near: (q, B, K)."""
        weights, chosen = near, residual.expand_as(near)
        if near.shape[2] > self.neighbours:
            weights, at = near.topk(self.neighbours, dim=2, sorted=False)
            chosen = chosen.gather(2, at)
        return (weights * chosen).sum(2) / (weights.sum(2) + self.damping).clamp(min=1e-12)

    # -- similarities, laid out in blocks -------------------------------------------------------------------------------
    def _whole(self) -> Tensor | None:
        """All similarities as one table (I + 1, I + 1), laid out once, where it is no larger than a block; else None."""
        n_items = len(self.item_bias_)
        if n_items**2 > CELLS:
            return None
        if vars(self).get("_laid_out") is None:
            self._laid_out = self._rows(torch.arange(n_items, device=self.similarity_.device))
        return self._laid_out

    def _columns(self, support: PaddedRatings) -> Tensor:
        """The column of each item, (I + 1,), in a table of those that these users have rated; in that of all if it is whole.

        All other items, and every unknown one, share the last column, which says 0.
        """
        n_items, place = len(self.item_bias_), self.item_bias_.device
        if self._whole() is not None:
            return torch.arange(n_items, device=place)
        rated = torch.unique(support.items[support.mask & (support.items >= 0)])
        column = torch.full((n_items,), len(rated), device=place)
        column[rated] = torch.arange(len(rated), device=place)
        return column

    def _width(self, support: PaddedRatings, query: PaddedRatings, column: Tensor, whole: Tensor | None) -> int:
        """How many query items of each user go together, so that a block takes at most `CELLS` numbers."""
        width = CELLS // max(1, support.items.numel())
        if whole is None and len(query):
            row = max(int(column[-1]) + 1, int(self.similar_starts_.diff().max()))
            shared = bool((query.items == query.items[:1]).all())  # all users are asked for the same items
            width = min(width, CELLS // (row * (1 if shared else len(query))))
        return max(1, width)

    def _rows(self, items: Tensor, column: Tensor | None = None) -> Tensor:
        """Similarities of these items (R,) to all, or by `column` to some: (R, columns), 0 in the last one."""
        start, count = self.similar_starts_[items], self.similar_starts_.diff()[items]
        owner = torch.repeat_interleave(torch.arange(len(items), device=items.device), count)
        at = torch.arange(len(owner), device=items.device) + (start - (count.cumsum(0) - count))[owner]
        to = self.similar_items_[at] if column is None else column[self.similar_items_[at]]
        table = self.similarity_.new_zeros(len(items), len(self.item_bias_) if column is None else int(column[-1]) + 1)
        table[owner, to] = self.similarity_[at]
        table[:, -1] = 0
        return table


def _largest(table: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The positive numbers of a table (R, I) from the k-th largest of a row up: how many (R,), their columns, themselves."""
    if k < table.shape[1]:
        border = np.partition(table, -k, axis=1)[:, -k]
        over = (table > 0) & (table >= border[:, None])
    else:
        over = table > 0
    return over.sum(1), np.nonzero(over)[1], table[over]
