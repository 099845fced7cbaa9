"""One number for how well a fitted model does: what `Recommender.evaluate` returns."""

from __future__ import annotations

import warnings

import numpy as np
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.evaluation.pairs import evaluate_pairs, score_pairs
from metarec_lib.evaluation.protocols import Fitted, parse_metric
from metarec_lib.evaluation.ranking import evaluate_ranking, said_of


class UnknownItemsWarning(UserWarning):
    """Liked items that the model does not know count as not found."""


def evaluate_model(
    model: Fitted, data: Interactions, metric: str = "accuracy", average: str = "rows", head: str | None = None
) -> float:
    """accuracy, rmse, mae, auc, ndcg@k, hr@k or mrr of a fitted recommender, or of one of its heads, on held-out ratings.

    `Recommender.evaluate` says what they mean. Raises ValueError for other metrics and averages, for no ratings, for rmse
    and mae of scores that are no ratings, and where the metric is undefined, with the cause.
    """
    if not len(data):
        raise ValueError("evaluate: got no ratings, expected at least one")
    if head is not None:
        model, data = Head(model, head), Head.labels(data, head)
    if average not in ("rows", "user"):
        raise ValueError(f"evaluate: got average {average!r}, expected 'rows' or 'user'")
    kind = "accuracy" if metric == "accuracy" else parse_metric(metric)[0]
    if kind in ("rmse", "mae") and not model.scores_are_ratings:
        raise ValueError(f"evaluate: {_name(model)} are no ratings, so {metric} means nothing; use auc or ndcg@10")
    if kind in ("accuracy", "auc"):
        _need_both_classes(metric, data)
    if kind in ("ndcg", "hr", "mrr"):
        return _mean_ranking(model, data, metric)
    threshold = model.threshold_ if kind == "accuracy" else np.nan
    value = evaluate_pairs(kind, score_pairs(model, data), data, threshold, average)
    if np.isnan(value):
        raise ValueError(
            f"evaluate: {metric} is undefined: no user here has both likes and other ratings; use accuracy"
        )
    return value


class Head:
    """One head of a multi-task model, as a model of its own whose scores are judged on a column of 0 and 1."""

    scores_are_ratings = False

    def __init__(self, model: Fitted, head: str) -> None:
        self.model, self.head = model, head
        self.tables_, self.history_, self.device, self.dtype = model.tables_, model.history_, model.device, model.dtype

    def adapt(self, support: PaddedRatings) -> object:
        return self.model.adapt(support)

    def score(self, state: object, query: PaddedRatings) -> Tensor:
        heads = self.model.score_heads(state, query)
        if self.head not in heads:
            raise ValueError(f"evaluate: got head {self.head!r}, expected one of {', '.join(heads)}")
        return heads[self.head]

    @staticmethod
    def labels(data: Interactions, head: str) -> Interactions:
        """The column of the ratings that has the head's name, as ratings from 0 to 1; the rating itself for `rating`."""
        if head == "rating" or head not in data.ratings:
            return data
        rows = data.ratings.assign(rating=data.ratings[head]).drop(columns=[head])
        return Interactions(rows, data.users, data.items, data.name, (0.0, 1.0))


def _name(model: Fitted) -> str:
    """Whose scores these are, for messages."""
    return f"scores of the head {model.head!r}" if isinstance(model, Head) else f"{type(model).__name__} scores"


def _mean_ranking(model: Fitted, data: Interactions, metric: str) -> float:
    table = evaluate_ranking(model, data, (metric,))
    counts = table.attrs["counts"]
    if counts["unknown_items"]:
        warnings.warn(f"evaluate: {metric}: {said_of(counts)}", UnknownItemsWarning, stacklevel=4)
    if not len(table):
        cause = "every liked item was rated in training. Usual cause: the training ratings were given"
        cause = cause if counts["rated_before"] else _no_like(data)
        raise ValueError(f"evaluate: {metric} is undefined: {cause}; give held-out ratings with likes, or use rmse")
    return float(table[metric].mean())


def _need_both_classes(metric: str, data: Interactions) -> None:
    if data.liked.all() or not data.liked.any():
        cause = f"all ratings here are likes ({data.like:g} or more)" if data.liked.all() else _no_like(data)
        instead = "these are clicks, use ndcg@10 or hr@10" if data.implicit else "use rmse, or more ratings"
        raise ValueError(f"evaluate: {metric} is undefined: only one class occurs, {cause}; {instead}")


def _no_like(data: Interactions) -> str:
    return f"no rating here is a like ({data.like:g} or more)"
