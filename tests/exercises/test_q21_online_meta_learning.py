"""Graded tests of q21: the outer step against algebra, the prior against batch moments, regret against a loop."""

import numpy as np
import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def drawn(rng, sizes, d=3):
    """Users with these sizes of support and query."""
    return [tuple(torch.as_tensor(rng.normal(size=s)) for s in ((k, d), k, (q, d), q)) for k, q in sizes]


def by_algebra(start, users, inner_lr, outer_lr):
    """The step for a linear user, its gradient written out: (1 - inner_lr H) times the query's."""
    total = torch.zeros_like(start)
    for x, y, xq, yq in users:
        h = 2 * x.T @ x / max(len(y), 1)
        w = start - inner_lr * (h @ start - 2 * x.T @ y / max(len(y), 1))
        at_query = 2 * xq.T @ (xq @ w - yq) / len(yq)
        total += (at_query - inner_lr * h @ at_query) / len(users)
    return start - outer_lr * total


@graded("ftml_step", core=True)
def test_two_users_by_hand(yours):
    one, two = tensor([[1.0]]), tensor([[2.0]])
    users = [(one, tensor([2.0]), one, tensor([3.0])), (one, tensor([0.0]), two, tensor([2.0]))]
    got = yours.ftml_step(tensor([1.0]), users, 0.25, 0.1)
    # w = 1.5 and 0.5; query gradients 2(1.5 - 3) = -3 and 4(1 - 2) = -4, times 1 - .5; their mean is -1.75
    assert_close(
        got,
        tensor([1.175]),
        cause=(
            "the outer gradient runs through the inner step: the query's gradient times 1 − inner_lr · curvature",
            "外层梯度要穿过内层那一步：查询集的梯度乘以 1 − inner_lr · 曲率，再对用户取平均",
        ),
    )


@graded("ftml_step", core=True)
def test_the_step_is_the_algebra(yours, rng):
    users, start = drawn(rng, [(2, 4), (5, 1), (1, 3)]), torch.as_tensor(rng.normal(size=3))
    inner_lr = float(rng.uniform(0.05, 0.4))
    assert_close(
        yours.ftml_step(start, users, inner_lr, 0.2),
        by_algebra(start, users, inner_lr, 0.2),
        cause=(
            "each user counts the same, whatever K and Q: mean over the ratings first, then over the users",
            "不论 K 和 Q，每个用户权重相同：先对评分取平均，再对用户取平均",
        ),
    )


@graded("ftml_step", core=True)
def test_a_user_without_support(yours, rng):
    users, start = drawn(rng, [(0, 2), (3, 2)]), torch.as_tensor(rng.normal(size=3))
    assert_close(
        yours.ftml_step(start, users, 0.3, 0.5),
        by_algebra(start, users, 0.3, 0.5),
        cause=(
            "K = 0: no inner step, w is the start itself; such a user still counts for one",
            "K = 0：不走内层，w 就是 start 本身；这样的用户仍算一个",
        ),
    )


@graded("ftml_step")
def test_the_start_is_left_alone(yours, rng):
    users, start = drawn(rng, [(2, 2)]), torch.as_tensor(rng.normal(size=3)).requires_grad_()
    got = yours.ftml_step(start, users, 0.1, 0.5)
    assert not got.requires_grad, (
        "Got a result with a graph; expected none. Usual cause: detach() is missing at the end"
    )
    assert_close(
        got,
        by_algebra(start.detach(), users, 0.1, 0.5),
        cause=(
            "a start that already requires a gradient is a value like any other",
            "已经要求梯度的 start 也只是一个值",
        ),
    )


