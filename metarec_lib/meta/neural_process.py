"""The conditional neural process: a user's ratings, encoded one by one and averaged, tell a decoder what to predict."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.networks import initial_weights
from metarec_lib.meta.set_learner import PSEUDO_COUNT, SetLearner, shrunken_mean
from metarec_lib.models.arguments import COUNT
from metarec_lib.models.base import settings


@settings
class ConditionalNeuralProcess(SetLearner):
    """score = prior_ui + s (e_u + g(x_i, r_u)), r_u the mean of h(x_j, e_j) over the support (Garnelo et al. 2018, ICML).

    e_j: a rating's residual around the prior; it enters h together with e_j x_j, the direction in which a linear head would
    step. e_u: their shrunken mean, so that training starts from a user bias. The mean for r_u counts a learned encoding r_0
    of weight c, moved by the user's features: with few ratings the representation stays near r_0, with none it is r_0.
    h and g have one hidden layer of `hidden` ReLU units; r_u has as many numbers. Only the mean is
    learned, by squared error; the paper learns a variance too, by likelihood.
    """

    hidden: int = 64
    lr: float = 2e-3
    patience: int = 5

    ranges = {"hidden": COUNT}

    def _weights(self, n_inputs: int, n_user_features: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        encoder = initial_weights((2 * n_inputs + 1, self.hidden, self.hidden), rng)
        decoder = initial_weights((n_inputs + self.hidden, self.hidden, 1), rng)
        decoder["w1"] *= 0.1  # starts close to the prior and the user bias
        return {
            **{f"encoder_{name}": value for name, value in encoder.items()},
            **{f"decoder_{name}": value for name, value in decoder.items()},
            "r0": np.zeros(self.hidden),
            "r0_map": np.zeros((n_user_features, self.hidden)),
            "log_c": np.log([PSEUDO_COUNT, PSEUDO_COUNT]),
        }

    def adapt(self, support: PaddedRatings) -> tuple[Tensor, Tensor]:
        """The users' shrunken mean residual e_u (B, 1) and representation r_u (B, H)."""
        p, pairs, mask = self.params_, self._pairs(support), support.mask.unsqueeze(2)
        e = pairs.residual.unsqueeze(2)
        encoded = self._network("encoder", torch.cat([pairs.x, e, e * pairs.x], dim=2)) * mask
        r0 = p["r0"] + self.user_features_[support.users] @ p["r0_map"]
        c = p["log_c"][1].exp()
        r = (c * r0 + encoded.sum(1)) / (c + support.counts.unsqueeze(1))
        return shrunken_mean(pairs.residual, support.counts, p["log_c"][0]), r

    def score(self, state: tuple[Tensor, Tensor], query: PaddedRatings) -> Tensor:
        mean, r = state
        pairs = self._pairs(query)
        r = r.unsqueeze(1).expand(-1, query.items.shape[1], -1)
        return pairs.prior + self.spread_ * (mean + self._network("decoder", torch.cat([pairs.x, r], dim=2)).squeeze(2))

    def _network(self, name: str, x: Tensor) -> Tensor:
        w0, b0, w1, b1 = (self.params_[f"{name}_{part}"] for part in ("w0", "b0", "w1", "b1"))
        return torch.relu(x @ w0 + b0) @ w1 + b1
