"""q07: Design a recommender built on meta-learning, end to end.

中文：q07：端到端设计一个基于元学习的推荐系统。
"""

import numpy as np

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=12,
    hints=[
        (
            "Work in scaled features, z = x · scale: the scaled weights then have prior variance 1, and noise² is the "
            "ridge.",
            "用缩放后的特征 z = x · scale：缩放后权重的先验方差为 1，noise² 就是岭回归的强度。",
        ),
        (
            "Solve a K × K system for the residuals r = y − x · prior_mean: (z zᵀ + noise² I) a = r.",
            "对残差 r = y − x · prior_mean 解一个 K × K 方程组：(z zᵀ + noise² I) a = r。",
        ),
        (
            "The mean moves by scale · (zᵀ a). With no rating at all it stays at prior_mean.",
            "均值移动 scale · (zᵀ a)；没有任何评分时停在 prior_mean。",
        ),
    ],
)
def ridge_adapt(x: np.ndarray, y: np.ndarray, prior_mean: np.ndarray, scale: np.ndarray, noise: float) -> np.ndarray:
    """Adapt to one user's ratings: the posterior mean of a Bayesian linear regression, by a K × K solve.

    The model: y = x w + e, e ~ N(0, noise²), w ~ N(prior_mean, diag(scale²)).
    x: (K, D) features of the rated items.
    y: (K,) ratings minus item biases, in stars; the prior mean is not subtracted yet.
    prior_mean: (D,). scale: (D,) prior standard deviations, above 0. noise: above 0, in stars.
    Returns w, (D,):  prior_mean + S xᵀ (x S xᵀ + noise² I)⁻¹ (y − x prior_mean), with S = diag(scale²).
    K may be 0. Any of the arrays may hold integers; w does not. A D × D solve gives the same numbers, and passes too.

    >>> ridge_adapt(np.array([[1.0]]), np.array([6.0]), np.array([1.0]), np.array([2.0]), noise=1.0)    # 4/5 from 1 to 6
    array([5.])

    中文：由一个用户的评分完成适应：以 K × K 求解，得到贝叶斯线性回归的后验均值。
    模型：y = x w + e，e ~ N(0, noise²)，w ~ N(prior_mean, diag(scale²))。
    x：(K, D)，评过分的物品的特征。y：(K,)，评分减去物品偏置，单位是星，尚未减去先验均值的预测。
    prior_mean：(D,)。scale：(D,)，先验标准差，大于 0。noise：大于 0，单位是星。
    返回 w (D,)：prior_mean + S xᵀ (x S xᵀ + noise² I)⁻¹ (y − x prior_mean)，其中 S = diag(scale²)。
    K 可以为 0；各数组都可能是整数类型，w 不是。用 D × D 求解结果相同，也能通过。
    """
    # BEGIN SOLUTION
    z = x * scale
    residual = y - x @ prior_mean
    a = np.linalg.solve(z @ z.T + noise**2 * np.eye(len(x)), residual)
    return prior_mean + scale * (z.T @ a)
    # END SOLUTION


