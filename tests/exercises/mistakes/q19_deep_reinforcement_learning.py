"""Named wrong answers of q19."""

import numpy as np
import torch
from torch.nn.functional import logsigmoid

from metarec_lib.workbook import mistake


@mistake("dpo_loss")
def forgets_the_reference(chosen, rejected, reference_chosen, reference_rejected, beta):
    """You compared the two log-probabilities without the reference: then the policy may drift anywhere.

    你直接比较了两个对数概率，没有减去参考策略：这样策略可以漂到任何地方。
    """
    return -logsigmoid(beta * (chosen - rejected)).mean()


@mistake("dpo_loss")
def rewards_the_rejected(chosen, rejected, reference_chosen, reference_rejected, beta):
    """Chosen and rejected are the wrong way round: the loss falls when the rejected list becomes likelier.

    chosen 和 rejected 反了：被拒列表变得更可能时，损失反而下降。
    """
    a, b = chosen - reference_chosen.detach(), rejected - reference_rejected.detach()
    return -logsigmoid(beta * (b - a)).mean()


@mistake("dpo_loss")
def beta_outside(chosen, rejected, reference_chosen, reference_rejected, beta):
    """beta stands in front of the loss; it belongs inside the sigmoid, where it says how far the policy may move.

    beta 放在了损失外面；它应在 sigmoid 里面，决定策略可以离参考多远。
    """
    a, b = chosen - reference_chosen.detach(), rejected - reference_rejected.detach()
    return -beta * logsigmoid(a - b).mean()


@mistake("dpo_loss")
def sums_over_the_pairs(chosen, rejected, reference_chosen, reference_rejected, beta):
    """The loss is the mean over the pairs; a sum grows with the batch.

    损失是对各对取平均；求和会随批量变大。
    """
    a, b = chosen - reference_chosen.detach(), rejected - reference_rejected.detach()
    return -logsigmoid(beta * (a - b)).sum()


@mistake("dpo_loss")
def without_the_logarithm(chosen, rejected, reference_chosen, reference_rejected, beta):
    """You took minus the sigmoid; the loss is minus its logarithm.

    你取的是负的 sigmoid；损失应是它的负对数。
    """
    a, b = chosen - reference_chosen.detach(), rejected - reference_rejected.detach()
    return -torch.sigmoid(beta * (a - b)).mean()


@mistake("dpo_loss")
def overflows(chosen, rejected, reference_chosen, reference_rejected, beta):
    """log(sigmoid(x)) is -inf for a large negative x: use logsigmoid.

    x 为很大的负数时 log(sigmoid(x)) 是 -inf：用 logsigmoid。
    """
    a, b = chosen - reference_chosen.detach(), rejected - reference_rejected.detach()
    return -torch.log(torch.sigmoid(beta * (a - b))).mean()


@mistake("dpo_loss")
def trains_the_reference(chosen, rejected, reference_chosen, reference_rejected, beta):
    """A gradient flows into the reference; it is frozen: detach it.

    梯度流进了参考策略；它是冻结的：要 detach。
    """
    return -logsigmoid(beta * ((chosen - reference_chosen) - (rejected - reference_rejected))).mean()


def _target(rewards, online, target, allowed, over, gamma, chooser="online", masked=True, ended=True, guard=True):
    with torch.no_grad():
        values = {"online": online, "target": target}[chooser]
        values = values.masked_fill(~allowed, -torch.inf) if masked else values
        value = target.gather(1, values.argmax(1, keepdim=True)).squeeze(1)
        last = over if ended else torch.zeros_like(over)
        last = last | ~allowed.any(1) if guard else last
        return torch.where(last, rewards, rewards + gamma * value)


@mistake("td_target")
def one_network_does_both(rewards, online, target, allowed, over, gamma):
    """The target network chose and valued the item: that is plain DQN, which overestimates. Online chooses.

    选物品和估值都用了 target 网络：那是普通 DQN，会高估。应由 online 来选。
    """
    return _target(rewards, online, target, allowed, over, gamma, chooser="target")


@mistake("td_target")
def values_by_the_online_network(rewards, online, target, allowed, over, gamma):
    """The online network valued its own choice: take the value from the target network.

    online 网络给自己的选择估了值：价值要从 target 网络取。
    """
    return _target(rewards, online, online, allowed, over, gamma)


@mistake("td_target")
def goes_on_after_the_end(rewards, online, target, allowed, over, gamma):
    """You added a next value where the session is over; there nothing follows.

    会话已结束处也加了下一步的价值；那里后面什么也没有。
    """
    return _target(rewards, online, target, allowed, over, gamma, ended=False)


