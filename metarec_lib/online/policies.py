"""Policies trained by their own sessions: REINFORCE without memory, RL² and a MAML policy.

All of them show item i with probability softmax_i(x_i . q) over the items not yet shown; they differ in where the query q
comes from: one for all (no memory), a recurrent network that reads items and likes (RL²), a gradient step (MAML).
Shapes: B sessions, I items, F features of an item, H hidden width, T steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from metarec_lib.online.environment import TasteWorld

Parameters = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Memory:
    """What a policy knows of B sessions: query (B, F), hidden (B, H) of RL², slope (B, F) and steps of the MAML policy."""

    query: Tensor
    hidden: Tensor | None = None
    slope: Tensor | None = None
    steps: int = 0

    def where(self, mask: Tensor, other: Memory) -> Memory:
        """Of the sessions where mask (B,) is True, what `other` knows: query and hidden."""
        chosen = mask.unsqueeze(1)
        return replace(
            self,
            query=torch.where(chosen, other.query, self.query),
            hidden=torch.where(chosen, other.hidden, self.hidden),
        )


def policy_features(vectors: Tensor, liked: Tensor, extra: Tensor | None = None) -> Tensor:
    """What a policy sees of each item, (I, F): its vector (I, D) and the log-odds of the share of likes, (I,), standardised.

    extra: (I, n) more columns, taken as they are.
    """
    odds = torch.logit(liked.clamp(0.01, 0.99)).unsqueeze(1)
    columns = torch.cat([vectors, odds], 1)
    columns = (columns - columns.mean(0)) / (columns.std(0, correction=0) + 1e-9)
    return columns if extra is None else torch.cat([columns, extra], 1)


def liked_share(items: Tensor, likes: Tensor, n_items: int, strength: float = 10.0) -> Tensor:
    """How often each item was liked when it was shown, (n_items,), shrunken to the mean; items and likes of one shape."""
    count = likes.new_zeros(n_items).scatter_add(0, items.flatten(), torch.ones_like(likes).flatten())
    liked = torch.zeros_like(count).scatter_add(0, items.flatten(), likes.flatten())
    return (liked + strength * liked.sum() / count.sum().clamp(min=1)) / (count + strength)


class Memoryless:
    """One query for everybody: REINFORCE (Williams 1992) on a softmax over items, blind to what was liked."""

    def __init__(self, features: Tensor, seed: int = 0) -> None:
        self.features = features
        rng = np.random.default_rng(seed)
        start = self.initial(features.shape[1], rng)
        self.params = {k: torch.as_tensor(v).to(features).requires_grad_() for k, v in start.items()}

    def initial(self, f: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {"query": np.zeros(f)}

    def begin(self, n: int) -> Memory:
        return Memory(self.params["query"].expand(n, -1))

    def log_probabilities(self, memory: Memory, shown: Tensor) -> Tensor:
        """Of showing each item next, (B, I); -inf where it was shown."""
        return torch.log_softmax((memory.query @ self.features.T).masked_fill(shown, -torch.inf), 1)

    def act(self, memory: Memory, shown: Tensor, rng: np.random.Generator) -> Tensor:
        """A draw from the softmax, by the largest of log p - log(-log u) (Gumbel)."""
        noise = -np.log(-np.log(rng.random(shown.shape)))
        with torch.no_grad():
            logits = self.log_probabilities(memory, shown)
            return (logits + torch.as_tensor(noise).to(logits)).argmax(1)

    def observe(self, memory: Memory, items: Tensor, likes: Tensor) -> Memory:
        return memory


class RL2(Memoryless):
    """RL² (Duan et al. 2016, arXiv): a recurrent network reads each item and its reward; its hidden state is the learner.

    h <- GRU(h, [x, like, 1 - like]), q = q0 + W h. Nothing is learned by gradient in a session: adapting is reading.
    """

    def __init__(self, features: Tensor, hidden: int = 32, seed: int = 0) -> None:
        self.hidden = hidden
        super().__init__(features, seed)

    def initial(self, f: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        h, width = self.hidden, 2 * f
        return super().initial(f, rng) | {
            "read": rng.normal(0, width**-0.5, (width, 3 * h)), "keep": rng.normal(0, h**-0.5, (h, 3 * h)),
            "bias": np.zeros(3 * h), "write": np.zeros((h, f)),
        }  # fmt: skip

    def begin(self, n: int) -> Memory:
        query = self.params["query"]
        return Memory(query.expand(n, -1), query.new_zeros(n, self.hidden))

    def observe(self, memory: Memory, items: Tensor, likes: Tensor) -> Memory:
        """Reads x if it was liked and, in other places, x if it was not."""
        x, liked = self.features[items], likes[:, None]
        hidden = gru(self.params, torch.cat([x * liked, x * (1 - liked)], 1), memory.hidden)
        return Memory(self.params["query"] + hidden @ self.params["write"], hidden)


def gru(p: Parameters, x: Tensor, h: Tensor) -> Tensor:
    """One step of a gated recurrent unit (Cho et al. 2014, EMNLP): x (B, n), h (B, H) -> (B, H).

    r, z = sigmoid of the first two thirds of x read + h keep + bias; c = tanh of the last third, its h keep times r;
    h <- z h + (1 - z) c.
    """
    from_x, from_h = (x @ p["read"] + p["bias"]).chunk(3, 1), (h @ p["keep"]).chunk(3, 1)
    r, z = (torch.sigmoid(a + b) for a, b in zip(from_x[:2], from_h[:2], strict=True))
    candidate = torch.tanh(from_x[2] + r * from_h[2])
    return z * h + (1 - z) * candidate


class PolicyMAML(Memoryless):
    """A policy that takes one step of policy gradient after `inner_steps` items (MAML for RL: Finn, Abbeel & Levine 2017).

    q_u = q + inner_rate * sum_t (like_t - liked_{i_t}) (x_{i_t} - sum_j pi_t(j) x_j), the sum over the user's first items:
    the gradient of log pi times the like beyond what the item gets from strangers, liked (I,). Training differentiates
    through the step; the first items also get the credit for what came later (E-MAML, Stadie et al. 2018, NeurIPS).
    """

    def __init__(
        self, features: Tensor, liked: Tensor, inner_rate: float = 1.0, inner_steps: int = 10, seed: int = 0
    ) -> None:
        if not inner_rate >= 0 or inner_steps < 1:
            raise ValueError(
                f"PolicyMAML: got inner_rate={inner_rate}, inner_steps={inner_steps}, expected 0 or more, 1 or more"
            )
        self.liked, self.inner_rate, self.inner_steps = liked, inner_rate, inner_steps
        super().__init__(features, seed)

    def begin(self, n: int) -> Memory:
        query = self.params["query"].expand(n, -1)
        shown = torch.zeros(n, len(self.features), dtype=torch.bool, device=query.device)
        return Memory(query, hidden=shown, slope=torch.zeros_like(query))

    def observe(self, memory: Memory, items: Tensor, likes: Tensor) -> Memory:
        if memory.steps >= self.inner_steps:
            return memory
        shares = self.log_probabilities(memory, memory.hidden).exp()
        score = self.features[items] - shares @ self.features  # gradient of log pi(item) with respect to q
        slope = memory.slope + (likes - self.liked[items])[:, None] * score
        shown = memory.hidden.scatter(1, items[:, None], True)
        after = replace(memory, hidden=shown, slope=slope, steps=memory.steps + 1)
        return (
            replace(after, query=memory.query + self.inner_rate * slope) if after.steps == self.inner_steps else after
        )


def train_policy(
    policy: Memoryless, world: TasteWorld, users: np.ndarray, *, steps: int = 20, gamma: float = 0.9, epochs: int = 600,
    batch_size: int = 64, lr: float = 0.01, entropy: float = 0.003, seed: int = 0,
    optimiser: torch.optim.Optimizer | None = None,
) -> list[float]:  # fmt: skip
    """REINFORCE: one batch of sessions an epoch, Adam on -mean over sessions of sum_t log pi(item_t) (G_t - b_t).

    G_t = sum_{s >= t} gamma^(s - t) like_s; b_t is the mean of G_t over the other sessions of the batch. entropy: weight of
    a bonus for undecided policies. Returns the like rate of each epoch.
    """
    if not 0 <= gamma <= 1 or not lr > 0 or min(steps, epochs) < 1 or batch_size < 2:
        raise ValueError(
            f"train_policy: got gamma={gamma}, lr={lr}, steps={steps}, epochs={epochs}, batch_size={batch_size}, expected "
            "gamma from 0 to 1, lr above 0, steps and epochs of 1 or more, batch_size of 2 or more"
        )
    rng, rates = np.random.default_rng(seed), []
    optimiser = optimiser or torch.optim.Adam(policy.params.values(), lr=lr)
    for _ in range(epochs):
        batch = rng.choice(users, batch_size)
        loss, rate = policy_loss(policy, world, batch, steps, gamma, entropy, rng)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.params.values(), 1.0)
        optimiser.step()
        rates.append(rate)
    return rates


def policy_loss(
    policy: Memoryless, world: TasteWorld, users: np.ndarray, steps: int, gamma: float, bonus: float,
    rng: np.random.Generator,
) -> tuple[Tensor, float]:  # fmt: skip
    """The loss of one batch of sessions, with its gradient, and their like rate."""
    sessions, memory, chosen, likes, here, undecided = world.begin(users), policy.begin(len(users)), [], [], [], 0.0
    for _ in range(steps):
        log_p = policy.log_probabilities(memory, sessions.shown)
        items = policy.act(memory, sessions.shown, rng)
        here.append(sessions.here)
        liked, sessions = world.step(sessions, items, rng)
        chosen.append(log_p.gather(1, items[:, None]).squeeze(1))
        undecided = undecided - (log_p.exp() * log_p.masked_fill(torch.isinf(log_p), 0)).sum(1).mean()
        likes.append(liked)
        memory = policy.observe(memory, items, liked)
    rewards = torch.stack(likes, 1)
    gains = returns(rewards, gamma)
    others = (gains.sum(0) - gains) / (len(users) - 1)
    weighed = torch.stack(chosen, 1) * (gains - others) * torch.stack(here, 1)
    return -weighed.sum(1).mean() - bonus * undecided, float(rewards.mean())


def returns(rewards: Tensor, gamma: float) -> Tensor:
    """G_t = r_t + gamma G_{t+1}, (B, T)."""
    total, found = torch.zeros_like(rewards[:, 0]), []
    for t in reversed(range(rewards.shape[1])):
        total = rewards[:, t] + gamma * total
        found.append(total)
    return torch.stack(found[::-1], 1)
