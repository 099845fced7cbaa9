"""Tasks: padding, slicing, and how a user's ratings are divided."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.splits import load_data
from metarec_lib.data.synthetic import make_world
from metarec_lib.data.tasks import (
    WIDTH,
    PaddedRatings,
    TaskBatch,
    length_batches,
    make_tasks,
    pad_ratings,
    pad_rows,
    tasks_from_split,
)
from metarec_lib.device import as_tensor

derandomised = settings(derandomize=True, deadline=None, database=None, max_examples=60)
ragged = st.lists(st.lists(st.tuples(st.integers(-1, 9), st.integers(1, 5)), max_size=6), min_size=1, max_size=5)


def padded(lists):
    """PaddedRatings of users 10, 11, ... from lists of (item, stars); written without the library."""
    width = max(map(len, lists))
    items, values, mask = (torch.zeros(len(lists), width, dtype=t) for t in (torch.int64, torch.float64, torch.bool))
    for row, pairs in enumerate(lists):
        for column, (item, stars) in enumerate(pairs):
            items[row, column], values[row, column], mask[row, column] = item, stars, True
    users = torch.arange(10, 10 + len(lists))
    return PaddedRatings(*(as_tensor(part) for part in (users, items, values, mask)))


def unpadded(p):
    return [
        [(int(i), float(v)) for i, v, m in zip(*row, strict=True) if m]
        for row in zip(p.items, p.values, p.mask, strict=True)
    ]


def same(a, b):
    return all(torch.equal(getattr(a, n), getattr(b, n)) for n in ("users", "items", "values", "mask"))


@derandomised
@given(ragged)
def test_pad_ratings_equals_a_loop(lists):
    owner = np.array([row for row, pairs in enumerate(lists) for _ in pairs], dtype=np.int64)
    pairs = np.array([pair for pairs in lists for pair in pairs], dtype=np.int64).reshape(-1, 2)
    mixed = np.random.default_rng(len(owner)).permutation(len(owner))
    in_order = [[] for _ in lists]
    for at in mixed:
        in_order[owner[at]].append(tuple(pairs[at]))
    made = pad_ratings(owner[mixed], pairs[mixed, 0], pairs[mixed, 1], np.arange(10, 10 + len(lists)))
    assert same(made, padded(in_order))
    assert made.values.dtype == torch.float64 and made.counts.tolist() == [len(x) for x in lists]


@derandomised
@given(ragged, st.integers(0, 4), st.integers(0, 8))
def test_padding_is_taken_off_again_and_the_first_k_are_the_first_k(lists, more, k):
    p = padded(lists)
    wide = p.pad_to(p.items.shape[1] + more)
    assert wide.items.shape[1] == p.items.shape[1] + more and same(wide.trim(), p)
    assert not wide.items[~wide.mask].any() and not wide.values[~wide.mask].any()
    assert unpadded(wide.first(k)) == [pairs[:k] for pairs in unpadded(p)]
    assert same(wide.first(k), p.first(k)) and same(p.first(k).trim(), p.first(k))
    assert same(p.first(99), p)
    assert same(p.first(k + 2).first(k), p.first(k))
    each = torch.arange(len(p)) % 3
    assert unpadded(p.first(each)) == [pairs[: int(n)] for pairs, n in zip(unpadded(p), each, strict=True)]


def test_first_closes_gaps_in_the_mask():
    gap = PaddedRatings(
        torch.tensor([0]), torch.tensor([[5, 6, 7]]), torch.tensor([[1.0, 2, 3]]), torch.tensor([[True, False, True]])
    )
    assert unpadded(gap.first(2)) == [[(5, 1.0), (7, 3.0)]] and gap.first(2).items.shape == (1, 2)


def test_select_keeps_the_order_asked_for():
    p = padded([[(1, 5)], [(2, 4), (3, 3)], []])
    assert p.select(torch.tensor([2, 0])).users.tolist() == [12, 10]
    assert unpadded(p.select(torch.tensor([2, 0]))) == [[], [(1, 5.0)]]
    assert len(p.select(slice(1, None))) == 2 and len(p.select(slice(0, 0)).trim()) == 0


def test_to_changes_the_floating_type_alone():
    p = padded([[(1, 5)]]).to("cpu", "float32")
    assert (p.values.dtype, p.items.dtype, p.mask.dtype) == (torch.float32, torch.int64, torch.bool)
    batch = TaskBatch(p, p).to(dtype="float64")
    assert batch.support.values.dtype == batch.query.values.dtype == torch.float64


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(mask=torch.ones(1, 3, dtype=torch.bool)), r"'mask': \(1, 3\).*expected users \(B,\)"),
        (dict(users=torch.arange(2)), r"'users': \(2,\)"),
        (dict(items=torch.zeros(2, dtype=torch.int64)), r"'items': \(2,\)"),
        (dict(mask=torch.ones(1, 2)), "mask of torch.float32, expected torch.bool"),
        (dict(values=torch.tensor([[1.0, torch.nan]])), "NaN among the ratings"),
        (dict(liked=torch.ones(1, 3, dtype=torch.bool)), r"'liked': \(1, 3\)"),
        (dict(liked=torch.ones(1, 2)), "liked of torch.float32, expected torch.bool"),
        (dict(times=torch.ones(2, dtype=torch.int64)), r"'times': \(2,\)"),
        (dict(labels={"click": torch.ones(1, 1)}), r"'labels\[click\]': \(1, 1\)"),
    ],
)
def test_padded_ratings_refuses_what_does_not_fit(change, words):
    good = dict(users=torch.arange(1), items=torch.zeros(1, 2, dtype=torch.int64), values=torch.ones(1, 2))
    good["mask"] = torch.ones(1, 2, dtype=torch.bool)
    PaddedRatings(**good)
    with pytest.raises(ValueError, match=words):
        PaddedRatings(**{**good, **change})


def test_pad_to_and_task_batch_refuse_what_does_not_fit():
    p = padded([[(1, 5), (2, 5)], []])
    with pytest.raises(ValueError, match="pad_to: got width 1, expected at least 2"):
        p.pad_to(1)
    with pytest.raises(ValueError, match="different users"):
        TaskBatch(p, p.select(torch.tensor([1, 0])))


# -- what else is known of ratings ---------------------------------------------------------------------------------------
KNOWN = ("liked", "gains", "times")


def known_of(p):
    """The further columns of each rating in the mask, as tuples."""
    columns = [getattr(p, name) for name in KNOWN] + [p.labels["dwell"]]
    return [
        [tuple(float(c[i, j]) for c in columns) for j in range(p.items.shape[1]) if p.mask[i, j]] for i in range(len(p))
    ]


@pytest.fixture(scope="module")
def labelled():
    world = make_world(n_users=12, n_items=20, ratings_per_user=8, seed=3).interactions
    return world.replace_ratings(world.ratings.assign(dwell=np.arange(len(world)) + 0.5))


def test_tasks_carry_likes_gains_times_and_labels(labelled):
    tasks = make_tasks(labelled, k=3, order="chronological")
    table = labelled.ratings.assign(item=labelled.item_codes).set_index(["user_id", "item"])
    for part in (tasks.support, tasks.query):
        assert (part.liked.dtype, part.times.dtype) == (torch.bool, torch.int64)
        for user, pairs, known in zip(labelled.users["user_id"], unpadded(part), known_of(part), strict=True):
            for (item, stars), found in zip(pairs, known, strict=True):
                row = table.loc[user, item]
                assert found == (stars >= 4, 2**stars - 1, row["timestamp"], row["dwell"])
    assert make_tasks(labelled.replace_ratings(labelled.ratings.drop(columns="dwell"))).query.labels is None


def test_split_tasks_carry_them_too(labelled):
    train, test = load_data(labelled)
    tasks, _ = tasks_from_split(train, test)
    for part, data in ((tasks.support, train), (tasks.query, test)):
        owner = np.searchsorted(np.unique(test.user_codes), data.user_codes)
        assert known_of(part) == known_of(pad_rows(data, np.arange(len(data)), owner, part.users.cpu().numpy()))


def test_every_form_of_a_part_carries_them(labelled):
    p = make_tasks(labelled, k=5).query
    whole = known_of(p)
    assert known_of(p.pad_to(40)) == known_of(p.pad_to(40).trim()) == whole
    assert known_of(p.first(2)) == [row[:2] for row in whole]
    assert known_of(p.select(torch.tensor([3, 1]))) == [whole[3], whole[1]]
    half = p.to("cpu", "float32")
    assert known_of(half) == whole and half.gains.dtype == half.labels["dwell"].dtype == torch.float32
    wide = p.pad_to(40)
    assert (
        not any(getattr(wide, name)[~wide.mask].any() for name in KNOWN) and not wide.labels["dwell"][~wide.mask].any()
    )


# -- batches of similar length ------------------------------------------------------------------------------------------
lengths = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 40)), max_size=40)


@derandomised
@given(lengths, st.sampled_from([1, 500, 20_000, 10**6]))
def test_batches_hold_each_user_once_and_stay_small(pairs, cells):
    support, query = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    batches = list(length_batches(support, query, cells))
    assert sorted(np.concatenate([[], *batches])) == list(range(len(pairs)))
    for rows in batches:
        k, q = max(1, support[rows].max()), max(1, query[rows].max())
        assert len(rows) == 1 or len(rows) * (k * q + WIDTH * (k + q)) <= cells
    assert cells < 10**6 or len(batches) <= 1 + sum(k * q for k, q in pairs) // 20_000


def test_one_long_user_makes_nobody_elses_batch_wide():
    support, query = np.append(np.full(20_000, 12), 8_000), np.append(np.full(20_000, 2), 800)
    padded = sum(len(rows) * support[rows].max() for rows in length_batches(support, query))
    assert padded < 1.2 * support.sum()


# -- make_tasks -------------------------------------------------------------------------------------------------------
def loop(data, k, pool, query, order, seed, ids):
    """What make_tasks says it does, user by user."""
    tie_break = np.random.default_rng(seed).random(len(data))
    table = data.ratings.assign(tie=tie_break, item=data.item_codes)
    keys = ["timestamp", "tie"] if order == "chronological" else ["tie"]
    parts = ([], [])
    for user in ids:
        mine = table[table["user_id"] == user].sort_values(keys)
        pairs = list(zip(mine["item"], mine["rating"], strict=True))
        stop = None if query is None else pool + query
        for part, rows in zip(parts, (pairs[:k], pairs[pool:stop]), strict=True):
            part.append(rows)
    return parts


@pytest.fixture(scope="module")
def world():
    return make_world(n_users=30, n_items=25, ratings_per_user=9, seed=2).interactions


@pytest.mark.parametrize("order", ["random", "chronological"])
@pytest.mark.parametrize(("k", "pool", "query"), [(0, 0, None), (3, None, None), (2, 5, 3), (40, None, 1)])
def test_make_tasks_equals_a_loop(world, order, k, pool, query):
    shared_times = world.ratings["timestamp"] // 200 * 200
    data = world.replace_ratings(world.ratings.assign(timestamp=shared_times))
    ids = [7, 3, 29, 12]
    tasks = make_tasks(data, ids, k=k, pool=pool, query=query, order=order, seed=5)
    support, judged = loop(data, k, k if pool is None else pool, query, order, 5, ids)
    assert unpadded(tasks.support) == support and unpadded(tasks.query) == judged
    np.testing.assert_array_equal(data.users["user_id"].to_numpy()[tasks.users.cpu()], ids)


@derandomised
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 4), st.integers(0, 50))
def test_supports_are_nested_over_k_and_the_query_stays(counts, k, seed):
    rows = [(user, item, 1 + item % 5) for user, n in enumerate(counts) for item in range(n)] or [(0, 0, 3)]
    table = pd.DataFrame({"user_id": range(len(counts))})
    data = Interactions.from_frame(pd.DataFrame(rows, columns=["user_id", "item_id", "rating"]), users=table)
    small, large = (make_tasks(data, k=n, pool=5, seed=seed) for n in (k, 5))
    assert same(small.query, large.query) and same(large.first(k).support, small.support)
    total = np.bincount(data.user_codes, minlength=data.n_users)
    assert (large.support.counts + large.query.counts).tolist() == total.tolist()
    for taken, judged in zip(unpadded(large.support), unpadded(large.query), strict=True):
        assert not set(taken) & set(judged)


def test_chronological_never_looks_ahead(world):
    tasks = make_tasks(world, k=4, order="chronological")
    when = world.ratings.assign(item=world.item_codes).set_index(["user_id", "item"])["timestamp"]
    compared = 0
    for user, taken, judged in zip(world.users["user_id"], *map(unpadded, (tasks.support, tasks.query)), strict=True):
        past, future = ([when[user, item] for item, _ in part] for part in (taken, judged))
        assert past == sorted(past) and future == sorted(future)
        compared += bool(future)
        assert not future or past[-1] <= future[0]
    assert compared > 20


def test_random_order_follows_the_seed_and_not_the_choice_of_users(world):
    first, again, other = (make_tasks(world, k=3, seed=s) for s in (0, 0, 1))
    assert same(first.support, again.support) and not same(first.support, other.support)
    alone = make_tasks(world, [world.users["user_id"][4]], k=3, seed=0)
    assert unpadded(alone.support) == unpadded(first.support)[4:5]


def test_users_as_text_and_no_user_at_all(world):
    assert same(make_tasks(world, ["3", "7"], k=2).query, make_tasks(world, [3, 7], k=2).query)
    assert len(make_tasks(world, [], k=2)) == 0
    assert make_tasks(world, k=2, dtype="float32").query.values.dtype == torch.float32


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(order="newest"), "order 'newest', expected one of"),
        (dict(k=4, pool=3), "k=4, pool=3, expected 0 <= k <= pool"),
        (dict(k=-1), "k=-1"),
        (dict(users=[1, 999, 1000]), "2 user ids that world-2 does not hold, the first is 999$"),
        (dict(users=[1, 2, 1]), "more than once"),
    ],
)
def test_make_tasks_refuses(world, options, words):
    with pytest.raises(ValueError, match=f"make_tasks: got.*{words}"):
        make_tasks(world, **options)


# -- tasks_from_split -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("split", ["random", "user-cold", "chronological"])
def test_tasks_from_split_equals_a_loop(world, split):
    train, test = load_data(world, split)
    tasks, ids = tasks_from_split(train, test)
    np.testing.assert_array_equal(ids, np.unique(test.ratings["user_id"]))
    np.testing.assert_array_equal(world.users["user_id"].to_numpy()[tasks.users.cpu()], ids)
    for part, padded_part in ((train, tasks.support), (test, tasks.query)):
        table = part.ratings.assign(item=part.item_codes)
        mine = [table[table["user_id"] == user] for user in ids]
        assert unpadded(padded_part) == [list(zip(t["item"], t["rating"], strict=True)) for t in mine]
    assert tasks.support.counts.sum() == 0 if split == "user-cold" else tasks.support.counts.sum() > 0


def test_tasks_from_split_refuses_parts_of_different_data(world):
    other = make_world(n_users=30, n_items=24, ratings_per_user=9, seed=2).interactions
    with pytest.raises(ValueError, match="different tables; expected two parts of one data set"):
        tasks_from_split(world, other)
