"""q10: What is task adaptation?

中文：q10：什么是元学习中的任务自适应？
"""

import numpy as np
import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=10,
    hints=[
        (
            "With H = XᵀX / K the gradient at w is −Xᵀ(y − Xw) / K, and a step multiplies the distance to the solution by "
            "I − lr · H.",
            "记 H = XᵀX / K，则 w 处的梯度是 −Xᵀ(y − Xw) / K，每走一步，到解的距离乘以 I − lr · H。",
        ),
        (
            "In an eigenvector of H, with eigenvalue λ, t steps add up to lr · Σ_{s<t} (1 − lr·λ)^s times the first "
            "gradient. torch.linalg.eigh gives λ and V.",
            "沿 H 的特征向量（特征值为 λ），t 步合起来等于最初的梯度乘以 lr · Σ_{s<t} (1 − lr·λ)^s。"
            "torch.linalg.eigh 给出 λ 和 V。",
        ),
        (
            "w + V · (lr · Σ_s (1 − lr·λ)^s ∘ Vᵀ Xᵀ(y − Xw) / K); a sum of powers needs no division by λ.",
            "w + V · (lr · Σ_s (1 − lr·λ)^s ∘ Vᵀ Xᵀ(y − Xw) / K)；用幂的和就不必除以 λ。",
        ),
    ],
)
def steps_as_ridge(x: Tensor, y: Tensor, w: Tensor, lr: float, steps: int) -> Tensor:
    """Take `steps` gradient steps on a linear head's squared loss at once, by the eigenvalues of XᵀX / K.

    x: (K, D) features of the K ≥ 1 support ratings, y: (K,) their values, w: (D,) the shared initialisation.
    lr, steps: rate and number of steps, 0 or more, on L(w) = Σ (x_k · w − y_k)² / (2K), whose gradient is Xᵀ(Xw − y) / K.
    Returns what w has become, (D,), a new tensor. Where XᵀX / K has the eigenvalue λ, the steps go the part 1 − (1 − lr·λ)^t
    of the way to the least-squares solution; a ridge regression would go λ / (λ + κ). Where λ = 0 nothing moves.

    >>> steps_as_ridge(torch.tensor([[1.0]]), torch.tensor([4.0]), torch.tensor([0.0]), lr=0.5, steps=2)    # 0 → 2 → 3
    tensor([3.])

    中文：用 XᵀX / K 的特征值，一次算出线性头在平方损失上走 `steps` 步梯度的结果。
    x：(K, D)，K ≥ 1 条支持评分的特征；y：(K,)，它们的取值；w：(D,)，共享的初始化参数。
    lr、steps：学习率和步数（0 或更多），损失为 L(w) = Σ (x_k · w − y_k)² / (2K)，梯度是 Xᵀ(Xw − y) / K。
    返回走完之后的 w，(D,)，新张量。在 XᵀX / K 的特征值为 λ 的方向上，走完了到最小二乘解这段路的 1 − (1 − lr·λ)^t
    （岭回归走的则是 λ / (λ + κ)）；λ = 0 的方向不动。
    """
    # BEGIN SOLUTION
    eigenvalues, v = torch.linalg.eigh(x.T @ x / len(x))
    powers = (1 - lr * eigenvalues).unsqueeze(1) ** torch.arange(steps)
    downhill = v.T @ (x.T @ (y - x @ w)) / len(x)
    return w + v @ (lr * powers.sum(1) * downhill)
    # END SOLUTION


