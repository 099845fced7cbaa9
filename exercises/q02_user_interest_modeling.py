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

    >>> interest_posterior(np.array([[1.0, 0.0]]), np.array([1.0]), np.zeros(2), np.eye(2), noise_variance=1.0)
    (array([0.5, 0. ]),
     array([[0.5, 0. ],
            [0. , 1. ]]))
    """
    raise NotImplementedError(
        "Write interest_posterior: compute what K ratings say about one user's interest: the posterior of w in y = X w "
        "+ noise."
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
    raise NotImplementedError(
        "Write out_of_fold_predictions: predict every rating with a model that has seen no rating of its user."
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
    raise NotImplementedError(
        "Write stacking_weights: compute the weights of a blend: least squares with a penalty, under the condition "
        "that they sum to one."
    )
