"""ItemKNN against a plain loop."""

import numpy as np
import pandas as pd
import pytest

from metarec_lib.data.synthetic import make_world
from metarec_lib.models.baseline import fit_biases
from metarec_lib.models.neighbours import ItemKNN


@pytest.mark.parametrize(("neighbours", "shrinkage", "damping"), [(3, 2.0, 0.1), (1, 0.0, 0.0), (99, 50.0, 0.5)])
def test_scores_equal_a_plain_loop(neighbours, shrinkage, damping):
    data = make_world(n_users=25, n_items=15, ratings_per_user=6, seed=8).interactions
    model = ItemKNN(neighbours=neighbours, shrinkage=shrinkage, damping=damping).fit(data)
    biases = fit_biases(data, model.user_shrinkage, model.item_shrinkage)
    mean, b_user, b_item = biases.mean, biases.user, biases.item
    left = np.full((data.n_users, data.n_items), np.nan)
    left[data.user_codes, data.item_codes] = data.values - mean - b_user[data.user_codes] - b_item[data.item_codes]
    rated = ~np.isnan(left)

    def similarity(i, j):
        both = rated[:, i] & rated[:, j]
        length = np.linalg.norm(left[rated[:, i], i]) * np.linalg.norm(left[rated[:, j], j])
        if i == j or not both.any() or length == 0:
            return 0.0
        return max(0.0, left[both, i] @ left[both, j] / length) * both.sum() / (both.sum() + shrinkage)

    for u, user in enumerate(data.users["user_id"]):
        expected = []
        for i in range(data.n_items):
            near = sorted(((similarity(i, j), left[u, j]) for j in np.flatnonzero(rated[u])), reverse=True)[:neighbours]
            weight = damping + sum(s for s, _ in near)
            taste = sum(s * r for s, r in near) / weight if weight > 0 else 0.0
            expected.append(mean + b_user[u] + b_item[i] + taste)
        np.testing.assert_allclose(model.predict(user, data.items["item_id"]), expected, atol=1e-9)


def test_unknown_items_and_strangers_get_the_biases():
    data = make_world(n_users=25, n_items=15, ratings_per_user=6, seed=8).interactions
    model = ItemKNN().fit(data)
    assert model.predict("nobody", 999).iloc[0] == pytest.approx(model.mean_)
    np.testing.assert_allclose(model.predict(10_000, [1, 2]), model.mean_ + model.item_bias_[:2], atol=1e-12)
    assert isinstance(model.predict(1, [1, 999]), pd.Series)


@pytest.mark.parametrize("options", [dict(neighbours=0), dict(similar=0), dict(shrinkage=-1.0), dict(damping=-0.1)])
def test_options_out_of_range(options):
    data = make_world(n_users=25, n_items=15, ratings_per_user=6, seed=8).interactions
    (name, value), *_ = options.items()
    with pytest.raises(ValueError, match=f"ItemKNN: got {name}={value!r}, expected a "):
        ItemKNN(**options).fit(data)
