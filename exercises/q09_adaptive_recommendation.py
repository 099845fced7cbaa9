"""q09: How do you build a recommender that adapts to feedback as it comes?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q09` in a terminal, or the cell `check("q09")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write linucb_scores: scores of LinUCB: x · A⁻¹b + α √(xᵀ A⁻¹ x), with A = 1 + Σ x xᵀ and b = Σ r x over what "
        "was rated."
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
    raise NotImplementedError(
        "Write expected_information_gain: what a rating of each film would teach about the user, in nats: ½ log(1 + xᵀ "
        "S x / n)."
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
    raise NotImplementedError(
        "Write thompson_scores: scores of all items under one draw of the user's weights, w = μ + L z with S = L Lᵀ, L "
        "lower triangular."
    )
