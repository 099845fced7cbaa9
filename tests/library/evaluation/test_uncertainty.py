"""Comparisons over users: by hand, clustered over seeds, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from metarec_lib.evaluation.uncertainty import bootstrap_means, compare, effective_sample_size, holm


def test_two_users_by_hand():
    # differences 1 and 3: a resample has mean 1, 2 or 3 with chances 1/4, 1/2, 1/4
    result = compare([2.0, 5.0], [1.0, 2.0], level=0.6, resamples=4000)
    assert (result.mean, result.interval, result.level) == (2.0, (1.0, 3.0), 0.6)
    assert (result.users, result.seeds, result.better, result.clear) == (2, 1, 0.0, True)
    assert list(result.differences) == [1.0, 3.0]
    assert compare([2.0, 5.0], [1.0, 2.0], level=0.4, resamples=4000).interval == (2.0, 2.0)


def test_p_value_is_the_paired_t_test():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 30))
    assert compare(a, b).p_value == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=1e-12)
    assert compare([1.0, 2, 3], [1.0, 2, 3]).p_value == 1
    assert compare([1.0, 2, 3], [0.0, 1, 2]).p_value == 0


def test_a_pair_of_sides_is_matched_by_user_and_antisymmetric():
    a = pd.Series([1.0, 2.0, 4.0, 9.0], index=[11, 12, 13, 14])
    b = pd.Series([3.0, 0.0, 1.0, 5.0], index=[13, 11, 12, 99])
    result, back = compare(a, b), compare(b, a)
    assert result.users == 3 and result.mean == 1 and result.differences.to_dict() == {11: 1, 12: 1, 13: 1}
    assert back.mean == -result.mean and back.interval == (-result.interval[1], -result.interval[0])


def test_a_user_who_recurs_over_seeds_counts_once():
    ids = pd.Index(range(40))
    rng = np.random.default_rng(0)
    effect = pd.Series(rng.normal(0.1, 1, 40), index=ids)
    noise = [pd.Series(rng.normal(0, 0.01, 40), index=ids) for _ in range(5)]
    runs, zeros = [effect + n for n in noise], [effect * 0] * 5
    result, single = compare(runs, zeros), compare(sum(runs) / 5, effect * 0)
    assert (result.users, result.seeds) == (40, 5)
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
    assert result.users == 2 and result.differences.to_dict() == {0: 1.0, 3: 2.0} and result.mean == 1.5


def test_what_it_says():
    assert repr(compare([1.0, 1, 1], [0.0, 0, 0])) == "+1.0000 [+1.0000, +1.0000] over 3 users, 1 seed(s)"
    unsure = compare([1.0, -1, 1, -1], [0.0, 0, 0, 0])
    assert not unsure.clear and repr(unsure).endswith("over 4 users, 1 seed(s), no difference seen")
    assert unsure.better == 0.5


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
