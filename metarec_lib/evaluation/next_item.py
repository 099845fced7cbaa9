"""Which item comes next: leave the last one out, rank all items that the user has not seen.

Ratings of the same second have no order of their own. Kept in the order of the file they carry that of the page they were
made on, which a model can learn and a product never sees; so ties are broken at random, and the seed says how.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from metarec_lib.data.interactions import Interactions, order_within
from metarec_lib.evaluation.protocols import Fitted
from metarec_lib.evaluation.ranking import evaluate_ranking

METRICS = ("hr@10", "ndcg@10")


def break_ties(interactions: Interactions, seed: int = 0) -> Interactions:
    """The same ratings, each user's numbered 0, 1, … by time, ties in time at random; the numbers are the new timestamps.

    After it every model sees one and the same order, whatever it does with equal times.
    """
    draw = np.random.default_rng(seed).random(len(interactions))
    rows, rank = order_within(interactions.user_codes, interactions.ratings["timestamp"].to_numpy(), draw)
    place = np.empty(len(interactions), dtype=np.int64)
    place[rows] = rank
    return interactions.replace_ratings(interactions.ratings.assign(timestamp=place))


def leave_last_out(interactions: Interactions, seed: int = 0) -> tuple[Interactions, Interactions]:
    """All but the last rating of each user, and these last ones; ties are broken by `break_ties`. A user with a single
    rating keeps it. Raises ValueError where nobody has two ratings."""
    data = break_ties(interactions, seed)
    counts = np.bincount(data.user_codes, minlength=data.n_users)[data.user_codes]
    last = (data.ratings["timestamp"].to_numpy() == counts - 1) & (counts > 1)
    if not last.any():
        raise ValueError(f"leave_last_out: no user of {interactions!r} has two ratings, expected one or more")
    return data.subset(~last), data.subset(last)


def tied_users(interactions: Interactions) -> np.ndarray:
    """The ids of the users whose last moment holds more than one rating, in the order of the user table."""
    users, times = interactions.user_codes, interactions.ratings["timestamp"].to_numpy()
    newest = np.full(interactions.n_users, np.iinfo(np.int64).min)
    np.maximum.at(newest, users, times)
    at_the_end = np.bincount(users, times == newest[users], interactions.n_users)
    return interactions.users["user_id"].to_numpy()[at_the_end > 1]


def evaluate_next_item(model: Fitted, last: Interactions, metrics: tuple[str, ...] = METRICS) -> pd.DataFrame:
    """Where the last item of each user stands among all items that the model has not seen the user rate: one row a user
    (indexed by id), one column a metric. Any rating counts, liked or not, as a click would; ties in the score are averaged.

    model: fitted without `last`. The work is that of `evaluate_ranking`, in which every rating of `last` is relevant.
    """
    any_rating = Interactions(last.ratings, last.users, last.items, last.name, last.scale, like=last.scale[0])
    return evaluate_ranking(model, any_rating, metrics)
