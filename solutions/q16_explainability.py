"""q16: Why this film? Explanations that can be checked.

中文：q16：为什么推荐这部？能验证的解释。
"""

from collections.abc import Callable
from math import comb

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=10,
    hints=[
        (
            "Walk from the baseline to x in equal steps and average the gradient on the way.",
            "从基线等步走到 x，把沿途的梯度取平均。",
        ),
        (
            "Midpoints: the fractions of the way are (i + ½) / steps for i = 0 … steps − 1. "
            "Take each gradient with torch.autograd.grad.",
            "中点：第 i 步走过的比例是 (i + ½) / steps，i = 0 … steps − 1。每个点的梯度用 torch.autograd.grad 求。",
        ),
        (
            "At the end multiply the mean gradient by x − baseline, entry by entry.",
            "最后把平均梯度逐元素乘以 x − baseline。",
        ),
    ],
)
def integrated_gradients(model: Callable[[Tensor], Tensor], x: Tensor, baseline: Tensor, steps: int) -> Tensor:
    """(x − b) · mean gradient on the straight path from the baseline b to x, by the midpoint rule.

    model: maps inputs (D,) to a number (a tensor without dimensions), differentiable.
    x, baseline: (D,). steps: how many midpoints, 1 or more.
    Returns (D,) without a gradient; x, baseline and their .grad stay as they are. The entries add up to
    model(x) − model(baseline), nearly.

    >>> integrated_gradients(lambda v: (v ** 2).sum(), torch.tensor([3.0, 1.0]), torch.tensor([1.0, 1.0]), steps=2)
    tensor([8., 0.])

    中文：沿基线 b 到 x 的直线，用中点法则计算 (x − b) · 平均梯度。
    model：把 (D,) 的输入变成一个数（零维张量），可微；x、baseline：(D,)；steps：中点个数，至少为 1。
    返回不带梯度的 (D,)；x、baseline 及其 .grad 保持不变。各分量之和约等于 model(x) − model(baseline)。
    """
    # BEGIN SOLUTION
    total = torch.zeros_like(x)
    for i in range(steps):
        point = (baseline + (i + 0.5) / steps * (x - baseline)).requires_grad_()
        total = total + torch.autograd.grad(model(point), point)[0]
    return ((x - baseline) * total / steps).detach()
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "How many subsets of this size are there? They share what the size gets.",
            "这个大小的子集有多少个？它们平分这个大小应得的权重。",
        ),
        (
            "π(s) = (n − 1) / (C(n, s) · s · (n − s)). What happens at s = 0 and s = n?",
            "π(s) = (n − 1) / (C(n, s) · s · (n − s))。s = 0 和 s = n 时会怎样？",
        ),
        (
            "Nothing and everything have weight infinity: there the fit must be exact. math.comb gives C(n, s).",
            "空集和全集的权重是无穷大：那里必须精确拟合。C(n, s) 用 math.comb。",
        ),
    ],
)
def kernel_shap_weights(n: int, sizes: list[int]) -> list[float]:
    """The weight of one subset of each size in the least squares whose solution is the Shapley values.

    π(s) = (n − 1) / (C(n, s) · s · (n − s)) for a subset of s of n inputs (Lundberg & Lee 2017, theorem 2).
    n: number of inputs. sizes: sizes of subsets, 0 to n, in any order, repeated or not.
    Returns one float a size; infinity for 0 and n. ValueError for a size below 0 or above n.

    >>> kernel_shap_weights(4, [1, 2, 4])
    [0.25, 0.125, inf]

    中文：在以 Shapley 值为解的最小二乘里，每种大小的一个子集的权重。
    π(s) = (n − 1) / (C(n, s) · s · (n − s))，子集含 n 个输入中的 s 个（Lundberg & Lee，2017，定理 2）。
    n：输入个数；sizes：子集大小，0 到 n，顺序任意，可重复。
    每个大小返回一个浮点数；0 和 n 返回无穷大。小于 0 或大于 n 的大小引发 ValueError。
    """
    # BEGIN SOLUTION
    if any(s < 0 or s > n for s in sizes):
        raise ValueError("a subset has 0 to n of the n inputs")
    return [float("inf") if s in (0, n) else (n - 1) / (comb(n, s) * s * (n - s)) for s in sizes]
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Order the inputs by attribution, the largest first; then replace one more of them at each step.",
            "按归因从大到小排好输入，每一步多替换一个。",
        ),
        (
            "Work on a copy of x: x itself must stay. Of equal attributions the earlier input goes first (stable=True).",
            "在 x 的副本上操作，x 本身不能变。归因相等时位置靠前的先走（stable=True）。",
        ),
        (
            "The first entry is model(x), with nothing replaced; the last is model(baseline): D + 1 numbers.",
            "第一个数是什么都没替换的 model(x)，最后一个是 model(baseline)，共 D + 1 个数。",
        ),
    ],
)
def deletion_curve(model: Callable[[Tensor], Tensor], x: Tensor, baseline: Tensor, attribution: Tensor) -> Tensor:
    """The model's output while inputs are replaced by the baseline, the highest attribution first.

    model: maps inputs (D,) to a number (a tensor without dimensions). x, baseline, attribution: (D,).
    Inputs of equal attribution go in the order of their positions. x stays as it is.
    Returns (D + 1,): nothing replaced, one, …, all.

    >>> deletion_curve(lambda v: v.sum(), torch.tensor([1.0, 5.0]), torch.zeros(2), torch.tensor([0.1, 0.9]))
    tensor([6., 1., 0.])

    中文：把输入逐个换成基线（归因最大的先换）时，模型的输出。
    model：把 (D,) 的输入变成一个数（零维张量）；x、baseline、attribution：(D,)。
    归因相等的按位置先后。x 保持不变。返回 (D + 1,)：替换 0 个、1 个……直到全部。
    """
    # BEGIN SOLUTION
    current, outputs = x.clone(), [model(x)]
    for place in attribution.argsort(descending=True, stable=True):
        current[place] = baseline[place]
        outputs.append(model(current))
    return torch.stack(outputs)
    # END SOLUTION
