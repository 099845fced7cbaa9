"""Deep networks over features of a user and an item, in three shapes that stand in many companies.

Shapes: N states, Q items, D numbers of a vector, H hidden units, F item features, I items, T items of a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.features import item_features
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.arguments import COUNT
from metarec_lib.models.attention import masked_softmax
from metarec_lib.models.base import settings
from metarec_lib.models.next_item import NextItemRecommender, Windows, latest_items

KINDS = ("two-tower", "wide & deep", "deepfm")
AT_ONCE = 256  # items that the hidden layer sees together, so that memory does not grow with all of them


@dataclass(frozen=True, eq=False)
class Past:
    """What is known of N users: the pooled vector of their history (N, D), and their last item (N,), -1 for none."""

    pooled: Tensor
    last: Tensor


@settings
class DNN(NextItemRecommender):
    """A score from three fields: the history h, the item's id e_j, its genres and year g_j; each a vector of D numbers.

    - "two-tower": b_j + MLP(h) . (MLP(e_j + g_j)). User and item meet in one product, so that the items' side can be stored
      and searched (Covington, Adams & Sargin 2016, RecSys; Yi et al. 2019, RecSys).
    - "wide & deep": b_j + w_(last, j) + MLP(h, e_j, g_j). The wide part is a table of crosses of the last item and the
      item, hashed into `buckets` (Cheng et al. 2016, DLRS).
    - "deepfm": b_j + h.e_j + h.g_j + e_j.g_j + MLP(h, e_j, g_j): a factorisation machine over the fields beside the network,
      on the same vectors (Guo et al. 2017, IJCAI).

    h is a mean of the last `longest` items' vectors with one learned weight a place. The last two papers train by logistic
    loss on clicks that were shown; here nothing was shown, so all three name the next item (`objective`).
    """

    kind: str = "two-tower"
    width: int = 32
    hidden: int = 32
    buckets: int = 2**17
    longest: int = 20
    objective: str = "sampled"
    batch_size: int = 16
    epochs: int = 10
    lr: float = 3e-3

    ranges = {"kind": KINDS, "width": COUNT, "hidden": COUNT, "buckets": COUNT}

    def _prepare(self, data: Interactions) -> None:
        super()._prepare(data)
        features = item_features(data)[0]
        self.features_ = self._tensor(np.pad(features, ((0, 1), (0, 0))))  # the last row: an unknown item

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        d, h = self.width, self.hidden
        counts = np.bincount(data.item_codes, minlength=data.n_items + 1) + 1.0
        found = {
            "history": rng.normal(0, 0.1, (data.n_items + 1, d)), "items": rng.normal(0, 0.1, (data.n_items + 1, d)),
            "features": rng.normal(0, 0.1, (self.features_.shape[1], d)), "start": rng.normal(0, 0.1, d),
            "places": np.linspace(0, -2, self.longest), "bias": np.log(counts / counts.sum()),
        }  # fmt: skip
        for name, fields in (("user", 1), ("item", 1)) if self.kind == "two-tower" else (("deep", 3),):
            found |= {f"{name}_in": rng.normal(0, (fields * d) ** -0.5, (fields * d, h)), f"{name}_bias": np.zeros(h)}
            found |= {f"{name}_out": rng.normal(0, h**-0.5, (h, d if fields == 1 else 1))}
        return found | ({"wide": np.zeros(self.buckets)} if self.kind == "wide & deep" else {})

    # -- the user -----------------------------------------------------------------------------------------------------
    def _pooled(self, items: Tensor, seen: Tensor, age: Tensor) -> Tensor:
        """Weighted means of items (B, T), one for each row of seen (B, R, T) bool; age (…, R, T): how many came after."""
        place = self.params_["places"][age.clamp(0, self.longest - 1)]
        seen = seen & (age < self.longest)
        weights = masked_softmax(place.expand(seen.shape), seen)
        mean = weights @ self.params_["history"][items]
        return torch.where(seen.any(-1, keepdim=True), mean, self.params_["start"])

    def states_before(self, windows: Windows) -> Past:
        at = torch.arange(windows.items.shape[1], device=windows.items.device)
        before = (at[:, None] > at) & windows.mask.unsqueeze(1)
        pooled = self._pooled(windows.items, before, at[:, None] - at - 1 + (at >= at[:, None]) * self.longest)
        last = torch.cat([torch.full_like(windows.items[:, :1], -1), windows.items[:, :-1]], 1)
        return Past(pooled[windows.mask], last[windows.mask])

    def adapt(self, support: PaddedRatings) -> Past:
        items, mask = latest_items(support, self.longest)
        count = mask.sum(1, keepdim=True)
        age = count - 1 - torch.arange(items.shape[1], device=items.device)
        age = torch.where(mask, age, self.longest).unsqueeze(1)
        ends = torch.cat([items.new_full((len(items), 1), -1), items], 1)
        return Past(self._pooled(items, mask.unsqueeze(1), age).squeeze(1), ends.gather(1, count).squeeze(1))

    # -- the score ----------------------------------------------------------------------------------------------------
    def logits(self, state: Past, items: Tensor) -> Tensor:
        shared = items.unsqueeze(0) if items.ndim == 1 else items
        parts = [self._some(state, some) for some in torch.split(shared, AT_ONCE, dim=1)]
        return torch.cat(parts, 1) if parts else state.pooled.new_zeros(len(state.pooled), 0)

    def _some(self, state: Past, items: Tensor) -> Tensor:
        """Scores (N, Q) of items (N, Q), or (1, Q) for all."""
        p, h = self.params_, state.pooled.unsqueeze(1)
        e, g = p["items"][items], self.features_[items] @ p["features"]
        first = p["bias"][items]
        if self.kind == "two-tower":
            return first + self._dot(h + self._mlp("user", h), e + g + self._mlp("item", e + g))
        if self.kind == "wide & deep":
            first = first + p["wide"][self._crossed(state.last.unsqueeze(1), items)]
        if self.kind == "deepfm":
            first = first + self._dot(h, e + g) + (e * g).sum(2)
        of_h, of_e, of_g = p["deep_in"].split(self.width)  # (h, e, g) W = h W_h + e W_e + g W_g: items are shared
        hidden = torch.relu(h @ of_h + (e @ of_e + g @ of_g + p["deep_bias"]))
        return first + (hidden @ p["deep_out"]).squeeze(2)

    def _mlp(self, name: str, x: Tensor) -> Tensor:
        return torch.relu(x @ self.params_[f"{name}_in"] + self.params_[f"{name}_bias"]) @ self.params_[f"{name}_out"]

    @staticmethod
    def _dot(user: Tensor, item: Tensor) -> Tensor:
        """(N, 1, D) and (N or 1, Q, D): (N, Q)."""
        return user.squeeze(1) @ item[0].T if len(item) == 1 else (item @ user.mT).squeeze(2)

    def _crossed(self, last: Tensor, items: Tensor) -> Tensor:
        """The bucket of each pair, (N, Q): a multiplicative hash, so that memory does not grow with I x I."""
        pair = (last + 1) * (len(self.log_q_) + 1) + items + 1
        return (pair * 2654435761 % 2**32) * self.buckets >> 32
