"""The pooled head: against ridge regressions written out, against the model it contains, and segments by brute force."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from metarec_lib import PooledHead, ProbabilisticPCA, load_data, make_tasks, make_world
from metarec_lib.evaluation.protocols import score_tasks

WORLD = make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions
TRAIN, _ = load_data(WORLD)
FIT = {"steps": 10, "rank": 3}


@pytest.fixture(scope="module")
def tasks():
    return make_tasks(WORLD, k=5, pool=6, seed=1)


def fitted(**how):
    return PooledHead(**FIT, **how).fit(TRAIN)


def test_with_the_profile_it_is_probabilistic_pca(tasks):
    expected = score_tasks(ProbabilisticPCA(**FIT).fit(TRAIN), tasks)
    assert torch.allclose(score_tasks(fitted(pooling="profile"), tasks), expected, atol=1e-10)


@pytest.mark.parametrize("pooling", ["independent", "partial"])
def test_the_weights_are_those_of_a_bayesian_regression(tasks, pooling):
    model = fitted(pooling=pooling, strength=0.4)
    items, state = model.linear(tasks.support), model.adapt(tasks.support)
    shift = (model.user_features_[np.unique(TRAIN.user_codes)] @ model.prior_map_).cpu().numpy()
    m, scale = model.prior_mean_.cpu().numpy() + shift.mean(0), np.sqrt(model.scale_.cpu().numpy() ** 2 + shift.var(0))
    if pooling == "independent":
        scale[:-1] = 0.4
    for b in (0, 9, 31):
        k = int(tasks.support.counts[b])
        x, v = items.x[b, :k].cpu().numpy(), items.variance[b, :k].cpu().numpy()
        y = ((tasks.support.values - items.bias) / model.spread_)[b, :k].cpu().numpy()
        precision = np.diag(scale**-2.0) + x.T @ (x / v[:, None])
        expected = np.linalg.solve(precision, m / scale**2 + x.T @ (y / v))
        assert np.allclose(state.mean[b].cpu(), expected, atol=1e-10)


def test_global_tastes_do_not_move_and_the_bias_does(tasks):
    model = fitted(pooling="global")
    state = model.adapt(tasks.support)
    assert torch.allclose(state.mean[:, :-1], model.mean_user_[:-1].expand(len(tasks), -1), atol=1e-5)
    assert state.mean[:, -1].std() > 0.05


def test_a_segment_is_the_likeliest_one(tasks):
    model = fitted(pooling="clusters", clusters=3)
    items, found = model.linear(tasks.support), model.segment_of(tasks.support)
    assert len(set(found.tolist())) > 1
    for b in range(0, len(tasks), 5):
        k = int(tasks.support.counts[b])
        x, v = items.x[b, :k].cpu().numpy(), items.variance[b, :k].cpu().numpy()
        y = ((tasks.support.values - items.bias) / model.spread_)[b, :k].cpu().numpy()
        covariance = np.diag(v) + model.between_[-1].item() ** 2
        chances = [
            multivariate_normal.logpdf(y, x @ mean.cpu().numpy(), covariance) + np.log(share.item())
            for mean, share in zip(model.cluster_means_, model.cluster_share_, strict=True)
        ]
        assert found[b].item() == int(np.argmax(chances))


def test_without_ratings_the_largest_segment_stands(tasks):
    model = fitted(pooling="clusters", clusters=3)
    assert set(model.segment_of(tasks.first(0).support).tolist()) == {int(model.cluster_share_.argmax())}
    assert model.cluster_share_.sum().item() == pytest.approx(1)


def test_one_segment_is_the_mean_of_the_users(tasks):
    model = fitted(pooling="clusters", clusters=1)
    assert model.cluster_means_.shape == (1, 4) and set(model.segment_of(tasks.support).tolist()) == {0}


def test_ranges_are_checked():
    with pytest.raises(ValueError, match="pooling='none', expected one of 'global'"):
        PooledHead(pooling="none").fit(TRAIN)
    with pytest.raises(ValueError, match="clusters=0"):
        PooledHead(clusters=0).fit(TRAIN)
