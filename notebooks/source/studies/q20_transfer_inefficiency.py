"""The study of q20: misleading source users and what is done about them; who is harmed; three senses of bad transfer."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from metarec_lib import (
    ANIL,
    BaselineRecommender,
    DistilledANIL,
    DiverseANIL,
    Interactions,
    MetaLearningModel,
    Recommender,
    TaskBatch,
    evaluate_tasks,
    filter_tasks,
    held_out_gate,
    item_gradients,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
    task_weights,
    thin_tasks,
)
from metarec_lib.evaluation.protocols import score_tasks

SEEDS = (10, 11, 12, 13, 14)
SHARES = (0.0, 0.2, 0.4)  # of the source users, misleading
TRUSTED = 60  # users of the target that are known to be sound
SUPPORTS = (1, 5, 20)
WOMEN = (10, 100)
Tasks = dict[int, TaskBatch]


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE of each judging user, and what adapting changed for each."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    tasks = {k: make_tasks(data, judging, k=k, pool=20, seed=seed) for k in (0, *SUPPORTS)}
    choose = make_tasks(data, tuning, k=5, pool=20, seed=seed)
    yield from misleading(data, learning, choose, tasks, judging, seed)
    yield from harm(data, learning, tasks, judging, seed)
    yield from three_senses(data, learning, judging, seed)


def of_users(model: Recommender, tasks: TaskBatch, users: np.ndarray) -> pd.Series:
    return evaluate_tasks(model, tasks, ("rmse",), users)["rmse"]


def among(data: Interactions, users: np.ndarray) -> Interactions:
    return data.subset(np.isin(data.ratings["user_id"], users))


# -- misleading source users ------------------------------------------------------------------------------------------------
def turned_round(data: Interactions, users: np.ndarray) -> Interactions:
    """These users' ratings mirrored on the scale: 5 stars become 1. Synthetic: the share and the direction are ours."""
    stars = data.values.copy()
    bad = np.isin(data.ratings["user_id"], users)
    stars[bad] = sum(data.scale) - stars[bad]
    return Interactions(data.ratings.assign(rating=stars), data.users, data.items, data.name, data.scale, data.like)


def misleading(
    data: Interactions, learning: np.ndarray, choose: TaskBatch, tasks: Tasks, judging: np.ndarray, seed: int
) -> Iterator[pd.DataFrame]:
    rng = np.random.default_rng(seed)
    order = rng.permutation(learning)
    trusted, source = order[:TRUSTED], order[TRUSTED:]
    own = among(data, trusted)
    fixed = {"trusted users only": MetaLearningModel(seed=seed).fit(own)}
    biases = [BaselineRecommender(user_shrinkage=s).fit(own) for s in (2, 5, 10, 20)]
    fixed["bias"] = min(biases, key=lambda m: evaluate_tasks(m, choose, ("rmse",))["rmse"].mean())
    for share in SHARES:
        bad = source[: round(share * len(source))]
        seen = turned_round(data, bad)
        models = fixed | dict(remedies(seen, trusted, source, bad, seed))
        if share == SHARES[-1]:
            models |= dict(imitation(seen, trusted, source, seed))
        for name, model in models.items():
            for k in (5, 20):
                yield study_rows("rmse", name, of_users(model, tasks[k], judging), k=k, misleading=f"{share:.0%}")
        kept = filter_tasks(item_gradients(seen, source), item_gradients(seen, trusted))
        yield study_rows("kept", "sound", kept[~np.isin(source, bad)].mean(), misleading=f"{share:.0%}")
        if share:
            yield study_rows("kept", "misleading", kept[np.isin(source, bad)].mean(), misleading=f"{share:.0%}")


def remedies(
    seen: Interactions, trusted: np.ndarray, source: np.ndarray, bad: np.ndarray, seed: int
) -> Iterator[tuple[str, Recommender]]:
    """The head on trusted users and all source users, those that pass the filter, a weighted draw, the sound ones."""
    of_source, of_target = item_gradients(seen, source), item_gradients(seen, trusted)
    drawn = thin_tasks(task_weights(of_source, of_target.mean(0)), np.random.default_rng([seed, 20]))
    chosen = {
        "all source users": np.ones(len(source), dtype=bool),
        "filtered source users": filter_tasks(of_source, of_target),
        "weighted source users": drawn,
        "oracle": ~np.isin(source, bad),
    }
    for name, keep in chosen.items():
        yield name, MetaLearningModel(seed=seed).fit(among(seen, np.concatenate([trusted, source[keep]])))


