"""What a submission may import: the standard library, numpy, torch, and what these need; and where it lies."""

from __future__ import annotations

import importlib.util
import re
from importlib import metadata
from pathlib import Path

LIBRARIES = ("numpy", "torch")
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


def _installed(name: str) -> tuple[list[Path], list[str]]:
    """The top-level entries of an installed package, and the names of those that it requires; empty for none."""
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return _found(name), []
    tops = {file.parts[0] for file in package.files or ()}
    kept = sorted(top for top in tops if top not in ("..", "__pycache__") and not top.endswith(".pth"))
    entries = [Path(str(package.locate_file(top))) for top in kept]
    required = [line for line in package.requires or () if "extra ==" not in line]
    return [path for path in entries if path.exists()] or _found(name), [NAME.match(line)[0] for line in required]


def _found(name: str) -> list[Path]:
    """The folder that `import name` would read, where no list of files was installed."""
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
