"""Graded tests of q11. Gates and losses against loops and probabilities, projections by hand and by geometry."""

import numpy as np
import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


@graded("mmoe_gate", core=True)
def test_two_tasks_two_experts(yours):
    got = yours.mmoe_gate(
        tensor([[1.0, 2.0]]),
        tensor([[[3.0]], [[7.0]]]),
        tensor([[[0.0, 0.0], [0.0, 0.0]], [[0.0, np.log(3.0)], [0.0, 0.0]]]),
    )
    assert_close(
        got,
        tensor([[[5.0]], [[6.0]]]),  # weights ½, ½ and ¼, ¾
        cause=("each task has a gate of its own, a softmax over the experts", "每个任务有自己的门控，对专家做 softmax"),
    )


@graded("mmoe_gate", core=True)
def test_it_is_the_loop_over_tasks_and_rows(yours, rng):
    x, outputs, gates = rng.normal(size=(4, 3)), rng.normal(size=(5, 4, 2)), rng.normal(size=(3, 3, 5))
    expected = np.zeros((3, 4, 2))
    for t in range(3):
        for n in range(4):
            weight = np.exp(x[n] @ gates[t])
            expected[t, n] = sum(weight[e] / weight.sum() * outputs[e, n] for e in range(5))
    assert_close(
        yours.mmoe_gate(*(torch.as_tensor(v) for v in (x, outputs, gates))),
        torch.as_tensor(expected),
        cause=("the gate reads the row: weights differ from row to row", "门控要看输入：每行的权重不同"),
    )


@graded("mmoe_gate", core=True)
def test_large_gates(yours):
    got = yours.mmoe_gate(
        tensor([[1000.0]]), tensor([[[1.0]], [[2.0]]]), tensor([[[0.0, 1.0]], [[-1.0, -1.001]], [[1.0, 1.001]]])
    )
    less = 1 / (1 + np.e)  # logits −1000 and −1001, then 1000 and 1001
    assert_close(
        got,
        tensor([[[2.0]], [[1 + less]], [[2 - less]]]),
        cause=("exp(1000) overflows: use softmax", "exp(1000) 会溢出：用 softmax"),
    )


@graded("mmoe_gate", core=True)
def test_gates_and_experts_are_both_learned(yours, rng):
    x, outputs, gates = (torch.as_tensor(rng.normal(size=size)) for size in ((4, 3), (5, 4, 2), (3, 3, 5)))
    weights = np.exp(np.einsum("nd,tde->tne", x.numpy(), gates.numpy()))
    weights /= weights.sum(2, keepdims=True)
    worth = outputs.sum(2).numpy().T  # (N, E), what an expert adds to the sum of the result
    slope = weights * (worth - (weights * worth).sum(2, keepdims=True))  # of the logits, (T, N, E)
    assert_close(
        list(yours.grad("mmoe_gate", x, outputs, gates, wrt=[0, 1, 2])),
        [
            torch.as_tensor(np.einsum("tne,tde->nd", slope, gates.numpy())),
            torch.as_tensor(weights.sum(0).T[:, :, None] * np.ones(2)),
            torch.as_tensor(np.einsum("tne,nd->tde", slope, x.numpy())),
        ],
        cause=("gradients run to the input, the experts and the gates", "梯度要传到输入、专家和门控"),
    )


@graded("esmm_loss", core=True)
def test_by_hand(yours):
    zero = tensor([0.0, 0.0])
    assert_close(
        yours.esmm_loss(zero, zero, tensor([1.0, 0.0]), tensor([1.0, 0.0])),
        tensor(np.log(2) + (np.log(4) + np.log(4 / 3)) / 2),
        cause=(
            "P(click) = ½ for both; P(click and convert) = ¼, over all impressions",
            "两次的 P(点击) = ½；P(点击且转化) = ¼，在全部曝光上算",
        ),
    )


