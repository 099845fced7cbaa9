"""The closed-form head: learned features and prior, and an exact Bayesian ridge solve for each user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.base import MetaLearner
from metarec_lib.meta.factors import Factors


@dataclass(frozen=True, eq=False)
class RidgeState:
    """Posterior of B users: mean (B, D) of their weights, and the support features (B, K, D) it rests on, 0 where padded."""

    mean: Tensor
    x: Tensor


class MetaLearningModel(MetaLearner):
    """score = b_i + x_i . w_u, where w_u is the posterior mean of a Bayesian linear regression on the user's ratings.

    x_i = (v_i, 1): the item's vector, and a 1 that carries the user's bias. Prior: w_u ~ N(m + M g_u, diag(s^2)) with the
    user's features g_u. Item vectors and the prior start from variational Bayes (`fit_factors`); then the query error of
    the tasks corrects them, the noise too, with the gradient running through the exact solve (R2D2: Bertinetto et al.
    2019, ICLR, sec. 3; ALPaCA: Harrison et al. 2018, WAFR). Nothing is tuned for a user, and there is no inner rate.
    Training is `epochs` passes over all users, none kept apart to stop early (two validation splits disagreed on which is
    better). With `validation` it stops early on those users.

    `fit(X_source, y_source, X_target, y_target)`: one joint prior from both sets of ratings, so that what users rated in the
    source speaks for them in the target; the like-threshold is set on target ratings. Both parts share the user and item
    tables, as those of `load_data(split="domain")` do; a target rating replaces a source rating of the same pair.
    `personalized_target=True` gives each user a slope on the item biases as well, x_i = (v_i, b_i - mean, 1): how far they
    follow the common opinion. On ML-100K no difference was seen (RMSE -.0001 to -.0003).
    """

    options = MetaLearner.options | {"X_target", "y_target", "personalized_target"}
    kept_apart = 0.0

    def __init__(self, *, epochs: int = 4, lr: float = 1e-3, patience: int = 4, **common: object) -> None:
        super().__init__(epochs=epochs, lr=lr, patience=patience, **common)

    def _fit(
        self,
        data: Interactions,
        X_target: Interactions | None = None,
        personalized_target: bool = False,
        **options: object,
    ) -> None:
        self.personalized_, candidates = bool(personalized_target), None
        if X_target is not None:
            data, candidates = _joined(data, X_target)
        super()._fit(data, candidates=candidates, **options)

    def _initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        prior, scale = factors.prior_map, factors.scale
        self.center_ = float(factors.bias[-1].mean())
        if self._personalized:  # the slope's prior: nothing of the features, a third either way
            prior, scale = np.insert(prior, -1, 0.0, axis=1), np.insert(scale, -1, 1 / 3)
        return {
            "prior_mean": prior[-1],
            "prior_map": prior[:-1],
            "log_scale": np.log(scale),
            "log_noise": np.log(np.array(factors.noise)),
        }

    @property
    def _personalized(self) -> bool:
        return getattr(self, "personalized_", False)

    def adapt(self, support: PaddedRatings) -> RidgeState:
        """The users' posterior; an empty support gives the prior."""
        p = self.params_
        bias, x = self._features(support)
        x, y = x * support.mask.unsqueeze(2), (support.values - bias) * support.mask
        prior = p["prior_mean"] + self.user_features_[support.users] @ p["prior_map"]
        return RidgeState(ridge_posterior(x, y, prior, p["log_scale"].exp(), p["log_noise"].exp()), x)

    def score(self, state: RidgeState, query: PaddedRatings) -> Tensor:
        bias, x = self._features(query)
        return bias + (x @ state.mean.unsqueeze(2)).squeeze(2)

    def _score_std(self, state: RidgeState, query: PaddedRatings) -> Tensor:
        scale, noise = self.params_["log_scale"].exp(), self.params_["log_noise"].exp()
        return ridge_variance(state.x, self._features(query)[1], scale, noise).sqrt()

    def _features(self, ratings: PaddedRatings) -> tuple[Tensor, Tensor]:
        """b_i (B, N) and x_i (B, N, D)."""
        bias, vectors = self._items(ratings)
        slope = [(bias - self.center_).unsqueeze(2)] if self._personalized else []
        return bias, torch.cat([vectors, *slope, torch.ones_like(vectors[..., :1])], dim=2)


def _joined(source: Interactions, target: Interactions) -> tuple[Interactions, np.ndarray]:
    """The ratings of both, the target's where both have the pair, and which are the target's, (n,) bool."""
    both = pd.concat([source.ratings, target.ratings], ignore_index=True)
    last = ~both.duplicated(["user_id", "item_id"], keep="last").to_numpy()
    return source.replace_ratings(both[last].reset_index(drop=True)), np.arange(len(both))[last] >= len(source)


def ridge_posterior(x: Tensor, y: Tensor, prior: Tensor, scale: Tensor, noise: Tensor) -> Tensor:
    """Posterior mean of w in y = x w + noise * e with w ~ N(prior, diag(scale^2)), (B, D).

    x: (B, K, D) and y: (B, K), both 0 where padded; prior: (B, D); scale: (D,); noise: scalar. With z = x diag(scale) and
    r = y - x prior, the K x K form  prior + scale z' (z z' + noise^2)^-1 r  equals the D x D form
    prior + scale (z' z + noise^2)^-1 z' r: the smaller system is solved (Rasmussen & Williams 2006, eq. 2.11, 2.12).
    """
    z, r = x * scale, y.unsqueeze(2) - x @ prior.unsqueeze(2)
    if x.shape[1] <= x.shape[2]:
        move = z.mT @ torch.cholesky_solve(r, _cholesky(z @ z.mT, noise))
    else:
        move = torch.cholesky_solve(z.mT @ r, _cholesky(z.mT @ z, noise))
    return prior + scale * move.squeeze(2)


def ridge_variance(x: Tensor, query: Tensor, scale: Tensor, noise: Tensor) -> Tensor:
    """Variance of a new rating of each query item, (B, Q): noise^2 (1 + q' (z' z + noise^2)^-1 q), q = x_query scale."""
    z, q = x * scale, query * scale
    solved = torch.cholesky_solve(q.mT, _cholesky(z.mT @ z, noise))  # (B, D, Q)
    return noise**2 * (1 + (q.mT * solved).sum(1))


def _cholesky(gram: Tensor, noise: Tensor) -> Tensor:
    ridge = gram + noise**2 * torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device)
    return torch.linalg.cholesky_ex(ridge).L  # NaN stays NaN, for the training loop to name
