"""ANIL, Meta-SGD, CAVIA and MeLU against one user at a time with torch.autograd, and what each promises beyond MAML."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch

from metarec_lib import ANIL, CAVIA, MAML, Interactions, MeLU, MetaSGD, load_data, make_tasks, make_world
from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.device import as_tensor
from metarec_lib.evaluation.protocols import score_tasks
from metarec_lib.meta.base import squared_error
from metarec_lib.meta.melu import one_hot_fields

LEARNERS = (ANIL, MetaSGD, CAVIA, MeLU)
DATA = make_world(n_users=80, n_items=40, ratings_per_user=20, seed=2).interactions
TASKS = make_tasks(DATA, k=5, query=6, seed=0)
COUNTS = (0, 1, 3, 5, 2)
TRAINED = DATA.values[
    np.isin(DATA.user_codes, MAML()._set_apart(DATA)[0].user_codes)
]  # the others' decide when to stop
every = pytest.mark.parametrize("learner", LEARNERS)
_fitted = {}


def fitted(learner):
    """Trained for a moment, then changed at random, so that no parameter is zero or alike."""
    if learner not in _fitted:
        rate = 1.0 if learner is CAVIA else 0.06  # a context starts at zero and moves less
        model, rng = learner(epochs=2, inner_steps=3, inner_lr=rate, shrinkage=2.0).fit(DATA), np.random.default_rng(0)
        for name, value in model.params_.items():
            value += (1e-3 if name == "item_shift" else 0.05) * as_tensor(rng.normal(size=value.shape))
        _fitted[learner] = model
    return _fitted[learner]


def scored(model, tasks):
    """Scores of the query, 0 where padded."""
    return torch.where(tasks.query.mask, score_tasks(model, tasks), 0.0)


def ragged(counts=COUNTS):
    tasks = TASKS.select(slice(0, len(counts)))
    return TaskBatch(tasks.support.first(torch.tensor(counts)), tasks.query)


# -- one user at a time -----------------------------------------------------------------------------------------------
def vector_inputs(model, p, ratings, b):
    """What MAML and its kin see of user b's items: the vector, genres and year; and the item's bias."""
    items, fold = ratings.items[b][ratings.mask[b]], model.fold_[ratings.users[b]]
    vectors = (model.item_vectors_[fold, items] + p["item_shift"][items, :-1]) * model.vector_scale_
    bias = model.item_bias_[fold, items] + model.spread_ * p["item_shift"][items, -1]
    return torch.cat([vectors, model.item_features_[items]], 1), bias


def embedded_inputs(model, p, ratings, b):
    """What MeLU sees of user b's items: rows of the embedding tables, looked up one by one."""
    rows = []
    for item in ratings.items[b][ratings.mask[b]].tolist():
        parts = []
        for name in model.fields_:
            at = int(ratings.users[b]) if name.startswith("user") else item
            weights = model.fields_[name][at]
            parts.append(sum(w * p["embed_" + name][c] for c, w in enumerate(weights)))
        rows.append(torch.cat([*parts, p["embed_item_id"][item]]))
    x = torch.stack(rows) if rows else p["w0"].new_zeros(0, p["w0"].shape[0])
    return x, x.new_full((len(rows),), TRAINED.mean())


def network(w, x):
    for layer in range(last := max(int(k[1]) for k in w if k[0] == "w") + 1):
        x = x @ w[f"w{layer}"] + w[f"b{layer}"]
        x = torch.relu(x) if layer < last - 1 else x
    return x[:, 0]


def contextual(p, context, x):
    hidden = torch.cat([x, context.expand(len(x), -1)], 1) @ torch.cat([p["w0"], p["context"]]) + p["b0"]
    return (torch.relu(hidden) @ p["w1"] + p["b1"])[:, 0]


def plan(learner, p):
    """The learner as a plain loop needs it: what moves, each one's rate beside the K-aware one, and the network."""
    theta = {k: v for k, v in p.items() if k in ("w0", "b0", "w1", "b1", "w2", "b2")}
    if learner is ANIL:
        return {k: p[k] for k in ("w1", "b1")}, {}, lambda fast, x: network(theta | fast, x)
    if learner is MetaSGD:
        return theta, {k: p["rate_" + k] for k in theta}, network
    if learner is CAVIA:
        start = p["w0"].new_zeros(1, len(p["context"])).requires_grad_()
        return {"c": start}, {}, lambda fast, x: contextual(p, fast["c"], x)
    return theta, {}, network


