"""Graded tests of q08. The recursion against the batch solve, FTRL against its own minimisation, the loss against a loop."""

import math

import numpy as np
import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def drawn(rng, d=4, n=25):
    """A prior, and ratings with their inputs."""
    root = rng.normal(size=(d, d))
    return rng.normal(size=d), root @ root.T + 0.2 * np.eye(d), rng.normal(size=(n, d)), 3 + rng.normal(size=n)


@graded("rls_update", core=True)
def test_one_rating_by_hand(yours):
    mean, covariance = yours.rls_update(
        np.array([1.0, 0.0]), np.array([[2.0, 1.0], [1.0, 1.0]]), np.array([1.0, 0.0]), 4.0, 2.0
    )
    # S x = (2, 1), x S x = 2, gain = (2, 1) / 4, error = 3
    assert_close(
        mean,
        np.array([2.5, 0.75]),
        part="mean",
        cause=(
            "gain = S x / (noise + x · S x), times the error y − x · mean of the old mean",
            "增益 = S x / (noise + x · S x)，乘以旧均值下的误差 y − x · mean",
        ),
    )
    assert_close(
        covariance,
        np.array([[1.0, 0.5], [0.5, 0.75]]),
        part="covariance",
        cause=("the covariance loses gain (S x)ᵀ, an outer product", "协方差减去 gain (S x)ᵀ，是外积"),
    )


@graded("rls_update", core=True)
def test_many_updates_are_the_batch_solve(yours, rng):
    prior, covariance, x, y = drawn(rng)
    noise = float(rng.uniform(0.3, 3))
    precision = np.linalg.inv(covariance) + x.T @ x / noise
    expected = np.linalg.solve(precision, np.linalg.solve(covariance, prior) + x.T @ y / noise)
    mean, now = prior, covariance
    for row, rating in zip(x, y, strict=True):
        mean, now = yours.rls_update(mean, now, row, float(rating), noise)
    assert_close(
        mean,
        expected,
        part="mean",
        cause=(
            "after 25 ratings the recursion is the ridge solution from all 25 and the prior; noise is a variance",
            "25 条评分之后，递归结果应等于由先验和全部 25 条评分直接求得的岭回归解；noise 是方差",
        ),
    )
    assert_close(
        now,
        np.linalg.inv(precision),
        part="covariance",
        cause=(
            "after 25 ratings the recursion is the ridge solution from all 25 and the prior; noise is a variance",
            "25 条评分之后，递归结果应等于由先验和全部 25 条评分直接求得的岭回归解；noise 是方差",
        ),
    )


@graded("rls_update")
def test_what_is_certain_does_not_move(yours):
    mean, covariance = yours.rls_update(np.array([1.0, 2.0]), np.diag([0.0, 3.0]), np.array([1.0, 1.0]), 9.0, 1.0)
    assert_close(
        mean,
        np.array([1.0, 6.5]),
        part="mean",
        cause=("a weight with variance 0 is known and stays", "方差为 0 的权重是已知的，不应移动"),
    )
    assert_close(
        covariance,
        np.diag([0.0, 0.75]),
        part="covariance",
        cause=("a weight with variance 0 is known and stays", "方差为 0 的权重是已知的，不应移动"),
    )


@graded("rls_update")
def test_an_item_of_zeros_teaches_nothing(yours):
    prior, covariance = np.array([1, 2]), np.array([[2, 1], [1, 2]])  # whole numbers
    mean, now = yours.rls_update(prior, covariance, np.array([0, 0]), 5, 1)
    assert_close(mean, np.array([1.0, 2.0]), part="mean", cause=("x = 0: the mean stays", "x = 0：均值不变"))
    assert_close(
        now,
        np.array([[2.0, 1.0], [1.0, 2.0]]),
        part="covariance",
        cause=("x = 0: nothing is learned", "x = 0：什么也没学到"),
    )
    mean, _ = yours.rls_update(prior, covariance, np.array([1, 0]), 2, 1)
    assert_close(
        mean,
        np.array([5 / 3, 7 / 3]),
        part="mean",
        cause=("whole numbers come in; the mean is not whole", "输入是整数，均值却不是整数"),
    )


