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
from metarec_lib.data.ids import listed
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, length_batches
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
        ids = pd.Index(listed(items))
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
        """The k best items for one user: rank, item_id, title, score; items already rated are left out.

        user_id: one id, or many; then each user's lines stand together, in the order asked, with a column user_id in front.
        """
        self._check_fitted()
        k = whole_number("recommend: k", k)
        if np.ndim(user_id) == 0:
            return self._best([user_id], k, exclude_seen).drop(columns=["user", "user_id"])
        ids = listed(user_id)
        if not len(ids):
            return self._best([""], k, exclude_seen).iloc[:0].drop(columns="user")
        batches = length_batches(self.history_.counts(ids), np.full(len(ids), self.tables_.n_items))
        parts = [(rows, self._best(ids.iloc[rows].tolist(), k, exclude_seen)) for rows in batches]
        place = np.concatenate([rows[part.pop("user").to_numpy()] for rows, part in parts])
        return pd.concat([part for _, part in parts]).iloc[np.argsort(place, kind="stable")].reset_index(drop=True)

    def _best(self, ids: list, k: int, exclude_seen: bool) -> pd.DataFrame:
        """The k best items of each of these users: user (which of them), user_id, rank, item_id, title, score."""
        support = self.ratings_of(ids)
        with torch.no_grad():
            scores = self.score_all(self.adapt(support), support.users).cpu().numpy().copy()
        if exclude_seen:
            user, at = support.mask.cpu().nonzero(as_tuple=True)
            scores[user.numpy(), support.items.cpu()[user, at].numpy()] = -np.inf
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        user, rank = np.nonzero(np.take_along_axis(scores, best, axis=1) > -np.inf)
        item = best[user, rank]
        table = self.tables_.items.iloc[item][["item_id", "title"]].reset_index(drop=True)
        table.insert(0, "rank", rank + 1)
        table.insert(0, "user_id", pd.Series([ids[u] for u in user], dtype=None if len(user) else object))
        return table.assign(score=scores[user, item], user=user)

    def update(self, user_id: object, item_id: object, rating: object) -> Self:
        """One more rating of one user, known or new, at once; shared parameters stay. A second one replaces the first.

        It must lie within the scale of the training data, unless that was read off them (`Interactions.inferred`).
        """
        self._check_fitted()
        low, high = self.tables_.scale
        try:
            stars = float(rating)  # a numeric string passes: that is what input() gives
        except (TypeError, ValueError) as error:
            raise ValueError(f"update: got rating {rating!r}, expected a number from {low:g} to {high:g}") from error
        bound = not self.tables_.inferred and not low <= stars <= high
        if bound or not np.isfinite(stars):
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

        metric: accuracy (like = rating of `like` or more, 4 of 1 to 5; predicted like = score above the threshold that `fit`
        set), rmse, mae, auc (mean over users with both classes), ndcg@k, hr@k and mrr (all items the user has not rated in
        training are ranked, relevant = liked in the test, mean over users with a relevant item). Ratings that bring no scale
        of their own are judged by that of the training data.
        average: for rmse, mae and accuracy `rows` pools all ratings, `user` is the mean over users.
        head: of a multi-task model, judged on the column of the ratings that has its name (auc, ndcg@k, hr@k, mrr).
        """
        self._check_fitted()
        return evaluate_model(self, as_interactions(X, y, self.tables_), metric, average, head)

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
