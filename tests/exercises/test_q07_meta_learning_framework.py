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


@graded("ridge_adapt", core=True)
def test_one_rating_by_hand(yours):
    # prior variance 4, noise variance 1: the weight goes 4/5 of the way from 1 to 6
    got = yours.ridge_adapt(np.array([[1.0]]), np.array([6.0]), np.array([1.0]), np.array([2.0]), 1.0)
    assert_close(
        got,
        np.array([5.0]),
        cause=(
            "the way from the prior to the rating is scale² / (scale² + noise²)",
            "从先验朝评分走的比例是 scale² / (scale² + noise²)",
        ),
    )
    got = yours.ridge_adapt(np.array([[1.0]]), np.array([6.0]), np.array([1.0]), np.array([2.0]), 2.0)
    assert_close(got, np.array([3.5]), cause=("noise must be used", "没有用到 noise"))
    got = yours.ridge_adapt(np.array([[1.0]]), np.array([6.0]), np.array([1.0]), np.array([0.5]), 1.0)
    assert_close(got, np.array([2.0]), cause=("scale must be used", "没有用到 scale"))


@graded("ridge_adapt", core=True)
def test_agrees_with_the_large_form(yours, rng):
    for k, d in ((3, 8), (1, 5), (12, 4)):
        given = task(rng, k, d)
        assert_close(
            yours.ridge_adapt(*given),
            large_form(*given),
            cause=("scale, noise², or the prior mean in the residual", "scale、noise²，或残差里的先验均值"),
        )


@graded("ridge_adapt", core=True)
def test_agrees_with_scikit_learn(yours, rng):
    x, y, noise = rng.normal(size=(15, 3)), rng.normal(size=15), 0.7
    x[14], y[14] = x[0], y[0]  # an item with the same features, rated the same
    expected = Ridge(alpha=noise**2, fit_intercept=False).fit(x, y).coef_
    got = yours.ridge_adapt(x, y, np.zeros(3), np.ones(3), noise)
    assert_close(
        got,
        expected,
        cause=(
            "with prior 0 and scale 1 this is ridge regression of strength noise²",
            "先验为 0、scale 为 1 时就是强度为 noise² 的岭回归",
        ),
    )


@graded("ridge_adapt", core=True)
def test_whole_numbers_in_no_whole_numbers_out(yours):
    got = yours.ridge_adapt(np.array([[1, 2]]), np.array([41]), np.array([1, 0]), np.array([2, 1]), 1)
    # x S xᵀ + 1 = 4 + 4 + 1; residual 40; S xᵀ = (4, 2); a weight has no bounds
    assert_close(
        got,
        np.array([1 + 160 / 9, 80 / 9]),
        cause=("an array made like an integer one cuts fractions off", "按整数数组的类型新建的数组会截断小数"),
    )


@graded("ridge_adapt", core=True)
def test_no_rating_then_one(yours):
    prior, scale = np.array([1.0, -2.0]), np.array([1.0, 3.0])
    got = yours.ridge_adapt(np.zeros((0, 2)), np.zeros(0), prior, scale, 1.0)
    assert_close(got, prior, cause=("a user without ratings has the prior mean", "没有评分的用户就用先验均值"))
    got = yours.ridge_adapt(np.array([[0.0, 1.0]]), np.zeros(1), prior, scale, 1.0)
    # the residual is 2, and 9/10 of it is the weight's
    assert_close(got, np.array([1.0, -0.2]), cause=("one rating must move the mean", "一条评分就应移动均值"))


