"""Search: against loops and cases done by hand."""

import numpy as np
import pytest
from scipy.stats import rankdata

from metarec_lib import make_world
from metarec_lib.meta.search import best_so_far, grid, meta_features, neighbour_tasks, search, successive_halving
from metarec_lib.meta.search import warm_start as warm

SPACE = {"rank": (2, 4, 8), "head": ("ridge", "gradient"), "rate": (0.1, 0.3, 1.0, 3.0)}


def loss(c):
    return (np.log(c["rate"]) - 0.1) ** 2 + (c["head"] == "gradient") + 0.1 * abs(c["rank"] - 4)


def test_the_grid_holds_every_combination_once():
    found = grid(SPACE)
    assert len(found) == 24 and len({tuple(c.values()) for c in found}) == 24
    assert found[0] == {"rank": 2, "head": "ridge", "rate": 0.1} and found[1]["rate"] == 0.3


@pytest.mark.parametrize("sampler", ["random", "tpe", "gp"])
def test_a_search_repeats_and_ends_low(sampler):
    table = search(loss, SPACE, 20, sampler, seed=3)
    assert table.equals(search(loss, SPACE, 20, sampler, seed=3)) and len(table) == 20
    assert all(row["loss"] == loss(row) for row in table.to_dict("records"))
    assert table["loss"].min() < np.median([loss(c) for c in grid(SPACE)])


def test_the_warm_start_goes_first_in_its_order():
    first = [{"rank": 8, "head": "gradient", "rate": 3.0}, {"rank": 4, "head": "ridge", "rate": 1.0}]
    table = search(loss, SPACE, 5, "tpe", first=first)
    assert table.drop(columns="loss").to_dict("records")[:2] == first
    with pytest.raises(ValueError, match="got sampler 'grid'"):
        search(loss, SPACE, 2, "grid")
    with pytest.raises(ValueError, match="got trials=0"):
        search(loss, SPACE, 0)


def test_warm_start_is_the_mean_rank_task_by_task():
    rng = np.random.default_rng(0)
    losses, features = rng.normal(size=(7, 9)), rng.normal(size=(7, 3)) * [1, 10, 100]
    target = features[2] + 0.01
    away = [sum(((features[t, f] - target[f]) / features[:, f].std()) ** 2 for f in range(3)) for t in range(7)]
    near = np.argsort(away)[:3]
    assert near[0] == 2 and list(neighbour_tasks(features, target, 3)) == list(near)
    ranks = np.mean([rankdata(losses[t]) for t in near], axis=0)
    assert list(warm(losses, features, target, 3)) == list(np.argsort(ranks, kind="stable"))


def test_halving_by_hand():
    losses = np.array([[0.0, 1, 2], [9, 1, 2], [9, 1, 0], [9, 3, 0]])
    assert successive_halving(losses, (1, 4), keep=2 / 3) == (1, 3 + 2 * 3)  # 0 and 1 are left, then 1 wins
    assert successive_halving(losses, (4,)) == (2, 12)
    assert best_so_far([3.0, 4.0, 1.0, 2.0]).tolist() == [3, 3, 1, 1]


def test_meta_features_of_a_segment():
    data = make_world(n_users=30, n_items=20, ratings_per_user=8, seed=1).interactions
    users = data.users["user_id"].to_numpy()
    table = meta_features(data, [users[:10], users[10:]])
    of_first = data.ratings[data.ratings["user_id"].isin(users[:10])]
    assert table.shape == (2, 6) and table["mean"][0] == pytest.approx(of_first["rating"].mean())
    assert table["likes"][0] == pytest.approx((of_first["rating"] >= data.like).mean())
