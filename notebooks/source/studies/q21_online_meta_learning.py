"""The study of q21: users of ML-100K arrive one after the other, each with five ratings known; what prior meets them?

Items are learned from the first two fifths of the users, whoever arrives first; then the stream begins. A seed draws the
order of equal times, and in random order that of the users."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
import pandas as pd

from metarec_lib import (
    Interactions,
    MetaLeader,
    OnlinePrior,
    ProbabilisticPCA,
    arrival_order,
    arriving_users,
    in_time_order,
    load_movielens,
    study_rows,
)
from metarec_lib.data.splits import tuning_users
from metarec_lib.online.meta_leader import ArrivingUser

SEEDS = (10, 11, 12, 13, 14)
WARM, FIRST, K, D, EARLY = 0.4, 0.4, 5, 9, 50
RATES, MEMORIES = (0.001, 0.003, 0.01, 0.03), (20, 50, 100, 200)
GRIDS = {
    "bias": list(product((5, 8, 12, 20, 30))),
    "pooled": list(product((5, 8, 12, 20, 30))),
    "scratch": list(product((0.15, 0.2, 0.25, 0.3))),
    "bayes": list(product((0.2, 0.4), (5, 20, 50))),
    "leader": list(product((0.003, 0.01, 0.03))),
    "continual": list(product((0.0003, 0.001, 0.003, 0.01))),
}


class Still:
    """What learns nothing from those who come."""

    def learn(self, user: ArrivingUser) -> None:
        """Nothing."""


class RunningBias(Still):
    """The running item biases, and a shrunken mean of the user's own residuals."""

    def __init__(self, shrinkage: float) -> None:
        self.shrinkage = shrinkage

    def weights(self, user: ArrivingUser) -> np.ndarray:
        return np.append(np.zeros(D - 1), user.y.sum() / (len(user.y) + self.shrinkage))


class Scratch(Still):
    """A ridge from zero for each user, of one tuned scale."""

    def __init__(self, scale: float) -> None:
        self.prior = OnlinePrior(D, scale)

    def weights(self, user: ArrivingUser) -> np.ndarray:
        return self.prior.weights(user)


class Pooled:
    """Train on everything: one ridge for all ratings so far, and the user's shrunken bias on top."""

    def __init__(self, shrinkage: float) -> None:
        self.shrinkage, self.gram, self.right = shrinkage, 10 * np.eye(D), np.zeros(D)

    def weights(self, user: ArrivingUser) -> np.ndarray:
        w = np.linalg.solve(self.gram, self.right)
        w[-1] += (user.y - user.x @ w).sum() / (len(user.y) + self.shrinkage)
        return w

    def learn(self, user: ArrivingUser) -> None:
        for x, y in ((user.x, user.y), (user.query_x, user.query_y)):
            self.gram, self.right = self.gram + x.T @ x, self.right + x.T @ y


MAKE: dict[str, Callable[..., object]] = {
    "bias": RunningBias,
    "pooled": Pooled,
    "scratch": Scratch,
    "bayes": lambda scale, strength: OnlinePrior(D, scale, strength=strength),
    "leader": lambda lr: MetaLeader(D, lr=lr),
    "continual": lambda lr: MetaLeader(D, lr=lr, memory=0),
}


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Squared error of the query of each judging user, in order of arrival and in random order."""
    data = in_time_order(load_movielens("ml-100k"), seed)
    tuning = np.isin(data.users["user_id"].to_numpy(), tuning_users(data))
    for order in ("time", "random"):
        users = arrival_order(data) if order == "time" else np.random.default_rng(seed).permutation(data.n_users)
        cut, first = int(WARM * len(users)), int(FIRST * WARM * len(users))
        early, _ = arrivals(data, users[:first], users[first:cut], seed)
        best = {name: chosen(name, early, tuning) for name in GRIDS}
        stream, spread = arrivals(data, users[:cut], users[cut:], seed)
        judge = Judge(stream, spread, tuning, data.users["user_id"].to_numpy())
        for name, (learner, stop) in learners(best).items():
            errors = judge(learner, stop)
            yield study_rows("mse", name, errors, order=order)
            if order == "time":
                for quarter, part in enumerate(np.array_split(np.arange(len(errors)), 4), 1):
                    yield study_rows("mse in a quarter", name, errors.iloc[part], quarter=quarter)
        if order == "time":
            for rate, name in product(RATES, ("leader", "continual")):
                yield study_rows("mse at a rate", name, judge(MAKE[name](rate)), rate=rate)
            for memory in MEMORIES:
                replay = MetaLeader(D, lr=best["leader"][0], memory=memory, seed=seed)
                yield study_rows("mse at a memory", "task replay", judge(replay), memory=memory)


def learners(best: dict[str, tuple]) -> dict[str, tuple[object, float]]:
    """What is compared, and after how many arrivals it stops learning."""
    made = {name: (MAKE[name](*setting), np.inf) for name, setting in best.items()}
    names = {
        "bias": "running bias", "pooled": "train on everything", "scratch": "ridge from scratch",
        "bayes": "online empirical Bayes", "leader": "follow the meta-leader", "continual": "continual SGD",
    }  # fmt: skip
    return {names[key]: learner for key, learner in made.items()} | {
        "continual SGD, long steps": (MAKE["continual"](0.03), np.inf),
        "frozen start": (MAKE["leader"](*best["leader"]), EARLY),
        "frozen empirical Bayes": (MAKE["bayes"](*best["bayes"]), EARLY),
    }


def arrivals(
    data: Interactions, before: Sequence[int], after: Sequence[int], seed: int
) -> tuple[list[ArrivingUser], float]:
    """The users `after` as tasks, the items learned from those `before`; and the spread of the ratings."""
    model = ProbabilisticPCA(seed=seed).fit(data.subset(np.isin(data.user_codes, before)))
    return arriving_users(model, data, after, K), model.spread_


def passed(learner: object, users: list[ArrivingUser], stop: float = np.inf) -> np.ndarray:
    """Each user's error before the learner has learned from that user, (B,)."""
    errors = []
    for at, user in enumerate(users):
        errors.append(user.error(learner.weights(user)))
        if at < stop:
            learner.learn(user)
    return np.array(errors)


def chosen(name: str, users: list[ArrivingUser], tuning: np.ndarray) -> tuple:
    """The setting of the smallest error on tuning users who arrived before the stream."""
    counted = np.array([tuning[user.user] for user in users])
    return min(GRIDS[name], key=lambda setting: passed(MAKE[name](*setting), users)[counted].mean())


class Judge:
    """Errors of a learner over the stream, in stars squared, of the users who judge, in order of arrival."""

    def __init__(self, users: list[ArrivingUser], spread: float, tuning: np.ndarray, ids: np.ndarray) -> None:
        self.users, self.spread = users, spread
        self.ids = np.array([ids[user.user] for user in users])
        self.judging = np.array([not tuning[user.user] for user in users])

    def __call__(self, learner: object, stop: float = np.inf) -> pd.Series:
        errors = self.spread**2 * passed(learner, self.users, stop)
        return pd.Series(errors[self.judging], index=self.ids[self.judging])
