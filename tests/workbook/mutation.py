"""How many small changes of the solutions the graded tests notice: `python tests/workbook/mutation.py [q06 …]`.

Each mutant changes one place of one function: an operator, a comparison, a constant, an argument, a slice, a branch or a
whole statement. Printed are the score of each function and the mutants that pass every test; those are either
equivalent, and named as such in the question's tests, or a gap.
"""

import ast
import copy
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from metarec_lib.workbook.core.places import content
from metarec_lib.workbook.exercises import plain_text, read_solution
from metarec_lib.workbook.exercises.judging import judge
from metarec_lib.workbook.exercises.manifest import stems

OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


def changed(node: ast.AST, parameters: set[str]) -> list[ast.AST]:
    """What one node can be turned into."""
    found: list[ast.AST] = []
    if isinstance(node, ast.BinOp):
        found += [node.left, node.right]
        if other := OPERATORS.get(type(node.op)):
            found.append(ast.BinOp(node.left, other(), node.right))
    elif isinstance(node, ast.Compare):
        found += [ast.Compare(node.left, [COMPARISONS[type(op)]()], node.comparators) for op in node.ops]
    elif isinstance(node, ast.UnaryOp):
        found.append(node.operand)
    elif isinstance(node, ast.Constant):
        found += [ast.Constant(value) for value in _constants(node.value)]
    elif isinstance(node, ast.Call):
        found += _calls(node)
    elif isinstance(node, ast.Slice):
        found += _slices(node)
    elif isinstance(node, ast.IfExp):
        found += [node.body, node.orelse]
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
        found.append(ast.Tuple([node.elts[1], node.elts[0], *node.elts[2:]], node.ctx))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in parameters:
        found.append(ast.BinOp(ast.Constant(0), ast.Mult(), node))
    return found


def _constants(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    return [2 * value] if isinstance(value, float) else [f"{value}?"] if isinstance(value, str) else []


def _calls(node: ast.Call) -> list[ast.AST]:
    """The call without one of its arguments, and its first argument or its object alone."""
    parts = range(len(node.args)) if len(node.args) > 1 else ()
    found: list[ast.AST] = [ast.Call(node.func, node.args[:at] + node.args[at + 1 :], node.keywords) for at in parts]
    words = range(len(node.keywords))
    found += [ast.Call(node.func, node.args, node.keywords[:at] + node.keywords[at + 1 :]) for at in words]
    return found + (node.args[:1] or ([node.func.value] if isinstance(node.func, ast.Attribute) else []))


def _slices(node: ast.Slice) -> list[ast.AST]:
    found: list[ast.AST] = [ast.Slice()]
    for name in ("lower", "upper"):
        if bound := getattr(node, name):
            parts = {"lower": node.lower, "upper": node.upper, "step": node.step}
            found.append(ast.Slice(**{**parts, name: ast.BinOp(bound, ast.Add(), ast.Constant(1))}))
    return found


def mutants(function: ast.FunctionDef) -> Iterator[ast.FunctionDef]:
    """Every function that differs in one place of the body."""
    parameters = {item.arg for item in function.args.args}
    nodes = [node for statement in function.body[1:] for node in ast.walk(statement)]  # the docstring is the first
    places = [(at, number) for at, node in enumerate(nodes) for number in range(len(changed(node, parameters)))]
    for at, number in places:
        yield _replaced(function, nodes[at], changed(nodes[at], parameters)[number])
    for node in nodes:
        if isinstance(node, (ast.Assign, ast.Expr, ast.If)):
            yield _replaced(function, node, ast.Pass())


def _replaced(function: ast.FunctionDef, old: ast.AST, new: ast.AST) -> ast.FunctionDef:
    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return copy.deepcopy(new) if node is old else super().visit(node)

    memo = {id(old): old}  # the one node that the copy shares
    return ast.fix_missing_locations(Replace().visit(copy.deepcopy(function, memo)))


def survivors(stem: str, name: str, folder: Path) -> tuple[int, list[str]]:
    """The number of mutants of a function, and the changed lines of those that pass all tests."""
    source = plain_text(content("solutions", f"{stem}.py"))
    tree = ast.parse(source)
    function = next(node for node in tree.body if getattr(node, "name", "") == name)
    lines, seen, alive = ast.unparse(function).splitlines(), {ast.unparse(function)}, []
    for mutant in mutants(function):
        text = ast.unparse(mutant)
        if text in seen:
            continue
        seen.add(text)
        (folder / f"{stem}.py").write_text(f"{source}\n\n{text}\n", encoding="utf-8")
        if all(judge(stem, folder, name, way="in-process").functions[0].tests.values()):
            different = [new for new in text.splitlines() if new not in lines]
            alive.append(" | ".join(line.strip() for line in different) or "a line dropped")
    return len(seen) - 1, alive


def main(questions: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for stem in stems():
            if questions and stem[:3] not in questions:
                continue
            for item in read_solution(content("solutions", f"{stem}.py")):
                count, alive = survivors(stem, item.name, Path(folder))
                print(f"{stem[:3]} {item.name}: {count - len(alive)} of {count} noticed", flush=True)
                for line in alive:
                    print(f"    {line}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
