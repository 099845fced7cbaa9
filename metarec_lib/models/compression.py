"""Compression of fitted models: their large tables in fewer bytes, the bytes and the time measured, never nominal ones.

A table is a matrix of R rows and C columns. What a packed table saves is what its file on disk saves; whether it also saves
time depends on the kernel that reads it, which `latency` measures. Shapes: R rows, C columns, K rows to sum, H rank.
"""

from __future__ import annotations

import copy
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from metarec_lib.models.base import Recommender

LARGE = 4_096  # numbers; a smaller table is left as it is


class PackedTable(ABC):
    """A matrix in few bytes: `arrays` are what is stored, `dense` gives the matrix (R, C) back, float32."""

    arrays: dict[str, np.ndarray]

    @abstractmethod
    def dense(self) -> np.ndarray:
        """The matrix that these bytes stand for, (R, C) float32."""

    @abstractmethod
    def sum_rows(self, rows: np.ndarray) -> np.ndarray:
        """The sum of some rows, (C,): what one lookup costs. rows: (K,) positions."""


@dataclass(frozen=True, eq=False)
class Whole(PackedTable):
    """The matrix itself in float32."""

    arrays: dict[str, np.ndarray]

    @classmethod
    def pack(cls, table: np.ndarray) -> Whole:
        return cls({"table": table.astype(np.float32)})

    def dense(self) -> np.ndarray:
        return self.arrays["table"]

    def sum_rows(self, rows: np.ndarray) -> np.ndarray:
        return self.arrays["table"][rows].sum(0)


@dataclass(frozen=True, eq=False)
class Int8(PackedTable):
    """round(w / s) in one byte, s = max |w| / 127 of each row: symmetric, no zero point."""

    arrays: dict[str, np.ndarray]

    @classmethod
    def pack(cls, table: np.ndarray) -> Int8:
        codes, scale = rounded(table, 127)
        return cls({"codes": codes, "scale": scale})

    def dense(self) -> np.ndarray:
        return self.arrays["codes"] * self.arrays["scale"][:, None]

    def sum_rows(self, rows: np.ndarray) -> np.ndarray:
        return self.arrays["scale"][rows] @ self.arrays["codes"][rows].astype(np.float32)


@dataclass(frozen=True, eq=False)
class Int4(PackedTable):
    """Codes from -7 to 7, two in a byte, one scale a row."""

    arrays: dict[str, np.ndarray]

    @classmethod
    def pack(cls, table: np.ndarray) -> Int4:
        codes, scale = rounded(table, 7)
        nibbles = (np.pad(codes, ((0, 0), (0, table.shape[1] % 2))) + 8).astype(np.uint8)
        pairs = nibbles[:, ::2] | (nibbles[:, 1::2] << 4)
        return cls({"pairs": pairs, "scale": scale, "columns": np.array(table.shape[1])})

    def dense(self) -> np.ndarray:
        return self._codes(self.arrays["pairs"]) * self.arrays["scale"][:, None]

    def sum_rows(self, rows: np.ndarray) -> np.ndarray:
        return self.arrays["scale"][rows] @ self._codes(self.arrays["pairs"][rows]).astype(np.float32)

    def _codes(self, pairs: np.ndarray) -> np.ndarray:
        both = np.stack([pairs & 15, pairs >> 4], axis=2).reshape(len(pairs), 2 * pairs.shape[1])
        return both[:, : int(self.arrays["columns"])].astype(np.int8) - 8


