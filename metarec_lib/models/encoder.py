"""A pretrained sentence encoder: texts of 16 languages as vectors, those of like meaning near each other.

The network of the multilingual Universal Sentence Encoder (Yang et al. 2020, ACL, system demonstrations, sec. 2.2), written
in NumPy: n-gram convolutions, a sum over the text, a few dense layers. Its weights come by `metarec data encoder`. Each
convolution has a layer norm of its own, as in the published graph; the package that carries the weights has one over all
three, which takes its vectors further from that graph's.
Shapes: N texts, B texts of a batch, T pieces of a text, E = 512 numbers of a piece and of a text, H = 256 of a convolution.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.paths import atomic_write, home
from metarec_lib.data.pretrained import WEIGHTS, model_files
from metarec_lib.models.unigram import UnigramTokenizer

ORDERS = ((2, 0), (3, 1), (5, 2))  # of a convolution: how many pieces it sees, and how many of them to the left
CHUNKS = 17  # piece v is row v // 17 of table v % 17; each table has its own scale
BATCH_PIECES = 512
CACHE_FROM = 16  # fewer texts are encoded sooner than they are read
FORMAT = 1  # part of the cache's key: raise it where the arithmetic below changes


class SentenceEncoder:
    """Texts to vectors, `encode(texts) -> (N, 512)` float32, each of length 1; similarity is the dot product.

    Made without reading a file: weights are read at the first text that is not in the cache (one second), 800 titles a
    second on one thread. weights: the network's arrays by their names in the file, the fetched ones where None. tokenizer:
    goes with them. cache: a folder for vectors; `cache/encoder` in METAREC_HOME where None, none where False. Made-up
    weights are not cached.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray] | None = None,
        tokenizer: UnigramTokenizer | None = None,
        cache: str | Path | bool | None = None,
    ) -> None:
        if (weights is None) != (tokenizer is None):
            raise ValueError("SentenceEncoder: got one of weights and tokenizer, expected both or neither")
        self._weights = None if weights is None else _prepared(weights)
        self._tokenizer = tokenizer
        folder = home() / "cache" / "encoder" if cache is None or cache is True else cache
        self._cache = Path(folder) if folder and weights is None else None

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors (N, 512) float32 of unit length, in the order of the texts.

        Raises FileNotFoundError that names the command to run where the weights were not fetched, ValueError for one text
        in place of a list, and for what is no text.
        """
        texts = _checked(texts)
        path = self._path(texts)
        stored = _read(path, len(texts)) if path else None
        if stored is not None:
            return stored
        vectors = self._encode(texts)
        if path:
            _write(path, vectors)
        return vectors

    def _path(self, texts: list[str]) -> Path | None:
        """Where the vectors of these texts lie: named by a hash of the weights' own hash and the texts."""
        if self._cache is None or len(texts) < CACHE_FROM:
            return None
        members = [digest for digest, _ in WEIGHTS["encoder"].members.values()]
        key = hashlib.sha256(json.dumps([FORMAT, members, texts]).encode()).hexdigest()
        return self._cache / f"{key[:32]}.npy"

    def _encode(self, texts: list[str]) -> np.ndarray:
        self._load()
        pieces = [self._tokenizer.encode(text) for text in texts]
        out = np.empty((len(texts), self._weights["d3"].shape[1]), dtype=np.float32)
        for rows in _batches([len(p) for p in pieces]):
            out[rows] = forward(self._weights, [pieces[row] for row in rows])
        return out

    def _load(self) -> None:
        if self._weights is None:
            files = model_files("encoder")
            self._tokenizer = UnigramTokenizer.from_bytes(files["sp.model"].read_bytes())
            with np.load(files["weights.npz"], allow_pickle=False) as arrays:
                self._weights = _prepared({name: arrays[name] for name in arrays.files})


def item_texts(interactions: Interactions, year: bool = True) -> list[str]:
    """What a text model may know of each of the I items: "title (year). genres", in the order of the item table.

    year: without it "title. genres". Where the year or all genres are unknown they are left out, and so is a missing title.
    """
    items = interactions.items
    genres = np.array(interactions.genres, dtype=object)
    flags = items[list(interactions.genres)].to_numpy().astype(bool)
    texts = []
    for title, when, has in zip(items["title"], items["year"], flags, strict=True):
        name = "" if title is None or title != title else str(title)
        name += f" ({when:.0f})" if year and np.isfinite(when) else ""
        texts.append(". ".join(part for part in (name.strip(), ", ".join(genres[has])) if part))
    return texts


