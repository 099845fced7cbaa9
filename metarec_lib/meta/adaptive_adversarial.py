"""A closed-form head that is meta-trained against attacked supports, whose strength is fixed, scheduled or led by the loss.

Shapes: B users, K support ratings, Q query ratings.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import TaskBatch
from metarec_lib.meta.base import squared_error
from metarec_lib.meta.poisoning import support_effect
from metarec_lib.meta.ridge import MetaLearningModel
from metarec_lib.models.arguments import NOT_NEGATIVE
from metarec_lib.models.base import settings

SCHEDULES = ("fixed", "scheduled", "loss")
STEP = 1.2  # the factor by which the loss-driven strength moves at a step
FIRST = 0.1  # the share of epsilon that it begins with


@settings
class AdaptiveAdversarialMetaLearningModel(MetaLearningModel):
    """MetaLearningModel, trained on clean supports and on supports that an attacker has moved.

    meta_loss = L(support) + weight (L(support + delta) - L(support)), L the query's squared error after the exact solve.
    delta = strength sign(dL / d ratings) on every rating of the support, kept in the scale: FGSM (Goodfellow et al. 2015,
    ICLR) on the support, in training alone, where Goldblum et al. (2020, NeurIPS) attack the query. weight 0 is plain
    training, weight 1 training on attacked supports only. The strength, in units of the ratings' spread, is

    - "fixed": epsilon from the first step on;
    - "scheduled": epsilon times the share of the epochs that are done, a curriculum;
    - "loss": raised by a fifth after a step whose attacked error is below (1 + tolerance) times the clean one, lowered by a
      fifth after any other; never above epsilon.

    `strengths_` holds the strength of every step. Nothing of the attack remains at serving: `adapt` is the plain solve,
    under a prior that learned to trust ratings less.
    """

    schedule: str = "fixed"
    epsilon: float = 1.0
    weight: float = 0.5
    tolerance: float = 0.1
    epochs: int = 20
    lr: float = 3e-3

    ranges = {"schedule": SCHEDULES, "epsilon": NOT_NEGATIVE, "weight": NOT_NEGATIVE, "tolerance": NOT_NEGATIVE}
    exact_gradient = False  # delta counts as a constant

    def _prepare(self, data: Interactions) -> None:
        super()._prepare(data)
        self.scale_ = data.scale
        self.strengths_, self._led = [], FIRST * self.epsilon

    def meta_loss(self, batch: TaskBatch) -> Tensor:
        clean = self._error_of(batch)
        strength = self.strength()
        if not strength or not self.weight:
            return clean
        attacked = self._error_of(self.attacked(batch, strength))
        self._lead(clean, attacked, strength)
        return clean + self.weight * (attacked - clean)

    def strength(self) -> float:
        """How far a rating may be moved at the next step, in spreads of the ratings."""
        if self.schedule == "loss":
            return float(getattr(self, "_led", FIRST * self.epsilon))
        done = 1.0 if self.schedule == "fixed" else min(1.0, getattr(self, "epoch_", 0) / max(1, self.epochs - 1))
        return self.epsilon * done

    def attacked(self, batch: TaskBatch, strength: float) -> TaskBatch:
        """The same tasks with every support rating moved by `strength` spreads along the sign of the query error's gradient.

        d mean (s_q - y_q)^2 / d r_k = 2 mean (s_q - y_q) H_qk, in closed form; a constant for training.
        """
        with torch.no_grad():
            error = (self.score(self.adapt(batch.support), batch.query) - batch.query.values) * batch.query.mask
            gradient = (error.unsqueeze(2) * support_effect(self, batch)).sum(1)
            moved = batch.support.values + strength * self.spread_ * gradient.sign()
            values = moved.clamp(*self.scale_) * batch.support.mask
        return TaskBatch(replace(batch.support, values=values, liked=None, gains=None), batch.query)

    def _error_of(self, batch: TaskBatch) -> Tensor:
        return squared_error(self.score(self.adapt(batch.support), batch.query), batch.query) / self.spread_**2

    def _lead(self, clean: Tensor, attacked: Tensor, strength: float) -> None:
        if clean.is_meta:
            return
        self.strengths_.append(strength)
        if self.schedule == "loss":
            calm = float(attacked.detach()) <= (1 + self.tolerance) * float(clean.detach())
            self._led = min(self.epsilon, strength * STEP if calm else strength / STEP)
