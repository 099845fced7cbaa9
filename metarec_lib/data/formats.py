"""Rating data as people have them: which published format a file is in, and how its rows are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from metarec_lib.data.sniffing import File, Guess, guess, is_number, key_of
from metarec_lib.data.tables import read_csv

CHUNK = 200_000  # lines of JSON that are read at once


@dataclass
class Raw:
    """What was read: `ratings` with the columns of Interactions, their scale where the format fixes it, and notes of what
    was done to them. clicks: there are no ratings, or they are counts."""

    ratings: pd.DataFrame
    scale: tuple[float, float] | None = None
    clicks: bool = False
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Format:
    """A published format. fits: whether a file looks like it; read: its rows, given how the text is to be read."""

    name: str
    fits: Callable[[File, Guess], bool]
    read: Callable[[File, Guess], Raw]


# -- JSON lines -------------------------------------------------------------------------------------------------------
def _is_json(file: File, seen: Guess) -> bool:
    return ",".join(seen.rows[0]).lstrip().startswith("{")


JSON_KEYS: Mapping[str, tuple[str, str, str, str]] = {  # user, item, rating, time
    "Amazon reviews": ("reviewerID", "asin", "overall", "unixReviewTime"),
    "Amazon reviews 2023": ("user_id", "parent_asin", "rating", "timestamp"),
    "Yelp": ("user_id", "business_id", "stars", "date"),
    "Goodreads": ("user_id", "book_id", "rating", "date_added"),
}


def _read_json(file: File, seen: Guess) -> Raw:
    with file.open() as stream:
        first = pd.read_json(stream, lines=True, nrows=1, dtype=False)
    name, keys = next(((name, keys) for name, keys in JSON_KEYS.items() if {*keys[:3]} <= {*first.columns}), (None, ()))
    if name is None:
        raise ValueError(
            f"{file.name}: got JSON lines with the keys {list(first.columns)}, expected those of "
            f"{', '.join(JSON_KEYS)}. "
            "Read it with pandas.read_json(path, lines=True, dtype=False), rename columns and use Interactions.from_frame"
        )
    names = dict(zip(keys, ("user_id", "item_id", "rating", "timestamp"), strict=True))
    with file.open() as stream, pd.read_json(stream, lines=True, chunksize=CHUNK, dtype=False) as chunks:
        parts = [chunk[[key for key in keys if key in chunk]].rename(columns=names) for chunk in chunks]
    raw = Raw(pd.concat(parts, ignore_index=True), (1.0, 5.0), notes=[f"{name}, JSON lines"])
    if name == "Goodreads":
        raw.ratings["timestamp"] = pd.to_datetime(raw.ratings["timestamp"], format="%a %b %d %H:%M:%S %z %Y", utc=True)
        _drop(raw, raw.ratings["rating"] == 0, "0, which stands for shelved and not rated")
    return raw


# -- separated columns ------------------------------------------------------------------------------------------------
def columns_of(file: File, seen: Guess, names: Sequence[str | None], **options: object) -> pd.DataFrame:
    """The columns of a file, read as it was guessed to be, under these names; None for a column that is left out.

    Raises ValueError where its lines do not have as many fields.
    """
    wrong = [row for row in seen.data[:100] if len(row) > len(names)]
    if wrong:
        raise ValueError(
            f"{file.name}: got {len(wrong[0])} fields in {list(wrong[0])}, but {len(names)} names: {list(names)}; "
            "expected a name for each field, or all would be shifted. Pass names=[...] for all columns"
        )
    sep = seen.sep
    if sep == "::":  # every second field between single colons is empty; pandas' fast reader knows one character
        sep, names = ":", [n for name in names for n in (name, None)][:-1]
    if None in names:
        options["usecols"] = keep = [place for place, name in enumerate(names) if name is not None]
        names = [names[place] for place in keep]
    options = {"sep": sep, "encoding": seen.encoding, "header": 0 if seen.header else None, "names": names, **options}
    with ExitStack() as streams:  # pandas leaves open what it did not open
        return read_csv(lambda: streams.enter_context(file.open()), file.name, names, **options)


def _drop(raw: Raw, rows: pd.Series, why: str) -> None:
    if rows.any():
        raw.notes.append(f"left out {int(rows.sum()):,} of {len(rows):,} rows with the rating {why}")
        raw.ratings = raw.ratings[~rows].reset_index(drop=True)


AMAZON_USER = re.compile(r"A[0-9A-Z]{9,21}")
AMAZON_ITEM = re.compile(r"B[0-9A-Z]{9}|\d{9}[\dX]")


def _amazon_columns(seen: Guess) -> list[str] | None:
    """The names of the columns of Amazon's ratings without header; of 2014 the user comes first, of 2018 the item."""
    if seen.header or any(len(row) != 4 or not is_number(row[2]) for row in seen.rows):
        return None
    for user, item in ((0, 1), (1, 0)):
        if all(AMAZON_USER.fullmatch(row[user]) and AMAZON_ITEM.fullmatch(row[item]) for row in seen.rows):
            return ["user_id", "item_id"][:: 1 if user == 0 else -1] + ["rating", "timestamp"]
    return None


