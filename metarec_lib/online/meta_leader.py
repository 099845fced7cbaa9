"""Learning a prior while users arrive: follow the meta-leader, or empirical Bayes. Users are linear in their items.

Shapes: B stored users, K ratings of a support, Q of a query, D weights of a user.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metarec_lib.data.interactions import Interactions
from metarec_lib.meta.pca import FactorRecommender
from metarec_lib.online.learners import recursive_users


@dataclass(frozen=True, eq=False)
class ArrivingUser:
    """One user as a task: inputs x (K, D), residuals y (K,) in units of the ratings' spread, noise variances (K,); the same
    of the query. user: position in the user table."""

    user: int
    x: np.ndarray
    y: np.ndarray
    noise: np.ndarray
    query_x: np.ndarray
    query_y: np.ndarray
    query_noise: np.ndarray

    def error(self, weights: np.ndarray) -> float:
        """Mean squared error of the query under these weights, as a share of the squared spread."""
        return float(np.mean((self.query_y - self.query_x @ weights) ** 2))


class MetaLeader:
    """Follow the meta-leader (Finn et al. 2019, ICML, "Online Meta-Learning") with the inner step of Meta-SGD (Li et al.
    2017, arXiv:1707.09835).

        inner:  w = start - rates * c X'(X start - y),  c = 2 / (K + shrinkage)
        outer:  start and rates take `steps` Adam steps on the mean query error over all users so far, anew at each arrival

    A linear user needs only c X'X, c X'y and the same of the query, so a stored user takes 2 D (D + 1) numbers, however many
    ratings there are; memory still grows with the users. memory: None keeps every user; a number keeps a uniform sample of
    so many (a reservoir: Vitter 1985) beside the newest one: task replay; 0 keeps the newest alone: continual SGD.
    """

    def __init__(
        self,
        dimension: int,
        rate: float = 0.05,
        shrinkage: float = 5.0,
        lr: float = 0.01,
        steps: int = 10,
        memory: int | None = None,
        seed: int = 0,
    ) -> None:
        self.start, self.rates = np.zeros(dimension), np.full(dimension, float(rate))
        self.shrinkage, self.lr, self.steps, self.memory = shrinkage, lr, steps, memory
        self.stored: list[tuple[np.ndarray, ...]] = []
        self.seen, self._rng, self._adam = (
            0,
            np.random.default_rng(seed),
            (np.zeros(2 * dimension), np.zeros(2 * dimension), 0),
        )

    def weights(self, user: ArrivingUser) -> np.ndarray:
        """The user's weights after the inner step on the support, (D,)."""
        a, b = self._inner(user)
        return self.start - self.rates * (a @ self.start - b)

    def learn(self, user: ArrivingUser) -> None:
        """Store the user and take the outer steps; a user without a query is stored nowhere."""
        if not len(user.query_y):
            return
        n = len(user.query_y)
        new = (*self._inner(user), user.query_x.T @ user.query_x / n, user.query_x.T @ user.query_y / n)
        stacked = [np.stack(part) for part in zip(*self.stored, new, strict=True)]
        for _ in range(self.steps):
            self._step(np.concatenate(meta_gradient(self.start, self.rates, stacked)))
        self._store(new)

    def _inner(self, user: ArrivingUser) -> tuple[np.ndarray, np.ndarray]:
        c = 2 / (len(user.y) + self.shrinkage)
        return c * user.x.T @ user.x, c * user.x.T @ user.y

    def _store(self, new: tuple[np.ndarray, ...]) -> None:
        self.seen += 1
        if self.memory is None or len(self.stored) < self.memory:
            self.stored.append(new)
        elif (place := int(self._rng.integers(self.seen))) < self.memory:
            self.stored[place] = new

    def _step(self, gradient: np.ndarray) -> None:
        first, second, t = self._adam
        first, second, t = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2, t + 1
        self._adam = first, second, t
        move = self.lr * (first / (1 - 0.9**t)) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
        self.start, self.rates = self.start - move[: len(self.start)], self.rates - move[len(self.start) :]


