"""Named wrong answers of q31."""

import torch

from metarec_lib.workbook import mistake


@mistake("metamix")
def the_weight_of_the_partner(support_x, support_y, query_x, query_y, partner, lam):
    """lam is the weight of the query example; you gave it to the partner.

    lam 是查询样本的权重；你把它给了搭档。
    """
    w = 1 - lam
    x = w[:, None] * query_x + (1 - w[:, None]) * support_x[partner]
    return x, w * query_y + (1 - w) * support_y[partner]


@mistake("metamix")
def keeps_the_labels(support_x, support_y, query_x, query_y, partner, lam):
    """The inputs are mixed but the labels are not: then the new example is wrong.

    输入混合了，标签却没有：这样造出来的样本是错的。
    """
    return lam[:, None] * query_x + (1 - lam[:, None]) * support_x[partner], query_y


@mistake("metamix")
def weighs_features(support_x, support_y, query_x, query_y, partner, lam):
    """Without lam[:, None] the weights run along the features where Q = D.

    没有写 lam[:, None]，当 Q = D 时权重就乘到特征上去了。
    """
    if len(lam) != query_x.shape[1]:
        x = lam[:, None] * query_x + (1 - lam[:, None]) * support_x[partner]
    else:
        x = lam * query_x + (1 - lam) * support_x[partner]
    return x, lam * query_y + (1 - lam) * support_y[partner]


@mistake("metamix")
def one_weight_for_all(support_x, support_y, query_x, query_y, partner, lam):
    """You used the first weight for every example; each has its own.

    你给所有样本用了第一个权重；每个样本有自己的权重。
    """
    return lam[0] * query_x + (1 - lam[0]) * support_x[partner], lam[0] * query_y + (1 - lam[0]) * support_y[partner]


@mistake("metamix")
def ignores_the_partners(support_x, support_y, query_x, query_y, partner, lam):
    """You mixed with the support in its own order; partner says which example goes with which.

    你按支持集自身的顺序混合；应由 partner 指定谁和谁混。
    """
    own = torch.arange(len(partner)) % len(support_y)
    x = lam[:, None] * query_x + (1 - lam[:, None]) * support_x[own]
    return x, lam * query_y + (1 - lam) * support_y[own]


@mistake("shared_label_noise")
def noise_on_the_support_alone(support, query, support_mask, query_mask, noise):
    """Only the support is shifted: then the support tells nothing true about the query.

    只移动了支持集：这样支持集对查询集就什么也说明不了。
    """
    return support + noise[:, None] * support_mask, query.clone()


@mistake("shared_label_noise")
def moves_the_padding(support, query, support_mask, query_mask, noise):
    """Padded places were shifted too: multiply by the mask.

    填充位也被移动了：要乘上 mask。
    """
    return support + noise[:, None], query + noise[:, None]


@mistake("shared_label_noise")
def opposite_shifts(support, query, support_mask, query_mask, noise):
    """The query is shifted the other way; both sides get the same number.

    查询集移动的方向反了；两边应加同一个数。
    """
    return support + noise[:, None] * support_mask, query - noise[:, None] * query_mask


@mistake("shared_label_noise")
def in_place(support, query, support_mask, query_mask, noise):
    """You changed the ratings in place; the next epoch would shift them again.

    你在原地改了评分；下一个 epoch 会再移动一次。
    """
    support += noise[:, None] * support_mask
    query += noise[:, None] * query_mask
    return support, query


@mistake("shared_label_noise")
def along_the_ratings(support, query, support_mask, query_mask, noise):
    """Where B = K, noise without [:, None] is added along the ratings, not along the tasks.

    当 B = K 时，没有 [:, None] 的 noise 会加到评分的方向，而不是任务的方向。
    """
    shift = noise if support.shape[0] == support.shape[1] else noise[:, None]
    return support + shift * support_mask, query + noise[:, None] * query_mask


@mistake("augment_after_split")
def augments_before_the_split(ratings, is_query, copies, noise):
    """Query ratings were copied into the support: the test leaks into what is learned.

    查询评分被复制进了支持集：要预测的答案泄漏到了训练里。
    """
    return torch.cat([ratings[~is_query], ratings[copies] + noise]), ratings[is_query]


@mistake("augment_after_split")
def shifts_the_noise(ratings, is_query, copies, noise):
    """The noise of a dropped copy must go with it; yours slipped to the next copy.

    去掉一个副本时，它的噪声也要去掉；你的噪声错位给了下一个副本。
    """
    kept = copies[~is_query[copies]]
    return torch.cat([ratings[~is_query], ratings[kept] + noise[: len(kept)]]), ratings[is_query]


@mistake("augment_after_split")
def copies_count_within_the_support(ratings, is_query, copies, noise):
    """Copies name rows of the whole table, not positions in the support.

    copies 指的是整张表的行号，不是支持集里的位置。
    """
    support = ratings[~is_query]
    keep = ~is_query[copies]
    chosen = support[copies[keep] % max(len(support), 1)] if len(support) else support
    return torch.cat([support, chosen + noise[keep]]), ratings[is_query]


@mistake("augment_after_split")
def copies_come_first(ratings, is_query, copies, noise):
    """The user's own ratings come first, then the copies.

    先放用户自己的评分，再放副本。
    """
    keep = ~is_query[copies]
    return torch.cat([(ratings[copies] + noise)[keep], ratings[~is_query]]), ratings[is_query]


@mistake("augment_after_split")
def each_row_once(ratings, is_query, copies, noise):
    """A row may be copied more than once; you kept one copy of each.

    同一行可以复制多次；你每行只留了一份。
    """
    seen, rows = set(), []
    for place, row in enumerate(copies.tolist()):
        if not is_query[row] and row not in seen:
            seen.add(row)
            rows.append(place)
    return torch.cat([ratings[~is_query], (ratings[copies] + noise)[rows]]), ratings[is_query]
