"""Augmenting tasks while meta-training: noise that support and query share, mixtures within a task and between tasks.

Shapes: B tasks, K support ratings, Q query ratings, N ratings of one task, D features.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.meta.anil import ANIL
from metarec_lib.meta.base import PretrainedItems
from metarec_lib.meta.networks import adapt_weights, forward
from metarec_lib.models.arguments import NOT_NEGATIVE
from metarec_lib.models.base import settings


@dataclass(frozen=True, eq=False)
class Examples:
    """Ratings as a network sees them: inputs x (B, N, D), targets y (B, N) in units of the ratings' spread, mask (B, N)."""

    x: Tensor
    y: Tensor
    mask: Tensor


Task = tuple[Examples, Examples]  # support and query


def shared_label_noise(tasks: TaskBatch, noise: Tensor) -> TaskBatch:
    """The same tasks with noise[b] added to every rating of task b, support and query alike (Rajendran, Irpan & Jang 2020,
    NeurIPS): only who reads the support can know the query's shift. noise: (B,), in stars. Raises ValueError for another
    shape."""
    if noise.shape != (len(tasks),):
        raise ValueError(f"shared_label_noise: got noise {tuple(noise.shape)}, expected ({len(tasks)},), one a task")

    def shifted(part: PaddedRatings) -> PaddedRatings:
        return replace(part, values=part.values + noise.unsqueeze(1) * part.mask, liked=None, gains=None)

    return TaskBatch(shifted(tasks.support), shifted(tasks.query))


def feature_noise(support: Examples, query: Examples, strength: float, rng: np.random.Generator) -> Task:
    """x + strength e, e ~ N(0, 1) of each number, in support and query. On a linear model this is a ridge (Bishop 1995)."""

    def noisy(part: Examples) -> Examples:
        return Examples(part.x + strength * _normal(rng, part.x), part.y, part.mask)

    return noisy(support), noisy(query)


def mixup(support: Examples, query: Examples, strength: float, rng: np.random.Generator) -> Task:
    """Each query example becomes lam itself + (1 - lam) another of the same query, lam ~ Beta(strength, strength) (mixup:
    Zhang et al. 2018, ICLR, within a task)."""
    return support, _mixed(query, query, strength, rng)


def metamix(support: Examples, query: Examples, strength: float, rng: np.random.Generator) -> Task:
    """Each query example becomes lam itself + (1 - lam) a *support* example of its task, lam ~ Beta(strength, strength); the
    support stays (MetaMix: Yao et al. 2021, ICML; here at the inputs)."""
    return support, _mixed(query, support, strength, rng)


def between_tasks(support: Examples, query: Examples, strength: float, rng: np.random.Generator) -> Task:
    """A new task from two: lam of the one + (1 - lam) of the other, example by example, one lam ~ Beta(strength, strength)
    for each new task, support and query alike (MLTI: Yao, Zhang & Finn 2022, ICLR; here at the inputs). Examples that only
    one of the two has are left out."""
    other = torch.as_tensor(rng.permutation(len(support.y)), device=support.y.device)
    lam = _beta(rng, strength, support.y[:, :1])

    def mixed(part: Examples) -> Examples:
        mask = part.mask & part.mask[other]
        x = lam.unsqueeze(2) * part.x + (1 - lam.unsqueeze(2)) * part.x[other]
        return Examples(x, (lam * part.y + (1 - lam) * part.y[other]) * mask, mask)

    return mixed(support), mixed(query)


AUGMENTATIONS = {"feature noise": feature_noise, "mixup": mixup, "metamix": metamix, "between tasks": between_tasks}
KINDS = ("none", "shared label noise", *AUGMENTATIONS)


