"""Named wrong answers of q09."""

import torch

from metarec_lib.workbook import mistake


def _linucb(items, rated, ratings, alpha, prior=1.0):
    gram = prior * torch.eye(items.shape[1], dtype=items.dtype) + rated.T @ rated
    weights = torch.linalg.solve(gram, rated.T @ ratings.to(items.dtype))
    return items @ weights, (items.T * torch.linalg.solve(gram, items.T)).sum(0)


@mistake("linucb_scores")
def forgets_the_root(items, rated, ratings, alpha):
    """The bonus is the root of the variance: xᵀA⁻¹x is a variance.

    奖励是方差的平方根：xᵀA⁻¹x 是方差。
    """
    mean, variance = _linucb(items, rated, ratings, alpha)
    return mean + alpha * variance


@mistake("linucb_scores")
def alpha_under_the_root(items, rated, ratings, alpha):
    """α multiplies the root; it does not stand under it.

    α 乘在平方根外面，不在根号里。
    """
    mean, variance = _linucb(items, rated, ratings, alpha)
    return mean + (alpha * variance).sqrt()


@mistake("linucb_scores")
def no_bonus(items, rated, ratings, alpha):
    """That is greedy: the bonus for what is not known is missing.

    这是贪心：少了对未知的奖励。
    """
    return _linucb(items, rated, ratings, alpha)[0]


@mistake("linucb_scores")
def forgets_the_identity(items, rated, ratings, alpha):
    """A starts from the identity; without it a new user has no A to invert.

    A 要从单位阵开始；没有它，新用户的 A 不可逆。
    """
    mean, variance = _linucb(items, rated, ratings, alpha, prior=1e-9)
    return mean + alpha * variance.sqrt()


@mistake("linucb_scores")
def the_lower_bound(items, rated, ratings, alpha):
    """You subtracted the bonus: that avoids what is not known.

    你减去了奖励：那是回避未知。
    """
    mean, variance = _linucb(items, rated, ratings, alpha)
    return mean - alpha * variance.sqrt()


@mistake("expected_information_gain")
def forgets_the_half(items, covariance, noise_var):
    """The half is missing.

    少了二分之一。
    """
    return torch.log1p(((items @ covariance) * items).sum(1) / noise_var)


@mistake("expected_information_gain")
def bits_for_nats(items, covariance, noise_var):
    """You took the logarithm to base 2; asked are nats.

    你用了以 2 为底的对数；要的是 nat。
    """
    return 0.5 * torch.log1p(((items @ covariance) * items).sum(1) / noise_var) / torch.log(torch.tensor(2.0))


@mistake("expected_information_gain")
def only_the_diagonal(items, covariance, noise_var):
    """You used the variances alone; S holds correlations as well.

    你只用了方差；S 里还有相关。
    """
    return 0.5 * torch.log1p((items**2 * covariance.diagonal()).sum(1) / noise_var)


@mistake("expected_information_gain")
def ignores_the_noise(items, covariance, noise_var):
    """A noisy rating teaches less: divide by its noise variance.

    噪声大的评分学到的少：要除以噪声方差。
    """
    return 0.5 * torch.log1p(((items @ covariance) * items).sum(1))


@mistake("expected_information_gain")
def noise_as_a_deviation(items, covariance, noise_var):
    """noise_var is a variance already; you squared it.

    noise_var 已经是方差；你又平方了一次。
    """
    return 0.5 * torch.log1p(((items @ covariance) * items).sum(1) / noise_var**2)


@mistake("expected_information_gain")
def log_of_one_plus(items, covariance, noise_var):
    """For a tiny gain 1 + x is 1 in floating point: log1p keeps it.

    收益极小时 1 + x 在浮点下等于 1：用 log1p 才不会丢。
    """
    return 0.5 * torch.log(1 + ((items @ covariance) * items).sum(1) / noise_var)


@mistake("thompson_scores")
def the_covariance_for_its_root(items, mean, covariance, z):
    """You multiplied z by S; a draw needs its root L, S = L Lᵀ.

    你用 S 乘 z；抽样要用它的“平方根” L，S = L Lᵀ。
    """
    return items @ (mean + covariance @ z)


@mistake("thompson_scores")
def the_upper_factor(items, mean, covariance, z):
    """You took Lᵀ z; with the lower factor it is L z.

    你用了 Lᵀ z；下三角因子应是 L z。
    """
    return items @ (mean + torch.linalg.cholesky(covariance).T @ z)


@mistake("thompson_scores")
def only_the_standard_deviations(items, mean, covariance, z):
    """You drew every weight by itself; they are correlated.

    你让每个权重各自独立抽样；它们是相关的。
    """
    return items @ (mean + covariance.diagonal().sqrt() * z)


@mistake("thompson_scores")
def greedy(items, mean, covariance, z):
    """z is not used: that is greedy.

    没有用到 z：这是贪心。
    """
    return items @ mean


@mistake("thompson_scores")
def forgets_the_mean(items, mean, covariance, z):
    """The mean is missing: the draw is around μ.

    少了均值：抽样是围绕 μ 的。
    """
    return items @ (torch.linalg.cholesky(covariance) @ z)


@mistake("thompson_scores")
def the_size_of_z(items, mean, covariance, z):
    """You took the size of z: a draw lies below the mean as often as above; its sign belongs to it.

    你取了 z 的绝对值：抽样落在均值以下和以上一样常见，符号不能丢。
    """
    return items @ (mean + torch.linalg.cholesky(covariance) @ z.abs())


@mistake("thompson_scores")
def every_item_by_itself(items, mean, covariance, z):
    """You drew each score by its own spread; one draw of the user moves all scores together.

    你按每个得分自己的标准差去抽；应对用户抽一次，所有得分一起动。
    """
    return items @ mean + ((items @ covariance) * items).sum(1).sqrt() * z[0]
