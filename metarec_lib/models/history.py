"""What a fitted model remembers of its users: their ratings. A user's state is solved from them when it is needed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from metarec_lib.data.ids import positions
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, pad_ratings

Columns = tuple[np.ndarray, ...]  # items, values, times: (n,) each


class History:
    """The ratings of each user, oldest first; a rating can be added or replaced at once.

    Ratings are held as three arrays, user after user. Those that came later wait in a small overlay until many users are
    asked for together. Memory grows with the ratings; ask for users of similar length together (`length_batches`).
    """

    def __init__(self, data: Interactions) -> None:
        times = data.ratings["timestamp"].to_numpy()
        order = _oldest_first(data.user_codes, times)
        self._ids = pd.Index(data.users["user_id"])
        self._columns: Columns = (data.item_codes[order], data.values[order], times[order])
        counts = np.bincount(data.user_codes, minlength=len(self._ids))
        self._starts = np.append(0, np.cumsum(counts))  # user u has the rows starts[u] to starts[u + 1]
        self._known = len(self._ids)  # users of the table; later ones have no features
        self._like = data.like
        self._late: dict[int, Columns] = {}

    def put(self, user_id: object, item: int, rating: float) -> None:
        """One more rating, as old as the user's newest; a second one of the same pair replaces the first."""
        row = self._row_or_new(user_id)
        columns = self._of(row)
        keep = columns[0] != item
        newest = columns[2].max(initial=0)
        self._late[row] = tuple(np.append(c[keep], new) for c, new in zip(columns, (item, rating, newest), strict=True))

    def items_of(self, user_id: object) -> np.ndarray:
        """Positions of the items the user has rated; empty for an unknown user."""
        return self._of(int(self.index([user_id])[0]))[0]

    def counts(self, user_ids: object) -> np.ndarray:
        """How many ratings of these users are known, (B,) int64."""
        self._merge()
        rows = self.index(user_ids)
        return np.where(rows >= 0, np.diff(self._starts, append=0)[rows], 0)

    def index(self, user_ids: object) -> np.ndarray:
        """Rows of these users, -1 for a user who has never been seen."""
        return positions(self._ids, user_ids)

    def padded(self, user_ids: object, device: object = None, dtype: object = None) -> PaddedRatings:
        """The ratings of these users, (B, N), with likes and times; none for an unknown user."""
        rows = self.index(user_ids)
        users = np.where(rows < self._known, rows, -1)
        if len(rows) == 1:
            columns = self._of(int(rows[0]))
            owner = np.zeros(len(columns[0]), dtype=np.int64)
        else:
            counts = self.counts(user_ids)
            owner = np.repeat(np.arange(len(rows)), counts)
            first = self._starts[rows] - (np.cumsum(counts) - counts)
            at = np.arange(len(owner)) + np.repeat(first, counts)
            columns = tuple(c[at] for c in self._columns)
        items, values, times = columns
        liked = values >= self._like
        return pad_ratings(owner, items, values, users, device, dtype, liked=liked, times=times)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All ratings, user after user, for saving; `ids` apart."""
        self._merge()
        columns = dict(zip(("items", "values", "times"), self._columns, strict=True))
        return {"starts": self._starts, **columns, "known": np.array(self._known), "like": np.array(self._like)}

    @classmethod
    def from_arrays(cls, ids: pd.Index, arrays: dict[str, np.ndarray]) -> History:
        """The inverse of `to_arrays`; ids: (U,) the user ids, those of the table first."""
        self = cls.__new__(cls)
        self._ids, self._known, self._like, self._late = ids, int(arrays["known"]), float(arrays["like"]), {}
        self._starts, self._columns = arrays["starts"], tuple(arrays[name] for name in ("items", "values", "times"))
        return self

    @property
    def ids(self) -> pd.Index:
        """Every user id seen so far, those of the user table first."""
        return self._ids

    def _row_or_new(self, user_id: object) -> int:
        row = int(self.index([user_id])[0])
        if row < 0:
            new = str(user_id) if self._ids.dtype == object else int(user_id)
            row, self._ids = len(self._ids), pd.Index([*self._ids, new], dtype=self._ids.dtype)  # append would infer it
        return row

    def _of(self, row: int) -> Columns:
        if row in self._late:
            return self._late[row]
        here = slice(*self._starts[row : row + 2]) if 0 <= row < len(self._starts) - 1 else slice(0, 0)
        return tuple(c[here] for c in self._columns)

    def _merge(self) -> None:
        if not self._late:
            return
        old = np.repeat(np.arange(len(self._starts) - 1), np.diff(self._starts))
        keep = ~np.isin(old, list(self._late))
        late = np.repeat(list(self._late), [len(c[0]) for c in self._late.values()])
        rows = np.concatenate([old[keep], late])
        order = np.argsort(rows, kind="stable")
        parts = zip(self._columns, zip(*self._late.values(), strict=True), strict=True)
        self._columns = tuple(np.concatenate([column[keep], *new])[order] for column, new in parts)
        self._starts, self._late = np.append(0, np.cumsum(np.bincount(rows, minlength=len(self._ids)))), {}


def _oldest_first(users: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Rows user after user, each user's by time, (n,); equal times in the order given."""
    if not len(users):
        return np.zeros(0, dtype=np.int64)
    span = int(times.max()) - int(times.min()) + 1
    if span * (int(users.max()) + 1) >= 2**63:
        return np.lexsort((times, users))
    return np.argsort(
        users * span + (times - times.min()), kind="stable"
    )  # one key is sorted three times as fast as two
