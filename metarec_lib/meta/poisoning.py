"""Poisoned support ratings: the worst change in closed form, and a head that bounds what one rating can do.

Shapes: B users, K support ratings, Q query ratings, D weights of a user.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.evaluation.protocols import Adaptable, score_tasks
from metarec_lib.meta.adaptation import _OnHead
from metarec_lib.meta.ridge import LinearHead, LinearState, cholesky, ridge_posterior

GOALS = ("error", "shift", "random")
AT_ONCE = 512  # users whose influence is laid out together


def support_effect(model: LinearHead, tasks: TaskBatch) -> Tensor:
    """What one more star in each support rating adds to the score of each query item, (B, Q, K), in stars; 0 where padded.

    The head is linear in the ratings: h_qk = x_q . scale Z' (Z Z' + 1)^-1 e_k / sigma_k, Z = X scale / sigma, sigma_k the
    standard deviation of rating k. Exact, for a change of any size.
    """
    items, query = model.linear(tasks.support), model.linear(tasks.query)
    scale = model.prior_of(tasks.users)[1]
    weight = tasks.support.mask / items.variance.sqrt()
    z = items.x * scale * weight.unsqueeze(2)
    solved = torch.cholesky_solve(z, cholesky(z @ z.mT, 1.0))  # (B, K, D)
    return (query.x * scale) @ solved.mT * weight.unsqueeze(1) * tasks.query.mask.unsqueeze(2)


def poison_support(
    model: LinearHead,
    tasks: TaskBatch,
    scale: tuple[float, float],
    changes: int = 1,
    goal: str = "error",
    seed: int = 0,
) -> TaskBatch:
    """The same tasks with `changes` support ratings of each user moved to the lowest or the highest of `scale`.

    goal "error": the squared error of the query as large as possible: the attacker knows the answers, so this bounds all
    others. The error is convex in a rating, hence worst at an end of the scale: 2 K candidates are compared exactly.
    "shift": the scores of the query's items moved as far as possible, the answers unknown. "random": any rating, to the end
    farther from it. Several changes are made one after the other, each the worst given those before (greedy); no rating is
    changed twice. Users with fewer ratings lose them all.
    """
    low, high = scale
    if goal not in GOALS or changes < 0 or not low < high:
        raise ValueError(
            f"poison_support: got changes={changes}, goal={goal!r}, scale={scale}; expected 0 or more changes, a goal of "
            f"{', '.join(GOALS)}, and a scale (low, high)"
        )
    rng = torch.Generator().manual_seed(seed)
    parts = [
        _poisoned(model, tasks.select(slice(at, at + AT_ONCE)), (low, high), changes, goal, rng)
        for at in range(0, len(tasks), AT_ONCE)
    ]
    values = torch.cat(parts) if parts else tasks.support.values
    return TaskBatch(replace(tasks.support, values=values, liked=None, gains=None), tasks.query)


def _poisoned(
    model: LinearHead, tasks: TaskBatch, ends: tuple[float, float], changes: int, goal: str, rng: torch.Generator
) -> Tensor:
    support, query = tasks.support, tasks.query
    values, free = support.values.clone(), support.mask.clone()
    with torch.no_grad():
        error = (model.score(model.adapt(support), query) - query.values) * query.mask
        effect = support_effect(model, tasks)
    to = torch.tensor(ends, dtype=values.dtype, device=values.device)
    for _ in range(changes):
        change = to[:, None, None] - values  # (2, B, K)
        if goal == "random":
            pick = torch.rand(values.shape, generator=rng, dtype=values.dtype).to(values.device)
            gain = pick + change.abs() / (2 * (to[1] - to[0]))  # of the two ends the farther one
            gain = torch.where(change.abs() == change.abs().amax(0), pick.expand_as(change), -1.0)
        else:
            gain = change**2 * (effect**2).sum(1)  # sum of (e + d h)^2 minus sum of e^2
            if goal == "error":
                gain = gain + 2 * change * (error.unsqueeze(2) * effect).sum(1)
        gain = gain.masked_fill(~free, -torch.inf)
        best = gain.flatten(0, 0).permute(1, 0, 2).reshape(len(values), -1).argmax(1)
        end, row = best // values.shape[1], best % values.shape[1]
        users = torch.arange(len(values), device=values.device)
        moved = torch.where(free[users, row], to[end] - values[users, row], 0.0)
        values[users, row] += moved
        error = error + effect[users, :, row] * moved.unsqueeze(1)
        free[users, row] = False
    return values


def poison_by_trial(model: Adaptable, tasks: TaskBatch, scale: tuple[float, float], changes: int = 1) -> TaskBatch:
    """The same tasks with up to `changes` support ratings of each user at an end of `scale`, by trying them all on `model`.

    For models that are not linear in the ratings, such as `HuberHead`: every rating is moved to either end, the user solved
    anew, and the change with the largest squared error of the query kept; then the next. A user whom no change harms keeps
    the ratings. An attack on one model need not be the worst for another: try each on its own.
    """
    values, free = tasks.support.values.clone(), tasks.support.mask.clone()
    for _ in range(changes):
        worst, best = _query_errors(model, tasks, values), values
        chosen = torch.full_like(tasks.users, -1)
        for k in range(values.shape[1]):
            for end in scale:
                moved = values.clone()
                moved[:, k] = torch.where(free[:, k], float(end), values[:, k])
                errors = _query_errors(model, tasks, moved)
                more = errors > worst
                worst, best = torch.where(more, errors, worst), torch.where(more[:, None], moved, best)
                chosen = torch.where(more, k, chosen)
        values = best
        free = free & (torch.arange(values.shape[1], device=values.device) != chosen[:, None])
    return TaskBatch(replace(tasks.support, values=values, liked=None, gains=None), tasks.query)


def _query_errors(model: Adaptable, tasks: TaskBatch, values: Tensor) -> Tensor:
    """Squared error summed over each user's query with these support ratings, (B,)."""
    some = TaskBatch(replace(tasks.support, values=values, liked=None, gains=None), tasks.query)
    return ((score_tasks(model, some) - tasks.query.values) ** 2 * tasks.query.mask).sum(1)


