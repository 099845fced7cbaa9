"""Content-based recommendation: the posterior against plain algebra, the prior against the likelihood it maximises."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.linear_model import Ridge

from metarec_lib.data.splits import split_users
from metarec_lib.data.synthetic import make_world
from metarec_lib.data.tasks import make_tasks, pad_ratings
from metarec_lib.device import as_tensor
from metarec_lib.evaluation.protocols import evaluate_tasks
from metarec_lib.models.baseline import BaselineRecommender
from metarec_lib.models.content import ContentBasedRecommender, empirical_bayes
from metarec_lib.models.storage import load_model


@pytest.fixture(scope="module")
def data():
    return make_world(n_users=120, n_items=60, ratings_per_user=25, explained=1.0, seed=1).interactions


@pytest.fixture(scope="module")
def model(data):
    return ContentBasedRecommender().fit(data)


def _ragged():
    """Three users: three ratings, none, and one of an unknown item."""
    owner, items = np.array([0, 0, 0, 2]), np.array([4, 7, 9, -1])
    return pad_ratings(owner, items, np.array([5.0, 1.0, 3.0, 2.0]), np.array([0, 1, -1]))


def test_posterior_equals_a_loop_of_plain_algebra(model):
    support = _ragged()
    mean, covariance = model.adapt(support)
    c, s2, features = model.covariance_.cpu().numpy(), model.noise_**2, model.features_.cpu().numpy()
    for b, n in enumerate((3, 0, 1)):
        items = support.items[b, :n].cpu().numpy()
        x = features[items]
        y = support.values[b, :n].cpu().numpy() - model.mean_ - model.item_bias_[items].cpu().numpy()
        posterior = np.linalg.inv(np.linalg.inv(c) + x.T @ x / s2)
        expected = posterior @ (np.linalg.inv(c) @ model.prior_.cpu().numpy() + x.T @ y / s2)
        np.testing.assert_allclose(mean[b].cpu(), expected, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(covariance[b].cpu(), posterior, rtol=1e-8, atol=1e-10)


def test_with_one_variance_for_all_it_is_scikit_learns_ridge(data):
    model = ContentBasedRecommender().fit(data)
    model.covariance_ = as_tensor(0.3 * np.eye(len(model.prior_)))
    support = model.ratings_of([data.users["user_id"][5]])
    x = model.features_[support.items[0]].cpu().numpy()
    residual = support.values[0].cpu().numpy() - model.mean_ - model.item_bias_[support.items[0]].cpu().numpy()
    ridge = Ridge(alpha=model.noise_**2 / 0.3, fit_intercept=False).fit(x, residual - x @ model.prior_.cpu().numpy())
    np.testing.assert_allclose(model.adapt(support)[0][0].cpu(), ridge.coef_ + model.prior_.cpu().numpy(), atol=1e-9)


def test_std_is_that_of_the_joint_gaussian(model):
    """Var(r* | r) = k** - k*' (K + s^2)^-1 k* + s^2 (1 + 1 / (n + shrinkage)), with k = x C x'."""
    support = _ragged().select(slice(0, 1))
    c, s2 = model.covariance_.cpu().numpy(), model.noise_**2
    x, new = model.features_[support.items[0]].cpu().numpy(), model.features_[[20]].cpu().numpy()
    cross = new @ c @ x.T
    variance = new @ c @ new.T - cross @ np.linalg.solve(x @ c @ x.T + s2 * np.eye(3), cross.T) + s2
    variance = variance + s2 / (
        float(model.item_count_[20]) + model.item_shrinkage
    )  # the item's bias is not known exactly
    query = pad_ratings(np.array([0]), np.array([20]), np.array([0.0]), np.array([0]))
    assert model.score_std(model.adapt(support), query).item() == pytest.approx(variance.item() ** 0.5, rel=1e-9)


def _simulated(rng, users=400, k=12, d=3):
    root = np.array([[0.8, 0, 0], [0.3, 0.5, 0], [0, -0.2, 0.4]])
    m = np.array([0.5, -0.3, 0.2])
    x = rng.normal(size=(users, k, d))
    y = np.einsum("ukd,ud->uk", x, m + rng.normal(size=(users, d)) @ root.T) + 0.7 * rng.normal(size=(users, k))
    return x, y, m, root @ root.T


def _em(x, y, steps):
    return empirical_bayes(x.mT @ x, np.einsum("ukd,uk->ud", x, y), float((y**2).sum()), y.size, steps)


def _likelihood(x, y, m, c, s):
    covariances = x @ c @ x.mT + s**2 * np.eye(x.shape[1])
    return sum(multivariate_normal(u @ m, k).logpdf(r) for u, r, k in zip(x, y, covariances, strict=True))


def test_em_recovers_the_truth_and_climbs_the_likelihood():
    x, y, m, c = _simulated(np.random.default_rng(0))
    found = _em(x, y, 100)
    np.testing.assert_allclose(found[0], m, atol=0.1)
    np.testing.assert_allclose(found[1], c, atol=0.12)
    assert found[2] == pytest.approx(0.7, abs=0.02)
    few = (x[:60], y[:60])
    climbed = [_likelihood(*few, *_em(*few, steps)) for steps in (1, 2, 4, 8, 16, 32)]
    assert all(after >= before - 1e-3 for before, after in zip(climbed, climbed[1:], strict=False))
    m, c, s = _em(*few, 200)
    best = _likelihood(*few, m, c, s)
    for other in ((m + 0.05, c, s), (m, 1.2 * c, s), (m, 0.8 * c, s), (m, c, 1.1 * s), (m, c, 0.9 * s)):
        assert _likelihood(*few, *other) < best


def test_interests_help_where_tastes_follow_genres():
    data = make_world(n_users=300, n_items=150, ratings_per_user=50, explained=1.0, seed=2).interactions
    train, _, test = split_users(data, seed=0)
    rest = data.subset(np.isin(data.ratings["user_id"], train))
    tasks = make_tasks(data, test, k=20, seed=0)
    content, bias = (
        evaluate_tasks(m().fit(rest), tasks, ("rmse",))["rmse"].mean()
        for m in (ContentBasedRecommender, BaselineRecommender)
    )
    assert content < bias - 0.03


def test_nothing_known_gives_the_prior(model, data):
    unknown = model.predict(10**9, [int(i) for i in data.items["item_id"][:5]])
    expected = model.mean_ + model.item_bias_[:5] + model.features_[:5] @ model.prior_
    np.testing.assert_allclose(unknown, expected.cpu(), atol=1e-12)
    surprise = model.predict(data.users["user_id"][0], 10**9)
    bias = model.adapt(model.ratings_of([data.users["user_id"][0]]))[0][0, -1]
    assert surprise.iloc[0] == pytest.approx(model.mean_ + float(bias))


def test_more_ratings_make_it_surer(model, data):
    user, items = data.users["user_id"][0], data.items["item_id"].to_numpy()
    known, unknown = (model.predict(u, items, return_std=True)["std"] for u in (user, 10**9))
    assert (known < unknown).all() and (known > model.noise_).all()


@pytest.mark.parametrize("dtype", [None, "float32"])
@pytest.mark.parametrize("case", ["constant", "one user", "one rating"])
def test_degenerate_ratings_stay_finite(data, case, dtype):
    if case == "constant":
        some = data.replace_ratings(data.ratings.assign(rating=3.0))
    else:
        some = data.subset(data.user_codes == 0)
        some = some.subset(np.arange(1)) if case == "one rating" else some
    model = ContentBasedRecommender(dtype=dtype).fit(some)
    scores = model.predict(some.ratings["user_id"].iloc[0], data.items["item_id"].to_numpy(), return_std=True)
    assert np.isfinite(scores.to_numpy()).all()
    if case == "constant":
        np.testing.assert_allclose(scores["score"], 3.0, atol=1e-2)


def test_update_is_a_new_solve_and_a_saved_model_the_same(data, tmp_path):
    model = ContentBasedRecommender().fit(data)
    before = model.predict(10**9, 7)
    model.update(10**9, "3", "5")
    support = pad_ratings(np.zeros(1, dtype=int), data.item_index([3]), np.array([5.0]), np.array([-1]))
    query = pad_ratings(np.zeros(1, dtype=int), data.item_index([7]), np.array([0.0]), np.array([-1]))
    assert model.predict(10**9, 7).iloc[0] == pytest.approx(float(model.score(model.adapt(support), query)))
    assert model.predict(10**9, 7).iloc[0] != before.iloc[0]
    model.save(tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz").predict(10**9, [7, 9], return_std=True)
    assert again.equals(model.predict(10**9, [7, 9], return_std=True))


def test_steps_must_be_positive(data):
    with pytest.raises(ValueError, match="steps=0, expected a whole number of at least 1"):
        ContentBasedRecommender(steps=0).fit(data)
