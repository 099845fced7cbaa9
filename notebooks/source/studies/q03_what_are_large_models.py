"""The study of q03: who names the next film, and what a wider table buys.

The last rating of each user is held out, ties in time broken at random; all unseen films are ranked, and any rating counts,
as a click would. Settings are chosen on tuning users, whose last five ratings nothing is trained on; the others judge."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
import torch

from metarec_lib import (
    DNN,
    EASE,
    AdversarialBPR,
    Interactions,
    MarkovChain,
    PopularityRecommender,
    RecencyEASE,
    Recommender,
    SASRec,
    count_parameters,
    effective_rank,
    evaluate_next_item,
    leave_last_out,
    load_movielens,
    sliding_prefixes,
    study_rows,
    tied_users,
    tuning_users,
)
from metarec_lib.data.augment import as_histories
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.history import History
from metarec_lib.models.prefix_softmax import PrefixSoftmax

SEEDS = (10, 11, 12, 13, 14)
STOP_ON = 5  # ratings of each tuning user that choose settings and decide when to stop
WIDTHS = (8, 32, 128)
TOWERS = {"objective": "softmax", "epochs": 20, "patience": 5, "batch_size": 32, "lr": 1e-2, "dtype": "float32"}
TRANSFORMER = {  # tied vectors, sampled losses and gBCE stayed behind on tuning users of one seed
    "objective": "softmax", "tied": False, "epochs": 40, "patience": 8, "batch_size": 64, "lr": 3e-3, "dtype": "float32",
}  # fmt: skip
DROPOUTS = (0.2, 0.5)
LONGEST, RATES = 20, (3e-3, 1e-2)  # of the weighted mean of vectors
COUNTING = {  # each with the settings that it is tuned over
    "most popular films": [PopularityRecommender()],
    "EASE on clicks": [EASE(ridge=r) for r in (100, 300, 1000)],
    "EASE by recency": [RecencyEASE(ridge=r, decay=d) for r in (300, 1000) for d in (0.7, 0.85, 0.95)],
    "first-order chain": [MarkovChain(reach=1)],
    "skip-gram chain": [MarkovChain(reach=r, decay=d) for r in (1, 5, 10) for d in (0.5, 0.8, 0.9)],
}


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Hits, nDCG and log loss of each judging user's last film; sizes and ranks of the networks."""
    data = load_movielens("ml-100k")
    train, last = leave_last_out(data, seed)
    tuning = np.isin(data.users["user_id"], tuning_users(data))
    age = np.bincount(train.user_codes)[train.user_codes] - train.ratings["timestamp"].to_numpy()
    held = tuning[train.user_codes] & (age < STOP_ON)
    theirs = pd.concat([train.ratings[held], last.ratings[tuning[last.user_codes]]])
    rest, tune_on = as_clicks(train.subset(~held)), as_clicks(train.replace_ratings(theirs))
    judge = Judge(as_clicks(last.subset(~tuning[last.user_codes])), set(tied_users(data)))
    for name, grid in COUNTING.items():
        yield from judge(name, best_of(grid, rest, tune_on))
    yield from judge("first-order chain, shuffled training", MarkovChain(reach=1).fit(shuffled(rest, seed)), rest)
    bpr = AdversarialBPR(epsilon=0.0, factors=32, seed=seed, dtype="float32")
    yield from judge("BPR on clicks", bpr.fit(rest))
    yield from widths(rest, tune_on, judge, seed)
    yield from judge("weighted mean of vectors", WeightedMean(rest, tune_on, seed))
    models = [SASRec(seed=seed, dropout=share, **TRANSFORMER).fit(rest, validation=tune_on) for share in DROPOUTS]
    model = max(models, key=lambda model: evaluate_next_item(model, tune_on)["ndcg@10"].mean())
    yield study_rows("dropout", "SASRec", model.dropout)
    yield from judge("SASRec", model)
    yield from sizes("SASRec", model)
    yield from judge("SASRec, history shuffled", model, shuffled(rest, seed))


def as_clicks(data: Interactions) -> Interactions:
    """The same ratings, each of which counts as liked."""
    return Interactions(data.ratings, data.users, data.items, data.name, data.scale, like=data.scale[0])


