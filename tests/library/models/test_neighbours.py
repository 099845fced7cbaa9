"""ItemKNN against a plain loop."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.synthetic import make_world
from metarec_lib.device import as_tensor
from metarec_lib.evaluation.pairs import score_pairs
from metarec_lib.evaluation.ranking import evaluate_ranking
from metarec_lib.models import neighbours
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


@pytest.fixture
def world():
    return make_world(n_users=60, n_items=45, ratings_per_user=12, seed=2).interactions


@pytest.mark.parametrize("cells", [1, 300, 2_000])
def test_blocks_of_any_size_give_the_same(monkeypatch, world, cells):
    rng = np.random.default_rng(0)
    users, items = rng.choice(world.users["user_id"], 9), [*world.items["item_id"], 999]
    whole = ItemKNN(neighbours=3, shrinkage=2.0).fit(world)
    expected = [whole.predict(user, items) for user in users]
    pairs, ranking = score_pairs(whole, world), evaluate_ranking(whole, world.subset(world.values > 4), ("mrr",))
    assert whole._whole() is not None
    monkeypatch.setattr(neighbours, "CELLS", cells)
    blocks = ItemKNN(neighbours=3, shrinkage=2.0).fit(world)
    assert blocks._whole() is None
    for name in ("similar_starts_", "similar_items_", "similarity_"):
        assert torch.equal(getattr(blocks, name), getattr(whole, name))
    for user, scores in zip(users, expected, strict=True):
        pd.testing.assert_series_equal(blocks.predict(user, items), scores, rtol=0, atol=1e-12)
    torch.testing.assert_close(score_pairs(blocks, world), pairs, rtol=0, atol=1e-12)
    pd.testing.assert_frame_equal(evaluate_ranking(blocks, world.subset(world.values > 4), ("mrr",)), ranking)


def test_of_each_item_the_most_similar_ones_are_kept(world):
    whole, few = ItemKNN(shrinkage=2.0).fit(world), ItemKNN(shrinkage=2.0, similar=4).fit(world)
    every, kept = (model._rows(as_tensor(np.arange(world.n_items + 1))) for model in (whole, few))
    assert not every[-1].any() and not every[:, -1].any() and not every.diagonal().any()
    border = every.topk(4, dim=1).values[:, -1:]
    assert torch.equal(kept, torch.where(every >= border, every, 0)) and not torch.equal(kept, every)
    assert few.similar_starts_.diff().max() <= 4


def test_no_table_is_larger_than_a_block(monkeypatch):
    """2,000 items: the square would be 4 million numbers, a user of 1,500 ratings asked for all items 3 million."""
    rng = np.random.default_rng(1)
    short = np.stack([np.repeat(np.arange(300), 10), rng.integers(2_000, size=3_000)])
    pairs = np.concatenate([short, np.stack([np.full(1_500, 300), np.arange(1_500)])], axis=1)
    frame = pd.DataFrame({"user_id": pairs[0], "item_id": pairs[1], "rating": 1.0 + pairs[1] % 5}).drop_duplicates()
    data = Interactions.from_frame(frame, scale=(1, 5))
    monkeypatch.setattr(neighbours, "CELLS", 100_000)
    largest = []

    class Watching(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            largest.append(result.numel() if isinstance(result, torch.Tensor) else 0)
            return result

    model = ItemKNN(similar=100).fit(data)
    with Watching():
        model.recommend(300)
    assert 10_000 < max(largest) <= 300_000  # a block of whole rows may be wider than asked for, never I x K


def test_unknown_items_and_strangers_get_the_biases():
    data = make_world(n_users=25, n_items=15, ratings_per_user=6, seed=8).interactions
    model = ItemKNN().fit(data)
    assert model.predict("nobody", 999).iloc[0] == pytest.approx(model.mean_)
    np.testing.assert_allclose(model.predict(10_000, [1, 2]), model.mean_ + model.item_bias_[:2].cpu(), atol=1e-12)
    assert isinstance(model.predict(1, [1, 999]), pd.Series)


@pytest.mark.parametrize("options", [dict(neighbours=0), dict(similar=0), dict(shrinkage=-1.0), dict(damping=-0.1)])
def test_options_out_of_range(options):
    data = make_world(n_users=25, n_items=15, ratings_per_user=6, seed=8).interactions
    (name, value), *_ = options.items()
    with pytest.raises(ValueError, match=f"ItemKNN: got {name}={value!r}, expected a "):
        ItemKNN(**options).fit(data)
