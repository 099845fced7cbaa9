"""How a graded test reaches the learner's code: the fixture `yours`, and one sentence for whatever goes wrong."""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .harness import codec
from .values import is_tensor, shown, shown_call

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
        args, kwargs = codec.loads(self.arguments, given=True)
        return args, kwargs

    @functools.cached_property
    def dtypes(self) -> set[str]:
        """The dtypes of all arrays and tensors among the arguments."""
        return dtypes(self.args)

    def __str__(self) -> str:
        args, kwargs = self.args
        text = shown_call(self.function, args, kwargs)
        return f"the gradient of {text}" if self.op == "grad" else text


def dtypes(value: Any) -> set[str]:
    """The dtypes of all arrays and tensors in plain values, those in a `given` thing included."""
    if isinstance(value, codec.Given):
        value = value.options
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return set().union(*map(dtypes, value))
    return {str(value.dtype)} if isinstance(value, np.ndarray) or is_tensor(value) else set()


class Yours:
    """`yours.f(*args)` calls the learner's `f`. `calls` are all calls so far, `last` the last one.

    differ: says where two values differ. With it each call is made twice on the same objects, and one that does not
    give the same both times raises LearnerError: an argument was changed, or the answer depends on something else.
    parameters: the names of a function's parameters, to say which argument was changed.
    mutated: whether the last call changed an argument. It is the word of the learner's side, so no points rest on it;
    `changed` has a sentence for each function that did so.
    """

    def __init__(
        self, session: Any, slow: set[str] | None = None, *,
        differ: Callable[[Any, Any], str] | None = None, parameters: Callable[[str], list[str]] = lambda name: [],
    ) -> None:  # fmt: skip
        self._session, self._slow = session, slow if slow is not None else set()
        self._differ, self._parameters = differ, parameters
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

    def grad(self, name: str, *args: Any, wrt: Any = (0,), **kwargs: Any) -> list[Any]:
        """Gradients of the sum of `name(*args, **kwargs)`, one for each tensor in the arguments that `wrt` names.

        wrt: positions or keywords; an argument that is a list, tuple or dict of tensors gives one gradient for each.
        """
        return self._call("grad", name, args, kwargs, list(wrt))

    def _call(self, op: str, name: str, args: tuple, kwargs: dict, wrt: list) -> Any:
        message = {"op": op, "name": name, "args": list(args), "kwargs": kwargs, "wrt": wrt}
        if self._differ and op == "call":
            message["again"] = True
        arguments = codec.dumps([list(args), kwargs])
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
        if again and ("error" in again or differ(again["value"], call.reply["value"])):
            raise LearnerError(sentence or _not_the_same(call), {"kind": "again"}, call)


class InProcess:
    """A session without a child: the same calls and the same copies, in this process. No limits hold here."""

    def __init__(self, source: str, filename: str) -> None:
        self.source, self.filename = source, filename
        self.submission: Any = None

    def request(self, message: dict[str, Any], limit: float | None = None) -> dict[str, Any]:
        """The reply of `Session.request`; what is printed goes to this process's own output."""
        from .harness.running import Submission

        if self.submission is None:
            name = f"_metarec_yours_{Path(self.filename).stem}"
            self.submission = Submission(self.source, self.filename, name)
        request = codec.loads(codec.dumps(message), given=True)
        return {**codec.loads(codec.dumps(self.submission.answer(request))), "printed": ""}

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
    """Which argument a call changed: the only one that can be changed, or all that can."""
    args, kwargs = call.args
    named = [*zip(parameters, args, strict=False), *kwargs.items()]
    names = [f"`{name}`" for name, value in named if _can_change(value)]
    if len(names) == 1 and len(parameters) >= len(args):
        return f"You changed the argument {names[0]} of {call.function}; work on a copy"
    one_of = f" ({' or '.join(names)})" if names else ""
    return f"You changed an argument of {call.function}{one_of}; work on a copy"


def _not_the_same(call: Call) -> str:
    """What a call gave, and what the same call gave then."""
    again = call.reply["again"]
    then = f"it raised {again['error']}" if "error" in again else f"got {shown(again['value'])}"
    return (
        f"called {call} twice on the same objects, got {shown(call.reply['value'])}, and then {then}: an answer depends "
        "on nothing but the arguments, and leaves them as they were (also a tensor's `.grad`)"
    )


def _can_change(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(map(_can_change, value))
    return isinstance(value, (list, dict, np.ndarray)) or is_tensor(value)


def explain(error: dict[str, Any], call: str, function: str) -> str:
    """One sentence for an error of the learner's side."""
    kind, where = error["kind"], _where(error)
    if error.get("loading"):
        return explain_loading(error)
    if kind == "stub":
        return f"{function} is not written yet{where}"
    if kind == "missing":
        found = error.get("type", "NoneType")
        what = "there is no function of that name" if found == "NoneType" else f"it is a {found}, not a function"
        return f"{function}: {what} in the file; keep the names of the exercise file"
    if kind == "arguments":
        return f"called {call}, but the function does not take these arguments: {error['message']}"
    if kind == "value":
        return f"called {call}, got {error['message']}"
    if kind == "exit":
        return f"called {call}, and it ended the program (sys.exit, exit or quit){where}; return a value instead"
    if kind == "exception":
        return f"called {call}, and it raised {error['type']}: {error['message']}{where}"
    return f"called {call}, and {_ended(error)}"


def explain_loading(error: dict[str, Any]) -> str:
    """One sentence for a file that could not be run at all."""
    kind, where = error["kind"], _where(error)
    if kind == "file":
        return error["message"]
    if kind == "syntax":
        return f"the file is not valid Python: {error['message']}{where}"
    if kind == "exit":
        return f"the file ends the program while it is loaded (sys.exit, exit or quit){where}; remove that line"
    if kind in ("exception", "stub", "arguments"):
        return f"the file fails while it is loaded: {error['type']}: {error['message']}{where}"
    return f"while the file was loaded, {_ended(error)}"


def _where(error: dict[str, Any]) -> str:
    if not error.get("line"):
        return ""
    text = f": `{error['text']}`" if error.get("text") and error["kind"] != "stub" else ""
    return f" (line {error['line']}{text})"


def _ended(error: dict[str, Any]) -> str:
    """How the child ended, or what it sent that is no reply."""
    kind, status = error["kind"], error.get("status", 0)
    if kind == "time":
        return f"it did not finish in {error['seconds']:g} seconds: is there a loop that never ends?"
    if kind == "output":
        return "it printed without end: is there a print in a loop that never ends?"
    if kind == "start":
        return f"its process could not be started: {error['message']}"
    if kind == "protocol":
        return "its process sent something that is no answer; only what a function returns counts"
    if status == -signal.SIGSEGV:
        return "Python itself crashed (segmentation fault): is there a recursion without an end?"
    if hasattr(signal, "SIGXCPU") and status == -signal.SIGXCPU:
        return "it used more processor time than is allowed"
    return "its process ended without an answer: was it killed, out of memory, or ended by os._exit?"
