"""Regularisers against loops, torch.distributions, refits without one rating, and one user at a time."""

import copy

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from metarec_lib import (
    ANIL,
    LeaveOneOutHead,
    MetaLearningModel,
    RegularisedANIL,
    UserIdHead,
    error_correlation_penalty,
    gaussian_kl,
    l2_to_initial,
    loo_residuals,
    make_tasks,
    make_world,
    swap_supports,
    theil_index,
)
from metarec_lib.device import as_tensor
from metarec_lib.evaluation.protocols import score_tasks
from metarec_lib.meta.ridge import ridge_posterior

DATA = make_world(n_users=40, n_items=30, ratings_per_user=12, seed=5).interactions
TASKS = make_tasks(DATA, k=4, query=5, seed=0)


def normal(*shape, seed=0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=shape))


def started(learner, **settings):
    """A model with parameters as before training, moved at random."""
    model, rng = learner(**settings), np.random.default_rng(1)
    model._start(DATA)
    for name, value in model.params_.items():
        value += (0.01 if name == "item_shift" else 0.1) * as_tensor(rng.normal(size=tuple(value.shape)))
    return model


# -- terms ------------------------------------------------------------------------------------------------------------
def test_l2_is_a_sum_over_all_numbers():
    start = {"w": normal(2, 3), "b": normal(3, seed=1)}
    weights = {name: value + 2.0 for name, value in start.items()} | {"other": normal(5)}
    assert l2_to_initial(weights, start).item() == pytest.approx(9 * 4.0)
    assert l2_to_initial(start, start).item() == 0.0


def test_kl_is_that_of_torch():
    mean, log_std = normal(3, 4), normal(3, 4, seed=1)
    own = torch.distributions.Normal(mean, log_std.exp())
    for std in (1.0, 0.3):
        wanted = torch.distributions.kl_divergence(own, torch.distributions.Normal(0.0, std)).sum()
        torch.testing.assert_close(gaussian_kl(mean, log_std, std), wanted)
    assert gaussian_kl(torch.zeros(2), torch.zeros(2)).item() == 0.0
    assert gaussian_kl(torch.zeros(1), torch.full((1,), -400.0)).item() == 399.5  # its exponential is 0
    with pytest.raises(ValueError, match="prior_std"):
        gaussian_kl(mean, log_std, 0.0)


def test_theil_is_an_entropy_and_ends_where_it_should():
    losses = torch.tensor([0.5, 1.0, 3.0]).double()
    wanted = np.log(3) - entropy(losses.cpu().numpy())  # entropy of the shares of the total
    assert theil_index(losses).item() == pytest.approx(wanted, rel=1e-6)
    assert theil_index(torch.full((7,), 0.3).double()).item() == pytest.approx(0.0, abs=1e-7)
    assert theil_index(torch.tensor([0.0, 0.0, 2.0])).item() == pytest.approx(np.log(3), rel=1e-6)
    assert torch.autograd.gradcheck(theil_index, (losses.double().requires_grad_(),))


def test_error_correlation_is_what_averaging_cannot_remove():
    errors, mask = normal(4, 3, 5), torch.as_tensor(np.random.default_rng(1).random((3, 5)) < 0.7)
    pairs = [(errors[a] * errors[b])[mask].mean() for a in range(4) for b in range(a)]
    torch.testing.assert_close(error_correlation_penalty(errors, mask), torch.stack(pairs).mean())
    own, together = (errors[:, mask] ** 2).mean(), (errors.mean(0)[mask] ** 2).mean()
    torch.testing.assert_close(together, own / 4 + 0.75 * error_correlation_penalty(errors, mask))
    with pytest.raises(ValueError, match="M of 2 or more"):
        error_correlation_penalty(errors[:1])


