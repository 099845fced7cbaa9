"""Second-order MAML, batched over tasks, against a plain loop: tasks a second of CPU time, medians of alternated runs.

Run: python tests/benchmarks/bench_maml.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from metarec_lib.meta.networks import adapt_weights, forward, initial_weights

B, K, Q, D, H, STEPS, RATE = 32, 10, 20, 32, 32, 3, 0.1


def plain_loop(weights: dict[str, Tensor], x: Tensor, y: Tensor, xq: Tensor, yq: Tensor, order: int) -> Tensor:
    """MAML as it is usually written: one task after the other, `torch.autograd.grad` in the inner loop."""
    losses = []
    for i in range(len(x)):
        fast = dict(weights)
        for _ in range(STEPS):
            loss = ((forward(fast, x[i]) - y[i]) ** 2).mean()
            gradient = torch.autograd.grad(loss, list(fast.values()), create_graph=order == 2)
            fast = {k: w - RATE * g for (k, w), g in zip(fast.items(), gradient, strict=True)}
        losses.append(((forward(fast, xq[i]) - yq[i]) ** 2).mean())
    return torch.stack(losses).mean()


def batched(weights: dict[str, Tensor], x: Tensor, y: Tensor, xq: Tensor, yq: Tensor, order: int) -> Tensor:
    fast = adapt_weights(weights, x, y, torch.ones_like(y, dtype=torch.bool), RATE, STEPS, order)
    return ((forward(fast, xq) - yq) ** 2).mean()


def tasks_per_second(run: Callable[[], Tensor], weights: dict[str, Tensor]) -> float:
    start = time.process_time()
    torch.autograd.grad(run(), list(weights.values()))
    return B / (time.process_time() - start)


def measure(order: int, dtype: torch.dtype = torch.float64, repeats: int = 31) -> tuple[float, float, float]:
    """Tasks a second of the loop and of the batched form, the median of alternated runs, and the ratio of the two."""
    rng = np.random.default_rng(0)
    weights = {k: torch.tensor(v, dtype=dtype, requires_grad=True) for k, v in initial_weights((D, H, 1), rng).items()}
    data = [torch.tensor(rng.normal(size=s), dtype=dtype) for s in ((B, K, D), (B, K), (B, Q, D), (B, Q))]
    pairs = []
    for _ in range(repeats + 2):
        pairs.append([tasks_per_second(lambda f=f: f(weights, *data, order), weights) for f in (plain_loop, batched)])
    loop, fast = (statistics.median(column) for column in zip(*pairs[2:], strict=True))
    return loop, fast, fast / loop


if __name__ == "__main__":
    torch.set_num_threads(1)
    for order in (2, 1):
        loop, fast, ratio = measure(order)
        print(f"order {order}: plain loop {loop:,.0f} tasks/s, batched {fast:,.0f} tasks/s, ratio {ratio:.1f}")
