import numpy as np
import pandas as pd
import pytest

from metarec_lib import Interactions, make_world
from metarec_lib.data.features import item_features, user_features
from metarec_lib.meta import factors as module
from metarec_lib.meta.factors import fit_factors
from metarec_lib.models.baseline import fit_biases

WORLD = make_world(n_users=300, n_items=80, rank=2, ratings_per_user=40, noise=0.5, taste=0.8, seed=0)
DATA = WORLD.interactions


@pytest.fixture(scope="module")
def factors():
    return fit_factors(DATA, rank=4, steps=40)


def test_it_finds_the_truth(factors):
    span, _ = np.linalg.qr(factors.vectors[-1, :-1])  # the true factors lie in the span of the vectors
    truth = WORLD.item_factors
    left_over = truth - span @ (span.T @ truth)
    assert (left_over**2).sum() < 0.1 * (truth**2).sum()
    assert np.corrcoef(factors.bias[-1, :-1], WORLD.item_bias)[0, 1] > 0.9
    assert 0.5 < factors.noise * factors.spread < 0.65  # 0.5 stars, and what rounding to stars adds


def test_shapes_and_unknown_items(factors):
    assert factors.bias.shape == (6, 81) and factors.vectors.shape == (6, 81, 4) and factors.scale.shape == (5,)
    assert (factors.bias[:, -1] == fit_biases(DATA).mean).all() and not factors.vectors[:, -1].any()
    assert factors.variance.shape == (6, 81) and (factors.variance > 0).all()
    assert (factors.variance[:, -1] == factors.variance[:, :-1].max(1)).all()  # as little known as of any
    assert factors.spread == DATA.values.std()
    assert factors.fold.shape == (301,) and factors.fold[-1] == 5 and set(factors.fold) == set(range(6))


def test_a_folds_table_does_not_know_the_ratings_of_that_fold():
    """Ratings that are pure noise: the item biases fit those they were made from, and only those."""
    noise = DATA.ratings.assign(rating=np.random.default_rng(0).integers(1, 6, len(DATA)).astype(float))
    data = DATA.replace_ratings(noise)
    found = fit_factors(data, rank=2, steps=20)
    full = np.corrcoef(found.bias[-1, data.item_codes], data.values)[0, 1]
    without = np.corrcoef(found.bias[found.fold[data.user_codes], data.item_codes], data.values)[0, 1]
    assert full > 0.05 and without < 0.2 * full


def bayes(x, y, mean, scale, noise, uncertain):
    """Weights of y = x . w + e by a loop over ratings: mean and covariance. uncertain: E[x x'] - E[x] E[x]' of each x, and
    with it y is uncertain too, as the last entry of x is moved to the left side."""
    precision, right = np.diag(scale**-2.0), mean / scale**2
    for x_n, y_n, u_n in zip(x, y, uncertain, strict=True):
        second = np.outer(x_n, x_n) + u_n
        precision = precision + second[:-1, :-1] / noise
        right = right + (x_n[:-1] * y_n - second[:-1, -1]) / noise
    covariance = np.linalg.inv(precision)
    return covariance @ right, covariance


def test_the_tables_of_a_fold_are_a_loop_over_users_and_items(monkeypatch):
    """From the moments of the full fit: users outside the fold, then items from these users alone, one at a time; and
    variance_i = mean over users of E[((v_i - E v_i) . w_u + b_i - E b_i)^2]."""
    seen, original = [], module._Side.table
    monkeypatch.setattr(module._Side, "table", lambda side, *rest: seen.append((side, *rest)) or original(side, *rest))
    rows = DATA.item_codes != 3
    data = DATA.subset(rows)
    found, rank = fit_factors(data, rank=2, steps=8), 2
    (item_side, _, (item_mean, item_second), (user_mean, user_second)) = seen[-1]
    y = (data.values - fit_biases(data).mean) / found.spread
    noise, own = found.noise**2, [*range(rank), rank + 1]  # an item's entries: v, 1, b; a user's: w, b, 1
    user_prior = np.column_stack([user_features(data)[0], np.ones(data.n_users)]) @ found.prior_map
    item_prior = np.column_stack([item_features(data)[0], np.ones(data.n_items)]) @ item_side.map
    shift = [*range(rank), rank + 1, rank]  # what an item's (v, b) multiply: w and 1; what is left: b_u
    fold, users = found.fold[:-1], {}
    spread = item_second - item_mean[:, :, None] * item_mean[:, None, :]
    for u in np.flatnonzero(fold != 0):
        mine = data.user_codes == u
        at = data.item_codes[mine]
        users[u] = bayes(item_mean[at], y[mine], user_prior[u], found.scale, noise, spread[at])
    for i in (0, 3, 17, 60):
        mine = np.flatnonzero((data.item_codes == i) & (fold[data.user_codes] != 0))
        x, uncertain = np.ones((len(mine), rank + 2)), np.zeros((len(mine), rank + 2, rank + 2))
        for n, row in enumerate(mine):
            x[n, : rank + 1], uncertain[n, : rank + 1, : rank + 1] = users[data.user_codes[row]]
        mean, covariance = bayes(
            x[:, shift], y[mine], item_prior[i], item_side.scale, noise, uncertain[:, shift][:, :, shift]
        )
        if i != 3:  # which nobody rated: its mean is what features say of the others'
            np.testing.assert_allclose(found.vectors[0, i], mean[:-1], atol=1e-9)
            assert found.bias[0, i] == pytest.approx(fit_biases(data).mean + found.spread * mean[-1], abs=1e-9)
        total = 0.0
        for m, second in zip(user_mean, user_second, strict=True):  # E[(d . c)^2] = m' C m + tr(C Cov(c)), c = (w, 1)
            c, own_spread = m[own], (second - np.outer(m, m))[np.ix_(own, own)]
            total += c @ covariance @ c + np.trace(covariance @ own_spread)
        assert found.variance[0, i] == pytest.approx(total / len(user_mean), abs=1e-10)


