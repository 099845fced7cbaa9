"""The study of q01: five ways to learn a start, on sine waves and on real users, over five seeds."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from metarec_lib import (
    FOMAML,
    MAML,
    BaselineRecommender,
    Interactions,
    MetaLearningModel,
    ProbabilisticPCA,
    Reptile,
    SineRegressor,
    SineTasks,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
)

SEEDS = (0, 1, 2, 3, 4)
SUPPORTS = (1, 5, 20)
STEPS = (0, 1, 5, 20)
FEW = 30  # meta-training users, where there are few
METHODS = {
    "maml": "MAML",
    "fomaml": "first-order MAML",
    "reptile": "Reptile",
    "pooled": "pooled network",
    "random": "untrained network",
}


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Errors per wave and per test user."""
    yield from sine(seed)
    yield from users(seed)


def sine(seed: int) -> Iterator[pd.DataFrame]:
    """Mean squared error of 500 test waves after 0, 1, 5, 20 steps; each method's rate is tuned on other waves."""
    tasks, rng = SineTasks(), np.random.default_rng([seed, 1])
    validation, test = tasks.draw(500, rng), tasks.draw(500, rng)
    waves = [f"{seed}-{i}" for i in range(500)]  # each seed draws its own
    for method, name in METHODS.items():
        model = SineRegressor(method, seed=seed).fit(tasks)
        rates = model.best_rates(validation, STEPS)
        for s in STEPS:
            errors = pd.Series(model.errors(test, s, rates[s]).numpy(), index=waves)
            yield study_rows("mse", name, errors, steps=s, units="sine waves")


def users(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE of each test user for K = 1, 5, 20, meta-trained on all other users, and on a few of them."""
    data = load_movielens("ml-100k")
    train_users, validation_users, test_users = split_users(data, seed=seed)
    known = np.concatenate([train_users, validation_users])
    train = data.subset(np.isin(data.ratings["user_id"], train_users))
    judge = make_tasks(data, validation_users, k=5, pool=20, seed=seed)
    for label, chosen in (("all", known), (FEW, np.random.default_rng(seed).permutation(known)[:FEW])):
        honest = data.subset(np.isin(data.ratings["user_id"], chosen))
        models = learners(seed, best_shrinkage(train, judge)) if label == "all" else few_learners(seed, honest)
        for name, model in models.items():
            model.fit(without_features(honest) if name.endswith("no user features") else honest)
            for k in SUPPORTS:
                tasks = make_tasks(data, test_users, k=k, pool=20, seed=seed)
                yield study_rows(
                    "rmse", name, evaluate_tasks(model, tasks, ("rmse",), test_users)["rmse"], k=k, users=label
                )


def best_shrinkage(train: Interactions, judge: object) -> float:
    """The strength of the baseline's shrinkage that does best on validation users."""

    def error(strength: float) -> float:
        model = BaselineRecommender(user_shrinkage=strength).fit(train)
        return float(evaluate_tasks(model, judge, ("rmse",))["rmse"].mean())

    return min((2.0, 5.0, 10.0, 20.0), key=error)


def learners(seed: int, shrinkage: float) -> dict:
    """The methods, and the baseline."""
    return {
        "bias": BaselineRecommender(user_shrinkage=shrinkage),
        "MAML": MAML(seed=seed),
        "first-order MAML": FOMAML(seed=seed),
        "Reptile": Reptile(seed=seed),
        "pooled, fine-tuned": Reptile(train_steps=1, seed=seed),  # one step is training on the pooled ratings
        "MAML, step not K-aware": MAML(shrinkage=0, seed=seed),
        "closed-form head": MetaLearningModel(seed=seed),
        "head, not meta-trained": ProbabilisticPCA(seed=seed),  # the same solve and the same start
        "head, no user features": MetaLearningModel(seed=seed),
    }


def without_features(data: Interactions) -> Interactions:
    """The same ratings, with nothing known of the users."""
    return Interactions(data.ratings, data.users[["user_id"]], data.items, data.name, data.scale)


def few_learners(seed: int, honest: Interactions) -> dict:
    """The same question with few users; too few to keep some apart, so the baseline has its default strength."""
    return {"bias": BaselineRecommender(), "MAML": MAML(seed=seed), "closed-form head": MetaLearningModel(seed=seed)}
