"""What `Interactions` refuses and how it cleans columns; each error says got / expected / usual cause."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from metarec_lib.data.ids import as_ids
from metarec_lib.data.times import as_times

RATING_COLUMNS = ("user_id", "item_id", "rating", "timestamp")
ITEM_COLUMNS = ("item_id", "title", "year")
LIKE_SHARE = 0.75  # of the way from the lowest to the highest rating: 4 of 1 to 5
OTHER_NAMES = {
    "user_id": (
        "user", "userid", "uid", "users", "reviewerid", "customerid", "visitorid", "username", "userno", "memberid",
    ),
    "item_id": (
        "item", "itemid", "iid", "items", "movieid", "movie", "filmid", "bookid", "isbn", "asin", "parentasin", "businessid",
        "productid", "artistid", "songid", "trackid", "gameid", "animeid", "jokeid", "articleid", "newsid",
    ),
    "rating": ("ratings", "stars", "score", "overall", "bookrating", "starrating", "ratingvalue", "userrating"),
    "timestamp": ("time", "date", "ts", "datetime", "unixreviewtime", "createdat", "ratedat", "timestamps", "dateadded"),
}  # fmt: skip
NOT_RATED = (99.0, 999.0, -1.0, -9.0, -99.0, -999.0)  # numbers that stand for "not rated"


class ScaleWarning(UserWarning):
    """The ratings hold a number that looks like "not rated", so that the scale read off them is likely to be wrong."""


def need_columns(frame: pd.DataFrame, columns: Sequence[str], where: str) -> None:
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        got = [*map(str, frame.columns)]
        raise ValueError(
            f"{where}: no column {', '.join(missing)}; got {got}, expected {list(columns)}{_remedy(got, missing)}"
        )


def _remedy(got: list[str], missing: Sequence[str]) -> str:
    """What to do about missing columns, where the names that are there tell it."""
    if len(got) == 1:
        for sep in ("\t", ";", "|", "::", ","):
            if sep in got[0]:
                return f". Usual cause: the separator is {sep!r}; pass sep={sep!r}"
    plain = {plain_name(name): name for name in got}
    found = {
        plain[other]: name
        for name in missing
        for other in (plain_name(name), *OTHER_NAMES.get(name, ()))
        if other in plain
    }
    if found:
        return f". Usual cause: other names; rename(columns={found})"
    return ". For data without ratings use Interactions.from_clicks" if [*missing] == ["rating"] else ""


def plain_name(name: str) -> str:
    """A column's name without case, blanks and signs: `User-ID` is `userid`."""
    return "".join(filter(str.isalnum, name.lower()))


def as_numbers(column: pd.Series, where: str) -> pd.Series:
    """The column as float64; numeric strings pass. Raises ValueError that shows the first value that is no number."""
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype):
        raise ValueError(f"{where}: got {column.dtype}, expected numbers; convert the column first")
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    bad = numbers.isna() | np.isinf(numbers)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"{where}: {int(bad.sum())} of {len(column)} values are no finite numbers; the first is "
            f"{column.tolist()[row]!r} in row {row}; expected numbers. Usual cause: a missing value or a header read as data"
        )
    return numbers


def distinct_ids(column: pd.Series, where: str) -> np.ndarray:
    """The ids that occur, ascending; missing ones are left for the check of the ratings to report."""
    return np.sort(as_ids(column.dropna(), where).unique())


def clean_table(table: pd.DataFrame, key: str, where: str) -> pd.DataFrame:
    need_columns(table, (key,), where)
    clean = table.reset_index(drop=True).assign(**{key: as_ids(table[key].reset_index(drop=True), f"{where}: {key}")})
    twice = clean[key].duplicated()
    if twice.any():
        raise ValueError(
            f"{where}: {int(twice.sum())} ids occur twice, the first is {clean[key][twice].tolist()[0]!r}; "
            "expected one row each"
        )
    return clean


def clean_items(items: pd.DataFrame, where: str) -> pd.DataFrame:
    need_columns(items, ITEM_COLUMNS, where)
    genres = [c for c in items.columns if c not in ITEM_COLUMNS]
    clean = items[[*ITEM_COLUMNS, *genres]].copy()
    known = clean["title"].notna()
    clean["title"] = clean["title"].astype(str).astype(object).where(known, None)
    clean["year"] = pd.to_numeric(clean["year"], errors="coerce").astype(np.float64)
    for genre in genres:
        flags = as_numbers(clean[genre], f"{where}: {genre}")
        if not flags.isin((0.0, 1.0)).all():
            value = flags[~flags.isin((0.0, 1.0))].iloc[0]
            raise ValueError(f"{where}: genre column {genre}: got {value:g}, expected 0 or 1")
        clean[genre] = flags.astype(np.int64)
    return clean


