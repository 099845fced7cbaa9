"""Attention: values averaged with weights that say how well each key answers the query.

Shapes: any leading dimensions; Q queries, K keys, D features, V numbers of a value.
"""

from __future__ import annotations

import torch
from torch import Tensor


def attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None, temperature: float | None = None
) -> Tensor:
    """softmax(query key' / temperature) value, (…, Q, V).

    query (…, Q, D), key (…, K, D), value (…, K, V). mask (…, K) or (…, Q, K) bool: False where a key may not be looked at;
    a query that may look at none gets zeros. temperature: sqrt(D) where None, so that the logits of independent entries of
    variance 1 have variance 1 (Vaswani et al. 2017, NeurIPS, eq. 1). Raises ValueError where shapes do not fit, or the
    temperature is not positive.
    """
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ValueError(
            f"attention: got query {tuple(query.shape)}, key {tuple(key.shape)}, value {tuple(value.shape)}, expected "
            "(…, Q, D), (…, K, D), (…, K, V)"
        )
    temperature = query.shape[-1] ** 0.5 if temperature is None else temperature
    if not temperature > 0:
        raise ValueError(f"attention: got temperature {temperature}, expected a positive number")
    return masked_softmax(query @ key.mT / temperature, mask) @ value


def masked_softmax(logits: Tensor, mask: Tensor | None = None) -> Tensor:
    """Weights (…, Q, K) that sum to one over the keys that may be looked at; zeros where there are none."""
    if mask is None:
        return torch.softmax(logits, -1)
    mask = mask if mask.ndim == logits.ndim else mask.unsqueeze(-2)
    weights = torch.softmax(logits.masked_fill(~mask, torch.finfo(logits.dtype).min), -1)
    return weights * mask
