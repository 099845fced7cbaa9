"""q02: Design a meta-learning method for modelling user interest, several base recommenders included.

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q02` in a terminal, or the cell `check("q02")` of the notebook.
You may import the standard library, numpy and torch.
"""

from typing import Any

import numpy as np


def interest_posterior(
    features: np.ndarray,
    ratings: np.ndarray,
    prior_mean: np.ndarray,
    prior_covariance: np.ndarray,
    noise_variance: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute what K ratings say about one user's interest: the posterior of w in y = X w + noise.

    features: (K, D) one row a rated item, X. K may be 0.
    ratings: (K,) the user's ratings minus the items' means, y, in stars.
    prior_mean, prior_covariance: m (D,) and C (D, D), of w over all users; C is invertible.
    noise_variance: s², in stars².
    Returns the posterior mean (D,) and covariance (D, D). Without ratings these are the prior's.
    Any of the arrays may hold integers; the answer does not.

    >>> interest_posterior(np.array([[1.0, 0.0]]), np.array([1.0]), np.zeros(2), np.eye(2), noise_variance=1.0)
    (array([0.5, 0. ]),
     array([[0.5, 0. ],
            [0. , 1. ]]))

    中文：根据 K 条评分计算用户兴趣，即 y = X w + 噪声 中 w 的后验分布。
    features：(K, D)，每行是一个评过分的物品，即 X；K 可以为 0。ratings：(K,)，用户评分减去物品均值，即 y，单位是星。
    prior_mean、prior_covariance：所有用户的 w 的均值 m (D,) 与协方差 C (D, D)，C 可逆。noise_variance：s²，单位是星²。
    返回后验均值 (D,) 与后验协方差 (D, D)；没有评分时就是先验的均值与协方差。
    各数组都可能是整数类型，结果不是。
    """
    raise NotImplementedError(
        "Write interest_posterior: compute what K ratings say about one user's interest: the posterior of w in y = X w "
        "+ noise."
    )


def out_of_fold_predictions(
    model: Any, features: np.ndarray, ratings: np.ndarray, users: np.ndarray, fold_of_user: np.ndarray
) -> np.ndarray:
    """Predict every rating with a model that has seen no rating of its user.

    model: has `fit(X, y)`, which forgets what was fitted before, and `predict(X)`; fit returns the model. As in
    scikit-learn, both need at least one row.
    features: (n, D) one row a rating. ratings: (n,) in stars, which may be integers.
    users: (n,) integers from 0 to U − 1, the user of each rating, in any order; a user may have no rating.
    fold_of_user: (U,) integer labels of any value, the fold of each user; ratings of at least two folds occur, a fold
    may have none.
    Returns (n,) predictions in the order of the ratings.

    >>> model = ...                                            # predicts the mean of what it was fitted on
    >>> users, fold_of_user = np.array([0, 1, 1]), np.array([0, 1])
    >>> out_of_fold_predictions(model, np.zeros((3, 1)), np.array([5.0, 1.0, 3.0]), users, fold_of_user)
    array([2., 5., 5.])

    中文：用没见过该用户任何评分的模型，给每条评分做折外预测。
    model：有 `fit(X, y)`（每次从头拟合，返回模型自身）和 `predict(X)`；与 scikit-learn 一样，两者都至少要有一行数据。
    features：(n, D)，每行对应一条评分。ratings：(n,)，单位是星，可能是整数类型。
    users：(n,)，每条评分的用户，取 0 到 U − 1 的整数，顺序任意；有的用户可能没有评分。
    fold_of_user：(U,)，每个用户所属的折，标签是任意整数；至少有两折含有评分，也可能有的折一条评分都没有。
    返回 (n,)，与评分同顺序的预测。
    """
    raise NotImplementedError(
        "Write out_of_fold_predictions: predict every rating with a model that has seen no rating of its user."
    )


def stacking_weights(predictions: np.ndarray, ratings: np.ndarray, strength: float = 0.0) -> np.ndarray:
    """Compute the weights of a blend: least squares with a penalty, under the condition that they sum to one.

    predictions: (n, M) out-of-fold predictions of M models, P, in stars.
    ratings: (n,) what they predict, y, in stars. M may be 1. With E = P − y, EᵀE / n + strength · I is invertible.
    strength: 0 or more, in stars²; pulls the weights towards equal ones.
    Returns the a (M,) that minimise mean((y − P a)²) + strength · Σ a² under Σ a = 1; a weight may be negative.

    >>> errors = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])     # mean squares 0.5 and 2
    >>> stacking_weights(3.0 + errors, np.full(4, 3.0))
    array([0.8, 0.2])

    中文：计算融合权重：在权重和为 1 的约束下，做带惩罚的最小二乘。
    predictions：(n, M)，M 个模型的折外预测，即 P，单位是星。
    ratings：(n,)，被预测的评分，即 y，单位是星；M 可以为 1。记 E = P − y，则 EᵀE / n + strength · I 可逆。
    strength：不小于 0，单位是星²；把权重往相等的方向拉。
    返回 a (M,)：在 Σ a = 1 下使 mean((y − P a)²) + strength · Σ a² 最小；权重可以为负。
    """
    raise NotImplementedError(
        "Write stacking_weights: compute the weights of a blend: least squares with a penalty, under the condition "
        "that they sum to one."
    )
