"""q08: What is online learning in a meta-learned recommender?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q08` in a terminal, or the cell `check("q08")` of the notebook.
You may import the standard library, numpy and torch.
"""

import numpy as np
import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write rls_update: A user after one more rating: recursive least squares, exact, without looking at earlier "
        "ratings."
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

    raise NotImplementedError(
        "Write ftrl_update: one step of FTRL-Proximal with L1, every coordinate with its own rate (McMahan et al. "
        "2013, algorithm 1, lambda2 = 0)."
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
    raise NotImplementedError(
        "Write delayed_feedback_loss: minus the mean log-likelihood of clicks whose conversions may still be on their "
        "way (Chapelle 2014, KDD)."
    )
