"""Metrics against scikit-learn, against every order that ties allow, and at their edges."""

import itertools
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from metarec_lib.evaluation.metrics import (
    ConstantScoreWarning,
    auc,
    calibration_error,
    hit_rate,
    mae,
    mrr,
    ndcg,
    rmse,
)

quiet = pytest.mark.filterwarnings("ignore::metarec_lib.evaluation.metrics.ConstantScoreWarning")
derandomised = settings(derandomize=True, deadline=None, database=None, max_examples=60)
RANKING = {
    "auc": lambda s, r, m: auc(s, (r >= 4).double(), m),
    "ndcg": lambda s, r, m: ndcg(s, 2**r - 1, m, k=3),
    "hit_rate": lambda s, r, m: hit_rate(s, (r >= 4).double(), m, k=2),
    "mrr": lambda s, r, m: mrr(s, (r >= 4).double(), m),
}
ALL = {**RANKING, "rmse": rmse, "mae": mae}


def ragged(seed, B=40, Q=12, levels=6):
    """Scores with many ties, ratings, and a ragged mask; some users have no item. What is masked is rubbish."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, (B, Q)) / 2
    ratings = rng.integers(1, 6, (B, Q)).astype(float)
    mask = (np.arange(Q) < rng.integers(0, Q + 1, (B, 1)))[:, rng.permutation(Q)]
    scores[~mask], ratings[~mask] = np.nan, -7
    return tuple(map(torch.as_tensor, (scores, ratings, mask)))


def users(scores, truth, mask):
    return [(s[m].numpy(), t[m].numpy()) for s, t, m in zip(scores, truth, mask, strict=True)]


def expected_over_orders(scores, value_of):
    """Mean of a value over all orders of the items in which scores never rise."""
    orders = [p for p in itertools.permutations(range(len(scores))) if all(np.diff(scores[list(p)]) <= 0)]
    return np.mean([value_of(list(p)) for p in orders])


def agree(ours, theirs):
    ours, theirs = ours.numpy(), np.array(theirs, dtype=float)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    assert 0 < np.isnan(theirs).sum() < len(theirs) - 5  # the cases hold undefined users, and many others
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@quiet
@pytest.mark.parametrize("seed", range(4))
def test_errors_agree_with_scikit_learn(seed):
    case = ragged(seed)
    for ours, theirs in ((rmse, sk.root_mean_squared_error), (mae, sk.mean_absolute_error)):
        agree(ours(*case), [theirs(t, s) if len(s) else np.nan for s, t in users(*case)])


@quiet
@pytest.mark.parametrize("seed", range(4))
def test_auc_agrees_with_scikit_learn(seed):
    scores, ratings, mask = ragged(seed)
    liked = (ratings >= 4).double()
    two = [sk.roc_auc_score(t, s) if len(set(t)) == 2 else np.nan for s, t in users(scores, liked, mask)]
    agree(auc(scores, liked, mask), two)


@quiet
@pytest.mark.parametrize("k", [None, 1, 3, 5, 50])
@pytest.mark.parametrize("gain", ["exponential", "binary"])
def test_ndcg_agrees_with_scikit_learn(k, gain):
    scores, ratings, mask = ragged(9)
    gains = 2**ratings - 1 if gain == "exponential" else (ratings >= 4).double()
    gains[~mask] = -3  # what is masked does not count, not even as an error
    reference = []
    for s, g in users(scores, gains, mask):
        if len(g) > 1:
            reference.append(sk.ndcg_score([g], [s], k=k) if g.sum() else np.nan)
        else:
            reference.append(1.0 if g.sum() else np.nan)
    agree(ndcg(scores, gains, mask, k), reference)


@quiet
@pytest.mark.parametrize("k", [1, 2, 3, 6, 9])
def test_hit_rate_is_the_mean_over_all_orders_of_ties(k):
    scores, ratings, mask = ragged(3, B=60, Q=6, levels=3)
    liked = (ratings >= 4).double()
    by_hand = [
        expected_over_orders(s, lambda p, t=t: t[p][:k].max()) if t.sum() else np.nan
        for s, t in users(scores, liked, mask)
    ]
    agree(hit_rate(scores, liked, mask, k), by_hand)


@quiet
def test_mrr_is_the_mean_over_all_orders_of_ties():
    scores, ratings, mask = ragged(4, B=60, Q=6, levels=3)
    liked = (ratings >= 4).double()
    by_hand = [
        expected_over_orders(s, lambda p, t=t: 1 / (1 + t[p].argmax())) if t.sum() else np.nan
        for s, t in users(scores, liked, mask)
    ]
    agree(mrr(scores, liked, mask), by_hand)


@quiet
def test_ndcg_is_the_mean_over_all_orders_of_ties():
    scores, gains = torch.tensor([3.0, 3, 3, 1, 1]), torch.tensor([0.0, 1, 7, 3, 0])
    discount = 1 / np.log2(np.arange(2, 7)) * (np.arange(5) < 4)
    best = np.sort(gains.numpy())[::-1] @ discount
    by_hand = expected_over_orders(scores.numpy(), lambda p: gains.numpy()[p] @ discount / best)
    assert float(ndcg(scores.double(), gains, k=4)) == pytest.approx(by_hand, abs=1e-12)


def test_hand_cases():
    s, like = torch.tensor([[0.9, 0.8, 0.3]], dtype=torch.float64), torch.tensor([[0.0, 1, 0]])
    assert float(auc(s, like)) == 0.5 and float(mrr(s, like)) == pytest.approx(0.5, abs=1e-12)
    assert (float(hit_rate(s, like, k=1)), float(hit_rate(s, like, k=2))) == pytest.approx((0, 1), abs=1e-12)
    assert float(ndcg(s, like)) == pytest.approx(1 / np.log2(3), abs=1e-12)
    assert float(rmse(s, like)) == pytest.approx(np.sqrt((0.81 + 0.04 + 0.09) / 3), abs=1e-12)


def test_many_tied_items_do_not_lose_precision():
    n, scores = 3000, torch.zeros(1, 3000, dtype=torch.float64)
    liked = (torch.arange(n) < 2).double().unsqueeze(0)
    with pytest.warns(ConstantScoreWarning):
        hit = float(hit_rate(scores, liked, k=10))
    assert hit == pytest.approx(1 - (2990 * 2989) / (3000 * 2999), abs=1e-9)
    with pytest.warns(ConstantScoreWarning):
        place = np.arange(1, n)
        assert float(mrr(scores, liked)) == pytest.approx(((n - place) / (n * (n - 1) / 2) / place).sum(), abs=1e-9)


@quiet
@derandomised
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_padding_and_the_order_of_users_and_items_do_not_matter(seed, more):
    scores, ratings, mask = ragged(seed, B=5, Q=6, levels=4)
    rng = np.random.default_rng(seed)
    who, what = (torch.as_tensor(rng.permutation(n)) for n in (5, 6))
    rubbish = lambda t, v: torch.nn.functional.pad(t, (more, more), value=v)  # noqa: E731
    wide = rubbish(scores, 99.0), rubbish(ratings, 5.0), rubbish(mask, False)
    for name, metric in ALL.items():
        plain = metric(scores, ratings, mask)
        torch.testing.assert_close(metric(*wide), plain, rtol=0, atol=1e-12, equal_nan=True, msg=name)
        moved = metric(scores[who][:, what], ratings[who][:, what], mask[who][:, what])
        torch.testing.assert_close(moved, plain[who], rtol=0, atol=1e-12, equal_nan=True, msg=name)


@quiet
@derandomised
@given(st.integers(0, 10_000))
def test_ranking_sees_the_order_of_scores_alone(seed):
    scores, ratings, mask = ragged(seed, B=4, Q=6)
    for name, metric in RANKING.items():
        values = metric(scores, ratings, mask)
        bent = metric(torch.exp(scores / 2) - 3, ratings, mask)
        torch.testing.assert_close(bent, values, rtol=0, atol=1e-12, equal_nan=True, msg=name)
        assert ((values >= -1e-12) & (values <= 1 + 1e-12) | values.isnan()).all()


@pytest.mark.parametrize("name", ALL)
def test_users_without_items_and_batches_without_users(name):
    empty = torch.zeros(2, 3, dtype=torch.bool)
    assert ALL[name](torch.zeros(2, 3), torch.full((2, 3), 5.0), empty).isnan().all()
    assert ALL[name](torch.zeros(2, 0), torch.zeros(2, 0), None).isnan().tolist() == [True, True]
    assert ALL[name](torch.zeros(0, 3), torch.zeros(0, 3), None).shape == (0,)
    assert ALL[name](torch.zeros(0, 0), torch.zeros(0, 0), None).shape == (0,)


def test_one_item():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for metric in (hit_rate, mrr, ndcg):
            assert float(metric(torch.tensor([2.0]), torch.tensor([1.0]))) == 1
            assert float(metric(torch.tensor([2.0]), torch.tensor([0.0])).isnan()) == 1
        assert auc(torch.tensor([2.0]), torch.tensor([1.0])).isnan().all()
        assert float(mae(torch.tensor([2]), torch.tensor([5]))) == 3


@pytest.mark.parametrize("name", RANKING)
def test_constant_scores_are_a_warning_that_points_at_the_caller(name):
    scores = torch.tensor([[2.0, 2, 9], [1, 2, 3], [4, 9, 9]])
    mask = torch.tensor([[True, True, False], [True, True, True], [True, False, False]])
    with pytest.warns(ConstantScoreWarning, match=f"{name}: 1 of 3 users have the same score") as caught:
        RANKING[name](scores, torch.tensor([[4.0, 1, 1], [5, 1, 1], [5, 1, 1]]), mask)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ALL)
def test_a_score_that_is_no_number_is_an_error(name, bad):
    with pytest.raises(ValueError, match=f"{name}: 1 scores are NaN or infinite"):
        ALL[name](torch.tensor([[1.0, bad]]), torch.tensor([[4.0, 2.0]]), None)


@pytest.mark.parametrize("metric", [rmse, mae])
def test_a_true_value_that_is_no_number_is_an_error(metric):
    with pytest.raises(ValueError, match="2 true values are NaN"):
        metric(torch.tensor([1.0, 2, 3]), torch.tensor([np.nan, np.nan, 1.0]))


@pytest.mark.parametrize("metric", [auc, hit_rate, mrr])
def test_labels_are_0_or_1(metric):
    with pytest.raises(ValueError, match="labels other than 0 and 1.*pass which are liked"):
        metric(torch.tensor([1.0, 2]), torch.tensor([5.0, 1.0]))


def test_shapes_gains_and_k_are_checked():
    one = torch.ones(2, 3)
    for metric in ALL.values():
        with pytest.raises(ValueError, match=r"got scores \(2, 3\), truth \(2, 2\).*expected all three \(B, Q\)"):
            metric(one, one[:, :2], None)
    with pytest.raises(ValueError, match=r"mask \(2, 4\)"):
        rmse(one, one, torch.ones(2, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match="negative gain"):
        ndcg(torch.arange(3.0), torch.tensor([1.0, -1, 0]))
    for k in (0, -1, 2.5, True, "3"):
        with pytest.raises(ValueError, match="k=.*whole number of 1 or more"):
            ndcg(torch.arange(3.0), torch.ones(3), k=k)
        with pytest.raises(ValueError, match="k=.*whole number of 1 or more"):
            hit_rate(torch.arange(3.0), torch.ones(3), k=k)
    assert float(ndcg(torch.arange(3.0), torch.ones(3), k=np.int64(2))) == 1


# -- calibration ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("bins", [1, 4, 10])
def test_calibration_error_equals_a_loop(bins):
    rng = np.random.default_rng(bins)
    p = rng.random(200)
    p[:3] = 0.0, 1.0, 0.5
    y = (rng.random(200) < 0.5 + 0.5 * np.sin(9 * p)).astype(float)  # above and below p by turns
    total = 0.0
    for b in range(bins):
        inside = (p >= b / bins) & ((p < (b + 1) / bins) | (b == bins - 1))
        if inside.any():
            total += inside.sum() / len(p) * abs(y[inside].mean() - p[inside].mean())
    assert calibration_error(torch.as_tensor(p), torch.as_tensor(y), bins) == pytest.approx(total, abs=1e-12)


def test_calibration_error_by_hand():
    assert calibration_error(torch.tensor([0.9, 0.9, 0.1]).double(), torch.tensor([1, 0, 0])) == pytest.approx(0.9 / 3)
    assert calibration_error(torch.tensor([0, 1]), torch.tensor([0.0, 1.0])) == 0


@pytest.mark.parametrize(
    ("p", "y", "bins", "words"),
    [
        ([0.5, 1.5], [0, 1], 10, "probabilities outside 0..1"),
        ([0.5, np.nan], [0, 1], 10, "probabilities outside 0..1 or NaN"),
        ([0.5, 0.5], [0, np.nan], 10, "outcomes outside 0..1 or NaN"),
        ([0.5, 0.5], [1, 5], 10, "outcomes outside 0..1"),
        ([0.5], [1, 0], 10, r"shapes \(1,\) and \(2,\)"),
        ([], [], 10, "n > 0"),
        ([0.5], [1], 0, "bins=0, expected a whole number"),
    ],
)
def test_calibration_error_refuses(p, y, bins, words):
    with pytest.raises(ValueError, match=f"calibration_error.*{words}"):
        calibration_error(torch.tensor(p), torch.tensor(y), bins)