@graded("ftrl_update", core=True)
def test_two_steps_by_hand(yours):
    z, n = np.array([-3.0, 0.0]), np.array([4.0, 0.0])  # the old weights: (3 - 1) / ((1 + 2) / .5) = 1/3, and 0
    w, z, n = yours.ftrl_update(z, n, np.array([1.5, -0.5]), 0.5, 1.0, 1.0)
    assert_close(
        z,
        np.array([-3 + 1.5 - 1 / 3, -0.5]),
        part="z",
        cause=(
            "sigma = (√(n + g²) − √n) / alpha with the old n, times the weights of the old state",
            "sigma = (√(n + g²) − √n) / alpha 用旧的 n，再乘旧状态的权重",
        ),
    )  # sigma = (2.5 - 2) / .5 = 1
    assert_close(n, np.array([6.25, 0.25]), part="n", cause=("n grows by the squared gradient", "n 增加梯度的平方"))
    assert_close(
        w,
        np.array([(11 / 6 - 1) * 0.5 / 3.5, 0.0]),
        part="w",
        cause=("the weights returned are those of the new z and n", "返回的应是新的 z、n 对应的权重"),
    )


@graded("ftrl_update", core=True)
def test_it_is_the_minimum_that_it_stands_for(yours, rng):
    alpha, beta, l1 = (float(v) for v in rng.uniform(0.3, 1.5, 3))
    z, n, w = np.zeros(6), np.zeros(6), np.zeros(6)
    gradients, centres, weights = np.zeros(6), np.zeros(6), np.full(6, beta / alpha)
    for _ in range(8):
        g = rng.normal(size=6)
        sigma = (np.sqrt(n + g**2) - np.sqrt(n)) / alpha
        gradients, centres, weights = gradients + g, centres + sigma * w, weights + sigma
        w, z, n = yours.ftrl_update(z, n, g, alpha, beta, l1)
        # min over w of (sum g) w + sum sigma_s (w - w_s)^2 / 2 + beta / alpha w^2 / 2 + l1 |w|
        slope = gradients - centres
        expected = np.where(np.abs(slope) <= l1, 0.0, -(slope - np.sign(slope) * l1) / weights)
        assert_close(
            w,
            expected,
            part="w",
            cause=(
                "step after step w minimises the sum of all gradients, a proximal term around every earlier w, and l1 |w|",
                "每一步的 w 都应最小化：梯度之和、围绕历次 w 的近端项、再加 l1 |w|",
            ),
        )


@graded("ftrl_update")
def test_small_gradients_stay_at_zero(yours):
    w, z, n = yours.ftrl_update(np.array([0.4, -2.0]), np.array([1, 1]), np.array([0.6, 0.0]), 1.0, 1.0, 1.0)
    assert_close(
        w,
        np.array([0.0, 0.5]),
        part="w",
        cause=(
            "|z| ≤ l1 gives a weight of exactly 0; beyond, |z| − l1 counts",
            "|z| ≤ l1 时权重恰好为 0；超出部分 |z| − l1 才起作用",
        ),
    )
    assert_close(z, np.array([1.0, -2.0]), part="z", cause=("a gradient of 0 changes nothing", "梯度为 0 时什么都不变"))
    assert_close(n, np.array([1.36, 1.0]), part="n", cause=("n grows by the squared gradient", "n 增加梯度的平方"))


