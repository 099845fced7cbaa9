"""Named wrong answers of q23."""

import torch

from metarec_lib.workbook import mistake


def _with_sink(logits, sink):
    column = logits.new_full((len(logits), 1), sink)
    return torch.softmax(torch.cat([logits, column], dim=1), dim=1)[:, :-1]


@mistake("softmax_with_sink")
def forgets_the_sink(logits, sink):
    """Your weights sum to one: the sink is missing, or a second division took its effect away.

    你的权重之和是一：没有加 sink，或者又归一化了一次，sink 的作用就没了。
    """
    return torch.softmax(logits, dim=1)


@mistake("softmax_with_sink")
def keeps_the_sinks_column(logits, sink):
    """The sink has no value: drop its column, K weights remain.

    sink 没有 value：要去掉它那一列，只留 K 个权重。
    """
    return torch.softmax(torch.cat([logits, logits.new_full((len(logits), 1), sink)], dim=1), dim=1)


@mistake("softmax_with_sink")
def takes_the_sink_for_a_weight(logits, sink):
    """sink is a logit; you added it to the sum without exp.

    sink 是 logit；你没有取 exp 就加进了分母。
    """
    raw = torch.exp(logits)
    return raw / (sink + raw.sum(1, keepdim=True))


@mistake("softmax_with_sink")
def exponentiates_by_hand(logits, sink):
    """exp of a large logit overflows, and of a very small one is 0: softmax over K + 1 columns is stable.

    对很大的 logit 取 exp 会溢出，很小的会变成 0：在 K + 1 列上做 softmax 才稳定。
    """
    raw = torch.exp(logits)
    return raw / (torch.exp(torch.tensor(sink, dtype=logits.dtype)) + raw.sum(1, keepdim=True))


@mistake("softmax_with_sink")
def subtracts_the_largest_of_the_logits_alone(logits, sink):
    """You subtracted the largest of the logits alone: a user without ratings has none. Count the sink in.

    你只减去了 logits 里的最大值：没有评分的用户取不到最大值。要把 sink 也算进去。
    """
    top = logits.max(1, keepdim=True).values
    raw = torch.exp(logits - top)
    return raw / (torch.exp(sink - top) + raw.sum(1, keepdim=True))


@mistake("softmax_with_sink")
def sums_over_the_queries(logits, sink):
    """The softmax runs over the keys of one query, dim=1.

    softmax 应在一个 query 的各个 key 上做，dim=1。
    """
    row = logits.new_full((1, logits.shape[1]), sink)
    return torch.softmax(torch.cat([logits, row], dim=0), dim=0)[:-1]


@mistake("gated_attention")
def forgets_the_sigmoid(query, attention, values, weight, bias):
    """A gate lies between 0 and 1: the sigmoid is missing.

    门控在 0 和 1 之间：少了 sigmoid。
    """
    return (query @ weight.T + bias) * (attention @ values)


@mistake("gated_attention")
def the_weight_the_wrong_way_round(query, attention, values, weight, bias):
    """The weight is (D, E): query @ weight.T. With a square weight the other way runs as well, and is wrong.

    weight 是 (D, E)：应为 query @ weight.T。方阵时反过来也能跑，但结果是错的。
    """
    return torch.sigmoid(query @ weight + bias) * (attention @ values)


@mistake("gated_attention")
def forgets_the_bias(query, attention, values, weight, bias):
    """The bias of the gate is missing.

    门控少了偏置。
    """
    return torch.sigmoid(query @ weight.T) * (attention @ values)


@mistake("gated_attention")
def one_gate_for_all_entries(query, attention, values, weight, bias):
    """You took one gate for all entries; each has its own.

    你给所有分量用了同一个门；每个分量各有一个。
    """
    return torch.sigmoid(query @ weight.T + bias).mean(1, keepdim=True) * (attention @ values)


@mistake("gated_attention")
def softmax_in_place_of_the_sigmoid(query, attention, values, weight, bias):
    """Gates do not compete: a sigmoid for each entry, no softmax over them.

    门之间不竞争：每个分量各用 sigmoid，不要做 softmax。
    """
    return torch.softmax(query @ weight.T + bias, dim=1) * (attention @ values)


@mistake("gated_attention")
def normalises_the_attention(query, attention, values, weight, bias):
    """You divided the attention by its sum; use the weights as they are given.

    你又把注意力归一化了；权重照给的用。
    """
    shares = attention / attention.sum(1, keepdim=True)
    return torch.sigmoid(query @ weight.T + bias) * (torch.nan_to_num(shares) @ values)


@mistake("gated_attention")
def gates_with_what_was_read(query, attention, values, weight, bias):
    """The gate reads the query; yours lets through what attention read, and gates it twice.

    门控读的是 query；你的门乘了两次。
    """
    gate = torch.sigmoid(query @ weight.T + bias)
    return gate * gate * (attention @ values)


@mistake("task_conditioned_query")
def forgets_the_one(query, contexts, scale, shift):
    """With a context of zeros your query vanishes: multiply by 1 + scale.

    上下文为零时你的 query 变成了零：应乘 1 + scale。
    """
    return query * (contexts @ scale.T) + contexts @ shift.T


@mistake("task_conditioned_query")
def forgets_the_shift(query, contexts, scale, shift):
    """The shift is missing.

    少了平移项。
    """
    return query * (1 + contexts @ scale.T)


@mistake("task_conditioned_query")
def forgets_the_scale(query, contexts, scale, shift):
    """The scale is missing: the context only shifts the query.

    少了缩放：上下文只做了平移。
    """
    return query + contexts @ shift.T


@mistake("task_conditioned_query")
def swaps_scale_and_shift(query, contexts, scale, shift):
    """Scale and shift are exchanged.

    缩放和平移用反了。
    """
    return query * (1 + contexts @ shift.T) + contexts @ scale.T


@mistake("task_conditioned_query")
def the_mean_context(query, contexts, scale, shift):
    """You used the mean of the contexts for everybody; each user has their own.

    你给所有人用了平均上下文；每个用户各用自己的。
    """
    mean = contexts.mean(0, keepdim=True).expand_as(contexts)
    return query * (1 + mean @ scale.T) + mean @ shift.T