def clean_ratings(ratings: pd.DataFrame, scale: tuple[float, float], where: str) -> pd.DataFrame:
    need_columns(ratings, RATING_COLUMNS, where)
    frame = ratings.reset_index(drop=True)
    stars = as_numbers(frame["rating"], f"{where}: rating")
    low, high = scale
    if not low <= high:
        raise ValueError(f"{where}: got scale={scale}, expected (lowest, highest)")
    outside = (stars < low) | (stars > high)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise ValueError(
            f"{where}: {int(outside.sum())} ratings lie outside {low:g} to {high:g}; the first is "
            f"{stars.iloc[row]:g} in row {row}. Usual cause: another scale; pass scale=(lowest, highest)"
        )
    others = [c for c in frame if c not in RATING_COLUMNS and pd.api.types.is_numeric_dtype(frame[c])]
    return pd.DataFrame(
        {
            "user_id": as_ids(frame["user_id"], f"{where}: user_id"),
            "item_id": as_ids(frame["item_id"], f"{where}: item_id"),
            "rating": stars,
            "timestamp": as_times(frame["timestamp"], f"{where}: timestamp"),
            **{column: frame[column].astype(np.float64) for column in others},
        }
    )


def like_of(like: float | None, scale: tuple[float, float], name: str) -> float:
    low, high = scale
    if like is None:
        like = low + LIKE_SHARE * (high - low)
        size = max(abs(low), abs(high))
        return round(like, 12 - int(np.ceil(np.log10(size)))) if size else like  # 0.1 + 0.75 * 0.8 is above 0.7
    if not low <= like <= high:
        raise ValueError(
            f"{name}: got like={like!r}, expected a rating from {low:g} to {high:g}, the scale of these data"
        )
    return float(like)


def warn_of_not_rated(stars: np.ndarray, name: str) -> None:
    """Warn where one of the ratings (n,) looks like a sign for "not rated": 99 or -1 far from the others, or mostly 0."""
    values, counts = np.unique(stars, return_counts=True)
    if len(values) < 3:
        return
    low, high, others = values[0], values[-1], 2 * np.abs(values)
    zero = low == 0 and values[1] >= 1 and len(values) > 3 and counts[0] > counts[1:].max()
    far_below = low in NOT_RATED and (values[1] >= 0 if low == -1 else -low > others[1:].max())
    suspect = -1 if high in NOT_RATED and high > others[:-1].max() else 0 if zero or far_below else None
    if suspect is not None:
        value = values[suspect]
        warnings.warn(
            f"{name}: {counts[suspect]} of {len(stars)} ratings are {value:g}, the others lie between "
            f"{np.delete(values, suspect).min():g} and {np.delete(values, suspect).max():g}. Usual cause: {value:g} stands "
            "for not rated; drop these rows, or pass scale=(lowest, highest) if it is a rating",
            ScaleWarning,
            stacklevel=4,
        )


def known_ids(column: pd.Series, table: pd.Series, key: str, name: str) -> pd.Series:
    if table.dtype != column.dtype:  # a table of text ids and ratings whose ids happen to be numbers, or the reverse
        column = column.astype(str).astype(object) if table.dtype == object else column
    unknown = ~column.isin(table)
    if unknown.any():
        unknown &= ~column.astype(str).isin(table.astype(str))  # "1" beside "x" is not what is wrong
        some = column[unknown].unique().tolist()
        table_name = "users" if key == "user_id" else "items"
        raise ValueError(
            f"{name}: {int(unknown.sum())} ratings have a {key} that the {table_name} table does not hold, the first is "
            f"{some[0]!r} ({len(some)} such ids); expected ids from that table. Usual cause: a table of another data set"
        )
    return column


def no_duplicate_pairs(ratings: pd.DataFrame, pairs: np.ndarray, name: str) -> None:
    """Raise ValueError where a pair of user and item occurs twice; pairs: (n,) int64, a number for each pair."""
    ordered = np.sort(pairs)  # takes a fraction of what hashing two columns takes
    if (ordered[1:] != ordered[:-1]).all():
        return
    twice = pd.Series(pairs).duplicated().to_numpy()
    first = [ratings[key][twice].tolist()[0] for key in ("user_id", "item_id")]
    raise ValueError(
        f"{name}: {int(twice.sum())} ratings repeat a pair of user and item, the first is user {first[0]}, item "
        f"{first[1]}; expected one rating a pair. Keep the last with "
        "ratings.drop_duplicates(['user_id', 'item_id'], keep='last')"
    )