@graded("esmm_loss", core=True)
def test_unclicked_rows_teach_the_conversion_tower(yours, rng):
    a, b = (torch.as_tensor(rng.normal(size=6)) for _ in range(2))
    clicked = tensor([1.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    converted = tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    p, q = 1 / (1 + np.exp(-a.numpy())), 1 / (1 + np.exp(-b.numpy()))
    c, v = clicked.numpy(), converted.numpy()
    loss = -(c * np.log(p) + (1 - c) * np.log(1 - p) + v * np.log(p * q) + (1 - v) * np.log(1 - p * q)).mean()
    assert_close(
        yours.esmm_loss(a, b, clicked, converted),
        tensor(loss),
        cause=(
            "the second term runs over all impressions, the unclicked ones too: there converted is 0",
            "第二项在全部曝光上算，没点击的也算：它们的 converted 是 0",
        ),
    )
    slope_q = -(v * (1 - q) - (1 - v) * p * q * (1 - q) / (1 - p * q)) / 6
    slope_p = (p - c) / 6 - (v * (1 - p) - (1 - v) * p * q * (1 - p) / (1 - p * q)) / 6
    assert_close(
        list(yours.grad("esmm_loss", a, b, clicked, converted, wrt=[0, 1])),
        [torch.as_tensor(slope_p), torch.as_tensor(slope_q)],
        cause=(
            "the second term runs over all impressions, the unclicked ones too: there converted is 0",
            "第二项在全部曝光上算，没点击的也算：它们的 converted 是 0",
        ),
    )


@graded("esmm_loss", core=True)
def test_whole_numbers_and_truth_values(yours):
    a, b = tensor([0.3, -0.2]), tensor([1.0, 0.5])
    got = yours.esmm_loss(a, b, torch.tensor([1, 0]), torch.tensor([True, False]))
    assert_close(
        got,
        yours.esmm_loss(a, b, tensor([1.0, 0.0]), tensor([1.0, 0.0])),
        cause=("labels may be whole numbers or truth values", "标签可以是整数或布尔值"),
    )
    p, q = 1 / (1 + np.exp(-a.numpy())), 1 / (1 + np.exp(-b.numpy()))
    loss = -(np.log(p[0]) + np.log(1 - p[1]) + np.log(p[0] * q[0]) + np.log(1 - p[1] * q[1])) / 2
    assert_close(got, tensor(loss), cause=("labels may be whole numbers or truth values", "标签可以是整数或布尔值"))


@graded("esmm_loss", core=True)
def test_large_logits(yours):
    far = tensor([50.0, -50.0])
    got = yours.esmm_loss(far, far, tensor([0.0, 1.0]), tensor([0.0, 1.0]))
    # click: 50 and 50; both: P = 1 − 2e⁻⁵⁰ unconverted: about 50 − log 2 (or the smallest number kept), and 100
    assert_close(
        bool(torch.isfinite(got)) and 110 < float(got) < 126,
        True,
        cause=("work with logs: log P = logsigmoid + logsigmoid", "用对数来算：log P = logsigmoid + logsigmoid"),
    )
    slopes = yours.grad("esmm_loss", far, far, tensor([0.0, 1.0]), tensor([0.0, 1.0]), wrt=[0, 1])
    assert_close(
        [bool(torch.isfinite(slope).all()) for slope in slopes],
        [True, True],
        cause=("the gradient must be finite, too", "梯度也必须是有限的"),
    )


@graded("pcgrad_project", core=True)
def test_a_conflict_is_taken_out(yours):
    got = yours.pcgrad_project(tensor([1.0, 0.0]), [tensor([-1.0, 1.0])])
    assert_close(
        got,
        tensor([0.5, 0.5]),  # dot −1, length² 2: (1, 0) + ½ (−1, 1)
        cause=(
            "subtract (g · h / h · h) h; the result is at a right angle to h",
            "减去 (g · h / h · h) h；结果与 h 垂直",
        ),
    )
    got = yours.pcgrad_project(tensor([1.0, 0.0]), [tensor([-0.05, 1.0])])
    assert_close(
        got,
        tensor([1 / 1.0025, 0.05 / 1.0025]),  # a weak conflict: dot −.05, length² 1.0025
        cause=("a weak conflict is one, too", "冲突再弱也是冲突"),
    )


@graded("pcgrad_project", core=True)
def test_no_conflict_no_change(yours):
    got = yours.pcgrad_project(tensor([1.0, 2.0]), [tensor([3.0, 1.0]), tensor([-2.0, 1.0])])
    assert_close(
        got,
        tensor([1.0, 2.0]),
        cause=("a dot product of 0 or more is no conflict: keep the gradient", "点积不小于 0 就没有冲突：梯度不变"),
    )


@graded("pcgrad_project", core=True)
def test_others_in_turn(yours):
    own, others = tensor([1.0, 0.0]), [tensor([-1.0, 1.0]), tensor([0.0, -2.0])]
    before = [own.clone(), *(g.clone() for g in others)]
    assert_close(
        yours.pcgrad_project(own, others),
        tensor([0.5, 0.0]),  # after the first (½, ½), which conflicts with the second; (1, 0) did not
        cause=(
            "the second is compared with what the first left, not with the gradient at the start",
            "第二个要与第一步之后的梯度比，不是与最初的比",
        ),
    )
    assert_close([own, *others], before, cause=("you changed an argument", "你改动了参数"))
    assert_close(yours.pcgrad_project(own, []), own, cause=("without others it stays", "没有其他任务时不变"))


@graded("pcgrad_project")
def test_a_gradient_of_zeros(yours):
    assert_close(
        yours.pcgrad_project(tensor([1.0, -1.0]), [tensor([0.0, 0.0])]),
        tensor([1.0, -1.0]),
        cause=(
            "a task without gradient takes nothing away: do not divide by 0",
            "没有梯度的任务不影响结果：不要除以 0",
        ),
    )
