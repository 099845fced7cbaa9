"""The grammar of a lesson's code cells: short, few imports, a seed, claims that claim, an exercise that checks."""

import ast
from collections.abc import Sequence

from metarec_lib.workbook.core import Question

from .breaches import Breaches
from .lesson import Cell
from .sizes import Parsed, parsed, texts_cell

MAX_CODE_LINES, MAX_IMPORT_LINES = 12, 6


def check_code(question: Question, cells: Sequence[Cell], breaches: Breaches) -> None:
    """Check all code cells."""
    _check_syntax(cells, breaches)
    code = parsed(cells)
    texts = texts_cell(code)
    for cell, tree in code:
        if (lines := _code_lines(cell)) > MAX_CODE_LINES and (cell, tree) != texts:
            todo = "Split the cell, or move plumbing into the library."
            breaches.add(cell.line, f"{lines} lines of code in a cell", f"at most {MAX_CODE_LINES}", todo)
        if "claim" in cell.tags and not (tree.body and _calls(tree.body[-1], "claim")):
            got = "a claim cell that does not end in `claim(…)`"
            breaches.add(cell.line, got, "it last", "Move the call to the end.")
    _check_imports(code, breaches)
    _check_seed(code, breaches)
    _check_measured(code, breaches)
    _check_exercise(question, code, breaches)


def _check_syntax(cells: Sequence[Cell], breaches: Breaches) -> None:
    for cell in cells:
        try:
            cell.tree() if cell.kind == "code" else None
        except SyntaxError as error:
            got = f"code that is not Python ({error.msg})"
            breaches.add(cell.line + (error.lineno or 1), got, "Python", "Correct it.")


def _code_lines(cell: Cell) -> int:
    stripped = (line.strip() for line in cell.source.splitlines())
    return sum(bool(line) and not line.startswith("#") for line in stripped)


def _calls(statement: ast.stmt, name: str) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name


def _check_imports(code: Sequence[Parsed], breaches: Breaches) -> None:
    imports = [  # the exercise's own is for a fresh kernel
        (cell.line + node.lineno, node.end_lineno - node.lineno + 1)
        for cell, tree in code
        if "exercise" not in cell.tags
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    if (total := sum(lines for _, lines in imports)) > MAX_IMPORT_LINES:
        todo = "Take names from `metarec_lib` itself, and move plumbing there."
        breaches.add(imports[-1][0], f"{total} lines of imports in the lesson", f"at most {MAX_IMPORT_LINES}", todo)


def _check_seed(code: Sequence[Parsed], breaches: Breaches) -> None:
    if code and "SEED = seed()" not in [ast.unparse(statement) for statement in code[0][1].body]:
        breaches.add(code[0][0].line, "a first code cell without `SEED = seed()`", "that line in it", "Add it.")


def _check_measured(code: Sequence[Parsed], breaches: Breaches) -> None:
    tagged = [(cell, tree) for cell, tree in code if "measured" in cell.tags]
    for cell, tree in tagged:
        if not (tree.body and _calls(tree.body[-1], "what_was_measured")):
            breaches.add(cell.line, "a cell tagged 'measured' without its call", "`what_was_measured()`", "Call it.")
        elif cell != code[-1][0]:
            breaches.add(cell.line, "a cell tagged 'measured' before other code", "it last", "Move it to the end.")


def _check_exercise(question: Question, code: Sequence[Parsed], breaches: Breaches) -> None:
    wanted = f"check({question.key!r}"
    calling = [(cell, tree) for cell, tree in code if "exercise" in cell.tags and _mentions(tree, wanted)]
    if not calling:
        breaches.add(1, f'no exercise cell that calls `check("{question.key}")`', "one", "Add it at the end.")
    for cell, tree in calling:
        if "check" not in _bound(tree):
            got, todo = "a check cell that needs cells above it", "Begin it with `from metarec_lib import check, hint`."
            breaches.limit(cell.line, got, "one that runs alone in a fresh kernel", todo)


def _mentions(tree: ast.Module, call: str) -> bool:
    return any(ast.unparse(node).startswith(call) for node in ast.walk(tree) if isinstance(node, ast.Call))


def _bound(tree: ast.Module) -> set[str]:
    """Names that the statements of a cell import or assign."""
    imported = (alias for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names)
    assigned = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    return {alias.asname or alias.name for alias in imported} | {ast.unparse(target) for target in assigned}
