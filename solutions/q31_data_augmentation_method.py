"""q31: How do you augment tasks, and when does it help?

中文：q31：任务怎么增强？什么时候有用？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "Each query example has one partner in the support and one weight. Inputs and label are mixed alike.",
            "每个查询样本在支持集里有一个搭档和一个权重；输入和标签用同样的方式混合。",
        ),
        (
            "support_x[partner] picks the partners, (Q, D). lam must stand in a column to weigh whole rows.",
            "support_x[partner] 取出搭档，形状 (Q, D)。lam 要变成一列才能给整行加权。",
        ),
        (
            "x = lam[:, None] * query_x + (1 - lam[:, None]) * support_x[partner], and the same for y without [:, None].",
            "x = lam[:, None] * query_x + (1 - lam[:, None]) * support_x[partner]；y 同理，只是不要 [:, None]。",
        ),
    ],
)
def metamix(
    support_x: Tensor, support_y: Tensor, query_x: Tensor, query_y: Tensor, partner: Tensor, lam: Tensor
) -> tuple[Tensor, Tensor]:
    """The query of one task, each example mixed with a support example: lam · query + (1 − lam) · support.

    support_x: (K, D). support_y: (K,). query_x: (Q, D). query_y: (Q,). partner: (Q,) int64, positions in the support,
    repeated or not. lam: (Q,), 0 to 1, one weight an example.
    Returns the new query: x (Q, D) and y (Q,). Nothing is changed in place.

    >>> metamix(torch.tensor([[0.0], [4.0]]), torch.tensor([1.0, 5.0]), torch.tensor([[2.0]]), torch.tensor([3.0]),
    ...         partner=torch.tensor([1]), lam=torch.tensor([0.5]))
    (tensor([[3.]]), tensor([4.]))

    中文：把一个任务的查询集逐个与支持样本混合：lam · 查询 + (1 − lam) · 支持。
    support_x：(K, D)；support_y：(K,)；query_x：(Q, D)；query_y：(Q,)；partner：(Q,) int64，支持集中的位置，可重复；
    lam：(Q,)，0 到 1，每个样本一个权重。返回新的查询集：x (Q, D) 和 y (Q,)。不改动任何输入。
    """
    # BEGIN SOLUTION
    x = lam[:, None] * query_x + (1 - lam[:, None]) * support_x[partner]
    return x, lam * query_y + (1 - lam) * support_y[partner]
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "One number a task, the same for its support and its query.",
            "每个任务一个数，支持集和查询集加的是同一个。",
        ),
        (
            "noise[:, None] adds the number of a task to all its ratings; padded places must stay 0.",
            "noise[:, None] 把一个任务的数加到它的所有评分上；填充位必须保持 0。",
        ),
        (
            "Multiply by the mask: support + noise[:, None] * support_mask, and the query with its own mask.",
            "乘上 mask：support + noise[:, None] * support_mask；查询集用它自己的 mask。",
        ),
    ],
)
def shared_label_noise(
    support: Tensor, query: Tensor, support_mask: Tensor, query_mask: Tensor, noise: Tensor
) -> tuple[Tensor, Tensor]:
    """Ratings of B tasks with noise[b] added to every rating of task b, in support and query alike.

    support: (B, K) ratings, 0 where padded. query: (B, Q). support_mask: (B, K) bool, query_mask: (B, Q) bool.
    noise: (B,). Returns the new support and query, 0 where padded. Nothing is changed in place.

    >>> shared_label_noise(torch.tensor([[3.0, 0.0]]), torch.tensor([[4.0]]), torch.tensor([[True, False]]),
    ...                    torch.tensor([[True]]), noise=torch.tensor([0.5]))
    (tensor([[3.5000, 0.0000]]), tensor([[4.5000]]))

    中文：B 个任务的评分，任务 b 的每条评分都加上 noise[b]，支持集和查询集相同。
    support：(B, K) 评分，填充位为 0；query：(B, Q)；support_mask：(B, K) 布尔；query_mask：(B, Q) 布尔；noise：(B,)。
    返回新的支持集和查询集，填充位为 0。不改动任何输入。
    """
    # BEGIN SOLUTION
    return support + noise[:, None] * support_mask, query + noise[:, None] * query_mask
    # END SOLUTION


@exercise(
    points=4,
    minutes=9,
    hints=[
        (
            "First split: which rows are query? Only the others may be copied.",
            "先切分：哪些行是查询？只有其余的行可以被复制。",
        ),
        (
            "Copies name rows of the whole table. Drop those whose row is in the query, together with their noise.",
            "copies 里是整张表的行号。指向查询行的要去掉，连同它们的噪声一起去掉。",
        ),
        (
            "keep = ~is_query[copies]; support = the rows that are no query, then (ratings[copies] + noise)[keep]; "
            "the query is ratings[is_query], untouched.",
            "keep = ~is_query[copies]；支持集 = 非查询行，再接上 (ratings[copies] + noise)[keep]；"
            "查询集就是 ratings[is_query]，原样不动。",
        ),
    ],
)
def augment_after_split(ratings: Tensor, is_query: Tensor, copies: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Support and query of one user, the support with noisy copies of support ratings; no copy of a query rating.

    ratings: (N,). is_query: (N,) bool. copies: (M,) int64, rows to copy, repeated or not. noise: (M,), added to the copies.
    Returns the support, its own ratings in order and then the copies in order, and the query, untouched. A copy whose row is
    in the query would leak it, and is left out.

    >>> augment_after_split(torch.tensor([3.0, 5.0]), torch.tensor([False, True]), copies=torch.tensor([0, 1]),
    ...                     noise=torch.tensor([0.5, 0.5]))
    (tensor([3.0000, 3.5000]), tensor([5.]))

    中文：一个用户的支持集和查询集；支持集里加入支持评分的带噪副本，绝不复制查询评分。
    ratings：(N,)；is_query：(N,) 布尔；copies：(M,) int64，要复制的行，可重复；noise：(M,)，加到副本上。
    返回支持集（先是自己的评分，再是副本，都按原顺序）和原样的查询集。指向查询行的副本会泄漏，应去掉。
    """
    # BEGIN SOLUTION
    keep = ~is_query[copies]
    support = torch.cat([ratings[~is_query], (ratings[copies] + noise)[keep]])
    return support, ratings[is_query]
    # END SOLUTION
