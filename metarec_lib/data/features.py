"""Interactions as a feature table and back, and the tables as numbers."""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd

from metarec_lib.data.checks import as_numbers, distinct_ids, warn_of_not_rated
from metarec_lib.data.ids import as_ids, positions
from metarec_lib.data.interactions import ITEM_COLUMNS, Interactions
from metarec_lib.data.movielens import load_movielens

_KEYS = ("user_id", "item_id", "timestamp", "rating")


class _Source(dict):
    """The user and item tables that a feature table came from.

    It lies in `X.attrs`, which pandas compares, copies deeply and writes into Parquet as JSON. So it equals
    only itself, is never copied, and, being an empty dict, is written as `{}`: a table read back simply has
    no source.
    """

    def __init__(self, interactions: Interactions) -> None:
        super().__init__()
        self.users, self.items = interactions.users, interactions.items
        self.about = {key: getattr(interactions, key) for key in ("name", "scale", "like", "inferred")}

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    __hash__ = object.__hash__

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict) -> Self:
        return self

    def __reduce__(self) -> tuple:
        return _source_again, (self.users, self.items, self.about)

    def __repr__(self) -> str:
        return f"<tables of {self.about['name']}: {len(self.users):,} users, {len(self.items):,} items>"


def _source_again(users: pd.DataFrame, items: pd.DataFrame, about: dict[str, object]) -> _Source:
    source = _Source.__new__(_Source)
    source.users, source.items, source.about = users, items, about
    return source


def preprocess_data(interactions: Interactions) -> tuple[pd.DataFrame, pd.Series]:
    """Features X and ratings y, one row a rating, in the order of the ratings; keeps no state.

    X: user_id, item_id, timestamp, the user columns, title, year, one 0/1 column a genre. y: float, stars.
    The full tables travel along in `X.attrs["source"]`; every model also works without them. Raises
    ValueError for anything but Interactions, and where a user column has the name of an item column.
    """
    if not isinstance(interactions, Interactions):
        raise ValueError(
            f"preprocess_data: got a {type(interactions).__name__}, expected Interactions. Usual cause: "
            "load_data returns two (train, test); for a table of ratings use Interactions.from_frame"
        )
    keys = interactions.ratings[["user_id", "item_id", "timestamp"]].reset_index(drop=True)
    users = interactions.users.drop(columns="user_id").iloc[interactions.user_codes].reset_index(drop=True)
    items = interactions.items.drop(columns="item_id").iloc[interactions.item_codes].reset_index(drop=True)
    X = pd.concat([keys, users, items], axis=1)
    twice = X.columns[X.columns.duplicated()]
    if len(twice):
        raise ValueError(f"preprocess_data: users and items both have a column {', '.join(twice)}; rename one of them")
    X.attrs["source"] = _Source(interactions)
    return X, pd.Series(interactions.values.copy(), index=X.index, name="rating")


def generate_items(data: Interactions | pd.DataFrame | None = None) -> np.ndarray:
    """All item ids, ascending.

    data: Interactions, or X of `preprocess_data` (without its tables: the items that occur in it); None is
    MovieLens-100K, and raises FileNotFoundError where that was not fetched.
    """
    if data is None:
        data = load_movielens()
    if isinstance(data, pd.DataFrame):
        source = data.attrs.get("source")
        if not isinstance(source, _Source):
            _need_ids(data, "generate_items", ("item_id",))
            return distinct_ids(data["item_id"], "generate_items: item_id")
        return np.sort(source.items["item_id"].to_numpy())
    if not isinstance(data, Interactions):
        raise ValueError(f"generate_items: got a {type(data).__name__}, expected Interactions, X, or nothing")
    return np.sort(data.items["item_id"].to_numpy())


