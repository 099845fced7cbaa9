"""Run the steps of a GitHub workflow on this machine, as the file itself has them.

    python tests/workbook/workflow.py FILE JOB FOLDER [--skip STEP …] [--input NAME=VALUE …] [--checkout PATH=FOLDER …]

FOLDER is where the steps run. A `run` step is run by bash with its own and the file's environment. Of the actions,
checkout copies a folder named by --checkout, upload-artifact copies to FOLDER/artifacts, and others do nothing. The summary
is FOLDER/summary.md. Exit status: that of the first step that failed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


@dataclass
class Ran:
    """What happened. steps: by name of a step, its exit status, None where it was skipped or nothing was to do."""

    steps: dict[str, int | None] = field(default_factory=dict)
    output: str = ""

    @property
    def status(self) -> int:
        return next((status for status in self.steps.values() if status), 0)


@dataclass
class Machine:
    """What stands in for the runner. inputs: of the workflow; secrets; checkouts: by path, the folder that is copied."""

    folder: Path
    inputs: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    checkouts: dict[str, Path] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def value(self, text: str) -> str:
        """A text with its expressions replaced. Raises ValueError for one that is not known here."""
        known = {f"inputs.{name}": item for name, item in self.inputs.items()}
        known |= {f"secrets.{name}": item for name, item in self.secrets.items()}
        known |= {"github.workspace": str(self.folder), "github.ref": "refs/heads/main"}

        def replace(found: re.Match) -> str:
            if found[1] not in known:
                raise ValueError(f"got the expression {found[1]!r}; expected one of {sorted(known)}")
            return known[found[1]]

        return EXPRESSION.sub(replace, text)


def run_job(path: Path, job: str, machine: Machine) -> Ran:
    """Run the steps of a job. Raises KeyError for a job that is not there."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    found, ran = workflow["jobs"][job], Ran()
    summary = machine.folder / "summary.md"
    summary.touch()
    variables = {**workflow.get("env", {}), **found.get("env", {})}
    for number, step in enumerate(found["steps"]):
        name = step.get("name") or step.get("uses", "").partition("@")[0] or f"step {number}"
        if name in machine.skip or (ran.status and step.get("if") != "always()"):
            ran.steps[name] = None
        elif "uses" in step:
            ran.steps[name] = _use(step, machine)
        else:
            ran.steps[name] = _run(step, {**variables, **step.get("env", {})}, machine, summary, ran)
    return ran


def _run(step: dict[str, Any], variables: dict[str, Any], machine: Machine, summary: Path, ran: Ran) -> int:
    given = {name: machine.value(str(value)) for name, value in variables.items()}
    environment = {**os.environ, **given, "GITHUB_STEP_SUMMARY": str(summary), **machine.environment}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", machine.value(step["run"])]
    done = subprocess.run(command, cwd=machine.folder, env=environment, capture_output=True, text=True)
    ran.output += done.stdout + done.stderr
    return done.returncode


def _use(step: dict[str, Any], machine: Machine) -> int | None:
    action, options = step["uses"].partition("@")[0], step.get("with", {})
    if action == "actions/checkout" and (path := options.get("path", ".")) in machine.checkouts:
        shutil.copytree(machine.checkouts[path], machine.folder / path, symlinks=True, dirs_exist_ok=True)
        return 0
    if action == "actions/upload-artifact":
        return _upload(options, machine)
    return None


def _upload(options: dict[str, Any], machine: Machine) -> int:
    target = machine.folder / "artifacts" / options["name"]
    lines = options["path"].split()
    left_out = {Path(line[1:]).name for line in lines if line.startswith("!")}
    for line in lines:
        if not line.startswith("!") and (machine.folder / line).is_dir():
            ignore = shutil.ignore_patterns(*left_out)
            shutil.copytree(machine.folder / line, target, dirs_exist_ok=True, ignore=ignore)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("file", "job", "folder"):
        parser.add_argument(name, type=str if name == "job" else Path)
    parser.add_argument("--skip", nargs="*", default=[])
    for name in ("input", "secret", "checkout"):
        parser.add_argument(f"--{name}", nargs="*", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    parts = {
        name: dict(item.split("=", 1) for item in getattr(given, name)) for name in ("input", "secret", "checkout")
    }
    checkouts = {name: Path(value) for name, value in parts["checkout"].items()}
    machine = Machine(given.folder.resolve(), parts["input"], parts["secret"], checkouts, tuple(given.skip))
    ran = run_job(given.file, given.job, machine)
    print(ran.output)
    for name, status in ran.steps.items():
        print(f"{name}: {'skipped' if status is None else status}")
    return ran.status


if __name__ == "__main__":
    sys.exit(main())