@graded("delayed_feedback_loss", core=True)
def test_converted_and_waiting_by_hand(yours):
    seen = yours.delayed_feedback_loss(
        tensor([math.log(0.25 / 0.75)]), tensor([math.log(0.5)]), torch.tensor([True]), tensor([2.0]), tensor([9.0])
    )
    assert_close(
        seen,
        tensor(-math.log(0.25 * 0.5 * math.exp(-1.0))),
        cause=(
            "a conversion after d counts p · λ exp(−λ d): its delay, not the time that has passed",
            "延迟 d 后的转化计 p · λ exp(−λ d)：用它的延迟，而不是已过的时间",
        ),
    )
    waiting = yours.delayed_feedback_loss(
        tensor([math.log(0.25 / 0.75)]),
        tensor([math.log(0.5)]),
        torch.tensor([False]),
        tensor([math.nan]),
        tensor([4.0]),
    )
    assert_close(
        waiting,
        tensor(-math.log(0.75 + 0.25 * math.exp(-2.0))),
        cause=(
            "not converted yet: it never will, 1 − p, or it will later, p exp(−λ e)",
            "还没转化：要么永远不会（1 − p），要么以后才会（p exp(−λ e)）",
        ),
    )


@graded("delayed_feedback_loss", core=True)
def test_a_batch_is_the_mean_click_by_click(yours, rng):
    n = 12
    logits, log_rate = torch.as_tensor(rng.normal(size=n)), torch.as_tensor(rng.normal(size=n))
    converted = torch.as_tensor(rng.random(n) < 0.5)
    converted[:2] = torch.tensor([True, False])
    elapsed = torch.as_tensor(rng.uniform(1, 5, n))
    delay = torch.where(converted, elapsed * torch.as_tensor(rng.random(n)), torch.nan)
    total = 0.0
    for k in range(n):
        p, rate = 1 / (1 + math.exp(-float(logits[k]))), math.exp(float(log_rate[k]))
        chance = (
            p * rate * math.exp(-rate * float(delay[k]))
            if converted[k]
            else 1 - p + p * math.exp(-rate * float(elapsed[k]))
        )
        total -= math.log(chance)
    assert_close(
        yours.delayed_feedback_loss(logits, log_rate, converted, delay, elapsed),
        tensor(total / n),
        cause=(
            "each click has its own p, λ and times; the loss is the mean",
            "每次点击有自己的 p、λ 和时间；损失取均值",
        ),
    )


@graded("delayed_feedback_loss", core=True)
def test_gradients_flow_past_missing_delays(yours):
    logits, log_rate = tensor([0.3, -0.2]), tensor([0.1, -0.4])
    converted, delay, elapsed = torch.tensor([True, False]), tensor([1.0, math.nan]), tensor([2.0, 3.0])
    a, b = logits.clone().requires_grad_(), log_rate.clone().requires_grad_()
    p, rate = torch.sigmoid(a), b.exp()
    loss = -(p[0] * rate[0] * torch.exp(-rate[0])).log() - (1 - p[1] + p[1] * torch.exp(-3 * rate[1])).log()
    expected = torch.autograd.grad(loss / 2, (a, b))
    got = yours.grad("delayed_feedback_loss", logits, log_rate, converted, delay, elapsed, wrt=[0, 1])
    for one, other, part in zip(got, expected, ("logits", "log_rate"), strict=True):
        assert_close(
            one,
            other,
            part=part,
            cause=(
                "a NaN that torch.where drops still makes its gradient NaN: replace the missing delays first",
                "torch.where 丢掉的 NaN 仍会让梯度变成 NaN：先把缺失的 delay 换掉",
            ),
        )


@graded("delayed_feedback_loss")
def test_extreme_logits(yours):
    converted, delay, elapsed = torch.tensor([True, False]), tensor([0.0, math.nan]), tensor([1.0, 900.0])
    got = yours.delayed_feedback_loss(tensor([-800.0, 800.0]), tensor([0.0, 0.0]), converted, delay, elapsed)
    assert_close(
        got,
        tensor(800.0),  # 800 for the first, and -log(exp(-800) + exp(-900)) = 800 for the second
        cause=(
            "log of a chance that has become 0 is infinite: stay in logs, with logsigmoid and logaddexp",
            "概率下溢成 0，取对数就是无穷：用 logsigmoid 和 logaddexp 全程保持对数形式",
        ),
    )