@graded("online_prior_update", core=True)
def test_one_user_by_hand(yours):
    mean, covariance = yours.online_prior_update(
        np.array([1.0, 0.0]),
        np.array([[2.0, 0.0], [0.0, 1.0]]),
        3,
        np.array([5.0, 4.0]),
        np.array([[1.0, 0.0], [0.0, 5.0]]),
    )
    assert_close(
        mean,
        np.array([2.0, 1.0]),
        part="mean",
        cause=("the new user counts for one of n + 1", "新用户占 n + 1 分之一"),
    )
    # (3 S + V) / 4 = diag(1.75, 2) and 3/16 (4, 4)(4, 4)' = 3
    assert_close(
        covariance,
        np.array([[4.75, 3.0], [3.0, 5.0]]),
        part="covariance",
        cause=(
            "the spread has two parts: what is not known of the user, and how far the user lies from the mean",
            "散布有两部分：对这个用户还不确定的，以及这个用户离均值有多远",
        ),
    )


@graded("online_prior_update", core=True)
def test_many_updates_are_the_batch_moments(yours, rng):
    means, roots = rng.normal(size=(6, 3)), rng.normal(size=(6, 3, 3))
    covariances = roots @ roots.transpose(0, 2, 1)
    mean, covariance = means[0], covariances[0]
    for n in range(1, 6):
        mean, covariance = yours.online_prior_update(mean, covariance, n, means[n], covariances[n])
    off = means - means.mean(0)
    assert_close(
        mean,
        means.mean(0),
        part="mean",
        cause=("after six users the mean is that of all six", "六个用户之后，均值应是六人的均值"),
    )
    assert_close(
        covariance,
        covariances.mean(0) + off.T @ off / 6,
        part="covariance",
        cause=(
            "mean of the posterior covariances plus the covariance of the means, divided by n, around the new mean",
            "后验协方差的均值，加上各均值围绕新均值的协方差（除以 n）",
        ),
    )


@graded("online_prior_update")
def test_the_first_user_is_the_prior(yours):
    mean, covariance = yours.online_prior_update(
        np.array([7, 7]), np.array([[9, 0], [0, 9]]), 0, np.array([1, 2]), np.array([[1, 0], [0, 3]])
    )
    assert_close(
        mean,
        np.array([1.0, 2.0]),
        part="mean",
        cause=("n = 0: nobody came before", "n = 0：之前没有人"),
    )
    assert_close(
        covariance,
        np.array([[1.0, 0.0], [0.0, 3.0]]),
        part="covariance",
        cause=("n = 0: the prior is the user's posterior", "n = 0：先验就是这个用户的后验"),
    )


@graded("regret_curve", core=True)
def test_regret_by_hand(yours):
    got = yours.regret_curve(np.array([3.0, 1.0, 1.0, 0.0]), np.array([[1.0, 2.0, 2.0, 0.0], [2.0, 0.0, 5.0, 0.0]]))
    assert_close(
        got,
        np.array([2.0, 2.0, 0.0, 0.0]),
        cause=(
            "sum first, then take the rival who is best up to that time; it may change",
            "先累加，再取到那一刻为止最好的对照先验；它可能会换",
        ),
    )


@graded("regret_curve", core=True)
def test_regret_is_a_loop(yours, rng):
    losses, rivals = rng.random(7), rng.random((3, 7))
    losses[0] = rivals[:, 0].min() - 0.5  # a negative regret at first
    expected = []
    for t in range(1, 8):
        expected.append(sum(losses[:t]) - min(sum(row[:t]) for row in rivals))
    assert_close(
        yours.regret_curve(losses, rivals),
        np.array(expected),
        cause=(
            "one rival for all arrivals so far, not the best rival of each arrival; regret may be negative",
            "到目前为止用同一个对照先验，而不是每次到达各取最好的；遗憾可以为负",
        ),
    )


@graded("regret_curve")
def test_one_rival_and_no_arrival(yours):
    got = yours.regret_curve(np.array([1, 2]), np.array([[2, 2]]))
    assert_close(
        got, np.array([-1, -1]), cause=("one rival: the difference of two sums", "只有一个对照先验：两个累计之差")
    )
    got = yours.regret_curve(np.zeros(0), np.zeros((2, 0)))
    assert_close(got, np.zeros(0), cause=("nobody has come: an empty curve", "还没有人来：空曲线"))
