"""Named wrong answers of q13."""

import torch

from metarec_lib.workbook import mistake


def _slope(z, y, decay):
    return torch.linalg.solve(z.T @ z + decay * torch.eye(z.shape[1], dtype=z.dtype), z.T @ y)


@mistake("emcdr_mapping")
def without_centring(source, target, decay):
    """You did not take the means away: the ridge then shrinks what the mean user gets.

    你没有减去均值：这样岭会把平均用户的结果也一起收缩。
    """
    slope = _slope(source, target, decay)
    return slope, target.mean(0) - source.mean(0) @ slope


@mistake("emcdr_mapping")
def forgets_the_decay(source, target, decay):
    """You solved plain least squares; with few users in both domains it overfits.

    你解的是普通最小二乘；两个域都有的用户少时会过拟合。
    """
    slope = _slope(source - source.mean(0), target - target.mean(0), 1e-9)
    return slope, target.mean(0) - source.mean(0) @ slope


@mistake("emcdr_mapping")
def shrinks_the_intercept(source, target, decay):
    """A column of ones under the ridge shrinks the intercept as well.

    把一列 1 放进岭里，截距也会被收缩。
    """
    ones = torch.cat([source, torch.ones_like(source[:, :1])], 1)
    slope = _slope(ones, target, decay)
    return slope[:-1], slope[-1]


@mistake("emcdr_mapping")
def the_intercept_is_the_target_mean(source, target, decay):
    """The intercept is the target mean minus what the mean source is mapped to.

    截距等于目标均值减去源均值映射过去的部分。
    """
    slope = _slope(source - source.mean(0), target - target.mean(0), decay)
    return slope, target.mean(0)


@mistake("emcdr_mapping")
def maps_backwards(source, target, decay):
    """You predicted the source from the target.

    方向反了：你是用目标预测源。
    """
    z, y = target - target.mean(0), source - source.mean(0)
    slope = _slope(z, y, decay).T
    return slope, target.mean(0) - source.mean(0) @ slope


@mistake("emcdr_mapping")
def averages_over_the_users(source, target, decay):
    """You averaged ZᵀZ and ZᵀY over the users: the decay is added to the sums.

    你把 ZᵀZ 和 ZᵀY 按用户数取了平均：decay 应加在求和之后的矩阵上。
    """
    slope = _slope(source - source.mean(0), target - target.mean(0), decay * len(source))
    return slope, target.mean(0) - source.mean(0) @ slope


@mistake("emcdr_mapping")
def shrinks_the_solution_afterwards(source, target, decay):
    """You shrank the least-squares slope by one factor: the ridge adds decay to the diagonal of ZᵀZ before solving.

    你先求最小二乘再整体缩小：岭回归是在求解之前给 ZᵀZ 的对角线加 decay。
    """
    slope = torch.linalg.pinv(source - source.mean(0)) @ (target - target.mean(0)) / (1 + decay)
    return slope, target.mean(0) - source.mean(0) @ slope


def _conditional(mean, covariance, source, centre):
    d = len(source)
    gain = torch.linalg.solve(covariance[:d, :d], covariance[:d, d:]).T
    return mean[d:] + gain @ (source - centre), covariance[d:, d:] - gain @ covariance[:d, d:]


@mistake("conditional_prior")
def forgets_the_source_mean(mean, covariance, source):
    """Only what is unusual about the source vector moves the prior: subtract its mean.

    只有源域向量偏离均值的部分才移动先验：要减去源域均值。
    """
    return _conditional(mean, covariance, source, 0.0)


@mistake("conditional_prior")
def keeps_the_covariance(mean, covariance, source):
    """The covariance shrinks too: S_TT − S_TS S_SS⁻¹ S_ST.

    协方差也要减小：S_TT − S_TS S_SS⁻¹ S_ST。
    """
    d = len(source)
    return _conditional(mean, covariance, source, mean[:d])[0], covariance[d:, d:]


@mistake("conditional_prior")
def only_the_variances(mean, covariance, source):
    """You divided by the variances of the source alone; its entries are correlated: solve with S_SS.

    你只除了源域各分量的方差；分量之间相关，要用 S_SS 求解。
    """
    d = len(source)
    gain = (covariance[:d, d:] / covariance[:d, :d].diagonal()[:, None]).T
    return mean[d:] + gain @ (source - mean[:d]), covariance[d:, d:] - gain @ covariance[:d, d:]


@mistake("conditional_prior")
def drops_what_target_weights_share(mean, covariance, source):
    """You kept the variances alone: the target weights still vary together, so return the whole (E, E) covariance.

    你只留了方差：目标域各权重之间仍然相关，要返回完整的 (E, E) 协方差。
    """
    moved, left = _conditional(mean, covariance, source, mean[: len(source)])
    return moved, left.diagonal().diag()


