"""The start page of a workspace: the lessons in reading order, how long they take, what is done, what comes next."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from metarec_lib.workbook.core import (
    MARK,
    QUESTIONS,
    Language,
    Question,
    content,
    language,
    pick,
    resolve,
    show_markdown,
    work_folder,
)
from metarec_lib.workbook.exercises import read_solution
from metarec_lib.workbook.lessons import MINUTES, needs_of

from . import progress

DONE, NEXT = "✓", "▶"
HEADS = (("", "lesson", "minutes: lesson + exercises", "exercises"), ("", "课程", "分钟（课程 + 练习）", "练习"))
WELCOME = (
    """# Start here
Open a lesson below. Answer its question aloud before you read on, then *Run ▸ Run All Cells*. Write the exercises in the
folder `exercises`; the cell `check(...)` at the end of a lesson says how far you are. Everything here is yours: no command
overwrites a file that you have changed.

Stuck? Run in any lesson `hint("q06", "ndcg_at_k")`, three times; then `solution("q06", "ndcg_at_k")`. In a terminal
(*File ▸ New ▸ Terminal*): `metarec check q06`. 中文版：在终端运行 `metarec new . --lang zh`""",
    """# 从这里开始
从下面选一课打开。先自己把题目口头答一遍，再往下读，然后点 *Run ▸ Run All Cells*。\
练习写在 `exercises` 文件夹里，每课末尾的 `check(...)` 单元格会告诉你写得怎么样。\
这里的一切都归你：凡是你改过的文件，任何命令都不会覆盖。

卡住了？在任意一课里运行 `hint("q06", "ndcg_at_k")`，一共三条提示；\
还不行，就运行 `solution("q06", "ndcg_at_k")` 看参考答案。\
终端（*File ▸ New ▸ Terminal*）里也可以：`metarec check q06`。English: `metarec new . --lang en`""",
)
AGAIN = ("Run this cell again to see where you are.", "再运行一次这个单元格，就能看到最新进展。")
CODE = "from metarec_lib import check, contents, hint, solution\n\ncontents()"


@dataclass(frozen=True)
class Entry:
    """A lesson of the page. minutes: of its exercises; passed of `functions` passed when they were last checked."""

    question: Question
    minutes: int
    functions: int
    passed: int

    @property
    def done(self) -> bool:
        return 0 < self.functions == self.passed


def contents() -> None:
    """Show the lessons in reading order, what is done and what comes next. In a notebook or a terminal of a workspace."""
    folder = Path(work_folder()).resolve().parent
    show_markdown(contents_text(folder, language(), Path.cwd()))


def contents_text(folder: Path, lang: Language, start: Path | None = None) -> str:
    """The list, as Markdown. start: the folder from which links go; by default the workspace itself."""
    found, start = entries(folder), start or folder
    after = next_entry(found)
    counted = pick((
        f"**{len(found)} of {len(QUESTIONS)} lessons so far**, in reading order; {sum(e.done for e in found)} done.",
        f"**目前有 {len(found)}/{len(QUESTIONS)} 课**，按阅读顺序排列；已完成 {sum(e.done for e in found)} 课。",
    ), lang)  # fmt: skip
    heads = pick(HEADS, lang)  # type: ignore[arg-type]
    rows = ["| " + " | ".join(heads) + " |", "|:-:|---|--:|---|", *(_row(e, after, folder, start, lang) for e in found)]
    return "\n".join([counted, "", *rows, "", pick(AGAIN, lang)])


def entries(folder: Path) -> list[Entry]:
    """The lessons that are built, in reading order, with the state of a workspace's exercises."""
    built = [question for question in QUESTIONS if content("notebooks", f"{question.stem}.ipynb").is_file()]
    needs = {question.key: needs_of(content("notebooks", f"{question.stem}.ipynb")) for question in built}
    return [_entry(resolve(key), folder) for key in reading_order(needs)]


def reading_order(needs: dict[str, Sequence[str]]) -> list[str]:
    """Keys so that each stands behind those that it needs, else by number. A circle is cut where it is met."""
    placed: list[str] = []

    def place(key: str, above: tuple[str, ...] = ()) -> None:
        for needed in sorted(needs.get(key, ())):
            if needed in needs and needed not in (*placed, *above):
                place(needed, (*above, key))
        if key not in placed:
            placed.append(key)

    for key in sorted(needs):
        place(key)
    return placed


def next_entry(found: Sequence[Entry]) -> Entry | None:
    """The first lesson that is not done."""
    return next((entry for entry in found if not entry.done), None)


def _entry(question: Question, folder: Path) -> Entry:
    solution = content("solutions", f"{question.stem}.py")
    found = read_solution(solution) if solution.is_file() else []
    status = progress.last_status((folder / "exercises" / f"{question.stem}.py").resolve())
    passed = sum(status.get(item.name) == "passed" for item in found)
    return Entry(question, sum(item.minutes for item in found), len(found), passed)


def _row(entry: Entry, after: Entry | None, folder: Path, start: Path, lang: Language) -> str:
    sign = DONE if entry.done else NEXT if entry is after else ""
    title = f"{entry.question.key} · {pick((entry.question.title_en, entry.question.title_zh), lang)}"
    target = quote(Path(os.path.relpath(folder / "notebooks" / f"{entry.question.stem}.ipynb", start)).as_posix())
    counted = pick((f"{entry.passed} of {entry.functions} pass", f"通过 {entry.passed}/{entry.functions}"), lang)
    return f"| {sign} | [{title}]({target}) | {MINUTES} + {entry.minutes} | {counted} |"


def start_notebook(folder: Path, lang: Language) -> dict[str, Any]:
    """The start page of a workspace, as a notebook (parsed JSON) that shows the list before it is run."""
    from nbformat import v4

    text = contents_text(folder, lang)
    shown = v4.new_output("display_data", {"text/markdown": text, "text/plain": text})
    cells = [
        v4.new_markdown_cell(pick(WELCOME, lang), id="start-welcome"),
        v4.new_code_cell(CODE, id="start-contents", outputs=[shown]),
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def is_workspace(folder: Path) -> bool:
    """Whether a folder is a learner's workspace."""
    return (folder / MARK).is_file()
