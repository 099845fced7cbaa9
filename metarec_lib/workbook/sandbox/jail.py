"""The jail: a zygote inside bubblewrap, which sees Python, numpy, torch and the harness, and nothing else of this machine.

No network, a read-only file system apart from a small temporary folder that is emptied after each submission, an empty
environment, its own processes: the zygote is their number 1, so that none of them can stop or outlive it. Inside, each
child has the limits of `harness/serve.py` and the filter of `harness/walls.py`.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from .harness import importable
from .harness.walls import MACHINES

LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
LINKER = ("/etc/ld.so.cache", "/etc/alternatives")
TEMPORARY = 64 << 20  # bytes of the temporary folder


def jailed(arguments: list[str], harness: Path, environment: dict[str, str]) -> list[str]:
    """The command that runs `arguments` (of python) inside bubblewrap, the harness at /harness."""
    variables = [option for name, value in environment.items() for option in ("--setenv", name, value)]
    return [
        "bwrap", "--unshare-all", "--as-pid-1", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--clearenv", *variables, *_interpreter(), "--ro-bind", str(harness), "/harness", *_system(),
        *_size(), "--tmpfs", temporary(), "--remount-ro", "/", "--chdir", temporary(), "--", sys.executable, *arguments,
    ]  # fmt: skip


def temporary() -> str:
    """The folder inside the jail that can be written: /tmp, or another where the interpreter itself lies in /tmp."""
    return "/var/tmp" if any(Path(path).is_relative_to("/tmp") for path in _prefixes()) else "/tmp"


def missing_walls() -> list[str]:
    """What does not protect this machine here; empty where the jail works."""
    if sys.platform != "linux":
        return ["bubblewrap needs Linux: network, files and processes are open to a submission"]
    if platform.machine() not in MACHINES:
        return [
            f"no filter of system calls for the machine {platform.machine()}: network, files and processes are open"
        ]
    if shutil.which("bwrap") is None:
        return ["bubblewrap is not installed (Debian: apt install bubblewrap): network, files and processes are open"]
    problem = _trial()
    return [f"bubblewrap does not work here ({problem}): network, files and processes are open"] if problem else []


@functools.cache
def _trial() -> str:
    """What bubblewrap says when it cannot start our interpreter; empty where it can."""
    harness = Path(__file__).resolve().parent / "harness"
    try:
        command = jailed(["-I", "-S", "-c", "pass"], harness, {})
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PATH": os.defpath})
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if run.returncode == 0 else run.stderr.strip() or f"exit status {run.returncode}"


def _system() -> list[str]:
    """/proc and /dev, both read-only: procfs lets the real root write to /proc/sys, whatever capabilities it has."""
    return [
        "--proc", "/proc", "--tmpfs", "/proc/sys", "--remount-ro", "/proc/sys", "--remount-ro", "/proc",
        "--dev", "/dev", "--remount-ro", "/dev",
    ]  # fmt: skip


@functools.cache
def _interpreter() -> tuple[str, ...]:
    """The interpreter, its shared and its standard library, numpy and torch with what these need; no other package."""
    folders = [path for prefix in _prefixes() for path in (f"{prefix}/lib", f"{prefix}/lib64")]
    roots = [*LIBRARIES, *(path for path in folders if os.path.isdir(path) and path not in LIBRARIES)]
    hidden = [str(path) for root in roots for path in _packages_inside(Path(root))]
    python = [sys.executable, os.path.realpath(sys.executable), f"{sys.prefix}/pyvenv.cfg"]
    shown = [*dict.fromkeys(python), *importable.paths()]
    mounts = [("--ro-bind-try", path, path) for path in (*roots, *LINKER)]
    mounts += [("--tmpfs", path) for path in hidden]
    mounts += [("--ro-bind", os.path.realpath(path), path) for path in shown if os.path.exists(path)]
    mounts += [("--remount-ro", path) for path in hidden]
    return tuple(option for mount in mounts for option in mount)


def _packages_inside(root: Path) -> list[Path]:
    """Folders of other packages below a folder of libraries: other Pythons, and what is installed for ours."""
    standard = os.path.realpath(sysconfig.get_path("stdlib"))
    pythons = [path for path in sorted(root.glob("python[0-9]*")) if path.is_dir()]
    others = [path for path in pythons if os.path.realpath(path) != standard]
    ours = [path / name for path in pythons if path not in others for name in ("site-packages", "dist-packages")]
    return [*others, *(path for path in ours if path.is_dir())]


def _prefixes() -> list[str]:
    """The folders of the interpreter and its packages."""
    return sorted({str(Path(prefix).resolve()) for prefix in (sys.prefix, sys.base_prefix)})


@functools.cache
def _size() -> tuple[str, ...]:
    """The bound on the temporary folder, where this bubblewrap knows one."""
    run = subprocess.run(["bwrap", "--help"], capture_output=True, text=True)
    return ("--size", str(TEMPORARY)) if "--size" in run.stdout + run.stderr else ()