@graded("serve", core=True)
def test_a_request_by_hand(yours):
    vectors, bias = np.array([[1.0], [1.0], [-1.0], [2.0]]), np.array([3.0, 3.0, 3.5, 2.0625])
    # residual of item 0: 5 − 3 = 2, so w = 1: scores 4, 4, 2.5, 4.0625; the longest vector is ahead by little
    items, scores = yours.serve(vectors, bias, np.array([0]), np.array([5.0]), np.zeros(1), np.ones(1), 1.0, 2)
    assert_equal(
        items.tolist(),
        [3, 1],
        part="items",
        cause=(
            "rated items are left out; the rest by falling bias + vector · w",
            "去掉评过分的；其余按 bias + vector · w 从高到低",
        ),
    )
    assert_close(
        scores,
        np.array([4.0625, 4.0]),
        part="scores",
        cause=("the score is bias + vector · w", "分数是 bias + vector · w"),
    )


@graded("serve", core=True)
def test_the_best_items_are_all_rated(yours):
    vectors, bias = np.array([[1], [2], [3], [-1], [0], [1]]), np.array([3, 3, 3, 3, 3, 2])
    # residuals 2, 1, 1 of items 2, 0, 1: w = (6 + 1 + 2) / (9 + 1 + 4 + 4²) = 0.3; scores 3.3, 3.6, 3.9, 2.7, 3, 2.3
    rated, ratings = np.array([2, 0, 1]), np.array([5, 4, 4])
    for k, expected in ((1, [4]), (2, [4, 3]), (5, [4, 3, 5])):
        items, scores = yours.serve(vectors, bias, rated, ratings, np.array([0]), np.array([1]), 4, k)
        assert_equal(
            items.tolist(),
            expected,
            part="items",
            cause=(
                "take all rated items out of the whole list, then cut at k",
                "先从完整列表里去掉所有评过分的物品，再取前 k 个",
            ),
        )
        assert_close(
            scores,
            np.array([3.0, 2.7, 2.3][: len(expected)]),
            part="scores",
            cause=("scores written into an array of integers lose their fraction", "把分数写进整数数组，小数会被截断"),
        )


@graded("serve")
def test_ties_and_a_short_list(yours):
    vectors, bias, prior = np.ones((4, 1)), np.zeros(4), np.zeros(1)
    items, scores = yours.serve(vectors, bias, np.array([1]), np.array([0.5]), prior, np.ones(1), 1.0, 9)
    assert_equal(
        items.tolist(),
        [0, 2, 3],
        part="items",
        cause=("of equal scores the lower position first; no padding up to k", "同分时位置小的在前；不足 k 个不要补齐"),
    )
    assert_close(
        scores, np.full(3, 0.25), part="scores", cause=("half of the residual: w = 0.25", "残差的一半：w = 0.25")
    )
    everything = yours.serve(vectors, bias, np.array([3, 1, 0, 2]), np.ones(4), prior, np.ones(1), 1.0, 2)
    assert_equal(everything[0].tolist(), [], part="items", cause=("nothing is left to show", "已经没有可展示的物品"))


@graded("serve", core=True)
def test_without_ratings_the_prior_answers(yours):
    none = np.zeros(0, dtype=int)
    items, scores = yours.serve(
        np.array([[1.0], [-1.0]]), np.zeros(2), none, np.zeros(0), np.array([-1.0]), np.ones(1), 1.0, 2
    )
    assert_equal(
        items.tolist(),
        [1, 0],
        part="items",
        cause=("without ratings the prior mean scores the items", "没有评分时用先验均值打分"),
    )
    assert_close(
        scores,
        np.array([1.0, -1.0]),
        part="scores",
        cause=("a score below zero is a score as well", "负分也是分数"),
    )


@graded("serve")
def test_ties_among_many(yours):
    vectors = np.array([[at % 3] for at in range(30)], dtype=float)
    items, _ = yours.serve(vectors, np.zeros(30), np.array([0]), np.array([3.0]), np.ones(1), np.ones(1), 1.0, 12)
    assert_equal(
        items.tolist(),
        [at for at in range(30) if at % 3 == 2] + [1, 4],  # w = 1
        part="items",
        cause=('of equal scores the lower position first: kind="stable"', '同分时位置小的在前：用 kind="stable"'),
    )


