"""Policies against torch's own cell, against autograd and against the exact gradient of a small problem."""

import itertools

import numpy as np
import pytest
import torch

from metarec_lib import DQN, RL2, Memoryless, PolicyMAML, make_world, play, taste_world, train_dqn, train_policy
from metarec_lib.device import as_tensor
from metarec_lib.online.policies import gru, liked_share, policy_features, policy_loss, returns
from metarec_lib.online.q_learning import td_targets


def drawn(*shape, seed=0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=shape))


def small_world(**options):
    return taste_world(make_world(60, 40, taste=1.5, seed=1).interactions, 20, taste=2.5, **options)


def test_the_cell_is_torchs():
    p = {"read": drawn(6, 12), "keep": drawn(4, 12, seed=1), "bias": drawn(12, seed=2)}
    cell = torch.nn.GRUCell(6, 4, dtype=torch.float64)
    with torch.no_grad():
        cell.weight_ih.copy_(p["read"].T), cell.weight_hh.copy_(p["keep"].T)
        cell.bias_ih.copy_(p["bias"]), cell.bias_hh.zero_()
    x, h = drawn(5, 6, seed=3), drawn(5, 4, seed=4)
    torch.testing.assert_close(gru(p, x, h), cell(x, h))


def test_returns_are_the_sum():
    rewards = torch.tensor([[1.0, 0, 1, 1], [0, 0, 0, 1]])
    for row, t in itertools.product(range(2), range(4)):
        wanted = sum(0.5 ** (s - t) * rewards[row, s] for s in range(t, 4))
        assert float(returns(rewards, 0.5)[row, t]) == float(wanted)


def test_the_mean_gradient_is_the_exact_one():
    """One step: the expected like is sum_i pi_i p_i; its gradient, over many sessions of all users."""
    world, x = small_world(), as_tensor(drawn(20, 3))
    policy = Memoryless(x)
    with torch.no_grad():
        policy.params["query"].copy_(torch.tensor([0.5, -0.3, 0.2]))
    users = np.tile(np.arange(len(world)), 400)
    loss, _ = policy_loss(policy, world, users, 1, 0.9, 0.0, np.random.default_rng(0))
    (got,) = torch.autograd.grad(loss, policy.params["query"])
    q = policy.params["query"].detach().requires_grad_()
    chance = world.chances(world.begin(np.arange(len(world)))).mean(0)
    (wanted,) = torch.autograd.grad(-(torch.softmax(x @ q, 0) * chance).sum(), q)
    torch.testing.assert_close(got, wanted, atol=0.01, rtol=0)


def test_what_comes_later_counts_gamma_times():
    """Two steps: the credit of the first item is p_i + gamma p_j, of the second p_j, over all pairs that may be shown."""
    world, x, gamma = (
        taste_world(make_world(60, 40, taste=1.5, seed=1).interactions, 3, taste=2.5),
        as_tensor(drawn(3, 2)),
        0.6,
    )
    policy = Memoryless(x)
    with torch.no_grad():
        policy.params["query"].copy_(torch.tensor([0.5, -0.8]))
    loss, _ = policy_loss(policy, world, np.tile(np.arange(60), 1000), 2, gamma, 0.0, np.random.default_rng(0))
    (got,) = torch.autograd.grad(loss, policy.params["query"])
    q = policy.params["query"].detach().requires_grad_()
    first, p = torch.log_softmax(x @ q, 0), world.chances(world.begin(np.arange(60))).mean(0)
    wanted = 0.0
    for i, j in itertools.permutations(range(3), 2):
        second = (x @ q)[j] - torch.logsumexp((x @ q)[[n for n in range(3) if n != i]], 0)
        share = (first[i] + second).exp().detach()
        wanted = wanted - share * (first[i] * (p[i] + gamma * p[j]) + second * p[j])
    torch.testing.assert_close(got, torch.autograd.grad(wanted, q)[0], atol=0.006, rtol=0)


def test_the_entropy_bonus():
    world, policy = small_world(), Memoryless(as_tensor(drawn(20, 3)))
    pair = [policy_loss(policy, world, np.arange(60), 1, 0.9, bonus, np.random.default_rng(0))[0] for bonus in (0, 2.0)]
    assert float((pair[0] - pair[1]).detach()) == pytest.approx(2 * np.log(20))  # a query of zero shows all items alike


