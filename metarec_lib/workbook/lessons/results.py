"""The results of a study as rows: metric, model, unit, value and conditions, in one compressed file."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from metarec_lib.evaluation.uncertainty import Comparison

FIXED = ("metric", "model", "unit", "value")
DIGITS = 4


def study_rows(metric: str, model: str, values: Any, **conditions: Any) -> pd.DataFrame:
    """Rows of one metric of one model: one for each unit of a Series indexed by unit ids, or one for a single number.

    conditions: what else the values depend on, such as k=5; `units="films"` where a unit is not a user. NaN is left out.
    """
    import pandas as pd

    series = (
        values if isinstance(values, pd.Series) else pd.Series([float(values)], index=pd.Index([None], dtype=object))
    )
    series = series.dropna()
    unit = pd.Series(series.index.tolist(), dtype=object)
    fixed = {"metric": metric, "model": model, "unit": unit, "value": series.to_numpy(dtype=float).round(DIGITS)}
    return pd.DataFrame({**fixed, **conditions})


def joined(found: Any) -> pd.DataFrame:
    """What a study's `run` returned or yielded, as one table. Raises ValueError where it is not rows of results."""
    import pandas as pd

    parts = [found] if isinstance(found, pd.DataFrame) else list(found) if isinstance(found, Iterable) else []
    if not parts or not all(isinstance(part, pd.DataFrame) and {*FIXED} <= {*part.columns} for part in parts):
        raise ValueError(
            f"Got {type(found).__name__} from `run`; expected rows with the columns {', '.join(FIXED)}. Return a DataFrame, "
            "or yield what `study_rows(metric, model, values, k=5)` makes."
        )
    table = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    _require_one_value_each(table)
    return table


def _require_one_value_each(table: pd.DataFrame) -> None:
    """Raise ValueError for a row that stands twice and for a value that is not finite."""
    doubled = table.duplicated([c for c in table.columns if c != "value"])
    if doubled.any():
        first = table[doubled].iloc[0].dropna().to_dict()
        raise ValueError(
            f"Got a second row {first} in a study; expected one a unit. Add a condition that tells them apart."
        )
    if not table["value"].abs().lt(float("inf")).all():
        raise ValueError(
            "Got a value that is not finite in a study; expected numbers. Look at what the metric divides by."
        )


def columns(table: pd.DataFrame) -> dict[str, list[Any]]:
    """A table as JSON-able lists by column; a missing condition is None."""
    plain = table.astype(object).where(table.notna(), None)
    return {name: [_plain(value) for value in plain[name]] for name in plain}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise ValueError(
            f"Got {type(value).__name__} in the rows of a study; expected numbers and text. Convert it in `run`."
        )
    return value


def packed(head: Mapping[str, Any], table: Mapping[str, list[Any]]) -> bytes:
    """The bytes of a results file: a line that says what made it, and a line with the columns, compressed.

    Equal results give equal bytes: no time and no file name stand in them.
    """
    lines = [json.dumps(part, ensure_ascii=False, separators=(",", ":")) + "\n" for part in (head, table)]
    return gzip.compress("".join(lines).encode(), compresslevel=9, mtime=0)


