"""Named wrong answers of q04."""

import math

import torch

from metarec_lib.workbook import mistake


def _loss(first, others, same, fill=-torch.inf):
    logits = torch.cat([first.unsqueeze(1), others.masked_fill(same, fill)], dim=1)
    return (torch.logsumexp(logits, dim=1) - first).mean()


@mistake("sampled_softmax_loss")
def without_the_correction(positive, negative, log_q_positive, log_q_negative, same):
    """log q is not used: popular items, which are drawn often, are pushed down often.

    没有用 log q：热门物品采得勤，就被压得狠。
    """
    return _loss(positive, negative, same)


@mistake("sampled_softmax_loss")
def adds_log_q(positive, negative, log_q_positive, log_q_negative, same):
    """The sign is wrong: what is drawn often must count less, so log q is subtracted.

    符号反了：采得勤的要少算，所以是减去 log q。
    """
    return _loss(positive + log_q_positive, negative + log_q_negative, same)


@mistake("sampled_softmax_loss")
def corrects_the_negatives_alone(positive, negative, log_q_positive, log_q_negative, same):
    """The positive's score needs its log q too in this form of the correction.

    在这种修正里，正样本的分数也要减去它的 log q。
    """
    return _loss(positive, negative - log_q_negative, same)


@mistake("sampled_softmax_loss")
def corrects_the_positive_alone(positive, negative, log_q_positive, log_q_negative, same):
    """Each negative's score needs its own log q.

    每个负样本的分数也要减去自己的 log q。
    """
    return _loss(positive - log_q_positive, negative, same)


@mistake("sampled_softmax_loss")
def divides_by_q(positive, negative, log_q_positive, log_q_negative, same):
    """The scores are logits: dividing the exponentials by q is subtracting log q, not dividing the scores.

    分数是 logit：指数除以 q 等于减去 log q，而不是把分数除以 q。
    """
    return _loss(positive / log_q_positive.exp(), negative / log_q_negative.exp(), same)


@mistake("sampled_softmax_loss")
def keeps_the_positive_among_the_negatives(positive, negative, log_q_positive, log_q_negative, same):
    """A draw that is the positive pushes down the very item that is to rise: leave it out.

    采到的正样本会把本该抬高的物品压下去：要去掉。
    """
    return _loss(positive - log_q_positive, negative - log_q_negative, torch.zeros_like(same))


@mistake("sampled_softmax_loss")
def a_left_out_draw_counts_one(positive, negative, log_q_positive, log_q_negative, same):
    """A left-out logit of 0 still adds exp(0) = 1 to the sum: it must be −inf.

    把去掉的 logit 置 0，分母里仍多了 exp(0) = 1：应该置为负无穷。
    """
    return _loss(positive - log_q_positive, negative - log_q_negative, same, fill=0.0)


@mistake("sampled_softmax_loss")
def sums_over_the_rows(positive, negative, log_q_positive, log_q_negative, same):
    """You summed over the batch; the mean is asked for.

    你对 batch 求了和；要的是平均。
    """
    return _loss(positive - log_q_positive, negative - log_q_negative, same) * len(positive)


@mistake("sampled_softmax_loss")
def without_the_positive_in_the_sum(positive, negative, log_q_positive, log_q_negative, same):
    """The positive belongs in the denominator too, else it is no probability.

    分母里也要有正样本，否则它就不是概率。
    """
    others = (negative - log_q_negative).masked_fill(same, -torch.inf)
    return (torch.logsumexp(others, dim=1) - positive + log_q_positive).mean()


@mistake("sampled_softmax_loss")
def exponentiates_by_hand(positive, negative, log_q_positive, log_q_negative, same):
    """exp of a large score overflows; logsumexp subtracts the largest first.

    大分数直接取 exp 会溢出；logsumexp 会先减去最大值。
    """
    top = (positive - log_q_positive).exp()
    below = top + ((negative - log_q_negative).exp() * ~same).sum(1)
    return -(top / below).log().mean()


