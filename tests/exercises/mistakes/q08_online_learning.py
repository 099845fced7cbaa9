"""Named wrong answers of q08."""

import numpy as np
import torch

from metarec_lib.workbook import mistake


@mistake("rls_update")
def forgets_the_noise(mean, covariance, x, y, noise):
    """The gain divides by noise + x · S x; you left the noise out, so the rating is believed outright.

    增益的分母是 noise + x · S x；你漏了 noise，等于完全相信这条评分。
    """
    sx = covariance @ x
    gain = sx / (x @ sx + 1e-12)
    return mean + gain * (y - x @ mean), covariance - np.outer(gain, sx)


@mistake("rls_update")
def noise_as_a_standard_deviation(mean, covariance, x, y, noise):
    """noise is a variance already; you squared it.

    noise 已经是方差；你又平方了一次。
    """
    sx = covariance @ x
    gain = sx / (noise**2 + x @ sx)
    return mean + gain * (y - x @ mean), covariance - np.outer(gain, sx)


@mistake("rls_update")
def forgets_what_was_predicted(mean, covariance, x, y, noise):
    """The mean moves by the error y − x · mean, not by y.

    均值移动的依据是误差 y − x · mean，而不是 y。
    """
    sx = covariance @ x
    gain = sx / (noise + x @ sx)
    return mean + gain * y, covariance - np.outer(gain, sx)


@mistake("rls_update")
def leaves_the_covariance(mean, covariance, x, y, noise):
    """The covariance stays as it was, so that the thousandth rating counts like the first.

    协方差没有更新，第一千条评分和第一条一样重。
    """
    sx = covariance @ x
    return mean + sx / (noise + x @ sx) * (y - x @ mean), covariance.copy()


@mistake("rls_update")
def a_covariance_element_by_element(mean, covariance, x, y, noise):
    """gain (S x)ᵀ is an outer product (D, D); gain * sx is only its diagonal, spread over the rows.

    gain (S x)ᵀ 是外积 (D, D)；gain * sx 只是它的对角线，会被广播到每一行。
    """
    sx = covariance @ x
    gain = sx / (noise + x @ sx)
    return mean + gain * (y - x @ mean), covariance - gain * sx


@mistake("rls_update")
def an_inner_product_in_place_of_the_outer(mean, covariance, x, y, noise):
    """gain · S x is one number; the covariance loses a matrix.

    gain · S x 只是一个数；协方差要减去的是矩阵。
    """
    sx = covariance @ x
    gain = sx / (noise + x @ sx)
    return mean + gain * (y - x @ mean), covariance - gain @ sx


@mistake("rls_update")
def a_gradient_step(mean, covariance, x, y, noise):
    """That is a gradient step; the gain S x / (noise + x · S x) turns it by what is known.

    这是一步梯度；增益 S x / (noise + x · S x) 会按已知的多少调整方向。
    """
    return mean + 0.1 * x * (y - x @ mean), covariance.copy()


@mistake("rls_update")
def inverts_the_covariance(mean, covariance, x, y, noise):
    """You invert the covariance; where a weight is certain, its variance is 0 and there is no inverse. The gain needs none.

    你对协方差求了逆；某个权重方差为 0 时逆不存在。用增益公式不需要求逆。
    """
    new = np.linalg.inv(np.linalg.pinv(covariance) + np.outer(x, x) / noise + 1e-9 * np.eye(len(x)))
    return new @ (np.linalg.pinv(covariance) @ mean + x * y / noise), new


@mistake("rls_update")
def writes_into_the_mean(mean, covariance, x, y, noise):
    """You changed the arguments in place: a second call starts from other numbers, and whole numbers are cut off.

    你原地修改了参数：再调用一次就从别的数出发了，整数输入还会被截断。
    """
    sx = covariance @ x
    gain = sx / (noise + x @ sx)
    mean[:] = mean + gain * (y - x @ mean)
    covariance[:] = covariance - np.outer(gain, sx)
    return mean, covariance


@mistake("rls_update")
def the_new_covariance_as_the_gain(mean, covariance, x, y, noise):
    """The new covariance times x must still be divided by noise; with the old one the gain is S x / (noise + x · S x).

    新协方差乘 x 之后还要除以 noise 才是增益；用旧协方差的 S x / (noise + x · S x) 一步就得到。
    """
    sx = covariance @ x
    new = covariance - np.outer(sx, sx) / (noise + x @ sx)
    return mean + new @ x * (y - x @ mean), new


def _weights(z, n, alpha, beta, l1):
    return -np.sign(z) * np.maximum(np.abs(z) - l1, 0) * alpha / (beta + np.sqrt(n))


