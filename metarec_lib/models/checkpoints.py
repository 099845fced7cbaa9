"""What training of larger models adds to the loop: clipped gradients, lower precision, checkpoints to resume from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from metarec_lib.data.interactions import Interactions
from metarec_lib.models.arguments import Range
from metarec_lib.models.base import settings
from metarec_lib.models.training import TrainedRecommender, progress

UNSAID = {"epochs", "patience", "checkpoint"}  # settings that may change when a run is resumed


@dataclass
class Best:
    """The best epoch so far: its error, its number, a copy of its parameters (not the parameters themselves, which move)."""

    error: float
    epoch: int
    params: dict[str, Tensor]


@settings
class CheckpointedRecommender(TrainedRecommender):
    """A `TrainedRecommender` for models of size.

    clip: the longest gradient of a step, its norm over all parameters; None for no limit (Pascanu, Mikolov & Bengio 2013,
    ICML, alg. 1). autocast: "bfloat16" runs matrix products in 16 bits, parameters and their updates stay in 32; it asks
    for dtype="float32", since autocast leaves float64 alone. checkpoint: a folder; after each epoch the run is written
    there, and a `fit` with the same data and settings goes on where that run was stopped.
    """

    clip: float | None = 1.0
    autocast: str | None = None
    checkpoint: str | None = None

    ranges = {"clip": Range(0, above=True, optional=True), "autocast": (None, "bfloat16")}

    def _check_ranges(self) -> None:
        super()._check_ranges()
        if self.autocast is not None and self._dtype == torch.float64:
            raise ValueError(
                f"{type(self).__name__}: got autocast={self.autocast!r} with float64 numbers, which autocast leaves as they "
                'are; expected dtype="float32" beside it'
            )

    def _epoch(self, data: Interactions, batch_size: int | None = None) -> None:
        optimiser = self._optimiser = getattr(self, "_optimiser", None) or self._make_optimiser()
        total = torch.zeros((), dtype=self._dtype, device=self._device)
        for batch in self.batches(data, np.random.default_rng([self.seed, self.epoch_]), batch_size or self.batch_size):
            optimiser.zero_grad()
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self.autocast is not None):
                loss = self.loss(batch)
            loss.backward()
            if self.clip is not None:
                clip_grad_norm_(self.params_.values(), self.clip)  # g <- g min(1, clip / |g|)
            optimiser.step()
            total += loss.detach()
        if not bool(torch.isfinite(total)):
            raise ValueError(
                f"{type(self).__name__}: the loss became {float(total)} in epoch {self.epoch_ + 1}, expected a finite "
                "number. Usual cause: steps that are too long; lower lr, or set clip"
            )

    def _learn(
        self,
        data: Interactions,
        epochs: int | None = None,
        batch_size: int | None = None,
        validation: Interactions | None = None,
    ) -> None:
        train, held = self._set_apart(data) if validation is None else (data, validation)
        self._start(train)
        judged_on = self._validation(train, held)
        best, file = Best(np.inf, 0, self._copy()), self._file(train, held, batch_size)
        if file is not None and file.exists():
            best = self._resume(file)
        for _ in progress((epochs or self.epochs) - self.epoch_, type(self).__name__):
            if self.epoch_ - best.epoch >= self.patience:
                break
            self._epoch(train, batch_size)
            self.epoch_ += 1
            error = np.nan if judged_on is None else self._error(judged_on)
            if judged_on is None or error < best.error:
                best = Best(float(error), self.epoch_, self._copy())
            if file is not None:
                self._store(file, best)
        self.params_, self._optimiser = best.params, None
        self.epoch_, self.validation_error_ = best.epoch, best.error

    # -- checkpoints --------------------------------------------------------------------------------------------------
    def _file(self, train: Interactions, held: Interactions, batch_size: int | None) -> Path | None:
        """Where this run is kept, under a name made of its data and settings, so that no two runs meet."""
        if self.checkpoint is None:
            return None
        said = {name: value for name, value in self.get_params(deep=False).items() if name not in UNSAID}
        mark = blake2b(repr((type(self).__name__, sorted(said.items()), batch_size)).encode(), digest_size=8)
        for part in (train, held):
            for column in (part.user_codes, part.item_codes, part.values, part.ratings["timestamp"].to_numpy()):
                mark.update(np.ascontiguousarray(column).tobytes())
        return Path(self.checkpoint) / f"{type(self).__name__}-{mark.hexdigest()}.pt"

    def _store(self, file: Path, best: Best) -> None:
        """Write all that the next epoch needs; the batches of an epoch depend on the seed and its number alone."""
        run = {"params": self._copy(), "optimiser": self._optimiser.state_dict(), "epoch": self.epoch_}
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".half")
        torch.save(run | {"best": vars(best)}, half)
        os.replace(half, file)  # a reader sees the old file or the new one, never half of it

    def _resume(self, file: Path) -> Best:
        run = torch.load(file, map_location=self._device, weights_only=True)  # tensors and numbers, no code
        self.params_, self.epoch_ = run["params"], run["epoch"]
        self._optimiser = self._make_optimiser()
        self._optimiser.load_state_dict(run["optimiser"])
        return Best(**run["best"])
