"""Graded tests of q10."""

import numpy as np
import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(np.asarray(values).tolist(), dtype=torch.float64)


# -- steps_as_ridge ---------------------------------------------------------------------------------------------------
@graded("steps_as_ridge", core=True)
def test_one_feature_by_hand(yours):
    # λ = (1 + 9) / 2 = 5, solution 2; 1 − (1 − 0.1 · 5)² = 0.75 of the way from 0
    got = yours.steps_as_ridge(tensor([[1.0], [3.0]]), tensor([2.0, 6.0]), tensor([0.0]), 0.1, 2)
    assert_close(
        got,
        tensor([1.5]),
        cause=(
            "the loss is a mean over K: the eigenvalues are those of XᵀX / K",
            "损失对 K 取平均：特征值是 XᵀX / K 的",
        ),
    )
    got = yours.steps_as_ridge(tensor([[1.0], [3.0]]), tensor([2.0, 6.0]), tensor([4.0]), 0.1, 1)
    assert_close(
        got, tensor([3.0]), cause=("half of the way from w = 4 to 2: start at w", "从 w = 4 走到 2 的一半：要从 w 出发")
    )
    got = yours.steps_as_ridge(tensor([[1.0], [3.0]]), tensor([2.0, 6.0]), tensor([4.0]), 0.3, 3)
    assert_close(
        got,
        tensor([1.75]),  # 4 → 1 → 2.5 → 1.75
        cause=("a long step goes past the solution: 1 − lr·λ may be below 0", "步子太大会越过解：1 − lr·λ 可以为负"),
    )


@graded("steps_as_ridge", core=True)
def test_agrees_with_a_loop_of_steps(yours, rng):
    x, y, w = tensor(rng.normal(size=(7, 3))), tensor(rng.normal(size=7)), tensor(rng.normal(size=3))
    expected = w.clone()
    for _ in range(6):
        expected = expected - 0.13 * x.T @ (x @ expected - y) / 7
    assert_close(
        yours.steps_as_ridge(x, y, w, 0.13, 6),
        expected,
        cause=(
            "in each eigenvector: lr · Σ_{s<t} (1 − lr·λ)^s times the first step",
            "每个特征方向上：最初的一步乘以 lr · Σ_{s<t} (1 − lr·λ)^s",
        ),
    )


@graded("steps_as_ridge", core=True)
def test_fewer_ratings_than_features(yours, rng):
    x, w = tensor([[1.0, 1.0, 0.0]]), tensor([0.5, -0.5, 2.0])  # λ = 2, 0, 0
    got = yours.steps_as_ridge(x, tensor([4.0]), w, 0.25, 3)
    assert_close(
        got,
        tensor([0.5 + 1.75, -0.5 + 1.75, 2.0]),
        cause=("where λ = 0 nothing moves, and dividing by λ gives NaN", "λ = 0 的方向不动；除以 λ 会得到 NaN"),
    )


@graded("steps_as_ridge", core=True)
def test_no_step_and_very_many(yours):
    x, y, w = tensor([[1.0, 0.0], [1.0, 2.0], [0.0, 1.0]]), tensor([1.0, 5.0, 2.0]), tensor([3.0, -1.0])
    assert_close(yours.steps_as_ridge(x, y, w, 0.3, 0), w, cause=("with 0 steps nothing moves", "0 步时参数不动"))
    assert_close(
        yours.steps_as_ridge(x, y, w, 0.3, 2000),
        tensor([1.0, 2.0]),
        cause=("very many steps end at the least-squares solution", "步数足够多时，到达最小二乘解"),
    )


# -- decayed_weights --------------------------------------------------------------------------------------------------
@graded("decayed_weights", core=True)
def test_half_after_one_half_life(yours):
    got = yours.decayed_weights(np.array([30.0, 20.0, 0.0, 25.0]), 30.0, 10.0)
    assert_close(
        got,
        np.array([1.0, 0.5, 0.125, 0.5**0.5]),
        cause=("0.5 to the power of age / half-life, not e to it", "底数是 0.5，指数是距今天数 / 半衰期，不是 e"),
    )


@graded("decayed_weights", core=True)
def test_the_future_counts_nothing(yours):
    got = yours.decayed_weights(np.array([11.0, 9.0, 10.0, 500.0]), 10.0, 1.0)
    assert_close(
        got,
        np.array([0.0, 0.5, 1.0, 0.0]),
        cause=("a rating made after now must not be used", "now 之后的评分不能用：这是特征穿越"),
        atol=0.0,
    )


