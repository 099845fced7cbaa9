"""Where the workbook's files lie: the content that comes with the package, and the learner's own folder."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

WORK_VARIABLE = "METAREC_WORK"
MARK = ".metarec.json"  # the file that makes a folder a learner's workspace
_PACKAGED = Path(__file__).resolve().parents[1] / "content"
_ABOVE_PACKAGE = Path(__file__).resolve().parents[3]


def root() -> Path:
    """The folder that holds `notebooks/`, `exercises/`, `solutions/` and `tests/exercises/`.

    The clone's top level, or the copy that the wheel carries. Raises FileNotFoundError without either.
    """
    if _is_clone(_ABOVE_PACKAGE):
        return _ABOVE_PACKAGE
    if _PACKAGED.is_dir():
        return _PACKAGED
    raise FileNotFoundError(
        f"Got an installation without the workbook's files; expected them in {_PACKAGED}. "
        "Install the wheel again, or run `pip install -e .` in a clone."
    )


def is_clone() -> bool:
    """Whether the package runs from a clone (editable install), where content can be built."""
    return _is_clone(root())


def _is_clone(folder: Path) -> bool:
    return (folder / "pyproject.toml").is_file() and (folder / "notebooks" / "source").is_dir()


def require_clone(command: str) -> None:
    """Raise ValueError unless the package runs from a clone. command: what was asked for, for the message."""
    if not is_clone():
        raise ValueError(
            f"Got `{command}` in an installed package ({root()}); expected a clone, where the sources are written. "
            "Clone the repository, run `pip install -e .` there, then run the command again."
        )


def content(*parts: str) -> Path:
    """A path inside the content, e.g. `content("solutions")`. The file itself need not exist."""
    return root().joinpath(*parts)


def work_folder(work: str | os.PathLike[str] | None = None) -> Path:
    """The folder with the exercise files, absolute: the one resolver for `mine`, `check` and `--work`.

    work: `exercises` (the folder of that name in the nearest parent of the current directory that has one),
    `solutions` (the reference), or a path: of the files, or of a workspace that has them in `exercises/`.
    None takes METAREC_WORK, and `exercises` where that is not set. Raises ValueError without such a folder.
    """
    place = os.fspath(work if work is not None else os.environ.get(WORK_VARIABLE) or "exercises")
    if place == "exercises":
        return _nearest_exercises(Path.cwd())
    if place == "solutions":
        return content("solutions")
    return _given_folder(Path(place).expanduser().absolute(), place)


def _holds_exercises(folder: Path) -> bool:
    # `tests/exercises/` holds files too, but none that is called after a question.
    return folder.is_dir() and any(folder.glob("q[0-9][0-9]_*.py"))


def _nearest_exercises(start: Path) -> Path:
    for parent in (start, *start.parents):
        if _holds_exercises(parent / "exercises") or (parent / MARK).is_file():
            return parent / "exercises"
    raise ValueError(
        f"Got no `exercises` folder in {start} or above it; expected one with files such as q06_….py. "
        "Make a workspace with `metarec new my-work` and go there, or name a folder: --work FOLDER "
        f"(or {WORK_VARIABLE}=FOLDER)."
    )


def _given_folder(folder: Path, said: str) -> Path:
    if folder.name == "exercises" and (folder.parent / MARK).is_file():
        return folder  # a workspace's own, even where it was deleted
    if not folder.is_dir():
        raise ValueError(
            f"Got the work folder {said!r}, and {folder} is not a folder; expected `exercises`, "
            f"`solutions` or a folder with exercise files. Correct --work or {WORK_VARIABLE}, "
            f"or run `metarec new {said}`."
        )
    inner = folder / "exercises"
    is_workspace = _holds_exercises(inner) or (folder / MARK).is_file()
    return inner if is_workspace and not _holds_exercises(folder) else folder


def missing(path: Path) -> str:
    """What to do about an exercise file that is not in its folder, in one sentence."""
    workspace = path.parent.parent
    if (workspace / MARK).is_file():
        place = "." if workspace == Path.cwd().resolve() else shlex.quote(str(workspace))
        cure = f"`metarec new {place}` brings it back"
    elif is_clone() and path.parent == content("exercises").resolve():
        cure = "`metarec build` makes it"
    else:
        cure = "`metarec new FOLDER` makes a workspace that has it"
    return f"{path.name} is missing in {path.parent}; {cure}"


def folder_named(names: Sequence[str]) -> str | None:
    """The folder of the exercise files among `names`, where files are named by path. Raises ValueError for two folders."""
    paths = [Path(name).expanduser() for name in names if name.endswith(".py")]
    folders = sorted({str(path.absolute().parent) for path in paths if path.is_file()})
    if len(folders) > 1:
        raise ValueError(f"Got files in {' and '.join(folders)}; expected files in one folder. Check them one by one.")
    return folders[0] if folders else None
