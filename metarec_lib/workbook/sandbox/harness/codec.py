"""Plain values as bytes, both ways, without any code in them.

A frame is two lengths (JSON, arrays; 4 bytes each, big endian), a JSON text, and the raw bytes of the arrays in the
order in which the JSON mentions them. What comes from the learner's side is not trusted: `loads` checks every size,
dtype and nesting before it builds anything, and raises `BadFrame` otherwise.

JSON carries None, bool, int, float and str as they are and a list as a list; other values are objects with one key:
{"t": [...]} tuple, {"d": [[key, value], ...]} dict, {"a": [dtype, shape]} ndarray,
{"T": [dtype, shape, requires_grad]} tensor, {"g": [name, options]} something that the learner's side builds.
"""

from __future__ import annotations

import json
import math
import struct
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np

HEAD = struct.Struct(">II")
MAX_JSON, MAX_ARRAYS, MAX_DEPTH, MAX_VALUES, MAX_DIMENSIONS = 4 << 20, 64 << 20, 20, 200_000, 16
MAX_BITS = 1024  # of a whole number
SIZES = {
    "bool": 1, "uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "float16": 2, "float32": 4, "float64": 8,
    "bfloat16": 2,
}  # fmt: skip
WISH = "a number, text, list, tuple, dict, numpy array or torch tensor"
CURES = {
    "range": "list(...)", "set": "sorted(...)", "frozenset": "sorted(...)", "generator": "list(...)", "map": "list(...)",
    "filter": "list(...)", "zip": "list(...)", "reversed": "list(...)", "dict_keys": "list(...)",
    "dict_values": "list(...)", "dict_items": "list(...)", "Counter": "dict(...)", "defaultdict": "dict(...)",
    "OrderedDict": "dict(...)", "matrix": "np.asarray(...)", "MaskedArray": "a plain array",
}  # fmt: skip


class BadFrame(ValueError):
    """Bytes that are no frame of this protocol."""


class Unsupported(TypeError):
    """A value that is not plain; the message names its type and what to return instead."""


