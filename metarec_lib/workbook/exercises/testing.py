"""What the files of graded tests and of named mistakes import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .calls import Call, LearnerError, Yours, dtypes
from metarec_lib.workbook.core import Pair, pick, spaced
from metarec_lib.workbook.core import is_number, is_tensor, kind, shown

Function = TypeVar("Function", bound=Callable[..., Any])
USUAL_CAUSE: Pair = (", usual cause: ", "，常见原因：")
DIFFERS: Pair = ("differs", "不同")
AT: Pair = ("at ", "位置 ")
FEWER_DIGITS: Pair = (
    " keeps fewer digits than the arguments have: compute in float64", " 的有效位数少于参数：请用 float64 计算",
)  # fmt: skip
COARSE = ("float32", "float16")  # bfloat16 too
_current: Yours | None = None


class Form(str):
    """A difference of kind, shape or length: it says what was got and expected, and the maths is not to blame."""

    __slots__ = ()


def graded(function: str, *, core: bool = False, in_place: bool = False) -> Callable[[Function], Function]:
    """The exercise that a test belongs to; its points are shared equally over its tests.

    core: the idea hangs on this test; where it fails, the function earns at most a third of its points (the manifest
    reads it from the text).
    in_place: whether the function may change its arguments. Otherwise each call is made twice on the same objects, and
    the test fails where the second answer differs, or an argument has a `.grad` then.
    """

    def mark(test: Function) -> Function:
        test.__graded__, test.__in_place__ = function, in_place  # type: ignore[attr-defined]
        return test

    return mark


def mistake(function: str) -> Callable[[Function], Function]:
    """The exercise that a named wrong answer belongs to. Its docstring is the cause, a sentence to the learner in English,
    then, after a blank line, in Chinese.
    """

    def mark(wrong: Function) -> Function:
        wrong.__mistake__ = function  # type: ignore[attr-defined]
        return wrong

    return mark


def assert_close(
    got: Any, expected: Any, cause: Pair | None = None, *, part: str = "",
    rtol: float | None = None, atol: float | None = None,
) -> None:  # fmt: skip
    """Fail unless `got` has the form of `expected` and each number agrees.

    Numbers agree within atol + rtol·|expected|: 1e-7 and 1e-9, or 1e-4 and 1e-6 where the last call had an argument of
    float32 or less, or no array of floats at all and `expected` is float32 or less.
    NaN agrees with an expected NaN only. A number, a 0-d array and a 0-d tensor count as the same form; a list and a
    tuple too, and a 1-d array where a tuple of numbers is expected; an array and a tensor do not. An array of booleans
    asks for booleans. cause: the usual cause (English, 中文), said when numbers differ. part: the name of what is
    compared, where the function returns several things.
    """
    problem = difference(got, expected, rtol, atol)
    if problem:
        raise AssertionError(_message(got, expected, problem, cause, part))


def assert_equal(got: Any, expected: Any, cause: Pair | None = None, *, part: str = "") -> None:
    """Fail unless `got` has the form of `expected` and each number and text is the same."""
    problem = difference(got, expected, 0.0, 0.0)
    if problem:
        raise AssertionError(_message(got, expected, problem, cause, part))


def assert_true(condition: Any, expected: Pair, cause: Pair | None = None) -> None:
    """Fail unless the condition holds; `expected` says in words what should hold: "an argument left as it was"."""
    if not condition:
        raise AssertionError(_sentence(pick(("expected ", "应为：")) + pick(expected), cause))


def assert_raises(error: str | type[BaseException], function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> str:
    """Fail unless the learner's function raises this error (or a subclass); returns its message.

    error: a built-in exception or its name. The `NotImplementedError` of a stub counts as not written.
    A keyword `cause` is the usual cause; all other arguments go to the function.
    """
    name, cause = error if isinstance(error, str) else error.__name__, kwargs.pop("cause", None)
    try:
        got = function(*args, **kwargs)
    except LearnerError as problem:
        if problem.kind == "exception" and name in problem.error.get("bases", []):
            return problem.error["message"]
        raise
    raise AssertionError(
        _sentence(pick((f"got {shown(got)}, expected a {name}", f"得到 {shown(got)}，应抛出 {name}")), cause)
    )


def difference(got: Any, expected: Any, rtol: float | None = None, atol: float | None = None) -> str:
    """Where two plain values differ, in words; empty where they agree. See `assert_close`."""
    if is_number(got) and is_number(expected):
        return _numbers(_scalar(got), _scalar(expected), rtol, atol)
    if isinstance(expected, tuple) and all(map(is_number, expected)) and _is_array(got) and got.ndim == 1:
        got = list(got.detach() if is_tensor(got) else got)
    for types in ((list, tuple), dict, np.ndarray):
        if isinstance(expected, types):
            return _same_kind(got, expected, types) or _inside(got, expected, rtol, atol)
    if is_tensor(expected):
        return _numbers(got, expected, rtol, atol) if is_tensor(got) else _other_kind(got, expected)
    if type(got) is not type(expected):
        return _other_kind(got, expected)
    return "" if got == expected else pick(DIFFERS)


def _same_kind(got: Any, expected: Any, types: Any) -> str:
    if not isinstance(got, types):
        return _other_kind(got, expected)
    if isinstance(expected, dict) and got.keys() != expected.keys():
        left, right = shown(sorted(got, key=str)), shown(sorted(expected, key=str))
        return Form(pick((f"got the keys {left}, expected {right}", f"得到的键是 {left}，应为 {right}")))
    if isinstance(got, np.ndarray) or len(got) == len(expected):
        return ""
    left, right = len(got), len(expected)
    return Form(pick((f"got {left} value{'s' * (left != 1)}, expected {right}", f"得到 {left} 个值，应为 {right} 个")))


def _other_kind(got: Any, expected: Any) -> Form:
    left, right = (
        "None" if value is None else f"{kind(value)}{pick((', ', '，'))}{shown(value)}" for value in (got, expected)
    )
    return Form(pick((f"got {left}, expected {right}", f"得到{spaced(left)}，应为{spaced(right)}")))


def _inside(got: Any, expected: Any, rtol: float | None, atol: float | None) -> str:
    if isinstance(expected, np.ndarray):
        return _numbers(got, expected, rtol, atol)
    keys = expected.keys() if isinstance(expected, dict) else range(len(expected))
    problems = ((key, difference(got[key], expected[key], rtol, atol)) for key in keys)
    return next((type(problem)(f"{pick(AT)}[{key!r}]: {problem}") for key, problem in problems if problem), "")


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or is_tensor(value)


def _scalar(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, (bool, float)) else value


def _numbers(got: Any, expected: Any, rtol: float | None, atol: float | None) -> str:
    coarse, dtype = _is_coarse(expected), str(getattr(got, "dtype", ""))
    rtol = (1e-4 if coarse else 1e-7) if rtol is None else rtol
    atol = (1e-6 if coarse else 1e-9) if atol is None else atol
    got, expected = _array(got), _array(expected)
    if got.shape != expected.shape:
        left, right = got.shape, expected.shape
        return Form(pick((f"got the shape {left}, expected {right}", f"得到的形状是 {left}，应为 {right}")))
    if expected.dtype == bool and expected.ndim and got.dtype != bool:
        return Form(pick((
            f"got numbers ({got.dtype}), expected booleans: masks hold True and False",
            f"得到的是数值（{got.dtype}），应为布尔值：掩码只含 True 和 False",
        )))  # fmt: skip
    if object in (got.dtype, expected.dtype):  # whole numbers beyond 64 bits
        return "" if (got == expected).all() else pick(DIFFERS)
    near = _near(got, expected, rtol, atol)
    if near.all():
        return ""
    if not coarse and dtype.endswith(COARSE) and _near(got, expected, 1e-4, 1e-6).all():
        return dtype.removeprefix("torch.") + pick(FEWER_DIGITS)
    where, count = [int(item) for item in np.argwhere(~near)[0]], int((~near).sum())
    counted = (
        f"{count} of {near.size} numbers differ, the first at {where}",
        f"{near.size} 个数中有 {count} 个不同，第一个在 {where}",
    )
    return pick(counted if where else DIFFERS)


def _near(got: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True))


def _is_coarse(expected: Any) -> bool:
    """Whether numbers have about 7 digits: by the arguments of the last call, and by `expected` where these are none."""
    call = last_call()
    given = call.dtypes if call else set()
    floats = {name for name in given if "float" in name} or dtypes(expected)
    return any(name.endswith(COARSE) for name in floats)


def _array(value: Any) -> np.ndarray:
    if is_tensor(value):
        value = value.detach()
        value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _message(got: Any, expected: Any, problem: str, cause: Pair | None, part: str) -> str:
    start = f"`{part}`{pick((': ', '：'))}" if part else ""
    if isinstance(problem, Form):
        missing = pick((": is a `return` missing?", "：是不是漏了 `return`？")) if got is None else ""
        return _sentence(start + problem + missing, None)
    left, right = shown(got), shown(expected)
    told = problem.startswith(pick(AT)) or problem.endswith(pick(FEWER_DIGITS))
    if left == right or told or (part and np.size(expected) > 1):
        right += pick((f" ({problem})", f"（{problem}）"))
    return _sentence(start + pick((f"got {left}, expected {right}", f"得到 {left}，应为 {right}")), cause)


def _sentence(text: str, cause: Pair | None) -> str:
    """`called f(x), got y, expected z, usual cause: …`."""
    call = last_call()
    start = pick((f"called {call}, ", f"调用 {call}，")) if call else ""
    return start + text + (pick(USUAL_CAUSE) + pick(cause) if cause else "")


def last_call() -> Call | None:
    """The last call of the learner's code in the test that is running."""
    return _current.last if _current is not None else None


def watch(yours: Yours | None) -> None:
    """Let the messages speak of the calls of this `yours` (the fixture calls it)."""
    global _current
    _current = yours