def _read_amazon(file: File, seen: Guess) -> Raw:
    names = _amazon_columns(seen)
    return Raw(columns_of(file, seen, names), (1.0, 5.0), notes=[f"Amazon ratings: columns {', '.join(names)}"])


def _read_book_crossing(file: File, seen: Guess) -> Raw:
    frame = columns_of(file, seen, ["user_id", "item_id", "rating"], escapechar="\\", encoding="latin-1")
    raw = Raw(frame, (1.0, 10.0), notes=["Book-Crossing"])
    _drop(raw, raw.ratings["rating"] == 0, "0, which stands for not rated")
    return raw


def _is_jester(file: File, seen: Guess) -> bool:
    widths = {len(row) for row in seen.rows}
    cells = [cell for row in seen.rows[1:20] for cell in row[1:]]
    return len(widths) == 1 and min(widths) > 20 and all(map(is_number, cells)) and any(float(c) == 99 for c in cells)


def _read_jester(file: File, seen: Guess) -> Raw:
    with file.open() as stream:
        header = 0 if seen.header else None
        table = pd.read_csv(stream, sep=seen.sep, encoding=seen.encoding, header=header).to_numpy(dtype=np.float64)
    user, item = np.nonzero(table[:, 1:] != 99)
    ratings = pd.DataFrame({"user_id": user + 1, "item_id": item + 1, "rating": table[user, item + 1]})
    told = table[:, 0].astype(np.int64)
    if not np.array_equal(told, np.bincount(user, minlength=len(table))):
        raise ValueError(f"{file.name}: looks like Jester, but its first column is not how many jokes a line rates")
    return Raw(
        ratings, (-10.0, 10.0), notes=["Jester: a line a user, 99 is not rated, users and jokes numbered from 1"]
    )


def _is_netflix(file: File, seen: Guess) -> bool:
    first = seen.rows[0]
    return len(first) == 1 and bool(re.fullmatch(r"\d+:", first[0])) and any(len(row) == 3 for row in seen.rows[1:3])


def _read_netflix(file: File, seen: Guess) -> Raw:
    with file.open() as stream:
        rows = pd.read_csv(stream, names=["user_id", "rating", "timestamp"], header=None, dtype={"user_id": str})
    film = rows["user_id"].str.endswith(":")
    rows["item_id"] = rows["user_id"].str[:-1].where(film).ffill()
    rows = rows[~film].reset_index(drop=True)
    return Raw(rows, (1.0, 5.0), notes=["Netflix Prize: a film's number, then its ratings"])


def _is_lastfm_plays(file: File, seen: Guess) -> bool:
    return all(len(row) == 4 and re.fullmatch(r"[0-9a-f]{40}", row[0]) and row[3].isdigit() for row in seen.rows)


def _read_lastfm_plays(file: File, seen: Guess) -> Raw:
    names = ["user_id", None, "item_id", "count"]
    frame = columns_of(file, seen, names, quoting=3)
    raw = Raw(frame, clicks=True, notes=["last.fm 360K: plays of artists, known by name, as not every one has an id"])
    missing = raw.ratings["item_id"].isna()
    if missing.any():
        raw.notes.append(f"left out {int(missing.sum()):,} rows without a name")
        raw.ratings = raw.ratings[~missing].reset_index(drop=True)
    return raw


def _is_lastfm_events(file: File, seen: Guess) -> bool:
    return all(len(row) == 6 and re.fullmatch(r"user_\d{6}", row[0]) for row in seen.rows)