@dataclass(frozen=True)
class Given:
    """A request to build something of `given.py` on the learner's side; `options` are plain values."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<{self.name}>"


def dumps(value: Any) -> bytes:
    """One frame. Raises Unsupported for anything that is not a plain value, a reference to itself included."""
    arrays: list[bytes] = []
    text = json.dumps(_encode(value, arrays, 0), separators=(",", ":")).encode()
    size = sum(map(len, arrays))
    _fits(size)
    _fits(len(text), MAX_JSON)
    return HEAD.pack(len(text), size) + text + b"".join(arrays)


def lengths(head: bytes) -> tuple[int, int]:
    """The two lengths at the start of a frame. Raises BadFrame when they are too large."""
    text, arrays = HEAD.unpack(head)
    if text > MAX_JSON or arrays > MAX_ARRAYS:
        raise BadFrame(f"a frame of {text} + {arrays} bytes is too large")
    return text, arrays


def loads(frame: bytes, *, given: bool = False) -> Any:
    """The value of a frame. given: whether it may ask for things of `given.py`. Raises BadFrame."""
    if len(frame) < HEAD.size:
        raise BadFrame("a frame without its lengths")
    text, arrays = lengths(frame[: HEAD.size])
    if len(frame) != HEAD.size + text + arrays:
        raise BadFrame("a frame that does not have the length it states")
    try:
        tree = json.loads(frame[HEAD.size : HEAD.size + text].decode())
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"no JSON: {type(error).__name__}") from None
    decoder = _Decoder(memoryview(frame)[HEAD.size + text :], given)
    value = decoder.decode(tree, 0)
    if decoder.used != arrays:
        raise BadFrame("array bytes that no value uses")
    return value


def _encode(value: Any, arrays: list[bytes], depth: int) -> Any:
    kind = type(value)
    if depth > MAX_DEPTH:
        raise Unsupported(f"a value nested more than {MAX_DEPTH} deep")
    if value is None or kind in (bool, int, float, str):
        return _short(value)
    if kind is list:
        return [_encode(item, arrays, depth + 1) for item in value]
    if kind is tuple:
        return {"t": [_encode(item, arrays, depth + 1) for item in value]}
    if kind is dict:
        return {"d": [[_key(key), _encode(item, arrays, depth + 1)] for key, item in value.items()]}
    if kind is np.ndarray:
        return {"a": _array(value, arrays)}
    if issubclass(kind, np.generic) and kind.__name__ in SIZES | {"bool_": 1}:
        return value.item()
    if kind is Given:
        return {"g": [value.name, _encode(value.options, arrays, depth + 1)]}
    return _encode_tensor(value, arrays)


def _fits(size: int, most: int = MAX_ARRAYS) -> None:
    if size > most:
        raise Unsupported(f"a value of {size >> 20} MB, expected at most {most >> 20} MB")


def _short(value: Any) -> Any:
    if type(value) is int and value.bit_length() > MAX_BITS:
        raise Unsupported(f"a whole number of {value.bit_length()} bits, expected at most {MAX_BITS}")
    return value


def _key(key: Any) -> Any:
    if isinstance(key, np.integer):
        key = key.item()
    if type(key) not in (str, int):
        raise Unsupported(f"a dict with a key of type `{type(key).__name__}`, expected str or int keys")
    return key


def _array(value: np.ndarray, arrays: list[bytes]) -> list[Any]:
    if value.dtype.name not in SIZES:
        raise Unsupported(f"a numpy array of dtype {value.dtype}, expected numbers or bool of equal length in each row")
    _fits(value.nbytes)
    arrays.append(np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<")).tobytes())
    return [value.dtype.name, list(value.shape)]


def _encode_tensor(value: Any, arrays: list[bytes]) -> Any:
    torch = sys.modules.get("torch")
    if torch is None or type(value) not in (torch.Tensor, torch.nn.Parameter):
        raise unsupported(value)
    name = str(value.dtype).removeprefix("torch.")
    if name not in SIZES or value.layout is not torch.strided or value.device.type != "cpu":
        raise Unsupported(f"a tensor of {value.dtype}, {value.layout}, on {value.device}; expected a plain CPU tensor")
    _fits(value.numel() * SIZES[name])
    plain = value.detach().resolve_neg().contiguous()
    plain = plain.view(torch.int16) if name == "bfloat16" else plain
    arrays.append(plain.numpy().tobytes())
    return {"T": [name, list(value.shape), bool(value.requires_grad)]}


def unsupported(value: Any) -> Unsupported:
    """The error for a value of another type, with the usual cure."""
    name = type(value).__name__
    article = "an" if name[:1].lower() in "aeiou" else "a"
    cure = CURES.get(name) or ("a call of it" if callable(value) else None)
    return Unsupported(f"{article} `{name}`, expected {WISH}" + (f": return {cure}" if cure else ""))


class _Decoder:
    """Builds the value of one frame and counts what it has used."""

    def __init__(self, data: memoryview, given: bool) -> None:
        self.data, self.used, self.values = data, 0, 0
        self.kinds = ("t", "d", "a", "T", "g") if given else ("t", "d", "a", "T")

    def decode(self, node: Any, depth: int) -> Any:
        self.values += 1
        if depth > MAX_DEPTH or self.values > MAX_VALUES:
            raise BadFrame(f"more than {MAX_DEPTH} levels or {MAX_VALUES} values")
        if type(node) is int and node.bit_length() > MAX_BITS:
            raise BadFrame("a whole number that is too long")
        if node is None or isinstance(node, (bool, int, float, str)):
            return node
        if isinstance(node, list):
            return [self.decode(item, depth + 1) for item in node]
        if len(node) != 1:
            raise BadFrame("an object without exactly one key")
        (kind, body), = node.items()  # fmt: skip
        if not isinstance(body, list) or kind not in self.kinds:
            raise BadFrame("an object of unknown kind")
        return getattr(self, f"_{kind}")(body, depth)

    def _t(self, body: list, depth: int) -> tuple:
        return tuple(self.decode(item, depth + 1) for item in body)

    def _d(self, body: list, depth: int) -> dict:
        if not all(isinstance(pair, list) and len(pair) == 2 and type(pair[0]) in (str, int) for pair in body):
            raise BadFrame("a dict that is not made of pairs")
        return {key: self.decode(item, depth + 1) for key, item in body}

    def _a(self, body: list, depth: int) -> np.ndarray:
        if len(body) != 2 or body[0] == "bfloat16":
            raise BadFrame("an array without dtype and shape")
        return self._numbers(*body)

    def _T(self, body: list, depth: int) -> Any:
        if len(body) != 3 or not isinstance(body[2], bool):
            raise BadFrame("a tensor without dtype, shape and requires_grad")
        name, shape, requires_grad = body
        values = self._numbers(name, shape)
        if requires_grad and not name.endswith(("float16", "float32", "float64")):
            raise BadFrame("a tensor of whole numbers that requires a gradient")
        import torch

        tensor = torch.from_numpy(values)
        tensor = tensor.view(torch.bfloat16) if name == "bfloat16" else tensor
        return tensor.requires_grad_(requires_grad)

    def _g(self, body: list, depth: int) -> Given:
        if len(body) != 2 or not isinstance(body[0], str):
            raise BadFrame("a given thing without name and options")
        options = self.decode(body[1], depth + 1)
        if not isinstance(options, dict):
            raise BadFrame("a given thing without options")
        return Given(body[0], options)

    def _numbers(self, name: Any, shape: Any) -> np.ndarray:
        if not isinstance(name, str) or name not in SIZES or not isinstance(shape, list):
            raise BadFrame("an array of unknown dtype")
        if len(shape) > MAX_DIMENSIONS or not all(type(n) is int and 0 <= n <= MAX_ARRAYS for n in shape):
            raise BadFrame("an array of impossible shape")
        if math.prod(n for n in shape if n) >= 1 << 59:  # beyond what numpy counts, even where a 0 makes it empty
            raise BadFrame("an array of impossible shape")
        size = math.prod(shape) * SIZES[name]
        if size > len(self.data) - self.used:
            raise BadFrame("an array longer than its bytes")
        part = self.data[self.used : self.used + size]
        self.used += size
        if name == "bool" and size and max(part) > 1:
            raise BadFrame("a bool that is neither 0 nor 1")
        dtype = np.dtype("int16" if name == "bfloat16" else name).newbyteorder("<")
        return np.frombuffer(part, dtype).astype(dtype.newbyteorder("="), copy=True).reshape(shape)
