"""The study of q26: linear tasks that span some of the directions that new tasks need, and users chosen alike or unlike."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from metarec_lib import (
    BaselineRecommender,
    Interactions,
    LinearTasks,
    MetaLearningModel,
    ProbabilisticPCA,
    diversity,
    dpp_sample,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    moment_subspace,
    split_users,
    study_rows,
    subspace_errors,
    task_embedding,
)

SEEDS = (0, 1, 2, 3, 4)
NEEDED, KNOWN, NEW = 4, 5, 300  # directions of the new tasks, their examples, how many they are
SPANNED, AMOUNTS = (1, 2, 3, 4, 8, 16), (25, 100, 400, 1600)
USERS, EACH, DRAWS = 30, 60, 6  # users to meta-train on, ratings of each at equal volume, sets a seed


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Squared error of each new linear task, RMSE of each judged user, and what each set of 30 users is like."""
    yield from linear(seed)
    yield from users(seed)


def linear(seed: int) -> Iterator[pd.DataFrame]:
    """Train on tasks that span the first 1 to 16 directions; new tasks lie in the first four."""
    world, rng = LinearTasks(seed=seed), np.random.default_rng([seed, 1])
    new, names = world.draw(NEW, KNOWN, NEEDED, rng), [f"{seed}-{i}" for i in range(NEW)]

    def errors(subspace: np.ndarray) -> pd.Series:
        return pd.Series(subspace_errors(subspace, *new, world.noise), index=names)

    yield study_rows("mse", "ridge from scratch", errors(np.eye(world.dimension)), units="linear tasks")
    for directions in SPANNED:
        for amount in AMOUNTS:
            x, y, _ = world.draw(amount, 20, directions, rng)
            at = {"directions": directions, "tasks": amount, "units": "linear tasks"}
            yield study_rows("mse", "learned subspace", errors(moment_subspace(x, y, NEEDED)), **at)
            if directions >= NEEDED:
                yield study_rows("mse", "wide subspace", errors(moment_subspace(x, y, directions)), **at)


def users(seed: int) -> Iterator[pd.DataFrame]:
    """Meta-train on 30 users: alike, alike in taste, at random, by k-DPP, the most active; all ratings, and 60 each."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    counts = pd.Series(np.bincount(data.user_codes, minlength=data.n_users), index=data.users["user_id"])
    pool = np.array([user for user in learning if counts[user] >= EACH])
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    support = make_tasks(data, pool, k=EACH, seed=seed).support
    z = task_embedding(ProbabilisticPCA(seed=seed).fit(train), support)
    sets = chosen(z.numpy(), counts[pool].to_numpy(), np.random.default_rng([seed, 2]))
    place = rank_of_rating(data, seed)
    for volume in (EACH, "all"):
        parts = {name: part_of(data, pool[rows], place, volume) for name, rows in sets.items()}
        bias = tuned_bias(parts["uniform-0"], make_tasks(data, tuning, k=5, pool=20, seed=seed))
        learners = {"head": MetaLearningModel(seed=seed), "bias": bias}
        judge, found = make_tasks(data, judging, k=5, pool=20, seed=seed), {}
        for learner, model in learners.items():
            for name, part in parts.items():
                found[name] = evaluate_tasks(model.fit(part), judge, ("rmse",), judging)["rmse"]
            for kind in ("alike", "taste", "uniform", "dpp", "active"):
                mean = pd.concat([f for name, f in found.items() if name.startswith(kind)], axis=1).mean(axis=1)
                yield study_rows("rmse", kind, mean, learner=learner, volume=volume)
            yield from described(found, learner, volume)
        for measure in ("pairwise", "logdet", "eigenvalue"):
            values = pd.Series({name: diversity(z[rows], measure) for name, rows in sets.items()})
            yield from described(values, measure, volume)
        yield from described({name: len(np.unique(part.item_codes)) for name, part in parts.items()}, "films", volume)
        yield from described({name: len(part) for name, part in parts.items()}, "ratings", volume)


def chosen(z: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Sets of 30 users by name, as positions in the pool. The last number of an embedding is the level, not a taste."""
    taste = z[:, :-1] / np.linalg.norm(z[:, :-1], axis=1, keepdims=True)
    kernel = z @ z.T + 0.1 * np.eye(len(z))
    sets = {"active-0": np.argsort(-counts, kind="stable")[:USERS]}
    for draw in range(DRAWS):
        centre = rng.integers(len(z))
        sets[f"alike-{draw}"] = np.argsort(-(z @ z[centre]), kind="stable")[:USERS]
        sets[f"taste-{draw}"] = np.argsort(-(taste @ taste[centre]), kind="stable")[:USERS]
        sets[f"uniform-{draw}"] = rng.permutation(len(z))[:USERS]
        sets[f"dpp-{draw}"] = dpp_sample(kernel, USERS, rng)
    return sets


def rank_of_rating(data: Interactions, seed: int) -> np.ndarray:
    """Place of each rating in a random order of its user's ratings."""
    return pd.Series(np.random.default_rng(seed).random(len(data))).groupby(data.user_codes).rank().to_numpy()


def part_of(data: Interactions, users: np.ndarray, place: np.ndarray, volume: int | str) -> Interactions:
    """The ratings of these users, of each at most `volume`."""
    kept = np.isin(data.ratings["user_id"], users)
    return data.subset(kept if volume == "all" else kept & (place <= volume))


def tuned_bias(part: Interactions, judge: object) -> BaselineRecommender:
    """The strengths of shrinkage that do best on tuning users, who are in no set."""
    grid = [BaselineRecommender(user_shrinkage=u, item_shrinkage=i) for u in (2, 5, 10, 20) for i in (2, 5, 10, 20, 40)]
    return min(grid, key=lambda m: evaluate_tasks(m.fit(part), judge, ("rmse",))["rmse"].mean())


def described(values: object, what: str, volume: int | str) -> Iterator[pd.DataFrame]:
    """One number a set: `what` is the learner whose mean RMSE it is, or what the set is like."""
    means = {name: float(np.mean(value)) for name, value in dict(values).items()}
    yield study_rows("of a set", what, pd.Series(means), volume=volume, units="sets")