def meta_gradient(start: np.ndarray, rates: np.ndarray, stored: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Gradients in start and rates, (D,) each, of the mean over users of the query error after the inner step.

    stored: A = c X'X (B, D, D), b = c X'y (B, D), C = X_q'X_q / Q (B, D, D), d = X_q'y_q / Q (B, D). With g = A start - b
    and w = start - rates g the query's gradient is G = 2 (C w - d); then G - A (rates G), and - g G.
    """
    a, b, c, d = stored
    g = a @ start - b
    outer = 2 * ((c @ (start - rates * g)[:, :, None])[:, :, 0] - d)
    through = (a @ (rates * outer)[:, :, None])[:, :, 0]
    return (outer - through).mean(0), (-g * outer).mean(0)


class OnlinePrior:
    """Empirical Bayes as users arrive: w_u ~ N(mean, covariance), both re-estimated with every user.

    The user's posterior under the prior of the moment gives its moments; mean and covariance are those of all posteriors so
    far, beside `strength` users' worth of N(0, scale^2): an online EM step of 1 / n (Cappe & Moulines 2009, JRSS B). No user
    is stored, and no posterior is computed a second time.
    """

    def __init__(self, dimension: int, scale: float = 0.4, strength: float = 20.0) -> None:
        self.mean, self.covariance, self.count = np.zeros(dimension), scale**2 * np.eye(dimension), float(strength)

    def weights(self, user: ArrivingUser) -> np.ndarray:
        """The user's posterior mean given the support, (D,)."""
        return self.posterior(user.x, user.y, user.noise)[0]

    def posterior(self, x: np.ndarray, y: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean (D,) and covariance (D, D) given ratings y (K,) of items x (K, D) with these noise variances (K,)."""
        sx = self.covariance @ x.T
        gain = np.linalg.solve(x @ sx + np.diag(noise), sx.T).T
        return self.mean + gain @ (y - x @ self.mean), self.covariance - gain @ sx.T

    def learn(self, user: ArrivingUser) -> None:
        """Take the user in, support and query together."""
        mean, covariance = self.posterior(
            np.vstack([user.x, user.query_x]), np.append(user.y, user.query_y), np.append(user.noise, user.query_noise)
        )
        n, off = self.count, mean - self.mean
        self.covariance = (n * self.covariance + covariance) / (n + 1) + n / (n + 1) ** 2 * np.outer(off, off)
        self.mean, self.count = self.mean + off / (n + 1), n + 1


def arriving_users(
    model: FactorRecommender, events: Interactions, order: Sequence[int], k: int = 5, pull: float = 3.0
) -> list[ArrivingUser]:
    """Users as tasks in the order of arrival: the first k ratings of each in `events` are the support, the rest the query.

    Vectors and noise stay as the model learned them before. The items' biases go on: what the users before rated them beyond
    the model's bias, averaged beside the ratings that the model learned from and `pull` further ones. order: (B,) positions.
    """
    items = recursive_users(model)
    x, noise, bias = np.stack(items.x), np.array(items.variance), np.array(items.bias)
    known = np.bincount(model.history_.to_arrays()["items"], minlength=len(bias)) + pull
    beyond, found = np.zeros(len(bias)), []
    rows = np.split(
        np.argsort(events.user_codes, kind="stable"),
        np.cumsum(np.bincount(events.user_codes, minlength=events.n_users)),
    )
    for user in order:
        item, rating = events.item_codes[rows[user]], events.values[rows[user]]
        y = (rating - bias[item] - beyond[item] / known[item]) / items.spread
        parts = x[item], y, noise[item]
        found.append(ArrivingUser(int(user), *(p[:k] for p in parts), *(p[k:] for p in parts)))
        np.add.at(beyond, item, rating - bias[item])
        np.add.at(known, item, 1)
    return found


def arrival_order(events: Interactions) -> np.ndarray:
    """Positions of the users with events, by the place of their first one, (B,); events in time order."""
    users, first = np.unique(events.user_codes, return_index=True)
    return users[np.argsort(first)]


def regret(losses: np.ndarray, rivals: np.ndarray) -> np.ndarray:
    """Summed loss so far minus that of the rival who is best so far, (T,). losses: (T,); rivals: (C, T), a row a rival."""
    return np.cumsum(losses) - np.cumsum(np.atleast_2d(rivals), axis=1).min(0)
