"""Semantic ids: an item's vector written as a few whole numbers, coarse first, so that like items share their first ones.

Shapes: I items, D numbers of a vector, L levels, C codes of a level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.cluster import KMeans


class SemanticIds(NamedTuple):
    """codes (I, L + 1): one code a level, then a number that tells items of equal codes apart; books (L, C, D)."""

    codes: np.ndarray
    books: np.ndarray

    def decode(self) -> np.ndarray:
        """(I, D): the sum of each item's centres, sum_l books[l, codes[:, l]]."""
        return sum(book[self.codes[:, level]] for level, book in enumerate(self.books))


def semantic_ids(vectors: np.ndarray, *, levels: int = 3, codes: int = 16, seed: int = 0) -> SemanticIds:
    """Residual k-means of item vectors (I, D): each level clusters what the levels before it left over.

    The form of the ids, last number included, is TIGER's (Rajput et al. 2023, NeurIPS, sec. 3.1). TIGER learns its codes
    with an autoencoder (RQ-VAE); here they are k-means centres, and no autoencoder is trained.
    """
    rest = _checked(vectors, levels, codes).copy()
    books, found = [], []
    for level in range(levels):
        means = KMeans(codes, n_init=4, random_state=seed + level).fit(rest)
        # c_l = argmin_c |r_l - b_lc|^2,  r_(l+1) = r_l - b_(l, c_l)
        code = ((rest[:, None] - means.cluster_centers_) ** 2).sum(2).argmin(1)
        rest -= means.cluster_centers_[code]
        books.append(means.cluster_centers_)
        found.append(code)
    prefix = np.stack(found, 1)
    return SemanticIds(np.column_stack([prefix, _rank_among_equals(prefix)]), np.stack(books))


def _rank_among_equals(rows: np.ndarray) -> np.ndarray:
    """(I, L) -> (I,): 0 for the first item of a row of codes, 1 for the second, in the order of the items."""
    _, group = np.unique(rows, axis=0, return_inverse=True)
    group = group.reshape(-1)
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    rank = np.empty(len(rows), dtype=np.int64)
    rank[order] = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return rank


def _checked(vectors: np.ndarray, levels: int, codes: int) -> np.ndarray:
    found = np.asarray(vectors, dtype=float)
    if found.ndim != 2 or not np.isfinite(found).all():
        raise ValueError(
            f"semantic_ids: got vectors of shape {found.shape}, expected finite numbers (items, width). "
            "Usual cause: one item's vector alone, or a training run that diverged"
        )
    if levels < 1 or not 1 <= codes <= len(np.unique(found, axis=0)):
        raise ValueError(
            f"semantic_ids: got levels={levels}, codes={codes}, expected levels of at least 1 and codes from 1 to the "
            f"number of different vectors, {len(np.unique(found, axis=0))}. Usual cause: few items; take fewer codes"
        )
    return found