@mistake("td_target")
def shows_items_again(rewards, online, target, allowed, over, gamma):
    """The best item was looked for among all; only allowed ones may be shown next.

    最好的物品是在全部物品里找的；下一步只能展示允许的物品。
    """
    return _target(rewards, online, target, allowed, over, gamma, masked=False)


@mistake("td_target")
def zero_in_place_of_what_is_not_allowed(rewards, online, target, allowed, over, gamma):
    """Items that are not allowed got the value 0: with negative values around, 0 wins. Put -inf there.

    不允许的物品被置成了 0：其他值为负时，0 反而最大。应置为 -inf。
    """
    return _target(rewards, online * allowed, target, torch.ones_like(allowed), over | ~allowed.any(1), gamma)


@mistake("td_target")
def forgets_gamma(rewards, online, target, allowed, over, gamma):
    """The next value counts gamma times, not once.

    下一步的价值要乘 gamma。
    """
    return _target(rewards, online, target, allowed, over, 1.0)


@mistake("td_target")
def drops_the_reward_at_the_end(rewards, online, target, allowed, over, gamma):
    """Where the session is over you returned 0; the last reward still counts.

    会话结束处你返回了 0；最后一步的奖励仍然算。
    """
    return _target(rewards, online, target, allowed, over, gamma) * ~over


@mistake("td_target")
def no_item_is_the_first_item(rewards, online, target, allowed, over, gamma):
    """Where no item is allowed, argmax of -inf gives the first item: return the reward alone there.

    没有允许的物品时，对全 -inf 取 argmax 会得到第一个物品：那里只应返回奖励。
    """
    return _target(rewards, online, target, allowed, over, gamma, guard=False)


@mistake("td_target")
def lets_the_gradient_through(rewards, online, target, allowed, over, gamma):
    """The target carries a gradient: Q would chase itself. Detach it.

    目标带着梯度：Q 会追着自己跑。要 detach。
    """
    best = online.masked_fill(~allowed, -torch.inf).argmax(1, keepdim=True)
    value = target.gather(1, best).squeeze(1)
    return torch.where(over | ~allowed.any(1), rewards, rewards + gamma * value)


def _snips(rewards, logging, target, weights=None, size=None):
    w = target / logging if weights is None else weights
    if w.sum() == 0:
        return 0.0, 0.0
    ess = w.sum() ** 2 / (w**2).sum() if size is None else size(w)
    return float((w * rewards).sum() / w.sum()), float(ess)


@mistake("snips_estimate")
def turns_the_ratio_round(rewards, logging, target):
    """The weight is target / logging; you divided the other way round.

    权重是 target / logging；你除反了。
    """
    return _snips(rewards, logging, target, logging / np.maximum(target, 1e-300))


@mistake("snips_estimate")
def divides_by_the_number(rewards, logging, target):
    """That is IPS: SNIPS divides by the sum of the weights.

    那是 IPS：SNIPS 要除以权重之和。
    """
    w = target / logging
    return float((w * rewards).mean()), float(_snips(rewards, logging, target)[1])


@mistake("snips_estimate")
def ignores_the_log(rewards, logging, target):
    """You weighed by the new policy alone; items that the old policy showed often are then counted twice.

    你只按新策略加权；旧策略常展示的物品就被重复计算了。
    """
    return _snips(rewards, logging, target, np.asarray(target, dtype=float))


@mistake("snips_estimate")
def counts_the_impressions(rewards, logging, target):
    """The effective sample size is not the number of impressions: (sum w)² / sum w².

    有效样本量不是曝光条数：应为 (Σ w)² / Σ w²。
    """
    return _snips(rewards, logging, target, size=len)


@mistake("snips_estimate")
def size_without_the_square(rewards, logging, target):
    """You divided the sum of the weights by the sum of their squares; the numerator is squared too.

    你用权重之和除以权重平方之和；分子也要平方。
    """
    return _snips(rewards, logging, target, size=lambda w: w.sum() / (w**2).sum())


@mistake("snips_estimate")
def clips_the_weights(rewards, logging, target):
    """You cut the weights at 1; clipping is another estimator, and biased.

    你把权重截断在 1；截断是另一种估计量，而且有偏。
    """
    return _snips(rewards, logging, target, np.minimum(target / logging, 1.0))


@mistake("snips_estimate")
def divides_by_zero(rewards, logging, target):
    """Where the new policy shows nothing of the log the sum of the weights is 0: return (0.0, 0.0).

    新策略完全不会展示日志里的物品时，权重之和为 0：返回 (0.0, 0.0)。
    """
    w = target / logging
    with np.errstate(all="ignore"):
        return float((w * rewards).sum() / w.sum()), float(w.sum() ** 2 / (w**2).sum())