@dataclass(frozen=True, eq=False)
class HuberHead(_OnHead):
    """A closed-form head in which a rating far from the fit counts for less: Huber's M-estimate, with the head's prior.

    Minimises sum_k rho((y_k - x_k . w) / sigma_k) + |(w - prior) / scale|^2 / 2, rho quadratic up to `threshold` and linear
    beyond (Huber 1964, Ann. Math. Statist.), by reweighting: weight_k = min(1, threshold / |residual_k|), then the ridge
    solve again, `steps` times (the objective falls at each). sigma_k: the standard deviation that the head gives rating k.
    threshold: above 0; infinity is the head itself. growth: a user with K ratings has the threshold
    threshold (K / 5)^growth, 0 for the same one for all.
    """

    threshold: float = 1.5
    growth: float = 0.0
    steps: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.threshold > 0 or self.steps < 1:
            raise ValueError(
                f"HuberHead: got threshold={self.threshold}, steps={self.steps}; expected a threshold above 0, and 1 "
                "or more steps"
            )

    def adapt(self, support: PaddedRatings) -> LinearState:
        """The robust posterior mean; the state's features carry the weights it ended with."""
        x, y, prior, scale = self._whitened(support)
        weight = self.weights(support)
        root = weight.sqrt()
        z = x * root.unsqueeze(2)
        return LinearState(ridge_posterior(z, y * root, prior, scale, torch.ones_like(scale[0])), z)

    def weights(self, support: PaddedRatings) -> Tensor:
        """How much each rating counts, (B, K), from 0 to 1; 0 where padded."""
        x, y, prior, scale = self._whitened(support)
        count = support.counts.clamp(min=1).unsqueeze(1).to(y.dtype)
        threshold = self.threshold * (count / 5) ** self.growth
        weight = support.mask.to(y.dtype)
        for _ in range(self.steps):
            root = weight.sqrt()
            mean = ridge_posterior(x * root.unsqueeze(2), y * root, prior, scale, torch.ones_like(scale[0]))
            residual = (y - (x @ mean.unsqueeze(2)).squeeze(2)).abs()
            weight = torch.where(residual > threshold, threshold / residual.clamp(min=1e-12), 1.0) * support.mask
        return weight
