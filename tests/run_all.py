"""Run every check of the project, go on after a failure, and say at the end what ran, how many, how long."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "--no-header"]
# On another device the last digits differ: lessons are executed there, not compared.
NBVAL = "--nbval-lax" if os.environ.get("METAREC_DEVICE", "cpu") != "cpu" else "--nbval"
NOTEBOOKS = [NBVAL, "--nbval-current-env", "--nbval-cell-timeout=120", "--dist", "loadfile", "notebooks"]
ENVIRONMENT = {"METAREC_WORK": "solutions", "METAREC_DEVICE": "cpu", "METAREC_SEED": "0", "OMP_NUM_THREADS": "1"}


@dataclass
class Step:
    """One command, and what came of it."""

    name: str
    command: list[str]
    seconds: float = 0.0
    status: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0


# What once went through: by files, and by words in the names of tests.
WALLS = [
    f"tests/workbook/test_{name}.py" for name in ("walls", "jail", "child", "grading", "checking", "testing", "codec")
]
WORDS = (
    "walls or jail or zygote or heartbeat or forged or cap or class or either or fullest or chance or dead or reason"
)
WALLS += ["-k", f"({WORDS} or child_says or decide_how_near) and not hostile"]
AS_USER = [sys.executable, "tests/as_user.py", *PYTEST, "-p", "no:cacheprovider", *WALLS]
CANNOT = 77  # the status of a step that this machine cannot run
STEPS = [
    Step("lint", [sys.executable, "-m", "ruff", "check", "."]),
    Step("format", [sys.executable, "-m", "ruff", "format", "--check", "."]),
    Step("generated files", [sys.executable, "-m", "metarec_lib.cli", "build", "--check"]),
    Step("tests", [*PYTEST, "tests"]),
    *([Step("walls, as a user", AS_USER)] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    Step("notebooks", [*PYTEST, "-o", "addopts=", *NOTEBOOKS]),
]


def run(step: Step) -> None:
    """Run the command, show its output as it comes, and count what pytest counted; other commands count as one check."""
    print(f"\n== {step.name}: {shown(step)}", flush=True)
    started, last = time.monotonic(), ""
    environment = {**ENVIRONMENT, **os.environ, "METAREC_WORK": "solutions"}
    process = subprocess.Popen(
        step.command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line if line.strip() else last
    step.status, step.seconds = process.wait(), time.monotonic() - started
    if step.status == CANNOT:
        print("this machine cannot run it: the walls are proved for root alone")
        step.status, step.skipped = 0, 1
        return
    counted = dict(reversed(pair) for pair in re.findall(r"(\d+) (passed|failed|error|skipped)", last))
    step.passed = int(counted.get("passed", step.status == 0))
    step.skipped = int(counted.get("skipped", 0))
    step.failed = sum(int(counted.get(word, 0)) for word in ("failed", "error")) or int(step.status != 0)


def shown(step: Step) -> str:
    return " ".join([".venv/bin/python", *step.command[1:]])


def main() -> int:
    for step in STEPS:
        run(step)
    print("\n== what ran")
    for step in STEPS:
        verdict = "well" if step.status == 0 else "FAILED"
        counts = f"{step.passed:5} passed {step.failed:3} failed {step.skipped:3} skipped"
        print(f"{step.name:16} {verdict:7} {counts} {step.seconds:6.0f} s")
    for step in STEPS:
        if step.status:
            print(f"To see what failed: OMP_NUM_THREADS=1 METAREC_WORK=solutions {shown(step)}")
    print(f"in all, {sum(step.seconds for step in STEPS):.0f} s")
    print(f"{sum(step.passed for step in STEPS)} passed, {sum(step.failed for step in STEPS)} failed")
    return int(any(step.status for step in STEPS))


if __name__ == "__main__":
    sys.exit(main())