# -- the network -----------------------------------------------------------------------------------------------------
def forward(weights: Mapping[str, np.ndarray], pieces: Sequence[Sequence[int]]) -> np.ndarray:
    """Vectors (B, E) of unit length from the numbers of B texts' pieces; texts do not see each other."""
    length = np.array([len(p) for p in pieces])
    mask = np.arange(length.max()) < length[:, None]  # (B, T)
    numbers = np.zeros(mask.shape, dtype=np.int64)
    numbers[mask] = np.concatenate([np.asarray(p) for p in pieces])
    x = embed(weights, numbers)
    grams = [_convolved(weights, x, mask, n, left) for n, left in ORDERS]
    features = _normalised(weights, np.concatenate([x, *grams], axis=2), "ln_g", "ln_b")
    root = np.sqrt(length, dtype=np.float32)[:, None]
    # sum_t (W f_t + b) / sqrt(T) = W sum_t f_t / sqrt(T) + sqrt(T) b
    summed = (features * mask[..., None]).sum(1) / root
    return _dense(weights, summed @ weights["cnn_W"] + root * weights["cnn_b"])


def embed(weights: Mapping[str, np.ndarray], numbers: np.ndarray) -> np.ndarray:
    """The vectors (B, T, E) of pieces (B, T), from whole numbers with a scale and an offset for each table."""
    table = numbers % CHUNKS
    rows = weights["table"][numbers].astype(np.float32)
    return rows * weights["scale"][table][..., None] + weights["lo"][table][..., None]


def _convolved(weights: Mapping[str, np.ndarray], x: np.ndarray, mask: np.ndarray, n: int, left: int) -> np.ndarray:
    """Two residual convolutions over n pieces: h <- h + relu(W [h_(t-left) ... h_(t-left+n-1)] + b); (B, T, H)."""
    h = _normalised(weights, x @ weights[f"proj{n}"] + weights[f"proj_b{n}"], f"ln_g{n}", f"ln_b{n}")
    for layer in ("1", "2"):
        seen = _windows(h * mask[..., None], n, left)
        h = h + np.maximum(seen @ weights[f"w{layer}_{n}"] + weights[f"b{layer}_{n}"], 0)
    return h


def _windows(h: np.ndarray, n: int, left: int) -> np.ndarray:
    """At each place the n vectors around it, (B, T, n H), zeros beyond the ends."""
    padded = np.pad(h, ((0, 0), (left, n - 1 - left), (0, 0)))
    return np.concatenate([padded[:, k : k + h.shape[1]] for k in range(n)], axis=2)


def _normalised(weights: Mapping[str, np.ndarray], x: np.ndarray, gain: str, offset: str) -> np.ndarray:
    x = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((x * x).mean(-1, keepdims=True) + weights["eps"])
    return x / spread * weights[gain] + weights[offset]


def _dense(weights: Mapping[str, np.ndarray], mean: np.ndarray) -> np.ndarray:
    """Dense layers, two of them with a second way around; at the end tanh, and length 1; (B, E)."""
    first = np.maximum(mean @ weights["d0"], 0)
    second = np.maximum(first @ weights["d1"] + mean @ weights["p1"], 0)
    third = np.maximum(second @ weights["d2"], 0)
    out = np.tanh(third @ weights["d3"] + second @ weights["p3"])
    return out / np.sqrt(np.maximum((out * out).sum(1, keepdims=True), weights["eps"]))


def _prepared(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of the file, its 17 tables q1 ... q17 as one `table` (V, E) in the order of the pieces."""
    tables = [arrays[f"q{chunk + 1}"] for chunk in range(CHUNKS)]
    weights = {name: values for name, values in arrays.items() if not name.startswith("q")}
    weights["table"] = np.stack(tables, axis=1).reshape(-1, tables[0].shape[1])
    return {**weights, "eps": np.float32(arrays["eps"])}


def _batches(lengths: list[int]) -> list[np.ndarray]:
    """Rows in batches of like length, so that little is padded; at most BATCH_PIECES places each, or one text."""
    batches, batch = [], []
    for row in np.argsort(lengths, kind="stable"):
        if batch and (len(batch) + 1) * lengths[row] > BATCH_PIECES:
            batches.append(np.array(batch))
            batch = []
        batch.append(row)
    return [*batches, np.array(batch)] if batch else batches


def _checked(texts: Sequence[str]) -> list[str]:
    if isinstance(texts, (str, bytes)):
        raise ValueError(f"encode: got one {type(texts).__name__}, expected a list of texts; usual cause: write [text]")
    texts = list(texts)
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"encode: got {text!r} at place {place}, expected text; usual cause: a missing title")
    return texts


# -- the cache -------------------------------------------------------------------------------------------------------
def _read(path: Path, n: int) -> np.ndarray | None:
    """The stored vectors; None where there are none, or where they are damaged."""
    try:
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return vectors if vectors.ndim == 2 and len(vectors) == n else None


def _write(path: Path, vectors: np.ndarray) -> None:
    """Keep the vectors for the next time; where the folder cannot be written to, go on without."""
    with io.BytesIO() as file, contextlib.suppress(OSError):
        np.save(file, vectors, allow_pickle=False)
        atomic_write(path, file.getvalue())
