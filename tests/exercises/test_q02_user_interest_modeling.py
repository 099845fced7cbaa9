"""Graded tests of q02."""

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from metarec_lib.workbook import assert_close, assert_true, graded


def _random_covariance(rng, size):
    root = rng.normal(size=(size, size))
    return root @ root.T / size + 0.1 * np.eye(size)


@graded("interest_posterior", core=True)
def test_one_rating_by_hand(yours):
    features, prior_mean = np.array([[1.0, 2.0]]), np.array([1.0, -1.0])
    # expected −1, seen 3; the gain is Cx / (xᵀCx + s²) = (1, 1) / 5
    mean, covariance = yours.interest_posterior(features, np.array([3.0]), prior_mean, np.diag([1.0, 0.5]), 2.0)
    assert_close(
        mean,
        np.array([1.8, -0.2]),
        part="mean",
        cause=(
            "the surprise is y − Xm, and noise_variance is s², not s",
            "残差是 y − Xm；noise_variance 是 s²，不是 s",
        ),
    )
    assert_close(
        covariance,
        np.array([[0.8, -0.2], [-0.2, 0.3]]),
        part="covariance",
        cause=("the covariance is the inverse of C⁻¹ + XᵀX / s²", "协方差是 C⁻¹ + XᵀX / s² 的逆"),
    )


@graded("interest_posterior")
def test_whole_numbers_in_no_whole_numbers_out(yours):
    features, ratings, prior_mean = np.array([[1, 2]]), np.array([3]), np.array([1, -1])
    # surprise 4; the gain is (2, 2) / (6 + s²): with s² = 3 the mean moves by 8/9, with s² = 2 by 1
    mean, covariance = yours.interest_posterior(features, ratings, prior_mean, np.diag([2, 1]), 3)
    assert_close(
        mean,
        np.array([17 / 9, -1 / 9]),
        part="mean",
        cause=("an array made like an integer one cuts fractions off", "按整数数组的类型新建的数组会截断小数"),
    )
    assert_close(
        covariance,
        np.array([[14 / 9, -4 / 9], [-4 / 9, 5 / 9]]),
        part="covariance",
        cause=("an array made like an integer one cuts fractions off", "按整数数组的类型新建的数组会截断小数"),
    )
    mean, _ = yours.interest_posterior(features, ratings, prior_mean, np.diag([2, 1]), 2)
    assert_close(
        mean, np.array([2.0, 0.0]), part="mean", cause=("noise_variance must be used", "没有用到 noise_variance")
    )


@graded("interest_posterior", core=True)
def test_no_rating_then_one(yours, rng):
    prior, c = rng.normal(size=3), _random_covariance(rng, 3)
    mean, covariance = yours.interest_posterior(np.zeros((0, 3)), np.zeros(0), prior, c, 0.7)
    assert_close(
        mean,
        prior,
        part="mean",
        cause=("a sum over no ratings is 0; dividing by K is not possible here", "没有评分时和为 0，这里不能除以 K"),
    )
    assert_close(
        covariance,
        c,
        part="covariance",
        cause=(
            "without ratings nothing is learned: the prior's covariance comes back",
            "没有评分就什么也没学到：协方差仍是先验的",
        ),
    )
    # one interest, prior variance 4, noise 1: the mean goes 4/5 of the way from 1 to 6
    mean, covariance = yours.interest_posterior(np.ones((1, 1)), np.array([6.0]), np.ones(1), np.full((1, 1), 4.0), 1.0)
    assert_close(mean, np.array([5.0]), part="mean", cause=("one rating must move the mean", "一条评分就应移动均值"))
    assert_close(covariance, np.array([[0.8]]), part="covariance", cause=("1 / (1/4 + 1/1)", "应为 1 / (1/4 + 1/1)"))


@graded("interest_posterior", core=True)
def test_agrees_with_conditioning_the_joint_gaussian(yours, rng):
    for k, d in ((2, 5), (40, 4)):
        x, y, prior, c = rng.normal(size=(k, d)), rng.normal(size=k), rng.normal(size=d), _random_covariance(rng, d)
        x, y = np.vstack([x, x[:1]]), np.append(y, y[0])  # an equal film, rated the same: it counts twice
        gain = c @ x.T @ np.linalg.inv(x @ c @ x.T + 0.5 * np.eye(k + 1))  # y and w are jointly Gaussian
        mean, covariance = yours.interest_posterior(x, y, prior, c, 0.5)
        assert_close(
            mean,
            prior + gain @ (y - x @ prior),
            part="mean",
            cause=("the prior mean, or the prior's covariance", "先验均值，或先验协方差"),
        )
        assert_close(
            covariance,
            c - gain @ x @ c,
            part="covariance",
            cause=("features that correlate, or precisions that were averaged", "特征之间相关，或者把精度取了平均"),
        )
        ridge = Ridge(alpha=0.5 / 0.2, fit_intercept=False).fit(x, y)
        mode = yours.interest_posterior(x, y, np.zeros(d), 0.2 * np.eye(d), 0.5)[0]
        assert_close(
            mode,
            ridge.coef_,
            part="mean",
            cause=(
                "with m = 0 and C = τ²I it is ridge regression of strength s² / τ²",
                "m = 0、C = τ²I 时就是强度为 s² / τ² 的岭回归",
            ),
        )


