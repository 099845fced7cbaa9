"""Bandits whose user is a linear regression: LinUCB and Thompson sampling, from zero or from a learned prior.

Shapes: B sessions, I items, F features of an item, N ratings of a user.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from metarec_lib.online.environment import FADES, Sessions, TasteWorld


class Agent(Protocol):
    """Who decides what to show in B sessions at once; what it remembers of them is passed from step to step."""

    def begin(self, n: int) -> object:
        """What is known of n new users."""

    def act(self, memory: object, shown: Tensor, rng: np.random.Generator) -> Tensor:
        """The items to show, (B,) positions, none of those shown already, (B, I) bool."""

    def observe(self, memory: object, items: Tensor, likes: Tensor) -> object:
        """What is known after these items, (B,), were liked or not, (B,)."""


@dataclass(frozen=True, eq=False)
class Played:
    """T steps of B sessions: items, likes (0 or 1), and whether the user was still here before the step, each (B, T)."""

    items: Tensor
    likes: Tensor
    here: Tensor


def play(
    world: TasteWorld, users: np.ndarray, agent: Agent, steps: int = 20, seed: int = 0, shuffled: bool = False
) -> Played:
    """Let the agent show `steps` items to each of these users, (B,) positions.

    shuffled: the agent is told another session's like at each step: what it gains then does not come from the user.
    """
    rng, sessions, memory = np.random.default_rng(seed), world.begin(users), agent.begin(len(users))
    told, rows = np.random.default_rng(seed + 1), []
    for _ in range(steps):
        items, here = agent.act(memory, sessions.shown, rng), sessions.here
        likes, sessions = world.step(sessions, items, rng)
        heard = likes[torch.as_tensor(told.permutation(len(likes)))] if shuffled else likes
        memory = agent.observe(memory, items, heard)
        rows.append((items, likes, here))
    return Played(*(torch.stack(column, 1) for column in zip(*rows, strict=True)))


def best_of(scores: Tensor, shown: Tensor) -> Tensor:
    """The item of the highest score among those not shown, (B,)."""
    return scores.masked_fill(shown, -torch.inf).argmax(1)


class Fixed:
    """The same scores for everybody, (I,): popularity. Where None: a random order for each session."""

    def __init__(self, scores: Tensor | None = None) -> None:
        self.scores = scores

    def begin(self, n: int) -> None:
        return None

    def act(self, memory: None, shown: Tensor, rng: np.random.Generator) -> Tensor:
        if self.scores is None:
            return best_of(torch.as_tensor(rng.random(shown.shape), device=shown.device), shown)
        return best_of(self.scores.expand(shown.shape), shown)

    def observe(self, memory: None, items: Tensor, likes: Tensor) -> None:
        return None


class Oracle(Fixed):
    """Knows the chances of the world itself; greedy, so not the best possible where one step changes the next."""

    def __init__(self, world: TasteWorld, users: np.ndarray) -> None:
        self.world, self.users = world, users

    def begin(self, n: int) -> Sessions:
        return self.world.begin(self.users)

    def act(self, memory: Sessions, shown: Tensor, rng: np.random.Generator) -> Tensor:
        return best_of(self.world.chances(replace(memory, shown=shown)), shown)

    def observe(self, memory: Sessions, items: Tensor, likes: Tensor) -> Sessions:
        return replace(memory, recent=FADES * memory.recent + (1 - FADES) * self.world.vectors[items])


@dataclass(frozen=True, eq=False)
class Posterior:
    """N(mean, covariance) of the weights of B users: (B, F), (B, F, F)."""

    mean: Tensor
    covariance: Tensor


class LinUCB:
    """Shows the item of the largest x_i . mean + offset_i + alpha sqrt(x_i' S x_i), S the posterior covariance.

    A like is regressed on x: like = offset_i + x_i . w_u + noise, w_u ~ N(prior mean, prior covariance). With a mean of zero
    and a covariance s^2 I this is LinUCB (Li et al. 2010, WWW, alg. 1, one theta for all items) with lambda = noise / s^2
    and its alpha in units of the noise. features: (I, F); offset: (I,) what a stranger's like is expected to be, 0 where
    None; noise: variance of a like.
    """

    def __init__(
        self, features: Tensor, prior: tuple[Tensor, Tensor], offset: Tensor | None = None, alpha: float = 0.5,
        noise: float = 0.2,
    ) -> None:  # fmt: skip
        if not noise > 0 or alpha < 0:
            raise ValueError(f"LinUCB: got alpha={alpha}, noise={noise}, expected alpha of 0 or more, noise above 0")
        self.features, self.prior, self.alpha, self.noise = features, prior, alpha, noise
        self.offset = features.new_zeros(len(features)) if offset is None else offset

    def begin(self, n: int) -> Posterior:
        mean, covariance = self.prior
        return Posterior(mean.expand(n, -1), covariance.expand(n, -1, -1))

    def act(self, memory: Posterior, shown: Tensor, rng: np.random.Generator) -> Tensor:
        variance = torch.einsum("if,bfg,ig->bi", self.features, memory.covariance, self.features)
        score = memory.mean @ self.features.T + self.offset + self.alpha * variance.clamp(min=0).sqrt()
        return best_of(score, shown)

    def observe(self, memory: Posterior, items: Tensor, likes: Tensor) -> Posterior:
        """S <- S - S x x' S / (noise + x' S x) (Sherman & Morrison 1950), the mean by the same gain."""
        x = self.features[items]
        sx = torch.einsum("bfg,bg->bf", memory.covariance, x)
        gain = sx / (self.noise + (sx * x).sum(1, keepdim=True))
        error = likes - self.offset[items] - (memory.mean * x).sum(1)
        return Posterior(memory.mean + gain * error[:, None], memory.covariance - gain[:, :, None] * sx[:, None, :])


class Thompson(LinUCB):
    """Shows the best item under one draw of the weights from their posterior, widened by alpha (Thompson 1933; Agrawal &
    Goyal 2013, ICML)."""

    def act(self, memory: Posterior, shown: Tensor, rng: np.random.Generator) -> Tensor:
        eye = torch.eye(memory.covariance.shape[1], dtype=memory.covariance.dtype, device=memory.covariance.device)
        root = torch.linalg.cholesky(memory.covariance + 1e-9 * eye)
        z = torch.as_tensor(rng.standard_normal(memory.mean.shape)).to(memory.mean)
        weights = memory.mean + self.alpha * torch.einsum("bfg,bg->bf", root, z)
        return best_of(weights @ self.features.T + self.offset, shown)


def fit_prior(x: Tensor, y: Tensor, noise: float, rounds: int = 30, scale: float = 0.3) -> tuple[Tensor, Tensor]:
    """Mean (F,) and covariance (F, F) of the users' weights, from the sessions of U other users: empirical Bayes by EM.

    x: (U, N, F) features of what each was shown; y: (U, N) likes less the offset. Each round solves every user's posterior
    under the prior, then takes the mean of the means, and the mean of covariance and spread (Dempster, Laird & Rubin 1977).
    scale: standard deviation that the rounds start from.
    """
    eye = torch.eye(x.shape[2], dtype=x.dtype, device=x.device)
    mean, covariance = x.new_zeros(x.shape[2]), scale**2 * eye
    for _ in range(rounds):
        precision = torch.linalg.inv(covariance)
        posterior = torch.linalg.inv(precision + x.mT @ x / noise)
        right = (precision @ mean) + (x * y.unsqueeze(2)).sum(1) / noise
        means = (posterior @ right.unsqueeze(2)).squeeze(2)
        mean = means.mean(0)
        off = means - mean
        covariance = posterior.mean(0) + off.mT @ off / len(off) + 1e-8 * eye
    return mean, covariance
