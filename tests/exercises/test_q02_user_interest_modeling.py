"""Graded tests of q02."""

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from metarec_lib.workbook import assert_close, assert_true, graded


def _random_covariance(rng, size):
    root = rng.normal(size=(size, size))
    return root @ root.T / size + 0.1 * np.eye(size)


@graded("interest_posterior")
def test_one_rating_by_hand(yours):
    features, prior_mean = np.array([[1.0, 2.0]]), np.array([1.0, -1.0])
    # expected −1, seen 3; the gain is Cx / (xᵀCx + s²) = (1, 1) / 5
    got = yours.interest_posterior(features, np.array([3.0]), prior_mean, np.diag([1.0, 0.5]), 2.0)
    assert_close(got[0], np.array([1.8, -0.2]), cause="the surprise is y − Xm, and noise_variance is s², not s")
    assert_close(got[1], np.array([[0.8, -0.2], [-0.2, 0.3]]), cause="the covariance is the inverse of C⁻¹ + XᵀX / s²")


@graded("interest_posterior")
def test_without_ratings_it_is_the_prior(yours, rng):
    mean, covariance = rng.normal(size=3), _random_covariance(rng, 3)
    got = yours.interest_posterior(np.zeros((0, 3)), np.zeros(0), mean, covariance, 0.7)
    assert_close(got[0], mean, cause="a sum over no ratings is 0; dividing by K is not possible here")
    assert_close(got[1], covariance, cause="without ratings nothing is learned: the prior's covariance comes back")


@graded("interest_posterior")
def test_agrees_with_conditioning_the_joint_gaussian(yours, rng):
    for k, d in ((2, 5), (40, 4)):
        x, y, mean, c = rng.normal(size=(k, d)), rng.normal(size=k), rng.normal(size=d), _random_covariance(rng, d)
        gain = c @ x.T @ np.linalg.inv(x @ c @ x.T + 0.5 * np.eye(k))  # y and w are jointly Gaussian
        got = yours.interest_posterior(x, y, mean, c, 0.5)
        assert_close(got[0], mean + gain @ (y - x @ mean), cause="the prior mean, or the prior's covariance")
        assert_close(got[1], c - gain @ x @ c, cause="features that correlate, or precisions that were averaged")
        ridge = Ridge(alpha=0.5 / 0.2, fit_intercept=False).fit(x, y)
        mode = yours.interest_posterior(x, y, np.zeros(d), 0.2 * np.eye(d), 0.5)[0]
        assert_close(mode, ridge.coef_, cause="with m = 0 and C = τ²I it is ridge regression of strength s² / τ²")


@graded("interest_posterior")
def test_one_rating_at_a_time_gives_the_same(yours, rng):
    x, y, prior = rng.normal(size=(6, 3)), rng.normal(size=6), (rng.normal(size=3), _random_covariance(rng, 3))
    step = prior
    for row in range(6):
        step = yours.interest_posterior(x[row : row + 1], y[row : row + 1], *step, 0.8)
    assert_close(
        yours.interest_posterior(x, y, *prior, 0.8),
        step,
        rtol=1e-6,
        cause="today's posterior is tomorrow's prior: the order and the grouping of the ratings must not matter",
    )


@graded("out_of_fold_predictions")
def test_means_by_hand(yours, given):
    users, ratings = np.array([0, 1, 2, 0, 1, 3]), np.array([1.0, 2.0, 3.0, 5.0, 6.0, 1.0])
    got = yours.out_of_fold_predictions(
        given("mean_predictor"), np.zeros((6, 1)), ratings, users, np.array([0, 1, 0, 2])
    )
    # fold 0 (users 0, 2) from 2, 6, 1; fold 1 (user 1) from 1, 3, 5, 1; fold 2 (user 3) from 1, 2, 3, 5, 6
    assert_close(
        got,
        np.array([3.0, 2.5, 3.0, 3.0, 2.5, 3.4]),
        cause="fit on the other folds, predict this one, and keep the order of the ratings",
    )


@graded("out_of_fold_predictions")
def test_agrees_with_scikit_learn(yours, given, rng):
    fold_of_user = np.array([2, 0, 1, 1, 0, 2, 1])
    users, x = rng.integers(0, 7, 60), rng.normal(size=(60, 3))
    y = x @ np.array([1.0, -2.0, 0.5]) + rng.normal(size=60)
    expected = cross_val_predict(
        Ridge(alpha=2.0, fit_intercept=False), x, y, groups=fold_of_user[users], cv=LeaveOneGroupOut()
    )
    got = yours.out_of_fold_predictions(given("ridge", strength=2.0), x, y, users, fold_of_user)
    assert_close(got, expected, cause="the model must be fitted anew for each fold, on the rows outside it")


