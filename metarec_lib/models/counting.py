"""How large a model is, and how much it computes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from metarec_lib.models.base import Recommender


def count_parameters(model: Recommender) -> dict[str, int]:
    """Numbers that training moves: "tables", looked up by an id, and "dense", which every example goes through.

    A table has one row an item or a user, perhaps one more for an unknown id, or is hashed (`wide` of `DNN`). Raises
    ValueError where a model has no `params_`.
    """
    params = getattr(model, "params_", None)
    if not params:
        raise ValueError(
            f"count_parameters: got {model!r} without params_, expected a fitted model trained by gradient"
        )
    rows = {n + more for n in (model.tables_.n_items, model.tables_.n_users) for more in (0, 1)}
    looked_up = [name for name, value in params.items() if name == "wide" or (value.ndim and value.shape[0] in rows)]
    tables = sum(params[name].numel() for name in looked_up)
    return {"tables": tables, "dense": sum(value.numel() for value in params.values()) - tables}


def count_flops(function: Callable[..., object], *arguments: object) -> int:
    """Floating point operations of matrix products and attention in one call; a multiply-add counts two.

    Look-ups, sums and activations are not counted: they cost memory traffic, hardly arithmetic.
    """
    fused = {
        torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _of_attention
    }  # the counter knows that of CUDA
    with torch.no_grad(), FlopCounterMode(display=False, custom_mapping=fused) as counter:
        function(*arguments)
    return counter.get_total_flops()


def _of_attention(q: torch.Size, k: torch.Size, v: torch.Size, *others: object, **options: object) -> int:
    return sdpa_flop_count(q, k, v)
