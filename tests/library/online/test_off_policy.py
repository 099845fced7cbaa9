"""Off-policy estimates against hand-computed cases and against the sum over all that could have happened."""

import itertools

import numpy as np
import pytest

from metarec_lib import doubly_robust, effective_sample_size, importance_weights, ips, snips

REWARDS, WEIGHTS = np.array([1.0, 0, 1]), np.array([2.0, 0.5, 0.5])


def test_by_hand():
    assert ips(REWARDS, WEIGHTS) == pytest.approx(2.5 / 3)
    assert snips(REWARDS, WEIGHTS) == pytest.approx(2.5 / 3)
    assert snips(REWARDS, 2 * WEIGHTS) == pytest.approx(2.5 / 3)
    assert effective_sample_size(WEIGHTS) == pytest.approx(9 / 4.5)
    assert effective_sample_size(np.ones(7)) == 7
    assert doubly_robust(REWARDS, WEIGHTS, np.array([0.5, 0.5, 1]), np.full(3, 0.6)) == pytest.approx(
        0.6 + (1 - 0.25) / 3
    )
    np.testing.assert_allclose(importance_weights([0.5, 0.2], [0.1, 0.4], clip=3), [3, 0.5])


def test_no_weight_at_all():
    assert (snips(REWARDS, np.zeros(3)), effective_sample_size(np.zeros(3))) == (0, 0)


@pytest.mark.parametrize("model", [np.array([0.2, 0.9, 0.4]), np.zeros(3)])
def test_unbiased_over_all_logs_of_two_impressions(model):
    """Every log of two impressions, weighed by its probability: IPS and DR have the truth as their mean, any model."""
    old, new, like = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.2, 0.7]), np.array([0.3, 0.5, 0.8])
    truth, mean_ips, mean_dr = float(new @ like), 0.0, 0.0
    for items in itertools.product(range(3), repeat=2):
        for likes in itertools.product((0.0, 1.0), repeat=2):
            shown, rewards = np.array(items), np.array(likes)
            chance = np.prod(old[shown] * np.where(rewards == 1, like[shown], 1 - like[shown]))
            weights = importance_weights(new[shown], old[shown])
            mean_ips += chance * ips(rewards, weights)
            mean_dr += chance * doubly_robust(rewards, weights, model[shown], np.full(2, new @ model))
    assert (mean_ips, mean_dr) == (pytest.approx(truth), pytest.approx(truth))


@pytest.mark.parametrize("logging", [[0.5, 0.0], [0.5], [0.5, np.nan]])
def test_a_log_that_cannot_be(logging):
    with pytest.raises(ValueError, match="expected equal shapes, a logging propensity above 0 and no NaN"):
        importance_weights([0.5, 0.5], logging)
    with pytest.raises(ValueError, match="no NaN"):
        importance_weights([np.nan, 0.5], [0.5, 0.5])
