"""q25: How would you design adversarial training that adapts?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q25` in a terminal, or the cell `check("q25")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


def worst_rating_change(effect: Tensor, errors: Tensor, ratings: Tensor, low: float, high: float) -> tuple[int, float]:
    """Which one of K support ratings to change, and to what, so that the query's squared error is as large as possible.

    effect: (Q, K), what one star more in rating k adds to the score of query item q: a closed-form head is linear in the
    ratings. errors: (Q,), score minus truth now. ratings: (K,), in stars, between low and high, the ends of the scale.
    Returns (k, value): the rating, from 0, and what it becomes, a float. Of equal candidates the smaller k, and low before
    high.

    >>> worst_rating_change(torch.tensor([[0.1, 0.5]]), torch.tensor([0.2]), torch.tensor([5.0, 4.0]), low=1.0, high=5.0)
    (1, 1.0)

    中文：K 条支持评分里改哪一条、改成几星，查询集的平方误差最大。
    effect：(Q, K)，评分 k 多一星，查询物品 q 的得分增加多少（闭式解预测头对评分是线性的）。errors：(Q,)，当前得分减真值。
    ratings：(K,)，星级。low、high：量表两端，评分都在其间。
    返回 (k, value)：第几条（从 0 起）、改成多少（浮点）。并列时取较小的 k，同一条先取 low。
    """
    raise NotImplementedError(
        "Write worst_rating_change: which one of K support ratings to change, and to what, so that the query's squared "
        "error is as large as possible."
    )


def trades_loss(clean: Tensor, attacked: Tensor, target: Tensor, mask: Tensor, weight: float) -> Tensor:
    """Squared error of the clean scores plus `weight` times how far the attack moves them (after TRADES, Zhang et al. 2019).

    clean, attacked: (B, Q), scores of the same query items without and with an attack on the support. target: (B, Q),
    their ratings. mask: (B, Q) bool, False where padded (there may stand anything finite). weight: 0 or more.
    Returns a scalar: the mean over a task's query items, then over the tasks that have a query item; 0 where none has.
    Gradients run through both kinds of scores.

    >>> trades_loss(torch.tensor([[3.0]]), torch.tensor([[2.0]]), torch.tensor([[5.0]]), torch.tensor([[True]]), weight=0.5)
    tensor(4.5000)

    中文：干净得分的平方误差，加上 weight 乘以攻击使得分移动的平方（仿 TRADES，Zhang 等，2019）。
    clean、attacked：(B, Q)，同一批查询物品在支持集未受攻击、受攻击时的得分。target：(B, Q)，真实评分。
    mask：(B, Q) 布尔，填充位为 False（那里可能是任意有限数）。weight：不小于 0。
    返回标量：先对每个任务的查询物品取平均，再对有查询的任务取平均；都没有则为 0。梯度流过两种得分。
    """
    raise NotImplementedError(
        "Write trades_loss: squared error of the clean scores plus `weight` times how far the attack moves them (after "
        "TRADES, Zhang et al. 2019)."
    )


def huber_weights(residuals: Tensor, mask: Tensor, threshold: float, growth: float) -> Tensor:
    """How much each support rating counts in a robust solve, when the threshold follows the number of ratings.

    residuals: (B, K) float, rating minus fit, in units of its noise. mask: (B, K) bool, False where padded (anything
    may stand there). A user with K ratings has the threshold c = threshold · (K / 5)^growth, K counted without padding.
    Returns (B, K): min(1, c / |residual|), and 0 where padded.

    >>> huber_weights(torch.tensor([[0.5, -4.0]]), torch.tensor([[True, True]]), threshold=1.0, growth=0.0)
    tensor([[1.0000, 0.2500]])

    中文：稳健求解时每条支持评分的权重，阈值随评分条数变化。
    residuals：(B, K) 浮点，评分减拟合值，以噪声为单位。mask：(B, K) 布尔，填充位为 False（那里可能是任何数）。
    有 K 条评分（不算填充）的用户，阈值 c = threshold · (K / 5)^growth。返回 (B, K)：min(1, c / |残差|)，填充位为 0。
    """
    raise NotImplementedError(
        "Write huber_weights: how much each support rating counts in a robust solve, when the threshold follows the "
        "number of ratings."
    )
