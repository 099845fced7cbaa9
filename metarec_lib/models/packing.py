"""Saving models: one .npz of arrays and JSON, without pickle. `storage` reads it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from metarec_lib.data.paths import atomic_write

FORMAT = 1


def save_model(model: Any, path: Path) -> None:
    """Write a fitted model, by an atomic rename; raises OSError with what to do where the place cannot be written."""
    buffer = io.BytesIO()
    np.savez(buffer, **_packed(model))
    atomic_write(path, buffer.getvalue())


def _packed(model: Any) -> dict[str, np.ndarray]:
    """Everything of a fitted model as named arrays; the models that a blend holds lie under `models/0/` and so on."""
    arrays, plain, bases = {}, {}, getattr(model, "models_", [])
    for number, base in enumerate(bases):
        arrays |= {f"models/{number}/{name}": value for name, value in _packed(base).items()}
    for name, value in vars(model).items():
        if isinstance(value, torch.Tensor):
            arrays[f"tensor/{name}"] = value.detach().cpu().numpy()
        elif name.endswith("_") and isinstance(value, dict):  # named tensors, such as the parameters of a network
            arrays |= {f"tensor/{name}/{key}": tensor.detach().cpu().numpy() for key, tensor in value.items()}
        elif name.endswith("_") and isinstance(value, (int, float, str)):
            plain[name] = value
    for part in ("users", "items"):
        frame = getattr(model.tables_, part)
        arrays |= {f"{part}/{column}": _plain_array(frame[column]) for column in frame}
    arrays |= {f"history/{k}": v for k, v in model.history_.to_arrays().items()}
    arrays["history/ids"] = _plain_array(pd.Series(model.history_.ids))
    params = {name: value for name, value in model.get_params(deep=False).items() if not (bases and name == "models")}
    header = {
        "format": FORMAT, "module": type(model).__module__, "class": type(model).__name__, "params": params,
        "plain": plain, "models": len(bases), "name": model.tables_.name, "scale": list(model.tables_.scale),
    }  # fmt: skip
    return {"header": np.array(json.dumps(header, default=_plain)), **arrays}


def _plain(value: object) -> object:
    """A NumPy number as a Python one, a device or dtype as its name."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (torch.device, torch.dtype)):
        return str(value)
    raise TypeError(f"save: got an option of type {type(value).__name__}, expected a number, text or a list of these")


def _plain_array(column: pd.Series) -> np.ndarray:
    return column.to_numpy(dtype=np.str_) if not pd.api.types.is_numeric_dtype(column) else column.to_numpy()
