"""The study of q27: users of two kinds, made up; a rare kind; and real users, for the same learners."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from torch import Tensor

from metarec_lib import (
    BaselineRecommender,
    DiversityMetaLearningModel,
    Interactions,
    MixturePrior,
    PaddedRatings,
    Recommender,
    diversity,
    dpp_sample,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
    task_embedding,
    two_tastes,
)

SEEDS = (10, 11, 12, 13, 14)
AWAY, KNOWN, POOL = (0.5, 1.0, 1.5, 2.0), (1, 3, 5, 10), 20
WORLDS = 4  # a seed; a made-up world is one unit, since all its users share what was fitted to it
LEARN, NEW, RARE = 280, 120, 20
MADE_UP = {"epochs": 20, "lr": 0.01}  # chosen on the worlds of seed 0
EIGHT = {"batch_size": 8, "epochs": 5, "lr": 0.003}  # chosen on the worlds of seeds 0 and 1
BATCHES, EMBEDDED = 40, 60  # batches whose volume is looked at, and the ratings an embedding sees
OPTIONS = {
    "one prior": {"components": 1},
    "mixture of two": {"components": 2},
    "mixture of four": {"components": 4},
    "tasks by cluster": {"components": 1, "sampling": "clusters"},
    "with a volume penalty": {"components": 1, "diversity": 0.05},
    "conditioned prior": {"components": 1, "conditioned": True},
    "uniform tasks, eight a batch": {"components": 1, "batch_size": 8},
    "tasks by a DPP, eight a batch": {"components": 1, "batch_size": 8, "sampling": "dpp"},
}
RARE_KIND = (
    "one prior",
    "mixture of two",
    "tasks by cluster",
    "uniform tasks, eight a batch",
    "tasks by a DPP, eight a batch",
)


class Permuted(DiversityMetaLearningModel):
    """Conditioned, but each user is given the embedding of another one of the batch."""

    def condition_on(self, support: PaddedRatings) -> Tensor:
        return super().condition_on(support).roll(1, dims=0)


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE in worlds of two kinds, in worlds with a rare kind, and of each new user of ML-100K."""
    for n in range(WORLDS):
        for away in AWAY:
            yield from made_up(seed, n, away)
        yield from rare_kind(seed, n)
    yield from real(seed)


def made_up(seed: int, n: int, away: float) -> Iterator[pd.DataFrame]:
    """Mixture priors by EM; at a distance of 1.5 a conditioned prior too, beside one that reads another user's task."""
    data, _ = two_tastes(LEARN + NEW, away=away, seed=100 * seed + n)
    ids = data.users["user_id"].to_numpy()
    train, new = data.subset(data.ratings["user_id"].to_numpy() <= LEARN), ids[LEARN:]
    models: dict[str, Recommender] = {f"{c} by EM": MixturePrior(components=c, seed=seed) for c in (1, 2, 3)}
    if away == 1.5:
        for name, kind, options in (
            ("one prior", DiversityMetaLearningModel, {}),
            ("conditioned prior", DiversityMetaLearningModel, {"conditioned": True}),
            ("conditioned on another user's task", Permuted, {"conditioned": True}),
        ):
            models[name] = kind(components=1, seed=seed, **MADE_UP, **options)
    for name, errors in errors_of(models, train, data, new, seed):
        for k, values in errors.items():
            yield of_world("rmse", name, values, seed, n, k=k, away=away, who="made up")


def rare_kind(seed: int, n: int) -> Iterator[pd.DataFrame]:
    """Twenty of 300 training users are of the second kind; new users of both kinds are judged apart."""
    data, kind = two_tastes(900, within=0.3, seed=100 * seed + 50 + n)
    ids = data.users["user_id"].to_numpy()
    common, rare = ids[:660][kind[:660] == 0][:280], ids[:660][kind[:660] == 1][:RARE]
    train, new = data.subset(np.isin(data.ratings["user_id"], np.concatenate([common, rare]))), ids[660:]
    settings = {name: (EIGHT if "batch_size" in OPTIONS[name] else MADE_UP) for name in RARE_KIND}
    models = {name: DiversityMetaLearningModel(seed=seed, **{**OPTIONS[name], **settings[name]}) for name in RARE_KIND}
    for name, errors in errors_of(models, train, data, new, seed, (3,)):
        for label, which in (("common", 0), ("rare", 1)):
            yield of_world("rmse", name, errors[3][kind[660:] == which], seed, n, k=3, who=label)


def of_world(metric: str, name: str, values: pd.Series, seed: int, n: int, **conditions: object) -> pd.DataFrame:
    """One row: the mean over the new users of a made-up world."""
    mean = pd.Series([values.mean()], [f"{seed}-{n}"])
    return study_rows(metric, name, mean, units="worlds", **conditions)


def real(seed: int) -> Iterator[pd.DataFrame]:
    """The same learners on ML-100K, at their own settings; the bias is tuned on tuning users."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    models: dict[str, Recommender] = {
        name: DiversityMetaLearningModel(seed=seed, **options) for name, options in OPTIONS.items()
    }
    models["conditioned on another user's task"] = Permuted(components=1, conditioned=True, seed=seed)
    models["shrunken bias"] = tuned_bias(train, data, tuning, seed)
    for name, errors in errors_of(models, train, data, judging, seed):
        for k, values in errors.items():
            yield study_rows("rmse", name, values, k=k, who="real")
    yield from volumes(models["one prior"], data, learning, seed)


def volumes(model: Recommender, data: Interactions, users: np.ndarray, seed: int) -> Iterator[pd.DataFrame]:
    """log det(I + Z Z') of batches of eight and of 48 training users, drawn uniformly and by a DPP."""
    z = task_embedding(model, make_tasks(data, users, k=EMBEDDED, seed=seed).support)
    kernel, rng = (z @ z.T).numpy() + 0.1 * np.eye(len(z)), np.random.default_rng(seed)
    draws = {
        "uniform tasks": lambda size: rng.choice(len(z), size, replace=False),
        "tasks by a DPP": lambda size: dpp_sample(kernel, size, rng),
    }
    for size in (8, 48):
        for name, draw in draws.items():
            found = pd.Series([diversity(z[draw(size)], "logdet") for _ in range(BATCHES)])
            index = [f"{seed}-{b}" for b in range(BATCHES)]
            yield study_rows("log volume", name, found.set_axis(index), batch=size, units="batches")


def tuned_bias(train: Interactions, data: Interactions, tuning: np.ndarray, seed: int) -> BaselineRecommender:
    """The strengths of shrinkage that do best on tuning users."""
    tasks = make_tasks(data, tuning, k=5, pool=POOL, seed=seed)
    grid = [BaselineRecommender(user_shrinkage=u, item_shrinkage=i) for u in (2, 5, 10) for i in (2, 5, 10)]
    return min(grid, key=lambda m: evaluate_tasks(m.fit(train), tasks, ("rmse",))["rmse"].mean())


def errors_of(
    models: dict[str, Recommender],
    train: Interactions,
    data: Interactions,
    new: np.ndarray,
    seed: int,
    known: tuple[int, ...] = KNOWN,
) -> Iterator[tuple[str, dict[int, pd.Series]]]:
    """Each model's name, and its RMSE of each new user after K ratings."""
    tasks = {k: make_tasks(data, new, k=k, pool=POOL, seed=seed) for k in known}
    for name, model in models.items():
        model.fit(train)
        yield (
            name,
            {k: evaluate_tasks(model, of, ("rmse",))["rmse"].set_axis(new) for k, of in tasks.items()},
        )
