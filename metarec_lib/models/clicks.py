"""Likes predicted as clicks are: columns of ids, encodings of the past, a network on embeddings.

Shapes: n rows, C columns of ids, D numbers of an embedding, H hidden units.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from metarec_lib.data.interactions import Interactions, order_within
from metarec_lib.device import resolve_device, resolve_dtype


def id_columns(data: Interactions, crossed: bool = True) -> np.ndarray:
    """Ids of each rating as small integers, (n, C): user, film; crossed: also user x genres, previous film x film.

    user x genres is the user together with the film's whole set of genres; the previous film is the one that the user rated
    before, by time and then by row. Crosses have many values with few rows each.
    """
    order, rank = order_within(data.user_codes, data.ratings["timestamp"].to_numpy())
    previous = np.full(len(data), data.n_items)
    previous[order[1:]] = np.where(rank[1:] > 0, data.item_codes[order[:-1]], data.n_items)
    genres = data.items[list(data.genres)].to_numpy(dtype=np.int64)
    kind = np.unique(genres, axis=0, return_inverse=True)[1].reshape(-1)[data.item_codes]
    pairs = [data.user_codes * (kind.max(initial=0) + 1) + kind, previous * data.n_items + data.item_codes]
    columns = [data.user_codes, data.item_codes, *(pairs if crossed else [])]
    return np.stack([np.unique(column, return_inverse=True)[1] for column in columns], axis=1)


def earlier_mean(
    values: np.ndarray, groups: np.ndarray, times: np.ndarray, known: np.ndarray, strength: float = 5.0
) -> np.ndarray:
    """(sum of the group's known values before this row + strength m) / (their number + strength), m the mean of all known.

    values, times: (n,); groups: (n,) int; known: (n,) bool, the rows whose value may be used at all. Before means at a
    smaller time: rows of one moment do not see each other. Returns (n,).
    """
    order = np.lexsort((times, groups))
    group, time, weight = groups[order], times[order], known[order].astype(float)
    new = np.append(True, (group[1:] != group[:-1]) | (time[1:] != time[:-1]))[: len(order)]
    moment = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))  # the first row of the same moment
    start = np.searchsorted(group, group)
    total, count = (np.append(0.0, np.cumsum(x)) for x in (values[order] * weight, weight))
    mean, found = values[known].mean(), np.empty(len(order))
    found[order] = (total[moment] - total[start] + strength * mean) / (count[moment] - count[start] + strength)
    return found


class CrossedNetwork:
    """logit = MLP(e_1, ..., e_C): an embedding of each id, joined, and one hidden layer; log loss, Adam (n rows a step).

    `reset_tables` draws the embeddings anew and forgets Adam's moments of them, while the layers go on: done before each
    epoch but the first, it is MEDA (Liu et al. 2023, arXiv 2305.19531).
    """

    def __init__(
        self, sizes: tuple[int, ...], width: int = 8, hidden: int = 32, lr: float = 3e-3, seed: int = 0,
        device: str | None = None, dtype: str | None = None,
    ) -> None:  # fmt: skip
        if not sizes or min(*sizes, width, hidden) < 1 or not lr > 0:
            raise ValueError(
                f"CrossedNetwork: got sizes={sizes}, width={width}, hidden={hidden}, lr={lr}, expected numbers above 0"
            )
        self.sizes, self.width, self.lr, self.seed, self.epochs_ = tuple(sizes), width, lr, seed, 0
        self.device = resolve_device(device)
        self.dtype = resolve_dtype(dtype, self.device)
        rng, joined = np.random.default_rng(seed), len(sizes) * width
        layers = rng.normal(0, joined**-0.5, (joined, hidden)), np.zeros(hidden), rng.normal(0, hidden**-0.5, hidden)
        self.layers = [self._parameter(x) for x in (*layers, np.zeros(()))]
        self.reset_tables()

    def _parameter(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(values).to(self.device, self.dtype).requires_grad_()

    def reset_tables(self) -> None:
        """New embeddings, as at the start but drawn anew; the layers keep their weights and their moments."""
        rng = np.random.default_rng([self.seed, self.epochs_, 1])
        self.tables = [self._parameter(rng.normal(0, 0.05, (size, self.width))) for size in self.sizes]
        before = getattr(self, "optimiser", None)
        self.optimiser = torch.optim.Adam([*self.tables, *self.layers], lr=self.lr)
        if before is not None:
            self.optimiser.state.update({p: before.state[p] for p in self.layers if p in before.state})

    def logits(self, columns: np.ndarray) -> Tensor:
        """(n, C) -> (n,)."""
        ids = torch.as_tensor(columns, device=self.device)
        joined = torch.cat([table[ids[:, c]] for c, table in enumerate(self.tables)], 1)
        into, bias, out, offset = self.layers
        return torch.relu(joined @ into + bias) @ out + offset

    def loss(self, columns: np.ndarray, liked: np.ndarray) -> Tensor:
        labels = torch.as_tensor(liked, device=self.device).to(self.dtype)
        return binary_cross_entropy_with_logits(self.logits(columns), labels)

    def train_one_epoch(self, columns: np.ndarray, liked: np.ndarray, size: int = 256) -> CrossedNetwork:
        """Every row once, in random order."""
        order = np.random.default_rng([self.seed, self.epochs_]).permutation(len(liked))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            self.optimiser.zero_grad()
            self.loss(columns[rows], liked[rows]).backward()
            self.optimiser.step()
        self.epochs_ += 1
        return self

    def predict(self, columns: np.ndarray) -> np.ndarray:
        """Logits of a like, (n,) float64."""
        with torch.no_grad():
            return self.logits(columns).cpu().numpy().astype(np.float64)
