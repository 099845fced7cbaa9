"""The study of q19: sessions of 20 films with simulated users whom no agent has met.

A seed splits the users of ML-100K in two halves: those of the first are the agents' users, from whose ratings they know the
films and in whose simulated sessions they train; those of the second make another world, fitted anew, in which they are
judged. Strengths are chosen on tuning users of the agents' world; the users who judge are no tuning users."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from metarec_lib import (
    DQN,
    RL2,
    Interactions,
    LinUCB,
    Memoryless,
    PolicyMAML,
    TasteWorld,
    Thompson,
    doubly_robust,
    effective_sample_size,
    fit_prior,
    importance_weights,
    ips,
    load_movielens,
    play,
    snips,
    study_rows,
    taste_world,
    train_dqn,
    train_policy,
)
from metarec_lib.data.splits import tuning_users
from metarec_lib.online.bandits import Fixed, Oracle
from metarec_lib.online.policies import liked_share, policy_features

SEEDS = (10, 11, 12, 13, 14)
FILMS, AMONG, STEPS, EPOCHS = 200, 800, 20, 400
WORLDS = {"as fitted": {"taste": 1.0}, "strong": {"taste": 2.5}, "two interests": {"taste": 2.5, "interests": 2}}
ALPHAS, SCALES, INNER_RATES = (0.0, 0.1, 0.25, 0.5, 1.0), (0.1, 0.3, 1.0), (0.1, 0.3, 1.0)
LOGS, IMPRESSIONS, CLIP = 100, 1000, 10.0


@dataclass(frozen=True, eq=False)
class Halves:
    """The agents' world with its training and tuning users, and the judges' world with its users; what is known of films."""

    world: TasteWorld
    training: np.ndarray
    tuning: np.ndarray
    judges: TasteWorld
    users: np.ndarray
    liked: Tensor
    x: Tensor

    @property
    def linear(self) -> Tensor:
        """Features of the bandits: the vectors and a constant, (I, D + 1)."""
        return torch.cat([self.world.vectors, torch.ones_like(self.world.base).unsqueeze(1)], 1)


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Like rates of each judging user, and errors of off-policy estimates of each log."""
    for name, options in WORLDS.items():
        halves = split(load_movielens("ml-100k"), seed, **options)
        judge = Judge(halves, seed, name)
        yield from judge.bandits()
        yield from judge.policies(deep=name == "strong")
        if name == "strong":
            yield from estimates(halves, seed)
    yield from clickbait(seed)


def split(data: Interactions, seed: int, clickbait: int = 0, **options: float) -> Halves:
    """Two worlds over the same FILMS films, drawn from the AMONG most rated ones of the first half."""
    rng, tuning = np.random.default_rng(seed), set(tuning_users(data))
    order = rng.permutation(data.n_users)
    parts = [data.subset(np.isin(data.user_codes, half)) for half in np.array_split(order, 2)]
    counts = np.bincount(parts[0].item_codes, minlength=data.n_items)
    films = np.sort(rng.choice(np.argsort(-counts, kind="stable")[:AMONG], FILMS, replace=False))
    ids = data.items["item_id"].to_numpy()[films]
    world, judges = (
        taste_world(part, ids, seed=seed + n, clickbait=clickbait, **options) for n, part in enumerate(parts)
    )
    tunes = [np.isin(w.user_ids, list(tuning)) for w in (world, judges)]
    training = np.flatnonzero(~tunes[0])
    log = play(world, training, Fixed(), 60, seed)
    liked = liked_share(log.items, log.likes, world.n_items)
    flag = torch.zeros(world.n_items, 1, dtype=liked.dtype)
    flag[FILMS:] = 3.0
    x = policy_features(world.vectors, liked, flag if clickbait else None)
    return Halves(world, training, np.flatnonzero(tunes[0]), judges, np.flatnonzero(~tunes[1]), liked, x)


