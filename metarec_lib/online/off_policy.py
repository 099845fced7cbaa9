"""What another policy would have earned, estimated from what was logged under the present one.

Shapes: N impressions of a log. A propensity is the probability with which a policy shows the item that was shown.
"""

from __future__ import annotations

import numpy as np


def importance_weights(target: np.ndarray, logging: np.ndarray, clip: float | None = None) -> np.ndarray:
    """target / logging, (N,), at most `clip` where it is given.

    target, logging: (N,) propensities of the new and of the logging policy. Raises ValueError where the logging policy could
    not have shown what is in its log.
    """
    target, logging = np.asarray(target, dtype=float), np.asarray(logging, dtype=float)
    if target.shape != logging.shape or not (logging > 0).all() or not (target >= 0).all():
        raise ValueError(
            f"importance_weights: got propensities of shapes {target.shape} and {logging.shape}, the smallest of the log "
            f"{logging.min(initial=1):g}, expected equal shapes, a logging propensity above 0 and no NaN. Usual cause: it "
            "was stored as 0 after rounding, or the log holds items of another policy"
        )
    weights = target / logging
    return weights if clip is None else np.minimum(weights, clip)


def ips(rewards: np.ndarray, weights: np.ndarray) -> float:
    """Inverse propensity scoring (Horvitz & Thompson 1952): the mean of weight * reward; unbiased, of large variance."""
    return float(np.mean(weights * rewards))


def snips(rewards: np.ndarray, weights: np.ndarray) -> float:
    """Self-normalised (Swaminathan & Joachims 2015, NeurIPS): sum of weight * reward over the sum of weights; 0 where all
    weights are 0. Biased a little, never outside the range of the rewards."""
    total = float(np.sum(weights))
    return float(np.sum(weights * rewards)) / total if total > 0 else 0.0


def doubly_robust(rewards: np.ndarray, weights: np.ndarray, predicted: np.ndarray, expected: np.ndarray) -> float:
    """mean(expected + weight * (reward - predicted)) (Dudík, Langford & Li 2011, ICML).

    predicted: (N,) a model's reward of the item shown; expected: (N,) its mean reward under the new policy. Unbiased where
    the propensities are right or the model is.
    """
    return float(np.mean(expected + weights * (rewards - predicted)))


def effective_sample_size(weights: np.ndarray) -> float:
    """(sum w)^2 / sum w^2 (Kish 1965): how many impressions of the new policy the log is worth; 0 for weights of 0."""
    squares = float(np.sum(weights**2))
    return float(np.sum(weights)) ** 2 / squares if squares > 0 else 0.0
