"""q16: Why this film? Explanations that can be checked.

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q16` in a terminal, or the cell `check("q16")` of the notebook.
You may import the standard library, numpy and torch.
"""

from collections.abc import Callable
from math import comb

import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write integrated_gradients: (x − b) · mean gradient on the straight path from the baseline b to x, by the "
        "midpoint rule."
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
    raise NotImplementedError(
        "Write kernel_shap_weights: the weight of one subset of each size in the least squares whose solution is the "
        "Shapley values."
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
    raise NotImplementedError(
        "Write deletion_curve: the model's output while inputs are replaced by the baseline, the highest attribution "
        "first."
    )
