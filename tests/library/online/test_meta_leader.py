"""Learning a prior as users arrive: the meta-gradient against autograd, the prior against batch moments, what is stored."""

import functools

import numpy as np
import pytest
import torch

from metarec_lib import OnlineMetaLearningModel, ProbabilisticPCA, in_time_order, load_data, make_tasks, make_world
from metarec_lib.evaluation.protocols import score_tasks
from metarec_lib.models.contract import CHECKS
from metarec_lib.online.meta_leader import (
    ArrivingUser,
    MetaLeader,
    OnlinePrior,
    arrival_order,
    arriving_users,
    meta_gradient,
    regret,
)

DATA = in_time_order(make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions)
D = 4


def drawn(n, seed=0, d=D):
    """Made-up users around a common taste."""
    rng = np.random.default_rng(seed)
    centre, users = np.array([1.0, -0.5, 0.0, 0.3])[:d], []
    for u in range(n):
        w = centre + rng.normal(0, [0.1, 0.5, 0.02, 0.3][:d])
        k, q = rng.integers(1, 6), rng.integers(1, 9)
        x, noise = rng.normal(size=(k + q, d)), rng.uniform(0.2, 0.6, k + q)
        y = x @ w + np.sqrt(noise) * rng.normal(size=k + q)
        users.append(ArrivingUser(u, x[:k], y[:k], noise[:k], x[k:], y[k:], noise[k:]))
    return users


# -- follow the meta-leader -------------------------------------------------------------------------------------------
def test_the_meta_gradient_is_autograds():
    users, leader, rng = drawn(5), MetaLeader(D, steps=1), np.random.default_rng(1)
    for user in users:
        leader.learn(user)
    start, rates = (torch.tensor(rng.normal(size=D), requires_grad=True) for _ in range(2))
    total = 0.0
    for user in users:
        x, y, xq, yq = map(torch.as_tensor, (user.x, user.y, user.query_x, user.query_y))
        inner = ((x @ start - y) ** 2).sum() / (len(y) + 5.0)
        (g,) = torch.autograd.grad(inner, start, create_graph=True)
        total = total + ((xq @ (start - rates * g) - yq) ** 2).mean() / len(users)
    total.backward()
    stored = [np.stack(part) for part in zip(*leader.stored, strict=True)]
    by_start, by_rates = meta_gradient(start.detach().cpu().numpy(), rates.detach().cpu().numpy(), stored)
    np.testing.assert_allclose(by_start, start.grad, atol=1e-12)
    np.testing.assert_allclose(by_rates, rates.grad, atol=1e-12)


def test_the_outer_steps_are_adams():
    users, leader = drawn(6), MetaLeader(D, rate=0.1, lr=0.05, steps=3)
    p = torch.zeros(2 * D, dtype=torch.float64, requires_grad=True)
    with torch.no_grad():
        p[D:] = 0.1
    adam, seen = torch.optim.Adam([p], lr=0.05), []
    for user in users:
        leader.learn(user)
        seen.append(leader._inner(user) + (user.query_x.T @ user.query_x / len(user.query_y),
                                           user.query_x.T @ user.query_y / len(user.query_y)))  # fmt: skip
        for _ in range(3):
            stacked = [np.stack(part) for part in zip(*seen, strict=True)]
            gradient = meta_gradient(*(half.detach().cpu().numpy() for half in (p[:D], p[D:])), stacked)
            p.grad = torch.as_tensor(np.concatenate(gradient))
            adam.step()
    np.testing.assert_allclose(np.append(leader.start, leader.rates), p.detach(), atol=1e-10)


def test_many_steps_find_the_best_prior():
    users = drawn(30)
    leader = MetaLeader(D, lr=0.02, steps=100)
    for user in users:
        leader.learn(user)
    stored = [np.stack(part) for part in zip(*leader.stored, strict=True)]
    assert max(np.abs(np.concatenate(meta_gradient(leader.start, leader.rates, stored)))) < 5e-3


