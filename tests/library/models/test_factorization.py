"""Matrix factorisation against scikit-learn's ridge regression and a plain loop."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from metarec_lib.data.synthetic import make_world
from metarec_lib.data.tasks import make_tasks
from metarec_lib.models.baseline import fit_biases
from metarec_lib.models.factorization import MatrixFactorization


@pytest.fixture(scope="module")
def world():
    return make_world(n_users=40, n_items=30, ratings_per_user=10, seed=6).interactions


@pytest.mark.parametrize("weighting", [0.0, 0.5, 1.0])
def test_fold_in_is_ridge_regression(world, weighting):
    model = MatrixFactorization(factors=5, reg=0.7, weighting=weighting, epochs=4).fit(world)
    support = make_tasks(world, k=7).support
    bias, vectors = model.adapt(support)
    item_bias, item_vectors = model.item_bias_.cpu().numpy(), model.item_vectors_.cpu().numpy()
    for row in range(len(support)):
        mask = support.mask[row].cpu().numpy()
        items, stars = support.items[row].cpu().numpy()[mask], support.values[row].cpu().numpy()[mask]
        left = stars - model.mean_ - item_bias[items]
        b = left.sum() / (len(items) + model.user_shrinkage)
        ridge = Ridge(alpha=0.7 * len(items) ** weighting, fit_intercept=False)
        ridge.fit(item_vectors[items], (left - b) / world.values.std())
        assert float(bias[row]) == pytest.approx(b, abs=1e-9)
        np.testing.assert_allclose(vectors[row].cpu(), ridge.coef_, atol=1e-9)


def test_an_empty_support_is_the_prior(world):
    model = MatrixFactorization(factors=5).fit(world)
    bias, vectors = model.adapt(make_tasks(world, k=0).support)
    assert not bias.any() and not vectors.any()


def test_two_epochs_equal_a_plain_loop(world):
    model = MatrixFactorization(factors=3, reg=0.9, weighting=0.5, seed=2)
    model.fit(world, epochs=2)
    biases = fit_biases(world, model.user_shrinkage, model.item_shrinkage)
    v = np.random.default_rng(2).normal(0, 0.1, (world.n_items, 3))
    left = world.values - biases.mean - biases.user[world.user_codes] - biases.item[world.item_codes]
    left /= world.values.std()

    def solve(codes, others, vectors, n):
        found = np.zeros((n, 3))
        for i in range(n):
            x, y = vectors[others[codes == i]], left[codes == i]
            found[i] = np.linalg.solve(x.T @ x + 0.9 * np.sqrt(max(len(y), 1)) * np.eye(3), x.T @ y)
        return found

    for _ in range(2):
        u = solve(world.user_codes, world.item_codes, v, world.n_users)
        v = solve(world.item_codes, world.user_codes, u, world.n_items)
    np.testing.assert_allclose(model.item_vectors_.cpu(), np.vstack([v, np.zeros(3)]), atol=1e-9)


def test_epochs_lower_the_training_error_and_count_on(world):
    model = MatrixFactorization(factors=3)
    logs = [model.train_one_epoch(world) for _ in range(6)]
    errors = [log["train_rmse"] for log in logs]
    assert [log["epoch"] for log in logs] == [1, 2, 3, 4, 5, 6]
    assert errors[-1] < errors[0] and np.isfinite(errors).all()
    assert MatrixFactorization(epochs=7).fit(world).train_one_epoch(world)["epoch"] == 8


@pytest.mark.parametrize("options", [dict(factors=0), dict(reg=0.0), dict(reg=-1), dict(reg=float("nan"))])
def test_options_out_of_range(world, options):
    model, (name, value) = MatrixFactorization(**options), *options.items()
    with pytest.raises(ValueError, match=f"MatrixFactorization: got {name}={value!r}, expected a "):
        model.fit(world)


@pytest.mark.parametrize("name", ["user_shrinkage", "item_shrinkage"])
def test_shrinkage_out_of_range(world, name):
    with pytest.raises(ValueError, match=f"MatrixFactorization: got {name}=0, expected a number above 0"):
        MatrixFactorization(**{name: 0}).fit(world)
