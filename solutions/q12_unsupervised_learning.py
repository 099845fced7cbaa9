"""q12: What is unsupervised learning in meta-learning?

中文：q12：什么是元学习中的无监督学习？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=7,
    hints=[
        (
            "Cosines: divide each row by its length first. Then one row times all rows of the other view.",
            "余弦：先把每一行除以自己的长度，再拿一行去乘另一视图的所有行。",
        ),
        (
            "Row n is a classification among B candidates; the right one is row n of the other view.",
            "第 n 行是在 B 个候选里做分类，正确答案是另一视图的第 n 行。",
        ),
        (
            "logits = one @ two.T / temperature; the loss is the mean of logsumexp of a row minus its diagonal entry.",
            "logits = one @ two.T / temperature；损失是每行的 logsumexp 减去对角元，再取平均。",
        ),
    ],
)
def info_nce(one: Tensor, two: Tensor, temperature: float) -> Tensor:
    """InfoNCE: find a user's second view among the second views of all users in the batch.

    one, two: (B, H), two views of the same B users, rows of any length above 0; row n of `two` belongs to row n of `one`.
    Similarity is the cosine, divided by the temperature. Returns the mean over the rows of `one`, shape (); gradients run
    through both views.

    >>> info_nce(torch.eye(2), torch.eye(2), 1.0)  # log(1 + 1/e)
    tensor(0.3133)

    中文：InfoNCE：在这一批所有用户的第二视图里，找出自己的那一个。
    one、two：(B, H)，同样 B 名用户的两个视图，每行长度大于 0；two 的第 n 行与 one 的第 n 行属于同一用户。
    相似度用余弦，再除以温度。返回对 one 各行的平均，形状 ()；梯度要穿过两个视图。
    """
    # BEGIN SOLUTION
    one, two = (x / x.norm(dim=1, keepdim=True) for x in (one, two))
    logits = one @ two.T / temperature
    return (torch.logsumexp(logits, dim=1) - logits.diagonal()).mean()
    # END SOLUTION


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "Two halves: each point goes to its nearest centre; then each centre goes to the mean of its points.",
            "两半：每个点归到最近的中心；然后每个中心移到自己那些点的均值。",
        ),
        (
            "torch.cdist gives (N, C) distances; argmin along dim 1 takes the first of equals.",
            "torch.cdist 给出 (N, C) 的距离；沿 dim 1 的 argmin 在相等时取前面的。",
        ),
        (
            "With one-hot labels (N, C): sums are labels.T @ x, counts labels.sum(0). Count 0: keep the old centre.",
            "用 one-hot 标签 (N, C)：和是 labels.T @ x，个数是 labels.sum(0)。个数为 0 的保留原中心。",
        ),
    ],
)
def kmeans_step(x: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """One round of k-means (Lloyd): which centre each point belongs to, and where the centres go.

    x: (N, P), points. centres: (C, P). Nearest is Euclidean; of equally near centres the lower position.
    A centre without points stays where it is. Neither argument is changed.
    Returns labels (N,), int64, and the new centres (C, P), not whole numbers even if x is.

    >>> kmeans_step(torch.tensor([[0.0], [1.0], [9.0]]), torch.tensor([[0.0], [5.0], [50.0]]))
    (tensor([0, 0, 1]), tensor([[ 0.5000],
            [ 9.0000],
            [50.0000]]))

    中文：k-means（Lloyd）的一轮：每个点归哪个中心，中心移到哪里。
    x：(N, P)，点；centres：(C, P)。最近用欧氏距离，同样近时取编号小的。
    没有点的中心留在原处。不要改动参数。
    返回标签 (N,)，int64，和新的中心 (C, P)；即使 x 是整数，中心也不取整。
    """
    # BEGIN SOLUTION
    points = x.double()
    labels = ((points[:, None] - centres) ** 2).sum(2).argmin(1)
    member = torch.nn.functional.one_hot(labels, len(centres)).double()
    count = member.sum(0)[:, None]
    return labels, torch.where(count > 0, member.T @ points / count, centres)
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "The encoder sees x · kept, at length 1; the target is x, the whole history.",
            "编码器看到的是 x · kept（缩放到长度 1），要还原的却是整个 x。",
        ),
        (
            "h = tanh(input @ encode), scores = h @ decode, then log_softmax over the items.",
            "h = tanh(input @ encode)，scores = h @ decode，再对物品做 log_softmax。",
        ),
        (
            "A user's loss is minus the mean of log_softmax over their seen items; then the mean over users with a history.",
            "一名用户的损失是他看过的物品上 log_softmax 均值的相反数；再对有历史的用户取平均。",
        ),
    ],
)
def denoising_loss(x: Tensor, kept: Tensor, encode: Tensor, decode: Tensor) -> Tensor:
    """What a denoising autoencoder makes smaller: it names all that a user has seen from the part that was kept.

    x: (B, I) of 0 and 1, what each user has seen. kept: (B, I) of 0 and 1. encode: (I, H); decode: (H, I).
    Input: x · kept, each row divided by its length (a row of zeros stays). h = tanh(input · encode), scores = h · decode.
    A user's loss: minus the mean over the seen items (all of them, kept or not) of log softmax(scores).
    Returns the mean over users who have seen something, shape (); 0 where nobody has. Gradients run to encode and decode.

    >>> x, some = torch.tensor([[1.0, 1.0, 0.0]]), torch.tensor([[1.0, 0.0, 1.0]])
    >>> denoising_loss(x, some, torch.zeros(3, 2), torch.zeros(2, 3))  # log 3
    tensor(1.0986)

    中文：去噪自编码器要减小的量：只看保留下来的部分，还原用户看过的全部。
    x：(B, I)，取 0 和 1，用户看过什么；kept：(B, I)，取 0 和 1；encode：(I, H)；decode：(H, I)。
    输入：x · kept，每行除以自己的长度（全零行不变）。h = tanh(输入 · encode)，scores = h · decode。
    一名用户的损失：在他看过的全部物品上（不论是否保留），log softmax(scores) 均值的相反数。
    返回对有历史的用户的平均，形状 ()；没有这样的用户时为 0。梯度要传到 encode 和 decode。
    """
    # BEGIN SOLUTION
    given = x * kept
    length = given.norm(dim=1, keepdim=True)
    hidden = torch.tanh(given / torch.where(length > 0, length, 1) @ encode)
    log_p = torch.log_softmax(hidden @ decode, dim=1)
    count = x.sum(1)
    each = -(log_p * x).sum(1) / count.clamp(min=1)
    return each.sum() / (count > 0).sum().clamp(min=1)
    # END SOLUTION
