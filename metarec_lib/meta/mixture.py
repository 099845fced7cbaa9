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


@dataclass(frozen=True, eq=False)
class Moments:
    """All that a user's posterior needs of their ratings: count (U,), sum x x' (U, D, D), sum x y (U, D), sum y^2 (U,)."""

    count: Tensor
    gram: Tensor
    right: Tensor
    square: Tensor


@dataclass(frozen=True, eq=False)
class MixtureState:
    """Of B users: responsibilities (B, C), and the posterior of their weights under each component, mean (B, C, D)."""

    responsibility: Tensor
    mean: Tensor


class MixturePrior(FactorRecommender):
    """score = b_i + sum_c rho_uc x_i . w_uc, where w_u ~ sum_c pi_c N(m_c + M g_u, S_c) before any rating.

    x_i = (v_i, 1) and M as in ProbabilisticPCA. pi, m, S by expectation-maximisation over the users (Dempster, Laird & Rubin
    1977, JRSS B; for regression: Bishop 2006, sec. 14.5): rho_uc is the posterior probability that user u is of kind c,
    given their ratings; w_uc their posterior mean if so. Each S_c counts `weight` users more that spread like the one prior.
    rounds: of EM. One component is ProbabilisticPCA with correlated tastes.
    """

    def __init__(self, *, components: int = 2, rounds: int = 40, weight: float = 20.0, **common: object) -> None:
        super().__init__(**common)
        if min(components, rounds) < 1 or not weight > 0:
            raise ValueError(
                f"MixturePrior: got components={components}, rounds={rounds}, weight={weight}; expected whole numbers "
                "from 1 and a weight above 0"
            )
        self.components, self.rounds, self.weight = components, rounds, weight

    def _learn(self, data: Interactions, epochs: int | None = None) -> None:
        super()._learn(data)
        moments, shift = self._training_moments(data)
        base = torch.diag(self.scale_**2)
        self.share_ = self._tensor([1.0])
        self.means_, self.covariances_ = self.prior_mean_[None], base[None]
        alone = component_posterior(moments, self._priors(shift), self.covariances_, self.noise_)[0][:, 0] - shift
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
        bias, x = (t.squeeze(1) for t in self._features(rows))
        y = rows.values.squeeze(1) - bias
        owner = torch.as_tensor(owner, device=x.device)
        parts = (torch.ones_like(y), x.unsqueeze(2) * x.unsqueeze(1), x * y.unsqueeze(1), y**2)
        summed = (part.new_zeros(len(users), *part.shape[1:]).index_add(0, owner, part) for part in parts)
        return Moments(*summed), self._shift(torch.as_tensor(users, device=x.device))

    def _em_step(self, moments: Moments, shift: Tensor, base: Tensor) -> None:
        """Responsibilities and posteriors, and from them the shares, means and covariances anew."""
        mean, spread, evidence = component_posterior(moments, self._priors(shift), self.covariances_, self.noise_)
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
        bias, x = self._features(support)
        x, y = x * support.mask.unsqueeze(2), (support.values - bias) * support.mask
        moments = Moments(support.counts, x.mT @ x, (x.mT @ y.unsqueeze(2)).squeeze(2), (y**2).sum(1))
        priors = self._priors(self._shift(support.users))
        mean, _, evidence = component_posterior(moments, priors, self.covariances_, self.noise_)
        return MixtureState(torch.softmax(self.share_.log() + evidence, dim=1), mean)

    def score(self, state: MixtureState, query: PaddedRatings) -> Tensor:
        bias, x = self._features(query)
        mean = (state.responsibility.unsqueeze(2) * state.mean).sum(1)
        return bias + (x @ mean.unsqueeze(2)).squeeze(2)


def component_posterior(
    moments: Moments, prior: Tensor, covariance: Tensor, noise: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Posterior mean (U, C, D) and covariance (U, C, D, D) of w, and log p(y | component), (U, C).

    y = x w + noise * e, w ~ N(prior, covariance); prior (U, C, D), covariance (C, D, D). With P = S^-1 + x'x / noise^2:
    mean = P^-1 (S^-1 m + x'y / noise^2), and
    -2 log p(y) = n log(2 pi noise^2) + log|S| + log|P| + y'y / noise^2 + m' S^-1 m - mean' P mean.
    """
    inverse = torch.linalg.inv(covariance)
    precision = inverse + moments.gram.unsqueeze(1) / noise**2
    right = (inverse @ prior.unsqueeze(3)).squeeze(3) + moments.right.unsqueeze(1) / noise**2
    spread = torch.linalg.inv(precision)
    mean = (spread @ right.unsqueeze(3)).squeeze(3)
    fit = moments.square.unsqueeze(1) / noise**2 + torch.einsum("uci,cij,ucj->uc", prior, inverse, prior)
    constant = moments.count.unsqueeze(1) * (2 * np.pi * noise**2).log()
    volume = torch.logdet(covariance) + torch.logdet(precision)
    return mean, spread, -0.5 * (constant + volume + fit - (mean * right).sum(2))
