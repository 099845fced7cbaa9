"""What a submission may import: the standard library, numpy, torch, and what these need; and where it lies.

The jail mounts no other package. Outside it the import system is narrowed, so that honest files get the same answer.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "torch")
STANDARD = sys.stdlib_module_names
NAME = re.compile(r"[\w.-]+")


def paths() -> list[str]:
    """The files and folders of numpy, torch and of all packages that they require, by absolute path."""
    found: dict[str, None] = {}
    todo, seen = list(LIBRARIES), set()
    while todo:
        name = todo.pop().lower().replace("_", "-")
        if name not in seen:
            seen.add(name)
            files, required = _installed(name)
            found |= dict.fromkeys(str(path) for path in files)
            todo += required
    return sorted(found)


class Finder:
    """A finder of modules that knows no other package than these, and beside them the standard library alone."""

    def __init__(self) -> None:
        self.names = {Path(path).name.partition(".")[0] for path in paths()}
        folders = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
        self.standard = [*sorted(folders), *(f"{folder}/lib-dynload" for folder in sorted(folders))]

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """As the usual finder, for what may be imported."""
        if path is None and name not in self.names:
            path = self.standard
        return importlib.machinery.PathFinder.find_spec(name, path, target)


def narrow(finder: Finder) -> None:
    """From now on only what `finder` knows can be imported in this process."""
    importlib.invalidate_caches()
    sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter, finder]


def _installed(name: str) -> tuple[list[Path], list[str]]:
    """The top-level entries of an installed package, and the names of those that it requires; empty for none."""
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return _found(name), []
    lines = (package.read_text("RECORD") or "").splitlines()  # PATH,HASH,SIZE; reading it as paths takes seconds
    tops = {line.partition(",")[0].partition("/")[0] for line in lines if line}
    kept = sorted(top for top in tops if top not in ("..", "__pycache__") and not top.endswith(".pth"))
    entries = [Path(str(package.locate_file(top))) for top in kept]
    required = [line for line in package.requires or () if "extra ==" not in line]
    return [path for path in entries if path.exists()] or _found(name), [NAME.match(line)[0] for line in required]


def _found(name: str) -> list[Path]:
    """The folder that `import name` would read, where no list of files was installed."""
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
