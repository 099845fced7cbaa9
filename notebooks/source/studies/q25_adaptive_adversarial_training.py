"""The study of q25: clean against attacked error for schedules of the strength and simple rivals; thresholds by K."""

import copy
from collections.abc import Iterator

import numpy as np
import pandas as pd

from metarec_lib import (
    AdaptiveAdversarialMetaLearningModel,
    HuberHead,
    MetaLearningModel,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    poison_by_trial,
    poison_support,
    split_users,
    study_rows,
)
from metarec_lib.data.tasks import TaskBatch

SEEDS = (10, 11, 12, 13, 14)
K, SUPPORTS, ATTACKED = 5, (3, 5, 10, 20), 0.1  # one user in ten is attacked
EPSILONS, TOLERANCES = (0.5, 1.0, 2.0, 4.0), (0.05, 0.1, 0.2, 0.4)
SHRINK, THRESHOLDS = (0.4, 0.55, 0.7, 0.85), (0.3, 0.5, 0.7, 1.0, 1.5)
SETTINGS = {
    "fixed": [{"schedule": "fixed", "epsilon": e} for e in EPSILONS],
    "scheduled": [{"schedule": "scheduled", "epsilon": e} for e in EPSILONS],
    "loss-driven": [{"schedule": "loss", "epsilon": 4.0, "tolerance": t} for t in TOLERANCES],
}
ONE = [(c, 0.0) for c in (0.3, 0.5, 0.7, 1.0, 1.5)]
GROWING = ONE + [(c, g) for c in (0.3, 0.5, 0.7, 1.0) for g in (-0.25, 0.25, 0.5)]


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Squared error of each judging user: clean, under the change that is worst for the model, under a random one."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    head = MetaLearningModel(seed=seed).fit(train)
    yield from frontier(head, train, data, (tuning, judging), seed)
    yield from thresholds(head, data, (tuning, judging), seed)


# -- the frontier at K = 5 --------------------------------------------------------------------------------------------
def frontier(head: MetaLearningModel, train: object, data: object, users: tuple, seed: int) -> Iterator[pd.DataFrame]:
    """Every setting of every family; and of each family the one that is best on tuning users, one in ten attacked."""
    tune_on, judge = (make_tasks(data, some, k=K, pool=20, seed=seed) for some in users)
    for family, models in families(head, train, seed).items():
        scored = []
        for setting, model in models:
            scored.append((mixed(*both(model, tune_on, data.scale)).mean(), setting, model))
            for name, errors in zip(("clean", "worst"), both(model, judge, data.scale), strict=True):
                yield study_rows(name, family, by_user(errors, users[1]), setting=float(setting))
        _, setting, model = min(scored, key=lambda found: found[0])
        clean, worst = both(model, judge, data.scale)
        flipped = mse(model, poison_support(head, judge, data.scale, goal="random", seed=seed))
        found = {"clean": clean, "worst": worst, "mixed": mixed(clean, worst), "random": flipped}
        for name, errors in found.items():
            yield study_rows(name, f"{family}, chosen", by_user(errors, users[1]))
        yield study_rows("setting", f"{family}, chosen", float(setting))
        yield from strengths(family, model)


def families(head: MetaLearningModel, train: object, seed: int) -> dict[str, list[tuple[float, object]]]:
    """Fitted models by family, each with the number that is varied. The last two need no training against an attack."""
    found = {"head": [(0.0, head)], "no attack": [(0.0, attack_trained(train, seed, epsilon=0.0))]}
    for family, settings in SETTINGS.items():
        number = "tolerance" if family == "loss-driven" else "epsilon"
        found[family] = [(s[number], attack_trained(train, seed, **s)) for s in settings]
    found["shrunken head"] = [(c, shrunken(head, c)) for c in SHRINK]
    found["Huber head"] = [(c, HuberHead(head, c)) for c in THRESHOLDS]
    middle = found["fixed"][EPSILONS.index(1.0)][1]
    found["Huber head on fixed"] = [(c, HuberHead(middle, c)) for c in THRESHOLDS]
    return found


def attack_trained(train: object, seed: int, **settings: object) -> AdaptiveAdversarialMetaLearningModel:
    return AdaptiveAdversarialMetaLearningModel(seed=seed, **settings).fit(train)


def shrunken(head: MetaLearningModel, share: float) -> MetaLearningModel:
    """The same head with prior scales times `share`: ratings move the user less, one number for all."""
    model = copy.copy(head)
    model.params_ = {**head.params_, "log_scale": head.params_["log_scale"] + np.log(share)}
    return model


def strengths(family: str, model: object) -> Iterator[pd.DataFrame]:
    """The strength at ten moments of training."""
    if family in SETTINGS and family != "fixed":
        steps = np.array(model.strengths_)
        for moment in range(10):
            at = int(moment * (len(steps) - 1) / 9)
            yield study_rows("strength", f"{family}, chosen", float(steps[at]), moment=moment)


def both(model: object, tasks: TaskBatch, scale: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Clean error, and error under the change of one rating that is worst for this very model."""
    exact = not isinstance(model, HuberHead)
    attacked = poison_support(model, tasks, scale) if exact else poison_by_trial(model, tasks, scale)
    return mse(model, tasks), mse(model, attacked)


def mixed(clean: np.ndarray, worst: np.ndarray) -> np.ndarray:
    return (1 - ATTACKED) * clean + ATTACKED * worst


def mse(model: object, tasks: TaskBatch) -> np.ndarray:
    return evaluate_tasks(model, tasks, ("rmse",))["rmse"].to_numpy() ** 2


def by_user(errors: np.ndarray, users: np.ndarray) -> pd.Series:
    return pd.Series(errors, index=users)


# -- a threshold that follows K ---------------------------------------------------------------------------------------
def thresholds(head: MetaLearningModel, data: object, users: tuple, seed: int) -> Iterator[pd.DataFrame]:
    """0, 1 and 2 poisoned ratings: one threshold for every K, and one that follows K. Both are chosen on tuning users over
    all K, one in ten attacked by what is worst for the head; judged by what is worst for each."""
    tune_on, judge = ({k: make_tasks(data, some, k=k, pool=20, seed=seed) for k in SUPPORTS} for some in users)
    attacked = {k: poison_support(head, tasks, data.scale) for k, tasks in tune_on.items()}

    def error_of(setting: tuple) -> float:
        model = HuberHead(head, setting[0], growth=setting[1])
        return sum(mixed(mse(model, tune_on[k]), mse(model, attacked[k])).mean() for k in SUPPORTS)

    for name, grid in {"one threshold": ONE, "threshold by K": GROWING}.items():
        best = min(grid, key=error_of)
        model = HuberHead(head, best[0], growth=best[1])
        yield study_rows("threshold", name, best[0])
        yield study_rows("growth", name, best[1])
        for k, tasks in judge.items():
            for changes in range(3):
                errors = mse(model, poison_by_trial(model, tasks, data.scale, changes))
                yield study_rows("mse", name, by_user(errors, users[1]), k=k, poisoned=changes)
    for k, tasks in judge.items():
        for changes in range(3):
            errors = mse(head, poison_support(head, tasks, data.scale, changes))
            yield study_rows("mse", "head", by_user(errors, users[1]), k=k, poisoned=changes)
