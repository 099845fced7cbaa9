"""The one place that decides device and dtype.

`auto` is CUDA, then MPS, then CPU. Numbers are float64 on the CPU, so that stored results are the same on every
machine, and float32 on MPS, which has no float64. `METAREC_DEVICE` and `METAREC_DTYPE` override the defaults.
"""

from __future__ import annotations

import os

import torch
from torch import Tensor

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def resolve_device(device: str | torch.device | None = None) -> torch.device:
    """The device to compute on: the argument, else `METAREC_DEVICE`, else `auto`.

    Raises ValueError for a name that is no device, or for one that this machine does not have.
    """
    name = str(device or os.environ.get("METAREC_DEVICE") or "auto")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    expected = f"device: got {name!r}, expected auto, cpu, cuda, cuda:N or mps"
    try:
        found = torch.device(name)
    except RuntimeError as error:
        raise ValueError(expected) from error
    if found.type not in ("cpu", "cuda", "mps"):
        raise ValueError(expected)
    missing = {"cuda": not torch.cuda.is_available(), "mps": not torch.backends.mps.is_available()}
    if missing.get(found.type, False):
        raise ValueError(f"device: got {name!r}, but PyTorch sees none on this machine; use 'cpu' or 'auto'")
    return found


def resolve_dtype(dtype: str | torch.dtype | None = None, device: torch.device | None = None) -> torch.dtype:
    """The floating type: the argument, else `METAREC_DTYPE`, else float64 (float32 on MPS).

    Raises ValueError for any other type, and for float64 on MPS.
    """
    on_mps = device is not None and device.type == "mps"
    name = str(dtype or os.environ.get("METAREC_DTYPE") or ("float32" if on_mps else "float64"))
    name = name.removeprefix("torch.")
    if name not in DTYPES:
        raise ValueError(f"dtype: got {name!r}, expected one of {sorted(DTYPES)}")
    if on_mps and name == "float64":
        raise ValueError("dtype: got 'float64' on MPS, which has no float64; use float32, or device='cpu'")
    return DTYPES[name]


def as_tensor(
    values: object, device: str | torch.device | None = None, dtype: str | torch.dtype | None = None
) -> Tensor:
    """`values` as a tensor of the resolved device; floating values take the resolved dtype, others keep theirs."""
    place = resolve_device(device)
    tensor = torch.as_tensor(values)
    kind = resolve_dtype(dtype, place) if tensor.is_floating_point() else tensor.dtype
    return tensor.to(device=place, dtype=kind)