def _read_lastfm_events(file: File, seen: Guess) -> Raw:
    frame = columns_of(file, seen, ["user_id", "timestamp", None, "item_id", None, None], quoting=3)
    return Raw(frame, clicks=True, notes=["last.fm 1K: one play a line, of artists, known by name"])


def _named(*names: str) -> Callable[[File, Guess], bool]:
    return lambda file, seen: {*names} <= {*seen.columns}


def _read_artists(file: File, seen: Guess) -> Raw:
    names = [{"userID": "user_id", "artistID": "item_id", "weight": "count"}.get(name) for name in seen.columns]
    return Raw(columns_of(file, seen, names), clicks=True, notes=["last.fm HetRec: plays of artists"])


def _read_goodreads(file: File, seen: Guess) -> Raw:
    names = [{"user_id": "user_id", "book_id": "item_id", "rating": "rating"}.get(name) for name in seen.columns]
    raw = Raw(columns_of(file, seen, names), (1.0, 5.0), notes=["Goodreads interactions"])
    _drop(raw, raw.ratings["rating"] == 0, "0, which stands for shelved and not rated")
    return raw


def read_columns(file: File, seen: Guess, names: Sequence[str] | None = None) -> Raw:
    """Columns whose names say what they are, or these names; without any, user, item, rating and time in this order.

    Raises ValueError that says what was seen where that cannot be right.
    """
    notes = []
    if names is None and not seen.header:
        names = ["user_id", "item_id", "rating", "timestamp"][: max(map(len, seen.rows))]
        if not all(len(row) == len(names) and all(map(is_number, row[2:])) for row in seen.rows):
            raise ValueError(_unknown(file, seen, "no names. Pass names=['user_id', 'item_id', 'rating', ...]"))
        notes = [f"taken as {', '.join(names)}"]
    given = list(names or seen.columns)
    keys = [key_of(name) for name in given]
    if missing := {"user_id", "item_id"} - {*keys}:
        words = f"no column {' and '.join(sorted(missing))} under a name that is known. Pass names=['user_id', ...]"
        raise ValueError(_unknown(file, seen, f"{words} for all columns in order, and sep= if the separator is wrong"))
    found = [key if key and key not in keys[:at] else given[at] for at, key in enumerate(keys)]
    notes += [", ".join(f"{old} is {new}" for old, new in zip(given, found, strict=True) if old != new)]
    options = {"decimal": ","} if seen.sep != "," and _decimal_comma(seen, found) else {}
    notes += ["decimal comma"] * bool(options) + ["no ratings: clicks"] * ("rating" not in keys)
    return Raw(columns_of(file, seen, found, **options), None, "rating" not in keys, [note for note in notes if note])


def _unknown(file: File, seen: Guess, remedy: str) -> str:
    first = seen.sep.join(seen.rows[0])
    return f"{file.name}: got {seen}; the first line is {first[:120]!r}; {remedy}"


def _decimal_comma(seen: Guess, names: list[str | None]) -> bool:
    if "rating" not in names:
        return False
    cells = [row[names.index("rating")] for row in seen.data if len(row) == len(names)]
    return any("," in cell for cell in cells) and all(map(is_number, cells))


FORMATS = (
    Format("JSON lines", _is_json, _read_json),
    Format("Netflix Prize", _is_netflix, _read_netflix),
    Format("Book-Crossing", _named("User-ID", "ISBN", "Book-Rating"), _read_book_crossing),
    Format("Goodreads", _named("user_id", "book_id", "is_read", "rating"), _read_goodreads),
    Format("last.fm HetRec", _named("userID", "artistID", "weight"), _read_artists),
    Format("last.fm 360K", _is_lastfm_plays, _read_lastfm_plays),
    Format("last.fm 1K", _is_lastfm_events, _read_lastfm_events),
    Format("Jester", _is_jester, _read_jester),
    Format("Amazon", lambda file, seen: _amazon_columns(seen) is not None, _read_amazon),
)


def recognised(file: File, **given: object) -> tuple[Guess, Format | None]:
    """How the text of a file is to be read, and which format it is in; None where it is none of `FORMATS`."""
    seen = guess(file, **given)
    return seen, next((one for one in FORMATS if one.fits(file, seen)), None)
