"""Made-up users of a few kinds: the setting in which a mixture of priors has something to find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from metarec_lib.data.interactions import Interactions

MEAN, BIAS = 3.0, 0.3  # stars: the mean rating, and how much items' means differ


@dataclass(frozen=True, eq=False)
class Kinds:
    """Ratings, and what they were made of: kind (U,), tastes (U, R) and item factors (I, R)."""

    interactions: Interactions
    kind: np.ndarray
    tastes: np.ndarray
    item_factors: np.ndarray


def make_kinds(
    n_users: int = 600,
    n_items: int = 150,
    kinds: int = 2,
    ratings_per_user: int = 40,
    *,
    apart: float = 1.0,
    within: float = 0.2,
    rank: int = 3,
    noise: float = 0.5,
    seed: int = 0,
) -> Kinds:
    """Users whose tastes lie around one of a few centres.

    rating = 3 + item bias + item factors . taste + noise, rounded to a star from 1 to 5; taste = centre of the kind + within
    e. Two kinds have opposite centres; more have centres drawn at random, all of length `apart`. Item factors are N(0, I):
    the standard deviation over items of what a kind likes is `apart`, in stars; of what a user adds to it, within sqrt(rank).
    Nothing else is known of users or items. Raises ValueError for sizes out of range.
    """
    if min(n_users, n_items, kinds, rank) < 1 or not 1 <= ratings_per_user <= n_items:
        got = f"n_users={n_users}, n_items={n_items}, kinds={kinds}, rank={rank}, ratings_per_user={ratings_per_user}"
        raise ValueError(f"make_kinds: got {got}, expected 1 or more of each and at most one rating an item")
    if min(apart, within, noise) < 0:
        raise ValueError(
            f"make_kinds: got apart={apart}, within={within}, noise={noise}, expected numbers that are not negative"
        )
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(kinds, rank))
    centres = np.stack([centres[0], -centres[0]]) if kinds == 2 else centres
    centres *= apart / np.linalg.norm(centres, axis=1, keepdims=True)
    kind = rng.integers(kinds, size=n_users)
    tastes = centres[kind] + within * rng.normal(size=(n_users, rank))
    factors, bias = rng.normal(size=(n_items, rank)), BIAS * rng.normal(size=n_items)
    user = np.repeat(np.arange(n_users), ratings_per_user)
    item = np.argsort(rng.random((n_users, n_items)), axis=1)[:, :ratings_per_user].ravel()
    latent = MEAN + bias[item] + (factors[item] * tastes[user]).sum(1)
    stars = np.clip(np.rint(latent + noise * rng.normal(size=len(user))), 1, 5)
    return Kinds(_as_interactions(user, item, stars, n_users, n_items, seed), kind, tastes, factors)


def _as_interactions(
    user: np.ndarray, item: np.ndarray, stars: np.ndarray, n_users: int, n_items: int, seed: int
) -> Interactions:
    ratings = pd.DataFrame(
        {"user_id": user + 1, "item_id": item + 1, "rating": stars, "timestamp": np.arange(len(user))}
    )
    users, items = (pd.DataFrame({f"{of}_id": np.arange(n) + 1}) for of, n in (("user", n_users), ("item", n_items)))
    return Interactions(ratings, users, items, name=f"kinds-{seed}")