def looped_loss(learner, model, p, batch):
    inputs = embedded_inputs if learner is MeLU else vector_inputs
    losses, spread = [], TRAINED.std()
    for b in range(len(batch)):
        fast, rates, f = plan(learner, p)
        (x, bias), y = inputs(model, p, batch.support, b), batch.support.values[b][batch.support.mask[b]]
        known = len(y) / (len(y) + model.shrinkage)
        for _ in range(model.inner_steps if len(y) else 0):
            loss = (((bias + spread * f(fast, x) - y) / spread) ** 2).mean()
            gradient = torch.autograd.grad(loss, list(fast.values()), create_graph=True)
            fast = {
                k: w - known * rates.get(k, model.inner_lr) * g
                for (k, w), g in zip(fast.items(), gradient, strict=True)
            }
        (x, bias), y = inputs(model, p, batch.query, b), batch.query.values[b][batch.query.mask[b]]
        losses.append((((bias + spread * f(fast, x) - y) / spread) ** 2).mean())
    return torch.stack(losses).mean()


@every
def test_the_meta_gradient_of_every_parameter_is_that_of_a_loop_over_users(learner):
    model, batch = copy.deepcopy(fitted(learner)), ragged()
    p = {k: v.requires_grad_() for k, v in model.params_.items()}
    found, expected = model.meta_loss(batch), looped_loss(learner, model, p, batch)
    assert float(found.detach()) == pytest.approx(float(expected.detach()), abs=1e-10)
    kinds = dict(allow_unused=True, materialize_grads=True)
    pairs = zip(*(torch.autograd.grad(loss, list(p.values()), **kinds) for loss in (found, expected)), strict=True)
    for name, (a, b) in zip(p, pairs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10, msg=lambda m, name=name: f"{name}: {m}")
        assert bool(b.abs().max() > 1e-6), name


# -- what all of them promise -----------------------------------------------------------------------------------------
@every
def test_padding_order_and_company_do_not_matter_and_an_empty_support_is_the_prior(learner):
    model, tasks = fitted(learner), ragged()
    scores = scored(model, tasks)
    same = lambda t, rows=slice(None): torch.testing.assert_close(  # noqa: E731
        scored(model, t), scores[rows], rtol=0, atol=1e-10
    )
    same(TaskBatch(tasks.support.pad_to(30), tasks.query))
    s, flip = tasks.support.pad_to(7), torch.arange(6, -1, -1)
    same(TaskBatch(PaddedRatings(s.users, *(t[:, flip] for t in (s.items, s.values, s.mask))), tasks.query))
    for b in range(len(COUNTS)):
        one = tasks.select(slice(b, b + 1))
        same(TaskBatch(one.support.first(COUNTS[b]), one.query), slice(b, b + 1))
    same(TASKS.select(slice(0, 1)).first(0), slice(0, 1))
    assert (scored(model, TASKS.select(slice(1, 5)).first(0)) - scores[1:]).abs().amax(1).min() > 1e-3


@every
def test_it_adapts_where_autograd_is_off_and_moves_towards_the_ratings(learner):
    model = learner(epochs=3).fit(DATA)
    with torch.no_grad():
        scores = [model.score(model.adapt(TASKS.support.first(k)), TASKS.support) for k in (0, 5)]
    before, after = (float(squared_error(s, TASKS.support)) for s in scores)
    assert after < before


@every
def test_a_second_fit_is_bit_equal_and_another_seed_is_not(learner):
    one, two, other = (learner(epochs=1, seed=s).fit(DATA) for s in (1, 1, 3))
    assert all(torch.equal(value, two.params_[name]) for name, value in one.params_.items())
    assert any(not torch.equal(value, other.params_[name]) for name, value in one.params_.items())


@every
def test_bad_settings_are_refused_by_fit(learner):
    bad = {"hidden": 0, "inner_steps": 0, "inner_lr": 0, "shrinkage": -1, "lr": 0}
    bad |= {CAVIA: {"context": 0}, MeLU: {"embedding": 0}}.get(learner, {})
    for name, value in bad.items():
        with pytest.raises(ValueError, match=f"{learner.__name__}: got {name}={value}, expected a "):
            learner(**{name: value}).fit(DATA)


@pytest.mark.parametrize(("learner", "most"), [(ANIL, 0.967), (MetaSGD, 0.967), (CAVIA, 0.98), (MeLU, 1.03)])
def test_the_error_on_real_ratings_lies_where_it_should(learner, most):
    train, test = (part.subset(part.user_codes < 300) for part in load_data("ml-100k"))
    model = learner(epochs=6).fit(train, batch_size=16)  # the bias model: 0.9675, the mean rating: 1.175
    assert most - 0.03 < model.evaluate(test, metric="rmse") < most
    assert 0.64 < model.evaluate(test) < 0.76


