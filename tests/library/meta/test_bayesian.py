"""The models whose user state is a posterior: against scikit-learn, SciPy and plain solves."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct
from sklearn.mixture import GaussianMixture

from metarec_lib import (
    Interactions,
    ItemGaussianProcess,
    MetaLearningModel,
    MixturePrior,
    ProbabilisticPCA,
    load_data,
    make_tasks,
    make_world,
)
from metarec_lib.data.tasks import TaskBatch
from metarec_lib.evaluation.protocols import score_tasks
from metarec_lib.meta.mixture import Moments, component_posterior

DATA = make_world(n_users=120, n_items=40, ratings_per_user=20, seed=2).interactions
TASKS = make_tasks(DATA, k=5, query=6, seed=0)


def ragged(counts=(0, 1, 3, 5, 2)):
    few = TASKS.select(slice(0, 5))
    return TaskBatch(few.support.first(torch.tensor(counts)), few.query)


def error(scores, query):
    return float((((scores - query.values) * query.mask) ** 2).sum() / query.mask.sum()) ** 0.5


# -- probabilistic PCA ------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def pca():
    return ProbabilisticPCA(rank=4, steps=20).fit(DATA)


def test_pca_is_the_conditional_of_a_joint_normal(pca):
    """Support and query ratings of a user are jointly normal; conditioning needs no weights at all."""
    tasks = ragged()
    scores = score_tasks(pca, tasks)
    state = pca.adapt(tasks.support)
    std = pca._score_std(state, tasks.query)
    for b in range(5):
        s, q = (p.items[b][p.mask[b]] for p in (tasks.support, tasks.query))
        items = torch.cat([s, q])
        table = pca.fold_[tasks.users[b]]
        x = torch.cat([pca.item_vectors_[table, items], torch.ones(len(items), 1)], dim=1)
        prior = pca.prior_mean_ + pca.user_features_[tasks.users[b]] @ pca.prior_map_
        mean = pca.item_bias_[table, items] + x @ prior
        joint = x @ torch.diag(pca.scale_**2) @ x.T + pca.noise_**2 * torch.eye(len(items), dtype=torch.float64)
        k = len(s)
        gain = joint[k:, :k] @ torch.linalg.inv(joint[:k, :k])
        expected = mean[k:] + gain @ (tasks.support.values[b][tasks.support.mask[b]] - mean[:k])
        spread = (joint[k:, k:] - gain @ joint[:k, k:]).diagonal().sqrt()
        torch.testing.assert_close(scores[b, : len(q)], expected, rtol=0, atol=1e-10)
        torch.testing.assert_close(std[b, : len(q)], spread, rtol=0, atol=1e-10)


def test_pca_is_where_the_closed_form_head_starts():
    head = MetaLearningModel()
    head._start(DATA)
    plain = ProbabilisticPCA()
    plain._learn(DATA)
    torch.testing.assert_close(score_tasks(plain, TASKS), score_tasks(head, TASKS), rtol=0, atol=1e-12)


def test_pca_has_the_covariance_of_scikit_learns_on_complete_ratings():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(800, 2)) @ rng.normal(size=(2, 12)) + rng.normal(size=12) + rng.normal(0, 0.5, (800, 12))
    frame = pd.DataFrame({"user_id": np.repeat(np.arange(800), 12), "item_id": np.tile(np.arange(12), 800)})
    data = Interactions.from_frame(frame.assign(rating=y.ravel()), scale=(-20, 20))
    model = ProbabilisticPCA(rank=2)
    model._learn(data)
    x = np.column_stack([model.item_vectors_[-1, :-1], np.ones(12)])
    covariance = x @ np.diag(model.scale_**2) @ x.T + float(model.noise_**2) * np.eye(12)
    np.testing.assert_allclose(covariance, PCA(n_components=2).fit(y).get_covariance(), atol=0.15)
    assert float(model.noise_) == pytest.approx(0.5, abs=0.02)


# -- the Gaussian process ---------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def process():
    return ItemGaussianProcess(epochs=2).fit(DATA)


def changed(model, **logs):
    """The model with other hyperparameters."""
    again = ItemGaussianProcess()
    again.__dict__ |= model.__dict__
    again.params_ = model.params_ | {name: torch.full_like(model.params_[name], value) for name, value in logs.items()}
    return again


@pytest.mark.parametrize("part", ["factors", "features"])
def test_the_process_is_scikit_learns(process, part):
    model = changed(process, **({"log_t": -40.0} if part == "factors" else {"log_scale": -40.0}))
    tasks, scale = ragged(), model.params_["log_scale"].exp()
    state = model.adapt(tasks.support)
    scores, std = model.score(state, tasks.query), model._score_std(state, tasks.query)
    t, length = (float(model.params_[n].exp()) for n in ("log_t", "log_length"))
    kernel = (
        DotProduct(0, sigma_0_bounds="fixed")
        if part == "factors"
        else ConstantKernel(t**2, "fixed") * RBF(length, "fixed")
    )
    for b in range(1, 5):
        s, q = (model._points(p.select(slice(b, b + 1))) for p in (tasks.support, tasks.query))
        known, asked = ((p.x[0] * scale if part == "factors" else p.f[0]).numpy() for p in (s, q))
        k = int(tasks.support.counts[b])
        noise = model._noise(tasks.support)[b, :k].numpy()
        reference = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None)
        reference.fit(known[:k], (tasks.support.values[b] - s.mean[0]).numpy()[:k])
        m, sd = reference.predict(asked, return_std=True)
        np.testing.assert_allclose(scores[b], q.mean[0].numpy() + m, atol=1e-9)
        np.testing.assert_allclose(std[b] ** 2, sd**2 + model._noise(tasks.query)[b].numpy(), atol=1e-9)
        one = TaskBatch(tasks.support.select(slice(b, b + 1)).first(k), tasks.query.select(slice(b, b + 1)).first(0))
        assert float(model.meta_loss(one)) == pytest.approx(-reference.log_marginal_likelihood_value_ / k, abs=1e-9)


def test_the_process_is_a_plain_solve_of_each_user(process):
    tasks = ragged()
    scores = score_tasks(process, tasks)
    for b in range(5):
        s, q = (process._points(p.select(slice(b, b + 1))) for p in (tasks.support, tasks.query))
        k = int(tasks.support.counts[b])
        inner, outer = (process.kernel(p, s)[0, :, :k].numpy() for p in (s, q))
        inner = inner[:k] + np.diag(process._noise(tasks.support)[b, :k].numpy())
        residual = (tasks.support.values[b] - s.mean[0]).numpy()[:k]
        expected = q.mean[0].numpy() + outer @ np.linalg.solve(inner, residual)
        np.testing.assert_allclose(scores[b], expected, atol=1e-10)


def test_without_features_the_process_is_the_closed_form_head(process):
    dual, head = changed(process, log_t=-40.0, log_h=-60.0), MetaLearningModel()
    head.__dict__ |= {name: value for name, value in process.__dict__.items() if name.endswith("_")}
    head.params_ = dual.params_
    torch.testing.assert_close(score_tasks(dual, TASKS), score_tasks(head, TASKS), rtol=0, atol=1e-10)
    std = [m._score_std(m.adapt(TASKS.support), TASKS.query) for m in (dual, head)]
    torch.testing.assert_close(*std, rtol=0, atol=1e-10)


# -- the mixture ------------------------------------------------------------------------------------------------------
def test_component_posteriors_are_plain_solves_and_evidence_is_scipys():
    rng = np.random.default_rng(0)
    x, y, noise = rng.normal(size=(3, 6, 4)), rng.normal(size=(3, 6)), 0.7
    x[2], y[2] = 0, 0
    count = np.array([6, 6, 0])
    prior, root = rng.normal(size=(3, 2, 4)), rng.normal(size=(2, 4, 4))
    covariance = root @ root.transpose(0, 2, 1) + np.eye(4)
    t = torch.as_tensor
    moments = Moments(t(count), t(x.transpose(0, 2, 1) @ x), t(np.einsum("ukd,uk->ud", x, y)), t((y**2).sum(1)))
    mean, spread, evidence = component_posterior(moments, t(prior), t(covariance), t(np.array(noise)))
    for u in range(2):
        for c in range(2):
            joint = x[u] @ covariance[c] @ x[u].T + noise**2 * np.eye(6)
            told = multivariate_normal(x[u] @ prior[u, c], joint).logpdf(y[u])
            gain = covariance[c] @ x[u].T @ np.linalg.inv(joint)
            np.testing.assert_allclose(evidence[u, c], told, atol=1e-10)
            np.testing.assert_allclose(mean[u, c], prior[u, c] + gain @ (y[u] - x[u] @ prior[u, c]), atol=1e-10)
            np.testing.assert_allclose(spread[u, c], covariance[c] - gain @ x[u] @ covariance[c], atol=1e-10)
    np.testing.assert_allclose(mean[2], prior[2], atol=1e-12)  # nothing is known: the prior, and no evidence
    np.testing.assert_allclose(evidence[2], 0, atol=1e-12)


def test_expectation_maximisation_is_scikit_learns_where_every_weight_is_seen():
    rng = np.random.default_rng(1)
    w = np.concatenate([rng.normal((2, 0), 0.6, (150, 2)), rng.normal((-1, 1), 0.9, (100, 2))])
    model = MixturePrior(weight=1e-12)
    model.noise_ = torch.tensor(1e-4, dtype=torch.float64)
    start = np.array([[1.0, 0.0], [-1.0, 0.0]])
    model.share_, model.means_ = torch.tensor([0.5, 0.5]).double(), torch.as_tensor(start)
    model.covariances_ = torch.eye(2, dtype=torch.float64).expand(2, 2, 2)
    seen = torch.as_tensor(w)
    moments = Moments(torch.full((250,), 2), torch.eye(2).double().expand(250, 2, 2), seen, (seen**2).sum(1))
    for _ in range(60):
        model._em_step(moments, torch.zeros_like(seen), torch.eye(2, dtype=torch.float64))
    identity = np.stack([np.eye(2)] * 2)
    sk = GaussianMixture(2, weights_init=[0.5, 0.5], means_init=start, precisions_init=identity, max_iter=500, tol=1e-9)
    sk.fit(w)
    np.testing.assert_allclose(model.share_, sk.weights_, atol=1e-4)
    np.testing.assert_allclose(model.means_, sk.means_, atol=1e-3)
    np.testing.assert_allclose(model.covariances_, sk.covariances_, atol=1e-3)


def two_kinds(n_users=300, n_items=40, seed=0):
    """Users who like one half of the items and not the other, or the other way round; ratings in [1, 5]."""
    rng = np.random.default_rng(seed)
    side, kind = np.where(np.arange(n_items) % 2, 1.0, -1.0), rng.choice([-1.0, 1.0], n_users)
    rating = np.clip(3 + np.outer(kind, side) + rng.normal(0, 0.8, (n_users, n_items)), 1, 5)
    user, item = np.nonzero(rng.random((n_users, n_items)) < 0.5)
    return Interactions.from_frame(pd.DataFrame({"user_id": user, "item_id": item, "rating": rating[user, item]}))


def test_users_of_two_kinds_are_told_apart_by_a_few_ratings():
    data = two_kinds()
    train = data.subset(data.user_codes < 200)
    tasks = make_tasks(data, np.arange(200, 300), k=3, seed=0)
    one, two = (m(rank=2, steps=20).fit(train) for m in (ProbabilisticPCA, MixturePrior))
    assert error(score_tasks(two, tasks), tasks.query) < 0.97 * error(score_tasks(one, tasks), tasks.query)
    state = two.adapt(tasks.support)
    torch.testing.assert_close(state.responsibility.sum(1), torch.ones(100, dtype=torch.float64))
    assert (state.responsibility.max(1).values > 0.9).double().mean() > 0.7
    torch.testing.assert_close(two.share_, torch.tensor([0.5, 0.5]).double(), rtol=0, atol=0.1)


def test_components_are_at_most_the_users_and_the_share_stays_a_share():
    data = two_kinds(n_users=3)
    model = MixturePrior(components=8, rank=2, steps=3).fit(data)
    assert len(model.share_) == 3 and float(model.share_.sum()) == pytest.approx(1, abs=1e-5)
    assert torch.isfinite(model.means_).all()


# -- all three --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", [ProbabilisticPCA, MixturePrior])
def test_bad_settings_are_refused(model):
    for bad in ({"rank": 0}, {"steps": 0}):
        with pytest.raises(ValueError, match=f"{model.__name__}: got rank"):
            model(**bad)
    for bad in ({"components": 0}, {"rounds": 0}, {"weight": 0}):
        with pytest.raises(ValueError, match="MixturePrior: got components"):
            MixturePrior(**bad)


@pytest.mark.parametrize("model", [ProbabilisticPCA(steps=20), ItemGaussianProcess(epochs=1), MixturePrior(steps=20)])
def test_the_error_on_real_ratings_lies_where_it_should(model):
    train, test = load_data("ml-100k")
    assert 0.87 < model.fit(train).evaluate(test, metric="rmse") < 0.90
