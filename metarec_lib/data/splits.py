"""Ways to divide ratings into what a model may learn from and what it is measured on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.movielens import load_movielens

TEST_SHARE = 0.2
LIGHT = ("Comedy", "Romance", "Children's", "Children", "Musical", "Animation")
INTENSE = ("Action", "Thriller", "Sci-Fi", "Crime", "War", "Horror", "Film-Noir", "Mystery", "Western")


def load_data(
    name: str | Path | Interactions = "ml-100k", split: str = "random", seed: int = 0
) -> tuple[Interactions, Interactions]:
    """Ratings to train on and ratings to test on; both carry the full user and item tables.

    name: a data set that `load_movielens` knows, a path, or Interactions. split, seed: see
    `split_interactions`. Raises FileNotFoundError where the data are not there (with the command that fetches
    them), ValueError for an unknown split.
    """
    _split_function(split)
    data = name if isinstance(name, Interactions) else load_movielens(name)
    return split_interactions(data, split, seed)


def split_interactions(
    interactions: Interactions, split: str = "random", seed: int = 0
) -> tuple[Interactions, Interactions]:
    """Divide ratings in two.

    - `random`: 20 % of each user's ratings (rounded) are the test; at least one stays in train.
    - `chronological`: ratings from a moment on, about the last 20 % of all, are the test.
    - `leave-last-out`: the last rating of each user with two or more; of several at that moment one at
      random.
    - `user-cold`, `item-cold`: all ratings of 20 % of the users (items) that have any.
    - `domain`: all ratings of light films, all of intense ones (source, target); a film with genres of both
      kinds, or of neither, is in neither.

    Raises ValueError for an unknown split, and where one of the two parts would be empty.
    """
    test_of = _split_function(split)
    if not isinstance(interactions, Interactions):
        raise ValueError(f"split_interactions: got a {type(interactions).__name__}, expected Interactions")
    if split == "domain":
        train, test = _domains(interactions)
    else:
        test = test_of(interactions, np.random.default_rng(seed))
        train = ~test
    for part, rows in (("train", train), ("test", test)):
        if not rows.any():
            raise ValueError(f"split {split!r} of {interactions!r} leaves no rating in {part}; {_WHY_EMPTY[split]}")
    return interactions.subset(train), interactions.subset(test)


def split_users(
    interactions: Interactions,
    fractions: Sequence[float] = (0.7, 0.1, 0.2),
    seed: int = 0,
    min_ratings: int = 30,
) -> tuple[np.ndarray, ...]:
    """Divide the users with at least `min_ratings` ratings at random: an array of user ids a fraction.

    The sizes are rounded, the last takes what is left. Raises ValueError for fractions that are not positive
    or do not sum to 1, and where too few users are left for every part to have one.
    """
    shares = np.asarray(fractions, dtype=float)
    if shares.ndim != 1 or (shares <= 0).any() or abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"split_users: got fractions={tuple(fractions)}, expected positive numbers that sum to 1")
    counts = np.bincount(interactions.user_codes, minlength=interactions.n_users)
    enough = np.flatnonzero(counts >= min_ratings)
    ends = np.rint(np.cumsum(shares[:-1]) * len(enough)).astype(int)
    parts = np.split(np.random.default_rng(seed).permutation(enough), ends)
    if min(map(len, parts)) == 0:
        raise ValueError(
            f"split_users: {len(enough)} users of {interactions!r} have min_ratings={min_ratings} or more, "
            f"too few for {len(parts)} parts; ask for fewer ratings"
        )
    ids = interactions.users["user_id"].to_numpy()
    return tuple(ids[np.sort(part)] for part in parts)


# -- the splits: each returns the mask of the test ratings, (n,) bool ----------------------------------------
def _random(data: Interactions, rng: np.random.Generator) -> np.ndarray:
    users = data.user_codes
    counts = np.bincount(users, minlength=data.n_users)
    held_out = np.minimum(np.rint(TEST_SHARE * counts), counts - 1)
    return _rank_within(users, rng.random(len(data))) < held_out[users]


def _chronological(data: Interactions, rng: np.random.Generator) -> np.ndarray:
    times = data.ratings["timestamp"].to_numpy()
    if not len(times):
        return np.zeros(0, dtype=bool)
    kept = len(times) - max(1, round(TEST_SHARE * len(times)))
    return times >= np.sort(times)[kept]


def _leave_last_out(data: Interactions, rng: np.random.Generator) -> np.ndarray:
    users = data.user_codes
    last_first = np.lexsort((rng.random(len(data)), -data.ratings["timestamp"].to_numpy()))
    order = np.empty(len(data), dtype=np.int64)
    order[last_first] = np.arange(len(data))
    counts = np.bincount(users, minlength=data.n_users)
    return (_rank_within(users, order) == 0) & (counts[users] > 1)


def _user_cold(data: Interactions, rng: np.random.Generator) -> np.ndarray:
    return _some_groups(data.user_codes, rng)


def _item_cold(data: Interactions, rng: np.random.Generator) -> np.ndarray:
    return _some_groups(data.item_codes, rng)


def _some_groups(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The rows of 20 % of the groups, at least one of them."""
    groups = np.unique(codes)
    return np.isin(codes, rng.permutation(groups)[: max(1, round(TEST_SHARE * len(groups)))])


def _domains(data: Interactions) -> tuple[np.ndarray, np.ndarray]:
    light, intense = (
        data.items[[g for g in data.genres if g in kinds]].to_numpy().any(axis=1) for kinds in (LIGHT, INTENSE)
    )
    return (light & ~intense)[data.item_codes], (intense & ~light)[data.item_codes]


def _rank_within(groups: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Position of each row among the rows of its group in ascending order of the keys, (n,) int64."""
    order = np.lexsort((keys, groups))
    ordered = groups[order]
    first = np.searchsorted(ordered, ordered)
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(groups)) - first
    return ranks


_SPLITS: dict[str, Callable[[Interactions, np.random.Generator], np.ndarray] | None] = {
    "random": _random,
    "chronological": _chronological,
    "leave-last-out": _leave_last_out,
    "user-cold": _user_cold,
    "item-cold": _item_cold,
    "domain": None,
}
_WHY_EMPTY = {
    "random": "every user has too few ratings (three are needed to hold one out)",
    "chronological": "expected ratings at different times; usual cause: data without timestamps",
    "leave-last-out": "no user has two ratings",
    "user-cold": "expected ratings of two or more users",
    "item-cold": "expected ratings of two or more items",
    "domain": f"expected items with the genres {', '.join(LIGHT)} (source) and {', '.join(INTENSE)} (target)",
}


def _split_function(split: str) -> Callable | None:
    if split not in _SPLITS:
        raise ValueError(f"got split={split!r}, expected one of {', '.join(_SPLITS)}")
    return _SPLITS[split]
