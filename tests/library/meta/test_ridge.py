"""The closed form against scikit-learn, a plain solve of one user at a time, and what every posterior must obey."""

import numpy as np
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct
from sklearn.linear_model import Ridge

from metarec_lib import MetaLearningModel, load_data, load_model, make_tasks, make_world, preprocess_data
from metarec_lib.data.tasks import TaskBatch
from metarec_lib.meta.ridge import ridge_posterior, ridge_variance

D, COUNTS = 4, (3, 0, 1, 9, 6)


@pytest.fixture
def problem():
    """Five users with 0 to 9 ratings: fewer and more than D; x and y are 0 where padded."""
    rng = np.random.default_rng(0)
    mask = np.arange(9) < np.array(COUNTS)[:, None]
    x, y = rng.normal(size=(5, 9, D)) * mask[:, :, None], rng.normal(size=(5, 9)) * mask
    prior, scale, noise = rng.normal(size=(5, D)), rng.uniform(0.3, 2, D), np.array(0.7)
    return [torch.as_tensor(a) for a in (x, y, prior, scale, noise)]


def both_forms(x, y, *rest):
    """The D x D form on all columns, the K x K form on the users that fit into D columns."""
    short = torch.tensor([c <= D for c in COUNTS])
    yield slice(None), ridge_posterior(x, y, *rest)
    yield short, ridge_posterior(x[short, :D], y[short, :D], rest[0][short], *rest[1:])


def test_the_posterior_mean_is_a_plain_solve_in_both_forms(problem):
    x, y, prior, scale, noise = problem
    rows = []
    for i in range(5):
        precision = torch.diag(scale**-2) + x[i].T @ x[i] / noise**2
        rows.append(torch.linalg.solve(precision, prior[i] / scale**2 + x[i].T @ y[i] / noise**2))
    expected = torch.stack(rows)
    for chosen, found in both_forms(*problem):
        torch.testing.assert_close(found, expected[chosen], rtol=0, atol=1e-10)
    torch.testing.assert_close(expected[1], prior[1], rtol=0, atol=1e-12)  # empty support


def test_it_is_scikit_learns_ridge(problem):
    x, y, prior, _, noise = problem
    found = ridge_posterior(x, y, 0 * prior, torch.full((D,), 2.0, dtype=x.dtype), noise)
    for i, count in enumerate(COUNTS):
        if count:
            ridge = Ridge(alpha=float(noise**2 / 4), fit_intercept=False).fit(x[i, :count], y[i, :count])
            np.testing.assert_allclose(found[i], ridge.coef_, atol=1e-10)


def test_mean_and_variance_are_those_of_a_gaussian_process(problem):
    x, y, prior, scale, noise = problem
    query = torch.as_tensor(np.random.default_rng(1).normal(size=(5, 6, D)))
    mean = (query @ ridge_posterior(x, y, 0 * prior, scale, noise).unsqueeze(2)).squeeze(2)
    variance = ridge_variance(x, query, scale, noise)
    for i, count in enumerate(COUNTS):
        if not count:
            expected = noise**2 + ((query[i] * scale) ** 2).sum(1)
            torch.testing.assert_close(variance[i], expected, rtol=0, atol=1e-12)
            continue
        kernel = DotProduct(sigma_0=0, sigma_0_bounds="fixed")
        process = GaussianProcessRegressor(kernel, alpha=float(noise**2), optimizer=None)
        process.fit(x[i, :count] * scale, y[i, :count])
        m, s = process.predict(query[i] * scale, return_std=True)
        np.testing.assert_allclose(mean[i], m, atol=1e-9)
        np.testing.assert_allclose(variance[i], s**2 + float(noise**2), atol=1e-9)


@pytest.mark.parametrize("columns", [D, 9])
def test_gradients_run_through_the_solve(problem, columns):
    x, y, prior, scale, noise = (t[:, :columns] if t.ndim > 1 and t.shape[1] == 9 else t for t in problem)
    inputs = [t.clone().requires_grad_() for t in (x, y, prior, scale, noise)]
    assert torch.autograd.gradcheck(ridge_posterior, inputs, atol=1e-7)


# -- the model --------------------------------------------------------------------------------------------------------
WORLD = make_world(n_users=150, n_items=60, ratings_per_user=25, seed=4).interactions


@pytest.fixture(scope="module")
def model():
    return MetaLearningModel(epochs=3).fit(WORLD)


def test_the_model_is_the_brute_force_solve_of_each_user(model):
    tasks = make_tasks(WORLD, k=5, query=7, seed=1)
    state = model.adapt(tasks.support)
    scores = model.score(state, tasks.query)
    p = model.params_
    for b in (0, 17, 149):
        fold = model.fold_[tasks.users[b]]
        bias = model.item_bias_[fold] + p["item_shift"][:, -1]
        x = torch.cat([model.item_vectors_[fold] + p["item_shift"][:, :-1], torch.ones(len(bias), 1)], dim=1)
        items, own = tasks.support.items[b][tasks.support.mask[b]], tasks.query.items[b]
        prior = p["prior_mean"] + model.user_features_[tasks.users[b]] @ p["prior_map"]
        precision = torch.diag((-2 * p["log_scale"]).exp()) + x[items].T @ x[items] / (2 * p["log_noise"]).exp()
        y = tasks.support.values[b][tasks.support.mask[b]] - bias[items] - x[items] @ prior
        w = prior + torch.linalg.solve(precision, x[items].T @ y / (2 * p["log_noise"]).exp())
        torch.testing.assert_close(scores[b], bias[own] + x[own] @ w, rtol=0, atol=1e-10)


