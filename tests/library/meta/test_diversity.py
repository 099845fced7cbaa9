"""Task embeddings against autograd, measures of diversity against loops, k-DPPs against all sets, linear tasks."""

from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from metarec_lib import (
    MAML,
    BaselineRecommender,
    LinearTasks,
    MetaLearningModel,
    MixturePrior,
    ProbabilisticPCA,
    diversity,
    dpp_sample,
    make_tasks,
    make_world,
    moment_subspace,
    subspace_errors,
    task_embedding,
)
from metarec_lib.meta.dpp import elementary
from metarec_lib.meta.networks import forward

DATA = make_world(n_users=40, n_items=15, ratings_per_user=8, seed=5).interactions
SUPPORT = make_tasks(DATA, k=5).support.first(torch.tensor([0, 1, 3, 5] * 10))


def embeddings(seed=0, n=12, p=4):
    z = torch.as_tensor(np.random.default_rng(seed).normal(size=(n, p)))
    return z / z.norm(dim=1, keepdim=True)


@pytest.mark.parametrize(
    "model", [MetaLearningModel(epochs=1), ProbabilisticPCA(steps=5), MixturePrior(steps=5, rounds=3)]
)
def test_embedding_of_a_linear_head_is_the_gradient_at_its_prior(model):
    model.fit(DATA)
    found = task_embedding(model, SUPPORT)
    for row in range(0, 12):
        k = int(SUPPORT.counts[row])
        if k == 0:
            assert not found[row].any()
            continue
        one = SUPPORT.select(slice(row, row + 1)).first(k)
        prior, scale = model.prior_of(one.users)
        move = torch.zeros_like(prior, requires_grad=True)
        items = model.linear(one)
        scores = (items.x @ (prior + scale * move).unsqueeze(2)).squeeze(2)
        loss = (((one.values - items.bias) / model.spread_ - scores) ** 2).mean()
        (gradient,) = torch.autograd.grad(loss, move)
        torch.testing.assert_close(found[row], (gradient / gradient.norm())[0].detach(), rtol=1e-8, atol=1e-10)


def test_embedding_of_maml_is_the_gradient_of_its_initial_weights():
    model = MAML(epochs=1, hidden=3).fit(DATA)
    found = task_embedding(model, SUPPORT)
    weights = {name: value.detach().clone().requires_grad_() for name, value in model._weights().items()}
    for row in (1, 2, 3):
        one = SUPPORT.select(slice(row, row + 1)).first(int(SUPPORT.counts[row]))
        bias, x = model.inputs(one)
        loss = ((forward(weights, x) - (one.values - bias).detach() / model.spread_) ** 2).mean()
        parts = torch.autograd.grad(loss, [weights[name] for name in sorted(weights)])
        gradient = torch.cat([part.flatten() for part in parts])
        torch.testing.assert_close(found[row], gradient / gradient.norm(), rtol=1e-8, atol=1e-10)


def test_embedding_of_a_model_without_initialisation_is_refused():
    with pytest.raises(ValueError, match="BaselineRecommender, expected a linear head"):
        task_embedding(BaselineRecommender().fit(DATA), SUPPORT)


def test_measures_agree_with_loops():
    z = embeddings()
    pairs = [float(z[i] @ z[j]) for i, j in combinations(range(12), 2)]
    assert diversity(z) == pytest.approx(1 - np.mean(pairs))
    assert diversity(3 * z) == pytest.approx(diversity(z)), "only directions count"
    assert diversity(z, "logdet") == pytest.approx(np.linalg.slogdet(np.eye(12) + (z @ z.T).numpy())[1])
    singular = np.linalg.svd(z.numpy(), compute_uv=False)
    assert diversity(z, "eigenvalue") == pytest.approx(singular[-1] ** 2 / 12)
    assert diversity(torch.cat([z, torch.zeros(3, 4, dtype=z.dtype)])) == pytest.approx(diversity(z))


def test_measures_know_equal_tasks_and_missing_directions():
    same, axes = torch.ones(5, 3, dtype=torch.float64), torch.eye(3, dtype=torch.float64)
    assert diversity(same) == pytest.approx(0) and diversity(axes) == pytest.approx(1)
    assert diversity(axes[:2], "eigenvalue") == 0 and diversity(axes, "eigenvalue") == pytest.approx(1 / 3)
    for bad, words in ((dict(measure="spread"), "one of pairwise"), (dict(), "2 or more")):
        with pytest.raises(ValueError, match=words):
            diversity(axes[:1], **bad)
    with pytest.raises(ValueError, match="a row a task"):
        diversity(axes[0])


