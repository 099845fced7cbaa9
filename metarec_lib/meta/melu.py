"""MeLU: what is known of a user and an item is embedded once for all users; only the decision layers adapt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.base import MetaLearner
from metarec_lib.meta.maml import MAML
from metarec_lib.meta.networks import Weights, initial_weights
from metarec_lib.models.arguments import COUNT
from metarec_lib.models.base import settings

AGES = (18, 25, 35, 45, 50, 56)  # where MovieLens-1M's age groups begin
EMBED = "embed_"
SCALE = 0.3  # standard deviation of an embedding before training


@settings
class MeLU(MAML):
    """score = mean + s f([e_u, e_i]; theta_u): embedded features, two ReLU layers and an output (Lee et al. 2019, KDD).

    e_u: age group, gender, occupation and first character of the zip code. e_i: genres, decade, and the item itself, in the
    place of the paper's rate, directors and actors, which MovieLens-100K lacks. Each is `embedding` numbers, zero where
    missing. The inner loop moves the decision layers theta, the outer loop everything (alg. 1). Nothing is pretrained, there
    is no item bias beneath, and the step does not grow with K. Not of the paper: the output starts near the mean rating, in
    units of the ratings' spread s. Its own rates, at which it hardly moves here, are
    `MeLU(lr=5e-5, inner_lr=5e-6, inner_steps=1, batch_size=32)`. The defaults serve small data too.
    `MeLU(inner_steps=1, inner_lr=0.1, shrinkage=5)` has MAML's K-aware step, which is not the paper's.
    """

    embedding: int = 32
    hidden: int = 64
    inner_lr: float = 0.03
    shrinkage: float = 0.0
    epochs: int = 30
    patience: int = 5

    ranges = {"embedding": COUNT}
    pretrained = frozenset()

    def _prepare(self, data: Interactions) -> None:
        MetaLearner._prepare(self, data)  # no pretrained items
        self.fields_ = {name: self._tensor(table) for name, table in one_hot_fields(data).items()}

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        weights = initial_weights(((len(self.fields_) + 1) * self.embedding, self.hidden, self.hidden, 1), rng)
        weights |= {"w2": 0.1 * weights["w2"]}  # starts close to the mean rating
        tables = {k: rng.normal(0, SCALE, (table.shape[1], self.embedding)) for k, table in self.fields_.items()}
        tables["item_id"] = np.zeros((data.n_items + 1, self.embedding))  # an item without ratings adds nothing
        return weights | {EMBED + name: table for name, table in tables.items()}

    def inputs(self, ratings: PaddedRatings) -> tuple[Tensor, Tensor]:
        """The mean rating (B, N), as there is no bias, and [e_u, e_i] (B, N, D)."""
        user = self._embed("user", ratings.users)
        item = torch.cat([self._embed("item", ratings.items), self.params_[EMBED + "item_id"][ratings.items]], dim=2)
        x = torch.cat([user.unsqueeze(1).expand(-1, ratings.items.shape[1], -1), item], dim=2)
        return torch.full_like(ratings.values, self.mean_), x

    def _embed(self, kind: str, rows: Tensor) -> Tensor:
        """The embedded fields of users (B,) or items (B, N), side by side."""
        parts = [f[rows] @ self.params_[EMBED + name] for name, f in self.fields_.items() if name.startswith(kind)]
        return torch.cat(parts, dim=-1) if parts else self.fields_["item_genres"].new_zeros(*rows.shape, 0)

    def _weights(self) -> Weights:
        """The decision layers."""
        return {name: value for name, value in super()._weights().items() if not name.startswith(EMBED)}


def one_hot_fields(data: Interactions) -> dict[str, np.ndarray]:
    """Each categorical feature as a table (U + 1, C) or (I + 1, C) of 0 and 1; a missing value, and row -1, are zeros.

    The G genres of an item share 1. Fields whose column the tables lack are left out.
    """
    users, items = data.users, data.items
    groups = {
        "age": lambda age: pd.cut(pd.to_numeric(age), [-np.inf, *AGES, np.inf], right=False, labels=False),
        "gender": lambda gender: gender,
        "occupation": lambda occupation: occupation,
        "zip": lambda code: code.where(code.isna(), code.astype(str).str[:1]),
    }
    tables = {f"user_{k}": pd.get_dummies(group(users[k])) for k, group in groups.items() if k in users}
    genres = items[list(data.genres)].to_numpy(dtype=np.float64)
    tables["item_genres"] = genres / np.maximum(genres.sum(axis=1, keepdims=True), 1)
    tables["item_decade"] = pd.get_dummies(items["year"] // 10)
    return {name: np.pad(np.asarray(table, dtype=np.float64), ((0, 1), (0, 0))) for name, table in tables.items()}
