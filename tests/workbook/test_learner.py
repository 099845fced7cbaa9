"""`mine`: in a lesson, the learner's errors end their block in one sentence; all other errors pass."""

import nbformat
import numpy as np
import pytest
from exercise_toy import SOLUTION, STEM, ExerciseToy
from nbclient import NotebookClient

from metarec_lib.workbook.core import places
from metarec_lib.workbook.exercises.solutions import stub_text
from metarec_lib.workbook.practice import learner
from metarec_lib.workbook.practice.learner import mine


@pytest.fixture
def toy(tmp_path, monkeypatch):
    toy = ExerciseToy(tmp_path / "clone")
    monkeypatch.setattr(places, "root", lambda: toy.root)
    monkeypatch.setenv("METAREC_WORK", str(toy.work))
    monkeypatch.chdir(toy.root / "notebooks")
    return toy


@pytest.fixture
def shown(monkeypatch):
    shown = []
    monkeypatch.setattr(learner, "show_markdown", shown.append)
    return shown


LINK = f"Your file: [exercises/{STEM}.py](../exercises/{STEM}.py)"


def test_a_written_function_runs_here(toy, shown):
    toy.write(SOLUTION)
    with mine("q06") as my:
        assert my.mean_rating([3.0, 4.0]) == 3.5
        assert "The mean of the ratings" in my.mean_rating.__doc__
    assert shown == []


def test_a_file_is_read_again_at_each_entry(toy, shown):
    for number in (1, 2):
        toy.write(f"def f(): return {number}\n")
        with mine("q06") as my:
            assert my.f() == number
    assert shown == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (stub_text(SOLUTION), "`mean_rating` is not written yet (line 25); this part of the lesson waits for it. "),
        ("", "There is no function `mean_rating` in the file; keep the names of the exercise file. "),
        ("mean_rating = 3", "There is no function `mean_rating` in the file; keep the names of the exercise file. "),
        ("def mean_rating(: pass", "The file is not valid Python: invalid syntax (line 1: `def mean_rating(: pass`). "),
        (
            "def mean_rating(v):\n    return v / 0",
            "`mean_rating` raised TypeError: unsupported operand type(s) for /: 'list' and 'int' (line 2: `return v / 0`). ",
        ),
        (
            "def mean_rating(): return 1",
            "`mean_rating` does not take the arguments of the lesson: too many positional arguments. ",
        ),
        ("import sys\nsys.exit(3)", "The file fails while it is loaded: SystemExit: 3 (line 2: `sys.exit(3)`). "),
        (
            "def mean_rating(v): exit()",
            "`mean_rating` raised SystemExit: None (line 1: `def mean_rating(v): exit()`). ",
        ),
        (
            "import nonsense",
            "The file fails while it is loaded: ModuleNotFoundError: No module named 'nonsense' (line 1",
        ),
        (b"x = '\xfc'", "The file cannot be used: line 1 is not UTF-8 text"),
        (None, f"{STEM}.py is missing in "),
        (
            "import torch\ndef mean_rating(v): return torch.ones(2) @ torch.ones(3)",
            "`mean_rating` raised RuntimeError: ",
        ),
    ],
)
def test_the_learners_errors_are_one_sentence(toy, shown, text, said):
    toy.file.unlink(missing_ok=True) if text is None else toy.write(text)
    after = []
    with mine("q06") as my:
        my.mean_rating([3.0])
        after.append("reached")
    assert after == [] and len(shown) == 1
    assert shown[0].startswith(said) and shown[0].endswith(LINK)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (stub_text(SOLUTION), "`mean_rating` 还没有写（第 25 行）；课程的这一部分要等它写好才能运行。"),
        ("", "文件里没有函数 `mean_rating`；请保留练习文件中的函数名。"),
        ("def mean_rating(: pass", "文件不是合法的 Python：invalid syntax（第 1 行：`def mean_rating(: pass`）。"),
        ("def mean_rating(v):\n    a = 1\n\treturn a", "文件不是合法的 Python：inconsistent use of tabs and spaces in"),
        (
            "def mean_rating(v):\n    return v / 0",
            "`mean_rating` 抛出了 TypeError: unsupported operand type(s) for /: ",
        ),
        ("def mean_rating(): return 1", "`mean_rating` 不接受课程传入的参数："),
        ("import nonsense", "文件加载失败：ModuleNotFoundError: "),
        (b"x = '\xfc'", "文件无法使用：第 1 行不是 UTF-8 文本（字节 0xfc）：请把文件另存为 UTF-8 编码。"),
        (None, "{folder} 里没有 {file}；运行 `metarec new FOLDER` 可以建一个含有它的工作区。"),
    ],
)
def test_they_are_said_in_chinese(toy, shown, monkeypatch, text, said):
    monkeypatch.setenv("METAREC_LANG", "zh")
    toy.file.unlink(missing_ok=True) if text is None else toy.write(text)
    with mine("q06") as my:
        my.mean_rating([3.0])
    assert shown[0].startswith(said.format(folder=toy.file.parent, file=toy.file.name) if text is None else said)
    assert shown[0].endswith(LINK.replace("Your file: ", "你的文件："))


