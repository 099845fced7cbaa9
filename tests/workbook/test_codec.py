"""The codec: every plain value survives both ways, everything else is named, and forged bytes build nothing."""

import json
import math
from collections import Counter, OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metarec_lib.workbook.sandbox.harness.codec import HEAD, MAX_ARRAYS, BadFrame, Given, Unsupported, dumps, loads

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@settings(derandomize=True, database=None, deadline=None)
@given(PLAIN)
def test_plain_values_survive(value):
    found = loads(dumps(value))
    assert repr(found) == repr(value)


@pytest.mark.parametrize("name", ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3)])
def test_arrays_and_tensors_survive(name, shape):
    values = np.arange(math.prod(shape)).reshape(shape).astype(name)
    found, tensor = loads(dumps([values, torch.from_numpy(values)]))
    assert found.dtype == values.dtype and found.shape == shape and (found == values).all()
    assert tensor.dtype == torch.from_numpy(values).dtype and torch.equal(tensor, torch.from_numpy(values))
    found[...] = 0  # writable


def test_special_tensors_survive():
    half = torch.tensor([1.5, float("nan"), float("inf")], dtype=torch.bfloat16)
    found, transposed, leaf = loads(dumps([half, torch.arange(6).reshape(2, 3).T, torch.ones(2, requires_grad=True)]))
    assert found.dtype == torch.bfloat16 and torch.equal(found, half) or torch.isnan(found[1])
    assert torch.equal(transposed, torch.arange(6).reshape(2, 3).T)
    assert leaf.requires_grad and leaf.is_leaf


def test_what_counts_as_plain():
    assert loads(dumps([np.float64(0.5), np.int32(3), np.bool_(True)])) == [0.5, 3, True]
    assert type(loads(dumps(torch.nn.Parameter(torch.ones(1))))) is torch.Tensor
    big_endian = np.arange(3, dtype=">i4")
    assert (loads(dumps(big_endian)) == big_endian).all()
    assert loads(dumps({np.int64(3): "x"})) == {3: "x"}


class Liar(float):
    """Equals everything."""

    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


def _cycle():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (range(3), r"a `range`.*return list\(...\)"),
        ({1, 2}, r"a `set`.*return sorted\(...\)"),
        (Liar(1.0), "a `Liar`"),
        (Counter("ab"), r"return dict\(...\)"),
        (OrderedDict(a=1), r"an `OrderedDict`.*return dict"),
        (np.ma.masked_array([1]), "a plain array"),
        (np.array(["a"]), "dtype <U1"),
        (np.array([1, [2]], dtype=object), "dtype object"),
        (1j, "a `complex`"),
        (torch.tensor([1j]), "complex64"),
        (torch.eye(2).to_sparse(), "sparse"),
        (lambda: 3, "return a call of it"),
        ({(1, 2): 3}, "a dict with a key of type `tuple`"),
        (10**400, "a whole number of"),
        (np.zeros(MAX_ARRAYS // 8 + 1), "at most 64 MB"),
        (_cycle(), "nested more than"),
        (object(), "an `object`"),
    ],
)
def test_other_values_are_named(value, said):
    with pytest.raises(Unsupported, match=said):
        dumps(value)


def frame(tree, arrays=b""):
    text = json.dumps(tree).encode()
    return HEAD.pack(len(text), len(arrays)) + text + arrays


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        b"\x00" * 7,
        HEAD.pack(2**32 - 1, 0),
        HEAD.pack(0, 2**32 - 1),
        HEAD.pack(5, 0) + b"null",
        HEAD.pack(4, 0) + b"\xff\xff\xff\xff",
        HEAD.pack(4, 0) + b"nul!",
        HEAD.pack(100_000, 0) + b"[" * 100_000,
        frame({"x": []}),
        frame({"t": [], "d": []}),
        frame({}),
        frame({"t": 3}),
        frame({"d": [["a"]]}),
        frame({"d": [[[], 1]]}),
        frame({"d": [[True, 1]]}),
        frame({"a": ["object", [1]]}, b"12345678"),
        frame({"a": ["float64", [2]]}, b"12345678"),
        frame({"a": ["float64", [1]]}, b"1234567890123456"),
        frame({"a": ["float64", [-1]]}),
        frame({"a": ["float64", [True]]}, b"12345678"),
        frame({"a": ["float64", [2**40, 2**40]]}),
        frame({"a": ["uint8", [1] * 17]}, b"1"),
        frame({"a": ["bfloat16", [1]]}, b"12"),
        frame({"a": ["bool", [1]]}, b"\x07"),
        frame({"a": [["float64"], [1]]}, b"12345678"),
        frame({"T": ["int64", [1], True]}, b"12345678"),
        frame({"T": ["float64", [1]]}, b"12345678"),
        frame({"g": ["mse", {"d": []}]}),
        frame([[0] * 1000] * 201),
        frame({"a": ["int8", [0, 2**26, 2**26, 2**26]]}),
        frame({"T": ["float64", [2**26, 0, 2**26, 2**26], False]}),
        frame(10**400),
        frame({"d": [["a", -(2**1025)]]}),
    ],
    ids=str,
)
def test_forged_frames_are_refused(forged):
    with pytest.raises(BadFrame):
        loads(forged)


def test_only_a_request_may_ask_for_given_things():
    token = Given("linear", {"weights": [1.0]})
    assert loads(dumps(token), given=True) == token
    with pytest.raises(BadFrame):
        loads(dumps(token))


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.data())
def test_a_flipped_byte_gives_a_value_or_a_refusal(data):
    good = dumps({"a": [1, 2.5, "x"], "b": (np.arange(3.0), torch.arange(2)), "c": None})
    position = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[position] ^= data.draw(st.integers(1, 255))
    try:
        value = loads(bytes(bad))
    except BadFrame:
        return
    dumps(value)  # raises for anything that is not plain
