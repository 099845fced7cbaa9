"""Solutions, the stubs made from them, and the text of a submission.

A solution file marks each exercise with `@exercise(...)` and its body with `# BEGIN SOLUTION` and `# END SOLUTION`.
Everything else (the stub, the points, the hints) is read from that text; the file is not imported for it. What a
learner reads stands in both languages: a hint is a pair (English, 中文), a docstring ends in a part `中文：…`.
"""

from __future__ import annotations

import ast
import linecache
import re
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from metarec_lib.workbook.core import Language, Pair, both_parts, pick, require_pair

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
WIDTH = 120
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Exercise:
    """One function that the learner writes, as its solution describes it. `line` is that of `def`."""

    name: str
    points: int
    minutes: int
    hints: tuple[Pair, ...]
    signature: str
    docstring: str
    line: int

    @property
    def tasks(self) -> Pair:
        """What to write, in both languages: the first line of each part of the docstring."""
        english, chinese = both_parts(self.docstring)
        return english.splitlines()[0].strip(), chinese.splitlines()[0].strip()

    @property
    def task(self) -> str:
        """What to write, in the reader's language."""
        return pick(self.tasks)


def exercise(*, points: int, minutes: int, hints: Sequence[Pair]) -> Callable[[Function], Function]:
    """Mark a function of a solution file as an exercise; the function itself is not changed."""

    def mark(function: Function) -> Function:
        function.__exercise__ = {"points": points, "minutes": minutes, "hints": tuple(hints)}  # type: ignore[attr-defined]
        return function

    return mark


def read_solution(path: str | Path) -> list[Exercise]:
    """The exercises of a solution file, in the order of the file. Raises ValueError with file and line."""
    source = read_text(path)
    try:
        return [_read_exercise(node, source) for node in _parse(source).body if _decorator(node)]
    except ValueError as problem:
        raise ValueError(f"{path}: {problem}") from None


def stub_text(source: str | Path, stem: str = "", lang: Language = "en") -> str:
    """The file that the learner starts from: same signatures and docstrings, no answers.

    source: the text of a solution, or its path. stem: the question; by default the file's name, else the first
    `qNN` in the module's docstring. Bodies become `raise NotImplementedError("Write f: what it does.")`, in `lang` as
    the head of the file is; docstrings keep both languages.
    """
    if isinstance(source, Path):
        source, stem = read_text(source), stem or source.stem
    tree = _parse(source)
    lines: list[str | None] = list(source.splitlines())
    _drop_workbook(tree, lines)
    _replace_docstring(tree, lines, stem, lang)
    for node in tree.body:
        if _decorator(node):
            found = _read_exercise(node, source)
            begin, end = _markers(node, source)
            lines[begin - 1 : end] = [None] * (end - begin + 1)
            lines[begin - 1] = _not_written(found, lang)
    return _join(lines)


def plain_text(source: str | Path, *, keep_lines: bool = False) -> str:
    """A solution as a learner would have written it: no decorators, no markers, no import of the workbook.

    keep_lines: leave blank lines where something was dropped, so that line numbers stay those of the file.
    """
    source = read_text(source) if isinstance(source, Path) else source
    lines: list[str | None] = list(source.splitlines())
    _drop_workbook(_parse(source), lines)
    lines = [None if line and line.strip() in (BEGIN, END) else line for line in lines]
    return "\n".join(line or "" for line in lines) + "\n" if keep_lines else _join(lines)


def submission_text(path: str | Path) -> str:
    """The text that is run when a file is checked: its own lines, without the marks of a solution.

    Raises ValueError with one sentence when the file cannot be read as UTF-8; FileNotFoundError when it is missing.
    """
    source = read_text(path)
    if "metarec_lib.workbook" not in source:
        return source
    try:
        return plain_text(source, keep_lines=True)
    except (ValueError, RecursionError, MemoryError):
        return source  # the run itself reports what is wrong, with the line


def read_text(path: str | Path) -> str:
    """The text of a Python file: UTF-8, with or without a byte order mark, any line ends."""
    return utf8_text(Path(path).read_bytes())


def utf8_text(raw: bytes) -> str:
    """The text of UTF-8 bytes, as `read_text` gives it. Raises ValueError with the line of the first wrong byte."""
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(pick((
            f"line {line} is not UTF-8 text (byte 0x{raw[error.start]:02x}): save the file with the encoding UTF-8",
            f"第 {line} 行不是 UTF-8 文本（字节 0x{raw[error.start]:02x}）：请把文件另存为 UTF-8 编码",
        ))) from None  # fmt: skip


def load_module(path_or_source: str | Path, name: str) -> ModuleType:
    """Run a file (Path) or a text (str) as a module under a name that clashes with nothing; a reload replaces it."""
    is_path = isinstance(path_or_source, Path)
    filename = str(path_or_source.resolve()) if is_path else f"<{name}>"
    source = submission_text(path_or_source) if is_path else path_or_source
    unique = f"_metarec_{re.sub(r'[^0-9A-Za-z_]', '_', name)}_{zlib.crc32(filename.encode()):08x}"
    module = ModuleType(unique)
    module.__file__ = filename
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    code = compile(source, filename, "exec", dont_inherit=True)
    sys.modules[unique] = module  # dataclasses look their module up
    exec(code, module.__dict__)
    return module


