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
from metarec_lib.device import as_tensor
from metarec_lib.evaluation.protocols import score_tasks
from metarec_lib.meta.mixture import Moments, component_posterior

DATA = make_world(n_users=120, n_items=40, ratings_per_user=20, seed=2).interactions
TASKS = make_tasks(DATA, k=5, query=6, seed=0)


def scored(model, tasks):
    """Scores of the query, 0 where padded."""
    return torch.where(tasks.query.mask, score_tasks(model, tasks), 0.0)


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
    scores = scored(pca, tasks)
    state = pca.adapt(tasks.support)
    std = pca.score_std(state, tasks.query)
    for b in range(5):
        known, asked = (p.items[b][p.mask[b]] for p in (tasks.support, tasks.query))
        items = torch.cat([known, asked])
        table = pca.fold_[tasks.users[b]]
        x = torch.cat([pca.item_vectors_[table, items], as_tensor(np.ones((len(items), 1)))], dim=1)
        prior = pca.prior_mean_ + pca.user_features_[tasks.users[b]] @ pca.prior_map_
        s = DATA.values.std()
        mean = pca.item_bias_[table, items] + s * x @ prior
        own = (
            pca.noise_**2 + pca.item_variance_[table, items]
        )  # of the rating itself, and of what is not known of its item
        joint = s**2 * (x @ torch.diag(pca.scale_**2) @ x.T + torch.diag(own))
        k = len(known)
        gain = joint[k:, :k] @ torch.linalg.inv(joint[:k, :k])
        expected = mean[k:] + gain @ (tasks.support.values[b][tasks.support.mask[b]] - mean[:k])
        spread = (joint[k:, k:] - gain @ joint[:k, k:]).diagonal().sqrt()
        torch.testing.assert_close(scores[b, : len(asked)], expected, rtol=0, atol=1e-10)
        torch.testing.assert_close(std[b, : len(asked)], spread, rtol=0, atol=1e-10)


def test_pca_is_where_the_closed_form_head_starts():
    head = MetaLearningModel()
    head._start(DATA)
    plain = ProbabilisticPCA()
    plain._learn(DATA)
    torch.testing.assert_close(scored(plain, TASKS), scored(head, TASKS), rtol=0, atol=1e-12)
    std = [m.score_std(m.adapt(TASKS.support), TASKS.query) for m in (plain, head)]
    torch.testing.assert_close(*std, rtol=0, atol=1e-12)


def test_pca_has_the_covariance_of_scikit_learns_on_complete_ratings():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(800, 2)) @ rng.normal(size=(2, 12)) + rng.normal(size=12) + rng.normal(0, 0.5, (800, 12))
    frame = pd.DataFrame({"user_id": np.repeat(np.arange(800), 12), "item_id": np.tile(np.arange(12), 800)})
    data = Interactions.from_frame(frame.assign(rating=y.ravel()), scale=(-20, 20))
    model = ProbabilisticPCA(rank=2)
    model._learn(data)
    x = np.column_stack([model.item_vectors_[-1, :-1].cpu(), np.ones(12)])
    covariance = y.var() * (x @ np.diag(model.scale_.cpu() ** 2) @ x.T + float(model.noise_**2) * np.eye(12))
    np.testing.assert_allclose(covariance, PCA(n_components=2).fit(y).get_covariance(), atol=0.15)
    assert float(model.noise_) * y.std() == pytest.approx(0.5, abs=0.02)
    assert float(model.item_variance_[-1, :-1].max()) < 0.02 * float(model.noise_**2)  # 800 ratings say what an item is


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


def noise_of(model, ratings, b):
    """sigma^2 + h v_i of user b's items, in units of the spread squared, 0 where padded or not; (N,)."""
    sigma, h = (float(model.params_[name].exp()) for name in ("log_noise", "log_h"))
    return sigma**2 + h * model.item_variance_[model.fold_[ratings.users[b]], ratings.items[b]].cpu().numpy()


