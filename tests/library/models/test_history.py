"""What a model remembers of its users, against a plain dictionary."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarec_lib.data.interactions import Interactions
from metarec_lib.models.history import History


@pytest.fixture
def data():
    rows = [(7, "b", 2, 30), (5, "a", 4, 5), (7, "a", 5, 10), (7, "c", 1, 20)]
    ratings = pd.DataFrame(rows, columns=["user_id", "item_id", "rating", "timestamp"])
    return Interactions.from_frame(ratings, users=pd.DataFrame({"user_id": [5, 6, 7]}), scale=(1, 5))


def known(history, user_ids):
    p = history.padded(user_ids)
    return [
        [(int(i), float(v)) for i, v in zip(items[mask], values[mask], strict=True)]
        for items, values, mask in zip(p.items, p.values, p.mask, strict=True)
    ]


def test_oldest_first_and_nothing_for_strangers(data):
    history = History(data)
    expected = [[(0, 5.0), (2, 1.0), (1, 2.0)], [], [], [(0, 4.0)]]
    assert known(history, [7, 99, 6, 5]) == expected
    assert [known(history, [u])[0] for u in (7, 99, 6, 5)] == expected
    assert history.padded([7, 99, 6]).users.tolist() == [2, -1, 1]
    assert list(history.items_of("7")) == [0, 2, 1] and len(history.items_of(99)) == 0


def test_a_new_user_is_found_again_but_has_no_place_in_the_table(data):
    history = History(data)
    history.put(42, 1, 3.0)
    assert known(history, [42, "42", 5]) == [[(1, 3.0)], [(1, 3.0)], [(0, 4.0)]]
    assert history.padded([42]).users.tolist() == [-1] and history.padded([42, 5]).users.tolist() == [-1, 0]
    assert list(history.ids) == [5, 6, 7, 42]


def test_times_likes_and_counts(data):
    history = History(data)
    history.put(5, 1, 3.0)
    history.put(42, 1, 3.0)
    p = history.padded([7, 6, 5, 42])
    assert p.times.tolist() == [[10, 20, 30], [0] * 3, [5, 5, 0], [0] * 3]  # a later rating is as old as the newest
    assert p.liked.tolist() == [[True, False, False], [False] * 3, [True, False, False], [False] * 3]
    assert history.counts([42, 99, 6, 5]).tolist() == [1, 0, 0, 2]
    again = History.from_arrays(history.ids, history.to_arrays())
    assert again.padded([7]).times.tolist() == [[10, 20, 30]] and again.padded([7]).liked.equal(p.liked[:1])


@pytest.mark.parametrize("far", [0, 2**62])
def test_order_equals_a_sort_by_user_and_time(far):
    rng = np.random.default_rng(0)
    pairs = rng.permutation(40 * 9)[:200]
    frame = pd.DataFrame(
        {"user_id": pairs // 9, "item_id": pairs % 9, "rating": 3.0, "timestamp": rng.integers(5, size=200)}
    )
    frame.loc[0, "timestamp"] = far
    data = Interactions.from_frame(frame, scale=(1, 5))
    history = History(data)
    for user, part in data.ratings.sort_values("timestamp", kind="stable").groupby("user_id"):
        np.testing.assert_array_equal(history.items_of(user), data.item_index(part["item_id"]))


moves = st.lists(
    st.tuples(st.integers(4, 9), st.integers(0, 2), st.integers(1, 5), st.sampled_from(["one", "many", "save"])), max_size=12
)  # fmt: skip


@settings(derandomize=True, deadline=None, database=None, max_examples=60)
@given(moves)
def test_any_sequence_of_updates_equals_a_dictionary(moves):
    rows = pd.DataFrame({"user_id": [5, 7, 7], "item_id": [0, 1, 2], "rating": [4.0, 2, 3]})
    items = pd.DataFrame({"item_id": [0, 1, 2]})
    history = History(Interactions.from_frame(rows, items=items, scale=(1, 5)))
    truth = {5: {0: 4.0}, 7: {1: 2.0, 2: 3.0}}
    everyone = list(range(4, 11))
    for user, item, stars, look in moves:
        history.put(user, item, float(stars))
        truth.setdefault(user, {}).pop(item, None)
        truth[user][item] = float(stars)
        expected = [list(truth.get(u, {}).items()) for u in everyone]
        if look == "one":
            assert [known(history, [u])[0] for u in everyone] == expected
        elif look == "many":
            assert known(history, everyone) == expected
        else:
            history = History.from_arrays(history.ids, history.to_arrays())
    assert known(history, everyone) == [list(truth.get(u, {}).items()) for u in everyone]
    assert sorted(history.ids) == sorted(truth)
    assert all(np.sort(history.items_of(u)).tolist() == sorted(truth.get(u, {})) for u in everyone)
