"""The closed-form head: learned features and prior, and an exact Bayesian ridge solve for each user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.base import PretrainedItems
from metarec_lib.meta.factors import Factors
from metarec_lib.models.base import settings


@dataclass(frozen=True, eq=False)
class LinearItems:
    """Items as a linear model sees them: bias (B, N) in stars, x (B, N, D), and variance (B, N) of a rating around x . w."""

    bias: Tensor
    x: Tensor
    variance: Tensor


@dataclass(frozen=True, eq=False)
class LinearState:
    """Posterior of B users: mean (B, D) of their weights, and the support features (B, K, D) it rests on, divided by the
    ratings' standard deviations, 0 where padded."""

    mean: Tensor
    z: Tensor


class LinearHead:
    """score = b_i + s x_i . w_u, with the posterior mean of w_u ~ N(prior_u, diag(scale^2)) given ratings
    y = (r - b_i) / s = x_i . w_u + e_i, where e_i ~ N(0, noise^2 + v_i): what is not known of the item, v_i, is noise too.

    A model gives `linear(ratings) -> LinearItems`, and `_prior(users)`: mean (B, D) and scale (D,) of the weights.
    """

    spread_: float

    def adapt(self, support: PaddedRatings) -> LinearState:
        """The users' posterior; an empty support gives the prior."""
        items, (prior, scale) = self.linear(support), self.prior_of(support.users)
        weight = support.mask / items.variance.sqrt()  # every row counts by its own noise, which then is 1
        z, y = items.x * weight.unsqueeze(2), (support.values - items.bias) / self.spread_ * weight
        return LinearState(ridge_posterior(z, y, prior, scale, torch.ones_like(scale[0])), z)

    def score(self, state: LinearState, query: PaddedRatings) -> Tensor:
        items = self.linear(query)
        return items.bias + self.spread_ * (items.x @ state.mean.unsqueeze(2)).squeeze(2)

    def score_std(self, state: LinearState, query: PaddedRatings) -> Tensor:
        """s sqrt(noise^2 + v_i + x_i' S_u x_i) with the posterior covariance S_u, (B, Q), in stars."""
        items, scale = self.linear(query), self.prior_of(query.users)[1]
        known = ridge_variance(state.z, items.x, scale, torch.ones_like(scale[0])) - 1
        return self.spread_ * (items.variance + known).sqrt()


@settings
class MetaLearningModel(LinearHead, PretrainedItems):
    """score = b_i + s x_i . w_u, where w_u is the posterior mean of a Bayesian linear regression on the user's ratings.

    x_i = (v_i, 1): the item's vector, and a 1 that carries the user's bias; s: the spread of the ratings. Prior:
    w_u ~ N(m + M g_u, diag(scale^2)) with the user's features g_u. Item vectors, prior and noise come from variational Bayes
    (`fit_factors`); then the squared error of the tasks' queries corrects items and prior, with the gradient running through
    the exact solve (R2D2: Bertinetto et al. 2019, ICLR, sec. 3; as a Bayesian regression: ALPaCA, Harrison et al. 2018,
    WAFR, who train by likelihood). Squared error tells only the ratio of scale to noise, so the noise stays as fitted.
    Nothing is tuned for a user, and there is no inner rate. Training is `epochs` passes over all users, none kept apart to
    stop early. With `validation` it stops early on those users.

    `fit(X_source, y_source, X_target, y_target)`: one joint prior from both sets of ratings, so that what users rated in the
    source speaks for them in the target; the like-threshold is set on target ratings. Both parts share the user and item
    tables, as those of `load_data(split="domain")` do; a target rating replaces a source rating of the same pair.
    `personalized_target=True` gives each user a slope on the item biases as well, x_i = (v_i, (b_i - mean) / s, 1): how far
    they follow the common opinion. On ML-100K no difference was seen (RMSE -.0001 to -.0003).
    """

    epochs: int = 4
    lr: float = 1e-3
    patience: int = 4

    options = PretrainedItems.options | {"X_target", "personalized_target"}
    stops_on = "nothing"

    def _learn(
        self,
        data: Interactions,
        target: np.ndarray | None = None,
        personalized_target: bool = False,
        **options: object,
    ) -> None:
        self.personalized_ = bool(personalized_target)
        super()._learn(data, **options)

    def _own_initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        prior, scale = factors.prior_map, factors.scale
        self.center_, self.noise_ = float(factors.bias[-1].mean()), factors.noise
        if self._personalized:  # the slope's prior: nothing of the features, a third either way
            prior, scale = np.insert(prior, -1, 0.0, axis=1), np.insert(scale, -1, 1 / 3)
        return {"prior_mean": prior[-1], "prior_map": prior[:-1], "log_scale": np.log(scale)}

    @property
    def _personalized(self) -> bool:
        return getattr(self, "personalized_", False)

    def prior_of(self, users: Tensor) -> tuple[Tensor, Tensor]:
        p = self.params_
        return p["prior_mean"] + self.user_features_[users] @ p["prior_map"], p["log_scale"].exp()

    def linear(self, ratings: PaddedRatings) -> LinearItems:
        bias, vectors = self._items(ratings)
        slope = [((bias - self.center_) / self.spread_).unsqueeze(2)] if self._personalized else []
        x = torch.cat([vectors, *slope, torch.ones_like(vectors[..., :1])], dim=2)
        return LinearItems(bias, x, self.noise_**2 + self.item_variance_[self._at(ratings)])


def ridge_posterior(x: Tensor, y: Tensor, prior: Tensor, scale: Tensor, noise: Tensor) -> Tensor:
    """Posterior mean of w in y = x w + noise * e with w ~ N(prior, diag(scale^2)), (B, D).

    x: (B, K, D) and y: (B, K), both 0 where padded; prior: (B, D); scale: (D,); noise: scalar. With z = x diag(scale) and
    r = y - x prior, the K x K form  prior + scale z' (z z' + noise^2)^-1 r  equals the D x D form
    prior + scale (z' z + noise^2)^-1 z' r: the smaller system is solved (Rasmussen & Williams 2006, eq. 2.11, 2.12).
    """
    z, r = x * scale, y.unsqueeze(2) - x @ prior.unsqueeze(2)
    if x.shape[1] <= x.shape[2]:
        move = z.mT @ torch.cholesky_solve(r, cholesky(z @ z.mT, noise**2))
    else:
        move = torch.cholesky_solve(z.mT @ r, cholesky(z.mT @ z, noise**2))
    return prior + scale * move.squeeze(2)


def ridge_variance(x: Tensor, query: Tensor, scale: Tensor, noise: Tensor) -> Tensor:
    """Variance of a new rating of each query item, (B, Q): noise^2 (1 + q' (z' z + noise^2)^-1 q), q = x_query scale."""
    z, q = x * scale, query * scale
    solved = torch.cholesky_solve(q.mT, cholesky(z.mT @ z, noise**2))  # (B, D, Q)
    return noise**2 * (1 + (q.mT * solved).sum(1))


def cholesky(gram: Tensor, ridge: Tensor | float = 0.0) -> Tensor:
    """The lower factor of gram + ridge I, (B, N, N); NaN where it has none, for the training loop to name."""
    eye = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    factor, failed = torch.linalg.cholesky_ex(gram + ridge * eye)
    return torch.where((failed == 0)[..., None, None], factor, torch.nan)
