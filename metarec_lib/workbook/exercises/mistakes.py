"""Named wrong answers: does the learner's function behave like one of them on all the calls of its tests?"""

from __future__ import annotations

from typing import Any

from .calls import Call
from .solutions import load_module, read_text
from metarec_lib.workbook.sandbox import Unsupported, dumps, loads
from metarec_lib.workbook.sandbox import call as call_function
from metarec_lib.workbook.core import pick
from .manifest import read_mistakes
from metarec_lib.workbook.core import content
from .testing import difference


def named_mistake(stem: str, function: str, calls: list[Call]) -> str:
    """The sentence, in the reader's language, of the mistake that gives the same on all these calls; else empty."""
    calls = [call for call in calls if call.function == function]
    mistakes = {name: text for name, (of, text) in read_mistakes(stem).items() if of == function}
    if not calls or not mistakes:
        return ""
    path = content("tests", "exercises", "mistakes", f"{stem}.py")
    module = load_module(read_text(path), f"mistakes_{stem}")
    return next((pick(text) for name, text in mistakes.items() if _behaves_like(getattr(module, name), calls)), "")


def _behaves_like(wrong: Any, calls: list[Call]) -> bool:
    return all(_same(_outcome(wrong, call), call.reply) for call in calls)


def _outcome(function: Any, call: Call) -> dict[str, Any]:
    """The reply that this function would have given to a call."""
    args, kwargs = call.args
    try:
        request = {"op": call.op, "args": args, "kwargs": kwargs, "wrt": call.wrt, "again": "again" in call.reply}
        return loads(dumps(call_function(function, request)))
    except Unsupported:
        return {"error": {"kind": "value"}}
    except Exception as error:
        return {"error": {"kind": "exception", "type": type(error).__name__}}


def _same(mine: dict[str, Any], theirs: dict[str, Any]) -> bool:
    if "error" in mine or "error" in theirs:
        left, right = mine.get("error", {}), theirs.get("error", {})
        return left.get("kind") == right.get("kind") and left.get("type") == right.get("type", left.get("type"))
    if mine["changed"] != theirs.get("changed", []):
        return False
    return not any(difference(theirs.get(name), mine.get(name)) for name in ("value", "again"))
