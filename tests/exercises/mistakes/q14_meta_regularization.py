"""Named wrong answers of q14."""

import numpy as np
import torch

from metarec_lib.workbook import mistake


@mistake("gaussian_kl")
def is_the_other_direction(mean, log_std, prior_std):
    """You computed KL(prior ‖ weights): the weights' distribution comes first.

    你算的是 KL(先验 ‖ 权重)：权重的分布应在前面。
    """
    ratio = prior_std**2 / torch.exp(2 * log_std)
    return 0.5 * (ratio + (mean / torch.exp(log_std)) ** 2 - 1 - torch.log(ratio)).sum()


@mistake("gaussian_kl")
def takes_the_mean(mean, log_std, prior_std):
    """You averaged over the numbers: the price of a set of weights is the sum of their prices.

    你对各个数取了平均：一组权重的代价是各自代价之和。
    """
    log_ratio = 2 * (log_std - np.log(prior_std))
    return 0.5 * (torch.exp(log_ratio) + (mean / prior_std) ** 2 - 1 - log_ratio).mean()


@mistake("gaussian_kl")
def forgets_the_prior_std(mean, log_std, prior_std):
    """You took a prior of standard deviation 1: prior_std must be used.

    你把先验的标准差当成了 1：必须用到 prior_std。
    """
    return 0.5 * (torch.exp(2 * log_std) + mean**2 - 1 - 2 * log_std).sum()


@mistake("gaussian_kl")
def takes_log_std_for_log_variance(mean, log_std, prior_std):
    """You read log_std as the logarithm of the variance, as in many VAEs: the variance is exp(2 · log_std).

    你像很多 VAE 那样把 log_std 当成了方差的对数：方差应是 exp(2 · log_std)。
    """
    log_ratio = log_std - 2 * np.log(prior_std)
    return 0.5 * (torch.exp(log_ratio) + (mean / prior_std) ** 2 - 1 - log_ratio).sum()


@mistake("gaussian_kl")
def forgets_the_half(mean, log_std, prior_std):
    """The factor ½ is missing.

    漏了系数 ½。
    """
    log_ratio = 2 * (log_std - np.log(prior_std))
    return (torch.exp(log_ratio) + (mean / prior_std) ** 2 - 1 - log_ratio).sum()


@mistake("gaussian_kl")
def prices_the_means_alone(mean, log_std, prior_std):
    """You priced the means alone, which is weight decay: a spread other than the prior's costs too.

    你只算了均值的代价，那只是权重衰减：标准差偏离先验同样要付代价。
    """
    return 0.5 * ((mean / prior_std) ** 2).sum() + 0 * log_std.sum()


@mistake("gaussian_kl")
def takes_the_logarithm_of_an_exponential(mean, log_std, prior_std):
    """You took exp and then log: far below zero exp gives 0 and the logarithm −inf. Use log_std itself.

    你先取 exp 再取 log：log_std 很小时 exp 得 0，取对数就成了 −inf。请直接用 log_std。
    """
    ratio = torch.exp(2 * log_std) / prior_std**2
    return 0.5 * (ratio + (mean / prior_std) ** 2 - 1 - torch.log(ratio)).sum()


@mistake("gaussian_kl")
def cuts_small_spreads_off(mean, log_std, prior_std):
    """You held log_std above a bound: a weight that is known well costs what it costs.

    你给 log_std 设了下限：知道得很准的权重，该付多少代价就付多少。
    """
    log_ratio = 2 * (log_std.clamp(min=-20) - np.log(prior_std))
    return 0.5 * (torch.exp(log_ratio) + (mean / prior_std) ** 2 - 1 - log_ratio).sum()


@mistake("loo_residuals")
def returns_zero_for_a_single_rating(x, y, strength):
    """You returned 0 for a single rating: without it the user is at the prior, 0, and the whole rating is left.

    只有一条评分时你返回了 0：去掉它之后只剩先验 0，残差就是这条评分本身。
    """
    hat = x @ np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T)
    return (y - hat @ y) / (1 - np.diag(hat)) if len(y) > 1 else np.zeros(1)


