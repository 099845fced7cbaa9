"""Named wrong answers of q10."""

import numpy as np
import torch

from metarec_lib.workbook import mistake


def _loop(x, y, w, lr, steps, divide=True):
    for _ in range(steps):
        w = w - lr * x.T @ (x @ w - y) / (len(x) if divide else 1)
    return w


@mistake("steps_as_ridge")
def forgets_the_mean_over_the_support(x, y, w, lr, steps):
    """You took the eigenvalues of XᵀX: the loss is a mean over K, so divide by K.

    你用的是 XᵀX 的特征值：损失对 K 取平均，要除以 K。
    """
    return _loop(x, y, w, lr, steps, divide=False)


@mistake("steps_as_ridge")
def doubles_the_gradient(x, y, w, lr, steps):
    """You took the gradient of the mean squared error without the ½: here it is Xᵀ(Xw − y) / K.

    你求的是没有 ½ 的均方误差的梯度：这里的梯度是 Xᵀ(Xw − y) / K。
    """
    return _loop(x, y, w, 2 * lr, steps)


@mistake("steps_as_ridge")
def starts_at_zero(x, y, w, lr, steps):
    """You started at zero: the shared initialisation w is the prior mean.

    你从零出发：共享的初始化参数 w 才是先验均值。
    """
    return _loop(x, y, torch.zeros_like(w), lr, steps)


@mistake("steps_as_ridge")
def takes_one_step(x, y, w, lr, steps):
    """You took one step, whatever `steps` is.

    不论 `steps` 是多少，你都只走了一步。
    """
    return _loop(x, y, w, lr, 1)


@mistake("steps_as_ridge")
def takes_one_step_too_many(x, y, w, lr, steps):
    """You took one step too many: the sum over s runs from 0 to t − 1.

    你多走了一步：对 s 求和是从 0 到 t − 1。
    """
    return _loop(x, y, w, lr, steps + 1)


@mistake("steps_as_ridge")
def goes_all_the_way(x, y, w, lr, steps):
    """You returned the least-squares solution: so many steps were not asked for.

    你返回了最小二乘解：题目没有让你走那么多步。
    """
    return w + torch.linalg.pinv(x) @ (y - x @ w)


@mistake("steps_as_ridge")
def divides_by_zero(x, y, w, lr, steps):
    """You divided by λ: where λ is zero, or nearly, the quotient is NaN or noise; lr · t is its limit there.

    你除以了 λ：λ 为零或接近零时，商是 NaN 或噪声；它在那里的极限是 lr · t。
    """
    eigenvalues, v = torch.linalg.eigh(x.T @ x / len(x))
    eigenvalues = eigenvalues * (eigenvalues > 1e-9)
    part = (1 - (1 - lr * eigenvalues) ** steps) / eigenvalues
    return w + v @ (part * (v.T @ (x.T @ (y - x @ w)) / len(x)))


@mistake("steps_as_ridge")
def stays_in_the_eigenvectors(x, y, w, lr, steps):
    """You forgot to turn the result back: the step in the eigenvectors is V times that.

    你忘了转回原坐标：特征方向上的位移要左乘 V。
    """
    eigenvalues, v = torch.linalg.eigh(x.T @ x / len(x))
    powers = (1 - lr * eigenvalues).unsqueeze(1) ** torch.arange(steps)
    return w + lr * powers.sum(1) * (v.T @ (x.T @ (y - x @ w)) / len(x)) * torch.where(eigenvalues > 1e-9, 1.0, 2.0)


@mistake("steps_as_ridge")
def moves_away_from_the_ratings(x, y, w, lr, steps):
    """You climbed: a step goes against the gradient.

    你在往上爬：每一步应当逆着梯度走。
    """
    return _loop(x, y, w, -lr, steps)


@mistake("steps_as_ridge")
def never_goes_past_the_solution(x, y, w, lr, steps):
    """You held 1 − lr·λ at 0 or above: a long step goes past the solution, and the next comes back.

    你把 1 − lr·λ 限制在 0 以上：步子大时会越过解，下一步再折回来。
    """
    eigenvalues, v = torch.linalg.eigh(x.T @ x / len(x))
    powers = (1 - lr * eigenvalues).clamp(min=0).unsqueeze(1) ** torch.arange(steps)
    return w + v @ (lr * powers.sum(1) * (v.T @ (x.T @ (y - x @ w)) / len(x)))


@mistake("decayed_weights")
def decays_by_e(times, now, half_life):
    """You used exp(−age / half-life): after one half-life e leaves 0.37, not ½.

    你用的是 exp(−距今天数 / 半衰期)：过一个半衰期剩 0.37，不是 ½。
    """
    return np.where(times <= now, np.exp(-(now - times) / half_life), 0.0)


