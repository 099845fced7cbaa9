"""The study of q01: five ways to learn a start, on sine waves and on real users, over five seeds."""

import numpy as np

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
)

SEEDS = (0, 1, 2, 3, 4)
SUPPORTS = (1, 5, 20)
STEPS = (0, 1, 5, 20)
FEW = 30  # meta-training users, where there are few


def run(seed: int) -> dict:
    """Errors per wave and per test user."""
    return {"sine": sine(seed), **users(seed)}


def sine(seed: int) -> dict:
    """Mean squared error of 500 test waves after 0, 1, 5, 20 steps; each method's rate is tuned on other waves."""
    tasks, rng = SineTasks(), np.random.default_rng([seed, 1])
    validation, test = tasks.draw(500, rng), tasks.draw(500, rng)
    found = {}
    for method in ("maml", "fomaml", "reptile", "pooled", "random"):
        model = SineRegressor(method, seed=seed).fit(tasks)
        rates = model.best_rates(validation, STEPS)
        found[method] = {str(s): model.errors(test, s, rates[s]).numpy().round(3).tolist() for s in STEPS}
    return found


def users(seed: int) -> dict:
    """RMSE of each test user for K = 1, 5, 20, meta-trained on all other users, and on a few of them."""
    data = load_movielens("ml-100k")
    train_users, validation_users, test_users = split_users(data, seed=seed)
    known = np.concatenate([train_users, validation_users])
    train = data.subset(np.isin(data.ratings["user_id"], train_users))
    judge = make_tasks(data, validation_users, k=5, pool=20, seed=seed)
    errors = {}
    for label, chosen in (("all", known), ("few", np.random.default_rng(seed).permutation(known)[:FEW])):
        honest = data.subset(np.isin(data.ratings["user_id"], chosen))
        models = learners(seed, best_shrinkage(train, judge)) if label == "all" else few_learners(seed, honest)
        for name, model in models.items():
            model.fit(without_features(honest) if name.endswith("no user features") else honest)
            for k in SUPPORTS:
                tasks = make_tasks(data, test_users, k=k, pool=20, seed=seed)
                errors[f"{label}, {name}, K={k}"] = evaluate_tasks(model, tasks, ("rmse",))["rmse"].round(4).tolist()
    return {"users": test_users.tolist(), "rmse": errors}


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
