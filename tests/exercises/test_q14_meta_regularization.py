"""Graded tests of q14."""

import math

import numpy as np
import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def normal(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


# -- gaussian_kl ------------------------------------------------------------------------------------------------------
@graded("gaussian_kl", core=True)
def test_single_gaussians_by_hand(yours):
    half, same = (
        yours.gaussian_kl(tensor([1.0]), tensor([0.0]), 1.0),
        yours.gaussian_kl(tensor([0.0]), tensor([0.0]), 1.0),
    )
    assert_close(half, tensor(0.5), cause=("mean² counts half", "mean² 要乘 ½"))
    assert_close(
        same,
        tensor(0.0),
        cause=("both are the same: nothing is remembered", "两个分布相同，什么也没记住，应为 0"),
    )
    assert_close(
        yours.gaussian_kl(tensor([0.0]), tensor([math.log(2)]), 1.0),
        tensor(0.5 * (4 - 1) - math.log(2)),
        cause=("the spread costs too", "标准差不同也要付代价"),
    )
    assert_close(
        yours.gaussian_kl(tensor([3.0]), tensor([math.log(2)]), 2.0),
        tensor(0.5 * 2.25),
        cause=("mean and std are measured in units of prior_std", "均值和标准差都以 prior_std 为单位"),
    )
    assert_close(
        yours.gaussian_kl(tensor([0.0]), tensor([-40.0]), 1.0),
        tensor(0.5 * (80 - 1)),
        cause=("a small spread is neither cut off nor padded", "标准差很小时，不要截断，也不要加小常数"),
    )


@graded("gaussian_kl", core=True)
def test_agrees_with_torch_distributions(yours, rng):
    for shape, prior in (((3,), 1.0), ((4, 2), 0.3), ((2, 3, 2), 1.7)):
        mean, log_std = normal(rng, *shape), normal(rng, *shape)
        own, other = torch.distributions.Normal(mean, log_std.exp()), torch.distributions.Normal(0.0, prior)
        assert_close(
            yours.gaussian_kl(mean, log_std, prior),
            torch.distributions.kl_divergence(own, other).sum(),
            cause=("the direction of the KL, or a mean in place of the sum", "KL 的方向反了，或把求和写成了平均"),
        )


@graded("gaussian_kl", core=True)
def test_one_can_differentiate_it(yours, rng):
    mean, log_std, prior = normal(rng, 5), normal(rng, 5), 0.6
    by_mean, by_std = yours.grad("gaussian_kl", mean, log_std, prior, wrt=[0, 1])
    assert_close(by_mean, mean / prior**2, cause=("the gradient was cut off from mean", "对 mean 的梯度断了"))
    assert_close(
        by_std,
        (2 * log_std).exp() / prior**2 - 1,
        cause=("the gradient was cut off from log_std", "对 log_std 的梯度断了"),
    )


@graded("gaussian_kl")
def test_a_weight_that_is_known_exactly_costs_much_but_not_infinity(yours):
    got = yours.gaussian_kl(tensor([0.5]), tensor([-400.0]), 1.0)
    assert_close(
        got,
        tensor(0.5 * (0.25 - 1 + 800)),
        cause=(
            "exp(-800) is 0 and its logarithm -inf: use log_std itself",
            "exp(-800) 等于 0，再取对数就是 -inf：直接用 log_std",
        ),
    )


# -- loo_residuals ----------------------------------------------------------------------------------------------------
def refits(x, y, strength):
    """Each rating from a fit without it, one after the other."""
    left = []
    for n in range(len(y)):
        rest = np.arange(len(y)) != n
        gram = x[rest].T @ x[rest] + strength * np.eye(x.shape[1])
        left.append(y[n] - x[n] @ np.linalg.solve(gram, x[rest].T @ y[rest]))
    return np.array(left)


@graded("loo_residuals", core=True)
def test_two_ratings_by_hand(yours):
    x, y = np.array([[1.0], [1.0]]), np.array([2.0, 0.0])
    assert_close(
        yours.loo_residuals(x, y, 1.0),
        np.array([2.0, -1.0]),
        cause=("the rating itself still takes part in its own prediction", "被预测的评分还在参与对自己的预测"),
    )
    assert_close(
        yours.loo_residuals(x, y, 3.0), np.array([2.0, -0.5]), cause=("strength must be used", "没有用到 strength")
    )


@graded("loo_residuals", core=True)
def test_agrees_with_refits(yours, rng):
    for n, d, strength in ((8, 3, 0.5), (20, 5, 4.0), (4, 6, 0.2)):
        x, y = rng.normal(size=(n, d)), rng.normal(size=n)
        assert_close(
            yours.loo_residuals(x, y, strength),
            refits(x, y, strength),
            cause=("divide by 1 − h, and h = x_n (XᵀX + λI)⁻¹ x_n", "应除以 1 − h，其中 h = x_n (XᵀX + λI)⁻¹ x_n"),
        )


@graded("loo_residuals", core=True)
def test_one_rating_is_predicted_by_the_prior_alone(yours):
    got = yours.loo_residuals(np.array([[1.0, 2.0]]), np.array([1.5]), 0.5)
    assert_close(
        got,
        np.array([1.5]),
        cause=("without its only rating the user is at the prior, 0", "去掉唯一的评分，用户就只剩先验 0"),
    )


@graded("loo_residuals", core=True)
def test_ratings_may_be_whole_numbers(yours):
    x, y = np.array([[1, 0], [1, 1], [0, 2], [1, 3]]), np.array([9, -1, 2, 0])
    assert_close(
        yours.loo_residuals(x, y, 2),
        refits(x.astype(float), y.astype(float), 2.0),
        cause=("fractions were cut off in an array of integers", "小数在整数数组里被截断了"),
    )


# -- error_correlation_penalty ------------------------------------------------------------------------------------------
@graded("error_correlation_penalty", core=True)
def test_two_heads_by_hand(yours):
    predictions, targets = tensor([[3.0, 5.0], [5.0, 4.0]]), tensor([2.0, 2.0])  # errors 1, 3 and 3, 2
    assert_close(
        yours.error_correlation_penalty(predictions, targets),
        tensor((1 * 3 + 3 * 2) / 2),
        cause=("products of the errors of different heads, mean over the ratings", "取不同头的误差之积，对评分取平均"),
    )
    apart = yours.error_correlation_penalty(tensor([[1.0, -2.0], [-1.0, 2.0]]), tensor([0.0, 0.0]))
    assert_close(
        apart,
        tensor(-2.5),
        cause=("heads that err in opposite directions count below 0", "朝相反方向出错时应为负值"),
    )


@graded("error_correlation_penalty", core=True)
def test_agrees_with_a_loop_over_pairs(yours, rng):
    for heads, ratings in ((2, 5), (3, 4), (5, 1)):
        predictions, targets = normal(rng, heads, ratings), normal(rng, ratings) + 3
        e = predictions - targets
        pairs = [(e[a] * e[b]).mean() for a in range(heads) for b in range(heads) if a != b]
        assert_close(
            yours.error_correlation_penalty(predictions, targets),
            torch.stack(pairs).mean(),
            cause=("a head is no pair with itself; there are M (M − 1) pairs", "一个头不与自己成对；共 M (M − 1) 对"),
        )


@graded("error_correlation_penalty")
def test_the_error_of_the_mean_is_made_of_it(yours, rng):
    predictions, targets = normal(rng, 4, 6) + 1, normal(rng, 6)
    e = predictions - targets
    rest = (e.mean(0) ** 2).mean() - (e**2).mean() / 4
    assert_close(
        yours.error_correlation_penalty(predictions, targets) * 3 / 4,
        rest,
        cause=("the error of the averaged heads = a head's own / M + (1 − 1 / M) · penalty",
               "平均后的误差 = 单头误差 / M + (1 − 1 / M) × 该惩罚"),
    )  # fmt: skip


@graded("error_correlation_penalty", core=True)
def test_every_head_is_pushed(yours, rng):
    predictions, targets = normal(rng, 3, 4), normal(rng, 4)
    (got,) = yours.grad("error_correlation_penalty", predictions, targets, wrt=[0])
    e = predictions - targets
    assert_close(
        got,
        2 * (e.sum(0) - e) / (3 * 2 * 4),
        cause=("a head was held constant: the gradient must reach all of them", "有的头被当成常数：梯度应传到每个头"),
    )
