"""How sure a difference is: users are what we resample, not ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real

import numpy as np
import pandas as pd

RESAMPLES = 10_000


@dataclass(frozen=True)
class Margin:
    """A difference that is too small to matter.

    value: of a metric on a scale of 1 to 5. stars: whether the metric is counted in stars, and grows with the scale.
    """

    value: float
    reason: str
    stars: bool = False


# One hit on a list of ten is worth 0.45 of a hit at rank 1 on average, the mean of 1 / log2(1 + rank): so nDCG .005.
MARGINS = {
    "rmse": Margin(0.01, "one per cent of an error of one star, about what a plain model makes", stars=True),
    "mae": Margin(0.008, "what .01 of RMSE is where errors are normal: the factor is sqrt(2 / pi) = .80", stars=True),
    "ndcg": Margin(0.005, "half of the margin of the hit rate: a hit on a list of ten counts .45 on average"),
    "hr": Margin(0.01, "one user in a hundred finds one more liked item on the list"),
    "auc": Margin(0.005, "one pair in two hundred of a liked and another item changes its order"),
}


def margin(metric: str, scale: tuple[float, float] = (1, 5)) -> float | None:
    """The margin of a metric on this scale of ratings; None for a metric that has none.

    metric: such as "rmse" or "ndcg@10"; what follows an @ does not count. RMSE and MAE: times (high - low) / 4.
    """
    low, high = scale
    if not high > low:
        raise ValueError(f"margin: got the scale {scale!r}, expected (low, high) with low below high, such as (1, 5)")
    found = MARGINS.get(metric.lower().partition("@")[0])
    if found is None:
        return None
    return found.value * (high - low) / 4 if found.stars else found.value


@dataclass(frozen=True, eq=False)
class Comparison:
    """A paired difference a - b with its interval over users (or films, where the item is the task).

    mean: over the units. interval: (low, high). level: coverage of the interval. n: how many units. unit: what was
    resampled. seeds: how many runs were averaged per unit first. p_value: two-sided, of the same bootstrap.
    differences: per unit, indexed by its id. about: what is known of the sides, where a study made the comparison.
    """

    mean: float
    interval: tuple[float, float]
    level: float
    n: int
    unit: str
    seeds: int
    p_value: float
    differences: pd.Series
    about: Mapping[str, object] = field(default_factory=dict)

    @property
    def clear(self) -> bool:
        """Whether p is at most 1 - level; then, and only then, the interval leaves zero out."""
        return self.p_value <= 1 - self.level + 1e-9

    def within(self, width: float) -> bool:
        """Whether the whole interval lies inside ±width: with a margin as the width, the sides are equal within it."""
        return max(abs(end) for end in self.interval) < width

    def __sub__(self, other: Comparison) -> Comparison:
        """The difference of two differences (an interaction), paired over the units that both have."""
        if (self.unit, self.level) != (other.unit, other.level):
            raise ValueError(
                f"compare: got differences over {self.unit} at level {self.level} and over {other.unit} at level "
                f"{other.level}, expected the same unit and level on both sides"
            )
        found = compare(self.differences, other.differences, level=self.level, unit=self.unit)
        return replace(found, seeds=min(self.seeds, other.seeds), about=_about_both(self.about, other.about))

    def __repr__(self) -> str:
        low, high = self.interval
        verdict = "" if self.clear else ", no difference seen"
        return f"{self.mean:+.4f} [{low:+.4f}, {high:+.4f}] over {self.n} {self.unit}, {self.seeds} seed(s){verdict}"


def _about_both(a: Mapping[str, object], b: Mapping[str, object]) -> dict[str, object]:
    """What is known of a difference of two differences; nothing where one of them is not known."""
    if not (a and b):
        return {}
    if a["metric"] != b["metric"]:
        raise ValueError(f"compare: got differences of {a['metric']} and of {b['metric']}, expected one metric")
    shared = {name: value for name, value in a["conditions"].items() if b["conditions"].get(name) == value}
    sides = {name: {"minus": [about["a"], about["b"]]} for name, about in (("a", a), ("b", b))}
    return {"metric": a["metric"], **sides, "conditions": shared}


def compare(
    a: object,
    b: object,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    unit: str = "users",
) -> Comparison:
    """Paired bootstrap of the mean difference a - b over users.

    a, b: one value a user, as a Series indexed by user id (or an array, paired by position); or a list of these, one for
    each seed, or a dict from seed to these. b may be a number, such as a level that a share is held against. A user who
    recurs over seeds counts once, with the mean of its differences. unit: what a value belongs to, told in `Comparison`.
    Users that a and b do not share, and users with NaN on either side, are left out.
    Percentile bootstrap (Efron & Tibshirani 1993, ch. 13). Raises ValueError where fewer than two users are left.
    """
    runs_a = _runs(a)
    runs_b = {key: float(b) for key in runs_a} if isinstance(b, Real) else _runs(b)
    if list(runs_a) != list(runs_b):
        raise ValueError(
            f"compare: got the seeds {list(runs_a)} and {list(runs_b)}, expected the same ones on both sides"
        )
    table = pd.concat([_paired(runs_a[key], runs_b[key]) for key in runs_a], axis=1)
    differences = table.mean(axis=1).dropna()
    if len(differences) < 2:
        raise ValueError(f"compare: {len(differences)} {unit} have a value on both sides, expected 2 or more")
    rank = _rank(level, resamples)
    low, high, p = _interval_and_p(bootstrap_means(differences.to_numpy(), resamples, seed), rank)
    return Comparison(
        float(differences.mean()), (low, high), level, len(differences), unit, len(runs_a), p, differences
    )


def _rank(level: float, resamples: int) -> int:
    """How many of the sorted means lie below the interval: the largest r with (1 + 2 r) / (B + 1) <= 1 - level."""
    if not 0 < level < 1:
        raise ValueError(f"compare: got level={level}, expected a share between 0 and 1, such as 0.95")
    if resamples < 1:
        raise ValueError(f"compare: got resamples={resamples}, expected 1 or more")
    rank = int(np.floor(((1 - level) * (resamples + 1) - 1) / 2 + 1e-9))
    if rank < 0:
        need = int(np.ceil(1 / (1 - level) - 1e-9)) - 1
        raise ValueError(f"compare: got resamples={resamples}, expected {need} or more for an interval of {level:.0%}")
    return rank


def _interval_and_p(means: np.ndarray, rank: int) -> tuple[float, float, float]:
    """Interval and p of the same means of resamples.

    p = (1 + b) / (B + 1), where b is twice the number of means at or beyond zero on the rarer side. Of the sorted means
    the interval leaves out r at each end (`_rank`), so it leaves zero out exactly where p <= 1 - level.
    """
    means = np.sort(means)
    beyond = 2 * min((means <= 0).sum(), (means >= 0).sum())
    return float(means[rank]), float(means[-1 - rank]), float(min(1.0, (1 + beyond) / (len(means) + 1)))


def bootstrap_means(values: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Means of `resamples` draws with replacement of n values out of (n,), in blocks that keep memory small."""
    rng = np.random.default_rng(seed)
    block = max(1, 2_000_000 // len(values))
    sizes = [min(block, resamples - start) for start in range(0, resamples, block)]
    return np.concatenate([values[rng.integers(0, len(values), (size, len(values)))].mean(1) for size in sizes])


def holm(p_values: Sequence[float]) -> np.ndarray:
    """p-values corrected for the number of comparisons, in the order given (Holm 1979, Scand. J. Statist.)."""
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or np.isnan(p).any() or (p < 0).any() or (p > 1).any():
        raise ValueError(f"holm: got {p_values!r}, expected a list of p-values between 0 and 1")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1)
    return corrected


