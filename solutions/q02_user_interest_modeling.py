"""q02: Design a meta-learning method for modelling user interest, several base recommenders included.

中文：q02：设计一种用元学习做用户兴趣建模的方法，并融合多个基础推荐模型。
"""

from typing import Any

import numpy as np

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=12,
    hints=[
        (
            "Precisions add: what the prior knows and what the ratings know are two terms of one sum.",
            "精度可以相加：先验的信息和评分的信息是同一个和式里的两项。",
        ),
        (
            "The posterior precision is C⁻¹ + XᵀX / s². The posterior covariance is its inverse.",
            "后验精度是 C⁻¹ + XᵀX / s²，后验协方差是它的逆。",
        ),
        (
            "Let the ratings speak only of what the prior mean got wrong: mean = m + covariance · Xᵀ(y − Xm) / s².",
            "评分只用来修正先验均值没说对的部分：均值 = m + 协方差 · Xᵀ(y − Xm) / s²。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    covariance = np.linalg.inv(precision)
    surprise = ratings - features @ prior_mean
    return prior_mean + covariance @ features.T @ surprise / noise_variance, covariance
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Which fold a rating is in depends on its user, so that all ratings of one user leave together.",
            "一条评分属于哪一折由它的用户决定，这样同一用户的评分会一起被留出。",
        ),
        (
            "For each fold: fit on the rows outside it, predict the rows inside it, and write these into their own places.",
            "对每一折：用折外的行拟合，预测折内的行，再把预测写回各自的位置。",
        ),
        (
            "fold = fold_of_user[users]; for f in np.unique(fold): held = fold == f; fit on ~held; "
            "out[held] = predict(held).",
            "fold = fold_of_user[users]；对 np.unique(fold) 中的每个 f：held = fold == f，用 ~held 拟合，"
            "out[held] 等于对 held 的预测。",
        ),
    ],
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
    # BEGIN SOLUTION
    fold = fold_of_user[users]
    predictions = np.empty(len(ratings))
    for f in np.unique(fold):
        held = fold == f
        model.fit(features[~held], ratings[~held])
        predictions[held] = model.predict(features[held])
    return predictions
    # END SOLUTION


@exercise(
    points=3,
    minutes=10,
    hints=[
        (
            "Since the weights sum to one, the blend's error is the weighted sum of the models' errors: Pa − y = Ea, "
            "E = P − y.",
            "权重和为 1，所以融合的误差就是各模型误差的加权和：Pa − y = Ea，其中 E = P − y。",
        ),
        (
            "So minimise aᵀGa + strength · aᵀa under Σa = 1, with G = EᵀE / n. A Lagrange multiplier does it.",
            "于是在 Σa = 1 下最小化 aᵀGa + strength · aᵀa，其中 G = EᵀE / n；用拉格朗日乘子即可。",
        ),
        (
            "(G + strength · I) a is the same number in every place: solve for a vector of ones, then divide by the sum.",
            "(G + strength · I) a 的每个分量都相等：先对全 1 向量解方程，再除以解的和。",
        ),
    ],
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
    # BEGIN SOLUTION
    errors = predictions - ratings[:, None]
    gram = errors.T @ errors / len(errors)
    weights = np.linalg.solve(gram + strength * np.eye(gram.shape[0]), np.ones(gram.shape[0]))
    return weights / weights.sum()
    # END SOLUTION
