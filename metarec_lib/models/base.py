"""The one interface of every recommender: fit, predict, recommend, evaluate, update, save.

A model writes `_learn` (the shared parameters), `adapt` (users' states from their ratings) and `score` (the query items,
given these states); models trained by gradient write a loss instead of `_learn`, see `models.training`. Fitted values live
in attributes that end in an underscore. A user's state is solved from the user's ratings whenever it is needed, so that
`update` and new users need nothing special.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from torch import Tensor

from metarec_lib.data.features import as_interactions
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, TaskBatch, pad_ratings
from metarec_lib.device import resolve_device, resolve_dtype
from metarec_lib.evaluation.pairs import best_threshold, evaluate_pairs
from metarec_lib.evaluation.protocols import LIKE, evaluate_ranking, parse_metric, score_tasks
from metarec_lib.models.arguments import (
    NOT_NEGATIVE,
    as_data,
    check_ranges,
    clean_user_id,
    held_out,
    in_order,
    joined,
    need_ratings,
    whole_number,
)
from metarec_lib.models.history import History
from metarec_lib.models.packing import save_model

settings = dataclass(eq=False, repr=False, kw_only=True)  # a model's settings are the fields of its class, by keyword


@dataclass(frozen=True, eq=False)
class Episode:
    """Users in the middle of a session: what they rated so far, and the state solved from it."""

    support: PaddedRatings
    state: object


@settings
class Recommender(BaseEstimator, ABC):
    """Base class; see the module's text for what a model must write.

    seed: of every random draw in the model. device, dtype: see `metarec_lib.device`.
    """

    seed: int = 0
    device: str | None = None
    dtype: str | None = None

    options: ClassVar[frozenset[str]] = frozenset()  # of `fit`: which of its options the model supports
    ranges: ClassVar[dict[str, object]] = {"seed": NOT_NEGATIVE}  # of the settings; those of base classes hold as well
    scores_are_ratings: ClassVar[bool] = True  # False: a score orders items, but is not on the scale of the ratings
    uses_order: ClassVar[bool] = False  # True: the order of a support's ratings matters; it is that of their times

    # -- what a model writes --------------------------------------------------------------------------------------
    @abstractmethod
    def _learn(self, data: Interactions, **options: object) -> None:
        """Set the fitted attributes from these ratings. options: those of `fit` that were given and are supported; with
        X_target, `data` holds both sets and the option `target`, (n,) bool, says which ratings are the target's."""

    @abstractmethod
    def adapt(self, support: PaddedRatings) -> object:
        """The state of B users from their ratings; an empty support gives the prior."""

    @abstractmethod
    def score(self, state: object, query: PaddedRatings) -> Tensor:
        """Scores of the query items under these states, (B, Q); `query.values` is not looked at."""

    # -- what a model may write -----------------------------------------------------------------------------------
    def score_all(self, state: object, users: Tensor | None = None) -> Tensor:
        """Scores of every item of the table, (B, I). users: (B,) positions of the users, strangers where None."""
        if users is None:
            users = torch.full((_batch_size(state),), -1, device=self._device)
        items = torch.arange(self.tables_.n_items, device=self._device).expand(len(users), -1)
        return self.score(state, _query(users, items, self._dtype))

    def score_std(self, state: object, query: PaddedRatings) -> Tensor:
        """Standard deviation of a new rating around its score, (B, Q), in stars."""
        raise ValueError(f"{type(self).__name__} knows no uncertainty; return_std needs a model with a posterior")

    def score_heads(self, state: object, query: PaddedRatings) -> dict[str, Tensor]:
        """Scores (B, Q) of each task of a multi-task model, by name; `rating` is the one of `score`."""
        return {"rating": self.score(state, query)}

    def begin(self, support: PaddedRatings) -> object:
        """Users at the start of a session; `act` and `advance` take what this returns."""
        return Episode(support, self.adapt(support))

    def act(self, session: Episode, candidates: Tensor, rng: np.random.Generator) -> Tensor:
        """The item to show to each user, (B,) positions, of candidates (B, C): the one that scores best."""
        query = _query(session.support.users, candidates, self._dtype)
        return candidates.gather(1, self.score(session.state, query).argmax(1, keepdim=True)).squeeze(1)

    def advance(self, session: Episode, items: Tensor, values: Tensor) -> object:
        """The session after each user rated one more item: items (B,) positions, values (B,)."""
        return self.begin(session.support.append(items, values))

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
        if y_target is not None and X_target is None:
            raise ValueError("fit: got y_target without X_target, expected both or X_target alone")
        options = self._supported(
            X_target=X_target, epochs=epochs, batch_size=batch_size, validation=validation,
            personalized_target=personalized_target or None, compression_target=compression_target or None,
        )  # fmt: skip
        self._check_ranges()
        for name in {"epochs", "batch_size"} & options.keys():
            options[name] = whole_number(f"fit: {name}", options[name])
        data = as_interactions(X, y)
        need_ratings("fit: X", data)
        if options.pop("X_target", None) is not None:
            target = as_interactions(X_target, y_target)
            need_ratings("fit: X_target", target)
            data, options["target"] = joined(data, target)
        order = in_order(data)
        data, options = data.subset(order), options | {k: options[k][order] for k in ("target",) if k in options}
        if "validation" in options:
            options["validation"] = data.replace_ratings(as_data(validation).ratings)
        self._forget()
        self._learn(data, **options)
        self._remember(data)
        self._learned_from = data, options
        return self

    def _supported(self, **options: object) -> dict[str, object]:
        """The options that were given. Raises ValueError where the model does not support one."""
        given = {name: value for name, value in options.items() if value is not None}
        if unknown := sorted(given.keys() - self.options):
            can = ", ".join(sorted(self.options)) or "no option"
            raise ValueError(f"{type(self).__name__}.fit: got {', '.join(unknown)}, but this model supports {can}")
        return given

    def _check_ranges(self) -> None:
        for cls in type(self).__mro__:
            check_ranges(self, vars(cls).get("ranges", {}))

    def _forget(self) -> None:
        for name in [n for n in vars(self) if n.endswith("_") and not n.startswith("__")]:
            delattr(self, name)

    def _remember(self, data: Interactions) -> None:
        self.tables_ = data.subset(np.zeros(0, dtype=np.int64))
        self.history_ = History(data)

    @cached_property
    def threshold_(self) -> float:
        """The score above which a like is predicted, set on ratings held out of the training data.

        It is found when it is first asked for: a twin learns from nine tenths of the ratings in the same way, and the cut
        is the one that calls most of the other tenth right; half a step below a like where there are too few ratings.
        """
        data, options = self._learned_from
        held = held_out(data, self.seed, options.get("target"))
        rest = options | ({"target": options["target"][~held]} if "target" in options else {})
        twin = clone(self)
        twin._learn(data.subset(~held), **rest)
        twin._remember(data.subset(~held))
        return twin._best_threshold(data.subset(held))

    def _best_threshold(self, held: Interactions) -> float:
        """The score that separates likes from the rest best on these ratings."""
        if not len(held):
            return LIKE - 0.5
        scores, query, _ = self._score_pairs(held)
        return best_threshold(scores[query.mask], query.values[query.mask] >= LIKE)

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
    ) -> float:
        """One number for how well the model does on held-out ratings.

        metric: accuracy (like = rating of 4 or more; predicted like = score above the threshold that `fit` set), rmse, mae,
        auc (mean over users with both classes), ndcg@k, hr@k and mrr (all items the user has not rated in training are
        ranked, relevant = test rating of 4 or more, mean over users with a relevant item).
        average: for rmse, mae and accuracy `rows` pools all ratings, `user` is the mean over users.
        """
        self._check_fitted()
        data = as_interactions(X, y)
        if not len(data):
            raise ValueError("evaluate: got no ratings, expected at least one")
        if average not in ("rows", "user"):
            raise ValueError(f"evaluate: got average {average!r}, expected 'rows' or 'user'")
        kind = "accuracy" if metric == "accuracy" else parse_metric(metric)[0]
        if kind in ("rmse", "mae") and not self.scores_are_ratings:
            raise ValueError(
                f"evaluate: {type(self).__name__} scores are no ratings, so {metric} means nothing; use auc or ndcg@10"
            )
        if kind in ("ndcg", "hr", "mrr"):
            value = float(evaluate_ranking(self, data, (metric,))[metric].mean())
        else:
            scores, query, _ = self._score_pairs(data)
            threshold = self.threshold_ if kind == "accuracy" else np.nan
            value = evaluate_pairs(kind, scores, query, threshold, average)
        if np.isnan(value):
            needed = "rated films both below and from" if kind == "auc" else "a film rated"
            raise ValueError(
                f"evaluate: {metric} is undefined, as no user here has {needed} {LIKE:g} up; use accuracy or rmse"
            )
        return value

    def _score_pairs(self, data: Interactions) -> tuple[Tensor, PaddedRatings, np.ndarray]:
        """Scores of each rating's item for its user: (B, Q) scores, the query they belong to, and the B user ids."""
        users, owner = np.unique(data.ratings["user_id"].to_numpy(), return_inverse=True)
        support = self.ratings_of(users)
        codes = self.tables_.item_index(data.ratings["item_id"])
        known = support.users.cpu().numpy()
        query = pad_ratings(owner, codes, data.values, known, self.device, self.dtype)
        return score_tasks(self, TaskBatch(support, query)), query, users

    # -- save -----------------------------------------------------------------------------------------------------
    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file of arrays and JSON; it holds no pickled code."""
        self._check_fitted()
        assert np.isfinite(self.threshold_)  # found now, as the ratings that it is found on are not saved twice
        save_model(self, Path(path))

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={v!r}" for k, v in self.get_params(deep=False).items() if v is not None)
        return f"{type(self).__name__}({shown})"

    _repr_html_ = None  # a notebook shows one line of text

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, str]:
        return {"text/plain": repr(self)}

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
        return _query(self.ratings_of([user_id]).users, codes.to(self._device), self._dtype)


def scorer(metric: str = "accuracy", average: str = "rows") -> Callable[[Recommender, object, object], float]:
    """`evaluate` as scikit-learn's searches want it: a function of (model, X, y), where more is better.

    `GridSearchCV(model, grid, scoring=scorer("rmse"), cv=GroupKFold(5)).fit(X, y, groups=X["user_id"])`
    """
    sign = -1.0 if metric in ("rmse", "mae") else 1.0

    def score(model: Recommender, X: object, y: object = None) -> float:
        return sign * model.evaluate(X, y, metric=metric, average=average)

    return score


def _query(users: Tensor, items: Tensor, dtype: torch.dtype) -> PaddedRatings:
    """Items (B, Q) to be scored for these users, (B,), without any rating."""
    nothing = torch.zeros(items.shape, dtype=dtype, device=items.device)
    return PaddedRatings(users, items, nothing, torch.ones_like(items, dtype=torch.bool))


def _batch_size(state: object) -> int:
    """Of how many users a state is."""
    if isinstance(state, (Tensor, PaddedRatings)):
        return len(state)
    if is_dataclass(state):
        state = [getattr(state, field.name) for field in fields(state)]
    return _batch_size(next(iter(state.values() if isinstance(state, dict) else state)))
