"""Named wrong answers of q18."""

import numpy as np

from metarec_lib.workbook import mistake

INF = float("inf")


def _strength(within, between):
    return within / between if between > 0 else INF


@mistake("prior_strength")
def forgets_the_noise_of_the_means(user_means, within_variance, ratings_per_user):
    """You divided by the spread of the user means, which still contains σ²/K: subtract it first.

    你除的是用户均值的方差，其中还含着 σ²/K：先把它减掉。
    """
    return _strength(within_variance, user_means.var().item())


@mistake("prior_strength")
def takes_all_of_the_noise_away(user_means, within_variance, ratings_per_user):
    """You subtracted σ² from the spread of the means; a mean of K ratings holds only σ²/K of it.

    你从均值的方差里减去了整个 σ²；K 条评分的均值里只剩 σ²/K。
    """
    return _strength(within_variance, user_means.var().item() - within_variance)


@mistake("prior_strength")
def turns_the_ratio_over(user_means, within_variance, ratings_per_user):
    """You returned τ²/σ²; the prior is worth σ²/τ² ratings: the noisier the ratings, the more it is worth.

    你返回的是 τ²/σ²；先验相当于 σ²/τ² 条评分：评分噪声越大，先验越值钱。
    """
    between = user_means.var().item() - within_variance / ratings_per_user
    return between / within_variance if between > 0 else INF


@mistake("prior_strength")
def divides_by_the_number_of_users(user_means, within_variance, ratings_per_user):
    """You divided the squares by U; the variance between users is estimated with U − 1.

    你用 U 去除平方和；用户之间的方差要用 U − 1 来估计。
    """
    return _strength(within_variance, user_means.var(correction=0).item() - within_variance / ratings_per_user)


@mistake("prior_strength")
def returns_a_negative_strength(user_means, within_variance, ratings_per_user):
    """You let τ² become zero or negative: there the users do not differ, and κ is infinite.

    你让 τ² 变成了零或负数：此时用户之间没有差异，κ 应为无穷大。
    """
    between = user_means.var().item() - within_variance / ratings_per_user
    return within_variance / between if between else -INF


@mistake("prior_strength")
def says_nothing_is_worth_nothing(user_means, within_variance, ratings_per_user):
    """Where users do not differ you returned 0; then the prior is all there is, and κ is infinite.

    用户之间没有差异时你返回了 0；这时先验就是全部信息，κ 应为无穷大。
    """
    between = user_means.var().item() - within_variance / ratings_per_user
    return within_variance / between if between > 0 else 0.0


@mistake("prior_strength")
def takes_standard_deviations(user_means, within_variance, ratings_per_user):
    """You took a ratio of standard deviations; κ is a ratio of variances.

    你取的是标准差之比；κ 是方差之比。
    """
    between = user_means.var().item() - within_variance / ratings_per_user
    return (within_variance / between) ** 0.5 if between > 0 else INF


@mistake("prior_strength")
def does_not_divide_the_noise_by_k(user_means, within_variance, ratings_per_user):
    """You multiplied the noise by K; the mean of K ratings has the variance σ²/K.

    你把噪声乘以了 K；K 条评分的均值，方差是 σ²/K。
    """
    return _strength(within_variance, user_means.var().item() - within_variance * ratings_per_user)


def _line(x, y):
    slope, intercept = np.polyfit(x, y, 1)
    return slope, intercept


@mistake("fit_power_law")
def keeps_the_sign_of_the_slope(sizes, errors):
    """You returned the slope as b; the law is a · n^(−b), so b is minus the slope.

    你把斜率直接当成了 b；定律写作 a · n^(−b)，b 是斜率的相反数。
    """
    slope, intercept = _line(np.log(sizes), np.log(errors))
    return float(np.exp(intercept)), float(slope)


@mistake("fit_power_law")
def leaves_the_intercept_in_logarithms(sizes, errors):
    """You returned log a; take exp of the intercept.

    你返回的是 log a；对截距取指数才是 a。
    """
    slope, intercept = _line(np.log(sizes), np.log(errors))
    return float(intercept), float(-slope)


@mistake("fit_power_law")
def joins_the_ends(sizes, errors):
    """You drew the line through two points; least squares uses all of them.

    你只用两个点连了条线；最小二乘要用上所有点。
    """
    first, last = np.argmin(sizes), np.argmax(sizes)
    slope = np.log(errors[last] / errors[first]) / np.log(sizes[last] / sizes[first])
    return float(errors[first] * sizes[first] ** -slope), float(-slope)


@mistake("fit_power_law")
def takes_the_first_and_the_last(sizes, errors):
    """You used the first and the last point as given; the sizes come in any order, and all points count.

    你只用了给出的首尾两个点；各规模次序任意，而且每个点都算数。
    """
    slope = np.log(errors[-1] / errors[0]) / np.log(sizes[-1] / sizes[0])
    return float(np.exp(np.mean(np.log(errors)) - slope * np.mean(np.log(sizes)))), float(-slope)


@mistake("fit_power_law")
def mixes_the_bases(sizes, errors):
    """You took logarithms to the base 10 and exp of the intercept: stay with one base.

    你取的是以 10 为底的对数，却用 exp 还原截距：底数要一致。
    """
    slope, intercept = _line(np.log10(sizes), np.log10(errors))
    return float(np.exp(intercept)), float(-slope)


