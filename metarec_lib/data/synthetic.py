"""A small synthetic world of known truth: who likes what, who sees what, what each rating would be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from metarec_lib.data.interactions import Interactions

GENRES = ("Action", "Comedy", "Drama", "Romance", "Sci-Fi", "Thriller")
OCCUPATIONS = ("artist", "engineer", "student", "teacher")
MEAN = 3.5
START, DAY = 874_724_710, 86_400


@dataclass(frozen=True, eq=False)
class World:
    """Ratings and the truth they were drawn from; U users, I items, R = rank, in the order of the two tables.

    latent = 3.5 + user_bias + item_bias + user_factors · item_factorsᵀ, (U, I), in stars;
    a rating is latent + noise · N(0, 1), rounded to a whole star and clipped to 1 to 5;
    expected (U, I): the exact mean of that rating;
    exposure (U, I): the chance that the user has rated the item, drawn independently for each pair.
    """

    interactions: Interactions
    user_factors: np.ndarray
    item_factors: np.ndarray
    user_bias: np.ndarray
    item_bias: np.ndarray
    latent: np.ndarray
    expected: np.ndarray
    exposure: np.ndarray


def make_world(
    n_users: int = 200,
    n_items: int = 120,
    rank: int = 3,
    ratings_per_user: float = 30,
    noise: float = 0.5,
    seed: int = 0,
    *,
    taste: float = 0.6,
    explained: float = 0.5,
    selection: float = 0.0,
) -> World:
    """Draw a world.

    ratings_per_user: the mean; single users have about a third to three times as many. noise: of a rating, in
    stars. taste: standard deviation of user_factors · item_factors, in stars. explained: share of the
    variance of the tastes that age, gender and occupation (of the factors of items: the genres) explain, 0 to
    1. selection: how much more often users see what they like, in log-odds-like units a star; 0 means that
    exposure depends on popularity and activity. Raises ValueError for sizes and shares out of range.
    """
    _check_sizes(n_users, n_items, rank, ratings_per_user, noise, taste, explained)
    rng = np.random.default_rng(seed)
    users, user_traits = _users(n_users, rng)
    items, item_traits = _items(n_items, rng)
    size = np.sqrt(taste / np.sqrt(rank))
    user_factors = size * _factors(user_traits, rank, explained, rng)
    item_factors = size * _factors(item_traits, rank, explained, rng)
    user_bias, item_bias = 0.4 * rng.standard_normal(n_users), 0.5 * rng.standard_normal(n_items)
    latent = MEAN + user_bias[:, None] + item_bias + user_factors @ item_factors.T
    exposure = _exposure(latent, ratings_per_user, selection, rng)
    ratings = _draw(latent, exposure, noise, rng)
    interactions = Interactions(_with_ids(ratings, users, items), users, items, name=f"world-{seed}")
    truth = (
        user_factors,
        item_factors,
        user_bias,
        item_bias,
        latent,
        _mean_of_stars(latent, noise),
        exposure,
    )
    return World(interactions, *truth)


def _check_sizes(n_users, n_items, rank, ratings_per_user, noise, taste, explained) -> None:
    if min(n_users, n_items, rank) < 1:
        got = f"n_users={n_users}, n_items={n_items}, rank={rank}"
        raise ValueError(f"make_world: got {got}, expected each to be 1 or more")
    if not 0 < ratings_per_user <= n_items:
        raise ValueError(
            f"make_world: got ratings_per_user={ratings_per_user}, expected more than 0 and at most n_items={n_items}"
        )
    if noise < 0 or taste < 0 or not 0 <= explained <= 1:
        got = f"noise={noise}, taste={taste}, explained={explained}"
        raise ValueError(f"make_world: got {got}, expected noise and taste of 0 or more, explained from 0 to 1")


def _users(n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """The user table, and its features as standardised numbers (U, 6)."""
    age = np.clip(np.rint(rng.normal(34, 12, n)), 10, 75)
    gender, job = rng.integers(2, size=n), rng.integers(len(OCCUPATIONS), size=n)
    table = {
        "user_id": np.arange(1, n + 1),
        "age": age,
        "gender": np.array(["F", "M"])[gender],
        "occupation": np.array(OCCUPATIONS)[job],
    }
    return pd.DataFrame(table), np.column_stack([(age - 34) / 12, 2.0 * gender - 1, np.eye(len(OCCUPATIONS))[job]])


def _items(n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """The item table, and its one or two genres as numbers (I, 6)."""
    flags = np.zeros((n, len(GENRES)), dtype=np.int64)
    flags[np.arange(n)[:, None], rng.integers(len(GENRES), size=(n, 2))] = 1
    ids = np.arange(1, n + 1)
    year = rng.integers(1960, 1999, size=n).astype(float)
    table = pd.DataFrame({"item_id": ids, "title": [f"Film {i}" for i in ids], "year": year})
    return pd.concat([table, pd.DataFrame(flags, columns=list(GENRES))], axis=1), flags.astype(float)


def _factors(traits: np.ndarray, rank: int, explained: float, rng: np.random.Generator) -> np.ndarray:
    """Factors of mean square 1, (n, rank), of which the traits explain the given share."""
    told = traits @ rng.standard_normal((traits.shape[1], rank))
    told = told - told.mean(axis=0)
    told /= np.maximum(told.std(axis=0), 1e-12)
    return np.sqrt(explained) * told + np.sqrt(1 - explained) * rng.standard_normal((len(traits), rank))


def _exposure(latent: np.ndarray, mean: float, selection: float, rng: np.random.Generator) -> np.ndarray:
    """p_ui = min(1, c_u · w_ui), with c_u so that a user's row sums to his activity."""
    n_users, n_items = latent.shape
    weight = np.exp(rng.standard_normal(n_items) + selection * (latent - latent.mean()))
    activity = np.exp(0.6 * rng.standard_normal(n_users))
    activity = np.clip(mean * activity / activity.mean(), min(mean, 8), 0.9 * n_items)
    chance = np.zeros_like(latent)
    scale = activity / weight.sum(axis=1)
    for _ in range(30):  # raising c_u for what was cut off at 1 converges from below
        chance = np.minimum(1.0, scale[:, None] * weight)
        scale = scale * activity / chance.sum(axis=1)
    return chance