def test_leave_one_out_is_a_refit_without_the_rating():
    x, y, prior = normal(3, 6, 4), normal(3, 6, seed=1), normal(3, 4, seed=2)
    scale, noise = torch.tensor([0.5, 1.0, 2.0, 0.1]).double(), torch.tensor(0.7).double()
    mask = torch.ones(3, 6, dtype=torch.bool)
    mask[1, 4:] = False
    x, y = x * mask.unsqueeze(2), y * mask
    found = loo_residuals(x, y, prior, scale, noise)
    for b in range(3):
        for n in range(int(mask[b].sum())):
            keep = mask[b].clone()
            keep[n] = False
            w = ridge_posterior(x[b, keep][None], y[b, keep][None], prior[b][None], scale, noise)[0]
            assert found[b, n].item() == pytest.approx((y[b, n] - x[b, n] @ w).item(), abs=1e-10)
    assert (found[~mask] == 0).all()


def test_swapping_gives_each_user_the_ratings_of_the_next():
    swapped = swap_supports(TASKS)
    assert torch.equal(swapped.users, TASKS.users) and swapped.query is TASKS.query
    for b in range(len(TASKS)):
        other = (b + 1) % len(TASKS)
        assert torch.equal(swapped.support.values[b], TASKS.support.values[other])
        assert torch.equal(swapped.support.items[b], TASKS.support.items[other])
    with pytest.raises(ValueError, match="two or more"):
        swap_supports(TASKS.select(slice(0, 1)))


# -- learners ---------------------------------------------------------------------------------------------------------
def test_without_terms_it_is_anil():
    kwargs = {"epochs": 2, "seed": 3}
    a, b = ANIL(**kwargs).fit(DATA), RegularisedANIL(**kwargs).fit(DATA)
    torch.testing.assert_close(score_tasks(a, TASKS), score_tasks(b, TASKS))


def test_the_pull_is_the_gradient_of_the_proximal_problem():
    model = started(RegularisedANIL, proximal=0.6, inner_steps=4, inner_lr=0.02)
    state = model.adapt(TASKS.support)
    for b in range(5):
        one = TASKS.support.select(slice(b, b + 1)).trim()
        bias, hidden = model.inputs(one)
        y, k = ((one.values - bias) / model.spread_)[0], len(one.items[0])
        rate = model.inner_lr * k / (k + model.shrinkage)
        theta = w, c = [v.detach().clone() for v in (model.params_["w1"][:, 0], model.params_["b1"][0, 0])]
        for _ in range(4):
            w, c = w.detach().requires_grad_(), c.detach().requires_grad_()
            far = ((w - theta[0]) ** 2).sum() + (c - theta[1]) ** 2
            loss = ((hidden[0].detach() @ w + c - y) ** 2).mean() + 0.6 / 2 * far
            gw, gc = torch.autograd.grad(loss, (w, c))
            w, c = w - rate * gw, c - rate * gc
        torch.testing.assert_close(state["w0"][b, :, 0], w)
        torch.testing.assert_close(state["b0"][b, 0, 0], c)


def test_many_steps_of_the_proximal_problem_end_at_the_ridge_solution():
    model = started(RegularisedANIL, proximal=5.0, inner_steps=2000, inner_lr=0.004, shrinkage=0.0)
    with torch.no_grad():
        state = model.adapt(TASKS.support)
        bias, hidden = model.inputs(TASKS.support)
    x = torch.cat([hidden, torch.ones_like(hidden[..., :1])], 2)
    y, theta = (
        (TASKS.support.values - bias) / model.spread_,
        torch.cat([model.params_["w1"][:, 0], model.params_["b1"][0]]),
    )
    full = TASKS.support.counts == 4
    noise = torch.tensor(10.0).double() ** 0.5  # mean over 4 + 5 / 2 |.|^2  =  (sum + 10 |.|^2) / 4
    wanted = ridge_posterior(x[full], y[full], theta.expand(int(full.sum()), -1), torch.ones_like(theta), noise)
    torch.testing.assert_close(state["w0"][full, :, 0], wanted[:, :-1], atol=1e-6, rtol=1e-5)


