"""Which of a user's ratings still count: supports that fade with age, and supports that begin anew at a change of taste.

Both wrap a fitted model with a closed-form head, and are judged like it: `evaluate_tasks(DecayedSupport(model, 20), tasks)`.
The order of a support's ratings is their order in time, the oldest first.

Shapes: B users, K ratings of a support, D weights of a user.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.ridge import LinearHead, LinearState, ridge_posterior


@dataclass(frozen=True, eq=False)
class _OnHead:
    """Scores of a closed-form head under another state."""

    model: LinearHead

    def __post_init__(self) -> None:
        if not isinstance(self.model, LinearHead):
            raise ValueError(
                f"{type(self).__name__}: got a {type(self.model).__name__}, expected a model with a closed-form head, such "
                "as MetaLearningModel or ProbabilisticPCA"
            )

    def score(self, state: LinearState, query: PaddedRatings) -> Tensor:
        """Scores of the query items, (B, Q), in stars."""
        return self.model.score(state, query)

    def score_std(self, state: LinearState, query: PaddedRatings) -> Tensor:
        """Standard deviation of a new rating, (B, Q), in stars."""
        return self.model.score_std(state, query)

    def _whitened(self, support: PaddedRatings) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """x (B, K, D) and y (B, K) divided by each rating's standard deviation, 0 where padded; prior (B, D), scale (D,)."""
        items, (prior, scale) = self.model.linear(support), self.model.prior_of(support.users)
        weight = support.mask / items.variance.sqrt()
        y = (support.values - items.bias) / self.model.spread_
        return items.x * weight.unsqueeze(2), y * weight, prior, scale


@dataclass(frozen=True, eq=False)
class DecayedSupport(_OnHead):
    """A rating with n newer ones counts 2^(-n / half_life) of a new one: its noise variance is divided by that.

    half_life: in ratings, above 0; infinity keeps all alike. Exponential forgetting, as in recursive least squares; unlike
    there the prior does not fade. Raises ValueError for other half-lives.
    """

    half_life: float = 20.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.half_life > 0:
            raise ValueError(f"DecayedSupport: got half_life={self.half_life}, expected a number of ratings above 0")

    def adapt(self, support: PaddedRatings) -> LinearState:
        """The posterior in which old ratings count less; an empty support gives the prior."""
        x, y, prior, scale = self._whitened(support)
        root = (0.5 ** (newer(support) / self.half_life)).sqrt().to(x.dtype)
        z = x * root.unsqueeze(2)
        return LinearState(ridge_posterior(z, y * root, prior, scale, torch.ones_like(scale[0])), z)


@dataclass(frozen=True, eq=False)
class ChangePointSupport(_OnHead):
    """At most one change of taste: the ratings before it are of one draw of w from the prior, those from it on of another.

    Every rating but the first may be the first of the new taste, with probability `change` in all (a Bayesian change point:
    Smith 1975, Biometrika, here for a linear regression). The evidence of both parts says where it was, and the scores are
    averaged over that: scores are linear in w, so the mean of the posterior means is enough. change: from 0 to 1. Raises
    ValueError for others.
    """

    change: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.change <= 1:
            raise ValueError(f"ChangePointSupport: got change={self.change}, expected a probability from 0 to 1")

    def adapt(self, support: PaddedRatings) -> LinearState:
        """The mean over change points of the posterior means. The state's features are all of the support's: its variance is
        that of no change, too small where there was one."""
        x, y, prior, scale = self._whitened(support)
        begins, after = self._parts(x, y, prior, scale, support.mask)
        means = prior + scale * (begins.unsqueeze(2) * after).sum(1)
        return LinearState(means, x)

    def begins(self, support: PaddedRatings) -> Tensor:
        """The probability that the ratings that count begin at each rating, (B, K), 0 where padded. At the first rating: no
        change. Each row sums to 1, that of an empty support to 0."""
        return self._parts(*self._whitened(support), support.mask)[0]

    def _parts(self, x: Tensor, y: Tensor, prior: Tensor, scale: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The probability of each beginning (B, K), and what the ratings from there on move the weights by, (B, K, D)."""
        z, r = x * scale, y - (x @ prior.unsqueeze(2)).squeeze(2)
        terms = z.unsqueeze(3) * z.unsqueeze(2), z * r.unsqueeze(2), r**2
        after = tuple(part.flip(1).cumsum(1).flip(1) for part in terms)  # of the ratings from s on
        before = tuple(part.cumsum(1) - part for part in terms)  # of those before s
        evidence, moves = _evidence(*after)
        log = evidence + _evidence(*before)[0] + self._log_prior(mask, z.dtype)
        return torch.softmax(log, dim=1) * mask, moves

    def _log_prior(self, mask: Tensor, dtype: torch.dtype) -> Tensor:
        """log P(the ratings that count begin at s), (B, K); -inf where padded, and where `change` rules it out."""
        count, place = mask.sum(1, keepdim=True), mask.cumsum(1)
        later = self.change / (count - 1).clamp(min=1).to(dtype)
        first = 1 - self.change * (count > 1).to(dtype)
        each = torch.where(place <= 1, first, later)
        return torch.where(mask | (count == 0), each, torch.zeros_like(each)).log()


def newer(support: PaddedRatings) -> Tensor:
    """How many ratings of the user are newer than each, (B, K); 0 where padded."""
    return (support.counts.unsqueeze(1) - support.mask.cumsum(1)) * support.mask


def _evidence(gram: Tensor, moment: Tensor, square: Tensor) -> tuple[Tensor, Tensor]:
    """Log evidence of ratings with unit noise and weights ~ N(0, 1), up to a constant a rating, and the posterior means.

    gram: sum of z z', (B, K, D, D); moment: sum of z r, (B, K, D); square: sum of r^2, (B, K). Rasmussen & Williams 2006,
    eq. 2.30, by the D x D form: log p = -(r'r - b' A^-1 b + log |A|) / 2 with A = 1 + z'z and b = z'r.
    """
    factor = torch.linalg.cholesky(gram + torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device))
    mean = torch.cholesky_solve(moment.unsqueeze(3), factor).squeeze(3)
    log_det = 2 * factor.diagonal(dim1=2, dim2=3).log().sum(2)
    return -(square - (moment * mean).sum(2) + log_det) / 2, mean
