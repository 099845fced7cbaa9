"""Graded tests of q05."""

import numpy as np
import torch
from scipy.linalg import orthogonal_procrustes

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def adapters(rng, users, d, o, r):
    shapes = (users, d), (o, d), (users, r, d), (users, o, r)
    return [tensor(rng.normal(size=shape)) for shape in shapes]


def one_by_one(x, weight, a, b, alpha):
    """Each user's matrix written out."""
    return torch.stack([(weight + alpha / len(a[u]) * b[u] @ a[u]) @ x[u] for u in range(len(x))])


@graded("lora_forward", core=True)
def test_two_users_by_hand(yours):
    x, weight = tensor([[1.0, 2.0], [1.0, 2.0]]), tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    a = tensor([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [0.0, 0.0]]])
    b = tensor([[[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]], [[0.0, 0.0], [1.0, 5.0], [0.0, 0.0]]])
    got = yours.lora_forward(x, weight, a, b, 4.0)  # A x = (1, 2) and (3, 0); times 4 / 2
    assert_close(
        got,
        tensor([[3.0, 2.0, 11.0], [1.0, 8.0, 3.0]]),
        cause=(
            "each user has an adapter of their own, scaled by alpha / R, R the rows of A_u",
            "每个用户用自己的适配器，缩放系数是 alpha / R，R 是 A_u 的行数",
        ),
    )


@graded("lora_forward", core=True)
def test_agrees_with_the_matrices_written_out(yours, rng):
    for users, d, o, r in ((4, 5, 3, 2), (1, 3, 4, 1), (3, 3, 3, 3), (3, 4, 1, 2)):  # one output is still (B, 1)
        given = adapters(rng, users, d, o, r)
        assert_close(
            yours.lora_forward(*given, 1.5),
            one_by_one(*given, 1.5),
            cause=(
                "h_u = W x_u + (alpha / R) B_u A_u x_u for every user",
                "对每个用户都有 h_u = W x_u + (alpha / R) B_u A_u x_u",
            ),
        )


@graded("lora_forward")
def test_a_fresh_adapter_changes_nothing(yours, rng):
    x, weight, a, b = adapters(rng, 3, 4, 2, 2)
    b[1] = 0  # training starts at B = 0
    got = yours.lora_forward(x, weight, a, b, 8.0)
    assert_close(got[1], weight @ x[1], cause=("with B = 0 the layer is W alone", "B = 0 时这一层就是 W"))
    assert_close(
        got[0], one_by_one(x, weight, a, b, 8.0)[0], cause=("the other users keep theirs", "其他用户的适配器照常生效")
    )


@graded("lora_forward", core=True)
def test_the_gradient_reaches_each_users_adapter(yours, rng):
    given = [part.requires_grad_() for part in adapters(rng, 3, 4, 5, 2)]
    expected = torch.autograd.grad(one_by_one(*given, 3.0).sum(), [given[2], given[3], given[0]])
    got = yours.grad("lora_forward", *[part.detach() for part in given], 3.0, wrt=[2, 3, 0])
    for one, other, name in zip(got, expected, ("a", "b", "x"), strict=True):
        assert_close(
            one,
            other,
            part=name,
            cause=(
                "a and b are what is trained, and the layers below are reached through x: detach none of them",
                "要训练的正是 a 和 b，更下面的层要经 x 得到梯度：都不要 detach",
            ),
        )


@graded("merge_lora", core=True)
def test_a_merged_weight_by_hand(yours):
    a, b = tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]), tensor([[1.0, 1.0], [0.0, 3.0]])
    got = yours.merge_lora(tensor([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]), a, b, 4.0)  # times 4 / 2
    assert_close(
        got,
        tensor([[3.0, 3.0, 5.0], [2.0, 8.0, 2.0]]),
        cause=("W + (alpha / R) B A, with R the rows of A", "W + (alpha / R) B A，R 是 A 的行数"),
    )
    alike = tensor([[1.0, 2.0], [1.0, 2.0]])
    assert_close(
        yours.merge_lora(tensor([[0.0, 0.0], [1.0, 1.0]]), alike, tensor([[1.0, 1.0], [0.0, 0.0]]), 2.0),
        tensor([[2.0, 4.0], [1.0, 1.0]]),
        cause=("R is the number of rows of A, equal ones too", "R 是 A 的行数，相同的行也照数"),
    )


