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
    evaluate_tasks,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
    two_tastes,
)

SEEDS = (10, 11, 12, 13, 14)
AWAY, KNOWN, POOL = (0.5, 1.0, 1.5, 2.0), (1, 3, 5, 10), 20
LEARN, NEW, RARE = 280, 120, 20
MADE_UP = {"epochs": 20, "lr": 0.01}  # chosen on the worlds of seed 0
REAL = {
    "one prior": {"components": 1},
    "mixture of two": {"components": 2},
    "mixture of four": {"components": 4},
    "tasks by a DPP": {"components": 1, "sampling": "dpp"},
    "tasks by cluster": {"components": 1, "sampling": "clusters"},
    "with a volume penalty": {"components": 1, "diversity": 0.05},
    "conditioned prior": {"components": 1, "conditioned": True},
}


class Permuted(DiversityMetaLearningModel):
    """Conditioned, but each user is given the embedding of another one of the batch."""

    def condition_on(self, support: PaddedRatings) -> Tensor:
        return super().condition_on(support).roll(1, dims=0)


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE of each new user: made up with centres nearer or further, with a rare kind, and of ML-100K."""
    for away in AWAY:
        yield from made_up(seed, away)
    yield from rare_kind(seed)
    yield from real(seed)


def made_up(seed: int, away: float) -> Iterator[pd.DataFrame]:
    """Mixture priors by EM; at a distance of 1.5 a conditioned prior too, beside one that reads another user's task."""
    data, _ = two_tastes(LEARN + NEW, away=away, seed=seed)
    ids = data.users["user_id"].to_numpy()
    train, new = data.subset(data.ratings["user_id"].to_numpy() <= LEARN), ids[LEARN:]
    models: dict[str, Recommender] = {f"{n} by EM": MixturePrior(components=n, seed=seed) for n in (1, 2, 3)}
    models["shrunken bias"] = BaselineRecommender()
    if away == 1.5:
        for name, kind, options in (
            ("one prior", DiversityMetaLearningModel, {}),
            ("conditioned prior", DiversityMetaLearningModel, {"conditioned": True}),
            ("conditioned on another user's task", Permuted, {"conditioned": True}),
        ):
            models[name] = kind(components=1, seed=seed, **MADE_UP, **options)
    for name, errors in errors_of(models, train, data, new, seed):
        for k, values in errors.items():
            yield study_rows("rmse", name, values, k=k, away=away, who="made up")


def rare_kind(seed: int) -> Iterator[pd.DataFrame]:
    """Twenty of 300 training users are of the second kind; new users of both kinds are judged apart."""
    data, kind = two_tastes(900, within=0.3, seed=seed)
    ids = data.users["user_id"].to_numpy()
    common, rare = ids[:660][kind[:660] == 0][:280], ids[:660][kind[:660] == 1][:RARE]
    train, new = data.subset(np.isin(data.ratings["user_id"], np.concatenate([common, rare]))), ids[660:]
    models = {
        name: DiversityMetaLearningModel(seed=seed, **MADE_UP, **options)
        for name, options in REAL.items()
        if name in ("one prior", "mixture of two", "tasks by a DPP", "tasks by cluster")
    }
    for name, errors in errors_of(models, train, data, new, seed, (3,)):
        for label, which in (("common", 0), ("rare", 1)):
            yield study_rows("rmse", name, errors[3][kind[660:] == which], k=3, who=label)


def real(seed: int) -> Iterator[pd.DataFrame]:
    """The same learners on ML-100K, at their own settings; the bias is tuned on tuning users."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    models: dict[str, Recommender] = {
        name: DiversityMetaLearningModel(seed=seed, **options) for name, options in REAL.items()
    }
    models["conditioned on another user's task"] = Permuted(components=1, conditioned=True, seed=seed)
    models["shrunken bias"] = tuned_bias(train, data, tuning, seed)
    for name, errors in errors_of(models, train, data, judging, seed):
        for k, values in errors.items():
            yield study_rows("rmse", name, values, k=k, who="real")


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
    made_up = data.name.startswith("two-tastes")
    index = [f"{seed}-{user}" for user in new] if made_up else new
    for name, model in models.items():
        model.fit(train)
        yield (
            name,
            {k: evaluate_tasks(model, of, ("rmse",))["rmse"].set_axis(index) for k, of in tasks.items()},
        )
