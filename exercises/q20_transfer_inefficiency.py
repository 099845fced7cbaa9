"""q20: What is transfer inefficiency, and how does it differ from negative transfer?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q20` in a terminal, or the cell `check("q20")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


def task_weights(source: Tensor, target: Tensor) -> Tensor:
    """How much each source task may teach the target: max(0, cosine) of their gradients at the same parameters.

    source: (S, D), one gradient a source task. target: (D,), the target's gradient.
    Returns (S,), between 0 and 1; 0 for a gradient of zeros. The length of a gradient does not matter.

    >>> task_weights(torch.tensor([[2.0, 0.0], [-1.0, 0.0], [1.0, 1.0]]), torch.tensor([1.0, 0.0]))
    tensor([1.0000, 0.0000, 0.7071])

    中文：每个源任务能教目标多少：同一参数处两者梯度的 max(0, 余弦)。
    source：(S, D)，每个源任务一个梯度；target：(D,)，目标的梯度。
    返回 (S,)，在 0 和 1 之间；全零的梯度得 0。梯度的长度不影响结果。
    """
    raise NotImplementedError(
        "Write task_weights: how much each source task may teach the target: max(0, cosine) of their gradients at the "
        "same parameters."
    )


def transfer_ratio(with_transfer: Tensor, without: Tensor, ceiling: Tensor) -> float:
    """(with − ceiling) / (without − ceiling) of the mean errors: 0 reached the ceiling, 1 gained nothing, above 1 harmed.

    with_transfer, without, ceiling: (U,) errors of the same users: after transfer, from scratch, and with as much target
    data as one could wish for. Returns a float, a ratio of means, not clipped.
    ValueError where `without` is not above the ceiling.

    >>> transfer_ratio(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 3.0]), torch.tensor([1.0, 1.0]))    # .5 / 1.5
    0.333…

    中文：平均误差之比 (with − ceiling) / (without − ceiling)：0 表示达到上限，1 表示没有收益，大于 1 表示受害。
    with_transfer、without、ceiling：(U,)，同一批用户的误差：迁移后、从零训练、目标数据要多少有多少。
    返回浮点数，是均值之比，不截断。without 不高于上限时抛出 ValueError。
    """
    raise NotImplementedError(
        "Write transfer_ratio: (with − ceiling) / (without − ceiling) of the mean errors: 0 reached the ceiling, 1 "
        "gained nothing, above 1 harmed."
    )


def gated_distillation_loss(
    student: Tensor,
    teacher: Tensor,
    targets: Tensor,
    group: Tensor,
    source_error: Tensor,
    target_error: Tensor,
    weight: float,
) -> Tensor:
    """mean (student − targets)² + weight · mean gate · (student − teacher)²: imitate the source where it beat the target.

    student, teacher, targets: (n,). group: (n,) int64, the group of each row, such as its genre. source_error,
    target_error: (G,) held-out errors of the source model and of the target's own, group by group; the gate is open where
    the source's is lower. weight: 0 or more.
    Returns a tensor without dimensions; the gradient reaches the student alone. Both means are over all n rows.

    >>> gated_distillation_loss(torch.tensor([1.0, 1.0]), torch.tensor([3.0, 3.0]), torch.tensor([1.0, 2.0]),
    ...     torch.tensor([0, 1]), torch.tensor([0.5, 0.9]), torch.tensor([0.8, 0.8]), weight=0.5)    # 1/2 + .5 · 4/2
    tensor(1.5000)

    中文：mean (student − targets)² + weight · mean gate · (student − teacher)²：只在源胜过目标的地方模仿源。
    student、teacher、targets：(n,)；group：(n,) int64，每行所属的组，例如类型；source_error、target_error：(G,)，
    源模型和目标自己的模型在各组上的留出误差，源更低时门打开；weight：不小于 0。
    返回零维张量；梯度只流向 student。两个均值都对全部 n 行取。
    """
    raise NotImplementedError(
        "Write gated_distillation_loss: mean (student − targets)² + weight · mean gate · (student − teacher)²: imitate "
        "the source where it beat the target."
    )
