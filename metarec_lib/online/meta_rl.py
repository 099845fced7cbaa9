"""A recommender that learned, in simulated sessions, how to learn a new user's taste: RL² as one of the models.

Shapes: B users, N ratings of a user, I items, F features of an item.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.pca import ProbabilisticPCA
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE, POSITIVE, Range
from metarec_lib.models.base import settings
from metarec_lib.models.next_item import latest_items
from metarec_lib.models.training import IterativeRecommender
from metarec_lib.online.environment import TasteWorld, world_of
from metarec_lib.online.policies import RL2, liked_share, policy_features, train_policy


@settings
class MetaRLModel(IterativeRecommender):
    """score_i = x_i . q / |q|, with q the policy's query after it has read a user's latest `longest` ratings, oldest first.

    RL² (Duan et al. 2016): a recurrent network trained by REINFORCE to be liked over sessions of `longest` items with
    simulated users, those of a `TasteWorld` made from the training ratings; see `RL2` for the network and `train_policy` for
    the gradient. `fit` needs no pairs of support and query: how to adapt is learned from reward alone. Scores are no
    ratings; `act` shows the item of the highest score. taste: of the simulated users. An epoch is `sessions` batches of
    `batch_size` sessions, each among `candidates` items drawn by how often they were rated.
    """

    rank: int = 8
    hidden: int = 32
    longest: int = 20
    taste: float = 2.5
    gamma: float = 0.5
    candidates: int = 200
    sessions: int = 10
    batch_size: int = 64
    lr: float = 0.01
    epochs: int = 30

    ranges = {
        "rank": COUNT, "hidden": COUNT, "longest": COUNT, "taste": NOT_NEGATIVE, "gamma": NOT_NEGATIVE, "candidates": COUNT,
        "sessions": COUNT, "batch_size": Range(2, whole=True), "lr": POSITIVE,
    }  # fmt: skip
    scores_are_ratings = False
    needs_both_classes = True
    uses_order = True

    def _start(self, data: Interactions) -> None:
        self.like_ = float(data.like)
        world = self._world_of(data)
        codes = torch.as_tensor(data.item_codes, device=self._device)
        share = liked_share(codes, self._tensor(data.liked.astype(float)), data.n_items)
        x = policy_features(self._tensor(world.vectors), share)
        self.features_ = torch.cat([x, torch.zeros_like(x[:1])])  # the last row: an item that nobody knows
        self.params_ = RL2(self.features_, self.hidden, self.seed).params
        self._adam = torch.optim.Adam(self.params_.values(), lr=self.lr)

    def _epoch(self, data: Interactions, batch_size: int | None = None) -> None:
        world, epoch = self._world_of(data), getattr(self, "trained_", 0)
        self.trained_ = epoch + 1
        counts = np.bincount(data.item_codes, minlength=data.n_items)
        rng = np.random.default_rng([self.seed, epoch])
        n = min(self.candidates, int((counts > 0).sum()))
        items = rng.choice(len(counts), n, replace=False, p=counts / counts.sum())
        steps = min(self.longest, max(1, n // 2))
        if not hasattr(self, "_adam"):
            self._adam = torch.optim.Adam(self.params_.values(), lr=self.lr)
        train_policy(
            self._policy(items), world.among(items), np.arange(len(world)), steps=steps, gamma=self.gamma,
            epochs=self.sessions, batch_size=batch_size or self.batch_size, seed=int(rng.integers(2**31)),
            optimiser=self._adam,
        )  # fmt: skip

    def _policy(self, items: np.ndarray | None = None) -> RL2:
        """The policy with the present parameters, over some of the items."""
        at = slice(None) if items is None else torch.as_tensor(items, device=self.features_.device)
        policy = RL2.__new__(RL2)
        policy.features, policy.hidden, policy.params = self.features_[at], self.hidden, self.params_
        return policy

    def _world_of(self, data: Interactions) -> TasteWorld:
        """The simulated users, made once for the data of a fit."""
        if getattr(self, "_made_from", None) is not data:
            model = ProbabilisticPCA(rank=self.rank, seed=self.seed, device=self.device, dtype=self.dtype).fit(data)
            self._world = world_of(model, data, np.arange(data.n_items), taste=self.taste)
            self._made_from = data
        return self._world

    def adapt(self, support: PaddedRatings) -> Tensor:
        """The users' queries, (B, F), after their latest ratings: liked or not, one after the other."""
        items, mask = latest_items(support, self.longest)
        likes = latest_items(_with_likes(support, self.like_), self.longest)[0].to(support.values.dtype)
        policy = self._policy()
        memory = policy.begin(len(support))
        for t in range(items.shape[1]):
            after = policy.observe(memory, items[:, t], likes[:, t])
            memory = memory.where(mask[:, t], after)
        return memory.query

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        direction = state / state.norm(dim=1, keepdim=True).clamp(min=1e-9)
        return (self.features_[query.items] @ direction.unsqueeze(2)).squeeze(2)


def _with_likes(ratings: PaddedRatings, like: float) -> PaddedRatings:
    """The same ratings with 1 in place of an item that was liked, 0 of others."""
    liked = (ratings.values >= like).to(ratings.items.dtype) * ratings.mask
    return PaddedRatings(ratings.users, liked, ratings.values, ratings.mask)