@mistake("gaussian_kl")
def cuts_the_gradient(mean, log_std, prior_std):
    """No gradient comes through: somewhere mean or log_std was detached, or turned into a number.

    梯度传不过去：mean 或 log_std 在某处被 detach，或被转成了普通数值。
    """
    log_ratio = 2 * (log_std.detach() - np.log(prior_std))
    value = 0.5 * (torch.exp(log_ratio) + (mean.detach() / prior_std) ** 2 - 1 - log_ratio).sum()
    return value + 0 * (mean.sum() + log_std.sum())


@mistake("loo_residuals")
def keeps_the_rating_in_the_fit(x, y, strength):
    """These are the residuals of the full fit, in which each rating helps to predict itself: divide by 1 − h.

    这是完整拟合的残差，每条评分都参与了对自己的预测：还要除以 1 − h。
    """
    w = np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ y)
    return y - x @ w


@mistake("loo_residuals")
def takes_the_leverage_of_least_squares(x, y, strength):
    """Your leverage is that of a fit without penalty: h = x_n (XᵀX + λI)⁻¹ x_n holds the strength too.

    你的杠杆值来自不带惩罚的拟合：h = x_n (XᵀX + λI)⁻¹ x_n 里也有 strength。
    """
    w = np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ y)
    return (y - x @ w) / (1 - np.diag(x @ np.linalg.pinv(x)))


@mistake("loo_residuals")
def multiplies_by_one_minus_h(x, y, strength):
    """You multiplied by 1 − h: a rating that pulled the fit towards itself has a larger residual without it, so divide.

    你乘了 1 − h：一条把拟合拉向自己的评分，去掉它之后残差应当更大，所以是除以 1 − h。
    """
    hat = x @ np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T)
    return (y - hat @ y) * (1 - np.diag(hat))


@mistake("loo_residuals")
def uses_the_mean_leverage(x, y, strength):
    """You divided by 1 minus the mean leverage: that is generalised cross-validation. Each rating has its own h.

    你除以的是 1 减平均杠杆值，那是广义交叉验证（GCV）。每条评分应当用自己的 h。
    """
    hat = x @ np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T)
    return (y - hat @ y) / (1 - np.trace(hat) / len(y))


@mistake("loo_residuals")
def ignores_the_strength(x, y, strength):
    """strength is not used.

    没有用到 strength。
    """
    hat = x @ np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T)
    return (y - hat @ y) / (1 - np.diag(hat))


@mistake("loo_residuals")
def squares_the_strength(x, y, strength):
    """You squared the strength: it already stands beside |w|².

    你把 strength 平方了：它本来就是 |w|² 前面的系数。
    """
    hat = x @ np.linalg.solve(x.T @ x + strength**2 * np.eye(x.shape[1]), x.T)
    return (y - hat @ y) / (1 - np.diag(hat))


@mistake("loo_residuals")
def averages_the_penalty_over_the_ratings(x, y, strength):
    """You took the mean of the squared errors in place of their sum, so that the penalty counts N times.

    你用的是平方误差的平均而不是求和，惩罚项因此被放大了 N 倍。
    """
    hat = x @ np.linalg.solve(x.T @ x + len(y) * strength * np.eye(x.shape[1]), x.T)
    return (y - hat @ y) / (1 - np.diag(hat))


@mistake("loo_residuals")
def returns_the_predictions(x, y, strength):
    """You returned the leave-one-out predictions; asked for is the rating minus the prediction.

    你返回的是留一预测值；题目要的是评分减去预测。
    """
    hat = x @ np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T)
    return y - (y - hat @ y) / (1 - np.diag(hat))


