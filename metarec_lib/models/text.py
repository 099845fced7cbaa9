"""Tables and plain values as UTF-8 JSON, and back, without losing a type or a missing value.

An array of fixed-width text would take, for every title, the room of the longest.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import torch

PLAIN = (str, bool, int, float, type(None))


def text_of_table(table: pd.DataFrame, where: str) -> np.ndarray:
    """The columns of a table with their types, as bytes of JSON, (n,) uint8.

    Numbers, flags, text and their nullable kinds can be stored; missing values stay missing, None stays None. Raises
    ValueError that names the column for dates, categories and other objects.
    """
    columns = [[_name(column, where), *_column(table[column], f"{where}: {column}")] for column in table]
    return _bytes(columns)


def table_of_text(stored: np.ndarray) -> pd.DataFrame:
    """The inverse of `text_of_table`."""
    return pd.DataFrame({name: _series(kind, values) for name, kind, values in _json(stored)})


def text_of_column(column: pd.Series, where: str) -> np.ndarray:
    """One column as `text_of_table` stores it."""
    return _bytes(_column(column, where))


def column_of_text(stored: np.ndarray) -> pd.Series:
    """The inverse of `text_of_column`."""
    return _series(*_json(stored))


def encoded(value: object, where: str) -> object:
    """A plain value as JSON can hold it: numbers, text, flags, None, and lists, tuples and dicts of these.

    NumPy numbers become Python's, devices and types of tensors their names. Raises ValueError for anything else.
    """
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, (torch.device, torch.dtype)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [encoded(v, where) for v in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: encoded(v, where) for key, v in value.items()}}
    raise ValueError(
        f"{where}: got a {type(value).__name__}, expected numbers, text, tensors, or lists, tuples and dicts of numbers and "
        "text. Nothing was written: models are stored without pickled code"
    )


def decoded(value: object) -> object:
    """The inverse of `encoded`."""
    if not isinstance(value, dict):
        return value
    (kind, parts), *_ = value.items()
    if kind == "dict":
        return {key: decoded(v) for key, v in parts.items()}
    return {"list": list, "tuple": tuple}[kind](decoded(v) for v in parts)


# -- columns ----------------------------------------------------------------------------------------------------------
def _column(column: pd.Series, where: str) -> tuple[str, list[object]]:
    """The name of the column's type, and its values."""
    kind = column.dtype
    plain = isinstance(kind, np.dtype) and kind.kind in "biuf"
    nullable = isinstance(kind, (pd.StringDtype, pd.BooleanDtype)) or (
        pd.api.types.is_extension_array_dtype(kind) and pd.api.types.is_numeric_dtype(kind)
    )
    if plain:
        return str(kind), column.tolist()
    if not nullable and not pd.api.types.is_object_dtype(kind):
        raise ValueError(f"{where}: got a column of {kind}, expected numbers, flags or text; convert it first")
    values = [_cell(value, row, where) for row, value in enumerate(column.tolist())]
    return str(kind), [None if value is pd.NA else value for value in values]


def _cell(value: object, row: int, where: str) -> object:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, PLAIN) or value is pd.NA:
        return value
    raise ValueError(
        f"{where}: got {value!r} (a {type(value).__name__}) in row {row}, expected numbers or text; convert it first"
    )


def _series(kind: str, values: list[object]) -> pd.Series:
    return pd.Series(values, dtype=kind)


def _name(column: object, where: str) -> str:
    if not isinstance(column, str):
        raise ValueError(f"{where}: got a column named {column!r}, expected text")
    return column


def _bytes(content: object) -> np.ndarray:
    return np.frombuffer(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass"), dtype=np.uint8)


def _json(stored: np.ndarray) -> object:
    return json.loads(stored.tobytes().decode("utf-8", "surrogatepass"))
