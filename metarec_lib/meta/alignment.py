"""A space of vectors that a retraining has turned: turn it back."""

from __future__ import annotations

import numpy as np


def procrustes(vectors: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The orthogonal Q, (D, D), with the smallest |vectors Q - reference| (Schönemann 1966, Psychometrika).

    vectors, reference: (N, D), the same N anchors in the new space and in the old. With vectors' reference = U S W' it is
    Q = U W'; a reflection is allowed, nothing is centred or scaled. Users and items are turned by the same Q, so that their
    inner products stay. Fewer anchors than dimensions leave Q undetermined: ValueError, as for shapes that differ or values
    that are not finite.
    """
    new, old = (np.asarray(side, dtype=np.float64) for side in (vectors, reference))
    if new.ndim != 2 or new.shape != old.shape or len(new) < new.shape[1]:
        raise ValueError(
            f"procrustes: got vectors of shape {new.shape} and a reference of shape {old.shape}, expected both (N, D) with "
            "N of D or more. Usual cause: too few anchors, or spaces of different width"
        )
    if not (np.isfinite(new).all() and np.isfinite(old).all()):
        raise ValueError("procrustes: got NaN or infinity, expected numbers. Usual cause: an anchor without a vector")
    left, _, right = np.linalg.svd(new.T @ old)
    return left @ right
