"""How sure a difference is: users are what we resample, not ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats


@dataclass(frozen=True, eq=False)
class Comparison:
    """A paired difference a - b with its interval over users.

    mean: mean over users. interval: (low, high). level: coverage of the interval. users: how many. seeds: how many runs
    were averaged per user first. p_value: two-sided paired t-test over users. better: share of users with a difference
    below zero (a is better where low is good). differences: per user, indexed by user id.
    """

    mean: float
    interval: tuple[float, float]
    level: float
    users: int
    seeds: int
    p_value: float
    better: float
    differences: pd.Series

    @property
    def clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.interval[0] > 0 or self.interval[1] < 0

    def __repr__(self) -> str:
        low, high = self.interval
        verdict = "" if self.clear else ", no difference seen"
        return f"{self.mean:+.4f} [{low:+.4f}, {high:+.4f}] over {self.users} users, {self.seeds} seed(s){verdict}"


def compare(a: object, b: object, level: float = 0.95, resamples: int = 10_000, seed: int = 0) -> Comparison:
    """Paired bootstrap of the mean difference a - b over users.

    a, b: one value a user, as a Series indexed by user id (or an array, paired by position); or a list of these, one for
    each seed, or a dict from seed to these. A user who recurs over seeds counts once, with the mean of its differences.
    Users that a and b do not share, and users with NaN on either side, are left out.
    Percentile bootstrap (Efron & Tibshirani 1993, ch. 13). Raises ValueError where fewer than two users are left.
    """
    if not 0 < level < 1:
        raise ValueError(f"compare: got level={level}, expected a share between 0 and 1, such as 0.95")
    if resamples < 1:
        raise ValueError(f"compare: got resamples={resamples}, expected 1 or more")
    runs_a, runs_b = _runs(a), _runs(b)
    if list(runs_a) != list(runs_b):
        raise ValueError(
            f"compare: got the seeds {list(runs_a)} and {list(runs_b)}, expected the same ones on both sides"
        )
    table = pd.concat([_paired(runs_a[key], runs_b[key]) for key in runs_a], axis=1)
    differences = table.mean(axis=1).dropna()
    if len(differences) < 2:
        raise ValueError(f"compare: {len(differences)} users have a value on both sides, expected 2 or more")
    means = bootstrap_means(differences.to_numpy(), resamples, seed)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Comparison(
        mean=float(differences.mean()),
        interval=(float(low), float(high)),
        level=level,
        users=len(differences),
        seeds=len(runs_a),
        p_value=float(stats.ttest_1samp(differences, 0).pvalue)
        if differences.std() > 0
        else float(differences.iloc[0] == 0),
        better=float((differences < 0).mean()),
        differences=differences,
    )


def bootstrap_means(values: np.ndarray, resamples: int = 10_000, seed: int = 0) -> np.ndarray:
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
