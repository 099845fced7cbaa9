"""Augmenting histories: training data with more, or other, ratings than were given. Only ever after the split.

Shapes: n ratings, U users, I items, T length of a history.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import scipy.sparse as sp

from metarec_lib.data.interactions import Interactions

NEIGHBOURS = 20  # items that a rating may be moved to by "substitute", the most alike first
ELSEWHERE = {
    "prefixes": "it makes sequences, not ratings: use sliding_prefixes(history)",
    "insert": "it makes sequences, not ratings: use insert(history, places, items)",
    "contrastive": "it makes two views of a sequence: apply crop, mask or reorder twice, with two seeds",
    "mixup": "it mixes features of tasks: use AugmentedANIL(augmentation='mixup')",
    "shared noise": "it shifts whole tasks: use shared_label_noise(tasks, noise)",
}


def data_augmentation(
    interactions: Interactions, method: str = "crop", strength: float = 0.2, seed: int = 0
) -> Interactions:
    """Each user's history changed at random; give it training data only, or the test leaks.

    strength: a share between 0 and 1 of each user's ratings; at least one rating of a user stays.

    - "crop": one run of ratings stays, this share is cut off its two ends (CL4SRec: Xie et al. 2022, ICDE);
    - "mask": this share is left out, drawn at random (CL4SRec, which puts a mask token in its place);
    - "reorder": the times within one run of this share are shuffled (CL4SRec);
    - "substitute": this share moves to the most similar item that the user has not rated, by cosine of who rated what
      (CoSeRec: Liu et al. 2021);
    - "noise": every rating + N(0, (strength x spread)^2), kept inside the scale.

    The tables stay as they are. Raises ValueError for another method, saying which function is meant, or another strength.
    """
    change = METHODS.get(method)
    if change is None:
        hint = ELSEWHERE.get(method, f"expected one of {', '.join(METHODS)}")
        raise ValueError(f"data_augmentation: got method={method!r}; {hint}")
    if not 0 <= strength < 1:
        raise ValueError(f"data_augmentation: got strength={strength!r}, expected a share of at least 0 and below 1")
    if not len(interactions):
        return interactions
    return change(interactions, _Histories(interactions), float(strength), np.random.default_rng(seed))


class _Histories:
    """Rows in order of user and time: rows (n,), and for each of them its user's number u, place t and length."""

    def __init__(self, data: Interactions) -> None:
        times = data.ratings["timestamp"].to_numpy()
        self.rows = np.lexsort((np.arange(len(data)), times, data.user_codes))
        users, starts, counts = np.unique(data.user_codes[self.rows], return_index=True, return_counts=True)
        self.u = np.repeat(np.arange(len(users)), counts)
        self.t = np.arange(len(data)) - starts[self.u]
        self.counts, self.length = counts, counts[self.u]

    def share(self, strength: float) -> np.ndarray:
        """How many ratings of each user the strength is, (U,): never all."""
        return np.minimum(np.floor(strength * self.counts + 1e-9).astype(np.int64), self.counts - 1)

    def run(self, size: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One run of size[u] places of each user, drawn at random, (n,) bool in the order of `rows`."""
        start = rng.integers(self.counts - size + 1)
        return (self.t >= start[self.u]) & (self.t < (start + size)[self.u])

    def some(self, size: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """size[u] places of each user, drawn at random, (n,) bool in the order of `rows`."""
        order = np.lexsort((rng.random(len(self.rows)), self.u))
        chosen = np.empty(len(order), dtype=bool)
        chosen[order] = self.t < size[self.u]
        return chosen


def _crop(data: Interactions, h: _Histories, strength: float, rng: np.random.Generator) -> Interactions:
    return data.subset(np.sort(h.rows[h.run(h.counts - h.share(strength), rng)]))


def _mask(data: Interactions, h: _Histories, strength: float, rng: np.random.Generator) -> Interactions:
    return data.subset(np.sort(h.rows[~h.some(h.share(strength), rng)]))


def _reorder(data: Interactions, h: _Histories, strength: float, rng: np.random.Generator) -> Interactions:
    inside = h.rows[h.run(np.minimum(h.share(strength) + (strength > 0), h.counts), rng)]
    owner, times = data.user_codes[inside], data.ratings["timestamp"].to_numpy(copy=True)
    times[inside] = times[inside][np.lexsort((rng.random(len(inside)), owner))]  # shuffled within each user
    return _with(data, timestamp=times)


def _substitute(data: Interactions, h: _Histories, strength: float, rng: np.random.Generator) -> Interactions:
    rows = h.rows[h.some(h.share(strength), rng)]
    alike, items = similar_items(data), data.item_codes.copy()
    taken = set((data.user_codes * data.n_items + data.item_codes).tolist())
    for row in rows.tolist():
        base = int(data.user_codes[row]) * data.n_items
        free = (int(i) for i in alike[data.item_codes[row]] if i >= 0 and base + int(i) not in taken)
        if (other := next(free, None)) is not None:
            taken.add(base + other)
            items[row] = other
    return _with(data, item_id=data.items["item_id"].to_numpy()[items])


def _noise(data: Interactions, h: _Histories, strength: float, rng: np.random.Generator) -> Interactions:
    values = data.values + strength * data.values.std() * rng.standard_normal(len(data))
    return _with(data, rating=values.clip(*data.scale))


METHODS: dict[str, Callable[..., Interactions]] = {
    "crop": _crop, "mask": _mask, "reorder": _reorder, "substitute": _substitute, "noise": _noise,
}  # fmt: skip


def _with(data: Interactions, **columns: np.ndarray) -> Interactions:
    """The same tables with other values in these columns of the ratings; everything is checked anew."""
    return Interactions(data.ratings.assign(**columns), data.users, data.items, data.name, data.scale, data.like)


def similar_items(data: Interactions, n: int = NEIGHBOURS) -> np.ndarray:
    """For each item the n items whose raters are most alike, the nearest first, (I, n); -1 where there are fewer.

    Cosine of the 0/1 columns of who rated what; ties go to the item that stands first.
    """
    rated = sp.csr_matrix((np.ones(len(data)), (data.item_codes, data.user_codes)), (data.n_items, data.n_users))
    size = np.sqrt(np.maximum(np.asarray(rated.sum(1)).ravel(), 1))
    found = np.full((data.n_items, n), -1, dtype=np.int64)
    for start in range(0, data.n_items, 512):  # a block of items at a time: memory grows with the block
        block = (rated[start : start + 512] @ rated.T).toarray() / (size[start : start + 512, None] * size)
        block = block.round(12)  # equal cosines are ties on every machine
        block[np.arange(len(block)), start + np.arange(len(block))] = 0
        order = np.argsort(-block, axis=1, kind="stable")[:, :n]
        near = np.take_along_axis(block, order, 1) > 0
        found[start : start + 512, : order.shape[1]] = np.where(near, order, -1)
    return found


def sliding_prefixes(history: np.ndarray, longest: int = 50, last: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Every prefix of a history with the item that came next, so that one user gives T - 1 examples (Tan, Xu & Liu 2016,
    DLRS).

    history: (T,) positions of items, oldest first. longest: how much of a prefix is kept, its latest items. last: only
    so many targets, the latest; all by default. Returns prefixes (N, longest), padded in front with -1, and targets (N,),
    oldest first; N is 0 for fewer than two items. Raises ValueError for another shape or a length below 1.
    """
    history = np.asarray(history)
    if history.ndim != 1 or longest < 1 or (last is not None and last < 1):
        raise ValueError(
            f"sliding_prefixes: got a history of shape {history.shape}, longest={longest}, last={last}; expected one "
            "history (T,) and lengths of 1 or more"
        )
    ends = np.arange(1, len(history))[-(last or len(history)) :]
    padded = np.concatenate([np.full(longest, -1, dtype=np.int64), history.astype(np.int64)])
    return padded[ends[:, None] + np.arange(longest)], history[ends].astype(np.int64)


def insert(history: np.ndarray, places: np.ndarray, items: np.ndarray) -> np.ndarray:
    """The history with items[j] put in before place places[j] (CoSeRec inserts similar items: Liu et al. 2021).

    history: (T,). places: (M,) between 0 and T. Returns (T + M,). Raises ValueError for other lengths or places.
    """
    history, places, items = (np.asarray(a) for a in (history, places, items))
    if len(places) != len(items) or (len(places) and not 0 <= places.min() <= places.max() <= len(history)):
        got = f"places {places.tolist()} and {len(items)} items"
        raise ValueError(f"insert: got {got}, expected a place from 0 to {len(history)} for each item")
    return np.insert(history, places, items)


def as_histories(data: Interactions) -> dict[object, np.ndarray]:
    """Each user's items, positions in the item table, oldest first, by user id; of equal times the row order counts."""
    h = _Histories(data)
    parts = np.split(data.item_codes[h.rows], np.cumsum(h.counts)[:-1])
    users = pd.unique(data.ratings["user_id"].to_numpy()[h.rows])
    return dict(zip(users, parts, strict=True))
