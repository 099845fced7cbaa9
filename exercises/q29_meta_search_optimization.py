"""q29: How do you use meta-search to optimise a meta-learner?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q29` in a terminal, or the cell `check("q29")` of the notebook.
You may import the standard library, numpy and torch.
"""

import math

import torch
from torch import Tensor


def hypergradient(X: Tensor, y: Tensor, Xv: Tensor, yv: Tensor, log_strength: float) -> Tensor:
    """How the validation error of ridge regression changes with the log of its strength, by the implicit function theorem.

    X: (N, D) and y: (N,), the rows that are learned from. Xv: (M, D) and yv: (M,), the validation rows.
    The weights w minimise ‖Xw − y‖² + λ‖w‖² with λ = exp(log_strength); no intercept.
    Returns d mean((Xv w − yv)²) / d log λ, a tensor of shape ().

    >>> one = torch.tensor([[1.0]])
    >>> hypergradient(one, torch.tensor([2.0]), one, torch.tensor([2.0]), 0.0)  # w = 1, error −1, dw = −1/2
    tensor(1.)

    中文：岭回归的验证误差随强度的对数如何变化，用隐函数定理求。
    X：(N, D)，y：(N,)，用来学习的行；Xv：(M, D)，yv：(M,)，验证的行。
    权重 w 使 ‖Xw − y‖² + λ‖w‖² 最小，λ = exp(log_strength)，没有截距。
    返回 d mean((Xv w − yv)²) / d log λ，形状为 () 的张量。
    """
    raise NotImplementedError(
        "Write hypergradient: how the validation error of ridge regression changes with the log of its strength, by "
        "the implicit function theorem."
    )


def prune_decision(earlier: Tensor, current: Tensor, warm_up: int, least: int) -> bool:
    """Whether to stop a trial now: the median rule, on losses (lower is better).

    earlier: (T, R), the losses of T earlier trials after each of R rungs, NaN where a trial was stopped before.
    current: (r,), the losses of this trial after its first r rungs, r ≥ 1.
    warm_up: so many rungs are never cut: with r ≤ warm_up the answer is False.
    least: with fewer earlier trials at rung r the answer is False.
    True where the last loss of `current` is above the median of the earlier losses at that rung; of an even number, the
    median is the mean of the middle two.

    >>> prune_decision(torch.tensor([[3.0, 2.0], [5.0, float("nan")], [4.0, 1.0]]), torch.tensor([4.5]), 0, 3)
    True

    中文：现在要不要停掉这次试验：中位数规则，损失越低越好。
    earlier：(T, R)，T 次早先试验在各轮之后的损失，已被停掉的为 NaN；current：(r,)，本次试验前 r 轮的损失，r ≥ 1。
    warm_up：前这么多轮不停，r ≤ warm_up 时返回 False；least：到达第 r 轮的早先试验少于这么多时返回 False。
    `current` 的最后一个损失高于这一轮早先损失的中位数时返回 True；偶数个时中位数是中间两个的平均。
    """
    raise NotImplementedError(
        "Write prune_decision: whether to stop a trial now: the median rule, on losses (lower is better)."
    )


def winners_optimism(validation: Tensor, test: Tensor) -> Tensor:
    """By how much the winner's validation loss is too good, for each group of validation users.

    validation: (G, C), the loss of C configurations on each of G groups of users; test: (C,) or (G, C), on other users.
    The winner of a group has the lowest validation loss in its row; of equal ones the first.
    Returns (G,): the winner's test − validation, minus the mean of test − validation over all configurations of the row.

    >>> winners_optimism(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([2.0, 2.0, 2.0]))
    tensor([1.])

    中文：对每一组验证用户，赢家的验证损失好得过头了多少。
    validation：(G, C)，C 个配置在 G 组用户上的损失；test：(C,) 或 (G, C)，在另一批用户上的损失。
    一组的赢家是这一行验证损失最低的配置，相同时取前面的。
    返回 (G,)：赢家的“测试 − 验证”，减去这一行全部配置的“测试 − 验证”的平均。
    """
    raise NotImplementedError(
        "Write winners_optimism: by how much the winner's validation loss is too good, for each group of validation "
        "users."
    )