@graded("merge_lora", core=True)
def test_merged_it_does_what_the_adapter_does(yours, rng):
    x, weight, a, b = adapters(rng, 6, 4, 5, 3)
    merged = yours.merge_lora(weight, a[0], b[0], 2.5)
    shared = one_by_one(x, weight, a[:1].expand(6, -1, -1), b[:1].expand(6, -1, -1), 2.5)
    assert_close(
        x @ merged.mT,
        shared,
        cause=("x @ mergedᵀ must be what the adapter gives", "x @ mergedᵀ 应与加适配器的结果相同"),
    )


@graded("merge_lora")
def test_the_change_has_the_rank_of_the_adapter(yours, rng):
    _, weight, a, b = adapters(rng, 1, 6, 5, 2)
    got = yours.merge_lora(weight, a[0], b[0], 2.0) - weight
    assert_close(int(np.linalg.matrix_rank(got.numpy(), tol=1e-9)), 2, cause=("B A has rank R", "B A 的秩是 R"))
    again = yours.merge_lora(weight, a[0], b[0], 6.0) - weight
    assert_close(again, 3 * got, cause=("the change grows with alpha, W does not", "变化量随 alpha 成比例，W 不变"))


@graded("l2_sp_penalty", core=True)
def test_shared_and_new_parameters_by_hand(yours):
    weights = {"body": tensor([[1.0, 2.0], [0.0, -1.0]]), "bias": tensor([2.0]), "head": tensor([3.0, 1.0])}
    source = {"bias": tensor([5.0]), "old head": tensor([100.0]), "body": tensor([[1.0, 0.0], [1.0, -1.0]])}
    got = yours.l2_sp_penalty(weights, source, 0.5, 0.2)  # 0.25 · (4 + 1 + 9) + 0.1 · (9 + 1)
    assert_close(
        got,
        tensor(4.5),
        cause=(
            "alpha / 2 for what the source has, towards the source; beta / 2 for what is new, towards zero",
            "源域已有的参数：alpha / 2，拉向源域；新增的参数：beta / 2，拉向零",
        ),
    )
    assert_close(
        yours.l2_sp_penalty(weights, {}, 0.5, 0.2),
        tensor(0.1 * (1 + 4 + 1 + 4 + 10)),
        cause=("without a source all is new: plain weight decay", "没有源域时全部是新参数：就是普通的权重衰减"),
    )


@graded("l2_sp_penalty", core=True)
def test_its_gradient_pulls_back_to_the_source(yours, rng):
    names = ("old head", "top", "body")  # in another order than the weights, and of one shape
    source = {name: tensor(rng.normal(size=(3, 2))) for name in names}
    weights = {"body": tensor(rng.normal(size=(3, 2))), "head": tensor(rng.normal(size=4))}
    weights["top"] = source["top"] + 50.0
    got = yours.grad("l2_sp_penalty", weights, source, 0.7, 0.3, wrt=[0])  # one for each tensor
    assert_close(
        got,
        [0.7 * (weights["body"] - source["body"]), 0.3 * weights["head"], torch.full_like(source["top"], 35.0)],
        cause=("alpha (w − w_source), and beta w for what is new", "alpha (w − w_source)；新增的参数是 beta w"),
    )
    start = {"body": source["body"].clone(), "head": weights["head"]}
    assert_close(
        yours.grad("l2_sp_penalty", start, source, 0.7, 0.3, wrt=[0]),
        [torch.zeros_like(source["body"]), 0.3 * weights["head"]],
        cause=(
            "training starts at the source: the gradient there is 0, not NaN, so take no root",
            "训练从源域的位置出发：那里的梯度是 0，不是 NaN，不要开方",
        ),
    )


