"""q07: Design a recommender built on meta-learning, end to end."""

import numpy as np

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=12,
    hints=[
        "Work in scaled features, z = x · scale: the scaled weights then have prior variance 1, and noise² is the ridge.",
        "Solve a K × K system for the residuals r = y − x · prior_mean: (z zᵀ + noise² I) a = r.",
        "The mean moves by scale · (zᵀ a). With no rating at all it stays at prior_mean.",
    ],
)
def ridge_adapt(x: np.ndarray, y: np.ndarray, prior_mean: np.ndarray, scale: np.ndarray, noise: float) -> np.ndarray:
    """Adapt to one user's ratings: the posterior mean of a Bayesian linear regression, by a K × K solve.

    The model: y = x w + e, e ~ N(0, noise²), w ~ N(prior_mean, diag(scale²)).
    x: (K, D) features of the rated items.
    y: (K,) ratings minus item biases, in stars; the prior mean is not subtracted yet.
    prior_mean: (D,). scale: (D,) prior standard deviations, above 0. noise: above 0, in stars.
    Returns w, (D,):  prior_mean + S xᵀ (x S xᵀ + noise² I)⁻¹ (y − x prior_mean), with S = diag(scale²).
    K may be 0. A D × D solve gives the same numbers, and passes too.

    >>> ridge_adapt(np.array([[1.0]]), np.array([6.0]), np.array([1.0]), np.array([2.0]), noise=1.0)    # 4/5 from 1 to 6
    array([5.])
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
        "Two steps: the user's weights from the rated items (ridge_adapt), then one matrix product for all items.",
        "Do not show what the user has rated: its score must not win, so −∞ before sorting, and out before the cut.",
        'Sort by falling score; np.argsort(-scores, kind="stable") keeps the lower position first among ties.',
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
    scores (k,). Of equal scores the lower position comes first. Fewer than k if there are not so many.

    >>> serve(np.array([[1.0], [1.0], [-1.0]]), np.array([3.0, 3.0, 3.5]), np.array([0]), np.array([5.0]),
    ...       np.zeros(1), np.ones(1), 1.0, k=2)    # 5 - 3 = 2, so w = 1; item 0 is rated
    (array([1, 2]), array([4. , 2.5]))
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
        "Turn the roles round: the item is the task, and the vectors of its first raters are the features.",
        "Before any rating the item's vector is what its features say: features @ projection.",
        "That guess is the prior mean of ridge_adapt, the raters' vectors are x, their residual ratings are y.",
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
    features: (F,) of the item, such as genres. projection: (F, D), learned on old items: vector ≈ features @ projection.
    raters: (N, D) the user vectors of the first N raters; N may be 0. ratings: (N,) with all biases subtracted, the
    guess not yet, in stars: rating = rater · vector + e, e ~ N(0, noise²).
    scale: (D,) how far an item's vector strays from the guess (standard deviation). noise: in stars.
    Returns the posterior mean of the item's vector, (D,).

    >>> meta_embedding_init(np.array([1.0]), np.array([[2.0]]), np.array([[1.0]]), np.array([4.0]), np.array([1.0]), 1.0)
    array([3.])
    """
    # BEGIN SOLUTION
    return ridge_adapt(raters, ratings, features @ projection, scale, noise)
    # END SOLUTION
