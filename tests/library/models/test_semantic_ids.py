"""Semantic ids against a plain loop, and on groups known beforehand."""

import numpy as np
import pytest

from metarec_lib import semantic_ids

VECTORS = np.random.default_rng(3).normal(size=(60, 5))


def test_codes_are_the_nearest_centres_of_what_is_left_over():
    codes, books = semantic_ids(VECTORS, levels=3, codes=4)
    for item, vector in enumerate(VECTORS):
        rest = vector.copy()
        for level in range(3):
            far = [sum((rest[d] - centre[d]) ** 2 for d in range(5)) for centre in books[level]]
            assert codes[item, level] == far.index(min(far))
            rest = rest - books[level][codes[item, level]]


def test_centres_are_means_of_the_residuals_they_hold():
    codes, books = semantic_ids(VECTORS, levels=2, codes=4)
    rest = VECTORS.copy()
    for level in range(2):
        for c in range(4):
            np.testing.assert_allclose(books[level][c], rest[codes[:, level] == c].mean(0), atol=1e-8)
        rest = rest - books[level][codes[:, level]]


def test_last_number_counts_items_of_equal_codes_in_their_order():
    codes = semantic_ids(VECTORS, levels=1, codes=3).codes
    seen: dict[int, int] = {}
    for code, number in codes:
        assert number == seen.get(code, 0)
        seen[code] = number + 1
    assert len({tuple(row) for row in codes}) == len(VECTORS)


def test_coarse_code_is_the_group_and_two_levels_rebuild_a_product_grid():
    coarse, fine = np.array([[0.0, 0.0], [100.0, 0.0]]), np.array([[0.0, -1.0], [0.0, 1.0]])
    vectors = (coarse[:, None] + fine).reshape(4, 2)
    found = semantic_ids(vectors, levels=2, codes=2)
    assert found.codes[0, 0] == found.codes[1, 0] != found.codes[2, 0] == found.codes[3, 0]
    np.testing.assert_allclose(found.decode(), vectors, atol=1e-12)


def test_more_levels_lose_less():
    lost = [((semantic_ids(VECTORS, levels=n, codes=4).decode() - VECTORS) ** 2).mean() for n in (1, 2, 3)]
    assert lost[0] > lost[1] > lost[2]


def test_same_seed_same_ids_and_vectors_unchanged():
    before = VECTORS.copy()
    np.testing.assert_array_equal(semantic_ids(VECTORS, codes=4).codes, semantic_ids(VECTORS, codes=4).codes)
    np.testing.assert_array_equal(VECTORS, before)


@pytest.mark.parametrize("bad", [{"codes": 61}, {"codes": 0}, {"levels": 0}])
def test_bad_settings_say_got_and_expected(bad):
    with pytest.raises(ValueError, match=r"got .* expected"):
        semantic_ids(VECTORS, **bad)


def test_bad_vectors_say_got_and_expected():
    for bad in (VECTORS[0], np.full((4, 2), np.nan)):
        with pytest.raises(ValueError, match=r"got .* expected"):
            semantic_ids(bad, codes=1)