def head_of(path: Path) -> dict[str, Any]:
    """What made a results file; its rows are not read. Raises ValueError for another file."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return dict(json.loads(file.readline()))
    except (OSError, EOFError, ValueError, TypeError) as error:
        stem = path.name.removesuffix(".json.gz")
        raise ValueError(f"Got {path}, which holds no results ({error}); run `metarec study {stem}`.") from error


def study_from(name: str, path: Path) -> Study:
    """The study in a results file."""
    import pandas as pd

    head = head_of(path)
    _, text = gzip.decompress(path.read_bytes()).split(b"\n", 1)
    table = {
        column: pd.Series(values, dtype=object if column == "unit" else None)
        for column, values in json.loads(text).items()
    }
    return Study(name, tuple(head["seeds"]), pd.DataFrame(table), head["command"], head["versions"])


@dataclass(frozen=True, eq=False)
class Study:
    """The results of a study. rows: a table with the columns seed, metric, model, unit, value, and conditions.

    `unit` is None where a value is not one user's, such as a weight of a blend.
    """

    name: str
    seeds: tuple[int, ...]
    rows: pd.DataFrame
    command: str
    versions: Mapping[str, str]

    def values(self, model: str, metric: str = "rmse", **conditions: Any) -> dict[int, pd.Series]:
        """The values of each seed, indexed by unit. Raises KeyError where there are none, or a condition is missing."""
        chosen = self._chosen(model, metric, conditions)
        return {int(seed): part.set_index("unit")["value"].rename(metric) for seed, part in chosen.groupby("seed")}

    def mean(self, model: str, metric: str = "rmse", **conditions: Any) -> float:
        """The mean over units, each of whom counts once, with the mean of its seeds."""
        chosen = self._chosen(model, metric, conditions)
        return float(chosen.groupby("unit", dropna=False)["value"].mean().mean())

    def table(self, models: Sequence[str], metric: str = "rmse", by: str = "k", **conditions: Any) -> pd.DataFrame:
        """Means, a row a model and a column for each value of the condition `by`."""
        import pandas as pd

        at = sorted(self._rows_of(models[0], metric)[by].dropna().unique())
        means = {
            m: {f"{by.upper()} = {v:g}": self.mean(m, metric, **{by: v}, **conditions) for v in at} for m in models
        }
        return pd.DataFrame(means).T

    def compare(self, a: Any, b: Any, metric: str = "rmse", **conditions: Any) -> Comparison:
        """The paired comparison of a with b, averaged over seeds per unit.

        a, b: a model, or (model, conditions) such as ("MeLU", {"k": 20}); b may be a number. The comparison knows what was
        compared, so that `claim` can refuse another name.
        """
        from dataclasses import replace

        from metarec_lib.evaluation.uncertainty import compare

        sides = [self._side(side, metric, conditions) for side in (a, b)]
        found = compare(*sides, unit=self._unit(a, metric, conditions))
        about = {"metric": metric, "a": _told(a), "b": _told(b), "conditions": conditions}
        return replace(found, about=about)

    def _side(self, side: Any, metric: str, conditions: Mapping[str, Any]) -> Any:
        if isinstance(side, (int, float)):
            return side
        model, own = side if isinstance(side, (tuple, list)) else (side, {})
        return self.values(model, metric, **{**conditions, **own})

    def _unit(self, side: Any, metric: str, conditions: Mapping[str, Any]) -> str:
        model, own = side if isinstance(side, (tuple, list)) else (side, {})
        found = self._chosen(model, metric, {**conditions, **own})
        named = found["units"].dropna().tolist() if "units" in found else []
        return str(named[0]) if named else "users"

    @functools.cached_property
    def _groups(self) -> dict[tuple[str, str], Any]:
        return self.rows.groupby(["metric", "model"], sort=False).indices

    def _rows_of(self, model: str, metric: str) -> pd.DataFrame:
        if (metric, model) not in self._groups:
            names = sorted({name for of, name in self._groups if of == metric}) or sorted(
                {of for of, _ in self._groups}
            )
            raise KeyError(f"Got {metric!r} of {model!r} from the study {self.name}; it has: {', '.join(names)}.")
        return self.rows.iloc[self._groups[metric, model]]

    def _chosen(self, model: str, metric: str, conditions: Mapping[str, Any]) -> pd.DataFrame:
        """The rows that meet the conditions; each condition that still varies over them must be named."""
        found = self._rows_of(model, metric)
        for name, value in conditions.items():
            has = found[name].unique().tolist() if name in found else []
            found = found[found[name] == value] if value in has else found[:0]
            if found.empty:
                raise KeyError(f"Got {name}={value!r} for {model!r} in the study {self.name}; it has: {has}.")
        free = [c for c in found.columns if c not in ("seed", *FIXED) and found[c].nunique(dropna=False) > 1]
        if free:
            has = ", ".join(f"{name} in {found[name].unique().tolist()}" for name in free)
            raise KeyError(f"Got no choice for {model!r} in the study {self.name} of {has}; name one of each.")
        return found


def _told(side: Any) -> Any:
    return [side[0], dict(side[1])] if isinstance(side, (tuple, list)) else side