@mistake("sampled_softmax_loss")
def a_low_number_instead_of_infinity(positive, negative, log_q_positive, log_q_negative, same):
    """You filled left-out draws with a low number: scores may be lower still, so it must be −inf.

    你把去掉的项填成一个很小的数：分数可能比它还小，应填负无穷。
    """
    return _loss(positive - log_q_positive, negative - log_q_negative, same, fill=-100.0)


@mistake("sampled_softmax_loss")
def cuts_log_q_off(positive, negative, log_q_positive, log_q_negative, same):
    """You kept log q from getting small: the rarer an item is drawn, the more it counts when it is.

    你给 log q 设了下限：越少被采到的物品，采到时越该多算。
    """
    least = math.log(1e-3)
    return _loss(positive - log_q_positive.clamp(min=least), negative - log_q_negative.clamp(min=least), same)


@mistake("sampled_softmax_loss")
def loses_the_gradient(positive, negative, log_q_positive, log_q_negative, same):
    """The loss is right, but it carries no gradient: something was detached or made a plain number.

    数值对了，但没有梯度：中途 detach 了，或者转成了普通数字。
    """
    return _loss((positive - log_q_positive).detach(), (negative - log_q_negative).detach(), same) + 0 * positive.sum()


@mistake("sampled_softmax_loss")
def detaches_the_negatives(positive, negative, log_q_positive, log_q_negative, same):
    """The negatives' scores were detached: nothing pushes them down, and half of what the loss teaches is lost.

    负样本的分数被 detach 了：没有什么把它们往下压，损失教的东西丢了一半。
    """
    return _loss(positive - log_q_positive, negative.detach() - log_q_negative, same)


@mistake("sampled_softmax_loss")
def leaves_rows_without_negatives_out_of_the_mean(positive, negative, log_q_positive, log_q_negative, same):
    """A row without negatives counts in the mean, with the loss 0.

    没有负样本的行也要算进平均，损失记为 0。
    """
    first, others, kept = positive - log_q_positive, negative - log_q_negative, ~same.all(1)
    return _loss(first[kept], others[kept], same[kept])


def _stop(weights, updates, errors, patience, better, copy=True, last=False, in_a_row=True, late=0):
    weights, lowest, waited, run = weights.clone(), None, 0, 0
    best = weights.clone()
    for update, error in zip(updates, errors, strict=True):
        weights += update
        run += 1
        if better(error, lowest):
            best, lowest = (weights.clone() if copy else weights), error
            waited = 0 if in_a_row else waited
        else:
            waited += 1
        if waited == patience + late:
            break
    return (weights if last else best), run


def _lower(error, lowest):
    return error == error and (lowest is None or error < lowest)


@mistake("early_stopping")
def keeps_an_alias(weights, updates, errors, patience):
    """`best = weights` is no copy: as the weights go on moving, the best ones move with them.

    `best = weights` 不是副本：权重继续更新，所谓“最佳权重”也跟着变。
    """
    return _stop(weights, updates, errors, patience, _lower, copy=False)


@mistake("early_stopping")
def returns_the_last_weights(weights, updates, errors, patience):
    """Those are the weights of the last epoch, not of the best one.

    这是最后一轮的权重，不是最佳轮次的。
    """
    return _stop(weights, updates, errors, patience, _lower, last=True)


@mistake("early_stopping")
def keeps_the_highest_error(weights, updates, errors, patience):
    """These are errors: the lowest is the best.

    这里是误差：越低越好。
    """
    return _stop(weights, updates, errors, patience, lambda e, low: e == e and (low is None or e > low))


@mistake("early_stopping")
def takes_an_equal_error_for_progress(weights, updates, errors, patience):
    """An equal error is not lower: with `<=` a flat curve never stops.

    误差相等不算更低：用 `<=` 的话，曲线走平时永远停不下来。
    """
    return _stop(weights, updates, errors, patience, lambda e, low: e == e and (low is None or e <= low))


