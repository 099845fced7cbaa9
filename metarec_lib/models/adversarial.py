"""Attacks on inputs or parameters, gradient reversal, and linear erasure.

Shapes: B rows, D features, U users, Z columns of what is to be hidden.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

NORMS = ("inf", "2")


def fgsm(loss: Callable[[Tensor], Tensor], x: Tensor, epsilon: float, norm: str = "inf") -> Tensor:
    """x moved by one step that raises the loss, of size epsilon; the shape of x.

    norm "inf": x + epsilon sign(g) (Goodfellow et al. 2015, ICLR, sec. 4). "2": x + epsilon g / |g|_2 for each row, as
    APR does with embeddings (He et al. 2018, SIGIR, eq. 8). loss: x -> scalar. A row whose gradient is zero stays.
    """
    _check(epsilon, norm)
    return x.detach() + _direction(_gradient(loss, x), epsilon, norm)


def pgd(
    loss: Callable[[Tensor], Tensor], x: Tensor, epsilon: float, steps: int = 10, rate: float | None = None,
    norm: str = "inf",
) -> Tensor:  # fmt: skip
    """x after `steps` such steps of size `rate` (2.5 epsilon / steps where None), each followed by a projection onto the
    ball of radius epsilon around x: per entry for "inf", per row for "2" (Madry et al. 2018, ICLR, sec. 2.1)."""
    _check(epsilon, norm)
    if steps < 1:
        raise ValueError(f"pgd: got steps={steps}, expected 1 or more")
    rate, start = 2.5 * epsilon / steps if rate is None else rate, x.detach()
    moved = torch.zeros_like(start)
    for _ in range(steps):
        moved = moved + _direction(_gradient(loss, start + moved), rate, norm)
        moved = moved.clamp(-epsilon, epsilon) if norm == "inf" else moved * _shrink(moved, epsilon)
    return start + moved


def _check(epsilon: float, norm: str) -> None:
    if norm not in NORMS or not epsilon >= 0:
        raise ValueError(f"got epsilon={epsilon}, norm={norm!r}; expected epsilon of 0 or more and a norm of {NORMS}")


def _gradient(loss: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    return torch.autograd.grad(loss(x), x)[0]


def _direction(gradient: Tensor, size: float, norm: str) -> Tensor:
    if norm == "inf":
        return size * gradient.sign()
    length = gradient.norm(dim=-1, keepdim=True)
    return size * gradient / torch.where(length > 0, length, 1.0)


def _shrink(moved: Tensor, epsilon: float) -> Tensor:
    length = moved.norm(dim=-1, keepdim=True)
    return torch.where(length > epsilon, epsilon / length.clamp(min=1e-30), 1.0)


def apr(
    loss: Callable[[dict[str, Tensor]], Tensor], tables: dict[str, Tensor], epsilon: float
) -> tuple[dict[str, Tensor], Tensor]:
    """The worst small change of embedding tables, and the gradient-carrying loss under it.

    Delta = epsilon g / |g|_2 for each row of each table, g the gradient of the loss there; Delta counts as a constant (He
    et al. 2018, SIGIR, eq. 6 to 8, whose code normalises by row). loss: tables by name -> scalar. Returns Delta by name, and
    loss(tables + Delta).
    """
    _check(epsilon, "2")
    fixed = {name: table.detach().requires_grad_() for name, table in tables.items()}
    with torch.enable_grad():
        gradients = torch.autograd.grad(loss(fixed), list(fixed.values()))
    change = {name: _direction(g, epsilon, "2") for name, g in zip(fixed, gradients, strict=True)}
    return change, loss({name: table + change[name] for name, table in tables.items()})


class GradientReversal(torch.nn.Module):
    """Identity forward; backward the gradient times -strength (Ganin et al. 2016, JMLR, sec. 4.2).

    What stands behind it learns to predict, what stands before it learns to prevent that. strength 0 cuts the connection; a
    negative one makes both help each other.
    """

    def __init__(self, strength: float = 1.0) -> None:
        super().__init__()
        self.strength = float(strength)

    def forward(self, x: Tensor) -> Tensor:
        return _Reverse.apply(x, self.strength)


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, strength: float) -> Tensor:
        context.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -context.strength * gradient, None


@dataclass(frozen=True, eq=False)
class Eraser:
    """x - (x - mean) P': P (D, D) takes out what a linear probe could read. Call it on (B, D)."""

    mean: Tensor
    projection: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return x - (x - self.mean) @ self.projection.T


def linear_erasure(x: Tensor, z: Tensor, tolerance: float = 1e-9) -> Eraser:
    """LEACE: the smallest change of x after which no linear function of x correlates with z.

    r(x) = x - W^+ P W (x - E x), W = S_xx^(-1/2), P the projection onto the columns of W S_xz (Belrose et al. 2023,
    NeurIPS, theorem 4.3). x: (B, D). z: (B,) or (B, Z), such as 0/1 of a group. It promises nothing about probes that are
    not linear, and nothing exact about rows it was not fitted on.
    """
    z = z.to(x.dtype).reshape(len(z), -1)
    if x.ndim != 2 or len(z) != len(x) or len(x) < 2:
        raise ValueError(f"linear_erasure: got x {tuple(x.shape)}, z {tuple(z.shape)}; expected (B, D), (B,), B >= 2")
    mean = x.mean(0)
    values, vectors = torch.linalg.eigh((x - mean).T @ (x - mean) / len(x))
    kept = values > tolerance * values.max().clamp(min=1e-300)
    values, vectors = values[kept], vectors[:, kept]
    white = vectors * values**-0.5 @ vectors.T  # W
    back = vectors * values**0.5 @ vectors.T  # its pseudo-inverse
    left, sizes, _ = torch.linalg.svd(white @ ((x - mean).T @ (z - z.mean(0)) / len(x)), full_matrices=False)
    left = left[:, sizes > tolerance]
    return Eraser(mean, back @ left @ left.T @ white)