@exercise(
    points=3,
    minutes=5,
    hints=[
        (
            "A rating that is one half-life old counts ½, after two half-lives ¼.",
            "过一个半衰期，一条评分的权重剩 ½；过两个，剩 ¼。",
        ),
        (
            "0.5 to the power of age / half-life, with age = now − time.",
            "0.5 的（距今天数 / 半衰期）次方，距今天数 = now − 时间。",
        ),
        (
            "What was rated after `now` is not known yet: its weight is 0. np.where helps.",
            "在 `now` 之后的评分此刻还不知道：权重为 0。可以用 np.where。",
        ),
    ],
)
def decayed_weights(times: np.ndarray, now: float, half_life: float) -> np.ndarray:
    """Weigh ratings by their age, so that an old taste fades.

    times: (K,) when each rating was made, in days, integers or floats in any order; K may be 0.
    now: the day of the prediction. half_life: in days, > 0: after so many days a rating counts half.
    Returns (K,) float weights: 1 for a rating made `now`, and exactly 0 for one made later, which must not be used.

    >>> decayed_weights(np.array([30, 20, 0, 31]), now=30, half_life=10)
    array([1.   , 0.5  , 0.125, 0.   ])

    中文：按距今多久给评分加权，让旧的口味逐渐淡出。
    times：(K,)，每条评分的时间，单位为天，整数或浮点数，次序任意；K 可以为 0。
    now：做预测的那一天。half_life：半衰期，单位为天，大于 0：过这么多天，权重减半。
    返回 (K,) 浮点权重：`now` 当时的评分为 1；晚于 now 的评分不能用（特征穿越），权重恰为 0。
    """
    # BEGIN SOLUTION
    age = now - times
    return np.where(age >= 0, 0.5 ** (age / half_life), 0.0)
    # END SOLUTION


@exercise(
    points=4,
    minutes=15,
    hints=[
        (
            "If the ratings that count begin at s, those before s and those from s on are two groups, each with a mean of "
            "its own that is drawn from the prior.",
            "如果有效评分从 s 开始，那么 s 之前和从 s 起的评分是两组，各有自己的均值，都从先验中抽取。",
        ),
        (
            "The log evidence of a group of n with S = Σ (r − mean) is, up to what all s share, "
            "½ [τ²S² / (σ²(σ² + nτ²)) − log(1 + nτ²/σ²)].",
            "一组 n 条、S = Σ (r − mean) 的对数证据（略去与 s 无关的部分）是 ½ [τ²S² / (σ²(σ² + nτ²)) − log(1 + nτ²/σ²)]。",
        ),
        (
            "Add both groups and the log prior of s; cumsum gives all S at once. Subtract the maximum before exp, then "
            "divide by the sum.",
            "两组的对数证据相加，再加上 s 的对数先验；cumsum 可一次求出所有 S。取 exp 之前减去最大值，最后除以总和。",
        ),
    ],
)
def change_point_posterior(
    ratings: np.ndarray, mean: float, prior_var: float, noise_var: float, change: float
) -> np.ndarray:
    """Find where the taste changed: the probability that the ratings that count begin at each rating.

    ratings: (K,) a user's K ≥ 1 ratings, the oldest first, in stars. A taste is one number θ ~ N(mean, prior_var), and a
    rating of that taste is θ plus noise of variance noise_var. change: from 0 to below 1; with this probability the taste
    changed once, before each rating but the first with equal chance, and a new θ was drawn. Where K = 1 nothing can have
    changed.
    Returns (K,) probabilities that sum to 1; the first is that of no change.

    >>> change_point_posterior(np.array([5.0, 5.0, 1.0, 1.0]), mean=3.0, prior_var=1.0, noise_var=0.25, change=0.5).round(2)
    array([0.  , 0.  , 0.99, 0.01])

    中文：判断口味在哪里变了：有效的评分从各条评分开始的概率。
    ratings：(K,)，某用户的 K ≥ 1 条评分，最早的在前，单位为星。一种口味是一个数 θ ~ N(mean, prior_var)，
    该口味下的评分是 θ 加上方差为 noise_var 的噪声。change：口味变过一次的概率，从 0 到小于 1；
    变化等可能地发生在除第一条外的每条评分之前，变化后重新抽一个 θ。K = 1 时不可能有变化。
    返回 (K,) 个概率，总和为 1；第一个是“没有变化”的概率。
    """
    # BEGIN SOLUTION
    residual, n = ratings - mean, np.arange(len(ratings))
    before, total, log = np.cumsum(residual) - residual, residual.sum(), 0.0
    for size, s in ((n, before), (len(ratings) - n, total - before)):
        log = log + prior_var * s**2 / (noise_var * (noise_var + size * prior_var)) / 2
        log = log - np.log(1 + size * prior_var / noise_var) / 2
    chance = np.where(n > 0, change, (1 - change) * max(n[-1], 1))  # all of them times K − 1
    weights = np.exp(log - log.max()) * chance
    return weights / weights.sum()
    # END SOLUTION
