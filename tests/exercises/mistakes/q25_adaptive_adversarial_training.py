"""Named wrong answers of q25."""

import torch

from metarec_lib.workbook import mistake


def _worst(effect, errors, ratings, low, high, score):
    best = None
    for k in range(len(ratings)):
        for end in (low, high):
            found = float(score(errors, effect[:, k], end - float(ratings[k])))
            if best is None or found > best[0]:
                best = (found, k, float(end))
    return best[1], best[2]


@mistake("worst_rating_change")
def ignores_the_errors(effect, errors, ratings, low, high):
    """You took the change that moves the scores most; the errors that are there already decide which way hurts.

    你选了让得分移动最多的改动；往哪边推更坏，要看已有的误差。
    """
    return _worst(effect, errors, ratings, low, high, lambda e, h, d: ((d * h) ** 2).mean())


@mistake("worst_rating_change")
def the_largest_step(effect, errors, ratings, low, high):
    """You took the rating that can be moved farthest; what counts is what the move does to the scores.

    你选了能移动最远的评分；要看移动对得分的影响。
    """
    return _worst(effect, errors, ratings, low, high, lambda e, h, d: abs(d))


@mistake("worst_rating_change")
def the_gradient_alone(effect, errors, ratings, low, high):
    """A gradient times the step forgets the square of the step: the error is a parabola, not a line.

    梯度乘步长忘了步长的平方项：误差是抛物线，不是直线。
    """
    return _worst(effect, errors, ratings, low, high, lambda e, h, d: (2 * d * e * h).mean())


@mistake("worst_rating_change")
def only_the_mean_error(effect, errors, ratings, low, high):
    """You looked at the mean error; errors of both signs cancel in it. Square first.

    你看的是平均误差；正负会相互抵消。先平方再平均。
    """
    return _worst(effect, errors, ratings, low, high, lambda e, h, d: (e + d * h).mean() ** 2)


@mistake("worst_rating_change")
def a_scale_of_one_to_five(effect, errors, ratings, low, high):
    """The ends of the scale are arguments; you took 1 and 5.

    量表两端是参数；你用了 1 和 5。
    """
    return _worst(effect, errors, ratings, 1.0, 5.0, lambda e, h, d: ((e + d * h) ** 2).mean())


@mistake("worst_rating_change")
def moves_by_the_end(effect, errors, ratings, low, high):
    """The rating moves by end − rating, not by the end itself.

    评分移动的是 端点 − 评分，不是端点本身。
    """
    found = _worst(effect, errors, torch.zeros(len(ratings)), low, high, lambda e, h, d: ((e + d * h) ** 2).mean())
    return found


@mistake("worst_rating_change")
def the_last_of_equal_candidates(effect, errors, ratings, low, high):
    """Of equal candidates the first is asked for; you kept the last.

    并列时应取第一个；你取了最后一个。
    """
    best = None
    for k in range(len(ratings)):
        for end in (low, high):
            found = float(((errors + (end - float(ratings[k])) * effect[:, k]) ** 2).mean())
            if best is None or found >= best[0] - 1e-12:
                best = (found, k, float(end))
    return best[1], best[2]


@mistake("worst_rating_change")
def helps_the_user(effect, errors, ratings, low, high):
    """You took the change with the smallest error; the attacker wants the largest.

    你取了误差最小的改动；攻击者要最大的。
    """
    return _worst(effect, errors, ratings, low, high, lambda e, h, d: -((e + d * h) ** 2).mean())


@mistake("worst_rating_change")
def forces_a_change(effect, errors, ratings, low, high):
    """You forbade leaving a rating as it is; where it stands at the bad end already, any change helps the user.

    你不许评分保持原样；它已在坏的一端时，任何改动都是在帮用户。
    """
    return _worst(
        effect, errors, ratings, low, high, lambda e, h, d: ((e + d * h) ** 2).mean() if d else torch.tensor(-1.0)
    )


def _trades(clean, target, second, mask, weight):
    square = ((clean - target) ** 2 + weight * second**2) * mask
    count = mask.sum(1)
    return (square.sum(1) / count.clamp(min=1)).sum() / (count > 0).sum().clamp(min=1)


@mistake("trades_loss")
def compares_with_the_target(clean, attacked, target, mask, weight):
    """The second part is attacked minus clean; you took attacked minus target, which is training on attacked examples.

    第二部分是受攻击减干净；你用了受攻击减真值，那是直接在对抗样本上训练。
    """
    return _trades(clean, target, attacked - target, mask, weight)


@mistake("trades_loss")
def holds_the_clean_scores_fixed(clean, attacked, target, mask, weight):
    """You detached the clean scores in the second part; gradients run through both.

    你在第二部分 detach 了干净得分；梯度应流过两者。
    """
    return _trades(clean, target, attacked - clean.detach(), mask, weight)


@mistake("trades_loss")
def holds_the_attacked_scores_fixed(clean, attacked, target, mask, weight):
    """You detached the attacked scores: the model cannot learn to make them move less.

    你 detach 了受攻击得分：模型就学不会让它少动。
    """
    return _trades(clean, target, attacked.detach() - clean, mask, weight)


@mistake("trades_loss")
def pools_all_queries(clean, attacked, target, mask, weight):
    """You took the mean over all query items; each task counts alike, whatever the number of its items.

    你对所有查询物品一起取了平均；每个任务应同等计入，与物品数无关。
    """
    square = ((clean - target) ** 2 + weight * (attacked - clean) ** 2) * mask
    return square.sum() / mask.sum().clamp(min=1)


