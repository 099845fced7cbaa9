"""Interactions: who rated what, when, and how; checked once, trusted by everything downstream."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from metarec_lib.data.checks import (
    ITEM_COLUMNS,
    RATING_COLUMNS,
    as_numbers,
    clean_items,
    clean_ratings,
    clean_table,
    distinct_ids,
    known_ids,
    like_of,
    need_columns,
    no_duplicate_pairs,
)

T = TypeVar("T")  # an array or a tensor


@dataclass(frozen=True, eq=False)
class Interactions:
    """Ratings with their user and item tables.

    ratings: one row a rating: user_id, item_id (int or str), rating (float), timestamp (int, seconds), then any other
             numeric columns as float64, such as click or dwell (`labels`; NaN where unknown). Text columns are left out.
    users:   one row a user: user_id, then any feature columns.
    items:   one row an item: item_id, title (str, None where missing), year (float, NaN where unknown), then one 0/1
             column a genre.
    name:    what messages call this data.
    scale:   the lowest and the highest rating.
    like:    the lowest rating that says "liked"; low + 3/4 (high - low) where None.

    Raises ValueError that says what is wrong, where and how often: missing columns, ids that a table does not have,
    ids twice in a table, two ratings of one pair, NaN, ratings outside the scale, values that are no numbers.
    """

    ratings: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame
    name: str = "data"
    scale: tuple[float, float] = (1.0, 5.0)
    like: float | None = None
    _trusted: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "like", like_of(self.like, self.scale, self.name))
        if self._trusted:
            return
        for part in ("ratings", "users", "items"):
            if not isinstance(getattr(self, part), pd.DataFrame):
                got = type(getattr(self, part)).__name__
                raise ValueError(f"{self.name}: {part}: got a {got}, expected a pandas DataFrame")
        users = clean_table(self.users, "user_id", f"{self.name}: users")
        items = clean_items(clean_table(self.items, "item_id", f"{self.name}: items"), f"{self.name}: items")
        ratings = clean_ratings(self.ratings, self.scale, f"{self.name}: ratings")
        for column, table in (("user_id", users), ("item_id", items)):
            ratings[column] = known_ids(ratings[column], table[column], column, self.name)
        for part, frame in (("ratings", ratings), ("users", users), ("items", items)):
            object.__setattr__(self, part, frame)
        no_duplicate_pairs(ratings, self.user_codes * self.n_items + self.item_codes, self.name)

    # -- making ---------------------------------------------------------------------------------------------------
    @classmethod
    def from_frame(
        cls,
        ratings: pd.DataFrame,
        users: pd.DataFrame | None = None,
        items: pd.DataFrame | None = None,
        name: str = "data",
        scale: tuple[float, float] | None = None,
        like: float | None = None,
    ) -> Interactions:
        """Any ratings as Interactions.

        ratings: needs user_id, item_id, rating; timestamp is 0 where there is none.
        users, items: without them the tables hold just the ids that occur. Items without title or year get the id as
        title and no year. scale: the lowest and highest rating that occur, unless given. like: see the class.
        """
        need_columns(ratings, ("user_id", "item_id", "rating"), f"{name}: ratings")
        frame = ratings.assign(timestamp=ratings.get("timestamp", 0))
        if users is None:
            users = pd.DataFrame({"user_id": distinct_ids(frame["user_id"])})
        if items is None:
            items = pd.DataFrame({"item_id": distinct_ids(frame["item_id"])})
        if "title" not in items:
            items = items.assign(title=items["item_id"].astype(str))
        if "year" not in items:
            items = items.assign(year=np.nan)
        if scale is None:
            stars = as_numbers(frame["rating"], f"{name}: ratings: rating")
            scale = (float(stars.min()), float(stars.max())) if len(stars) else (1.0, 5.0)
        return cls(frame, users, items, name=name, scale=scale, like=like)

    @classmethod
    def from_csv(cls, path: str | Path, **options: object) -> Interactions:
        """The ratings in a CSV file with the columns user_id, item_id, rating and, if known, timestamp.

        options go to `from_frame`. Raises FileNotFoundError where there is no such file, ValueError for bad content.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"from_csv: no file at {path}; got {str(path)!r}, expected a CSV of ratings")
        try:
            frame = pd.read_csv(path)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise ValueError(
                f"from_csv: {path.name} is no readable CSV ({error}); expected a header and UTF-8 text"
            ) from error
        return cls.from_frame(frame, **{"name": path.stem, **options})

    # -- reading --------------------------------------------------------------------------------------------------
    def __len__(self) -> int:
        return len(self.ratings)

    def __repr__(self) -> str:
        return f"Interactions({self.name}: {len(self):,} ratings, {self.n_users:,} users, {self.n_items:,} items)"

    @property
    def n_users(self) -> int:
        return len(self.users)

    @property
    def n_items(self) -> int:
        return len(self.items)

    @cached_property
    def genres(self) -> tuple[str, ...]:
        """The names of the 0/1 genre columns of `items`."""
        return tuple(c for c in self.items.columns if c not in ITEM_COLUMNS)

    def user_index(self, ids: object) -> np.ndarray:
        """Positions in `users` of these ids, (n,) int64; -1 where an id is unknown. Numeric strings count as numbers."""
        return positions(self._user_lookup, ids)

    def item_index(self, ids: object) -> np.ndarray:
        """Positions in `items` of these ids, (n,) int64; -1 where an id is unknown. Numeric strings count as numbers."""
        return positions(self._item_lookup, ids)

    @cached_property
    def user_codes(self) -> np.ndarray:
        """Position in `users` of each rating's user, (n,) int64."""
        return self.user_index(self.ratings["user_id"])

    @cached_property
    def item_codes(self) -> np.ndarray:
        """Position in `items` of each rating's item, (n,) int64."""
        return self.item_index(self.ratings["item_id"])

    @cached_property
    def values(self) -> np.ndarray:
        """The ratings, (n,) float64."""
        return self.ratings["rating"].to_numpy(dtype=np.float64)

    @cached_property
    def liked(self) -> np.ndarray:
        """Which ratings say "liked", (n,) bool."""
        return self.values >= self.like - 1e-9 * (self.scale[1] - self.scale[0])  # 0.1 + 0.75 * 0.8 is above 0.7

    def gain(self, values: T) -> T:
        """The gain of ratings in nDCG, of any shape: 2^r' - 1 with r' = 1 + 4 (r - low) / (high - low).

        On the scale 1 to 5 this is the usual 2^r - 1; on every scale the lowest rating counts 1 and the highest 31.
        """
        low, high = self.scale
        return 2.0 ** (1 + 4 * (values - low) / (high - low if high > low else 1.0)) - 1

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the columns of `ratings` beyond user_id, item_id, rating and timestamp."""
        return tuple(c for c in self.ratings.columns if c not in RATING_COLUMNS)

    @cached_property
    def _user_lookup(self) -> pd.Index:
        return pd.Index(self.users["user_id"])

    @cached_property
    def _item_lookup(self) -> pd.Index:
        return pd.Index(self.items["item_id"])

    # -- parts ----------------------------------------------------------------------------------------------------
    def subset(self, rows: np.ndarray) -> Interactions:
        """The same tables with some of the ratings: `rows` is a boolean mask or an array of positions."""
        rows = np.asarray(rows)
        if rows.dtype == bool:
            if rows.shape != (len(self),):
                raise ValueError(
                    f"subset: got a mask of shape {rows.shape}, expected ({len(self)},), one flag a rating"
                )
            rows = np.flatnonzero(rows)
        rows = rows if rows.size else rows.astype(np.int64)  # an empty list has no type of its own
        ratings = self.ratings.iloc[rows].reset_index(drop=True)
        part = Interactions(ratings, self.users, self.items, self.name, self.scale, self.like, _trusted=True)
        for name in ("user_codes", "item_codes"):  # what was looked up once is not looked up again
            if name in vars(self):
                vars(part)[name] = vars(self)[name][rows]
        return part

    def replace_ratings(self, ratings: pd.DataFrame) -> Interactions:
        """The same tables with other ratings, checked anew."""
        return Interactions(ratings, self.users, self.items, self.name, self.scale, self.like)


def positions(lookup: pd.Index, ids: object) -> np.ndarray:
    """Where in the lookup these ids stand, (n,) int64; -1 for an unknown one. Numeric strings count as numbers."""
    values = pd.Series(np.atleast_1d(np.asarray(ids)))
    if lookup.dtype == object:
        values = values.astype(str).astype(object)
    elif not pd.api.types.is_integer_dtype(values):
        values = pd.to_numeric(values, errors="coerce")
    return lookup.get_indexer(values).astype(np.int64)


def order_within(groups: np.ndarray, *keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows group after group in ascending order of the keys, the first decides; and each one's place in its group.

    groups: (n,) int; keys: (n,) each. Returns order (n,), positions of the rows, and rank (n,), from 0, in that order.
    """
    order = np.lexsort((*reversed(keys), groups))
    ordered = groups[order]
    return order, np.arange(len(order)) - np.searchsorted(ordered, ordered)


def rank_within(groups: np.ndarray, *keys: np.ndarray) -> np.ndarray:
    """Place of each row among the rows of its group in ascending order of the keys, (n,) int64; see `order_within`."""
    order, rank = order_within(groups, *keys)
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = rank
    return ranks
