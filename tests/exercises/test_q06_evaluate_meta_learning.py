"""Graded tests of q06."""

import numpy as np
from sklearn.metrics import ndcg_score

from metarec_lib.workbook import assert_close, assert_equal, graded


@graded("ndcg_at_k", core=True)
def test_a_list_without_ties_by_hand(yours):
    scores, gains = np.array([0.2, 0.9, 0.4, 0.1]), np.array([3.0, 0.0, 1.0, 7.0])
    # ranked: gains 0, 1, 3 (and 7 beyond k); best: 7, 3, 1
    best = 7 + 3 / np.log2(3) + 1 / np.log2(4)
    assert_close(
        yours.ndcg_at_k(scores, gains, 3),
        (1 / np.log2(3) + 3 / np.log2(4)) / best,
        cause=("the order, the discount, or the ideal list", "次序、折扣，或理想列表"),
    )
    assert_close(
        yours.ndcg_at_k(scores, gains, 1),
        0.0,
        cause=("the one item shown is worth nothing: 0, not NaN", "展示的唯一物品没有价值：应为 0，不是 NaN"),
    )
    assert_close(
        yours.ndcg_at_k(scores, gains, 9),
        (1 / np.log2(3) + 3 / np.log2(4) + 7 / np.log2(5)) / best,
        cause=("k may be larger than the list", "k 可以超过列表长度"),
    )


@graded("ndcg_at_k", core=True)
def test_two_tied_items_share_their_places(yours):
    scores, gains = np.array([0.5, 0.5, 0.9]), np.array([0.0, 1.0, 0.0])
    expected = (1 / np.log2(3) + 1 / np.log2(4)) / 2  # second or third, half the time each
    assert_close(
        yours.ndcg_at_k(scores, gains, 3),
        expected,
        cause=("tied items were taken in the order of the list", "同分物品按列表顺序排了先后"),
    )
    near = yours.ndcg_at_k(np.array([0.5, 0.5 + 1e-9]), np.array([0.0, 1.0]), 1)
    assert_close(
        near, 1.0, cause=("only equal scores are ties; these two differ", "只有分数相等才算同分；这两个并不相等")
    )


@graded("ndcg_at_k", core=True)
def test_a_tie_across_the_cut_counts_with_its_chance(yours):
    scores, gains = np.zeros(4), np.array([0.0, 0.0, 0.0, 1.0])
    assert_close(
        yours.ndcg_at_k(scores, gains, 1),
        0.25,
        cause=(
            "one of four tied items is first with chance 1/4; average before the cut at k",
            "四个同分物品各有 1/4 的机会排第一；应先平均，再在 k 处截断",
        ),
    )


@graded("ndcg_at_k", core=True)
def test_gains_may_be_whole_numbers(yours):
    scores, gains = np.array([2, 7, 2, 7, 2]), np.array([1, 2, 0, 1, 0])
    # tied: 2 and 1 share 1.5, then 1, 0 and 0 share 1/3
    shown = 1.5 * (1 + 1 / np.log2(3)) + (1 / np.log2(4)) / 3
    assert_close(
        yours.ndcg_at_k(scores, gains, 3),
        shown / (2 + 1 / np.log2(3) + 1 / np.log2(4)),
        cause=("a mean written into an array of integers loses its fraction", "把均值写进整数数组，小数会被截断"),
    )


@graded("ndcg_at_k", core=True)
def test_agrees_with_scikit_learn_on_random_lists_with_ties(yours, rng):
    for size, k in ((6, 3), (20, 10), (50, 5)):
        scores, gains = rng.integers(-2, 2, size).astype(float), 2.0 ** rng.integers(-2, 3, size)
        assert_close(
            yours.ndcg_at_k(scores, gains, k),
            ndcg_score([gains], [scores], k=k),
            cause=("ties, the cut at k, or the ideal list", "同分、在 k 处的截断，或理想列表"),
        )


@graded("ndcg_at_k")
def test_one_item_good_or_not(yours):
    assert_close(
        yours.ndcg_at_k(np.array([-0.3]), np.array([4.0]), 1),
        1.0,
        cause=("the one item stands where it should", "唯一的物品就在该在的位置"),
    )
    assert_close(
        yours.ndcg_at_k(np.array([0.3, 0.1]), np.zeros(2), 2),
        float("nan"),
        cause=("0 would count against the model; there is nothing to find", "没有可找的物品；记 0 会冤枉模型"),
    )


@graded("paired_bootstrap", core=True)
def test_three_resamples_by_hand(yours):
    a, b = np.array([1.0, 3.0]), np.array([0.0, 1.0])
    got = yours.paired_bootstrap(a, b, np.array([[0, 0], [1, 1], [0, 1]]))
    assert_close(
        got,
        (1.5, 1.025, 1.975),
        cause=(
            "means of the resamples are 1, 2 and 1.5; quantiles 0.025 and 0.975 of these",
            "重采样的均值是 1、2 和 1.5；取它们的 0.025 和 0.975 分位数",
        ),
    )
    got = yours.paired_bootstrap(a, b, np.array([[0, 0], [0, 0], [0, 1]]))
    assert_close(
        got,
        (1.5, 1.0, 1.475),
        cause=(
            "other `indices`, another interval: nothing is drawn here",
            "`indices` 变了，区间就应跟着变：这里不需要再采样",
        ),
    )


