"""What a fitted recommender does: predict, recommend, update, evaluate, save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch
from sklearn.exceptions import NotFittedError
from torch import Tensor

from metarec_lib.data.features import as_interactions
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.evaluation.evaluate import evaluate_model
from metarec_lib.models.arguments import clean_user_id, whole_number
from metarec_lib.models.history import History
from metarec_lib.models.packing import save_model


class Serving:
    """The half of `Recommender` that its users see; everything rests on its `adapt` and `score`."""

    tables_: Interactions  # the user and item tables that the model was fitted on
    history_: History  # the ratings that it knows

    def predict(self, user_id: object, items: object, return_std: bool = False) -> pd.Series | pd.DataFrame:
        """Scores of these items for one user, indexed by item id, in the order asked.

        items: one id or many. An unknown user gets the prior, an unknown item what its features or the mean say. With
        return_std: a DataFrame with the columns score and std (of a new rating, in stars).
        """
        self._check_fitted()
        ids = pd.Index(np.atleast_1d(np.asarray(items)).ravel())
        codes = torch.as_tensor(self.tables_.item_index(ids)).unsqueeze(0)
        support = self.ratings_of([user_id])
        query = query_of(support.users, codes.to(support.users.device), support.values.dtype)
        known = bool((codes >= 0).all())
        index = pd.Index(self.tables_.items["item_id"].to_numpy()[codes[0].numpy()] if known else ids, name="item_id")
        with torch.no_grad():
            state = self.adapt(support)
            scores = self.score(state, query)[0].cpu().numpy()
            if not return_std:
                return pd.Series(scores, index=index, name="score")
            std = self.score_std(state, query)[0].cpu().numpy()
        return pd.DataFrame({"score": scores, "std": std}, index=index)

    def recommend(self, user_id: object, k: int = 10, exclude_seen: bool = True) -> pd.DataFrame:
        """The k best items for one user: rank, item_id, title, score; items already rated are left out."""
        self._check_fitted()
        k = whole_number("recommend: k", k)
        support = self.ratings_of([user_id])
        with torch.no_grad():
            scores = self.score_all(self.adapt(support), support.users)[0].cpu().numpy().copy()
        if exclude_seen:
            scores[self.history_.items_of(user_id)] = -np.inf
        best = np.argsort(-scores, kind="stable")[:k]
        best = best[scores[best] > -np.inf]
        table = self.tables_.items.iloc[best][["item_id", "title"]].reset_index(drop=True)
        table.insert(0, "rank", np.arange(1, len(best) + 1))
        return table.assign(score=scores[best])

    def update(self, user_id: object, item_id: object, rating: object) -> Self:
        """One more rating of one user, known or new, at once; shared parameters stay. A second one replaces the first."""
        self._check_fitted()
        low, high = self.tables_.scale
        try:
            stars = float(rating)  # a numeric string passes: that is what input() gives
        except (TypeError, ValueError) as error:
            raise ValueError(f"update: got rating {rating!r}, expected a number from {low:g} to {high:g}") from error
        if not low <= stars <= high:
            raise ValueError(f"update: got rating {stars:g}, expected {low:g} to {high:g}")
        item = int(self.tables_.item_index([item_id])[0])
        if item < 0:
            raise ValueError(f"update: got item {item_id!r}, expected an id of the item table; see generate_items(X)")
        self.history_.put(clean_user_id(user_id, self.history_), item, stars)
        return self

    def evaluate(
        self,
        X: Interactions | pd.DataFrame,
        y: pd.Series | None = None,
        metric: str = "accuracy",
        average: str = "rows",
        head: str | None = None,
    ) -> float:
        """One number for how well the model does on held-out ratings.

        metric: accuracy (like = rating of 4 or more; predicted like = score above the threshold that `fit` set), rmse, mae,
        auc (mean over users with both classes), ndcg@k, hr@k and mrr (all items the user has not rated in training are
        ranked, relevant = test rating of 4 or more, mean over users with a relevant item).
        average: for rmse, mae and accuracy `rows` pools all ratings, `user` is the mean over users.
        head: of a multi-task model, judged on the column of the ratings that has its name (auc, ndcg@k, hr@k, mrr).
        """
        self._check_fitted()
        return evaluate_model(self, as_interactions(X, y), metric, average, head)

    # -- save -----------------------------------------------------------------------------------------------------
    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file of arrays and JSON; it holds no pickled code."""
        self._check_fitted()
        _ = self.threshold_  # found now: the ratings that it is found on are not saved twice
        save_model(self, Path(path))

    # -- plumbing -------------------------------------------------------------------------------------------------
    def ratings_of(self, user_ids: object) -> PaddedRatings:
        """The ratings that the model knows of these users, (B, N); none of an unknown user."""
        self._check_fitted()
        return self.history_.padded(user_ids, self.device, self.dtype)

    def _check_fitted(self) -> None:
        if not hasattr(self, "history_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted yet; call fit(X, y) first")


def scorer(metric: str = "accuracy", average: str = "rows") -> Callable[[Serving, object, object], float]:
    """`evaluate` as scikit-learn's searches want it: a function of (model, X, y), where more is better.

    `GridSearchCV(model, grid, scoring=scorer("rmse"), cv=GroupKFold(5)).fit(X, y, groups=X["user_id"])`
    """
    sign = -1.0 if metric in ("rmse", "mae") else 1.0

    def score(model: Serving, X: object, y: object = None) -> float:
        return sign * model.evaluate(X, y, metric=metric, average=average)

    return score


def query_of(users: Tensor, items: Tensor, dtype: torch.dtype) -> PaddedRatings:
    """Items (B, Q) to be scored for these users, (B,), without any rating."""
    nothing = torch.zeros(items.shape, dtype=dtype, device=items.device)
    return PaddedRatings(users, items, nothing, torch.ones_like(items, dtype=torch.bool))


def users_in(state: object) -> int:
    """Of how many users a state is."""
    if isinstance(state, (Tensor, PaddedRatings)):
        return len(state)
    if is_dataclass(state):
        state = [getattr(state, field.name) for field in fields(state)]
    return users_in(next(iter(state.values() if isinstance(state, dict) else state)))
