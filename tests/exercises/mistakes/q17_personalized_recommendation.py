"""Named wrong answers of q17."""

import torch

from metarec_lib.workbook import mistake


def _pooled(means, counts, mean, kappa):
    own = torch.where(counts > 0, means, torch.zeros_like(means))
    return (counts * own + kappa * mean) / (counts + kappa)


@mistake("partial_pooling")
def the_strength_upside_down(means, counts, mean, noise_var, prior_var):
    """κ is upside down: it is σ² / τ², noise over spread.

    κ 上下颠倒了：它是 σ² / τ²，噪声比差异。
    """
    return _pooled(means, counts, mean, prior_var / noise_var)


@mistake("partial_pooling")
def standard_deviations_for_variances(means, counts, mean, noise_var, prior_var):
    """κ is a ratio of variances; you took standard deviations.

    κ 是方差之比；你用的是标准差。
    """
    return _pooled(means, counts, mean, (noise_var / max(prior_var, 1e-300)) ** 0.5)


@mistake("partial_pooling")
def the_same_weight_for_everybody(means, counts, mean, noise_var, prior_var):
    """The weight must depend on how many ratings a user has.

    权重应取决于用户有多少条评分。
    """
    weight = prior_var / (prior_var + noise_var)
    own = torch.where(counts > 0, means, torch.full_like(means, mean))
    return weight * own + (1 - weight) * mean


@mistake("partial_pooling")
def leaves_nan(means, counts, mean, noise_var, prior_var):
    """0 · NaN is NaN: a user without ratings must get the prior.

    0 · NaN 还是 NaN：没有评分的用户应得到先验。
    """
    return (counts * prior_var * means + noise_var * mean) / (counts * prior_var + noise_var)


@mistake("partial_pooling")
def divides_by_no_spread(means, counts, mean, noise_var, prior_var):
    """Where users do not differ κ is infinite, and ∞ / ∞ is NaN: do not divide by τ².

    用户之间没有差异时 κ 为无穷，∞ / ∞ 得到 NaN：不要除以 τ²。
    """
    return _pooled(means, counts, mean, torch.tensor(noise_var, dtype=means.dtype) / prior_var)


@mistake("partial_pooling")
def no_pooling(means, counts, mean, noise_var, prior_var):
    """That is the user's own mean: the prior is not used.

    这是用户自己的均值：没有用到先验。
    """
    return torch.where(counts > 0, means, torch.full_like(means, mean))


@mistake("beta_prior")
def keeps_the_sampling_noise(clicks, shows):
    """The variance of the rates still holds the chance of few shows: subtract the mean of m(1 − m)/n.

    比例的方差里还含着抽样噪声：要减去 m(1 − m)/n 的平均。
    """
    rates = clicks / shows
    m, v = rates.mean().item(), rates.var(unbiased=False).item()
    if v <= 0:
        return float("inf"), float("inf")
    strength = max(m * (1 - m) / v - 1, 1e-6)
    return m * strength, (1 - m) * strength


@mistake("beta_prior")
def divides_the_variance_by_one_less(clicks, shows):
    """Here the variance is divided by I, not by I − 1.

    这里方差除以 I，不是 I − 1。
    """
    rates = clicks / shows
    m = rates.mean().item()
    between = rates.var().item() - (m * (1 - m) / shows).mean().item()
    if between <= 0:
        return float("inf"), float("inf")
    strength = max(m * (1 - m) / between - 1, 1e-6)
    return m * strength, (1 - m) * strength


@mistake("beta_prior")
def pools_the_counts(clicks, shows):
    """You took the rate of all clicks together; each item counts once.

    你用的是全部点击合起来的比例；每个物品应只算一次。
    """
    m = clicks.sum().item() / shows.sum().item()
    between = ((clicks / shows - m) ** 2).mean().item() - (m * (1 - m) / shows).mean().item()
    if between <= 0:
        return float("inf"), float("inf")
    strength = max(m * (1 - m) / between - 1, 1e-6)
    return m * strength, (1 - m) * strength


@mistake("beta_prior")
def forgets_the_minus_one(clicks, shows):
    """α + β = m(1 − m)/τ² − 1: the one is missing.

    α + β = m(1 − m)/τ² − 1：漏了减一。
    """
    rates = clicks / shows
    m = rates.mean().item()
    between = rates.var(unbiased=False).item() - (m * (1 - m) / shows).mean().item()
    if between <= 0:
        return float("inf"), float("inf")
    strength = m * (1 - m) / between
    return m * strength, (1 - m) * strength