class Judge:
    """Plays agents with the judging users, and gives their like rates."""

    def __init__(self, halves: Halves, seed: int, world: str) -> None:
        self.h, self.seed, self.world = halves, seed, world

    def rows(self, name: str, agent: object, **options: bool) -> Iterator[pd.DataFrame]:
        h = self.h
        with torch.no_grad():
            likes = play(h.judges, h.users, agent, STEPS, self.seed, **options).likes.cpu().numpy()
        rate = pd.Series(likes.mean(1), index=h.judges.user_ids[h.users])
        yield study_rows("like rate", name, rate, world=self.world)
        for step, mean in enumerate(likes.mean(0), 1):
            yield study_rows("like rate at a step", name, mean, world=self.world, step=step)

    def chosen(self, make: Callable[..., object], settings: list[tuple]) -> object:
        """The agent of the setting that pleases the tuning users most, in three sessions each."""
        h, users = self.h, np.tile(self.h.tuning, 3)

        def rate(setting: tuple) -> float:
            with torch.no_grad():
                return float(play(h.world, users, make(*setting), STEPS, self.seed).likes.mean())

        return make(*max(settings, key=rate))

    def bandits(self) -> Iterator[pd.DataFrame]:
        h, x = self.h, self.h.linear
        zero, eye = x.new_zeros(x.shape[1]), torch.eye(x.shape[1], dtype=x.dtype)
        log = play(h.world, h.training, Fixed(), 60, self.seed + 1)
        prior = fit_prior(x[log.items], log.likes - h.liked[log.items], noise=0.2)
        both = [(a, s) for a in ALPHAS for s in SCALES]
        alone = [(a,) for a in ALPHAS]
        agents = {
            "random films": Fixed(),
            "the popular list": Fixed(h.liked),
            "LinUCB from zero": self.chosen(lambda a, s: LinUCB(x, (zero, s**2 * eye), None, a), both),
            "LinUCB from the popular list": self.chosen(lambda a, s: LinUCB(x, (zero, s**2 * eye), h.liked, a), both),
            "LinUCB with a learned prior": self.chosen(lambda a: LinUCB(x, prior, h.liked, a), alone),
            "Thompson with a learned prior": self.chosen(lambda a: Thompson(x, prior, h.liked, a), alone),
            "greedy oracle": Oracle(h.judges, h.users),
        }
        for name, agent in agents.items():
            yield from self.rows(name, agent)

    def policies(self, deep: bool) -> Iterator[pd.DataFrame]:
        """REINFORCE without memory and RL²; where `deep`, also DQN, the MAML policy and the controls."""
        h = self.h
        yield from self.rows("REINFORCE without memory", self.trained(Memoryless(h.x, self.seed)))
        reader = self.trained(RL2(h.x, seed=self.seed))
        yield from self.rows("RL²", reader)
        yield from self.rows("RL² that hears another user", reader, shuffled=True)
        if deep:
            yield from self.rows("RL² with gamma 0", self.trained(RL2(h.x, seed=self.seed), gamma=0.0))
            agent = DQN(h.x, gamma=0.5, seed=self.seed)
            train_dqn(agent, h.world, h.training, epochs=200, lr=5e-3, seed=self.seed)
            yield from self.rows("DQN", agent)
            made = {
                rate: self.trained(PolicyMAML(h.x, h.liked, rate, 6, self.seed), EPOCHS // 2) for rate in INNER_RATES
            }
            yield from self.rows("MAML policy", self.chosen(made.get, [(rate,) for rate in INNER_RATES]))

    def trained(self, policy: Memoryless, epochs: int = EPOCHS, gamma: float = 0.5) -> Memoryless:
        train_policy(policy, self.h.world, self.h.training, gamma=gamma, epochs=epochs, seed=self.seed)
        return policy


def clickbait(seed: int) -> Iterator[pd.DataFrame]:
    """Ten more items that please nine in ten and drive every second one away: policies of short and of far sight."""
    halves = split(load_movielens("ml-100k"), seed, clickbait=10, taste=2.5, leave=0.5)
    judge = Judge(halves, seed, "clickbait")
    plain = Judge(split(load_movielens("ml-100k"), seed, taste=2.5), seed, "strong")
    for name, gamma in (("short-sighted policy", 0.0), ("far-sighted policy", 0.95)):
        for where in (judge, plain):
            policy = where.trained(Memoryless(where.h.x, seed), EPOCHS // 2, gamma)
            yield from where.rows(name, policy)


def estimates(h: Halves, seed: int) -> Iterator[pd.DataFrame]:
    """|estimate - truth| of each log: a popular softmax was logged; the new policies know the users' tastes.

    A log holds one impression of each of IMPRESSIONS users drawn anew. The reward model is the share of likes of a film
    among the agents' users: it knows nothing of the user.
    """
    rng, w = np.random.default_rng(seed), h.judges
    chance = w.chances(w.begin(h.users)).cpu().numpy()
    odds = torch.logit(h.liked).cpu().numpy()
    personal = torch.logit(w.chances(w.begin(h.users)).clamp(0.01, 0.99)).cpu().numpy()
    old = softmax(odds[None])[0]
    policies = {"near": softmax(odds + 0.3 * personal), "far": softmax(odds + 2.0 * personal)}
    model = h.liked.cpu().numpy()
    for target, new in policies.items():
        found: dict[str, dict[str, float]] = {}
        for log in range(LOGS):
            u = rng.integers(len(chance), size=IMPRESSIONS)
            items = rng.choice(len(old), IMPRESSIONS, p=old)
            likes = (rng.random(IMPRESSIONS) < chance[u, items]).astype(float)
            truth = float((new[u] * chance[u]).sum(1).mean())
            weights = importance_weights(new[u, items], old[items])
            expected = new[u] @ model
            guesses = {
                "IPS": ips(likes, weights),
                "clipped IPS": ips(likes, np.minimum(weights, CLIP)),
                "SNIPS": snips(likes, weights),
                "doubly robust": doubly_robust(likes, weights, model[items], expected),
                "reward model alone": float(expected.mean()),
            }
            for name, guess in guesses.items():
                found.setdefault(name, {})[f"{seed}-{log}"] = abs(guess - truth)
                found.setdefault(f"{name}, signed", {})[f"{seed}-{log}"] = guess - truth
            found.setdefault("effective sample size", {})[f"{seed}-{log}"] = effective_sample_size(weights)
        for name, values in found.items():
            yield study_rows("estimate", name, pd.Series(values), target=target, units="logs")


def softmax(logits: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)