def _draw(latent: np.ndarray, exposure: np.ndarray, noise: float, rng: np.random.Generator) -> pd.DataFrame:
    """The observed ratings, by positions of user and item; a user rates in one sitting, a film a minute."""
    user, item = np.nonzero(rng.random(latent.shape) < exposure)
    order = np.lexsort((rng.random(len(user)), user))
    user, item = user[order], item[order]
    stars = np.clip(np.rint(latent[user, item] + noise * rng.standard_normal(len(user))), 1, 5)
    begin = START + rng.integers(200 * DAY, size=len(latent))
    first = np.searchsorted(user, np.arange(len(latent)))
    minute = np.arange(len(user)) - first[user]
    return pd.DataFrame({"user": user, "item": item, "rating": stars, "timestamp": begin[user] + 60 * minute})


def _with_ids(ratings: pd.DataFrame, users: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    ids = {
        "user_id": users["user_id"].to_numpy()[ratings["user"]],
        "item_id": items["item_id"].to_numpy()[ratings["item"]],
    }
    return pd.DataFrame(ids).join(ratings[["rating", "timestamp"]])


def _mean_of_stars(latent: np.ndarray, noise: float) -> np.ndarray:
    """E[rating] = 1 + Σ P(latent + noise·ε > k) over the rounding borders k = 1.5, 2.5, 3.5, 4.5."""
    borders = np.array([1.5, 2.5, 3.5, 4.5])
    return 1.0 + ndtr((latent[..., None] - borders) / max(noise, 1e-12)).sum(axis=-1)
