"""Attention over the support, against a loop over users and items, and against the solve that it rewrites."""

import numpy as np
import pytest
import torch

from metarec_lib import ProbabilisticPCA, SupportAttention, load_data, make_tasks, make_world
from metarec_lib.evaluation.protocols import score_tasks

WORLD = make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions
TRAIN, _ = load_data(WORLD)
FIT = {"steps": 10, "rank": 3}


@pytest.fixture(scope="module")
def tasks():
    return make_tasks(WORLD, k=5, pool=6, seed=1)


@pytest.fixture(scope="module")
def model():
    return SupportAttention(**FIT).fit(TRAIN)


def test_ridge_weights_are_probabilistic_pca(model, tasks):
    expected = score_tasks(ProbabilisticPCA(**FIT).fit(TRAIN), tasks)
    found = score_tasks(model.set_params(weights="ridge", pseudo_count=0, nonnegative=False), tasks)
    assert torch.allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize("weights", ["softmax", "uniform"])
def test_a_loop_over_users_and_items_gives_the_same(model, tasks, weights):
    model.set_params(weights=weights, temperature=0.3, pseudo_count=2.0, nonnegative=False)
    scale = model.scale_.cpu().numpy()
    support, query = model.linear(tasks.support), model.linear(tasks.query)
    found = score_tasks(model, tasks)
    for b in range(0, len(tasks), 7):
        prior = model.prior_of(tasks.users[b : b + 1])[0][0].cpu().numpy()
        k = int(tasks.support.counts[b])
        x, bias = support.x[b, :k].cpu().numpy(), support.bias[b, :k].cpu().numpy()
        residual = (tasks.support.values[b, :k].cpu().numpy() - bias) / model.spread_ - x @ prior
        for q in range(int(tasks.query.counts[b])):
            z = query.x[b, q].cpu().numpy()
            similarity = np.array([np.sum(z * scale**2 * row) for row in x])
            raw = np.exp(similarity / 0.3) if weights == "softmax" else np.ones(k)
            read = (raw / raw.sum() * k / (k + 2)) @ residual
            expected = query.bias[b, q].item() + model.spread_ * (z @ prior + read)
            assert found[b, q].item() == pytest.approx(expected, abs=1e-10)


def test_negative_weights_are_cut_off(model, tasks):
    state = model.adapt(tasks.support)
    items = model.linear(tasks.query)
    free = model.set_params(weights="ridge", pseudo_count=0, nonnegative=False).attention_weights(state, items)
    cut = model.set_params(nonnegative=True).attention_weights(state, items)
    assert (free < 0).any() and torch.equal(cut, free.clamp(min=0))


@pytest.mark.parametrize("weights", ["softmax", "uniform", "ridge"])
def test_without_a_rating_the_prior_stands(model, tasks, weights):
    empty = tasks.first(0)
    prior = score_tasks(ProbabilisticPCA(**FIT).fit(TRAIN), empty)
    assert torch.allclose(score_tasks(model.set_params(weights=weights, pseudo_count=1.0), empty), prior, atol=1e-10)


def test_ranges_are_checked():
    with pytest.raises(ValueError, match="weights='cosine', expected one of"):
        SupportAttention(weights="cosine").fit(TRAIN)
    with pytest.raises(ValueError, match="temperature=0"):
        SupportAttention(temperature=0).fit(TRAIN)
