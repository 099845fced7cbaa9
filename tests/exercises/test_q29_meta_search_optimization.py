"""Graded tests of q29. The hypergradient against autograd, pruning and optimism against loops, all by hand too."""

import numpy as np
import torch

from metarec_lib.workbook import assert_close, graded

NAN = float("nan")


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


@graded("hypergradient", core=True)
def test_one_weight_by_hand(yours):
    got = yours.hypergradient(tensor([[1.0]]), tensor([2.0]), tensor([[2.0]]), tensor([5.0]), 0.0)
    assert_close(
        got,
        tensor(6.0),  # λ = 1, w = 1, error 2 − 5 = −3, dw = −1/2, 2 · (−3) · (2 · −1/2)
        cause=(
            "the error is Xv w − yv, and the weights shrink as λ grows: dw = −λ (XᵀX + λI)⁻¹ w",
            "误差是 Xv w − yv；λ 变大时权重缩小：dw = −λ (XᵀX + λI)⁻¹ w",
        ),
    )


@graded("hypergradient", core=True)
def test_it_is_that_of_autograd(yours, rng):
    X, Xv = torch.as_tensor(rng.normal(size=(7, 3))), torch.as_tensor(rng.normal(size=(5, 3)))
    y, yv = torch.as_tensor(rng.normal(size=7)), torch.as_tensor(rng.normal(size=5))
    log_strength = torch.tensor(float(rng.uniform(-1, 2)), dtype=torch.float64, requires_grad=True)
    w = torch.linalg.solve(X.T @ X + log_strength.exp() * torch.eye(3, dtype=torch.float64), X.T @ y)
    ((Xv @ w - yv) ** 2).mean().backward()
    assert_close(
        yours.hypergradient(X, y, Xv, yv, float(log_strength.detach())),
        log_strength.grad,
        cause=(
            "the derivative is by log λ, so a factor λ stays; the validation error is a mean",
            "对 log λ 求导，所以要留下因子 λ；验证误差取平均",
        ),
    )


@graded("hypergradient")
def test_fewer_rows_than_weights(yours):
    X, y = tensor([[1.0, 2.0, 3.0]]), tensor([14.0])
    got = yours.hypergradient(X, y, X, tensor([0.0]), float(np.log(14.0)))
    assert_close(
        got,
        tensor(-49.0),  # λ = 14: Xw = 7, X dw = −14 · 7 / 28 = −3.5, 2 · 7 · (−3.5)
        cause=(
            "XᵀX alone has no inverse here; with λI it has",
            "这里 XᵀX 不可逆，加上 λI 才可逆",
        ),
    )


@graded("hypergradient")
def test_the_rows_are_not_scaled(yours):
    X, y = tensor([[1.0], [1.0], [2.0]]), tensor([1.0, 2.0, 3.0])
    got = yours.hypergradient(X, y, tensor([[1.0], [3.0]]), tensor([0.0, 0.0]), float(np.log(3.0)))
    assert_close(
        got,
        tensor(-10 / 3),  # XᵀX = 6, Xᵀy = 9, w = 1, dw = −1/3: mean of 2 · (1, 3) · (−1/3, −1) = −10/3
        cause=(
            "the training loss is a sum: do not divide XᵀX by the number of rows",
            "训练损失是求和：不要把 XᵀX 除以行数",
        ),
    )


@graded("prune_decision", core=True)
def test_pruning_by_hand(yours):
    earlier = tensor([[3.0, 2.0], [5.0, NAN], [4.0, 1.0]])
    for loss, expected in ((4.5, True), (3.5, False), (4.0, False)):
        assert_close(
            yours.prune_decision(earlier, tensor([loss]), 0, 3),
            expected,
            cause=(
                "the median of 3, 5, 4 is 4: stop above it, not at it",
                "3、5、4 的中位数是 4：高于它才停，等于不停",
            ),
        )


@graded("prune_decision", core=True)
def test_pruning_is_the_loop(yours, rng):
    earlier = rng.normal(size=(6, 4))
    earlier[rng.permutation(6)[:2], 2:] = np.nan
    for rung in range(4):
        middle = np.nanmedian(earlier[:, rung])
        for loss in (middle - 0.1, middle + 0.1):
            current = np.append(rng.normal(size=rung), loss)
            assert_close(
                yours.prune_decision(torch.as_tensor(earlier), torch.as_tensor(current), 0, 2),
                bool(loss > middle),
                cause=(
                    "compare the last loss of `current` with the earlier trials at the same rung, NaN left out",
                    "拿 `current` 的最后一个损失，与早先试验同一轮的损失比，NaN 不算",
                ),
            )


@graded("prune_decision", core=True)
def test_the_last_loss_counts(yours):
    earlier = tensor([[1.0, 2.0], [1.0, 3.0], [1.0, 4.0]])
    assert_close(
        [yours.prune_decision(earlier, tensor(current), 0, 3) for current in ([1.0, 9.0], [9.0, 1.0])],
        [True, False],
        cause=(
            "the last loss of `current` is compared: not its first, its best or its mean",
            "比的是 `current` 的最后一个损失：不是第一个，不是最好的，也不是平均",
        ),
    )


