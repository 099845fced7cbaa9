"""Determinantal point processes: random sets whose members differ.

Shapes: n things to choose from, k of them in a set.
"""

from __future__ import annotations

import numpy as np


def dpp_sample(kernel: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """A set of k of n things, drawn with probability det(L_S) / sum over sets of size k, as ascending positions (k,).

    kernel: L (n, n), symmetric, no negative eigenvalue; for unit vectors Z the set S of L = Z Z' has det = squared volume
    that its rows span, so like things seldom come together. Exact (Kulesza & Taskar 2011, ICML, alg. 1 and 2): draw k
    eigenvectors, with the help of elementary symmetric polynomials of the eigenvalues, then one thing after the other from
    the space that they span. Cost: O(n^3) once for the eigenvectors, O(n k^2) a draw.
    Raises ValueError for a kernel that is no such matrix, and where its rank is below k: then no set of size k has volume.
    """
    values, vectors = _eigen(kernel)
    rank = int((values > 1e-10 * max(values.max(initial=0), 1e-300)).sum())
    if not 1 <= k <= rank:
        raise ValueError(
            f"dpp_sample: got k={k} and a kernel of rank {rank}, expected 1 <= k <= the rank. Usual cause: embeddings with "
            "fewer numbers than k; add a little to the diagonal"
        )
    return _from_projection(vectors[:, _eigenvectors(values, k, rng)], rng)


def _eigen(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kernel = np.asarray(kernel, dtype=np.float64)
    square = kernel.ndim == 2 and kernel.shape[0] == kernel.shape[1]
    if not square or not np.isfinite(kernel).all() or not np.allclose(kernel, kernel.T):
        raise ValueError(
            f"dpp_sample: got a kernel of shape {kernel.shape}, expected a symmetric matrix of finite numbers"
        )
    values, vectors = np.linalg.eigh(kernel)
    if len(values) and values[0] < -1e-8 * max(abs(values[-1]), 1):
        raise ValueError(f"dpp_sample: got a kernel with the eigenvalue {values[0]:.3g}, expected none below zero")
    return values.clip(min=0), vectors


def elementary(values: np.ndarray, k: int) -> np.ndarray:
    """E[j, i]: the elementary symmetric polynomial of degree j of the first i values, (k + 1, n + 1).

    E[j, i] = E[j, i - 1] + values[i - 1] E[j - 1, i - 1] (Kulesza & Taskar 2012, alg. 7).
    """
    table = np.zeros((k + 1, len(values) + 1))
    table[0] = 1
    for j in range(1, k + 1):
        table[j, 1:] = np.cumsum(values * table[j - 1, :-1])
    return table


def _eigenvectors(values: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Which k eigenvectors, (n,) bool: a set J with probability prod of its values / E[k, n]."""
    values = values / values[values > 0].mean()  # a common factor cancels, and the products stay finite
    table, chosen, left = elementary(values, k), np.zeros(len(values), dtype=bool), k
    for i in range(len(values), 0, -1):
        if left and rng.random() * table[left, i] < values[i - 1] * table[left - 1, i - 1]:
            chosen[i - 1], left = True, left - 1
    return chosen


def _from_projection(basis: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A set from the process of the projection on orthonormal columns, (n, k): P(next = i) is the squared length of row i
    in what is orthogonal to the rows drawn before."""
    drawn = []
    for left in range(basis.shape[1], 0, -1):
        weight = np.einsum("ij,ij->i", basis, basis)
        weight[drawn] = 0
        drawn.append(int(rng.choice(len(weight), p=weight / weight.sum())))
        row = basis[drawn[-1]] / np.linalg.norm(basis[drawn[-1]])
        basis = basis - np.outer(basis @ row, row) if left > 1 else basis
    return np.sort(drawn)