def test_the_stated_uncertainty_is_that_of_new_ratings(model):
    train, test = load_data(WORLD)
    fitted = MetaLearningModel(epochs=3).fit(train)
    z = []
    for user in test.users["user_id"][:60]:
        own = test.ratings[test.ratings["user_id"] == user]
        if len(own):
            told = fitted.predict(user, own["item_id"], return_std=True)
            z += ((own["rating"].to_numpy() - told["score"]) / told["std"]).tolist()
    assert len(z) > 200 and 0.8 < np.std(z) < 1.2 and abs(np.mean(z)) < 0.2


def test_more_ratings_help_and_it_beats_the_item_bias(model):
    others = make_world(n_users=150, n_items=60, ratings_per_user=25, seed=4).interactions
    train_users = np.arange(1, 101)
    fitted = MetaLearningModel(epochs=3).fit(others.subset(np.isin(others.ratings["user_id"], train_users)))
    tasks = make_tasks(others, np.arange(101, 151), k=10, seed=0)

    def error(batch: TaskBatch) -> float:
        scores = fitted.score(fitted.adapt(batch.support), batch.query)
        return float((((scores - batch.query.values) ** 2) * batch.query.mask).sum() / batch.query.mask.sum())

    errors = [error(tasks.first(k)) for k in (0, 3, 10)]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 0.8 * errors[0]


# -- two domains, and a slope of one's own ----------------------------------------------------------------------------
SOURCE, TARGET = (WORLD.subset(WORLD.item_codes % 2 == part) for part in (0, 1))


def test_source_and_target_give_one_prior_and_the_target_its_threshold():
    both = MetaLearningModel(epochs=2).fit(SOURCE, X_target=TARGET)
    one = MetaLearningModel(epochs=2).fit(WORLD)
    assert sorted(both.params_) == sorted(one.params_) and both.item_bias_.shape == one.item_bias_.shape
    ratings = [m.ratings_of(WORLD.users["user_id"]) for m in (both, one)]
    assert torch.equal(ratings[0].values.sum(1), ratings[1].values.sum(1))  # all are remembered
    assert abs(both.evaluate(WORLD, metric="rmse") - one.evaluate(WORLD, metric="rmse")) < 0.01


def test_the_threshold_is_set_on_target_ratings(monkeypatch):
    seen = []
    monkeypatch.setattr(MetaLearningModel, "_set_threshold", lambda self, held: seen.append(held))
    MetaLearningModel(epochs=1).fit(SOURCE, X_target=TARGET)
    MetaLearningModel(epochs=1).fit(WORLD)
    assert [len(held) for held in seen] == [len(TARGET) // 10, len(WORLD) // 10]
    assert set(seen[0].item_codes % 2) == {1} and set(seen[1].item_codes % 2) == {0, 1}


def test_a_target_rating_replaces_the_sources():
    two = SOURCE.subset(np.arange(len(SOURCE)) < 2)
    changed = two.replace_ratings(two.ratings.assign(rating=1.0))
    model = MetaLearningModel(epochs=1).fit(SOURCE, X_target=changed)
    user = two.ratings["user_id"][0]
    known = model.ratings_of([user])
    assert known.values.shape == (1, (SOURCE.ratings["user_id"] == user).sum())
    at = known.items[0] == int(two.item_codes[0])
    assert known.values[0][at].tolist() == [1.0]


def test_a_bad_target_is_refused_and_the_fitted_model_stays(model):
    before, other = model.params_, make_world(n_users=30, n_items=40, seed=1).interactions
    X, y = preprocess_data(TARGET)
    for given, words in [
        ((other, None), "fit: X_target: got another users table"),
        ((TARGET.subset(np.zeros(len(TARGET), dtype=bool)), None), "no ratings in X_target"),
        ((X, None), "y is missing"),
        ((None, y), "y_target without X_target"),
    ]:
        with pytest.raises(ValueError, match=words):
            model.fit(SOURCE, None, *given)
    assert model.params_ is before


def test_other_domains_ratings_speak_for_a_user():
    source, target = load_data("ml-100k", split="domain")
    rated = [np.bincount(part.user_codes, minlength=part.n_users) for part in (source, target)]
    new = np.flatnonzero((rated[0] >= 10) & (rated[1] >= 20))[::3]  # nothing of theirs in the target
    hidden = np.isin(target.user_codes, new)
    known, held_out = target.subset(~hidden), target.subset(hidden)
    alone = MetaLearningModel().fit(known).evaluate(held_out, metric="rmse", average="user")
    helped = MetaLearningModel().fit(source, X_target=known).evaluate(held_out, metric="rmse", average="user")
    assert helped < alone - 0.03


def test_a_personal_slope_is_one_more_weight_on_the_item_bias(tmp_path):
    model = MetaLearningModel(epochs=2).fit(WORLD, personalized_target=True)
    tasks = make_tasks(WORLD, k=5, query=7, seed=1)
    bias, x = model._features(tasks.query)
    assert x.shape[2] == model.item_vectors_.shape[2] + 2
    torch.testing.assert_close(x[..., -2], bias - float(model.item_bias_[-1].mean()), rtol=0, atol=1e-12)
    state = model.adapt(tasks.support)
    torch.testing.assert_close(
        model.score(state, tasks.query), bias + (x * state.mean.unsqueeze(1)).sum(2), rtol=0, atol=1e-12
    )
    model.save(tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert again.predict(1, [1, 2, 3]).equals(model.predict(1, [1, 2, 3]))
    model.fit(WORLD)
    assert model._features(tasks.query)[1].shape[2] == x.shape[2] - 1  # afresh, without it