@mistake("trades_loss")
def counts_padding(clean, attacked, target, mask, weight):
    """Padding counts in your means.

    你的平均里算进了填充位。
    """
    return ((clean - target) ** 2 + weight * (attacked - clean) ** 2).mean()


@mistake("trades_loss")
def counts_tasks_without_query(clean, attacked, target, mask, weight):
    """Tasks without a query item count as zeros in your mean over tasks.

    没有查询物品的任务在你的平均里被当成了零。
    """
    square = ((clean - target) ** 2 + weight * (attacked - clean) ** 2) * mask
    return (square.sum(1) / mask.sum(1).clamp(min=1)).mean()


@mistake("trades_loss")
def nan_without_a_query(clean, attacked, target, mask, weight):
    """Where no task has a query you divide by zero: return 0.

    所有任务都没有查询时你除以了零：应返回 0。
    """
    square = ((clean - target) ** 2 + weight * (attacked - clean) ** 2) * mask
    some = mask.any(1)
    return (square.sum(1)[some] / mask.sum(1)[some]).mean()


@mistake("trades_loss")
def shares_out_the_weight(clean, attacked, target, mask, weight):
    """You took (1 − weight) of the first part; it counts fully, and weight times the second is added.

    你给第一部分乘了 (1 − weight)；它应完全计入，再加 weight 乘第二部分。
    """
    count = mask.sum(1)
    square = ((1 - weight) * (clean - target) ** 2 + weight * (attacked - clean) ** 2) * mask
    return (square.sum(1) / count.clamp(min=1)).sum() / (count > 0).sum().clamp(min=1)


def _huber(residuals, mask, c):
    size = residuals.abs()
    return torch.where(size > c, c / size, torch.ones_like(size)).masked_fill(~mask, 0.0)


@mistake("huber_weights")
def the_same_threshold_for_all(residuals, mask, threshold, growth):
    """The threshold does not follow K: it is threshold · (K / 5)^growth.

    阈值没有随 K 变化：应为 threshold · (K / 5)^growth。
    """
    return _huber(residuals, mask, torch.tensor(threshold, dtype=residuals.dtype))


@mistake("huber_weights")
def counts_the_columns(residuals, mask, threshold, growth):
    """K is the number of the user's ratings; you counted the columns, padding included.

    K 是用户的评分条数；你数的是列数，把填充也算上了。
    """
    return _huber(residuals, mask, torch.tensor(threshold * (mask.shape[1] / 5) ** growth, dtype=residuals.dtype))


@mistake("huber_weights")
def drops_what_lies_outside(residuals, mask, threshold, growth):
    """You gave weight 0 beyond the threshold (trimming); Huber keeps threshold / |residual|.

    你让阈值以外的权重为 0（那是截尾）；Huber 保留 阈值 / |残差|。
    """
    count = mask.sum(1, keepdim=True).clamp(min=1).to(residuals.dtype)
    return ((residuals.abs() <= threshold * (count / 5) ** growth) & mask).to(residuals.dtype)


@mistake("huber_weights")
def forgets_the_absolute_value(residuals, mask, threshold, growth):
    """A negative residual needs its absolute value.

    负的残差要取绝对值。
    """
    count = mask.sum(1, keepdim=True).clamp(min=1).to(residuals.dtype)
    c = threshold * (count / 5) ** growth
    return torch.where(residuals > c, c / residuals, torch.ones_like(residuals)).masked_fill(~mask, 0.0)


@mistake("huber_weights")
def more_than_one(residuals, mask, threshold, growth):
    """Inside the threshold a weight is 1, not threshold / |residual|.

    阈值以内权重是 1，不是 阈值 / |残差|。
    """
    count = mask.sum(1, keepdim=True).clamp(min=1).to(residuals.dtype)
    return (threshold * (count / 5) ** growth / residuals.abs().clamp(min=1e-12)).masked_fill(~mask, 0.0)


@mistake("huber_weights")
def the_root_of_the_weight(residuals, mask, threshold, growth):
    """You returned the square root of the weight, by which rows are multiplied; asked is the weight.

    你返回的是权重的平方根（用来乘行）；要的是权重本身。
    """
    count = mask.sum(1, keepdim=True).clamp(min=1).to(residuals.dtype)
    return _huber(residuals, mask, threshold * (count / 5) ** growth).sqrt()


@mistake("huber_weights")
def multiplies_by_the_mask(residuals, mask, threshold, growth):
    """NaN times 0 is NaN: padding may hold anything, so fill it instead of multiplying.

    NaN 乘 0 还是 NaN：填充位可能是任何数，要用填充代替相乘。
    """
    count = mask.sum(1, keepdim=True).clamp(min=1).to(residuals.dtype)
    c = threshold * (count / 5) ** growth
    size = residuals.abs()
    return torch.minimum(torch.ones_like(size), c / size.clamp(min=1e-12)) * mask


@mistake("huber_weights")
def ignores_the_mask(residuals, mask, threshold, growth):
    """Padding got a weight: it must be 0.

    填充位得到了权重：应为 0。
    """
    count = mask.sum(1, keepdim=True).clamp(min=1).to(residuals.dtype)
    c = threshold * (count / 5) ** growth
    return torch.where(residuals.abs() > c, c / residuals.abs(), torch.ones_like(residuals))