@pytest.mark.parametrize(("memory", "kept"), [(None, 30), (7, 7), (0, 0)])
def test_what_is_stored(memory, kept):
    leader = MetaLeader(D, memory=memory, steps=1)
    for user in drawn(30):
        leader.learn(user)
    assert len(leader.stored) == kept and leader.seen == 30


def test_a_replay_is_a_uniform_sample():
    users = drawn(20)
    counts = np.zeros(20)
    for seed in range(300):
        leader = MetaLeader(D, memory=5, steps=0, seed=seed)
        for user in users:
            leader.learn(user)
        for a, *_ in leader.stored:
            counts += [np.array_equal(a, leader._inner(user)[0]) for user in users]
    assert counts.sum() == 1_500 and (np.abs(counts - 75) < 35).all()


def test_a_user_without_a_query_teaches_nothing():
    user, leader = drawn(1)[0], MetaLeader(D)
    leader.learn(ArrivingUser(0, user.x, user.y, user.noise, user.x[:0], user.y[:0], user.noise[:0]))
    assert not leader.stored and not leader.start.any()


# -- empirical Bayes --------------------------------------------------------------------------------------------------
def test_the_posterior_is_the_information_form():
    user, prior = drawn(1)[0], OnlinePrior(D, 0.7)
    prior.mean = np.arange(D) / 3.0
    mean, covariance = prior.posterior(user.x, user.y, user.noise)
    precision = np.linalg.inv(prior.covariance)
    expected = np.linalg.inv(precision + user.x.T @ (user.x / user.noise[:, None]))
    np.testing.assert_allclose(covariance, expected, atol=1e-12)
    np.testing.assert_allclose(mean, expected @ (precision @ prior.mean + user.x.T @ (user.y / user.noise)), atol=1e-12)


def test_the_prior_has_the_moments_of_all_posteriors():
    prior, means, seconds = OnlinePrior(D, 0.6, strength=2.0), [], []
    for user in drawn(25):
        x, y = np.vstack([user.x, user.query_x]), np.append(user.y, user.query_y)
        m, v = prior.posterior(x, y, np.append(user.noise, user.query_noise))
        means.append(m)
        seconds.append(v + np.outer(m, m))
        prior.learn(user)
    mean = np.sum(means, 0) / 27
    np.testing.assert_allclose(prior.mean, mean, atol=1e-12)
    second = (np.sum(seconds, 0) + 2 * 0.36 * np.eye(D)) / 27
    np.testing.assert_allclose(prior.covariance, second - np.outer(mean, mean), atol=1e-12)


@pytest.mark.parametrize("make", [lambda: MetaLeader(D), lambda: OnlinePrior(D)], ids=["leader", "bayes"])
def test_a_learned_prior_beats_the_start(make):
    prior, before = make(), make()
    for user in drawn(150):
        prior.learn(user)
    new = drawn(200, seed=1)
    assert np.mean([u.error(prior.weights(u)) for u in new]) < 0.9 * np.mean([u.error(before.weights(u)) for u in new])


# -- arrivals and regret ----------------------------------------------------------------------------------------------
def test_users_arrive_in_order_with_the_biases_of_those_before():
    order = arrival_order(DATA)
    first = DATA.ratings.assign(at=np.arange(len(DATA))).groupby("user_id")["at"].min().sort_values()
    assert DATA.users["user_id"].iloc[order].tolist() == first.index.tolist()
    model = ProbabilisticPCA(rank=3, steps=4).fit(DATA.subset(np.isin(DATA.user_codes, order[:20])))
    users = arriving_users(model, DATA, order[20:], k=4)
    assert [u.user for u in users] == order[20:].tolist() and len(users[5].y) == 4
    bias, spread = model.item_bias_[-1].cpu().numpy(), model.spread_
    seen = np.bincount(DATA.item_codes[np.isin(DATA.user_codes, order[:20])], minlength=30)
    past = np.isin(DATA.user_codes, order[20:25])
    rows = np.flatnonzero(DATA.user_codes == order[25])
    for at, y in zip(rows, np.append(users[5].y, users[5].query_y), strict=True):
        i = DATA.item_codes[at]
        mine = DATA.values[past & (DATA.item_codes == i)] - bias[i]
        expected = DATA.values[at] - bias[i] - mine.sum() / (seen[i] + 3 + len(mine))
        assert y == pytest.approx(expected / spread, abs=1e-12)


