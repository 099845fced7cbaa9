"""q21: Design an online meta-learning recommender.

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q21` in a terminal, or the cell `check("q21")` of the notebook.
You may import the standard library, numpy and torch.
"""

import numpy as np
import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write ftml_step: one outer step of follow the meta-leader: all users stored so far, each counting the same."
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
    raise NotImplementedError(
        "Write online_prior_update: the prior N(mean, covariance) over users after one more of them, whose posterior "
        "is N(user_mean, user_covariance)."
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
    raise NotImplementedError(
        "Write regret_curve: regret after each arrival: the summed loss so far, minus that of the fixed rival who is "
        "best so far in hindsight."
    )
