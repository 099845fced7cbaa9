"""What callers hand in, checked: each error says got / expected / usual cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from metarec_lib.data.features import as_interactions
from metarec_lib.data.ids import id_text, plain_number
from metarec_lib.data.interactions import Interactions
from metarec_lib.models.history import History


@dataclass(frozen=True)
class Range:
    """Which values a setting may take: from `low` up (or above it), only whole ones if `whole`, None if `optional`."""

    low: float
    whole: bool = False
    above: bool = False
    optional: bool = False

    def __contains__(self, value: object) -> bool:
        if value is None:
            return self.optional
        if isinstance(value, bool) or not isinstance(value, Real) or np.isnan(value):
            return False
        return (value > self.low if self.above else value >= self.low) and not (self.whole and value % 1)

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} {'above' if self.above else 'of at least'} {self.low:g}" + (" or None" if self.optional else "")


COUNT = Range(1, whole=True)  # how many of something
POSITIVE = Range(0, above=True)  # a rate, a strength
NOT_NEGATIVE = Range(0)
CLICK_MODELS = "EASE or AdversarialBPR, with PopularityRecommender as their baseline"  # made for clicks


def check_ranges(model: object, ranges: Mapping[str, object]) -> None:
    """Raise ValueError for the first setting of a model that lies outside its range; a range is anything with `in`."""
    for name, allowed in ranges.items():
        value = getattr(model, name)
        if value not in allowed:
            expected = allowed if isinstance(allowed, Range) else f"one of {', '.join(map(repr, allowed))}"
            raise ValueError(f"{type(model).__name__}: got {name}={value!r}, expected {expected}")


def as_data(pair: object) -> Interactions:
    """Interactions from what `fit(validation=...)` takes: Interactions, X with its ratings, or the tuple (X, y)."""
    return as_interactions(*pair) if isinstance(pair, tuple) else as_interactions(pair)


def need_ratings(argument: str, data: Interactions) -> None:
    """Raise ValueError where there is no rating to learn from."""
    if not len(data):
        raise ValueError(f"{argument}: got no ratings, expected at least one. Usual cause: a filter that left nothing")


def need_stars(model: Any, data: Interactions) -> None:
    """Raise ValueError where a model that predicts ratings, or likes among ratings, is to learn from clicks."""
    if data.implicit and (model.scores_are_ratings or model.needs_both_classes):
        raise ValueError(
            f"{type(model).__name__}: got {data!r}, whose ratings are all {data.scale[0]:g}: clicks tell what was taken, "
            f"there is no rating to predict. Use {CLICK_MODELS}, and judge by ndcg@10 or hr@10. If they are ratings, pass "
            "scale=(lowest, highest) to Interactions.from_frame"
        )


def need_same_tables(argument: str, got: Interactions, expected: Interactions) -> None:
    """Raise ValueError where the users or items of two data sets differ, so that their positions would not agree."""
    for table, key in (("users", "user_id"), ("items", "item_id")):
        if not getattr(got, table)[key].equals(getattr(expected, table)[key]):
            raise ValueError(
                f"{argument}: got another {table} table than that of the ratings learned from, expected the same. "
                "Usual cause: ratings loaded anew or X without its tables; take subsets of one Interactions, or call fit"
            )


def joined(source: Interactions, target: Interactions) -> tuple[Interactions, np.ndarray]:
    """The ratings of both, the target's where both have the pair, and which are the target's, (n,) bool."""
    need_same_tables("fit: X_target", target, source)
    both = pd.concat([source.ratings, target.ratings], ignore_index=True)
    last = ~both.duplicated(["user_id", "item_id"], keep="last").to_numpy()
    return source.replace_ratings(both[last].reset_index(drop=True)), np.arange(len(both))[last] >= len(source)


def in_order(data: Interactions) -> np.ndarray:
    """The rows by user, time and item, (n,): what a model learns does not depend on how they are handed in."""
    return np.lexsort((data.item_codes, data.ratings["timestamp"].to_numpy(), data.user_codes))


def held_out(data: Interactions, seed: int, among: np.ndarray | None = None) -> np.ndarray:
    """A tenth of the ratings, (n,) bool, of those in `among` (n,) bool; none where these are fewer than 20.

    A hash of user, item and seed decides, so that a rating's fate depends neither on the order of rows nor on the others.
    """
    among = np.ones(len(data), dtype=bool) if among is None else among
    pair = (data.user_codes * data.n_items + data.item_codes + 1).astype(np.uint64)
    with np.errstate(over="ignore"):  # splitmix64 (Steele et al. 2014, OOPSLA): multiplication is modulo 2^64
        pair = (pair + np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
        pair = (pair ^ (pair >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        pair = (pair ^ (pair >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    held = among & ((pair ^ (pair >> np.uint64(31))) % np.uint64(10) == 0)
    return held if among.sum() >= 20 else np.zeros(len(data), dtype=bool)


def whole_number(name: str, value: object) -> int:
    """`value` as an int of 1 or more; a numeric string passes."""
    number = pd.to_numeric(value, errors="coerce") if np.ndim(value) == 0 and not isinstance(value, bool) else None
    if number is None or not number >= 1 or number % 1 != 0:
        raise ValueError(f"{name}: got {value!r}, expected a whole number of 1 or more")
    return int(number)


def clean_user_id(user_id: object, history: History) -> int | str:
    """The id in the type of the training data's ids, so that a new user's is found again."""
    if np.ndim(user_id) != 0 or pd.isna(user_id):
        raise ValueError(f"update: got user id {user_id!r}, expected one id")
    text = id_text(user_id)
    if history.ids.dtype == object:
        return text
    number = plain_number(text)
    if number is None:
        raise ValueError(f"update: got user id {user_id!r}, expected a whole number, like the ids of the training data")
    return number
