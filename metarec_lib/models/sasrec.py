"""SASRec: a causal Transformer over the history; the state of a user is what it says after the last item.

Shapes: B users, T items of a window, D numbers of a vector, h heads, I items.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import layer_norm, scaled_dot_product_attention

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE
from metarec_lib.models.base import settings
from metarec_lib.models.next_item import NextItemRecommender, Windows, latest_items


@settings
class SASRec(NextItemRecommender):
    """score of item j = x_T . v_j, with x_T the Transformer's output at the last place and v the item vectors that it read.

    Self-attentive sequential recommendation (Kang & McAuley 2018, ICDM, sec. III): x = v_item + p_place, then `layers`
    blocks, each x + g(LN(x)) for g a causal self-attention and for g a two-layer network with ReLU; a last LN. Item vectors
    are shared by input and output; `tied=False` gives the answers vectors and biases of their own. What differs from the
    paper: a start token stands before the history, so that a new user has a state; attention weights are not dropped out;
    the loss is `objective` (the paper's is binary cross-entropy with one negative, which makes it overconfident: Petrov &
    Macdonald 2023, RecSys).
    """

    width: int = 48
    layers: int = 2
    heads: int = 2
    dropout: float = 0.2
    tied: bool = True
    objective: str = "sampled"
    batch_size: int = 16
    epochs: int = 12
    lr: float = 3e-3
    patience: int = 8

    ranges = {"width": COUNT, "layers": COUNT, "heads": COUNT, "dropout": NOT_NEGATIVE, "tied": (True, False)}

    def _check_ranges(self) -> None:
        super()._check_ranges()
        if self.width % self.heads or not self.dropout < 1:
            raise ValueError(
                f"SASRec: got width={self.width}, heads={self.heads}, dropout={self.dropout}, expected a width that heads "
                "divides and a dropout below 1"
            )

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        d = self.width
        items = np.r_[rng.normal(0, 0.05, (data.n_items, d)), np.zeros((1, d))]  # the last row: an unknown item
        places = {"start": rng.normal(0, 0.05, d), "places": rng.normal(0, 0.05, (self.longest + 1, d))}
        found = {"items": items} | places | {"norm": np.stack([np.ones(d), np.zeros(d)])}
        for i in range(self.layers):
            found |= {f"norm_{i}{part}": np.stack([np.ones(d), np.zeros(d)]) for part in "ab"}
            found |= {f"{name}_{i}": rng.normal(0, d**-0.5, (d, d)) for name in ("query", "key", "value")}
            found |= {f"mix_{i}": rng.normal(0, 0.1 * d**-0.5, (d, d))}
            found |= {f"in_{i}": rng.normal(0, d**-0.5, (d, d)), f"in_bias_{i}": np.zeros(d)}
            found |= {f"out_{i}": rng.normal(0, 0.1 * d**-0.5, (d, d)), f"out_bias_{i}": np.zeros(d)}
        if not self.tied:
            counts = np.bincount(data.item_codes, minlength=data.n_items + 1) + 1.0
            found |= {"answers": rng.normal(0, 0.05, (data.n_items + 1, d)), "bias": np.log(counts / counts.sum())}
        return found

    # -- the network --------------------------------------------------------------------------------------------------
    def encode(self, items: Tensor, drop: torch.Generator | None = None) -> Tensor:
        """What the network knows before the first item, after it, …, after the last: (B, T + 1, D). items: (B, T)."""
        p = self.params_
        start = p["start"].expand(len(items), 1, -1)
        x = torch.cat([start, p["items"][items]], 1) + p["places"][: items.shape[1] + 1]
        x = self._dropped(x, drop)
        for i in range(self.layers):
            x = x + self._dropped(self.attend(normed(x, p[f"norm_{i}a"]), i), drop)
            hidden = torch.relu(normed(x, p[f"norm_{i}b"]) @ p[f"in_{i}"] + p[f"in_bias_{i}"])
            x = x + self._dropped(hidden @ p[f"out_{i}"] + p[f"out_bias_{i}"], drop)
        return normed(x, p["norm"])

    def attend(self, x: Tensor, layer: int) -> Tensor:
        """Causal self-attention of one layer, (B, T, D): place t reads places 0 to t."""
        shape = (*x.shape[:2], self.heads, -1)
        q, k, v = ((x @ self.params_[f"{n}_{layer}"]).view(shape).transpose(1, 2) for n in ("query", "key", "value"))
        # softmax(q k' / sqrt(D / h)) v over the places before, for each head: (B, h, T, D / h)
        mixed = scaled_dot_product_attention(q, k, v, is_causal=True)
        return mixed.transpose(1, 2).reshape(x.shape) @ self.params_[f"mix_{layer}"]

    def _dropped(self, x: Tensor, drop: torch.Generator | None) -> Tensor:
        """Each number set to zero with chance `dropout`, the others scaled up; x itself outside training."""
        if drop is None or not self.dropout:
            return x
        keep = torch.rand(x.shape, generator=drop) >= self.dropout
        return x * keep.to(x.device) / (1 - self.dropout)

    # -- as a recommender ---------------------------------------------------------------------------------------------
    def states_before(self, windows: Windows) -> Tensor:
        drop = torch.Generator().manual_seed(windows.seed)
        return self.encode(windows.items, drop)[:, :-1][windows.mask]

    def adapt(self, support: PaddedRatings) -> Tensor:
        """The users' states, (B, D): what the network says after their last item."""
        items, mask = latest_items(support, self.longest)
        x = self.encode(items)
        return x.gather(1, mask.sum(1).view(-1, 1, 1).expand(-1, 1, x.shape[2])).squeeze(1)

    def logits(self, state: Tensor, items: Tensor) -> Tensor:
        vectors = self.params_["items" if self.tied else "answers"][items]
        found = state @ vectors.T if items.ndim == 1 else (vectors @ state.unsqueeze(2)).squeeze(2)
        return found if self.tied else found + self.params_["bias"][items]


def normed(x: Tensor, weights: Tensor) -> Tensor:
    """Layer norm (Ba, Kiros & Hinton 2016): mean 0 and variance 1 over D, then a scale and a shift, weights (2, D)."""
    return layer_norm(x, x.shape[-1:], weights[0], weights[1])
