"""q27: How do you design meta-learning that models task diversity?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q27` in a terminal, or the cell `check("q27")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


def dpp_greedy(kernel: Tensor, k: int) -> list[int]:
    """A set of large volume, one item after the other: each raises log det of the chosen part of the kernel the most.

    kernel: (N, N), symmetric, positive semi-definite; large where two items are alike; left as it is. k: at most so many.
    Stops early where every further item would leave a determinant of 0: a variance of 1e-10 or less that is not explained
    by the chosen ones. Of equal items the lower position is taken. Returns positions in the order of choice.

    >>> dpp_greedy(torch.tensor([[2.0, 1.9, 0.0], [1.9, 1.9, 0.0], [0.0, 0.0, 1.0]]), k=2)
    [0, 2]

    中文：一个接一个地选出体积大的集合：每次选的物品让已选部分核矩阵的 log det 增加最多。
    kernel：(N, N)，对称半正定，两个物品越像值越大，不要改动它；k：最多选几个。
    如果再选任何一个都会让行列式为 0（未被已选者解释的方差不超过 1e-10），就提前停止。相同的取编号小的。
    返回编号，按选中的先后。
    """
    raise NotImplementedError(
        "Write dpp_greedy: A set of large volume, one item after the other: each raises log det of the chosen part of "
        "the kernel the most."
    )


def mixture_responsibilities(X: Tensor, y: Tensor, means: Tensor, share: Tensor, scale: float, noise: float) -> Tensor:
    """The probability that a user is of each kind, given a few ratings.

    X: (K, D), the features of the K rated items, K may be 0. y: (K,), the ratings. means: (C, D); share: (C,), sums to 1.
    A user of kind c has weights w ~ N(means[c], scale² I) and rates y = X w + noise · N(0, I).
    Returns (C,), sums to 1; also where every likelihood is so small that its exp is 0.

    >>> X, means = torch.ones(1, 1), torch.tensor([[1.0], [-1.0]])
    >>> mixture_responsibilities(X, torch.tensor([0.0]), means, torch.tensor([0.9, 0.1]), 1.0, 1.0)
    tensor([0.9000, 0.1000])

    中文：看到几条评分之后，用户属于各类的概率。
    X：(K, D)，K 个已评分物品的特征，K 可以为 0；y：(K,)，评分；means：(C, D)；share：(C,)，和为 1。
    第 c 类用户的权重 w ~ N(means[c], scale² I)，评分 y = X w + noise · N(0, I)。
    返回 (C,)，和为 1；每一类的似然都小到 exp 后为 0 时也要成立。
    """
    raise NotImplementedError(
        "Write mixture_responsibilities: the probability that a user is of each kind, given a few ratings."
    )


def logdet_diversity(Z: Tensor) -> Tensor:
    """The diversity term of a loss: −log det(I + Z Zᵀ), low where the tasks' embeddings span a large volume.

    Z: (B, P), the embedding of each of B tasks; B may be 0. Returns a tensor of shape () that gradients run through.

    >>> logdet_diversity(torch.eye(2))  # −log 4
    tensor(-1.3863)

    中文：损失里的多样性项：−log det(I + Z Zᵀ)，任务 embedding 张成的体积越大，它越低。
    Z：(B, P)，B 个任务的 embedding，B 可以为 0。返回形状为 () 的张量，梯度要能穿过。
    """
    raise NotImplementedError(
        "Write logdet_diversity: the diversity term of a loss: −log det(I + Z Zᵀ), low where the tasks' embeddings "
        "span a large volume."
    )
