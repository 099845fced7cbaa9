"""What a fitted model remembers of its users: their ratings. A user's state is solved from them when it is needed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, pad_ratings


class History:
    """The ratings of each user, oldest first; a rating can be added or replaced at once.

    Ratings are held as three arrays sorted by user. Those that came later wait in a small overlay until many users are
    asked for together.
    """

    def __init__(self, data: Interactions) -> None:
        order = np.lexsort((data.ratings["timestamp"].to_numpy(), data.user_codes))
        self._ids = pd.Index(data.users["user_id"])
        self._rows, self._items, self._values = (
            data.user_codes[order],
            data.item_codes[order],
            data.values[order],
        )
        self._known = len(self._ids)  # users of the table; later ones have no features
        self._late: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def put(self, user_id: object, item: int, rating: float) -> None:
        """One more rating; a second one of the same pair replaces the first."""
        row = self._row_or_new(user_id)
        items, values = self._of(row)
        keep = items != item
        self._late[row] = (np.append(items[keep], item), np.append(values[keep], rating))

    def items_of(self, user_id: object) -> np.ndarray:
        """Positions of the items the user has rated; empty for an unknown user."""
        row = int(self.index([user_id])[0])
        return self._of(row)[0] if row >= 0 else np.zeros(0, dtype=np.int64)

    def index(self, user_ids: object) -> np.ndarray:
        """Rows of these users, -1 for a user who has never been seen."""
        ids = pd.Series(np.atleast_1d(np.asarray(user_ids)))
        if self._ids.dtype == object:
            ids = ids.astype(str).astype(object)
        elif not pd.api.types.is_integer_dtype(ids):
            ids = pd.to_numeric(ids, errors="coerce")
        return self._ids.get_indexer(ids).astype(np.int64)

    def padded(self, user_ids: object, device: object = None, dtype: object = None) -> PaddedRatings:
        """The ratings of these users, (B, N); none for an unknown user."""
        rows = self.index(user_ids)
        users = np.where(rows < self._known, rows, -1)
        if len(rows) == 1:
            items, values = self._of(int(rows[0])) if rows[0] >= 0 else (np.zeros(0, dtype=np.int64), np.zeros(0))
            return pad_ratings(np.zeros(len(items), dtype=np.int64), items, values, users, device, dtype)
        self._merge()
        starts = np.searchsorted(self._rows, rows)
        counts = np.where(rows >= 0, np.searchsorted(self._rows, rows, side="right") - starts, 0)
        owner = np.repeat(np.arange(len(rows)), counts)
        at = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(starts, counts)
        return pad_ratings(owner, self._items[at], self._values[at], users, device, dtype)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All ratings, in long form, for saving: user ids (as an index into `ids`), items, values."""
        self._merge()
        return {
            "rows": self._rows,
            "items": self._items,
            "values": self._values,
            "known": np.array(self._known),
        }

    @classmethod
    def from_arrays(cls, ids: pd.Index, arrays: dict[str, np.ndarray]) -> History:
        """The inverse of `to_arrays`; ids: (U,) the user ids, those of the table first."""
        self = cls.__new__(cls)
        self._ids, self._known, self._late = ids, int(arrays["known"]), {}
        self._rows, self._items, self._values = arrays["rows"], arrays["items"], arrays["values"]
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

    def _of(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        if row in self._late:
            return self._late[row]
        start, stop = np.searchsorted(self._rows, [row, row + 1])
        return self._items[start:stop], self._values[start:stop]

    def _merge(self) -> None:
        if not self._late:
            return
        keep = ~np.isin(self._rows, list(self._late))
        rows = np.concatenate([self._rows[keep], *(np.full(len(v[0]), r) for r, v in self._late.items())])
        items = np.concatenate([self._items[keep], *(v[0] for v in self._late.values())])
        values = np.concatenate([self._values[keep], *(v[1] for v in self._late.values())])
        order = np.argsort(rows, kind="stable")
        self._rows, self._items, self._values, self._late = rows[order], items[order], values[order], {}
