"""What callers hand in, checked: each error says got / expected / usual cause."""

from __future__ import annotations

import numpy as np
import pandas as pd

from metarec_lib.data.features import as_interactions
from metarec_lib.data.interactions import Interactions
from metarec_lib.models.history import History


def as_data(pair: object) -> Interactions:
    """Interactions from what `fit(validation=...)` takes: Interactions, X with its ratings, or the tuple (X, y)."""
    return as_interactions(*pair) if isinstance(pair, tuple) else as_interactions(pair)


def need_same_tables(argument: str, got: Interactions, expected: Interactions) -> None:
    """Raise ValueError where the users or items of two data sets differ, so that their positions would not agree."""
    for table, key in (("users", "user_id"), ("items", "item_id")):
        if not getattr(got, table)[key].equals(getattr(expected, table)[key]):
            raise ValueError(
                f"{argument}: got another {table} table than that of the ratings learned from, expected the same. "
                "Usual cause: ratings loaded anew or X without its tables; take subsets of one Interactions, or call fit"
            )


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
    if history.ids.dtype == object:
        return str(user_id)
    number = pd.to_numeric(user_id, errors="coerce")
    if not np.isfinite(number) or number % 1 != 0:
        raise ValueError(f"update: got user id {user_id!r}, expected a whole number, like the ids of the training data")
    return int(number)
