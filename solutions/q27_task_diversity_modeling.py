"""q27: How do you design meta-learning that models task diversity?

中文：q27：如何设计能刻画任务多样性的元学习？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=10,
    hints=[
        (
            "log det of a chosen set grows by the log of the next item's variance that the chosen ones leave unexplained.",
            "选中集合的 log det 每次增加的，是下一个物品未被已选者解释的方差的对数。",
        ),
        (
            "Keep d, (N,), that variance: at first the diagonal. Take its largest, then update the others.",
            "维护 d，(N,)，就是这个方差：初始为对角线。每次取最大者，再更新其余的。",
        ),
        (
            "After choosing j: c = (L[j] − C.T @ C[:, j]) / sqrt(d[j]) is a new row of C, and d falls by c².",
            "选 j 之后：c = (L[j] − C.T @ C[:, j]) / sqrt(d[j]) 作为 C 的新行，d 减去 c²。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    kernel, chosen = kernel.double(), []
    d, rows = kernel.diagonal(), torch.zeros(0, len(kernel)).double()
    for _ in range(k):
        j = int(d.argmax())
        if d[j] <= 1e-10:
            break
        row = (kernel[j] - rows[:, j] @ rows) / d[j].sqrt()
        rows, chosen = torch.cat([rows, row[None]]), [*chosen, j]
        d = d - row**2
        d[chosen] = 0
    return chosen
    # END SOLUTION


@exercise(
    points=4,
    minutes=8,
    hints=[
        (
            "Integrate w out: under kind c the ratings y are normal with mean X m_c and covariance scale² X Xᵀ + noise² I.",
            "把 w 积掉：属于第 c 类时，评分 y 服从正态，均值 X m_c，协方差 scale² X Xᵀ + noise² I。",
        ),
        (
            "log ρ_c = log share_c + log N(y; …) + constant. torch.distributions.MultivariateNormal has log_prob.",
            "log ρ_c = log share_c + log N(y; …) + 常数。torch.distributions.MultivariateNormal 有 log_prob。",
        ),
        (
            "Normalise with torch.softmax over the kinds, never by exp and a sum. Without ratings the answer is the shares.",
            "对各类用 torch.softmax 归一化，不要先 exp 再求和。没有评分时，答案就是各类占比。",
        ),
    ],
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
    # BEGIN SOLUTION
    covariance = scale**2 * X @ X.T + noise**2 * torch.eye(len(y), dtype=X.dtype)
    away = y - means @ X.T
    fit = (away * torch.linalg.solve(covariance, away.T).T).sum(1)
    return torch.softmax(torch.log(share) - fit / 2, dim=0)
    # END SOLUTION


@exercise(
    points=2,
    minutes=4,
    hints=[
        (
            "Z Zᵀ is (B, B): a row a task. Add the identity, take the log of the determinant, change the sign.",
            "Z Zᵀ 是 (B, B)，每行一个任务。加上单位阵，取行列式的对数，变号。",
        ),
        (
            "torch.logdet is differentiable. Do not detach, and do not go through numpy.",
            "torch.logdet 可以求导。不要 detach，也不要经过 numpy。",
        ),
        (
            "Without tasks the determinant of an empty matrix is 1: the answer is 0.",
            "没有任务时，空矩阵的行列式是 1，答案为 0。",
        ),
    ],
)
def logdet_diversity(Z: Tensor) -> Tensor:
    """The diversity term of a loss: −log det(I + Z Zᵀ), low where the tasks' embeddings span a large volume.

    Z: (B, P), the embedding of each of B tasks; B may be 0. Returns a tensor of shape () that gradients run through.

    >>> logdet_diversity(torch.eye(2))  # −log 4
    tensor(-1.3863)

    中文：损失里的多样性项：−log det(I + Z Zᵀ)，任务 embedding 张成的体积越大，它越低。
    Z：(B, P)，B 个任务的 embedding，B 可以为 0。返回形状为 () 的张量，梯度要能穿过。
    """
    # BEGIN SOLUTION
    return -torch.logdet(torch.eye(len(Z)) + Z @ Z.T)
    # END SOLUTION
