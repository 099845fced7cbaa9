"""The grammar of a lesson's code cells: short, few imports, a seed, claims that claim, an exercise that checks."""

import ast
import re
from collections.abc import Callable

from metarec_lib.workbook.core import Question

from .lesson import Cell

MAX_CODE_LINES, MAX_IMPORT_LINES = 12, 6
Breach = Callable[[int, str, str, str], None]


def check_code(question: Question, cells: list[Cell], breach: Breach) -> None:
    """Check all code cells. breach(line, got, expected, todo) is called for each breach of the grammar."""
    code = [(cell, tree) for cell in cells if cell.kind == "code" and (tree := _tree(cell, breach)) is not None]
    for cell, tree in code:
        if (lines := _code_lines(cell)) > MAX_CODE_LINES:
            todo = "Split the cell, or move plumbing into the library."
            breach(cell.line, f"{lines} lines of code in a cell", f"at most {MAX_CODE_LINES}", todo)
        if "claim" in cell.tags and not (tree.body and _calls(tree.body[-1], "claim")):
            breach(cell.line, "a claim cell that does not end in `claim(…)`", "it last", "Move the call to the end.")
    _check_imports(code, breach)
    _check_seed(code, breach)
    _check_exercise(question, code, breach)


def _tree(cell: Cell, breach: Breach) -> ast.Module | None:
    # Lines for IPython (`%magic`, `!command`) are not Python; `pass` in their place keeps the line numbers.
    source = re.sub(r"^( *)[%!].*$", r"\1pass", cell.source, flags=re.MULTILINE)
    try:
        return ast.parse(source)
    except SyntaxError as error:
        breach(cell.line + (error.lineno or 1), f"code that is not Python ({error.msg})", "Python", "Correct it.")
        return None


def _code_lines(cell: Cell) -> int:
    stripped = (line.strip() for line in cell.source.splitlines())
    return sum(bool(line) and not line.startswith("#") for line in stripped)


def _calls(statement: ast.stmt, name: str) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name


def _check_imports(code: list[tuple[Cell, ast.Module]], breach: Breach) -> None:
    imports = [
        (cell.line + node.lineno, node.end_lineno - node.lineno + 1)
        for cell, tree in code
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    if (total := sum(lines for _, lines in imports)) > MAX_IMPORT_LINES:
        todo = "Take names from `metarec_lib` itself, and move plumbing there."
        breach(imports[-1][0], f"{total} lines of imports in the lesson", f"at most {MAX_IMPORT_LINES}", todo)


def _check_seed(code: list[tuple[Cell, ast.Module]], breach: Breach) -> None:
    if code and "SEED = seed()" not in [ast.unparse(statement) for statement in code[0][1].body]:
        breach(code[0][0].line, "a first code cell without `SEED = seed()`", "that line in it", "Add it.")


def _check_exercise(question: Question, code: list[tuple[Cell, ast.Module]], breach: Breach) -> None:
    calls = [ast.unparse(node) for cell, tree in code if "exercise" in cell.tags for node in ast.walk(tree)
             if isinstance(node, ast.Call)]  # fmt: skip
    wanted = f"check({question.key!r}"
    if not any(call.startswith(wanted) for call in calls):
        breach(1, f'no exercise cell that calls `check("{question.key}")`', "one", "Add it at the end.")
