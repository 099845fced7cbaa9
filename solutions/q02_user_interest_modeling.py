"""q02: Design a meta-learning method for modelling user interest, several base recommenders included."""

from typing import Any

import numpy as np

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=12,
    hints=[
        "Precisions add: what the prior knows and what the ratings know are two terms of one sum.",
        "The posterior precision is C⁻¹ + XᵀX / s². The posterior covariance is its inverse.",
        "Let the ratings speak only of what the prior mean got wrong: mean = m + covariance · Xᵀ(y − Xm) / s².",
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

    >>> interest_posterior(np.array([[1.0, 0.0]]), np.array([1.0]), np.zeros(2), np.eye(2), noise_variance=1.0)
    (array([0.5, 0. ]),
     array([[0.5, 0. ],
            [0. , 1. ]]))
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
        "Which fold a rating is in depends on its user, so that all ratings of one user leave together.",
        "For each fold: fit on the rows outside it, predict the rows inside it, and write these into their own places.",
        "fold = fold_of_user[users]; for f in np.unique(fold): held = fold == f; fit on ~held; out[held] = predict(held).",
    ],
)
def out_of_fold_predictions(
    model: Any, features: np.ndarray, ratings: np.ndarray, users: np.ndarray, fold_of_user: np.ndarray
) -> np.ndarray:
    """Predict every rating with a model that has seen no rating of its user.

    model: has `fit(X, y)`, which forgets what was fitted before, and `predict(X)`; fit returns the model.
    features: (n, D) one row a rating. ratings: (n,) in stars.
    users: (n,) integers from 0 to U − 1, the user of each rating, in any order.
    fold_of_user: (U,) integer labels of any value, the fold of each user; ratings of at least two folds occur.
    Returns (n,) predictions in the order of the ratings.

    >>> model = ...                                            # predicts the mean of what it was fitted on
    >>> users, fold_of_user = np.array([0, 1, 1]), np.array([0, 1])
    >>> out_of_fold_predictions(model, np.zeros((3, 1)), np.array([5.0, 1.0, 3.0]), users, fold_of_user)
    array([2., 5., 5.])
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
        "Since the weights sum to one, the blend's error is the weighted sum of the models' errors: Pa − y = Ea, E = P − y.",
        "So minimise aᵀGa + strength · aᵀa under Σa = 1, with G = EᵀE / n. A Lagrange multiplier does it.",
        "(G + strength · I) a is the same number in every place: solve for a vector of ones, then divide by the sum.",
    ],
)
def stacking_weights(predictions: np.ndarray, ratings: np.ndarray, strength: float = 0.0) -> np.ndarray:
    """Compute the weights of a blend: least squares with a penalty, under the condition that they sum to one.

    predictions: (n, M) out-of-fold predictions of M models, P, in stars.
    ratings: (n,) what they predict, y, in stars. M may be 1; no model is free of error, and no two are the same.
    strength: 0 or more, in stars²; pulls the weights towards equal ones.
    Returns the a (M,) that minimise mean((y − P a)²) + strength · Σ a² under Σ a = 1; a weight may be negative.

    >>> errors = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])     # mean squares 0.5 and 2
    >>> stacking_weights(3.0 + errors, np.full(4, 3.0))
    array([0.8, 0.2])
    """
    # BEGIN SOLUTION
    errors = predictions - ratings[:, None]
    gram = errors.T @ errors / len(errors)
    weights = np.linalg.solve(gram + strength * np.eye(gram.shape[0]), np.ones(gram.shape[0]))
    return weights / weights.sum()
    # END SOLUTION
