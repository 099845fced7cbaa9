"""q14: What is meta-regularisation?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q14` in a terminal, or the cell `check("q14")` of the notebook.
You may import the standard library, numpy and torch.
"""

import numpy as np
import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write gaussian_kl: price what a set of weights remembers: KL(N(mean, std²) ‖ N(0, prior_std²)), with std = "
        "exp(log_std)."
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
    raise NotImplementedError(
        "Write loo_residuals: compute each rating minus what a ridge regression on the *other* ratings of the user "
        "says of it, with one solve."
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
    raise NotImplementedError(
        "Write error_correlation_penalty: compute how much the heads of an ensemble err together: the part of the "
        "error that averaging them cannot remove."
    )
