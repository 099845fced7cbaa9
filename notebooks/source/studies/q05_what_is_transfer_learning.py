"""The study of q05: from men to women by how many there are, from light films to intense ones, and a space that moved."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.linalg import orthogonal_procrustes

from metarec_lib import (
    BaselineRecommender,
    Interactions,
    MetaLearningModel,
    ProbabilisticPCA,
    TaskBatch,
    evaluate_tasks,
    fine_tune,
    load_data,
    load_movielens,
    make_tasks,
    pretrain,
    split_users,
    study_rows,
)

SEEDS = (0, 1, 2, 3, 4)
WOMEN = (5, 20, 50, 110)
SUPPORTS = (0, 5, 20)
STEPS = (10, 30, 100, 300)  # of fine-tuning: chosen on tuning users
STRENGTHS = (0.0, 0.01, 0.1, 1.0, 10.0, 100.0)  # of L2-SP
TARGET = (0, 2, 5, 10)  # ratings of intense films
ANCHORS = 100


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Errors of each judging user."""
    data = load_movielens("ml-100k")
    yield from women(data, seed)
    yield from films(data, seed)
    yield from retrained(data, seed)


def of(data: Interactions, users: object) -> Interactions:
    """The ratings of some users."""
    return data.subset(np.isin(data.ratings["user_id"], users))


def women(data: Interactions, seed: int) -> Iterator[pd.DataFrame]:
    """Pretrained on men, then so many women; judged on other women. Settings are chosen on the women among tuning users."""
    female = set(data.users.loc[data.users["gender"] == "F", "user_id"])
    learning, tuning, judging = ([u for u in part if u in female] for part in split_users(data, seed=seed))
    men = [u for u in split_users(data, seed=seed)[0] if u not in female]
    base = pretrain(MetaLearningModel(seed=seed), of(data, men))
    tune = [make_tasks(data, tuning, k=k, pool=20, seed=seed) for k in SUPPORTS]
    order = np.random.default_rng(seed).permutation(learning)
    for n in WOMEN:
        target, pooled = of(data, order[:n]), of(data, [*men, *order[:n]])
        best = {how: tuned(base, target, how, tune) for how in ("full", "head", "lora")}
        models = {
            "source only": base,
            "scratch": chosen((MetaLearningModel(epochs=e, seed=seed).fit(target) for e in (2, 4, 16)), tune),
            "fine-tuned": best["full"], "fine-tuned head": best["head"], "LoRA": best["lora"],
            "fine-tuned, not tuned": fine_tune(base, target, steps=300, lr=0.01),
            "LoRA, not tuned": fine_tune(base, target, how="lora", steps=300, lr=0.01),
            "pooled training": MetaLearningModel(seed=seed).fit(pooled),
            "bias": chosen((BaselineRecommender(user_shrinkage=s).fit(pooled) for s in (2, 5, 10, 20)), tune),
        }  # fmt: skip
        yield from judged(models, data, judging, seed, women=n)
    some = of(data, order[:20])
    for strength in STRENGTHS:
        model = fine_tune(base, some, steps=300, lr=0.01, l2_sp=strength)
        yield from judged({"L2-SP": model}, data, judging, seed, women=20, strength=strength)


def tuned(base: MetaLearningModel, target: Interactions, how: str, tune: list[TaskBatch]) -> MetaLearningModel:
    """Fine-tuned by as many steps as do best on tuning users."""
    return chosen((fine_tune(base, target, how=how, steps=steps) for steps in STEPS), tune)


def chosen(models: Iterator, tune: list[TaskBatch]) -> object:
    """The model that does best on tuning users, over all supports."""
    return min(models, key=lambda model: sum(evaluate_tasks(model, tasks, ("rmse",))["rmse"].mean() for tasks in tune))


