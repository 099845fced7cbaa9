"""DQN for sessions: the value of showing an item, learned from a memory of transitions.

Shapes: B sessions, I items, F features of an item, S numbers of a state, N transitions.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from metarec_lib.online.bandits import best_of
from metarec_lib.online.environment import TasteWorld


class DQN:
    """Q(s, i) = (x_i, 1) . f(s), f a network of one hidden layer (Mnih et al. 2015, Nature, its loss and target network).

    The state s: the mean features of what was liked, those of what was not, and how many items were shown, (S,) = 2 F + 1.
    Actions are items not yet shown; greedy, with a random item in a share `explore` of the steps. double: the network
    chooses the next action and the target network values it (van Hasselt, Guez & Silver 2016, AAAI).
    """

    def __init__(
        self, features: Tensor, hidden: int = 64, gamma: float = 0.9, explore: float = 0.0, double: bool = True,
        horizon: int = 20, seed: int = 0,
    ) -> None:  # fmt: skip
        if not 0 <= gamma < 1 or not 0 <= explore <= 1:
            raise ValueError(f"DQN: got gamma={gamma}, explore={explore}, expected 0 <= gamma < 1, explore from 0 to 1")
        self.features, self.gamma, self.explore, self.double, self.horizon = features, gamma, explore, double, horizon
        rng, f = np.random.default_rng(seed), features.shape[1]
        s = 2 * f + 1
        start = {
            "in": rng.normal(0, s**-0.5, (s, hidden)), "hidden": np.zeros(hidden),
            "out": rng.normal(0, 0.1 * hidden**-0.5, (hidden, f + 1)), "bias": np.zeros(f + 1),
        }  # fmt: skip
        self.params = {k: torch.as_tensor(v).to(features).requires_grad_() for k, v in start.items()}

    def begin(self, n: int) -> Tensor:
        return self.features.new_zeros(n, 2 * self.features.shape[1] + 1)

    def observe(self, state: Tensor, items: Tensor, likes: Tensor) -> Tensor:
        """The state after one more item; the sums are kept as means over the horizon."""
        x, liked = self.features[items] / self.horizon, likes[:, None]
        return state + torch.cat([x * liked, x * (1 - liked), torch.full_like(liked, 1 / self.horizon)], 1)

    def values(self, state: Tensor, params: dict[str, Tensor] | None = None) -> Tensor:
        """Q of every item, (B, I)."""
        p = self.params if params is None else params
        query = torch.tanh(3 * state @ p["in"] + p["hidden"]) @ p["out"] + p["bias"]
        return query[:, :-1] @ self.features.T + query[:, -1:]

    def act(self, state: Tensor, shown: Tensor, rng: np.random.Generator) -> Tensor:
        with torch.no_grad():
            best = best_of(self.values(state), shown)
        if not self.explore:
            return best
        noise = torch.as_tensor(rng.random(shown.shape), device=shown.device)
        anywhere = torch.as_tensor(rng.random(len(shown)) < self.explore, device=shown.device)
        return torch.where(anywhere, best_of(noise, shown), best)

    def loss(self, batch: dict[str, Tensor], target: dict[str, Tensor]) -> Tensor:
        """Mean squared error of Q(s, i) against td_targets, over N transitions."""
        found = self.values(batch["state"]).gather(1, batch["item"][:, None]).squeeze(1)
        with torch.no_grad():
            theirs = self.values(batch["next"], target).masked_fill(batch["shown"], -torch.inf)
            ours = self.values(batch["next"]).masked_fill(batch["shown"], -torch.inf) if self.double else theirs
            wanted = td_targets(batch["like"], theirs, ours, batch["over"], self.gamma)
        return ((found - wanted) ** 2).mean()


def td_targets(rewards: Tensor, target: Tensor, chooser: Tensor, over: Tensor, gamma: float) -> Tensor:
    """r + gamma * target(s', argmax chooser(s', .)), and r alone where the session is over.

    rewards: (N,), target and chooser: (N, I) values of the next state, -inf at what was shown; over: (N,) bool. A state
    that has nothing left to show is over too.
    """
    best = target.gather(1, chooser.argmax(1, keepdim=True)).squeeze(1)
    return rewards + gamma * torch.where(over | best.isneginf(), torch.zeros_like(best), best)


def train_dqn(
    agent: DQN, world: TasteWorld, users: np.ndarray, *, steps: int = 20, epochs: int = 150, sessions: int = 32,
    updates: int = 10, batch_size: int = 256, memory: int = 40_000, lr: float = 2e-3, copy_every: int = 5, seed: int = 0,
) -> list[float]:  # fmt: skip
    """Each epoch plays `sessions` sessions, then takes `updates` steps of Adam on transitions drawn from the memory.

    The share of random items falls from 1 to 0.1 over the first half. The target network is a copy, renewed every
    `copy_every` epochs. Returns the like rate of each epoch.
    """
    rng, optimiser, rates = np.random.default_rng(seed), torch.optim.Adam(agent.params.values(), lr=lr), []
    stored: dict[str, Tensor] = {}
    explore = agent.explore
    for epoch in range(epochs):
        if epoch % copy_every == 0:
            target = {k: v.detach().clone() for k, v in agent.params.items()}
        agent.explore = max(0.1, 1 - 2 * epoch / epochs)
        new = _transitions(agent, world, rng.choice(users, sessions), steps, rng)
        stored = {k: torch.cat([stored[k], v])[-memory:] if stored else v for k, v in new.items()}
        for _ in range(updates):
            rows = torch.as_tensor(rng.integers(len(stored["like"]), size=batch_size), device=agent.features.device)
            optimiser.zero_grad()
            agent.loss({k: v[rows] for k, v in stored.items()}, target).backward()
            optimiser.step()
        rates.append(float(new["like"].mean()))
    agent.explore = explore
    return rates


def _transitions(
    agent: DQN, world: TasteWorld, users: np.ndarray, steps: int, rng: np.random.Generator
) -> dict[str, Tensor]:
    """What happened in these sessions, while the users were there: one row a step."""
    now, state, rows = world.begin(users), agent.begin(len(users)), []
    for t in range(steps):
        items, here = agent.act(state, now.shown, rng), now.here
        likes, now = world.step(now, items, rng)
        after = agent.observe(state, items, likes)
        over = ~now.here | (t == steps - 1)
        row = {"state": state, "item": items, "like": likes, "next": after, "shown": now.shown, "over": over}
        rows.append({k: v[here] for k, v in row.items()})
        state = after
    return {k: torch.cat([row[k] for row in rows]) for k in rows[0]}
