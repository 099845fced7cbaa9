"""The closed form against scikit-learn, a plain solve of one user at a time, and what every posterior must obey."""

import copy

import numpy as np
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct
from sklearn.linear_model import Ridge

from metarec_lib import (
    ItemGaussianProcess,
    MetaLearningModel,
    ProbabilisticPCA,
    load_data,
    load_model,
    make_tasks,
    make_world,
    preprocess_data,
)
from metarec_lib.data.tasks import TaskBatch, pad_ratings
from metarec_lib.device import as_tensor
from metarec_lib.evaluation.protocols import score_tasks
from metarec_lib.meta.ridge import cholesky, ridge_posterior, ridge_variance
from metarec_lib.models.arguments import held_out

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


def test_a_matrix_without_a_cholesky_factor_gives_nan_and_leaves_the_others():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(3, 4, 4))
    gram = torch.as_tensor(root @ root.transpose(0, 2, 1))
    gram[1] -= 2 * gram[1].diagonal().mean() * torch.eye(4, dtype=gram.dtype)  # indefinite
    factor = cholesky(gram, 0.1)
    assert torch.isnan(factor[1]).all()
    for n in (0, 2):
        np.testing.assert_allclose(factor[n], np.linalg.cholesky(gram[n].cpu().numpy() + 0.1 * np.eye(4)), atol=1e-12)
    assert torch.isfinite(cholesky(gram, 100.0)).all()  # a ridge that is large enough


def test_training_names_a_matrix_without_a_cholesky_factor():
    """Without noise a user's ratings have a covariance of rank D; rounding makes some of its eigenvalues negative."""
    model = ItemGaussianProcess()
    model._start(WORLD)
    for name in ("log_noise", "log_h", "log_t"):
        model.params_[name].fill_(-400.0)
    with pytest.raises(ValueError, match="ItemGaussianProcess: the loss became nan in epoch 1, expected a finite"):
        model._epoch(WORLD)


# -- the model --------------------------------------------------------------------------------------------------------
WORLD = make_world(n_users=150, n_items=60, ratings_per_user=25, seed=4).interactions


@pytest.fixture(scope="module")
def model():
    return MetaLearningModel(epochs=3).fit(WORLD)


def changed(model):
    """The model with corrections of its items, so that none of them is zero."""
    again, rng = copy.deepcopy(model), np.random.default_rng(0)
    if isinstance(model, MetaLearningModel):
        again.params_["item_shift"] += 0.05 * as_tensor(rng.normal(size=model.params_["item_shift"].shape))
    return again


def head_of(model):
    """Bias and vectors of the items (I + 1,) by fold, the prior of a user and its scale, in NumPy."""
    if isinstance(model, ProbabilisticPCA):
        shift, p = model.item_bias_.new_zeros(len(model.item_bias_[0]), model.item_vectors_.shape[2] + 1), None
        prior, prior_map, scale = model.prior_mean_, model.prior_map_, model.scale_
    else:
        shift, p = model.params_["item_shift"], model.params_
        prior, prior_map, scale = p["prior_mean"], p["prior_map"], p["log_scale"].exp()
    bias = model.item_bias_ + model.spread_ * shift[:, -1]
    vectors = model.item_vectors_ + shift[:, :-1]
    return [t.cpu().numpy() for t in (bias, vectors, prior, prior_map, scale)]


@pytest.mark.parametrize("kind", ["head", "pca"])
def test_the_posterior_is_the_brute_force_solve_of_each_user(model, kind):
    """Ratings in units of the spread, r = b_i + s (x_i . w + e), e ~ N(0, noise^2 + v_i): each rating has its own noise."""
    model = changed(model) if kind == "head" else ProbabilisticPCA(steps=10).fit(WORLD)
    tasks = make_tasks(WORLD, k=12, query=7, seed=1)
    tasks = TaskBatch(tasks.support.first(torch.arange(len(tasks)) % 13), tasks.query)
    bias, vectors, prior, prior_map, scale = head_of(model)
    state = model.adapt(tasks.support)
    found, told = model.score(state, tasks.query), model.score_std(state, tasks.query)
    noise, spread, variance = float(model.noise_), WORLD.values.std(), model.item_variance_.cpu().numpy()
    for b in range(len(tasks)):
        g = int(model.fold_[tasks.users[b]])
        precision, mean = np.diag(scale**-2.0), prior + model.user_features_[tasks.users[b]].cpu().numpy() @ prior_map
        right = precision @ mean
        for i, r, there in zip(
            *(getattr(tasks.support, n)[b].tolist() for n in ("items", "values", "mask")), strict=True
        ):
            if there:
                x = np.append(vectors[g, i], 1.0)
                precision = precision + np.outer(x, x) / (noise**2 + variance[g, i])
                right = right + x * (r - bias[g, i]) / spread / (noise**2 + variance[g, i])
        mean, covariance = np.linalg.solve(precision, right), np.linalg.inv(precision)
        for n, i in enumerate(tasks.query.items[b].tolist()):
            x = np.append(vectors[g, i], 1.0)
            std = spread * np.sqrt(noise**2 + variance[g, i] + x @ covariance @ x)
            assert float(found[b, n]) == pytest.approx(bias[g, i] + spread * (x @ mean), abs=1e-9)
            assert float(told[b, n]) == pytest.approx(std, abs=1e-9)
    assert (variance[:-1].max() > 3 * variance[:-1].min()) and tasks.support.counts.max() > 9  # both sizes of the solve