@mistake("ftrl_update")
def without_the_proximal_term(z, n, gradient, alpha, beta, l1):
    """z takes the gradient minus sigma w; without sigma w the earlier weights no longer hold the new ones near.

    z 加的是梯度减 sigma w；没有 sigma w，新权重就不再被以前的权重拉住。
    """
    z, n = z + gradient, n + gradient**2
    return _weights(z, n, alpha, beta, l1), z, n


@mistake("ftrl_update")
def a_proximal_term_of_the_wrong_sign(z, n, gradient, alpha, beta, l1):
    """z takes gradient − sigma w; you added sigma w.

    z 加的是 gradient − sigma w；你加成了 + sigma w。
    """
    sigma = (np.sqrt(n + gradient**2) - np.sqrt(n)) / alpha
    z, n = z + gradient + sigma * _weights(z, n, alpha, beta, l1), n + gradient**2
    return _weights(z, n, alpha, beta, l1), z, n


@mistake("ftrl_update")
def the_weights_of_the_old_state(z, n, gradient, alpha, beta, l1):
    """The weights returned are those before the step; return those of the new z and n.

    返回的是更新之前的权重；应返回新的 z、n 对应的权重。
    """
    old = _weights(z, n, alpha, beta, l1)
    sigma = (np.sqrt(n + gradient**2) - np.sqrt(n)) / alpha
    return old, z + gradient - sigma * old, n + gradient**2


@mistake("ftrl_update")
def climbs(z, n, gradient, alpha, beta, l1):
    """The weights have the sign of −z: a positive gradient makes a weight smaller.

    权重与 z 反号：梯度为正，权重就应变小。
    """
    sigma = (np.sqrt(n + gradient**2) - np.sqrt(n)) / alpha
    z, n = z + gradient + sigma * _weights(z, n, alpha, beta, l1), n + gradient**2
    return -_weights(z, n, alpha, beta, l1), z, n


@mistake("ftrl_update")
def cuts_without_shrinking(z, n, gradient, alpha, beta, l1):
    """Where |z| is above l1 what counts is |z| − l1, not |z|: L1 shrinks as well as cuts.

    |z| 超过 l1 时起作用的是 |z| − l1，不是 |z|：L1 不仅置零，还会收缩。
    """

    def weights(z, n):
        return np.where(np.abs(z) <= l1, 0.0, -z * alpha / (beta + np.sqrt(n)))

    sigma = (np.sqrt(n + gradient**2) - np.sqrt(n)) / alpha
    z, n = z + gradient - sigma * weights(z, n), n + gradient**2
    return weights(z, n), z, n


@mistake("ftrl_update")
def without_l1(z, n, gradient, alpha, beta, l1):
    """l1 is not looked at, so no weight is exactly 0.

    没有用到 l1，权重不会恰好为 0。
    """
    sigma = (np.sqrt(n + gradient**2) - np.sqrt(n)) / alpha
    z, n = z + gradient - sigma * _weights(z, n, alpha, beta, 0.0), n + gradient**2
    return _weights(z, n, alpha, beta, 0.0), z, n


@mistake("ftrl_update")
def one_rate_for_all(z, n, gradient, alpha, beta, l1):
    """Each coordinate has its own n and so its own rate; you summed the squared gradients over the coordinates.

    每个坐标有自己的 n，也就有自己的步长；你把各坐标的梯度平方加在了一起。
    """
    square = np.full_like(gradient, (gradient**2).sum())
    sigma = (np.sqrt(n + square) - np.sqrt(n)) / alpha
    z, n = z + gradient - sigma * _weights(z, n, alpha, beta, l1), n + square
    return _weights(z, n, alpha, beta, l1), z, n


@mistake("ftrl_update")
def counts_gradients_unsquared(z, n, gradient, alpha, beta, l1):
    """n is the sum of squared gradients; you added their sizes.

    n 是梯度的平方和；你加的是绝对值。
    """
    sigma = (np.sqrt(n + np.abs(gradient)) - np.sqrt(n)) / alpha
    z, n = z + gradient - sigma * _weights(z, n, alpha, beta, l1), n + np.abs(gradient)
    return _weights(z, n, alpha, beta, l1), z, n


@mistake("ftrl_update")
def without_beta(z, n, gradient, alpha, beta, l1):
    """beta is left out of the rate: the first steps are too long.

    步长里漏了 beta：最初几步会太大。
    """
    sigma = (np.sqrt(n + gradient**2) - np.sqrt(n)) / alpha
    z, n = z + gradient - sigma * _weights(z, n + 1e-12, alpha, 0.0, l1), n + gradient**2
    return _weights(z, n + 1e-12, alpha, 0.0, l1), z, n


