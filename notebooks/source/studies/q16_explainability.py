"""The study of q16: which ratings does a score rest on, and does it fall when these are taken away?"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from metarec_lib import (
    InContextTransformer,
    Interactions,
    MetaLearningModel,
    Recommender,
    TaskBatch,
    attention_to_support,
    attributions,
    deletion,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
    support_influence,
)
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.explanation import METHODS, neutral_values

SEEDS = (10, 11, 12, 13, 14)
TAKEN = (1, 3, 5)  # ratings taken away, of K = 20
QUERIES = 2  # items explained for each user
DRAWS = 10  # of the random order
LIKED = 4


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Of each judging user with 20 known ratings: how far scores fall, or move, without the ratings that were named."""
    data = load_movielens("ml-100k")
    learning, _, judging = split_users(data, seed=seed)
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    models = {"in-context Transformer": InContextTransformer, "closed-form head": MetaLearningModel}
    tasks, rng = make_tasks(data, judging, k=20, pool=20, seed=seed), np.random.default_rng([seed, 16])
    queries = [one_each(tasks.query, rng) for _ in range(QUERIES)]
    for name, kind in models.items():
        model = kind(seed=seed).fit(train)
        yield study_rows("rmse", name, evaluate_tasks(model, tasks, ("rmse",), judging)["rmse"])
        for metric, method, series in deletions(model, tasks.support, queries, judging, rng, seed):
            yield study_rows(metric, method, series[0], of=name, taken=series[1])
    yield from reasons(model, train, tasks, judging, rng)


def one_each(query: PaddedRatings, rng: np.random.Generator) -> PaddedRatings:
    """One query item of each user, drawn at random, (B, 1)."""
    column = torch.as_tensor(rng.integers(query.counts.numpy()))[:, None]
    items, values, mask = (getattr(query, name).gather(1, column) for name in ("items", "values", "mask"))
    return PaddedRatings(query.users, items, values, mask)


def rankings(
    model: Recommender, support: PaddedRatings, query: PaddedRatings, rng: np.random.Generator, seed: int
) -> dict[str, Tensor]:
    """What each method says of each rating, (B, K)."""
    found = {m: attributions(model, support, query, m, samples=300, seed=seed) for m in METHODS}
    surprise = support.values - neutral_values(model, support)
    found["distance from expectation"] = surprise
    if isinstance(model, InContextTransformer):
        weights = attention_to_support(model, support, query)[:, 0].detach()
        found |= {"attention weights": weights, "attention times distance": weights * surprise}
    else:
        found["exact influence"] = support_influence(model, support, query).influence[:, 0].detach()
    for draw in range(DRAWS):
        found[f"random order {draw}"] = torch.as_tensor(rng.normal(size=support.mask.shape))
    return found


def deletions(
    model: Recommender,
    support: PaddedRatings,
    queries: list[PaddedRatings],
    users: np.ndarray,
    rng: np.random.Generator,
    seed: int,
) -> Iterator[tuple[str, str, tuple[pd.Series, int]]]:
    """fall: the score's fall without the n ratings named first. move: how far it moves without the n of largest size."""
    rows: dict[tuple[str, str, int], list[np.ndarray]] = {}
    for query in queries:
        for method, ranking in rankings(model, support, query, rng, seed).items():
            name = "random order" if method.startswith("random") else method
            fall = deletion(model, support, query, ranking, TAKEN).detach().numpy()
            move = deletion(model, support, query, ranking.abs(), TAKEN).abs().detach().numpy()
            for i, taken in enumerate(TAKEN):
                rows.setdefault(("fall", name, taken), []).append(fall[:, i])
                rows.setdefault(("move", name, taken), []).append(move[:, i])
    for (metric, name, taken), values in rows.items():
        yield metric, name, (pd.Series(np.mean(values, 0), index=users), taken)


def reasons(
    head: MetaLearningModel, train: Interactions, tasks: TaskBatch, users: np.ndarray, rng: np.random.Generator
) -> Iterator[pd.DataFrame]:
    """'Because you rated ...' for the first place of a list: which one rating is named, and what goes when it goes."""
    support, known = tasks.support, torch.as_tensor(np.bincount(train.item_codes, minlength=train.n_items) >= 20)
    scores = head.score_all(head.adapt(support), support.users).detach()
    scores = scores.masked_fill(~known, -torch.inf).scatter(1, support.items, -torch.inf)
    first = scores.argmax(1, keepdim=True)
    query = PaddedRatings(support.users, first, torch.zeros_like(first, dtype=scores.dtype), first >= 0)
    for name, ranking in one_reason(head, support, query, rng).items():
        named = ranking.argmax(1, keepdim=True)
        left = PaddedRatings(support.users, support.items, support.values, support.mask.scatter(1, named, False))
        left = PaddedRatings(left.users, left.items, left.values * left.mask, left.mask)
        again = head.score_all(head.adapt(left), support.users).detach()
        again_ranked = again.masked_fill(~known, -torch.inf).scatter(1, support.items, -torch.inf)
        fall = (scores.gather(1, first) - again.gather(1, first)).squeeze(1).numpy()
        yield study_rows("reason fall", name, pd.Series(fall, index=users))
        gone = (again_ranked.argmax(1, keepdim=True) != first).double().squeeze(1).numpy()
        yield study_rows("first place changes", name, pd.Series(gone, index=users))


def one_reason(
    head: MetaLearningModel, support: PaddedRatings, query: PaddedRatings, rng: np.random.Generator
) -> dict[str, Tensor]:
    """Scores of the ratings as a reason, (B, K): the highest is named."""
    liked = support.values >= LIKED
    liked |= ~liked.any(1, keepdim=True)  # who liked none may be told any film
    x, z = head.linear(support).x[..., :-1], head.linear(query).x[..., :-1]
    alike = torch.nn.functional.cosine_similarity(x, z, dim=2).detach()
    found = support_influence(head, support, query)
    return {
        "exact influence": found.influence[:, 0].detach(),
        "most similar liked film": alike.masked_fill(~liked, -torch.inf),
        "random liked film": torch.as_tensor(rng.random(liked.shape)).masked_fill(~liked, -torch.inf),
    }