@graded("serve", core=True)
def test_agrees_with_scoring_by_hand(yours, rng):
    vectors, bias, prior, scale = (
        rng.normal(size=(30, 4)),
        rng.normal(3, 1, 30),
        rng.normal(size=4),
        rng.uniform(0.3, 2, 4),
    )
    rated, ratings = np.array([4, 17, 9, 0, 22]), np.array([5.0, 1.0, 3.0, 2.0, 4.0])
    w = large_form(vectors[rated], ratings - bias[rated], prior, scale, 0.9)
    scores = bias + vectors @ w
    best = [int(item) for item in np.argsort(-scores, kind="stable") if item not in rated]
    for k in (5, 30):  # what was rated low is left out as well
        items, got = yours.serve(vectors, bias, rated, ratings, prior, scale, 0.9, k)
        assert_equal(
            items.tolist(),
            best[:k],
            part="items",
            cause=("adapt on ratings − bias, then score all items", "用 ratings − bias 做适应，再给所有物品打分"),
        )
        assert_close(
            got,
            scores[best[:k]],
            part="scores",
            cause=("the scores of the items returned, in the same order", "返回的物品对应的分数，顺序一致"),
        )


@graded("meta_embedding_init", core=True)
def test_one_rater_by_hand(yours):
    one = np.array([1.0])
    # the features say 2; the rater (vector 1) says 4; equal trust: 3
    got = yours.meta_embedding_init(one, np.array([[2.0]]), np.array([[1.0]]), np.array([4.0]), one, 1.0)
    assert_close(
        got,
        np.array([3.0]),
        cause=("the guess features @ projection is the prior mean", "猜测 features @ projection 就是先验均值"),
    )
    got = yours.meta_embedding_init(one, np.array([[2.0]]), np.array([[1.0]]), np.array([4.0]), np.array([3.0]), 1.0)
    assert_close(got, np.array([3.8]), cause=("scale must be used", "没有用到 scale"))
    got = yours.meta_embedding_init(one, np.array([[2.0]]), np.array([[1.0]]), np.array([4.0]), one, 2.0)
    assert_close(got, np.array([2.4]), cause=("noise must be used", "没有用到 noise"))


@graded("meta_embedding_init", core=True)
def test_several_genres_as_whole_numbers(yours):
    features, projection = np.array([1, 0, 1]), np.array([[1, 0, 2], [5, 5, 5], [0, 1, 2]])
    # the guess is (1, 1, 4); the rater (0, 0, 1) says 5, so the last place goes half the way
    got = yours.meta_embedding_init(features, projection, np.array([[0, 0, 1]]), np.array([5]), np.array([1, 1, 1]), 1)
    assert_close(
        got,
        np.array([1.0, 1.0, 4.5]),
        cause=(
            "the guess is features @ projection: the features as they are, their sum, no mean, no integers",
            "猜测是 features @ projection：特征原样使用，是求和不是平均，结果不是整数",
        ),
    )


@graded("meta_embedding_init", core=True)
def test_a_brand_new_item_has_the_guess_of_its_features(yours, rng):
    features, projection = rng.normal(size=3), rng.normal(size=(3, 4))
    got = yours.meta_embedding_init(features, projection, np.zeros((0, 4)), np.zeros(0), np.ones(4), 1.0)
    assert_close(
        got,
        features @ projection,
        cause=("without ratings nothing corrects the guess", "没有评分，猜测就不必修正"),
    )


@graded("meta_embedding_init", core=True)
def test_the_item_is_the_task(yours, rng):
    raters, ratings, _, scale, noise = task(rng, 6, 4)
    features, projection = rng.uniform(1, 2, 4), rng.normal(size=(4, 4))
    expected = large_form(raters, ratings, features @ projection, scale, noise)
    got = yours.meta_embedding_init(features, projection, raters, ratings, scale, noise)
    assert_close(
        got,
        expected,
        cause=(
            "the raters' vectors are the features, the item's vector is the weight",
            "评分用户的向量是特征，物品向量是权重",
        ),
    )
