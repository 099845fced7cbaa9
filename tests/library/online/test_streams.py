"""Streams: what is predicted when, retraining on schedule, drift alarms, running means, and the recursive user."""

import time

import numpy as np
import pytest
import torch
from river.drift import PageHinkley

from metarec_lib import (
    BaselineRecommender,
    Frozen,
    OnlineMatrixFactorization,
    ProbabilisticPCA,
    RecursiveUsers,
    Retrained,
    RunningBiases,
    drift_alarms,
    in_time_order,
    make_world,
    prequential,
    recursive_users,
)

DATA = in_time_order(make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions)
WARM, EVENTS = DATA.subset(np.arange(200)), DATA.subset(np.arange(200, len(DATA)))


class Tape:
    """Predicts how many events it has seen, and notes them."""

    def __init__(self):
        self.seen = []

    def predict_one(self, user, item):
        return float(len(self.seen))

    def learn_one(self, user, item, rating):
        self.seen.append((user, item, rating))


# -- the stream -------------------------------------------------------------------------------------------------------
def test_every_event_is_predicted_before_it_is_learned():
    tape = Tape()
    assert prequential(tape, EVENTS).tolist() == list(range(len(EVENTS)))
    assert tape.seen == list(zip(EVENTS.user_codes, EVENTS.item_codes, EVENTS.values, strict=True))


def test_a_later_rating_changes_no_earlier_prediction():
    ratings = EVENTS.ratings.copy()
    ratings.loc[50:, "rating"] = 6 - ratings.loc[50:, "rating"]
    a, b = (prequential(RunningBiases(WARM), e) for e in (EVENTS, EVENTS.replace_ratings(ratings)))
    assert (a[:51] == b[:51]).all() and (a[51:] != b[51:]).any()


def test_the_order_of_time_and_its_ties():
    a, b = in_time_order(DATA, 0), in_time_order(DATA, 1)
    for data in (a, b):
        assert (np.diff(data.ratings["timestamp"]) >= 0).all() and len(data) == len(DATA)
    tied = DATA.replace_ratings(DATA.ratings.assign(timestamp=7))
    assert not in_time_order(tied, 0).ratings.equals(in_time_order(tied, 1).ratings)


def test_what_a_stream_refuses():
    with pytest.raises(ValueError, match="got no events"):
        prequential(Tape(), EVENTS.subset(np.arange(0)))
    wild = OnlineMatrixFactorization(factors=2, epochs=1, rate=1e4).fit(WARM).stream()
    with pytest.raises(ValueError, match="lower rate"), np.errstate(all="ignore"):
        prequential(wild, EVENTS)


def test_a_frozen_learner_learns_nothing():
    running = RunningBiases(WARM)
    before = [running.predict_one(u, i) for u, i in zip(EVENTS.user_codes, EVENTS.item_codes, strict=True)]
    assert prequential(Frozen(running), EVENTS).tolist() == before


def test_retraining_sees_the_past_and_nothing_else():
    handed = []

    def make(past):
        handed.append(past.ratings[["user_id", "item_id"]].to_numpy().tolist())
        return Tape()

    predicted = prequential(Retrained(make, WARM, EVENTS, every=100), EVENTS)
    every = DATA.ratings[["user_id", "item_id"]].to_numpy().tolist()
    assert handed == [every[: 200 + k] for k in range(0, len(EVENTS), 100)]
    assert predicted.tolist() == [float(k % 100) for k in range(len(EVENTS))]
    with pytest.raises(ValueError, match="every=0"):
        Retrained(make, WARM, EVENTS, every=0)


def test_alarms_are_rivers():
    rng = np.random.default_rng(0)
    still, jump = rng.normal(size=2_000), np.repeat([0.0, 1.5], 1_000)
    assert len(drift_alarms(still)) == 0
    (first, *_) = drift_alarms(still + jump)
    assert 1_000 <= first < 1_200
    detector, expected = PageHinkley(), []
    for at, error in enumerate(still + jump):
        detector.update(error)
        if detector.drift_detected:
            expected.append(at)
    assert drift_alarms(still + jump, PageHinkley()).tolist() == expected


