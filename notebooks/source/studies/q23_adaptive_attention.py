"""The study of q23: what adapting an attention's sharpness, sink and gate buys, and whether the gain is personal."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from metarec_lib import (
    AdaptiveAttentionMetaLearningModel,
    ProbabilisticPCA,
    TaskBatch,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
)
from metarec_lib.evaluation.metrics import rmse

SEEDS = (10, 11, 12, 13, 14)
SUPPORTS = (1, 3, 5, 10, 20)
KINDS = {
    "fixed attention": "nothing",
    "learned temperature": "temperature",
    "learned sink": "sink",
    "learned gate": "gate",
    "context-conditioned attention": "context",
}


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Squared error of each judging user by K; the judges are no one's training or validation users."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    train = data.subset(np.isin(data.ratings["user_id"], np.concatenate([learning, tuning])))
    tasks = {k: make_tasks(data, judging, k=k, pool=20, seed=seed) for k in SUPPORTS}
    ridge = ProbabilisticPCA(seed=seed).fit(train)
    for k, batch in tasks.items():
        yield study_rows("mse", "ridge", evaluate_tasks(ridge, batch, ("rmse",), judging)["rmse"] ** 2, k=k)
        if k == 1:
            prior = evaluate_tasks(ridge, batch.first(0), ("rmse",), judging)["rmse"] ** 2
            yield from (study_rows("mse", "prior alone", prior, k=k) for k in SUPPORTS)
    for name, adaptive in KINDS.items():
        model = AdaptiveAttentionMetaLearningModel(adaptive=adaptive, seed=seed).fit(train)
        for k, batch in tasks.items():
            errors = evaluate_tasks(model, batch, ("rmse",), judging)["rmse"] ** 2
            yield study_rows("mse", name, errors, k=k)
            yield study_rows("sink", name, pd.Series(left_to_sink(model, batch), index=judging), k=k)
            if adaptive == "context":
                yield from contrasts(model, batch, judging, k, seed, mean_context(model, tasks))


def left_to_sink(model: AdaptiveAttentionMetaLearningModel, tasks: TaskBatch) -> np.ndarray:
    """The share of attention that no rating gets, mean over a user's queries and the heads, (B,)."""
    with torch.no_grad():
        weights = model.attention_weights(model.adapt(tasks.support), model.inputs(tasks.query)[1])
        share = (1 - weights.sum(3)).mean(1) * tasks.query.mask
    return (share.sum(1) / tasks.query.counts.clamp(1)).numpy()


def mean_context(model: AdaptiveAttentionMetaLearningModel, tasks: dict[int, TaskBatch]) -> torch.Tensor:
    """The mean context over users and over K, (C,): it knows neither who asks nor how many ratings there are."""
    with torch.no_grad():
        return torch.stack([model.adapt(batch.support).context.mean(0) for batch in tasks.values()]).mean(0)


def contrasts(
    model: AdaptiveAttentionMetaLearningModel, tasks: TaskBatch, judging: np.ndarray, k: int, seed: int,
    everyones: torch.Tensor,
) -> Iterator[pd.DataFrame]:  # fmt: skip
    """The same model with another user's context, with the mean context at K ratings, and with the mean over all K."""
    with torch.no_grad():
        state = model.adapt(tasks.support)
        swapped = torch.as_tensor(derangement(len(tasks), np.random.default_rng([seed, k])))
        mean = state.context.mean(0, keepdim=True).expand_as(state.context)
        others = {"contexts of other users": state.context[swapped], "one context for all": mean}
        others["one context for every K"] = everyones.expand_as(state.context)
        for name, context in others.items():
            scores = model.score(replace(state, context=context), tasks.query)
            errors = rmse(scores, tasks.query.values, tasks.query.mask) ** 2
            yield study_rows("mse", name, pd.Series(errors.numpy(), index=judging), k=k)


def derangement(n: int, rng: np.random.Generator) -> np.ndarray:
    """A permutation of n that leaves nothing in its place: each goes to the next one of a random circle."""
    circle = rng.permutation(n)
    target = np.empty(n, dtype=np.int64)
    target[circle] = np.roll(circle, 1)
    return target
