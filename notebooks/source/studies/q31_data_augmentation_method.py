"""The study of q31: augmented tasks by the number of meta-training users; where noise on labels works; fixed splits."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from metarec_lib import (
    ANIL,
    AugmentedANIL,
    BaselineRecommender,
    FixedSplits,
    InContextTransformer,
    Interactions,
    MetaLearningModel,
    Recommender,
    TaskBatch,
    UserIdHead,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    shared_label_noise,
    split_users,
    study_rows,
    swap_supports,
)

SEEDS = (10, 11, 12, 13, 14)
SUPPORTS = (3, 10)
SIZES = (15, 60, 0)  # meta-training users; 0: all
STRENGTHS = {
    "feature noise": (0.2, 0.5),
    "shared label noise": (0.1, 0.3),
    "mixup": (0.5,),
    "metamix": (0.5,),
    "between tasks": (0.5,),
}
NOISES = (0.3, 1.0)  # of the learner that knows its users by name
Tasks = dict[int, TaskBatch]


class NoisyUserIdHead(UserIdHead):
    """The head with a row of numbers for each user id; `noise` spreads of shared label noise on every training task."""

    noise = 0.0

    def meta_loss(self, batch: TaskBatch) -> torch.Tensor:
        draw = getattr(self, "_rng", np.random.default_rng(self.seed)).standard_normal(len(batch))
        return super().meta_loss(shared_label_noise(batch, self.noise * self.spread_ * torch.as_tensor(draw)))


class FixedANIL(FixedSplits, ANIL):
    """ANIL on one split of each user's ratings."""


class FixedTransformer(FixedSplits, InContextTransformer):
    """The in-context Transformer on one split of each user's ratings."""


SPLITS = {
    "ANIL, one split": FixedANIL,
    "in-context Transformer": InContextTransformer,
    "in-context Transformer, one split": FixedTransformer,
}


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Squared error of each judging user; strengths and the epoch to stop at are chosen on the tuning users."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    of = {"tuning": tuning, "judging": judging}
    tasks = {who: {k: make_tasks(data, users, k=k, pool=20, seed=seed) for k in SUPPORTS} for who, users in of.items()}
    stop = data.subset(np.isin(data.ratings["user_id"], tuning))
    order = np.random.default_rng(seed).permutation(learning)
    for size in SIZES:
        train = data.subset(np.isin(data.ratings["user_id"], order[: size or None]))
        for name, model in by_size(train, stop, tasks["tuning"], seed, size):
            yield from errors(name, model, tasks["judging"], judging, users=size or "all")
    for name, kind in SPLITS.items():
        yield from errors(name, kind(seed=seed).fit(train, validation=stop), tasks["judging"], judging, users="all")
    yield from remembering(train, tasks, judging, seed)


def errors(name: str, model: Recommender, tasks: Tasks, judging: np.ndarray, **conditions: object) -> Iterator:
    for k, batch in tasks.items():
        yield study_rows("mse", name, squared(model, batch, judging), k=k, **conditions)


def squared(model: Recommender, tasks: TaskBatch, users: np.ndarray | None = None) -> pd.Series:
    """Mean squared error of each user."""
    return evaluate_tasks(model, tasks, ("rmse",), users)["rmse"] ** 2


def error(model: Recommender, tasks: Tasks) -> float:
    """Mean over users and support sizes."""
    return float(np.mean([squared(model, batch).mean() for batch in tasks.values()]))


def by_size(
    train: Interactions, stop: Interactions, choose: Tasks, seed: int, size: int
) -> Iterator[tuple[str, Recommender]]:
    """The baselines, plain ANIL, and each augmentation at the strength that is best for the tuning users."""
    biases = [BaselineRecommender(user_shrinkage=s).fit(train) for s in (2, 5, 10, 20)]
    yield "bias", min(biases, key=lambda model: error(model, choose))
    yield "head", MetaLearningModel(seed=seed).fit(train)
    yield "ANIL", ANIL(seed=seed).fit(train, validation=stop)
    for kind, strengths in STRENGTHS.items():
        models = [
            AugmentedANIL(augmentation=kind, strength=s, seed=seed).fit(train, validation=stop) for s in strengths
        ]
        yield kind, min(models, key=lambda model: error(model, choose))
    if size == 15:  # too few users to set some apart: without others to stop on, all epochs are trained
        yield "ANIL, never stopped", ANIL(seed=seed).fit(train)
        noisy = [AugmentedANIL(augmentation="feature noise", strength=s, seed=seed).fit(train) for s in (0.5, 1.0)]
        yield "feature noise, never stopped", min(noisy, key=lambda model: error(model, choose))


def remembering(train: Interactions, tasks: dict[str, Tasks], judging: np.ndarray, seed: int) -> Iterator[pd.DataFrame]:
    """A learner that can know its training users by name, with label noise that only a support tells, and without."""
    models = {"user-id head": UserIdHead(seed=seed, epochs=60).fit(train)}
    noisy = []
    for noise in NOISES:
        model = NoisyUserIdHead(seed=seed, epochs=60)
        model.noise = noise
        noisy.append(model.fit(train))
    models["user-id head, label noise"] = min(noisy, key=lambda model: error(model, tasks["tuning"]))
    for name, model in models.items():
        for k, batch in tasks["judging"].items():
            yield study_rows("mse", name, squared(model, batch, judging), k=k, users="all", support="own")
            swapped = squared(model, swap_supports(batch), judging)
            yield study_rows("mse", name, swapped, k=k, users="all", support="another's")
