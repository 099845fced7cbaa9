"""Columns of ids and means of the past against loops; the network against plain NumPy and torch.autograd."""

import numpy as np
import pandas as pd
import pytest
import torch

from metarec_lib import CrossedNetwork, Interactions, earlier_mean, id_columns, make_world

DATA = make_world(n_users=20, n_items=15, ratings_per_user=6, seed=1).interactions
COLUMNS = np.array([[0, 2], [1, 0], [0, 1], [2, 2]])
LIKED = np.array([True, False, True, True])


def test_columns_are_a_loop():
    columns = id_columns(DATA)
    table = DATA.ratings.assign(row=range(len(DATA)))
    seen = {}
    for _, mine in table.sort_values("timestamp", kind="stable").groupby("user_id", sort=False):
        before = None
        for row in mine.itertuples():
            genres = tuple(DATA.items.loc[DATA.items["item_id"] == row.item_id, list(DATA.genres)].iloc[0])
            keys = row.user_id, row.item_id, (row.user_id, genres), (before, row.item_id)
            for c, key in enumerate(keys):
                assert seen.setdefault((c, key), columns[row.row, c]) == columns[row.row, c]
            before = row.item_id
    for c in range(4):  # and no two keys share a number
        assert len({n for (column, _), n in seen.items() if column == c}) == sum(column == c for column, _ in seen)
        assert sorted(set(columns[:, c])) == list(range(columns[:, c].max() + 1))
    np.testing.assert_array_equal(id_columns(DATA, crossed=False), columns[:, :2])


@pytest.mark.parametrize("seed", range(5))
def test_means_of_the_past_are_a_loop(seed):
    rng = np.random.default_rng(seed)
    values, groups, times = rng.random(40), rng.integers(0, 4, 40), rng.integers(0, 6, 40)
    known = rng.random(40) < 0.7
    expected = []
    for row in range(40):
        before = known & (groups == groups[row]) & (times < times[row])
        expected.append((values[before].sum() + 3 * values[known].mean()) / (before.sum() + 3))
    np.testing.assert_allclose(earlier_mean(values, groups, times, known, 3.0), expected, atol=1e-12)


def test_logits_and_loss_are_plain_numpy():
    net = CrossedNetwork((3, 3), width=2, hidden=4, seed=2)
    tables, (a, b, c, d) = (
        [t.detach().cpu().numpy() for t in net.tables],
        [p.detach().cpu().numpy() for p in net.layers],
    )
    expected = [np.maximum(np.r_[tables[0][i], tables[1][j]] @ a + b, 0) @ c + d for i, j in COLUMNS]
    np.testing.assert_allclose(net.predict(COLUMNS), expected, atol=1e-12)
    chance = 1 / (1 + np.exp(-np.array(expected)))
    loss = -np.mean(np.where(LIKED, np.log(chance), np.log(1 - chance)))
    assert net.loss(COLUMNS, LIKED).item() == pytest.approx(loss, abs=1e-12)


def test_the_first_step_is_adams():
    net = CrossedNetwork((3, 3), width=2, hidden=4, lr=0.1)
    start, gradient = net.layers[0].detach().clone(), torch.autograd.grad(net.loss(COLUMNS, LIKED), net.layers[0])[0]
    net.train_one_epoch(COLUMNS, LIKED)
    torch.testing.assert_close(net.layers[0], start - 0.1 * gradient / (gradient.abs() + 1e-8))


def test_reset_tables_draws_tables_and_keeps_layers():
    net = CrossedNetwork((3, 3), width=2, hidden=4).train_one_epoch(COLUMNS, LIKED)
    tables, layers = [t.detach().clone() for t in net.tables], [p.detach().clone() for p in net.layers]
    moments = [net.optimiser.state[p]["exp_avg"].clone() for p in net.layers]
    net.reset_tables()
    assert all(
        not torch.equal(a, b) and float(b.detach().abs().max()) < 0.3 for a, b in zip(tables, net.tables, strict=True)
    )
    assert all(torch.equal(a, b) for a, b in zip(layers, net.layers, strict=True))
    assert all(torch.equal(m, net.optimiser.state[p]["exp_avg"]) for m, p in zip(moments, net.layers, strict=True))
    assert not any(net.optimiser.state.get(t) for t in net.tables)
    net.train_one_epoch(COLUMNS, LIKED)
    assert all(net.optimiser.state[t]["step"] == 1 for t in net.tables)


def test_it_learns_and_repeats():
    rows = pd.DataFrame({"user_id": np.repeat(range(8), 6), "item_id": np.tile(range(6), 8)})
    liked = ((rows["user_id"] + rows["item_id"]) % 2 == 0).to_numpy()
    data = Interactions.from_frame(rows.assign(rating=np.where(liked, 5.0, 1.0)))
    columns = id_columns(data, crossed=False)
    nets = [CrossedNetwork((8, 6), lr=0.05) for _ in range(2)]
    for net in nets:
        for _ in range(60):
            net.train_one_epoch(columns, liked, size=16)
    assert ((nets[0].predict(columns) > 0) == liked).all()
    np.testing.assert_array_equal(*(net.predict(columns) for net in nets))


def test_settings_that_cannot_be():
    for bad in ({"sizes": ()}, {"sizes": (3, 0)}, {"sizes": (3,), "lr": 0}):
        with pytest.raises(ValueError, match="CrossedNetwork: got .*expected numbers above 0"):
            CrossedNetwork(**bad)