@exercise(
    points=3,
    minutes=10,
    hints=[
        (
            "Two steps: the user's weights from the rated items (ridge_adapt), then one matrix product for all items.",
            "两步：先由评过分的物品得到用户权重（ridge_adapt），再用一次矩阵乘法给所有物品打分。",
        ),
        (
            "Do not show what the user has rated: take it out of the sorted list, and only then cut at k.",
            "用户评过分的物品不再展示：先从排好序的列表里去掉，然后再取前 k 个。",
        ),
        (
            'Sort by falling score; np.argsort(-scores, kind="stable") keeps the lower position first among ties.',
            '按分数从高到低排序；np.argsort(-scores, kind="stable") 在同分时让位置小的在前。',
        ),
    ],
)
def serve(
    vectors: np.ndarray,
    bias: np.ndarray,
    rated: np.ndarray,
    ratings: np.ndarray,
    prior_mean: np.ndarray,
    scale: np.ndarray,
    noise: float,
    k: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Answer one request: adapt to the user's ratings, score every item, return the k best unseen ones.

    vectors: (I, D), bias: (I,) of all items. A score is bias + vector · w.
    rated: (K,) positions of the rated items, K may be 0. ratings: (K,) in stars; ridge_adapt sees ratings − bias.
    prior_mean, scale, noise: as in ridge_adapt.
    Returns (items, scores): positions (k,) of the best items that are not in `rated`, best first, and their
    scores (k,). Of equal scores the lower position comes first. Fewer than k if there are not so many, or none.

    >>> serve(np.array([[1.0], [1.0], [-1.0]]), np.array([3.0, 3.0, 3.5]), np.array([0]), np.array([5.0]),
    ...       np.zeros(1), np.ones(1), 1.0, k=2)    # 5 - 3 = 2, so w = 1; item 0 is rated
    (array([1, 2]), array([4. , 2.5]))

    中文：响应一次请求：先用该用户的评分做适应，再给所有物品打分，返回没评过分的物品里最好的 k 个。
    vectors：(I, D)，bias：(I,)，对应全部物品；分数 = bias + vector · w。
    rated：(K,)，评过分的物品的位置，K 可以为 0。ratings：(K,)，单位是星；传给 ridge_adapt 的是 ratings − bias。
    prior_mean、scale、noise：同 ridge_adapt。
    返回 (items, scores)：不在 `rated` 中的最好物品的位置 (k,)，从好到差，以及它们的分数 (k,)。
    同分时位置小的在前；不足 k 个就返回现有的，也可能一个都没有。
    """
    # BEGIN SOLUTION
    w = ridge_adapt(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    scores = bias + vectors @ w
    order = np.argsort(-scores, kind="stable")
    order = order[~np.isin(order, rated)][:k]
    return order, scores[order]
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Turn the roles round: the item is the task, and the vectors of its first raters are the features.",
            "把角色反过来：物品是任务，最早评分的那些用户的向量是特征。",
        ),
        (
            "Before any rating the item's vector is what its features say: features @ projection.",
            "还没有评分时，物品向量由它的特征给出：features @ projection。",
        ),
        (
            "That guess is the prior mean of ridge_adapt, the raters' vectors are x, their residual ratings are y.",
            "这个猜测就是 ridge_adapt 的先验均值；评分用户的向量是 x，他们的残差评分是 y。",
        ),
    ],
)
def meta_embedding_init(
    features: np.ndarray,
    projection: np.ndarray,
    raters: np.ndarray,
    ratings: np.ndarray,
    scale: np.ndarray,
    noise: float,
) -> np.ndarray:
    """Give a new item a vector: a guess from its features, corrected by its first ratings in closed form.

    The aim of Meta-Embedding without its gradient step: the exact posterior of a linear model.
    features: (F,) of the item, such as 0/1 genres, used as they are. projection: (F, D), learned on old items:
    vector ≈ features @ projection.
    raters: (N, D) the user vectors of the first N raters; N may be 0. ratings: (N,) with all biases subtracted, the
    guess not yet, in stars: rating = rater · vector + e, e ~ N(0, noise²).
    scale: (D,) how far an item's vector strays from the guess (standard deviation). noise: in stars.
    Returns the posterior mean of the item's vector, (D,).

    >>> meta_embedding_init(np.array([1.0]), np.array([[2.0]]), np.array([[1.0]]), np.array([4.0]), np.array([1.0]), 1.0)
    array([3.])

    中文：给新物品一个向量：先由特征猜，再用最早的几条评分以闭式解修正。
    目标与 Meta-Embedding 相同，但不做梯度步：直接取线性模型的精确后验。
    features：(F,)，物品特征，例如 0/1 类型，原样使用。projection：(F, D)，在老物品上学到：向量 ≈ features @ projection。
    raters：(N, D)，前 N 个评分用户的向量，N 可以为 0。ratings：(N,)，已减去所有偏置，还没减去猜测，单位是星：
    评分 = rater · vector + e，e ~ N(0, noise²)。
    scale：(D,)，物品向量偏离猜测的标准差。noise：单位是星。
    返回物品向量的后验均值 (D,)。
    """
    # BEGIN SOLUTION
    return ridge_adapt(raters, ratings, features @ projection, scale, noise)
    # END SOLUTION
