"""Users of several kinds: the learner against MixturePrior, by sampling, and against loops; samplers and the regulariser."""

import numpy as np
import pytest
import torch

from metarec_lib import DiversityMetaLearningModel, evaluate_tasks, make_tasks, two_tastes
from metarec_lib.device import as_tensor
from metarec_lib.meta.diverse import balanced, volume_penalty
from metarec_lib.meta.mixture import MixturePrior
from metarec_lib.meta.ridge import MetaLearningModel

DATA, KIND = two_tastes(120, 60, each=30, seed=3)
TASKS = make_tasks(DATA, DATA.users["user_id"].to_numpy()[:20], k=5, seed=0)


@pytest.fixture(scope="module")
def model():
    return DiversityMetaLearningModel(components=2, epochs=1, seed=0).fit(DATA)


def untrained(**options):
    """The model at the parameters from which its training starts."""
    found = DiversityMetaLearningModel(epochs=1, **options).fit(DATA)
    start = found._initial(DATA, np.random.default_rng(0))
    for name, value in start.items():
        found.params_[name] = as_tensor(value)
    return found


def test_it_starts_as_the_mixture_prior():
    found, prior = untrained(components=2), MixturePrior(components=2).fit(DATA)
    ours, theirs = found.adapt(TASKS.support), prior.adapt(TASKS.support)
    torch.testing.assert_close(ours.responsibility, theirs.responsibility)
    torch.testing.assert_close(found.score(ours, TASKS.query), prior.score(theirs, TASKS.query))


def test_the_spread_is_that_of_draws_from_the_mixture(model):
    state, items = model.adapt(TASKS.support), model.linear(TASKS.query)
    rng, user, film = np.random.default_rng(0), 2, 1
    kind = rng.choice(2, p=state.responsibility[user].detach().cpu().numpy(), size=40_000)
    means, spreads = state.mean[user].detach().cpu().numpy(), state.spread[user].detach().cpu().numpy()
    w = np.stack([rng.multivariate_normal(means[c], spreads[c], 40_000) for c in (0, 1)])[kind, np.arange(40_000)]
    noise = rng.standard_normal(40_000) * items.variance[user, film].sqrt().item()
    drawn = model.spread_ * (w @ items.x[user, film].detach().cpu().numpy() + noise)
    assert abs(model.score_std(state, TASKS.query)[user, film].item() / drawn.std() - 1) < 0.02


def test_conditioned_starts_where_unconditioned_does():
    plain, moved = untrained(components=1), untrained(components=1, conditioned=True)
    torch.testing.assert_close(
        plain.score(plain.adapt(TASKS.support), TASKS.query), moved.score(moved.adapt(TASKS.support), TASKS.query)
    )
    moved.params_["condition"] = as_tensor(np.eye(len(moved.params_["condition"])))
    prior, z = moved._component_priors(TASKS.support)[:, 0], moved.condition_on(TASKS.support)
    for user in range(20):
        torch.testing.assert_close(prior[user], moved.params_["means"][0] + z[user])


def test_two_kinds_are_told_apart(model):
    support = make_tasks(DATA, DATA.users["user_id"].to_numpy(), k=20, seed=0).support
    said = model.adapt(support).responsibility.argmax(1).cpu().numpy()
    right = (said == KIND).mean()
    assert max(right, 1 - right) > 0.95


def test_a_mixture_beats_one_prior_where_there_are_two_kinds():
    data, _ = two_tastes(300, 100, seed=1)
    new = data.users["user_id"].to_numpy()[200:]
    train = data.subset(~np.isin(data.ratings["user_id"], new))
    tasks = make_tasks(data, new, k=3, pool=3, seed=0)
    error = [
        evaluate_tasks(m.fit(train), tasks, ("rmse",))["rmse"].mean()
        for m in (DiversityMetaLearningModel(components=2), MetaLearningModel())
    ]
    assert error[0] < error[1] - 0.02


def test_the_penalty_is_the_log_determinant():
    z = torch.tensor(np.random.default_rng(0).normal(size=(5, 3)), requires_grad=True)
    by_hand = -np.log(np.linalg.det(np.eye(5) + (z @ z.T).detach().cpu().numpy())) / 5
    assert abs(volume_penalty(z).item() - by_hand) < 1e-12
    assert torch.autograd.gradcheck(volume_penalty, z)


def test_balanced_takes_the_kinds_in_turn():
    kind = np.array([0] * 50 + [1] * 6 + [2] * 2)
    for seed in range(5):
        rows = balanced(kind, 12, np.random.default_rng(seed))
        assert len(set(rows)) == 12 and np.bincount(kind[rows]).tolist() == [5, 5, 2]


@pytest.mark.parametrize("sampling", ["uniform", "clusters", "dpp"])
def test_every_sampler_draws_as_many_tasks(sampling):
    found = DiversityMetaLearningModel(sampling=sampling, epochs=1, batch_size=16).fit(DATA)
    batches = [len(b.support.users) for b in found.batches(DATA, np.random.default_rng(0), 16)]
    assert len(batches) == 8 and sum(batches) in (120, 128)


def test_the_regulariser_is_added():
    found = DiversityMetaLearningModel(epochs=1, diversity=0.5).fit(DATA)
    extra = 0.5 * volume_penalty(found.condition_on(TASKS.support))
    torch.testing.assert_close(found.loss(TASKS), found.meta_loss(TASKS) + extra)


def test_two_tastes_is_what_it_says():
    data, kind = two_tastes(50, 40, away=2, within=0.0, rare=0.2, each=40, noise=0.0, seed=7)
    mean = data.values.reshape(50, 40)[:, :]
    assert len(data) == 2000 and 0 < kind.mean() < 0.5
    order = np.argsort(data.item_codes.reshape(50, 40), axis=1)
    shape = np.take_along_axis(mean, order, axis=1)
    shape = shape - shape.mean(1, keepdims=True)  # without the level, users of a kind differ by rounding alone
    away = np.abs(shape[:, None] - shape[None]).mean(2)
    assert away[kind[:, None] == kind].max() < away[kind[:, None] != kind].min()
    with pytest.raises(ValueError, match="expected a share"):
        two_tastes(rare=2)
