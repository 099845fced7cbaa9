"""Values in messages: short, on one line, the same at every run."""

from __future__ import annotations

from typing import Any

import numpy as np

from .languages import pick

LONGEST, ITEMS, MOST = 120, 8, 64


def shown(value: Any, longest: int = LONGEST) -> str:
    """A value as a learner would write it, abbreviated."""
    text = _text(value)
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def shown_call(name: str, args: list[Any], kwargs: dict[str, Any]) -> str:
    """`name(args)`, each argument abbreviated."""
    parts = [shown(item, 80) for item in args] + [f"{key}={shown(item, 80)}" for key, item in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def kind(value: Any) -> str:
    """What a value is, with its shape, in the reader's language: `a tensor of shape (3,)`."""
    if is_tensor(value) or isinstance(value, np.ndarray):
        shape, names = tuple(value.shape), ("tensor", "张量") if is_tensor(value) else ("numpy array", " numpy 数组")
        return pick((f"a {names[0]} of shape {shape}", f"形状 {shape} 的{names[1]}"))
    if value is None:
        return "None"
    if isinstance(value, np.generic):
        value = value.item()  # np.float64 is a float to a learner
    name = type(value).__name__
    if isinstance(value, (list, tuple, dict)):
        return pick((f"a {name} of length {len(value)}", f"长度 {len(value)} 的 {name}"))
    return pick((f"{'an' if name[0] in 'aeiou' else 'a'} {name}", name))


def is_tensor(value: Any) -> bool:
    """Whether it is a torch tensor, without importing torch."""
    return any(base.__module__ == "torch" and base.__name__ == "Tensor" for base in type(value).__mro__)


def is_number(value: Any) -> bool:
    """Whether it is one number: a Python number, or an array or tensor of no dimension."""
    if isinstance(value, (np.ndarray, np.generic)) or is_tensor(value):
        return value.ndim == 0
    return isinstance(value, (bool, int, float))


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if value != int_or_nan(value) else f"{value:.1f}"
    if isinstance(value, str):
        return ascii(value) if any(ord(item) < 32 or 0xD800 <= ord(item) < 0xE000 for item in value) else repr(value)
    if isinstance(value, (list, tuple)):
        return _sequence(value)
    if isinstance(value, dict):
        items = [f"{_text(key)}: {_text(item)}" for key, item in list(value.items())[:ITEMS]]
        return "{" + ", ".join([*items, "…"] if len(value) > ITEMS else items) + "}"
    if is_tensor(value) or isinstance(value, np.ndarray):
        return _array(value)
    return repr(value)


def int_or_nan(value: float) -> float:
    """The whole number nearest to a moderate float; NaN where there is none, so that it equals nothing."""
    return float(round(value)) if abs(value) < 1e15 else float("nan")


def _sequence(value: list | tuple) -> str:
    parts = [_text(item) for item in value[:ITEMS]]
    body = ", ".join([*parts, "…"] if len(value) > ITEMS else parts)
    if isinstance(value, list):
        return f"[{body}]"
    return f"({body},)" if len(value) == 1 else f"({body})"


def _array(value: Any) -> str:
    name = "tensor" if is_tensor(value) else "array"
    size = value.numel() if name == "tensor" else value.size
    if size == 0:
        return f"{name} of shape {tuple(value.shape)}"
    if size > MOST:
        first = value.reshape(-1)[:3].tolist()
        return f"{name} of shape {tuple(value.shape)} [{', '.join(map(_text, first))}, …]"
    return f"{name}({_text(value.tolist())})"
