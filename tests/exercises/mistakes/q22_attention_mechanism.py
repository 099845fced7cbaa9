"""Named wrong answers of q22."""

import torch

from metarec_lib.workbook import mistake


def _attention(query, key, value, mask, scale, fill=-torch.inf):
    weights = torch.softmax((query @ key.T / scale).masked_fill(~mask, fill), dim=1)
    return torch.nan_to_num(weights) @ value


@mistake("scaled_dot_product_attention")
def forgets_the_square_root(query, key, value, mask):
    """The logits are not divided by √d.

    logit 没有除以 √d。
    """
    return _attention(query, key, value, mask, 1.0)


@mistake("scaled_dot_product_attention")
def divides_by_d(query, key, value, mask):
    """You divided by d; the spread of a dot product grows with √d.

    你除以了 d；内积的标准差是按 √d 增长的。
    """
    return _attention(query, key, value, mask, query.shape[1])


@mistake("scaled_dot_product_attention")
def masks_after_the_softmax(query, key, value, mask):
    """You set masked weights to 0 after the softmax, so the rest no longer sum to one.

    你在 softmax 之后才把权重置零，剩下的权重之和就不再是一。
    """
    return (torch.softmax(query @ key.T / query.shape[1] ** 0.5, dim=1) * mask) @ value


@mistake("scaled_dot_product_attention")
def a_masked_logit_of_zero(query, key, value, mask):
    """A masked logit of 0 still has weight exp(0) = 1: it must be −inf.

    logit 置 0 仍有权重 exp(0) = 1：应该置为负无穷。
    """
    return _attention(query, key, value, mask, query.shape[1] ** 0.5, fill=0.0)


@mistake("scaled_dot_product_attention")
def the_mask_the_wrong_way_round(query, key, value, mask):
    """True in the mask means that the key may be looked at; you looked at the others.

    mask 里 True 表示可以看；你看的正好是其余的。
    """
    return _attention(query, key, value, ~mask, query.shape[1] ** 0.5)


@mistake("scaled_dot_product_attention")
def leaves_nan(query, key, value, mask):
    """Where every key is masked the softmax gives NaN; such a query gets zeros.

    所有 key 都被 mask 时 softmax 得到 NaN；这样的 query 应得到零。
    """
    return torch.softmax((query @ key.T / query.shape[1] ** 0.5).masked_fill(~mask, -torch.inf), dim=1) @ value


@mistake("scaled_dot_product_attention")
def the_mean_where_nothing_may_be_seen(query, key, value, mask):
    """With a large negative number in place of −inf, a query that may look at nothing gets the mean of all values.

    用一个很大的负数代替负无穷时，什么都不能看的 query 会得到所有 value 的均值。
    """
    return _attention(query, key, value, mask, query.shape[1] ** 0.5, fill=-1e9)


@mistake("scaled_dot_product_attention")
def exponentiates_by_hand(query, key, value, mask):
    """exp of a large logit overflows; torch.softmax subtracts the largest first.

    对大的 logit 直接取 exp 会溢出；torch.softmax 会先减去最大值。
    """
    raw = torch.exp(query @ key.T / query.shape[1] ** 0.5) * mask
    return raw / raw.sum(1, keepdim=True).clamp(min=1e-300) @ value


@mistake("scaled_dot_product_attention")
def softmax_over_the_queries(query, key, value, mask):
    """The softmax runs over the keys of a query, dim=1; yours runs over the queries.

    softmax 应在每个 query 的 key 上做（dim=1）；你是在 query 上做的。
    """
    logits = (query @ key.T / query.shape[1] ** 0.5).masked_fill(~mask, -torch.inf)
    return torch.nan_to_num(torch.softmax(logits, dim=0)) @ value


@mistake("din_pooling")
def softmax_weights(candidates, history, mask):
    """A softmax makes the weights sum to one: how many films match is lost.

    softmax 让权重之和为一：有多少部影片相关，这个信息就丢了。
    """
    weights = torch.softmax((candidates @ history.T).masked_fill(~mask, -torch.inf), dim=1)
    return torch.nan_to_num(weights) @ history


@mistake("din_pooling")
def divides_by_the_count(candidates, history, mask):
    """You divided by the number of films, so one match of one film equals ten of ten.

    你除以了影片数，于是一部里相关一部和十部里相关十部没有区别。
    """
    return torch.relu(candidates @ history.T) * mask @ history / mask.sum().clamp(min=1)


@mistake("din_pooling")
def keeps_negative_weights(candidates, history, mask):
    """A film that points away from the candidate must count nothing: relu.

    与候选方向相反的影片不应计入：要用 relu。
    """
    return (candidates @ history.T) * mask @ history


@mistake("din_pooling")
def ignores_the_mask(candidates, history, mask):
    """Padding is pooled as if it were a film: multiply the weights by the mask.

    填充位被当成影片加了进去：权重要乘以 mask。
    """
    return torch.relu(candidates @ history.T) @ history


@mistake("din_pooling")
def returns_only_the_matching_mass(candidates, history, mask):
    """You summed the weights times the candidate; asked is the weighted sum of the films.

    你返回的是权重之和乘候选；要的是影片的加权和。
    """
    return (torch.relu(candidates @ history.T) * mask).sum(1, keepdim=True) * candidates


@mistake("inner_step_as_attention")
def takes_the_mean(queries, keys, values, lr):
    """The loss is a sum over the support; you took the mean.

    损失是对支持集求和；你取了平均。
    """
    return lr * (queries @ keys.T) @ values / max(len(values), 1)


@mistake("inner_step_as_attention")
def forgets_the_half(queries, keys, values, lr):
    """The ½ in the loss cancels the 2 of the square: your step is twice as long.

    损失里的 ½ 抵消了平方求导的 2：你的步长成了两倍。
    """
    return 2 * lr * (queries @ keys.T) @ values


@mistake("inner_step_as_attention")
def with_a_softmax(queries, keys, values, lr):
    """A gradient step has no softmax: the weights are dot products and need not sum to one.

    一步梯度里没有 softmax：权重就是内积，和不必是一。
    """
    return lr * torch.softmax(queries @ keys.T, dim=1) @ values


@mistake("inner_step_as_attention")
def divides_by_the_square_root(queries, keys, values, lr):
    """√d belongs to the softmax; a gradient step has none.

    √d 是配合 softmax 用的；一步梯度里没有它。
    """
    return lr * (queries @ keys.T) / keys.shape[1] ** 0.5 @ values


@mistake("inner_step_as_attention")
def climbs(queries, keys, values, lr):
    """The sign is that of climbing: from zero the step goes along + Σ_j y_j x_j.

    符号反了：从零出发，这一步沿 + Σ_j y_j x_j 走。
    """
    return -lr * (queries @ keys.T) @ values


@mistake("inner_step_as_attention")
def ignores_the_rate(queries, keys, values, lr):
    """The step size is missing.

    没有乘步长。
    """
    return (queries @ keys.T) @ values
