"""Tasks: a user is a task; a few ratings are the support, the rest the query.

Shapes: B users, N ratings of one user (K in a support, Q in a query), padded to the longest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.device import resolve_device, resolve_dtype

ORDERS = ("random", "chronological")


@dataclass(frozen=True, eq=False)
class PaddedRatings:
    """The ratings of B users, padded to N a user; users may have any number of them, none included.

    users:  (B,) int64, position in the user table; -1 for a user whom the table does not hold.
    items:  (B, N) int64, position in the item table; -1 for an unknown item; 0 where padded.
    values: (B, N) float, stars; 0 where padded.
    mask:   (B, N) bool, False where padded.
    """

    users: Tensor
    items: Tensor
    values: Tensor
    mask: Tensor

    def __post_init__(self) -> None:
        shape = (len(self.users), *self.items.shape[1:])
        for name in ("items", "values", "mask"):
            if tuple(getattr(self, name).shape) != shape or len(shape) != 2:
                got = {f.name: tuple(getattr(self, f.name).shape) for f in fields(self)}
                raise ValueError(f"PaddedRatings: got shapes {got}, expected users (B,) and the others (B, N)")
        if self.mask.dtype != torch.bool:
            raise ValueError(f"PaddedRatings: got a mask of {self.mask.dtype}, expected torch.bool")
        if not bool(torch.isfinite(self.values).all()):
            raise ValueError("PaddedRatings: got NaN among the ratings, expected stars, and 0 where padded")

    def __len__(self) -> int:
        return len(self.users)

    @property
    def counts(self) -> Tensor:
        """Ratings a user, (B,) int64."""
        return self.mask.sum(1)

    def select(self, rows: Tensor | slice) -> PaddedRatings:
        """Some of the users, in the order of `rows`."""
        return PaddedRatings(*(getattr(self, f.name)[rows] for f in fields(self)))

    def pad_to(self, width: int) -> PaddedRatings:
        """The same ratings with padding up to `width` columns."""
        more = width - self.items.shape[1]
        if more < 0:
            raise ValueError(f"pad_to: got width {width}, expected at least {self.items.shape[1]}")
        pad = torch.nn.functional.pad
        return replace(self, **{k: pad(getattr(self, k), (0, more)) for k in ("items", "values", "mask")})

    def trim(self) -> PaddedRatings:
        """The same ratings without the columns at the end that are padding for every user."""
        used = int(self.mask.any(0).nonzero().max()) + 1 if bool(self.mask.any()) else 0
        return replace(self, **{k: getattr(self, k)[:, :used] for k in ("items", "values", "mask")})

    def first(self, k: int | Tensor) -> PaddedRatings:
        """The first k ratings of each user; k may be a (B,) tensor, a number for each."""
        limit = torch.as_tensor(k, device=self.items.device).reshape(-1, 1)
        keep = self.mask & (self.mask.cumsum(1) <= limit)
        width = int(keep.sum(1).max()) if len(self) else 0
        order = torch.argsort((~keep).to(torch.int8), dim=1, stable=True)[:, :width]
        items, values, mask = (torch.gather(t, 1, order) for t in (self.items, self.values, keep))
        return PaddedRatings(self.users, items * mask, values * mask, mask)

    def append(self, items: Tensor, values: Tensor) -> PaddedRatings:
        """The same ratings and one more of each user: items (B,) positions, values (B,) stars."""
        one = torch.ones_like(items, dtype=torch.bool)
        parts = ((self.items, items), (self.values, values.to(self.values.dtype)), (self.mask, one))
        return PaddedRatings(self.users, *(torch.cat([old, new.unsqueeze(1)], dim=1) for old, new in parts))

    def to(self, device: str | torch.device | None = None, dtype: str | torch.dtype | None = None) -> PaddedRatings:
        """The same ratings on another device, and `values` in another floating type."""
        place = resolve_device(device)
        values = self.values.to(place, resolve_dtype(dtype, place))
        return PaddedRatings(self.users.to(place), self.items.to(place), values, self.mask.to(place))


@dataclass(frozen=True, eq=False)
class TaskBatch:
    """B tasks: `support` (B, K) to adapt on and `query` (B, Q) to be judged on, of the same users."""

    support: PaddedRatings
    query: PaddedRatings

    def __post_init__(self) -> None:
        if not torch.equal(self.support.users, self.query.users):
            raise ValueError(
                "TaskBatch: support and query are of different users; expected the same users in the same order"
            )

    def __len__(self) -> int:
        return len(self.support)

    @property
    def users(self) -> Tensor:
        """Positions in the user table, (B,) int64."""
        return self.support.users

    def select(self, rows: Tensor | slice) -> TaskBatch:
        """Some of the tasks, in the order of `rows`."""
        return TaskBatch(self.support.select(rows), self.query.select(rows))

    def first(self, k: int | Tensor) -> TaskBatch:
        """The same tasks with the first k support ratings only: supports are nested over k, the query stays."""
        return TaskBatch(self.support.first(k), self.query)

    def together(self) -> PaddedRatings:
        """Support and query side by side, (B, K + Q)."""
        parts = [(getattr(self.support, n), getattr(self.query, n)) for n in ("items", "values", "mask")]
        return PaddedRatings(self.users, *(torch.cat(pair, dim=1) for pair in parts))

    def to(self, device: str | torch.device | None = None, dtype: str | torch.dtype | None = None) -> TaskBatch:
        """The same tasks on another device or in another floating type."""
        return TaskBatch(self.support.to(device, dtype), self.query.to(device, dtype))


def pad_ratings(
    user_rows: np.ndarray,
    items: np.ndarray,
    values: np.ndarray,
    users: np.ndarray,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
) -> PaddedRatings:
    """Ratings in long form as PaddedRatings, each user's in the order given.

    user_rows: (n,) int, which of the B users a rating belongs to, 0 to B-1. items, values: (n,).
    users: (B,) int, the users' positions in the user table.
    """
    place = resolve_device(device)
    order = np.argsort(user_rows, kind="stable")
    counts = np.bincount(user_rows, minlength=len(users))
    starts = np.cumsum(counts) - counts
    rows = user_rows[order]
    columns = np.arange(len(order)) - starts[rows]
    shape = (len(users), int(counts.max()) if len(counts) else 0)
    padded = [np.zeros(shape, dtype=kind) for kind in (np.int64, np.float64, bool)]
    for target, source in zip(padded, (items[order], values[order], True), strict=True):
        target[rows, columns] = source
    item_codes, stars, mask = (
        torch.as_tensor(t, device=place) for t in padded[:1] + [padded[1].astype(_numpy(dtype, place))] + padded[2:]
    )
    return PaddedRatings(torch.as_tensor(np.asarray(users, dtype=np.int64), device=place), item_codes, stars, mask)


def _numpy(dtype: str | torch.dtype | None, place: torch.device) -> type:
    return np.float32 if resolve_dtype(dtype, place) == torch.float32 else np.float64


def make_tasks(
    interactions: Interactions,
    users: Sequence | np.ndarray | None = None,
    k: int = 20,
    pool: int | None = None,
    query: int | None = None,
    order: str = "random",
    seed: int = 0,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
) -> TaskBatch:
    """Users' ratings as tasks: the first `pool` ratings are set aside, k of them are the support, the rest the query.

    users: ids, all by default. k: support ratings a user. pool: ratings set aside for supports, k by default; keep it
    the same over several k and the query stays the same too. query: at most so many query ratings, all by default.
    order: `random`, or `chronological` (the earliest first, ties in time at random). Users with no rating beyond the
    pool get an empty query. Raises ValueError for unknown users or orders and for k > pool.
    """
    pool = k if pool is None else pool
    if order not in ORDERS:
        raise ValueError(f"make_tasks: got order {order!r}, expected one of {ORDERS}")
    if not 0 <= k <= pool:
        raise ValueError(f"make_tasks: got k={k}, pool={pool}, expected 0 <= k <= pool")
    chosen = np.arange(interactions.n_users) if users is None else _known_users(interactions, users)
    slot = np.full(interactions.n_users, -1)
    slot[chosen] = np.arange(len(chosen))
    rows = np.flatnonzero(slot[interactions.user_codes] >= 0)
    owner = slot[interactions.user_codes[rows]]
    tie_break = np.random.default_rng(seed).random(len(interactions))[rows]
    time = interactions.ratings["timestamp"].to_numpy()[rows] if order == "chronological" else np.zeros(len(rows))
    arranged = np.lexsort((tie_break, time, owner))
    rows, owner = rows[arranged], owner[arranged]
    rank = np.arange(len(rows)) - np.searchsorted(owner, owner)
    last = np.inf if query is None else pool + query
    parts = (rank < k), (rank >= pool) & (rank < last)
    support, judged = (
        pad_ratings(owner[p], interactions.item_codes[rows[p]], interactions.values[rows[p]], chosen, device, dtype)
        for p in parts
    )
    return TaskBatch(support, judged)


def tasks_from_split(
    train: Interactions,
    test: Interactions,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
) -> tuple[TaskBatch, np.ndarray]:
    """The users of `test` as tasks: the support is all they rated in `train` (perhaps nothing), the query what they rated in
    `test`. Returns the tasks and the users' ids, (B,). train and test share their tables, as `load_data` makes them.
    """
    if not train.users["user_id"].equals(test.users["user_id"]) or not train.items["item_id"].equals(
        test.items["item_id"]
    ):
        raise ValueError("tasks_from_split: train and test have different tables; expected two parts of one data set")
    chosen, owner = np.unique(test.user_codes, return_inverse=True)
    slot = np.full(train.n_users, -1)
    slot[chosen] = np.arange(len(chosen))
    rows = np.flatnonzero(slot[train.user_codes] >= 0)
    codes = train.item_codes[rows], train.values[rows]
    support = pad_ratings(slot[train.user_codes[rows]], *codes, chosen, device, dtype)
    query = pad_ratings(owner, test.item_codes, test.values, chosen, device, dtype)
    return TaskBatch(support, query), test.users["user_id"].to_numpy()[chosen]


def _known_users(interactions: Interactions, users: Sequence | np.ndarray) -> np.ndarray:
    codes = interactions.user_index(users)
    if (codes < 0).any():
        missing = np.asarray(users)[codes < 0].tolist()
        raise ValueError(
            f"make_tasks: got {len(missing)} user ids that {interactions.name} does not hold, the first is {missing[0]!r}"
        )
    if len(np.unique(codes)) < len(codes):
        raise ValueError("make_tasks: got a user id more than once, expected each once")
    return codes
