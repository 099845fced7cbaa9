"""The solutions pass at every variant: `python tests/benchmarks/variants.py [--seeds 100] [q06 …]`.

A class is graded with random data of each student's own, so a test that a right answer fails at one seed in a thousand
would cost somebody points. Prints each question with the seeds at which a test failed; exit status 1 where one did.
"""

from __future__ import annotations

import argparse
import sys
import time

from metarec_lib.workbook.core.places import content
from metarec_lib.workbook.exercises.judging import judge
from metarec_lib.workbook.exercises.manifest import stems
from metarec_lib.workbook.grading.course import variant


def failing(stem: str, seeds: list[int]) -> list[tuple[int, str]]:
    """Seeds at which the solution of a question fails, with the first test that does."""
    found = []
    for seed in seeds:
        verdict = judge(stem, content("solutions"), variant=seed, way="in-process")
        bad = [f"{item.name}: {item.message}" for item in verdict.functions if not all(item.tests.values())]
        found += [(seed, bad[0])] if bad else []
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="*")
    parser.add_argument("--seeds", type=int, default=100)
    given = parser.parse_args()
    chosen = [stem for stem in stems() if not given.questions or stem[:3] in given.questions]
    bad = 0
    for stem in chosen:
        started = time.process_time()
        seeds = [variant(b"the key of a benchmark", str(number), stem) for number in range(given.seeds)]
        found = failing(stem, seeds)
        bad += len(found)
        seconds = time.process_time() - started
        print(
            f"{stem[:3]}: passes at {given.seeds - len(found)} of {given.seeds} variants, {seconds:.0f} s", flush=True
        )
        for seed, message in found:
            print(f"    {seed}: {message[:300]}")
    print(f"{bad} failures in {given.seeds * len(chosen)} runs")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