def _mixed(query: Examples, others: Examples, strength: float, rng: np.random.Generator) -> Examples:
    """lam query + (1 - lam) a random example of `others` of the same task; the query itself where there is none."""
    count = others.mask.sum(1, keepdim=True)
    partner = (torch.as_tensor(rng.random(tuple(query.mask.shape))).to(query.y) * count).long()
    lam = torch.where(count > 0, _beta(rng, strength, query.y), 1.0)
    x = lam.unsqueeze(2) * query.x + (1 - lam.unsqueeze(2)) * _rows(others.x, partner)
    y = lam * query.y + (1 - lam) * others.y.gather(1, partner)
    return Examples(x, y * query.mask, query.mask)


def _normal(rng: np.random.Generator, like: Tensor) -> Tensor:
    return torch.as_tensor(rng.standard_normal(tuple(like.shape))).to(like)


def _beta(rng: np.random.Generator, strength: float, like: Tensor) -> Tensor:
    """Beta(strength, strength) of the shape of `like`; 1 everywhere where strength is 0."""
    drawn = rng.beta(strength, strength, tuple(like.shape)) if strength else np.ones(tuple(like.shape))
    return torch.as_tensor(drawn).to(like)


def _rows(x: Tensor, at: Tensor) -> Tensor:
    """x (B, N, D) at (B, Q) -> (B, Q, D)."""
    return x.gather(1, at.unsqueeze(2).expand(-1, -1, x.shape[2]))


class FixedSplits:
    """A mixin: every epoch sees the same support and query of each user, drawn once, in place of a new draw."""

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[TaskBatch]:
        return super().batches(data, np.random.default_rng([self.seed, 0]), size)


@settings
class AugmentedANIL(ANIL):
    """ANIL that meta-trains on augmented tasks; the users it serves are never augmented.

    augmentation: "none", or a function of this module by its name: "feature noise", "shared label noise", "mixup",
    "metamix", "between tasks". strength: the standard deviation of the noise (inputs have size 1, labels are in units of the
    ratings' spread), or a of lam ~ Beta(a, a). The draws follow from the seed, the epoch and the batch.
    """

    augmentation: str = "mixup"
    strength: float = 0.5

    ranges = {"augmentation": KINDS, "strength": NOT_NEGATIVE}

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[TaskBatch]:
        for number, batch in enumerate(super().batches(data, rng, size)):
            self._draw = [self.seed, self.epoch_, number]
            yield batch

    def loss(self, batch: TaskBatch) -> Tensor:
        """`meta_loss` of the augmented batch."""
        support, query = self._augmented(batch, np.random.default_rng(getattr(self, "_draw", self.seed)))
        weights = adapt_weights(
            self._weights(), self._hidden(support.x), support.y, self._share(support), self.inner_steps, self.order
        )
        errors = ((forward(weights, self._hidden(query.x)) - query.y) ** 2 * query.mask).sum(1)
        count = query.mask.sum(1)
        return (errors / count.clamp(min=1)).sum() / (count > 0).sum().clamp(min=1)

    def _augmented(self, batch: TaskBatch, rng: np.random.Generator) -> Task:
        if self.augmentation == "shared label noise":
            noise = self.strength * self.spread_ * _normal(rng, batch.support.values[:, 0])
            batch = shared_label_noise(batch, noise)
        parts = self.examples(batch.support), self.examples(batch.query)
        change = AUGMENTATIONS.get(self.augmentation)
        return change(*parts, self.strength, rng) if change else parts

    def examples(self, ratings: PaddedRatings) -> Examples:
        """The ratings as inputs and labels."""
        bias, x = PretrainedItems.inputs(self, ratings)
        return Examples(x, (ratings.values - bias) / self.spread_ * ratings.mask, ratings.mask)

    def _hidden(self, x: Tensor) -> Tensor:
        return (x @ self.params_["w0"] + self.params_["b0"]).relu()

    def _share(self, support: Examples | PaddedRatings) -> Tensor:
        mask = support.mask.to(self.params_["w0"].dtype)
        return self._rate() * mask / (mask.sum(1, keepdim=True) + self.shrinkage).clamp(min=1e-12)
