"""Filters, weights, gates and heads against loops, torch.autograd and one head at a time."""

import numpy as np
import pytest
import torch

from metarec_lib import (
    ANIL,
    BaselineRecommender,
    DistilledANIL,
    DiverseANIL,
    error_correlation_penalty,
    filter_tasks,
    gated_distillation_loss,
    held_out_gate,
    item_gradients,
    make_tasks,
    make_world,
    task_weights,
    thin_tasks,
)
from metarec_lib.device import as_tensor
from metarec_lib.evaluation.protocols import score_tasks
from metarec_lib.meta.base import squared_error

DATA = make_world(n_users=40, n_items=30, ratings_per_user=12, seed=5).interactions
TASKS = make_tasks(DATA, k=4, query=5, seed=0)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def started(learner, **settings):
    """A model with parameters as before training, moved at random."""
    model, rng = learner(**settings), np.random.default_rng(1)
    model._start(DATA)
    for name, value in model.params_.items():
        value += (0.01 if name == "item_shift" else 0.1) * as_tensor(rng.normal(size=tuple(value.shape)))
    return model


# -- which tasks ------------------------------------------------------------------------------------------------------
def test_item_gradients_are_those_of_autograd():
    users = DATA.users["user_id"].to_numpy()[[7, 0, 3]]
    found = item_gradients(DATA, users)
    for row, user in zip(found, users, strict=True):
        own = DATA.ratings[DATA.ratings["user_id"] == user]
        effects = torch.zeros(DATA.n_items, dtype=torch.float64, requires_grad=True)
        ratings = torch.as_tensor(own["rating"].to_numpy())
        loss = ((ratings - ratings.mean() - effects[DATA.item_index(own["item_id"])]) ** 2).mean()
        torch.testing.assert_close(torch.as_tensor(row), torch.autograd.grad(loss, effects)[0])
    with pytest.raises(ValueError, match="unknown user ids"):
        item_gradients(DATA, [99_999])


def test_weights_are_clipped_cosines():
    source, target = normal(6, 4), normal(4, seed=1)
    source[2] = 0
    found = task_weights(source, target)
    for w, g in zip(found, source, strict=True):
        cosine = torch.nn.functional.cosine_similarity(torch.as_tensor(g), torch.as_tensor(target), dim=0)
        assert w == pytest.approx(max(0.0, float(cosine)))
    assert found[2] == 0 and task_weights(source, np.zeros(4)).tolist() == [0] * 6
    with pytest.raises(ValueError, match=r"expected \(S, D\)"):
        task_weights(source, normal(5))


def test_a_kept_task_lowers_the_mean_loss_of_the_targets():
    rng = np.random.default_rng(2)
    centres, sources, at = rng.normal(size=(5, 3)), rng.normal(size=(8, 3)), np.zeros(3)

    def loss(w):
        return ((w - centres) ** 2).sum(1).mean()

    kept = filter_tasks(2 * (at - sources), 2 * (at - centres))
    helped = [loss(at - 1e-6 * 2 * (at - s)) < loss(at) for s in sources]
    assert kept.tolist() == helped and 0 < kept.sum() < 8


def test_a_filter_may_ask_for_evidence():
    target = np.array([[1.0], [3.0], [2.0]])  # mean 2, standard error 1 / sqrt 3
    assert filter_tasks(np.array([[1.0], [-1.0]]), target, errors=3.4).tolist() == [True, False]
    assert filter_tasks(np.array([[1.0]]), target, errors=3.5).tolist() == [False]
    with pytest.raises(ValueError, match="two or more"):
        filter_tasks(np.ones((2, 1)), target[:1], errors=1.0)
    with pytest.raises(ValueError, match=r"\(T, D\)"):
        filter_tasks(np.ones((2, 1)), np.ones(1))


def test_thinning_keeps_tasks_by_their_weight():
    weights = np.array([0.0, 0.2, 0.1])
    kept = np.mean([thin_tasks(weights, np.random.default_rng(i)) for i in range(2000)], axis=0)
    np.testing.assert_allclose(kept, [0, 1, 0.5], atol=0.05)
    with pytest.raises(ValueError, match="not all zero"):
        thin_tasks(np.zeros(3), np.random.default_rng(0))