@graded("interest_posterior")
def test_one_rating_at_a_time_gives_the_same(yours, rng):
    x, y, m, c = rng.normal(size=(6, 3)), rng.normal(size=6), rng.normal(size=3), _random_covariance(rng, 3)
    step = m, c
    for row in range(6):
        step = yours.interest_posterior(x[row : row + 1], y[row : row + 1], *step, 0.8)
    mean = np.linalg.solve(np.linalg.inv(c) + x.T @ x / 0.8, np.linalg.solve(c, m) + x.T @ y / 0.8)
    assert_close(
        step[0],
        mean,
        rtol=1e-6,
        part="mean",
        cause=("today's posterior is tomorrow's prior", "今天的后验就是明天的先验"),
    )
    assert_close(
        yours.interest_posterior(x, y, m, c, 0.8),
        step,
        rtol=1e-6,
        cause=("the order and the grouping of the ratings must not matter", "评分的顺序和分组方式不应影响结果"),
    )


@graded("out_of_fold_predictions", core=True)
def test_means_by_hand(yours, given):
    users, ratings = np.array([0, 1, 2, 0, 1, 3]), np.array([1.0, 2.0, 3.0, 5.0, 6.0, 1.0])
    got = yours.out_of_fold_predictions(
        given("mean_predictor"), np.zeros((6, 1)), ratings, users, np.array([0, 1, 0, 2])
    )
    # fold 0 (users 0, 2) from 2, 6, 1; fold 1 (user 1) from 1, 3, 5, 1; fold 2 (user 3) from 1, 2, 3, 5, 6
    assert_close(
        got,
        np.array([3.0, 2.5, 3.0, 3.0, 2.5, 3.4]),
        cause=(
            "fit on the other folds, predict this one, and keep the order of the ratings",
            "用其他折拟合、预测这一折，并保持评分的顺序",
        ),
    )


@graded("out_of_fold_predictions", core=True)
def test_agrees_with_scikit_learn(yours, given, rng):
    fold_of_user = np.array([2, 0, 2, 1, 1, 0, 2, 1])  # user 2 has no ratings
    users = rng.permutation(np.array([0, 1, 3, 4, 5, 6, 7])[np.arange(60) % 7])
    x = rng.normal(size=(60, 3))
    y = x @ np.array([1.0, -2.0, 0.5]) + rng.normal(size=60)
    expected = cross_val_predict(
        Ridge(alpha=2.0, fit_intercept=False), x, y, groups=fold_of_user[users], cv=LeaveOneGroupOut()
    )
    got = yours.out_of_fold_predictions(given("ridge", strength=2.0), x, y, users, fold_of_user)
    assert_close(
        got,
        expected,
        cause=(
            "the model that was handed in must be fitted anew for each fold, on the rows outside it; and a user may have no "
            "rating, so the fold of a rating is fold_of_user[users]",
            "每一折都要用折外的行重新拟合传入的模型；而且有的用户没有评分，评分所属的折是 fold_of_user[users]",
        ),
    )


@graded("out_of_fold_predictions", core=True)
def test_no_prediction_depends_on_its_own_users_ratings(yours, given, rng):
    fold_of_user, users, x = np.array([0, 1, 2, 0, 1]), np.repeat(np.arange(5), 6), rng.normal(size=(30, 2))
    y = rng.normal(size=30)
    changed = np.where(users == 3, y + rng.normal(5, 1, size=30), y)  # another history of user 3 alone
    before, after = (
        yours.out_of_fold_predictions(given("ridge", strength=1.0), x, r, users, fold_of_user) for r in (y, changed)
    )
    same = fold_of_user[users] == 0
    assert_close(
        after[same],
        before[same],
        cause=("a user's own ratings reached the model that predicts them", "用户自己的评分进入了预测他的模型"),
    )
    moved = np.abs(after - before)[~same].min() > 1e-6
    assert_true(moved, ("the other folds to learn from the changed ratings", "其他折会受到这些评分的影响"))


@graded("out_of_fold_predictions", core=True)
def test_folds_are_labels_and_may_be_empty(yours, given):
    users, ratings = np.array([1, 0, 1, 0]), np.array([4.0, 1.0, 2.0, 3.0])
    for labels in ([9, 4, 5], [-3, -1, 0], [0, -7, 10**5]):
        got = yours.out_of_fold_predictions(given("mean_predictor"), np.zeros((4, 1)), ratings, users, np.array(labels))
        assert_close(
            got,
            np.array([2.0, 3.0, 2.0, 3.0]),
            cause=(
                "folds are labels, not 0, 1, 2 …; and user 2, who has no ratings, has a fold too",
                "折号只是标签，不一定是 0、1、2……；用户 2 没有评分，但也有所属的折",
            ),
        )


