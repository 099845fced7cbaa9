"""Augmented histories: what each method may change, how much, and that nothing else moves."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarec_lib import Interactions, data_augmentation, insert, sliding_prefixes
from metarec_lib.data.augment import METHODS, as_histories, similar_items


def table(n_users=25, n_items=40, n=11):
    """Every user rates n items, one an hour."""
    rng = np.random.default_rng(6)
    items = np.concatenate([rng.permutation(n_items)[:n] for _ in range(n_users)])
    users, stars = np.repeat(np.arange(n_users), n), rng.integers(1, 6, n_users * n)
    frame = pd.DataFrame(
        {"user_id": users, "item_id": items, "rating": stars, "timestamp": 3600 * np.arange(len(users))}
    )
    return Interactions.from_frame(frame, items=pd.DataFrame({"item_id": range(n_items)}), scale=(1, 5))


WORLD = table()


def histories(data):
    return {u: frame.sort_values("timestamp", kind="stable") for u, frame in data.ratings.groupby("user_id")}


@pytest.mark.parametrize("method", METHODS)
@settings(derandomize=True, deadline=None, database=None, max_examples=15)
@given(strength=st.floats(0, 0.99), seed=st.integers(0, 99))
def test_valid_interactions_with_the_same_tables(method, strength, seed):
    out = data_augmentation(WORLD, method, strength, seed)
    assert set(out.ratings["user_id"]) == set(WORLD.ratings["user_id"])  # nobody vanishes
    assert out.n_items == WORLD.n_items and out.scale == WORLD.scale and out.like == WORLD.like
    assert not out.ratings.duplicated(["user_id", "item_id"]).any()
    again = data_augmentation(WORLD, method, strength, seed)
    pd.testing.assert_frame_equal(out.ratings, again.ratings)


@pytest.mark.parametrize("method", METHODS)
def test_strength_zero_changes_nothing(method):
    pd.testing.assert_frame_equal(data_augmentation(WORLD, method, 0.0).ratings, WORLD.ratings)


def test_crop_keeps_one_run():
    before, after = histories(WORLD), histories(data_augmentation(WORLD, "crop", 0.3, seed=2))
    starts = set()
    for user, frame in after.items():
        whole = before[user]["item_id"].tolist()
        start = whole.index(frame["item_id"].iloc[0])
        assert frame["item_id"].tolist() == whole[start : start + 8]  # 11 less a share of 3
        starts.add(start)
    assert starts == {0, 1, 2, 3}


def test_mask_leaves_out_a_share_from_anywhere():
    after = data_augmentation(WORLD, "mask", 0.3, seed=2)
    merged = WORLD.ratings.merge(after.ratings, how="left", indicator=True)
    assert (after.ratings.groupby("user_id").size() == 8).all()
    gone = merged[merged["_merge"] == "left_only"]
    assert len(gone) == 25 * 3 and gone.groupby("user_id").size().eq(3).all()


def test_reorder_shuffles_times_inside_one_run():
    data = WORLD
    after = data_augmentation(data, "reorder", 0.5, seed=1)
    columns = ["user_id", "item_id", "rating"]
    pd.testing.assert_frame_equal(after.ratings[columns], data.ratings[columns])
    moved = 0
    for user, frame in after.ratings.groupby("user_id"):
        old = data.ratings.loc[frame.index, "timestamp"]
        assert sorted(frame["timestamp"]) == sorted(old)
        other = np.flatnonzero(frame["timestamp"].to_numpy() != old.to_numpy())
        moved += len(other)
        assert len(other) == 0 or np.ptp(old.to_numpy()[other]) < 6 * 3600, user  # a run of 6 of 11
    assert moved > 50


def test_substitute_takes_the_nearest_item_that_is_not_rated():
    after = data_augmentation(WORLD, "substitute", 0.2, seed=3)
    changed = np.flatnonzero(after.item_codes != WORLD.item_codes)
    assert 40 < len(changed) <= 25 * 2 and (after.values == WORLD.values).all()
    alike = similar_items(WORLD)
    for row in changed:
        own = set(WORLD.item_codes[WORLD.user_codes == WORLD.user_codes[row]])
        nearest = [i for i in alike[WORLD.item_codes[row]] if i not in own]
        assert after.item_codes[row] in nearest[:2]  # the second, where the user's other rating took the first


def test_similar_items_are_a_loop():
    rated = np.zeros((WORLD.n_items, WORLD.n_users))
    rated[WORLD.item_codes, WORLD.user_codes] = 1
    found = similar_items(WORLD, n=5)
    norm = np.sqrt(np.maximum(rated.sum(1), 1))
    for i in range(WORLD.n_items):
        cosine = (rated @ rated[i] / (norm * norm[i])).round(12)
        cosine[i] = 0
        expected = [j for j in np.argsort(-cosine, kind="stable")[:5] if cosine[j] > 0]
        assert found[i].tolist() == expected + [-1] * (5 - len(expected))


def test_noise_has_the_size_that_is_asked_and_stays_inside_the_scale():
    after = data_augmentation(WORLD, "noise", 0.5, seed=1)
    low, high = WORLD.scale
    assert after.values.min() >= low and after.values.max() <= high
    inside = (WORLD.values > low + 1) & (WORLD.values < high - 1)
    size = (after.values - WORLD.values)[inside].std() / WORLD.values.std()
    assert 0.3 < size < 0.6


@pytest.mark.parametrize(
    "method, said",
    [("mixup", "AugmentedANIL"), ("shared noise", "shared_label_noise"), ("prefixes", "sliding_prefixes"),
     ("insert", "insert"), ("contrastive", "two seeds"), ("rotate", "expected one of crop")],
)  # fmt: skip
def test_what_is_made_elsewhere_is_named(method, said):
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        data_augmentation(WORLD, method)


@pytest.mark.parametrize("strength", [-0.1, 1.0, 2])
def test_a_share_is_a_share(strength):
    with pytest.raises(ValueError, match="a share of at least 0 and below 1"):
        data_augmentation(WORLD, "crop", strength)


def test_nothing_in_nothing_out():
    empty = WORLD.subset(np.zeros(len(WORLD), dtype=bool))
    assert len(data_augmentation(empty, "crop", 0.5)) == 0


def test_prefixes_by_hand():
    prefixes, targets = sliding_prefixes(np.array([7, 3, 9, 4]), longest=2)
    assert prefixes.tolist() == [[-1, 7], [7, 3], [3, 9]] and targets.tolist() == [3, 9, 4]
    prefixes, targets = sliding_prefixes(np.array([7, 3, 9, 4]), longest=3, last=1)
    assert prefixes.tolist() == [[7, 3, 9]] and targets.tolist() == [4]
    for short in ([], [5]):
        assert sliding_prefixes(np.array(short, dtype=int))[0].shape == (0, 50)
    with pytest.raises(ValueError, match="one history"):
        sliding_prefixes(np.zeros((2, 3)))


def test_insert_by_hand():
    assert insert(np.array([1, 2]), np.array([0, 2]), np.array([8, 9])).tolist() == [8, 1, 2, 9]
    with pytest.raises(ValueError, match="from 0 to 2"):
        insert(np.array([1, 2]), np.array([3]), np.array([8]))


def test_histories_are_in_time():
    found = as_histories(WORLD)
    for user, frame in histories(WORLD).items():
        assert found[user].tolist() == WORLD.item_index(frame["item_id"]).tolist()