@graded("paired_bootstrap")
def test_the_estimate_is_the_observed_mean(yours):
    a, b = np.array([5.0, 0.0, 1.0]), np.zeros(3)
    got = yours.paired_bootstrap(a, b, np.array([[0, 0, 0], [0, 0, 1]]))
    assert_close(
        got,
        (2.0, 10 / 3 + 0.025 * 5 / 3, 10 / 3 + 0.975 * 5 / 3),
        cause=(
            "the mean of the resamples is only near the mean of the differences",
            "重采样均值的平均只是接近差值的均值",
        ),
    )


@graded("paired_bootstrap")
def test_what_all_users_share_drops_out(yours, rng):
    b, indices = rng.normal(3, 2, 40), rng.integers(0, 40, (200, 40))
    got = yours.paired_bootstrap(b + np.where(np.arange(40) < 20, 0.5, 0.7), b, indices)
    means = 0.5 + 0.2 * (indices >= 20).mean(axis=1)
    assert_close(
        got,
        (0.6, *np.quantile(means, [0.025, 0.975])),
        cause=(
            "a and b were resampled apart, so the spread between users stayed in",
            "a 和 b 是分开重采样的，用户之间的差异没有抵消",
        ),
    )


@graded("paired_bootstrap", core=True)
def test_hits_are_whole_numbers(yours):
    a, b = np.array([1, 0, 1, 1]), np.array([0, 0, 1, 0])
    got = yours.paired_bootstrap(a, b, np.array([[0, 1, 2, 3], [0, 0, 0, 1], [1, 2, 1, 3], [0, 3, 3, 0]]))
    assert_close(
        got,
        (0.5, 0.26875, 0.98125),  # the resampled means are 0.5, 0.75, 0.25 and 1
        cause=("a mean written into an array of integers loses its fraction", "把均值写进整数数组，小数会被截断"),
    )


@graded("paired_bootstrap", core=True)
def test_swapping_the_models_turns_the_interval_round(yours, rng):
    a, b, indices = rng.normal(size=30), rng.normal(size=30), rng.integers(0, 30, (30, 30))
    mean, low, high = yours.paired_bootstrap(a, b, indices)
    difference = np.array([(a - b)[row].mean() for row in indices])
    expected = (np.mean(a - b), *np.quantile(difference, [0.025, 0.975]))
    assert_close(
        (mean, low, high), expected, cause=("the sign (a − b), or the level (95 %)", "符号（a − b），或置信水平（95%）")
    )
    assert_close(
        yours.paired_bootstrap(b, a, indices),
        (-expected[0], -expected[2], -expected[1]),
        cause=("the sign (a − b)", "符号（a − b）"),
    )


def _check_split(got, users, test_users, k):
    """Compare the three masks with a count by hand; says which of them differs."""
    train, support, query = got
    is_test = np.array([user in set(test_users.tolist()) for user in users.tolist()])
    place = np.array([(users[:row] == user).sum() for row, user in enumerate(users)])
    assert_equal(
        train,
        ~is_test,
        part="train",
        cause=("ratings of test users are known before the test begins", "测试用户的评分在测试之前就被看到了"),
    )
    assert_equal(
        support,
        is_test & (place < k),
        part="support",
        cause=(
            "the first k ratings of each test user, in the order of the list",
            "每个测试用户按列表顺序的前 k 条评分",
        ),
    )
    assert_equal(
        query,
        is_test & (place >= k),
        part="query",
        cause=("all the other ratings of the test users", "测试用户其余的全部评分"),
    )


@graded("user_split_without_leakage", core=True)
def test_two_users_by_hand(yours):
    train, support, query = yours.user_split_without_leakage(np.array([7, 8, 8, 7, 8]), np.array([8]), 1)
    assert_equal(
        train,
        np.array([True, False, False, True, False]),
        part="train",
        cause=("only ratings of users outside the test set are trained on", "只用测试集之外的用户训练"),
    )
    assert_equal(
        support,
        np.array([False, True, False, False, False]),
        part="support",
        cause=("the first k ratings of each test user, in list order", "每个测试用户按列表顺序的前 k 条评分"),
    )
    assert_equal(
        query,
        np.array([False, False, True, False, True]),
        part="query",
        cause=("all the other ratings of the test users", "测试用户其余的全部评分"),
    )


@graded("user_split_without_leakage", core=True)
def test_nothing_of_a_test_user_is_trained_on(yours, rng):
    users, test_users = rng.integers(0, 12, 300), np.array([11, 3, 5])
    for k in (4, 9):
        _check_split(yours.user_split_without_leakage(users, test_users, k), users, test_users, k)


@graded("user_split_without_leakage", core=True)
def test_every_test_user_has_a_support_of_their_own(yours):
    users = np.array([1, 1, 1, 2, 2, 2, 3])
    for k in (2, 0, 9):  # user 3 has one rating: with k = 2 it is support, and there is no query
        got = yours.user_split_without_leakage(users, np.array([1, 2, 3]), k)
        _check_split(got, users, np.array([1, 2, 3]), k)


@graded("user_split_without_leakage", core=True)
def test_ids_in_any_order_of_any_value(yours):
    big = 2**53 + 1  # a float holds it as big - 1, a 32-bit integer holds big - 1 as 0
    users = np.array([9, -4, big, 9, big - 1, -4, 0, 4, 9, big, -4, 0])
    # unsorted, large, repeated, one without a rating, only such
    for test_users in ([big, -4], [77, big - 1], [9, -4, 9], [5, 9], [77, -8]):
        test_users = np.array(test_users)
        _check_split(yours.user_split_without_leakage(users, test_users, 1), users, test_users, 1)
