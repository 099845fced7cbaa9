"""The study of q21: users of ML-100K arrive one after the other, each with five ratings known; what prior meets them?

Nothing looks ahead: items are learned from the ratings before the stream begins, an item's bias from those before the user
arrives, and the prior learns from a user a day after arrival, from the ratings of that day. `whole` is the convenient
protocol, which takes each user in whole before the next one comes. A seed draws the order of equal times, the items' start
and the users in the replay."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
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
from metarec_lib.online.learners import recursive_users
from metarec_lib.online.meta_leader import ArrivingUser

SEEDS = (10, 11, 12, 13, 14)
WARM, FIRST, K, D, EARLY, DAY, PULL = 0.4, 0.4, 5, 9, 50, 86_400, 3.0
STEPS, MEMORIES, DELAYS = (0.001, 0.003, 0.01, 0.03), (20, 50, 100, 200), (1, 7, 30)
LEADER, BAYES, CONTINUAL = "follow the meta-leader", "online empirical Bayes", "continual SGD"
SHRINKAGES = [(s,) for s in (3, 5, 8, 12, 20, 30)]
RATES = [(lr,) for lr in (0.0003, 0.001, 0.003, 0.01, 0.03)]
GRIDS: dict[str, list[tuple]] = {
    "running bias": SHRINKAGES,
    "train on everything": SHRINKAGES,
    "ridge from scratch": [(s,) for s in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4)],
    "prior of the past": [(s,) for s in (0.01, 0.03, 0.1, 0.25, 0.5, 1)],
    "prior of the past, updated": list(product((0.03, 0.1, 0.25, 0.5, 1), (5, 20, 80, 320, 1280))),
    BAYES: list(product((0.1, 0.2, 0.4, 0.8, 1.6), (0.1, 1, 10, 50, 200))),
    LEADER: RATES,
    CONTINUAL: RATES,
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


class PastPrior(OnlinePrior):
    """A normal prior by EM on the users before the stream, its covariance times `wider`; then updated, or not at all."""

    def __init__(self, past: list[ArrivingUser], wider: float, strength: float | None = None) -> None:
        super().__init__(D, strength=strength or np.inf)
        for _ in range(30):
            found = [self.posterior(u.x, u.y, u.noise) for u in past]
            means, covariance = np.array([m for m, _ in found]), np.mean([v for _, v in found], axis=0)
            self.mean = means.mean(0)
            self.covariance = covariance + (means - self.mean).T @ (means - self.mean) / len(means)
        self.covariance = wider * self.covariance

    def learn(self, user: ArrivingUser) -> None:
        if np.isfinite(self.count):
            super().learn(user)


@dataclass(frozen=True, eq=False)
class Arrival:
    """A user as judged, what the prior may learn of the user, when the user arrives and when that is learned."""

    judged: ArrivingUser
    learned: ArrivingUser
    at: float
    known: float


@dataclass(frozen=True, eq=False)
class Stream:
    """Users in the order of arrival; the users before them, for a prior of the past; the spread of the ratings."""

    arrivals: list[Arrival]
    past: list[ArrivingUser]
    spread: float

    def make(self, name: str, *setting: float) -> object:
        """A learner by its name."""
        kinds: dict[str, Callable[..., object]] = {
            "running bias": RunningBias,
            "train on everything": Pooled,
            "ridge from scratch": self._scratch,
            "prior of the past": lambda wider: PastPrior(self.past, wider),
            "prior of the past, updated": lambda wider, strength: PastPrior(self.past, wider, strength),
            BAYES: lambda scale, strength: OnlinePrior(D, scale, strength=strength),
            LEADER: lambda lr: MetaLeader(D, lr=lr),
            CONTINUAL: lambda lr: MetaLeader(D, lr=lr, memory=0),
        }
        return kinds[name](*setting)

    @staticmethod
    def _scratch(scale: float) -> object:
        prior = OnlinePrior(D, scale)
        prior.learn = lambda user: None
        return prior

    def passed(self, learner: object, stop: float = np.inf, delay: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Each user's error under the prior that met the user, and under that just after learning from the user, (B,) each;
        NaN where the user was never learned from. delay: so many seconds later than else."""
        met, after, waiting = [], np.full(len(self.arrivals), np.nan), deque()
        for at, user in enumerate(self.arrivals):
            while waiting and waiting[0][1].known + delay <= user.at and stop > 0:
                place, known = waiting.popleft()
                learner.learn(known.learned)
                after[place], stop = error(known.judged, learner), stop - 1
            met.append(error(user.judged, learner))
            waiting.append((at, user))
        return np.array(met), after

    def again(self, learner: object) -> np.ndarray:
        """Each user's error under the prior as it is now, (B,)."""
        return np.array([error(user.judged, learner) for user in self.arrivals])


