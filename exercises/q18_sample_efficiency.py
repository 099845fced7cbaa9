"""q18: What is sample efficiency?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q18` in a terminal, or the cell `check("q18")` of the notebook.
You may import the standard library, numpy and torch.
"""

import numpy as np
from torch import Tensor


def prior_strength(user_means: Tensor, within_variance: float, ratings_per_user: int) -> float:
    """Compute how many ratings the prior is worth: κ = σ² / τ².

    user_means: (U,) float, the mean rating of each of U ≥ 2 users, each over `ratings_per_user` ratings, in stars.
    within_variance: σ², the variance of one user's ratings around that user's true mean, in stars².
    ratings_per_user: K.
    Returns κ as a float. τ² is the variance between the users' true means; the variance of the user means, with U − 1 in
    the denominator, estimates τ² + σ²/K. Where no difference between users is left (τ² ≤ 0), κ is infinite.

    >>> prior_strength(torch.tensor([3.0, 4.0]), within_variance=0.5, ratings_per_user=10)
    1.1111…

    中文：计算先验相当于多少条评分：κ = σ² / τ²。
    user_means：(U,) 浮点张量，U ≥ 2 名用户各自的平均分，每人各有 `ratings_per_user` 条评分，单位为星。
    within_variance：σ²，同一用户的评分围绕其真实均值的方差，单位为星²。ratings_per_user：K。
    返回浮点数 κ。τ² 是用户真实均值之间的方差；用户均值的方差（分母为 U − 1）估计的是 τ² + σ²/K。
    用户之间看不出差异（τ² ≤ 0）时，κ 为无穷大。
    """
    raise NotImplementedError("Write prior_strength: compute how many ratings the prior is worth: κ = σ² / τ².")


def fit_power_law(sizes: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Fit error ≈ a · n^(−b) by least squares on the logarithms.

    sizes: (M,) n > 0, integers or floats in any order, at least two of them different. errors: (M,) error at each size, > 0.
    Returns (a, b): a is the error that the law gives at n = 1, in the unit of the errors; b is positive where errors fall.
    They minimise Σ (log e − log a + b · log n)².

    >>> fit_power_law(np.array([1, 100]), np.array([2.0, 0.2]))    # ten times lower at a hundred times the size
    (2.0, 0.5)

    中文：在对数坐标里用最小二乘拟合 error ≈ a · n^(−b)。
    sizes：(M,) n > 0，整数或浮点数，次序任意，其中至少有两个不同的值。errors：(M,) 各规模下的误差，均大于 0。
    返回 (a, b)：a 是该定律在 n = 1 处给出的误差，单位与误差相同；误差下降时 b 为正。
    二者使 Σ (log e − log a + b · log n)² 最小。
    """
    raise NotImplementedError("Write fit_power_law: fit error ≈ a · n^(−b) by least squares on the logarithms.")


def samples_to_reach(supports: np.ndarray, errors: np.ndarray, target: float) -> float:
    """Find how many ratings a model needs until its error is down to `target`.

    supports: (M,) numbers of ratings K, each once, in any order. errors: (M,) the model's error at each of them.
    The curve is straight between neighbouring K. Returns the smallest K at which it is at or below `target`: the smallest
    measured K where the error is low enough from the start, float("inf") where no measured error reaches the target.

    >>> samples_to_reach(np.array([1, 5, 10]), np.array([1.0, 0.9, 0.8]), target=0.86)    # two fifths from 5 to 10
    7.0

    中文：求模型的误差降到 `target` 需要多少条评分。
    supports：(M,) 评分条数 K，每个只出现一次，次序任意。errors：(M,) 模型在各个 K 处的误差。
    相邻的 K 之间按直线插值。返回误差首次不高于 `target` 的最小 K：一开始就够低时返回测过的最小 K；
    所有测过的误差都达不到目标时返回 float("inf")。
    """
    raise NotImplementedError(
        "Write samples_to_reach: find how many ratings a model needs until its error is down to `target`."
    )
