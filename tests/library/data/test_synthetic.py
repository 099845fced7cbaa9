"""The synthetic world: what it claims to be the truth is the truth."""

import numpy as np
import pytest

from metarec_lib.data.features import item_features, user_features
from metarec_lib.data.synthetic import GENRES, make_world


@pytest.fixture(scope="module")
def big():
    return make_world(n_users=400, n_items=200, ratings_per_user=60, seed=3)


def test_shapes_and_formula():
    world = make_world(n_users=50, n_items=40, rank=2, ratings_per_user=10)
    assert (world.interactions.n_users, world.interactions.n_items) == (50, 40)
    assert world.user_factors.shape == (50, 2) and world.item_factors.shape == (40, 2)
    latent = 3.5 + world.user_bias[:, None] + world.item_bias + world.user_factors @ world.item_factors.T
    np.testing.assert_allclose(world.latent, latent)
    assert world.expected.shape == world.exposure.shape == (50, 40)
    assert world.interactions.genres == GENRES
    assert list(world.interactions.users.columns) == ["user_id", "age", "gender", "occupation"]


def test_a_seed_is_a_world():
    one, same, other = (make_world(seed=seed).interactions.ratings for seed in (1, 1, 2))
    assert one.equals(same)
    assert not one.equals(other)


def test_expected_is_the_mean_of_the_stars(big):
    """Against a simulation: mean over 4,000 draws of round(latent + noise), clipped."""
    draws = np.random.default_rng(0).standard_normal((4_000, 20))
    latent = big.latent[0, :20]
    simulated = np.clip(np.rint(latent + 0.5 * draws), 1, 5).mean(axis=0)
    np.testing.assert_allclose(big.expected[0, :20], simulated, atol=0.05)
    data = big.interactions
    assert abs((data.values - big.expected[data.user_codes, data.item_codes]).mean()) < 0.02


def test_exposure_is_the_chance_of_a_rating(big):
    """Sum of p over a user's row is his expected count; observed counts lie within five standard deviations."""
    assert big.exposure.min() > 0 and big.exposure.max() <= 1
    spread = np.sqrt((big.exposure * (1 - big.exposure)).sum(axis=1))
    counts = np.bincount(big.interactions.user_codes, minlength=400)
    assert (np.abs(counts - big.exposure.sum(axis=1)) < 5 * spread).all()
    assert abs(counts.mean() - 60) < 3
    assert counts.max() > 3 * counts.min() > 0
    popularity = np.bincount(big.interactions.item_codes, minlength=200)
    assert np.corrcoef(popularity, big.exposure.sum(axis=0))[0, 1] > 0.95
    assert popularity.max() > 4 * np.median(popularity)


def test_users_rate_in_one_sitting(big):
    ratings = big.interactions.ratings
    assert (ratings.groupby("user_id")["timestamp"].diff().dropna() == 60).all()


def _explained(features, factors):
    design = np.column_stack([features, np.ones(len(features))])
    left = factors - design @ np.linalg.lstsq(design, factors, rcond=None)[0]
    return 1 - left.var() / factors.var()


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0.0, 0.1), (0.5, 0.35, 0.65), (1.0, 0.99, 1.01)])
def test_features_explain_the_share_that_was_asked_for(share, low, high):
    world = make_world(n_users=600, explained=share)
    assert low <= _explained(user_features(world.interactions)[0], world.user_factors) <= high
    genres = world.interactions.items[list(GENRES)].to_numpy()
    assert low <= _explained(genres, world.item_factors) <= high + 0.1
    assert item_features(world.interactions)[0].shape == (120, 8)


def test_selection_makes_people_see_what_they_like():
    neutral, biased = make_world(seed=5), make_world(seed=5, selection=1.5)
    means = [
        world.latent[world.interactions.user_codes, world.interactions.item_codes].mean() for world in (neutral, biased)
    ]
    assert means[1] > means[0] + 0.3


def test_without_noise_a_rating_is_the_rounded_truth():
    world = make_world(noise=0.0)
    data = world.interactions
    np.testing.assert_array_equal(data.values, world.expected[data.user_codes, data.item_codes])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_users": 0}, "n_users=0"),
        ({"rank": 0}, "rank=0"),
        ({"ratings_per_user": 500}, "at most n_items=120"),
        ({"noise": -1}, "noise=-1"),
        ({"explained": 1.5}, "explained=1.5"),
    ],
)
def test_sizes_out_of_range(wrong, message):
    with pytest.raises(ValueError, match=message):
        make_world(**wrong)
