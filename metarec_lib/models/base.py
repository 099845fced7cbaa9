"""The one interface of every recommender: fit, predict, recommend, evaluate, update, save.

A model writes three things: `_learn` (the shared parameters), `adapt` (a user's state from their ratings) and `score`
(the query items, given that state). Fitted values live in attributes that end in an underscore; a user's state is
solved from the user's ratings whenever it is needed, so that `update` and new users need nothing special.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd
import torch
from sklearn.exceptions import NotFittedError
from torch import Tensor

from metarec_lib.data.features import as_interactions
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.device import resolve_device, resolve_dtype
from metarec_lib.evaluation.evaluate import evaluate_model
from metarec_lib.evaluation.pairs import best_threshold, score_pairs
from metarec_lib.models.arguments import clean_user_id, need_same_tables, whole_number
from metarec_lib.models.history import History

HELD_OUT = 0.1  # share of the training ratings that the threshold of `evaluate(metric="accuracy")` is set on


class Recommender(ABC):
    """Base class; see the module's text for what a model must write.

    seed: of every random draw in the model. device, dtype: see `metarec_lib.device`.
    """

    options: ClassVar[frozenset[str]] = frozenset()  # of `fit`: which of its options the model supports
    scores_are_ratings: ClassVar[bool] = True  # False: a score orders items, but is not in stars
    refit_on_all: ClassVar[bool] = True  # learn once more with the held-out ratings, after the threshold is set

    def __init__(self, *, seed: int = 0, device: str | None = None, dtype: str | None = None) -> None:
        self.seed, self.device, self.dtype = seed, device, dtype

    # -- what a model writes --------------------------------------------------------------------------------------
    @abstractmethod
    def _learn(self, data: Interactions, epochs: int | None) -> None:
        """Set the fitted attributes from these ratings."""

    @abstractmethod
    def adapt(self, support: PaddedRatings) -> object:
        """The state of B users from their ratings; an empty support gives the prior."""

    @abstractmethod
    def score(self, state: object, query: PaddedRatings) -> Tensor:
        """Scores of the query items under these states, (B, Q); `query.values` is not looked at."""

    def _score_std(self, state: object, query: PaddedRatings) -> Tensor:
        """Standard deviation of a new rating around its score, (B, Q), in stars."""
        raise ValueError(f"{type(self).__name__} knows no uncertainty; return_std needs a model with a posterior")

    # -- fit ------------------------------------------------------------------------------------------------------
    def fit(
        self,
        X: Interactions | pd.DataFrame,
        y: pd.Series | None = None,
        X_target: Interactions | pd.DataFrame | None = None,
        y_target: pd.Series | None = None,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        validation: object = None,
        personalized_target: bool = False,
        compression_target: bool = False,
    ) -> Self:
        """Learn from ratings, afresh at each call.

        X, y: as `preprocess_data` makes them, or Interactions as X. The other arguments are for models that name them in
        `options`; elsewhere they raise ValueError. Bad input raises ValueError: got / expected / usual cause.
        """
        given = dict(
            X_target=X_target, epochs=epochs, batch_size=batch_size, validation=validation,
            personalized_target=personalized_target or None, compression_target=compression_target or None,
        )  # fmt: skip
        self._check_options({name for name, value in given.items() if value is not None})
        if y_target is not None and X_target is None:
            raise ValueError("fit: got y_target without X_target, expected both or X_target alone")
        epochs = given["epochs"] = None if epochs is None else whole_number("fit: epochs", epochs)
        data = as_interactions(X, y)
        if X_target is not None:
            given["X_target"] = as_interactions(X_target, y_target)
            need_same_tables("fit: X_target", given["X_target"], data)
        for name, part in (("X", data), ("X_target", given["X_target"])):
            if part is not None and not len(part):
                raise ValueError(
                    f"fit: got no ratings in {name}, expected at least one. Usual cause: a filter that left nothing"
                )
        self._forget()
        self._fit(data, **{name: value for name, value in given.items() if value is not None})
        return self

    def _fit(self, data: Interactions, epochs: int | None = None) -> None:
        rest, held = self._hold_out(data)
        self._learn(rest, epochs)
        self._remember(rest)
        self._set_threshold(held)
        if self.refit_on_all and len(held):
            self._learn(data, epochs)
        self._remember(data)

    def _check_options(self, given: set[str]) -> None:
        unknown = sorted(given - self.options)
        if unknown:
            can = ", ".join(sorted(self.options)) or "no option"
            raise ValueError(f"{type(self).__name__}.fit: got {', '.join(unknown)}, but this model supports {can}")

    def _forget(self) -> None:
        for name in [n for n in vars(self) if n.endswith("_") and not n.startswith("__")]:
            delattr(self, name)

    def _remember(self, data: Interactions) -> None:
        self.tables_ = data.subset(np.zeros(0, dtype=np.int64))
        self.history_ = History(data)

    def _hold_out(self, data: Interactions, candidates: np.ndarray | None = None) -> tuple[Interactions, Interactions]:
        """Nine tenths to learn from and one to set the threshold on; nothing is held out of fewer than 20 ratings.

        candidates: (n,) bool, the ratings of which a tenth is held out; all where None.
        """
        rows, held = (
            np.arange(len(data)) if candidates is None else np.flatnonzero(candidates),
            np.zeros(len(data), bool),
        )
        if len(rows) >= 20:
            held[np.random.default_rng(self.seed).permutation(rows)[: int(len(rows) * HELD_OUT)]] = True
        return data.subset(~held), data.subset(held)

    def _set_threshold(self, held: Interactions) -> None:
        """The score that separates likes from the rest best on held-out ratings; halfway to a like where there are none."""
        low, high = held.scale
        if not len(held):
            self.threshold_ = held.like - (high - low) / 8  # 3.5 of 1 to 5
            return
        self.threshold_ = best_threshold(score_pairs(self, held), torch.as_tensor(held.liked))

    # -- use ------------------------------------------------------------------------------------------------------
    def predict(self, user_id: object, items: object, return_std: bool = False) -> pd.Series | pd.DataFrame:
        """Scores of these items for one user, indexed by item id, in the order asked.

        items: one id or many. An unknown user gets the prior, an unknown item what its features or the mean say. With
        return_std: a DataFrame with the columns score and std (of a new rating, in stars).
        """
        self._check_fitted()
        ids = pd.Index(np.atleast_1d(np.asarray(items)).ravel())
        codes = torch.as_tensor(self.tables_.item_index(ids)).unsqueeze(0)
        state, query = self._state_of(user_id), self._query_of(user_id, codes)
        known = bool((codes >= 0).all())
        index = pd.Index(self.tables_.items["item_id"].to_numpy()[codes[0].numpy()] if known else ids, name="item_id")
        with torch.no_grad():
            scores = self.score(state, query)[0].cpu().numpy()
            if not return_std:
                return pd.Series(scores, index=index, name="score")
            std = self._score_std(state, query)[0].cpu().numpy()
        return pd.DataFrame({"score": scores, "std": std}, index=index)

    def recommend(self, user_id: object, k: int = 10, exclude_seen: bool = True) -> pd.DataFrame:
        """The k best items for one user: rank, item_id, title, score; items already rated are left out."""
        self._check_fitted()
        k = whole_number("recommend: k", k)
        codes = torch.arange(self.tables_.n_items).unsqueeze(0)
        with torch.no_grad():
            scores = self.score(self._state_of(user_id), self._query_of(user_id, codes))[0].cpu().numpy().copy()
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
    ) -> float:
        """One number for how well the model does on held-out ratings.

        metric: accuracy (like: see Interactions; predicted like = score above the threshold that `fit` set), rmse, mae,
        auc (mean over users with both classes), ndcg@k, hr@k and mrr (all items the user has not rated in training are
        ranked, relevant = liked in the test, mean over users with a relevant item; see `evaluate_ranking`).
        average: for rmse, mae and accuracy `rows` pools all ratings, `user` is the mean over users.
        """
        self._check_fitted()
        return evaluate_model(self, as_interactions(X, y), metric, average)

    # -- save -----------------------------------------------------------------------------------------------------
    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file of arrays and JSON; it holds no pickled code."""
        from metarec_lib.models.storage import save_model

        self._check_fitted()
        save_model(self, Path(path))

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """The constructor's arguments by name, as in scikit-learn."""
        names = [p for c in type(self).__mro__ if c is not object for p in inspect.signature(c.__init__).parameters]
        return {n: getattr(self, n) for n in dict.fromkeys(names) if n not in ("self", "kwargs", "common", "args")}

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={v!r}" for k, v in self.get_params().items() if v is not None)
        return f"{type(self).__name__}({shown})"

    # -- plumbing -------------------------------------------------------------------------------------------------
    @property
    def _device(self) -> torch.device:
        return resolve_device(self.device)

    @property
    def _dtype(self) -> torch.dtype:
        return resolve_dtype(self.dtype, self._device)

    def _tensor(self, values: object) -> Tensor:
        """Numbers as a tensor of the model's device and floating type."""
        array = values if isinstance(values, Tensor) else np.asarray(values)  # a Python float keeps its 64 bits
        return torch.as_tensor(array).to(device=self._device, dtype=self._dtype)

    def _check_fitted(self) -> None:
        if not hasattr(self, "history_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted yet; call fit(X, y) first")

    def ratings_of(self, user_ids: object) -> PaddedRatings:
        """The ratings that the model knows of these users, (B, N); none of an unknown user."""
        self._check_fitted()
        return self.history_.padded(user_ids, self.device, self.dtype)

    def _state_of(self, user_id: object) -> object:
        with torch.no_grad():
            return self.adapt(self.ratings_of([user_id]))

    def _query_of(self, user_id: object, codes: Tensor) -> PaddedRatings:
        users = torch.as_tensor(self.history_.index([user_id]))
        users = torch.where(users < self.tables_.n_users, users, -1).to(self._device)
        codes = codes.to(self._device)
        return PaddedRatings(
            users,
            codes,
            torch.zeros(codes.shape, dtype=self._dtype, device=codes.device),
            torch.ones_like(codes, dtype=torch.bool),
        )
