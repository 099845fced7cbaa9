"""Two tasks on one network: mixtures, losses and projections against loops over tasks, experts and users."""

import numpy as np
import pytest
import torch

from metarec_lib import ESMM, PLE, MMoE, MultiTaskMetaLearningModel, make_tasks, make_world, pcgrad
from metarec_lib.meta.multi_task import both, mean_over_users, starred
from metarec_lib.models.experts import mixture, who_uses_what
from metarec_lib.models.gradient_conflict import conflict, uncertainty_weighted

DATA = make_world(n_users=60, n_items=40, ratings_per_user=15, seed=4).interactions
TASKS = make_tasks(DATA, k=4, seed=0)
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("sharing", ["single", "shared", "mmoe", "ple"])
def test_a_mixture_is_that_of_a_loop_over_tasks_and_experts(sharing):
    allowed = who_uses_what(sharing, 2, 3)
    x, w = RNG.normal(size=(5, 4)), RNG.normal(size=(allowed.shape[1], 4, 6))
    gates = RNG.normal(size=(2, 4, allowed.shape[1]))
    found = mixture(*(torch.as_tensor(v) for v in (x, w, gates, allowed))).cpu().numpy()
    for n in range(5):
        for t in range(2):
            own = [e for e in range(allowed.shape[1]) if allowed[t, e]]
            weight = np.exp([x[n] @ gates[t][:, e] for e in own])
            expected = sum(p * np.maximum(x[n] @ w[e], 0) for p, e in zip(weight / weight.sum(), own, strict=True))
            np.testing.assert_allclose(found[n, t], expected, atol=1e-12)


def test_who_uses_what():
    assert who_uses_what("ple", 2, 1).tolist() == [[True, True, False], [True, False, True]]
    assert who_uses_what("mmoe", 2, 3).all() and who_uses_what("shared", 2, 3).shape == (2, 1)
    with pytest.raises(ValueError, match="expected one of"):
        who_uses_what("star", 2, 3)


def test_pcgrad_is_that_of_a_loop():
    gradients, order = RNG.normal(size=(4, 3)), np.stack([RNG.permutation(4) for _ in range(4)])
    total = np.zeros(3)
    for i in range(4):
        g = gradients[i].copy()
        for j in order[i]:
            if j != i and g @ gradients[j] < 0:
                g -= (g @ gradients[j]) / (gradients[j] @ gradients[j]) * gradients[j]
        total += g
    found = pcgrad(torch.as_tensor(gradients), torch.as_tensor(order))
    np.testing.assert_allclose(found.cpu().numpy(), total, atol=1e-12)
    pair = torch.tensor([[1.0, 0.0], [-1.0, 1.0]])
    torch.testing.assert_close(pcgrad(pair), torch.tensor([0.5, 1.5]))  # (.5, .5) and (0, 1)
    with pytest.raises(ValueError, match="a row a task"):
        pcgrad(pair[0])


def test_conflict_and_uncertainty_by_hand():
    torch.testing.assert_close(
        conflict(torch.tensor([[2.0, 0.0], [-1.0, 0.0]])), torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    )
    found = uncertainty_weighted(torch.tensor([2.0, 3.0]), torch.tensor([0.0, np.log(4.0)]))
    assert abs(float(found) - (2 + 3 / 4 + np.log(2.0))) < 1e-6


def step_of(model):
    return next(model.batches(DATA, np.random.default_rng(1), 20))


@pytest.mark.parametrize("kind", [MultiTaskMetaLearningModel, MMoE, PLE, ESMM])
def test_the_losses_are_those_of_a_loop_over_users(kind):
    model = kind(epochs=1, width=4, hidden=5, stars=0.6, seed=0).fit(DATA)
    batch = step_of(model)
    query = batch.tasks.query
    with torch.no_grad():
        found, state = model.losses(batch), model.adapt(batch.tasks.support)
        watch, rate = model._outputs(state, query.items)
        none, never = model._outputs(state, batch.others)
    first, second = [], []
    for u in range(len(query.users)):
        here = [n for n in range(query.items.shape[1]) if query.mask[u, n]]
        told = [n for n in here if batch.starred[u, n]]
        p, q = torch.sigmoid(watch[u]), torch.sigmoid(none[u])
        if here:
            first.append(np.mean([-float(torch.log(p[n]) + torch.log(1 - q[n])) for n in here]))
        if told and kind is ESMM:
            ab, off = p * torch.sigmoid(rate[u]), q * torch.sigmoid(never[u])
            like = [float(query.values[u, n] >= DATA.like) for n in told]
            terms = [
                -(y * torch.log(ab[n]) + (1 - y) * torch.log(1 - ab[n]) + torch.log(1 - off[n]))
                for n, y in zip(told, like, strict=True)
            ]
            second.append(float(sum(terms)) / len(told))
        elif told:
            y = (query.values[u] - model.mean_ - model.item_bias_[query.items[u]]) / model.spread_ - state[u, 0]
            second.append(np.mean([float((y[n] - rate[u, n]) ** 2) for n in told]))
    np.testing.assert_allclose(found.cpu().numpy(), [np.mean(first), np.mean(second)], atol=1e-9)


def test_a_user_is_what_a_loop_says():
    model = MultiTaskMetaLearningModel(epochs=1, width=4, seed=0).fit(DATA)
    state, films = model.adapt(TASKS.support), model.params_["film"].detach()
    for u in (0, 3, 11):
        items, stars = TASKS.support.items[u, :4], TASKS.support.values[u, :4]
        y = (stars - model.mean_ - model.item_bias_[items]) / model.spread_
        bias = y.sum() / 9
        expected = torch.cat([bias[None], films[items].mean(0), ((y - bias)[:, None] * films[items]).mean(0)])
        torch.testing.assert_close(state[u].detach(), expected)


def test_unknown_stars_reach_neither_support_nor_loss():
    model = MultiTaskMetaLearningModel(epochs=1, stars=0.3, seed=0).fit(DATA)
    known = {
        (int(u), int(i)) for u, i, k in zip(DATA.user_codes, DATA.item_codes, starred(DATA, 0.3, 0), strict=True) if k
    }
    batch, support = step_of(model), step_of(model).tasks.support
    y = model._residual(support)
    for u in range(len(support.users)):
        for n in range(support.items.shape[1]):
            if support.mask[u, n] and (int(support.users[u]), int(support.items[u, n])) not in known:
                assert abs(float(y[u, n])) < 1e-9
        for n in range(batch.tasks.query.items.shape[1]):
            pair = int(batch.tasks.query.users[u]), int(batch.tasks.query.items[u, n])
            assert bool(batch.starred[u, n]) == (bool(batch.tasks.query.mask[u, n]) and pair in known)


def test_starred_is_a_share_and_does_not_depend_on_the_part():
    known, half = starred(DATA, 0.3, 1), np.arange(len(DATA)) % 2 == 0
    assert abs(known.mean() - 0.3) < 0.06 and starred(DATA, 1.0).all()
    np.testing.assert_array_equal(starred(DATA.subset(half), 0.3, 1), known[half])


def test_both_is_the_product_of_probabilities():
    a, b = (torch.as_tensor(RNG.normal(0, 3, 20)) for _ in range(2))
    torch.testing.assert_close(torch.sigmoid(both(a, b)), torch.sigmoid(a) * torch.sigmoid(b))


def test_mean_over_users():
    values, mask = torch.tensor([[1.0, 3.0], [5.0, 9.0], [7.0, 7.0]]), torch.tensor([[1, 1], [1, 0], [0, 0]]).bool()
    assert float(mean_over_users(values, mask)) == 3.5
