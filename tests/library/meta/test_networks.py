"""The inner loop and its gradients against one task at a time with torch.autograd."""

import numpy as np
import pytest
import torch

from metarec_lib.meta.networks import adapt_weights, forward, initial_weights, loss_gradient
from metarec_lib.meta.reptile import reptile_loss

D, H, RATE, STEPS = 5, 8, 0.07, 3
COUNTS = (4, 0, 1, 7, 2)  # ragged, one empty


@pytest.fixture
def tasks():
    """Padded supports and full queries of five tasks, padding filled with garbage that must not matter."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 7, D)), rng.normal(size=(5, 7))
    mask = np.arange(7) < np.array(COUNTS)[:, None]
    xq, yq = rng.normal(size=(5, 6, D)), rng.normal(size=(5, 6))
    return [torch.as_tensor(a) for a in (x, y, mask, xq, yq)]


@pytest.fixture(params=[(D, H, 1), (D, H, H, 1), (D, 1)])
def weights(request):
    rng = np.random.default_rng(1)
    drawn = initial_weights(request.param, rng)
    return {k: torch.tensor(v + 0.1 * rng.normal(size=v.shape), requires_grad=True) for k, v in drawn.items()}


def shares(mask, rate=RATE):
    """What each example weighs in a step on the mean squared error: rate / K, 0 where padded."""
    return rate * mask.double() / mask.sum(1, keepdim=True).clamp(min=1)


def plain_loss(weights, x, y):
    """Mean squared error of one task, the network written out once more."""
    for layer in range(len(weights) // 2):
        x = x @ weights[f"w{layer}"] + weights[f"b{layer}"][0]
        x = torch.relu(x) if layer < len(weights) // 2 - 1 else x
    return ((x[:, 0] - y) ** 2).mean()


def plain_adapt(weights, x, y, rate, steps, order):
    fast = dict(weights)
    for _ in range(steps if len(y) else 0):
        gradient = torch.autograd.grad(plain_loss(fast, x, y), list(fast.values()), create_graph=order == 2)
        fast = {k: w - rate * g for (k, w), g in zip(fast.items(), gradient, strict=True)}
    return fast


def test_the_inner_gradient_is_autograds(weights, tasks):
    x, y, mask, *_ = tasks
    found = loss_gradient(weights, x, y, shares(mask, 1.0))
    for i, count in enumerate(COUNTS):
        if not count:
            assert all(not g[i].any() for g in found.values())
            continue
        expected = torch.autograd.grad(plain_loss(weights, x[i, :count], y[i, :count]), list(weights.values()))
        for name, gradient in zip(weights, expected, strict=True):
            torch.testing.assert_close(found[name][i], gradient, rtol=0, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("rates", ["one", "each"])
def test_the_meta_gradient_is_that_of_a_plain_loop(weights, tasks, order, rates):
    x, y, mask, xq, yq = tasks
    rate = torch.full((5, 1), RATE, dtype=x.dtype) * (1 if rates == "one" else torch.arange(5.0).unsqueeze(1))
    fast = adapt_weights(weights, x, y, shares(mask, rate), STEPS, order)
    found = torch.autograd.grad(((forward(fast, xq) - yq) ** 2).mean(), list(weights.values()))
    losses = []
    for i, count in enumerate(COUNTS):
        one = plain_adapt(weights, x[i, :count], y[i, :count], rate[i, 0], STEPS, order)
        losses.append(plain_loss(one, xq[i], yq[i]))
    expected = torch.autograd.grad(torch.stack(losses).mean(), list(weights.values()))
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


def test_the_two_orders_adapt_alike_and_differ_in_the_meta_gradient(weights, tasks):
    x, y, mask, xq, yq = tasks
    gradients = []
    for order in (1, 2):
        fast = adapt_weights(weights, x, y, shares(mask), STEPS, order)
        gradients.append(torch.autograd.grad(((forward(fast, xq) - yq) ** 2).mean(), weights["w0"])[0])
    with torch.no_grad():
        for name, value in adapt_weights(weights, x, y, shares(mask), STEPS, 1).items():
            torch.testing.assert_close(value, fast[name], rtol=0, atol=0)
    assert (gradients[0] - gradients[1]).abs().max() > 1e-3


def test_padding_is_not_looked_at(weights, tasks):
    x, y, mask, *_ = tasks
    other = adapt_weights(
        weights, torch.where(mask.unsqueeze(2), x, 9.0), torch.where(mask, y, -9.0), shares(mask), STEPS
    )
    for name, value in adapt_weights(weights, x, y, shares(mask), STEPS).items():
        torch.testing.assert_close(value, other[name], rtol=0, atol=1e-12)


def test_a_linear_network_by_hand():
    # f = w x + b at w = b = 0 on the points (1, 2), (3, 4): dL/dw = -2 mean(x y) = -14, dL/db = -2 mean(y) = -6
    weights = {"w0": torch.zeros(1, 1, dtype=torch.float64), "b0": torch.zeros(1, 1, dtype=torch.float64)}
    x, y = torch.tensor([[[1.0], [3.0]]], dtype=torch.float64), torch.tensor([[2.0, 4.0]], dtype=torch.float64)
    fast = adapt_weights(weights, x, y, torch.full((1, 2), 0.1 / 2, dtype=torch.float64), steps=1)
    assert fast["w0"].item() == pytest.approx(1.4) and fast["b0"].item() == pytest.approx(0.6)
    # a share of 0.1 on the first point alone: -0.1 * (-2 x y) = 0.4 and -0.1 * (-2 y) = 0.4
    fast = adapt_weights(weights, x, y, torch.tensor([[0.1, 0.0]], dtype=torch.float64), steps=1)
    assert fast["w0"].item() == pytest.approx(0.4) and fast["b0"].item() == pytest.approx(0.4)


def test_the_gradient_of_the_reptile_loss_is_the_way_back_from_the_mean(weights):
    rng = np.random.default_rng(2)
    goal = {k: w.detach() + torch.as_tensor(rng.normal(size=(3, *w.shape))) for k, w in weights.items()}
    found = torch.autograd.grad(reptile_loss(weights, goal), list(weights.values()))
    for (name, w), gradient in zip(weights.items(), found, strict=True):
        torch.testing.assert_close(gradient, w - goal[name].mean(0), rtol=0, atol=1e-12)
