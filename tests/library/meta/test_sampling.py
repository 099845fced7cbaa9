import numpy as np
import pandas as pd
import pytest
import torch

from metarec_lib import Interactions, make_world
from metarec_lib.meta.sampling import TaskSampler, validation_tasks

DATA = make_world(n_users=50, n_items=40, ratings_per_user=12, seed=1).interactions
PAIRS = {(u, i): r for u, i, r in zip(DATA.user_codes, DATA.item_codes, DATA.values, strict=True)}


def epoch(seed=0, data=DATA, batch_size=16, **options):
    return list(TaskSampler(data, **options).epoch(np.random.default_rng(seed), batch_size))


def test_an_epoch_draws_every_user_once():
    users = torch.cat([batch.users for batch in epoch()])
    assert sorted(users.tolist()) == sorted(set(DATA.user_codes)) and users.tolist() != sorted(users.tolist())


def test_the_ratings_are_the_users_own_and_support_and_query_share_none():
    for batch in epoch(sizes=(1, 3, 5), query=4):
        for b, user in enumerate(batch.users.tolist()):
            parts = []
            for part in (batch.support, batch.query):
                items = part.items[b][part.mask[b]].tolist()
                assert [PAIRS[user, i] for i in items] == part.values[b][part.mask[b]].tolist()
                assert not part.items[b][~part.mask[b]].any() and not part.values[b][~part.mask[b]].any()
                parts.append(items)
            assert len(set(parts[0] + parts[1])) == len(parts[0]) + len(parts[1])
            assert len(parts[0]) in (1, 3, 5, sum(u == user for u, _ in PAIRS) // 2) and 1 <= len(parts[1]) <= 4


def test_draws_are_uniform_and_depend_on_the_generator_alone():
    user = int(DATA.user_codes[0])
    own = DATA.item_codes[DATA.user_codes == user]
    seen = []
    for seed in range(300):
        for batch in epoch(seed, batch_size=64, sizes=(2,), query=1):
            row = batch.users.tolist().index(user)
            seen += batch.support.items[row][batch.support.mask[row]].tolist()
    share = np.array([seen.count(i) for i in own]) / 300
    assert abs(share - 2 / len(own)).max() < 5 * np.sqrt(2 / len(own) / 300)
    one, two = (torch.cat([b.support.items.flatten() for b in epoch(s)]) for s in (5, 5))
    assert torch.equal(one, two)


def test_users_with_one_rating_are_left_out():
    frame = pd.DataFrame({"user_id": [1, 2, 2], "item_id": [1, 1, 2], "rating": [3.0, 4.0, 5.0]})
    (batch,) = epoch(data=Interactions.from_frame(frame))
    assert batch.users.tolist() == [1] and batch.support.mask.sum() == batch.query.mask.sum() == 1
    assert epoch(data=Interactions.from_frame(frame.iloc[:2])) == []


def test_validation_tasks_are_nested_and_share_the_query():
    one, five, twenty = validation_tasks(make_world(n_items=90, ratings_per_user=60, seed=2).interactions)
    assert torch.equal(one.query.items, twenty.query.items) and torch.equal(one.users, five.users)
    assert torch.equal(one.support.items, twenty.support.items[:, :1])
    assert [int(t.support.counts.max()) for t in (one, five, twenty)] == [1, 5, 20]


@pytest.mark.parametrize(("ratings", "sizes"), [(1, []), (2, [1]), (8, [1, 4])])
def test_validation_with_few_ratings(ratings, sizes):
    frame = pd.DataFrame(
        [(u, i, 3.0 + i % 2) for u in range(3) for i in range(ratings)], columns=["user_id", "item_id", "rating"]
    )
    tasks = validation_tasks(Interactions.from_frame(frame))
    assert [int(t.support.counts.max()) for t in tasks] == sizes
