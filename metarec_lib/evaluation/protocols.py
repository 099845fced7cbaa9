"""Protocols on tasks: adapt to each user's support, score the query, one value a user and metric.

Shapes: B users, K support ratings, Q query ratings. What is liked and what it gains is said by the query: nothing here
knows the scale of the ratings.
"""

from __future__ import annotations

import re
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import CELLS, PaddedRatings, TaskBatch, length_batches
from metarec_lib.evaluation import metrics as m


class Adaptable(Protocol):
    """What a model must offer to be judged on tasks."""

    def adapt(self, support: PaddedRatings) -> object: ...

    def score(self, state: object, query: PaddedRatings) -> Tensor: ...


class Memory(Protocol):
    """What is known of users, by id: `metarec_lib.models.history.History`."""

    def counts(self, user_ids: object) -> np.ndarray: ...

    def padded(self, user_ids: object, device: object, dtype: object) -> PaddedRatings: ...


class Fitted(Adaptable, Protocol):
    """A fitted recommender: the tables it was fitted on, and what it remembers of its users."""

    tables_: Interactions
    history_: Memory
    device: str | None
    dtype: str | None


def evaluate_tasks(
    model: Adaptable,
    tasks: TaskBatch,
    metrics: tuple[str, ...] = ("rmse", "mae", "auc", "ndcg@5"),
    user_ids: object = None,
    clip: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Adapt to each user's support, score the query, and return one row a user, one column a metric.

    metrics: rmse, mae, auc, ndcg@k, hr@k, mrr. Ranking is inside the user's query items, by the likes and gains that the
    query carries. Where a metric is undefined for a user (`UNDEFINED` says why) the value is NaN; where one class alone
    occurs in the queries of all users, as in clicks, ranking inside them raises ValueError. The table is indexed by
    `user_ids` (B,), or by position in the user table. clip: rmse and mae of scores cut off at (lowest, highest); ranking
    is always of raw scores, and without `clip` errors are too.
    """
    if bad := [name for name in metrics if one_class(name, tasks.query)]:
        raise ValueError(
            f"evaluate_tasks: {', '.join(bad)} mean nothing: all ratings to be ranked are of one class, so that every "
            "order is as good. Usual cause: clicks, or too few ratings; rank all items with evaluate_ranking instead"
        )
    scores = score_tasks(model, tasks)
    columns = {name: task_metric(name, scores, tasks.query, clip).cpu().numpy() for name in metrics}
    index = tasks.users.cpu().numpy() if user_ids is None else pd.Index(user_ids)
    return pd.DataFrame(columns, index=pd.Index(index, name="user"))


def score_tasks(model: Adaptable, tasks: TaskBatch, cells: int = CELLS) -> Tensor:
    """Scores of the query items, (B, Q), after adapting on the support, in batches of users with similarly many ratings."""
    scores = torch.zeros_like(tasks.query.values)
    counts = (part.counts.cpu().numpy() for part in (tasks.support, tasks.query))
    with torch.no_grad():
        for rows in length_batches(*counts, cells):
            at = torch.as_tensor(rows, device=scores.device)
            some = tasks.select(at)
            query = some.query.trim()
            scores[at, : query.items.shape[1]] = model.score(model.adapt(some.support.trim()), query).to(scores.dtype)
    return scores


def item_codes(model: Fitted, data: Interactions) -> np.ndarray:
    """Positions in the model's item table of each rating's item, (n,); -1 for an item that it does not hold."""
    shared = data.items is model.tables_.items
    return data.item_codes if shared else model.tables_.item_index(data.ratings["item_id"])


# -- metrics by name --------------------------------------------------------------------------------------------------
UNDEFINED = {
    "rmse": "no rating to judge", "mae": "no rating to judge", "auc": "only one class, all liked or none",
    "ndcg": "no item with a gain", "hr": "no liked item", "mrr": "no liked item",
}  # fmt: skip


def parse_metric(name: str) -> tuple[str, int | None]:
    """`"ndcg@10"` as ("ndcg", 10). Raises ValueError for names other than rmse, mae, auc, mrr, ndcg@k and hr@k."""
    match = re.fullmatch(r"(rmse|mae|auc|mrr)|(ndcg|hr)(?:@([1-9]\d*))?", str(name))
    if not match:
        raise ValueError(f"metric: got {name!r}, expected rmse, mae, auc, mrr, ndcg@k or hr@k (such as ndcg@10)")
    return match[1] or match[2], int(match[3]) if match[3] else None


def task_metric(name: str, scores: Tensor, query: PaddedRatings, clip: tuple[float, float] | None = None) -> Tensor:
    """One metric of each user's query, (B,); scores (B, Q). clip: see `evaluate_tasks`.

    Raises ValueError for a name that is no metric, and where the query does not say what was liked or gained.
    """
    kind, k = parse_metric(name)
    if kind in ("rmse", "mae"):
        scores = scores if clip is None else scores.clamp(*clip)
        return getattr(m, kind)(scores, query.values, query.mask)
    if kind == "ndcg":
        return m.ndcg(scores, _said(query, "gains", name), query.mask, k)
    liked = _said(query, "liked", name)
    if kind == "hr":
        return m.hit_rate(scores, liked, query.mask, k or 10)
    return getattr(m, kind)(scores, liked, query.mask)


def one_class(name: str, query: PaddedRatings) -> bool:
    """Whether a ranking metric sees no difference between any two ratings of several users: no order is better."""
    kind, _ = parse_metric(name)
    if kind in ("rmse", "mae") or not bool((query.counts > 0).sum() > 1):
        return False
    of_all = _said(query, "gains" if kind == "ndcg" else "liked", name)[query.mask]
    return bool((of_all == of_all[0]).all())


def _said(query: PaddedRatings, column: str, metric: str) -> Tensor:
    known = getattr(query, column)
    if known is None:
        raise ValueError(
            f"{metric}: got a query without `{column}`, expected PaddedRatings that carry them. Usual cause: a query made "
            f"by hand; make_tasks fills them in, pad_ratings and PaddedRatings take {column}=..."
        )
    return known
