"""Learners that read the support as a set: against plain loops, references of PyTorch, and what a set demands."""

import copy

import numpy as np
import pytest
import torch

from metarec_lib import (
    Blend,
    ConditionalNeuralProcess,
    InContextTransformer,
    MatchingRecommender,
    MetaLearningModel,
    load_data,
    load_model,
    make_tasks,
    make_world,
)
from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.device import as_tensor
from metarec_lib.evaluation.protocols import score_tasks
from metarec_lib.meta.base import squared_error
from metarec_lib.models.baseline import user_bias_of

LEARNERS = (ConditionalNeuralProcess, MatchingRecommender, InContextTransformer)
DATA = make_world(n_users=80, n_items=40, ratings_per_user=20, seed=2).interactions
TASKS = make_tasks(DATA, k=5, query=6, seed=0)
every = pytest.mark.parametrize("learner", LEARNERS)
_fitted = {}


def fitted(learner):
    if learner not in _fitted:
        _fitted[learner] = learner(epochs=3).fit(DATA)
    return _fitted[learner]


def scored(model, tasks):
    """Scores of the query, 0 where padded."""
    return torch.where(tasks.query.mask, score_tasks(model, tasks), 0.0)


def ragged(counts=(0, 1, 3, 5, 2)):
    few = TASKS.select(slice(0, 5))
    return TaskBatch(few.support.first(torch.tensor(counts)), few.query)


def alone(tasks, b):
    """One user's task without padding."""
    one = tasks.select(slice(b, b + 1))
    return TaskBatch(one.support.first(int(one.support.counts)), one.query)


# -- what a set demands -----------------------------------------------------------------------------------------------
@every
def test_padding_order_and_the_other_users_do_not_matter(learner):
    model, tasks = fitted(learner), ragged()
    scores = scored(model, tasks)
    padded = TaskBatch(tasks.support.pad_to(17), tasks.query)
    torch.testing.assert_close(scored(model, padded), scores, rtol=0, atol=1e-10)
    flip = torch.tensor([4, 3, 2, 1, 0])
    s = tasks.support.pad_to(5)
    turned = PaddedRatings(s.users, *(t[:, flip] for t in (s.items, s.values, s.mask)))
    torch.testing.assert_close(scored(model, TaskBatch(turned, tasks.query)), scores, rtol=0, atol=1e-10)
    for b in range(5):
        torch.testing.assert_close(scored(model, alone(tasks, b)), scores[b : b + 1], rtol=0, atol=1e-10)


@every
def test_query_items_do_not_see_each_other_nor_their_ratings(learner):
    model, tasks = fitted(learner), ragged()
    scores, q = scored(model, tasks), tasks.query
    one = PaddedRatings(q.users, q.items[:, 2:3], torch.full_like(q.values[:, 2:3], 1.0), q.mask[:, 2:3])
    torch.testing.assert_close(scored(model, TaskBatch(tasks.support, one)), scores[:, 2:3], rtol=0, atol=1e-10)


@every
def test_an_empty_support_is_the_learned_prior_and_a_rating_moves_it(learner):
    model = fitted(learner)
    nothing, full = scored(model, TASKS.first(0)), scored(model, TASKS)
    strangers = TaskBatch(*(PaddedRatings(torch.full_like(p.users, -1), p.items, p.values, p.mask)
                            for p in (TASKS.first(0).support, TASKS.query)))  # fmt: skip
    assert torch.isfinite(nothing).all() and torch.isfinite(scored(model, strangers)).all()
    assert float(squared_error(full, TASKS.query)) < float(squared_error(nothing, TASKS.query))


@every
def test_the_meta_gradient_of_every_parameter_is_that_of_a_loop_over_users(learner):
    model, batch = copy.deepcopy(fitted(learner)), ragged()
    params = {k: v.requires_grad_() for k, v in model.params_.items()}
    found = torch.autograd.grad(model.meta_loss(batch), list(params.values()))
    losses = []
    for b in range(5):
        one = alone(batch, b)
        scores = model.score(model.adapt(one.support), one.query)
        losses.append((((scores - one.query.values) / model.spread_)[one.query.mask] ** 2).mean())
    expected = torch.autograd.grad(torch.stack(losses).mean(), list(params.values()))
    for name, a, b in zip(params, found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-11, msg=lambda m, name=name: f"{name}: {m}")
        assert a.numel() == 0 or a.abs().max() > 0, f"{name} is not trained"


@every
def test_bad_settings_are_refused_by_fit(learner):
    names = {ConditionalNeuralProcess: ["hidden"], MatchingRecommender: ["heads", "width"]}
    for name in names.get(learner, ["heads", "width", "layers"]):
        with pytest.raises(
            ValueError, match=f"{learner.__name__}: got {name}=0, expected a whole number of at least 1"
        ):
            learner(**{name: 0}).fit(DATA)
    if learner is InContextTransformer:
        with pytest.raises(ValueError, match="got width=10, heads=4, expected a width that the heads divide"):
            learner(width=10, heads=4).fit(DATA)


# -- each against its formula -----------------------------------------------------------------------------------------
def prior_and_inputs(model, part, b):
    """prior_ui in stars, x_i and the residuals of one user in units of the spread, item by item."""
    p, prior, inputs, spread = model.params_, [], [], model.spread_
    w = p["prior_mean"] + model.user_features_[part.users[b]] @ p["prior_map"]
    items = part.items[b][part.mask[b]]
    for i in items:
        vector = model.item_vectors_[model.fold_[part.users[b]], i] + p["item_shift"][i, :-1]
        bias = model.item_bias_[model.fold_[part.users[b]], i] + spread * p["item_shift"][i, -1]
        prior.append(bias + spread * (vector @ w[:-1] + w[-1]))
        inputs.append(torch.cat([vector * model.vector_scale_, model.item_features_[i]]))
    width = len(model.vector_scale_) + model.item_features_.shape[1]
    prior = torch.stack(prior) if len(items) else w.new_zeros(0)
    inputs = torch.stack(inputs) if len(items) else w.new_zeros(0, width)
    return prior, inputs, (part.values[b][part.mask[b]] - prior) / spread


