import numpy as np
import pandas as pd
import pytest

from metarec_lib import Interactions, make_world
from metarec_lib.meta.factors import fit_factors

WORLD = make_world(n_users=300, n_items=80, rank=2, ratings_per_user=40, noise=0.5, taste=0.8, seed=0)
DATA = WORLD.interactions


@pytest.fixture(scope="module")
def factors():
    return fit_factors(DATA, rank=4, steps=40)


def test_it_finds_the_truth(factors):
    span, _ = np.linalg.qr(factors.vectors[-1, :-1])  # the true factors lie in the span of the vectors
    truth = WORLD.item_factors
    left_over = truth - span @ (span.T @ truth)
    assert (left_over**2).sum() < 0.1 * (truth**2).sum()
    assert np.corrcoef(factors.bias[-1, :-1], WORLD.item_bias)[0, 1] > 0.9
    assert 0.5 < factors.noise < 0.65  # 0.5 stars, and what rounding to stars adds


def test_shapes_and_unknown_items(factors):
    assert factors.bias.shape == (6, 81) and factors.vectors.shape == (6, 81, 4) and factors.scale.shape == (5,)
    assert (factors.bias[:, -1] == DATA.values.mean()).all() and not factors.vectors[:, -1].any()
    assert factors.fold.shape == (301,) and factors.fold[-1] == 5 and set(factors.fold) == set(range(6))


def test_a_folds_table_does_not_know_the_ratings_of_that_fold():
    """Ratings that are pure noise: the item biases fit those they were made from, and only those."""
    noise = DATA.ratings.assign(rating=np.random.default_rng(0).integers(1, 6, len(DATA)).astype(float))
    data = DATA.replace_ratings(noise)
    found = fit_factors(data, rank=2, steps=20)
    full = np.corrcoef(found.bias[-1, data.item_codes], data.values)[0, 1]
    without = np.corrcoef(found.bias[found.fold[data.user_codes], data.item_codes], data.values)[0, 1]
    assert full > 0.05 and without < 0.2 * full


def test_an_item_without_ratings_takes_what_its_features_say():
    keep = DATA.item_codes >= 5
    cold = fit_factors(DATA.subset(keep), rank=3, steps=10)
    warm = fit_factors(DATA, rank=3, steps=10)
    assert np.isfinite(cold.vectors).all() and np.abs(cold.bias[-1, :5] - DATA.values.mean()).max() < 0.6
    assert not np.allclose(cold.bias[-1, :5], warm.bias[-1, :5], atol=0.05)


def test_it_is_exact_where_all_but_the_biases_is_off():
    """Rank-0-like data: two users, two items, constant ratings; the noise has a floor and nothing divides by zero."""
    frame = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [1, 2, 1, 2], "rating": [4.0] * 4})
    found = fit_factors(Interactions.from_frame(frame, scale=(1, 5)), rank=2, steps=30)
    np.testing.assert_allclose(found.bias[-1], 4, atol=1e-6)
    assert np.isfinite(found.vectors).all() and 0 < found.noise < 0.1


def test_the_draw_depends_on_the_seed_alone():
    one, two, three = (fit_factors(DATA, rank=2, steps=3, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one.vectors, two.vectors)
    assert not np.array_equal(one.vectors, three.vectors)
