"""The jail: a zygote inside bubblewrap, which sees the interpreter and the harness, and nothing else of this machine.

No network, a read-only file system apart from a small temporary folder that is emptied after each submission, its own
processes, an empty environment; inside, each child has the limits of `harness/serve.py` and can start no further process.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/etc/alternatives")
TEMPORARY = 64 << 20  # bytes of the temporary folder


def jailed(arguments: list[str], harness: Path, environment: dict[str, str]) -> list[str]:
    """The command that runs `arguments` (of python) inside bubblewrap, the harness at /harness."""
    mounts = [option for path in LIBRARIES for option in ("--ro-bind-try", path, path)]
    for prefix in _prefixes():
        mounts += ["--ro-bind", prefix, prefix]
    package = str(harness.parents[2])
    if any(Path(package).is_relative_to(prefix) for prefix in _prefixes()):
        mounts += ["--tmpfs", package, "--remount-ro", package]  # it carries the solutions and the graded tests
    variables = [option for name, value in environment.items() for option in ("--setenv", name, value)]
    return [
        "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", *variables,
        *mounts, "--ro-bind", str(harness), "/harness", "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev",
        *_size(), "--tmpfs", temporary(), "--remount-ro", "/", "--chdir", temporary(), "--", sys.executable, *arguments,
    ]  # fmt: skip


def temporary() -> str:
    """The folder inside the jail that can be written: /tmp, or another where the interpreter itself lies in /tmp."""
    return "/var/tmp" if any(Path(prefix).is_relative_to("/tmp") for prefix in _prefixes()) else "/tmp"


def missing_walls() -> list[str]:
    """What does not protect this machine here; empty where the jail works."""
    if sys.platform != "linux":
        return ["bubblewrap needs Linux: network, files and processes are open to a submission"]
    if shutil.which("bwrap") is None:
        return ["bubblewrap is not installed (Debian: apt install bubblewrap): network, files and processes are open"]
    problem = _trial()
    return [f"bubblewrap does not work here ({problem}): network, files and processes are open"] if problem else []


@functools.cache
def _trial() -> str:
    """What bubblewrap says when it cannot start our interpreter; empty where it can."""
    harness = Path(__file__).resolve().parent / "harness"
    command = jailed(["-I", "-S", "-c", "pass"], harness, {})
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PATH": os.defpath})
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if run.returncode == 0 else run.stderr.strip() or f"exit status {run.returncode}"


def _prefixes() -> list[str]:
    """The folders of the interpreter and its packages."""
    return sorted({str(Path(prefix).resolve()) for prefix in (sys.prefix, sys.base_prefix)})


@functools.cache
def _size() -> tuple[str, ...]:
    """The bound on the temporary folder, where this bubblewrap knows one."""
    run = subprocess.run(["bwrap", "--help"], capture_output=True, text=True)
    return ("--size", str(TEMPORARY)) if "--size" in run.stdout + run.stderr else ()
