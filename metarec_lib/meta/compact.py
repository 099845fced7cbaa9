"""A user's adapted weights in few bits: what 10^8 users weigh is decided here, not in the shared parameters.

Shapes: B users, D weights of one user.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.ridge import LinearState, MetaLearningModel
from metarec_lib.models.arguments import Range
from metarec_lib.models.base import settings


@dataclass(frozen=True, eq=False)
class Codebook:
    """2^bits evenly spaced levels for each of D numbers, symmetric around `centre`; `step` apart, both (D,)."""

    centre: Tensor
    step: Tensor
    bits: int

    def codes(self, weights: Tensor) -> Tensor:
        """The nearest level of each weight, (B, D) int64 from 0 to 2^bits - 1; 0 bits give 0."""
        half = 2**self.bits / 2
        return torch.floor((weights - self.centre) / self.step + half).clamp(0, 2**self.bits - 1).to(torch.int64)

    def weights(self, codes: Tensor) -> Tensor:
        """What the codes stand for, (B, D); with 0 bits the centre."""
        half = 2**self.bits / 2
        return self.centre + self.step * (codes + 0.5 - half)

    def rounded(self, weights: Tensor) -> Tensor:
        """The weights as the codes keep them, (B, D)."""
        return self.weights(self.codes(weights))

    @property
    def bytes_per_user(self) -> float:
        """D numbers of `bits` bits, packed without gaps."""
        return len(self.centre) * self.bits / 8


def codebook(weights: Tensor, bits: int) -> Codebook:
    """The levels that lose least of these users' weights (B, D), in squared error: for each weight the best of 40 steps.

    Uniform quantisers are compared as in Max (1960, IRE Trans. Information Theory). bits: 0 to 16; 0 keeps the mean alone.
    Raises ValueError for other bits.
    """
    if not 0 <= bits <= 16:
        raise ValueError(f"codebook: got bits={bits!r}, expected 0 to 16")
    centre, spread = weights.mean(0), weights.std(0, unbiased=False).clamp(min=1e-12)
    widest = (weights - centre).abs().amax(0).clamp(min=1e-12) / max(2**bits / 2, 0.5)
    lowest = torch.minimum(spread / 2**bits, widest)
    grid = [lowest * (widest / lowest) ** t for t in np.linspace(0, 1, 40)]
    errors = torch.stack([((Codebook(centre, s, bits).rounded(weights) - weights) ** 2).mean(0) for s in grid])
    return Codebook(centre, torch.stack(grid).gather(0, errors.argmin(0)[None])[0], bits)


@settings
class CompactMetaLearningModel(MetaLearningModel):
    """The closed-form head whose users may be stored in `bits` bits a weight: `fit(..., compression_target=True)`.

    Training is that of MetaLearningModel; then a codebook is made from the learning users' weights, and `adapt` rounds every
    user's weights to it. Without the option nothing is rounded. A rounded state cannot be updated in place: as everywhere in
    this library, `update` solves anew from the ratings.
    """

    bits: int = 4

    options = MetaLearningModel.options | {"compression_target"}
    ranges = {"bits": Range(0, whole=True)}

    def _learn(self, data: Interactions, compression_target: bool = False, **options: object) -> None:
        super()._learn(data, **options)
        if compression_target:
            self._remember(data)
            with torch.no_grad():
                known = super().adapt(self.ratings_of(np.unique(data.ratings["user_id"]))).mean
            found = codebook(known, int(self.bits))
            self.centre_, self.step_ = found.centre, found.step

    def adapt(self, support: PaddedRatings) -> LinearState:
        """The users' posterior, rounded where `compression_target` was asked for."""
        state = super().adapt(support)
        if not hasattr(self, "step_"):
            return state
        return replace(state, mean=Codebook(self.centre_, self.step_, int(self.bits)).rounded(state.mean))