def test_errors_of_the_lesson_pass(toy, shown):
    toy.write(SOLUTION)
    with pytest.raises(ZeroDivisionError), mine("q06") as my:
        my.mean_rating([1.0])
        1 / 0  # noqa: B018
    with pytest.raises(NotImplementedError), mine("q06") as my:
        raise NotImplementedError("of the lesson")
    with pytest.raises(TypeError), mine("q06") as my:
        len(my.mean_rating([1.0]))
    assert shown == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("pass", "`mean_rating` returned None, expected a float: is a `return` missing? "),
        ("return v", "`mean_rating` returned a list of length 1, expected a float. "),
    ],
)
def test_a_lesson_that_stumbles_over_the_wrong_kind_says_which(toy, shown, body, said):
    toy.write(f"def mean_rating(v): {body}\ndef clip_ratings(r): return r\n")
    with mine("q06") as my:
        value = my.mean_rating([3.0])
        my.clip_ratings(np.ones(2))
        f"{value:.3f}"
    assert len(shown) == 1 and shown[0].startswith(said) and shown[0].endswith(LINK)
    with pytest.raises(KeyError), mine("q06") as my:
        {}[my.mean_rating([3.0]) is None]


def test_a_value_of_the_right_kind_leaves_the_lessons_error(toy, shown):
    toy.write("import numpy as np\ndef mean_rating(v): return np.float64(3)\ndef helper(v): return None\n")
    with pytest.raises(TypeError), mine("q06") as my:
        my.mean_rating([3.0]) + "text"
    with pytest.raises(TypeError), mine("q06") as my:
        f"{my.helper(1):.3f}"  # nothing says what this one returns
    assert shown == []


def test_an_interrupt_is_never_swallowed(toy, shown):
    toy.write("def f(): raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt), mine("q06") as my:
        my.f()
    toy.write("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt), mine("q06") as my:
        my.f()
    assert shown == []


def test_without_a_work_folder_it_says_so(toy, shown, monkeypatch):
    monkeypatch.setenv("METAREC_WORK", "/nowhere")
    with mine("q06") as my:
        my.f()
    assert len(shown) == 1 and "nowhere" in shown[0]


def test_an_unknown_question_is_the_lessons_error(toy):
    with pytest.raises(ValueError, match="q99"):
        mine("q99")


CELLS = [
    "import time, sys\nfrom metarec_lib.workbook.core import places\nfrom pathlib import Path",
    "places.root = lambda: Path({root!r})\nfrom metarec_lib.workbook.practice.checking import check\n"
    "from metarec_lib.workbook.practice.learner import mine",
    "with mine('q06') as my:\n    print(my.mean_rating([3.0]))",
    "check('q06')",
    "check('q06')",
]


def test_run_all_in_a_kernel(toy, monkeypatch):
    """A stub, then the solution: the same cells, no error, and the report as plain text."""
    monkeypatch.setenv("METAREC_HOME", str(toy.root / "home"))
    cells = [nbformat.v4.new_code_cell(text.replace("{root!r}", repr(str(toy.root)))) for text in CELLS]
    for text, points in ((stub_text(SOLUTION), 0), (SOLUTION, 9)):
        toy.write(text)
        book = nbformat.v4.new_notebook(cells=cells)
        NotebookClient(book, timeout=60, resources={"metadata": {"path": toy.root / "notebooks"}}).execute()
        outputs = [cell.outputs for cell in book.cells]
        assert not [out for cell in outputs for out in cell if out.output_type in ("error", "stream") and points == 0]
        for cell in outputs[3:]:
            said = [out.data["text/plain"] for out in cell if out.data["text/plain"]]  # without the bar, empty by then
            assert said[0].startswith(f"q06 · {points} of 9 points")
            assert len(said) == (2 if points == 0 else 1), said
    assert outputs[2][0].text == "3.0\n"
