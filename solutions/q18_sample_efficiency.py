"""q18: What is sample efficiency?

中文：q18：什么是元学习中的样本效率？
"""

import numpy as np
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "Two variances are mixed in the spread of the user means: between users, and the noise that is left in a mean.",
            "用户均值的离散程度里混着两部分：用户之间的差异，以及均值里残留的噪声。",
        ),
        (
            "The mean of K ratings scatters around the user's true mean with variance σ²/K.",
            "K 条评分的均值围绕该用户的真实均值波动，方差是 σ²/K。",
        ),
        (
            "τ² = variance of the user means (divide by U − 1) minus σ²/K. Where that is zero or less, return float('inf').",
            "τ² = 用户均值的方差（除以 U − 1）减去 σ²/K。结果小于或等于零时，返回 float('inf')。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    between = user_means.var().item() - within_variance / ratings_per_user
    return within_variance / between if between > 0 else float("inf")
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "Take the logarithm of both sides: log e = log a − b · log n is a straight line.",
            "两边取对数：log e = log a − b · log n，是一条直线。",
        ),
        (
            "The slope of the line of least squares is cov(x, y) / var(x), with x = log n and y = log e; it passes through "
            "the two means.",
            "最小二乘直线的斜率是 cov(x, y) / var(x)，其中 x = log n，y = log e；直线经过两者的均值点。",
        ),
        (
            "b is minus the slope, and a is exp(mean of y − slope · mean of x).",
            "b 是斜率的相反数，a 是 exp(y 的均值 − 斜率 · x 的均值)。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    x, y = np.log(sizes), np.log(errors)
    around = x - x.mean()
    slope = (around @ y) / (around @ around)
    return float(np.exp(y.mean() - slope * x.mean())), -slope
    # END SOLUTION


@exercise(
    points=4,
    minutes=8,
    hints=[
        (
            "Walk along the curve from few ratings to many; stop at the first point that is not above the target.",
            "沿着曲线从评分少走到评分多，停在第一个不高于目标的点上。",
        ),
        (
            "If that is the first point of all, return its K; if there is none, return infinity.",
            "如果它就是整条曲线的第一个点，直接返回它的 K；如果没有这样的点，返回无穷大。",
        ),
        (
            "Otherwise go back on the straight piece before it: K₀ + (e₀ − target) / (e₀ − e₁) · (K₁ − K₀).",
            "否则回到它前面那一段直线上：K₀ + (e₀ − target) / (e₀ − e₁) · (K₁ − K₀)。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    order = np.argsort(supports)
    k, e = supports[order], errors[order]
    low = np.flatnonzero(e <= target)
    if len(low) == 0:
        return float("inf")
    if low[0] == 0:
        return float(k[0])
    (k0, k1), (e0, e1) = k[low[0] - 1 : low[0] + 1], e[low[0] - 1 : low[0] + 1]
    return float(k0 + (e0 - target) / (e0 - e1) * (k1 - k0))
    # END SOLUTION
