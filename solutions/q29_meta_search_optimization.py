"""q29: How do you use meta-search to optimise a meta-learner?

中文：q29：如何用元搜索优化元学习模型？
"""

import math

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=10,
    hints=[
        (
            "The strength is λ = exp(log_strength). The weights solve (XᵀX + λI) w = Xᵀy: find w first.",
            "强度 λ = exp(log_strength)。权重满足 (XᵀX + λI) w = Xᵀy：先解出 w。",
        ),
        (
            "Differentiate that equation by log λ: λ w + (XᵀX + λI) dw = 0. So dw = −λ (XᵀX + λI)⁻¹ w.",
            "把这个方程对 log λ 求导：λ w + (XᵀX + λI) dw = 0，于是 dw = −λ (XᵀX + λI)⁻¹ w。",
        ),
        (
            "Chain rule: the validation error changes by mean(2 · error · (Xv dw)), with error = Xv w − yv.",
            "链式法则：验证行的均方误差变化 mean(2 · error · (Xv dw))，其中 error = Xv w − yv。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    strength = math.exp(log_strength)
    system = X.T @ X + strength * torch.eye(len(X.T), dtype=X.dtype)
    w = torch.linalg.solve(system, X.T @ y)
    dw = -strength * torch.linalg.solve(system, w)
    return (2 * (Xv @ w - yv) * (Xv @ dw)).mean()
    # END SOLUTION


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "The rung is the last one the trial has reached: len(current) − 1. Look at that column of the earlier trials.",
            "轮次是这次试验走到的最后一轮：len(current) − 1。看早先试验的这一列。",
        ),
        (
            "Trials that were stopped before have NaN there: leave them out, then count who is left.",
            "更早被停掉的试验在这里是 NaN：先去掉，再数还剩几个。",
        ),
        (
            "torch.median takes the lower of two middle values. torch.quantile(values, 0.5) takes their mean.",
            "torch.median 在中间有两个数时取较小的；torch.quantile(values, 0.5) 取两者的平均。",
        ),
    ],
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
    # BEGIN SOLUTION
    rung = len(current) - 1
    reached = earlier[:, rung][~torch.isnan(earlier[:, rung])]
    if len(current) <= warm_up or len(reached) < max(least, 1):
        return False
    return bool(current[-1] > torch.quantile(reached.double(), 0.5))
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "The winner is the configuration with the lowest validation loss of its row; the test must not choose.",
            "赢家是本行验证损失最低的配置；测试集不能参与选择。",
        ),
        (
            "Test minus validation, of the winner and of all: the second is what the two sets of users differ by.",
            "测试减验证：赢家的，以及全部配置的。后者只是两批用户本身的差别。",
        ),
        (
            "gap = test − validation, (G, C). Take gap at the winner of each row, minus gap.mean(1).",
            "gap = test − validation，(G, C)。取每行赢家处的 gap，减去 gap.mean(1)。",
        ),
    ],
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
    # BEGIN SOLUTION
    gap = test - validation
    winner = validation.argmin(1, keepdim=True)
    return gap.gather(1, winner).squeeze(1) - gap.mean(1)
    # END SOLUTION
