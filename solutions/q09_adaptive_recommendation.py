"""q09: How do you build a recommender that adapts to feedback as it comes?

中文：q09：如何让推荐随反馈即时自适应？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=8,
    hints=[
        (
            "A is the sum of x xᵀ over what was rated, plus the identity; b is the sum of rating · x.",
            "A 是评过物品的 x xᵀ 之和再加单位阵；b 是“评分乘 x”之和。",
        ),
        (
            "The weights are A⁻¹ b: solve, do not invert. The bonus of x is α times the root of xᵀ A⁻¹ x.",
            "权重是 A⁻¹ b：解方程，不要求逆。x 的奖励是 α 乘 xᵀ A⁻¹ x 的平方根。",
        ),
        (
            "With solved = torch.linalg.solve(A, items.T): the bonus is α · sqrt of the column sums of items.T * solved.",
            "令 solved = torch.linalg.solve(A, items.T)：奖励是 α 乘 items.T * solved 各列之和的平方根。",
        ),
    ],
)
def linucb_scores(items: Tensor, rated: Tensor, ratings: Tensor, alpha: float) -> Tensor:
    """Scores of LinUCB: x · A⁻¹b + α √(xᵀ A⁻¹ x), with A = 1 + Σ x xᵀ and b = Σ r x over what was rated.

    items: (I, D) to be scored. rated: (K, D) items shown so far. ratings: (K,) rewards. alpha: weight of the bonus.
    Returns (I,). K may be 0: then only the bonus is left.

    >>> linucb_scores(torch.tensor([[2.0]]), torch.tensor([[1.0]]), torch.tensor([3.0]), alpha=1.0)    # A = 2, b = 3
    tensor([4.4142])

    中文：LinUCB 的得分：x · A⁻¹b + α √(xᵀ A⁻¹ x)，其中 A = 1 + Σ x xᵀ、b = Σ r x，对评过的物品求和。
    items：(I, D) 待打分物品；rated：(K, D) 已展示物品；ratings：(K,) 回报；alpha：奖励的权重。
    返回 (I,)。K 可以为 0，这时只剩奖励项。
    """
    # BEGIN SOLUTION
    gram = torch.eye(items.shape[1], dtype=items.dtype) + rated.T @ rated
    weights = torch.linalg.solve(gram, rated.T @ ratings.to(items.dtype))
    bonus = (items.T * torch.linalg.solve(gram, items.T)).sum(0).sqrt()
    return items @ weights + alpha * bonus
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "What a rating teaches depends on how uncertain its mean is against its own noise.",
            "一条评分能学到多少，取决于它的均值有多不确定，与它自身的噪声相比。",
        ),
        (
            "The variance of the mean is xᵀ S x, one number for each candidate; never build the I × I matrix.",
            "均值的方差是 xᵀ S x，每个候选一个数；不要构造 I × I 的矩阵。",
        ),
        (
            "0.5 * log1p(((items @ S) * items).sum(1) / noise).",
            "用 0.5 * log1p(((items @ S) * items).sum(1) / noise) 一步得到。",
        ),
    ],
)
def expected_information_gain(items: Tensor, covariance: Tensor, noise_var: Tensor) -> Tensor:
    """What a rating of each film would teach about the user, in nats: ½ log(1 + xᵀ S x / n).

    items: (I, D). covariance: (D, D) S, of the user's weights now. noise_var: (I,) n, of a rating of each film.
    Returns (I,), exact where films teach very little.

    >>> expected_information_gain(torch.tensor([[1.0, 1.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([3.0]))
    tensor([0.3466])

    中文：每部影片的评分能带来多少关于用户的信息（单位 nat）：½ log(1 + xᵀ S x / n)。
    items：(I, D)；covariance：(D, D)，即 S，用户权重当前的协方差；noise_var：(I,)，即 n，各影片一条评分的噪声方差。
    返回 (I,)；信息极少时也要精确。
    """
    # BEGIN SOLUTION
    variance = ((items @ covariance) * items).sum(1)
    return 0.5 * torch.log1p(variance / noise_var)
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "Thompson draws one possible user and is greedy for it.",
            "Thompson 采样先抽一个“可能的用户”，再对它贪心。",
        ),
        (
            "A draw from N(μ, S) is μ + L z, L the lower Cholesky factor of S, z given.",
            "从 N(μ, S) 抽样：μ + L z，L 是 S 的下三角 Cholesky 因子，z 已给定。",
        ),
        (
            "One draw a user, the same for all items: items @ (mean + L @ z).",
            "每个用户只抽一次，所有物品共用：items @ (mean + L @ z)。",
        ),
    ],
)
def thompson_scores(items: Tensor, mean: Tensor, covariance: Tensor, z: Tensor) -> Tensor:
    """Scores of all items under one draw of the user's weights, w = μ + L z with S = L Lᵀ, L lower triangular.

    items: (I, D). mean: (D,) μ. covariance: (D, D) S. z: (D,) standard normal numbers, given.
    Returns (I,).

    >>> thompson_scores(torch.tensor([[1.0, 2.0]]), torch.tensor([1.0, 0.0]), torch.eye(2) * 4, torch.tensor([1.0, -1.0]))
    tensor([-1.])

    中文：从后验抽一次用户权重 w = μ + L z（S = L Lᵀ，L 为下三角），返回所有物品的得分。
    items：(I, D)；mean：(D,)，即 μ；covariance：(D, D)，即 S；z：(D,) 给定的标准正态数。返回 (I,)。
    """
    # BEGIN SOLUTION
    draw = mean + torch.linalg.cholesky(covariance) @ z
    return items @ draw
    # END SOLUTION
