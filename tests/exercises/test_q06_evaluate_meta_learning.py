"""Graded tests of q06."""

import numpy as np
from sklearn.metrics import ndcg_score

from metarec_lib.workbook import assert_close, assert_equal, graded


@graded("ndcg_at_k")
def test_a_list_without_ties_by_hand(yours):
    scores, gains = np.array([0.2, 0.9, 0.4, 0.1]), np.array([3.0, 0.0, 1.0, 7.0])
    # ranked: gains 0, 1, 3 (and 7 beyond k); best: 7, 3, 1
    expected = (1 / np.log2(3) + 3 / np.log2(4)) / (7 + 3 / np.log2(3) + 1 / np.log2(4))
    assert_close(yours.ndcg_at_k(scores, gains, 3), expected, cause="the order, the discount, or the ideal list")
    assert_close(yours.ndcg_at_k(scores, gains, 1), 0.0, cause="the one item shown is worth nothing: 0, not NaN")
    whole = (1 / np.log2(3) + 3 / np.log2(4) + 7 / np.log2(5)) / (7 + 3 / np.log2(3) + 1 / np.log2(4))
    assert_close(yours.ndcg_at_k(scores, gains, 9), whole, cause="k may be larger than the list")


@graded("ndcg_at_k")
def test_two_tied_items_share_their_places(yours):
    scores, gains = np.array([0.5, 0.5, 0.9]), np.array([0.0, 1.0, 0.0])
    expected = (1 / np.log2(3) + 1 / np.log2(4)) / 2  # second or third, half the time each
    assert_close(yours.ndcg_at_k(scores, gains, 3), expected, cause="tied items were taken in the order of the list")
    near = yours.ndcg_at_k(np.array([0.5, 0.5 + 1e-9]), np.array([0.0, 1.0]), 1)
    assert_close(near, 1.0, cause="only equal scores are ties; these two differ")


@graded("ndcg_at_k")
def test_a_tie_across_the_cut_counts_with_its_chance(yours):
    scores, gains = np.zeros(4), np.array([0.0, 0.0, 0.0, 1.0])
    assert_close(
        yours.ndcg_at_k(scores, gains, 1),
        0.25,
        cause="one of four tied items is first with chance 1/4; average before the cut at k",
    )


@graded("ndcg_at_k")
def test_agrees_with_scikit_learn_on_random_lists_with_ties(yours, rng):
    for size, k in ((6, 3), (20, 10), (50, 5)):
        scores, gains = rng.integers(0, 4, size).astype(float), 2.0 ** rng.integers(0, 5, size)
        assert_close(
            yours.ndcg_at_k(scores, gains, k),
            ndcg_score([gains], [scores], k=k),
            cause="ties, the cut at k, or the ideal list",
        )


@graded("ndcg_at_k")
def test_without_a_good_item_it_is_undefined(yours):
    assert_close(
        yours.ndcg_at_k(np.array([0.3, 0.1]), np.zeros(2), 2),
        float("nan"),
        cause="0 would count against the model; there is nothing to find",
    )


@graded("paired_bootstrap")
def test_three_resamples_by_hand(yours):
    got = yours.paired_bootstrap(np.array([1.0, 3.0]), np.array([0.0, 1.0]), np.array([[0, 0], [1, 1], [0, 1]]))
    assert_close(
        got, (1.5, 1.025, 1.975), cause="means of the resamples are 1, 2 and 1.5; quantiles 0.025 and 0.975 of these"
    )


@graded("paired_bootstrap")
def test_the_estimate_is_the_observed_mean(yours):
    a, b = np.array([4.0, 0.0, 2.0]), np.zeros(3)
    got = yours.paired_bootstrap(a, b, np.array([[0, 0, 0], [0, 0, 1]]))
    assert_close(got[0], 2.0, cause="the mean of the resamples is only near the mean of the differences")


@graded("paired_bootstrap")
def test_what_all_users_share_drops_out(yours, rng):
    b = rng.normal(3, 2, 40)
    got = yours.paired_bootstrap(b + 0.5, b, rng.integers(0, 40, (200, 40)))
    assert_close(got, (0.5, 0.5, 0.5), cause="a and b were resampled apart, so the spread between users stayed in")


@graded("paired_bootstrap")
def test_swapping_the_models_turns_the_interval_round(yours, rng):
    a, b, indices = rng.normal(size=30), rng.normal(size=30), rng.integers(0, 30, (99, 30))
    mean, low, high = yours.paired_bootstrap(a, b, indices)
    difference = np.array([(a - b)[row].mean() for row in indices])
    expected = (np.mean(a - b), *np.quantile(difference, [0.025, 0.975]))
    assert_close((mean, low, high), expected, cause="the sign (a − b), or the level (95 %)")
    assert_close(yours.paired_bootstrap(b, a, indices), (-mean, -high, -low), cause="the sign (a − b)")


@graded("user_split_without_leakage")
def test_two_users_by_hand(yours):
    train, support, query = yours.user_split_without_leakage(np.array([7, 8, 8, 7, 8]), np.array([8]), 1)
    assert_equal(
        train,
        np.array([True, False, False, True, False]),
        cause="only ratings of users outside the test set are trained on",
    )
    assert_equal(
        support,
        np.array([False, True, False, False, False]),
        cause="the first k ratings of each test user, in list order",
    )
    assert_equal(query, np.array([False, False, True, False, True]), cause="all the other ratings of the test users")


@graded("user_split_without_leakage")
def test_nothing_of_a_test_user_is_trained_on(yours, rng):
    users, test_users, k = rng.integers(0, 12, 300), np.array([3, 5, 11]), 4
    train, support, query = yours.user_split_without_leakage(users, test_users, k)
    assert_equal(train, ~np.isin(users, test_users), cause="ratings of test users are known before the test begins")
    place = np.array([(users[:row] == user).sum() for row, user in enumerate(users)])
    assert_equal(support, ~train & (place < k), cause="the first k of each test user, in the order of the list")
    assert_equal(query, ~train & (place >= k), cause="each rating is in exactly one part")


@graded("user_split_without_leakage")
def test_every_test_user_has_a_support_of_their_own(yours):
    users = np.array([1, 1, 1, 2, 2, 2, 3])
    _, support, query = yours.user_split_without_leakage(users, np.array([1, 2, 3]), 2)
    assert_equal(
        support,
        np.array([True, True, False, True, True, False, True]),
        cause="k counts per user, not over the whole list",
    )
    assert_equal(query.sum(), 2, cause="user 3 has one rating: it is support, and there is no query")
