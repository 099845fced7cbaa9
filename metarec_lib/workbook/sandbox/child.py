"""The trusted side of the harness: one submission in one child, reached over sockets.

What comes from the child is checked before it is used, and what the child does (hang, crash, print without end) becomes
a plain description of the error.
"""

from __future__ import annotations

import secrets
import selectors
import time
from contextlib import suppress
from typing import Any

from .harness import codec
from .starters import USUAL, starter

LIMIT = 10.0  # seconds for one call, and for running the file once
CHANCE = 0.25  # of a limit: a child that had no processor for longer may have run out of time by chance
KEPT, MOST_OUTPUT = 4_000, 64 << 20  # bytes of printed text that are kept, and that end the child


class Session:
    """One submission in one child. `request` never raises for what the learner's code does."""

    def __init__(self, source: str, filename: str, *, limit: float = LIMIT, way: str = USUAL) -> None:
        self.source, self.filename, self.limit, self.way = source, filename, limit, way
        self.child: int | None = None

    def request(self, message: dict[str, Any], limit: float | None = None) -> dict[str, Any]:
        """The reply, `{"value", "mutated", "changed", "printed"}` or `{"error", "printed"}`. A child starts if needed."""
        self.printed, self.cut = bytearray(), 0
        reply = {}
        if self.child is None:
            reply = self._start()
        if "error" not in reply and message["op"] != "load":
            reply = self._exchange(message, limit or self.limit)
        text = self.printed.decode("utf-8", "replace") + ("\n… (more was printed)" if self.cut else "")
        return {**reply, "printed": text}

    def _start(self) -> dict[str, Any]:
        try:
            self._fork()
        except OSError as error:
            return {"error": {"kind": "start", "message": str(error)}}
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.channel, selectors.EVENT_READ)
        self.selector.register(self.output, selectors.EVENT_READ)
        return self._exchange({"op": "load", "source": self.source, "filename": self.filename}, self.limit)

    def _fork(self) -> None:
        """A new child; once more where an earlier child has ended the zygote."""
        try:
            self.starter = starter(self.way)
            self.child, self.channel, self.output = self.starter.fork()
        except OSError:
            self.starter = starter(self.way)
            self.child, self.channel, self.output = self.starter.fork()

    def _exchange(self, message: dict[str, Any], limit: float) -> dict[str, Any]:
        number, deadline = secrets.randbits(60), time.monotonic() + limit
        frame = codec.dumps({"id": number, **message})
        self.loading = message["op"] == "load"
        try:
            self.channel.settimeout(limit)
            self.channel.sendall(frame)
            return _checked(codec.loads(self._receive(deadline)), number)
        except codec.BadFrame as error:
            return self._failed("protocol", message=str(error))
        except TimeoutError:
            return self._failed("time", seconds=limit)
        except _TooMuchOutput:
            return self._failed("output")
        except OSError:
            return self._failed("crash")

    def _receive(self, deadline: float) -> bytes:
        """One frame from the child; meanwhile what it prints is read, so that it is never blocked."""
        data, need = bytearray(), codec.HEAD.size
        while len(data) < need:
            left = deadline - time.monotonic()
            ready = {key.fileobj for key, _ in self.selector.select(max(0.0, left))}
            if self.output in ready:
                self._read_output()
            if self.channel in ready:
                part = self.channel.recv(min(need - len(data), 1 << 20))
                if not part:
                    raise ConnectionError("the child closed its channel")
                data += part
                if len(data) == need == codec.HEAD.size:
                    need += sum(codec.lengths(bytes(data)))
            if left <= 0 and len(data) < need:  # what is there in full counts, however late we came to read it
                raise TimeoutError
        while self._read_output(wait=False):
            continue
        return bytes(data)

    def _read_output(self, wait: bool = True) -> bool:
        """Read a piece of what was printed; whether there was one."""
        self.output.setblocking(wait)
        try:
            part = self.output.recv(1 << 18)
        except (BlockingIOError, ConnectionError):
            return False
        if not part and self.output in self.selector.get_map():
            self.selector.unregister(self.output)
        room = KEPT - len(self.printed)
        self.printed += part[:room]
        self.cut += len(part) - len(part[:room])
        if self.cut > MOST_OUTPUT:
            raise _TooMuchOutput
        return bool(part)

    def _failed(self, kind: str, **details: Any) -> dict[str, Any]:
        with suppress(_TooMuchOutput):
            while self._read_output(wait=False):
                continue
        status, waited = self._end()
        if kind == "time":
            details["chance"] = waited > CHANCE * details["seconds"]
        return {"error": {"kind": kind, "loading": self.loading, "status": status, **details}}

    def close(self) -> int:
        """End the child; its exit status, 0 when none runs."""
        return self._end()[0]

    def _end(self) -> tuple[int, float]:
        """End the child; its exit status, and for how many seconds it wanted a processor and had none."""
        if self.child is None:
            return 0, 0.0
        child, self.child = self.child, None
        self.selector.close()
        self.channel.close()
        self.output.close()
        try:
            return self.starter.end(child)
        except OSError:
            return 0, 0.0  # the zygote is gone, and the child with it


