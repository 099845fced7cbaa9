"""`metarec new FOLDER`: a learner's workspace. Run again it brings what is new and leaves what the learner wrote."""

import hashlib
import json
import os
import shlex
import sys
from pathlib import Path

from metarec_lib.data.paths import atomic_write
from metarec_lib.workbook.core import places

RECORD = places.MARK


class InsideWorkspace(ValueError):
    """A place inside another workspace: wrong usage."""


def new_command(folder: str) -> int:
    """The command: make or renew the workspace and say what was done. Returns the exit status."""
    place = Path(folder).expanduser().resolve()
    try:
        lines = renew(place)
    except InsideWorkspace as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(lines))
    if "MAKELEVEL" not in os.environ:  # `make lab` goes on by itself
        print("Next: " + ("" if place == Path.cwd() else f"cd {shlex.quote(folder)} && ") + "jupyter lab")
    return 0


def renew(folder: Path) -> list[str]:
    """Copy notebooks and exercises to `folder`; returns what was done, a few lines.

    A file that the learner has not touched since it was copied is brought up to date; a changed or a foreign file
    is left as it is. Raises ValueError where the folder is no place for a workspace.
    """
    _check_place(folder)
    record, done = _read_record(folder), {"new": [], "updated": [], "kept": []}
    for name, text in _offered().items():
        if what := _place(folder / name, text, record.get(name)):
            done[what].append(name)
        if what != "kept":
            record[name] = _hash(text)
            _write_record(folder, record)
    return _told(folder, done)


def _check_place(folder: Path) -> None:
    top = places.root().resolve()
    if folder == top or any(folder.is_relative_to(top / name) for name in ("notebooks", "exercises", "solutions")):
        raise ValueError(
            f"Got {folder} for a workspace; expected a folder apart from the workbook's own files. "
            "Choose another one: `metarec new my-work`."
        )
    above = next((parent for parent in folder.parents if (parent / RECORD).is_file()), None)
    if above:
        raise InsideWorkspace(
            f"Got {folder} for a workspace, which is inside the workspace {above}; expected a folder outside it. "
            f"To renew that one, run `metarec new {shlex.quote(str(above))}`."
        )
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"Got {folder}, which is a file; expected a folder. Choose another name.")


def _offered() -> dict[str, str]:
    """What a workspace holds: text by path inside it."""
    notebooks = {f"notebooks/{path.name}": _for_learner(path) for path in _files("notebooks", "q*.ipynb")}
    stubs = {f"exercises/{path.name}": path.read_text(encoding="utf-8") for path in _files("exercises", "q*.py")}
    if not notebooks and not stubs:
        raise FileNotFoundError(
            f"Got no notebooks and no exercises in {places.root()}; expected them to be built. Run `metarec build`."
        )
    return notebooks | stubs


def _files(folder: str, pattern: str) -> list[Path]:
    return sorted(places.content(folder).glob(pattern))


def _for_learner(path: Path) -> str:
    """The notebook without the outputs of its exercise cells, which show the solution's result."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and "exercise" in cell["metadata"].get("tags", []):
            cell.update(outputs=[], execution_count=None)
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": ")) + "\n"


def bring_back(path: Path, text: str) -> None:
    """Write the workbook's own text over a learner's file, and note in its workspace, if any, that it is untouched."""
    atomic_write(path, text)
    folder = path.parent.parent
    if (folder / RECORD).is_file():
        _write_record(folder, {**_read_record(folder), f"{path.parent.name}/{path.name}": _hash(text)})


def _place(path: Path, text: str, recorded: str | None) -> str:
    """Write one file if that loses nothing; says `new`, `updated`, `kept` or, where it was there already, nothing."""
    if not path.exists():
        atomic_write(path, text)
        return "new"
    there = _hash(path.read_bytes().decode(encoding="utf-8", errors="replace"))
    if there == _hash(text):
        return ""
    if there != recorded:
        return "kept"
    atomic_write(path, text)
    return "updated"


def _hash(text: str) -> str:
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()


def _read_record(folder: Path) -> dict[str, str]:
    """Hashes of the files as they were copied."""
    path = folder / RECORD
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError:
        return {}  # a spoilt record: no file is known to be untouched, so none is replaced


def _write_record(folder: Path, record: dict[str, str]) -> None:
    atomic_write(folder / RECORD, json.dumps(record, indent=1, sort_keys=True) + "\n")


def _told(folder: Path, done: dict[str, list[str]]) -> list[str]:
    counted = ", ".join(f"{len(names)} {what}" for what, names in done.items() if names) or "nothing to do"
    lines = [f"{folder}: {counted}."]
    if kept := done["kept"]:
        some = ", ".join(kept[:3]) + (f" and {len(kept) - 3} more" if len(kept) > 3 else "")
        lines.append(
            f"Kept as you have them, though the workbook's differ: {some}. "
            "To get the workbook's, rename yours and run this again."
        )
    return lines
