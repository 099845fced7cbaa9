"""ANIL: only the head of the network is adapted to a user."""

from __future__ import annotations

from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.maml import MAML
from metarec_lib.meta.networks import Weights


class ANIL(MAML):
    """MAML whose inner loop moves the head only (Raghu et al. 2020, ICLR, sec. 4): almost no inner loop.

    score = b_i + s (h_i . w_u + c_u), where h_i are the hidden units for item i, the same for all users. The head is linear,
    so the inner loop is gradient descent on a least-squares problem, and a user's state is hidden + 1 numbers.
    """

    def inputs(self, ratings: PaddedRatings) -> tuple[Tensor, Tensor]:
        """b_i (B, N) and the hidden units h_i (B, N, H)."""
        bias, x = super().inputs(ratings)
        return bias, (x @ self.params_["w0"] + self.params_["b0"]).relu()

    def _weights(self) -> Weights:
        """The head, as a network of one layer."""
        return {"w0": self.params_["w1"], "b0": self.params_["b1"]}
