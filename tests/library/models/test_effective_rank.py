"""Effective rank of tables whose rank is known."""

import numpy as np
import pytest

from metarec_lib import effective_rank


def test_equal_directions_count_each():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(40, 5)))[0]
    basis -= basis.mean(0)
    centred = np.linalg.qr(basis)[0]
    assert effective_rank(centred) == pytest.approx(5)


def test_by_hand():
    rows = np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]])  # singular values 3 and 1, times sqrt(2)
    assert effective_rank(rows) == pytest.approx(np.exp(-0.75 * np.log(0.75) - 0.25 * np.log(0.25)))
    assert effective_rank(rows + 7) == pytest.approx(effective_rank(rows))


def test_edges():
    assert effective_rank(np.ones((4, 3))) == 1
    with pytest.raises(ValueError, match="expected finite numbers"):
        effective_rank(np.ones(3))
