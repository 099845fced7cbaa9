"""Loading models: one .npz of arrays and UTF-8 JSON, without pickle; `packing` writes it."""

from __future__ import annotations

import importlib
import json
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from metarec_lib.data.interactions import RATING_COLUMNS, Interactions
from metarec_lib.device import resolve_device, resolve_dtype
from metarec_lib.models.base import Recommender
from metarec_lib.models.history import History
from metarec_lib.models.packing import FORMAT
from metarec_lib.models.text import column_of_text, decoded, table_of_text

# what reading a file raises that is cut short, altered, or something else altogether
DAMAGE = (ValueError, LookupError, TypeError, AttributeError, ImportError, OSError, EOFError, NotImplementedError)
DAMAGE += (RuntimeError, zipfile.BadZipFile, zlib.error)


class DeviceWarning(UserWarning):
    """A model was fitted on a device that this machine does not have."""


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
    about = {key: header[key] for key in ("name", "like")} | {"scale": tuple(header["scale"])}
    about["inferred"] = header.get("inferred", False)  # files of before say nothing of it
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