@mistake("early_stopping")
def waits_one_epoch_too_long(weights, updates, errors, patience):
    """With patience 2 the second epoch without progress is the last one.

    patience 为 2 时，第二个没有进步的轮次就是最后一轮。
    """
    return _stop(weights, updates, errors, patience, _lower, late=1)


@mistake("early_stopping")
def counts_all_bad_epochs(weights, updates, errors, patience):
    """The epochs without progress must be in a row: set the count back when the error falls.

    没有进步的轮次要连续：误差一降，计数就要清零。
    """
    return _stop(weights, updates, errors, patience, _lower, in_a_row=False)


@mistake("early_stopping")
def compares_with_the_epoch_before(weights, updates, errors, patience):
    """The error must fall below the lowest so far, not below that of the epoch before.

    要与此前的最低误差比，而不是与上一轮比。
    """
    weights, best, before, waited, run = weights.clone(), weights.clone(), float("inf"), 0, 0
    for update, error in zip(updates, errors, strict=True):
        weights += update
        run += 1
        best, waited = (weights.clone(), 0) if error < before else (best, waited + 1)
        before = error
        if waited == patience:
            break
    return best, run


@mistake("early_stopping")
def looks_at_all_errors(weights, updates, errors, patience):
    """A training that stops never sees the later errors: the best epoch is the best before the stop.

    训练一旦停止，就看不到之后的误差：最佳轮次只在停止之前找。
    """
    _, run = _stop(weights, updates, errors, patience, _lower)
    known = [(error, t) for t, error in enumerate(errors) if error == error]
    best = min(known)[1] + 1 if known else 0
    return weights + updates[:best].sum(0), run


@mistake("early_stopping")
def nan_ends_the_search(weights, updates, errors, patience):
    """Once NaN stands as the lowest error, nothing is ever below it.

    NaN 一旦成了“最低误差”，就再也没有什么比它低了。
    """
    return _stop(weights, updates, errors, patience, lambda e, low: low is None or not e >= low)


@mistake("early_stopping")
def starts_with_the_first_error(weights, updates, errors, patience):
    """You took the first error for the lowest without asking whether it is a number, or whether there is one: begin with infinity.

    你直接拿第一个误差当最低值，没管它是不是数、有没有这一轮：最低误差应从正无穷开始。
    """
    weights = weights + updates[0]
    best, lowest, waited, run = weights, errors[0], 0, 1
    for update, error in zip(updates[1:], errors[1:], strict=True):
        weights, run, waited = weights + update, run + 1, waited + 1
        if error < lowest:
            best, lowest, waited = weights, error, 0
        if waited == patience:
            break
    return best, run


@mistake("early_stopping")
def without_a_best_returns_the_last(weights, updates, errors, patience):
    """Where no error was a number you returned the weights after the last epoch: the answer is those before the first.

    没有一轮的误差是数时，你返回了最后一轮的权重：应返回第一轮之前的权重。
    """
    kept, run = _stop(weights, updates, errors, patience, _lower)
    if not any(error == error for error in errors[:run]):
        kept = weights + updates[:run].sum(0)
    return kept, run


@mistake("early_stopping")
def asks_for_a_thousandth(weights, updates, errors, patience):
    """Any lower error is progress; you asked for a least improvement that nobody set.

    只要更低就算进步；你额外要求了一个没人规定的最小降幅。
    """
    return _stop(weights, updates, errors, patience, lambda e, low: e == e and (low is None or e < low - 1e-3))


@mistake("early_stopping")
def returns_the_number_of_the_best_epoch(weights, updates, errors, patience):
    """The second value is how many epochs were run, not which one was best.

    第二个返回值是一共训练了几轮，不是哪一轮最好。
    """
    kept, run = _stop(weights, updates, errors, patience, _lower)
    known = [(error, t) for t, error in enumerate(errors[:run]) if error == error]
    return kept, min(known)[1] + 1 if known else 0


