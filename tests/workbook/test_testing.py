"""The assertions of graded tests: what agrees, what does not, and the sentence that is said."""

import math

import numpy as np
import pytest
import torch

from metarec_lib.workbook.core.values import shown
from metarec_lib.workbook.exercises.calls import InProcess, LearnerError, Yours
from metarec_lib.workbook.exercises.testing import (
    assert_close,
    assert_equal,
    assert_raises,
    assert_true,
    difference,
    watch,
)
from metarec_lib.workbook.sandbox.harness.codec import Given

NAN = float("nan")


CODE = """def f(x):
    if x < 0: raise ValueError('negative')
    return x + 1

def lazy(x): return (item for item in [x])
def cut(x): return x.detach()
"""


@pytest.fixture
def yours():
    yours = Yours(InProcess(CODE, "/home/you/q06.py"))
    watch(yours)
    yield yours
    watch(None)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (1.0, 1.0 + 1e-9),
        (1, 1.0),
        (np.array(2.0), 2.0),
        (torch.tensor(2.0), 2),
        (NAN, NAN),
        (math.inf, math.inf),
        ([1.0, NAN], (1.0, NAN)),
        (np.array([1.0, NAN]), np.array([1.0, NAN])),
        (torch.tensor([1.0]), torch.tensor([1.00001])),
        (torch.tensor([1.0], dtype=torch.bfloat16), torch.tensor([1.0])),
        ({"a": [1, None], 2: "x"}, {2: "x", "a": [1, None]}),
        (np.array([True, False]), np.array([True, False])),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
        (2**100, 2**100),
        (np.array([1.0, 2.0]), (1.0, 2.0)),
        (torch.tensor([1.0, 2.0]), (1.0, 2.0 + 1e-8)),
        (np.array([1, 2]), (1, 2.0)),
        (np.array([1.0, 0.0]), np.array([1, 0])),
    ],
)
def test_agree(got, expected):
    assert_close(got, expected)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (1.0, 1.001),
        (NAN, 1.0),
        (1.0, NAN),
        (math.inf, -math.inf),
        (None, 1.0),
        (1.0, None),
        ("1", 1),
        ([1.0], 1.0),
        (1.0, [1.0]),
        ([1.0], [1.0, 2.0]),
        ({"a": 1}, {"b": 1}),
        (torch.ones(2), np.ones(2)),
        (np.ones(2), torch.ones(2)),
        ([1.0, 1.0], np.ones(2)),
        (np.ones(3), np.ones((3, 1))),
        (np.ones(1), np.ones(3)),
        (torch.ones(1), 1.0),
        (torch.tensor([1.0, NAN]), torch.tensor([1.0, 1.0])),
        (torch.tensor([1.0]).double(), torch.tensor([1.00001]).double()),
        (2**100, 2**100 + 1),
        (10**400, 1.0),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}),
        (np.array([1.0, 2.0]), (1.0, 2.0, 3.0)),
        (np.array([1.0, 2.0]), (1.0, 3.0)),
        (np.array([[1.0], [2.0]]), (1.0, 2.0)),
        (np.array([1.0, 2.0]), (1.0, [2.0])),
        (np.array([1, 0]), np.array([True, False])),
        (torch.tensor([1, 0]), torch.tensor([True, False])),
    ],
)
def test_differ(got, expected):
    with pytest.raises(AssertionError, match="got .*, expected "):
        assert_close(got, expected)


def answer_to(argument, wrong=0.0):
    """What a function gives in float32, 5e-5 beside [1, 2] (and beside that by `wrong`)."""
    source = f"import torch\ndef f(x): return torch.tensor([1.00005, 2.00005]) + {wrong}"
    yours = Yours(InProcess(source, "/home/you/q06.py"))
    watch(yours)
    return yours.f(argument)


@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: {"w": [v]}, lambda v: Given("quadratic", {"centre": v})])
def test_the_arguments_decide_how_near_is_near(yours, wrap):
    exact = torch.tensor([1.0, 2.0]).double()
    with pytest.raises(AssertionError, match="float32 keeps fewer digits than the arguments have: compute in float64"):
        assert_close(answer_to(wrap(exact)), exact)
    with pytest.raises(AssertionError, match="float32 keeps"):
        assert_close(answer_to(wrap(exact.numpy())), exact.float())
    with pytest.raises(AssertionError, match=r"expected tensor\(\[1.0, 2.0\]\)$"):
        assert_close(answer_to(wrap(exact), wrong=1.0), exact)
    assert_close(answer_to(wrap(exact.float())), exact)
    assert_close(answer_to(wrap(torch.arange(2))), exact.float())  # no floats there: as the test expects


def test_equal_has_no_tolerance():
    with pytest.raises(AssertionError):
        assert_equal(1.0, 1.0 + 1e-12)
    assert_equal([1, "a"], [1, "a"])
    with pytest.raises(AssertionError):
        assert_equal([1, "a"], [1, "b"])


def test_difference_says_where():
    assert difference({"a": [1.0, 2.0]}, {"a": [1.0, 3.0]}) == "at ['a']: at [1]: differs"
    assert "1 of 4 numbers differ, the first at [1, 0]" in difference(np.eye(2), np.array([[1.0, 0.0], [9.0, 1.0]]))


