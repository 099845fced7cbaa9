"""Regularisers of meta-learning: each is a term of one line, added to `meta_loss`, or to the inner loop.

Shapes: B tasks, K support ratings, Q query ratings, N ratings of one user, D features, H hidden width, M heads, U users.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.meta.anil import ANIL
from metarec_lib.meta.base import squared_error
from metarec_lib.meta.factors import Factors
from metarec_lib.meta.networks import Weights, loss_gradient
from metarec_lib.meta.ridge import MetaLearningModel, cholesky
from metarec_lib.models.arguments import NOT_NEGATIVE
from metarec_lib.models.base import settings

USERS, SPREADS = "user_vectors", "user_log_std"  # what an identity has learned: mean, and logarithm of its deviation


# -- terms ------------------------------------------------------------------------------------------------------------
def l2_to_initial(weights: Weights, start: Weights) -> Tensor:
    """sum (theta - theta_0)^2, scalar: decay towards where training began, not towards zero (L2-SP: Li et al. 2018, ICML).

    weights, start: the same names and shapes; start counts as constant.
    """
    return sum(((weights[name] - start[name].detach()) ** 2).sum() for name in start)


def gaussian_kl(mean: Tensor, log_std: Tensor, prior_std: float = 1.0) -> Tensor:
    """KL(N(mean, exp(log_std)^2) || N(0, prior_std^2)) summed over all numbers, scalar, in nats.

    The information term of meta-regularisation (Yin et al. 2020, ICLR). Raises ValueError for a prior_std of 0 or less.
    """
    if not prior_std > 0:
        raise ValueError(f"gaussian_kl: got prior_std={prior_std!r}, expected a number above 0")
    log_ratio = 2 * (log_std - math.log(prior_std))  # not the log of an exponential, which is -inf for a small log_std
    return 0.5 * (log_ratio.exp() + (mean / prior_std) ** 2 - 1 - log_ratio).sum()


def theil_index(losses: Tensor) -> Tensor:
    """mean_b (l_b / m) ln(l_b / m), m the mean: 0 where all tasks lose alike, ln B where one has all; scalar.

    losses: (B,), 0 or more. Task-agnostic meta-learning for regression takes it of the losses *before* adapting
    (Jamal & Qi 2019, CVPR).
    """
    share = losses / losses.mean().clamp(min=1e-12)
    return torch.special.xlogy(share, share.clamp(min=1e-12)).mean()


def error_correlation_penalty(errors: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean over pairs of heads of the mean product of their errors, scalar: what averaging the heads cannot remove.

    errors: (M, ...), prediction minus truth of each head; mask: (...), what counts, everything by default. With v the mean
    squared error of a head and c this penalty, the mean of the heads has v / M + (1 - 1 / M) c (Ueda & Nakano 1996; negative
    correlation learning: Liu & Yao 1999). Raises ValueError for fewer than two heads.
    """
    if errors.ndim < 2 or len(errors) < 2:
        raise ValueError(
            f"error_correlation_penalty: got errors {tuple(errors.shape)}, expected (M, ...), M of 2 or more"
        )
    weight = torch.ones_like(errors[0]) if mask is None else mask.to(errors.dtype)
    flat, heads = (errors * weight.sqrt()).flatten(1), len(errors)
    gram = flat @ flat.mT / weight.sum().clamp(min=1)
    return (gram.sum() - gram.diagonal().sum()) / (heads * (heads - 1))


def loo_residuals(x: Tensor, y: Tensor, prior: Tensor, scale: Tensor, noise: Tensor | float) -> Tensor:
    """y_n minus what the other ratings of the same task say of it, (B, N), without solving N times: e_n / (1 - h_n).

    The model is that of `ridge_posterior`: y = x w + noise e, w ~ N(prior, diag(scale^2)). x: (B, N, D) and y: (B, N), 0
    where padded, and so is the result. With z = x diag(scale): h = diag z (z' z + noise^2)^-1 z' (Allen 1974,
    Technometrics).
    """
    z, r = x * scale, y.unsqueeze(2) - x @ prior.unsqueeze(2)
    solved = torch.cholesky_solve(z.mT, cholesky(z.mT @ z, noise**2))  # (B, D, N)
    left, leverage = r - z @ (solved @ r), (z * solved.mT).sum(2)
    return left.squeeze(2) / (1 - leverage)


def swap_supports(tasks: TaskBatch) -> TaskBatch:
    """Each user's task with the support of the next user: a test for memorisation.

    Who adapts to ratings gets worse; who knows the users by their features or ids does not notice. The users, and so their
    features, stay. Raises ValueError for fewer than two tasks.
    """
    if len(tasks) < 2:
        raise ValueError(f"swap_supports: got {len(tasks)} task, expected two or more")
    turn = torch.arange(len(tasks), device=tasks.users.device).roll(-1)
    return TaskBatch(replace(tasks.support.select(turn), users=tasks.users), tasks.query)


