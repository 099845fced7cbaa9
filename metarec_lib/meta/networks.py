"""Small networks whose weights differ from task to task, and the inner loop that makes them differ. Pure functions.

A network is a dict of tensors: w0 (D, H), b0 (1, H), w1 (H, 1), b1 (1, 1), ... with a task axis in front once adapted.
Shapes: B tasks, N examples of a task (K of a support, Q of a query), D inputs, H hidden width.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

Weights = dict[str, Tensor]


def initial_weights(sizes: Sequence[int], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Weights ~ N(0, 2 / inputs), biases 0 (He et al. 2015, ICCV, eq. 10), for layers of these sizes."""
    weights = {}
    for layer, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        weights[f"w{layer}"] = rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out))
        weights[f"b{layer}"] = np.zeros((1, n_out))
    return weights


def forward(weights: Weights, x: Tensor) -> Tensor:
    """Outputs (B, N) of a network with ReLU layers for x (B, N, D)."""
    return _layers(weights, x)[-1].squeeze(-1)


def loss_gradient(weights: Weights, x: Tensor, y: Tensor, share: Tensor) -> Weights:
    """Gradient of each task's own loss L = sum_n share_n (f(x_n) - y_n)^2; every weight gets a task axis.

    x (B, N, D), y (B, N). share (B, N): 1 / K on a task's K examples and 0 where padded, for the mean squared error.
    Backpropagation written out, for all tasks at once: delta is dL / d(output of a layer). It is made of plain tensor
    operations, so that autograd can differentiate it once more: that is second-order MAML.
    """
    *inputs, output = _layers(weights, x)
    delta = 2 * share.unsqueeze(-1) * (output - y.unsqueeze(-1))
    gradient = {}
    for layer in reversed(range(len(inputs))):
        gradient[f"w{layer}"] = inputs[layer].mT @ delta
        gradient[f"b{layer}"] = delta.sum(-2, keepdim=True)
        if layer:
            delta = (delta @ weights[f"w{layer}"].mT) * (inputs[layer] > 0)
    return gradient


def adapt_weights(weights: Weights, x: Tensor, y: Tensor, share: Tensor, steps: int, order: int = 2) -> Weights:
    """The inner loop: theta_u <- theta_u - grad sum_k share_uk (f(x_uk; theta_u) - y_uk)^2, `steps` times (Finn et al. 2017,
    ICML, eq. 1).

    x (B, K, D), y (B, K). share (B, K): the rate is multiplied into the loss, which is the same and cheaper than into every
    gradient; rate / K on a user's K examples and 0 where padded make it a step on the mean squared error.
    order 1 treats the gradient as a constant of the outer loss.
    """
    for _ in range(steps):
        step = loss_gradient(weights, x, y, share)
        weights = {k: w - (step[k] if order == 2 else step[k].detach()) for k, w in weights.items()}
    return weights


def _layers(weights: Weights, x: Tensor) -> list[Tensor]:
    """The input, every hidden layer, and the output (B, N, 1)."""
    values, last = [x], len(weights) // 2 - 1
    for layer in range(last + 1):
        out = values[-1] @ weights[f"w{layer}"] + weights[f"b{layer}"]
        values.append(out * (out > 0) if layer < last else out)  # ReLU; its backward is a product, cheaper twice over
    return values
