"""Graded tests of q18."""

import numpy as np
import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


# -- prior_strength ---------------------------------------------------------------------------------------------------
@graded("prior_strength", core=True)
def test_takes_the_noise_of_the_means_away(yours):
    means = tensor([3.0, 4.0])  # variance 0.5, of which 0.05 is noise
    assert_close(
        yours.prior_strength(means, 0.5, 10),
        0.5 / 0.45,
        cause=("the spread of user means still contains σ²/K", "用户均值的方差里还含着 σ²/K"),
    )
    assert_close(
        yours.prior_strength(means, 0.5, 2),
        0.5 / 0.25,
        cause=("with fewer ratings a mean is noisier: σ²/K, not σ²", "评分越少，均值的噪声越大：减去的是 σ²/K"),
    )


@graded("prior_strength", core=True)
def test_three_users_by_hand(yours):
    # mean 3, squares 4 + 1 + 9 = 14, over two: 7; minus 2 / 2: 6
    assert_close(
        yours.prior_strength(tensor([1.0, 2.0, 6.0]), 2.0, 2),
        2 / 6,
        cause=("κ = σ² / τ²; the variance of U means divides by U − 1", "κ = σ² / τ²；U 个均值的方差要除以 U − 1"),
    )


@graded("prior_strength", core=True)
def test_the_prior_is_everything_where_users_do_not_differ(yours):
    assert_close(
        yours.prior_strength(tensor([3.0, 3.0, 3.0]), 1.0, 5),
        float("inf"),
        cause=("where τ² is zero or less, κ is infinite", "τ² 小于或等于零时，κ 为无穷大"),
    )
    assert_close(
        yours.prior_strength(tensor([3.0, 3.5]), 4.0, 5),
        float("inf"),
        cause=("where τ² is zero or less, κ is infinite", "τ² 小于或等于零时，κ 为无穷大"),
    )
    assert_close(
        yours.prior_strength(tensor([3.0, 4.0]), 5.0, 10),
        float("inf"),
        cause=("where τ² is zero or less, κ is infinite", "τ² 小于或等于零时，κ 为无穷大"),
    )  # exactly zero
    assert_close(
        yours.prior_strength(tensor([3.0, 4.0]), 4.5, 10),
        4.5 / 0.05,
        cause=("where τ² is zero or less, κ is infinite", "τ² 小于或等于零时，κ 为无穷大"),
    )


@graded("prior_strength", core=True)
def test_finds_what_made_the_ratings(yours, rng):
    means = rng.normal(3.5, 0.6, 25)
    expected = 0.8 / (np.var(means, ddof=1) - 0.8 / 40)
    assert_close(
        yours.prior_strength(tensor(means.tolist()), 0.8, 40),
        expected,
        cause=("τ² is the variance of the means minus σ²/K", "τ² 是均值的方差减去 σ²/K"),
    )


# -- fit_power_law ----------------------------------------------------------------------------------------------------
@graded("fit_power_law", core=True)
def test_a_law_is_found_again(yours):
    sizes = np.array([15, 60, 240, 960])
    assert_close(
        yours.fit_power_law(sizes, 2.0 * sizes**-0.25),
        (2.0, 0.25),
        cause=("a is exp of the intercept; b is minus the slope", "a 是截距的指数；b 是斜率的相反数"),
    )


@graded("fit_power_law", core=True)
def test_three_points_off_the_line_by_hand(yours):
    sizes, errors = np.exp([0.0, 1.0, 2.0]), np.exp([0.0, -1.0, -0.5])  # slope −0.25, intercept −0.25
    assert_close(
        yours.fit_power_law(sizes, errors),
        (np.exp(-0.25), 0.25),
        cause=("least squares on the logarithms, over all points", "在对数上对所有点做最小二乘"),
    )


@graded("fit_power_law", core=True)
def test_agrees_with_a_polynomial_fit(yours, rng):
    sizes = rng.permutation(np.arange(3, 40))[:9]
    errors = rng.uniform(0.5, 1.5, 9)
    slope, intercept = np.polyfit(np.log(sizes), np.log(errors), 1)
    assert_close(
        yours.fit_power_law(sizes, errors),
        (np.exp(intercept), -slope),
        cause=("the sizes may come in any order", "各规模可以按任意次序给出"),
    )


