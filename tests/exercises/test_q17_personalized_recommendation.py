"""Graded tests of q17: cases by hand, the Gaussian posterior, moments of a known Beta, scikit-learn's AUC by user."""

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from metarec_lib.workbook import assert_close, assert_true, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


@graded("partial_pooling")
def test_pooling_by_hand(yours):
    got = yours.partial_pooling(tensor([5.0, 5.0, 1.0]), torch.tensor([1, 4, 2]), 3.0, 2.0, 0.5)
    # κ = 4: (5 + 12) / 5, (20 + 12) / 8, (2 + 12) / 6
    assert_close(
        got,
        tensor([3.4, 4.0, 14 / 6]),
        cause=("the prior counts as κ = σ²/τ² ratings at the common mean", "先验相当于 κ = σ²/τ² 条等于总体均值的评分"),
    )


@graded("partial_pooling", core=True)
def test_pooling_is_the_gaussian_posterior(yours, rng):
    means, counts = tensor([-7.5, *rng.normal(-3, 1, 6)]), torch.as_tensor([5, *rng.integers(1, 9, 6)])
    mean, noise, prior = float(rng.normal(-3, 1)), float(rng.uniform(0.5, 2)), float(rng.uniform(0.1, 1))
    expected = [
        (n * m / noise + mean / prior) / (n / noise + 1 / prior)
        for m, n in zip(means.tolist(), counts.tolist(), strict=True)
    ]
    got = yours.partial_pooling(means, counts, mean, noise, prior)
    assert_close(
        got,
        tensor(expected),
        cause=("precisions add: n/σ² of the data, 1/τ² of the prior", "精度相加：数据是 n/σ²，先验是 1/τ²"),
    )


@graded("partial_pooling", core=True)
def test_users_without_ratings_and_complete_pooling(yours):
    got = yours.partial_pooling(tensor([float("nan"), 4.0]), torch.tensor([0, 1]), 3.0, 1.0, 1.0)
    assert_close(
        got,
        tensor([3.0, 3.5]),
        cause=(
            "without ratings the mean is NaN, and 0 · NaN is NaN: take the prior",
            "没有评分时均值是 NaN，而 0 · NaN 还是 NaN：应取先验",
        ),
    )
    got = yours.partial_pooling(tensor([1.0, 5.0]), torch.tensor([3, 3]), 2.5, 1.0, 0.0)
    assert_close(
        got,
        tensor([2.5, 2.5]),
        cause=(
            "τ² = 0: users do not differ; κ is infinite, do not divide by τ²",
            "τ² = 0：用户之间没有差异；κ 为无穷，不要除以 τ²",
        ),
    )


@graded("beta_prior", core=True)
def test_the_prior_by_hand(yours):
    a, b = yours.beta_prior(torch.tensor([0, 1000, 500, 500]), torch.tensor([1000, 1000, 1000, 1000]))
    between = 0.125 - 0.00025
    strength = 0.25 / between - 1
    assert_close(
        (a, b),
        (strength / 2, strength / 2),
        cause=(
            "τ² is the variance of the rates (divided by I) less the mean of m(1 − m)/n",
            "τ² 是比例的方差（除以 I）减去 m(1 − m)/n 的平均",
        ),
    )
    a, b = yours.beta_prior(torch.tensor([2, 9]), torch.tensor([20, 10]))
    # rates .1 and .9: m = .5, v = .16, noise (.25/20 + .25/10)/2 = .01875
    strength = 0.25 / (0.16 - 0.01875) - 1
    assert_close(
        (a, b),
        (strength / 2, strength / 2),
        cause=("each item counts once, whatever its shows", "不管曝光多少，每个物品只算一次"),
    )
    a, b = yours.beta_prior(torch.tensor([4900, 5100]), torch.tensor([10_000, 10_000]))
    strength = 0.25 / (1e-4 - 2.5e-5) - 1  # about 3332: items that hardly differ
    assert_close(
        (a, b),
        (strength / 2, strength / 2),
        cause=("the less items differ, the stronger the prior, without bound", "物品差异越小，先验越强，没有上限"),
        rtol=1e-3,
    )


