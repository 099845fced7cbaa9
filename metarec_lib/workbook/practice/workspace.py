"""`metarec new FOLDER`: a learner's workspace. Run again it brings what is new and leaves what the learner wrote."""

import hashlib
import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from metarec_lib.data.paths import atomic_write
from metarec_lib.workbook.core import REMEMBERED, Language, asked_for, pick, places, remembered
from metarec_lib.workbook.exercises import stub_text
from metarec_lib.workbook.lessons import learner_edition

from .contents import start_notebook

RECORD, START = places.MARK, "start.ipynb"
WORDS = {
    "new": ("{n} new", "新增 {n} 个"),
    "updated": ("{n} updated", "更新 {n} 个"),
    "kept": ("{n} kept", "保留 {n} 个"),
}


class InsideWorkspace(ValueError):
    """A place inside another workspace: wrong usage."""


def new_command(folder: str, lang: Language | None = None) -> int:
    """The command: make or renew the workspace and say what was done. Returns the exit status.

    lang: by default METAREC_LANG, else the language that the workspace remembers, else English.
    """
    place = Path(folder).expanduser().resolve()
    lang = lang or asked_for() or remembered(place) or "en"
    try:
        lines = renew(place, lang)
    except InsideWorkspace as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(lines))
    if "MAKELEVEL" not in os.environ:  # `make lab` goes on by itself
        go = "" if place == Path.cwd() else f"cd {shlex.quote(folder)} && "
        print(pick(("Next: ", "下一步："), lang) + f"{go}jupyter lab {START}")
    return 0


def renew(folder: Path, lang: Language = "en") -> list[str]:
    """Copy notebooks and exercises to `folder`; returns what was done, a few lines.

    A file that the learner has not touched since it was copied is brought up to date, and so is a notebook that was only
    run; a changed or a foreign file is left as it is, in whichever language. Raises ValueError where the folder is no
    place for a workspace.
    """
    _check_place(folder)
    record, done = _read_record(folder), {"new": [], "updated": [], "kept": []}
    if record.get(REMEMBERED) != lang:
        record[REMEMBERED] = lang
        _write_record(folder, record)
    for name, text in _offered(lang).items():
        if what := _place(folder / name, text, record.get(name)):
            done[what].append(name)
        if what != "kept":
            record[name] = _mark_of(folder / name, text)
            _write_record(folder, record)
    _place_start(folder, record, lang)
    return _told(folder, done, lang)


