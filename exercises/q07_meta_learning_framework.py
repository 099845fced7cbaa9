"""q07: Design a recommender built on meta-learning, end to end.

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q07` in a terminal, or the cell `check("q07")` of the notebook.
You may import the standard library, numpy and torch.
"""

import numpy as np


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
    raise NotImplementedError(
        "Write ridge_adapt: adapt to one user's ratings: the posterior mean of a Bayesian linear regression, by a K × "
        "K solve."
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
    raise NotImplementedError(
        "Write serve: answer one request: adapt to the user's ratings, score every item, return the k best unseen ones."
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
    raise NotImplementedError(
        "Write meta_embedding_init: give a new item a vector: a guess from its features, corrected by its first "
        "ratings in closed form."
    )