def judged(models: dict, data: Interactions, who: list, seed: int, **conditions: object) -> Iterator[pd.DataFrame]:
    """RMSE of each user at each support."""
    for k in SUPPORTS:
        tasks = make_tasks(data, who, k=k, pool=20, seed=seed)
        for name, model in models.items():
            yield study_rows("rmse", name, evaluate_tasks(model, tasks, ("rmse",), who)["rmse"], k=k, **conditions)


def films(data: Interactions, seed: int) -> Iterator[pd.DataFrame]:
    """New users with ten ratings of light films, who rated a few intense ones: the source counts, or it does not."""
    source, target = load_data(data, split="domain")
    learning, tuning, judging = split_users(data, seed=seed)
    both = np.isin(data.ratings["item_id"], np.union1d(source.ratings["item_id"], target.ratings["item_id"]))
    known = of(data.subset(both), learning)
    tune = [t for k in TARGET for t in domain_tasks(source, target, tuning, k, seed)[0].values()]
    models = {
        "head": MetaLearningModel(seed=seed).fit(of(source, learning), X_target=of(target, learning)),
        "bias": chosen((BaselineRecommender(user_shrinkage=s).fit(known) for s in (2, 5, 10, 20)), tune),
    }
    for k in TARGET:
        parts, users = domain_tasks(source, target, judging, k, seed)
        for ratings, tasks in parts.items():
            for name, model in models.items():
                errors = evaluate_tasks(model, tasks, ("rmse",), users)["rmse"]
                yield study_rows("rmse", f"{name}, {ratings}", errors, k=k)


def domain_tasks(
    source: Interactions, target: Interactions, users: np.ndarray, k: int, seed: int
) -> tuple[dict[str, TaskBatch], np.ndarray]:
    """Users with ratings enough in both; support: k target ratings, or these and ten of the source. One query for all."""
    counts = [np.bincount(d.user_codes, minlength=d.n_users)[d.user_index(users)] for d in (source, target)]
    users = users[(counts[0] >= 10) & (counts[1] >= max(TARGET) + 5)]
    light = make_tasks(source, users, k=10, seed=seed).support
    tasks = make_tasks(target, users, k=k, pool=max(TARGET), seed=seed)
    return {"target only": tasks, "both": TaskBatch(TaskBatch(light, tasks.support).together(), tasks.query)}, users


def retrained(data: Interactions, seed: int) -> Iterator[pd.DataFrame]:
    """Upstream trains anew from another start: its users on the old films, as they are, and turned back by anchors."""
    train, test = load_data(data, seed=seed)
    old, new = (ProbabilisticPCA(seed=s).fit(train) for s in (seed, seed + 100))
    films, moved = (model.item_vectors_[-1][:-1].numpy() for model in (old, new))
    anchors = np.argsort(-np.bincount(train.item_codes, minlength=train.n_items), kind="stable")[:ANCHORS]
    turn = orthogonal_procrustes(moved[anchors], films[anchors])[0]
    users = users_of(new, train)
    turned = np.column_stack([users[:, :-1] @ turn, users[:, -1:]])
    judging = ~np.isin(test.ratings["user_id"], split_users(data, seed=seed)[1])
    for name, table, bias, vectors in (
        ("new users, new films", moved, new, users),
        ("new users, old films", films, old, users),
        ("new users turned back, old films", films, old, turned),
        ("old users, old films", films, old, users_of(old, train)),
    ):
        bias_of_film = bias.item_bias_[-1][:-1].numpy()[test.item_codes]
        taste = (table[test.item_codes] * vectors[test.user_codes, :-1]).sum(1) + vectors[test.user_codes, -1]
        square = (bias_of_film + bias.spread_ * taste - test.values) ** 2
        errors = pd.Series(square[judging]).groupby(test.ratings["user_id"].to_numpy()[judging]).mean() ** 0.5
        yield study_rows("rmse", name, errors)


def users_of(model: ProbabilisticPCA, train: Interactions) -> np.ndarray:
    """The weights of all users, (U, D)."""
    ids = train.users["user_id"].to_numpy()
    return model.adapt(model.history_.padded(ids, model.device, model.dtype)).mean.numpy()
