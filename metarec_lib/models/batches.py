"""Batches for models that are trained by gradient: rows, triples and users. Tasks are drawn in `meta.sampling`.

Shapes: n rows of a batch, B users, T history length.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, pad_ratings


def row_batches(data: Interactions, rng: np.random.Generator, size: int) -> Iterator[np.ndarray]:
    """Every rating once, in random order: positions in `data`, (n,)."""
    order = rng.permutation(len(data))
    yield from (order[start : start + size] for start in range(0, len(order), size))


def triple_batches(
    data: Interactions, rng: np.random.Generator, size: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Every rating once, with an item drawn at random that its user has not rated: user, item, other item, (n,) each.

    A user who has rated every item gives no triple.
    """
    pairs = np.sort(data.user_codes * data.n_items + data.item_codes)
    full = np.bincount(data.user_codes, minlength=data.n_users) >= data.n_items
    for rows in row_batches(data, rng, size):
        users = data.user_codes[rows]
        rows, users = rows[~full[users]], users[~full[users]]
        others = rng.integers(data.n_items, size=len(rows))
        while len(again := np.flatnonzero(_in_sorted(pairs, users * data.n_items + others))):
            others[again] = rng.integers(data.n_items, size=len(again))
        yield users, data.item_codes[rows], others


def user_batches(
    data: Interactions, rng: np.random.Generator, size: int, longest: int | None = None, **where: object
) -> Iterator[PaddedRatings]:
    """Every user with ratings once: `size` users of similar length at a time, each with all ratings in order of time, or
    with the latest `longest` ones. where: device and dtype.
    """
    order = np.lexsort((data.ratings["timestamp"].to_numpy(), data.user_codes))
    users, counts = np.unique(data.user_codes, return_counts=True)
    stops = np.cumsum(counts)
    counts = np.minimum(counts, longest or counts.max())
    by_length = np.lexsort((rng.random(len(users)), counts))
    groups = [by_length[start : start + size] for start in range(0, len(by_length), size)]
    for at in rng.permutation(len(groups)):
        chosen = groups[at]
        owner = np.repeat(np.arange(len(chosen)), counts[chosen])
        within = np.arange(len(owner)) - np.repeat(np.cumsum(counts[chosen]) - counts[chosen], counts[chosen])
        rows = order[(stops - counts)[chosen][owner] + within]
        yield pad_ratings(owner, data.item_codes[rows], data.values[rows], users[chosen], **where)


def _in_sorted(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return ordered[at] == values
