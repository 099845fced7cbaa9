"""The study of q14: regularisers where users are few, and a prior that knows its users by name, over five seeds."""

from collections.abc import Iterator
from copy import copy
from itertools import product

import numpy as np
import pandas as pd
import torch

from metarec_lib import (
    BaselineRecommender,
    Interactions,
    LeaveOneOutHead,
    MetaLearningModel,
    RegularisedANIL,
    TaskBatch,
    UserIdHead,
    evaluate_tasks,
    load_movielens,
    loo_residuals,
    make_tasks,
    split_users,
    study_rows,
    swap_supports,
)

SEEDS = (0, 1, 2, 3, 4)
FEW, EPOCHS, EVERY = 50, 60, 4
SUPPORTS = (1, 5, 20)
STRENGTHS = {"l2": (0.01, 0.1, 1.0), "dropout": (0.2, 0.5), "proximal": (1.0, 10.0), "inequality": (0.5, 2.0)}
STEPS = (1, 3, 10, 30, 100, 300)
PULLS = (3.0, 10.0, 30.0)
BOTTLENECKS = (0.01, 0.03, 0.1, 0.3)
FACTORS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
Tasks = dict[int, TaskBatch]


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE of each judging user; every setting is chosen on the tuning users."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    few = np.random.default_rng(seed).permutation(learning)[:FEW]
    small, large = (data.subset(np.isin(data.ratings["user_id"], users)) for users in (few, learning))
    choose = make_tasks(data, tuning, k=5, pool=20, seed=seed)
    judge = {k: make_tasks(data, judging, k=k, pool=20, seed=seed) for k in (0, *SUPPORTS)}
    yield from few_users(small, choose, judge, judging, seed)
    yield from memorising(large, choose, judge, judging, learning, seed)


def of_users(model: object, tasks: TaskBatch, users: np.ndarray) -> pd.Series:
    """RMSE of each user."""
    return evaluate_tasks(model, tasks, ("rmse",), users)["rmse"]


def error(model: object, tasks: TaskBatch) -> float:
    """Mean RMSE over the users."""
    return float(evaluate_tasks(model, tasks, ("rmse",))["rmse"].mean())


# -- fifty users --------------------------------------------------------------------------------------------------------
def few_users(
    small: Interactions, choose: TaskBatch, judge: Tasks, judging: np.ndarray, seed: int
) -> Iterator[pd.DataFrame]:
    """The terms, each at two strengths; the baseline; the closed-form head; the strength of its ridge."""
    bias = min(
        (BaselineRecommender(user_shrinkage=s).fit(small) for s in (2, 5, 10, 20)), key=lambda m: error(m, choose)
    )
    head = MetaLearningModel(seed=seed).fit(small)
    models = {"bias": bias, "head": head, "head, leave-one-out loss": LeaveOneOutHead(seed=seed).fit(small)}
    for (name, model), k in product(models.items(), SUPPORTS):
        yield study_rows("rmse", name, of_users(model, judge[k], judging), k=k, users=FEW)
    trained = {}
    for term, strength in [("", 0.0), *((term, s) for term, values in STRENGTHS.items() for s in values)]:
        name = f"{term} {strength:g}" if term else "plain"
        model = RegularisedANIL(seed=seed, **({term: strength} if term else {}))
        trained[name] = curve = train(model, small, choose, judge[5])
        for epoch, (on_tuning, on_judging) in curve["errors"].items():
            yield study_rows("rmse by epoch", name, on_tuning, epoch=epoch, on="tuning users")
            yield study_rows("rmse by epoch", name, on_judging, epoch=epoch, on="judging users")
        last, best = (of_users(curve[stop], judge[5], judging) for stop in ("last", "best"))
        yield study_rows("rmse", name, best, k=5, users=FEW)
        yield study_rows("drift", name, last - best, k=5, users=FEW)
    for term, values in STRENGTHS.items():
        best = min((trained[f"{term} {s:g}"] for s in values), key=lambda curve: curve["lowest"])
        for k in SUPPORTS:
            yield study_rows("rmse", f"{term}, tuned", of_users(best["best"], judge[k], judging), k=k, users=FEW)
    for k in (1, 20):
        yield study_rows("rmse", "plain", of_users(trained["plain"]["best"], judge[k], judging), k=k, users=FEW)
    yield from many_steps(trained["plain"]["best"], choose, judge[5], judging)
    yield from ridge_strength(head, choose, judge, judging)


def train(model: RegularisedANIL, small: Interactions, choose: TaskBatch, judge: TaskBatch) -> dict:
    """The model at the epoch that is best for the tuning users, and at the last; its errors on the way."""
    model._start(small)
    found = {"errors": {}, "lowest": np.inf}
    for epoch in range(1, EPOCHS + 1):
        model._epoch(small)
        model.epoch_ += 1
        if epoch % EVERY == 0:
            found["errors"][epoch] = (now := error(model, choose)), error(model, judge)
            if now < found["lowest"]:
                found |= {"lowest": now, "best": with_params(model)}
    return found | {"last": with_params(model)}