@dataclass(frozen=True, eq=False)
class Sparse(PackedTable):
    """The entries that were kept, row after row (CSR): a float32 and a column each. Positions are part of the bytes."""

    arrays: dict[str, np.ndarray]

    @classmethod
    def pack(cls, table: np.ndarray, kept: np.ndarray) -> Sparse:
        at = sp.csr_matrix(np.where(kept, table, 0).astype(np.float32))
        narrow = np.uint16 if table.shape[1] <= 2**16 else np.int32
        columns = np.array(table.shape[1])
        return cls({"values": at.data, "at": at.indices.astype(narrow), "starts": at.indptr, "columns": columns})

    def csr(self) -> sp.csr_matrix:
        """The matrix as SciPy's CSR, (R, C)."""
        a = self.arrays
        return sp.csr_matrix(
            (a["values"], a["at"].astype(np.int32), a["starts"]), (len(a["starts"]) - 1, int(a["columns"]))
        )

    def dense(self) -> np.ndarray:
        return self.csr().toarray()

    def sum_rows(self, rows: np.ndarray) -> np.ndarray:
        a = self.arrays
        spans = [slice(*a["starts"][r : r + 2]) for r in rows]
        at, values = (np.concatenate([a[name][s] for s in spans] or [a[name][:0]]) for name in ("at", "values"))
        return np.bincount(at, values, int(a["columns"])).astype(np.float32)


@dataclass(frozen=True, eq=False)
class LowRank(PackedTable):
    """left (R, H) @ right (H, C): the nearest matrix of this rank, by singular values (Eckart & Young 1936)."""

    arrays: dict[str, np.ndarray]

    @classmethod
    def pack(cls, table: np.ndarray, rank: int) -> LowRank:
        u, s, v = np.linalg.svd(table, full_matrices=False)
        return cls({"left": (u[:, :rank] * s[:rank]).astype(np.float32), "right": v[:rank].astype(np.float32)})

    def dense(self) -> np.ndarray:
        return self.arrays["left"] @ self.arrays["right"]

    def sum_rows(self, rows: np.ndarray) -> np.ndarray:
        return self.arrays["left"][rows].sum(0) @ self.arrays["right"]


