"""Comparisons over users: by hand, clustered over seeds, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from metarec_lib.evaluation.uncertainty import MARGINS, bootstrap_means, compare, effective_sample_size, holm, margin


def test_two_users_by_hand():
    # differences 1 and 3: a resample has mean 1, 2 or 3 with chances 1/4, 1/2, 1/4
    result = compare([2.0, 5.0], [1.0, 2.0], level=0.6, resamples=4000)
    assert (result.mean, result.interval, result.level) == (2.0, (1.0, 3.0), 0.6)
    assert (result.n, result.unit, result.seeds, result.clear) == (2, "users", 1, True)
    assert list(result.differences) == [1.0, 3.0]
    assert compare([2.0, 5.0], [1.0, 2.0], level=0.4, resamples=4000).interval == (2.0, 2.0)


def test_p_value_by_hand():
    # differences 1 and 3, then -1 and 3: the mean of a resample is -1, 1 or 3 with chances 1/4, 1/2, 1/4
    assert compare([2.0, 5.0], [1.0, 2.0], resamples=99).p_value == 1 / 100
    below = (bootstrap_means(np.array([-1.0, 3.0]), 99) <= 0).sum()
    assert 15 < below < 35 and compare([0.0, 5.0], [1.0, 2.0], resamples=99).p_value == (1 + 2 * below) / 100
    assert compare([1.0, 2, 3], [1.0, 2, 3]).p_value == 1
    assert compare([1.0, 2, 3], [0.0, 1, 2]).p_value == 1 / 10_001


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("resamples", [199, 400, 999, 1000])
def test_the_interval_leaves_zero_out_exactly_where_p_is_small_enough(level, resamples):
    rng = np.random.default_rng(0)
    seen = set()
    for shift in np.linspace(0, 4, 60):
        sample = rng.normal(shift / 6, 1, 36)
        result = compare(sample, np.zeros(36), level=level, resamples=resamples)
        low, high = result.interval
        assert result.clear == (low > 0 or high < 0) == (result.p_value <= 1 - level + 1e-9)
        seen.add(result.clear)
    assert seen == {True, False}


def test_the_smallest_p_that_resamples_can_give_is_the_edge_of_the_interval():
    result = compare([2.0, 5.0], [1.0, 2.0], resamples=19)
    assert result.p_value == 1 / 20 and result.clear and result.interval[0] > 0


def test_p_is_small_about_as_often_as_it_says_where_nothing_differs():
    rng = np.random.default_rng(1)
    p = [compare(rng.normal(size=50), np.zeros(50), resamples=400, seed=run).p_value for run in range(300)]
    assert 0.06 <= np.mean(np.array(p) <= 0.1) <= 0.15


def test_a_pair_of_sides_is_matched_by_user_and_antisymmetric():
    a = pd.Series([1.0, 2.0, 4.0, 9.0], index=[11, 12, 13, 14])
    b = pd.Series([3.0, 0.0, 1.0, 5.0], index=[13, 11, 12, 99])
    result, back = compare(a, b), compare(b, a)
    assert result.n == 3 and result.mean == 1 and result.differences.to_dict() == {11: 1, 12: 1, 13: 1}
    assert back.mean == -result.mean and back.interval == (-result.interval[1], -result.interval[0])


def test_a_user_who_recurs_over_seeds_counts_once():
    ids = pd.Index(range(40))
    rng = np.random.default_rng(0)
    effect = pd.Series(rng.normal(0.1, 1, 40), index=ids)
    noise = [pd.Series(rng.normal(0, 0.01, 40), index=ids) for _ in range(5)]
    runs, zeros = [effect + n for n in noise], [effect * 0] * 5
    result, single = compare(runs, zeros), compare(sum(runs) / 5, effect * 0)
    assert (result.n, result.seeds) == (40, 5)
    np.testing.assert_allclose(result.differences, sum(runs) / 5)
    np.testing.assert_allclose(result.interval, single.interval, atol=1e-12)
    pooled = compare(np.concatenate(runs), np.zeros(200))  # the wrong way: five times the users
    assert np.diff(result.interval) > 2 * np.diff(pooled.interval)
    assert compare(dict(enumerate(runs)), dict(enumerate(zeros))).interval == result.interval


def test_users_that_differ_between_seeds_are_averaged_over_the_seeds_they_have():
    a = {0: pd.Series({1: 1.0, 2: 2.0}), 1: pd.Series({2: 4.0, 3: 9.0})}
    b = {1: pd.Series({2: 0.0, 3: 0.0}), 0: pd.Series({1: 0.0, 2: 0.0})}
    assert compare(a, b).differences.to_dict() == {1: 1.0, 2: 3.0, 3: 9.0}


def test_users_with_nan_on_a_side_are_left_out():
    result = compare(pd.Series([1.0, np.nan, 3, 4]), pd.Series([0.0, 1, np.nan, 2]))
    assert result.n == 2 and result.differences.to_dict() == {0: 1.0, 3: 2.0} and result.mean == 1.5


def test_what_it_says():
    assert repr(compare([1.0, 1, 1], [0.0, 0, 0])) == "+1.0000 [+1.0000, +1.0000] over 3 users, 1 seed(s)"
    unsure = compare([1.0, -1, 1, -1], [0.0, 0, 0, 0])
    assert not unsure.clear and repr(unsure).endswith("over 4 users, 1 seed(s), no difference seen")
    assert "over 2 films" in repr(compare([1.0, 2], [0.0, 0], unit="films"))


def test_a_seed_is_a_result_and_resamples_are_resamples():
    a, b = np.random.default_rng(3).normal(size=(2, 25))
    assert compare(a, b, seed=1).interval == compare(a, b, seed=1).interval != compare(a, b, seed=2).interval
    means = bootstrap_means(a, resamples=3000, seed=0)
    assert means.shape == (3000,) and means.mean() == pytest.approx(a.mean(), abs=0.02)
    assert means.std() == pytest.approx(a.std() / 5, rel=0.05)
    assert bootstrap_means(np.arange(1_500_000.0), resamples=3).shape == (3,)  # more users than fit a block twice


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for run in range(300):
        differences = rng.exponential(1.0, 60) - 1.0
        low, high = compare(differences, np.zeros(60), level=0.9, resamples=400, seed=run).interval
        covered += low <= 0 <= high
    assert 0.84 <= covered / 300 <= 0.93


@pytest.mark.parametrize(
    ("a", "b", "options", "words"),
    [
        ([1.0, 2], [1.0, 2], dict(level=95), "level=95, expected a share"),
        ([1.0, 2], [1.0, 2], dict(resamples=0), "resamples=0, expected 1 or more"),
        ([1.0, 2], [1.0, 2], dict(resamples=18), "resamples=18, expected 19 or more for an interval of 95%"),
        ([1.0], 0.8, dict(unit="films"), "1 films have a value"),
        ([1.0], [2.0], {}, "1 users have a value on both sides, expected 2"),
        ([np.nan, 2.0, np.nan], [2.0, 1, 1], {}, "1 users have a value"),
        ([1.0, 2, 3], [1.0, 2], {}, "list of 3 and list of 2 values, expected two Series"),
        (pd.Series([1.0, 2], index=[1, 2]), np.array([1.0, 2]), {}, "Series of 2 and ndarray of 2"),
        (pd.Series([1.0, 2], index=[1, 1]), pd.Series([1.0, 2], index=[1, 2]), {}, "a user occurs twice"),
        (pd.Series([1.0], index=[1]), pd.Series([1.0], index=[2]), {}, "share no user"),
        ([[1.0, 2], [1.0, 2]], [[1.0, 2]], {}, r"seeds \[0, 1\] and \[0\]"),
        ({0: [1.0, 2], 1: [1.0, 2]}, {0: [1.0, 2], 2: [1.0, 2]}, {}, r"seeds \[0, 1\] and \[0, 2\]"),
    ],
)
def test_compare_refuses(a, b, options, words):
    with pytest.raises(ValueError, match=f"compare: .*{words}"):
        compare(a, b, **options)


def test_a_side_may_be_a_number():
    shares = {0: pd.Series({1: 0.7, 2: 0.9}), 1: pd.Series({2: 0.8, 3: 0.5})}
    result = compare(shares, 0.8)
    assert result.differences.round(12).to_dict() == {1: -0.1, 2: 0.05, 3: -0.3} and result.seeds == 2
    same = compare(shares, {seed: values * 0 + 0.8 for seed, values in shares.items()})
    assert (result.mean, result.interval, result.p_value) == (same.mean, same.interval, same.p_value)


def test_a_difference_of_two_differences_is_paired():
    rng = np.random.default_rng(0)
    base = pd.Series(rng.normal(size=50), index=range(50))
    leak, gain = compare(base + 0.5, base * 0), compare(base, base * 0)
    extra = leak - gain
    assert extra.mean == pytest.approx(0.5) and extra.interval == pytest.approx((0.5, 0.5)) and extra.clear
    assert not gain.clear and (extra.n, extra.seeds) == (50, 1)
    two_seeds = compare([base, base], [base * 0, base * 0])
    assert (two_seeds - two_seeds).seeds == 2 and (two_seeds - two_seeds).p_value == 1
    with pytest.raises(ValueError, match="over users at level 0.95 and over films"):
        leak - compare([1.0, 2], [0.0, 0], unit="films")


def test_margins_by_hand():
    assert [margin(m) for m in ("rmse", "MAE", "nDCG@10", "hr@5", "auc")] == [0.01, 0.008, 0.005, 0.01, 0.005]
    assert margin("mse") is None and margin("coverage") is None
    assert margin("rmse", (1, 10)) == pytest.approx(0.0225) and margin("mae", (0, 100)) == pytest.approx(0.2)
    assert margin("ndcg@10", (1, 10)) == 0.005  # no stars in it
    assert all(found.reason for found in MARGINS.values())
    with pytest.raises(ValueError, match="margin: got the scale"):
        margin("rmse", (5, 1))


def test_within_a_margin_is_the_whole_interval():
    result = compare([0.1, 0.2, 0.3], [0.0, 0.0, 0.0])
    assert result.within(0.31) and not result.within(0.25) and not result.within(result.interval[1])
    assert compare([0.0, 0.0], [0.1, 0.2]).within(0.21) and not compare([0.0, 0.0], [0.1, 0.2]).within(0.2)


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.02]), [0.02])
    assert holm([]).shape == (0,)


@pytest.mark.parametrize("bad", [[0.1, np.nan], [-0.1], [1.1], 0.5, [[0.1]]])
def test_holm_refuses(bad):
    with pytest.raises(ValueError, match="holm: got .*p-values between 0 and 1"):
        holm(bad)


def test_effective_sample_size():
    assert effective_sample_size([2, 2, 2, 2]) == 4 and effective_sample_size([5, 0, 0]) == 1
    assert effective_sample_size([1, 2, 3]) == pytest.approx(36 / 14)
    for bad in ([], [0, 0], [1, -1], [1, np.nan], [1, np.inf], [[1]]):
        with pytest.raises(ValueError, match="effective_sample_size: expected"):
            effective_sample_size(bad)
