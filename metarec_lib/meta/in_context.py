"""A Transformer that learns regression in its context: no weight changes, the examples are read.

Shapes: B tasks, K examples, Q queries, D inputs, H width, h heads.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import layer_norm, scaled_dot_product_attention

from metarec_lib.device import resolve_device, resolve_dtype


class InContextRegressor:
    """Predicts the y of Q queries from K examples (x, y) that stand before them in its context.

    Tokens are W (x, y, 1) for examples and W (x, 0, 0) for queries; all of them attend to the examples alone, so that
    queries do not see each other; `layers` blocks of attention and a two-layer network, each x + g(LN(x)) (Vaswani et al.
    2017, NeurIPS, with the norm in front); no positions, since the order of examples means nothing. Trained on tasks drawn
    from a distribution, such a network comes near to least squares or ridge in its context (Garg et al. 2022, NeurIPS;
    Akyürek et al. 2023, ICLR).
    """

    def __init__(
        self, inputs: int, width: int = 48, layers: int = 2, heads: int = 4, lr: float = 3e-3, seed: int = 0,
        device: str | None = None, dtype: str | None = "float32",
    ) -> None:  # fmt: skip
        if min(inputs, width, layers, heads) < 1 or width % heads or not lr > 0:
            raise ValueError(
                f"InContextRegressor: got inputs={inputs}, width={width}, layers={layers}, heads={heads}, lr={lr}, expected "
                "whole numbers above 0, a width that heads divides, and a rate above 0"
            )
        self.layers, self.heads, self.lr = layers, heads, lr
        self.device = resolve_device(device)
        self.dtype = resolve_dtype(dtype, self.device)
        rng, h = np.random.default_rng(seed), width
        start = {"embed": rng.normal(0, (inputs + 2) ** -0.5, (inputs + 2, h)), "out": np.zeros(h)}
        for i in range(layers):
            start |= {f"{n}_{i}": rng.normal(0, h**-0.5, (h, h)) for n in ("query", "key", "value")}
            start |= {f"mix_{i}": rng.normal(0, 0.1 * h**-0.5, (h, h)), f"in_{i}": rng.normal(0, h**-0.5, (h, 4 * h))}
            start |= {f"bias_{i}": np.zeros(4 * h), f"back_{i}": rng.normal(0, 0.05 * h**-0.5, (4 * h, h))}
        self.params_ = {k: torch.as_tensor(v).to(self.device, self.dtype).requires_grad_() for k, v in start.items()}

    @property
    def n_parameters(self) -> int:
        return sum(value.numel() for value in self.params_.values())

    def predict(self, x: Tensor, y: Tensor, query: Tensor) -> Tensor:
        """x (B, K, D), y (B, K), query (B, Q, D) -> (B, Q)."""
        p, k = self.params_, x.shape[1]
        known = torch.cat([x, y.unsqueeze(2), torch.ones_like(y).unsqueeze(2)], 2)
        asked = torch.cat([query, query.new_zeros(*query.shape[:2], 2)], 2)
        h = torch.cat([known, asked], 1).to(self.device, self.dtype) @ p["embed"]
        for i in range(self.layers):
            h = h + self._attend(layer_norm(h, h.shape[-1:]), k, i)
            h = h + torch.relu(layer_norm(h, h.shape[-1:]) @ p[f"in_{i}"] + p[f"bias_{i}"]) @ p[f"back_{i}"]
        return layer_norm(h[:, k:], h.shape[-1:]) @ p["out"]

    def _attend(self, h: Tensor, k: int, layer: int) -> Tensor:
        """softmax(q k' / sqrt(H / heads)) v over the k examples, (B, N, H)."""
        shape = (len(h), -1, self.heads, h.shape[2] // self.heads)
        q = (h @ self.params_[f"query_{layer}"]).view(shape).transpose(1, 2)
        keys, values = ((h[:, :k] @ self.params_[f"{n}_{layer}"]).view(shape).transpose(1, 2) for n in ("key", "value"))
        return (
            scaled_dot_product_attention(q, keys, values).transpose(1, 2).reshape(h.shape)
            @ self.params_[f"mix_{layer}"]
        )

    def fit(
        self, noise: float, longest: int = 16, steps: int = 2000, batch_size: int = 128, queries: int = 8, seed: int = 0
    ) -> list[float]:
        """Adam, its rate falling to zero, on tasks y = x . w + noise e with x, w ~ N(0, 1); K from 1 to `longest`, drawn
        anew each step. Returns the loss of each step."""
        rng, losses = np.random.default_rng(seed), []
        optimiser = torch.optim.Adam(self.params_.values(), lr=self.lr)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, self.lr, total_steps=steps)
        for _ in range(steps):
            k = int(rng.integers(1, longest + 1))
            x, y, _ = linear_tasks(batch_size, k + queries, self.params_["embed"].shape[0] - 2, noise, rng)
            found = self.predict(x[:, :k], y[:, :k], x[:, k:])
            loss = ((found - y[:, k:].to(found)) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.params_.values(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        return losses


def linear_tasks(
    tasks: int, examples: int, inputs: int, noise: float, rng: np.random.Generator, strength: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """x (B, N, D) and w (B, D) of independent N(0, 1), w times `strength`, and y = x . w + noise e, (B, N)."""
    x, w = rng.normal(size=(tasks, examples, inputs)), strength * rng.normal(size=(tasks, inputs))
    y = np.einsum("bnd,bd->bn", x, w) + noise * rng.normal(size=(tasks, examples))
    return torch.as_tensor(x), torch.as_tensor(y), torch.as_tensor(w)


def bayes(x: Tensor, y: Tensor, noise: float, strength: float = 1.0) -> Tensor:
    """The posterior mean of w ~ N(0, strength^2), (B, D): ridge with noise^2 / strength^2, the best that can be done."""
    eye = torch.eye(x.shape[2], dtype=x.dtype, device=x.device)
    gram = x.mT @ x + (noise / strength) ** 2 * eye
    return torch.linalg.solve(gram, (x.mT @ y.unsqueeze(2))).squeeze(2)
