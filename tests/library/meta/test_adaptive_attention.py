"""Adaptive attention against a loop over users and items, and what each kind of adapting may change."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from metarec_lib import AdaptiveAttentionMetaLearningModel, load_data, make_tasks, make_world
from metarec_lib.device import as_tensor
from metarec_lib.evaluation.protocols import score_tasks

WORLD = make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions
TRAIN, _ = load_data(WORLD)
KINDS = ("nothing", "temperature", "sink", "gate", "context")


def fitted(adaptive):
    model = AdaptiveAttentionMetaLearningModel(adaptive=adaptive, heads=2, width=4, epochs=2, lr=0.02).fit(TRAIN)
    rng = np.random.default_rng(1)  # two epochs move the reads of the context hardly at all
    for name in sorted({"reads", "gate", "log_beta", "log_c"} & model.params_.keys()):
        shape = model.params_[name].shape
        model.params_[name] = model.params_[name].detach() + as_tensor(rng.normal(0, 0.2, shape))
    return model


@pytest.fixture(scope="module")
def tasks():
    return make_tasks(WORLD, k=5, pool=6, seed=1)


def by_hand(model, state, x, b):
    """The weights of one user, head by head, item by item, (A, Q, K), and the gate (A,)."""
    p = {name: value.detach().cpu().numpy() for name, value in model.params_.items()}
    context, mask = state.context[b].cpu().numpy(), state.mask[b].cpu().numpy()
    beta, c, gate = np.full(2, model.sharpness), np.zeros(2), np.ones(2)
    if model.adaptive != "nothing":
        beta = np.exp(p["log_beta"])
    if model.adaptive in ("sink", "context"):
        c = np.exp(p["log_c"])
    if model.adaptive == "context":
        beta, c = beta * np.exp(context @ p["reads"][:, 0]), c * np.exp(context @ p["reads"][:, 1])
    if model.adaptive == "gate":
        gate = 1 / (1 + np.exp(-(p["gate"] + context @ p["reads"][:, 0])))
    weights = np.zeros((2, len(x), int(mask.sum())))
    for a in range(2):
        keys = state.keys[b, a][state.mask[b]].cpu().numpy()
        for q, row in enumerate(x):
            embedded = row @ p["phi"][a]
            raw = np.exp(beta[a] * keys @ (embedded / np.linalg.norm(embedded)))
            weights[a, q] = raw / (c[a] + raw.sum())
    return weights, gate


@pytest.mark.parametrize("adaptive", KINDS)
def test_a_loop_over_items_gives_the_same(tasks, adaptive):
    model = fitted(adaptive)
    state, x = model.adapt(tasks.support), model.inputs(tasks.query)[1]
    found, scores = model.attention_weights(state, x), score_tasks(model, tasks)
    prior = score_tasks(model, tasks.first(0)) if adaptive in ("sink", "context") else None
    for b in (0, 11, 30):
        n, k = int(tasks.query.counts[b]), int(tasks.support.counts[b])
        weights, gate = by_hand(model, state, x[b, :n].cpu().numpy(), b)
        assert np.allclose(found[b, :, :n, :k].detach().cpu(), weights, atol=1e-10)
        assert float(found[b, :, :, k:].detach().abs().sum()) == 0
        if prior is not None:
            read = (
                model.params_["o"].cpu().numpy()[:, None]
                * gate[:, None]
                * (weights @ state.residual[b, :k].cpu().numpy())
            ).sum(0)
            assert np.allclose(scores[b, :n].cpu(), prior[b, :n].cpu().numpy() + model.spread_ * read, atol=1e-10)


def test_the_weights_sum_to_one_without_a_sink_and_to_less_with_one(tasks):
    for adaptive in KINDS:
        model = fitted(adaptive)
        total = model.attention_weights(model.adapt(tasks.support), model.inputs(tasks.query)[1]).sum(3).detach()
        assert (
            bool((total < 1).all())
            if adaptive in ("sink", "context")
            else torch.allclose(total, torch.ones(()).to(total))
        )


@pytest.mark.parametrize("adaptive", KINDS)
def test_the_context_matters_only_where_it_is_read(tasks, adaptive):
    model = fitted(adaptive)
    state = model.adapt(tasks.support)
    turned = model.score(replace(state, context=state.context.flip(0)), tasks.query)
    assert torch.allclose(turned, model.score(state, tasks.query)) == (adaptive not in ("gate", "context"))


def test_the_context_is_what_it_says(tasks):
    model = fitted("context")
    state = model.adapt(tasks.support)
    residual = state.residual[3, : int(tasks.support.counts[3])].cpu().numpy()
    expected = [np.log1p(len(residual)) - 2, residual.mean(), np.sqrt(residual.var() + 1e-6) - 1, 0]
    assert np.allclose(state.context[3, :4].cpu(), expected, atol=1e-10)
    assert state.context.shape[1] == 4 + model.user_features_.shape[1]
    empty = model.adapt(tasks.first(0).support)
    assert torch.equal(empty.context[:, 3], torch.ones_like(empty.context[:, 3]))


def test_the_gradient_is_that_of_the_loss(tasks):
    model = fitted("context")
    weight = model.params_["reads"].requires_grad_()
    (gradient,) = torch.autograd.grad(model.meta_loss(tasks), weight)
    with torch.no_grad():
        for at in ((0, 0, 0), (1, 1, 1), (2, 0, 1)):
            losses = []
            for step in (1e-6, -1e-6):
                weight[at] += step
                losses.append(model.meta_loss(tasks).item())
                weight[at] -= step
            assert gradient[at].item() == pytest.approx((losses[0] - losses[1]) / 2e-6, abs=1e-7)


def test_other_kinds_are_refused():
    with pytest.raises(ValueError, match="adaptive='everything', expected one of 'nothing'"):
        AdaptiveAttentionMetaLearningModel(adaptive="everything").fit(TRAIN)