def test_an_uncertain_item_says_less_and_is_said_to_be_uncertain(model):
    """The more is not known of a rated item, the less its rating moves a user; of a query item, the wider the spread."""
    twin = copy.deepcopy(model)
    twin.item_variance_ = model.item_variance_ + 100.0
    tasks = make_tasks(WORLD, k=5, query=7, seed=1)
    moved = [(score_tasks(m, tasks) - score_tasks(m, tasks.first(0))).abs().mean() for m in (model, twin)]
    assert moved[1] < 0.05 * moved[0]
    prior = model.adapt(tasks.first(0).support)
    one, two = (m.score_std(prior, tasks.query) ** 2 for m in (model, twin))
    torch.testing.assert_close(two - one, torch.full_like(one, 100 * model.spread_**2), rtol=0, atol=1e-8)


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


@pytest.mark.parametrize("kind", [MetaLearningModel, ProbabilisticPCA])
def test_the_stated_uncertainty_is_that_of_real_ratings_of_rare_films_too(kind):
    """Mean squared z by how often a film was rated. Items whose vectors are taken for certain give 1.26 and 2.2."""
    train, test = load_data()
    fitted = kind().fit(train)
    users, owner = np.unique(test.user_codes, return_inverse=True)
    ids, counts = test.users["user_id"].to_numpy()[users], np.bincount(train.item_codes, minlength=train.n_items)
    query = pad_ratings(owner, test.item_codes, test.values, users)
    with torch.no_grad():
        state = fitted.adapt(fitted.ratings_of(ids))
        z = (query.values - fitted.score(state, query)) / fitted.score_std(state, query)
    squares, rated = (z**2)[query.mask].cpu().numpy(), counts[query.items[query.mask].cpu().numpy()]
    few, none = (rated >= 5) & (rated < 20), rated == 0
    assert few.sum() > 700 and none.sum() > 20
    assert 0.9 < squares[few].mean() < 1.15 and squares[none].mean() < 1.6 and 0.95 < squares.mean() < 1.05


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


def test_the_threshold_is_set_on_target_ratings_that_the_twin_did_not_see(monkeypatch):
    seen, learned = [], []
    original = MetaLearningModel._learn

    def learn(self, data, **options):
        learned.append((data, options))
        return original(self, data, **options)

    monkeypatch.setattr(MetaLearningModel, "_learn", learn)
    monkeypatch.setattr(MetaLearningModel, "_best_threshold", lambda self, held: seen.append(held) or 3.3)
    for ratings in ({"X": SOURCE, "X_target": TARGET}, {"X": WORLD}):
        model = MetaLearningModel(epochs=1).fit(**ratings)
        assert not seen and len(learned) == 1  # one learning, until the threshold is asked for
        assert model.threshold_ == model.threshold_ == 3.3 and len(learned) == 2
        (everything, _), (rest, options) = learned
        assert len(rest) + len(seen[0]) == len(everything) == len(WORLD)
        pairs = [set(zip(part.user_codes, part.item_codes, strict=True)) for part in (rest, seen[0])]
        assert not pairs[0] & pairs[1]
        if "target" in options:
            assert set(seen[0].item_codes % 2) == {1} and 0.07 < len(seen[0]) / len(TARGET) < 0.13
            assert options["target"].sum() == len(TARGET) - len(seen[0])
        else:
            assert set(seen[0].item_codes % 2) == {0, 1} and len(seen[0]) == held_out(WORLD, 0).sum()
        seen.clear(), learned.clear()


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
        ((TARGET.subset(np.zeros(len(TARGET), dtype=bool)), None), "fit: X_target: got no ratings"),
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
    items = model.linear(tasks.query)
    assert items.x.shape[2] == model.item_vectors_.shape[2] + 2
    slope = (items.bias - float(model.item_bias_[-1].mean())) / WORLD.values.std()
    torch.testing.assert_close(items.x[..., -2], slope, rtol=0, atol=1e-12)
    state = model.adapt(tasks.support)
    expected = items.bias + WORLD.values.std() * (items.x * state.mean.unsqueeze(1)).sum(2)
    torch.testing.assert_close(model.score(state, tasks.query), expected, rtol=0, atol=1e-12)
    model.save(tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert again.predict(1, [1, 2, 3]).equals(model.predict(1, [1, 2, 3]))
    model.fit(WORLD)
    assert model.linear(tasks.query).x.shape[2] == items.x.shape[2] - 1  # afresh, without it
