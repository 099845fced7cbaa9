"""How a graded test reaches the learner's code: the fixture `yours`, and what each call gave."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .explaining import explain
from metarec_lib.workbook.sandbox import Given, dumps, loads
from metarec_lib.workbook.core import is_tensor, pick, shown, shown_call

LIMIT_AFTER_TIMEOUT = 2.0  # seconds, for a function that has already run out of time once


class LearnerError(Exception):
    """The learner's code gave no value. `kind` says how it failed, the message is the sentence for the learner."""

    def __init__(self, sentence: str, error: dict[str, Any], call: Call | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.error, self.call = sentence, error, call

    @property
    def kind(self) -> str:
        return self.error["kind"]


@dataclass
class Call:
    """One call of the learner's code. The arguments are kept as bytes: a test or the callee may change them."""

    function: str
    op: str
    arguments: bytes
    wrt: list[int | str]
    reply: dict[str, Any]

    @property
    def args(self) -> tuple[list[Any], dict[str, Any]]:
        """Fresh copies of args and kwargs."""
        args, kwargs = loads(self.arguments, given=True)
        return args, kwargs

    @functools.cached_property
    def dtypes(self) -> set[str]:
        """The dtypes of all arrays and tensors among the arguments."""
        return dtypes(self.args)

    def __str__(self) -> str:
        args, kwargs = self.args
        text = shown_call(self.function, args, kwargs)
        return pick((f"the gradient of {text}", f"{text} 的梯度")) if self.op == "grad" else text


def dtypes(value: Any) -> set[str]:
    """The dtypes of all arrays and tensors in plain values, those in a `given` thing included."""
    if isinstance(value, Given):
        value = value.options
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return set().union(*map(dtypes, value))
    return {str(value.dtype)} if isinstance(value, np.ndarray) or is_tensor(value) else set()


class Yours:
    """`yours.f(*args)` calls the learner's `f`. `calls` are all calls so far, `last` the last one.

    differ: says where two values differ. With it each call is made twice on the same objects, and one that does not
    give the same both times, or leaves a `.grad` in an argument, raises LearnerError: an argument was changed, or the
    answer depends on something else.
    parameters: the names of a function's parameters, to say which argument was changed. afresh: makes another session
    of the same file.
    mutated: whether the last call changed an argument. It is the word of the learner's side, so no points rest on it;
    `changed` has a sentence for each function that did so.
    """

    def __init__(
        self, session: Any, slow: set[str] | None = None, *, differ: Callable[[Any, Any], str] | None = None,
        parameters: Callable[[str], list[str]] = lambda name: [], afresh: Callable[[], Any] | None = None,
    ) -> None:  # fmt: skip
        self._session, self._slow = session, slow if slow is not None else set()
        self._differ, self._parameters, self._afresh = differ, parameters, afresh
        self.calls: list[Call] = []
        self.mutated = False
        self.changed: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self._call("call", name, args, kwargs, [])

    @property
    def last(self) -> Call | None:
        return self.calls[-1] if self.calls else None

    def last_again(self) -> list[dict[str, Any]]:
        """The replies to the last call when it is made once more: here, and first of all in a process of its own."""
        args, kwargs = self.last.args
        message = {"op": self.last.op, "name": self.last.function, "args": args, "kwargs": kwargs, "wrt": self.last.wrt}
        sessions = [self._session, *([self._afresh()] if self._afresh else [])]
        replies = [session.request(message, LIMIT_AFTER_TIMEOUT) for session in sessions]
        for session in sessions[1:]:
            session.close()
        return replies

    def grad(self, name: str, *args: Any, wrt: Any = (0,), **kwargs: Any) -> list[Any]:
        """Gradients of the sum of `name(*args, **kwargs)`, one for each tensor in the arguments that `wrt` names.

        wrt: positions or keywords; an argument that is a list, tuple or dict of tensors gives one gradient for each.
        """
        return self._call("grad", name, args, kwargs, list(wrt))

    def _call(self, op: str, name: str, args: tuple, kwargs: dict, wrt: list) -> Any:
        message = {"op": op, "name": name, "args": list(args), "kwargs": kwargs, "wrt": wrt}
        if self._differ and op == "call":
            message["again"] = True
        arguments = dumps([list(args), kwargs])
        limit = LIMIT_AFTER_TIMEOUT if name in self._slow else None
        reply = self._session.request(message, limit)
        call = Call(name, op, arguments, wrt, reply)
        self.calls.append(call)
        self.mutated = reply.get("mutated", False)
        if "error" in reply:
            if reply["error"]["kind"] == "time" and not reply["error"]["loading"]:
                self._slow.add(name)
            raise LearnerError(explain(reply["error"], str(call), name), reply["error"], call)
        if self._differ:
            self._require_the_same(call, self._differ)
        return reply["value"]

    def _require_the_same(self, call: Call, differ: Callable[[Any, Any], str]) -> None:
        sentence = _changed(call, self._parameters(call.function)) if self.mutated else ""
        if sentence:
            self.changed[call.function] = sentence
        again = call.reply.get("again")
        if again and ("error" in again or again.get("grads") or differ(again["value"], call.reply["value"])):
            raise LearnerError(sentence or _not_the_same(call), {"kind": "again", "unsteady": not sentence}, call)


class InProcess:
    """A session without a child: the same calls and the same copies, in this process. No limits hold here."""

    def __init__(self, source: str, filename: str) -> None:
        self.source, self.filename = source, filename
        self.submission: Any = None

    def request(self, message: dict[str, Any], limit: float | None = None) -> dict[str, Any]:
        """The reply of `Session.request`; what is printed goes to this process's own output."""
        from metarec_lib.workbook.sandbox import Submission

        if self.submission is None:
            name = f"_metarec_yours_{Path(self.filename).stem}"
            self.submission = Submission(self.source, self.filename, name)
        request = loads(dumps(message), given=True)
        return {**loads(dumps(self.submission.answer(request))), "printed": ""}

    def close(self) -> int:
        """Nothing to end."""
        return 0


class Failed:
    """The session of a file that could not be read or run: every call gives the same error."""

    def __init__(self, error: dict[str, Any]) -> None:
        self.error = error

    def request(self, message: dict[str, Any], limit: float | None = None) -> dict[str, Any]:
        """Always the same error."""
        return {"error": self.error, "printed": ""}

    def close(self) -> int:
        """Nothing to end."""
        return 0


def _changed(call: Call, parameters: list[str]) -> str:
    """Which argument a call changed, or whose gradient."""
    place, dot, _ = str(next(iter(call.reply.get("changed", [])), "")).partition(".grad")
    name = parameters[int(place)] if place.isdecimal() and int(place) < len(parameters) else place
    if dot:
        return pick((
            f"{call.function} changed `{name}.grad`: `.backward()` adds into the `.grad` of every tensor below it; "
            "torch.autograd.grad gives the gradient as a value",
            f"{call.function} 改动了 `{name}.grad`：`.backward()` 会往每个叶子张量的 `.grad` 里累加；"
            "请用 torch.autograd.grad 直接取得梯度",
        ))  # fmt: skip
    return pick((
        f"You changed the argument `{name}` of {call.function}; work on a copy",
        f"{call.function} 改动了参数 `{name}`；请在副本上计算",
    ))  # fmt: skip


def _not_the_same(call: Call) -> str:
    """What a call gave, and what the same call gave then."""
    again, value = call.reply["again"], shown(call.reply["value"])
    raised = again.get("error", "")
    then = "" if raised else shown(again["value"])
    return pick((
        f"called {call} twice on the same objects, got {value}, and then {raised and f'it raised {raised}' or f'got {then}'}: "
        "an answer depends on nothing but the arguments, and leaves them as they were (also a tensor's `.grad`)",
        f"用同样的对象两次调用 {call}，先得到 {value}，后来{raised and f'抛出了 {raised}' or f'得到 {then}'}："
        "答案只能由参数决定，而且不得改动参数（包括张量的 `.grad`）",
    ))  # fmt: skip