def _parse(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise ValueError(f"line {error.lineno}: not valid Python: {error.msg}") from None


def _decorator(node: ast.stmt) -> ast.Call | None:
    if not isinstance(node, ast.FunctionDef):
        return None
    calls = (item for item in node.decorator_list if isinstance(item, ast.Call))
    return next((call for call in calls if getattr(call.func, "id", "") == "exercise"), None)


def _read_exercise(node: ast.stmt, source: str) -> Exercise:
    call, docstring = _decorator(node), ast.get_docstring(node)
    where = f"line {node.lineno}, {node.name}"
    try:
        options = {item.arg: ast.literal_eval(item.value) for item in call.keywords}
        points, minutes, hints = options["points"], options["minutes"], tuple(options["hints"])
    except (KeyError, ValueError, TypeError):
        raise ValueError(f"{where}: expected @exercise(points=…, minutes=…, hints=[…]) with constants") from None
    if not (isinstance(points, int) and points > 0 and isinstance(minutes, int) and minutes > 0):
        raise ValueError(f"{where}: got points={points!r}, minutes={minutes!r}; expected whole numbers above 0")
    if len(hints) != 3:
        raise ValueError(f"{where}: got {len(hints)} hints; expected 3 sentences, from a nudge to nearly the answer")
    if not docstring:
        raise ValueError(f"{where}: no docstring; its first line says what to write")
    try:
        both_parts(docstring)
        hints = tuple(require_pair(hint, "the hint") for hint in hints)
    except ValueError as problem:
        raise ValueError(f"{where}: {problem}") from None
    _markers(node, source)
    return Exercise(node.name, points, minutes, hints, _signature(node), docstring, node.lineno)


def _signature(node: ast.FunctionDef) -> str:
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){result}"


def _markers(node: ast.FunctionDef, source: str) -> tuple[int, int]:
    """First and last line of the solution inside a function, markers included."""
    lines = source.splitlines()[: _end_of(node, source)]
    found = [
        [number for number, line in enumerate(lines, 1) if number > node.lineno and line.strip() == mark]
        for mark in (BEGIN, END)
    ]
    if [len(item) for item in found] != [1, 1] or found[0] > found[1]:
        raise ValueError(f"line {node.lineno}, {node.name}: expected one `{BEGIN}` and then one `{END}` in the body")
    return found[0][0], found[1][0]


def _end_of(node: ast.FunctionDef, source: str) -> int:
    """The last line of a function, with the comments that follow its last statement (END is one)."""
    lines, end = source.splitlines(), node.end_lineno
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith((" ", "\t"))):
        end += 1
    return end


def _drop_workbook(tree: ast.Module, lines: list[str | None]) -> None:
    """Blank the import of the workbook and the `@exercise` decorators."""
    for node in tree.body:
        module = getattr(node, "module", None) or ""
        if isinstance(node, ast.ImportFrom) and module.split(".")[0] == "metarec_lib":
            _blank(lines, node.lineno, node.end_lineno)
            around = lines[node.lineno - 2], lines[node.end_lineno] if node.end_lineno < len(lines) else None
            if around == ("", ""):
                lines[node.end_lineno] = None  # the blank lines around it become one
        elif call := _decorator(node):
            _blank(lines, call.lineno, call.end_lineno)


def _blank(lines: list[str | None], first: int, last: int) -> None:
    lines[first - 1 : last] = [None] * (last - first + 1)


def _replace_docstring(tree: ast.Module, lines: list[str | None], stem: str, lang: Language) -> None:
    docstring = ast.get_docstring(tree)
    if docstring is None:
        raise ValueError('line 1: the solution has no docstring; expected """qNN: what the exercises are about."""')
    match = re.search(r"\bq\d\d", stem or docstring)
    if match is None:
        title = docstring.splitlines()[0].strip()
        raise ValueError(f"line 1: got the docstring {title!r}; expected it to name its question, such as q06")
    try:
        titles = both_parts(docstring)
    except ValueError as problem:
        raise ValueError(f"line 1: {problem}") from None
    first = tree.body[0]
    _blank(lines, first.lineno, first.end_lineno)
    lines[first.lineno - 1] = _header(pick(titles, lang).splitlines()[0].strip(), match.group(), lang)


HEADERS = (
    '''"""{title}

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check {question}` in a terminal, or the cell `check("{question}")` of the notebook.
You may import the standard library, numpy and torch.
"""''',
    '''"""{title}

你要做的：把每个 `raise NotImplementedError(...)` 换成自己的代码，函数名和参数保持不变。
检查：在终端运行 `metarec check {question}`，或在 notebook 里运行 `check("{question}")` 那个单元格。
可以导入标准库、numpy 和 torch。
"""''',
)


def _header(title: str, question: str, lang: Language) -> str:
    return pick(HEADERS, lang).format(title=title, question=question)


def _not_written(found: Exercise, lang: Language) -> str:
    english, chinese = found.tasks
    english = english[0].lower() + english[1:] if english[1:2].islower() else english
    text = pick((f"Write {found.name}: {english}", f"请实现 {found.name}：{chinese}"), lang)
    text = text.replace("\\", "/").replace('"', "'")
    line = f'    raise NotImplementedError("{text}")'
    if len(line) <= WIDTH:
        return line
    room, parts = WIDTH - 10, []
    while len(text) > room:
        cut = text.rfind(" ", 0, room) + 1 or room
        parts, text = [*parts, text[:cut]], text[cut:]
    body = "\n".join(f'        "{part}"' for part in [*parts, text])
    return f"    raise NotImplementedError(\n{body}\n    )"


def _join(lines: list[str | None]) -> str:
    """The lines that are left, with at most two blank lines in a row and one line end at the end."""
    text = "\n".join(line.rstrip() for line in lines if line is not None)
    return re.sub(r"\n{4,}", "\n\n\n", text).strip("\n") + "\n"
