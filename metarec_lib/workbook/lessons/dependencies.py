"""Which modules of the library a study's results depend on, found without importing anything."""

from __future__ import annotations

import ast
import functools
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import metarec_lib

PRESENTS = ("workbook", "plots", "cli")  # of the package: nothing that a result depends on


def code_hash(path: Path) -> str:
    """SHA-256 of the file of a study or lesson and of the library's modules that it imports, directly or through others.

    What only presents results (`PRESENTS`) is not followed. Line ends do not count.
    """
    hashed = hashlib.sha256()
    for module in (path, *sorted(modules_of(path))):
        hashed.update(module.name.encode() + b"\0" + module.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return hashed.hexdigest()


def modules_of(path: Path) -> set[Path]:
    """The files of the library that a file imports, directly or through others."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        for module in _imported(waiting.pop()) - found:
            found.add(module)
            waiting.append(module)
    return found


def _package() -> Path:
    return Path(metarec_lib.__file__).resolve().parent


def _imported(path: Path) -> set[Path]:
    """The files that the import statements of one file name, wherever they stand in it."""
    return {file for name in _named(path, path.read_bytes()) for file in _files(name)}


@functools.lru_cache(maxsize=1_000)
def _named(path: Path, content: bytes) -> frozenset[str]:
    python = re.sub(rb"^( *)[%!].*$", rb"\1pass", content, flags=re.MULTILINE)  # lines for IPython in a lesson
    return frozenset(name for node in ast.walk(ast.parse(python)) for name in _names(node, path))


def _names(node: ast.AST, path: Path) -> Iterator[str]:
    """Dotted names below the package that a statement imports; "" is the package itself."""
    if isinstance(node, ast.Import):
        dotted = [alias.name for alias in node.names if alias.name.split(".")[0] == "metarec_lib"]
        yield from (name.partition(".")[2] for name in dotted)
    elif isinstance(node, ast.ImportFrom) and (module := _module(node, path)) is not None:
        yield from (f"{module}.{alias.name}".strip(".") for alias in node.names)


def _module(node: ast.ImportFrom, path: Path) -> str | None:
    """The module that `from … import` names, below the package; None where it is another package's."""
    if node.level:
        parts = path.resolve().relative_to(_package()).parts[: -node.level]
        return ".".join([*parts, *([node.module] if node.module else [])])
    first, _, rest = (node.module or "").partition(".")
    return rest if first == "metarec_lib" else None


def _files(name: str) -> Iterator[Path]:
    """The files behind a dotted name: a module, or the module that holds the name, and the packages around it."""
    if name == "":  # `import metarec_lib`: any public name may be reached
        for module in _public().values():
            yield from _files(module)
        return
    parts = _public().get(name, name).split(".")
    if parts[0] in PRESENTS:
        return
    for end in range(1, len(parts) + 1):
        folder = _package().joinpath(*parts[:end])
        yield from (file for file in (folder / "__init__.py", folder.with_suffix(".py")) if file.is_file())


@functools.cache
def _public() -> dict[str, str]:
    """Where each public name of the package is defined: its lazily attached names, read from the text of `__init__.py`."""
    tree = ast.parse((_package() / "__init__.py").read_text(encoding="utf-8"))
    where = next(n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "_WHERE")
    return {name: module for module, names in ast.literal_eval(where.value).items() for name in names}