def with_params(model: RegularisedANIL, **settings: object) -> RegularisedANIL:
    """The same model with its parameters as they are now, and other settings."""
    other = copy(model)
    other.params_ = {name: value.detach().clone() for name, value in model.params_.items()}
    vars(other).update(settings)
    return other


def many_steps(plain: RegularisedANIL, choose: TaskBatch, judge: TaskBatch, judging: np.ndarray) -> Iterator:
    """The same trained network, adapted with more and more steps, with a pull to the initialisation and without.

    Half the rate of its training: with a strong pull a step of the full length could go too far.
    """
    plain = with_params(plain, inner_lr=plain.inner_lr / 2)
    pulled = {pull: error(with_params(plain, proximal=pull, inner_steps=100), choose) for pull in PULLS}
    best = min(pulled, key=pulled.get)
    yield study_rows("chosen", "pull", best)
    for (name, pull), steps in product((("no pull", 0.0), ("pull", best)), STEPS):
        model = with_params(plain, proximal=pull, inner_steps=steps)
        yield study_rows("rmse", name, of_users(model, judge, judging), k=5, users=FEW, steps=steps)


# -- the strength of the ridge ---------------------------------------------------------------------------------------------
def weaker(head: MetaLearningModel, factor: float) -> MetaLearningModel:
    """The head with its prior `factor` times as strong: all scales divided by the root of it."""
    other = copy(head)
    other.params_ = head.params_ | {"log_scale": head.params_["log_scale"] - 0.5 * np.log(factor)}
    return other


def leave_one_out(head: MetaLearningModel, tasks: TaskBatch) -> float:
    """Root mean square of the leave-one-out residuals of the supports alone, in stars; no query is looked at."""
    items, (prior, scale) = head.linear(tasks.support), head.prior_of(tasks.support.users)
    weight = tasks.support.mask / items.variance.sqrt()
    y = (tasks.support.values - items.bias) / head.spread_ * weight
    with torch.no_grad():
        left = loo_residuals(items.x * weight.unsqueeze(2), y, prior, scale, 1.0) * items.variance.sqrt()
    return head.spread_ * float(((left**2).sum() / tasks.support.mask.sum()).sqrt())


def ridge_strength(head: MetaLearningModel, choose: TaskBatch, judge: Tasks, judging: np.ndarray) -> Iterator:
    """The leave-one-out error of the judging users' five ratings and the error of their queries, by strength."""
    heads = {factor: weaker(head, factor) for factor in FACTORS}
    loo = {factor: leave_one_out(h, judge[5]) for factor, h in heads.items()}
    query = {factor: of_users(h, judge[5], judging) for factor, h in heads.items()}
    tuned = min(FACTORS, key=lambda factor: error(heads[factor], choose))
    for factor in FACTORS:
        yield study_rows("rmse by strength", "leave one out", loo[factor], factor=factor)
        yield study_rows("rmse by strength", "query", query[factor].mean(), factor=factor)
    chosen = {"leave one out": min(loo, key=loo.get), "tuning users": tuned, "weak": 0.01}
    for how, factor in chosen.items():
        yield study_rows("chosen", how, factor)
        yield study_rows("rmse", f"ridge, {how}", query[factor], k=5, users=FEW)


# -- who is remembered ------------------------------------------------------------------------------------------------------
def memorising(
    large: Interactions, choose: TaskBatch, judge: Tasks, judging: np.ndarray, learning: np.ndarray, seed: int
) -> Iterator[pd.DataFrame]:
    """The head, the head that knows user ids, and with a bottleneck; with one's own ratings, and with another's."""
    tight = min(
        (UserIdHead(seed=seed, epochs=60, bottleneck=b).fit(large) for b in BOTTLENECKS), key=lambda m: error(m, choose)
    )
    yield study_rows("chosen", "bottleneck", tight.bottleneck)
    models = {
        "head": MetaLearningModel(seed=seed).fit(large),
        "user-id head": UserIdHead(seed=seed, epochs=60).fit(large),
        "user-id head, bottleneck": tight,
    }
    known = make_tasks(large, learning, k=5, pool=20, seed=seed)
    for name, model in models.items():
        scale = model.prior_of(torch.zeros(1, dtype=torch.int64))[1]
        yield study_rows("prior scale", name, float(scale.mean()))
        for k, tasks in judge.items():
            yield study_rows("rmse", name, of_users(model, tasks, judging), k=k, users="all", support="own")
        yield study_rows(
            "rmse", name, of_users(model, swap_supports(judge[5]), judging), k=5, users="all", support="another's"
        )
        yield study_rows("trained rmse", name, of_users(model, known, learning), support="own")
        yield study_rows("trained rmse", name, of_users(model, swap_supports(known), learning), support="another's")
