"""`mine("q06")`: the learner's functions inside a lesson, where "Run All" must work while they are unwritten."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from metarec_lib.workbook.core import is_chinese, link, missing, pick, resolve, show_markdown, work_folder
from metarec_lib.workbook.exercises import cure_of, load_module, read_text, unexpected

YOUR_FILE = "Your file: ", "你的文件："


class Unfinished(Exception):
    """The learner's function cannot be used; the message says why. Ends the `with` block, and nothing more."""


class mine:
    """`with mine("q06") as my: my.ndcg_at_k(...)` runs the learner's own function in this process.

    The file is read again at each entry. Where the function is a stub, missing, or fails, the rest of the block is left
    out and one sentence with a link to the file is shown; so too where the lesson stumbles over a value of the wrong
    kind, such as None. Other errors of the lesson's own code and KeyboardInterrupt pass.
    """

    def __init__(self, question: str | int, work: str | Path | None = None) -> None:
        self.stem, self.work = resolve(question).stem, work
        self.path: Path | None = None

    def __enter__(self) -> Functions:
        try:
            self.path = Path(work_folder(self.work)).resolve() / f"{self.stem}.py"
            self.functions = Functions(load_module(self.path, f"mine_{self.stem}"), "")
        except (Exception, SystemExit) as error:
            self.functions = Functions(None, self._why_not_loaded(error))
        return self.functions

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> bool:
        if isinstance(error, Unfinished):
            sentence = str(error)
        elif isinstance(error, (Exception, SystemExit)) and (frame := self._learner_line(trace)):
            sentence = self._sentence(error, *frame)
        elif isinstance(error, (TypeError, ValueError, AttributeError, IndexError)) and (wrong := self._wrong_kind()):
            sentence = wrong
        else:
            return False
        show_markdown(f"{_ended(sentence)}{pick(YOUR_FILE)}{link(self.path)}" if self.path else sentence)
        return True

    def _learner_line(self, trace: TracebackType | None) -> tuple[str, int] | None:
        """Function and line of the innermost frame in the learner's file."""
        found = None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == str(self.path):
                found = trace.tb_frame.f_code.co_name, trace.tb_lineno
            trace = trace.tb_next
        return found

    def _sentence(self, error: BaseException, function: str, line: int) -> str:
        if isinstance(error, NotImplementedError):
            return pick((
                f"`{function}` is not written yet (line {line}); this part of the lesson waits for it",
                f"`{function}` 还没有写（第 {line} 行）；课程的这一部分要等它写好才能运行",
            ))  # fmt: skip
        said = f"{type(error).__name__}: {error}{self._at(line)}"
        return pick((f"`{function}` raised {said}", f"`{function}` 抛出了 {said}"))

    def _wrong_kind(self) -> str:
        """One sentence, if a function has returned what no lesson can go on with: not what the exercise says."""
        returned = reversed(self.functions._returned.items())
        sentences = (unexpected(self.stem, name, value) for name, value in returned)
        return next((sentence for sentence in sentences if sentence), "")

    def _why_not_loaded(self, error: BaseException) -> str:
        if isinstance(error, SyntaxError) and error.filename == str(self.path):
            return self._not_python(error)
        if self.path and not self.path.is_file():
            return missing(self.path)
        if frame := self._learner_line(error.__traceback__):
            said = f"{type(error).__name__}: {error}{self._at(frame[1])}"
            return pick((f"The file fails while it is loaded: {said}", f"文件加载失败：{said}"))
        return pick((f"The file cannot be used: {error}", f"文件无法使用：{error}")) if self.path else str(error)

    def _not_python(self, error: SyntaxError) -> str:
        said = f"{error.msg}{self._at(error.lineno)}{cure_of(type(error).__name__, str(error.msg), error.text or '')}"
        return pick((f"The file is not valid Python: {said}", f"文件不是合法的 Python：{said}"))

    def _at(self, line: int | None) -> str:
        """The line and its text, in brackets."""
        text = self._text(line)
        return pick((f" (line {line}: `{text}`)", f"（第 {line} 行：`{text}`）"))

    def _text(self, line: int | None) -> str:
        lines = read_text(self.path).splitlines() if self.path else []
        return lines[line - 1].strip() if line and line <= len(lines) else ""


class Functions:
    """The functions of the learner's file, by attribute. `_returned`: what each returned last, the latest call last."""

    def __init__(self, module: ModuleType | None, problem: str) -> None:
        self._module, self._problem = module, problem
        self._returned: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if self._module is None:
            raise Unfinished(self._problem)
        function = self._module.__dict__.get(name)
        if not callable(function):
            raise Unfinished(pick((
                f"There is no function `{name}` in the file; keep the names of the exercise file",
                f"文件里没有函数 `{name}`；请保留练习文件中的函数名",
            )))  # fmt: skip
        return _checked(function, name, self._returned)


def _ended(sentence: str) -> str:
    """A sentence with its full stop."""
    if sentence.endswith(("?", "？")):
        return sentence + pick((" ", ""))
    return sentence + ("。" if is_chinese(sentence) else ". ")


def _checked(function: Callable[..., Any], name: str, returned: dict[str, Any]) -> Callable[..., Any]:
    """The function; arguments that it does not take are the learner's error, and what it returns is kept."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            inspect.signature(function).bind(*args, **kwargs)
        except TypeError as error:
            raise Unfinished(pick((
                f"`{name}` does not take the arguments of the lesson: {error}",
                f"`{name}` 不接受课程传入的参数：{error}",
            ))) from None  # fmt: skip
        returned.pop(name, None)
        returned[name] = function(*args, **kwargs)
        return returned[name]

    return call
