"""A small question for tests: three functions with solution, graded tests and named mistakes, in a folder of its own."""

from pathlib import Path

STEM = "q06_evaluate_meta_learning"

SOLUTION = '''"""q06: three small functions.

Notes for authors stay out of the stub.

中文：三个小函数。
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from metarec_lib.workbook import exercise

SCALE = 5.0


@exercise(
    points=3,
    minutes=5,
    hints=[
        ("Think of a mean.", "想想均值。"),
        ("Sum, then divide.", "先求和，再除。"),
        ("sum(values) / len(values)", "用 sum(values) / len(values)"),
    ],
)
def mean_rating(values: Sequence[float]) -> float:
    """The mean of the ratings; 0.0 where there are none.

    >>> mean_rating([3.0, 4.0])
    3.5

    中文：评分的均值；没有评分时为 0.0。
    """
    # BEGIN SOLUTION
    # an empty list has no mean
    return float(np.mean(values)) if len(values) else 0.0
    # END SOLUTION


def _square(x):
    return x * x


@exercise(
    points=4,
    minutes=5,
    hints=[
        ("A gradient step.", "走一步梯度下降。"),
        ("torch.autograd.grad gives the gradient.", "torch.autograd.grad 给出梯度。"),
        ("w - lr * gradient, with create_graph=True", "w - lr * gradient，并加上 create_graph=True"),
    ],
)
def inner_step(w: Tensor, loss, lr: float) -> Tensor:
    """One step of gradient descent on `loss`, through which a gradient still flows.

    中文：在 `loss` 上走一步梯度下降，梯度仍能穿过这一步。
    """
    # BEGIN SOLUTION
    w = w if w.requires_grad else w.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss(w), w, create_graph=True)
    return w - lr * gradient
    # END SOLUTION


@exercise(
    points=2,
    minutes=3,
    hints=[
        ("Look at the name.", "看看函数名。"),
        ("np.clip", "用 np.clip"),
        ("np.clip(ratings, 1, SCALE)", "写 np.clip(ratings, 1, SCALE)"),
    ],
)
def clip_ratings(ratings: np.ndarray) -> np.ndarray:
    """The ratings (N,) brought into the scale of 1 to 5 stars; the argument stays as it was, even when it is long.

    中文：把评分 (N,) 截断到 1 至 5 星；参数保持不变。
    """
    # BEGIN SOLUTION
    return np.clip(ratings, 1.0, SCALE)
    # END SOLUTION
'''

TESTS = '''"""Graded tests of the toy."""

import numpy as np
import torch

from metarec_lib.workbook.exercises.testing import assert_close, assert_equal, assert_true, graded


@graded("mean_rating")
def test_mean_by_hand(yours):
    assert_close(
        yours.mean_rating([1.0, 2.0, 6.0]),
        3.0,
        cause=("the sum is not divided by the number of ratings", "总和没有除以评分条数"),
    )


@graded("mean_rating", core=True)
def test_agrees_with_numpy(yours, rng):
    for size in (1, 5):
        values = rng.normal(size=size) + 3
        assert_close(yours.mean_rating(values.tolist()), values.mean())


@graded("mean_rating")
def test_no_ratings(yours):
    assert_equal(yours.mean_rating([]), 0.0, cause=("no ratings are not handled", "没有处理空列表"))


@graded("inner_step")
def test_step_by_hand(yours, given):
    w = torch.tensor([1.0, 2.0], dtype=torch.float64)
    loss = given("quadratic", centre=0.0)
    assert_close(yours.inner_step(w, loss, lr=0.1), 0.8 * w, cause=("the step goes up the gradient", "这一步是沿梯度上升"))


@graded("inner_step", core=True)
def test_gradient_flows_through_the_step(yours, given):
    w = torch.tensor([1.0, 2.0], dtype=torch.float64)
    (gradient,) = yours.grad("inner_step", w, given("quadratic", centre=0.0), 0.1)
    assert_close(gradient, torch.full_like(w, 0.8), cause=("the inner gradient is detached", "内层梯度被截断了"))


@graded("clip_ratings", core=True)
def test_clips_both_ends(yours):
    assert_close(yours.clip_ratings(np.array([0.0, 3.0, 9.0])), np.array([1.0, 3.0, 5.0]))


@graded("clip_ratings")
def test_argument_is_left_alone(yours):
    got = yours.clip_ratings(np.array([2.0, 4.0]))
    assert_true(
        got.tolist() == [2.0, 4.0], ("ratings on the scale as they were", "量表内的评分保持不变"),
        cause=("it is clipped in place", "原地截断了"),
    )
'''

MISTAKES = '''"""Named wrong answers of the toy."""

import numpy as np
import torch

from metarec_lib.workbook.exercises.testing import mistake


@mistake("mean_rating")
def forgets_to_divide(values):
    """You added the ratings up: divide by their number.

    你只求了和：还要除以评分条数。
    """
    return float(sum(values))


@mistake("mean_rating")
def fails_without_ratings(values):
    """You divide by the number of ratings, which may be zero: say what an empty list gives.

    你除以评分条数，而它可能是零：请规定空列表的结果。
    """
    return sum(values) / len(values)


@mistake("inner_step")
def goes_up(w, loss, lr):
    """You added the gradient: descent takes it away.

    你加上了梯度：下降应当减去它。
    """
    w = w if w.requires_grad else w.clone().requires_grad_(True)
    return w + lr * torch.autograd.grad(loss(w), w, create_graph=True)[0]


@mistake("inner_step")
def detaches(w, loss, lr):
    """Your inner gradient has no graph: the outer loss sees the step as w minus a constant. Use create_graph=True.

    你的内层梯度没有计算图：外层损失只看到 w 减去一个常数。请用 create_graph=True。
    """
    w = w if w.requires_grad else w.clone().requires_grad_(True)
    return w - lr * torch.autograd.grad(loss(w), w)[0]


@mistake("clip_ratings")
def clips_in_place(ratings):
    """You changed the ratings in place: return a new array.

    你原地改动了评分：请返回新的数组。
    """
    ratings -= 1.0
    return np.clip(ratings, 0.0, 4.0) + 1.0


@mistake("clip_ratings")
def clips_only_above(ratings):
    """You clip only above: ratings below one star stay.

    你只截了上界：低于一星的评分还在。
    """
    return np.minimum(ratings, 5.0)
'''


class ExerciseToy:
    """The content in `root`, and one learner's file in `work`."""

    def __init__(self, root: Path) -> None:
        self.root, self.work = root, root / "exercises"
        for folder in ("solutions", "exercises", "tests/exercises/mistakes", "notebooks"):
            (root / folder).mkdir(parents=True)
        self.solution = root / "solutions" / f"{STEM}.py"
        self.tests = root / "tests" / "exercises" / f"test_{STEM}.py"
        self.mistakes = root / "tests" / "exercises" / "mistakes" / f"{STEM}.py"
        self.file = self.work / f"{STEM}.py"
        for path, text in ((self.solution, SOLUTION), (self.tests, TESTS), (self.mistakes, MISTAKES)):
            path.write_text(text, encoding="utf-8")

    def write(self, text: str | bytes) -> Path:
        """Make this the learner's file."""
        self.file.write_bytes(text.encode() if isinstance(text, str) else text)
        return self.file