def test_the_mean_is_the_prior_of_the_head(process):
    p, ratings = process.params_, TASKS.support
    for b in (0, 7, 119):
        g = int(process.fold_[ratings.users[b]])
        w = p["prior_mean"] + process.user_features_[ratings.users[b]] @ p["prior_map"]
        for n, i in enumerate(ratings.items[b].tolist()):
            x = torch.cat([process.item_vectors_[g, i] + p["item_shift"][i, :-1], as_tensor([1.0])])
            bias = process.item_bias_[g, i] / process.spread_ + p["item_shift"][i, -1]
            point = process._points(ratings)
            torch.testing.assert_close(point.mean[b, n], bias + x @ w, rtol=0, atol=1e-12)
            torch.testing.assert_close(point.x[b, n], x, rtol=0, atol=0)


@pytest.mark.parametrize("part", ["factors", "features"])
def test_the_process_is_scikit_learns(process, part):
    model = changed(process, **({"log_t": -40.0} if part == "factors" else {"log_scale": -40.0}))
    tasks, scale, spread = ragged(), model.params_["log_scale"].exp(), model.spread_
    state = model.adapt(tasks.support)
    scores, std = model.score(state, tasks.query), model.score_std(state, tasks.query)
    t, length = (float(model.params_[n].exp()) for n in ("log_t", "log_length"))
    kernel = (
        DotProduct(0, sigma_0_bounds="fixed")
        if part == "factors"
        else ConstantKernel(t**2, "fixed") * RBF(length, "fixed")
    )
    for b in range(1, 5):
        s, q = (model._points(p.select(slice(b, b + 1))) for p in (tasks.support, tasks.query))
        known, asked = ((p.x[0] * scale if part == "factors" else p.f[0]).cpu().numpy() for p in (s, q))
        k = int(tasks.support.counts[b])
        noise = noise_of(model, tasks.support, b)[:k]
        reference = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None)
        reference.fit(known[:k], (tasks.support.values[b] / spread - s.mean[0]).cpu().numpy()[:k])
        m, sd = reference.predict(asked, return_std=True)
        np.testing.assert_allclose(scores[b].cpu(), spread * (q.mean[0].cpu().numpy() + m), atol=1e-9)
        np.testing.assert_allclose(std[b].cpu() ** 2, spread**2 * (sd**2 + noise_of(model, tasks.query, b)), atol=1e-9)
        one = TaskBatch(tasks.support.select(slice(b, b + 1)).first(k), tasks.query.select(slice(b, b + 1)).first(0))
        assert float(model.meta_loss(one)) == pytest.approx(-reference.log_marginal_likelihood_value_ / k, abs=1e-9)


def test_the_process_is_a_plain_solve_of_each_user(process):
    tasks = ragged()
    scores = scored(process, tasks)
    for b in range(5):
        s, q = (process._points(p.select(slice(b, b + 1))) for p in (tasks.support, tasks.query))
        k = int(tasks.support.counts[b])
        inner, outer = (process.kernel(p, s)[0, :, :k].cpu().numpy() for p in (s, q))
        inner = inner[:k] + np.diag(noise_of(process, tasks.support, b)[:k])
        residual = (tasks.support.values[b] / process.spread_ - s.mean[0]).cpu().numpy()[:k]
        expected = process.spread_ * (q.mean[0].cpu().numpy() + outer @ np.linalg.solve(inner, residual))
        np.testing.assert_allclose(scores[b].cpu(), expected, atol=1e-10)


def test_without_features_the_process_is_the_closed_form_head(process):
    """With h = 1 and the noise of the head; the variance of each item is in both."""
    dual, head = changed(process, log_t=-40.0, log_h=0.0), MetaLearningModel()
    head.__dict__ |= {name: value for name, value in process.__dict__.items() if name.endswith("_")}
    head.params_, head.noise_ = dual.params_, float(dual.params_["log_noise"].exp())
    torch.testing.assert_close(scored(dual, TASKS), scored(head, TASKS), rtol=0, atol=1e-10)
    std = [m.score_std(m.adapt(TASKS.support), TASKS.query) for m in (dual, head)]
    torch.testing.assert_close(*std, rtol=0, atol=1e-10)