# -- determinantal point processes ---------------------------------------------------------------------------------------
def test_sets_come_as_often_as_their_determinants_say():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(6, 4))
    kernel = z @ z.T + 0.1 * np.eye(6)
    sets = list(combinations(range(6), 3))
    volume = np.array([np.linalg.det(kernel[np.ix_(s, s)]) for s in sets])
    assert volume.sum() == pytest.approx(elementary(np.linalg.eigvalsh(kernel), 3)[3, 6])
    drawn = [tuple(map(int, dpp_sample(kernel, 3, rng))) for _ in range(6000)]
    counts = np.array([drawn.count(s) for s in sets])
    assert counts.sum() == 6000
    assert chisquare(counts, 6000 * volume / volume.sum()).pvalue > 0.001


def test_equal_things_never_come_together_and_the_identity_is_a_uniform_draw():
    rng = np.random.default_rng(0)
    twins = np.array([[1.0, 0], [1, 0], [0, 1], [0.6, 0.8]])
    assert all(set(dpp_sample(twins @ twins.T, 2, rng)) != {0, 1} for _ in range(200))
    uniform = np.bincount(np.concatenate([dpp_sample(np.eye(8), 3, rng) for _ in range(2000)]), minlength=8)
    assert chisquare(uniform).pvalue > 0.001
    assert list(dpp_sample(np.eye(5), 5, rng)) == [0, 1, 2, 3, 4]


def test_large_sets_stay_finite():
    z = embeddings(n=400, p=9).numpy()
    chosen = dpp_sample(z @ z.T + 0.1 * np.eye(400), 48, np.random.default_rng(0))
    assert len(set(chosen)) == 48


@pytest.mark.parametrize(
    ("kernel", "k", "words"),
    [
        (np.ones((4, 4)), 2, "rank 1"),
        (np.eye(3), 4, "k=4"),
        (np.eye(3), 0, "k=0"),
        (np.ones((2, 3)), 1, "symmetric"),
        (np.array([[1.0, 2], [0, 1]]), 1, "symmetric"),
        (-np.eye(3), 1, "below zero"),
    ],
)
def test_a_kernel_that_is_none_is_refused(kernel, k, words):
    with pytest.raises(ValueError, match=words):
        dpp_sample(kernel, k, np.random.default_rng(0))


# -- linear tasks --------------------------------------------------------------------------------------------------------
def test_linear_tasks_lie_in_their_directions():
    world, rng = LinearTasks(dimension=6, noise=0.0, seed=2), np.random.default_rng(1)
    x, y, w = world.draw(50, 7, 2, rng)
    np.testing.assert_allclose(world.basis.T @ world.basis, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), 1)
    np.testing.assert_allclose(w @ world.basis[:, 2:], 0, atol=1e-12)
    np.testing.assert_allclose(y[3, 4], x[3, 4] @ w[3])
    with pytest.raises(ValueError, match="at most 6 directions"):
        world.draw(5, 5, 7, rng)


def test_the_moment_is_that_of_the_formula_and_finds_the_subspace():
    world, rng = LinearTasks(dimension=5, noise=0.3, seed=2), np.random.default_rng(1)
    x, y, w = world.draw(40_000, 2, 2, rng)
    moment = sum(float(b) ** 2 * np.outer(a, a) for a, b in zip(x[:3].reshape(-1, 5), y[:3].ravel(), strict=True)) / 6
    vectors = np.linalg.eigh(moment)[1][:, ::-1][:, :2]
    np.testing.assert_allclose(moment_subspace(x[:3], y[:3], 2), vectors)
    found = moment_subspace(x, y, 2)
    overlap = np.linalg.svd(found.T @ world.basis[:, :2], compute_uv=False)
    assert overlap.min() > 0.99
    with pytest.raises(ValueError, match="1 to 5"):
        moment_subspace(x, y, 6)


def test_errors_of_a_subspace_agree_with_ridge_task_by_task():
    from sklearn.linear_model import Ridge

    world, rng = LinearTasks(dimension=6, noise=0.4, seed=0), np.random.default_rng(0)
    x, y, w = world.draw(4, 5, 3, rng)
    subspace = world.basis[:, :3]
    for task, error in enumerate(subspace_errors(subspace, x, y, w, 0.4)):
        ridge = Ridge(alpha=0.4**2 * 3, fit_intercept=False).fit(x[task] @ subspace, y[task])
        assert error == pytest.approx(((subspace @ ridge.coef_ - w[task]) ** 2).sum())
