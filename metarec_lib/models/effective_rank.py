"""How many directions a table of vectors really uses."""

from __future__ import annotations

import numpy as np


def effective_rank(vectors: np.ndarray) -> float:
    """exp of the entropy of the singular values, normalised to sum to 1 (Roy & Vetterli 2007, EUSIPCO, def. 1).

    vectors: (N, D), of which the mean is taken away first. Between 1 and min(N, D); 1 for vectors that are all the same.
    Raises ValueError for numbers that are not finite, or another shape.
    """
    found = np.asarray(vectors, dtype=float)
    if found.ndim != 2 or not len(found) or not np.isfinite(found).all():
        raise ValueError(f"effective_rank: got an array of shape {found.shape}, expected finite numbers (N, D)")
    sizes = np.linalg.svd(found - found.mean(0), compute_uv=False)
    if not sizes.sum() > 0:
        return 1.0
    share = sizes[sizes > 1e-12 * sizes[0]] / sizes.sum()
    return float(np.exp(-(share * np.log(share)).sum()))