# -- the mixture ------------------------------------------------------------------------------------------------------
def test_component_posteriors_are_plain_solves_and_evidence_is_scipys():
    """Each rating has a noise of its own; in the moments x and y are divided by it."""
    rng = np.random.default_rng(0)
    x, y, noise = rng.normal(size=(3, 6, 4)), rng.normal(size=(3, 6)), rng.uniform(0.4, 1.5, (3, 6))
    x[2], y[2], noise[2] = 0, 0, 1
    count = np.array([6, 6, 0])
    prior, root = rng.normal(size=(3, 2, 4)), rng.normal(size=(2, 4, 4))
    covariance = root @ root.transpose(0, 2, 1) + np.eye(4)
    t, z, v = torch.as_tensor, x / noise[:, :, None], y / noise
    moments = Moments(
        t(count.astype(float)), t(z.transpose(0, 2, 1) @ z), t(np.einsum("ukd,uk->ud", z, v)), t((v**2).sum(1)),
        t(np.log(noise**2).sum(1)),
    )  # fmt: skip
    mean, spread, evidence = component_posterior(moments, t(prior), t(covariance))
    for u in range(2):
        for c in range(2):
            joint = x[u] @ covariance[c] @ x[u].T + np.diag(noise[u] ** 2)
            told = multivariate_normal(x[u] @ prior[u, c], joint).logpdf(y[u])
            gain = covariance[c] @ x[u].T @ np.linalg.inv(joint)
            np.testing.assert_allclose(evidence[u, c], told, atol=1e-10)
            np.testing.assert_allclose(mean[u, c], prior[u, c] + gain @ (y[u] - x[u] @ prior[u, c]), atol=1e-10)
            np.testing.assert_allclose(spread[u, c], covariance[c] - gain @ x[u] @ covariance[c], atol=1e-10)
    np.testing.assert_allclose(mean[2], prior[2], atol=1e-12)  # nothing is known: the prior, and no evidence
    np.testing.assert_allclose(evidence[2], 0, atol=1e-12)


def test_a_users_state_is_bayes_rule_over_the_components():
    """Responsibilities and scores of each user by SciPy's densities and a plain conditional of jointly normal ratings."""
    model, tasks = MixturePrior(rank=3, steps=8, rounds=5).fit(DATA), ragged()
    state, spread = model.adapt(tasks.support), DATA.values.std()
    scores = model.score(state, tasks.query)
    for b in range(5):
        table = model.fold_[tasks.users[b]]
        parts = [p.items[b][p.mask[b]] for p in (tasks.support, tasks.query)]
        x, q = (np.column_stack([model.item_vectors_[table, i].cpu(), np.ones(len(i))]) for i in parts)
        bias, asked = (model.item_bias_[table, i].cpu().numpy() for i in parts)
        noise = np.diag(float(model.noise_**2) + model.item_variance_[table, parts[0]].cpu().numpy())
        y = (tasks.support.values[b][tasks.support.mask[b]].cpu().numpy() - bias) / spread
        weights, means = [], []
        for share, m, covariance in zip(
            model.share_.cpu().numpy(), model.means_.cpu().numpy(), model.covariances_.cpu().numpy(), strict=True
        ):
            m = m + model.user_features_[tasks.users[b]].cpu().numpy() @ model.prior_map_.cpu().numpy()
            joint = x @ covariance @ x.T + noise
            weights.append(share * (multivariate_normal(x @ m, joint).pdf(y) if len(y) else 1.0))
            means.append(q @ (m + covariance @ x.T @ np.linalg.solve(joint, y - x @ m)) if len(y) else q @ m)
        weights = np.array(weights) / np.sum(weights)
        np.testing.assert_allclose(state.responsibility[b].cpu(), weights, atol=1e-10)
        np.testing.assert_allclose(scores[b, : len(q)].cpu(), asked + spread * (weights @ np.array(means)), atol=1e-9)