def effective_sample_size(weights: np.ndarray) -> float:
    """How many equally weighted samples these weights are worth: (sum w)^2 / sum w^2 (Kish 1965)."""
    w = np.asarray(weights, dtype=np.float64)
    if w.ndim != 1 or len(w) == 0 or (w < 0).any() or not np.isfinite(w).all() or w.sum() == 0:
        raise ValueError("effective_sample_size: expected a list of finite weights, none negative, not all zero")
    return float(w.sum() ** 2 / (w**2).sum())


def _runs(values: object) -> dict[object, object]:
    """The values of each run by its seed, or by its place where the seeds are not told."""
    if isinstance(values, Mapping):
        return {key: values[key] for key in sorted(values)}
    if isinstance(values, (list, tuple)) and len(values) and not np.isscalar(values[0]):
        return dict(enumerate(values))
    return {0: values}


def _paired(a: object, b: object) -> pd.Series:
    if isinstance(b, float):
        return pd.Series(a).astype(np.float64) - b
    named = [isinstance(side, pd.Series) for side in (a, b)]
    if named[0] != named[1] or not named[0] and len(a) != len(b):
        raise ValueError(
            f"compare: got {type(a).__name__} of {len(a)} and {type(b).__name__} of {len(b)} values, expected "
            "two Series indexed by user id, or two arrays of one length, paired by position"
        )
    a, b = pd.Series(a), pd.Series(b)
    for side in (a, b):
        if side.index.has_duplicates:
            raise ValueError("compare: a user occurs twice in one run, expected one value a user; average first")
    shared = a.index.intersection(b.index)
    if not len(shared):
        raise ValueError("compare: the two sides share no user; index both by user id")
    return (a[shared] - b[shared]).astype(np.float64)
