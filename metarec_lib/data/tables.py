"""Tables of ratings as pandas reads them, with ids as they are written and nothing shifted."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from metarec_lib.data.ids import as_ids
from metarec_lib.data.times import as_times

Source = str | Path | Callable[[], BinaryIO]
IDS = ("user_id", "item_id")
MISSING = [
    "",
    "NA",
    "N/A",
    "#N/A",
    "NaN",
    "nan",
    "NULL",
    "null",
    "None",
    "none",
    "<NA>",
    "n/a",
    "\\N",
]  # of numbers, not of ids


def read_csv(source: Source, where: str, columns: Sequence[str] | None = None, **options: object) -> pd.DataFrame:
    """A file of separated columns; `user_id` and `item_id` as text, so that "007", "1e3" and "NA" stay what they are.

    source: a path, or a function that opens a stream. columns: the names of the columns, where they are known already.
    options: of `pandas.read_csv`. Raises ValueError where the file is no such table, where rows have more fields than there
    are names, and says what to pass.
    """
    try:
        options = {"index_col": False, **options}
        if columns is None:
            columns = list(pd.read_csv(_opened(source), **{**options, "nrows": 0}).columns)
        kinds = dict.fromkeys((name for name in columns if name in IDS), str)
        missing = {name: [""] if name in IDS else MISSING for name in columns}
        own = {"dtype": kinds, "na_values": missing, "keep_default_na": False}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # a column that mixes kinds is judged as a whole
            warnings.filterwarnings("error", "Length of header or names", pd.errors.ParserWarning)
            frame = pd.read_csv(_opened(source), **{**own, **options})
    except pd.errors.ParserWarning as error:
        raise ValueError(_shifted(source, where, columns, options)) from error
    except UnicodeError as error:
        raise ValueError(
            f"{where} is no readable CSV ({error}); expected UTF-8 text. Pass encoding='latin-1', or the encoding it has"
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        text = " ".join(str(error).split())
        raise ValueError(
            f"{where} is no readable CSV ({text}); expected a header and as many fields in every row. Usual cause: another "
            "separator, pass sep=; or quotes that are part of the text, pass quoting=3"
        ) from error
    return frame.drop(columns=[name for name in frame if str(name).startswith("Unnamed: ")])  # an index without a name


def clicks_as_ratings(clicks: pd.DataFrame, where: str) -> pd.DataFrame:
    """One row a pair of user and item, by first occurrence: rating 1, latest timestamp, and `count`, how often it occurs."""
    frame = pd.DataFrame({key: as_ids(clicks[key].reset_index(drop=True), f"{where}: {key}") for key in IDS})
    if "timestamp" in clicks:
        frame["timestamp"] = as_times(clicks["timestamp"].reset_index(drop=True), f"{where}: timestamp")
    frame["count"] = clicks["count"].to_numpy(dtype=np.float64) if "count" in clicks else 1.0
    pairs = frame.groupby(list(IDS), sort=False, as_index=False)
    return pairs.agg({name: "max" if name == "timestamp" else "sum" for name in frame if name not in IDS}).assign(
        rating=1.0
    )


def _opened(source: Source) -> object:
    return source() if callable(source) else source


def _shifted(source: Source, where: str, columns: Sequence[str], options: dict[str, object]) -> str:
    """What is wrong where the first row has more fields than there are names."""
    bare = {key: value for key, value in options.items() if key not in ("names", "header", "index_col", "nrows")}
    skip = 0 if options.get("header", "infer" if options.get("names") is None else None) is None else 1
    row = pd.read_csv(_opened(source), **{**bare, "header": None, "skiprows": skip, "nrows": 1, "dtype": str}).iloc[0]
    return (
        f"{where}: row 0 has {len(row)} fields, but there are {len(columns)} names: got {row.tolist()} under "
        f"{list(columns)}; expected a name for each field, or all would be shifted. Name them all: names=[...], header=0"
    )
