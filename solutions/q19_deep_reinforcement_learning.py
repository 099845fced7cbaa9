"""q19: Combine meta-learning and deep reinforcement learning for recommendation.

中文：q19：如何结合元学习与深度强化学习做推荐？
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "How far did the policy move from the reference, on the chosen list and on the rejected one? The loss looks at "
            "the difference of the two.",
            "策略在被选中的列表上离参考策略走了多远？在被拒绝的列表上呢？损失看的是两者之差。",
        ),
        (
            "margin = beta * ((chosen - reference_chosen) - (rejected - reference_rejected)); the loss is the mean of "
            "-log sigmoid(margin).",
            "margin = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))；"
            "损失是 -log sigmoid(margin) 的平均。",
        ),
        (
            "Use torch.nn.functional.logsigmoid, which stays finite for large margins, and .detach() on both references.",
            "用 torch.nn.functional.logsigmoid（差值很大时也不溢出），两个参考都 .detach()。",
        ),
    ],
)
def dpo_loss(
    chosen: Tensor, rejected: Tensor, reference_chosen: Tensor, reference_rejected: Tensor, beta: float
) -> Tensor:
    """Direct preference optimisation: -log sigmoid(beta * (log-ratio of the chosen - log-ratio of the rejected)), mean.

    chosen, rejected: (N,) log-probabilities that the policy gives to the list which a user preferred and to the other one.
    reference_chosen, reference_rejected: (N,) those of the frozen policy that training started from; no gradient flows
    into them. A log-ratio is the policy's log-probability minus the reference's.
    beta: above 0. Returns a scalar, finite for margins of 1,000 too.

    >>> dpo_loss(*torch.tensor([[-1.0], [-2.0], [-2.0], [-2.0]]), beta=1.0)
    tensor(0.3133)

    中文：直接偏好优化（DPO）：-log sigmoid(beta * (被选列表的对数比 - 被拒列表的对数比))，取平均。
    chosen、rejected：(N,)，策略给用户偏好的列表和另一个列表的对数概率。reference_chosen、reference_rejected：(N,)，
    训练起点那个冻结策略的对数概率，梯度不流入它们。对数比 = 策略的对数概率减去参考策略的对数概率。
    beta 大于 0。返回标量；差值到 1000 也要有限。
    """
    # BEGIN SOLUTION
    moved_chosen = chosen - reference_chosen.detach()
    moved_rejected = rejected - reference_rejected.detach()
    return -logsigmoid(beta * (moved_chosen - moved_rejected)).mean()
    # END SOLUTION


@exercise(
    points=4,
    minutes=10,
    hints=[
        (
            "Two networks: one says which item would come next, the other what it is worth.",
            "两个网络：一个说下一步展示哪个物品，另一个说它值多少。",
        ),
        (
            "Put -inf where an item is not allowed, take argmax of the online values, gather that item from the target "
            "values; where the session is over, nothing comes next.",
            "不允许的物品先置为 -inf，对 online 取 argmax，再从 target 里取出该物品的值；会话结束时后面什么也没有。",
        ),
        (
            "best = online.masked_fill(~allowed, -inf).argmax(1, keepdim=True); value = target.gather(1, best).squeeze(1); "
            "torch.where(over | ~allowed.any(1), rewards, rewards + gamma * value), all without a gradient.",
            "best = online.masked_fill(~allowed, -inf).argmax(1, keepdim=True)；value = target.gather(1, best).squeeze(1)；"
            "torch.where(over | ~allowed.any(1), rewards, rewards + gamma * value)，全程不带梯度。",
        ),
    ],
)
def td_target(rewards: Tensor, online: Tensor, target: Tensor, allowed: Tensor, over: Tensor, gamma: float) -> Tensor:
    """What double DQN trains Q(s, a) towards: r + gamma * Q_target(s', a*), with a* the best allowed item by Q_online.

    rewards: (N,) likes. online, target: (N, I) values of the next state by the two networks.
    allowed: (N, I) bool, the items that may be shown next. over: (N,) bool, True where the session ended.
    Where the session is over, or no item is allowed, the target is the reward alone.
    Returns (N,), without a gradient.

    >>> td_target(torch.tensor([1.0]), torch.tensor([[3.0, 2.0]]), torch.tensor([[0.5, 4.0]]),
    ...           torch.tensor([[True, True]]), torch.tensor([False]), gamma=0.5)
    tensor([1.2500])

    中文：double DQN 让 Q(s, a) 逼近的目标：r + gamma * Q_target(s', a*)，a* 是 Q_online 认为最好的、允许展示的物品。
    rewards：(N,)，喜欢与否；online、target：(N, I)，两个网络对下一状态的估值；allowed：(N, I) 布尔，下一步可以展示的物品；
    over：(N,) 布尔，会话结束为 True。会话结束或没有允许的物品时，目标只有奖励。返回 (N,)，不带梯度。
    """
    # BEGIN SOLUTION
    with torch.no_grad():
        best = online.masked_fill(~allowed, -torch.inf).argmax(1, keepdim=True)
        value = target.gather(1, best).squeeze(1)
        last = over | ~allowed.any(1)
        return torch.where(last, rewards, rewards + gamma * value)
    # END SOLUTION


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "Each impression counts by how much more often the new policy would have shown it.",
            "每条曝光的权重，是新策略会展示它的概率与日志策略之比。",
        ),
        (
            "w = target / logging; the estimate divides by the sum of w, not by their number.",
            "w = target / logging；估计值除以 w 之和，而不是除以条数。",
        ),
        (
            "estimate = (w * rewards).sum() / w.sum(); size = w.sum() ** 2 / (w ** 2).sum(); both 0.0 where w.sum() is 0.",
            "estimate = (w * rewards).sum() / w.sum()；size = w.sum() ** 2 / (w ** 2).sum()；w.sum() 为 0 时都返回 0.0。",
        ),
    ],
)
def snips_estimate(rewards: np.ndarray, logging: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """The self-normalised estimate of a new policy's mean reward, and the effective sample size of the log.

    rewards: (N,) of the logged impressions. logging, target: (N,) probabilities with which the logging policy showed the
    item, above 0, and with which the new policy would have shown it.
    With w = target / logging: estimate = sum w r / sum w, size = (sum w)^2 / sum w^2. Both are 0.0 where all w are 0.
    Returns two floats; change nothing in place.

    >>> snips_estimate(np.array([1, 0]), np.array([0.5, 0.5]), np.array([0.75, 0.25]))
    (0.75, 1.6)

    中文：新策略平均奖励的自归一化估计（SNIPS），以及这份日志的有效样本量。
    rewards：(N,)，日志里每条曝光的奖励；logging、target：(N,)，日志策略（大于 0）和新策略展示该物品的概率。
    记 w = target / logging：估计 = Σ w r / Σ w，有效样本量 = (Σ w)² / Σ w²；w 全为 0 时两者都是 0.0。
    返回两个浮点数；不要原地修改参数。
    """
    # BEGIN SOLUTION
    weights = target / logging
    total = float(weights.sum())
    if total == 0:
        return 0.0, 0.0
    return float((weights * rewards).sum()) / total, total**2 / float((weights**2).sum())
    # END SOLUTION