def _names(value: Any) -> list[str]:
    """What the child says of which arguments it changed. Raises BadFrame for anything but a few short texts."""
    if (
        not isinstance(value, list)
        or len(value) > 50
        or not all(type(item) is str and len(item) < 100 for item in value)
    ):
        raise codec.BadFrame("changes without the names of arguments")
    return value


class _TooMuchOutput(Exception):
    """The child printed without end."""


# What the learner's side may report, and the texts that come with it; how a child ended is seen from here alone.
KINDS = {
    "exception": ("type", "message", "text"), "stub": ("type", "message", "text"), "exit": ("type", "message", "text"),
    "arguments": ("type", "message", "text"), "syntax": ("type", "message", "text"), "missing": ("type",),
    "value": ("message",),
}  # fmt: skip
LONGEST = 600


def _checked(reply: Any, number: int) -> dict[str, Any]:
    """A reply of the form that we know, answering this request. Raises BadFrame."""
    if not isinstance(reply, dict) or reply.get("id") != number:
        raise codec.BadFrame("a reply to something else")
    error = reply.get("error")
    if error is not None:
        return {"error": _checked_error(error)}
    if "value" not in reply:
        raise codec.BadFrame("a reply without value or error")
    changed = _names(reply.get("changed", []))
    found = {"value": reply["value"], "mutated": reply.get("mutated") is True, "changed": changed}
    return found | ({"again": _checked_again(reply["again"])} if "again" in reply else {})


def _checked_again(again: Any) -> dict[str, Any]:
    """What a second call gave: `{"value", "grads"}` or `{"error"}`."""
    if isinstance(again, dict) and isinstance(again.get("error"), str):
        return {"error": again["error"][:LONGEST]}
    if isinstance(again, dict) and "value" in again:
        return {"value": again["value"], "grads": again.get("grads", [])}
    raise codec.BadFrame("a second call without value or error")


def _checked_error(error: Any) -> dict[str, Any]:
    names = KINDS.get(error["kind"]) if isinstance(error, dict) and isinstance(error.get("kind"), str) else None
    if names is None or not all(isinstance(error.get(name), str) for name in names):
        raise codec.BadFrame("an error of unknown form")
    line, bases = error.get("line"), error.get("bases", [])
    if not (line is None or type(line) is int and 0 < line < 1 << 32):
        raise codec.BadFrame("an error without a line")
    if not isinstance(bases, list) or len(bases) > 50 or not all(isinstance(name, str) for name in bases):
        raise codec.BadFrame("an error without bases")
    texts = {name: error[name][:LONGEST] for name in names}
    return {"kind": error["kind"], **texts, "line": line, "bases": bases, "loading": error.get("loading") is True}