# -- what is imitated -------------------------------------------------------------------------------------------------
def test_the_gate_shrinks_small_groups():
    target, source = np.array([1.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 0.0, 9.0])  # gains 1, 1, 1, -9
    groups = np.array([0, 0, 0, 1])
    assert held_out_gate(source, target, groups, 3, shrinkage=0.1).tolist() == [True, False, False]
    assert held_out_gate(source, target, groups, 3, shrinkage=100.0).tolist() == [False, False, False]


def test_distillation_by_hand_and_its_gradient():
    student = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64, requires_grad=True)
    teacher = torch.tensor([0.0, 0.0, 9.0], dtype=torch.float64, requires_grad=True)
    targets, gate, mask = torch.zeros(3).double(), torch.tensor([1, 0, 1]), torch.tensor([True, True, False])
    loss = gated_distillation_loss(student, teacher, targets, gate, weight=0.5, mask=mask)
    assert loss.item() == pytest.approx((1 + 0.5 * 1 + 4) / 2)
    loss.backward()
    torch.testing.assert_close(student.grad, torch.tensor([(2 + 1.0) / 2, 4 / 2, 0.0]).double())
    assert teacher.grad is None


def test_distilled_anil_adds_the_imitation_task_by_task():
    teacher = BaselineRecommender().fit(DATA)
    gate = np.arange(DATA.n_items) % 2
    model = started(DistilledANIL, teacher=teacher, gate=gate, weight=0.7)
    scores, said, query = (
        model.score(model.adapt(TASKS.support), TASKS.query),
        teacher.score(teacher.adapt(TASKS.support), TASKS.query),
        TASKS.query,
    )
    total = []
    for b in range(len(TASKS)):
        m = query.mask[b]
        if not m.any():
            continue
        g = as_tensor(gate)[query.items[b][m]]
        s, t, y = (part[b][m] for part in (scores, said, query.values))
        total.append(((s - y) ** 2 + 0.7 * g * (s - t) ** 2).mean() / model.spread_**2)
    torch.testing.assert_close(model.meta_loss(TASKS), torch.stack(total).mean())


def test_without_teacher_or_with_one_head_it_is_anil():
    plain = ANIL(epochs=2, seed=3).fit(DATA)
    torch.testing.assert_close(score_tasks(DistilledANIL(epochs=2, seed=3).fit(DATA), TASKS), score_tasks(plain, TASKS))
    one = DiverseANIL(heads=1, epochs=1, seed=3).fit(DATA)
    one.params_ = {k: v[None] if k in ("w1", "b1") else v for k, v in plain.params_.items()}
    torch.testing.assert_close(score_tasks(one, TASKS), score_tasks(plain, TASKS))
    torch.testing.assert_close(one.meta_loss(TASKS), plain.meta_loss(TASKS))


def test_every_head_adapts_as_if_alone():
    model = started(DiverseANIL, heads=3)
    each = model.score_each(model.adapt(TASKS.support), TASKS.query)
    for m in range(3):
        alone = started(ANIL)
        alone.params_ = model.params_ | {k: model.params_[k][m] for k in ("w1", "b1")}
        torch.testing.assert_close(each[:, m], alone.score(alone.adapt(TASKS.support), TASKS.query))
    torch.testing.assert_close(model.score(model.adapt(TASKS.support), TASKS.query), each.mean(1))


def test_full_diversity_trains_the_mean_as_one_model():
    model = started(DiverseANIL, heads=3, diversity=2.0)
    of_the_mean = squared_error(model.score(model.adapt(TASKS.support), TASKS.query), TASKS.query) / model.spread_**2
    torch.testing.assert_close(model.meta_loss(TASKS), 3 * of_the_mean)
    each = model.score_each(model.adapt(TASKS.support), TASKS.query)
    errors = (each - TASKS.query.values.unsqueeze(1)).transpose(0, 1)
    share = TASKS.query.mask / TASKS.query.counts.clamp(min=1).unsqueeze(1).double()
    free = DiverseANIL(heads=3)
    vars(free).update({k: v for k, v in vars(model).items() if k != "diversity"} | {"diversity": 0.0})
    term = 2.0 * error_correlation_penalty(errors, share) / model.spread_**2
    torch.testing.assert_close(model.meta_loss(TASKS), free.meta_loss(TASKS) + term)
