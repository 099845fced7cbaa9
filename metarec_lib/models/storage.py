"""Loading models: one .npz of arrays and JSON, without pickle. `packing` writes it."""

from __future__ import annotations

import importlib
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from metarec_lib.data.interactions import RATING_COLUMNS, Interactions
from metarec_lib.models.base import Recommender
from metarec_lib.models.history import History
from metarec_lib.models.packing import FORMAT

# what reading a file raises that is cut short, altered, or something else altogether
DAMAGE = (ValueError, LookupError, TypeError, AttributeError, ImportError, OSError, EOFError, NotImplementedError)
DAMAGE += (RuntimeError, zipfile.BadZipFile, zlib.error)


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


def _index(values: np.ndarray) -> pd.Index:
    return pd.Index(values.astype(object), dtype=object) if values.dtype.kind == "U" else pd.Index(values)


def _frame(arrays: dict[str, np.ndarray], part: str) -> pd.DataFrame:
    columns = _under(arrays, f"{part}/")
    return pd.DataFrame({k: v.astype(object) if v.dtype.kind == "U" else v for k, v in columns.items()})
