"""Graded tests of q07."""

import numpy as np
from sklearn.linear_model import Ridge

from metarec_lib.workbook import assert_close, assert_equal, graded


def task(rng, k, d):
    return rng.normal(size=(k, d)), rng.normal(size=k), rng.normal(size=d), rng.uniform(0.3, 2, d), 0.8


def large_form(x, y, prior_mean, scale, noise):
    """The D × D form: (xᵀx / noise² + S⁻¹)⁻¹ (xᵀy / noise² + S⁻¹ m)."""
    precision = x.T @ x / noise**2 + np.diag(scale**-2.0)
    return np.linalg.solve(precision, x.T @ y / noise**2 + prior_mean / scale**2)


@graded("ridge_adapt")
def test_one_rating_by_hand(yours):
    # prior variance 4, noise variance 1: the weight goes 4/5 of the way from 1 to 6
    got = yours.ridge_adapt(np.array([[1.0]]), np.array([6.0]), np.array([1.0]), np.array([2.0]), 1.0)
    assert_close(got, np.array([5.0]), cause="the way from the prior to the rating is scale² / (scale² + noise²)")


@graded("ridge_adapt")
def test_agrees_with_the_large_form(yours, rng):
    for k, d in ((3, 8), (1, 5), (12, 4)):
        given = task(rng, k, d)
        assert_close(
            yours.ridge_adapt(*given), large_form(*given), cause="scale, noise², or the prior mean in the residual"
        )


@graded("ridge_adapt")
def test_agrees_with_scikit_learn(yours, rng):
    x, y, noise = rng.normal(size=(15, 3)), rng.normal(size=15), 0.7
    expected = Ridge(alpha=noise**2, fit_intercept=False).fit(x, y).coef_
    got = yours.ridge_adapt(x, y, np.zeros(3), np.ones(3), noise)
    assert_close(got, expected, cause="with prior 0 and scale 1 this is ridge regression of strength noise²")


@graded("ridge_adapt")
def test_without_ratings_it_is_the_prior(yours):
    got = yours.ridge_adapt(np.zeros((0, 2)), np.zeros(0), np.array([1.0, -2.0]), np.ones(2), 1.0)
    assert_close(got, np.array([1.0, -2.0]), cause="a user without ratings has the prior mean")


@graded("serve")
def test_a_request_by_hand(yours):
    vectors, bias = np.array([[1.0], [1.0], [-1.0], [2.0]]), np.array([3.0, 3.0, 3.5, 1.0])
    # residual of item 0: 5 − 3 = 2, so w = 1: scores 4, 4, 2.5, 3
    items, scores = yours.serve(vectors, bias, np.array([0]), np.array([5.0]), np.zeros(1), np.ones(1), 1.0, 2)
    assert_equal(items.tolist(), [1, 3], cause="rated items are left out; the rest by falling bias + vector · w")
    assert_close(scores, np.array([4.0, 3.0]), cause="the score is bias + vector · w")


@graded("serve")
def test_ties_and_a_short_list(yours):
    got = yours.serve(np.ones((4, 1)), np.zeros(4), np.array([1]), np.array([0.0]), np.zeros(1), np.ones(1), 1.0, 9)
    assert_equal(got[0].tolist(), [0, 2, 3], cause="of equal scores the lower position first; no padding up to k")


@graded("serve")
def test_without_ratings_the_prior_answers(yours):
    none = np.zeros(0, dtype=int)
    got = yours.serve(np.array([[1.0], [-1.0]]), np.zeros(2), none, np.zeros(0), np.array([-1.0]), np.ones(1), 1.0, 2)
    assert_equal(got[0].tolist(), [1, 0], cause="without ratings the prior mean scores the items")
    assert_close(got[1], np.array([1.0, -1.0]), cause="a score below zero is a score as well")


@graded("serve")
def test_ties_among_many(yours):
    vectors = np.array([[at % 3] for at in range(30)], dtype=float)
    got = yours.serve(vectors, np.zeros(30), np.array([0]), np.array([3.0]), np.ones(1), np.ones(1), 1.0, 12)
    expected = [at for at in range(30) if at % 3 == 2] + [1, 4]  # w = 1
    assert_equal(got[0].tolist(), expected, cause='of equal scores the lower position first: kind="stable"')


@graded("serve")
def test_agrees_with_scoring_by_hand(yours, rng):
    vectors, bias, prior, scale = rng.normal(size=(30, 4)), rng.normal(3, 1, 30), rng.normal(size=4), np.full(4, 0.5)
    rated, ratings = np.array([4, 17, 9]), np.array([5.0, 1.0, 3.0])
    w = large_form(vectors[rated], ratings - bias[rated], prior, scale, 0.9)
    scores = bias + vectors @ w
    expected = [item for item in np.argsort(-scores, kind="stable") if item not in rated][:5]
    items, got = yours.serve(vectors, bias, rated, ratings, prior, scale, 0.9, 5)
    assert_equal(
        items.tolist(), [int(item) for item in expected], cause="adapt on ratings − bias, then score all items"
    )
    assert_close(got, scores[expected], cause="the scores of the items returned, in the same order")


@graded("meta_embedding_init")
def test_one_rater_by_hand(yours):
    # the features say 2; the rater (vector 1) says 4; equal trust: 3
    got = yours.meta_embedding_init(
        np.array([1.0]), np.array([[2.0]]), np.array([[1.0]]), np.array([4.0]), np.array([1.0]), 1.0
    )
    assert_close(got, np.array([3.0]), cause="the guess features @ projection is the prior mean")


@graded("meta_embedding_init")
def test_a_brand_new_item_has_the_guess_of_its_features(yours, rng):
    features, projection = rng.normal(size=3), rng.normal(size=(3, 4))
    got = yours.meta_embedding_init(features, projection, np.zeros((0, 4)), np.zeros(0), np.ones(4), 1.0)
    assert_close(got, features @ projection, cause="without ratings nothing corrects the guess")


@graded("meta_embedding_init")
def test_the_item_is_the_task(yours, rng):
    raters, ratings, _, scale, noise = task(rng, 6, 4)
    features, projection = rng.normal(size=3), rng.normal(size=(3, 4))
    expected = large_form(raters, ratings, features @ projection, scale, noise)
    got = yours.meta_embedding_init(features, projection, raters, ratings, scale, noise)
    assert_close(got, expected, cause="the raters' vectors are the features, the item's vector is the weight")
