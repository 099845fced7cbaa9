"""What holds for every public meta-learner; a new one is covered as soon as the package names it."""

import copy
import inspect

import numpy as np
import pytest
import torch

import metarec_lib
from metarec_lib import FOMAML, MetaLearner, Recommender, Reptile, make_tasks, make_world
from metarec_lib.data.tasks import TaskBatch
from metarec_lib.device import as_tensor
from metarec_lib.meta import reptile
from metarec_lib.meta.base import squared_error
from metarec_lib.meta.pca import FactorRecommender

FOUND = [c for n in metarec_lib.__all__ if inspect.isclass(c := getattr(metarec_lib, n)) and not inspect.isabstract(c)]
LEARNERS = [c for c in FOUND if issubclass(c, MetaLearner)]
BAYESIAN = [c for c in FOUND if issubclass(c, FactorRecommender)]
SMALL = {"hidden": 3, "width": 4, "heads": 2, "embedding": 2, "context": 2, "components": 2, "steps": 10}
every = pytest.mark.parametrize("learner", LEARNERS, ids=lambda c: c.__name__)
DATA = make_world(n_users=40, n_items=10, ratings_per_user=6, seed=5).interactions


def small(learner, **settings):
    return learner(**{k: v for k, v in SMALL.items() if k in learner().get_params()}, **settings)


def test_every_learner_is_found():
    names = {c.__name__ for c in LEARNERS + BAYESIAN}
    assert names >= {"MAML", "FOMAML", "ANIL", "MetaSGD", "Reptile", "CAVIA", "MeLU", "ConditionalNeuralProcess"}
    assert names >= {"MatchingRecommender", "InContextTransformer", "MetaLearningModel", "ItemGaussianProcess"}
    assert names >= {"ProbabilisticPCA", "MixturePrior"} and all(
        issubclass(c, Recommender) for c in FOUND if c in LEARNERS
    )


# -- gradients --------------------------------------------------------------------------------------------------------
def drawn(learner):
    """A model whose parameters are drawn at random around where training starts, and tasks with 0 to 4 ratings."""
    model, rng = small(learner), np.random.default_rng(3)
    model._start(DATA)
    for name, value in model.params_.items():
        size = 0.0 if name == "test_rate" else 0.01 if name == "item_shift" else 0.2  # a shift is divided by the size
        value += size * as_tensor(rng.normal(size=tuple(value.shape)))
    tasks = make_tasks(DATA, k=4, pool=4, query=4, seed=0)
    tasks = tasks.select(tasks.query.counts > 1).select(slice(0, 5))
    return model, TaskBatch(tasks.support.first(torch.tensor([0, 1, 2, 4, 3])), tasks.query)


def objective(model, batch, monkeypatch):
    """The loss of whose value the meta-gradient is the derivative. FOMAML and Reptile hold something fixed by definition:
    the inner steps, and the weights that the inner loop ends at."""
    if isinstance(model, Reptile):
        with torch.no_grad():
            goal = {}
            original = reptile.adapt_weights
            monkeypatch.setattr(reptile, "adapt_weights", lambda *args: goal.update(original(*args)) or goal)
            model.meta_loss(batch)
            monkeypatch.setattr(reptile, "adapt_weights", lambda *args: goal)
        return lambda: model.meta_loss(batch)
    if isinstance(model, FOMAML):
        with torch.no_grad():
            steps = {k: v - model.params_[k] for k, v in model.adapt(batch.support).items()}

        def one_step_away():
            state = {k: model.params_[k] + step for k, step in steps.items()}
            return squared_error(model.score(state, batch.query), batch.query) / model.spread_**2

        return one_step_away
    return lambda: model.meta_loss(batch)


def differences(value, loss, h):
    """Central finite differences with respect to every number of a tensor, changed in place."""
    flat, found = value.view(-1), value.new_zeros(value.numel())
    for n in range(len(flat)):
        at = float(flat[n])
        flat[n] = at + h
        up = float(loss())
        flat[n] = at - h
        found[n] = (up - float(loss())) / (2 * h)
        flat[n] = at
    return found.reshape(value.shape)


@every
def test_the_gradient_of_every_parameter_is_that_of_finite_differences(learner, monkeypatch):
    model, batch = drawn(learner)
    loss = objective(model, batch, monkeypatch)
    params = {k: v.requires_grad_() for k, v in model.params_.items()}
    kinds = {"allow_unused": True, "materialize_grads": True}
    found = torch.autograd.grad(model.meta_loss(batch), list(params.values()), **kinds)
    assert all(v.dtype == torch.float64 for v in params.values())
    with torch.no_grad():
        for (name, value), gradient in zip(params.items(), found, strict=True):
            expected = differences(value, loss, h=1e-6 if name == "item_shift" else 1e-5)
            worst = float((gradient - expected).abs().max()) if value.numel() else 0.0
            assert worst <= 1e-6 * float(expected.abs().max()) + 1e-10, f"{name}: off by {worst}"
            still = isinstance(model, Reptile) and name in ("item_shift", "test_rate")  # which it does not train
            assert value.numel() == 0 or bool(expected.abs().max() > 1e-5) != still, f"{name} is not trained"


# -- settings ---------------------------------------------------------------------------------------------------------
@every
def test_settings_are_fields_checked_by_fit(learner):
    model = learner()
    ranges = {name: allowed for c in learner.__mro__ for name, allowed in vars(c).get("ranges", {}).items()}
    assert ranges.keys() <= model.get_params().keys()
    for name in ranges:
        bad = copy.deepcopy(model).set_params(**{name: -1})
        with pytest.raises(ValueError, match=f"{learner.__name__}: got {name}=-1, expected "):
            bad.fit(DATA)
    assert not hasattr(model, "params_")