def as_interactions(
    X: Interactions | pd.DataFrame, y: object = None, known: Interactions | None = None
) -> Interactions:
    """The inverse of `preprocess_data`, for whatever a caller gives a model.

    X: Interactions, or a DataFrame with user_id and item_id; timestamp is 0 where there is none. y: the
    ratings, one a row of X, numbers or numeric strings; without y, X needs a column rating. The tables are
    those of `X.attrs["source"]`; ids that they lack, and all ids where there is no source, get theirs from
    the columns of X: those before `title` describe the user, `year` and the 0/1 columns behind it the item,
    others are ignored. known: data whose scale and like hold where X does not bring its own; without them it is 1 to 5, or
    0.5 to 5, if the ratings are of that kind, else what occurs.

    Raises ValueError (got / expected / usual cause) for other types, missing columns or ids, lengths that
    differ, y as a table or in another order than X, and all that `Interactions` refuses.
    """
    data = _as_interactions(X, y)
    return data if known is None else data.on_scale_of(known)


def _as_interactions(X: Interactions | pd.DataFrame, y: object) -> Interactions:
    if isinstance(X, Interactions):
        return X if y is None else X.replace_ratings(X.ratings.assign(rating=_ratings(X.ratings, y)))
    if not isinstance(X, pd.DataFrame):
        raise ValueError(
            f"X: got a {type(X).__name__}, expected a DataFrame with user_id and item_id, or Interactions. "
            "Usual cause: X.to_numpy() or a list; preprocess_data makes X and y"
        )
    _need_ids(X, "X", ("user_id", "item_id"))
    ratings = X[["user_id", "item_id"]].assign(rating=_ratings(X, y), timestamp=X.get("timestamp", 0))
    source = X.attrs.get("source")
    if isinstance(source, _Source):
        users, items = _extended(source.users, X, "user_id"), _extended(source.items, X, "item_id")
        return Interactions(ratings.iloc[:0], users, items, **source.about).replace_ratings(ratings)
    users, items, scale = _rebuilt(X, "user_id"), _rebuilt(X, "item_id"), _scale(ratings["rating"])
    return Interactions(ratings, users, items, name="X", scale=scale, inferred=True)


def user_features(interactions: Interactions) -> tuple[np.ndarray, list[str]]:
    """What the user table says, as numbers: (U, F) float64, and F names.

    Age is standardised, gender and occupation are one-hot; what is missing is 0. Without those columns F is
    0.
    """
    users = interactions.users
    parts = [pd.DataFrame(index=users.index)]
    if "age" in users:
        parts.append(pd.DataFrame({"age": _standardised(users["age"])}, index=users.index))
    for column in ("gender", "occupation"):
        if column in users:
            parts.append(pd.get_dummies(users[column], prefix=column, prefix_sep="=", dtype=float))
    table = pd.concat(parts, axis=1)
    return table.to_numpy(dtype=np.float64), list(table.columns)


def item_features(interactions: Interactions) -> tuple[np.ndarray, list[str]]:
    """What the item table says, as numbers: (I, G + 2) float64, and the names.

    The G genres of an item share a vector of length 1; the year is standardised, 0 where unknown, which the
    last column flags.
    """
    genres = interactions.items[list(interactions.genres)].to_numpy(dtype=np.float64)
    genres = genres / np.sqrt(np.maximum(genres.sum(axis=1, keepdims=True), 1.0))
    year = interactions.items["year"]
    table = np.column_stack([genres, _standardised(year), year.isna().to_numpy(dtype=np.float64)])
    return table, [*interactions.genres, "year", "year_missing"]


# -- parts ---------------------------------------------------------------------------------------------------
def _standardised(column: pd.Series) -> np.ndarray:
    """(x − mean) / standard deviation over the known values, 0 where unknown."""
    values = pd.to_numeric(column).to_numpy(dtype=np.float64)
    known = ~np.isnan(values)
    if not known.any():
        return np.zeros(len(values))
    spread = values[known].std()
    return np.where(known, (values - values[known].mean()) / (spread if spread > 0 else 1.0), 0.0)


