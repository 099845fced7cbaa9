"""Times as whole numbers that keep their order exactly, whatever they came as."""

from __future__ import annotations

import numpy as np
import pandas as pd

BORDERS = 1e8, 1e11, 1e14, 1e17  # of seconds, milli-, micro- and nanoseconds since 1970 (March 1973 to the year 5138)
UNITS = "seconds", "milliseconds", "microseconds", "nanoseconds"


def as_times(column: pd.Series, where: str) -> pd.Series:
    """Times as int64: numbers as they are; datetimes and ISO text since 1970, in the widest unit that keeps each exactly.

    Fractions of a second become microseconds. Text without a time zone is UTC. Raises ValueError that shows the first value
    that is no time, for numbers that would lose their order, and for a column that mixes seconds with another unit.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        times = _since_1970(column, where)
    elif pd.api.types.is_bool_dtype(column.dtype) or isinstance(column.dtype, pd.CategoricalDtype):
        raise ValueError(f"{where}: got {column.dtype}, expected times; convert the column first")
    else:
        numbers = pd.to_numeric(column, errors="coerce")
        text = not pd.api.types.is_numeric_dtype(column.dtype)
        times = _from_text(column, where) if text and numbers.isna().any() else _from_numbers(numbers, column, where)
    _need_one_unit(times, where)
    return pd.Series(times, index=column.index, name=column.name)


def _from_numbers(numbers: pd.Series, column: pd.Series, where: str) -> np.ndarray:
    if numbers.isna().any():
        _refuse(numbers.isna().to_numpy(), column, where)
    if pd.api.types.is_integer_dtype(numbers.dtype):
        values = numbers.to_numpy()
        if len(values) and int(values.max()) >= 2**63:
            raise ValueError(f"{where}: got {int(values.max())}, expected a time that fits 64 bits")
        return values.astype(np.int64)
    return _from_floats(numbers.to_numpy(dtype=np.float64), column, where)


def _from_floats(values: np.ndarray, column: pd.Series, where: str) -> np.ndarray:
    if not np.isfinite(values).all():
        _refuse(~np.isfinite(values), column, where)
    scaled = values if (values % 1 == 0).all() else np.rint(values * 1e6)
    too_large = np.abs(scaled).max(initial=0) >= 2**53
    if too_large or (scaled is not values and len(np.unique(scaled)) < len(np.unique(values))):
        raise ValueError(
            f"{where}: got floats such as {column.tolist()[int(np.abs(values).argmax())]!r}, which do not keep the order of "
            "such times; expected whole numbers. Usual cause: a missing value made floats of them; read integers"
        )
    return scaled.astype(np.int64)


def _from_text(column: pd.Series, where: str) -> np.ndarray:
    dates = pd.to_datetime(column, format="ISO8601", utc=True, errors="coerce")
    if dates.isna().any():
        _refuse(dates.isna().to_numpy(), column, where)
    return _since_1970(dates, where)


def _since_1970(dates: pd.Series, where: str) -> np.ndarray:
    if dates.isna().any():
        _refuse(dates.isna().to_numpy(), dates, where)
    dates = dates.dt.tz_convert("UTC").dt.tz_localize(None) if dates.dt.tz is not None else dates
    values = dates.to_numpy()
    for unit in ("s", "ms", "us"):
        if (values.astype(f"datetime64[{unit}]") == values).all():
            return values.astype(f"datetime64[{unit}]").astype(np.int64)
    return values.astype("datetime64[ns]").astype(np.int64)


def _need_one_unit(times: np.ndarray, where: str) -> None:
    """Raise ValueError where some times have the size of seconds and others that of milliseconds, and so on."""
    if not len(times) or times.max() < BORDERS[1]:
        return
    size = np.searchsorted(BORDERS, times, side="right")
    found = np.unique(size[size > 0])  # what is smaller than that, such as 0, has no unit
    if len(found) > 1:
        few, many = (int(np.argmax(size == kind)) for kind in found[:2])
        raise ValueError(
            f"{where}: the times are in different units: row {few} holds {times[few]}, which would be "
            f"{UNITS[found[0] - 1]}, row {many} {times[many]}, which would be {UNITS[found[1] - 1]}; expected one unit. "
            "Multiply one kind"
        )


def _refuse(bad: np.ndarray, column: pd.Series, where: str) -> None:
    row = int(np.flatnonzero(bad)[0])
    raise ValueError(
        f"{where}: {int(bad.sum())} of {len(column)} values are no finite numbers and no ISO dates; the first is "
        f"{column.tolist()[row]!r} in row {row}; expected seconds, or text such as 2005-04-03 12:30. Usual cause: a missing "
        "value, or another form of date: convert it with pd.to_datetime(column, format=...)"
    )
