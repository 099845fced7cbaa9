"""Judging scores of rated pairs: the metrics of `Recommender.evaluate` that need no ranking, and the like-threshold.

Shapes: B users, Q query ratings.
"""

from __future__ import annotations

import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.evaluation import metrics as m
from metarec_lib.evaluation.protocols import LIKE


def evaluate_pairs(kind: str, scores: Tensor, query: PaddedRatings, threshold: float, average: str) -> float:
    """accuracy, auc, rmse or mae of scores (B, Q) of rated items; `Recommender.evaluate` says what they mean."""
    liked = (query.values >= LIKE).to(scores.dtype)
    if kind == "auc":
        return float(m.auc(scores, liked, query.mask).nanmean())
    if kind == "accuracy":
        hit = ((scores > threshold) == (liked > 0)).to(scores.dtype)
        return 1 - _average(m.mae(hit, torch.ones_like(hit), query.mask), query.counts, average)
    if kind == "mae":
        return _average(m.mae(scores, query.values, query.mask), query.counts, average)
    per_user = m.rmse(scores, query.values, query.mask)
    return float(_average(per_user**2, query.counts, "rows") ** 0.5) if average == "rows" else float(per_user.nanmean())


def best_threshold(scores: Tensor, liked: Tensor) -> float:
    """The cut that makes most of the (n,) scores right, where a score above it predicts a like; midway between two."""
    ordered, index = torch.sort(scores)
    labels = liked[index].to(torch.int64)
    right = (
        labels.sum() - 2 * labels.cumsum(0) + torch.arange(1, len(labels) + 1, device=labels.device)
    )  # with the cut above each
    last_of_tie = torch.ones_like(labels, dtype=torch.bool)
    last_of_tie[:-1] = ordered[1:] != ordered[:-1]
    at = int(torch.where(last_of_tie, right, -1).argmax())
    if int(labels.sum()) > int(right[at]):  # calling everything a like is best
        return float(torch.nextafter(ordered[0], torch.full_like(ordered[0], -torch.inf)))
    return float(ordered[at] if at + 1 == len(ordered) else (ordered[at] + ordered[at + 1]) / 2)


def _average(per_user: Tensor, counts: Tensor, average: str) -> float:
    weights = (counts > 0).to(per_user.dtype) if average == "user" else counts.to(per_user.dtype)
    return float((per_user.nan_to_num() * weights).sum() / weights.sum())