@graded("beta_prior", core=True)
def test_the_moments_of_the_prior_are_those_of_the_rates(yours, rng):
    shows = torch.as_tensor(rng.integers(50, 200, 40))
    clicks = torch.as_tensor(rng.binomial(shows.numpy(), rng.beta(2, 6, 40)))
    a, b = yours.beta_prior(clicks, shows)
    rates = (clicks / shows).double()
    m = rates.mean().item()
    between = rates.var(unbiased=False).item() - (m * (1 - m) / shows).mean().item()
    assert_close(
        a / (a + b),
        m,
        cause=(
            "the Beta's mean is m and its variance τ² = m(1 − m)/(α + β + 1)",
            "Beta 的均值是 m，方差 τ² = m(1 − m)/(α + β + 1)",
        ),
        rtol=1e-5,
    )
    assert_close(
        m * (1 - m) / (a + b + 1),
        between,
        cause=(
            "the Beta's mean is m and its variance τ² = m(1 − m)/(α + β + 1)",
            "Beta 的均值是 m，方差 τ² = m(1 − m)/(α + β + 1)",
        ),
        rtol=1e-4,
    )


@graded("beta_prior", core=True)
def test_items_that_do_not_differ(yours):
    got = yours.beta_prior(torch.tensor([5, 5, 5]), torch.tensor([10, 10, 10]))
    infinite = float("inf")
    assert_close(
        got,
        (infinite, infinite),
        cause=("less spread than chance: infinitely strong, never negative", "差异比随机还小：强度为无穷，不能为负"),
    )
    got = yours.beta_prior(torch.tensor([0, 0]), torch.tensor([3, 7]))
    assert_close(
        got,
        (infinite, infinite),
        cause=("nobody clicked: τ² is exactly zero", "没有人点击：τ² 恰好是零"),
    )


@graded("beta_prior", core=True)
def test_items_that_differ_as_much_as_they_can(yours):
    got = yours.beta_prior(torch.tensor([0, 10**8]), torch.tensor([10**8, 10**8]))
    assert_close(
        got,
        (5e-7, 5e-7),
        rtol=1e-6,
        cause=(
            "rates of 0 and 1 alone make α + β about 0: at least 1e-6",
            "只有 0 和 1 两种比例时 α + β 约为 0：至少取 1e-6",
        ),
    )


@graded("gauc", core=True)
def test_gauc_by_hand(yours):
    got = yours.gauc(
        tensor([5.0, 1.0, 4.0, 1.05, 3.0]),
        torch.tensor([False, False, True, True, False]),
        torch.tensor([9, -7, 9, -7, 9]),
    )
    # user −7: 1 of 1 pair, 2 rows; user 9: 1 of 2 pairs, 3 rows
    assert_close(
        got,
        (2 * 1.0 + 3 * 0.5) / 5,
        cause=("pairs within a user, users weighed by their rows", "在用户内成对比较，用户按行数加权"),
    )


@graded("gauc", core=True)
def test_gauc_is_scikit_learns_by_user(yours, rng):
    users = rng.integers(-2, 4, 60)
    liked, scores = rng.random(60) < 0.4, rng.integers(0, 5, 60).astype(float)
    liked[users == 3], liked[users == -2] = True, False  # one class only
    total = rows = 0
    for user in set(users.tolist()):
        own = users == user
        if len(set(liked[own].tolist())) == 2:
            total, rows = total + own.sum() * roc_auc_score(liked[own], scores[own]), rows + own.sum()
    got = yours.gauc(tensor(scores), torch.as_tensor(liked), torch.as_tensor(users))
    assert_close(
        got,
        total / rows,
        cause=(
            "ties count one half; users with one class are left out, with their rows",
            "得分相同算半个；只有一类的用户连同曝光都去掉",
        ),
    )


@graded("gauc", core=True)
def test_a_shift_of_a_user_changes_nothing(yours):
    scores, liked, users = (
        tensor([1.0, 2.0, 3.0, 4.0]),
        torch.tensor([False, True, False, True]),
        torch.tensor([0, 0, 1, 1]),
    )
    shifted = scores + 100 * (users == 1)
    assert_close(
        yours.gauc(scores, liked, users),
        1.0,
        cause=(
            "only pairs of the same user count, so a user's bias changes nothing",
            "只比较同一用户的样本对，所以用户偏置不起作用",
        ),
    )
    assert_close(
        yours.gauc(shifted, liked, users),
        1.0,
        cause=(
            "only pairs of the same user count, so a user's bias changes nothing",
            "只比较同一用户的样本对，所以用户偏置不起作用",
        ),
    )


@graded("gauc", core=True)
def test_nobody_is_left(yours):
    got = yours.gauc(tensor([1.0, 2.0]), torch.tensor([True, True]), torch.tensor([0, 0]))
    assert_true(
        isinstance(got, float) and got != got,
        ("NaN, no error", "NaN，不报错"),
        ("no user has both classes: NaN, not an error", "没有用户两类都有：应返回 NaN，而不是报错"),
    )