@mistake("beta_prior")
def lets_the_strength_turn_negative(clicks, shows):
    """Where items differ less than chance would have it, τ² is not above zero: return (inf, inf).

    物品差异比随机还小时 τ² 不大于零：应返回 (inf, inf)。
    """
    rates = clicks / shows
    m = rates.mean().item()
    between = rates.var(unbiased=False).item() - (m * (1 - m) / shows).mean().item()
    strength = max(m * (1 - m) / between - 1, 1e-6)
    return m * strength, (1 - m) * strength


@mistake("beta_prior")
def exchanges_the_two(clicks, shows):
    """α belongs to clicks, β to shows without a click: they are exchanged.

    α 对应点击，β 对应未点击：两个用反了。
    """
    rates = clicks / shows
    m = rates.mean().item()
    between = rates.var(unbiased=False).item() - (m * (1 - m) / shows).mean().item()
    if between <= 0:
        return float("inf"), float("inf")
    strength = max(m * (1 - m) / between - 1, 1e-6)
    return (1 - m) * strength, m * strength


def _by_user(scores, liked, users, weigh=len, ties=0.5):
    total, rows = 0.0, 0
    for user in users.unique():
        own, like = scores[users == user], liked[users == user]
        gap = own[like][:, None] - own[~like][None, :]
        if gap.numel():
            total += weigh(own) * ((gap > 0).double() + ties * (gap == 0).double()).mean().item()
            rows += weigh(own)
    return total / rows if rows else float("nan")


@mistake("gauc")
def one_auc_over_all(scores, liked, users):
    """That is the pooled AUC: pairs of two users were compared.

    这是全体样本的 AUC：比较了不同用户之间的样本对。
    """
    return _by_user(scores, liked, 0 * users)


@mistake("gauc")
def every_user_counts_once(scores, liked, users):
    """Users are weighed by their exposures; yours count once each.

    用户要按曝光数加权；你让每人只算一次。
    """
    return _by_user(scores, liked, users, weigh=lambda own: 1)


@mistake("gauc")
def a_tie_counts_nothing(scores, liked, users):
    """A tie counts one half.

    得分相同算半个。
    """
    return _by_user(scores, liked, users, ties=0.0)


@mistake("gauc")
def one_class_counts_one_half(scores, liked, users):
    """Users with one class have no AUC: leave them out, do not call it 0.5.

    只有一类的用户没有 AUC：应去掉，而不是算作 0.5。
    """
    total, rows = 0.0, 0
    for user in users.unique():
        own = users == user
        one = _by_user(scores[own], liked[own], users[own])
        total, rows = total + int(own.sum()) * (one if one == one else 0.5), rows + int(own.sum())
    return total / rows


@mistake("gauc")
def takes_users_for_positions(scores, liked, users):
    """User labels are any integers: negative ones, and gaps, were passed over.

    用户标签可以是任意整数：你漏掉了负的和有间隔的。
    """
    total, rows = 0.0, 0
    for user in range(int(users.max()) + 1 if len(users) else 0):
        own = users == user
        one = _by_user(scores[own], liked[own], users[own])
        if one == one:
            total, rows = total + int(own.sum()) * one, rows + int(own.sum())
    return total / rows if rows else float("nan")


@mistake("gauc")
def weighs_by_pairs(scores, liked, users):
    """You weighed users by their pairs; the weight is the number of rows.

    你按样本对数加权；权重应是行数。
    """
    total, pairs = 0.0, 0
    for user in users.unique():
        own, like = scores[users == user], liked[users == user]
        gap = own[like][:, None] - own[~like][None, :]
        total += ((gap > 0).double() + 0.5 * (gap == 0).double()).sum().item()
        pairs += gap.numel()
    return total / pairs if pairs else float("nan")


@mistake("gauc")
def fails_where_nobody_is_left(scores, liked, users):
    """Where no user has both classes the result is NaN; yours divides by zero.

    没有用户两类都有时结果应为 NaN；你除以了零。
    """
    found = _by_user(scores, liked, users)
    return found if found == found else 1 / 0
