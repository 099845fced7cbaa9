"""Tasks: a user is a task; a few ratings are the support, the rest the query.

Shapes: B users, N ratings of one user (K in a support, Q in a query), padded to the longest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions, order_within
from metarec_lib.device import resolve_device, resolve_dtype

ORDERS = ("random", "chronological")
CELLS = 4_000_000  # numbers that one batch of users may take
WIDTH = 20  # numbers that a model may hold for each rating, such as its item's vector


@dataclass(frozen=True, eq=False)
class PaddedRatings:
    """The ratings of B users, padded to N a user; users may have any number of them, none included.

    users:  (B,) int64, position in the user table; -1 for a user whom the table does not hold.
    items:  (B, N) int64, position in the item table; -1 for an unknown item; 0 where padded.
    values: (B, N) float, ratings; 0 where padded.
    mask:   (B, N) bool, False where padded.

    What else is known of the ratings, None where it is not; 0 or False where padded:
    liked:  (B, N) bool, which ratings say "liked".
    gains:  (B, N) float, what a rating counts in nDCG.
    times:  (B, N) int64, seconds.
    labels: (B, N) float by name, other columns such as click or dwell.
    """

    users: Tensor
    items: Tensor
    values: Tensor
    mask: Tensor
    liked: Tensor | None = None
    gains: Tensor | None = None
    times: Tensor | None = None
    labels: dict[str, Tensor] | None = None

    def __post_init__(self) -> None:
        shape = (len(self.users), *self.items.shape[1:])
        if len(shape) != 2 or any(tuple(t.shape) != shape for t in self._columns().values()):
            got = {name: tuple(t.shape) for name, t in {"users": self.users, **self._columns()}.items()}
            raise ValueError(f"PaddedRatings: got shapes {got}, expected users (B,) and the others (B, N)")
        for name in ("mask", "liked"):
            flags = getattr(self, name)
            if flags is not None and flags.dtype != torch.bool:
                raise ValueError(f"PaddedRatings: got a {name} of {flags.dtype}, expected torch.bool")
        if not self.values.is_meta and not bool(torch.isfinite(self.values).all()):
            raise ValueError("PaddedRatings: got NaN among the ratings, expected numbers, and 0 where padded")

    def __len__(self) -> int:
        return len(self.users)

    @property
    def counts(self) -> Tensor:
        """Ratings a user, (B,) int64."""
        return self.mask.sum(1)

    def select(self, rows: Tensor | slice) -> PaddedRatings:
        """Some of the users, in the order of `rows`."""
        return self._with(lambda t: t[rows], users=self.users[rows])

    def pad_to(self, width: int) -> PaddedRatings:
        """The same ratings with padding up to `width` columns."""
        more = width - self.items.shape[1]
        if more < 0:
            raise ValueError(f"pad_to: got width {width}, expected at least {self.items.shape[1]}")
        return self._with(lambda t: torch.nn.functional.pad(t, (0, more)))

    def trim(self) -> PaddedRatings:
        """The same ratings without the columns at the end that are padding for every user."""
        used = int(self.mask.any(0).nonzero().max()) + 1 if bool(self.mask.any()) else 0
        return self._with(lambda t: t[:, :used])

    def first(self, k: int | Tensor) -> PaddedRatings:
        """The first k ratings of each user; k may be a (B,) tensor, a number for each."""
        limit = torch.as_tensor(k, device=self.items.device).reshape(-1, 1)
        keep = self.mask & (self.mask.cumsum(1) <= limit)
        width = int(keep.sum(1).max()) if len(self) else 0
        order = torch.argsort((~keep).to(torch.int8), dim=1, stable=True)[:, :width]
        kept = keep.gather(1, order)
        return self._with(lambda t: t.gather(1, order) * kept)

    def append(self, items: Tensor, values: Tensor) -> PaddedRatings:
        """The same ratings and one more of each user: items (B,) positions, values (B,) ratings."""
        one = torch.ones_like(items, dtype=torch.bool)
        parts = ((self.items, items), (self.values, values.to(self.values.dtype)), (self.mask, one))
        return PaddedRatings(self.users, *(torch.cat([old, new.unsqueeze(1)], dim=1) for old, new in parts))

    def to(self, device: str | torch.device | None = None, dtype: str | torch.dtype | None = None) -> PaddedRatings:
        """The same ratings on another device, and what is floating in another floating type."""
        place = resolve_device(device)
        kind = resolve_dtype(dtype, place)
        return self._with(lambda t: t.to(place, kind if t.is_floating_point() else t.dtype), users=self.users.to(place))

    def _columns(self) -> dict[str, Tensor]:
        """Everything of shape (B, N), by name; a label as labels[name]."""
        known = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("users", "labels")}
        known |= {f"labels[{name}]": column for name, column in (self.labels or {}).items()}
        return {name: column for name, column in known.items() if column is not None}

    def _with(self, change: Callable[[Tensor], Tensor], users: Tensor | None = None) -> PaddedRatings:
        """The same change of all that is (B, N)."""
        parts = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("users", "labels")}
        parts = {name: None if column is None else change(column) for name, column in parts.items()}
        labels = None if self.labels is None else {name: change(column) for name, column in self.labels.items()}
        return PaddedRatings(self.users if users is None else users, labels=labels, **parts)


@dataclass(frozen=True, eq=False)
class TaskBatch:
    """B tasks: `support` (B, K) to adapt on and `query` (B, Q) to be judged on, of the same users."""

    support: PaddedRatings
    query: PaddedRatings

    def __post_init__(self) -> None:
        users = self.support.users
        if not users.is_meta and not torch.equal(users, self.query.users):
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
    *,
    liked: np.ndarray | None = None,
    gains: np.ndarray | None = None,
    times: np.ndarray | None = None,
    labels: Mapping[str, np.ndarray] | None = None,
) -> PaddedRatings:
    """Ratings in long form as PaddedRatings, each user's in the order given.

    user_rows: (n,) int, which of the B users a rating belongs to, 0 to B-1. users: (B,) int, the users' positions in the
    user table. The others: (n,), as PaddedRatings names them.
    """
    place = resolve_device(device)
    kind = resolve_dtype(dtype, place)
    order = np.argsort(user_rows, kind="stable")
    counts = np.bincount(user_rows, minlength=len(users))
    rows = user_rows[order]
    columns = np.arange(len(order)) - (np.cumsum(counts) - counts)[rows]
    shape = (len(users), int(counts.max()) if len(counts) else 0)

    def padded(column: np.ndarray | None, of: torch.dtype) -> Tensor | None:
        if column is None:
            return None
        table = torch.zeros(shape, dtype=of).numpy()
        table[rows, columns] = np.asarray(column)[order]
        return torch.as_tensor(table, device=place)

    return PaddedRatings(
        torch.as_tensor(np.asarray(users, dtype=np.int64), device=place),
        padded(items, torch.int64),
        padded(values, kind),
        padded(np.ones(len(order), dtype=bool), torch.bool),
        padded(liked, torch.bool),
        padded(gains, kind),
        padded(times, torch.int64),
        None if labels is None else {name: padded(column, kind) for name, column in labels.items()},
    )


def pad_rows(
    data: Interactions,
    rows: np.ndarray,
    owner: np.ndarray,
    users: np.ndarray,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
) -> PaddedRatings:
    """Some ratings of `data` with all that is known of them: likes, gains, times and labels.

    rows: (n,) which ratings. owner, users: (n,) and (B,), as in `pad_ratings`.
    """
    table, values = data.ratings, data.values[rows]
    known = {name: table[name].to_numpy()[rows] for name in data.labels}
    return pad_ratings(
        owner, data.item_codes[rows], values, users, device, dtype,
        liked=data.liked[rows], gains=data.gain(values), times=table["timestamp"].to_numpy()[rows], labels=known or None,
    )  # fmt: skip


def length_batches(support: np.ndarray, query: np.ndarray, cells: int = CELLS) -> Iterator[np.ndarray]:
    """Users in batches of similar length, longest first: arrays of rows, each row once.

    support, query: (B,) how many ratings each user has. A batch of b users whose longest have K and Q ratings takes
    b (K Q + WIDTH (K + Q)) numbers, at most `cells` unless it is one user: memory grows with the ratings, never with the
    users times the longest of all.
    """
    order = np.lexsort((-np.asarray(query), -np.asarray(support)))
    lengths = np.stack([np.asarray(support)[order], np.asarray(query)[order]]).clip(min=1)
    start = 0
    while start < len(order):
        k = int(lengths[0, start])
        ahead = lengths[1, start : start + max(1, cells // (k + WIDTH * (k + 1)))]
        q = np.maximum.accumulate(ahead)
        fits = int((np.arange(1, len(q) + 1) * (k * q + WIDTH * (k + q)) <= cells).sum())
        yield order[start : start + max(1, fits)]
        start += max(1, fits)


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
    keys = (interactions.ratings["timestamp"].to_numpy()[rows], tie_break) if order == "chronological" else (tie_break,)
    arranged, rank = order_within(owner, *keys)
    rows, owner = rows[arranged], owner[arranged]
    last = np.inf if query is None else pool + query
    parts = (rank < k), (rank >= pool) & (rank < last)
    return TaskBatch(*(pad_rows(interactions, rows[p], owner[p], chosen, device, dtype) for p in parts))


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
    support = pad_rows(train, rows, slot[train.user_codes[rows]], chosen, device, dtype)
    query = pad_rows(test, np.arange(len(test)), owner, chosen, device, dtype)
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
