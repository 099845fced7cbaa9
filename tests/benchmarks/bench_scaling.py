"""CPU time and memory of MetaLearningModel by the number of users, each size in a process of its own, with the exponent.

Run: python tests/benchmarks/bench_scaling.py [USERS ...]    (1000 10000 100000 take some minutes)
"""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import torch

from metarec_lib import Interactions, MetaLearningModel

SIZES = (1_000, 10_000, 100_000)
ITEMS, RATINGS = 1_000, 30  # ratings a user
BATCH = 1_000  # users adapted together


def ratings_of(users: int) -> pd.DataFrame:
    """Ratings of a low-rank world, drawn pair by pair, so that this costs less memory than the fit that is measured."""
    rng = np.random.default_rng(0)
    user, item = np.repeat(np.arange(users), RATINGS), rng.integers(ITEMS, size=users * RATINGS)
    quality, vectors, tastes = rng.normal(0, 0.5, ITEMS), rng.normal(size=(ITEMS, 3)), rng.normal(0, 0.3, (users, 3))
    stars = 3.5 + quality[item] + (vectors[item] * tastes[user]).sum(1) + rng.normal(0, 0.5, len(item))
    frame = pd.DataFrame({"user_id": user, "item_id": item, "rating": stars.round().clip(1, 5)})
    return frame.drop_duplicates(["user_id", "item_id"])


def measure(users: int) -> dict[str, float]:
    """CPU seconds of a fit and of adapting to all users; peak memory of the process, less what it takes idle, in MB."""
    import resource

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)

    torch.set_num_threads(1)
    MetaLearningModel(epochs=1).fit(Interactions.from_frame(ratings_of(100), scale=(1, 5)))  # what a first call loads
    idle, data = peak(), Interactions.from_frame(ratings_of(users), scale=(1, 5))
    start = time.process_time()
    model = MetaLearningModel(seed=0).fit(data)
    fit, ids = time.process_time() - start, data.users["user_id"].to_numpy()
    start = time.process_time()
    with torch.no_grad():
        for first in range(0, users, BATCH):
            model.adapt(model.ratings_of(ids[first : first + BATCH]))
    return {"fit, s": fit, "adapt to all, s": time.process_time() - start, "memory, MB": peak() - idle}


def main(sizes: list[int]) -> None:
    rows = []
    for users in sizes:
        run = subprocess.run(
            [sys.executable, __file__, "--one", str(users)], capture_output=True, text=True, check=True
        )
        rows.append(json.loads(run.stdout))
        told = ", ".join(f"{name} {value:.2f}" for name, value in rows[-1].items())
        print(f"{users:>8,} users: {told}", flush=True)
    for name in rows[0]:
        for (small, low), (large, high) in itertools.pairwise(zip(sizes, rows, strict=True)):
            exponent = math.log(high[name] / low[name]) / math.log(large / small)
            print(f"{name:16} {small:>8,} to {large:>8,} users: exponent {exponent:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main([int(size) for size in sys.argv[1:]] or list(SIZES))