def shuffled(data: Interactions, seed: int) -> Interactions:
    """The same ratings, each user's in random order."""
    draw = np.random.default_rng(seed).random(len(data))
    return data.replace_ratings(data.ratings.assign(timestamp=(draw * 1e9).astype(np.int64)))


def best_of(models: list, train: Interactions, tune_on: Interactions) -> Recommender:
    """The one with the highest nDCG@10 on the tuning users."""
    models = [model.fit(train) for model in models]
    return max(models, key=lambda model: evaluate_next_item(model, tune_on)["ndcg@10"].mean())


class Judge:
    """The judging users' last films, and who of them has a tie at the end."""

    def __init__(self, last: Interactions, tied: set) -> None:
        self.last, self.tied = last, tied

    def __call__(
        self, name: str, model: Recommender, history: Interactions | None = None, **where: object
    ) -> Iterator[pd.DataFrame]:
        """history: what the model is told of the users, in place of what it was trained on."""
        if history is not None:
            model._remember(history)
        table = evaluate_next_item(model, self.last)
        tied = np.isin(table.index, list(self.tied))
        for metric in ("hr@10", "ndcg@10"):
            yield study_rows(metric, name, table[metric], who="all", **where)
            if not where:
                yield study_rows(metric, name, table[metric][tied], who="tied")
                yield study_rows(metric, name, table[metric][~tied], who="untied")


class WeightedMean:
    """`PrefixSoftmax` on all prefixes, as q30 trains it, asked for the next film; its rate is chosen on the tuning users."""

    device, dtype = "cpu", "float32"

    def __init__(self, rest: Interactions, tune_on: Interactions, seed: int) -> None:
        self.tables_, self.history_ = rest, History(rest)
        known, later = as_histories(rest), as_histories(tune_on)
        train = prefixes(known.values(), None)
        held = prefixes([np.append(known[user], items) for user, items in later.items()], STOP_ON + 1)
        nets = [PrefixSoftmax(rest.n_items, LONGEST, lr=rate, seed=seed, device="cpu") for rate in RATES]
        self.net = min((net.fit(*train, held) for net in nets), key=lambda net: net.validation_loss_)

    def adapt(self, support: PaddedRatings) -> np.ndarray:
        """The latest films of each user, (B, LONGEST), -1 in front where there are fewer."""
        at = support.counts.unsqueeze(1) - LONGEST + torch.arange(LONGEST)
        return torch.where(at < 0, -1, support.items.gather(1, at.clamp(min=0))).numpy()

    def score_all(self, state: np.ndarray, users: torch.Tensor | None = None) -> torch.Tensor:
        return self.net.scores(state)


def prefixes(histories: Iterable[np.ndarray], last: int | None) -> tuple[np.ndarray, np.ndarray]:
    parts = [sliding_prefixes(history, LONGEST, last) for history in histories]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def widths(train: Interactions, tune_on: Interactions, judge: Judge, seed: int) -> Iterator[pd.DataFrame]:
    for width in WIDTHS:
        model = DNN(width=width, seed=seed, **TOWERS)
        model.fit(train, validation=tune_on)
        start = model._initial(train, np.random.default_rng(seed))
        yield from judge("two-tower network", model, width=width)
        if width == 32:
            yield from judge("two-tower network", model)
        yield from sizes("two-tower network", model, width=width)
        tables = {"start": start["items"], "end": model.params_["items"].detach().numpy()}
        for when, table in tables.items():
            yield study_rows("effective rank", "two-tower network", effective_rank(table[:-1]), width=width, when=when)
        yield study_rows("log loss", "two-tower network", log_losses(model, judge.last), width=width)


def sizes(name: str, model: Recommender, **where: object) -> Iterator[pd.DataFrame]:
    for kind, n in count_parameters(model).items():
        yield study_rows("parameters", name, n, kind=kind, **where)


def log_losses(model: Recommender, last: Interactions) -> pd.Series:
    """-log softmax of each user's last film among all films, in nats."""
    users = last.users["user_id"].to_numpy()[last.user_codes]
    with torch.no_grad():
        support = model.ratings_of(users)
        scores = model.score_all(model.adapt(support), support.users).double()
        found = torch.logsumexp(scores, 1) - scores[torch.arange(len(users)), torch.as_tensor(last.item_codes)]
    return pd.Series(found.numpy(), index=users)
