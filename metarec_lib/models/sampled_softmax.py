"""A softmax over very many items from a few of them, drawn at random and paid for.

Shapes: N examples, n sampled negatives, I items.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid

CORRECTIONS = ("none", "logq", "importance")


def sampled_softmax(
    positive: Tensor,
    negative: Tensor,
    log_q_positive: Tensor,
    log_q_negative: Tensor,
    same: Tensor | None = None,
    correction: str = "importance",
) -> Tensor:
    """Mean of -log of the positive's share, with the sum over all items estimated from the sampled ones.

    positive: (N,) scores s+. negative: (N, n) scores s_j of items drawn with chance q_j, with replacement. log_q_positive
    (N,), log_q_negative (n,) or (N, n): log q. same: (N, n) bool, True where a sampled item is the positive; it is left out.

    - "none": Z = exp(s+) + sum_j exp(s_j). What is drawn often is pushed down often: scores tend to s - log q.
    - "logq": every score less its log q, the positive's too (Yi et al. 2019, RecSys, for in-batch negatives).
    - "importance": Z = exp(s+) + 1/n sum_j exp(s_j) / q_j. The positive is always there, so it is not weighed, and Z is
      unbiased for the full sum (Bengio & Senecal 2003, AISTATS; log Z is not). Khrylchenko et al. 2025, RecSys, show what
      the second one misses.
    """
    if correction not in CORRECTIONS:
        raise ValueError(f"sampled_softmax: got correction={correction!r}, expected one of {', '.join(CORRECTIONS)}")
    if negative.ndim != 2 or len(negative) != len(positive) or not negative.shape[1]:
        raise ValueError(
            f"sampled_softmax: got positive {tuple(positive.shape)} and negative {tuple(negative.shape)}, expected (N,) and "
            "(N, n) with n of 1 or more"
        )
    if correction == "logq":
        positive, negative = positive - log_q_positive, negative - log_q_negative
    if correction == "importance":
        negative = negative - log_q_negative - math.log(negative.shape[1])
    if same is not None:
        negative = negative.masked_fill(same, -torch.inf)
    logits = torch.cat([positive.unsqueeze(1), negative], dim=1)
    return cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))


def gbce(
    positive: Tensor, negative: Tensor, n_items: int, calibration: float = 0.75, same: Tensor | None = None
) -> Tensor:
    """Generalised binary cross-entropy: -(log sigmoid(s+)^beta + sum_j log(1 - sigmoid(s_j))) / (n + 1).

    beta = a (t (1 - 1/a) + 1/a) with a = n / (I - 1), the share of negatives that is drawn, and t = calibration: 0 gives
    beta = 1, plain binary cross-entropy; 1 gives beta = a (Petrov & Macdonald 2023, RecSys).
    positive (N,), negative (N, n), same (N, n) bool.
    """
    n = negative.shape[1]
    share = min(1.0, n / max(1, n_items - 1))
    beta = share * (calibration * (1 - 1 / share) + 1 / share)
    wrong = logsigmoid(-negative)
    if same is not None:
        wrong = wrong.masked_fill(same, 0.0)
    return -((beta * logsigmoid(positive) + wrong.sum(1)) / (n + 1)).mean()


def popularity(item_codes: np.ndarray, n_items: int, power: float = 1.0) -> np.ndarray:
    """Chances (I,) by which negatives are drawn: (count + 1)^power, so that every item has one; power 0 is uniform."""
    weight = (np.bincount(item_codes, minlength=n_items) + 1.0) ** power
    return weight / weight.sum()
