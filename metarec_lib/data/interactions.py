"""Interactions: who rated what, when, and how; checked once, trusted by everything downstream."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
    warn_of_not_rated,
)
from metarec_lib.data.ids import positions
from metarec_lib.data.tables import clicks_as_ratings, read_csv

T = TypeVar("T")  # an array or a tensor


@dataclass(frozen=True, eq=False)
class Interactions:
    """Ratings with their user and item tables.

    ratings: one row a rating: user_id, item_id (int or str), rating (float), timestamp (int, in the unit it came in; dates
             since 1970), then any other numeric columns as float64, such as click or dwell (`labels`; NaN where unknown).
             Text columns are left out.
    users:   one row a user: user_id, then any feature columns.
    items:   one row an item: item_id, title (str, None where missing), year (float, NaN where unknown), then one 0/1
             column a genre.
    name:    what messages call this data.
    scale:   the lowest and the highest rating.
    like:    the lowest rating that says "liked"; low + 3/4 (high - low) where None.
    inferred: whether the scale was read off the ratings: then others may lie outside it.

    Ids are kept as they are written: numbers where every id is a plain whole number of 64 bits, text where one is not.
    Raises ValueError that says what is wrong, where and how often: missing columns, ids that a table does not have,
    ids twice in a table, two ratings of one pair, NaN, ratings outside the scale, values that are no numbers.
    """

    ratings: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame
    name: str = "data"
    scale: tuple[float, float] = (1.0, 5.0)
    like: float | None = None
    inferred: bool = False
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
        title and no year. scale: the lowest and highest rating that occur, unless given; a ScaleWarning says where one of
        these looks like "not rated". like: see the class.
        """
        need_columns(ratings, ("user_id", "item_id", "rating"), f"{name}: ratings")
        frame = ratings.assign(timestamp=ratings.get("timestamp", 0))
        if users is None:
            users = pd.DataFrame({"user_id": distinct_ids(frame["user_id"], f"{name}: user_id")})
        if items is None:
            items = pd.DataFrame({"item_id": distinct_ids(frame["item_id"], f"{name}: item_id")})
        if "title" not in items:
            items = items.assign(title=items["item_id"].astype(str))
        if "year" not in items:
            items = items.assign(year=np.nan)
        if scale is None:
            stars = as_numbers(frame["rating"], f"{name}: ratings: rating")
            warn_of_not_rated(stars.to_numpy(), name)
            found = (float(stars.min()), float(stars.max())) if len(stars) else (1.0, 5.0)
        return cls(frame, users, items, name=name, scale=scale or found, like=like, inferred=scale is None)

    @classmethod
    def from_clicks(
        cls,
        clicks: pd.DataFrame,
        users: pd.DataFrame | None = None,
        items: pd.DataFrame | None = None,
        name: str = "data",
    ) -> Interactions:
        """Who took what, without ratings: clicks, plays, purchases (`implicit` data).

        clicks: user_id, item_id, perhaps timestamp and count. One row a pair of user and item is left, with the rating 1,
        which is a like, the latest time, and in the column `count` how often it occurred (the sum of the counts).
        """
        need_columns(clicks, ("user_id", "item_id"), f"{name}: clicks")
        return cls.from_frame(clicks_as_ratings(clicks, f"{name}: clicks"), users, items, name, scale=(1.0, 1.0))

    @classmethod
    def from_csv(cls, path: str | Path, **options: object) -> Interactions:
        """The ratings in a CSV file with the columns user_id, item_id, rating and, if known, timestamp.

        users, items, name, scale and like go to `from_frame`, other options to `pandas.read_csv` (sep, encoding, names,
        header, decimal, ...). Raises FileNotFoundError where there is no such file, ValueError for bad content: rows with
        more fields than the header has names are refused. `read_ratings` reads other names and formats.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"from_csv: no file at {path}; got {str(path)!r}, expected a CSV of ratings")
        own = {key: options.pop(key) for key in ("users", "items", "name", "scale", "like") if key in options}
        return cls.from_frame(read_csv(path, f"from_csv: {path.name}", **options), **{"name": path.stem, **own})

    # -- reading --------------------------------------------------------------------------------------------------
    def __len__(self) -> int:
        return len(self.ratings)

    def __repr__(self) -> str:
        size = f"{self.name}: {len(self):,} ratings, {self.n_users:,} users, {self.n_items:,} items"
        scale = "clicks" if self.implicit else f"scale {self.scale[0]:g} to {self.scale[1]:g}"
        return f"Interactions({size}, {scale}{' as found' if self.inferred else ''})"

    @property
    def implicit(self) -> bool:
        """Whether every rating is 1, as in clicks: it tells items taken from items not taken, and no more."""
        return self.scale[0] == self.scale[1] == 1

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
        """Positions in `users` of these ids, (n,) int64; -1 where an id is unknown. "7" is the number 7, "007" is not."""
        return positions(self._user_lookup, ids)

    def item_index(self, ids: object) -> np.ndarray:
        """Positions in `items` of these ids, (n,) int64; -1 where an id is unknown. "7" is the number 7, "007" is not."""
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
        part = replace(self, ratings=ratings, _trusted=True)
        for name in ("user_codes", "item_codes"):  # what was looked up once is not looked up again
            if name in vars(self):
                vars(part)[name] = vars(self)[name][rows]
        return part

    def replace_ratings(self, ratings: pd.DataFrame) -> Interactions:
        """The same tables with other ratings, checked anew; a scale that was read off the old ones widens to hold them."""
        return replace(self, ratings=ratings, scale=self._wide_enough(ratings), _trusted=False)

    def on_scale_of(self, other: Interactions) -> Interactions:
        """The same ratings with the scale and the like of other data, if its own scale was read off the ratings alone."""
        if not self.inferred or (self.scale, self.like) == (other.scale, other.like):
            return self
        scale = other._wide_enough(self.ratings)
        return replace(self, scale=scale, like=other.like, inferred=other.inferred, _trusted=False)

    def _wide_enough(self, ratings: pd.DataFrame) -> tuple[float, float]:
        """The scale, widened to hold these ratings if it was itself read off ratings that rate."""
        if not self.inferred or self.implicit or not len(ratings) or "rating" not in ratings:
            return self.scale
        stars = as_numbers(ratings["rating"], f"{self.name}: ratings: rating")
        return min(self.scale[0], float(stars.min())), max(self.scale[1], float(stars.max()))


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
