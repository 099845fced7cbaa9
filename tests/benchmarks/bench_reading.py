"""Seconds and memory of reading 1, 5 and 25 million ratings from CSV, and how both grow: `python bench_reading.py`.

Each read runs in a process of its own, whose peak of memory is what the library needs beyond Python and its imports.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

SIZES = (1, 5, 25)  # million ratings
ITEMS, PER_USER = 60_013, 150  # a prime, so that every step around the items visits each once; about MovieLens-25M
MIB = 2**20 if sys.platform == "darwin" else 2**10  # units of ru_maxrss in a MiB


def write(path: Path, millions: int, kind: str) -> None:
    """So many million ratings, a user's together, in rising time; ids are numbers, or text where kind says so."""
    rng = np.random.default_rng(0)
    n = millions * 1_000_000
    user = np.arange(n) // PER_USER
    first, step = (rng.integers(1, ITEMS, user[-1] + 1)[user] for _ in range(2))
    item = (first + step * (np.arange(n) % PER_USER)) % ITEMS
    for start in range(0, n, 1_000_000):
        ids = {"user_id": user[start : start + 1_000_000] + 1, "item_id": item[start : start + 1_000_000] + 1}
        frame = pd.DataFrame(ids)
        if kind == "text":
            frame = frame.astype(str).radd("x")
        frame["rating"] = rng.integers(1, 11, len(frame)) / 2
        frame["timestamp"] = 1_000_000_000 + np.arange(start, start + len(frame))
        frame.to_csv(path, index=False, header=start == 0, mode="w" if start == 0 else "a")


def read(path: str) -> None:
    """Read one file and print what it took, as JSON."""
    from metarec_lib import read_ratings

    before, wall, cpu = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter(), time.process_time()
    data = read_ratings(path, quiet=True)
    took = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    held = sum(table.memory_usage(index=False).sum() for table in (data.ratings, data.users, data.items)) / 2**20
    print(json.dumps({"ratings": len(data), **took, "peak": (peak - before) / MIB, "held": float(held)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read", help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--kinds", nargs="+", default=["numbers", "text"])
    parser.add_argument("--millions", nargs="+", type=int, default=SIZES)
    given = parser.parse_args()
    if given.read:
        read(given.read)
        return
    if given.write:
        write(Path(given.write[0]), int(given.write[1]), given.write[2])
        return
    for kind in given.kinds:
        found = []
        for millions in given.millions:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "ratings.csv")
                # in a process of its own: a child begins with the peak of memory of its parent
                subprocess.run([sys.executable, __file__, "--write", str(path), str(millions), kind], check=True)
                done = subprocess.run([sys.executable, __file__, "--read", str(path)], capture_output=True, check=True)
                found.append(json.loads(done.stdout))
                row = found[-1]
                print(
                    f"{kind}: {row['ratings']:,} ratings, {path.stat().st_size / 2**20:,.0f} MiB: {row['cpu']:.1f} CPU s "
                    f"({row['seconds']:.1f} s), peak {row['peak']:,.0f} MiB, held {row['held']:,.0f} MiB",
                    flush=True,
                )
        if len(found) > 1:
            n = np.log([row["ratings"] for row in found])
            grow = {key: np.polyfit(n, np.log([row[key] for row in found]), 1)[0] for key in ("cpu", "peak")}
            print(
                f"{kind}: CPU grows with ratings^{grow['cpu']:.2f}, the peak of memory with ratings^{grow['peak']:.2f}"
            )


if __name__ == "__main__":
    main()