def rounded(table: np.ndarray, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes (R, C) int8 from -largest to largest and the scale (R,) float32 of each row; 1 for a row of zeros."""
    top = np.abs(table).max(1, initial=0.0)
    scale = np.where(top > 0, top / largest, 1.0).astype(np.float32)
    codes = np.clip(np.rint(table / np.maximum(scale, 1e-38)[:, None]), -largest, largest)
    return codes.astype(np.int8), scale


def largest_entries(table: np.ndarray, keep: float) -> np.ndarray:
    """The share `keep` of the entries that are largest in absolute value, (R, C) bool; of equal ones the first."""
    order = np.argsort(-np.abs(table), axis=None, kind="stable")
    return _first_of(order, keep, table.shape)


def random_entries(table: np.ndarray, keep: float, seed: int) -> np.ndarray:
    """A random share `keep` of the entries that are not 0, (R, C) bool: the control that pruning must beat."""
    draw = np.random.default_rng(seed).random(table.shape)
    return _first_of(np.argsort(np.where(table == 0, 2.0, draw), axis=None, kind="stable"), keep, table.shape)


def _first_of(order: np.ndarray, keep: float, shape: tuple[int, ...]) -> np.ndarray:
    kept = np.zeros(order.size, dtype=bool)
    kept[order[: round(keep * order.size)]] = True
    return kept.reshape(shape)


_PACK: dict[str, Callable[[np.ndarray, float, int, int], PackedTable]] = {
    "float32": lambda table, keep, rank, seed: Whole.pack(table),
    "int8": lambda table, keep, rank, seed: Int8.pack(table),
    "int4": lambda table, keep, rank, seed: Int4.pack(table),
    "magnitude": lambda table, keep, rank, seed: Sparse.pack(table, largest_entries(table, keep)),
    "random": lambda table, keep, rank, seed: Sparse.pack(table, random_entries(table, keep, seed)),
    "low_rank": lambda table, keep, rank, seed: LowRank.pack(table, rank),
}
METHODS = tuple(_PACK)
KINDS: dict[str, type] = {c.__name__: c for c in (Whole, Int8, Int4, Sparse, LowRank)}


@dataclass(frozen=True, eq=False)
class Compressed:
    """A compressed model.

    model: a copy of the model whose tables hold what the packed ones stand for; it predicts, recommends and is evaluated
    like any other. tables: the packed tables by name. `save` writes the packed tables, and `size` is the size of that file.
    """

    FORMAT: ClassVar[int] = 1

    model: Recommender
    tables: dict[str, PackedTable]

    def save(self, path: str | Path) -> int:
        """Write the packed tables to an .npz file; returns its size in bytes, as the file system reports it."""
        parts = {
            f"{name}|{type(t).__name__}|{key}": a for name, t in self.tables.items() for key, a in t.arrays.items()
        }
        with open(path, "wb") as file:
            np.savez(file, **parts)
        return Path(path).stat().st_size


def compress(
    model: Recommender, method: str = "int8", *, keep: float = 0.1, rank: int = 64, seed: int = 0
) -> Compressed:
    """A fitted model with its large tables packed; the model itself stays as it is.

    method: "int8" and "int4" (rounded, one scale a row), "magnitude" (the share `keep` of the largest weights, Han et al.
    2015, NeurIPS, without their retraining), "random" (as many at random: the control), "low_rank" (singular value
    decomposition to `rank`), "float32" (nothing but the format). Large are the fitted floating tensors of 4,096 numbers or
    more. Distillation needs the ratings: `DistilledAutoencoder.fit(..., compression_target=True)`.
    Raises ValueError for another method, a share not above 0 and up to 1, a rank below 1, a model without a large table.
    """
    if method not in METHODS:
        raise ValueError(f"compress: got method {method!r}, expected one of {', '.join(METHODS)}")
    if not 0 < keep <= 1 or rank < 1:
        raise ValueError(
            f"compress: got keep={keep!r}, rank={rank!r}; expected a share up to 1, and a rank of 1 or more"
        )
    found = large_tables(model)
    if not found:
        raise ValueError(
            f"compress: {type(model).__name__} has no table of {LARGE:,} numbers or more, expected one. Usual cause: the "
            "model is not fitted, or is small already"
        )
    packed = {name: _PACK[method](_matrix(table), keep, rank, seed) for name, table in found.items()}
    return Compressed(_with(model, packed), packed)


def load_compressed(path: str | Path, model: Recommender) -> Recommender:
    """The model with the tables of a file that `Compressed.save` wrote. model: the fitted model they came from, or a twin.

    Raises ValueError where the file holds other tables than the model.
    """
    parts: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:
            name, kind, part = key.split("|")
            parts.setdefault((name, kind), {})[part] = stored[key]
    tables = {name: KINDS[kind](arrays) for (name, kind), arrays in parts.items()}
    if tables.keys() != large_tables(model).keys():
        raise ValueError(
            f"load_compressed: got the tables {sorted(tables)}, expected {sorted(large_tables(model))}. Usual cause: the "
            "file belongs to another model"
        )
    return _with(model, tables)


def large_tables(model: Recommender) -> dict[str, Tensor]:
    """The fitted floating tensors of 4,096 numbers or more with two dimensions at least, by name; `params_/in` in a dict."""
    found: dict[str, Tensor] = {}
    for name, value in vars(model).items():
        if name.endswith("_") and not name.startswith("_"):
            found |= {f"{name}/{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
    return {k: v for k, v in found.items() if isinstance(v, Tensor) and v.is_floating_point() and _is_large(v)}


def _is_large(table: Tensor) -> bool:
    return table.ndim > 1 and table.numel() >= LARGE


def _matrix(table: Tensor) -> np.ndarray:
    """All dimensions but the last as rows, (R, C)."""
    return table.detach().cpu().reshape(-1, table.shape[-1]).numpy()


def _with(model: Recommender, tables: dict[str, PackedTable]) -> Recommender:
    """A copy of the model with these tables in place of its own."""
    twin = copy.deepcopy(model)
    for name, table in tables.items():
        attribute, _, key = name.partition("/")
        holder = vars(twin)[attribute] if key else vars(twin)
        old = holder[key or attribute]
        dense = torch.as_tensor(np.ascontiguousarray(table.dense())).to(old).reshape(old.shape)
        holder[key or attribute] = dense
    return twin


def latency(call: Callable[[], object], repeats: int = 200) -> float:
    """Median time of a call in microseconds, after ten to warm up. A ratio of two travels better than a time."""
    if repeats < 1:
        raise ValueError(f"latency: got repeats={repeats!r}, expected 1 or more")
    for _ in range(10):
        call()
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        took.append(time.perf_counter() - start)
    return 1e6 * float(np.median(took))
