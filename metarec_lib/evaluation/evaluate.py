"""One number for how well a fitted model does: what `Recommender.evaluate` returns."""

from __future__ import annotations

import warnings

import numpy as np

from metarec_lib.data.interactions import Interactions
from metarec_lib.evaluation.pairs import evaluate_pairs, score_pairs
from metarec_lib.evaluation.protocols import Fitted, parse_metric
from metarec_lib.evaluation.ranking import evaluate_ranking, said_of


class UnknownItemsWarning(UserWarning):
    """Liked items that the model does not know count as not found."""


def evaluate_model(model: Fitted, data: Interactions, metric: str = "accuracy", average: str = "rows") -> float:
    """accuracy, rmse, mae, auc, ndcg@k, hr@k or mrr of a fitted recommender on held-out ratings.

    `Recommender.evaluate` says what they mean. Raises ValueError for other metrics and averages, for no ratings, for rmse
    and mae of scores that are no ratings, and where the metric is undefined, with the cause.
    """
    if not len(data):
        raise ValueError("evaluate: got no ratings, expected at least one")
    if average not in ("rows", "user"):
        raise ValueError(f"evaluate: got average {average!r}, expected 'rows' or 'user'")
    kind = "accuracy" if metric == "accuracy" else parse_metric(metric)[0]
    if kind in ("rmse", "mae") and not model.scores_are_ratings:
        raise ValueError(
            f"evaluate: {type(model).__name__} scores are no ratings, so {metric} means nothing; use auc or ndcg@10"
        )
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
        raise ValueError(f"evaluate: {metric} is undefined: only one class occurs, {cause}; use rmse, or more ratings")


def _no_like(data: Interactions) -> str:
    return f"no rating here is a like ({data.like:g} or more)"