def test_a_task_lacks_the_same_units_in_support_and_query():
    model = started(RegularisedANIL, dropout=0.5)
    model._mask = model._masks(len(TASKS))
    kept = model._mask[:, 0]
    assert {0.0, 2.0} == set(kept.unique().tolist()) and 0.3 < (kept > 0).double().mean() < 0.7
    for part in (TASKS.support, TASKS.query):
        assert (model.inputs(part)[1].transpose(1, 2)[kept == 0] == 0).all()
    model._mask = None
    assert torch.equal(score_tasks(model, TASKS), score_tasks(model, TASKS))  # none where it predicts
    assert torch.equal(model.meta_loss(TASKS), model.meta_loss(TASKS))  # the draw is the seed's


@pytest.mark.parametrize("name", ["l2", "inequality"])
def test_a_term_adds_what_it_says(name):
    model = started(RegularisedANIL)
    plain = model.meta_loss(TASKS)
    other = copy.copy(model)
    setattr(other, name, 0.7)
    if name == "l2":
        term = sum(((model.params_[k] - v) ** 2).sum() for k, v in model.start_.items())
    else:
        scores = model.score({"w0": model.params_["w1"], "b0": model.params_["b1"]}, TASKS.query)
        each = [((s - q)[m] ** 2).mean() / model.spread_**2 for s, q, m in
                zip(scores, TASKS.query.values, TASKS.query.mask, strict=True)]  # fmt: skip
        term = theil_index(torch.stack(each))
    torch.testing.assert_close(other.meta_loss(TASKS), plain + 0.7 * term)


@pytest.mark.parametrize(("settings", "said"), [({"dropout": 1.0}, "below 1"), ({"l2": -1}, "at least 0")])
def test_bad_settings_are_told(settings, said):
    with pytest.raises(ValueError, match=said):
        RegularisedANIL(**settings).fit(DATA)


def test_the_leave_one_out_loss_is_that_of_predicting_each_rating_from_the_others():
    model = started(LeaveOneOutHead)
    tasks = TASKS.select(slice(0, 4))
    everything, total = tasks.together(), []
    for b in range(4):
        own, errors = everything.select(slice(b, b + 1)), []
        for n in own.mask[0].nonzero().flatten().tolist():
            rest = own.mask.clone()
            rest[0, n] = False
            support = type(own)(own.users, own.items, own.values, rest)
            errors.append(model.score(model.adapt(support), own)[0, n] - own.values[0, n])
        total.append((torch.stack(errors) ** 2).mean() / model.spread_**2)
    torch.testing.assert_close(model.meta_loss(tasks), torch.stack(total).mean())


def test_a_user_id_moves_its_own_prior_alone():
    model = started(UserIdHead)
    plain = copy.copy(model)
    plain.params_ = model.params_ | {"user_vectors": torch.zeros_like(model.params_["user_vectors"])}
    moved, scale = model.prior_of(as_tensor([3, -1]))
    still, _ = plain.prior_of(as_tensor([3, -1]))
    torch.testing.assert_close(moved[0] - still[0], model.params_["user_vectors"][3])
    assert torch.equal(moved[1], still[1]) and torch.equal(scale, model.params_["log_scale"].exp())


def test_a_user_id_without_training_is_the_head():
    a = MetaLearningModel(epochs=1, lr=1e-12).fit(DATA)
    b = UserIdHead(epochs=1, lr=1e-12).fit(DATA)
    torch.testing.assert_close(score_tasks(a, TASKS), score_tasks(b, TASKS))


def test_the_bottleneck_pays_for_the_users_of_the_batch():
    model = started(UserIdHead, bottleneck=0.3)
    free, batch = copy.copy(model), TASKS.select(slice(0, 6))
    free.params_ = model.params_ | {"user_log_std": torch.full_like(model.params_["user_log_std"], -40.0)}
    rows = batch.users
    kl = gaussian_kl(model.params_["user_vectors"][rows], torch.full_like(model.params_["user_log_std"][rows], -40.0))
    free.bottleneck = 0.3
    plain = copy.copy(model)
    plain.bottleneck = 0.0
    torch.testing.assert_close(free.meta_loss(batch), plain.meta_loss(batch) + 0.3 * kl / 6)
    assert model.meta_loss(batch).item() != pytest.approx(plain.meta_loss(batch).item())
