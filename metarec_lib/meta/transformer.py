"""In-context learning: a Transformer reads a user's ratings and predicts others, without any step at test time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import layer_norm, scaled_dot_product_attention

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.set_learner import PSEUDO_COUNT, SetLearner, shrunken_mean
from metarec_lib.models.arguments import COUNT
from metarec_lib.models.base import settings


@dataclass(frozen=True, eq=False)
class Context:
    """What a query token may look at: the support tokens before each layer, L of (B, K + 1, W), and their mask (B, K + 1).

    The first token stands for the user before any rating. mean: the shrunken mean residual, (B, 1).
    """

    layers: list[Tensor]
    mask: Tensor
    mean: Tensor


@settings
class InContextTransformer(SetLearner):
    """score = prior_ui + s (e_u + head(token of item i after `layers` blocks of attention to the user's support tokens)).

    A token of the support is a linear map of x_j, its residual e_j and e_j x_j; a token of the query one of x_i alone; one
    more token, made of the user's features, is always there. Support tokens attend to each other, query tokens to the
    support only: a score depends neither on the other query items nor on the order of the support, as there are no
    positions. Learning in context: Garg et al. 2022, NeurIPS; with this mask: Müller et al. 2022, ICLR (who
    learn a distribution by cross-entropy; here the loss is the squared error). Blocks are pre-norm
    (Xiong et al. 2020, ICML): h + attention(h), then h + mlp(h), `width` numbers a token, `heads` heads.
    """

    width: int = 32
    heads: int = 4
    layers: int = 2
    epochs: int = 30
    lr: float = 1e-3

    ranges = {"width": COUNT, "heads": COUNT, "layers": COUNT}

    def _check_ranges(self) -> None:
        super()._check_ranges()
        if self.width % self.heads:
            raise ValueError(
                f"InContextTransformer: got width={self.width}, heads={self.heads}, expected a width that the heads divide"
            )

    def _weights(self, n_inputs: int, n_user_features: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        w = self.width

        def linear(n_in: int, n_out: int) -> np.ndarray:
            return rng.normal(0, 1 / np.sqrt(n_in), (n_in, n_out))

        weights = {
            "support": linear(2 * n_inputs + 2, w), "query": linear(n_inputs + 1, w),
            "user": rng.normal(0, 1, w), "user_map": rng.normal(0, 0.03, (n_user_features, w)),
            "head": 0.1 * linear(w, 1)[:, 0], "log_c": np.log(np.array(PSEUDO_COUNT)),
        }  # fmt: skip
        for i in range(self.layers):
            weights |= {f"q{i}": linear(w, w), f"kv{i}": linear(w, 2 * w), f"out{i}": 0.3 * linear(w, w)}
            weights |= {f"up{i}": linear(w, 2 * w), f"down{i}": 0.3 * linear(2 * w, w)}
        return weights

    def adapt(self, support: PaddedRatings) -> Context:
        p, pairs = self.params_, self._pairs(support)
        e = pairs.residual.unsqueeze(2)
        tokens = torch.cat([pairs.x, torch.ones_like(e), e, e * pairs.x], dim=2) @ p["support"]
        user = p["user"] + self.user_features_[support.users] @ p["user_map"]
        layers = [torch.cat([user.unsqueeze(1), tokens], dim=1)]
        mask = torch.nn.functional.pad(support.mask, (1, 0), value=True)
        for i in range(self.layers - 1):
            layers.append(self._block(i, layers[i], layers[i], mask))
        return Context(layers, mask, shrunken_mean(pairs.residual, support.counts, p["log_c"]))

    def score(self, state: Context, query: PaddedRatings) -> Tensor:
        pairs = self._pairs(query)
        h = torch.cat([pairs.x, torch.ones_like(pairs.x[..., :1])], dim=2) @ self.params_["query"]
        for i, context in enumerate(state.layers):
            h = self._block(i, h, context, state.mask)
        return pairs.prior + self.spread_ * (state.mean + _norm(h) @ self.params_["head"])

    def _block(self, i: int, h: Tensor, context: Tensor, mask: Tensor) -> Tensor:
        """Tokens h (B, N, W) after attention to the context (B, M, W), of which mask (B, M) says what is there."""
        p = self.params_
        q, (k, v) = _norm(h) @ p[f"q{i}"], (_norm(context) @ p[f"kv{i}"]).chunk(2, dim=2)
        q, k, v = (t.unflatten(2, (self.heads, -1)).transpose(1, 2) for t in (q, k, v))
        read = scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None])
        h = h + read.transpose(1, 2).flatten(2) @ p[f"out{i}"]
        return h + torch.relu(_norm(h) @ p[f"up{i}"]) @ p[f"down{i}"]


def _norm(h: Tensor) -> Tensor:
    return layer_norm(h, h.shape[-1:])