def test_the_sentence(yours):
    with pytest.raises(AssertionError) as problem:
        assert_close(yours.f(x=2), 4.0, cause=("you added one", "多加了一"))
    assert str(problem.value) == "called f(x=2), got 3, expected 4.0, usual cause: you added one"
    with pytest.raises(AssertionError) as problem:
        assert_close(yours.f(np.zeros(1)), torch.ones(1))
    assert str(problem.value) == (
        "called f(array([0.0])), got a numpy array of shape (1,), array([1.0]), "
        "expected a tensor of shape (1,), tensor([1.0])"
    )
    with pytest.raises(AssertionError, match=r"called f\(1\), expected the argument as it was, usual cause: y"):
        assert_true(yours.f(1) == 3, ("the argument as it was", "参数不变"), cause=("y", "乙"))


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        (None, np.float64(1.0), "got None, expected a float, 1.0: is a `return` missing?"),
        ("x", np.float64(1.0), "got a str, 'x', expected a float, 1.0"),
        ((1.0, 2.0), (1.0, 2.0, 3.0), "got 2 values, expected 3"),
        ((1.0, None), (1.0, 2.0), "at [1]: got None, expected a float, 2.0"),
        (np.ones(3), np.ones((3, 1)), "got the shape (3,), expected (3, 1)"),
        ({"a": 1}, {"b": 1}, "got the keys ['a'], expected ['b']"),
        (
            np.array([1, 0]),
            np.array([True, False]),
            "got numbers (int64), expected booleans: masks hold True and False",
        ),
    ],
)
def test_where_the_form_is_wrong_the_cause_is_not_said(got, expected, said):
    with pytest.raises(AssertionError) as problem:
        assert_close(got, expected, cause=("the maths", "数学"))
    assert str(problem.value) == said


def test_the_part_that_differs_is_named():
    expected, got = np.array([True, False, True]), np.array([True, True, True])
    with pytest.raises(AssertionError) as problem:
        assert_equal(got, expected, part="support")
    assert str(problem.value) == (
        "`support`: got array([True, True, True]), expected array([True, False, True]) "
        "(1 of 3 numbers differ, the first at [1])"
    )
    with pytest.raises(AssertionError, match=r"^`query`: got the shape \(3,\), expected \(2,\)$"):
        assert_equal(got, expected[:2], part="query")


def test_the_sentence_in_chinese(yours, monkeypatch):
    monkeypatch.setenv("METAREC_LANG", "zh")
    with pytest.raises(AssertionError) as problem:
        assert_close(yours.f(x=2), 4.0, cause=("you added one", "多加了一"))
    assert str(problem.value) == "调用 f(x=2)，得到 3，应为 4.0，常见原因：多加了一"
    with pytest.raises(AssertionError) as problem:
        assert_close(np.zeros(1), torch.ones(1))
    assert str(problem.value) == (
        "调用 f(x=2)，得到形状 (1,) 的 numpy 数组，array([0.0])，应为形状 (1,) 的张量，tensor([1.0])"
    )
    with pytest.raises(LearnerError, match="抛出了 ValueError: negative（第 2 行：`if x < 0"):
        yours.f(-1)
    with pytest.raises(LearnerError, match="文件里没有这个名字的函数"):
        yours.g(1)
    with pytest.raises(LearnerError, match=r"得到 `generator`；应为数、文本.*请返回 list"):
        yours.lazy(1)
    with pytest.raises(LearnerError, match=r"的梯度，得到张量，但梯度传不过去"):
        yours.grad("cut", torch.ones(2))


def test_without_a_call_the_sentence_starts_with_what_was_got():
    with pytest.raises(AssertionError, match=r"^got 1\.0, expected 2\.0$"):
        assert_close(1.0, 2.0)


def test_learner_errors(yours):
    assert assert_raises(ValueError, yours.f, -1) == "negative"
    assert_raises("Exception", yours.f, -1)
    with pytest.raises(AssertionError, match=r"called f\(1\), got 2, expected a ValueError, usual cause: a sign"):
        assert_raises(ValueError, yours.f, 1, cause=("a sign", "符号"))
    with pytest.raises(LearnerError, match="raised ValueError"):
        assert_raises(KeyError, yours.f, -1)
    with pytest.raises(LearnerError, match="no function"):
        assert_raises(Exception, yours.g, -1)


def test_a_stub_does_not_pass_by_its_own_error():
    yours = Yours(InProcess("def f(x): raise NotImplementedError('Write f.')", "/home/you/q06.py"))
    with pytest.raises(LearnerError, match="not written yet"):
        assert_raises(Exception, yours.f, 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (0.1 + 0.2, "0.3"),
        (1e-20, "1e-20"),
        (NAN, "nan"),
        (-math.inf, "-inf"),
        ((1,), "(1,)"),
        (list(range(100)), "[0, 1, 2, 3, 4, 5, 6, 7, …]"),
        (np.zeros((100, 2)), "array of shape (100, 2) [0.0, 0.0, 0.0, …]"),
        (torch.ones(2, 1), "tensor([[1.0], [1.0]])"),
        (torch.zeros(0, 3), "tensor of shape (0, 3)"),
        ("a\x1b\ud800", "'a\\x1b\\ud800'"),
        ({"a": None}, "{'a': None}"),
    ],
)
def test_shown(value, text):
    assert shown(value) == text


def test_shown_is_short():
    assert len(shown("x" * 10**6)) <= 120 and len(shown([["y" * 50] * 9] * 9)) <= 120
