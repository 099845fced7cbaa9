"""The study of q30: real targets against edited histories; noise that mends a leak; noise against a stronger prior."""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from metarec_lib import (
    EASE,
    AugmentedANIL,
    BaselineRecommender,
    Interactions,
    MetaLearningModel,
    PopularityRecommender,
    Recommender,
    TaskBatch,
    data_augmentation,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    sliding_prefixes,
    split_users,
    study_rows,
    tuning_users,
)
from metarec_lib.data.augment import as_histories
from metarec_lib.data.tasks import pad_rows
from metarec_lib.evaluation.metrics import hit_rate
from metarec_lib.models.prefix_softmax import CHANGES, PrefixSoftmax

SEEDS = (10, 11, 12, 13, 14)
LONGEST = 20
RATES = (1e-3, 3e-3, 1e-2)
NOISES, FACTORS = (0.0, 0.2, 0.5, 1.0), (0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
STRENGTHS = (0.0, 0.2, 0.4, 0.6)
WRONG = (0.0, 0.1, 0.2, 0.4)  # share of the support that is replaced by random stars
FEW = 240


def run(seed: int) -> Iterator[pd.DataFrame]:
    """HR@10 of each judging user's last film; squared error of new users; settings are chosen on tuning users."""
    data = load_movielens("ml-100k")
    yield from next_film(data, seed)
    yield from new_users(data, seed)


# -- the next film ------------------------------------------------------------------------------------------------------
def next_film(data: Interactions, seed: int) -> Iterator[pd.DataFrame]:
    """Which targets a history gives, and which edits; film ranks among all that the user has not seen. Films rated in the
    same second stand in random order."""
    shuffled = data.subset(np.random.default_rng(seed).permutation(len(data)))
    histories, chosen = as_histories(shuffled), set(tuning_users(data).tolist())
    judged = {u: h for u, h in histories.items() if u not in chosen}
    validation = examples({u: h[:-1] for u, h in histories.items() if u in chosen}, last=1)
    known = {u: h[: -2 if u in chosen else -1] for u, h in histories.items()}
    rates = {}
    for name, last in (("last target", 1), ("last five targets", 5), ("all prefixes", None)):
        train = examples(known, last)
        model, rates[last] = best_rate(data.n_items, train, validation, seed, RATES if last else (rates[5],))
        yield study_rows("hr@10", name, hits(model, judged, data))
        for change in CHANGES if last == 5 else ("mask",) if last is None else ():
            model, _ = best_rate(data.n_items, train, validation, seed, (rates[last],), change)
            yield study_rows("hr@10", f"{name}, {change}", hits(model, judged, data))
    yield from baselines(shuffled, judged)


def examples(histories: dict, last: int | None) -> tuple[np.ndarray, np.ndarray]:
    parts = [sliding_prefixes(history, LONGEST, last) for history in histories.values()]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def best_rate(
    n_items: int, train: tuple, validation: tuple, seed: int, rates: tuple, change: str | None = None
) -> tuple[PrefixSoftmax, float]:
    models = [
        PrefixSoftmax(n_items, LONGEST, lr=rate, seed=seed).fit(*train, validation, changed=CHANGES.get(change))
        for rate in rates
    ]
    best = min(models, key=lambda model: model.validation_loss_)
    return best, best.lr


def hits(model: PrefixSoftmax, histories: dict, data: Interactions) -> pd.Series:
    """Is the last film of a history among the first ten of all films that are not in the rest of it?"""
    with torch.no_grad():
        scores = model.scores(examples(histories, last=1)[0])
    return hit_of(scores, histories)


def hit_of(scores: torch.Tensor, histories: dict) -> pd.Series:
    target, seen = torch.zeros(scores.shape, dtype=torch.bool), torch.zeros(scores.shape, dtype=torch.bool)
    for row, history in enumerate(histories.values()):
        target[row, history[-1]] = True
        seen[row, history[:-1]] = True
    return pd.Series(hit_rate(scores.double(), target, ~seen, 10).numpy(), index=list(histories))


def baselines(shuffled: Interactions, judged: dict) -> Iterator[pd.DataFrame]:
    """Popularity and EASE, fitted without the last film of any user."""
    order = np.lexsort((np.arange(len(shuffled)), shuffled.ratings["timestamp"], shuffled.user_codes))
    is_last = np.append(np.diff(shuffled.user_codes[order]) != 0, True)
    rest = shuffled.subset(np.sort(order[~is_last]))
    users = torch.as_tensor(shuffled.user_index(list(judged)))
    support = pad_rows(rest, *rows_of(rest, users), users.numpy())
    for name, model in (("popularity", PopularityRecommender()), ("EASE", EASE())):
        model.fit(rest)
        yield study_rows("hr@10", name, hit_of(model.score_all(model.adapt(support), users), judged))


def rows_of(data: Interactions, users: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The rows of these users' ratings, and the number of each row's user among them."""
    place = np.full(data.n_users, -1)
    place[users.numpy()] = np.arange(len(users))
    rows = np.flatnonzero(place[data.user_codes] >= 0)
    rows = rows[np.argsort(place[data.user_codes[rows]], kind="stable")]
    return rows, place[data.user_codes[rows]]


# -- new users ------------------------------------------------------------------------------------------------------------
class LeakyANIL(AugmentedANIL):
    """ANIL whose items were fitted with the ratings of the very users whose queries it learns to predict."""

    def _prepare(self, data: Interactions) -> None:
        super()._prepare(data)
        self.fold_ = torch.full_like(self.fold_, int(self.fold_.max()))


def squared(model: Recommender, tasks: TaskBatch, users: np.ndarray | None = None) -> pd.Series:
    return evaluate_tasks(model, tasks, ("rmse",), users)["rmse"] ** 2


def best_of(models: list, tasks: TaskBatch) -> Recommender:
    return min(models, key=lambda model: squared(model, tasks).mean())


def with_wrong(tasks: TaskBatch, share: float, seed: int) -> TaskBatch:
    """The same tasks, this share of the support replaced by random stars."""
    rng, support = np.random.default_rng([seed, 30]), tasks.support
    wrong = torch.as_tensor(rng.random(tuple(support.mask.shape)) < share) & support.mask
    stars = torch.as_tensor(rng.integers(1, 6, tuple(support.mask.shape))).to(support.values)
    values = torch.where(wrong, stars, support.values)
    return TaskBatch(replace(support, values=values, liked=None, gains=None), tasks.query)


def weaker(head: MetaLearningModel, factor: float) -> MetaLearningModel:
    """The head that trusts ratings less: its noise variance `factor` times as large, as a smaller prior scale."""
    other = copy(head)
    other.params_ = head.params_ | {"log_scale": head.params_["log_scale"] - 0.5 * np.log(factor)}
    return other


def new_users(data: Interactions, seed: int) -> Iterator[pd.DataFrame]:
    learning, tuning, judging = split_users(data, seed=seed)
    train, stop = (data.subset(np.isin(data.ratings["user_id"], users)) for users in (learning, tuning))
    choose, judge = (make_tasks(data, users, k=10, pool=20, seed=seed) for users in (tuning, judging))
    few = data.subset(np.isin(data.ratings["user_id"], np.random.default_rng(seed).permutation(learning)[:FEW]))
    for name, kind in (("leaking items", LeakyANIL), ("items without leak", AugmentedANIL)):
        models = [kind(augmentation="feature noise", strength=s, seed=seed).fit(few, validation=stop) for s in NOISES]
        yield study_rows("mse", name, squared(models[0], judge, judging), k=10, users=FEW)
        noisy = best_of(models[1:], choose)
        yield study_rows("mse", f"{name}, feature noise", squared(noisy, judge, judging), k=10, users=FEW)
    yield from robustness(train, choose, judge, judging, seed)


def robustness(
    train: Interactions, choose: TaskBatch, judge: TaskBatch, judging: np.ndarray, seed: int
) -> Iterator[pd.DataFrame]:
    """Noise on the training ratings, and a stronger prior, both chosen for supports of which a fifth is wrong."""
    fitted = [MetaLearningModel(seed=seed).fit(data_augmentation(train, "noise", s, seed)) for s in STRENGTHS]
    expected = with_wrong(choose, 0.2, seed)
    models = {
        "bias": best_of([BaselineRecommender(user_shrinkage=s).fit(train) for s in (2, 5, 10, 20, 40)], expected),
        "head": fitted[0],
        "head, noisy ratings": best_of(fitted[1:], expected),
        "head, stronger prior": best_of([weaker(fitted[0], f) for f in FACTORS], expected),
    }
    for name, model in models.items():
        for share in WRONG:
            errors = squared(model, with_wrong(judge, share, seed), judging)
            yield study_rows("mse", name, errors, k=10, wrong=f"{share:.0%}", users="all")
