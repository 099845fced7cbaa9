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
    K may be 0. A D × D solve gives the same numbers, and passes too.

    >>> ridge_adapt(np.array([[1.0]]), np.array([6.0]), np.array([1.0]), np.array([2.0]), noise=1.0)    # 4/5 from 1 to 6
    array([5.])
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
    scores (k,). Of equal scores the lower position comes first. Fewer than k if there are not so many.

    >>> serve(np.array([[1.0], [1.0], [-1.0]]), np.array([3.0, 3.0, 3.5]), np.array([0]), np.array([5.0]),
    ...       np.zeros(1), np.ones(1), 1.0, k=2)    # 5 - 3 = 2, so w = 1; item 0 is rated
    (array([1, 2]), array([4. , 2.5]))
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
    features: (F,) of the item, such as genres. projection: (F, D), learned on old items: vector ≈ features @ projection.
    raters: (N, D) the user vectors of the first N raters; N may be 0. ratings: (N,) with all biases subtracted, the
    guess not yet, in stars: rating = rater · vector + e, e ~ N(0, noise²).
    scale: (D,) how far an item's vector strays from the guess (standard deviation). noise: in stars.
    Returns the posterior mean of the item's vector, (D,).

    >>> meta_embedding_init(np.array([1.0]), np.array([[2.0]]), np.array([[1.0]]), np.array([4.0]), np.array([1.0]), 1.0)
    array([3.])
    """
    raise NotImplementedError(
        "Write meta_embedding_init: give a new item a vector: a guess from its features, corrected by its first "
        "ratings in closed form."
    )