def _mean(values, before, prior, strength):
    values = values.to(torch.get_default_dtype()) if not values.is_floating_point() else values
    before = before.to(values.dtype)
    return (before @ values + strength * prior) / (before.sum(1) + strength)


@mistake("past_only_mean")
def over_all_rows(values, groups, times, prior, strength):
    """The mean runs over all rows of the group, the row's own value and the future among them: both leak.

    均值用了组里所有行，包括本行自己和未来的行：两样都会泄漏。
    """
    return _mean(values, groups.unsqueeze(1) == groups, prior, strength)


@mistake("past_only_mean")
def all_but_itself(values, groups, times, prior, strength):
    """Leaving out the row itself is not enough: later rows of the group are still in the mean.

    只去掉本行还不够：同组更晚的行仍在均值里。
    """
    before = (groups.unsqueeze(1) == groups) & ~torch.eye(len(groups), dtype=torch.bool)
    return _mean(values, before, prior, strength)


@mistake("past_only_mean")
def the_same_moment_too(values, groups, times, prior, strength):
    """Rows of the same moment, the row itself among them, are not strictly earlier.

    同一时刻的行（包括本行）不算严格更早。
    """
    return _mean(values, (groups.unsqueeze(1) == groups) & (times <= times.unsqueeze(1)), prior, strength)


@mistake("past_only_mean")
def the_future(values, groups, times, prior, strength):
    """The comparison is the wrong way round: you averaged later rows.

    比较方向反了：你平均的是更晚的行。
    """
    return _mean(values, (groups.unsqueeze(1) == groups) & (times > times.unsqueeze(1)), prior, strength)


@mistake("past_only_mean")
def rows_above(values, groups, times, prior, strength):
    """Rows above are not earlier rows: the table need not be sorted by time.

    上面的行不等于更早的行：表不一定按时间排序。
    """
    at = torch.arange(len(values))
    return _mean(values, (groups.unsqueeze(1) == groups) & (at < at.unsqueeze(1)), prior, strength)


@mistake("past_only_mean")
def rows_above_that_are_earlier(values, groups, times, prior, strength):
    """An earlier row may stand below: look at times alone.

    更早的行也可能排在下面：只看时间。
    """
    at = torch.arange(len(values))
    before = (groups.unsqueeze(1) == groups) & (at < at.unsqueeze(1)) & (times < times.unsqueeze(1))
    return _mean(values, before, prior, strength)


@mistake("past_only_mean")
def ignores_the_group(values, groups, times, prior, strength):
    """The mean must be that of the row's group.

    均值必须是本行所在组的。
    """
    return _mean(values, times < times.unsqueeze(1), prior, strength)


@mistake("past_only_mean")
def without_the_prior(values, groups, times, prior, strength):
    """Without the prior, a group's second row gets 0 or 1: shrink by strength rows of it.

    不加先验，组里第二行的编码非 0 即 1：要用 strength 行先验来收缩。
    """
    found = _mean(values, (groups.unsqueeze(1) == groups) & (times < times.unsqueeze(1)), 0.0, 1e-12)
    count = ((groups.unsqueeze(1) == groups) & (times < times.unsqueeze(1))).sum(1)
    return torch.where(count > 0, found, torch.full_like(found, prior))


@mistake("past_only_mean")
def forgets_to_weigh_the_prior(values, groups, times, prior, strength):
    """The prior counts strength times in the sum as well, not once.

    先验在分子里也要算 strength 次，而不是一次。
    """
    return _mean(values, (groups.unsqueeze(1) == groups) & (times < times.unsqueeze(1)), prior / strength, strength)


@mistake("past_only_mean")
def in_whole_numbers(values, groups, times, prior, strength):
    """The answer took over the whole-number type of the labels.

    结果沿用了标签的整数类型。
    """
    return _mean(values, (groups.unsqueeze(1) == groups) & (times < times.unsqueeze(1)), prior, strength).to(
        values.dtype
    )
