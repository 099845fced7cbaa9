"""The start page of a workspace: where to begin, and the map of the questions with what is done and what comes next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from metarec_lib.workbook.core import Language, in_notebook, language, pick, work_folder

from . import dashboard
from .standing import Standing, entries, standings

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
PRACTISE = (
    """## Practise
Run the cell below for the cards that are due (`Review()`). In a cell of its own: `what_next()` for a recommended question,
`Interview()` for a mock interview. In a terminal: `metarec review`, `next`, `interview`, `progress`; `metarec ask` and
`metarec sheet` for the day before the interview.""",
    """## 练一练
运行下面的单元格复习到期的卡片（`Review()`）；想知道接下来做哪一题，就另起一个单元格运行 `what_next()`；\
想模拟面试，运行 `Interview()`。终端里是 `metarec review`、`metarec next`、`metarec interview`、`metarec progress`；\
面试前一天用 `metarec ask` 和 `metarec sheet`。""",
)
AGAIN = ("Run this cell again to see where you are.", "再运行一次这个单元格，就能看到最新进展。")
CODE = "from metarec_lib import Interview, Review, check, contents, hint, solution, what_next\n\ncontents()"
CARDS = "Review()"


def contents() -> None:
    """Show the map of the questions: what is done and what comes next. In a notebook or a terminal of a workspace."""
    folder = Path(work_folder()).resolve().parent
    shown = _bundle(folder, language(), Path.cwd())
    if in_notebook():
        from IPython.display import display

        display(shown, raw=True)
    else:
        print(shown["text/plain"])


def _bundle(folder: Path, lang: Language, start: Path) -> dict[str, str]:
    """The map in the forms that a notebook chooses from. start: the folder from which links go."""
    warning = ""
    try:
        found = standings(folder)
    except OSError as error:
        found, warning = [Standing(entry) for entry in entries(folder)], f"\n\n{error}"
    again = pick(AGAIN, lang)
    text = f"{dashboard.markdown(found, folder, start, lang)}\n\n{again}{warning}"
    page = f"{dashboard.html(found, folder, start, lang)}\n<p>{again}</p>" + (f"<p>{warning}</p>" if warning else "")
    return {"text/html": page, "text/markdown": text, "text/plain": text}


def start_notebook(folder: Path, lang: Language) -> dict[str, Any]:
    """The start page of a workspace, as a notebook (parsed JSON) that shows the map before it is run."""
    from nbformat import v4

    shown = v4.new_output("display_data", _bundle(folder, lang, folder))
    cells = [
        v4.new_markdown_cell(pick(WELCOME, lang), id="start-welcome"),
        v4.new_code_cell(CODE, id="start-contents", outputs=[shown]),
        v4.new_markdown_cell(pick(PRACTISE, lang), id="start-practise"),
        v4.new_code_cell(CARDS, id="start-review"),
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
