"""25 million synthetic ratings in the shape of ML-25M: load, fit the bias and an ALS model, evaluate; seconds and memory.

    python tests/benchmarks/bench_scale.py [--ratings N] [--users N] [--items N] [--epochs N] [--ranked N]

A twentieth of the ratings is the test. rmse is of all of them, ndcg@10 ranks all items for `--ranked` of their users. Memory
is the peak of the whole process so far (ru_maxrss). Exit status 1 where it passes `LIMIT`.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from metarec_lib import BaselineRecommender, Interactions, MatrixFactorization

LIMIT = 12.0  # GiB
TEST_SHARE = 0.05


def long_tailed(n: int, users: int, items: int, seed: int = 0) -> pd.DataFrame:
    """About n ratings of distinct pairs: activity is log-normal, popularity falls as 1 / (rank + 50)."""
    rng = np.random.default_rng(seed)
    activity = 20 + rng.lognormal(4.0, 1.2, users)
    who = np.repeat(np.arange(users), rng.poisson(1.25 * n * activity / activity.sum()))
    popularity = 1 / (np.arange(items) + 50)
    what = np.searchsorted(np.cumsum(popularity / popularity.sum()), rng.random(len(who))).clip(max=items - 1)
    pairs = rng.permutation(np.unique(who * items + what))[:n]
    latent = 3.5 + 0.4 * rng.standard_normal(users)[pairs // items] + 0.5 * rng.standard_normal(items)[pairs % items]
    stars = np.clip(np.rint(2 * (latent + rng.standard_normal(len(pairs)))) / 2, 0.5, 5)
    times = rng.integers(10**9, 15 * 10**8, len(pairs))
    return pd.DataFrame({"user_id": pairs // items, "item_id": pairs % items, "rating": stars, "timestamp": times})


def peak() -> float:
    """The most memory this process has held so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def timed(label: str, stage: Callable[[], object]) -> object:
    start = time.perf_counter()
    result = stage()
    shown = f"  {result:.4f}" if isinstance(result, float) else ""
    print(f"{label:34}{time.perf_counter() - start:9.1f} s{peak():8.2f} GiB{shown}", flush=True)
    return result


def ranked_part(test: Interactions, users: int) -> Interactions:
    chosen = np.random.default_rng(1).permutation(np.unique(test.user_codes))[:users]
    return test.subset(np.isin(test.user_codes, chosen))


def split(options: argparse.Namespace) -> tuple[Interactions, Interactions]:
    """Ratings to train on and to test on."""
    frame = timed("synthetic ratings", lambda: long_tailed(options.ratings, options.users, options.items))
    counts = frame["user_id"].value_counts()
    print(f"{len(frame):,} ratings; the longest user has {counts.max():,}, the median {counts.median():.0f}")
    data = timed("Interactions.from_frame", lambda: Interactions.from_frame(frame, scale=(0.5, 5)))
    held = np.random.default_rng(0).random(len(data)) < TEST_SHARE
    return timed("subset", lambda: (data.subset(~held), data.subset(held)))


def main(options: argparse.Namespace) -> int:
    train, test = split(options)
    few = ranked_part(test, options.ranked)
    models = (BaselineRecommender(), {}), (MatrixFactorization(), {"epochs": options.epochs})
    for model, how in models:
        name = type(model).__name__
        timed(f"{name}.fit", lambda model=model, how=how: model.fit(train, **how))
        timed("  rmse", lambda model=model: model.evaluate(test, metric="rmse"))
        timed(f"  ndcg@10 of {options.ranked:,} users", lambda model=model: model.evaluate(few, metric="ndcg@10"))
    print(f"peak {peak():.2f} GiB, expected at most {LIMIT:g}")
    return int(peak() > LIMIT)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    defaults = {"ratings": 25_000_095, "users": 162_541, "items": 59_047, "epochs": 2, "ranked": 2_000}
    for option, value in defaults.items():
        parser.add_argument(f"--{option}", type=int, default=value)
    sys.exit(main(parser.parse_args()))
