"""Fake profiles: how they are made, and which users look like them.

Shapes: U users, I items, N fake profiles, F fillers of a profile.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from metarec_lib.data.interactions import Interactions

KINDS = ("random", "average", "bandwagon")


def inject_profiles(
    data: Interactions, targets: Sequence, profiles: int = 50, fillers: int = 40, kind: str = "average", seed: int = 0
) -> Interactions:
    """The data and N more users, each of whom gives every target the highest rating and F other items a filler rating.

    kind (Lam & Riedl 2004, WWW; Mobasher et al. 2007, ACM TOIT): "random", any items, rated around the mean of all ratings;
    "average", any items, each around its own mean; "bandwagon", the most rated items get the highest rating (half of the
    fillers), the rest as random. Filler ratings are ones that occur in the data; items without a rating are no fillers. The
    fake users are new rows at the end of the user table; what it says of them is copied from genuine users at random.
    Raises ValueError for unknown targets or kinds.
    """
    codes = data.item_index(targets)
    if (codes < 0).any() or kind not in KINDS or profiles < 1 or fillers < 0:
        raise ValueError(
            f"inject_profiles: got targets={list(targets)}, kind={kind!r}, profiles={profiles}, fillers={fillers}; expected "
            f"known items, a kind of {', '.join(KINDS)}, 1 or more profiles and 0 or more fillers"
        )
    rng = np.random.default_rng(seed)
    mean, spread, count = _of_items(data)
    open_to = np.setdiff1d(np.flatnonzero(count), codes)
    size, n_top = min(fillers, len(open_to)), (min(fillers, len(open_to)) // 2 if kind == "bandwagon" else 0)
    top = open_to[np.argsort(-count[open_to], kind="stable")[:n_top]]
    rest = np.setdiff1d(open_to, top)
    chosen = np.stack([rng.permutation(rest)[: size - n_top] for _ in range(profiles)])
    around = (mean[chosen], spread[chosen]) if kind == "average" else (data.values.mean(), data.values.std())
    drawn = _on_the_scale(data, rng.normal(*around, chosen.shape))
    highest = np.full((profiles, len(codes) + n_top), data.scale[1])
    items = np.hstack([np.tile(np.r_[codes, top], (profiles, 1)), chosen])
    return _with_users(data, items, np.hstack([highest, drawn]), rng)


def detect_profiles(data: Interactions, components: int = 20) -> pd.Series:
    """How much each user looks like a fake profile, from -1 (not at all) to 0, indexed by user id.

    Minus the share of a user's ratings, centred and scaled by user, that the leading components of all users explain: who
    rates at random shares no taste with anybody. A form of PCA-VarSelect (Mehta & Nejdl 2009, UMUAI), which takes the sum of
    squared loadings itself; that also suspects whoever has few ratings. What is not rated counts as 0. Users without
    ratings: -1.
    """
    if components < 1:
        raise ValueError(f"detect_profiles: got components={components}, expected 1 or more")
    users, count = data.user_codes, np.bincount(data.user_codes, minlength=data.n_users)
    n = np.maximum(count, 1)
    rest = data.values - (np.bincount(users, data.values, data.n_users) / n)[users]
    spread = np.sqrt(np.bincount(users, rest**2, data.n_users) / n)
    z = rest / np.where(spread > 0, spread, 1)[users]
    table = sp.csr_matrix((z, (users, data.item_codes)), (data.n_users, data.n_items))
    kept = min(components, min(table.shape) - 1)
    left, sizes, _ = svds(table, k=kept, v0=np.ones(min(table.shape)))
    explained = ((left * sizes) ** 2).sum(1) / np.maximum(np.bincount(users, z**2, data.n_users), 1e-12)
    share = np.where(count > 0, explained.clip(0, 1), 1.0)
    return pd.Series(-share, index=pd.Index(data.users["user_id"], name="user"))


def _of_items(data: Interactions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation and number of the ratings of each item, (I,) each; 0 without ratings."""
    count = np.bincount(data.item_codes, minlength=data.n_items)
    safe = np.maximum(count, 1)
    mean = np.bincount(data.item_codes, data.values, data.n_items) / safe
    square = np.bincount(data.item_codes, (data.values - mean[data.item_codes]) ** 2, data.n_items)
    return mean, np.sqrt(square / safe), count


def _on_the_scale(data: Interactions, values: np.ndarray) -> np.ndarray:
    """Each value at the rating nearest to it that occurs in the data."""
    steps = np.unique(data.values)
    return steps[np.abs(values[..., None] - steps).argmin(-1)]


def _with_users(data: Interactions, items: np.ndarray, values: np.ndarray, rng: np.random.Generator) -> Interactions:
    """The data and new users at the end: items (N, F) positions, values (N, F)."""
    n, width = items.shape
    ids = data.users["user_id"]
    fresh = [f"fake-{i + 1}" for i in range(n)] if ids.dtype == object else int(ids.max()) + 1 + np.arange(n)
    users = data.users.iloc[rng.integers(data.n_users, size=n)].assign(user_id=fresh)
    ratings = {
        "user_id": np.repeat(fresh, width),
        "item_id": data.items["item_id"].to_numpy()[items.ravel()],
        "rating": values.ravel(),
        "timestamp": rng.choice(data.ratings["timestamp"].to_numpy(), n * width),
    }
    return Interactions(
        pd.concat([data.ratings, pd.DataFrame(ratings)], ignore_index=True),
        pd.concat([data.users, users], ignore_index=True),
        data.items, data.name, data.scale, data.like,
    )  # fmt: skip
