"""The worst change of a support against brute force, the Huber head against a general optimiser."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from metarec_lib import (
    MAML,
    HuberHead,
    MetaLearningModel,
    ProbabilisticPCA,
    make_tasks,
    make_world,
    poison_by_trial,
    poison_support,
    support_effect,
)
from metarec_lib.data.tasks import TaskBatch

WORLD = make_world(n_users=40, n_items=30, ratings_per_user=14, seed=3).interactions
SCALE = WORLD.scale


@pytest.fixture(scope="module", params=[MetaLearningModel, ProbabilisticPCA])
def model(request):
    return request.param().fit(WORLD)


@pytest.fixture(scope="module")
def tasks():
    found = make_tasks(WORLD, k=5, pool=5, seed=1)
    found = found.select(found.query.counts > 0)
    return TaskBatch(found.support.first(torch.arange(len(found)) % 6), found.query)  # 0 to 5 ratings


def errors(model, tasks):
    with torch.no_grad():
        wrong = (model.score(model.adapt(tasks.support), tasks.query) - tasks.query.values) ** 2 * tasks.query.mask
    return wrong.sum(1) / tasks.query.counts


def test_the_effect_is_what_adapting_again_gives(model, tasks):
    effect, before = support_effect(model, tasks), model.score(model.adapt(tasks.support), tasks.query)
    for k in range(tasks.support.values.shape[1]):
        moved = tasks.support.values.clone()
        moved[:, k] += 0.7 * tasks.support.mask[:, k]
        after = model.score(model.adapt(replace(tasks.support, values=moved)), tasks.query)
        assert torch.allclose((after - before) * tasks.query.mask, 0.7 * effect[:, :, k], atol=1e-9)


def brute_force(model, tasks, measure):
    """The largest of `measure` over every rating moved to each of 9 places of the scale; the end is among them."""
    best = measure(tasks)
    for k in range(tasks.support.values.shape[1]):
        for value in np.linspace(*SCALE, 9):
            values = tasks.support.values.clone()
            values[:, k] = torch.where(tasks.support.mask[:, k], float(value), values[:, k])
            best = torch.maximum(best, measure(TaskBatch(replace(tasks.support, values=values), tasks.query)))
    return best


def test_the_worst_change_is_that_of_brute_force(model, tasks):
    attacked = poison_support(model, tasks, SCALE)
    found, best = errors(model, attacked), brute_force(model, tasks, lambda t: errors(model, t))
    some = tasks.support.counts > 0
    assert torch.allclose(found[some], best[some], atol=1e-9)
    assert ((attacked.support.values != tasks.support.values).sum(1) <= 1).all()
    assert torch.equal(attacked.support.values[~some], tasks.support.values[~some])


def test_the_largest_shift_is_that_of_brute_force(model, tasks):
    before = model.score(model.adapt(tasks.support), tasks.query)

    def shift(t):
        return ((model.score(model.adapt(t.support), t.query) - before) ** 2 * t.query.mask).sum(1)

    found = shift(poison_support(model, tasks, SCALE, goal="shift"))
    assert torch.allclose(found, brute_force(model, tasks, shift), atol=1e-9)


def test_trying_finds_the_closed_form_on_a_head(model, tasks):
    for changes in (1, 2):
        tried, formula = poison_by_trial(model, tasks, SCALE, changes), poison_support(model, tasks, SCALE, changes)
        assert torch.allclose(errors(model, tried), errors(model, formula), atol=1e-9)


def test_trying_is_brute_force_on_a_huber_head(model, tasks):
    head = HuberHead(model, 0.5)
    found, best = errors(head, poison_by_trial(head, tasks, SCALE)), brute_force(head, tasks, lambda t: errors(head, t))
    assert (found > best - 0.01).all() and (found <= best + 1e-9).all()
    assert (found >= errors(head, poison_support(model, tasks, SCALE)) - 1e-9).all()


def test_several_changes_are_of_different_ratings_and_never_less_harmful(model, tasks):
    one, two, all_ = (poison_support(model, tasks, SCALE, n) for n in (1, 2, 9))
    assert (errors(model, two) >= errors(model, one) - 1e-9)[tasks.support.counts > 2].float().mean() > 0.9
    assert bool((torch.isin(all_.support.values, torch.tensor(SCALE, dtype=torch.float64)) | ~tasks.support.mask).all())


def test_a_random_change_goes_to_the_farther_end_and_is_reproducible(model, tasks):
    a, b = (poison_support(model, tasks, SCALE, goal="random", seed=4).support.values for _ in range(2))
    assert torch.equal(a, b)
    was, now = tasks.support.values[a != tasks.support.values], a[a != tasks.support.values]
    assert ((now - was).abs() >= 2).all()


def test_bad_arguments_are_told(model, tasks):
    for bad in ({"goal": "love"}, {"changes": -1}, {"scale": (5, 1)}):
        with pytest.raises(ValueError, match="expected"):
            poison_support(model, tasks, **{"scale": SCALE, **bad})
    for bad in ({"threshold": 0.0}, {"steps": 0}):
        with pytest.raises(ValueError, match="expected"):
            HuberHead(model, **bad)
    with pytest.raises(ValueError, match="closed-form head"):
        HuberHead(MAML())


@pytest.mark.parametrize("growth", [0.0, 0.5])
def test_the_huber_head_minimises_hubers_loss(model, tasks, growth):
    head = HuberHead(model, 0.6, growth=growth, steps=400)
    mean = head.adapt(tasks.support).mean.detach().cpu().numpy()
    items, (prior, scale) = model.linear(tasks.support), model.prior_of(tasks.users)
    for b in (2, 3, 4, 5, 11, 17):
        k = int(tasks.support.counts[b])
        c = 0.6 * (max(k, 1) / 5) ** growth
        sigma = items.variance[b, :k].sqrt().detach().cpu().numpy()
        x = items.x[b, :k].detach().cpu().numpy() / sigma[:, None]
        y = ((tasks.support.values - items.bias) / model.spread_)[b, :k].detach().cpu().numpy() / sigma
        m, s = prior[b].detach().cpu().numpy(), scale.detach().cpu().numpy()

        def loss(w, x=x, y=y, m=m, s=s, c=c):
            r = np.abs(y - x @ w)
            return np.where(r <= c, r**2 / 2, c * r - c**2 / 2).sum() + (((w - m) / s) ** 2).sum() / 2

        best = minimize(loss, m, method="BFGS", options={"gtol": 1e-9})
        assert loss(mean[b]) <= best.fun + 1e-7


def test_an_infinite_threshold_is_the_head_itself(model, tasks):
    head = HuberHead(model, float("inf"))
    assert torch.allclose(head.adapt(tasks.support).mean, model.adapt(tasks.support).mean)
    assert torch.equal(head.weights(tasks.support), tasks.support.mask.double())