# -- running means ----------------------------------------------------------------------------------------------------
def test_running_means_are_means_of_what_came():
    learner = RunningBiases(WARM, user_shrinkage=3, item_shrinkage=2)
    prequential(learner, EVENTS)
    mean, of_item, of_user = WARM.values.mean(), {}, {}
    for u, i, r in zip(DATA.user_codes, DATA.item_codes, DATA.values, strict=True):
        b = sum(of_item.get(i, [])) / (len(of_item.get(i, [])) + 2)
        of_user.setdefault(u, []).append(r - mean - b)
        of_item.setdefault(i, []).append(r - mean)
    for u, i in ((0, 0), (7, 3), (39, 29)):
        expected = mean + sum(of_item[i]) / (len(of_item[i]) + 2) + sum(of_user[u]) / (len(of_user[u]) + 3)
        assert learner.predict_one(u, i) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("frozen", ["users", "items"])
def test_one_side_stays(frozen):
    learner = RunningBiases(WARM, **{frozen: False})
    before = list(learner.user_sum), list(learner.item_sum)
    prequential(learner, EVENTS)
    assert (learner.user_sum == before[0]) == (frozen == "users")
    assert (learner.item_sum == before[1]) == (frozen == "items")


# -- recursive least squares ------------------------------------------------------------------------------------------
def drawn(events=1_000, d=9):
    rng = np.random.default_rng(1)
    x, noise, bias = rng.normal(size=(events, d)), rng.uniform(0.5, 2, events), rng.normal(3, 1, events)
    mean, scale = rng.normal(size=(1, d)), rng.uniform(0.2, 1.5, d)
    return x, noise, bias, mean, scale, bias + 0.7 * (x @ rng.normal(size=d) + rng.normal(size=events))


def test_a_thousand_updates_are_the_batch_solve():
    x, noise, bias, mean, scale, rating = drawn()
    learner = RecursiveUsers(bias, x, noise, mean, scale, spread=0.7)
    for i, r in enumerate(rating):
        learner.learn_one(0, i, r)
    precision = np.diag(scale**-2.0) + x.T @ (x / noise[:, None])
    right = mean[0] / scale**2 + x.T @ ((rating - bias) / 0.7 / noise)
    np.testing.assert_allclose(learner.mean[0], np.linalg.solve(precision, right), atol=1e-8, rtol=0)
    np.testing.assert_allclose(learner.covariance[0], np.linalg.inv(precision), atol=1e-8, rtol=0)


def test_forgetting_is_a_weighted_batch_solve():
    x, noise, bias, mean, scale, rating = drawn(60)
    learner = RecursiveUsers(bias, x, noise, mean, scale, spread=0.7, forget=0.9)
    for i, r in enumerate(rating):
        learner.learn_one(0, i, r)
    weight = 0.9 ** np.arange(59, -1, -1) / noise
    prior = 0.9**60 * np.diag(scale**-2.0)
    right = prior @ mean[0] + x.T @ ((rating - bias) / 0.7 * weight)
    np.testing.assert_allclose(
        learner.mean[0], np.linalg.solve(prior + x.T @ (x * weight[:, None]), right), atol=1e-8, rtol=0
    )
    with pytest.raises(ValueError, match="forget=1.2"):
        RecursiveUsers(bias, x, noise, mean, scale, forget=1.2)


def test_the_prior_is_not_changed_in_place():
    x, noise, bias, mean, scale, rating = drawn(5)
    kept = mean.copy()
    RecursiveUsers(bias, x, noise, mean, scale).learn_one(0, 0, rating[0])
    assert (mean == kept).all()


def test_the_stream_of_a_model_is_the_models_own_solve():
    model = ProbabilisticPCA(rank=3, steps=4).fit(WARM)
    model.fold_ = torch.full_like(model.fold_, int(model.fold_.max()))  # everybody sees the same items
    learner = recursive_users(model).learn_all(WARM)
    for user in (0, 5, 39):
        scores = model.predict(WARM.users["user_id"].iloc[user], WARM.items["item_id"]).to_numpy()
        got = [learner.predict_one(user, i) for i in range(WARM.n_items)]
        np.testing.assert_allclose(got, scores, atol=1e-8)
    scratch = recursive_users(model, "zero", scale=0.5)
    assert not scratch.mean[0].any() and (np.diag(scratch.covariance[0]) == 0.25).all()
    with pytest.raises(ValueError, match="start='one'"):
        recursive_users(model, "one")


# -- matrix factorisation, event by event -----------------------------------------------------------------------------
def online(**settings):
    return OnlineMatrixFactorization(factors=4, epochs=3, **settings).fit(WARM)