def _loss(logits, log_rate, converted, delay, elapsed, waiting=None):
    log_p, log_not = torch.nn.functional.logsigmoid(logits), torch.nn.functional.logsigmoid(-logits)
    seen = log_p + log_rate - log_rate.exp() * torch.where(converted, delay, 0.0)
    if waiting is None:
        waiting = torch.logaddexp(log_not, log_p - log_rate.exp() * elapsed)
    return torch.where(converted, seen, waiting)


@mistake("delayed_feedback_loss")
def what_has_not_converted_never_will(logits, log_rate, converted, delay, elapsed):
    """You count a click that has not converted as a no, 1 − p; it may convert later: add p exp(−λ e).

    你把还没转化的点击当成负样本（1 − p）；它以后还可能转化：要加上 p exp(−λ e)。
    """
    return -_loss(logits, log_rate, converted, delay, elapsed, torch.nn.functional.logsigmoid(-logits)).mean()


@mistake("delayed_feedback_loss")
def without_the_density_of_the_delay(logits, log_rate, converted, delay, elapsed):
    """A conversion tells its delay too: the density λ exp(−λ d) belongs to it.

    一次转化也透露了它的延迟：密度 λ exp(−λ d) 不能漏。
    """
    log_p = torch.nn.functional.logsigmoid(logits)
    waiting = _loss(logits, log_rate, converted, delay, elapsed)
    return -torch.where(converted, log_p, waiting).mean()


@mistake("delayed_feedback_loss")
def a_density_without_its_rate(logits, log_rate, converted, delay, elapsed):
    """The exponential density is λ exp(−λ d); you left out the λ in front.

    指数分布的密度是 λ exp(−λ d)；你漏了前面的 λ。
    """
    return -(_loss(logits, log_rate, converted, delay, elapsed) - torch.where(converted, log_rate, 0.0)).mean()


@mistake("delayed_feedback_loss")
def elapsed_in_place_of_the_delay(logits, log_rate, converted, delay, elapsed):
    """A conversion counts with its delay; you took the time that has passed since the click.

    转化要用它的延迟；你用了点击以来的时间。
    """
    return -_loss(logits, log_rate, converted, elapsed, elapsed).mean()


@mistake("delayed_feedback_loss")
def a_mean_delay_in_place_of_a_rate(logits, log_rate, converted, delay, elapsed):
    """exp(log_rate) is a rate, one over the mean delay; you used it as the mean delay.

    exp(log_rate) 是速率，即平均延迟的倒数；你把它当成了平均延迟。
    """
    return -_loss(logits, -log_rate, converted, delay, elapsed).mean()


@mistake("delayed_feedback_loss")
def leaves_the_nan_in_the_gradient(logits, log_rate, converted, delay, elapsed):
    """The loss is right, its gradient NaN: torch.where hides a NaN, but 0 times NaN comes back in the gradient.

    损失对了，梯度却是 NaN：torch.where 只是遮住 NaN，回传时 0 乘 NaN 又回来了。
    """
    log_p, log_not = torch.nn.functional.logsigmoid(logits), torch.nn.functional.logsigmoid(-logits)
    waiting = torch.logaddexp(log_not, log_p - log_rate.exp() * elapsed)
    return -torch.where(converted, log_p + log_rate - log_rate.exp() * delay, waiting).mean()


@mistake("delayed_feedback_loss")
def takes_logs_of_chances(logits, log_rate, converted, delay, elapsed):
    """Chances that become 0 have an infinite log: stay in logs, with logsigmoid and logaddexp.

    概率下溢成 0 之后取对数就是无穷：用 logsigmoid 和 logaddexp 全程保持对数形式。
    """
    p, rate = torch.sigmoid(logits), log_rate.exp()
    seen = p * rate * torch.exp(-rate * torch.where(converted, delay, 0.0))
    return -torch.where(converted, seen, 1 - p + p * torch.exp(-rate * elapsed)).log().mean()


@mistake("delayed_feedback_loss")
def holds_the_rate_fixed(logits, log_rate, converted, delay, elapsed):
    """The loss is right, but no gradient reaches log_rate: the rate of the delay is learned too, so do not detach it.

    损失对了，但梯度到不了 log_rate：延迟的速率也要学，不要 detach。
    """
    return -_loss(logits, log_rate.detach(), converted, delay, elapsed).mean()


@mistake("delayed_feedback_loss")
def a_sum(logits, log_rate, converted, delay, elapsed):
    """The loss is the mean over the clicks; you returned the sum.

    损失是对点击取均值；你返回了求和。
    """
    return -_loss(logits, log_rate, converted, delay, elapsed).sum()


@mistake("delayed_feedback_loss")
def a_likelihood_in_place_of_a_loss(logits, log_rate, converted, delay, elapsed):
    """A loss is minus the log-likelihood.

    损失是对数似然的相反数。
    """
    return _loss(logits, log_rate, converted, delay, elapsed).mean()
