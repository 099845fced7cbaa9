"""Orthogonal Procrustes against scipy and against rotations that are known."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

from metarec_lib import procrustes


def test_a_quarter_turn_by_hand():
    turn = procrustes([[0, 2], [-1, 0]], [[2, 0], [0, 1]])
    np.testing.assert_allclose(turn, [[0, -1], [1, 0]], atol=1e-12)


@pytest.mark.parametrize("shape", [(30, 4), (5, 5), (9, 1)])
def test_agrees_with_scipy(shape):
    rng = np.random.default_rng(0)
    new, old = rng.normal(size=shape), rng.normal(size=shape)
    np.testing.assert_allclose(procrustes(new, old), orthogonal_procrustes(new, old)[0], atol=1e-12)


def test_inner_products_of_users_and_items_stay():
    rng = np.random.default_rng(1)
    items, users = rng.normal(size=(20, 3)), rng.normal(size=(7, 3))
    turn = procrustes(items, rng.normal(size=(20, 3)))
    np.testing.assert_allclose((users @ turn) @ (items @ turn).T, users @ items.T, atol=1e-12)


def test_what_is_refused():
    for new, old in ((np.ones((5, 2)), np.ones((5, 3))), (np.ones((2, 3)), np.ones((2, 3))), (np.ones(3), np.ones(3))):
        with pytest.raises(ValueError, match="procrustes: got vectors of shape"):
            procrustes(new, old)
    with pytest.raises(ValueError, match="NaN"):
        procrustes(np.full((3, 2), np.nan), np.ones((3, 2)))