@graded("decayed_weights", core=True)
def test_age_is_counted_from_now(yours):
    got = yours.decayed_weights(np.array([4, 1]), 7, 3)
    assert_close(
        got,
        np.array([0.5, 0.25]),
        cause=(
            "age is now − time, not the distance to the newest rating",
            "距今天数是 now − 时间，不是到最新一条评分的距离",
        ),
    )


@graded("decayed_weights", core=True)
def test_each_by_its_own_time(yours, rng):
    times = rng.uniform(-50, 80, 12)
    expected = [0.0 if t > 60 else 2 ** (-(60 - t) / 7.5) for t in times]
    assert_close(
        yours.decayed_weights(times, 60.0, 7.5),
        np.array(expected),
        cause=("each rating by its own time, in the order given", "每条评分用自己的时间，按给出的次序返回"),
    )


@graded("decayed_weights")
def test_no_ratings_no_weights(yours):
    assert_close(
        yours.decayed_weights(np.zeros(0), 3.0, 2.0),
        np.zeros(0),
        cause=("no ratings, no weights", "没有评分就没有权重"),
    )


# -- change_point_posterior -------------------------------------------------------------------------------------------
def brute_force(ratings, mean, prior_var, noise_var, change):
    """From the joint density of both groups, one beginning at a time."""
    logs, k = [], len(ratings)
    for s in range(k):
        log = np.log((1 - change if k > 1 else 1.0) if s == 0 else change / (k - 1))
        for part in (ratings[:s], ratings[s:]):
            cov = noise_var * np.eye(len(part)) + prior_var
            off = part - mean
            log -= (off @ np.linalg.solve(cov, off) + np.linalg.slogdet(cov)[1]) / 2 if len(part) else 0.0
        logs.append(log)
    weights = np.exp(np.array(logs) - max(logs))
    return weights / weights.sum()


@graded("change_point_posterior", core=True)
def test_two_ratings_by_hand(yours):
    # together: variance 2 on the diagonal, 1 beside it, r = (1, −1): quadratic form 2, determinant 3; apart: 1 and 4
    together, apart = np.exp(-1.0) / 3**0.5 * 0.6, np.exp(-0.5) / 2 * 0.4
    got = yours.change_point_posterior(np.array([4.0, 2.0]), 3.0, 1.0, 1.0, 0.4)
    assert_close(
        got,
        np.array([together, apart]) / (together + apart),
        cause=(
            "evidence of both groups, times the chance of that beginning",
            "两组证据相乘，再乘以从该处开始的先验概率",
        ),
    )


@graded("change_point_posterior", core=True)
def test_agrees_with_the_joint_density(yours, rng):
    for change in (0.1, 0.7):
        ratings = np.concatenate([rng.normal(4.5, 0.7, 5), rng.normal(2.5, 0.7, 4)])
        assert_close(
            yours.change_point_posterior(ratings, 3.4, 0.6, 0.8, change),
            brute_force(ratings, 3.4, 0.6, 0.8, change),
            cause=("the ratings before s count, too: as a group of their own", "s 之前的评分也算数：它们自成一组"),
        )


@graded("change_point_posterior", core=True)
def test_whole_stars_and_a_clear_change(yours):
    ratings = np.array([5, 5, 4, 5, 1, 2, 1])
    assert_close(
        yours.change_point_posterior(ratings, 3.5, 1.5, 0.5, 0.3),
        brute_force(ratings.astype(float), 3.5, 1.5, 0.5, 0.3),
        cause=("σ² and τ² are variances; n counts the group's ratings", "σ² 和 τ² 是方差；n 是该组的条数"),
    )


@graded("change_point_posterior", core=True)
def test_one_rating_and_no_change(yours):
    assert_close(
        yours.change_point_posterior(np.array([2.0]), 3.0, 1.0, 1.0, 0.9),
        np.array([1.0]),
        cause=("a single rating has no change before it", "只有一条评分时，不可能有变化"),
    )
    assert_close(
        yours.change_point_posterior(np.array([5.0, 1.0, 1.0]), 3.0, 1.0, 0.2, 0.0),
        np.array([1.0, 0.0, 0.0]),
        cause=("with change = 0 all ratings count", "change 为 0 时所有评分都有效"),
    )


@graded("change_point_posterior")
def test_a_long_history_does_not_underflow(yours):
    ratings = np.concatenate([np.full(1500, 4.8), np.full(1500, 1.2)])
    got = yours.change_point_posterior(ratings, 3.0, 1.0, 0.5, 0.5)
    assert_close(
        got[1500],
        1.0,
        cause=("add logarithms and subtract the largest before exp", "用对数相加，取 exp 之前减去最大值"),
        rtol=1e-3,
    )
