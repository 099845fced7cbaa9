"""Ids as they are written: "007" and "7" are two items, 19 digits stay whole."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import pandas as pd

LONGEST = 20  # characters of a whole number of 64 bits


def as_ids(column: pd.Series, where: str) -> pd.Series:
    """Ids as int64 where every one is a plain whole number of 64 bits, as text (object) where one is not.

    Plain means that it is written as `str(int(x))`: "7" is, "007", "1e3", "+7" and "7.0" are not. Raises ValueError for
    missing ids, and for floats that are no whole numbers or too large to be told apart.
    """
    if column.isna().any():
        row = int(np.flatnonzero(column.isna())[0])
        raise ValueError(
            f"{where}: {int(column.isna().sum())} ids are missing, the first in row {row}; every row needs one"
        )
    if pd.api.types.is_integer_dtype(column.dtype):
        numbers = column.to_numpy()
        if not len(numbers) or int(numbers.max()) < 2**63:
            return pd.Series(numbers.astype(np.int64), index=column.index, name=column.name)
    codes, values = pd.factorize(column)
    try:
        texts = [_needed(id_text(value)) for value in values.tolist()]
        _need_exact(column.dtype, values)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    numbers = [plain_number(text) for text in texts]
    whole = None not in numbers
    table = np.array(numbers, dtype=np.int64) if whole else np.array(texts, dtype=object)
    return pd.Series(table[codes], index=column.index, name=column.name, dtype=table.dtype)


def id_text(value: object) -> str:
    """An id as text: text as it stands, a whole number by its digits. Raises ValueError for what names nothing exactly."""
    if isinstance(value, (str, bool, np.bool_)):
        return str(value)
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        if not value % 1 == 0:
            raise ValueError(f"got the id {value!r}, expected text or a whole number")
        if abs(value) >= 2**53:
            raise ValueError(
                f"got the id {value!r} as a float, which holds no whole number of this size exactly; expected text or an "
                "integer. Usual cause: a column with missing values; read the ids as text"
            )
        return str(int(value))
    if isinstance(value, (bytes, bytearray)):
        raise ValueError(f"got the id {value!r}, expected text; decode it first")
    return str(value)


def plain_number(text: str) -> int | None:
    """The whole number that is written so, and in no other way; None where there is none of 64 bits."""
    if not text or len(text) > LONGEST or not (text[-1].isdigit() and text.isascii()):
        return None
    try:
        number = int(text)
    except ValueError:
        return None
    return number if str(number) == text and -(2**63) <= number < 2**63 else None


def positions(lookup: pd.Index, ids: object) -> np.ndarray:
    """Where in the lookup these ids stand, (n,) int64; -1 for an unknown one. "7" is the number 7, "007" is not."""
    values = listed(ids)
    if pd.api.types.is_integer_dtype(values.dtype) and lookup.dtype != object:
        return lookup.get_indexer(values).astype(np.int64)
    codes, distinct = pd.factorize(values)
    keys = [_key(value, lookup.dtype == object) for value in distinct.tolist()]
    known = np.array([key is not None for key in keys], dtype=bool)
    found = np.full(len(keys) + 1, -1, dtype=np.int64)  # the last one is that of a missing id
    kind = object if lookup.dtype == object else np.int64
    found[:-1][known] = lookup.get_indexer(pd.Index([key for key in keys if key is not None], dtype=kind))
    return found[codes]


def listed(ids: object) -> pd.Series:
    """One id or many as a Series, (n,), each as it was given: a list of 7 and "007" does not become text."""
    if isinstance(ids, (pd.Series, pd.Index, pd.api.extensions.ExtensionArray)):
        return pd.Series(ids).reset_index(drop=True)
    if not hasattr(ids, "dtype"):
        ids = [ids] if np.ndim(ids) == 0 else ids
        ids = pd.Series(list(ids), dtype=object) if all(np.ndim(one) == 0 for one in ids) else np.asarray(ids)
        return ids.infer_objects() if isinstance(ids, pd.Series) else pd.Series(ids.ravel())
    return pd.Series(np.atleast_1d(np.asarray(ids)).ravel())


def _key(value: object, as_text: bool) -> str | int | None:
    try:
        text = id_text(value)
    except ValueError:
        return None
    return text if as_text else plain_number(text)


def _needed(text: str) -> str:
    if not text:
        raise ValueError("got an empty text as id; every row needs one")
    return text


def _need_exact(kind: object, values: object) -> None:
    """Raise ValueError for narrow floats beyond what they hold exactly."""
    kind = getattr(kind, "numpy_dtype", kind)
    if isinstance(kind, np.dtype) and kind.kind == "f" and len(values):
        largest = 2.0 ** (np.finfo(kind).nmant + 1)
        if float(np.abs(np.asarray(values, dtype=np.float64)).max()) >= largest:
            raise ValueError(
                f"got ids as {kind} of {largest:g} and more, which it does not hold exactly; read them as text"
            )
