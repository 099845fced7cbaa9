"""Run a command as an ordinary user, from root: `python as_user.py COMMAND…`. The walls of the jail differ for the two.

The user is given a temporary folder as home. Where the interpreter or the clone lies below a folder that only root may
enter, it is shown to the command alone, in a mount namespace of its own. Exit status 77: this machine cannot do it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

USER = 65534  # nobody
CANNOT = 77
ROOT = Path(__file__).resolve().parents[1]


def main(command: list[str]) -> int:
    """The exit status of the command."""
    home = Path(tempfile.mkdtemp(prefix="metarec-user-"))
    os.chown(home, USER, USER)
    try:
        if subprocess.run(as_user(home, [sys.executable, "-c", "import torch"]), capture_output=True).returncode:
            return CANNOT
        return subprocess.run(as_user(home, command)).returncode
    finally:
        shutil.rmtree(home, ignore_errors=True)


def as_user(home: Path, command: list[str]) -> list[str]:
    """The command that runs `command` as that user; unshare, setpriv and env belong to every Linux."""
    variables = {"HOME": home, "TMPDIR": home, "METAREC_HOME": home / "metarec", "PYTHONDONTWRITEBYTECODE": 1}
    inner = [
        "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
        "env", *(f"{name}={value}" for name, value in variables.items()), *command,
    ]  # fmt: skip
    hidden = shown_below_closed_folders()
    if not hidden:
        return inner
    return ["unshare", "--mount", "sh", "-ec", f"{show(hidden, home)}\nexec {shlex.join(inner)}"]


def shown_below_closed_folders() -> dict[Path, list[Path]]:
    """The topmost folders that others may not enter, each with what must be seen below it."""
    found: dict[Path, list[Path]] = {}
    for path in {Path(place).resolve() for place in (sys.base_prefix, sys.prefix, ROOT)}:
        closed = [parent for parent in (*reversed(path.parents), path) if not parent.stat().st_mode & 0o001]
        if closed:
            found.setdefault(closed[0], []).append(path)
    return found


def show(hidden: dict[Path, list[Path]], home: Path) -> str:
    """A script that covers each closed folder by an open one that has nothing but these paths."""
    keep = {path: home / f"keep{number}" for number, path in enumerate(sum(hidden.values(), []))}
    lines = [f"mkdir {at} && mount --bind {shlex.quote(str(path))} {at}" for path, at in keep.items()]
    lines += [f"mount -t tmpfs -o mode=755 none {shlex.quote(str(closed))}" for closed in hidden]
    lines += [
        f"mkdir -p {shlex.quote(str(path))} && mount --move {at} {shlex.quote(str(path))} && rmdir {at}"
        for path, at in keep.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
