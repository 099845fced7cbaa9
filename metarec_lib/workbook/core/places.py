"""Where the workbook's files lie: the content that comes with the package, and the learner's own folder."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from .languages import MARK, pick

WORK_VARIABLE = "METAREC_WORK"
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
    raise ValueError(pick((
        f"Got no `exercises` folder in {start} or above it; expected one with files such as q06_….py. "
        "Make a workspace with `metarec new my-work` and go there, or name a folder: --work FOLDER "
        f"(or {WORK_VARIABLE}=FOLDER).",
        f"在 {start} 及其上级目录里没有找到 `exercises` 文件夹；里面应有 q06_….py 这样的文件。"
        "请用 `metarec new my-work` 建一个工作区并进入，或者指定文件夹：--work FOLDER"
        f"（或设置 {WORK_VARIABLE}=FOLDER）。",
    )))  # fmt: skip


def _given_folder(folder: Path, said: str) -> Path:
    if folder.name == "exercises" and (folder.parent / MARK).is_file():
        return folder  # a workspace's own, even where it was deleted
    if not folder.is_dir():
        raise ValueError(pick((
            f"Got the work folder {said!r}, and {folder} is not a folder; expected `exercises`, "
            f"`solutions` or a folder with exercise files. Correct --work or {WORK_VARIABLE}, "
            f"or run `metarec new {said}`.",
            f"指定的工作文件夹是 {said!r}，但 {folder} 不是文件夹；应为 `exercises`、`solutions` 或装有练习文件的文件夹。"
            f"请改正 --work 或 {WORK_VARIABLE}，或者运行 `metarec new {said}`。",
        )))  # fmt: skip
    inner = folder / "exercises"
    is_workspace = _holds_exercises(inner) or (folder / MARK).is_file()
    return inner if is_workspace and not _holds_exercises(folder) else folder


def missing(path: Path) -> str:
    """What to do about an exercise file that is not in its folder, in one sentence without a full stop."""
    english, chinese = f"{path.name} is missing in {path.parent}", f"{path.parent} 里没有 {path.name}"
    if alike := _alike(path):
        english += f", where {alike} is instead: rename it to {path.name}, or"
        chinese += f"，却有 {alike}：请把它改名为 {path.name}，或者"
    else:
        english, chinese = f"{english};", f"{chinese}；"
    cure = _cure(path)
    return pick((f"{english} {cure[0]}", f"{chinese}{cure[1]}"))


def _cure(path: Path) -> tuple[str, str]:
    """The command that brings an exercise file (back)."""
    workspace = path.parent.parent
    if (workspace / MARK).is_file():
        place = "." if workspace == Path.cwd().resolve() else shlex.quote(str(workspace))
        return f"`metarec new {place}` brings it back", f"运行 `metarec new {place}` 可以恢复它"
    if is_clone() and path.parent == content("exercises").resolve():
        return "`metarec build` makes it", "运行 `metarec build` 可以生成它"
    return "`metarec new FOLDER` makes a workspace that has it", "运行 `metarec new FOLDER` 可以建一个含有它的工作区"


def _alike(path: Path) -> str:
    """A file beside a missing one that looks as if it were meant, such as `q06.py`; else empty."""
    key = path.name[:3].casefold()
    beside = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    named = (file.name for file in beside if file.is_file() and ".bak-" not in file.name)
    return next((name for name in named if name.casefold().startswith(key) and name != path.name), "")


def folder_named(names: Sequence[str]) -> str | None:
    """The folder of the exercise files among `names`, where files are named by path. Raises ValueError for two folders."""
    paths = [Path(name).expanduser() for name in names if name.endswith(".py")]
    folders = sorted({str(path.absolute().parent) for path in paths if path.is_file()})
    if len(folders) > 1:
        listed = " and ".join(folders), "、".join(folders)
        raise ValueError(pick((
            f"Got files in {listed[0]}; expected files in one folder. Check them one by one.",
            f"给出的文件在不同的文件夹里：{listed[1]}；应在同一个文件夹里。请逐个检查。",
        )))  # fmt: skip
    return folders[0] if folders else None
