import numpy as np
import pytest
import torch

from metarec_lib.meta.sine import METHODS, RATES, SineRegressor, SineTasks

TASKS = SineTasks(k=10)
VALIDATION, TEST = (TASKS.draw(400, np.random.default_rng(s)) for s in (101, 102))


def test_the_waves_are_what_they_say():
    for x, y in ((TEST.x, TEST.y), (TEST.x_query, TEST.y_query)):
        torch.testing.assert_close(y, TEST.amplitude[:, None] * torch.sin(x - TEST.phase[:, None]))
        assert x.abs().max() <= 5 and x.min() < -4.9 and x.max() > 4.9
    assert TEST.x.shape == (400, 10) and TEST.x_query.shape == (400, 20)
    assert TEST.amplitude.min() >= 0.1 and TEST.amplitude.max() <= 5 and TEST.phase.max() <= np.pi


def tuned_error(model, steps):
    return float(model.errors(TEST, steps, model.best_rates(VALIDATION, [steps])[steps]).mean())


@pytest.fixture(scope="module")
def after_one_step():
    return {m: tuned_error(SineRegressor(m, steps=700, seed=0).fit(TASKS), 1) for m in METHODS}


def test_learning_to_learn_beats_learning(after_one_step):
    """Finn et al. 2017, fig. 2; a third of the default training. The default reaches more than 4 times."""
    error = after_one_step
    assert error["maml"] < error["fomaml"] < error["pooled"] < error["random"]
    assert error["pooled"] > 3 * error["maml"] and error["reptile"] < error["pooled"]


def test_the_rate_is_the_best_on_the_validation_waves():
    model = SineRegressor("pooled", steps=50).fit(TASKS)
    errors = [float(model.errors(VALIDATION, 2, rate).mean()) for rate in RATES]
    assert model.best_rates(VALIDATION, [2]) == {2: RATES[int(np.nanargmin(errors))]}
    assert torch.equal(model.errors(TEST, 0, 0.1), model.errors(TEST, 0, 0.5))


def test_training_repeats_to_the_bit():
    one, two = (SineRegressor("maml", steps=5, seed=3).fit(TASKS) for _ in range(2))
    assert all(torch.equal(w, two.weights_[k]) and not w.requires_grad for k, w in one.weights_.items())


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="got method 'mmal', expected one of maml"):
        SineRegressor("mmal")


@pytest.mark.parametrize("bad", [{"k": 0}, {"query": 0}])
def test_waves_without_points_are_refused(bad):
    with pytest.raises(ValueError, match="expected 1 or more"):
        SineTasks(**bad)


@pytest.mark.parametrize("bad", [{"steps": -1}, {"batch": 0}, {"inner_steps": 0}])
def test_numbers_of_steps_that_make_no_sense_are_refused(bad):
    with pytest.raises(ValueError, match="SineRegressor: got"):
        SineRegressor(**bad)
