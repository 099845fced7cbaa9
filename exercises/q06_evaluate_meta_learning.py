"""q06: How do you evaluate a meta-learned recommender?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q06` in a terminal, or the cell `check("q06")` of the notebook.
You may import the standard library, numpy and torch.
"""

import numpy as np


def ndcg_at_k(scores: np.ndarray, gains: np.ndarray, k: int) -> float:
    """Compute nDCG at k for one user, averaged over every order that the ties allow.

    scores: (Q,) the model's scores; equal scores are ties.
    gains: (Q,) how good each item truly is, 0 or more.
    k: how many places of the list count.
    Returns DCG@k / ideal DCG@k as a float, with the discount 1 / log2(place + 1), place = 1, 2, …;
    NaN where no item has a gain above 0.

    >>> ndcg_at_k(np.array([0.9, 0.1]), np.array([0.0, 1.0]), k=2)    # the good item is second
    0.6309…
    >>> ndcg_at_k(np.array([0.5, 0.5]), np.array([0.0, 1.0]), k=2)    # tied: first or second, half the time each
    0.8154…
    """
    raise NotImplementedError(
        "Write ndcg_at_k: compute nDCG at k for one user, averaged over every order that the ties allow."
    )


def paired_bootstrap(a: np.ndarray, b: np.ndarray, indices: np.ndarray) -> tuple[float, float, float]:
    """Compute the mean difference a − b over users with its 95 % percentile bootstrap interval.

    a, b: (U,) one value a user of two models, the same users in the same order.
    indices: (R, U) integers; row r holds the users of resample r.
    Returns (mean, low, high): the mean of the U differences, and the quantiles 0.025 and 0.975 of the R
    resampled means (np.quantile as it comes).

    >>> paired_bootstrap(np.array([1.0, 3.0]), np.array([0.0, 1.0]), np.array([[0, 0], [1, 1], [0, 1]]))
    (1.5, 1.025, 1.975)
    """
    raise NotImplementedError(
        "Write paired_bootstrap: compute the mean difference a − b over users with its 95 % percentile bootstrap "
        "interval."
    )


def user_split_without_leakage(
    users: np.ndarray, test_users: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split ratings into training, support and query so that nothing of a test user is trained on.

    users: (n,) the user of each rating; the ratings of one user may be spread over the list.
    test_users: (T,) the users to be judged on.
    k: the first k ratings of each test user, in the order of the list, are the support.
    Returns three boolean masks (n,): train, support, query. Each rating is in exactly one of them. A test user
    with k ratings or fewer has no query.

    >>> user_split_without_leakage(np.array([7, 8, 8, 7, 8]), np.array([8]), k=1)
    (array([ True, False, False,  True, False]),
     array([False,  True, False, False, False]),
     array([False, False,  True, False,  True]))
    """
    raise NotImplementedError(
        "Write user_split_without_leakage: split ratings into training, support and query so that nothing of a test "
        "user is trained on."
    )