@mistake("decayed_weights")
def uses_the_future(times, now, half_life):
    """You gave weight to ratings made after now: that is leakage from the future.

    你给 now 之后的评分加了权重：这是特征穿越。
    """
    return 0.5 ** (np.abs(now - times) / half_life)


@mistake("decayed_weights")
def counts_the_future_most(times, now, half_life):
    """Ratings made after now got a weight above 1: they must get 0.

    now 之后的评分权重超过了 1：应当为 0。
    """
    return 0.5 ** ((now - times) / half_life)


@mistake("decayed_weights")
def counts_the_future_as_new(times, now, half_life):
    """You treated ratings made after now as new ones: they must get 0.

    你把 now 之后的评分当成了最新的：权重应当为 0。
    """
    return 0.5 ** (np.maximum(now - times, 0) / half_life)


@mistake("decayed_weights")
def counts_from_the_newest(times, now, half_life):
    """You counted ages from the newest rating: they are counted from now.

    你是从最新一条评分起算的：距今天数应从 now 起算。
    """
    newest = np.max(times[times <= now], initial=-np.inf)
    return np.where(times <= now, 0.5 ** ((newest - times) / half_life), 0.0)


@mistake("decayed_weights")
def normalises(times, now, half_life):
    """You divided by the sum: a rating made now has the weight 1.

    你除以了总和：now 当时的评分权重应为 1。
    """
    weights = np.where(times <= now, 0.5 ** ((now - times) / half_life), 0.0)
    return weights / weights.sum() if weights.sum() else weights


@mistake("decayed_weights")
def multiplies_by_the_half_life(times, now, half_life):
    """You multiplied the age by the half-life: divide by it.

    你用距今天数乘以了半衰期：应当相除。
    """
    return np.where(times <= now, 0.5 ** ((now - times) * half_life), 0.0)


@mistake("decayed_weights")
def cuts_at_the_half_life(times, now, half_life):
    """You dropped ratings older than the half-life: they fade, they are not cut.

    你丢掉了超过半衰期的评分：它们应逐渐变轻，而不是被截断。
    """
    age = now - times
    return np.where((age >= 0) & (age <= half_life), 1.0, 0.0)


@mistake("decayed_weights")
def sorts_the_ratings(times, now, half_life):
    """You returned the weights in another order: each belongs to its rating.

    你返回的权重换了次序：每个权重属于它自己的评分。
    """
    return np.sort(np.where(times <= now, 0.5 ** ((now - times) / half_life), 0.0))[::-1].copy()


@mistake("decayed_weights")
def leaves_the_present_out(times, now, half_life):
    """You gave a rating made now the weight 0: only what is later must not be used.

    你给 now 当时的评分权重 0：只有更晚的才不能用。
    """
    return np.where(times < now, 0.5 ** ((now - times) / half_life), 0.0)


@mistake("decayed_weights")
def returns_nothing_for_no_ratings(times, now, half_life):
    """Without ratings there is no array: return an empty one.

    没有评分时你没有返回数组：应返回空数组。
    """
    return np.where(times <= now, 0.5 ** ((now - times) / half_life), 0.0) if len(times) else None


@mistake("decayed_weights")
def leaves_the_future_a_little(times, now, half_life):
    """You gave a rating made after now a small weight: it must be exactly 0.

    你给 now 之后的评分留了一点权重：必须恰为 0。
    """
    return np.where(times <= now, 0.5 ** ((now - times) / half_life), 1e-9)


def _evidence(size, total, prior_var, noise_var):
    quadratic = prior_var * total**2 / (noise_var * (noise_var + size * prior_var))
    return (quadratic - np.log(1 + size * prior_var / noise_var)) / 2


def _chance(k, change):
    chance = np.full(k, change / max(k - 1, 1))
    chance[0] = 1 - change * (k > 1)
    return chance


def _posterior(ratings, mean, prior_var, noise_var, change, chance=None, both=True):
    r, k = ratings - mean, len(ratings)
    before, n = np.cumsum(r) - r, np.arange(k)
    log = _evidence(k - n, r.sum() - before, prior_var, noise_var)
    if both:
        log = log + _evidence(n, before, prior_var, noise_var)
    weights = np.exp(log - log.max()) * (_chance(k, change) if chance is None else chance)
    return weights / weights.sum()


@mistake("change_point_posterior")
def forgets_the_ratings_before(ratings, mean, prior_var, noise_var, change):
    """You scored only the ratings from s on: those before s are a group with an evidence of its own.

    你只算了从 s 起的评分：s 之前的评分自成一组，也有自己的证据。
    """
    return _posterior(ratings, mean, prior_var, noise_var, change, both=False)


