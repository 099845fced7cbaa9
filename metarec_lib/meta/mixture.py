"""A mixture of priors: users are of several kinds, and a few ratings tell which.

Shapes: U users, C components, D features of an item.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.cluster import kmeans_plusplus
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, pad_ratings
from metarec_lib.meta.pca import FactorRecommender
from metarec_lib.models.arguments import COUNT, POSITIVE
from metarec_lib.models.base import settings


@dataclass(frozen=True, eq=False)
class Moments:
    """All that a user's posterior needs of their ratings: count (U,), sum x x' (U, D, D), sum x y (U, D), sum y^2 (U,), and
    the sum of the logs of their variances (U,); x and y are divided by a rating's standard deviation."""

    count: Tensor
    gram: Tensor
    right: Tensor
    square: Tensor
    log_variance: Tensor


@dataclass(frozen=True, eq=False)
class MixtureState:
    """Of B users: responsibilities (B, C), and the posterior of their weights under each component, mean (B, C, D)."""

    responsibility: Tensor
    mean: Tensor


@settings
class MixturePrior(FactorRecommender):
    """score = b_i + s sum_c rho_uc x_i . w_uc, where w_u ~ sum_c pi_c N(m_c + M g_u, S_c) before any rating.

    x_i = (v_i, 1) and M as in ProbabilisticPCA. pi, m, S by expectation-maximisation over the users (Dempster, Laird & Rubin
    1977, JRSS B; for regression: Bishop 2006, sec. 14.5): rho_uc is the posterior probability that user u is of kind c,
    given their ratings; w_uc their posterior mean if so. Each S_c counts `weight` users more that spread like the one prior.
    rounds: of EM; the noise and the items stay as fitted. One component is ProbabilisticPCA with correlated tastes.
    """

    components: int = 2
    rounds: int = 40
    weight: float = 20.0

    ranges = {"components": COUNT, "rounds": COUNT, "weight": POSITIVE}

    def _learn(self, data: Interactions) -> None:
        super()._learn(data)
        moments, shift = self._training_moments(data)
        base = torch.diag(self.scale_**2)
        self.share_ = self._tensor([1.0])
        self.means_, self.covariances_ = self.prior_mean_[None], base[None]
        alone = component_posterior(moments, self._priors(shift), self.covariances_)[0][:, 0] - shift
        start = kmeans_plusplus(
            (alone / self.scale_).cpu().numpy(), min(self.components, len(alone)), random_state=self.seed
        )[1]
        self.means_ = alone[start]
        self.share_ = self._tensor(np.full(len(start), 1 / len(start)))
        self.covariances_ = base.expand(len(start), -1, -1)
        for _ in range(self.rounds):
            self._em_step(moments, shift, base)

    def _training_moments(self, data: Interactions) -> tuple[Moments, Tensor]:
        """Moments and M g_u of the users in `data`; one row a rating, summed by user."""
        users, owner = np.unique(data.user_codes, return_inverse=True)
        rows = pad_ratings(np.arange(len(data)), data.item_codes, data.values, data.user_codes, self.device, self.dtype)
        x, y, log_var = (t.squeeze(1) for t in self._weighted(rows))
        owner = torch.as_tensor(owner, device=x.device)
        parts = (torch.ones_like(y), x.unsqueeze(2) * x.unsqueeze(1), x * y.unsqueeze(1), y**2, log_var)
        summed = (part.new_zeros(len(users), *part.shape[1:]).index_add(0, owner, part) for part in parts)
        return Moments(*summed), self._shift(torch.as_tensor(users, device=x.device))

    def _weighted(self, ratings: PaddedRatings) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, N, D) and y (B, N) divided by a rating's standard deviation, and its log variance, 0 where padded."""
        items = self.linear(ratings)
        weight = ratings.mask / items.variance.sqrt()
        y = (ratings.values - items.bias) / self.spread_
        return items.x * weight.unsqueeze(2), y * weight, items.variance.log() * ratings.mask

    def _shift(self, users: Tensor) -> Tensor:
        """M g_u, by how much the features move a user's prior mean, (B, D)."""
        return self.user_features_[users] @ self.prior_map_

    def _em_step(self, moments: Moments, shift: Tensor, base: Tensor) -> None:
        """Responsibilities and posteriors, and from them the shares, means and covariances anew."""
        mean, spread, evidence = component_posterior(moments, self._priors(shift), self.covariances_)
        rho = torch.softmax(self.share_.log() + evidence, dim=1)
        total = rho.sum(0)
        w = mean - shift.unsqueeze(1)
        self.means_ = (rho.unsqueeze(2) * w).sum(0) / total.clamp(min=1e-12).unsqueeze(1)
        away = w - self.means_
        scatter = torch.einsum("uc,ucij->cij", rho, spread + away.unsqueeze(3) * away.unsqueeze(2))
        self.covariances_ = (scatter + self.weight * base) / (total + self.weight)[:, None, None]
        self.share_ = (total / total.sum()).clamp(min=1e-6)  # log stays finite where a kind dies out

    def _priors(self, shift: Tensor) -> Tensor:
        """Prior means (U, C, D): m_c + M g_u."""
        return self.means_ + shift.unsqueeze(1)

    def adapt(self, support: PaddedRatings) -> MixtureState:
        x, y, log_var = self._weighted(support)
        count = support.counts.to(x.dtype)
        moments = Moments(count, x.mT @ x, (x.mT @ y.unsqueeze(2)).squeeze(2), (y**2).sum(1), log_var.sum(1))
        priors = self._priors(self._shift(support.users))
        mean, _, evidence = component_posterior(moments, priors, self.covariances_)
        return MixtureState(torch.softmax(self.share_.log() + evidence, dim=1), mean)

    def score(self, state: MixtureState, query: PaddedRatings) -> Tensor:
        items, mean = self.linear(query), (state.responsibility.unsqueeze(2) * state.mean).sum(1)
        return items.bias + self.spread_ * (items.x @ mean.unsqueeze(2)).squeeze(2)


def component_posterior(moments: Moments, prior: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Posterior mean (U, C, D) and covariance (U, C, D, D) of w, and log p(y | component), (U, C).

    y = x w + e, w ~ N(prior, covariance); x and y are divided by each rating's standard deviation sd_n, so that e ~ N(0, 1);
    prior (U, C, D), covariance (C, D, D). With P = S^-1 + x'x: mean = P^-1 (S^-1 m + x'y), and
    -2 log p(y) = n log 2 pi + sum log sd_n^2 + log|S| + log|P| + y'y + m' S^-1 m - mean' P mean.
    """
    inverse = torch.linalg.inv(covariance)
    precision = inverse + moments.gram.unsqueeze(1)
    right = (inverse @ prior.unsqueeze(3)).squeeze(3) + moments.right.unsqueeze(1)
    spread = torch.linalg.inv(precision)
    mean = (spread @ right.unsqueeze(3)).squeeze(3)
    fit = moments.square.unsqueeze(1) + torch.einsum("uci,cij,ucj->uc", prior, inverse, prior)
    constant = (moments.count * np.log(2 * np.pi) + moments.log_variance).unsqueeze(1)
    volume = torch.logdet(covariance) + torch.logdet(precision)
    return mean, spread, -0.5 * (constant + volume + fit - (mean * right).sum(2))
