"""Solutions, stubs, plain texts: what is read from the text of a solution, and what is made of it."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from exercise_toy import SOLUTION, STEM

from metarec_lib.workbook.exercises.solutions import (
    exercise,
    load_module,
    plain_text,
    read_solution,
    read_text,
    stub_text,
    submission_text,
)


@pytest.fixture
def solution(tmp_path):
    path = tmp_path / f"{STEM}.py"
    path.write_text(SOLUTION, encoding="utf-8")
    return path


def test_exercise_only_records():
    def f(x):
        return x

    hints = [("a", "甲"), ("b", "乙"), ("c", "丙")]
    assert exercise(points=2, minutes=3, hints=hints)(f) is f
    assert f.__exercise__ == {"points": 2, "minutes": 3, "hints": tuple(hints)}


def test_read_solution(solution):
    first, second, third = read_solution(solution)
    assert (first.name, first.points, first.minutes) == ("mean_rating", 3, 5)
    assert first.hints[0] == ("Think of a mean.", "想想均值。")
    assert first.signature == "mean_rating(values: Sequence[float]) -> float"
    assert first.task == "The mean of the ratings; 0.0 where there are none."
    assert first.tasks[1] == "评分的均值；没有评分时为 0.0。"
    assert SOLUTION.splitlines()[second.line - 1].startswith("def inner_step(")
    assert third.points == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("# END SOLUTION", "", "END SOLUTION"),
        ("# BEGIN SOLUTION", "# BEGIN SOLUTION\n    # BEGIN SOLUTION", "BEGIN SOLUTION"),
        ('("Sum, then divide.", "先求和，再除。"),', "", "2 hints"),
        ('("Sum, then divide.", "先求和，再除。")', '"Sum, then divide."', "expected a pair of texts"),
        ('"先求和，再除。"', '""', "expected a pair of texts"),
        ('"先求和，再除。"', '"Then divide."', "English first, then Chinese"),
        ("    中文：评分的均值；没有评分时为 0.0。\n", "", "without Chinese; expected a last part"),
        ("The mean of the ratings; 0.0 where", "均值；0.0 where", "with no Chinese in it"),
        ("points=3", "points=0", "points=0"),
        ("points=3", "points=three", "with constants"),
        ("return float(", "return float((", "not valid Python"),
    ],
)
def test_a_broken_solution_names_file_and_line(solution, old, new, said):
    solution.write_text(SOLUTION.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=said) as problem:
        read_solution(solution)
    assert str(solution) in str(problem.value) and "line " in str(problem.value)


def test_stub_keeps_signatures_and_docstrings_and_tells_what_to_do():
    stub = stub_text(SOLUTION)
    whole, left = ast.parse(SOLUTION), ast.parse(stub)
    for old, new in zip(_functions(whole), _functions(left), strict=True):
        assert ast.unparse(old.args) == ast.unparse(new.args)
        assert ast.get_docstring(old) == ast.get_docstring(new)
        assert not new.decorator_list
    for gone in ("metarec_lib", "BEGIN SOLUTION", "END SOLUTION", "np.clip(", "Notes for authors", "hints"):
        assert gone not in stub
    for kept in ("import numpy as np", "SCALE = 5.0", "return x * x", "metarec check q06", 'check("q06")'):
        assert kept in stub
    assert 'NotImplementedError("Write mean_rating: the mean of the ratings; 0.0 where there are none.")' in stub


def _functions(tree):
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def test_stub_raises_what_its_task_is():
    module = load_module(stub_text(SOLUTION), "stub")
    with pytest.raises(NotImplementedError, match="Write inner_step: one step of gradient descent"):
        module.inner_step(None, None, 0.1)


def test_stub_takes_its_question_from_path_or_docstring(solution):
    assert stub_text(solution) == stub_text(SOLUTION) == stub_text(SOLUTION, STEM)
    with pytest.raises(ValueError, match="name its question"):
        stub_text(SOLUTION.replace("q06: three", "Three"))
    with pytest.raises(ValueError, match="no docstring"):
        stub_text("x = 1\n")
    with pytest.raises(ValueError, match="without Chinese"):
        stub_text(SOLUTION.replace("中文：三个小函数。", ""))


def test_a_chinese_stub_has_the_same_code_and_says_what_to_do_in_chinese():
    stub, english = stub_text(SOLUTION, lang="zh"), stub_text(SOLUTION)
    assert 'NotImplementedError("请实现 mean_rating：评分的均值；没有评分时为 0.0。")' in stub
    assert stub.startswith('"""三个小函数。\n\n你要做的：') and "Your part" not in stub
    for one, other in zip(_functions(ast.parse(stub)), _functions(ast.parse(english)), strict=True):
        assert ast.unparse(one.args) == ast.unparse(other.args)
        assert ast.get_docstring(one) == ast.get_docstring(other)


@pytest.mark.skipif(shutil.which("ruff", path=str(Path(sys.executable).parent)) is None, reason="needs ruff")
@pytest.mark.parametrize("make", [stub_text, plain_text])
def test_made_files_are_formatted(tmp_path, make):
    path = tmp_path / "made.py"
    path.write_text(make(SOLUTION), encoding="utf-8")
    ruff = Path(sys.executable).parent / "ruff"
    run = subprocess.run([ruff, "format", "--check", "--isolated", "--line-length=120", path], capture_output=True)
    assert run.returncode == 0, run.stdout


def test_plain_text_is_the_solution_without_marks():
    text = plain_text(SOLUTION)
    assert "exercise" not in text and "SOLUTION" not in text
    assert load_module(text, "plain").mean_rating([3.0, 4.0]) == 3.5


def test_a_submission_keeps_its_line_numbers(solution):
    lines, whole = submission_text(solution).splitlines(), SOLUTION.splitlines()
    number = next(i for i, line in enumerate(whole) if "np.clip(ratings, 1.0" in line)
    assert lines[number] == whole[number]
    assert "metarec_lib" not in submission_text(solution)


def test_a_submission_that_is_not_python_is_left_as_it_is(solution):
    solution.write_text("from metarec_lib.workbook import exercise\ndef f(:\n", encoding="utf-8")
    assert submission_text(solution) == solution.read_text()


def test_read_text_of_windows_and_of_wrong_encodings(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"\xef\xbb\xbfx = 1\r\ny = 2\r\n")
    assert read_text(path) == "x = 1\ny = 2\n"
    path.write_bytes("x = 1\n# Grüße\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"line 2 is not UTF-8 text \(byte 0xfc\)"):
        read_text(path)


def test_modules_of_two_folders_do_not_clash_and_a_reload_is_fresh(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "q.py").write_text(
            f"import dataclasses\n@dataclasses.dataclass\nclass C:\n    x: str = '{name}'\n"
        )
    first, second = (load_module(tmp_path / name / "q.py", "q") for name in "ab")
    assert (first.C().x, second.C().x) == ("a", "b") and first.__name__ != second.__name__
    (tmp_path / "a" / "q.py").write_text("x = 3\n")
    assert load_module(tmp_path / "a" / "q.py", "q").x == 3
    assert "q" not in sys.modules
