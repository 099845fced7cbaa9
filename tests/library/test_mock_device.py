"""Models on a device that is none (`tests/mock_device.py`): who mixes devices is found on a machine without a GPU."""

import functools
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from metarec_lib import ANIL, EASE, ProbabilisticPCA, SASRec
from metarec_lib.device import as_tensor, resolve_device
from metarec_lib.models.contract import check_gradient, check_interface, check_save_and_load

pytestmark = pytest.mark.skipif(resolve_device().type != "cpu", reason="all tests run on a device here")
MODELS = (
    functools.partial(ProbabilisticPCA, steps=3),
    functools.partial(ANIL, hidden=4),
    functools.partial(SASRec, width=4),
    functools.partial(EASE, ridge=50),
)


@pytest.fixture
def device(request, monkeypatch):
    """The module of the mock, on; by default of CUDA, else of the kind that the test asks for."""
    monkeypatch.setenv("METAREC_DEVICE", getattr(request, "param", "cuda"))
    place = Path(__file__).parents[1] / "mock_device.py"
    spec = importlib.util.spec_from_file_location(f"{__name__}.mock_device", place)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    with module.mock_device():
        yield module


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.func.__name__)
def test_a_model_learns_and_scores_there(device, make):
    check_interface(make)


def test_its_gradient_is_right_there_and_it_is_kept(device):
    make = functools.partial(ANIL, hidden=3)
    check_gradient(make)
    check_save_and_load(make)


def test_a_model_that_mixes_devices_is_found(device):
    class Forgetful(ProbabilisticPCA):
        def score(self, state, query):
            return super().score(state, query) + torch.zeros(query.items.shape)

    with pytest.raises(RuntimeError, match="same device"):
        check_interface(functools.partial(Forgetful, steps=3))


@pytest.mark.parametrize("device", ["mps"], indirect=True)
def test_float64_is_refused_where_there_is_none(device):
    assert ProbabilisticPCA()._dtype == as_tensor([1.0]).dtype == torch.float32
    with pytest.raises(TypeError, match="float64"):
        torch.zeros(2, dtype=torch.float64, device="mps")


def test_what_the_device_takes_and_what_it_refuses(device):
    x = as_tensor(np.arange(12.0).reshape(3, 4))
    assert x.device.type == "cuda" and isinstance(x, device.MockTensor) and x.cpu().tolist() == x.tolist()
    for at in ([2, 0], np.array([True, False, True]), ([0, 1], torch.tensor([3, 1])), (slice(None), range(2))):
        assert torch.equal(x[at].cpu(), x.cpu()[at])
    y = x.clone().requires_grad_()
    (torch.tensor(2.0) * y**2).sum().backward()
    assert torch.equal(y.grad, 4 * x)
    x[0, torch.tensor([1])], x[x > 9] = 7.0, 0.0
    assert x[0].tolist() == [0, 7, 2, 3] and x[2].tolist() == [8, 9, 0, 0]
    here = torch.ones(3, 4)
    for mixed in (
        lambda: x + here, lambda: here.add_(x), lambda: x @ here.double().T, lambda: here[x > 1],
        lambda: here[0, 0].add_(x[0, 0]), lambda: x.masked_fill(here > 0, 0), lambda: torch.stack([x, here]),
        lambda: x.gather(1, here.long()), lambda: torch.rand(2, generator=torch.Generator(), device="cuda"),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match="same device|generator"):
            mixed()
    for host in (x.numpy, lambda: np.asarray(x), lambda: np.isfinite(x)):
        with pytest.raises(TypeError, match="can't convert cuda:0"):
            host()