# -- ANIL -------------------------------------------------------------------------------------------------------------
def test_anils_body_is_the_same_for_all_and_its_state_small():
    model = fitted(ANIL)
    state = model.adapt(ragged().support)
    assert {k: tuple(v.shape) for k, v in state.items()} == {"w0": (5, 32, 1), "b0": (5, 1, 1)}
    moved = (state["w0"] - model.params_["w1"]).abs().amax((1, 2))
    assert moved[0] == 0 and (moved[1:] > 0).all()


# -- Meta-SGD ---------------------------------------------------------------------------------------------------------
def test_meta_sgd_with_one_rate_everywhere_is_maml():
    model, twin = copy.deepcopy(fitted(MetaSGD)), copy.deepcopy(fitted(MetaSGD))
    for name in model.params_:
        if name.startswith("rate_"):
            model.params_[name].fill_(model.inner_lr)
    twin.__class__ = MAML
    twin.params_ = {k: v for k, v in model.params_.items() if not k.startswith("rate_")}
    torch.testing.assert_close(scored(model, ragged()), scored(twin, ragged()), rtol=0, atol=1e-12)


def test_meta_sgd_learns_a_rate_for_each_weight_of_either_sign():
    model, start = MetaSGD(epochs=8, lr=0.02).fit(DATA), 0.05
    for name in ("w0", "b0", "w1", "b1"):
        assert model.params_["rate_" + name].shape == model.params_[name].shape
        assert (model.params_["rate_" + name] - start).abs().max() > 1e-3
    assert (model.params_["rate_w0"] < 0).any() and (model.params_["rate_w0"] > 0).any()


# -- CAVIA ------------------------------------------------------------------------------------------------------------
def test_cavias_state_is_the_context_and_starts_from_zero_each_time():
    model = fitted(CAVIA)
    state = model.adapt(ragged().support)
    assert state.shape == (5, model.context) and not state[0].any() and state[1:].any(1).all()
    assert torch.equal(state, model.adapt(ragged().support))


# -- MeLU -------------------------------------------------------------------------------------------------------------
def test_melu_adapts_decision_layers_only_and_uses_what_is_known_of_a_user():
    model, tasks = fitted(MeLU), ragged()
    assert set(model.adapt(tasks.support)) == {"w0", "b0", "w1", "b1", "w2", "b2"}
    stranger = torch.full_like(tasks.users, -1)
    strangers = TaskBatch(*(PaddedRatings(stranger, p.items, p.values, p.mask) for p in (tasks.support, tasks.query)))
    assert (scored(model, strangers)[0] - scored(model, tasks)[0]).abs().max() > 1e-3
    assert not model._embed("user", stranger).any()


def test_melu_has_nothing_pretrained():
    """Neither item tables nor a bias: before training every score is near the mean rating."""
    model = MeLU()
    model._start(DATA)
    assert "item_shift" not in model.params_ and not hasattr(model, "item_bias_") and not model.pretrained
    start = scored(model, TASKS.first(0))
    assert (
        model.mean_ == DATA.values.mean() and (start - model.mean_)[TASKS.query.mask].abs().mean() < 0.3 * model.spread_
    )


def test_melu_at_the_rates_of_its_paper_does_not_adapt():
    model = MeLU(lr=5e-5, inner_lr=5e-6, inner_steps=1, batch_size=32, epochs=5).fit(DATA)
    change = scored(model, TASKS) - scored(model, TASKS.first(0))
    assert 0 < change.abs().max() < 1e-2
    tuned = MeLU(epochs=5).fit(DATA)
    assert (scored(tuned, TASKS) - scored(tuned, TASKS.first(0))).abs().max() > 0.1


def test_fields_by_hand():
    users = pd.DataFrame(
        {"user_id": [1, 2, 3], "age": [17, 18, np.nan], "gender": ["F", None, "M"], "zip": ["94043", None, "9"]}
    )
    items = pd.DataFrame({"item_id": [1, 2], "title": "t", "year": [1999, np.nan], "Drama": [1, 0], "War": [1, 0]})
    ratings = pd.DataFrame({"user_id": [1], "item_id": [1], "rating": [3.0]})
    fields = one_hot_fields(Interactions.from_frame(ratings, users, items))
    assert {k: v.tolist() for k, v in fields.items()} == {
        "user_age": [[1, 0], [0, 1], [0, 0], [0, 0]],
        "user_gender": [[1, 0], [0, 0], [0, 1], [0, 0]],
        "user_zip": [[1], [0], [1], [0]],
        "item_genres": [[0.5, 0.5], [0, 0], [0, 0]],
        "item_decade": [[1], [0], [0]],
    }
