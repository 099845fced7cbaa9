"""q06: How do you evaluate a meta-learned recommender?

中文：q06：如何评估一个基于元学习的推荐模型？
"""

import numpy as np

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=12,
    hints=[
        (
            "Sort by score. Where two neighbours have the same score, nothing says which comes first.",
            "按分数排序。相邻两个物品同分时，谁前谁后并没有依据。",
        ),
        (
            "Give every item of a tie group the mean gain of its group; then the order inside the group no longer matters.",
            "让同分组里每个物品的增益都取组内均值，组内次序就无关紧要了。",
        ),
        (
            "DCG@k = Σ_{p=1..k} gain_p / log2(p + 1), once with the averaged gains and once with the gains sorted best "
            "first.",
            "DCG@k = Σ_{p=1..k} gain_p / log2(p + 1)：一次用平均后的增益，一次用从大到小排好的增益。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    order = np.argsort(-scores, kind="stable")
    _, group = np.unique(-scores[order], return_inverse=True)
    averaged = (np.bincount(group, gains[order]) / np.bincount(group))[group]
    discount = 1 / np.log2(np.arange(len(scores)) + 2)
    discount[k:] = 0
    ideal = np.sort(gains)[::-1] @ discount
    return float(averaged @ discount / ideal) if ideal > 0 else float("nan")
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Pair first: one difference a user. Then forget a and b.",
            "先配对：每个用户一个差值，之后就用不到 a 和 b 了。",
        ),
        (
            "Row r of `indices` says which users are in resample r; users may occur twice. Take the mean of each row.",
            "`indices` 的第 r 行是第 r 次重采样里的用户，同一用户可以出现多次；对每一行取均值。",
        ),
        (
            "The interval is the 2.5 % and the 97.5 % quantile of those means; the estimate is the mean of the "
            "differences.",
            "区间是这些均值的 2.5% 和 97.5% 分位数；估计值是差值的均值。",
        ),
    ],
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
    # BEGIN SOLUTION
    difference = a - b
    low, high = np.quantile(difference[indices].mean(axis=1), [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)
    # END SOLUTION


@exercise(
    points=3,
    minutes=10,
    hints=[
        (
            "A test user gives nothing to training: neither the query ratings nor the support.",
            "测试用户的评分一条也不进训练：查询集不进，支持集也不进。",
        ),
        (
            "Count, for each rating, how many ratings of the same user stand above it. That is its place, from 0.",
            "对每条评分，数一数列表里排在它前面的同一用户的评分有几条，这就是它的位次（从 0 开始）。",
        ),
        (
            "train = user is no test user; support = test user and place < k; query = test user and place >= k.",
            "训练 = 不是测试用户；支持集 = 测试用户且位次 < k；查询集 = 测试用户且位次 >= k。",
        ),
    ],
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
    # BEGIN SOLUTION
    is_test = np.isin(users, test_users)
    order = np.argsort(users, kind="stable")
    ordered = users[order]
    place = np.empty(len(users), dtype=int)
    place[order] = np.arange(len(users)) - np.searchsorted(ordered, ordered)
    return ~is_test, is_test & (place < k), is_test & (place >= k)
    # END SOLUTION
