"""Device and dtype: what `auto` means, who overrides whom, and what is refused."""

import numpy as np
import pytest
import torch

from metarec_lib.device import as_tensor, resolve_device, resolve_dtype


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.delenv("METAREC_DEVICE", raising=False)
    monkeypatch.delenv("METAREC_DTYPE", raising=False)
    _machine(monkeypatch, cuda=False, mps=False)


def _machine(monkeypatch, cuda, mps):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_is_cuda_then_mps_then_cpu(monkeypatch, cuda, mps, expected):
    _machine(monkeypatch, cuda, mps)
    assert resolve_device().type == resolve_device("auto").type == expected


def test_the_argument_beats_the_environment_which_beats_auto(monkeypatch):
    _machine(monkeypatch, cuda=True, mps=True)
    monkeypatch.setenv("METAREC_DEVICE", "mps")
    assert resolve_device().type == "mps"
    assert resolve_device("cpu").type == "cpu"
    assert resolve_device(torch.device("cuda:1")) == torch.device("cuda:1")


@pytest.mark.parametrize("name", ["gpu", "cpu:x", "meta", "xpu", "CPU"])
def test_a_name_that_is_no_device(name):
    with pytest.raises(ValueError, match=rf"got '{name}', expected auto, cpu, cuda"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_a_device_that_the_machine_lacks(name):
    with pytest.raises(ValueError, match=rf"got '{name}'.*none on this machine; use 'cpu'"):
        resolve_device(name)


def test_dtype_defaults_and_overrides(monkeypatch):
    cpu, mps = torch.device("cpu"), torch.device("mps")
    assert resolve_dtype() == resolve_dtype(None, cpu) == torch.float64
    assert resolve_dtype(None, mps) == torch.float32
    assert resolve_dtype("float32") == resolve_dtype(torch.float32, cpu) == torch.float32
    monkeypatch.setenv("METAREC_DTYPE", "float32")
    assert resolve_dtype() == torch.float32
    assert resolve_dtype("float64") == torch.float64


def test_dtypes_that_are_refused():
    with pytest.raises(ValueError, match=r"got 'float16', expected one of \['float32', 'float64'\]"):
        resolve_dtype(torch.float16)
    with pytest.raises(ValueError, match="MPS, which has no float64; use float32"):
        resolve_dtype("float64", torch.device("mps"))


def test_as_tensor_casts_floating_values_only():
    assert as_tensor(np.ones(3, dtype=np.float32)).dtype == torch.float64
    assert as_tensor([0.5, 1.5], dtype="float32").dtype == torch.float32
    assert as_tensor([1, 2]).dtype == torch.int64
    assert as_tensor(np.array([True])).dtype == torch.bool
    assert as_tensor([1.0]).device.type == "cpu"