@mistake("conditional_prior")
def ignores_the_source(mean, covariance, source):
    """That is the prior without the source.

    这是不看源域的先验。
    """
    d = len(source)
    return mean[d:], covariance[d:, d:]


@mistake("conditional_prior")
def takes_the_target_first(mean, covariance, source):
    """The first D entries are the source; you cut the target from there.

    前 D 个分量是源域；你把它们当成了目标域。
    """
    e = len(mean) - len(source)
    gain = torch.linalg.solve(covariance[e:, e:], covariance[e:, :e]).T
    return mean[:e] + gain @ (source - mean[e:]), covariance[:e, :e] - gain @ covariance[e:, :e]


@mistake("conditional_prior")
def adds_the_variance(mean, covariance, source):
    """Knowing the source takes variance away; you added it.

    知道源域会减小方差；你加上去了。
    """
    d = len(source)
    gain = torch.linalg.solve(covariance[:d, :d], covariance[:d, d:]).T
    return mean[d:] + gain @ (source - mean[:d]), covariance[d:, d:] + gain @ covariance[:d, d:]


def _cross(user, weights, history, meta):
    return user @ torch.einsum("c,cde->de", weights @ history, meta)


@mistake("personalised_bridge")
def counts_the_padding(user, history, mask, attention, meta):
    """Padding takes part in the softmax: mask it first.

    填充位参与了 softmax：要先 mask。
    """
    return _cross(user, torch.softmax(history @ attention, 0) * mask, history, meta)


@mistake("personalised_bridge")
def masks_the_scores_by_zero(user, history, mask, attention, meta):
    """You set the scores of padding to 0: softmax gives 0 a weight. Set them to minus infinity.

    你把填充位的得分设成 0：softmax 之后它们仍有权重。应设为负无穷。
    """
    return _cross(user, torch.softmax((history @ attention) * mask, 0), history, meta)


@mistake("personalised_bridge")
def divides_by_the_root_of_d(user, history, mask, attention, meta):
    """You divided the scores by √D, as transformers do: here they are history · attention as they are.

    你像 Transformer 那样把得分除以了 √D：这里直接用 history · attention。
    """
    scores = (history @ attention) / len(user) ** 0.5
    return _cross(user, torch.nan_to_num(torch.softmax(scores.masked_fill(~mask, -torch.inf), 0)), history, meta)


@mistake("personalised_bridge")
def lets_the_user_attend(user, history, mask, attention, meta):
    """You scored the history by the user's vector: the weights come from `attention`.

    你用用户向量给历史打分：权重来自 attention。
    """
    scores = (history @ user).masked_fill(~mask, -torch.inf)
    return _cross(user, torch.nan_to_num(torch.softmax(scores, 0)), history, meta)


@mistake("personalised_bridge")
def a_plain_mean(user, history, mask, attention, meta):
    """You averaged the history evenly; the weights are a softmax of history · attention.

    你对历史做了均匀平均；权重应是 history · attention 的 softmax。
    """
    return _cross(user, mask.to(history.dtype) / mask.sum().clamp(min=1), history, meta)


@mistake("personalised_bridge")
def leaves_nan(user, history, mask, attention, meta):
    """A user without history gets NaN; the bridge is then zero.

    没有历史的用户得到 NaN；这时桥应为零。
    """
    weights = torch.softmax((history @ attention).masked_fill(~mask, -torch.inf), 0)
    return _cross(user, weights, history, meta)


@mistake("personalised_bridge")
def swaps_the_axes(user, history, mask, attention, meta):
    """The character goes with the first axis of meta and the user with the second; yours are swapped.

    character 配 meta 的第一维，用户配第二维；你弄反了。
    """
    weights = torch.nan_to_num(torch.softmax((history @ attention).masked_fill(~mask, -torch.inf), 0))
    return torch.einsum("d,c,cde->e", weights @ history, user, meta)


@mistake("personalised_bridge")
def one_bridge_for_all(user, history, mask, attention, meta):
    """You used the same bridge for everybody, the sum of meta: the character is missing.

    你给所有人用了同一座桥（meta 之和）：缺了 character。
    """
    return user @ meta.sum(0)


@mistake("personalised_bridge")
def the_character_crosses(user, history, mask, attention, meta):
    """The user's vector crosses the bridge, not the character.

    过桥的是用户向量，不是 character。
    """
    weights = torch.nan_to_num(torch.softmax((history @ attention).masked_fill(~mask, -torch.inf), 0))
    return _cross(weights @ history, weights, history, meta)
