"""Ways to divide ratings into what a model may learn from and what it is measured on."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import numpy as np

from metarec_lib.data.interactions import Interactions, rank_within
from metarec_lib.data.movielens import load_movielens

TEST_SHARE = 0.2
TUNING_SHARE = 0.15
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


def tuning_users(interactions: Interactions) -> np.ndarray:
    """The ids of the users on whom settings are chosen, in the order of the user table: 15 %, by a hash of the id.

    They are the same whatever the seed, the split and the other users. Every setting is chosen on them alone, and they
    never judge; they may be trained on when others judge.
    """
    ids = interactions.users["user_id"].to_numpy()
    return ids[np.array([_share(user) < TUNING_SHARE for user in ids], dtype=bool)]


def _share(user: object) -> float:
    """A number from 0 to 1 that stands for an id: the same for 7 and "7", on every machine."""
    return int.from_bytes(blake2b(str(user).encode(), digest_size=8).digest(), "big") / 2**64


def split_users(
    interactions: Interactions, judging: float = 0.2, seed: int = 0, min_ratings: int = 30
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The users with at least `min_ratings` ratings as ids in three parts: to learn from, to tune on, to judge on.

    To tune on are `tuning_users`, whatever the seed. Of the others a random share judges: `judging` of all users with
    ratings enough, rounded. Raises ValueError for a share out of range, and where a part would have no user.
    """
    if not 0 < judging < 1 - TUNING_SHARE:
        raise ValueError(f"split_users: got judging={judging}, expected a share above 0 and below {1 - TUNING_SHARE:g}")
    counts = np.bincount(interactions.user_codes, minlength=interactions.n_users)
    tuning = np.zeros(interactions.n_users, dtype=bool)
    tuning[interactions.user_index(tuning_users(interactions))] = True
    enough = np.flatnonzero(counts >= min_ratings)
    others = np.random.default_rng(seed).permutation(enough[~tuning[enough]])
    n_judging = int(np.rint(judging * len(enough)))
    parts = others[n_judging:], enough[tuning[enough]], others[:n_judging]
    if min(map(len, parts)) == 0:
        sizes = ", ".join(map(str, map(len, parts)))
        raise ValueError(
            f"split_users: {len(enough)} users of {interactions!r} have min_ratings={min_ratings} or more, too few: "
            f"got {sizes} to learn from, to tune on and to judge on, expected one or more of each"
        )
    ids = interactions.users["user_id"].to_numpy()
    return tuple(ids[np.sort(part)] for part in parts)


# -- the splits: each returns the mask of the test ratings, (n,) bool ----------------------------------------
def _random(data: Interactions, rng: np.random.Generator) -> np.ndarray:
    users = data.user_codes
    counts = np.bincount(users, minlength=data.n_users)
    held_out = np.minimum(np.rint(TEST_SHARE * counts), counts - 1)
    return rank_within(users, rng.random(len(data))) < held_out[users]


def _chronological(data: Interactions, rng: np.random.Generator) -> np.ndarray:
    times = data.ratings["timestamp"].to_numpy()
    if not len(times):
        return np.zeros(0, dtype=bool)
    kept = len(times) - max(1, round(TEST_SHARE * len(times)))
    return times >= np.sort(times)[kept]


def _leave_last_out(data: Interactions, rng: np.random.Generator) -> np.ndarray:
    users = data.user_codes
    newest_first = rank_within(users, -data.ratings["timestamp"].to_numpy(), rng.random(len(data)))
    counts = np.bincount(users, minlength=data.n_users)
    return (newest_first == 0) & (counts[users] > 1)


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