def _place_start(folder: Path, record: dict[str, Any], lang: Language) -> None:
    """The start page, made anew unless the learner has changed what stands in its cells."""
    path = folder / START
    text = json.dumps(start_notebook(folder, lang), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if path.exists() and _cells(_read(path)) not in (record.get(START) or "").split():
        return
    if not path.exists() or _read(path) != text:
        atomic_write(path, text)
    if record.get(START) != (mark := _mark_of(path, text)):
        _write_record(folder, record | {START: mark})


def _check_place(folder: Path) -> None:
    top = places.root().resolve()
    if folder == top or any(folder.is_relative_to(top / name) for name in ("notebooks", "exercises", "solutions")):
        raise ValueError(pick((
            f"Got {folder} for a workspace; expected a folder apart from the workbook's own files. "
            "Choose another one: `metarec new my-work`.",
            f"工作区不能建在 {folder}：那里是练习册自己的文件。请换一个文件夹：`metarec new my-work`。",
        )))  # fmt: skip
    above = next((parent for parent in folder.parents if (parent / RECORD).is_file()), None)
    if above:
        raise InsideWorkspace(pick((
            f"Got {folder} for a workspace, which is inside the workspace {above}; expected a folder outside it. "
            f"To renew that one, run `metarec new {shlex.quote(str(above))}`.",
            f"{folder} 在另一个工作区 {above} 里面；请换到它外面的文件夹。"
            f"想更新那个工作区，请运行 `metarec new {shlex.quote(str(above))}`。",
        )))  # fmt: skip
    if folder.exists() and not folder.is_dir():
        raise ValueError(pick((
            f"Got {folder}, which is a file; expected a folder. Choose another name.",
            f"{folder} 是一个文件，应为文件夹。请换一个名字。",
        )))  # fmt: skip


def _offered(lang: Language) -> dict[str, str]:
    """What a workspace holds: text by path inside it."""
    notebooks = {f"notebooks/{path.name}": learner_edition(path, lang) for path in _files("notebooks", "q*.ipynb")}
    stubs = {f"exercises/{path.name}": _stub(path, lang) for path in _files("exercises", "q*.py")}
    if not notebooks and not stubs:
        raise FileNotFoundError(
            f"Got no notebooks and no exercises in {places.root()}; expected them to be built. Run `metarec build`."
        )
    return notebooks | stubs


def _stub(path: Path, lang: Language) -> str:
    """The stub in this language; the built one is in English."""
    solution = places.content("solutions", path.name)
    is_chinese = lang == "zh" and solution.is_file()
    return stub_text(solution, lang=lang) if is_chinese else path.read_text(encoding="utf-8")


def stub_of(path: Path) -> str:
    """The stub that an exercise file was at the start, in the language of its workspace."""
    return _stub(places.content("exercises", path.name), remembered(path.parent) or asked_for() or "en")


def _files(folder: str, pattern: str) -> list[Path]:
    return sorted(places.content(folder).glob(pattern))


def bring_back(path: Path, text: str) -> None:
    """Write the workbook's own text over a learner's file, and note in its workspace, if any, that it is untouched."""
    atomic_write(path, text)
    folder = path.parent.parent
    if (folder / RECORD).is_file():
        _write_record(folder, {**_read_record(folder), f"{path.parent.name}/{path.name}": _mark_of(path, text)})


def _place(path: Path, text: str, recorded: str | None) -> str:
    """Write one file if that loses nothing; says `new`, `updated`, `kept` or, where it was there already, nothing."""
    if not path.exists():
        atomic_write(path, text)
        return "new"
    there, known = _read(path), (recorded or "").split()
    if _hash(there) == _hash(text):
        return ""
    only_run = _hash(there) not in known
    if only_run and (not _cells(there) or _cells(there) not in known):
        return "kept"
    if only_run and _cells(there) == _cells(text):
        return ""
    atomic_write(path, text)
    return "updated"


def _read(path: Path) -> str:
    return path.read_bytes().decode(encoding="utf-8", errors="replace")


def _mark_of(path: Path, text: str) -> str:
    """What is remembered of a file: the hash of its text, and for a notebook that of its cells without their outputs."""
    return f"{_hash(text)} {_cells(text)}" if path.suffix == ".ipynb" else _hash(text)


def _cells(notebook: str) -> str:
    """A hash of what stands in the cells of a notebook; empty where it is none."""
    try:
        cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(notebook)["cells"]]
    except (ValueError, TypeError, KeyError):
        return ""
    return _hash(repr(cells))


def _hash(text: str) -> str:
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()


def _read_record(folder: Path) -> dict[str, Any]:
    """The language, and hashes of the files as they were copied."""
    path = folder / RECORD
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError:
        found = {}  # a spoilt record: no file is known to be untouched, so none is replaced
    return found if isinstance(found, dict) else {}


def _write_record(folder: Path, record: dict[str, Any]) -> None:
    atomic_write(folder / RECORD, json.dumps(record, indent=1, sort_keys=True) + "\n")


def _told(folder: Path, done: dict[str, list[str]], lang: Language) -> list[str]:
    counted = [pick(WORDS[what], lang).format(n=len(names)) for what, names in done.items() if names]
    nothing = pick(("nothing to do", "无需改动"), lang)
    lines = [
        pick((f"{folder}: {', '.join(counted) or nothing}.", f"{folder}：{'，'.join(counted) or nothing}。"), lang)
    ]
    if kept := done["kept"]:
        more = len(kept) - 3
        english = ", ".join(kept[:3]) + (f" and {more} more" if more > 0 else "")
        chinese = "、".join(kept[:3]) + (f" 等 {len(kept)} 个文件" if more > 0 else "")
        lines.append(pick((
            f"Kept as you have them, though the workbook's differ: {english}. "
            "To get the workbook's, rename yours and run this again.",
            f"你改过、所以原样保留的文件（练习册里的版本与之不同）：{chinese}。想要练习册的版本，请把自己的文件改名，再运行一次。",
        ), lang))  # fmt: skip
    return lines
