"""What a function should take and return, by the signature in its solution; one sentence where it returns another kind."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from .solutions import read_solution
from metarec_lib.workbook.core import pick, spaced
from metarec_lib.workbook.core import content
from metarec_lib.workbook.core import is_number, is_tensor, kind

KINDS = {
    "float": (("a float", "float"), is_number),
    "int": (("an int", "int"), is_number),
    "bool": (("a bool", "bool"), is_number),
    "str": (("a str", "str"), lambda value: isinstance(value, str)),
    "dict": (("a dict", "dict"), lambda value: isinstance(value, dict)),
    "list": (("a list", "list"), lambda value: isinstance(value, (list, tuple))),
    "tuple": (("a tuple", "tuple"), lambda value: isinstance(value, (list, tuple))),
    "ndarray": (("a numpy array", "numpy 数组"), lambda value: isinstance(value, np.ndarray)),
    "Tensor": (("a tensor", "张量"), is_tensor),
}


def parameters(stem: str, function: str) -> list[str]:
    """The names of a function's parameters, in order; empty where the question has no such function."""
    node = _signature(stem, function)
    return [item.arg for item in (*node.args.posonlyargs, *node.args.args)] if node else []


def unexpected(stem: str, function: str, value: Any) -> str:
    """One sentence where a value is of another kind than the function is to return: "`f` returned None, expected a float".

    Empty where the kind is right or not known. Shapes and dtypes are not looked at: no annotation states them.
    """
    node = _signature(stem, function)
    problem = _problem(value, node.returns) if node and node.returns else ""
    if not problem:
        return ""
    missing = pick((": is a `return` missing?", "：是不是漏了 `return`？")) if value is None else ""
    return pick((f"`{function}` returned {problem}", f"`{function}` 返回了{spaced(problem)}")) + missing


def _signature(stem: str, function: str) -> ast.FunctionDef | None:
    path = content("solutions", f"{stem}.py")
    found = {item.name: item.signature for item in read_solution(path)} if path.is_file() else {}
    return ast.parse(f"def {found[function]}: ...").body[0] if function in found else None  # type: ignore[return-value]


def _problem(value: Any, node: ast.expr) -> str:
    """`None, expected a float`; empty where the value is of the kind that the annotation names."""
    if isinstance(node, ast.BinOp):  # X | None
        problems = [_problem(value, side) for side in (node.left, node.right)]
        return "" if "" in problems else problems[0]
    if isinstance(node, ast.Constant) and node.value is None:
        return "" if value is None else kind(value) + pick((", expected None", "，应为 None"))
    name = ast.unparse(node.value if isinstance(node, ast.Subscript) else node).rpartition(".")[2]
    if name == "tuple" and isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        return _tuple_problem(value, node.slice.elts)
    words, fits = KINDS.get(name, (("", ""), lambda value: True))
    return "" if fits(value) else kind(value) + pick((f", expected {words[0]}", f"，应为{spaced(words[1])}"))


def _tuple_problem(value: Any, nodes: list[ast.expr]) -> str:
    """The same for `tuple[X, Y]`. A one-dimensional array stands for a tuple of numbers."""
    if isinstance(nodes[-1], ast.Constant):  # tuple[X, ...]
        nodes = nodes[:1] * len(value) if isinstance(value, (list, tuple)) else nodes
    is_array = (isinstance(value, np.ndarray) or is_tensor(value)) and value.ndim == 1
    if not is_array and not isinstance(value, (list, tuple)):
        return kind(value) + pick((f", expected {len(nodes)} values", f"，应为 {len(nodes)} 个值"))
    if (left := len(value)) != (right := len(nodes)):
        return pick((f"{left} value{'s' * (left != 1)}, expected {right}", f"{left} 个值，应为 {right} 个"))
    problems = (_problem(item, node) for item, node in zip(value, nodes, strict=True))
    return next(
        (
            pick((f"at [{place}] {problem}", f"位置 [{place}]：{problem}"))
            for place, problem in enumerate(problems)
            if problem
        ),
        "",
    )