def test_the_inner_step_is_the_gradient_of_the_log_probability():
    x, liked = drawn(6, 3), torch.full((6,), 0.4, dtype=torch.float64)
    policy = PolicyMAML(x, liked, inner_rate=0.3, inner_steps=2)
    with torch.no_grad():
        policy.params["query"].copy_(torch.tensor([0.5, -0.3, 0.2]))
    memory = policy.begin(1)
    for item, like in ((4, 1.0), (1, 0.0)):
        memory = policy.observe(memory, torch.tensor([item]), torch.tensor([like], dtype=torch.float64))
    q = policy.params["query"].detach().requires_grad_()
    first, second = torch.log_softmax(x @ q, 0)[4], torch.log_softmax((x @ q)[[0, 1, 2, 3, 5]], 0)[1]
    (slope,) = torch.autograd.grad(0.6 * first - 0.4 * second, q)
    torch.testing.assert_close(memory.query[0], q + 0.3 * slope)
    after = policy.observe(memory, torch.tensor([0]), torch.tensor([1.0], dtype=torch.float64))
    torch.testing.assert_close(after.query, memory.query)  # one step, no more
    assert torch.autograd.grad(memory.query.sum(), policy.params["query"])[0].ne(1).any()  # training runs through it


@pytest.mark.parametrize("make", [Memoryless, RL2, lambda x: PolicyMAML(x, as_tensor(np.full(20, 0.5)), 0.1, 3)])
def test_training_is_worth_something(make):
    world = small_world()
    policy = make(policy_features(world.vectors, torch.special.ndtr(world.base / world.noise)))
    rates = train_policy(policy, world, np.arange(40), steps=8, epochs=100, lr=0.03)
    assert np.mean(rates[-20:]) > np.mean(rates[:10]) + 0.03
    with torch.no_grad():
        played = play(world, np.arange(40, 60), policy, 8)
    assert all(len(set(row)) == 8 for row in played.items.tolist())


def test_rl2_hears_the_likes():
    world = small_world()
    policy = RL2(policy_features(world.vectors, as_tensor(np.full(20, 0.5))))
    train_policy(policy, world, np.arange(60), steps=6, epochs=5)
    memory, item = policy.begin(2), as_tensor([3, 3])
    query = policy.observe(memory, item, as_tensor([1.0, 0.0])).query
    assert not torch.allclose(query[0], query[1])


def test_features_and_shares():
    items, likes = torch.tensor([[0, 1], [0, 2]]), torch.tensor([[1.0, 0], [1, 1]], dtype=torch.float64)
    np.testing.assert_allclose(liked_share(items, likes, 4, strength=2), [3.5 / 4, 1.5 / 3, 2.5 / 3, 0.75])
    x = policy_features(drawn(7, 2), torch.linspace(0, 1, 7).double(), extra=torch.ones(7, 1).double())
    np.testing.assert_allclose(x[:, :3].mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(x[:, :3].std(0, correction=0), 1, rtol=1e-6)
    assert x.shape == (7, 4) and x[:, 3].eq(1).all()


def test_targets_against_a_loop():
    rewards, over = torch.tensor([1.0, 0.0, 1.0]), torch.tensor([False, False, True])
    target, chooser = drawn(3, 4), drawn(3, 4, seed=1)
    target[1, 2] = -torch.inf
    chooser[1, 2] = -torch.inf
    got = td_targets(rewards.double(), target, chooser, over, 0.5)
    for n in range(3):
        best = max(range(4), key=lambda i: float(chooser[n, i]))
        assert float(got[n]) == pytest.approx(float(rewards[n]) + (0 if over[n] else 0.5 * float(target[n, best])))
    nothing_left = torch.full((3, 4), -torch.inf).double()
    assert td_targets(rewards.double(), nothing_left, nothing_left, over, 0.5).tolist() == rewards.tolist()


def test_the_state_of_dqn_holds_the_means():
    agent = DQN(drawn(6, 2), horizon=4)
    state = agent.begin(1)
    for item, like in ((3, 1.0), (0, 0.0), (5, 1.0)):
        state = agent.observe(state, torch.tensor([item]), torch.tensor([like], dtype=torch.float64))
    x = agent.features
    torch.testing.assert_close(state[0], torch.cat([(x[3] + x[5]) / 4, x[0] / 4, torch.tensor([0.75]).double()]))


def test_dqn_learns_to_wait():
    """Clickbait pleases now and ends the session: far sight shows it last, short sight first."""
    world = small_world(clickbait=2, leave=1.0)
    flag = as_tensor(np.zeros((22, 1)))
    flag[-2:] = 3
    x = policy_features(world.vectors, torch.special.ndtr(world.base / world.noise), flag)
    first = {}
    for gamma in (0.0, 0.9):
        agent = DQN(x, gamma=gamma, horizon=6)
        train_dqn(agent, world, np.arange(60), steps=6, epochs=40, lr=5e-3)
        first[gamma] = float((play(world, np.arange(60), agent, 6).items[:, 0] >= 20).double().mean())
    assert first[0.0] > 0.8 and first[0.9] < 0.2


def test_wrong_settings_are_refused():
    x, world = drawn(20, 3), small_world()
    with pytest.raises(ValueError, match="gamma from 0 to 1"):
        train_policy(Memoryless(x), world, np.arange(5), gamma=1.5)
    with pytest.raises(ValueError, match="inner_steps=0"):
        PolicyMAML(x, torch.zeros(20), inner_steps=0)
    with pytest.raises(ValueError, match="0 <= gamma < 1"):
        DQN(x, gamma=1.0)
