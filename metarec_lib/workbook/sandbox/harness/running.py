"""One submission in this process: its text is run once, then its functions are called on plain values.

Used inside the child, and in the trusted process itself for `--in-process`: the same code, so the same answers.
"""

from __future__ import annotations

import builtins
import contextlib
import linecache
import os
import re
import sys
import time
from types import ModuleType, TracebackType
from typing import Any

from . import codec, given, importable

ALLOWED = importable.STANDARD | set(importable.LIBRARIES)
LONGEST = 500
AT_ONCE = 1.0  # seconds: a call that took longer is not made a second time
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{4,}")  # of an object: another one at each run


class Submission:
    """The learner's module. `answer` never raises: what goes wrong becomes a plain description."""

    def __init__(self, source: str, filename: str, name: str = "yours") -> None:
        self.filename, self.lines = filename, source.splitlines()
        self.module = ModuleType(name)
        self.module.__file__ = filename
        self.module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _import}
        # The text of this very run, for the interpreter's own tracebacks.
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        sys.modules[name] = self.module  # dataclasses look their module up
        self.failure = self._run(source)

    def _run(self, source: str) -> dict[str, Any] | None:
        try:
            exec(compile(source, self.filename, "exec", dont_inherit=True), self.module.__dict__)
        except BaseException as error:  # SystemExit and KeyboardInterrupt too: they must not end the session
            return self._describe(error, loading=True)
        return None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to `{"op": "load"}` or `{"op": "call" | "grad", "name", "args", "kwargs", "wrt"}`."""
        if self.failure is not None:
            return {"error": self.failure}
        if request["op"] == "load":
            return {"value": None, "mutated": False}
        try:
            function = self.module.__dict__.get(request["name"])
            if not callable(function):
                return {"error": {"kind": "missing", "type": type(function).__name__}}
            return call(function, request)
        except codec.Unsupported as error:
            return {"error": {"kind": "value", "message": str(error)}}
        except BaseException as error:
            return {"error": self._describe(error)}

    def _describe(self, error: BaseException, *, loading: bool = False) -> dict[str, Any]:
        line = _last_line(error.__traceback__, self.filename)
        kind = "exception"
        if isinstance(error, SyntaxError) and loading and line is None:
            kind, line = "syntax", error.lineno
        elif isinstance(error, SystemExit):
            kind = "exit"
        elif isinstance(error, NotImplementedError) and line is not None:
            kind = "stub"
        elif isinstance(error, TypeError) and line is None and not loading:
            kind = "arguments"
        text = self.lines[line - 1].rstrip() if line and 0 < line <= len(self.lines) else ""
        message = error.msg if kind == "syntax" else _message(error)
        bases = [base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins"]
        return {
            "kind": kind, "type": str(type(error).__name__)[:100], "bases": bases, "message": str(message)[:LONGEST],
            "line": line, "text": text[:LONGEST], "loading": loading,
        }  # fmt: skip


def call(function: Any, request: dict[str, Any]) -> dict[str, Any]:
    """The reply to a request for `function`. Raises what it raises, and Unsupported for what cannot be returned.

    With `again` in the request the function is called a second time on the same objects, and the reply has under
    `again` what came then: `{"value", "grads"}` or `{"error"}`.
    """
    args, kwargs, started = request["args"], request["kwargs"], time.monotonic()
    before = _states(args, kwargs)
    if request["op"] == "grad":
        value = gradients(function, args, kwargs, request["wrt"])
    else:
        value = function(*_build(args), **_build(kwargs))
    after = _states(args, kwargs)
    changed = [name for name, state in before.items() if state is None or state != after.get(name)]
    reply = {"value": value, "mutated": bool(changed), "changed": changed}
    frame = codec.dumps(reply)  # says what cannot be returned here, where it is still the learner's error
    if request.get("again") and time.monotonic() - started < AT_ONCE:
        reply = codec.loads(frame) | {"again": _again(function, args, kwargs)}  # a copy: the second call may change it
    return reply


def _again(function: Any, args: list, kwargs: dict) -> dict[str, Any]:
    """What a second call on the same objects gives, and the `.grad` that the arguments have then: they came without.

    What it prints is not shown.
    """
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            value = function(*_build(args), **_build(kwargs))
        leaves = [leaf for item in (*args, *kwargs.values()) for leaf in _tensors(item)]
        grads = [leaf.grad for leaf in leaves if getattr(leaf, "grad", None) is not None]
        again = {"value": value, "grads": grads}
        codec.dumps(again)
    except Exception as error:
        again = {"error": f"{type(error).__name__}: {_message(error)}"[:LONGEST]}
    return again


def gradients(function: Any, args: list, kwargs: dict, wrt: list[int | str]) -> list[Any]:
    """The gradient of the sum of `function(*args, **kwargs)` for each tensor in the arguments that `wrt` names.

    wrt: positions or keywords. A list, tuple or dict of tensors gives one gradient for each, in order. A tensor that
    the result does not depend on has gradient zero. Raises Unsupported where the result carries no gradient at all.
    """
    import torch

    leaves = [leaf for key in wrt for leaf in _tensors(kwargs[key] if isinstance(key, str) else args[key])]
    wanted = [leaf.requires_grad for leaf in leaves]
    for leaf in leaves:
        leaf.requires_grad_(True)
    result = function(*_build(args), **_build(kwargs))
    if not isinstance(result, torch.Tensor) or not result.requires_grad:
        what = "a tensor" if isinstance(result, torch.Tensor) else f"a `{type(result).__name__}`"
        raise codec.Unsupported(
            f"{what} through which no gradient flows, expected a tensor computed from the arguments by torch: "
            "`.item()`, `.detach()`, `.data`, numpy and torch.no_grad() cut the gradient"
        )
    found = torch.autograd.grad(result.sum(), leaves, allow_unused=True)
    for leaf, required in zip(leaves, wanted, strict=True):
        leaf.requires_grad_(required)
    return [torch.zeros_like(leaf) if grad is None else grad for leaf, grad in zip(leaves, found, strict=True)]


def _tensors(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _tensors(item)]
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _tensors(item)]
    return [value]


def _build(value: Any) -> Any:
    """The value with each `Given` built; the very same object where there is none inside."""
    if isinstance(value, codec.Given):
        return given.build(value.name, value.options)
    if isinstance(value, dict):
        new: Any = {key: _build(item) for key, item in value.items()}
        same = all(new[key] is item for key, item in value.items())
        return value if same else new
    if type(value) in (list, tuple):
        parts = [_build(item) for item in value]
        same = all(part is item for part, item in zip(parts, value, strict=True))
        return value if same else type(value)(parts)
    return value


def _states(args: list, kwargs: dict) -> dict[str, bytes | None]:
    """The bytes of each argument, by position or keyword, and of the gradients of its tensors, by that and `.grad`."""
    named = {**{str(place): item for place, item in enumerate(args)}, **kwargs}
    states = {name: _bytes(item) for name, item in named.items()}
    for name, item in named.items():
        if states[name] is not None and (slopes := [leaf.grad for leaf in _tensors(item) if hasattr(leaf, "grad")]):
            states[f"{name}.grad"] = _bytes(slopes)
    return states


def _bytes(value: Any) -> bytes | None:
    """None for what is not plain: something else was put into an argument."""
    try:
        return codec.dumps(value)
    except codec.Unsupported:
        return None


def _import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    """`import` as the learner's file sees it."""
    if level == 0 and name.partition(".")[0] not in ALLOWED:
        raise ImportError(f"`{name}` is not available here: an exercise uses the standard library, numpy and torch")
    return builtins.__import__(name, globals, locals, fromlist, level)


def _last_line(trace: TracebackType | None, filename: str) -> int | None:
    """The innermost line of the learner's file in a traceback."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _message(error: BaseException) -> str:
    try:
        return ADDRESS.sub("0x…", str(error))
    except BaseException:  # a hostile or broken __str__ is no reason to end the session
        return "(its message cannot be shown)"
