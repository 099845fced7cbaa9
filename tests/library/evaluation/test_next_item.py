"""Leave the last one out: ties at random, everything unseen is ranked."""

import numpy as np
import pandas as pd
import pytest

from metarec_lib import (
    Interactions,
    PopularityRecommender,
    break_ties,
    evaluate_next_item,
    leave_last_out,
    make_world,
    tied_users,
)

DATA = make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions
TIED = DATA.replace_ratings(DATA.ratings.assign(timestamp=DATA.ratings["timestamp"] % 3))


def test_times_become_places_and_ties_follow_the_seed():
    first, again, other = (break_ties(TIED, seed) for seed in (0, 0, 1))
    assert first.ratings["timestamp"].equals(again.ratings["timestamp"])
    assert not first.ratings["timestamp"].equals(other.ratings["timestamp"])
    for data in (first, other):
        for _, mine in data.ratings.assign(was=TIED.ratings["timestamp"]).groupby("user_id"):
            assert sorted(mine["timestamp"]) == list(range(len(mine)))
            assert mine.sort_values("timestamp")["was"].is_monotonic_increasing


def test_every_order_of_a_tie_is_as_likely():
    frame = pd.DataFrame({"user_id": 1, "item_id": [1, 2, 3], "rating": 3.0, "timestamp": [5, 5, 5]})
    data = Interactions.from_frame(frame)
    last = [int(leave_last_out(data, seed)[1].ratings["item_id"].iloc[0]) for seed in range(600)]
    assert (np.abs(np.bincount(last)[1:] - 200) < 50).all()


def test_one_rating_a_user_is_left_out():
    train, last = leave_last_out(TIED, 2)
    assert len(last) == 40 and len(train) + len(last) == len(TIED)
    for user, mine in last.ratings.groupby("user_id"):
        assert mine["timestamp"].iloc[0] > train.ratings["timestamp"][train.ratings["user_id"] == user].max()
    single = TIED.subset(np.flatnonzero(TIED.user_codes == 0)[:1])
    with pytest.raises(ValueError, match="no user of .* has two ratings"):
        leave_last_out(single)


def test_tied_users_are_those_with_two_ratings_at_the_last_moment():
    expected = []
    for user, mine in TIED.ratings.groupby("user_id"):
        if (mine["timestamp"] == mine["timestamp"].max()).sum() > 1:
            expected.append(user)
    assert tied_users(TIED).tolist() == expected and 0 < len(expected) <= 40
    assert len(tied_users(break_ties(TIED))) == 0


def test_the_rank_is_a_loop_over_all_unseen_items():
    train, last = leave_last_out(TIED, 0)
    model = PopularityRecommender().fit(train)
    table = evaluate_next_item(model, last)
    items = train.items["item_id"].to_numpy()
    for user, target in zip(last.ratings["user_id"], last.ratings["item_id"], strict=True):
        seen = set(train.ratings["item_id"][train.ratings["user_id"] == user])
        scores = model.predict(user, items)
        rest = [scores[i] for i in items if i not in seen and i != target]
        above, ties = sum(s > scores[target] for s in rest), sum(s == scores[target] for s in rest)
        places = above + 1 + np.arange(ties + 1)
        assert table.loc[user, "hr@10"] == pytest.approx((places <= 10).mean(), abs=1e-9)
        assert table.loc[user, "ndcg@10"] == pytest.approx(((places <= 10) / np.log2(places + 1)).mean(), abs=1e-9)
    assert len(table) == 40  # also users who did not like their last item
