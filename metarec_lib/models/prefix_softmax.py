"""The next item from a prefix of the history: a weighted mean of item vectors, and a softmax over all items.

Shapes: N prefixes, L length of a prefix, I items, D numbers of a vector.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from metarec_lib.device import resolve_device, resolve_dtype

Changed = Callable[[np.ndarray, np.random.Generator], np.ndarray]  # prefixes to prefixes, such as crop or mask


class PrefixSoftmax:
    """score_j = o_j . sum_l a_l v_(x_l) + b_j with a = softmax over the filled places of one learned weight a place.

    In words: the mean of the last items' vectors, recent ones weighing what training finds, and another vector for each item
    as an answer; the loss is the full softmax. It is YouTube's mean of what was watched (Covington, Adams & Sargin 2016,
    RecSys, sec. 3) without the hidden layers. Prefixes are those of `sliding_prefixes`, -1 where padded.
    """

    def __init__(
        self, n_items: int, longest: int = 20, width: int = 64, lr: float = 3e-3, seed: int = 0,
        device: str | None = None, dtype: str | None = "float32",
    ) -> None:  # fmt: skip
        if min(n_items, longest, width) < 1 or not lr > 0:
            raise ValueError(
                f"PrefixSoftmax: got n_items={n_items}, longest={longest}, width={width}, lr={lr}, expected numbers above 0"
            )
        self.lr, self.seed = lr, seed
        self.device = resolve_device(device)
        self.dtype = resolve_dtype(dtype, self.device)
        rng = np.random.default_rng(seed)
        start = {
            "items": rng.normal(0, 0.1, (n_items, width)), "answers": rng.normal(0, 0.1, (n_items, width)),
            "bias": np.zeros(n_items), "places": np.linspace(-2, 0, longest),
        }  # fmt: skip
        self.params_ = {k: torch.as_tensor(v).to(self.device, self.dtype).requires_grad_() for k, v in start.items()}

    def scores(self, prefixes: np.ndarray) -> Tensor:
        """(N, L) -> (N, I), with their gradient."""
        p, x = self.params_, torch.as_tensor(np.asarray(prefixes), device=self.device)
        filled = x >= 0
        logits = p["places"][-x.shape[1] :].expand(x.shape).masked_fill(~filled, -1e9)
        weights = torch.softmax(logits, 1) * filled
        pooled = (weights.unsqueeze(2) * p["items"][x.clamp(min=0)]).sum(1)
        return pooled @ p["answers"].T + p["bias"]

    def loss(self, prefixes: np.ndarray, targets: np.ndarray) -> Tensor:
        return cross_entropy(self.scores(prefixes), torch.as_tensor(targets, device=self.device))

    def fit(
        self, prefixes: np.ndarray, targets: np.ndarray, validation: tuple[np.ndarray, np.ndarray], *,
        changed: Changed | None = None, epochs: int = 60, steps: int = 20, batch_size: int = 512, patience: int = 4,
    ) -> PrefixSoftmax:  # fmt: skip
        """Adam until `patience` epochs bring no lower loss on `validation`; the best parameters stay.

        An epoch has `steps` steps at least, so that few examples get as many looks as many. changed: applied to half of each
        batch's prefixes, drawn anew each time.
        """
        rng, best, kept, waited = np.random.default_rng(self.seed), np.inf, {}, 0
        optimiser = torch.optim.Adam(self.params_.values(), lr=self.lr)
        for _ in range(epochs):
            for rows in _batches(len(targets), batch_size, steps, rng):
                batch = prefixes[rows]
                if changed is not None:
                    batch = np.where(rng.random(len(rows))[:, None] < 0.5, changed(batch, rng), batch)
                optimiser.zero_grad()
                self.loss(batch, targets[rows]).backward()
                optimiser.step()
            with torch.no_grad():
                error = float(self.loss(*validation))
            waited = 0 if error < best else waited + 1
            if error < best:
                best, kept = error, {k: v.detach().clone() for k, v in self.params_.items()}
            if waited >= patience:
                break
        self.params_ = {k: v.requires_grad_() for k, v in kept.items()}
        self.validation_loss_ = best
        return self


def _batches(n: int, size: int, steps: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Rows in random order, all of them once; and again while there are fewer than `steps` batches."""
    found: list[np.ndarray] = []
    while len(found) < steps:
        order = rng.permutation(n)
        found += [order[start : start + size] for start in range(0, n, size)]
    return found


# -- changes of prefixes; -1 is padding, or an item that was left out ----------------------------------------------------
def masked(prefixes: np.ndarray, rng: np.random.Generator, share: float = 0.2) -> np.ndarray:
    """Each item left out with this chance."""
    return np.where(rng.random(prefixes.shape) < share, -1, prefixes)


def cropped(prefixes: np.ndarray, rng: np.random.Generator, share: float = 0.2) -> np.ndarray:
    """A run of the places stays, this share is cut off the two ends."""
    length = prefixes.shape[1]
    kept = length - int(share * length)
    start, place = rng.integers(length - kept + 1, size=(len(prefixes), 1)), np.arange(length)
    return np.where((place >= start) & (place < start + kept), prefixes, -1)


def reordered(prefixes: np.ndarray, rng: np.random.Generator, reach: float = 3.0) -> np.ndarray:
    """Neighbours change places, up to about `reach` places away."""
    keys = np.arange(prefixes.shape[1]) + rng.uniform(-reach, reach, prefixes.shape)
    return np.take_along_axis(prefixes, np.argsort(keys, axis=1), axis=1)


CHANGES = {"mask": masked, "crop": cropped, "reorder": reordered}
