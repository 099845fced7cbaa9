"""One linear head with five priors: how much of a user's weights comes from everybody, from a segment, from the user alone.

Shapes: B users, K support ratings, D = R + 1 weights of a user (tastes, and last the bias), C clusters.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.cluster import KMeans
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.pca import FactorRecommender
from metarec_lib.meta.ridge import LinearHead, LinearState, ridge_posterior
from metarec_lib.models.arguments import COUNT, POSITIVE
from metarec_lib.models.base import settings
from metarec_lib.models.batches import user_batches

POOLINGS = ("global", "clusters", "independent", "partial", "profile")
NONE = 1e-4  # prior scale of tastes that may not move
AT_ONCE = 256  # users that are solved together


@settings
class PooledHead(LinearHead, FactorRecommender):
    """score = b_i + s (v_i, 1) . w_u; w_u has a bias, which every kind of pooling shrinks alike, and tastes:

    - "global": those of the mean user, the same for everybody;
    - "clusters": those of the user's segment, found by k-means on the training users' weights; a new user belongs to the
      segment under which the known ratings are likeliest, shares of the segments included;
    - "independent": the user's own, by ridge regression from the mean user with one prior scale, `strength`, for every
      taste; a large one is least squares, and leaves the user's data alone to speak;
    - "partial": N(m, diag(t^2)) with mean and scales learned across users (partial pooling, Gelman & Hill 2007, ch. 12);
    - "profile": N(m + M g_u, diag(scale^2)), the mean moved by the user's features g_u: `ProbabilisticPCA`. Without them the
      mean user has m + M mean(g), and users spread by t^2 = scale^2 + var(M g).

    Item vectors, noise and the prior of the bias are the same for all.
    """

    pooling: str = "partial"
    clusters: int = 8
    strength: float = 0.3

    ranges = {"pooling": POOLINGS, "clusters": COUNT, "strength": POSITIVE}

    def _learn(self, data: Interactions) -> None:
        super()._learn(data)
        shift = self.user_features_[np.unique(data.user_codes)] @ self.prior_map_  # what the profile knows
        self.mean_user_ = self.prior_mean_ + shift.mean(0)
        self.between_ = (self.scale_**2 + shift.var(0, unbiased=False)).sqrt()  # of users whose profile is unknown
        self.cluster_means_, self.cluster_share_ = self.mean_user_[None], self._tensor([1.0])
        if self.pooling == "clusters":
            self._segment(data)

    def _segment(self, data: Interactions) -> None:
        """Means (C, D) and shares (C,) of the training users' segments."""
        batches = user_batches(data, np.random.default_rng(self.seed), AT_ONCE, device=self._device, dtype=self._dtype)
        weights = torch.cat([self._posterior(b, self.mean_user_, self.between_).mean for b in batches])
        tastes = (weights / self.between_)[:, :-1].cpu().numpy()
        found = KMeans(min(self.clusters, len(tastes)), n_init=4, random_state=self.seed).fit_predict(tastes)
        member = torch.nn.functional.one_hot(torch.as_tensor(found, dtype=torch.int64, device=weights.device))
        member = member.to(weights.dtype)
        self.cluster_share_ = member.mean(0)
        self.cluster_means_ = (member.T @ weights) / member.sum(0).unsqueeze(1)
        self.cluster_means_[:, -1] = self.mean_user_[-1]

    def adapt(self, support: PaddedRatings) -> LinearState:
        prior, scale = self.prior_of(support.users)
        if self.pooling == "clusters":
            prior = self.cluster_means_[self.segment_of(support)]
        return self._posterior(support, prior, scale)

    def segment_of(self, support: PaddedRatings) -> Tensor:
        """The likeliest segment of each user given the ratings, (B,); the largest one where there are none.

        log p(y | c) up to a constant, the bias b ~ N(m, s^2) integrated out: with r = y - v . w_c - m and precision p of a
        rating, -1/2 (sum p r^2 - (sum p r)^2 / (1 / s^2 + sum p)).
        """
        items = self.linear(support)
        y = (support.values - items.bias) / self.spread_ - self.mean_user_[-1]
        precision = support.mask / items.variance
        r = y.unsqueeze(1) - torch.einsum("bkd,cd->bck", items.x[..., :-1], self.cluster_means_[:, :-1])
        weighted = precision.unsqueeze(1) * r
        known = self.between_[-1] ** -2 + precision.sum(1, keepdim=True)
        evidence = -0.5 * ((weighted * r).sum(2) - weighted.sum(2) ** 2 / known)
        return (evidence + self.cluster_share_.clamp(min=1e-6).log()).argmax(1)

    def _posterior(self, support: PaddedRatings, prior: Tensor, scale: Tensor) -> LinearState:
        items, prior = self.linear(support), prior.expand(len(support), -1)
        weight = support.mask / items.variance.sqrt()
        z, y = items.x * weight.unsqueeze(2), (support.values - items.bias) / self.spread_ * weight
        return LinearState(ridge_posterior(z, y, prior, scale, torch.ones_like(scale[0])), z)

    def prior_of(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (B, D) and scale (D,) of the weights before any rating."""
        if self.pooling == "profile":
            return self.prior_mean_ + self.user_features_[users] @ self.prior_map_, self.scale_
        mean, scale = self.mean_user_.repeat(len(users), 1), self.between_.clone()
        if self.pooling in ("global", "clusters"):
            scale[:-1] = NONE
        if self.pooling == "independent":
            scale[:-1] = self.strength
        return mean, scale
