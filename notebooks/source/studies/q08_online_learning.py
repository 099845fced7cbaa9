"""The study of q08: ML-100K in time order, 30 % warm, then test-then-train. A seed draws the order of equal times and the
start of the factors; the users and their times are the same ones in every seed."""

from collections.abc import Callable, Iterator
from itertools import pairwise, product

import numpy as np
import pandas as pd

from metarec_lib import (
    Frozen,
    Interactions,
    OnlineMatrixFactorization,
    ProbabilisticPCA,
    Retrained,
    RunningBiases,
    in_time_order,
    load_movielens,
    prequential,
    recursive_users,
    study_rows,
)
from metarec_lib.data.splits import tuning_users

SEEDS = (10, 11, 12, 13, 14)
WARM, FIRST = 0.3, 0.4  # of all events; of the warm ones, before those that settings are chosen on
SCHEDULES = (2_500, 10_000, 35_000)
SEEN = (0, 1, 5, 20, 60, 10**9)  # earlier events of the user: classes of an event
GRIDS = {
    "running": list(product((2, 5, 10), (2, 5, 10))),
    "factors": list(product((0.03, 0.1, 0.15, 0.2), (0.0, 0.02, 0.05))),
    "zero": [(s,) for s in (0.2, 0.3, 0.5, 0.7)],
    "forget": [(f,) for f in (0.995, 0.99, 0.98, 0.95)],
}


class Makers:
    """Learners by name, from the ratings before a moment; the models that they rest on are fitted once."""

    def __init__(self, past: Interactions, seed: int) -> None:
        self.past = past
        self.head = ProbabilisticPCA(seed=seed).fit(past)
        self.factors = OnlineMatrixFactorization(seed=seed).fit(past)

    def running(self, user: float, item: float, **sides: bool) -> RunningBiases:
        return RunningBiases(self.past, user, item, **sides)

    def online(self, rate: float, decay: float) -> object:
        return self.factors.set_params(rate=rate, decay=decay).stream()

    def zero(self, scale: float) -> object:
        return recursive_users(self.head, "zero", scale).learn_all(self.past)

    def learned(self, forget: float = 1.0) -> object:
        return recursive_users(self.head, forget=forget).learn_all(self.past)


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Errors of each judging user's events; settings are chosen on tuning users' warm events."""
    data = in_time_order(load_movielens("ml-100k"), seed)
    tuning = np.isin(data.ratings["user_id"].to_numpy(), tuning_users(data))
    cut, first = int(WARM * len(data)), int(FIRST * WARM * len(data))
    best = chosen(data.subset(np.arange(first)), data.subset(np.arange(first, cut)), tuning[first:cut], seed)
    warm, events, judged = data.subset(np.arange(cut)), data.subset(np.arange(cut, len(data))), ~tuning[cut:]
    seen = events_before(data.user_codes)[cut:]
    for name, learner in learners(warm, best, seed).items():
        errors = (prequential(learner, events) - events.values) ** 2
        yield from rows(name, errors, events, judged)
        for low, high in pairwise(SEEN):
            part = judged & (seen >= low) & (seen < high)
            yield study_rows("mse", name, by_user(errors, events, part) ** 2, seen=low)
    yield from retraining(warm, events, judged, seed)
    shuffled = own_order_shuffled(events, seed)
    makers = Makers(warm, seed)
    for name, forget in (("recursive Bayes", 1.0), ("recursive Bayes, forgetting", *best["forget"])):
        errors = (prequential(makers.learned(forget), shuffled) - shuffled.values) ** 2
        yield from rows(f"{name}, own order shuffled", errors, shuffled, judged)


def chosen(before: Interactions, events: Interactions, counted: np.ndarray, seed: int) -> dict[str, tuple]:
    """The best setting of each grid, by the error of the counted events."""
    makers = Makers(before, seed)
    make = {"running": makers.running, "factors": makers.online, "zero": makers.zero, "forget": makers.learned}

    def error(name: str, setting: tuple) -> float:
        return float(np.mean((prequential(make[name](*setting), events) - events.values)[counted] ** 2))

    return {name: min(grid, key=lambda setting, n=name: error(n, setting)) for name, grid in GRIDS.items()}


def learners(warm: Interactions, best: dict[str, tuple], seed: int) -> dict[str, object]:
    """What is compared, warm and ready."""
    m, running = Makers(warm, seed), best["running"]
    return {
        "static biases": Frozen(m.running(*running)),
        "static matrix factorisation": Frozen(m.online(*best["factors"])),
        "running means": m.running(*running),
        "fresh users only": m.running(*running, items=False),
        "fresh items only": m.running(*running, users=False),
        "online matrix factorisation": m.online(*best["factors"]),
        "recursive Bayes": m.learned(),
        "recursive Bayes, forgetting": m.learned(*best["forget"]),
        "recursive ridge from zero": m.zero(*best["zero"]),
    }


def retraining(warm: Interactions, events: Interactions, judged: np.ndarray, seed: int) -> Iterator[pd.DataFrame]:
    """The closed-form head fitted anew on schedule, alone and with an update of the user after every event."""
    fitted: dict[int, ProbabilisticPCA] = {}

    def learner(past: Interactions) -> object:
        if len(past) not in fitted:
            fitted[len(past)] = ProbabilisticPCA(seed=seed).fit(past)
        return recursive_users(fitted[len(past)]).learn_all(past)

    ways: dict[str, Callable[[Interactions], object]] = {
        "retrained": lambda past: Frozen(learner(past)),
        "retrained and updated": learner,
    }
    for every, (name, make) in product(SCHEDULES, ways.items()):
        errors = (prequential(Retrained(make, warm, events, every), events) - events.values) ** 2
        yield from rows(name, errors, events, judged, every=every)


def rows(
    name: str, errors: np.ndarray, events: Interactions, judged: np.ndarray, **conditions: object
) -> Iterator[pd.DataFrame]:
    """RMSE a user, and over all judged events together."""
    yield study_rows("rmse", name, by_user(errors, events, judged), **conditions)
    yield study_rows("event rmse", name, float(np.sqrt(errors[judged].mean())), **conditions)


def by_user(errors: np.ndarray, events: Interactions, part: np.ndarray) -> pd.Series:
    """Root of the mean squared error of each user's events in `part`."""
    users = events.ratings["user_id"].to_numpy()[part]
    return np.sqrt(pd.Series(errors[part]).groupby(users).mean())


def events_before(users: np.ndarray) -> np.ndarray:
    """How many earlier events each event's user has, (n,)."""
    return pd.Series(users).groupby(users).cumcount().to_numpy()


def own_order_shuffled(events: Interactions, seed: int) -> Interactions:
    """Every user keeps the moments at which something is rated; which of the user's films comes when is drawn at random."""
    users, order = events.user_codes, np.arange(len(events))
    placed = np.empty(len(events), dtype=np.int64)
    placed[np.lexsort((order, users))] = np.lexsort((np.random.default_rng(seed).random(len(events)), users))
    return events.subset(placed)
