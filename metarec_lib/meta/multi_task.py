"""One network for two tasks of a user: will they watch this film, and which rating will they give it?

Shapes: B users, K support ratings, Q query films, D numbers of a film, H hidden units, T = 2 tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.meta.sampling import SUPPORT_SIZES, TaskSampler
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE, POSITIVE
from metarec_lib.models.base import settings
from metarec_lib.models.baseline import fit_biases
from metarec_lib.models.experts import SHARING, mixture, who_uses_what
from metarec_lib.models.gradient_conflict import uncertainty_weighted
from metarec_lib.models.training import TrainedRecommender

TASKS = ("watch", "rate")
SHRINKAGE = 5.0  # of a user's bias, in ratings
RATING_START = 0.6  # how large the rating tower starts, so that ratings start near the bias


@dataclass(frozen=True, eq=False)
class Impressions:
    """A training step: tasks whose query films were watched, as many drawn films, (B, Q), and where a star is known."""

    tasks: TaskBatch
    others: Tensor
    starred: Tensor


@settings
class MultiTaskMetaLearningModel(TrainedRecommender):
    """score = mu + b_i + b_u + s f_rate(z), and the logit of watching c_i + f_watch(z), from one input z of user and film.

    z = (p_u, q_u, v_i, p_u v_i, q_u v_i) with p_u = mean_j v_j over the films the user rated, q_u = mean_j y_j v_j, and
    y_j = (r_j - mu - b_j - b_u) / s; b_u is the shrunken bias: what was watched, and what was liked. f_t: a linear tower on
    what `sharing` gives task t: one bottom for both ("shared"), one each ("single"), a mixture of `experts` ("mmoe"), or
    of shared and own ones ("ple").

    Trained on tasks, as a meta-learner: a user's support makes p and q, the query is judged. A new user needs no step: the
    network reads the support (a conditional model, as in Garnelo et al. 2018, ICML). Loss: squared error of y over the query
    plus `watch` times the cross-entropy of watched against as many films drawn at random. weighting="uncertainty" learns
    the two weights. stars: the share of the training ratings whose stars may be learned from (see `starred`); of the others
    it is known that they were watched.
    """

    sharing: str = "shared"
    weighting: str = "fixed"
    watch: float = 1.0
    stars: float = 1.0
    experts: int = 4
    width: int = 16
    hidden: int = 32
    epochs: int = 60
    batch_size: int = 48
    patience: int = 8
    lr: float = 3e-3

    ranges = {
        "sharing": SHARING, "weighting": ("fixed", "uncertainty"), "watch": NOT_NEGATIVE, "stars": POSITIVE,
        "experts": COUNT, "width": COUNT, "hidden": COUNT,
    }  # fmt: skip
    stops_on = "users"

    # -- what is learned ------------------------------------------------------------------------------------------
    def _prepare(self, data: Interactions) -> None:
        known = starred(data, self.stars, self.seed)
        biases = fit_biases(data.subset(known) if known.any() else data)
        self.mean_, self.spread_ = biases.mean, biases.spread
        self.item_bias_ = self._tensor(biases.item)
        self.allowed_ = torch.as_tensor(who_uses_what(self.sharing, len(TASKS), self.experts), device=self._device)

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        d, h, (tasks, experts) = 5 * self.width, self.hidden, self.allowed_.shape
        seen = np.bincount(data.item_codes, minlength=data.n_items) + 1.0
        found = {
            "film": np.pad(rng.normal(0, 0.3, (data.n_items, self.width)), ((0, 1), (0, 0))),
            "often": np.append(np.log(seen / seen.mean()), 0.0),
            "experts": rng.normal(0, (2 / d) ** 0.5, (experts, d, h)),
            "gates": np.zeros((tasks, d, experts)),
            "towers": rng.normal(0, h**-0.5, (tasks, h)) * [[1.0], [RATING_START]],
        }
        return found | ({"log_variance": np.zeros(tasks)} if self.weighting == "uncertainty" else {})

    # -- the loop -------------------------------------------------------------------------------------------------
    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[Impressions]:
        """One task of every user, and films drawn at random beside the query."""
        known = starred(data, self.stars, self.seed)
        pairs = (data.user_codes * len(self.item_bias_) + data.item_codes)[known]
        for tasks in TaskSampler(data, SUPPORT_SIZES, 32, self._device, self._dtype).epoch(rng, size):
            others = rng.integers(data.n_items, size=tuple(tasks.query.items.shape))
            support, query = tasks.support, tasks.query
            told = torch.where(self._among(support, pairs), support.values, self.mean_ + self.item_bias_[support.items])
            tasks = TaskBatch(replace(support, values=told), query)
            yield Impressions(tasks, torch.as_tensor(others, device=self._device), self._among(query, pairs))

    def _among(self, ratings: PaddedRatings, pairs: np.ndarray) -> Tensor:
        """Which of these ratings are among the pairs of user and film, (B, N) bool."""
        at = ratings.users[:, None] * len(self.item_bias_) + ratings.items
        return torch.as_tensor(np.isin(at.cpu().numpy(), pairs), device=self._device) & ratings.mask

    def losses(self, batch: Impressions) -> Tensor:
        """Cross-entropy of watching and squared error of y, both as means over users, (T,)."""
        query, state = batch.tasks.query, self.adapt(batch.tasks.support)
        watch, rate = self._outputs(state, query.items)
        none, _ = self._outputs(state, batch.others)
        cross = softplus(-watch) + softplus(none)
        error = (self._residual(query) - state[:, :1] - rate) ** 2
        return torch.stack([mean_over_users(cross, query.mask), mean_over_users(error, batch.starred)])

    def loss(self, batch: Impressions) -> Tensor:
        losses = self.losses(batch)
        if self.weighting == "uncertainty":
            return uncertainty_weighted(losses * losses.new_tensor([1.0, 0.5]), self.params_["log_variance"])
        return self.watch * losses[0] + losses[1]

    def _validation(self, train: Interactions, held: Interactions) -> list[Impressions] | None:
        """Three draws of every held-out user's task, made once."""
        rng = np.random.default_rng(self.seed)
        found = [batch for _ in range(3) for batch in self.batches(held, rng, self.batch_size)]
        return found or None

    def _error(self, validation: list[Impressions]) -> float:
        """The weighted sum of the two losses on other users."""
        with torch.no_grad():
            mean = torch.stack([self.losses(batch) for batch in validation]).nanmean(0)
        return float(self.watch * mean[0] + mean[1])

    # -- one user -------------------------------------------------------------------------------------------------
    def _residual(self, ratings: PaddedRatings) -> Tensor:
        """y = (r - mu - b_i) / s, (B, N)."""
        return (ratings.values - self.mean_ - self.item_bias_[ratings.items]) / self.spread_

    def adapt(self, support: PaddedRatings) -> Tensor:
        """(b_u / s, p_u, q_u), (B, 1 + 2 D); zeros without ratings. With r = mu + b_i a film counts as watched."""
        films = self.params_["film"][support.items] * support.mask.unsqueeze(2)
        y = self._residual(support) * support.mask
        told = y.abs() > 1e-5  # what is not told stands at 0, up to rounding
        bias = y.sum(1, keepdim=True) / (told.sum(1, keepdim=True) + SHRINKAGE)
        liked = (films * ((y - bias) * told).unsqueeze(2)).sum(1) / told.sum(1, keepdim=True).clamp(min=1)
        return torch.cat([bias, films.sum(1) / support.counts.clamp(min=1).unsqueeze(1), liked], dim=1)

    def _outputs(self, state: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """Logit of watching and y of these films, (B, Q) each."""
        film = self.params_["film"][items]
        user = state[:, None, 1:].expand(-1, items.shape[1], -1)
        p, q = user.chunk(2, dim=2)
        z = torch.cat([p, q, film, p * film, q * film], dim=2)
        shared = mixture(z, self.params_["experts"], self.params_["gates"], self.allowed_)  # (B, Q, T, H)
        watch, rate = (shared * self.params_["towers"]).sum(3).unbind(2)
        return watch + self.params_["often"][items], rate

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        own = state[:, :1] + self._outputs(state, query.items)[1]
        return self.mean_ + self.item_bias_[query.items] + self.spread_ * own

    def watch_logit(self, state: Tensor, query: PaddedRatings) -> Tensor:
        """Logit of watching the query films rather than films drawn at random, (B, Q)."""
        return self._outputs(state, query.items)[0]


@settings
class MMoE(MultiTaskMetaLearningModel):
    """Multi-gate mixture of experts (Ma et al. 2018, KDD): each task has a gate of its own over the same experts."""

    sharing: str = "mmoe"


@settings
class PLE(MultiTaskMetaLearningModel):
    """Progressive layered extraction (Tang et al. 2020, RecSys), one layer: shared experts, and one of each task."""

    sharing: str = "ple"


@settings
class ESMM(MultiTaskMetaLearningModel):
    """Entire space multi-task model (Ma et al. 2018, SIGIR): P(watch and like) = P(watch) P(like | watch) over all films.

    The two losses are the cross-entropies of watching, and of watching and liking, both over all impressions; the second
    factor never sees watched films alone. Score: the log-odds of watching and liking, no rating.
    """

    scores_are_ratings = False
    needs_both_classes = True

    def _prepare(self, data: Interactions) -> None:
        super()._prepare(data)
        self.like_ = float(data.like)

    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        found = super()._initial(data, rng)
        return found | {"towers": found["towers"] / [[1.0], [RATING_START]]}  # the second tower is no rating

    def losses(self, batch: Impressions) -> Tensor:
        query, state = batch.tasks.query, self.adapt(batch.tasks.support)
        liked = ((query.values >= self.like_) & query.mask).to(query.values.dtype)
        watched = self._outputs(state, query.items)
        none = self._outputs(state, batch.others)
        first = softplus(-watched[0]) + softplus(none[0])
        second = binary_cross_entropy_with_logits(both(*watched), liked, reduction="none") + softplus(both(*none))
        return torch.stack([mean_over_users(first, query.mask), mean_over_users(second, batch.starred)])

    def score(self, state: Tensor, query: PaddedRatings) -> Tensor:
        return both(*self._outputs(state, query.items))


def starred(data: Interactions, share: float, seed: int = 0) -> np.ndarray:
    """Which ratings' stars are known, (n,) bool: `share` of the pairs of user and film, the same in any part of the data."""
    bits = np.random.default_rng(seed).integers(1, 2**31, size=2, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    mixed = (data.user_codes.astype(np.uint64) * bits[0]) ^ (
        data.item_codes.astype(np.uint64) * bits[1] * np.uint64(40503)
    )
    mixed = (mixed ^ (mixed >> np.uint64(15))) * np.uint64(2654435761)
    return ((mixed >> np.uint64(16)) % np.uint64(2**24)) / 2**24 < share


def both(first: Tensor, second: Tensor) -> Tensor:
    """The logit of a b where a and b are the probabilities of two logits: log a b - log(1 - a b)."""
    log_both = -softplus(-first) - softplus(-second)
    return log_both - torch.log(-torch.expm1(log_both))


def mean_over_users(values: Tensor, mask: Tensor) -> Tensor:
    """The mean over users with a place in the mask of the mean over their places; 0 where there are none."""
    count = mask.sum(1)
    each = (values * mask).sum(1) / count.clamp(min=1)
    return each.sum() / (count > 0).sum().clamp(min=1)