@graded("fit_power_law", core=True)
def test_rising_errors_and_other_units(yours):
    sizes = np.array([4.0, 1.0, 2.0])
    assert_close(
        yours.fit_power_law(sizes, 30 * sizes**0.5),
        (30.0, -0.5),
        cause=("b is negative where errors rise", "误差上升时 b 为负"),
    )


# -- samples_to_reach -------------------------------------------------------------------------------------------------
@graded("samples_to_reach", core=True)
def test_between_two_measured_points_by_hand(yours):
    supports, errors = np.array([1, 5, 10, 20]), np.array([1.0, 0.9, 0.86, 0.85])
    assert_close(
        yours.samples_to_reach(supports, errors, 0.88),
        7.5,
        cause=("the curve is straight between K₀ and K₁", "K₀ 与 K₁ 之间是直线"),
    )
    assert_close(
        yours.samples_to_reach(supports, errors, 0.98),
        1.8,
        cause=("the curve is straight between K₀ and K₁", "K₀ 与 K₁ 之间是直线"),
    )
    assert_close(
        yours.samples_to_reach(supports, errors, 0.9),
        5.0,
        cause=("at a measured point K is known exactly", "恰好落在测过的点上时，K 就是它"),
    )
    assert_close(
        yours.samples_to_reach(supports, errors, 0.8996),
        5.05,
        cause=("the target holds exactly, without a tolerance", "目标要严格达到，不设容差"),
    )


@graded("samples_to_reach", core=True)
def test_never_and_from_the_start(yours):
    supports, errors = np.array([2, 5, 10]), np.array([1.0, 0.9, 0.8])
    assert_close(
        yours.samples_to_reach(supports, errors, 0.79),
        float("inf"),
        cause=("no measured error is as low: the answer is infinity", "测过的误差都没有这么低：应返回无穷大"),
    )
    assert_close(
        yours.samples_to_reach(supports, errors, 1.3),
        2.0,
        cause=("low enough from the start: the smallest measured K", "一开始就够低：返回测过的最小 K"),
    )
    for target, k in ((0.8, 10.0), (1.0, 2.0)):
        assert_close(
            yours.samples_to_reach(supports, errors, target), k, cause=("at or below", "“不高于”包含相等")
        )
    assert_close(
        yours.samples_to_reach(supports, np.array([0.8, 1.0, 0.7]), 0.9),
        2.0,
        cause=("low enough from the start, even if the error rises later", "一开始就够低，之后误差回升也不管"),
    )


@graded("samples_to_reach", core=True)
def test_the_first_crossing_of_a_curve_that_turns(yours):
    supports, errors = np.array([1, 2, 4, 8, 16]), np.array([1.0, 1.1, 0.9, 1.0, 0.8])
    assert_close(
        yours.samples_to_reach(supports, errors, 0.95),
        3.5,
        cause=(
            "the first K that reaches the target, even if the error rises again",
            "取首次达到目标的 K，之后误差回升也不管",
        ),
    )
    assert_close(
        yours.samples_to_reach(supports, np.array([1.2, 1.1, 0.9, 1.0, 1.3]), 0.95),
        3.5,
        cause=(
            "the first K that reaches the target, even if the last point is above it",
            "取首次达到目标的 K，即使最后一个点又高于目标",
        ),
    )


@graded("samples_to_reach", core=True)
def test_points_in_any_order(yours):
    supports, errors = np.array([10, 1, 20, 5]), np.array([2, 4, 1, 3])
    assert_close(
        yours.samples_to_reach(supports, errors, 2.5),
        7.5,
        cause=("sort the points by K first, the errors with them", "先按 K 排序，误差要跟着一起排"),
    )


@graded("samples_to_reach", core=True)
def test_agrees_with_interpolation_on_a_falling_curve(yours, rng):
    supports = np.cumsum(rng.integers(1, 6, 8)).astype(float)
    errors = 1.5 - np.cumsum(rng.uniform(0.02, 0.2, 8))
    target = float(rng.uniform(errors[-1], errors[0]))
    assert_close(
        yours.samples_to_reach(supports, errors, target),
        float(np.interp(target, errors[::-1], supports[::-1])),
        cause=(
            "go back from K₁ by the share that the error is below the target",
            "从 K₁ 往回退，退多少由误差低于目标的比例决定",
        ),
    )
