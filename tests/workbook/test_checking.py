"""check, hint, the command, the manifest, and that pytest says the same."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Timer
from xml.etree import ElementTree

import pytest
from exercise_toy import SOLUTION, STEM, TESTS, ExerciseToy

from metarec_lib.workbook.core import kernel, places
from metarec_lib.workbook.exercises.judging import judge
from metarec_lib.workbook.exercises.manifest import build_manifest, manifest_text, question_manifest
from metarec_lib.workbook.exercises.solutions import plain_text, stub_text
from metarec_lib.workbook.practice import hints, progress
from metarec_lib.workbook.practice.answers import solution
from metarec_lib.workbook.practice.checking import check, check_command, hint


@pytest.fixture
def toy(tmp_path, monkeypatch):
    toy = ExerciseToy(tmp_path / "clone")
    monkeypatch.setattr(places, "root", lambda: toy.root)
    monkeypatch.setenv("METAREC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("METAREC_WORK", str(toy.work))
    monkeypatch.setattr(progress, "_hints_here", {})
    toy.write(stub_text(SOLUTION))
    return toy


STUB_REPORT = f"""\
q06 · 0 of 9 points · exercises/{STEM}.py
  · mean_rating    0/3   not written yet (line 25)
  · inner_step     0/4   not written yet (line 37)
  · clip_ratings   0/2   not written yet (line 47)
  Next: mean_rating. For a hint: metarec check q06 --hint mean_rating"""


def test_the_stub_has_no_points_and_nothing_is_skipped(toy):
    report = check("q06")
    assert str(report) == repr(report) == STUB_REPORT
    assert all(not passed for item in report.functions for passed in item.tests.values())


@pytest.mark.parametrize("make", [plain_text, lambda text: text])
def test_the_solution_has_all_points(toy, make):
    toy.write(make(SOLUTION))
    report = check(6)
    assert report.passed and report.points == report.possible == 9
    assert str(report).splitlines()[1:] == [
        "  ✓ mean_rating    3/3",
        "  ✓ inner_step     4/4",
        "  ✓ clip_ratings   2/2",
    ]


def test_a_named_mistake_is_recognised_and_its_sentence_said(toy):
    toy.write(
        plain_text(SOLUTION).replace(
            "return np.clip(ratings, 1.0, SCALE)", "ratings -= 1\n    return ratings.clip(0, 4) + 1"
        )
    )
    text = str(check("q06", function="clip_ratings"))
    assert "✗ clip_ratings   0/2" in text and "You changed the ratings in place: return a new array." in text
    assert "Check:" not in text and "usual cause" not in text and "mean_rating" not in text


def test_an_unnamed_mistake_shows_the_call_and_what_to_check(toy):
    toy.write(plain_text(SOLUTION).replace("float(np.mean(values))", "float(np.mean(values)) + 1"))
    text = " ".join(str(check("q06")).split())
    assert (
        "✗ mean_rating 1/3 called mean_rating([1.0, 2.0, 6.0]), got 4.0, expected 3.0 "
        "Check: the sum is not divided by the number of ratings"
    ) in text
    assert "usual cause" not in text


CLIP = "return np.clip(ratings, 1.0, SCALE)"


def test_a_failure_that_follows_from_another_function_names_that_one_and_shows_its_own(toy):
    text = plain_text(SOLUTION).replace("float(np.mean(values))", "float(np.mean(values)) + 1")
    helper = "\n\ndef _shift(ratings):\n    return mean_rating([0.0]) - 1 + ratings\n"  # a helper between the two
    toy.write(text.replace(CLIP, "return np.minimum(_shift(ratings), SCALE)") + helper)
    found = {item.name: item for item in check("q06").functions}
    assert found["clip_ratings"].follows == "mean_rating" and not found["mean_rating"].follows
    assert found["clip_ratings"].remark.startswith("It calls `mean_rating`, which does not pass yet")
    assert "again. If it still fails then: You clip only above: ratings" in found["clip_ratings"].remark
    toy.write(plain_text(SOLUTION).replace(CLIP, "return np.clip(_shift(ratings), 1.0, SCALE) + 1") + helper)
    assert not any(item.follows for item in check("q06").functions)


def test_where_a_core_test_fails_a_third_of_the_points_is_left(toy):
    body = "float(np.mean(values)) if len(values) else 0.0"
    toy.write(plain_text(SOLUTION).replace(body, "3.0 if len(values) else 0.0"))  # 2 of 3 tests pass, not the core
    found = check("q06", function="mean_rating").functions[0]
    assert sum(found.tests.values()) == 2 and found.points == 1
    assert found.remark.endswith("(A test of the idea itself fails: at most a third of the points.)")
    toy.write(plain_text(SOLUTION).replace(body, "float(np.mean(values)) if len(values) else 1.0"))
    found = check("q06", function="mean_rating").functions[0]
    assert found.points == 2 and "third" not in found.remark
    toy.write("def mean_rating(values): return 0.0\n")
    assert check("q06", function="mean_rating").functions[0].points == 1  # one of three shares, less than the bound


@pytest.mark.parametrize("way", ["", "in-process"])
@pytest.mark.parametrize(
    "text",
    [
        "import random\ndef mean_rating(values): return random.random()\n",
        "seen = []\ndef mean_rating(values):\n    seen.extend(values)\n    return sum(seen)\n",
        "def mean_rating(values, seen=[]):\n    seen.append(0)\n    return float(len(seen))\n",
    ],
)
def test_what_answers_differently_the_second_time_is_told_so(toy, text, way):
    toy.write(text)
    found = judge(STEM, toy.work, "mean_rating", way=way).functions[0]
    assert found.remark.startswith("Called again with the same arguments, it gives another answer")
    assert "Check" not in found.remark


def test_a_function_defined_twice_is_told_so(toy):
    toy.write(plain_text(SOLUTION) + "\n\ndef clip_ratings(ratings):\n    raise NotImplementedError('later')\n")
    text = " ".join(str(check("q06")).split())
    last = len(toy.file.read_text(encoding="utf-8").splitlines())
    assert "not written yet" in text and f", {last - 1}): Python takes the last one." in text
    assert "`clip_ratings` is defined 2 times" in text and "`mean_rating` is defined" not in text


def test_a_missing_import_and_a_tab_are_told_with_their_cure(toy):
    toy.write("def mean_rating(values):\n    return np.mean(values)\n")
    assert (
        "; write `import numpy as np` at the top of the file"
        in check("q06", function="mean_rating").functions[0].message
    )
    toy.write("def mean_rating(values):\n    return math.fsum(values)\n")
    assert "; write `import math` at the top" in check("q06", function="mean_rating").functions[0].message
    toy.write("def mean_rating(values):\n    return valeus\n")
    assert "import" not in check("q06", function="mean_rating").functions[0].message
    for text in ("def f(x):\n    y = 1\n\treturn y\n", "def f(x):\n    if x:\n\t    return 1\n\t  return x\n"):
        toy.write(text)
        assert check("q06").problem.endswith("indent with four blanks")


def test_a_gradient_left_in_an_argument_fails(toy):
    backward = "copy = w.clone(); copy.retain_grad(); loss(copy).backward(create_graph=True)\n    gradient = copy.grad"
    call = "(gradient,) = torch.autograd.grad(loss(w), w, create_graph=True)"
    for way in ("", "in-process"):
        toy.write(plain_text(SOLUTION).replace(call, backward))
        found = judge(STEM, toy.work, "inner_step", way=way).functions[0]
        assert found.tests == {"test_step_by_hand": True, "test_gradient_flows_through_the_step": False}
        assert found.message.startswith("inner_step changed `w.grad`: `.backward()` adds into the `.grad`")


def test_report_and_hints_are_in_the_readers_language(toy, monkeypatch):
    monkeypatch.setenv("METAREC_LANG", "zh")
    toy.write(
        plain_text(SOLUTION).replace("float(np.mean(values))", "float(np.mean(values)) + 1").replace(CLIP, "pass")
    )
    text = str(check("q06"))
    assert text.splitlines()[0] == f"q06 · 5/9 分 · exercises/{STEM}.py"
    assert "调用 mean_rating([1.0, 2.0, 6.0])，得到 4.0，应为 3.0" in text and "请检查：总和没有除以评分条数" in text
    assert "`clip_ratings` 返回了 None，应为 numpy 数组：是不是漏了 `return`？" in text
    assert text.splitlines()[-1].startswith("  下一个：mean_rating。要提示：metarec check")
    assert hint("q06") == "mean_rating，提示 1/3：想想均值。"
    toy.write(plain_text(SOLUTION).replace("w - lr", "w + lr"))
    assert "你加上了梯度：下降应当减去它。" in str(check("q06"))
    toy.write(plain_text(SOLUTION).replace(CLIP, "return ratings"))
    assert "最多得三分之一" in str(check("q06"))


def test_a_written_function_that_stops_in_a_stub_is_not_called_unwritten(toy):
    stub = stub_text(SOLUTION).splitlines()
    at = max(number for number, line in enumerate(stub) if "raise NotImplementedError" in line)  # of clip_ratings
    toy.write("\n".join([*stub[:at], "    return ratings + mean_rating([1.0])"]))
    found = {item.name: item for item in check("q06").functions}
    assert found["mean_rating"].status == "not written" and found["clip_ratings"].status == "failed"
    assert "it stops in `mean_rating`" in found["clip_ratings"].message
    assert found["clip_ratings"].remark.startswith("It calls `mean_rating`, which does not pass yet")


def test_a_mistake_that_fails_with_the_same_error_is_recognised(toy):
    toy.write(
        plain_text(SOLUTION).replace("float(np.mean(values)) if len(values) else 0.0", "sum(values) / len(values)")
    )
    text = " ".join(str(check("q06")).split())
    assert "raised ZeroDivisionError: division by zero (line 26: `return sum(values) / len(values)`)" in text
    assert "which may be zero" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:", "the file is not valid Python: invalid syntax (line 1: `def f(:`)"),
        ("import sys; sys.exit()", "the file ends the program while it is loaded"),
        ("# Grüße".encode("latin-1"), "the file cannot be read: line 1 is not UTF-8 text (byte 0xfc)"),
        (None, f"{STEM}.py is missing in "),
    ],
)
def test_a_file_that_cannot_be_loaded_is_one_sentence(toy, text, said):
    toy.file.unlink() if text is None else toy.write(text)
    report = check("q06")
    assert report.points == 0 and said in " ".join(str(report).split()) and len(str(report).splitlines()) <= 7
    assert "✗" not in str(report) and {item.status for item in report.functions} == {"not run"}
    assert str(report).splitlines()[-1] == "  – clip_ratings   0/2   not run"


def test_prints_are_shown_and_cannot_steer_a_terminal(toy):
    toy.write("def mean_rating(values):\n    print('\\x1b[2J', values)\n    return 7.0\n")
    text = str(check("q06", function="mean_rating"))
    assert "printed: �[2J [1.0, 2.0, 6.0]" in text and "\x1b" not in text


def test_nan_does_not_pass_and_objects_that_equal_everything_do_not(toy):
    for value in ("float('nan')", "type('E', (), {'__eq__': lambda s, o: True})()", "type('F', (float,), {})(3)"):
        toy.write(f"def mean_rating(values):\n    return {value}\n")
        assert check("q06", function="mean_rating").points == 0


def test_the_report_does_not_depend_on_what_was_there_before(toy):
    toy.write(SOLUTION)
    assert check("q06").points == 9
    toy.write(stub_text(SOLUTION))
    assert check("q06").points == 0
    toy.tests.write_text(TESTS.replace("        3.0,", "        4.0,"))
    toy.write(SOLUTION)
    assert check("q06").points == 8


def test_an_interrupt_passes_and_ends_the_child(toy):
    toy.write("import time\ndef mean_rating(values): time.sleep(60)\n")
    Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        check("q06")
    toy.write(SOLUTION)
    assert check("q06").passed


def test_pytest_options_of_the_caller_do_not_matter(toy, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense -k nothing")
    toy.write(SOLUTION)
    assert check("q06").passed
    assert os.environ["PYTEST_ADDOPTS"] == "--nonsense -k nothing"
    assert not list(toy.root.rglob("__pycache__")) and not list(toy.root.rglob(".pytest_cache"))


def test_broken_tests_are_an_error_not_a_verdict(toy):
    toy.tests.write_text(TESTS + "\nraise OSError('broken')\n")
    with pytest.raises(RuntimeError, match="could not be run.*\n.*broken|broken"):
        check("q06")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"question": "q99"}, "q99"),
        ({"question": "q07"}, "q07 has no exercises yet; those that have: q06"),
        ({"question": "q06", "function": "nonsense"}, "expected one of: mean_rating, inner_step, clip_ratings"),
        ({"question": "q06", "work": "/nowhere"}, "nowhere"),
    ],
)
def test_wrong_usage_names_what_is_right(toy, arguments, said):
    with pytest.raises(ValueError, match=said):
        check(**arguments)


def test_in_a_notebook_it_is_shown_once_with_a_link(toy, monkeypatch):
    shown = []
    for name in ("show_text", "show_markdown"):
        monkeypatch.setattr(f"metarec_lib.workbook.practice.checking.{name}", shown.append)
    monkeypatch.setattr("metarec_lib.workbook.practice.checking.in_notebook", lambda: True)
    (toy.root / "notebooks").mkdir(exist_ok=True)
    monkeypatch.chdir(toy.root / "notebooks")
    report = check("q06")
    told = STUB_REPORT.replace(
        "hint: metarec check q06 --hint mean_rating", 'hint, run in a cell: hint("q06", "mean_rating")'
    )
    assert shown == [told, f"Your file: [exercises/{STEM}.py](../exercises/{STEM}.py)"]
    assert report._ipython_display_() is None
    assert not kernel.in_notebook()


def test_hints_come_one_by_one_then_the_solution(toy):
    said = [str(hint("q06")) for _ in range(5)]
    assert said[0] == "mean_rating, hint 1 of 3: Think of a mean."
    assert said[2] == "mean_rating, hint 3 of 3: sum(values) / len(values)"
    assert said[3] == said[4]
    assert said[3].splitlines() == [
        "mean_rating, all 3 hints:",
        "  1. Think of a mean.",
        "  2. Sum, then divide.",
        "  3. sum(values) / len(values)",
        "The solution: metarec solution q06 mean_rating",
    ]
    assert "hint 1 of 3: Look at the name." in hint("q06", "clip_ratings")
    with pytest.raises(ValueError, match="expected one of: mean_rating"):
        hint("q06", "nonsense")
    toy.write(SOLUTION)
    assert hint("q06") == "q06: everything passes, no hint is needed."


def test_hints_are_counted_for_each_work_folder(toy, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(toy.work, other)
    assert "hint 1 of 3" in hint("q06", "mean_rating") and "hint 2 of 3" in hint("q06", "mean_rating")
    assert "hint 1 of 3" in hint("q06", "mean_rating", work=other)


def test_a_bare_hint_runs_only_the_tests_that_it_needs(toy, monkeypatch):
    judged, judge = [], hints.judge
    monkeypatch.setattr(hints, "judge", lambda stem, work, name: judged.append(name) or judge(stem, work, name))
    assert hint("q06").startswith("mean_rating") and judged == []
    toy.write(plain_text(SOLUTION).replace("return np.clip(ratings, 1.0, SCALE)", "return ratings"))
    check("q06")
    assert hint("q06").startswith("clip_ratings") and judged == []  # the check has said so
    toy.write(toy.file.read_text(encoding="utf-8") + "\n")
    assert hint("q06").startswith("clip_ratings") and judged == ["mean_rating", "inner_step", "clip_ratings"]
    toy.write("def mean_rating(: pass")
    assert hint("q06").startswith("mean_rating") and len(judged) == 3


def test_a_hint_is_no_json(toy, capsys, tmp_path):
    assert check_command(["q06"], hint_for="", as_json=True) == 2
    assert check_command(["q06"], hint_for="", junit=tmp_path / "out.xml") == 2
    assert "a hint is text" in capsys.readouterr().err and not (tmp_path / "out.xml").exists()


def test_points_have_one_decimal_in_print_and_are_exact_in_json(toy, capsys):
    toy.write(
        plain_text(SOLUTION).replace("w - lr * gradient", "w + lr * gradient").replace("if len(v", "if 1 or len(v")
    )
    toy.tests.write_text(TESTS + EXTRA_TEST)
    assert check_command(["q06"], as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["questions"][0]["functions"][1]["points"] == 4 / 3 and found["points"] == 2 + 4 / 3 + 2
    assert str(check("q06")).splitlines()[0].startswith("q06 · 5.3 of 9 points") and "1.3/4" in str(check("q06"))


EXTRA_TEST = """

