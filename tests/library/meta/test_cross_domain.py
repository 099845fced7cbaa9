"""EMCDR against its parts: the factor model of each domain, and scikit-learn's ridge regression as the map."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from metarec_lib import EMCDR, ProbabilisticPCA, make_tasks, make_world
from metarec_lib.data.tasks import TaskBatch
from metarec_lib.device import as_tensor

DATA = make_world(n_users=80, n_items=40, ratings_per_user=20, seed=4).interactions
LIGHT = DATA.item_codes < 20
SOURCE, TARGET = DATA.subset(LIGHT), DATA.subset(~LIGHT & (DATA.user_codes < 60))  # the last 20 users are new to it


@pytest.fixture(scope="module")
def model():
    return EMCDR(rank=3, steps=15, decay=2.0, seed=5).fit(SOURCE, X_target=TARGET)


def weights(data, ids):
    own = ProbabilisticPCA(rank=3, steps=15, seed=5).fit(data)
    return own.adapt(own.history_.padded(ids, own.device, own.dtype)).mean.cpu().numpy(), own


def test_the_map_is_ridge_regression_on_standardised_weights(model):
    ids = np.intersect1d(SOURCE.ratings["user_id"], TARGET.ratings["user_id"])
    (x, _), (y, _) = weights(SOURCE, ids), weights(TARGET, ids)
    z = (x - x.mean(0)) / np.maximum(x.std(0), 0.01)
    expected = Ridge(alpha=2.0).fit(z, y).predict(z)
    np.testing.assert_allclose(model.map_users(as_tensor(x)).cpu().numpy(), expected, atol=1e-8)


def test_a_user_new_to_the_target_is_mapped_and_scored_by_the_target(model):
    new = DATA.users["user_id"].to_numpy()[60:]
    x, _ = weights(SOURCE, new)
    mapped = model.map_users(as_tensor(x)).cpu().numpy()
    _, target = weights(TARGET, new)
    tasks = make_tasks(DATA.subset(~LIGHT), new, k=0, pool=0)
    items = target.linear(tasks.query)
    expected = items.bias + target.spread_ * (items.x @ as_tensor(mapped).unsqueeze(2)).squeeze(2)
    support = make_tasks(SOURCE, new, k=40, pool=40).support
    got = model.score(model.adapt(support), tasks.query)
    np.testing.assert_allclose(
        (got * tasks.query.mask).cpu().numpy(), (expected * tasks.query.mask).cpu().numpy(), atol=1e-8
    )


def test_who_has_target_ratings_is_solved_from_these_alone(model):
    known = DATA.users["user_id"].to_numpy()[:10]
    target = ProbabilisticPCA(rank=3, steps=15, seed=5).fit(TARGET)
    tasks = make_tasks(TARGET, known, k=3)
    both = TaskBatch(make_tasks(SOURCE, known, k=5).support, tasks.support).together()
    np.testing.assert_allclose(
        model.adapt(both)[1].cpu().numpy(), target.adapt(tasks.support).mean.cpu().numpy(), atol=1e-8
    )


def test_a_mapped_prior_is_bayes_rule_written_out():
    model = EMCDR(rank=3, steps=15, mapped_prior=True).fit(SOURCE, X_target=TARGET)
    user = DATA.users["user_id"].to_numpy()[70:71]
    own = make_tasks(DATA.subset(~LIGHT), user, k=4).support
    both = TaskBatch(make_tasks(SOURCE, user, k=6).support, own).together()
    source, got = model.adapt(both)
    items = model._linear("target", own)
    x, noise = items.x[0].cpu().numpy(), items.variance[0].cpu().numpy()
    y = ((own.values - items.bias) / model.domains_["target/spread"])[0].cpu().numpy()
    inverse = 1 / (model.domains_["target/scale"] ** 2 * model.map_["left"]).cpu().numpy()
    left = x.T @ (x / noise[:, None]) + np.diag(inverse)
    expected = np.linalg.solve(left, x.T @ (y / noise) + inverse * model.map_users(source)[0].cpu().numpy())
    np.testing.assert_allclose(got[0].cpu().numpy(), expected, atol=1e-7)


def test_without_overlapping_users_the_prior_answers():
    source, target = SOURCE.subset(SOURCE.user_codes >= 40), TARGET.subset(TARGET.user_codes < 40)
    model = EMCDR(rank=3, steps=10).fit(source, X_target=target)
    tasks = make_tasks(source, source.users["user_id"].to_numpy()[50:52], k=5)
    state = model.adapt(tasks.support)
    torch.testing.assert_close(state[1], model.prior_of("target", tasks.support.users))


def test_without_a_target_it_is_the_factor_model():
    one, other = EMCDR(rank=3, steps=10).fit(DATA), ProbabilisticPCA(rank=3, steps=10).fit(DATA)
    items = DATA.items["item_id"]
    np.testing.assert_allclose(one.predict(3, items), other.predict(3, items), atol=1e-8)


def test_what_is_refused():
    with pytest.raises(ValueError, match="decay=0"):
        EMCDR(decay=0).fit(SOURCE, X_target=TARGET)