@graded("out_of_fold_predictions", core=True)
def test_stars_may_be_whole_numbers(yours, given):
    users, ratings = np.array([2, 0, 1, 0]), np.array([5, 1, 4, 2])
    got = yours.out_of_fold_predictions(
        given("mean_predictor"), np.zeros((4, 1), dtype=int), ratings, users, np.array([0, 1, 1])
    )
    # fold 0 (users 0; rows 1, 3) from 5, 4; fold 1 from 1, 2
    assert_close(
        got,
        np.array([1.5, 4.5, 1.5, 4.5]),
        cause=(
            "an array made like `ratings`, whose stars are integers here, cuts fractions off",
            "这里的评分是整数，按 `ratings` 的类型新建的数组会截断小数",
        ),
    )


@graded("stacking_weights", core=True)
def test_two_models_by_hand(yours):
    errors = np.array([[1.0, 1.0], [1.0, -1.0], [0.0, 2.0], [0.0, 0.0]])  # mean squares 0.5, 1.5; mean product 0
    got = yours.stacking_weights(4.0 + errors, np.full(4, 4.0))
    assert_close(
        got,
        np.array([0.75, 0.25]),
        cause=("independent errors: weights go as one over the mean square", "误差互不相关时，权重与均方误差成反比"),
    )
    ratings = np.array([3.0, 4.0, 5.0, 2.0])
    p = ratings[:, None] + np.array([[1.0, 1.0], [1.0, 0.0], [-1.0, -1.0], [-1.0, 0.0]])
    # mean squares 1 and 0.5, mean product 0.5
    assert_close(
        yours.stacking_weights(p, ratings),
        np.array([0.0, 1.0]),
        cause=("what two models get wrong together counts too", "两个模型同时犯的错也要算进去"),
    )
    assert_close(
        yours.stacking_weights(p, ratings, 0.5),
        np.array([1 / 3, 2 / 3]),
        cause=(
            "EᵀE / n with the strength on its diagonal; and the condition holds while solving, not afterwards",
            "EᵀE / n 的对角线加上 strength；约束要在求解时成立，而不是事后归一化",
        ),
    )


@graded("stacking_weights")
def test_whole_numbers_and_a_weight_below_zero(yours):
    ratings = np.array([3, 4])
    p = ratings[:, None] + np.array([[1, 3], [1, 1]])  # mean squares 1 and 5, mean product 2
    assert_close(
        yours.stacking_weights(p, ratings),
        np.array([1.5, -0.5]),
        cause=("a weight may be negative, and is no integer where the stars are", "权重可以为负；评分是整数，权重不是"),
    )
    one = yours.stacking_weights(p[:, 1:], ratings)
    assert_close(one, np.array([1.0]), cause=("one model has all the weight", "只有一个模型时，权重全归它"))


@graded("stacking_weights", core=True)
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
            cause=(
                "the condition Σ a = 1, the penalty, or errors whose mean is not 0",
                "约束 Σ a = 1、惩罚项，或者均值不为 0 的误差",
            ),
        )


@graded("stacking_weights")
def test_what_must_not_matter(yours):
    errors = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])  # mean squares 0.5 and 2
    ratings, expected = np.array([3.0, 1.0, 5.0, 4.0]), np.array([5 / 7, 2 / 7])  # 1/1 to 1/2.5 with a strength of 0.5
    p = ratings[:, None] + errors
    assert_close(
        yours.stacking_weights(np.vstack([p, p]), np.tile(ratings, 2), 0.5),
        expected,
        cause=("each rating twice: a mean stays as it is, a sum does not", "每条评分重复一次：均值不变，求和会变"),
    )
    assert_close(
        yours.stacking_weights(p + 1, ratings + 1, 0.5), expected, cause=("stars from 2 to 6", "评分换成 2 至 6 星")
    )
    assert_close(
        yours.stacking_weights(p[::-1, ::-1].copy(), ratings[::-1].copy(), 0.5),
        expected[::-1].copy(),
        cause=("the order of the models and of the ratings", "模型的顺序、评分的顺序"),
    )


@graded("stacking_weights")
def test_a_double_model_and_a_strong_penalty(yours):
    errors = np.array([[1.0, 1.0, 0.0], [-1.0, -1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0]])  # mean squares 0.5
    p, ratings = 3.0 + errors, np.full(4, 3.0)
    # with a strength of 0.25: 1.25 for each of the twins, 0.75 for the third
    assert_close(
        yours.stacking_weights(p, ratings, 0.25),
        np.array([3.0, 3.0, 5.0]) / 11,
        cause=("two equal models share; the penalty decides", "两个相同的模型平分权重，由惩罚项决定"),
    )
    # from 1 : 1 : 1 the weights differ by 0.5 / strength
    assert_close(
        yours.stacking_weights(p, ratings, 1e3),
        np.array([1000.5, 1000.5, 1001.0]) / 3002,
        cause=(
            "under a strong penalty the weights are nearly equal, not zero",
            "惩罚很强时各权重接近相等，而不是趋于零",
        ),
    )