def test_the_neural_process_is_a_loop_over_ratings():
    model, tasks = fitted(ConditionalNeuralProcess), ragged()
    p, scores = model.params_, scored(fitted(ConditionalNeuralProcess), ragged())

    def network(name, x):
        return torch.relu(x @ p[f"{name}_w0"] + p[f"{name}_b0"][0]) @ p[f"{name}_w1"] + p[f"{name}_b1"][0]

    for b in range(5):
        _, x, e = prior_and_inputs(model, tasks.support, b)
        c = p["log_c"].exp()
        r = c[1] * (p["r0"] + model.user_features_[tasks.users[b]] @ p["r0_map"])
        for j in range(len(e)):
            r = r + network("encoder", torch.cat([x[j], e[j : j + 1], e[j] * x[j]]))
        r, mean = r / (c[1] + len(e)), e.sum() / (c[0] + len(e))
        prior, x, _ = prior_and_inputs(model, tasks.query, b)
        for i in range(len(prior)):
            expected = prior[i] + model.spread_ * (mean + network("decoder", torch.cat([x[i], r]))[0])
            torch.testing.assert_close(scores[b, i], expected, rtol=0, atol=1e-10)


def test_matching_is_kernel_regression_with_a_pseudo_rating_of_zero():
    model, tasks = fitted(MatchingRecommender), ragged()
    p, scores = model.params_, scored(fitted(MatchingRecommender), ragged())
    for b in range(5):
        _, keys, e = prior_and_inputs(model, tasks.support, b)
        prior, x, _ = prior_and_inputs(model, tasks.query, b)
        for i in range(len(prior)):
            expected = prior[i]
            for phi, log_c, o in zip(p["phi"], p["log_c"], p["o"], strict=True):
                kernel = torch.exp((keys @ phi) @ (x[i] @ phi) / model.width**0.5)  # (K,)
                expected = expected + model.spread_ * o * (kernel @ e) / (log_c.exp() + kernel.sum())
            torch.testing.assert_close(scores[b, i], expected, rtol=0, atol=1e-10)


def test_matching_with_a_kernel_of_one_is_the_shrunken_user_bias():
    model = MatchingRecommender()
    model._start(DATA)
    assert model.spread_ == DATA.values.std() != 1  # in which the residuals are measured
    model.params_["phi"].zero_()
    s, q = TASKS.support, TASKS.query
    expected = model._pairs(q).prior + user_bias_of(s, model._pairs(s).prior, 5.0)
    torch.testing.assert_close(score_tasks(model, TASKS)[q.mask], expected[q.mask], rtol=0, atol=1e-12)


def test_a_transformer_block_is_that_of_pytorch():
    """Attention by torch.nn.MultiheadAttention with the same weights; every user has another number of tokens."""
    model, width, rng = fitted(InContextTransformer), 32, np.random.default_rng(0)
    h, context = (as_tensor(rng.normal(size=(3, n, width))) for n in (4, 6))
    mask = as_tensor(np.arange(6) < np.array([[1], [4], [6]]))
    p = model.params_
    attention = torch.nn.MultiheadAttention(width, model.heads, bias=False, batch_first=True).to(h)
    with torch.no_grad():
        attention.in_proj_weight.copy_(torch.cat([p["q0"], p["kv0"]], dim=1).T)
        attention.out_proj.weight.copy_(p["out0"].T)
        norm = torch.nn.LayerNorm(width, elementwise_affine=False)
        known = norm(context)
        middle = h + attention(norm(h), known, known, key_padding_mask=~mask, need_weights=False)[0]
        expected = middle + torch.relu(norm(middle) @ p["up0"]) @ p["down0"]
    torch.testing.assert_close(model._block(0, h, context, mask), expected, rtol=0, atol=1e-10)


# -- together, and on real ratings ------------------------------------------------------------------------------------
def test_a_blend_takes_learners_of_every_family(tmp_path):
    bases = [MetaLearningModel(epochs=1), ConditionalNeuralProcess(epochs=1), MatchingRecommender(epochs=1)]
    mean = Blend(models=bases, how="mean").fit(DATA)
    expected = torch.stack([scored(m, TASKS) for m in mean.models_]).mean(0)
    torch.testing.assert_close(scored(mean, TASKS), expected, rtol=0, atol=1e-10)
    assert not hasattr(bases[0], "params_")  # copies are fitted
    mean.save(tmp_path / "blend.npz")
    again = load_model(tmp_path / "blend.npz")
    assert again.predict(3, DATA.items["item_id"]).equals(mean.predict(3, DATA.items["item_id"]))
    weighted = Blend(models=bases[:2], how="nnls", folds=2).fit(DATA)
    np.testing.assert_allclose(weighted.weights_.sum(1).cpu(), 1, atol=1e-9)
    assert np.isfinite(weighted.predict(12_345, DATA.items["item_id"])).all()


@every
def test_the_error_on_real_ratings_lies_where_it_should(learner):
    train, test = load_data("ml-100k")
    model = learner(epochs=2).fit(train)
    assert 0.89 < model.evaluate(test, metric="rmse") < 0.945
