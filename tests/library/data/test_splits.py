"""Splits: what is held out, that nothing is lost, that a seed is a split."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.movielens import load_movielens
from metarec_lib.data.splits import load_data, split_interactions, split_users, tuning_users
from metarec_lib.data.synthetic import make_world

SPLITS = ["random", "chronological", "leave-last-out", "user-cold", "item-cold"]


@pytest.fixture(scope="module")
def ml100k():
    return load_movielens()


def _table(rows, items=None):
    ratings = pd.DataFrame(rows, columns=["user_id", "item_id", "rating", "timestamp"])
    return Interactions.from_frame(ratings, items=items, name="toy", scale=(1, 5))


def _pairs(data):
    return set(zip(data.ratings["user_id"], data.ratings["item_id"], strict=True))


@pytest.mark.parametrize("split", SPLITS)
def test_every_rating_is_in_one_part_and_the_tables_are_shared(ml100k, split):
    train, test = split_interactions(ml100k, split)
    assert len(train) + len(test) == 100_000
    assert not _pairs(train) & _pairs(test)
    assert train.users is test.users is ml100k.users
    assert train.items is test.items is ml100k.items


@pytest.mark.parametrize("split", ["random", "leave-last-out", "user-cold", "item-cold"])
def test_a_seed_is_a_split(ml100k, split):
    first, again, other = (_pairs(split_interactions(ml100k, split, seed)[1]) for seed in (0, 0, 1))
    assert first == again != other


def test_random_holds_out_a_fifth_of_each_user(ml100k):
    train, test = load_data(split="random", seed=4)
    counts = np.bincount(ml100k.user_codes)
    np.testing.assert_array_equal(np.bincount(test.user_codes), np.rint(0.2 * counts))
    assert np.bincount(train.user_codes).min() >= 1


@settings(derandomize=True, deadline=None, database=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.integers(0, 99))
def test_random_keeps_one_and_holds_out_a_fifth_of_ragged_users(counts, seed):
    rows = [(user, item, 3, 0) for user, count in enumerate([*counts, 3]) for item in range(count)]
    data = _table(rows)
    train, test = split_interactions(data, "random", seed)
    held = np.bincount(test.user_codes, minlength=data.n_users)
    np.testing.assert_array_equal(held, [round(0.2 * count) for count in [*counts, 3]])
    assert np.bincount(train.user_codes).min() >= 1


def test_random_draws_uniformly():
    data = _table([(1, item, 3, item) for item in range(10)])
    times = np.zeros(10)
    for seed in range(300):
        times[split_interactions(data, "random", seed)[1].ratings["item_id"]] += 1
    assert times.min() > 35 and times.max() < 90  # 60 ± 4 standard deviations of 7


def test_chronological_is_one_moment_for_all(ml100k):
    train, test = split_interactions(ml100k, "chronological")
    assert train.ratings["timestamp"].max() < test.ratings["timestamp"].min()
    assert abs(len(test) - 20_000) < 100


def test_leave_last_out_takes_the_last_of_each_and_breaks_ties_at_random():
    rows = [(1, 1, 3, 10), (1, 2, 3, 30), (1, 3, 3, 20), (2, 1, 3, 5), (2, 2, 3, 5), (2, 3, 3, 1), (3, 1, 3, 9)]
    seen = [_pairs(split_interactions(_table(rows), "leave-last-out", seed)[1]) for seed in range(40)]
    assert all(len(pairs) == 2 and (1, 2) in pairs for pairs in seen), "user 3 has one rating and keeps it"
    chosen = [next(item for user, item in pairs if user == 2) for pairs in seen]
    assert set(chosen) == {1, 2} and 8 <= chosen.count(1) <= 32


@pytest.mark.parametrize(("split", "column", "whole"), [("user-cold", "user_id", 943), ("item-cold", "item_id", 1682)])
def test_cold_parts_share_no_user_or_item(ml100k, split, column, whole):
    train, test = split_interactions(ml100k, split)
    groups = [set(part.ratings[column]) for part in (train, test)]
    assert not groups[0] & groups[1]
    assert len(groups[1]) == round(0.2 * whole)


def test_domains_are_those_of_the_trials():
    """594 light and 495 intense items, 638 users with ten or more ratings in both."""
    source, target = load_data(split="domain")
    assert source.ratings["item_id"].nunique() == 594 and target.ratings["item_id"].nunique() == 495
    counts = [np.bincount(part.user_codes, minlength=943) for part in (source, target)]
    assert ((counts[0] >= 10) & (counts[1] >= 10)).sum() == 638
    assert source.users is target.users and source.items is target.items


def test_domains_of_the_embedded_data_know_children_without_an_apostrophe():
    source, _ = load_data("ml-latest-small", "domain")
    assert source.items["Children"].to_numpy()[source.item_codes].sum() > 0


def test_load_data_takes_interactions_and_paths(tmp_path):
    world = make_world().interactions
    assert sum(map(len, load_data(world))) == len(world)
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,1,4,1\n1,2,4,2\n1,3,4,3\n")
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n1,A,Drama\n2,B,Drama\n3,C,Drama\n")
    train, test = load_data(tmp_path)
    assert (len(train), len(test)) == (2, 1)


def test_unknown_split_is_refused_before_data_are_read(tmp_path):
    with pytest.raises(ValueError, match="got split='temporal', expected one of random, chronological"):
        load_data(tmp_path / "nowhere", "temporal")


@pytest.mark.parametrize(
    ("rows", "split", "message"),
    [
        ([(1, 1, 3, 0), (2, 1, 3, 0)], "random", "no rating in test; every user has too few"),
        ([(1, 1, 3, 0), (1, 2, 3, 0)], "chronological", "no rating in train; .*without timestamps"),
        ([(1, 1, 3, 0)], "leave-last-out", "no user has two ratings"),
        ([(1, 1, 3, 0), (1, 2, 3, 0)], "user-cold", "two or more users"),
        ([(1, 1, 3, 0), (2, 1, 3, 0)], "item-cold", "two or more items"),
        ([(1, 1, 3, 0), (2, 1, 3, 0)], "domain", "genres Comedy"),
    ],
)
def test_a_part_without_ratings_says_why(rows, split, message):
    with pytest.raises(ValueError, match=message):
        split_interactions(_table(rows), split)


@pytest.mark.parametrize("split", [*SPLITS, "domain"])
def test_no_ratings_at_all(split):
    empty = make_world().interactions.subset(np.zeros(0, dtype=np.int64))
    with pytest.raises(ValueError, match="leaves no rating"):
        split_interactions(empty, split)


def test_a_data_frame_is_refused():
    with pytest.raises(ValueError, match="got a DataFrame, expected Interactions"):
        split_interactions(pd.DataFrame())


def test_split_users(ml100k):
    parts = split_users(ml100k, seed=2)
    ids = np.concatenate(parts)
    counts = ml100k.ratings["user_id"].value_counts()
    assert len(set(ids)) == len(ids) == (counts >= 30).sum()
    assert [len(part) for part in parts] == [484, 111, 149], "of 744 those of the 15 % and 20 %; the others learn"
    assert all((np.diff(part) > 0).all() for part in parts)
    assert all((one == two).all() for one, two in zip(parts, split_users(ml100k, seed=2), strict=True))
    assert not np.array_equal(parts[2], split_users(ml100k, seed=3)[2])
    assert [len(p) for p in split_users(ml100k, 0.5, min_ratings=1)] == [334, 137, 472]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"judging": 0}, "judging=0, expected a share above 0 and below 0.85"),
        ({"judging": 0.85}, "judging=0.85"),
        ({"min_ratings": 5_000}, "0 users .* too few: got 0, 0, 0 to learn from"),
    ],
)
def test_split_users_out_of_range(ml100k, options, message):
    with pytest.raises(ValueError, match=message):
        split_users(ml100k, **options)


def test_tuning_users_are_the_same_everywhere_and_never_judge(ml100k):
    tuning = tuning_users(ml100k)
    assert list(tuning[:10]) == [2, 6, 17, 18, 29, 47, 50, 55, 56, 66] and len(tuning) == 137
    some = ml100k.subset(ml100k.user_codes < 500)
    assert set(split_users(some)[1]) <= set(tuning)
    judged = [set(split_users(ml100k, seed=seed)[2]) for seed in range(10)]
    assert not set.union(*judged) & set(tuning) and len(set.union(*judged)) > 500
    assert all(set(split_users(ml100k, seed=s)[1]) == set(split_users(ml100k)[1]) for s in range(3))


def test_tuning_users_go_by_the_id_alone():
    numbers = Interactions.from_frame(pd.DataFrame({"user_id": range(40_000), "item_id": 1, "rating": 3.0}))
    share = len(tuning_users(numbers)) / 40_000
    assert abs(share - 0.15) < 0.006  # three standard deviations
    text = Interactions.from_frame(
        pd.DataFrame({"user_id": [*map(str, range(399, -1, -1)), "x"], "item_id": 1, "rating": 3.0})
    )
    assert {int(u) for u in tuning_users(text) if u != "x"} == {u for u in tuning_users(numbers) if u < 400}
    nobody = numbers.subset([])
    assert len(tuning_users(nobody)) == len(tuning_users(numbers)), "of the table, whatever was rated"
    empty = pd.DataFrame({"user_id": [], "item_id": [], "rating": []})
    assert len(tuning_users(Interactions.from_frame(empty))) == 0
