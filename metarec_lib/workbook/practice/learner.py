"""`mine("q06")`: the learner's functions inside a lesson, where "Run All" must work while they are unwritten."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from metarec_lib.workbook.core import link, missing, resolve, show_markdown, work_folder
from metarec_lib.workbook.exercises import load_module, read_text, unexpected


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
        end = "" if sentence.endswith("?") else "."
        show_markdown(f"{sentence}{end} Your file: {link(self.path)}" if self.path else sentence)
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
            return f"`{function}` is not written yet (line {line}); this part of the lesson waits for it"
        return f"`{function}` raised {type(error).__name__}: {error} (line {line}: `{self._text(line)}`)"

    def _wrong_kind(self) -> str:
        """One sentence, if a function has returned what no lesson can go on with: not what the exercise says."""
        returned = reversed(self.functions._returned.items())
        sentences = (unexpected(self.stem, name, value) for name, value in returned)
        return next((sentence for sentence in sentences if sentence), "")

    def _why_not_loaded(self, error: BaseException) -> str:
        if isinstance(error, SyntaxError) and error.filename == str(self.path):
            return f"The file is not valid Python: {error.msg} (line {error.lineno}: `{self._text(error.lineno)}`)"
        if self.path and not self.path.is_file():
            return missing(self.path)
        if frame := self._learner_line(error.__traceback__):
            line = frame[1]
            return f"The file fails while it is loaded: {type(error).__name__}: {error} (line {line}: `{self._text(line)}`)"
        return f"The file cannot be used: {error}" if self.path else str(error)

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
            raise Unfinished(f"There is no function `{name}` in the file; keep the names of the exercise file")
        return _checked(function, name, self._returned)


def _checked(function: Callable[..., Any], name: str, returned: dict[str, Any]) -> Callable[..., Any]:
    """The function; arguments that it does not take are the learner's error, and what it returns is kept."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            inspect.signature(function).bind(*args, **kwargs)
        except TypeError as error:
            raise Unfinished(f"`{name}` does not take the arguments of the lesson: {error}") from None
        returned.pop(name, None)
        returned[name] = function(*args, **kwargs)
        return returned[name]

    return call
