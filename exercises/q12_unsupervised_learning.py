"""q12: What is unsupervised learning in meta-learning?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q12` in a terminal, or the cell `check("q12")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write info_nce: infoNCE: find a user's second view among the second views of all users in the batch."
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
    raise NotImplementedError(
        "Write kmeans_step: one round of k-means (Lloyd): which centre each point belongs to, and where the centres go."
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
    raise NotImplementedError(
        "Write denoising_loss: what a denoising autoencoder makes smaller: it names all that a user has seen from the "
        "part that was kept."
    )