class Judge:
    """Errors over a stream, in stars squared, of the users who judge, in order of arrival."""

    def __init__(self, stream: Stream, tuning: np.ndarray, ids: np.ndarray) -> None:
        codes = np.array([user.judged.user for user in stream.arrivals])
        self.spread, self.judging = stream.spread, ~tuning[codes]
        self.ids = ids[codes[self.judging]]

    def __call__(self, errors: np.ndarray) -> pd.Series:
        return pd.Series(self.spread**2 * errors[self.judging], index=self.ids)


def error(user: ArrivingUser, learner: object) -> float:
    """The user's error under the learner as it is now; NaN where nothing is left to judge."""
    return user.error(learner.weights(user)) if len(user.query_y) else np.nan


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Squared errors of the query, in stars squared, of each judging user."""
    data = in_time_order(load_movielens("ml-100k"), seed)
    users, ids = arrival_order(data), data.users["user_id"].to_numpy()
    tuning = np.isin(ids, tuning_users(data))
    cut, first = int(WARM * len(users)), int(FIRST * WARM * len(users))
    times = data.ratings["timestamp"].to_numpy()
    begins = times[np.argmax(data.user_codes == users[cut])]
    early = stream_of(data.subset(times < begins), users[first:cut], seed)
    counted = np.array([tuning[user.judged.user] for user in early.arrivals])

    def chosen(make: Callable[..., object], grid: list[tuple]) -> tuple:
        return min(grid, key=lambda setting: np.nanmean(early.passed(make(*setting))[0][counted]))

    best = {name: chosen(partial(early.make, name), grid) for name, grid in GRIDS.items()}
    for (name, setting), place in product(best.items(), (0, 1)):
        if place < len(setting):
            yield study_rows("setting", name, setting[place], place=place)
    yield study_rows("tuning users", "all", counted.sum())
    stream, whole = (stream_of(data, users[cut:], seed, whole=whole) for whole in (False, True))
    for protocol, of in (("day", stream), ("whole", whole)):
        judge = Judge(of, tuning, ids)
        for name, (learner, stop) in compared(of, best).items():
            met, after = of.passed(learner, stop)
            yield study_rows("mse", name, judge(met), protocol=protocol)
            if protocol == "day":
                yield from in_time(judge, name, met, after, of.again(learner))
    judge = Judge(stream, tuning, ids)
    for step, name in product(STEPS, (LEADER, CONTINUAL)):
        yield study_rows("mse at a step", name, judge(stream.passed(stream.make(name, step))[0]), step=step)
    for memory in MEMORIES:
        replay = partial(replayed, memory, seed)
        setting = chosen(replay, RATES)
        yield study_rows("setting", "task replay", setting[0], memory=memory)
        yield study_rows("mse at a memory", "task replay", judge(stream.passed(replay(*setting))[0]), memory=memory)
    for scale, strength in GRIDS[BAYES]:
        met = judge(stream.passed(stream.make(BAYES, scale, strength))[0])
        yield study_rows("mse in hindsight", BAYES, met.mean(), scale=scale, strength=strength)
    for days, name in product(DELAYS, (LEADER, BAYES)):
        met = stream.passed(stream.make(name, *best[name]), delay=(days - 1) * DAY)[0]
        yield study_rows("mse at a delay", name, judge(met), days=days)


def compared(stream: Stream, best: dict[str, tuple]) -> dict[str, tuple[object, float]]:
    """What is compared, and from how many users it learns."""
    return {name: (stream.make(name, *setting), np.inf) for name, setting in best.items()} | {
        "continual SGD, long steps": (stream.make(CONTINUAL, STEPS[-1]), np.inf),
        "frozen start": (stream.make(LEADER, *best[LEADER]), EARLY),
        "frozen empirical Bayes": (stream.make(BAYES, *best[BAYES]), EARLY),
    }


def in_time(judge: Judge, name: str, met: np.ndarray, after: np.ndarray, end: np.ndarray) -> Iterator[pd.DataFrame]:
    """Errors by quarter of the stream; and of its first half just after learning from the user, and at the end."""
    errors = judge(met)
    for quarter, part in enumerate(np.array_split(np.arange(len(errors)), 4), 1):
        yield study_rows("mse in a quarter", name, errors.iloc[part], quarter=quarter)
    if name in (LEADER, CONTINUAL, "continual SGD, long steps"):
        counts = (np.arange(len(met)) < len(met) // 2) & ~np.isnan(after)
        for asked, again in (("just after", after), ("at the end", end)):
            yield study_rows("mse asked again", name, judge(np.where(counts, again, np.nan)), asked=asked)


def replayed(memory: int, seed: int, lr: float) -> MetaLeader:
    """The leader with a uniform sample of so many users."""
    return MetaLeader(D, lr=lr, memory=memory, seed=seed)


def stream_of(data: Interactions, order: np.ndarray, seed: int, whole: bool = False) -> Stream:
    """The users `order` as arrivals, those who rated before them as the past.

    whole: items from all ratings of the past users, whenever made, and each user learned in whole before the next."""
    times, codes = data.ratings["timestamp"].to_numpy(), data.user_codes
    begins = times[np.argmax(codes == order[0])]
    before = ~np.isin(codes, order) if whole else times < begins
    model = ProbabilisticPCA(seed=seed).fit(data.subset(before))
    items = recursive_users(model)
    x, noise, bias = np.stack(items.x), np.array(items.variance), np.array(items.bias)
    of = [np.flatnonzero(codes == user) for user in range(data.n_users)]

    def task(user: int, rows: np.ndarray, beyond: np.ndarray) -> ArrivingUser:
        at = data.item_codes[rows]
        parts = x[at], (data.values[rows] - bias[at] - beyond[at]) / items.spread, noise[at]
        return ArrivingUser(int(user), *(p[:K] for p in parts), *(p[K:] for p in parts))

    past = []
    for user in np.unique(codes[before]):
        found = task(user, of[user][before[of[user]]], np.zeros(len(bias)))
        joined = np.vstack([found.x, found.query_x]), np.append(found.y, found.query_y)
        past.append(
            ArrivingUser(found.user, *joined, np.append(found.noise, found.query_noise), x[:0], bias[:0], noise[:0])
        )
    if whole:
        tasks = arriving_users(model, data, order, K, PULL)
        return Stream([Arrival(u, u, at, at) for at, u in enumerate(tasks)], past, items.spread)
    known, summed, place = np.bincount(data.item_codes[before], minlength=len(bias)) + PULL, np.zeros(len(bias)), 0
    later, arrivals = np.flatnonzero(~before), []
    for user in order:
        arrives = times[of[user][0]]
        new = later[place : place + np.searchsorted(times[later[place:]], arrives)]
        np.add.at(summed, data.item_codes[new], data.values[new] - bias[data.item_codes[new]])
        np.add.at(known, data.item_codes[new], 1)
        place += len(new)
        of_day = of[user][times[of[user]] < arrives + DAY]
        judged, learned = (task(user, rows, summed / known) for rows in (of[user], of_day))
        arrivals.append(Arrival(judged, learned, arrives, arrives + DAY))
    return Stream(arrivals, past, items.spread)
