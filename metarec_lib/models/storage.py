"""Saving and loading models: one .npz of arrays and JSON, without pickle."""

from __future__ import annotations

import importlib
import io
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from metarec_lib.data.interactions import RATING_COLUMNS, Interactions
from metarec_lib.data.paths import atomic_write
from metarec_lib.models.base import Recommender
from metarec_lib.models.history import History

FORMAT = 1
# what reading a file raises that is cut short, altered, or something else altogether
DAMAGE = (ValueError, LookupError, TypeError, AttributeError, ImportError, OSError, EOFError, NotImplementedError)
DAMAGE += (RuntimeError, zipfile.BadZipFile, zlib.error)


def save_model(model: Recommender, path: Path) -> None:
    """Write a fitted model, by an atomic rename; raises OSError with what to do where the place cannot be written."""
    buffer = io.BytesIO()
    np.savez(buffer, **_packed(model))
    atomic_write(path, buffer.getvalue())


def _packed(model: Recommender) -> dict[str, np.ndarray]:
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


def load_model(path: str | Path) -> Recommender:
    """The model that `save` wrote. Raises FileNotFoundError, or ValueError where the file is no such model."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"load_model: no file at {path}")
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return _restored(arrays)
    except DAMAGE as error:
        raise ValueError(
            f"load_model: {path.name} is no saved model, or a damaged one ({error}); save it again"
        ) from error


def _restored(arrays: dict[str, np.ndarray]) -> Recommender:
    header = json.loads(str(arrays.pop("header")))
    bases = [_restored(_under(arrays, f"models/{number}/")) for number in range(header.get("models", 0))]
    model = _model_class(header)(**header["params"], **({"models": bases} if bases else {}))
    if bases:
        model.models_ = bases
    tables = {part: _frame(arrays, part) for part in ("users", "items")}
    empty = pd.DataFrame({c: [] for c in RATING_COLUMNS})
    model.tables_ = Interactions(empty, **tables, name=header["name"], scale=tuple(header["scale"]))
    kept = _under(arrays, "history/")
    model.history_ = History.from_arrays(_index(kept.pop("ids")), kept)
    for name, value in arrays.items():
        if name.startswith("tensor/"):
            attribute, _, key = name.removeprefix("tensor/").partition("/")
            if key:
                vars(model).setdefault(attribute, {})[key] = _restore(model, value)
            else:
                setattr(model, attribute, _restore(model, value))
    for name, value in header["plain"].items():
        setattr(model, name, value)
    return model


def _under(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def _plain(value: object) -> object:
    """A NumPy number as a Python one, a device or dtype as its name."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (torch.device, torch.dtype)):
        return str(value)
    raise TypeError(f"save: got an option of type {type(value).__name__}, expected a number, text or a list of these")


def _model_class(header: dict) -> type[Recommender]:
    if header.get("format") != FORMAT or not str(header.get("module", "")).startswith("metarec_lib."):
        raise ValueError(
            f"got format {header.get('format')!r} of {header.get('module')!r}, expected {FORMAT} of metarec_lib"
        )
    found = getattr(importlib.import_module(header["module"]), header["class"], None)
    if not (isinstance(found, type) and issubclass(found, Recommender)):
        raise ValueError(f"{header['class']!r} is no model of {header['module']}")
    return found


def _restore(model: Recommender, value: np.ndarray) -> torch.Tensor:
    return (
        model._tensor(value)
        if np.issubdtype(value.dtype, np.floating)
        else torch.as_tensor(value, device=model._device)
    )


def _plain_array(column: pd.Series) -> np.ndarray:
    return column.to_numpy(dtype=np.str_) if not pd.api.types.is_numeric_dtype(column) else column.to_numpy()


def _index(values: np.ndarray) -> pd.Index:
    return pd.Index(values.astype(object), dtype=object) if values.dtype.kind == "U" else pd.Index(values)


def _frame(arrays: dict[str, np.ndarray], part: str) -> pd.DataFrame:
    columns = _under(arrays, f"{part}/")
    return pd.DataFrame({k: v.astype(object) if v.dtype.kind == "U" else v for k, v in columns.items()})