@graded("prune_decision")
def test_an_even_number(yours):
    earlier = torch.tensor([[1.0], [2.0], [4.0], [9.0]])
    assert_close(
        [yours.prune_decision(earlier, torch.tensor([loss]), 0, 1) for loss in (2.5, 3.5)],
        [False, True],
        cause=(
            "the median of 1, 2, 4, 9 is 3; torch.median gives 2",
            "1、2、4、9 的中位数是 3；torch.median 给出 2",
        ),
    )


@graded("prune_decision", core=True)
def test_warm_up_and_least(yours):
    earlier, bad = tensor([[1.0, 1.0, 1.0], [1.0, 1.0, NAN]]), tensor([9.0, 9.0, 9.0])
    cases = (1, 1, 2), (1, 2, 2), (2, 1, 2), (2, 1, 3), (3, 0, 2)  # rungs reached, warm_up, least
    got = [yours.prune_decision(earlier, bad[:r], w, n) for r, w, n in cases]
    assert_close(
        got,
        [False, False, True, False, False],
        cause=(
            "the first `warm_up` rungs are never cut, nor one with fewer than `least` earlier trials that reached it",
            "前 `warm_up` 轮不停；到达这一轮的早先试验少于 `least` 个时也不停",
        ),
    )


@graded("prune_decision")
def test_one_earlier_trial_and_whole_numbers(yours):
    one, many = torch.tensor([[3, 2]]), torch.tensor([[1], [2], [4], [9]])
    got = [yours.prune_decision(one, torch.tensor([4]), 0, 1), yours.prune_decision(many, torch.tensor([3]), 0, 4)]
    assert_close(
        got,
        [True, False],
        cause=(
            "with least=1 one earlier trial is enough; losses may be whole numbers",
            "least=1 时有一个就够；损失可以是整数",
        ),
    )


@graded("prune_decision")
def test_a_trial_that_diverged(yours):
    earlier = tensor([[1.0], [float("inf")], [2.0], [float("inf")], [3.0]])
    assert_close(
        [yours.prune_decision(earlier, tensor([loss]), 0, 1) for loss in (2.5, 3.5)],
        [False, True],
        cause=("an infinite loss is a loss: it counts as above the middle", "无穷大的损失也是损失，照样参与排序"),
    )


@graded("prune_decision")
def test_no_earlier_trial(yours):
    empty = torch.zeros(0, 2, dtype=torch.float64)
    stopped = tensor([[1.0, NAN]])
    got = [yours.prune_decision(empty, tensor([1.0]), 0, 1), yours.prune_decision(stopped, tensor([1.0, 2.0]), 0, 0)]
    assert_close(
        got,
        [False, False],
        cause=("with nothing to compare, the trial goes on", "没有可比的，就继续跑"),
    )


@graded("winners_optimism", core=True)
def test_optimism_by_hand(yours):
    validation, test = tensor([[1.0, 2.0, 3.0], [2.0, 0.0, 4.0]]), tensor([2.5, 1.0, 2.5])
    assert_close(
        yours.winners_optimism(validation, test),
        tensor([1.5, 1.0]),  # gaps (1.5, −1, −.5), mean 0; gaps (.5, 1, −1.5), mean 0
        cause=(
            "the validation loss chooses; optimism is test − validation at the winner, minus its mean",
            "由验证损失来选；乐观量是赢家处的“测试 − 验证”减去平均",
        ),
    )


@graded("winners_optimism", core=True)
def test_optimism_is_the_loop(yours, rng):
    validation, test = rng.normal(size=(5, 8)), rng.normal(size=(5, 8)) + 2
    expected = []
    for v, t in zip(validation, test, strict=True):
        winner = min(range(8), key=lambda c: v[c])
        expected.append(t[winner] - v[winner] - np.mean([b - a for a, b in zip(v, t, strict=True)]))
    assert_close(
        yours.winners_optimism(torch.as_tensor(validation), torch.as_tensor(test)),
        tensor(expected),
        cause=(
            "take off what test and validation users differ by in general: the mean of test − validation of the same row",
            "要扣掉两批用户本身的差别：同一行“测试 − 验证”的平均",
        ),
    )


@graded("winners_optimism")
def test_test_users_that_are_harder(yours, rng):
    validation = torch.as_tensor(rng.normal(size=(3, 6)))
    assert_close(
        yours.winners_optimism(validation, validation + 0.4),
        torch.zeros(3, dtype=torch.float64),
        atol=1e-9,
        cause=(
            "users who are harder for every configuration are no optimism: subtract the mean gap",
            "对所有配置都更难的用户不算乐观：要减去平均差",
        ),
    )


@graded("winners_optimism")
def test_equal_winners(yours):
    assert_close(
        yours.winners_optimism(tensor([[3.0, 1.0, 1.0]]), tensor([3.0, 4.0, 1.0])),
        tensor([2.0]),  # the first of the two: gap 3, mean gap 1
        cause=("of equal validation losses the first wins", "验证损失相同时取前面的"),
    )
