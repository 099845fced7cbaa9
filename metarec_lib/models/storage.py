"""Saving and loading models: one .npz of arrays and UTF-8 JSON, without pickle.

A file holds a header (class, settings, fitted numbers), the fitted tensors, the user and item tables as text with their
types, and the ratings that the model remembers. What cannot be stored is refused before anything is written.
"""

from __future__ import annotations

import importlib
import io
import json
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from metarec_lib.data.interactions import RATING_COLUMNS, Interactions
from metarec_lib.data.paths import atomic_write
from metarec_lib.device import resolve_device, resolve_dtype
from metarec_lib.models.base import Recommender
from metarec_lib.models.history import History
from metarec_lib.models.text import column_of_text, decoded, encoded, table_of_text, text_of_column, text_of_table

FORMAT = 2
APART = {"tables_", "history_", "models_"}  # what is stored in a form of its own
# what reading a file raises that is cut short, altered, or something else altogether
DAMAGE = (ValueError, LookupError, TypeError, AttributeError, ImportError, OSError, EOFError, NotImplementedError)
DAMAGE += (RuntimeError, zipfile.BadZipFile, zlib.error)


class DeviceWarning(UserWarning):
    """A model was fitted on a device that this machine does not have."""


def save_model(model: Recommender, path: Path) -> None:
    """Write a fitted model, by an atomic rename.

    Raises ValueError for what cannot be stored, before anything is written, and OSError with what to do where the place
    cannot be written.
    """
    buffer = io.BytesIO()
    np.savez(buffer, **_packed(model))
    atomic_write(path, buffer.getvalue())


def load_model(path: str | Path, device: str | None = None) -> Recommender:
    """The model that `save` wrote.

    device: where it is to compute; by default the device it was made for, or, where this machine has none, `auto`, which a
    DeviceWarning says. Raises FileNotFoundError, or ValueError where the file is no such model, is of another version, or
    the device asked for is not there.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"load_model: no file at {path}")
    if device is not None:
        resolve_device(device)
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        found = json.loads(str(arrays["header"]))["format"]
        if not isinstance(found, int):
            raise ValueError(f"got format {found!r}")
    except DAMAGE as error:
        raise _damaged(path, error) from error
    if found != FORMAT:
        age = "an older" if found < FORMAT else "a newer"
        raise ValueError(
            f"load_model: {path.name} was saved by {age} version of metarec_lib: got format {found}, expected {FORMAT}. "
            "Fit the model and save it again"
        )
    try:
        return _restored(arrays, device)
    except DAMAGE as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ValueError:
    return ValueError(f"load_model: {path.name} is no saved model, or a damaged one ({error}); save it again")


# -- writing ----------------------------------------------------------------------------------------------------------
def _packed(model: Recommender) -> dict[str, np.ndarray]:
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
    }  # fmt: skip
    return {"header": np.array(json.dumps(header)), **arrays}


def _fitted(model: Recommender) -> dict[str, object]:
    """What learning left in a model: all attributes but the settings and what begins with an underscore."""
    settings = model.get_params(deep=False)
    return {n: v for n, v in vars(model).items() if n not in settings and n not in APART and not n.startswith("_")}


def _tensors(name: str, value: object) -> dict[str, torch.Tensor]:
    """A tensor, or a dict of named ones such as the parameters of a network, by path; nothing else."""
    named = {f"{name}/{key}": v for key, v in value.items()} if isinstance(value, dict) else {name: value}
    return named if all(isinstance(v, torch.Tensor) for v in named.values()) else {}


# -- reading ----------------------------------------------------------------------------------------------------------
def _restored(arrays: dict[str, np.ndarray], device: str | None) -> Recommender:
    header = json.loads(str(arrays["header"]))
    bases = [_restored(_under(arrays, f"models/{number}/"), device) for number in range(header["models"])]
    params = {name: decoded(value) for name, value in header["params"].items()}
    params["device"] = _place(params.get("device"), device)
    model = _model_class(header)(**params, **({"models": bases} if bases else {}))
    if bases:
        model.models_ = bases
    tables = {part: table_of_text(arrays[part]) for part in ("users", "items")}
    empty = pd.DataFrame({c: [] for c in RATING_COLUMNS})
    about = {"name": header["name"], "scale": tuple(header["scale"]), "like": header["like"]}
    model.tables_ = Interactions(empty, **tables, **about)
    kept = _under(arrays, "history/")
    model.history_ = History.from_arrays(pd.Index(column_of_text(kept.pop("ids"))), kept)
    for path, value in _under(arrays, "tensor/").items():
        attribute, _, key = path.partition("/")
        if key:
            vars(model).setdefault(attribute, {})[key] = _tensor(model, value)
        else:
            setattr(model, attribute, _tensor(model, value))
    for name, value in _under(arrays, "array/").items():
        setattr(model, name, value)
    for name, value in header["plain"].items():
        setattr(model, name, decoded(value))
    return model


def _place(stored: str | None, asked: str | None) -> str | None:
    """The device a model is to have: the one asked for, else the one it was made for, if there is one here."""
    if asked is not None:
        return asked
    try:
        resolve_device(stored)
    except ValueError:
        place = resolve_device().type
        text = f"load_model: made for device {stored!r}, which this machine does not have; it is loaded on {place!r}"
        warnings.warn(text, DeviceWarning, stacklevel=4)
        return None
    return stored


def _under(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def _model_class(header: dict) -> type[Recommender]:
    if not str(header.get("module", "")).startswith("metarec_lib."):
        raise ValueError(f"got a model of {header.get('module')!r}, expected one of metarec_lib")
    found = getattr(importlib.import_module(header["module"]), header["class"], None)
    if not (isinstance(found, type) and issubclass(found, Recommender)):
        raise ValueError(f"{header['class']!r} is no model of {header['module']}")
    return found


def _tensor(model: Recommender, value: np.ndarray) -> torch.Tensor:
    place = resolve_device(model.device)
    kind = resolve_dtype(model.dtype, place) if np.issubdtype(value.dtype, np.floating) else None
    return torch.as_tensor(value).to(place, kind)
