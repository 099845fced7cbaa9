"""A lesson must not show what its exercises ask for: no cell holds the body of a solution, under whatever names."""

import ast
from collections.abc import Iterator, Sequence

from metarec_lib.workbook.core import content
from metarec_lib.workbook.exercises import read_text

from .lesson import Lesson
from .sizes import parsed

SMALLEST = 12  # nodes of the syntax tree: shorter bodies are found everywhere


def shown_solutions(lesson: Lesson) -> list[str]:
    """One message for each cell that holds the body of one of the question's solutions."""
    bodies = _solutions(lesson.question.stem)
    return [
        f"notebooks/source/{lesson.path.name}:{cell.line + line}: got the solution of `{name}` in the lesson; expected "
        f"what the exercises do not ask for. Call the learner's own, `my.{name}`, inside `with mine(…) as my:`."
        for cell, tree in parsed(lesson.cells)
        for name, body in bodies.items()
        for line in _places(tree, body)
    ]


def _solutions(stem: str) -> dict[str, list[ast.stmt]]:
    """The bodies by name; none of a file that is not Python, which its own stub's step refuses."""
    path = content("solutions", f"{stem}.py")
    try:
        return dict(_bodies(ast.parse(read_text(path)))) if path.is_file() else {}
    except SyntaxError:
        return {}


def _bodies(solution: ast.Module) -> Iterator[tuple[str, list[ast.stmt]]]:
    """Name and body of each exercise that is long enough to be recognised."""
    for node in solution.body:
        if isinstance(node, ast.FunctionDef) and any("exercise" in ast.unparse(mark) for mark in node.decorator_list):
            body = _without_docstring(node.body)
            if sum(1 for statement in body for _ in ast.walk(statement)) >= SMALLEST:
                yield node.name, body


def _without_docstring(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return list(body[1:] if is_text and len(body) > 1 else body)


def _places(tree: ast.Module, body: list[ast.stmt]) -> Iterator[int]:
    """Lines at which statements begin that are the same as the body, whatever the names."""
    if not _attributes(body) <= _attributes([tree]):
        return
    wanted = normalised(body)
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(node, field, None)
            for start in range(len(statements) - len(body) + 1) if isinstance(statements, list) else ():
                some = statements[start : start + len(body)]
                if normalised(some) == wanted:
                    yield some[0].lineno


def _attributes(body: Sequence[ast.AST]) -> set[str]:
    """What is written behind a point, annotations left out: names may change, these may not."""
    nodes = [node for statement in body for node in ast.walk(statement)]
    notes = [node.annotation for node in nodes if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation]
    left_out = {id(node) for note in notes for node in ast.walk(note)}
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and id(node) not in left_out}


def normalised(body: Sequence[ast.stmt]) -> str:
    """The syntax tree as text, names numbered as they occur; what is returned or assigned last counts by its value."""
    copied = ast.parse("\n".join(map(ast.unparse, body)))
    last = copied.body[-1]
    if isinstance(last, ast.Return | ast.Assign | ast.AnnAssign) and last.value is not None:
        copied.body[-1] = ast.Expr(last.value)
    return ast.dump(_Numbered().visit(copied))


class _Numbered(ast.NodeTransformer):
    """Numbers in place of names; no types."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def _number(self, name: str) -> str:
        return self.names.setdefault(name, f"v{len(self.names)}")

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._number(node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self._number(node.arg))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        value = node.value if node.value is not None else ast.Constant(None)
        return self.visit(ast.Assign([node.target], value))
