"""Judging rated pairs of user and item: their scores, the metrics that need no ranking, and the like-threshold.

Shapes: n rated pairs, B users, Q ratings of one user.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import CELLS, length_batches, pad_ratings, pad_rows
from metarec_lib.device import resolve_device, resolve_dtype
from metarec_lib.evaluation import metrics as m
from metarec_lib.evaluation.protocols import Fitted, Memory, item_codes, task_metric


def score_pairs(model: Fitted, data: Interactions, history: Memory | None = None, cells: int = CELLS) -> Tensor:
    """Scores of each rating's item for its user, (n,), aligned with the rows of `data`; on the CPU.

    A user's state is solved from what `history` knows of the user: what the model remembers, where None. Users of similar
    length go together, so that memory grows with the ratings, never with the users times the longest of them.
    """
    history = model.history_ if history is None else history
    users, owner = np.unique(data.user_codes, return_inverse=True)
    ids, items = data.users["user_id"].to_numpy()[users], item_codes(model, data)
    scores = torch.zeros(len(data), dtype=resolve_dtype(model.dtype, resolve_device(model.device)))
    with torch.no_grad():
        for some, rows, slot in user_batches(owner, history.counts(ids), cells):
            support = history.padded(ids[some], model.device, model.dtype)
            known = support.users.cpu().numpy()
            query = pad_ratings(slot, items[rows], data.values[rows], known, model.device, model.dtype)
            found = model.score(model.adapt(support), query)
            scores[torch.as_tensor(rows)] = found[query.mask].to(scores.device, scores.dtype)
    return scores


def user_batches(
    owner: np.ndarray, support: np.ndarray, cells: int = CELLS
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Batches of users of similar length: (users (b,), their rows (r,), which of the b each row belongs to (r,)).

    owner: (n,) which of the B users a row belongs to. support: (B,) how many ratings each is adapted on. Rows come user
    after user, as `pad_ratings` lays them out, each user's in the order given.
    """
    counts = np.bincount(owner, minlength=len(support))
    order = np.argsort(owner, kind="stable")
    starts = np.cumsum(counts) - counts
    for some in length_batches(support, counts, cells):
        slot = np.repeat(np.arange(len(some)), counts[some])
        first = np.cumsum(counts[some]) - counts[some]
        yield some, order[np.arange(len(slot)) + np.repeat(starts[some] - first, counts[some])], slot


def evaluate_pairs(
    metric: str, scores: Tensor, data: Interactions, threshold: float = np.nan, average: str = "rows"
) -> float:
    """accuracy, auc, rmse or mae of the scores (n,) of the ratings in `data`; NaN where the metric is undefined.

    accuracy: share of pairs for which "score above the threshold" says rightly whether they are liked. average: `rows`
    pools all pairs, `user` is the mean over users; auc is always the mean over users with both classes.
    """
    if metric == "accuracy":
        wrong = (scores.numpy() > threshold) != data.liked
        return 1 - _mean(wrong, data.user_codes, average)
    if metric == "auc" or average == "user":
        return float(metric_by_user(metric, scores, data).nanmean())
    return float(getattr(m, metric)(scores, torch.tensor(data.values)))  # all pairs as those of one user


def metric_by_user(metric: str, scores: Tensor, data: Interactions) -> Tensor:
    """One metric of each user who occurs in `data`, (B,), by position in the user table; scores: (n,) of its rows."""
    users, owner = np.unique(data.user_codes, return_inverse=True)
    values = torch.full((len(users),), torch.nan, dtype=scores.dtype)
    for some, rows, slot in user_batches(owner, np.zeros(len(users), dtype=np.int64)):
        query = pad_rows(data, rows, slot, users[some], "cpu", scores.dtype)
        padded = torch.zeros_like(query.values)
        padded[query.mask] = scores[torch.as_tensor(rows)]
        values[torch.as_tensor(some)] = task_metric(metric, padded, query)
    return values


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


def _mean(values: np.ndarray, owner: np.ndarray, average: str) -> float:
    """The mean over rows, or over users of each user's mean."""
    if average == "rows":
        return float(values.mean())
    counts = np.bincount(owner)
    return float((np.bincount(owner, values) / counts.clip(min=1))[counts > 0].mean())