@graded("out_of_fold_predictions")
def test_no_prediction_depends_on_its_own_users_ratings(yours, given, rng):
    fold_of_user, users, x = np.array([0, 1, 2, 0, 1]), np.repeat(np.arange(5), 6), rng.normal(size=(30, 2))
    y = rng.normal(size=30)
    changed = np.where(users == 3, y + rng.normal(5, 1, size=30), y)  # another history of user 3 alone
    before, after = (
        yours.out_of_fold_predictions(given("ridge", strength=1.0), x, r, users, fold_of_user) for r in (y, changed)
    )
    same = fold_of_user[users] == 0
    assert_close(after[same], before[same], cause="a user's own ratings reached the model that predicts them")
    assert_true(np.abs(after - before)[~same].min() > 1e-6, "the other folds to learn from the changed ratings")


@graded("out_of_fold_predictions")
def test_folds_may_have_any_numbers(yours, given):
    users, ratings = np.array([1, 0, 1, 0]), np.array([4.0, 1.0, 2.0, 3.0])
    got = yours.out_of_fold_predictions(given("mean_predictor"), np.zeros((4, 1)), ratings, users, np.array([9, 4, 5]))
    assert_close(
        got,
        np.array([2.0, 3.0, 2.0, 3.0]),
        cause="folds are labels, not 0, 1, 2 …; and user 2, who has no ratings, has a fold too",
    )


@graded("stacking_weights")
def test_two_models_by_hand(yours):
    errors = np.array([[1.0, 1.0], [1.0, -1.0], [0.0, 2.0], [0.0, 0.0]])  # mean squares 0.5, 1.5; mean product 0
    got = yours.stacking_weights(4.0 + errors, np.full(4, 4.0))
    assert_close(got, np.array([0.75, 0.25]), cause="independent errors: weights go as one over the mean square")
    ratings = np.array([3.0, 4.0, 5.0, 2.0])
    p = ratings[:, None] + np.array([[1.0, 1.0], [1.0, 0.0], [-1.0, -1.0], [-1.0, 0.0]])
    # mean squares 1 and 0.5, mean product 0.5
    assert_close(
        yours.stacking_weights(p, ratings), np.array([0.0, 1.0]), cause="what two models get wrong together counts too"
    )
    assert_close(
        yours.stacking_weights(p, ratings, 0.5),
        np.array([1 / 3, 2 / 3]),
        cause="EᵀE / n with the strength on its diagonal; and the condition holds while solving, not afterwards",
    )


@graded("stacking_weights")
def test_agrees_with_ridge_on_what_the_condition_leaves_free(yours, rng):
    for m, strength in ((2, 0.0), (3, 0.05), (5, 0.4)):
        ratings = rng.normal(3.5, 1, 200)
        errors = rng.normal(size=(200, m)) @ rng.normal(size=(m, m)) + rng.normal(0, 0.5, m)  # biased, correlated
        p = ratings[:, None] + errors
        free = np.linalg.svd(np.ones((1, m)))[2][1:].T  # (M, M − 1), orthonormal, each column sums to 0
        ridge = Ridge(alpha=200 * strength, fit_intercept=False).fit(p @ free, ratings - p.mean(1))
        assert_close(
            yours.stacking_weights(p, ratings, strength),
            1 / m + free @ ridge.coef_,
            rtol=1e-6,
            cause="the condition Σ a = 1, the penalty, or errors whose mean is not 0",
        )


@graded("stacking_weights")
def test_what_must_not_matter(yours, rng):
    ratings = rng.normal(3.5, 1, 80)
    p = ratings[:, None] + rng.normal(size=(80, 3)) @ rng.normal(size=(3, 3)) + np.array([0.6, 0.0, -0.3])
    weights = yours.stacking_weights(p, ratings, 0.1)
    assert_close(weights.sum(), 1.0, cause="the weights sum to one")
    twice = yours.stacking_weights(np.vstack([p, p]), np.tile(ratings, 2), 0.1)
    assert_close(twice, weights, rtol=1e-6, cause="each rating twice: a mean stays as it is, a sum does not")
    assert_close(yours.stacking_weights(p + 1, ratings + 1, 0.1), weights, rtol=1e-6, cause="stars from 2 to 6")
    order = [2, 0, 1]
    assert_close(
        yours.stacking_weights(p[:, order], ratings, 0.1), weights[order], rtol=1e-6, cause="the models' order"
    )


@graded("stacking_weights")
def test_a_single_model_a_double_one_and_a_strong_penalty(yours, rng):
    ratings = rng.normal(3.5, 1, 50)
    p = ratings[:, None] + rng.normal(size=(50, 3))
    assert_close(yours.stacking_weights(p[:, :1], ratings), np.array([1.0]), cause="one model has all the weight")
    double = yours.stacking_weights(p[:, [0, 0]], ratings, 0.1)
    assert_close(double, np.array([0.5, 0.5]), cause="two equal models share; the penalty decides")
    strong = yours.stacking_weights(p, ratings, 1e6)
    assert_close(strong, np.full(3, 1 / 3), rtol=1e-5, cause="under a strong penalty the weights are equal, not zero")
