"""A recommender whose prior over users is learned while they arrive.

Shapes: B users, K ratings of a user, D = R + 1 weights of a user.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.pca import FactorRecommender
from metarec_lib.meta.ridge import LinearHead, LinearItems, LinearState
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE, POSITIVE, Range
from metarec_lib.models.base import settings
from metarec_lib.models.history import History
from metarec_lib.online.meta_leader import ArrivingUser, MetaLeader, OnlinePrior

LEADERS = ("empirical bayes", "meta-sgd")


@settings
class OnlineMetaLearningModel(LinearHead, FactorRecommender):
    """score = b_i + s (v_i, 1) . w_u, the prior of w_u learned user by user in the order of arrival.

    leader: "empirical bayes" re-estimates a normal prior (`OnlinePrior`), and users are solved exactly, with an uncertainty;
    "meta-sgd" follows the meta-leader (`MetaLeader`: an initialisation and a rate for each weight, one step a user).
    Items and noise come from `fit_factors` and stay; the users' features are not used. The first `support` ratings of a user
    are what the meta-step adapts on, the rest its query. scale and strength: of the first leader; inner_rate, shrinkage, lr,
    outer_steps, memory: of the second, see there.

    `fit` lets its users arrive by the time of their first rating. Later, `update` gives one more rating to a user, and
    `arrive(user_id)` lets the prior learn from all ratings of that user. Only the prior is saved, not the users stored by
    the leader: after `load_model` call `fit` before `arrive`.
    """

    leader: str = "empirical bayes"
    support: int = 5
    inner_rate: float = 0.05
    shrinkage: float = 5.0
    lr: float = 0.01
    outer_steps: int = 10
    memory: int | None = None
    scale: float = 0.4
    strength: float = 20.0

    ranges = {
        "leader": LEADERS, "support": COUNT, "inner_rate": POSITIVE, "shrinkage": NOT_NEGATIVE, "lr": POSITIVE,
        "outer_steps": COUNT, "memory": Range(0, whole=True, optional=True), "scale": POSITIVE, "strength": POSITIVE,
    }  # fmt: skip

    def _learn(self, data: Interactions) -> None:
        super()._learn(data)
        d = self.item_vectors_.shape[2] + 1
        self.root_ = self._tensor(np.eye(d))
        if self.leader == "meta-sgd":
            rest = self.shrinkage, self.lr, self.outer_steps, self.memory, self.seed
            self._prior = MetaLeader(d, self.inner_rate, *rest)
        else:
            self._prior = OnlinePrior(d, self.scale, self.strength)
        history, users = History(data), data.users["user_id"].to_numpy()
        first = np.full(len(users), np.iinfo(np.int64).max)
        np.minimum.at(first, data.user_codes, data.ratings["timestamp"].to_numpy())
        present = np.flatnonzero(np.bincount(data.user_codes, minlength=len(users)))
        for user in present[np.argsort(first[present], kind="stable")]:
            self._prior.learn(self._arriving(history.padded(users[[user]], self.device, self.dtype)))
        self._take_prior()

    def arrive(self, user_id: object) -> Self:
        """Let the prior learn from all known ratings of this user; raises ValueError where there is none to learn from."""
        ratings = self.ratings_of([user_id])
        if not hasattr(self, "_prior"):
            raise ValueError("arrive: got a model that was loaded, whose stored users are not saved; call fit first")
        if not int(ratings.counts):
            raise ValueError(f"arrive: got user {user_id!r}, of whom no rating is known; call update first")
        self._prior.learn(self._arriving(ratings))
        self._take_prior()
        return self

    def _arriving(self, ratings: PaddedRatings) -> ArrivingUser:
        """One user's ratings, oldest first, as a task."""
        with torch.no_grad():
            items = super().linear(ratings)
            y = (ratings.values - items.bias) / self.spread_
        x, y, noise = (t[0].cpu().numpy() for t in (items.x, y, items.variance))
        parts, k = (x, y, noise), self.support
        return ArrivingUser(int(ratings.users[0]), *(p[:k] for p in parts), *(p[k:] for p in parts))

    def _take_prior(self) -> None:
        """The prior as the model uses it. A normal prior N(m, L L') is N(L^-1 m, I) for the inputs x L."""
        if isinstance(self._prior, MetaLeader):
            self.prior_mean_, self.rates_ = self._tensor(self._prior.start), self._tensor(self._prior.rates)
        else:
            root = np.linalg.cholesky(self._prior.covariance)
            self.root_, self.prior_mean_ = self._tensor(root), self._tensor(np.linalg.solve(root, self._prior.mean))

    def linear(self, ratings: PaddedRatings) -> LinearItems:
        items = super().linear(ratings)
        return LinearItems(items.bias, items.x @ self.root_, items.variance)

    def prior_of(self, users: Tensor) -> tuple[Tensor, Tensor]:
        return self.prior_mean_.expand(len(users), -1), torch.ones_like(self.prior_mean_)

    def adapt(self, support: PaddedRatings) -> LinearState:
        if self.leader != "meta-sgd":
            return super().adapt(support)
        items, mask = self.linear(support), support.mask.to(support.values.dtype)
        x, y = items.x * mask.unsqueeze(2), (support.values - items.bias) / self.spread_ * mask
        share = 2 / (mask.sum(1, keepdim=True) + self.shrinkage).clamp(min=1e-12)
        gradient = share * (x.mT @ (x @ self.prior_mean_ - y).unsqueeze(2)).squeeze(2)
        return LinearState(self.prior_mean_ - self.rates_ * gradient, x)

    def score_std(self, state: LinearState, query: PaddedRatings) -> Tensor:
        if self.leader == "meta-sgd":
            raise ValueError('OnlineMetaLearningModel: leader="meta-sgd" knows no uncertainty; take "empirical bayes"')
        return super().score_std(state, query)
