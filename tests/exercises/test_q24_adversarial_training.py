"""Graded tests of q24. Perturbations by hand and by search, gradients against autograd."""

import torch

from metarec_lib.workbook import assert_close, assert_true, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draw(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


@graded("fgsm_perturbation", core=True)
def test_both_norms_by_hand(yours):
    gradient = tensor([[3.0, -4.0], [0.0, 0.001]])
    assert_close(
        yours.fgsm_perturbation(gradient, 0.5, "inf"),
        tensor([[0.5, -0.5], [0.0, 0.5]]),
        cause=(
            "inf: epsilon times the sign; a zero does not move, and a small gradient counts like a large one",
            "inf：epsilon 乘以符号；零不动，小梯度和大梯度一样算",
        ),
    )
    assert_close(
        yours.fgsm_perturbation(gradient, 0.5, "2"),
        tensor([[0.3, -0.4], [0.0, 0.5]]),
        cause=("2: each row is divided by its own length", "2：每一行除以自己的长度"),
    )


@graded("fgsm_perturbation", core=True)
def test_no_other_change_of_that_size_does_more(yours, rng):
    gradient, epsilon = draw(rng, 5, 4), float(rng.uniform(0.1, 2))
    for norm in ("inf", "2"):
        best = (yours.fgsm_perturbation(gradient, epsilon, norm) * gradient).sum(1)
        other = draw(rng, 300, 5, 4)
        size = other.abs().amax(2) if norm == "inf" else other.norm(dim=2)
        reached = (epsilon * other / size[..., None] * gradient).sum(2).amax(0)
        assert_true(
            bool((best >= reached - 1e-9).all()),
            (
                "a change that raises the loss at least as much as 300 others of its size",
                "比 300 个同样大小的扰动都更能抬高损失",
            ),
            cause=(
                "it must climb, and use the whole of epsilon in every row",
                "方向要向上，而且每一行都要用满 epsilon",
            ),
        )
        length = gradient.abs().sum(1) if norm == "inf" else gradient.norm(dim=1)
        assert_close(best, epsilon * length, cause=("the size is epsilon, not more", "大小是 epsilon，不能更大"))


@graded("fgsm_perturbation", core=True)
def test_a_row_without_gradient_stays(yours):
    gradient = tensor([[0.0, 0.0], [2.0, 0.0]])
    for norm in ("inf", "2"):
        assert_close(
            yours.fgsm_perturbation(gradient, 0.25, norm),
            tensor([[0.0, 0.0], [0.25, 0.0]]),
            cause=("0 / 0 is NaN: a row whose gradient is zero does not move", "0 / 0 是 NaN：梯度为零的行不动"),
        )


@graded("fgsm_perturbation")
def test_a_tiny_gradient_has_a_direction(yours):
    assert_close(
        yours.fgsm_perturbation(tensor([[1e-12, 0.0]]), 1.0, "2"),
        tensor([[1.0, 0.0]]),
        cause=(
            "a tiny gradient has a direction too: add no constant to its length",
            "很小的梯度也有方向：不要在长度上加常数",
        ),
    )


@graded("gradient_reversal", core=True)
def test_the_value_is_x_and_the_gradient_is_turned(yours, rng):
    x, strength = draw(rng, 3, 2), float(rng.uniform(0.3, 3))
    assert_close(
        yours.gradient_reversal(x, strength),
        x,
        cause=("forward nothing changes, whatever the strength", "前向什么都不变，与 strength 无关"),
    )
    (gradient,) = yours.grad("gradient_reversal", x, strength)
    assert_close(
        gradient,
        torch.full_like(x, -strength),
        cause=("backward the gradient is multiplied by −strength", "反向时梯度乘以 −strength"),
    )


@graded("gradient_reversal")
def test_fixed_strengths(yours):
    x = tensor([1.0, -2.0, 0.0])
    for strength in (1.0, 2.0, 0.5):
        (gradient,) = yours.grad("gradient_reversal", x, strength)
        assert_close(
            gradient,
            torch.full_like(x, -strength),
            cause=("the sign is minus, and strength is a factor", "符号为负，strength 是乘数"),
        )


@graded("gradient_reversal", core=True)
def test_the_two_controls(yours):
    x = tensor([[1.0, -2.0]])
    (gradient,) = yours.grad("gradient_reversal", x, 0.0)
    assert_close(
        gradient, torch.zeros_like(x), cause=("strength 0 cuts the gradient off", "strength 为 0 时梯度被截断")
    )
    (gradient,) = yours.grad("gradient_reversal", x, -1.0)
    assert_close(
        gradient,
        torch.ones_like(x),
        cause=("a negative strength lets the gradient through", "strength 为负时梯度照常通过"),
    )
    assert_close(yours.gradient_reversal(x, -1.0), x, cause=("forward it is still x", "前向仍然是 x"))


def bpr(u, i, j):
    return torch.log1p(torch.exp(-(u * (i - j)).sum(1))).mean()


def by_reference(rows, epsilon, weight):
    """Loss and gradients, with each change made by hand: the gradient of a triple's loss is −σ(−d) times a vector."""
    user, item, other = rows
    push = -torch.sigmoid(-(user * (item - other)).sum(1, keepdim=True))
    ways = [push * (item - other), push * user, -push * user]
    moved = [
        row + epsilon * (way / way.norm(dim=1, keepdim=True)).detach() for row, way in zip(rows, ways, strict=True)
    ]
    return bpr(*rows) + weight * bpr(*moved)


@graded("apr_loss", core=True)
def test_one_triple_by_hand(yours):
    # user 2, item 1, other 0: all three gradients point so that the margin falls, 2 → (2 − .5)(.5 − .5) = 0
    got = yours.apr_loss(tensor([[2.0]]), tensor([[1.0]]), tensor([[0.0]]), 0.5, 3.0)
    expected = torch.log1p(torch.exp(tensor(-2.0))) + 3 * torch.log(tensor(2.0))
    assert_close(
        got,
        expected,
        cause=(
            "user moves by −ε, item by −ε, other by +ε: up the loss; then weight times the second loss",
            "user 移动 −ε，item 移动 −ε，other 移动 +ε，都朝抬高损失的方向；第二项再乘 weight",
        ),
    )


@graded("apr_loss", core=True)
def test_loss_and_gradients_are_the_reference(yours, rng):
    rows = [draw(rng, 6, 3) for _ in range(3)]
    epsilon, weight = float(rng.uniform(0.2, 1)), float(rng.uniform(0.5, 2))
    assert_close(
        yours.apr_loss(*rows, epsilon, weight),
        by_reference(rows, epsilon, weight),
        cause=(
            "every row of every one of the three moves by epsilon, and the losses are means",
            "三个输入的每一行都移动 epsilon；两项损失都取平均",
        ),
    )
    leaves = [row.clone().requires_grad_() for row in rows]
    expected = torch.autograd.grad(by_reference(leaves, epsilon, weight), leaves)
    got = yours.grad("apr_loss", *rows, epsilon, weight, wrt=(0, 1, 2))
    for one, other in zip(got, expected, strict=True):
        assert_close(
            one,
            other,
            cause=(
                "the change is a constant: detach it, and add it to the original vectors, which keep their gradient",
                "扰动是常数：要 detach，再加到原来的向量上，让梯度仍然流向原向量",
            ),
        )


@graded("apr_loss")
def test_without_epsilon_or_weight_it_is_bpr(yours, rng):
    rows = [draw(rng, 4, 2) for _ in range(3)]
    assert_close(
        yours.apr_loss(*rows, 0.7, 0.0),
        bpr(*rows),
        cause=("weight 0 leaves the plain loss", "weight 为 0 就是普通损失"),
    )
    assert_close(
        yours.apr_loss(*rows, 0.0, 0.5),
        1.5 * bpr(*rows),
        cause=("epsilon 0: the plain loss, 1 + weight times", "epsilon 为 0：普通损失的 1 + weight 倍"),
    )


@graded("apr_loss")
def test_vectors_of_zero(yours):
    zero, one = tensor([[0.0, 0.0]]), tensor([[3.0, 4.0]])
    got = yours.apr_loss(
        zero, one, zero, 1.0, 1.0
    )  # only the user has a gradient: it moves by −(.6, .8), the margin to −5
    assert_close(
        got,
        torch.log(tensor(2.0)) + torch.log1p(torch.exp(tensor(5.0))),
        cause=("a row whose gradient is zero does not move: 0 / 0 is NaN", "梯度为零的行不动：0 / 0 是 NaN"),
    )
    far = yours.apr_loss(tensor([[60.0]]), tensor([[-20.0]]), tensor([[0.0]]), 0.0, 0.0)
    assert_close(
        far,
        tensor(1200.0),
        cause=("σ of a large negative margin underflows: use logsigmoid", "很负的间隔会让 σ 下溢：用 logsigmoid"),
    )
    tiny = yours.apr_loss(
        tensor([[40.0]]), tensor([[1.0]]), zero[:, :1], 0.5, 1.0
    )  # a gradient of 4e-18 has a direction
    assert_close(
        tiny,
        torch.log(tensor(2.0)),  # the margin moves from 40 to 39.5 · (.5 − .5) = 0
        cause=(
            "a tiny gradient has a direction too: add no constant to its length, and lower the eps of normalize",
            "很小的梯度也有方向：不要在长度上加常数；用 normalize 时要调小 eps",
        ),
    )
