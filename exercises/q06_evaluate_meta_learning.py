"""q06: How do you evaluate a meta-learned recommender?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q06` in a terminal, or the cell `check("q06")` of the notebook.
You may import the standard library, numpy and torch.
"""

import numpy as np


def ndcg_at_k(scores: np.ndarray, gains: np.ndarray, k: int) -> float:
    """Compute nDCG at k for one user, averaged over every order that the ties allow.

    scores: (Q,) the model's scores; equal scores are ties. Q is at least 1.
    gains: (Q,) how good each item truly is, 0 or more; may be integers.
    k: how many places of the list count.
    Returns DCG@k / ideal DCG@k as a float, with the discount 1 / log2(place + 1), place = 1, 2, …;
    NaN where no item has a gain above 0.

    >>> ndcg_at_k(np.array([0.9, 0.1]), np.array([0.0, 1.0]), k=2)    # the good item is second
    0.6309…
    >>> ndcg_at_k(np.array([0.5, 0.5]), np.array([0.0, 1.0]), k=2)    # tied: first or second, half the time each
    0.8154…

    中文：计算一个用户的 nDCG@k，对同分物品的所有可能次序取平均。
    scores：(Q,)，模型打分，相等即同分；Q 至少为 1。gains：(Q,)，每个物品的真实增益，不小于 0，可能是整数类型。
    k：列表前多少位计入。
    返回浮点数 DCG@k / 理想 DCG@k，第 p 位（p = 1, 2, …）的折扣是 1 / log2(p + 1)；没有任何物品增益大于 0 时返回 NaN。
    """
    raise NotImplementedError(
        "Write ndcg_at_k: compute nDCG at k for one user, averaged over every order that the ties allow."
    )


def paired_bootstrap(a: np.ndarray, b: np.ndarray, indices: np.ndarray) -> tuple[float, float, float]:
    """Compute the mean difference a − b over users with its 95 % percentile bootstrap interval.

    a, b: (U,) one value a user of two models, the same users in the same order.
    indices: (R, U) integers; row r holds the users of resample r.
    Returns (mean, low, high): the mean of the U differences, and the quantiles 0.025 and 0.975 of the R
    resampled means (np.quantile as it comes). Nothing is drawn here: all randomness is in `indices`.

    >>> paired_bootstrap(np.array([1.0, 3.0]), np.array([0.0, 1.0]), np.array([[0, 0], [1, 1], [0, 1]]))
    (1.5, 1.025, 1.975)

    中文：计算各用户 a − b 的均值，及其 95% bootstrap 百分位置信区间。
    a、b：(U,)，两个模型在每个用户上的指标，用户相同、顺序相同。
    indices：(R, U) 整数，第 r 行是第 r 次重采样的用户。
    返回（均值, 下限, 上限）：U 个差值的均值，以及 R 个重采样均值的 0.025 和 0.975 分位数（直接用 np.quantile）。
    这里不再采样，随机性全部在 `indices` 里。
    """
    raise NotImplementedError(
        "Write paired_bootstrap: compute the mean difference a − b over users with its 95 % percentile bootstrap "
        "interval."
    )


def user_split_without_leakage(
    users: np.ndarray, test_users: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split ratings into training, support and query so that nothing of a test user is trained on.

    users: (n,) the user of each rating, integer ids of any value; the ratings of one user may be spread over the list.
    test_users: (T,) the users to be judged on, in any order, perhaps repeated; some may have no rating.
    k: the first k ratings of each test user, in the order of the list, are the support; 0 or more.
    Returns three boolean masks (n,): train, support, query. Each rating is in exactly one of them. A test user
    with k ratings or fewer has no query.

    >>> user_split_without_leakage(np.array([7, 8, 8, 7, 8]), np.array([8]), k=1)
    (array([ True, False, False,  True, False]),
     array([False,  True, False, False, False]),
     array([False, False,  True, False,  True]))

    中文：把评分划分为训练、支持集和查询集，测试用户的任何评分都不进训练。
    users：(n,)，每条评分的用户，id 是任意整数；同一用户的评分可以散落在列表各处。
    test_users：(T,)，用来评估的用户，顺序任意，可能重复，也可能没有评分。
    k：每个测试用户按列表顺序的前 k 条评分作支持集，k 不小于 0。
    返回三个布尔掩码 (n,)：训练、支持集、查询集；每条评分恰好属于其中一个。评分不超过 k 条的测试用户没有查询集。
    """
    raise NotImplementedError(
        "Write user_split_without_leakage: split ratings into training, support and query so that nothing of a test "
        "user is trained on."
    )
