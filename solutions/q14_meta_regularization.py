"""q14: What is meta-regularisation?

中文：q14：什么是元学习中的元正则化？
"""

import numpy as np
import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "Two Gaussians of one number each: how far apart are the means, and how do the spreads compare?",
            "先看一维的两个高斯分布：均值相差多远？标准差之比是多少？",
        ),
        (
            "With ratio = std² / prior_std², one number costs ½ (ratio + mean² / prior_std² − 1 − ln ratio).",
            "记 ratio = std² / prior_std²，每个数的代价是 ½ (ratio + mean² / prior_std² − 1 − ln ratio)。",
        ),
        (
            "ln ratio = 2 (log_std − ln prior_std): no logarithm of an exponential is needed. Sum over all numbers.",
            "ln ratio = 2 (log_std − ln prior_std)，不必先取指数再取对数。最后对所有数求和。",
        ),
    ],
)
def gaussian_kl(mean: Tensor, log_std: Tensor, prior_std: float) -> Tensor:
    """Price what a set of weights remembers: KL(N(mean, std²) ‖ N(0, prior_std²)), with std = exp(log_std).

    mean, log_std: tensors of one shape, any number of dimensions; each number is a Gaussian of its own.
    prior_std: a number above 0.
    Returns the sum over all numbers, a scalar tensor, in nats (natural logarithms). It is 0 where both Gaussians are the
    same, never below, and one can differentiate it with respect to mean and log_std. log_std may be as low as -400.

    >>> gaussian_kl(torch.tensor([1.0]), torch.tensor([0.0]), prior_std=1.0)    # the same spread, one unit apart
    tensor(0.5000)

    中文：一组权重记住了多少，就要付多少代价：KL(N(mean, std²) ‖ N(0, prior_std²))，其中 std = exp(log_std)。
    mean、log_std：形状相同的张量，维数不限，每个数各是一个高斯分布。prior_std：大于 0 的数。
    返回对所有数求和的标量张量，单位 nat（自然对数）。两个分布相同时为 0，不会小于 0，并且能对 mean 和 log_std 求导。
    log_std 可能低到 -400。
    """
    # BEGIN SOLUTION
    log_ratio = 2 * (log_std - np.log(prior_std))
    return 0.5 * (torch.exp(log_ratio) + (mean / prior_std) ** 2 - 1 - log_ratio).sum()
    # END SOLUTION


@exercise(
    points=4,
    minutes=10,
    hints=[
        (
            "The fit is linear in the ratings: ŷ = H y with H = X (XᵀX + strength · I)⁻¹ Xᵀ.",
            "拟合值对评分是线性的：ŷ = H y，其中 H = X (XᵀX + strength · I)⁻¹ Xᵀ。",
        ),
        (
            "A rating pulls the fit towards itself by its leverage h = H[n, n]. Leaving it out divides its residual by "
            "1 − h.",
            "每条评分都会把拟合朝自己拉，拉力就是杠杆值 h = H[n, n]。把它留出来，它的残差就要除以 1 − h。",
        ),
        (
            "(y − H y) / (1 − diag H). The strength stands on the diagonal of XᵀX, not of H.",
            "(y − H y) / (1 − diag H)。strength 加在 XᵀX 的对角线上，不是 H 的对角线上。",
        ),
    ],
)
def loo_residuals(x: np.ndarray, y: np.ndarray, strength: float) -> np.ndarray:
    """Compute each rating minus what a ridge regression on the *other* ratings of the user says of it, with one solve.

    x: (N, D) features of the N rated items; N may be below D, and 1. No intercept is added.
    y: (N,) ratings, such as residuals from the item mean; may be integers.
    strength: λ above 0, of the penalty λ · |w|² beside the sum of squared errors.
    Returns (N,): y_n − x_n · w₋ₙ, where w₋ₙ is fitted without rating n. Do not refit N times: with the leverage h_n it is
    the residual of the full fit divided by 1 − h_n.

    >>> loo_residuals(np.array([[1.0], [1.0]]), np.array([2.0, 0.0]), strength=1.0)    # 2 − 0 / 2, and 0 − 2 / 2
    array([ 2., -1.])

    中文：只解一次方程，就求出每条评分与“用该用户其余评分做岭回归得到的预测”之差。
    x：(N, D)，N 个已评物品的特征；N 可以小于 D，也可以是 1。不加截距。
    y：(N,)，评分（例如减去物品均值之后的残差），可能是整数。
    strength：λ，大于 0，惩罚项是 λ · |w|²，与平方误差之和相加。
    返回 (N,)：y_n − x_n · w₋ₙ，其中 w₋ₙ 是去掉第 n 条之后拟合的。不要重新拟合 N 次：它等于完整拟合的残差除以 1 − h_n，
    h_n 是杠杆值。
    """
    # BEGIN SOLUTION
    hat = x @ np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T)
    return (y - hat @ y) / (1 - np.diag(hat))
    # END SOLUTION


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "Errors first: each head's prediction minus the truth. Two heads are alike where both err in the same "
            "direction.",
            "先求误差：每个预测头的预测减去真值。两个头在同一处朝同一方向出错，就是相似。",
        ),
        (
            "For a pair a, b take the mean over the ratings of e_a · e_b; then the mean over pairs of different heads.",
            "对一对头 a、b，先对评分取 e_a · e_b 的平均；再对所有不同的头组成的对取平均。",
        ),
        (
            "Over all pairs the products sum to (Σ e)² − Σ e²: no loop is needed; there are M (M − 1) ordered pairs.",
            "所有对的乘积之和等于 (Σ e)² − Σ e²，不需要循环；有序对共 M (M − 1) 个。",
        ),
    ],
)
def error_correlation_penalty(predictions: Tensor, targets: Tensor) -> Tensor:
    """Compute how much the heads of an ensemble err together: the part of the error that averaging them cannot remove.

    predictions: (M, Q) of M ≥ 2 heads for Q ratings. targets: (Q,) the ratings.
    Returns a scalar tensor: with the errors e = predictions − targets, the mean over all pairs of different heads of
    mean_q(e_a · e_b). Nothing is centred or scaled. One can differentiate it with respect to every head's predictions.

    >>> error_correlation_penalty(torch.tensor([[1.0, 1.0], [1.0, -1.0]]), torch.zeros(2))    # once together, once apart
    tensor(0.)

    中文：计算集成模型的各个预测头在多大程度上一起出错：这部分误差靠取平均是消不掉的。
    predictions：(M, Q)，M ≥ 2 个头对 Q 条评分的预测。targets：(Q,)，真实评分。
    返回标量张量：误差 e = predictions − targets，对所有不同的头组成的对，取 mean_q(e_a · e_b) 的平均。不去均值，也不缩放。
    要能对每个头的预测求导。
    """
    # BEGIN SOLUTION
    errors = predictions - targets
    heads = len(errors)
    pairs = errors.sum(dim=0) ** 2 - (errors**2).sum(dim=0)
    return pairs.mean() / (heads * (heads - 1))
    # END SOLUTION
