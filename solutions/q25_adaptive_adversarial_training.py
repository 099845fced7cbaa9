"""q25: How would you design adversarial training that adapts?

中文：q25：如何设计自适应的对抗训练？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=9,
    hints=[
        (
            "Move rating k by d: error q becomes errors[q] + d · effect[q, k]. The mean square is a convex parabola in d.",
            "把第 k 条评分移动 d，误差 q 变成 errors[q] + d · effect[q, k]。均方误差是 d 的凸抛物线。",
        ),
        (
            "A convex parabola is largest at an end: compare 2 K candidates, d = low − r_k and d = high − r_k.",
            "凸抛物线在端点最大：比较 2K 个候选，d = low − r_k 与 d = high − r_k。",
        ),
        (
            "Build a (2, K) table of mean squares, and take the largest; then say which rating and which end it is.",
            "做一张 (2, K) 的均方误差表，取最大值，再说出是哪条评分、哪一端。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    ends = torch.tensor([low, high], dtype=errors.dtype)
    change = ends - ratings.to(errors.dtype)[:, None]  # (K, 2)
    moved = errors[:, None, None] + effect[:, :, None] * change
    best = int((moved**2).mean(0).flatten().argmax())
    return best // 2, float(ends[best % 2])
    # END SOLUTION


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "Two parts: how wrong clean scores are, and how far the attack moves them. Only the first looks at the target.",
            "两部分：干净得分错了多少，攻击把得分移动了多少。只有前者看真值。",
        ),
        (
            "Each task first takes the mean over its own query items; then the mean over the tasks that have any.",
            "每个任务先在自己的查询物品上取平均，再对有查询的任务取平均。",
        ),
        (
            "square = (clean − target)² + weight · (attacked − clean)²; sum over mask / count by task; nothing is detached.",
            "square = (clean − target)² + weight · (attacked − clean)²；按 mask 求和除以每个任务的个数；什么都不 detach。",
        ),
    ],
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
    # BEGIN SOLUTION
    square = ((clean - target) ** 2 + weight * (attacked - clean) ** 2) * mask
    count = mask.sum(1)
    return (square.sum(1) / count.clamp(min=1)).sum() / (count > 0).sum().clamp(min=1)
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "Up to the threshold a rating counts fully; beyond it, so that weight times residual stays at the threshold.",
            "残差不超过阈值时完全计入；超过之后，权重乘残差保持等于阈值。",
        ),
        (
            "The threshold of a user with K ratings: threshold · (K / 5) ** growth. K is the row sum of the mask.",
            "有 K 条评分的用户，阈值是 threshold · (K / 5) ** growth。K 是 mask 的行和。",
        ),
        (
            "weight = min(1, c / |residual|), and 1 where the residual is 0; then 0 where padded.",
            "weight = min(1, c / |残差|)，残差为 0 时取 1，再乘 mask。没有评分的用户全为零。",
        ),
    ],
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
    # BEGIN SOLUTION
    count = mask.sum(1, keepdim=True).clamp(min=1).to(residuals.dtype)
    size = residuals.abs()
    c = (threshold * (count / 5) ** growth).expand_as(size)
    return torch.where(size > c, c / size, torch.ones_like(size)).masked_fill(~mask, 0.0)
    # END SOLUTION