# -- learners ---------------------------------------------------------------------------------------------------------
@settings
class RegularisedANIL(ANIL):
    """ANIL with regularisers as terms; all are off by default, and then it is ANIL.

        meta_loss = query error + l2 |theta - theta_0|^2 + inequality Theil(losses before adapting)
        inner:      w_u <- w_u - alpha_K (grad L_u(w_u) + proximal (w_u - theta))

    l2: of `l2_to_initial`. dropout: share of the hidden units that a task does without while meta-training, the same in its
    support and its query (it draws its masks; Meta Dropout of Lee et al. 2020, ICLR, learns its noise). proximal: pulls the
    head back to theta inside the inner loop (the inner problem of iMAML, Rajeswaran et al. 2019, NeurIPS, by
    gradient steps through which the outer loop differentiates). inequality: of `theil_index`.
    """

    l2: float = 0.0
    dropout: float = 0.0
    proximal: float = 0.0
    inequality: float = 0.0

    ranges = dict.fromkeys(("l2", "dropout", "proximal", "inequality"), NOT_NEGATIVE)

    def _check_ranges(self) -> None:
        super()._check_ranges()
        if self.dropout >= 1:
            raise ValueError(
                f"RegularisedANIL: got dropout={self.dropout!r}, expected a share of at least 0 and below 1"
            )

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[TaskBatch]:
        self._rng = rng  # of this epoch: its tasks and its masks
        return super().batches(data, rng, size)

    def _own_initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        own = super()._own_initial(factors, rng)
        self.start_ = {name: self._tensor(value) for name, value in own.items()}
        return own

    def meta_loss(self, batch: TaskBatch) -> Tensor:
        self._mask = self._masks(len(batch))
        try:
            loss = super().meta_loss(batch)
            if self.inequality:
                loss = loss + self.inequality * theil_index(self._losses_before(batch.query))
        finally:
            self._mask = None
        return loss + self.l2 * l2_to_initial(self.params_, self.start_)

    def adapt(self, support: PaddedRatings) -> Weights:
        bias, x = self.inputs(support)
        y, share = (support.values - bias) / self.spread_, self._share(support)
        theta = weights = self._weights()
        pull = self.proximal * share.sum(1)[:, None, None]  # proximal alpha_K
        for _ in range(self.inner_steps):
            step = loss_gradient(weights, x, y, share)
            weights = {k: w - step[k] - pull * (w - theta[k]) for k, w in weights.items()}
        return weights

    def inputs(self, ratings: PaddedRatings) -> tuple[Tensor, Tensor]:
        bias, hidden = super().inputs(ratings)
        mask = getattr(self, "_mask", None)
        return bias, hidden if mask is None else hidden * mask

    def _masks(self, tasks: int) -> Tensor | None:
        """Which hidden units each task keeps, (B, 1, H), the kept ones larger for those left out; None without dropout."""
        if not self.dropout:
            return None
        rng = getattr(self, "_rng", None) or np.random.default_rng(self.seed)
        kept = rng.random((tasks, 1, self.hidden)) >= self.dropout
        return torch.as_tensor(kept / (1 - self.dropout)).to(self.params_["w1"])

    def _losses_before(self, query: PaddedRatings) -> Tensor:
        """Each task's mean squared error under theta itself, (B,), as a share of the ratings' variance."""
        errors = (self.score(self._weights(), query) - query.values) ** 2 * query.mask
        return errors.sum(1) / query.counts.clamp(min=1) / self.spread_**2


@settings
class UserIdHead(MetaLearningModel):
    """The closed-form head whose prior also sees who the user is: w_u ~ N(m + M g_u + p_u, diag(scale^2)).

    p_u is a row of numbers for each user id, learned by the outer loop, 0 for users without ratings. The query loss lets p_u
    memorise a user's taste; then the best scale is 0, and a stranger's ratings count for nothing. bottleneck: p_u is drawn
    from N(mean_u, std_u^2) for each batch, and its KL to N(0, 1) costs `bottleneck` a user (meta-regularisation on weights:
    Yin et al. 2020, ICLR, sec. 4.2; the rows are the weights that do not adapt).
    """

    bottleneck: float = 0.0
    epochs: int = 30
    lr: float = 0.03

    ranges = {"bottleneck": NOT_NEGATIVE}

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[TaskBatch]:
        self._rng = rng
        return super().batches(data, rng, size)

    def _own_initial(self, factors: Factors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        own = super()._own_initial(factors, rng)
        shape = (len(factors.fold), len(own["prior_mean"]))  # the last row is the stranger's
        return own | {USERS: np.zeros(shape)} | ({SPREADS: np.full(shape, -1.0)} if self.bottleneck else {})

    def meta_loss(self, batch: TaskBatch) -> Tensor:
        if not self.bottleneck:
            return super().meta_loss(batch)
        mean, log_std = (self.params_[name][batch.users] for name in (USERS, SPREADS))
        rng = getattr(self, "_rng", None) or np.random.default_rng(self.seed)
        self._drawn = torch.as_tensor(rng.standard_normal(tuple(mean.shape))).to(mean) * log_std.exp()
        try:
            loss = super().meta_loss(batch)
        finally:
            self._drawn = None
        return loss + self.bottleneck * gaussian_kl(mean, log_std) / len(batch)

    def prior_of(self, users: Tensor) -> tuple[Tensor, Tensor]:
        mean, scale = super().prior_of(users)
        drawn = getattr(self, "_drawn", None)
        own = self.params_[USERS][users] * (users >= 0).to(mean.dtype).unsqueeze(1)
        return mean + own + (0.0 if drawn is None else drawn), scale


@settings
class LeaveOneOutHead(MetaLearningModel):
    """The closed-form head, meta-trained on the leave-one-out error of all ratings of a task instead of a query's.

    Each rating is predicted from all the others of its user (`loo_residuals`): as many folds as ratings, for the price of
    one solve. The loss knows tasks of N - 1 ratings only, where the query loss sees small supports too.
    """

    def meta_loss(self, batch: TaskBatch) -> Tensor:
        ratings = batch.together()
        items, (prior, scale) = self.linear(ratings), self.prior_of(ratings.users)
        weight = ratings.mask / items.variance.sqrt()
        y = (ratings.values - items.bias) / self.spread_ * weight
        left = loo_residuals(items.x * weight.unsqueeze(2), y, prior, scale, torch.ones_like(scale[0]))
        return squared_error(left * items.variance.sqrt() + ratings.values, ratings)
