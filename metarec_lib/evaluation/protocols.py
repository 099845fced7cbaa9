"""Protocols: which ratings a model may see, and how its scores become a value a user."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.evaluation import metrics as m

LIKE = 4.0  # a rating from here up counts as "liked"
CELLS = 4_000_000  # numbers that one chunk of users may take: keeps memory flat as users grow


class Adaptable(Protocol):
    """What a model must offer to be judged on tasks."""

    def adapt(self, support: PaddedRatings) -> object: ...

    def score(self, state: object, query: PaddedRatings) -> Tensor: ...


def evaluate_tasks(
    model: Adaptable,
    tasks: TaskBatch,
    metrics: tuple[str, ...] = ("rmse", "mae", "auc", "ndcg@5"),
    user_ids: object = None,
) -> pd.DataFrame:
    """Adapt to each user's support, score the query, and return one row a user, one column a metric.

    metrics: rmse, mae, auc, ndcg@k, hr@k, mrr. Ranking is inside the user's query items; a like is a rating of 4 or more,
    the gain of ndcg is 2^r - 1. Where a metric is undefined for a user the value is NaN. The table is indexed by
    `user_ids` (B,), or by position in the user table.
    """
    scores = score_tasks(model, tasks)
    query = tasks.query
    columns = {name: task_metric(name, scores, query).cpu().numpy() for name in metrics}
    index = query.users.cpu().numpy() if user_ids is None else pd.Index(user_ids)
    return pd.DataFrame(columns, index=pd.Index(index, name="user"))


def score_tasks(model: Adaptable, tasks: TaskBatch) -> Tensor:
    """Scores of the query items, (B, Q), after adapting on the support; users with most ratings first, in chunks."""
    order = torch.argsort(tasks.support.counts, descending=True, stable=True)
    scores, start = [], 0
    with torch.no_grad():
        while start < len(tasks):
            width = max(1, int(tasks.support.counts[order[start]])) * max(1, tasks.query.items.shape[1])
            chunk = tasks.select(order[start : start + max(1, CELLS // width)])
            scores.append(model.score(model.adapt(chunk.support.trim()), chunk.query))
            start += len(chunk)
    return torch.cat(scores)[torch.argsort(order)] if scores else torch.zeros_like(tasks.query.values)


def task_metric(name: str, scores: Tensor, query: PaddedRatings) -> Tensor:
    """One metric of each user's query, (B,). Raises ValueError for a name that is no metric."""
    kind, k = parse_metric(name)
    liked = (query.values >= LIKE).to(scores.dtype)
    if kind in ("rmse", "mae"):
        return getattr(m, kind)(scores, query.values, query.mask)
    if kind == "ndcg":
        return m.ndcg(scores, 2**query.values - 1, query.mask, k)
    if kind == "hr":
        return m.hit_rate(scores, liked, query.mask, k or 10)
    return getattr(m, kind)(scores, liked, query.mask)


def evaluate_ranking(
    model: object,
    test: Interactions,
    metrics: tuple[str, ...] = ("ndcg@10",),
    negatives: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank items for each user who has a liked item in `test`: one row a user (indexed by id), one column a metric.

    model: a fitted recommender. Candidates are all items that the user has not rated in training; with `negatives`, only the
    liked ones and so many others drawn at random (the sampled protocol, which q06 warns of). Relevant = test rating of 4 or
    more, gain 0 or 1. metrics: ndcg@k, hr@k, mrr.
    """
    bad = [name for name in metrics if parse_metric(name)[0] not in ("ndcg", "hr", "mrr")]
    if bad:
        raise ValueError(f"evaluate_ranking: got metrics {bad}, expected ndcg@k, hr@k or mrr; the others do not rank")
    rng = np.random.default_rng(seed)
    frames = [_rank_chunk(model, ids, liked, metrics, negatives, rng) for ids, liked in _liked_by_user(model, test)]
    return pd.concat(frames) if frames else pd.DataFrame(columns=list(metrics), dtype=np.float64)


def _liked_by_user(model: object, test: Interactions) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Chunks of (user ids, (B, I) matrix of what they like in `test`)."""
    items = model.tables_.item_index(test.ratings["item_id"])
    rows = (test.values >= LIKE) & (items >= 0)
    users, owner = np.unique(test.ratings["user_id"].to_numpy()[rows], return_inverse=True)
    step = max(1, CELLS // model.tables_.n_items)
    for start in range(0, len(users), step):
        here = (owner >= start) & (owner < start + step)
        liked = np.zeros((len(users[start : start + step]), model.tables_.n_items))
        liked[owner[here] - start, items[rows][here]] = 1
        yield users[start : start + step], liked


def _rank_chunk(
    model: object,
    ids: np.ndarray,
    liked: np.ndarray,
    metrics: tuple[str, ...],
    negatives: int | None,
    rng: np.random.Generator,
) -> pd.DataFrame:
    support = model.ratings_of(ids)
    n_items, place = liked.shape[1], support.items.device
    unseen = torch.ones(len(ids), n_items + 1, dtype=torch.bool, device=place)
    unseen.scatter_(1, torch.where(support.mask, support.items, n_items), False)
    relevant = torch.as_tensor(liked, device=place, dtype=support.values.dtype)
    candidates = unseen[:, :-1]
    if negatives is not None:
        draw = torch.as_tensor(rng.random(liked.shape), device=place).masked_fill(~candidates | (relevant > 0), 2.0)
        chosen = torch.zeros_like(candidates).scatter_(
            1, draw.topk(min(negatives, n_items), largest=False).indices, True
        )
        candidates = candidates & (chosen | (relevant > 0))
    # Candidates to the left, so that a sample costs no more than its size.
    width = int(candidates.sum(1).max())
    items = torch.argsort((~candidates).to(torch.int8), dim=1, stable=True)[:, :width]
    relevant, mask = relevant.gather(1, items), candidates.gather(1, items)
    query = PaddedRatings(support.users, items * mask, torch.zeros_like(relevant), mask)
    scores = score_tasks(model, TaskBatch(support, query))
    columns = {name: _rank_metric(name, scores, relevant, mask).cpu().numpy() for name in metrics}
    return pd.DataFrame(columns, index=pd.Index(ids, name="user"))


def _rank_metric(name: str, scores: Tensor, relevant: Tensor, candidates: Tensor) -> Tensor:
    kind, k = parse_metric(name)
    if kind == "ndcg":
        return m.ndcg(scores, relevant, candidates, k)
    return m.hit_rate(scores, relevant, candidates, k or 10) if kind == "hr" else m.mrr(scores, relevant, candidates)


def parse_metric(name: str) -> tuple[str, int | None]:
    """`"ndcg@10"` as ("ndcg", 10). Raises ValueError for names other than rmse, mae, auc, mrr, ndcg@k and hr@k."""
    match = re.fullmatch(r"(rmse|mae|auc|mrr)|(ndcg|hr)(?:@([1-9]\d*))?", str(name))
    if not match:
        raise ValueError(f"metric: got {name!r}, expected rmse, mae, auc, mrr, ndcg@k or hr@k (such as ndcg@10)")
    return match[1] or match[2], int(match[3]) if match[3] else None