def test_the_moments_of_training_are_those_of_a_loop_over_ratings():
    model = MixturePrior(rank=3, steps=5, rounds=1).fit(DATA)
    moments, shift = model._training_moments(DATA)
    for row, u in enumerate(np.unique(DATA.user_codes)[:4]):
        gram, right, square, log_var = np.zeros((4, 4)), np.zeros(4), 0.0, 0.0
        for i, r in zip(DATA.item_codes[DATA.user_codes == u], DATA.values[DATA.user_codes == u], strict=True):
            g = int(model.fold_[u])
            x = np.append(model.item_vectors_[g, i].cpu().numpy(), 1.0)
            variance = float(model.noise_**2 + model.item_variance_[g, i])
            y = (r - float(model.item_bias_[g, i])) / DATA.values.std()
            gram, right = gram + np.outer(x, x) / variance, right + x * y / variance
            square, log_var = square + y**2 / variance, log_var + np.log(variance)
        assert float(moments.count[row]) == (DATA.user_codes == u).sum()
        for found, expected in zip((moments.gram, moments.right, moments.square, moments.log_variance),
                                   (gram, right, square, log_var), strict=True):  # fmt: skip
            np.testing.assert_allclose(found[row].cpu(), expected, atol=1e-9)
        torch.testing.assert_close(shift[row], model.user_features_[u] @ model.prior_map_, rtol=0, atol=1e-12)


def test_expectation_maximisation_is_scikit_learns_where_every_weight_is_seen():
    rng = np.random.default_rng(1)
    w = np.concatenate([rng.normal((2, 0), 0.6, (150, 2)), rng.normal((-1, 1), 0.9, (100, 2))])
    model = MixturePrior(weight=1e-12)
    start = np.array([[1.0, 0.0], [-1.0, 0.0]])
    model.share_, model.means_ = torch.tensor([0.5, 0.5]).double(), torch.as_tensor(start)
    model.covariances_ = torch.eye(2, dtype=torch.float64).expand(2, 2, 2)
    seen, noise = torch.as_tensor(w), 1e-4  # each weight is seen once, almost without noise
    moments = Moments(
        torch.full((250,), 2.0).double(), torch.eye(2).double().expand(250, 2, 2) / noise**2, seen / noise**2,
        (seen**2).sum(1) / noise**2, torch.full((250,), 2 * np.log(noise**2)).double(),
    )  # fmt: skip
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
    assert error(scored(two, tasks), tasks.query) < 0.97 * error(scored(one, tasks), tasks.query)
    state = two.adapt(tasks.support)
    torch.testing.assert_close(state.responsibility.sum(1), as_tensor(np.ones(100)))
    assert (state.responsibility.max(1).values > 0.9).double().mean() > 0.7
    torch.testing.assert_close(two.share_, as_tensor([0.5, 0.5]), rtol=0, atol=0.1)


def test_components_are_at_most_the_users_and_the_share_stays_a_share():
    data = two_kinds(n_users=3)
    model = MixturePrior(components=8, rank=2, steps=3).fit(data)
    assert len(model.share_) == 3 and float(model.share_.sum()) == pytest.approx(1, abs=1e-5)
    assert torch.isfinite(model.means_).all()


# -- all three --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", [ProbabilisticPCA, MixturePrior])
def test_bad_settings_are_refused_by_fit(model):
    bad = {"rank": 0, "steps": 2.5}
    bad |= {"components": 0, "rounds": 0, "weight": 0} if model is MixturePrior else {}
    for name, value in bad.items():
        with pytest.raises(ValueError, match=f"{model.__name__}: got {name}={value}, expected a "):
            model(**{name: value}).fit(DATA)


@pytest.mark.parametrize("model", [ProbabilisticPCA(steps=20), ItemGaussianProcess(epochs=1), MixturePrior(steps=20)])
def test_the_error_on_real_ratings_lies_where_it_should(model):
    train, test = load_data("ml-100k")
    assert 0.87 < model.fit(train).evaluate(test, metric="rmse") < 0.90