@graded("l2_sp_penalty")
def test_at_the_source_only_what_is_new_is_penalised(yours):
    body = tensor([4.0, -2.0, 1.0])
    here = {"body": body.clone(), "head": tensor([2.0])}
    assert_close(
        yours.l2_sp_penalty(here, {"body": body}, 10.0, 0.5),
        tensor(1.0),
        cause=(
            "at the source the first part is zero, however large the weights are",
            "在源域的位置上第一部分为零，不论参数多大",
        ),
    )
    assert_close(
        yours.l2_sp_penalty({"body": body + 1}, {"body": body}, 10.0, 0.5),
        tensor(15.0),
        cause=("squares are summed over the entries, not averaged", "对各元素的平方求和，不取平均"),
    )


@graded("align_space", core=True)
def test_a_quarter_turn_by_hand(yours):
    moved, old = np.array([[0.0, 2.0], [-1.0, 0.0]]), np.array([[2.0, 0.0], [0.0, 1.0]])
    assert_close(
        yours.align_space(moved, old),
        np.array([[0.0, -1.0], [1.0, 0.0]]),
        cause=(
            "vectors @ Q must land on reference: Q turns the new space, not the old",
            "vectors @ Q 要落在 reference 上：转的是新空间，不是旧空间",
        ),
    )
    whole = np.array([[0, 3], [-2, 0], [0, 1]])
    assert_close(
        yours.align_space(whole, np.array([[3, 0], [0, 2], [1, 0]])),
        np.array([[0.0, -1.0], [1.0, 0.0]]),
        cause=("whole numbers are vectors too", "整数也是合法的向量"),
    )


@graded("align_space", core=True)
def test_agrees_with_scipy(yours, rng):
    for n, d in ((20, 4), (5, 5), (40, 2)):
        moved, old = rng.normal(size=(n, d)) + 1, rng.normal(size=(n, d)) * 3
        assert_close(
            yours.align_space(moved, old),
            orthogonal_procrustes(moved, old)[0],
            cause=(
                "Q = U Wᵀ with vectorsᵀ reference = U S Wᵀ; no centring, no scaling",
                "Q = U Wᵀ，其中 vectorsᵀ reference = U S Wᵀ；不中心化，不缩放",
            ),
        )


@graded("align_space")
def test_finds_a_mirror_image_as_well(yours, rng):
    mirror = np.diag([1.0, -1.0, 1.0])
    old = rng.normal(size=(12, 3))
    assert_close(
        yours.align_space(old @ mirror, old),
        mirror,
        cause=("a reflection is allowed: retraining may flip an axis", "允许反射：重训可能翻转某一轴"),
    )


@graded("align_space", core=True)
def test_what_it_returns_keeps_lengths(yours, rng):
    moved, old = rng.normal(size=(9, 4)) * 5, rng.normal(size=(9, 4))
    got = yours.align_space(moved, old)
    assert_close(
        got.T @ got,
        np.eye(4),
        cause=("Qᵀ Q = 1: a rotation, not the least-squares map", "Qᵀ Q = 1：是旋转，不是最小二乘映射"),
    )
    few = yours.align_space(moved[:2], old[:2])  # fewer anchors than directions: more than one Q is best
    assert_close(
        few.T @ few,
        np.eye(4),
        cause=("Qᵀ Q = 1 with few anchors as well: nothing is divided by", "锚点少时也要 Qᵀ Q = 1：不要做除法或求逆"),
    )
    best = np.linalg.norm(moved @ orthogonal_procrustes(moved, old)[0] - old)
    assert_close(
        np.linalg.norm(moved @ got - old), best, cause=("no other rotation comes nearer", "没有别的旋转更接近")
    )
