"""Made-up users of two kinds, whose tastes lie around one of two points: where a mixture of priors is the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from metarec_lib.data.interactions import Interactions

SCALE, MEAN, RANK = (0.5, 5.5), 3.0, 3


def two_tastes(
    n_users: int = 400,
    n_items: int = 150,
    *,
    away: float = 1.5,
    within: float = 0.1,
    rare: float = 0.5,
    each: int = 40,
    noise: float = 0.5,
    seed: int = 0,
) -> tuple[Interactions, np.ndarray]:
    """Ratings, and each user's kind, (U,), 0 or 1, in the order of the user table.

    rating = 3 + b_u + b_i + v_i . w_u + noise, in half stars from .5 to 5.5; |v_i| = 1; w_u = m_kind + within * N(0, I) with
    two centres m of length `away` at a right angle. rare: the share of kind 1. each: ratings a user, of films at random.
    Users have no features. Raises ValueError for a share out of range and more ratings than films.
    """
    if not 0 <= rare <= 1 or not 0 < each <= n_items:
        raise ValueError(
            f"two_tastes: got rare={rare}, each={each}, expected a share from 0 to 1 and from 1 to n_items={n_items} ratings"
        )
    rng = np.random.default_rng(seed)
    v = rng.standard_normal((n_items, RANK))
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    centres = away * np.linalg.qr(rng.standard_normal((RANK, 2)))[0].T
    kind = (rng.random(n_users) < rare).astype(np.int64)
    w = centres[kind] + within * rng.standard_normal((n_users, RANK))
    latent = MEAN + 0.3 * rng.standard_normal((n_users, 1)) + 0.4 * rng.standard_normal(n_items) + w @ v.T
    user = np.repeat(np.arange(n_users), each)
    item = rng.random((n_users, n_items)).argsort(1)[:, :each].ravel()
    stars = np.rint(2 * (latent[user, item] + noise * rng.standard_normal(len(user)))) / 2
    return table_of(user, item, np.clip(stars, *SCALE), n_users, n_items, seed), kind


def table_of(
    user: np.ndarray, item: np.ndarray, stars: np.ndarray, n_users: int, n_items: int, seed: int
) -> Interactions:
    """The three tables; ids count from 1, and a user's ratings are a second apart."""
    ratings = {
        "user_id": user + 1,
        "item_id": item + 1,
        "rating": stars,
        "timestamp": 880_000_000 + np.arange(len(user)),
    }
    users = {"user_id": np.arange(1, n_users + 1), "age": 30, "gender": "F", "occupation": "none"}
    items = {"item_id": np.arange(1, n_items + 1), "title": [f"Film {i + 1}" for i in range(n_items)], "year": 1990.0}
    tables = (pd.DataFrame(ratings), pd.DataFrame(users), pd.DataFrame(items))
    return Interactions(*tables, name=f"two-tastes-{seed}", scale=SCALE)
