"""MovieLens in the forms it is published in, read into `Interactions`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from metarec_lib.data.fetch import EMBEDDED_NAME, NAME, FetchError, checked_members, source_members
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.paths import data_home, data_source, read_members

GENRES_100K = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *(
        "Fantasy",
        "Film-Noir",
        "Horror",
        "Musical",
        "Mystery",
        "Romance",
        "Sci-Fi",
        "Thriller",
        "War",
        "Western",
    ),
)
OCCUPATIONS_1M = (
    *("other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service"),
    *("doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer"),
    *("programmer", "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer"),
    *("tradesman/craftsman", "unemployed", "writer"),
)
RATINGS = ["user_id", "item_id", "rating", "timestamp"]
USERS = ["user_id", "age", "gender", "occupation", "zip"]
_ARTICLES = "The|A|An|La|Le|Les|L'|Un|Une|El|Los|Las|Il|Lo|I|Der|Die|Das|Det|Den|De|En|O"
_TRAILING_ARTICLE = re.compile(rf"((?:^|\()(?:a\.k\.a\. )?)([^()]+?), ({_ARTICLES})(?=\s*[()]|$)")
_YEAR = re.compile(r"\s*\((\d{4})(?:[-–]\d{0,4})?\)\s*(?:\([A-Z]+\))?\s*$")
Members = dict[str, bytes]


def load_movielens(name_or_path: str | Path = NAME) -> Interactions:
    """Read a MovieLens data set.

    name_or_path: `"ml-100k"` (fetched by `metarec data ml-100k`, or in METAREC_DATA), `"ml-latest-small"`
    (October 2016, ships with the package), or the path of a folder or zip that holds ML-100K (u.data, u.user,
    u.item), ML-1M (ratings.dat, users.dat, movies.dat), ML-10M (ratings.dat, movies.dat) or ML-20M and later (ratings.csv,
    movies.csv).

    users: user_id and, where the release has them, age (years), gender, occupation, zip. items: item_id,
    title (without the year, article in front), year, one 0/1 column a genre. Raises FileNotFoundError where
    the data are not there, ValueError where a file is damaged or not in its format.
    """
    if str(name_or_path) == NAME:
        return _parse(_ml_100k(), NAME)
    place = _EMBEDDED if str(name_or_path) == EMBEDDED_NAME else Path(name_or_path).expanduser()
    if not place.exists():
        raise FileNotFoundError(
            f"load_movielens: got {str(name_or_path)!r}, expected {NAME!r}, {EMBEDDED_NAME!r}, "
            "or a folder or zip that exists"
        )
    for names in _FORMATS:
        members = read_members(place, names)
        if len(members) == len(names):
            return _parse(members, place.stem)
    expected = "; ".join(", ".join(names) for names in _FORMATS)
    raise FileNotFoundError(f"load_movielens: {place} holds no MovieLens files; expected one of: {expected}")


def clean_titles(titles: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Titles as one says them, and the years that stood behind them.

    "Usual Suspects, The (1995)" gives "The Usual Suspects" and 1995.; the year is NaN where there is none.
    """
    found = [_YEAR.search(title) for title in titles]
    years = np.array([float(match[1]) if match else np.nan for match in found])
    bare = [title[: match.start()] if match else title for title, match in zip(titles, found, strict=True)]
    return [_TRAILING_ARTICLE.sub(_article_in_front, title).strip() for title in bare], years


def _article_in_front(match: re.Match[str]) -> str:
    before, title, article = match.groups()
    return f"{before}{article}{'' if article.endswith(chr(39)) else ' '}{title}"


def _ml_100k() -> Members:
    stored, source = data_home() / NAME, data_source()
    try:
        if stored.exists():
            return checked_members(stored)
    except FetchError as error:
        raise ValueError(f"load_movielens: {error}. Run `metarec data {NAME}` again: it repairs this") from error
    try:
        if source is not None:
            return source_members(source)
        reason = "METAREC_DATA is not set"
    except FetchError as error:
        reason = f"METAREC_DATA: {error}"
    raise FileNotFoundError(
        f"load_movielens: {NAME} is not in {stored.parent} ({reason}). Fetch it with the command "
        f"`metarec data {NAME}`, "
        f'or use the ratings that ship with the package: load_data("{EMBEDDED_NAME}")'
    )


# -- formats -------------------------------------------------------------------------------------------------
def _parse(members: Members, name: str) -> Interactions:
    files = ", ".join(members)
    try:
        ratings, users, items, scale = _FORMATS[tuple(members)](members)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ValueError(
            f"load_movielens: {name}: one of {files} is not in its format ({error}). "
            "Usual cause: a file cut short or edited"
        ) from error
    if ratings.empty:
        raise ValueError(f"load_movielens: {name}: got no rating, expected at least one. The files are {files}")
    return Interactions(ratings, users, items, name=name, scale=scale)


