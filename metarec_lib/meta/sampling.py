"""Drawing tasks to meta-train on. Nothing loops over users.

Shapes: B tasks, K support ratings, Q query ratings, n ratings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, TaskBatch, make_tasks

SUPPORT_SIZES = (1, 2, 3, 5, 8, 12, 20)


class TaskSampler:
    """Tasks of the users in `data` who have two ratings or more; a user's ratings are shuffled anew in each epoch.

    sizes: K is drawn from these for each task, and cut to half of the user's ratings. query: Q, at most so many.
    """

    def __init__(
        self, data: Interactions, sizes: Sequence[int] = SUPPORT_SIZES, query: int = 32,
        device: torch.device | str = "cpu", dtype: torch.dtype = torch.float64,
    ) -> None:  # fmt: skip
        order = np.argsort(data.user_codes, kind="stable")
        self.owner, self.items, self.values = (a[order] for a in (data.user_codes, data.item_codes, data.values))
        self.users, self.starts, self.counts = np.unique(self.owner, return_index=True, return_counts=True)
        self.sizes, self.query, self.device, self.dtype = np.asarray(sizes), query, device, dtype

    def epoch(self, rng: np.random.Generator, batch_size: int) -> Iterator[TaskBatch]:
        """Every user once, in random order, `batch_size` tasks at a time."""
        shuffled = np.lexsort((rng.random(len(self.owner)), self.owner))  # random within each user
        rows = rng.permutation(np.flatnonzero(self.counts >= 2))
        for start in range(0, len(rows), batch_size):
            chosen = rows[start : start + batch_size]
            k = np.minimum(rng.choice(self.sizes, len(chosen)), self.counts[chosen] // 2)
            q = np.minimum(self.query, self.counts[chosen] - k)
            support = self._ratings(chosen, shuffled, np.zeros_like(k), k)
            yield TaskBatch(support, self._ratings(chosen, shuffled, k, q))

    def _ratings(self, rows: np.ndarray, shuffled: np.ndarray, skip: np.ndarray, take: np.ndarray) -> PaddedRatings:
        """Of each user `take` of the shuffled ratings after the first `skip`."""
        column = np.arange(take.max())
        mask = column < take[:, None]
        at = shuffled[np.where(mask, (self.starts[rows] + skip)[:, None] + column, 0)]
        items, values = (np.where(mask, column_of[at], 0) for column_of in (self.items, self.values))
        users, items, values, mask = (
            torch.as_tensor(a).to(self.device, self.dtype if a.dtype == np.float64 else None)
            for a in (self.users[rows], items, values, mask)
        )
        return PaddedRatings(users, items, values, mask)


def validation_tasks(
    data: Interactions, sizes: Sequence[int] = (1, 5, 20), seed: int = 0, **where: object
) -> list[TaskBatch]:
    """Tasks to judge on, one batch for each K of `sizes`, with nested supports and the same query.

    Where most users have too few ratings for the largest K, the K are cut to half of the median user's ratings.
    """
    users, counts = np.unique(data.ratings["user_id"].to_numpy(), return_counts=True)
    pool = int(min(max(sizes), max(1, np.median(counts) // 2)))
    if not (counts > pool).any():
        return []
    tasks = make_tasks(data, users[counts > pool], k=pool, seed=seed, **where)
    return [tasks.first(k) for k in sorted({min(k, pool) for k in sizes})]