@graded("inner_step")
def test_no_step(yours, given):
    w = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert_close(yours.inner_step(w, given("quadratic", centre=0.0), lr=0.0), w)
"""

PAIR = (
    """

@exercise(points=1, minutes=1, hints=[("a", "甲"), ("b", "乙"), ("c", "丙")])
def ends(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    \"\"\"Three masks.

    中文：三个掩码。
    \"\"\"
    # BEGIN SOLUTION
    return x > 0, x > 1, x > 2
    # END SOLUTION
""",
    """

@graded("ends", core=True)
def test_unpacked(yours):
    a, b, c = yours.ends(np.array([0.5, 1.5]), np.zeros(2))
    assert_equal(a & ~b, np.array([True, False]), cause=("a comparison", "比较写错了"))
    assert_equal(c, np.array([False, False]))
""",
    """

@mistake("ends")
def turned(x, y):
    \"\"\"Turned.

    反了。
    \"\"\"
    return x < 0, x < 1, x < 2
""",
)


@pytest.fixture
def pair(toy):
    """The toy with a function that returns three masks, which its test unpacks."""
    for path, text in zip((toy.solution, toy.tests, toy.mistakes), PAIR, strict=True):
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    return toy


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return None", "`ends` returned None, expected 3 values: is a `return` missing?"),
        ("x > 0", "`ends` returned None, expected 3 values: is a `return` missing?"),
        ("return x > 0, x > 1", "`ends` returned 2 values, expected 3"),
        ("return 3", "`ends` returned an int, expected 3 values"),
        ("return [True], [False], [False]", "`ends` returned at [0] a list of length 1, expected a numpy array"),
        (
            "return x > 0, x > 1, (x > 2).astype(int)",
            "got numbers (int64), expected booleans: masks hold True and False",
        ),
        ("return x > 0, x > 1, np.array([False])", "got the shape (1,), expected (2,)"),
        ("x -= 1\n    return x > -1, x > 0, x > 1", "You changed the argument `x` of ends; work on a copy"),
    ],
)
@pytest.mark.parametrize("way", ["", "in-process"])
def test_a_wrong_kind_of_value_is_named_and_the_maths_not_blamed(pair, body, said, way):
    pair.write(f"import numpy as np\ndef ends(x, y):\n    {body}\n")
    found = judge(STEM, pair.work, "ends", way=way).functions[0]
    assert found.points == 0 and said in found.message and found.remark == ""


def test_a_number_of_another_kind_is_named(toy):
    toy.write("import numpy as np\ndef mean_rating(v): return np.ones(3)\ndef clip_ratings(r): return list(r)\n")
    mean, _, clip = check("q06").functions
    assert mean.message == "`mean_rating` returned a numpy array of shape (3,), expected a float"
    assert clip.message == "`clip_ratings` returned a list of length 3, expected a numpy array"


IN_PLACE = "def clip_ratings(ratings):\n    ratings -= 1.0\n    return ratings.clip(0.0, 4.0) + 1.0\n"
SAME_TWICE = "import numpy as np\ndef clip_ratings(ratings): return np.clip(ratings, 1.0, 5.0, out=ratings)\n"
LIES = """
import sys
for name, module in list(sys.modules.items()):
    if name.endswith("harness.running"):
        module._changed = lambda *arguments: False
"""


@pytest.mark.parametrize("way", ["", "in-process"])
def test_an_argument_changed_in_place_fails_unless_the_test_allows_it(toy, way):
    toy.write(IN_PLACE)
    found = judge(STEM, toy.work, "clip_ratings", way=way).functions[0]
    assert found.tests == {"test_clips_both_ends": False, "test_argument_is_left_alone": False}
    assert found.message == "You changed the argument `ratings` of clip_ratings; work on a copy"
    assert found.points == 0 and found.mistake == "You changed the ratings in place: return a new array."
    allowed = TESTS.replace('@graded("clip_ratings"', '@graded("clip_ratings", in_place=True')
    toy.tests.write_text(allowed, encoding="utf-8")
    found = judge(STEM, toy.work, "clip_ratings", way=way).functions[0]
    assert found.tests == {"test_clips_both_ends": True, "test_argument_is_left_alone": True}
    assert question_manifest(STEM)["points"] == 9


@pytest.mark.parametrize(
    "source",
    [
        IN_PLACE,
        SAME_TWICE,
        "rest = []\n"
        + IN_PLACE.replace("ratings -=", "rest.append(1)\n    ratings = ratings - len(rest) + 1; ratings -="),
    ],
)
def test_what_the_child_says_of_a_changed_argument_moves_no_point(toy, source):
    points = []
    for text in (source, LIES + source):
        toy.write(text)
        points.append(judge(STEM, toy.work, "clip_ratings").functions[0].points)
    assert points[0] == points[1] == (2 if source == SAME_TWICE else 0)


def test_a_graded_test_does_not_ask_the_child_whether_it_changed_an_argument(toy):
    text = TESTS.replace('"ratings on the scale as they were"', '"no change" if yours.mutated else "as it was"')
    toy.tests.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="test_argument_is_left_alone: got yours.mutated.*expected values to decide"):
        question_manifest(STEM)


def test_no_traceback_is_rendered_that_nobody_reads(toy, monkeypatch):
    monkeypatch.setattr("_pytest.nodes.Node._repr_failure_py", lambda *arguments, **options: pytest.fail("rendered"))
    toy.write("def mean_rating(values): return 0.0\n")
    assert [item.status for item in judge(STEM, toy.work).functions] == ["failed"] * 3


def test_an_argument_changed_without_harm_is_said_and_costs_nothing(toy):
    toy.write(SAME_TWICE)
    report = str(check("q06", function="clip_ratings"))
    assert "2/2" in report and "You changed the argument `ratings` of clip_ratings; work on a copy" in report


def test_an_answer_that_depends_on_more_than_the_arguments_is_named(toy):
    toy.write(
        "calls = []\ndef mean_rating(values):\n    calls.append(1)\n    return sum(values) / 3 + len(calls) - 1\n"
    )
    found = judge(STEM, toy.work, "mean_rating").functions[0]
    assert found.message.startswith(
        "called mean_rating([1.0, 2.0, 6.0]) twice on the same objects, got 3.0, and then got 4.0"
    )


def test_a_deleted_file_is_named_with_what_brings_it_back(toy, monkeypatch):
    (toy.root / places.MARK).write_text("{}")
    toy.file.unlink()
    monkeypatch.delenv("METAREC_WORK")
    monkeypatch.chdir(toy.root)
    assert check("q06").problem == f"{STEM}.py is missing in {toy.work}; `metarec new .` brings it back"
    monkeypatch.chdir(toy.root / "notebooks")
    assert check("q06").problem.endswith(f"; `metarec new {toy.root}` brings it back")
    toy.work.rmdir()
    assert f"is missing in {toy.work}" in check("q06").problem


def test_without_a_work_folder_a_notebook_shows_no_traceback(toy, monkeypatch):
    shown = []
    monkeypatch.setattr("metarec_lib.workbook.practice.checking.show_text", shown.append)
    monkeypatch.setattr("metarec_lib.workbook.practice.checking.in_notebook", lambda: True)
    assert check("q06", work="/nowhere") is None
    assert len(shown) == 1 and "/nowhere" in shown[0]


def test_attempts_are_stored_but_not_those_of_the_solutions(toy):
    check("q06", work="solutions")
    assert progress.attempts() == []
    check("q06")
    toy.write(SOLUTION)
    check("q06")
    rows = progress.attempts("q06")
    assert [row["status"] for row in rows] == ["not written"] * 3 + ["passed"] * 3
    assert sum(row["points"] for row in rows) == 9 and progress.attempts("q07") == []


def test_where_nothing_can_be_stored_the_result_stands_and_hints_go_on(toy, tmp_path, monkeypatch):
    (tmp_path / "a_file").write_text("")
    monkeypatch.setenv("METAREC_HOME", str(tmp_path / "a_file" / "home"))
    text = str(check("q06"))
    assert text.startswith(STUB_REPORT) and "not stored in your progress" in text.splitlines()[-1]
    said = [str(hint("q06", "mean_rating")).splitlines() for _ in range(4)]
    assert said[0][0].endswith("Think of a mean.") and "not stored" in said[0][1]
    assert said[3][0] == "mean_rating, all 3 hints:"


def test_a_damaged_progress_file_does_not_stop_a_check(toy):
    progress.path().parent.mkdir(parents=True)
    progress.path().write_bytes(b"no database" * 1000)
    assert "not stored in your progress" in str(check("q06"))
    assert progress.path().read_bytes() == b"no database" * 1000


def test_two_processes_write_at_once(toy):
    def write(number):
        return [progress.record_attempts("q06", toy.file, [("f", "passed", 1, 1)] * 5) for _ in range(10)]

    with ThreadPoolExecutor(4) as pool:
        warnings = [text for texts in pool.map(write, range(4)) for text in texts]
    assert warnings == [""] * 40 and len(progress.attempts()) == 200


def test_a_failed_transaction_leaves_nothing(toy):
    with pytest.raises(sqlite3.Error), progress.transaction() as database:
        database.execute("INSERT INTO file_hints VALUES (?, 'f', 1)", (str(toy.file),))
        database.execute("INSERT INTO nowhere VALUES (1)")
    assert progress.next_hint(toy.file, "f", 3) == (0, "")


def test_the_command_and_its_exit_status(toy, capsys, tmp_path):
    assert check_command(["q06"]) == 1
    assert capsys.readouterr().out == STUB_REPORT + "\n"
    toy.write(SOLUTION)
    assert check_command() == 0
    assert check_command(["q77"]) == check_command(["q07"]) == check_command(work="/nowhere") == 2
    out, err = capsys.readouterr()
    assert "9 of 9 points" in out and "q77" in err and "Traceback" not in err
    assert check_command(["q06"], hint_for="") == 0 and "no hint is needed" in capsys.readouterr().out
    assert check_command(["q06"], hint_for="nonsense") == 2


def test_the_command_writes_json_and_junit(toy, capsys, tmp_path):
    toy.write(plain_text(SOLUTION).replace("else 0.0", "else 1.0").replace("1.0, SCALE", "'\\x00', SCALE"))
    assert check_command(["q06"], as_json=True, junit=tmp_path / "out" / "junit.xml") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["points"], found["possible"]) == (6, 9)
    assert found["questions"][0]["functions"][0]["tests"]["test_no_ratings"] is False
    suite = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()[0]
    assert suite.attrib == {"name": "q06", "tests": "7", "failures": "3"}
    assert "expected 0.0; Check: no ratings" in suite.find(".//failure").attrib["message"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["junit.xml"]


SESSIONS = """
import contextlib, io, json, pytest, sys
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        status = pytest.main(arguments)
    print(json.dumps([status, text.getvalue()]))
"""
OPTIONS = ["-q", "--no-header", "-rA", "-p", "no:cacheprovider", "--disable-plugin-autoload"]
OPTIONS += ["-p", "metarec_lib.workbook.exercises.plugin"]


def run_pytest(toy, *sessions):
    """pytest with these arguments, one session after the other in a process of its own: the status and text of each."""
    given = json.dumps([[*OPTIONS, *map(str, arguments)] for arguments in sessions])
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", SESSIONS, given]
    run = subprocess.run(command, capture_output=True, text=True, cwd=toy.root, env=environment, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.timeout(600)  # all questions, in a child each; a busy machine needs minutes
def test_pytest_gives_the_same_verdict(toy):
    texts = [(stub_text(SOLUTION), []), (SOLUTION, []), ("def f(:", ["--in-process"])]
    texts.append((plain_text(SOLUTION).replace("create_graph=True", "create_graph=False"), ["--in-process"]))
    expected, sessions = [], []
    for number, (text, more) in enumerate(texts):
        toy.write(text)
        expected.append({test: passed for item in check("q06").functions for test, passed in item.tests.items()})
        shutil.copytree(toy.work, toy.root / f"work {number}")
        sessions.append(["--work", toy.root / f"work {number}", *more, toy.root / "tests" / "exercises"])
    words = ("PASSED ", "FAILED ", "ERROR ", "SKIPPED ")
    for (status, said), tests in zip(run_pytest(toy, *sessions), expected, strict=True):
        lines = [line for line in said.splitlines() if line.startswith(words)]
        assert {line.split("::")[1].split()[0]: line.startswith("PASSED") for line in lines} == tests
        assert status == (0 if all(tests.values()) else 1)


def test_random_data_follow_the_variant_and_the_test(toy):
    toy.tests.write_text(
        TESTS
        + "\n\n@graded('mean_rating')\ndef test_draw(yours, rng):\n    assert_equal(yours.mean_rating([rng.random()]), 0)\n"
    )
    toy.write("def mean_rating(values): return values[0]\n")
    options = ["--work", toy.work, "--in-process", "-k", "draw", toy.tests, "--variant"]
    found = run_pytest(toy, *([*options, variant] for variant in ("0", "0", "1")))
    draws = [
        next(line for line in said.splitlines() if line.startswith("E ") and "called" in line) for _, said in found
    ]
    assert draws[0] == draws[1] != draws[2]


def test_the_manifest_is_stable_and_shares_points_equally(toy):
    entry = question_manifest(STEM)
    assert entry["points"] == 9
    assert entry["functions"]["mean_rating"] == {
        "points": 3,
        "minutes": 5,
        "tests": {"test_mean_by_hand": 1.0, "test_agrees_with_numpy": 1.0, "test_no_ratings": 1.0},
        "core": ["test_agrees_with_numpy"],
        "mistakes": ["forgets_to_divide", "fails_without_ratings"],
    }
    assert manifest_text() == manifest_text() and json.loads(manifest_text()) == build_manifest() == {STEM: entry}
    assert manifest_text().endswith("}\n")


@pytest.mark.parametrize(
    ("which", "old", "new", "said"),
    [
        ("tests", '@graded("clip_ratings")', '@graded("clip_rating")', "expected one of mean_rating"),
        ("tests", '@graded("clip_ratings")\n', "", "expected @graded"),
        ("tests", '@graded("clip_ratings"', '@graded("inner_step"', "function clip_ratings has no graded test"),
        ("tests", '("clip_ratings", core=True)', '("clip_ratings")', "the function clip_ratings has no core test"),
        ("tests", '("no ratings are not handled", "没有处理空列表")', '"no ratings"', "expected a pair of texts"),
        ("tests", '"没有处理空列表"', '"no list"', "English first, then Chinese"),
        (
            "tests",
            '("ratings on the scale as they were", "量表内的评分保持不变")',
            '"the ratings"',
            "expected a pair of texts",
        ),
        ("mistakes", '@mistake("clip_ratings")', '@mistake("inner_step")', "function clip_ratings has no mistake"),
        ("mistakes", '@mistake("clip_ratings")', '@mistake("clip")', "expected one of mean_rating"),
        ("mistakes", "    你加上了梯度：下降应当减去它。\n", "", "expected a pair of texts"),
        ("mistakes", "You added the gradient: descent takes it away.", "加上了。", "English first, then Chinese"),
    ],
)
def test_a_manifest_with_gaps_is_refused(toy, which, old, new, said):
    path = getattr(toy, which)
    path.write_text(path.read_text().replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=said) as problem:
        manifest_text()
    assert str(path) in str(problem.value)


def test_a_function_cannot_have_a_name_of_the_fixture(toy):
    for path in (toy.solution, toy.tests, toy.mistakes):
        path.write_text(path.read_text(encoding="utf-8").replace("mean_rating", "last"), encoding="utf-8")
    with pytest.raises(ValueError, match="belongs to the fixture"):
        manifest_text()


def test_a_question_without_its_tests_is_refused(toy):
    shutil.move(toy.tests, toy.root)
    with pytest.raises(ValueError, match="expected this file"):
        manifest_text()


@pytest.fixture
def lesson(toy):
    """Two built notebooks: one calls functions of the toy, q07 needs it."""
    (toy.root / "notebooks").mkdir(exist_ok=True)
    for stem, needs, title in ((STEM, "none", "1. First"), ("q07_meta_learning_framework", "q06", "1. Other")):
        twin = {"metarec": {"zh": f"## {title.replace('First', '第一节')}"}}
        asked, code = (
            f"level: mid · minutes: 3 · needs: {needs} · topics: a",
            "with mine('q06') as my: my.mean_rating([1])",
        )
        cells = [
            {"cell_type": "markdown", "metadata": {"tags": ["question"]}, "source": asked},
            {"cell_type": "markdown", "metadata": twin, "source": [f"## {title}\n", "Text."]},
            {"cell_type": "code", "metadata": {}, "source": code, "outputs": []},
        ]
        path = toy.root / "notebooks" / f"{stem}.ipynb"
        path.write_text(json.dumps({"cells": cells if stem == STEM else cells[:2]}), encoding="utf-8")
    return toy


def test_a_pass_says_which_cells_to_run_again_once_and_what_comes_next(lesson):
    first, again = check("q06"), None
    assert "Run again" not in str(first)
    lesson.write(SOLUTION)
    first, again = str(check("q06")), str(check("q06"))
    assert "Run again in the lesson, with what you wrote: «1. First» (my.mean_rating)." in " ".join(first.split())
    assert "Run again" not in again
    for told in (first, again):
        assert "Next lesson: q07 · Design a recommender built on meta-learning, end to end." in told


def test_what_a_pass_says_in_chinese(lesson, monkeypatch):
    monkeypatch.setenv("METAREC_LANG", "zh")
    lesson.write(SOLUTION)
    told = str(check("q06"))
    assert "请在课程里重新运行：《1. 第一节》中用到 my.mean_rating 的那个单元格。" in told
    assert "下一课：q07 · 设计一个基于元学习的推荐系统框架。" in told


def test_a_pass_in_a_notebook_links_to_the_next_lesson(lesson, monkeypatch):
    shown = []
    for name in ("show_text", "show_markdown"):
        monkeypatch.setattr(f"metarec_lib.workbook.practice.checking.{name}", shown.append)
    monkeypatch.setattr("metarec_lib.workbook.practice.checking.in_notebook", lambda: True)
    lesson.write(SOLUTION)
    check("q06")
    assert shown[1].startswith("Next lesson: [q07 · ") and shown[1].endswith("](q07_meta_learning_framework.ipynb)")


def test_the_reference_gets_no_advice(lesson, monkeypatch):
    """What is stored in the built notebooks stays as it was."""
    report = check("q06", work="solutions")
    assert report.passed and report.now == ""


def test_in_a_notebook_the_solution_is_a_cell(toy, monkeypatch):
    monkeypatch.setattr("metarec_lib.workbook.practice.hints.in_notebook", lambda: True)
    assert [str(hint("q06")) for _ in range(4)][3].endswith('The solution: solution("q06", "mean_rating")')
    assert repr(solution("q06", "mean_rating")).startswith("def mean_rating(")
    with pytest.raises(ValueError, match="expected one of: mean_rating"):
        solution("q06", "nonsense")


# What a beginner does to the file, and words of what is said of it, in English and Chinese.
CLUMSY = {
    "another name": (
        ("is missing", "where Q06_mine.py is instead: rename it to"),
        ("里没有", "却有 Q06_mine.py：请把它改名为"),
    ),
    "a syntax error": (
        ("the file is not valid Python", "(line 2: `return (`)"),
        ("文件不是合法的 Python", "（第 2 行：`return (`）"),
    ),
    "tabs": (("begins with a tab", "indent with four blanks"), ("制表符", "请统一用四个空格")),
    "no file": (("is missing in", "makes a workspace that has it"), ("里没有", "可以建一个含有它的工作区")),
    "another encoding": (("not UTF-8", "with the encoding UTF-8"), ("不是 UTF-8 文本", "另存为 UTF-8 编码")),
    "another signature": (("but the function does not take these arguments",), ("但函数不接受这些参数",)),
    "no numpy": (("write `import numpy as np` at the top",), ("请在文件开头写上 `import numpy as np`",)),
}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("what", CLUMSY)
def test_a_clumsy_beginner_is_told_what_to_do(toy, monkeypatch, what, lang):
    monkeypatch.setenv("METAREC_LANG", lang)
    text = {
        "a syntax error": "def mean_rating(values):\n    return (\n",
        "tabs": "def mean_rating(values):\n    total = sum(values)\n\treturn total\n",
        "another encoding": "# \u00fc\n".encode("latin-1"),
        "another signature": "def mean_rating(): return 3.0\n",
        "no numpy": "def mean_rating(values): return np.mean(values)\n",
    }.get(what)
    if what == "another name":
        toy.file.rename(toy.file.with_name("Q06_mine.py"))
    elif what == "no file":
        toy.file.unlink()
    elif isinstance(text, bytes):
        toy.file.write_bytes(text)
    else:
        toy.write(text)
    told = "".join(str(check("q06", function="mean_rating")).split())
    for words in CLUMSY[what][lang == "zh"]:
        assert "".join(words.split()) in told


def test_windows_line_ends_and_a_byte_order_mark_are_no_fault(toy):
    toy.file.write_bytes(b"\xef\xbb\xbf" + plain_text(SOLUTION).replace("\n", "\r\n").encode())
    assert check("q06").passed