@mistake("fit_power_law")
def fits_on_plain_sizes(sizes, errors):
    """You took the logarithm of the errors only: that is an exponential law; a power law is straight in log n.

    你只对误差取了对数：那是指数律；幂律要在 log n 上才是直线。
    """
    slope, intercept = _line(sizes, np.log(errors))
    return float(np.exp(intercept)), float(-slope)


@mistake("fit_power_law")
def goes_through_the_origin(sizes, errors):
    """Your line goes through the origin, so a is always 1: fit an intercept as well.

    你的直线过原点，于是 a 恒为 1：截距也要拟合。
    """
    x, y = np.log(sizes), np.log(errors)
    return 1.0, float(-(x @ y) / (x @ x))


@mistake("fit_power_law")
def never_lets_errors_rise(sizes, errors):
    """You returned the size of b without its sign: where errors rise, b is negative.

    你返回的 b 丢了符号：误差上升时 b 为负。
    """
    slope, intercept = _line(np.log(sizes), np.log(errors))
    return float(np.exp(intercept)), float(abs(slope))


def _sorted(supports, errors):
    order = np.argsort(supports)
    return np.asarray(supports, float)[order], np.asarray(errors, float)[order]


def _reach(k, e, target, at):
    if at is None:
        return INF
    if at == 0:
        return float(k[0])
    return float(k[at - 1] + (e[at - 1] - target) / (e[at - 1] - e[at]) * (k[at] - k[at - 1]))


def _first(e, target):
    low = np.flatnonzero(e <= target)
    return int(low[0]) if len(low) else None


@mistake("samples_to_reach")
def takes_the_measured_point(supports, errors, target):
    """You returned the first measured K that is low enough; between measured points the curve is straight.

    你返回了第一个够低的测点；测点之间应按直线插值。
    """
    k, e = _sorted(supports, errors)
    at = _first(e, target)
    return INF if at is None else float(k[at])


@mistake("samples_to_reach")
def takes_the_points_as_they_come(supports, errors, target):
    """You walked along the points as given: sort them by K first.

    你按给出的次序走：应先按 K 排序。
    """
    e = np.asarray(errors, float)
    return _reach(np.asarray(supports, float), e, target, _first(e, target))


@mistake("samples_to_reach")
def sorts_the_supports_alone(supports, errors, target):
    """You sorted the K without their errors: each error belongs to its K.

    你只排了 K，没有带上误差：每个误差属于它自己的 K。
    """
    e = np.asarray(errors, float)
    return _reach(np.sort(supports).astype(float), e, target, _first(e, target))


@mistake("samples_to_reach")
def takes_the_last_crossing(supports, errors, target):
    """You took the last crossing; asked is the first K that reaches the target.

    你取的是最后一次穿过目标的位置；要的是首次达到目标的 K。
    """
    k, e = _sorted(supports, errors)
    high = np.flatnonzero(e > target)
    at = 0 if len(high) == 0 else int(high[-1]) + 1
    return _reach(k, e, target, None if at == len(e) else at)


@mistake("samples_to_reach")
def sorts_by_error(supports, errors, target):
    """You interpolated over the errors in their own order; a curve that turns must be walked along K.

    你按误差大小的次序插值；曲线有起伏时，应沿着 K 走。
    """
    k, e = _sorted(supports, errors)
    by = np.argsort(e)
    if target < e[by][0]:
        return INF
    return float(k[0]) if target >= e[0] else float(np.interp(target, e[by], k[by]))


@mistake("samples_to_reach")
def says_the_largest_where_there_is_none(supports, errors, target):
    """You returned the largest K where no error is low enough: the target was not reached, so the answer is infinity.

    没有误差够低时你返回了最大的 K：目标没有达到，应返回无穷大。
    """
    k, e = _sorted(supports, errors)
    at = _first(e, target)
    return float(k[-1]) if at is None else _reach(k, e, target, at)


@mistake("samples_to_reach")
def starts_at_zero(supports, errors, target):
    """You returned 0 where the first point is low enough; nothing was measured there: return the smallest measured K.

    第一个点就够低时你返回了 0；那里没有测过：应返回测过的最小 K。
    """
    k, e = _sorted(supports, errors)
    at = _first(e, target)
    return 0.0 if at == 0 else _reach(k, e, target, at)


@mistake("samples_to_reach")
def measures_the_share_from_the_wrong_end(supports, errors, target):
    """You measured the share from K₁: start at K₀ and go (e₀ − target) / (e₀ − e₁) of the way.

    你从 K₁ 那一端算比例：应从 K₀ 出发，走全程的 (e₀ − target) / (e₀ − e₁)。
    """
    k, e = _sorted(supports, errors)
    at = _first(e, target)
    if at in (None, 0):
        return _reach(k, e, target, at)
    return float(k[at] - (e[at - 1] - target) / (e[at - 1] - e[at]) * (k[at] - k[at - 1]))


@mistake("samples_to_reach")
def must_be_below(supports, errors, target):
    """You asked for an error below the target; at the target is enough.

    你要求误差低于目标；等于目标就够了。
    """
    k, e = _sorted(supports, errors)
    low = np.flatnonzero(e < target)
    return _reach(k, e, target, int(low[0]) if len(low) else None)


@mistake("samples_to_reach")
def goes_halfway(supports, errors, target):
    """You took the middle between two measured points; how far to go depends on the errors there.

    你取了两个测点的中点；走多远取决于两端的误差。
    """
    k, e = _sorted(supports, errors)
    at = _first(e, target)
    return _reach(k, e, target, at) if at in (None, 0) else float((k[at - 1] + k[at]) / 2)