@mistake("loo_residuals")
def writes_into_an_array_of_the_ratings_type(x, y, strength):
    """You wrote residuals into an array of the ratings' type: whole numbers lose their fraction.

    你把残差写进了与评分同类型的数组：整数类型会丢掉小数。
    """
    hat = x @ np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T)
    out = np.empty_like(y)
    out[:] = (y - hat @ y) / (1 - np.diag(hat))
    return out


@mistake("error_correlation_penalty")
def counts_a_head_with_itself(predictions, targets):
    """You counted each head as a pair with itself: that part is the squared error.

    你把每个头与它自己也算成了一对：那一部分其实是平方误差。
    """
    return ((predictions - targets).mean(dim=0) ** 2).mean()


@mistake("error_correlation_penalty")
def sums_over_the_pairs(predictions, targets):
    """You summed over the pairs; the mean keeps the term's size the same for any number of heads.

    你对所有对求了和；取平均才能使这一项不随头的个数变化。
    """
    e = predictions - targets
    return ((e.sum(dim=0) ** 2 - (e**2).sum(dim=0)) / 2).mean()


@mistake("error_correlation_penalty")
def forgets_the_targets(predictions, targets):
    """You took products of the predictions, not of their errors: good heads agree because both are right.

    你取的是预测之积，不是误差之积：好的头意见一致，是因为都对。
    """
    heads = len(predictions)
    return (predictions.sum(dim=0) ** 2 - (predictions**2).sum(dim=0)).mean() / (heads * (heads - 1))


@mistake("error_correlation_penalty")
def centres_on_the_mean_of_the_heads(predictions, targets):
    """You measured how far the heads lie from their mean (negative correlation learning): here errors are from the truth.

    你量的是各头离它们均值多远（负相关学习的写法）：这里的误差是相对真值的。
    """
    e = predictions - predictions.mean(dim=0)
    heads = len(e)
    return (e.sum(dim=0) ** 2 - (e**2).sum(dim=0)).mean() / (heads * (heads - 1))


@mistake("error_correlation_penalty")
def is_a_correlation_coefficient(predictions, targets):
    """You divided by the sizes of the errors: nothing is to be scaled, or large errors would count as small ones.

    你除以了误差的大小：这里不做缩放，否则大误差和小误差算得一样。
    """
    e = predictions - targets
    e = e / (e**2).mean(dim=1, keepdim=True).sqrt()
    heads = len(e)
    return (e.sum(dim=0) ** 2 - (e**2).sum(dim=0)).mean() / (heads * (heads - 1))


@mistake("error_correlation_penalty")
def sums_over_the_ratings(predictions, targets):
    """You summed over the ratings: take their mean.

    你对评分求了和：应取平均。
    """
    e = predictions - targets
    heads = len(e)
    return (e.sum(dim=0) ** 2 - (e**2).sum(dim=0)).sum() / (heads * (heads - 1))


@mistake("error_correlation_penalty")
def takes_absolute_products(predictions, targets):
    """You took the absolute value of the products: errors in opposite directions cancel, and must count below 0.

    你对乘积取了绝对值：方向相反的误差会互相抵消，应当记为负。
    """
    e = predictions - targets
    heads = len(e)
    return (e.sum(dim=0) ** 2 - (e**2).sum(dim=0)).abs().mean() / (heads * (heads - 1))


@mistake("error_correlation_penalty")
def looks_at_neighbours_only(predictions, targets):
    """You compared each head with the next one only; all pairs count.

    你只比较了相邻的头；应当包括所有的对。
    """
    e = predictions - targets
    return (e[1:] * e[:-1]).mean()


@mistake("error_correlation_penalty")
def holds_the_other_heads_constant(predictions, targets):
    """You held the other heads constant (detach), so that the gradient is half of what it is.

    你把其他头当成了常数（detach），梯度因此只剩一半。
    """
    e = predictions - targets
    heads, fixed = len(e), e.detach()
    pairs = (e * (fixed.sum(dim=0) - fixed)).sum(dim=0)
    return pairs.mean() / (heads * (heads - 1))