def test_one_event_is_a_gradient_step():
    model = online(rate=0.2, decay=0.1)
    stream = model.stream()
    w, v = (torch.tensor(t[2], requires_grad=True) for t in (stream.user_vectors, stream.item_vectors))
    rest, rating = stream.mean + stream.user_bias[2] + stream.item_bias[2], 4.0
    loss = ((rating - rest) / stream.spread - w @ v) ** 2 / 2 + 0.1 * (w @ w + v @ v) / 2
    loss.backward()
    beyond = rating - stream.predict_one(2, 2)
    counts, biases = (stream.user_count[2], stream.item_count[2]), (stream.user_bias[2], stream.item_bias[2])
    stream.learn_one(2, 2, rating)
    np.testing.assert_allclose(stream.user_vectors[2], (w - 0.2 * w.grad).detach(), atol=1e-12)
    np.testing.assert_allclose(stream.item_vectors[2], (v - 0.2 * v.grad).detach(), atol=1e-12)
    assert stream.user_bias[2] == pytest.approx(biases[0] + beyond / (counts[0] + 1))
    assert stream.item_bias[2] == pytest.approx(biases[1] + beyond / (counts[1] + 1))


def test_without_factors_a_new_users_bias_is_the_shrunken_mean():
    model = online(rate=0.0)
    stream, user = model.stream(), int(np.flatnonzero(np.bincount(WARM.user_codes, minlength=40) == 0)[0])
    items, ratings = (0, 1, 2, 3), (5.0, 4.0, 5.0, 2.0)
    residuals = [r - stream.mean - stream.item_bias[i] for i, r in zip(items, ratings, strict=True)]
    for i, r in zip(items, ratings, strict=True):
        stream.learn_one(user, i, r)
    assert stream.user_bias[user] == pytest.approx(sum(residuals) / (4 + model.user_shrinkage), abs=1e-12)


def test_a_stream_starts_as_the_model_and_leaves_it_alone():
    model = online()
    user, items = WARM.users["user_id"].iloc[3], WARM.items["item_id"]
    before = model.predict(user, items)
    stream = model.stream()
    np.testing.assert_allclose([stream.predict_one(3, i) for i in range(len(items))], before, atol=1e-12)
    prequential(stream, EVENTS)
    assert model.predict(user, items).equals(before)


def test_partial_fit_moves_items_and_update_solves_the_user_anew():
    model, user, items = online(), WARM.users["user_id"].iloc[3], WARM.items["item_id"]
    stream = model.stream()
    prequential(stream, EVENTS)
    assert model.partial_fit(EVENTS) is model
    np.testing.assert_allclose(model.item_vectors_[:-1].cpu(), np.stack(stream.item_vectors), atol=1e-12)
    unseen = items[~items.isin(DATA.ratings.loc[DATA.ratings["user_id"] == user, "item_id"])].iloc[0]
    model.update(user, unseen, 5)
    support = model.ratings_of([user])
    assert int(support.counts) == (DATA.ratings["user_id"] == user).sum() + 1
    x = model.item_vectors_[support.items[0]]
    residual = support.values[0] - model.mean_ - model.item_bias_[support.items[0]]
    bias = residual.sum() / (len(residual) + model.user_shrinkage)
    ridge = model.reg * len(residual) ** model.weighting * torch.eye(4, dtype=x.dtype)
    w = torch.linalg.solve(x.T @ x + ridge, x.T @ ((residual - bias) / model.spread_))
    expected = model.mean_ + model.item_bias_[:-1] + bias + model.spread_ * (model.item_vectors_[:-1] @ w)
    np.testing.assert_allclose(model.predict(user, items), expected, atol=1e-10)


def test_learning_beats_standing_still():
    data = in_time_order(make_world(n_users=150, n_items=40, ratings_per_user=20, seed=4).interactions)
    warm, events = data.subset(np.arange(900)), data.subset(np.arange(900, len(data)))
    model = OnlineMatrixFactorization(factors=4).fit(warm)
    online, still = (
        np.mean((prequential(s, events) - events.values) ** 2) for s in (model.stream(), Frozen(model.stream()))
    )
    plain = BaselineRecommender().fit(warm).evaluate(events, metric="rmse") ** 2
    assert online < 0.95 * still and still < 1.1 * plain


def test_an_update_takes_microseconds():
    stream = OnlineMatrixFactorization().fit(WARM).stream()
    rows = list(zip(EVENTS.user_codes.tolist(), EVENTS.item_codes.tolist(), EVENTS.values.tolist(), strict=True)) * 10
    best = np.inf
    for _ in range(15):
        start = time.perf_counter()
        for row in rows:
            stream.learn_one(*row)
        best = min(best, time.perf_counter() - start)
    assert best / len(rows) < 20e-6
