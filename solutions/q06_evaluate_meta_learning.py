"""q06: How do you evaluate a meta-learned recommender?"""

import numpy as np

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=12,
    hints=[
        "Sort by score. Where two neighbours have the same score, nothing says which comes first.",
        "Give every item of a tie group the mean gain of its group; then the order inside the group no longer matters.",
        "DCG@k = Σ_{p=1..k} gain_p / log2(p + 1), once with the averaged gains and once with the gains sorted best first.",
    ],
)
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
        "Pair first: one difference a user. Then forget a and b.",
        "Row r of `indices` says which users are in resample r; users may occur twice. Take the mean of each row.",
        "The interval is the 2.5 % and the 97.5 % quantile of those means; the estimate is the mean of the differences.",
    ],
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
    # BEGIN SOLUTION
    difference = a - b
    low, high = np.quantile(difference[indices].mean(axis=1), [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)
    # END SOLUTION


@exercise(
    points=3,
    minutes=10,
    hints=[
        "A test user gives nothing to training: neither the query ratings nor the support.",
        "Count, for each rating, how many ratings of the same user stand above it. That is its place, from 0.",
        "train = user is no test user; support = test user and place < k; query = test user and place >= k.",
    ],
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
    # BEGIN SOLUTION
    is_test = np.isin(users, test_users)
    order = np.argsort(users, kind="stable")
    ordered = users[order]
    place = np.empty(len(users), dtype=int)
    place[order] = np.arange(len(users)) - np.searchsorted(ordered, ordered)
    return ~is_test, is_test & (place < k), is_test & (place >= k)
    # END SOLUTION