def imitation(
    seen: Interactions, trusted: np.ndarray, source: np.ndarray, seed: int
) -> Iterator[tuple[str, Recommender]]:
    """Gradient learners: on all users, on trusted ones, with several heads, and taught by a source model with a gate."""
    own, all_users = among(seen, trusted), among(seen, np.concatenate([trusted, source]))
    teacher, alone = MetaLearningModel(seed=seed).fit(among(seen, source)), ANIL(seed=seed).fit(own)
    yield "ANIL, all source users", ANIL(seed=seed).fit(all_users)
    yield "ANIL, trusted users only", alone
    yield "diverse heads, all source users", DiverseANIL(seed=seed, diversity=0.5).fit(all_users)
    yield "distilled, no gate", DistilledANIL(seed=seed, teacher=teacher).fit(own)
    yield "distilled, gated", DistilledANIL(seed=seed, teacher=teacher, gate=gate(own, trusted, teacher, seed)).fit(own)


def gate(own: Interactions, trusted: np.ndarray, teacher: Recommender, seed: int) -> np.ndarray:
    """For which films the source beat the target's own learner, told on half of the trusted users, learned on the other."""
    first, second = trusted[: TRUSTED // 2], trusted[TRUSTED // 2 :]
    student = ANIL(seed=seed).fit(among(own, first))
    held = make_tasks(own, second, k=10, pool=10, seed=seed)
    mask = held.query.mask
    errors = [((score_tasks(m, held) - held.query.values) ** 2)[mask].numpy() for m in (teacher, student)]
    return held_out_gate(*errors, held.query.items[mask].numpy(), own.n_items).astype(float)


# -- who is harmed ------------------------------------------------------------
def harm(
    data: Interactions, learning: np.ndarray, tasks: Tasks, judging: np.ndarray, seed: int
) -> Iterator[pd.DataFrame]:
    """Squared error after adapting minus before, in two random halves of each user's query."""
    head = MetaLearningModel(seed=seed).fit(among(data, learning))
    rng = np.random.default_rng([seed, 21])
    first = torch.as_tensor(rng.random(tuple(tasks[0].query.mask.shape)) < 0.5)
    before = (score_tasks(head, tasks[0]) - tasks[0].query.values) ** 2
    for k in SUPPORTS:
        query = tasks[k].query
        change = (score_tasks(head, tasks[k]) - query.values) ** 2 - before
        halves = [
            pd.Series(((change * m).sum(1) / m.sum(1)).numpy(), index=judging)
            for m in (query.mask & first, query.mask & ~first)
        ]
        enough = (query.mask & first).sum(1).numpy() >= 5
        halves = [half[enough].dropna() for half in halves]
        harmed = halves[0] > 0
        yield study_rows("looks harmed", "closed-form head", harmed.astype(float), k=k)
        yield study_rows("change in the first half", "who looked harmed", halves[0][harmed], k=k)
        yield study_rows(
            "change in the other half", "who looked harmed", halves[1].reindex(halves[0].index)[harmed], k=k
        )
        yield study_rows("change in the other half", "everybody", halves[1], k=k)


# -- three senses ------------------------------------------------------------
def three_senses(data: Interactions, learning: np.ndarray, judging: np.ndarray, seed: int) -> Iterator[pd.DataFrame]:
    """Men are the source, women the target; the closed-form head, five ratings, judged on new men and new women."""
    women = set(data.users["user_id"][data.users["gender"] == "F"])
    is_woman = np.array([u in women for u in learning])
    source, target = learning[~is_woman], np.random.default_rng(seed).permutation(learning[is_woman])
    judge = {who: np.array([u for u in judging if (u in women) == (who == "women")]) for who in ("men", "women")}
    fits = {"source only": source, "all women": target}
    for n in WOMEN:
        fits |= {f"{n} women, alone": target[:n], f"{n} women and the men": np.concatenate([source, target[:n]])}
    for name, users in fits.items():
        model = MetaLearningModel(seed=seed).fit(among(data, users))
        for who, those in judge.items():
            for k in (5, 10, 20):
                found = of_users(model, make_tasks(data, those, k=k, pool=20, seed=seed), those)
                yield study_rows("rmse", name, found, k=k, judged=who)