def _need_ids(X: pd.DataFrame, where: str, columns: tuple[str, ...]) -> None:
    missing = [c for c in columns if c not in X.columns]
    if missing:
        raise ValueError(
            f"{where}: no column {', '.join(missing)}; got {list(X.columns)}, expected {', '.join(columns)} among them"
        )
    for column in columns:
        if X[column].isna().any():
            row = int(np.flatnonzero(X[column].isna())[0])
            raise ValueError(
                f"{where}: {column} is missing in {int(X[column].isna().sum())} rows, the first is row {row}"
            )


def _ratings(X: pd.DataFrame, y: object) -> np.ndarray:
    """The ratings in the order of X, (n,), unchecked values."""
    if y is None:
        if "rating" not in X:
            raise ValueError("y is missing: got X alone, expected fit(X, y), or a column rating in X, or Interactions")
        return X["rating"].to_numpy()
    if isinstance(y, (pd.DataFrame, Interactions)) or np.ndim(y) != 1:
        kind = f"{type(y).__name__} of shape {np.shape(y)}" if not isinstance(y, Interactions) else "Interactions"
        raise ValueError(f'y: got a {kind}, expected one rating a row. Usual cause: a table; pass y["rating"]')
    if len(y) != len(X):
        raise ValueError(
            f"y: got {len(y)} ratings for {len(X)} rows of X, expected one each. Usual cause: X of train with y of test"
        )
    if isinstance(y, pd.Series) and _is_permuted(y.index, X.index):
        raise ValueError(
            "y: has the index of X in another order, expected the same order. Usual cause: one of them was "
            "sorted or shuffled; y = y.loc[X.index]"
        )
    return np.asarray(y)


def _is_permuted(one: pd.Index, other: pd.Index) -> bool:
    return not one.equals(other) and one.is_unique and other.is_unique and bool(one.isin(other).all())


def _rebuilt(X: pd.DataFrame, key: str) -> pd.DataFrame:
    """The user or item table that the columns of X imply: of each column the last known value, ascending."""
    user_columns, genres = _kinds_of_columns(X)
    facts = [c for c in ("title", "year") if c in X]
    columns = [*facts, *genres] if key == "item_id" else user_columns
    groups = X[columns].groupby(as_ids(X[key], f"X: {key}"))
    table = groups.last().reset_index() if columns else groups.size().index.to_frame(index=False)
    if key == "item_id":
        ids = table[key].astype(str)
        title = table["title"].fillna(ids) if "title" in table else ids
        table = table.assign(title=title, year=table.get("year", np.nan)).fillna(dict.fromkeys(genres, 0))
    return table


def _kinds_of_columns(X: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The columns that describe users, those before `title`, and the genres, 0/1 columns behind it.

    Without `title` every 0/1 column is a genre.
    """
    others = [c for c in X.columns if c not in (*_KEYS, "year")]
    flags = [c for c in others if pd.api.types.is_numeric_dtype(X[c]) and X[c].dropna().isin((0, 1)).all()]
    if "title" not in others:
        return [c for c in others if c not in flags], flags
    before = others[: others.index("title")]
    return before, [c for c in flags if c not in before]


def _extended(table: pd.DataFrame, X: pd.DataFrame, key: str) -> pd.DataFrame:
    """The table, with rows for ids of X that it lacks (ratings someone added to X)."""
    new = positions(pd.Index(table[key]), X[key]) < 0
    if not new.any():
        return table
    added = _rebuilt(X[new], key).reindex(columns=table.columns)
    if key == "item_id":
        genres = [c for c in table.columns if c not in ITEM_COLUMNS]
        added[genres] = added[genres].fillna(0)
    return pd.concat([table, added], ignore_index=True)


def _scale(ratings: pd.Series) -> tuple[float, float]:
    """1 to 5 stars, or 0.5 to 5 where half a star occurs, for ratings that come without their scale; else what occurs.

    Nothing but 1 are clicks.
    """
    stars = as_numbers(ratings, "X: rating").to_numpy()
    if not len(stars):
        return 1.0, 5.0
    low, high = float(stars.min()), float(stars.max())
    if not 0.5 <= low <= high <= 5 or low == high == 1:
        warn_of_not_rated(stars, "X")
        return low, high
    return (0.5 if low < 1 else 1.0), 5.0
