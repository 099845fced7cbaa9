"""The one interface of every recommender: how it learns. What a fitted one does stands in `models.serving`.

A model writes `_learn` (the shared parameters), `adapt` (users' states from their ratings) and `score` (the query items,
given these states); models trained by gradient write a loss instead of `_learn`, see `models.training`. Fitted values live
in attributes that end in an underscore. A user's state is solved from the user's ratings whenever it is needed, so that
`update` and new users need nothing special.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import ClassVar, Self

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, clone
from torch import Tensor

from metarec_lib.data.features import as_interactions
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.device import resolve_device, resolve_dtype
from metarec_lib.evaluation.pairs import best_threshold, score_pairs
from metarec_lib.models.arguments import (
    NOT_NEGATIVE,
    as_data,
    check_ranges,
    held_out,
    in_order,
    joined,
    need_ratings,
    need_stars,
    whole_number,
)
from metarec_lib.models.history import History
from metarec_lib.models.serving import Serving, query_of, users_in

settings = dataclass(eq=False, repr=False, kw_only=True)  # a model's settings are the fields of its class, by keyword


@dataclass(frozen=True, eq=False)
class Episode:
    """Users in the middle of a session: what they rated so far, and the state solved from it."""

    support: PaddedRatings
    state: object


@settings
class Recommender(Serving, BaseEstimator, ABC):
    """Base class; see the module's text for what a model must write.

    seed: of every random draw in the model. device, dtype: see `metarec_lib.device`.
    """

    seed: int = 0
    device: str | None = None
    dtype: str | None = None

    options: ClassVar[frozenset[str]] = frozenset()  # of `fit`: which of its options the model supports
    ranges: ClassVar[dict[str, object]] = {"seed": NOT_NEGATIVE}  # of the settings; those of base classes hold as well
    scores_are_ratings: ClassVar[bool] = True  # False: a score orders items, but is not on the scale of the ratings
    needs_both_classes: ClassVar[bool] = (
        False  # True: learns to tell likes from the rest, and nothing from clicks alone
    )
    uses_order: ClassVar[bool] = False  # True: the order of a support's ratings matters; it is that of their times

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if "score" in vars(cls):
            cls.score = _for_tensors(cls.score)

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
            users = torch.full((users_in(state),), -1, device=self._device)
        items = torch.arange(self.tables_.n_items, device=self._device).expand(len(users), -1)
        return self.score(state, query_of(users, items, self._dtype))

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
        query = query_of(session.support.users, candidates, self._dtype)
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
        need_stars(self, data)
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
            low, high = held.scale
            return held.like - (high - low) / 8  # 3.5 of 1 to 5
        return best_threshold(score_pairs(self, held), torch.as_tensor(held.liked))

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={v!r}" for k, v in self.get_params(deep=False).items() if v is not None)
        return f"{type(self).__name__}({shown})"

    _repr_html_ = None  # a notebook shows one line of text

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, str]:
        return {"text/plain": repr(self)}

    # -- device and dtype -----------------------------------------------------------------------------------------
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


def _for_tensors(score: object) -> object:
    """A model's `score`, refusing the table that scikit-learn's searches hand to a method of this name."""

    @wraps(score)
    def checked(self: Recommender, state: object, query: PaddedRatings) -> Tensor:
        if isinstance(state, (pd.DataFrame, Interactions)):
            raise ValueError(
                f"{type(self).__name__}.score: got a table, expected a state and a query. Usual cause: a search of "
                'scikit-learn without scoring=; pass scoring=scorer("rmse")'
            )
        return score(self, state, query)

    return checked
