"""Decayed and change-point supports against brute force: one user, one rating and one change point at a time."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from metarec_lib import (
    BaselineRecommender,
    ChangePointSupport,
    DecayedSupport,
    ProbabilisticPCA,
    load_movielens,
    make_tasks,
)
from metarec_lib.data.tasks import TaskBatch


@pytest.fixture(scope="module")
def model():
    data = load_movielens("ml-100k")
    return ProbabilisticPCA(rank=3, steps=6).fit(data.subset(data.ratings["user_id"].to_numpy() <= 150))


@pytest.fixture(scope="module")
def tasks():
    data = load_movielens("ml-100k")
    users = data.users["user_id"].to_numpy()[200:206]
    made = make_tasks(data, users, k=9, query=5, seed=1)
    lengths = torch.tensor([9, 4, 1, 0, 9, 2])  # ragged, one of them empty
    return TaskBatch(made.support.first(lengths).pad_to(11), made.query)


def whitened(model, support, row):
    """x (n, D), y (n,), prior (D,), scale (D,) of one user's real ratings, as numpy arrays."""
    keep = support.mask[row].cpu().numpy()
    items, (prior, scale) = model.linear(support), model.prior_of(support.users)
    noise = items.variance[row].cpu().numpy()[keep] ** 0.5
    y = ((support.values - items.bias)[row] / model.spread_).cpu().numpy()[keep]
    return items.x[row].cpu().numpy()[keep] / noise[:, None], y / noise, prior[row].cpu().numpy(), scale.cpu().numpy()


def posterior(x, y, prior, scale, weights=None):
    """Posterior mean of the weights by the normal equations."""
    w = np.diag(np.ones(len(y)) if weights is None else weights)
    precision = np.diag(scale**-2.0)
    return np.linalg.solve(precision + x.T @ w @ x, precision @ prior + x.T @ w @ y)


def begins_by_hand(x, y, prior, scale, change):
    """The posterior of the beginning, from the joint normal density of both parts."""
    n, logs = len(y), []
    for s in range(n):
        chance = 1 - (change if n > 1 else 0) if s == 0 else change / (n - 1)
        parts = [slice(0, s), slice(s, n)]
        log = sum(
            multivariate_normal.logpdf(y[p], x[p] @ prior, x[p] @ np.diag(scale**2) @ x[p].T + np.eye(len(y[p])))
            for p in parts
            if len(y[p])
        )
        logs.append(log + np.log(chance))
    weights = np.exp(np.array(logs) - max(logs))
    return weights / weights.sum()


@pytest.mark.parametrize("half_life", [0.5, 3.0, 40.0])
def test_decayed_ratings_are_ratings_with_more_noise(model, tasks, half_life):
    state = DecayedSupport(model, half_life).adapt(tasks.support)
    for row in range(len(tasks)):
        x, y, prior, scale = whitened(model, tasks.support, row)
        weights = [0.5 ** ((len(y) - 1 - i) / half_life) for i in range(len(y))]
        np.testing.assert_allclose(state.mean[row].cpu(), posterior(x, y, prior, scale, weights), atol=1e-10)


@pytest.mark.parametrize("change", [0.05, 0.5, 0.9])
def test_change_points_agree_with_the_joint_density(model, tasks, change):
    support = ChangePointSupport(model, change)
    state, begins = support.adapt(tasks.support), support.begins(tasks.support)
    for row in range(len(tasks)):
        x, y, prior, scale = whitened(model, tasks.support, row)
        if len(y) == 0:
            assert float(begins[row].sum()) == 0
            np.testing.assert_allclose(state.mean[row].cpu(), prior, atol=1e-12)
            continue
        by_hand = begins_by_hand(x, y, prior, scale, change)
        np.testing.assert_allclose(begins[row][: len(y)].cpu(), by_hand, atol=1e-9)
        assert float(begins[row][len(y) :].abs().sum()) == 0
        mean = sum(p * posterior(x[s:], y[s:], prior, scale) for s, p in enumerate(by_hand))
        np.testing.assert_allclose(state.mean[row].cpu(), mean, atol=1e-9)


def test_nothing_fades_and_nothing_changes_is_the_model_itself(model, tasks):
    plain = model.score(model.adapt(tasks.support), tasks.query)
    for same in (DecayedSupport(model, float("inf")), ChangePointSupport(model, 0.0)):
        torch.testing.assert_close(same.score(same.adapt(tasks.support), tasks.query), plain, atol=1e-10, rtol=0)
    torch.testing.assert_close(
        DecayedSupport(model, float("inf")).score_std(model.adapt(tasks.support), tasks.query),
        model.score_std(model.adapt(tasks.support), tasks.query),
    )


def test_the_gradient_runs_through_both(model, tasks):
    values = tasks.support.values.clone().requires_grad_()
    from dataclasses import replace

    support = replace(tasks.support, values=values)
    for made in (DecayedSupport(model, 3.0), ChangePointSupport(model)):
        (gradient,) = torch.autograd.grad(made.adapt(support).mean.sum(), values)
        assert torch.isfinite(gradient).all() and (gradient != 0)[tasks.support.mask].all()


def test_says_what_is_wrong(model):
    for half_life in (0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="half_life=.*above 0"):
            DecayedSupport(model, half_life)
    for change in (-0.1, 1.1):
        with pytest.raises(ValueError, match="from 0 to 1"):
            ChangePointSupport(model, change)
    with pytest.raises(ValueError, match="got a BaselineRecommender, expected a model with a closed-form head"):
        DecayedSupport(BaselineRecommender())