@mistake("change_point_posterior")
def holds_every_beginning_equally_likely(ratings, mean, prior_var, noise_var, change):
    """You ignored `change`: no change has the prior probability 1 − change, each later beginning change / (K − 1).

    你忽略了 `change`：没有变化的先验概率是 1 − change，之后每个位置各 change / (K − 1)。
    """
    return _posterior(ratings, mean, prior_var, noise_var, change, chance=np.ones(len(ratings)))


@mistake("change_point_posterior")
def gives_every_beginning_the_whole_chance(ratings, mean, prior_var, noise_var, change):
    """You gave each later beginning the probability `change`: it is shared over the K − 1 of them.

    你给后面每个位置的先验都是 `change`：它应由 K − 1 个位置平分。
    """
    chance = np.full(len(ratings), float(change))
    chance[0] = 1 - change * (len(ratings) > 1)
    return _posterior(ratings, mean, prior_var, noise_var, change, chance=chance)


@mistake("change_point_posterior")
def shares_over_k(ratings, mean, prior_var, noise_var, change):
    """You shared `change` over K beginnings: the first is no change, so it is shared over K − 1.

    你把 `change` 平分给了 K 个位置：第一个是没有变化，应由 K − 1 个位置平分。
    """
    chance = np.full(len(ratings), change / len(ratings))
    chance[0] = 1 - change * (len(ratings) > 1)
    return _posterior(ratings, mean, prior_var, noise_var, change, chance=chance)


@mistake("change_point_posterior")
def forgets_the_prior_mean(ratings, mean, prior_var, noise_var, change):
    """You did not subtract the prior mean: r is the rating minus `mean`.

    你没有减去先验均值：r 是评分减去 `mean`。
    """
    return _posterior(ratings, 0.0, prior_var, noise_var, change)


@mistake("change_point_posterior")
def forgets_the_width_of_the_evidence(ratings, mean, prior_var, noise_var, change):
    """You left log(1 + nτ²/σ²) away: without it a change always seems to pay.

    你漏了 log(1 + nτ²/σ²)：没有它，“有变化”总是看起来更划算。
    """
    r, k = ratings - mean, len(ratings)
    before, n = np.cumsum(r) - r, np.arange(k)
    log = 0.0
    for size, s in ((n, before), (k - n, r.sum() - before)):
        log = log + prior_var * s**2 / (noise_var * (noise_var + size * prior_var)) / 2
    weights = np.exp(log - log.max()) * _chance(k, change)
    return weights / weights.sum()


@mistake("change_point_posterior")
def takes_standard_deviations(ratings, mean, prior_var, noise_var, change):
    """You squared the variances: prior_var and noise_var are variances already.

    你又把方差平方了：prior_var 和 noise_var 本来就是方差。
    """
    return _posterior(ratings, mean, prior_var**2, noise_var**2, change)


@mistake("change_point_posterior")
def puts_the_rating_on_the_wrong_side(ratings, mean, prior_var, noise_var, change):
    """You counted rating s with those before: it is the first of the new taste.

    你把第 s 条算在了前一组：它是新口味的第一条。
    """
    r, k = ratings - mean, len(ratings)
    before, n = np.cumsum(r), np.arange(k) + 1
    log = _evidence(n, before, prior_var, noise_var) + _evidence(k - n, r.sum() - before, prior_var, noise_var)
    weights = np.exp(log - log.max()) * _chance(k, change)
    return weights / weights.sum()


@mistake("change_point_posterior")
def multiplies_densities(ratings, mean, prior_var, noise_var, change):
    """You took exp of large numbers: subtract the largest logarithm first, or a long history gives NaN.

    你直接对很大的数取了 exp：应先减去最大的对数，否则历史一长就得到 NaN。
    """
    r, k = ratings - mean, len(ratings)
    before, n = np.cumsum(r) - r, np.arange(k)
    log = _evidence(n, before, prior_var, noise_var) + _evidence(k - n, r.sum() - before, prior_var, noise_var)
    with np.errstate(all="ignore"):
        weights = np.exp(log) * _chance(k, change)
        return weights / weights.sum()


@mistake("change_point_posterior")
def lets_a_single_rating_change(ratings, mean, prior_var, noise_var, change):
    """With one rating, or with change = 0, something went wrong: nothing can have changed there.

    只有一条评分，或 change 为 0 时出了问题：那时不可能有变化。
    """
    k = len(ratings)
    if k == 1:
        return np.array([1 - change])
    return _posterior(ratings, mean, prior_var, noise_var, change)


@mistake("change_point_posterior")
def says_where_it_is_most_likely(ratings, mean, prior_var, noise_var, change):
    """You put all probability on the likeliest beginning: return the whole posterior.

    你把全部概率压在了最可能的位置上：应返回完整的后验。
    """
    posterior = _posterior(ratings, mean, prior_var, noise_var, change)
    return (posterior == posterior.max()).astype(float)