def test_regret_by_hand():
    assert regret(np.array([3.0, 1, 1]), np.array([[1.0, 2, 2], [2, 0, 5]])).tolist() == [2, 2, 0]
    assert regret(np.array([1.0, 1]), np.array([2.0, 2])).tolist() == [-1, -2]


# -- the model --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("leader", ["meta-sgd", "empirical bayes"])
def test_the_model_adapts_as_its_leader_does(leader):
    model = OnlineMetaLearningModel(rank=3, steps=4, leader=leader).fit(DATA)
    ratings = model.ratings_of([7])
    user = model._arriving(ratings)
    whole = ArrivingUser(
        0, np.vstack([user.x, user.query_x]), np.append(user.y, user.query_y), np.append(user.noise, user.query_noise),
        user.x[:0], user.y[:0], user.noise[:0],
    )  # fmt: skip
    w = model._prior.weights(whole)
    got = model.root_ @ model.adapt(ratings).mean[0]
    np.testing.assert_allclose(got.cpu(), w, atol=1e-9)


def test_arriving_users_move_the_prior():
    model = OnlineMetaLearningModel(rank=3, steps=4).fit(DATA)
    before = model.prior_mean_.clone()
    for item in DATA.items["item_id"].iloc[:8]:
        model.update("new" if model.history_.ids.dtype == object else 9_999, item, 5)
    assert torch.equal(model.prior_mean_, before)
    assert model.arrive(9_999) is model and not torch.equal(model.prior_mean_, before)
    with pytest.raises(ValueError, match="call update first"):
        model.arrive(123_456)
    with pytest.raises(ValueError, match="leader='ftl'"):
        OnlineMetaLearningModel(leader="ftl").fit(DATA)


def test_only_the_normal_prior_knows_its_uncertainty():
    with pytest.raises(ValueError, match="empirical bayes"):
        OnlineMetaLearningModel(rank=3, steps=4, leader="meta-sgd").fit(DATA).predict(7, [1], return_std=True)
    model = OnlineMetaLearningModel(rank=3, steps=4, leader="empirical bayes").fit(DATA)
    assert (model.predict(7, [1, 2], return_std=True)["std"] > 0).all()


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_the_contract_with_the_gradient_leader(check):
    check(functools.partial(OnlineMetaLearningModel, leader="meta-sgd", steps=4, rank=3))


def test_order_of_arrival_matters_and_nothing_else_does():
    def start(data):
        return OnlineMetaLearningModel(rank=3, steps=4).fit(data).prior_mean_

    times = DATA.ratings["timestamp"]
    turned = DATA.replace_ratings(DATA.ratings.assign(timestamp=times.max() - times))
    assert torch.equal(start(DATA), start(DATA.subset(np.arange(len(DATA))[::-1])))
    assert not torch.equal(start(DATA), start(turned))


def test_it_beats_the_item_means_on_new_users():
    world = make_world(n_users=150, n_items=40, ratings_per_user=20, seed=4).interactions
    known = np.arange(world.n_users) < 110
    train = world.subset(known[world.user_codes])
    tasks = make_tasks(world, world.users["user_id"][~known], k=8, seed=0)
    for leader in ("meta-sgd", "empirical bayes"):
        model = OnlineMetaLearningModel(leader=leader, steps=20).fit(train)
        error = ((score_tasks(model, tasks) - tasks.query.values)[tasks.query.mask] ** 2).mean()
        prior = ((score_tasks(model, tasks.first(0)) - tasks.query.values)[tasks.query.mask] ** 2).mean()
        assert error < 0.97 * prior


def test_it_runs_on_a_split():
    train, test = load_data(DATA)
    assert 0.3 < OnlineMetaLearningModel(steps=10).fit(train).evaluate(test, metric="rmse") < 1.5
