"""The study of q13: from light films to intense ones, by what is known of a user there and by how many users are in both."""

import copy
from collections.abc import Iterator

import numpy as np
import pandas as pd

from metarec_lib import (
    EMCDR,
    BaselineRecommender,
    Interactions,
    MetaLearningModel,
    Recommender,
    TaskBatch,
    evaluate_tasks,
    load_data,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
)

SEEDS = (10, 11, 12, 13, 14)
TARGET_RATINGS = (0, 2, 5, 10)
SOURCE_RATINGS = 10
OVERLAPS = (25, 100, 0)  # learning users who are in both domains; 0: all
DECAYS, SHRINKAGES = (0.03, 0.3, 3.0, 30.0), (2, 5, 10, 20)  # 0.03: hardly any ridge at all
Tasks = dict[int, TaskBatch]


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE on intense films of each judging user, of whom ten light ratings are known; settings chosen on tuning users."""
    data = load_movielens("ml-100k")
    light, intense = load_data("ml-100k", split="domain", seed=seed)
    learning, tuning, judging = split_users(data, seed=seed)
    judging, tuning = (enough(light, intense, users) for users in (judging, tuning))
    judge, choose = (tasks_of(light, intense, users, seed) for users in (judging, tuning))
    alone = target_only(intense, judging, seed)
    order = np.random.default_rng(seed).permutation(learning)
    for overlap in OVERLAPS:
        source, target = overlapping(light, intense, order, overlap)
        about = {"overlap": overlap or "all"}
        head = MetaLearningModel(seed=seed).fit(target)
        yield from errors("target alone", head, alone, judging, about)
        for name, model in across(source, target, choose, seed):
            yield from errors(name, model, judge, judging, about)


def enough(light: Interactions, intense: Interactions, users: np.ndarray) -> np.ndarray:
    """Those with ten light ratings and twenty intense ones or more."""
    counts = [part.ratings["user_id"].value_counts() for part in (light, intense)]
    return np.array([u for u in users if counts[0].get(u, 0) >= SOURCE_RATINGS and counts[1].get(u, 0) >= 20])


def target_only(intense: Interactions, users: np.ndarray, seed: int) -> Tasks:
    return {k: make_tasks(intense, users, k=k, pool=10, seed=seed) for k in TARGET_RATINGS}


def tasks_of(light: Interactions, intense: Interactions, users: np.ndarray, seed: int) -> Tasks:
    """Ten light ratings and K intense ones as support, the other intense ones as query."""
    source = make_tasks(light, users, k=SOURCE_RATINGS, pool=SOURCE_RATINGS, seed=seed).support
    own = target_only(intense, users, seed)
    return {k: TaskBatch(TaskBatch(source, t.support).together(), t.query) for k, t in own.items()}


def overlapping(
    light: Interactions, intense: Interactions, order: np.ndarray, overlap: int
) -> tuple[Interactions, Interactions]:
    """The first `overlap` users in both domains; the others in turn in the source alone and the target alone."""
    rest = order[overlap:] if overlap else order[:0]
    both = order[:overlap] if overlap else order
    users = np.concatenate([both, rest[::2]]), np.concatenate([both, rest[1::2]])
    return tuple(p.subset(np.isin(p.ratings["user_id"], u)) for p, u in zip((light, intense), users, strict=True))


def across(source: Interactions, target: Interactions, choose: Tasks, seed: int) -> Iterator[tuple[str, Recommender]]:
    """The trivial carrier, a user's mean; a map between two spaces; the map as a prior; one prior for both domains."""
    biases = [BaselineRecommender(user_shrinkage=s).fit(joined(source, target)) for s in SHRINKAGES]
    yield "bias of both domains", best(biases, choose)
    maps = [EMCDR(seed=seed, decay=d).fit(source, X_target=target) for d in DECAYS]
    yield "EMCDR", best(maps, choose)
    priors = [copy.copy(m).set_params(mapped_prior=True) for m in maps]  # the flag changes `adapt` alone, not the fit
    yield "EMCDR, mapped prior", best(priors, choose)
    yield "joint prior", MetaLearningModel(seed=seed).fit(source, X_target=target)


def joined(source: Interactions, target: Interactions) -> Interactions:
    table = pd.concat([source.ratings, target.ratings], ignore_index=True)
    return Interactions(table, source.users, source.items, source.name, source.scale, source.like)


def best(models: list, choose: Tasks) -> Recommender:
    """The model with the lowest RMSE of tuning users, mean over K."""
    return min(models, key=lambda m: np.mean([evaluate_tasks(m, t, ("rmse",))["rmse"].mean() for t in choose.values()]))


def errors(name: str, model: Recommender, tasks: Tasks, users: np.ndarray, about: dict) -> Iterator[pd.DataFrame]:
    for k, batch in tasks.items():
        yield study_rows("rmse", name, evaluate_tasks(model, batch, ("rmse",), users)["rmse"], k=k, **about)
