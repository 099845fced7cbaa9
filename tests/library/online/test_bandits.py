"""Bandits against the batch solve, the learned prior against the truth it was drawn from."""

import numpy as np
import pytest
import torch

from metarec_lib import LinUCB, Thompson, fit_prior, make_world, play, taste_world
from metarec_lib.device import as_tensor
from metarec_lib.online.bandits import Fixed, Oracle

EYE = torch.eye(3, dtype=torch.float64)


def drawn(*shape, seed=0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=shape))


def test_the_posterior_is_the_ridge_solve():
    x, mean, offset = drawn(8, 3), drawn(3, seed=1), drawn(8, seed=2)
    agent = LinUCB(x, (mean, 0.5 * EYE), offset, noise=0.3)
    memory, items = agent.begin(2), torch.tensor([[1, 5, 2, 7], [0, 3, 6, 4]])
    likes = torch.tensor([[1.0, 0, 1, 1], [0, 0, 1, 0]], dtype=torch.float64)
    for t in range(4):
        memory = agent.observe(memory, items[:, t], likes[:, t])
    for b in range(2):
        z, y = x[items[b]], likes[b] - offset[items[b]]
        precision = 2 * EYE + z.T @ z / 0.3
        torch.testing.assert_close(memory.covariance[b], torch.linalg.inv(precision))
        torch.testing.assert_close(memory.mean[b], torch.linalg.solve(precision, 2 * mean + z.T @ y / 0.3))


def test_what_is_shown_is_the_largest_bound():
    x = drawn(8, 3)
    agent = LinUCB(x, (drawn(3, seed=1), drawn(3, 3, seed=3) @ drawn(3, 3, seed=3).T), alpha=0.7)
    shown = torch.zeros(1, 8, dtype=torch.bool)
    memory, order = agent.begin(1), []
    for _ in range(8):
        item = agent.act(memory, shown, np.random.default_rng(0))
        order.append(int(item))
        shown[0, item] = True
    bounds = [float(v @ agent.prior[0] + 0.7 * (v @ agent.prior[1] @ v) ** 0.5) for v in x]
    assert order == np.argsort(bounds)[::-1].tolist()


def test_thompson_draws_from_the_posterior():
    x = torch.tensor([[1.0, 0, 0], [0, 1.0, 0]], dtype=torch.float64)
    agent = Thompson(
        x, (torch.tensor([0.5, 0, 0], dtype=torch.float64), torch.diag(torch.tensor([1.0, 3, 1]).double())), alpha=1
    )
    n = 20_000
    items = agent.act(agent.begin(n), torch.zeros(n, 2, dtype=torch.bool), np.random.default_rng(0))
    assert float(items.double().mean()) == pytest.approx(0.4013, abs=0.01)  # P(N(-.5, 1 + 3) > 0)


def test_the_prior_is_found_again():
    rng, mean = np.random.default_rng(0), np.array([0.4, -0.2, 0.0])
    root = np.array([[0.5, 0, 0], [0.3, 0.4, 0], [0, 0, 0.05]])
    weights = mean + rng.normal(size=(3000, 3)) @ root.T
    x = rng.normal(size=(3000, 12, 3))
    y = np.einsum("unf,uf->un", x, weights) + 0.5 * rng.normal(size=(3000, 12))
    found_mean, found = fit_prior(torch.as_tensor(x), torch.as_tensor(y), noise=0.25, rounds=100)
    np.testing.assert_allclose(found_mean, mean, atol=0.03)
    np.testing.assert_allclose(found, root @ root.T, atol=0.03)


def test_sessions_are_played_by_the_rules():
    world = taste_world(make_world(40, 30, seed=1).interactions, 15)
    users = np.arange(40)
    for agent in (
        Fixed(),
        Fixed(world.base),
        Oracle(world, users),
        LinUCB(world.vectors, (as_tensor(np.zeros(8)), as_tensor(np.eye(8)))),
    ):
        played = play(world, users, agent, steps=10)
        assert all(len(set(row)) == 10 for row in played.items.tolist())
    assert play(world, users, Fixed(world.base), 10).items[0, 0] == world.base.argmax()


def test_knowing_the_world_pays_and_hearing_another_user_does_not():
    world = taste_world(make_world(150, 60, taste=1.5, seed=1).interactions, 50, taste=2.0)
    users, prior = np.arange(150), (as_tensor(np.zeros(8)), as_tensor(0.1 * np.eye(8)))
    agent = LinUCB(world.vectors, prior, torch.special.ndtr(world.base / world.noise), alpha=0.2)

    def rate(agent, **options):
        return float(play(world, users, agent, 20, **options).likes.mean())

    assert rate(Oracle(world, users)) > rate(agent) + 0.03 > rate(agent, shuffled=True) + 0.05


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="noise above 0"):
        LinUCB(drawn(8, 3), (drawn(3), EYE), noise=0)