def _read_recbole(members: Members) -> tuple:
    """The ML-100K of recbole: UTF-8, tabs, a header with types (`user_id:token`), a column for the year."""
    ratings = _table(members[f"{NAME}.inter"], "\t", text=False)
    users, items = (_table(members[f"{NAME}.{kind}"], "\t") for kind in ("user", "item"))
    ratings.columns, users.columns = RATINGS, USERS
    items.columns = ["item_id", "title", "year", "genres"]
    titles, behind = clean_titles(items["title"].str.replace("unkonwn", "unknown"))
    years = pd.to_numeric(items["year"], errors="coerce").fillna(pd.Series(behind))  # item 1412 has the year "V"
    genres = _flags(items["genres"], " ", GENRES_100K)
    return ratings, _with_age(users), _items(items["item_id"], titles, years, genres), (1.0, 5.0)


def _read_100k(members: Members) -> tuple:
    ratings = _table(members["u.data"], "\t", text=False, names=RATINGS)
    users = _table(members["u.user"], "|", names=USERS)
    columns = ["item_id", "title", "date", "video", "url", *GENRES_100K]
    items = _table(members["u.item"], "|", names=columns, encoding="latin-1")
    titles, years = clean_titles(items["title"])
    return (
        ratings,
        _with_age(users),
        _items(items["item_id"], titles, years, items[list(GENRES_100K)]),
        (1.0, 5.0),
    )


def _read_1m(members: Members) -> tuple:
    ratings = _table(_tabbed(members["ratings.dat"]), "\t", text=False, names=RATINGS)
    order = ["user_id", "gender", "age", "occupation", "zip"]
    users = _with_age(_table(_tabbed(members["users.dat"]), "\t", names=order)[USERS])
    users["occupation"] = [OCCUPATIONS_1M[int(code)] for code in users["occupation"]]
    items = _table(_tabbed(members["movies.dat"]), "\t", names=["item_id", "title", "genres"], encoding="latin-1")
    titles, years = clean_titles(items["title"])
    return ratings, users, _items(items["item_id"], titles, years, _flags(items["genres"], "|")), (1.0, 5.0)


def _read_10m(members: Members) -> tuple:
    ratings = _table(_tabbed(members["ratings.dat"]), "\t", text=False, names=RATINGS)
    items = _table(_tabbed(members["movies.dat"]), "\t", names=["item_id", "title", "genres"])
    titles, years = clean_titles(items["title"])
    genres = _flags(items["genres"].replace("(no genres listed)", ""), "|")
    users = pd.DataFrame({"user_id": np.sort(ratings["user_id"].unique())})
    return ratings, users, _items(items["item_id"], titles, years, genres), (0.5, 5.0)


def _read_latest(members: Members) -> tuple:
    ratings = pd.read_csv(io.BytesIO(members["ratings.csv"]))
    ratings = ratings.rename(columns={"userId": "user_id", "movieId": "item_id"})[RATINGS]
    items = pd.read_csv(io.BytesIO(members["movies.csv"]), dtype=str, keep_default_na=False)
    titles, years = clean_titles(items["title"])
    titles = [title or f"Untitled film {item}" for title, item in zip(titles, items["movieId"], strict=True)]
    genres = _flags(items["genres"].replace("(no genres listed)", ""), "|")
    users = pd.DataFrame({"user_id": np.sort(ratings["user_id"].unique())})
    return ratings, users, _items(items["movieId"], titles, years, genres), (0.5, 5.0)


_FORMATS: dict[tuple[str, ...], Callable[[Members], tuple]] = {
    (f"{NAME}.inter", f"{NAME}.user", f"{NAME}.item"): _read_recbole,
    ("u.data", "u.user", "u.item"): _read_100k,
    ("ratings.dat", "users.dat", "movies.dat"): _read_1m,
    ("ratings.dat", "movies.dat"): _read_10m,
    ("ratings.csv", "movies.csv"): _read_latest,
}
_EMBEDDED = Path(__file__).with_name("embedded") / EMBEDDED_NAME


def _table(content: bytes, sep: str, text: bool = True, **options: object) -> pd.DataFrame:
    """One file as columns of text, or of what pandas makes of them. Quotes have no meaning in these files."""
    kind = {"dtype": str, "keep_default_na": False} if text else {}
    return pd.read_csv(io.BytesIO(content), sep=sep, quoting=csv.QUOTE_NONE, index_col=False, **kind, **options)


def _tabbed(content: bytes) -> bytes:
    """`::` as a tab, which pandas' fast reader understands."""
    return content.replace(b"::", b"\t")


def _with_age(users: pd.DataFrame) -> pd.DataFrame:
    return users.assign(age=pd.to_numeric(users["age"]).astype(float))


def _flags(lists: pd.Series, sep: str, genres: Sequence[str] | None = None) -> pd.DataFrame:
    """One 0/1 column a genre, from texts that list genres."""
    flags = lists.str.get_dummies(sep).drop(columns="", errors="ignore")
    return flags.reindex(columns=list(genres), fill_value=0) if genres else flags


def _items(ids: pd.Series, titles: list[str], years: object, genres: pd.DataFrame) -> pd.DataFrame:
    items = pd.DataFrame({"item_id": ids, "title": titles, "year": np.asarray(years, dtype=float)})
    return pd.concat([items, genres.astype(np.int64)], axis=1)
