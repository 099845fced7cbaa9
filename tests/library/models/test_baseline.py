"""The baselines by hand, and on real ratings."""

import numpy as np
import pandas as pd
import pytest
import torch

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.movielens import load_movielens
from metarec_lib.data.synthetic import make_world
from metarec_lib.evaluation.pairs import best_threshold
from metarec_lib.models.baseline import BaselineRecommender, PopularityRecommender, fit_biases
from metarec_lib.models.factorization import MatrixFactorization
from metarec_lib.models.neighbours import ItemKNN


def table(rows, **options):
    return Interactions.from_frame(
        pd.DataFrame(rows, columns=["user_id", "item_id", "rating"]), scale=(1, 5), **options
    )


def test_biases_solve_their_equations():
    data = table([(1, 1, 5), (1, 2, 3), (2, 1, 4), (2, 3, 1), (3, 2, 2)])
    mean, b_user, b_item = fit_biases(data, user_shrinkage=1.0, item_shrinkage=2.0)
    assert mean == 3.0
    # rows: (n + shrinkage) b + sum of the other side's biases = sum of (rating - 3); users 1 2 3, then items 1 2 3
    left = [
        [3, 0, 0, 1, 1, 0], [0, 3, 0, 1, 0, 1], [0, 0, 2, 0, 1, 0],
        [1, 1, 0, 4, 0, 0], [1, 0, 1, 0, 4, 0], [0, 1, 0, 0, 0, 3],
    ]  # fmt: skip
    solved = np.linalg.solve(left, [2, -1, -1, 3, -1, -2])
    np.testing.assert_allclose(np.concatenate([b_user, b_item]), [*solved, 0], atol=1e-4)


def test_one_user_and_one_item_by_hand():
    # the item biases come first, from user biases of 0: 1 / (1 + 1) and -1 / (1 + 1); the user's is then (0.5 - 0.5) / 3
    data = table([(1, 1, 5), (1, 2, 3)])
    model = BaselineRecommender(user_shrinkage=1, item_shrinkage=1).fit(data)
    assert list(model.predict(1, [1, 2])) == pytest.approx([4.5, 3.5])
    assert list(model.update(9, 1, 1).predict(9, [1, 2])) == pytest.approx([4.5 - 3.5 / 2, 3.5 - 3.5 / 2])


def test_an_item_that_nobody_rated_is_judged_by_its_features():
    rng = np.random.default_rng(0)
    genre = np.repeat([0, 1], 20)
    items = pd.DataFrame({"item_id": range(40), "title": "", "year": np.nan, "Good": genre})
    rows = [(u, i, 3 + genre[i]) for u in range(30) for i in rng.permutation(40)[:12] if i not in (0, 39)]
    model = BaselineRecommender().fit(table(rows, items=items))
    bad, good = model.predict(1, [0, 39])
    assert 0.5 < good - bad < 1
    assert model.predict(1, [0, 123]).index.tolist() == [0, 123]


def test_uncertainty_falls_with_ratings():
    world = make_world(n_users=50, n_items=40, ratings_per_user=15, seed=1).interactions
    model = BaselineRecommender().fit(world)
    fresh = model.predict("new", [1, 2], return_std=True)
    assert fresh["std"].iloc[0] == pytest.approx(model.noise_ * np.sqrt(1 + 1 / 5))
    for item in (3, 4, 5):
        model.update(1000, item, 4)
    assert model.predict(1000, [1], return_std=True)["std"].iloc[0] == pytest.approx(model.noise_ * np.sqrt(1 + 1 / 8))
    residual = world.values - [model.predict(u, i).iloc[0] for u, i in world.ratings[["user_id", "item_id"]].to_numpy()]
    assert model.noise_ == pytest.approx(residual.std(), rel=1e-6)


def test_popularity_counts():
    data = table([(1, 1, 5), (2, 1, 1), (2, 3, 5)], items=pd.DataFrame({"item_id": [1, 2, 3]}))
    model = PopularityRecommender().fit(data)
    assert list(model.predict("anyone", [1, 2, 3, 77])) == [2, 0, 1, 0]
    assert list(model.recommend(1, k=2)["item_id"]) == [3, 2]
    for metric in ("rmse", "mae"):
        with pytest.raises(ValueError, match=f"PopularityRecommender scores are no ratings, so {metric}.*use auc"):
            model.evaluate(data, metric=metric)


# -- the threshold of evaluate(metric="accuracy") ---------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_no_cut_is_right_more_often(seed, dtype):
    rng = np.random.default_rng(seed)
    scores = torch.as_tensor(rng.integers(0, 7, 15), dtype=dtype) / 2
    liked = torch.as_tensor(rng.random(15) < [0.5, 0.1, 0.9, 1.0, 0.0, 0.5, 0.7, 0.3][seed])
    cuts = [-1.0, *(torch.unique(scores) + 0.25).tolist()]
    best = max(int(((scores > cut) == liked).sum()) for cut in cuts)
    assert int(((scores > best_threshold(scores, liked)) == liked).sum()) == best


def test_the_cut_lies_midway():
    assert best_threshold(torch.tensor([1.0, 2.0, 4.0, 5.0]), torch.tensor([False, False, True, True])) == 3


@pytest.mark.parametrize("cls", [BaselineRecommender, ItemKNN, MatrixFactorization, PopularityRecommender])
def test_fit_sets_the_threshold_on_ratings_it_held_out(cls):
    world = make_world(n_users=50, n_items=40, ratings_per_user=15, seed=1).interactions
    held = np.zeros(len(world), dtype=bool)
    held[np.random.default_rng(3).permutation(len(world))[: len(world) // 10]] = True
    judge = cls(seed=3)
    judge._learn(world.subset(~held), None)
    judge._remember(world.subset(~held))
    rows = world.subset(held).ratings
    scores = torch.tensor([judge.predict(u, i).iloc[0] for u, i in zip(rows["user_id"], rows["item_id"], strict=True)])
    expected = best_threshold(scores, torch.as_tensor(rows["rating"].to_numpy() >= 4))
    assert cls(seed=3).fit(world).threshold_ == pytest.approx(expected, abs=1e-9)


def one_fold():
    """Of five random folds of MovieLens-100K the one whose error is nearest to the mean of the five: train, test."""
    data = load_movielens()
    held = np.random.default_rng(0).permutation(len(data)) // (len(data) // 5) == 1
    return data.subset(~held), data.subset(held)


@pytest.mark.parametrize(
    ("cls", "low", "high"),
    [(BaselineRecommender, 0.930, 0.945), (ItemKNN, 0.895, 0.920), (MatrixFactorization, 0.905, 0.918)],
)
def test_error_on_real_ratings(cls, low, high):
    train, test = one_fold()
    assert low <= cls().fit(train).evaluate(test, metric="rmse") <= high
