"""Training against attacked supports: the attack against autograd, the loss by hand, the three schedules."""

import numpy as np
import pytest
import torch

from metarec_lib import AdaptiveAdversarialMetaLearningModel as Model
from metarec_lib import MetaLearningModel, make_tasks, make_world
from metarec_lib.data.tasks import TaskBatch
from metarec_lib.meta.base import squared_error

WORLD = make_world(n_users=60, n_items=30, ratings_per_user=14, seed=3).interactions


@pytest.fixture(scope="module")
def tasks():
    found = make_tasks(WORLD, k=4, pool=4, seed=1)
    found = found.select(found.query.counts > 0)
    return TaskBatch(found.support.first(torch.arange(len(found)) % 5), found.query)


def test_the_attack_follows_autograds_sign(tasks):
    model = Model(epochs=2).fit(WORLD)
    values = tasks.support.values.clone().requires_grad_()
    support = type(tasks.support)(tasks.users, tasks.support.items, values, tasks.support.mask)
    loss = squared_error(model.score(model.adapt(support), tasks.query), tasks.query)
    (gradient,) = torch.autograd.grad(loss, values)
    expected = (tasks.support.values + 0.3 * model.spread_ * gradient.sign()).clamp(1, 5) * tasks.support.mask
    assert torch.allclose(model.attacked(tasks, 0.3).support.values, expected)
    assert loss <= squared_error(
        model.score(model.adapt(model.attacked(tasks, 0.05).support), tasks.query), tasks.query
    )


def test_the_loss_is_clean_plus_weight_times_what_the_attack_adds(tasks):
    model = Model(epochs=2, epsilon=0.4, weight=0.7).fit(WORLD)
    clean, attacked = (model._error_of(t) for t in (tasks, model.attacked(tasks, 0.4)))
    assert torch.allclose(model.meta_loss(tasks), 0.3 * clean + 0.7 * attacked)
    assert attacked > clean


@pytest.mark.parametrize("nothing", [{"epsilon": 0.0}, {"weight": 0.0}])
def test_without_strength_or_weight_it_is_the_plain_model(nothing):
    plain = MetaLearningModel(epochs=2, lr=3e-3, seed=1).fit(WORLD)
    model = Model(epochs=2, seed=1, **nothing).fit(WORLD)
    assert all(torch.equal(plain.params_[name], model.params_[name]) for name in plain.params_)


def test_schedules():
    fixed, scheduled, led = (
        Model(schedule=s, epsilon=0.8, epochs=5).fit(WORLD) for s in ("fixed", "scheduled", "loss")
    )
    assert set(fixed.strengths_) == {0.8}
    steps = np.unique(np.round(scheduled.strengths_, 6))
    assert np.allclose(steps, [0.2, 0.4, 0.6, 0.8])  # in the first epoch nothing is attacked
    ratios = np.array(led.strengths_[1:]) / np.array(led.strengths_[:-1])
    assert np.isclose(led.strengths_[0], 0.08) and max(led.strengths_) <= 0.8
    assert all(np.isclose(r, (1.2, 1 / 1.2)).any() or led.strengths_[i + 1] == 0.8 for i, r in enumerate(ratios))
    calm = Model(schedule="loss", tolerance=9.0, epochs=5).fit(WORLD)
    anxious = Model(schedule="loss", tolerance=0.0, epochs=5).fit(WORLD)
    assert calm.strengths_[-1] > anxious.strengths_[-1]


def test_training_against_attacks_trusts_ratings_less():
    scales = [Model(epsilon=e, epochs=20).fit(WORLD).params_["log_scale"].exp().mean() for e in (0.0, 1.0)]
    assert scales[1] < scales[0]


@pytest.mark.parametrize("bad", [{"schedule": "love"}, {"epsilon": -1.0}, {"tolerance": -0.1}])
def test_bad_settings_are_told(bad):
    with pytest.raises(ValueError, match="expected"):
        Model(**bad).fit(WORLD)
