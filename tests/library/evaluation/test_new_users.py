"""Folds over users: each is a new user once, and pooling is what a plain loop over ratings finds."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, ndcg_score, root_mean_squared_error

from metarec_lib import BaselineRecommender, make_tasks, make_world
from metarec_lib.evaluation.new_users import new_user_protocol, pooled

DATA = make_world(n_users=40, n_items=50, ratings_per_user=25, seed=4).interactions
SIZES = dict(supports=(2, 8), query=6, folds=3)


def train_only(train, seed):
    return {"bias": BaselineRecommender(seed=seed).fit(train)}


def enough():
    counts = DATA.ratings["user_id"].value_counts()
    return set(counts[counts >= 14].index)


def test_each_user_is_new_once_and_trained_on_in_the_other_folds():
    trained = []

    def record(train, seed):
        trained.append(set(train.ratings["user_id"]))
        return train_only(train, seed)

    rows = new_user_protocol(record, DATA, draws=1, **SIZES)
    everyone = set(DATA.ratings["user_id"])
    held = [everyone - seen for seen in trained]
    assert len(held) == 3 and set.union(*held) == enough() and sum(map(len, held)) == len(enough())
    assert set(rows["user"]) == enough() and len(rows) == 2 * len(enough())


def test_pooled_over_all_ratings_as_a_plain_loop_does():
    models = []

    def keep(train, seed):
        models.append((train, train_only(train, seed)["bias"]))
        return {"bias": models[-1][1]}

    table = pooled(new_user_protocol(keep, DATA, draws=2, seed=3, **SIZES)).set_index("k")
    truth, scores, gains = [], [], []
    for train, model in models:
        users = sorted(set(DATA.ratings["user_id"]) - set(train.ratings["user_id"]))
        for draw in range(2):
            for user in users:
                tasks = make_tasks(DATA, [user], k=8, query=6, seed=3000 + draw)
                raw = model.score(model.adapt(tasks.support), tasks.query)[0].cpu().numpy()
                truth += tasks.query.values[0].tolist()
                scores += np.clip(raw, 1, 5).tolist()
                gains.append(ndcg_score([2 ** tasks.query.values[0].cpu().numpy() - 1], [raw], k=5))
    assert table.loc[8, "rmse"] == pytest.approx(root_mean_squared_error(truth, scores))
    assert table.loc[8, "mae"] == pytest.approx(mean_absolute_error(truth, scores))
    assert table.loc[8, "ndcg@5"] == pytest.approx(np.mean(gains))


def test_scores_are_clipped_for_errors_and_raw_for_ranking():
    class Loud(BaselineRecommender):
        def score(self, state, query):
            return 10 + 100 * super().score(state, query)  # the same order, far above the scale

    def both(train, seed):
        return {"loud": Loud().fit(train), "quiet": BaselineRecommender().fit(train)}

    table = new_user_protocol(both, DATA, draws=1, **SIZES)
    rows = table.pivot(index="user", columns=["model", "k"]).sort_index(axis=1)
    assert table["clipped"].all() and pooled(table)["clipped"].all()
    np.testing.assert_allclose(rows["ndcg@5", "loud"], rows["ndcg@5", "quiet"])
    assert (rows["mae", "loud"] <= 4).all(axis=None)
    raw = new_user_protocol(both, DATA, draws=1, clip=False, **SIZES)
    assert (raw.set_index("model").loc["loud", "mae"] > 50).all() and not raw["clipped"].any()


def test_seeds_draw_anew():
    first, again, other = (pooled(new_user_protocol(train_only, DATA, draws=1, seed=s, **SIZES)) for s in (0, 0, 1))
    assert first.equals(again) and not first["rmse"].equals(other["rmse"])


def test_too_few_users():
    with pytest.raises(ValueError, match="0 users .* 30 or more ratings, expected 5"):
        new_user_protocol(train_only, DATA.subset(DATA.user_codes < 0))
