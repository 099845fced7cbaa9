"""q08: What is online learning in a meta-learned recommender?

中文：q08：什么是元学习的在线学习？
"""

import numpy as np
import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=8,
    hints=[
        (
            "How wrong is the prediction before the update, and how much of that error should go into each weight?",
            "更新之前预测错了多少？这个误差该有多少分给每个权重？",
        ),
        (
            "gain = S x / (noise + x · S x). The mean moves by gain times the error; the covariance loses gain (S x)ᵀ.",
            "增益 gain = S x / (noise + x · S x)；均值移动 gain × 误差，协方差减去 gain (S x)ᵀ。",
        ),
        (
            "sx = covariance @ x; gain = sx / (noise + x @ sx); return mean + gain * (y - x @ mean), "
            "covariance - np.outer(gain, sx).",
            "sx = covariance @ x；gain = sx / (noise + x @ sx)；"
            "返回 mean + gain * (y - x @ mean) 和 covariance - np.outer(gain, sx)。",
        ),
    ],
)
def rls_update(
    mean: np.ndarray, covariance: np.ndarray, x: np.ndarray, y: float, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """A user after one more rating: recursive least squares, exact, without looking at earlier ratings.

    The user is w ~ N(mean, covariance); the rating is y = x · w + e with e ~ N(0, noise), noise a variance.
    mean: (D,). covariance: (D, D). x: (D,). Returns the new mean (D,) and covariance (D, D); change nothing in place.

    >>> rls_update(np.array([0.0]), np.array([[1.0]]), np.array([1.0]), y=2.0, noise=1.0)
    (array([1.]), array([[0.5]]))

    中文：用户再来一条评分之后的状态：递归最小二乘，结果精确，不必回看以前的评分。
    用户为 w ~ N(mean, covariance)；评分 y = x · w + e，e ~ N(0, noise)，noise 是方差。
    mean：(D,)；covariance：(D, D)；x：(D,)。返回新的均值 (D,) 和新的协方差 (D, D)；不要原地修改参数。
    """
    # BEGIN SOLUTION
    sx = covariance @ x
    gain = sx / (noise + x @ sx)
    return mean + gain * (y - x @ mean), covariance - np.outer(gain, sx)
    # END SOLUTION


@exercise(
    points=3,
    minutes=9,
    hints=[
        (
            "Three steps: the weights of the old state, the new state, its weights. One rule gives weights from a state.",
            "三步：旧状态的权重；新状态；新状态的权重。由状态得到权重用的是同一条规则。",
        ),
        (
            "z grows by gradient − (√(n + gradient²) − √n) / alpha · w, w being the old state's weights; n by gradient².",
            "z 增加 gradient − (√(n + gradient²) − √n) / alpha · w，w 是旧状态的权重；n 增加 gradient²。",
        ),
        (
            "Weights of a state: 0 where |z| ≤ l1, else −(z − sign(z) l1) / ((beta + √n) / alpha). "
            "Write it as a small inner function.",
            "由状态求权重：|z| ≤ l1 时为 0，否则 −(z − sign(z) l1) / ((beta + √n) / alpha)。可以写成一个小的内部函数。",
        ),
    ],
)
def ftrl_update(
    z: np.ndarray, n: np.ndarray, gradient: np.ndarray, alpha: float, beta: float, l1: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One step of FTRL-Proximal with L1, every coordinate with its own rate (McMahan et al. 2013, algorithm 1, lambda2 = 0).

    The weights of a state: w = 0 where |z| <= l1, else w = -(z - sign(z) l1) / ((beta + sqrt(n)) / alpha).
    The step: sigma = (sqrt(n + g²) - sqrt(n)) / alpha; z <- z + g - sigma w, w that of the old state; n <- n + g².
    z, n, gradient: (D,); n is the sum of squared gradients so far; beta > 0. Returns the new weights, z and n, each (D,);
    nothing is changed in place.

    >>> ftrl_update(np.zeros(2), np.zeros(2), np.array([3.0, 0.5]), alpha=1.0, beta=1.0, l1=1.0)
    (array([-0.5,  0. ]), array([3. , 0.5]), array([9.  , 0.25]))

    中文：带 L1 的 FTRL-Proximal 走一步，每个坐标有自己的步长（McMahan 等 2013，算法 1，lambda2 = 0）。
    由状态求权重：|z| <= l1 时 w = 0，否则 w = -(z - sign(z) l1) / ((beta + sqrt(n)) / alpha)。
    更新：sigma = (sqrt(n + g²) - sqrt(n)) / alpha；z <- z + g - sigma w，w 是旧状态的权重；n <- n + g²。
    z、n、gradient：(D,)；n 是历次梯度的平方和；beta > 0。返回新的权重、z、n，各 (D,)；不要原地修改参数。
    """

    # BEGIN SOLUTION
    def weights(z: np.ndarray, n: np.ndarray) -> np.ndarray:
        return -np.sign(z) * np.maximum(np.abs(z) - l1, 0) * alpha / (beta + np.sqrt(n))

    sigma = (np.sqrt(n + gradient**2) - np.sqrt(n)) / alpha
    new_z, new_n = z + gradient - sigma * weights(z, n), n + gradient**2
    return weights(new_z, new_n), new_z, new_n
    # END SOLUTION


@exercise(
    points=3,
    minutes=9,
    hints=[
        (
            "A click that has not converted yet is one of two things: it never will, or it will later. Add both chances.",
            "还没转化的点击有两种可能：永远不会转化，或者以后才转化。把两种概率加起来。",
        ),
        (
            "Converted after a delay d: p · λ exp(−λ d). Not yet after e: (1 − p) + p exp(−λ e). "
            "The loss is minus the mean log.",
            "在延迟 d 后转化：p · λ exp(−λ d)；过了 e 还没转化：(1 − p) + p exp(−λ e)。损失是对数似然均值的相反数。",
        ),
        (
            "Stay in logs: log p = logsigmoid(logits), log(1 − p) = logsigmoid(−logits), and torch.logaddexp for the sum. "
            "torch.where picks; first put 0 for the delays of rows that did not convert.",
            "全程用对数：log p = logsigmoid(logits)，log(1 − p) = logsigmoid(−logits)，求和用 torch.logaddexp；"
            "用 torch.where 选取，并先把未转化样本的 delay 换成 0。",
        ),
    ],
)
def delayed_feedback_loss(
    logits: Tensor, log_rate: Tensor, converted: Tensor, delay: Tensor, elapsed: Tensor
) -> Tensor:
    """Minus the mean log-likelihood of clicks whose conversions may still be on their way (Chapelle 2014, KDD).

    A click converts with the chance p = sigmoid(logit), after an exponential delay of rate lambda = exp(log_rate).
    logits, log_rate: (N,). converted: (N,) bool, whether a conversion has been seen. delay: (N,) from click to
    conversion; NaN where a click has not converted. elapsed: (N,) from click to now. Returns a scalar that gradients
    flow through.

    >>> delayed_feedback_loss(torch.zeros(1), torch.zeros(1), torch.tensor([True]), torch.tensor([2.0]), torch.tensor([3.0]))
    tensor(2.6931)

    中文：转化可能还在路上时，点击样本的负对数似然的均值（Chapelle 2014，KDD）。
    一次点击以概率 p = sigmoid(logit) 转化，延迟服从指数分布，速率 lambda = exp(log_rate)。
    logits、log_rate：(N,)；converted：(N,) 布尔，是否已看到转化；delay：(N,) 从点击到转化的时间，未转化时为 NaN；
    elapsed：(N,) 从点击到现在的时间。返回一个可以回传梯度的标量。
    """
    # BEGIN SOLUTION
    log_p, log_not = torch.nn.functional.logsigmoid(logits), torch.nn.functional.logsigmoid(-logits)
    seen = log_p + log_rate - log_rate.exp() * torch.where(converted, delay, 0.0)
    waiting = torch.logaddexp(log_not, log_p - log_rate.exp() * elapsed)
    return -torch.where(converted, seen, waiting).mean()
    # END SOLUTION