def test_the_variance_of_an_item_is_what_not_knowing_it_adds(monkeypatch):
    """By drawing items and users from their posteriors; it falls with the number of ratings."""
    seen, original = [], module._Side.table
    monkeypatch.setattr(module._Side, "table", lambda side, *rest: seen.append(rest) or original(side, *rest))
    share = np.where(np.arange(DATA.n_items) < 20, 0.02, 0.5)[DATA.item_codes]
    data = DATA.subset(np.random.default_rng(0).random(len(DATA)) < share)
    found, rng = fit_factors(data, rank=2, steps=8), np.random.default_rng(1)
    _, (mean, second), (user_mean, user_second) = seen[-1]
    own = np.array([0, 1, 3])

    def draws(m, second, n):
        return rng.multivariate_normal(m[own], (second - np.outer(m, m))[np.ix_(own, own)], n, check_valid="ignore")

    tastes = np.concatenate([draws(*one, 200) for one in zip(user_mean, user_second, strict=True)])
    assert (tastes[:, -1] == 1).all()
    for i in (0, 5, 40):
        away = draws(mean[i], second[i], len(tastes)) - mean[i, own]
        assert found.variance[-1, i] == pytest.approx(np.mean((away * tastes).sum(1) ** 2), rel=0.03)
    counts = np.bincount(data.item_codes, minlength=data.n_items)
    few, many = found.variance[-1, :-1][counts <= 5], found.variance[-1, :-1][counts >= 30]
    assert len(few) > 2 and few.min() > 1.5 * many.max()


def test_factors_have_no_unit():
    """Ratings times 20: the same vectors, noise and variance; biases and spread times 20."""
    scaled = Interactions(
        DATA.ratings.assign(rating=DATA.ratings["rating"] * 20), DATA.users, DATA.items, scale=(20, 100)
    )
    one, two = (fit_factors(d, rank=3, steps=10) for d in (DATA, scaled))
    for name in ("vectors", "variance", "prior_map", "scale", "noise"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name), atol=1e-8)
    np.testing.assert_allclose(two.bias, 20 * one.bias, atol=1e-7)
    assert two.spread == pytest.approx(20 * one.spread)


def test_an_item_without_ratings_takes_what_its_features_say():
    keep = DATA.item_codes >= 5
    cold = fit_factors(DATA.subset(keep), rank=3, steps=10)
    warm = fit_factors(DATA, rank=3, steps=10)
    assert np.isfinite(cold.vectors).all() and np.abs(cold.bias[-1, :5] - DATA.values.mean()).max() < 0.6
    assert not np.allclose(cold.bias[-1, :5], warm.bias[-1, :5], atol=0.05)


def test_it_is_exact_where_all_but_the_biases_is_off():
    """Rank-0-like data: two users, two items, constant ratings; the noise has a floor and nothing divides by zero."""
    frame = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [1, 2, 1, 2], "rating": [4.0] * 4})
    found = fit_factors(Interactions.from_frame(frame, scale=(1, 5)), rank=2, steps=30)
    np.testing.assert_allclose(found.bias[-1], 4, atol=1e-6)
    assert np.isfinite(found.vectors).all() and 0 < found.noise < 0.1


def test_one_user_leaves_nobody_outside_the_own_fold():
    """The own fold's table is then what the priors say, and knows no rating."""
    data = DATA.subset(DATA.user_codes == 3)
    found = fit_factors(data, rank=2, steps=5)
    g = found.fold[3]
    assert np.isfinite(found.bias).all() and (found.variance > 0).all() and set(found.fold) == {g, 5}
    rated = data.item_codes
    assert (found.variance[g, rated] > found.variance[-1, rated]).all()
    assert np.abs(found.bias[g, rated] - data.values).mean() > np.abs(found.bias[-1, rated] - data.values).mean()


def test_the_draw_depends_on_the_seed_alone():
    one, two, three = (fit_factors(DATA, rank=2, steps=3, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one.vectors, two.vectors)
    assert not np.array_equal(one.vectors, three.vectors)
