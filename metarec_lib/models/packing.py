"""Saving models: one .npz of arrays and UTF-8 JSON, without pickle; `storage` reads it.

A file holds a header (class, settings, fitted numbers), the fitted tensors, the user and item tables as text with their
types, and the ratings that the model remembers. What cannot be stored is refused before anything is written.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from metarec_lib.data.paths import atomic_write
from metarec_lib.models.text import encoded, text_of_column, text_of_table

FORMAT = 2
APART = {"tables_", "history_", "models_"}  # what is stored in a form of its own


def save_model(model: Any, path: Path) -> None:
    """Write a fitted model, by an atomic rename.

    Raises ValueError for what cannot be stored, before anything is written, and OSError with what to do where the place
    cannot be written.
    """
    buffer = io.BytesIO()
    np.savez(buffer, **_packed(model))
    atomic_write(path, buffer.getvalue())


def _packed(model: Any) -> dict[str, np.ndarray]:
    """Everything of a fitted model as named arrays; the models that a blend holds lie under `models/0/` and so on."""
    arrays, bases = {}, getattr(model, "models_", [])
    for number, base in enumerate(bases):
        arrays |= {f"models/{number}/{name}": value for name, value in _packed(base).items()}
    params = {name: value for name, value in model.get_params(deep=False).items() if not (bases and name == "models")}
    where, plain = f"save: {type(model).__name__}", {}
    for name, value in _fitted(model).items():
        tensors = _tensors(name, value)
        arrays |= {f"tensor/{key}": tensor.detach().cpu().numpy() for key, tensor in tensors.items()}
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            arrays[f"array/{name}"] = value
        elif not tensors:
            plain[name] = encoded(value, f"{where}.{name}")
    for part in ("users", "items"):
        arrays[part] = text_of_table(getattr(model.tables_, part), f"{where}: {part}")
    arrays |= {f"history/{name}": value for name, value in model.history_.to_arrays().items()}
    arrays["history/ids"] = text_of_column(pd.Series(model.history_.ids), f"{where}: user ids")
    header = {
        "format": FORMAT, "module": type(model).__module__, "class": type(model).__name__,
        "params": {name: encoded(value, f"{where}({name}=)") for name, value in params.items()},
        "plain": plain, "models": len(bases),
        "name": model.tables_.name, "scale": list(model.tables_.scale), "like": model.tables_.like,
        "inferred": model.tables_.inferred,
    }  # fmt: skip
    return {"header": np.array(json.dumps(header)), **arrays}


def _fitted(model: Any) -> dict[str, object]:
    """What learning left in a model: all attributes but the settings and what begins with an underscore."""
    settings = model.get_params(deep=False)
    return {n: v for n, v in vars(model).items() if n not in settings and n not in APART and not n.startswith("_")}


def _tensors(name: str, value: object) -> dict[str, torch.Tensor]:
    """A tensor, or a dict of named ones such as the parameters of a network, by path; nothing else."""
    named = {f"{name}/{key}": v for key, v in value.items()} if isinstance(value, dict) else {name: value}
    return named if all(isinstance(v, torch.Tensor) for v in named.values()) else {}
