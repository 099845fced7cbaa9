"""Any file of ratings as Interactions: `read_ratings`."""

from __future__ import annotations

import sys
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from metarec_lib.data.formats import FORMATS, Raw, read_columns, recognised
from metarec_lib.data.ids import as_ids
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.movielens import load_movielens
from metarec_lib.data.sniffing import File
from metarec_lib.data.times import as_times

MOVIELENS = ({"u.data", "u.user", "u.item"}, {"ratings.dat", "movies.dat"}, {"ratings.csv", "movies.csv"})
# The files that hold the ratings, in a folder or zip with others
MEMBERS = (
    "bx-book-ratings.csv", "ratings.csv", "user_artists.dat", "goodreads_interactions.csv", "u.data", "ratings.dat",
    "yelp_academic_dataset_review.json", "userid-timestamp-artid-artname-traid-traname.tsv",
    "usersha1-artmbid-artname-plays.tsv",
)  # fmt: skip
NETFLIX = ("combined_data_", "mv_")  # how the names begin of files that belong together
TEXT = {".csv", ".tsv", ".txt", ".dat", ".json", ".jsonl", ".inter", ".data", ".gz", ".bz2", ".xz"}


def read_ratings(
    path: str | Path,
    *,
    sep: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    names: Sequence[str] | None = None,
    scale: tuple[float, float] | None = None,
    like: float | None = None,
    name: str | None = None,
    quiet: bool = False,
) -> Interactions:
    """Ratings, or clicks, from a file, folder or zip of a known format, or with columns whose names say what they are.

    MovieLens of all sizes, Amazon, Yelp and Goodreads reviews, Book-Crossing, Jester, Netflix Prize and last.fm are known.
    Separator, encoding and header are guessed and said in one line (`quiet` keeps silent); sep, encoding, header (whether
    there is one) and names (of all columns, in their order) override. Of a pair that is rated twice the latest rating stays.
    scale, like, name: see `Interactions`. Raises FileNotFoundError, or ValueError that says what was seen and what to do.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"read_ratings: got {str(path)!r}, expected a file or folder that exists")
    given = {
        key: value for key, value in (("sep", sep), ("encoding", encoding), ("header", header)) if value is not None
    }
    name = name or path.stem.split(".")[0]
    try:
        if not given and names is None and any(files <= {*_names(path)} for files in MOVIELENS):
            data, said = load_movielens(path), ["MovieLens, with its table of items"]
            data = Interactions(data.ratings, data.users, data.items, name, scale or data.scale, like)
        else:
            raw, said = _read_files(_files(path), names, **given)
            data = _interactions(raw, name, scale, like)
            said += raw.notes
    except ValueError as error:
        raise ValueError(f"read_ratings: {error}") from error
    if not quiet:
        print(f"read_ratings: {path.name}: {'; '.join(said)}; {data!r}")
    return data


# Remedies are told to callers of the function; the command has other names for two of them.
IN_A_TERMINAL = ("names=['user_id', ...]", "--columns user_id,..."), ("names=[...]", "--columns A,B,...")


def read_command(path: str, out: str | None = None, **options: object) -> int:
    """`metarec data --from PATH`: say what the file holds; out: write it as a plain CSV. Returns the exit status."""
    given = {key: value for key, value in options.items() if value is not None}
    try:
        with warnings.catch_warnings(record=True) as noticed:
            warnings.simplefilter("always")
            data = read_ratings(path, **given)
    except ValueError as error:
        raise ValueError(str(error).replace(*IN_A_TERMINAL[0]).replace(*IN_A_TERMINAL[1])) from None
    for warning in noticed:
        print(f"warning: {warning.message}", file=sys.stderr)
    counts = np.bincount(data.user_codes, minlength=data.n_users)
    print(f"ratings a user: {counts.min()} to {counts.max()}, median {np.median(counts):g}")
    values, how_often = np.unique(data.values, return_counts=True)
    common = np.argsort(-how_often, kind="stable")[:12]
    shown = ", ".join(f"{values[v]:g}: {how_often[v]:,}" for v in np.sort(common))
    print(f"ratings{' (the commonest)' if len(values) > 12 else ''}: {shown}; a like is {data.like:g} or more")
    if out is not None:
        data.ratings.to_csv(out, index=False)
        print(f"written: {out}")
    return 0


# -- which file -------------------------------------------------------------------------------------------------------
def _names(path: Path) -> list[str]:
    """The names of the files in a folder (without .gz) or a zip; nothing for another file."""
    if path.is_dir():
        return [p.name.removesuffix(".gz") for p in path.iterdir() if p.is_file()]
    if not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        return [member.rsplit("/", 1)[-1] for member in archive.namelist()]


def _files(path: Path) -> list[File]:
    """The file that holds the ratings, or those that hold them together."""
    if path.is_dir():
        there = [File(p) for p in sorted(path.iterdir()) if p.is_file()]
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            there = [File(path, m) for m in sorted(archive.namelist()) if not m.endswith("/") and "__MACOSX" not in m]
    else:
        return [File(path)]
    text = [file for file in there if Path(file.name).suffix.lower() in TEXT]
    groups = [[f for f in text if f.name.startswith(start)] for start in NETFLIX]
    groups += [[f for f in text if f.name.lower().removesuffix(".gz") == member] for member in MEMBERS]
    chosen = next((group for group in groups if group), text)
    if len(chosen) == 1 or chosen in groups[: len(NETFLIX)] and chosen:
        return chosen
    names = ", ".join(file.name for file in there[:8]) or "nothing"
    raise ValueError(
        f"{path.name} holds {names}; expected one file of ratings. Unpack it and pass the path of that file"
    )


# -- what it holds ----------------------------------------------------------------------------------------------------
def _read_files(files: list[File], names: Sequence[str] | None, **given: object) -> tuple[Raw, list[str]]:
    """The rows of all files together, and how their text was read."""
    parts, said = [], []
    for file in files:
        seen, known = recognised(file, **given)
        parts.append(read_columns(file, seen, names) if names or known is None else known.read(file, seen))
        said = [str(seen)] if known is None or known.name != "JSON lines" else []
    raw = parts[0]
    raw.ratings = pd.concat([part.ratings for part in parts], ignore_index=True) if len(parts) > 1 else raw.ratings
    return raw, said


def _interactions(raw: Raw, name: str, scale: tuple[float, float] | None, like: float | None) -> Interactions:
    if raw.clicks:
        data = Interactions.from_clicks(raw.ratings, name=name)
        raw.notes += [f"{len(raw.ratings):,} rows are {len(data):,} pairs"] * (len(raw.ratings) > len(data))
        return data
    frame, tables = raw.ratings, {}
    for key in ("user_id", "item_id"):
        frame[key], ids = _coded(frame[key], f"{name}: {key}")
        tables[key.replace("_id", "s")] = pd.DataFrame({key: np.sort(ids)})
    if "timestamp" in frame:
        frame["timestamp"] = as_times(frame["timestamp"], f"{name}: timestamp")
    return Interactions.from_frame(_latest(raw), **tables, name=name, scale=scale or raw.scale, like=like)


def _coded(column: pd.Series, where: str) -> tuple[pd.Series, np.ndarray]:
    """A column of ids, in which text is looked at once for each id and not for each rating, and the ids that occur."""
    codes, values = pd.factorize(column)
    if (codes < 0).any():
        as_ids(column, where)  # says which id is missing
    ids = as_ids(pd.Series(values), where).to_numpy()
    if ids.dtype != object:
        return pd.Series(ids[codes], index=column.index), np.unique(ids)
    return pd.Series(pd.Categorical.from_codes(codes, ids), index=column.index), ids


def _latest(raw: Raw) -> pd.DataFrame:
    """The latest rating of each pair of user and item; of several at one time the last row."""
    frame = raw.ratings
    (users, _), (items, names) = (pd.factorize(frame[key]) for key in ("user_id", "item_id"))
    pairs = users * len(names) + items
    ordered = np.sort(pairs)
    if (ordered[1:] != ordered[:-1]).all():
        return frame
    order = np.lexsort((frame["timestamp"] if "timestamp" in frame else np.zeros(len(frame)), pairs))
    last = np.append(pairs[order][1:] != pairs[order][:-1], True)
    raw.notes.append(f"{len(frame) - int(last.sum()):,} ratings of a pair that was rated again later are left out")
    return frame.iloc[np.sort(order[last])].reset_index(drop=True)


SUPPORTED = tuple(dict.fromkeys(("MovieLens", *(one.name for one in FORMATS))))
