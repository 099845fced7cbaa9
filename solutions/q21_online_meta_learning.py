"""q21: Design an online meta-learning recommender.

中文：q21：如何设计在线元学习推荐系统？
"""

import numpy as np
import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=12,
    hints=[
        (
            "For each stored user: adapt on the support with one step, then take the error of the query. Average over "
            "users.",
            "对存下的每个用户：先在支持集上走一步，再算查询集的误差；最后对用户取平均。",
        ),
        (
            "The gradient runs through the inner step: let w = start − inner_lr · ∇ support loss, with create_graph=True.",
            "梯度要穿过内层那一步：w = start − inner_lr · ∇ 支持集损失，求梯度时加 create_graph=True。",
        ),
        (
            "start = start.detach().requires_grad_(); losses in a list; g = torch.autograd.grad(mean, start)[0]; "
            "return (start - outer_lr * g).detach().",
            "start = start.detach().requires_grad_()；损失放进列表；g = torch.autograd.grad(均值, start)[0]；"
            "返回 (start - outer_lr * g).detach()。",
        ),
    ],
)
def ftml_step(
    start: Tensor, users: list[tuple[Tensor, Tensor, Tensor, Tensor]], inner_lr: float, outer_lr: float
) -> Tensor:
    """One outer step of follow the meta-leader: all users stored so far, each counting the same.

    A user is (x, y, query_x, query_y) of shapes (K, D), (K,), (Q, D), (Q,), with Q at least 1; K and Q differ from user to
    user, and K may be 0. A user predicts x · w.
    Inner: w = start − inner_lr · gradient of the mean squared error of the support at start; no step where K = 0.
    Outer: start − outer_lr · gradient, through the inner step, of the mean over users of the query's mean squared error.
    start: (D,). Returns the new start (D,), without a graph.

    >>> x, y = torch.tensor([[1.0]]), torch.tensor([1.0])
    >>> ftml_step(torch.zeros(1), [(x, y, x, y)], inner_lr=0.25, outer_lr=1.0)
    tensor([0.5000])

    中文：跟随元领导者（FTML）的一步外层更新：用到目前为止存下的全部用户，每个用户权重相同。
    一个用户是 (x, y, query_x, query_y)，形状 (K, D)、(K,)、(Q, D)、(Q,)，Q 至少为 1；K 和 Q 因人而异，K 可以为 0。
    用户的预测是 x · w。
    内层：w = start − inner_lr · 支持集均方误差在 start 处的梯度（K = 0 时不走）。外层：start − outer_lr · 梯度；
    梯度穿过内层那一步，目标是各用户查询集均方误差的平均。start：(D,)。返回新的 start (D,)，不带计算图。
    """
    # BEGIN SOLUTION
    start = start.detach().requires_grad_()
    errors = []
    for x, y, query_x, query_y in users:
        w = start
        if len(y):
            inner = ((x @ start - y) ** 2).mean()
            (slope,) = torch.autograd.grad(inner, start, create_graph=True)
            w = start - inner_lr * slope
        errors.append(((query_x @ w - query_y) ** 2).mean())
    (gradient,) = torch.autograd.grad(torch.stack(errors).mean(), start)
    return (start - outer_lr * gradient).detach()
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Which two averages over users make up a prior? The mean of the means; and the spread, which has two parts.",
            "先验由用户上的哪两个平均构成？一个是均值的均值；另一个是散布，它有两部分。",
        ),
        (
            "The second moment of a user is user_covariance + user_mean user_meanᵀ. Average it over n + 1, then take "
            "the new mean off.",
            "一个用户的二阶矩是 user_covariance + user_mean user_meanᵀ；在 n + 1 个上取平均，再减去新均值的外积。",
        ),
        (
            "second = (n * (covariance + np.outer(mean, mean)) + user_covariance "
            "+ np.outer(user_mean, user_mean)) / (n + 1); new covariance = second - np.outer(new_mean, new_mean).",
            "second = (n * (covariance + np.outer(mean, mean)) + user_covariance "
            "+ np.outer(user_mean, user_mean)) / (n + 1)；新的协方差 = second - np.outer(new_mean, new_mean)。",
        ),
    ],
)
def online_prior_update(
    mean: np.ndarray, covariance: np.ndarray, n: float, user_mean: np.ndarray, user_covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The prior N(mean, covariance) over users after one more of them, whose posterior is N(user_mean, user_covariance).

    The prior holds the moments of n users so far: the mean of their weights, and the covariance of their weights around
    it, what is not known of each user included. The new one counts as much as each of them.
    mean, user_mean: (D,). covariance, user_covariance: (D, D). n: at least 0.
    Returns the new mean (D,) and covariance (D, D); change nothing in place.

    >>> online_prior_update(np.array([0.0]), np.array([[1.0]]), 1, np.array([2.0]), np.array([[1.0]]))
    (array([1.]), array([[2.]]))

    中文：又来一个用户之后，用户先验 N(mean, covariance) 怎么变；这个用户的后验是 N(user_mean, user_covariance)。
    先验保存的是此前 n 个用户的矩：权重的均值，以及权重围绕它的协方差（包括对每个用户尚不确定的部分）。
    新用户与此前每个人占同样的分量。
    mean、user_mean：(D,)；covariance、user_covariance：(D, D)；n 至少为 0。返回新的均值 (D,) 和协方差 (D, D)；
    不要原地修改参数。
    """
    # BEGIN SOLUTION
    new_mean = (n * mean + user_mean) / (n + 1)
    second = n * (covariance + np.outer(mean, mean)) + user_covariance + np.outer(user_mean, user_mean)
    return new_mean, second / (n + 1) - np.outer(new_mean, new_mean)
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "Sum first, compare afterwards: the rival is judged by its sum up to now.",
            "先累加再比较：对照先验按到目前为止的累计损失来评。",
        ),
        (
            "Cumulative sums of the rivals along time; then, at every time, the smallest of them.",
            "对照先验的损失沿时间累加；然后在每个时刻取其中最小的。",
        ),
        (
            "Return np.cumsum(losses) - np.cumsum(rivals, axis=1).min(axis=0).",
            "返回 np.cumsum(losses) - np.cumsum(rivals, axis=1).min(axis=0)。",
        ),
    ],
)
def regret_curve(losses: np.ndarray, rivals: np.ndarray) -> np.ndarray:
    """Regret after each arrival: the summed loss so far, minus that of the fixed rival who is best so far in hindsight.

    losses: (T,) of the learner, in order of arrival. rivals: (C, T), a row for each fixed rival, C at least 1.
    The best rival may be another one at another time. Returns (T,); it may be negative.

    >>> regret_curve(np.array([3.0, 1.0]), np.array([[1.0, 2.0], [2.0, 0.0]]))
    array([2., 2.])

    中文：每次到达之后的遗憾：到此为止的累计损失，减去事后看来到此为止最好的那个固定对照先验的累计损失。
    losses：(T,)，按到达时间顺序的学习者损失；rivals：(C, T)，每行一个固定对照先验，在同样的到达上；C 至少为 1。
    不同时刻最好的对照先验可以不同。返回 (T,)；可以为负。
    """
    # BEGIN SOLUTION
    return np.cumsum(losses) - np.cumsum(rivals, axis=1).min(axis=0)
    # END SOLUTION
