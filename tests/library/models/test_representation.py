"""Encoders of what users have seen: losses against loops, representations against NumPy, and the prior made of them."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from metarec_lib import ContrastiveEncoder, DenoisingAutoencoder, ProbabilisticPCA, make_tasks, make_world, prior_from
from metarec_lib.device import as_tensor
from metarec_lib.meta.representation_prior import pulled
from metarec_lib.models.representation import Views, info_nce

DATA = make_world(n_users=60, n_items=40, ratings_per_user=15, seed=4).interactions
TASKS = make_tasks(DATA, k=6, seed=0)


def fitted(kind, **options):
    return kind(units=5, epochs=2, seed=0, **options).fit(DATA)


def kept_at_random(seed):
    return as_tensor(np.random.default_rng(seed).random(tuple(TASKS.query.items.shape)) < 0.5)


def by_hand(model, ratings, kept):
    p = {name: value.detach().cpu().numpy() for name, value in model.params_.items()}
    rows = []
    for items, mask, keep in zip(
        ratings.items.cpu().numpy(), ratings.mask.cpu().numpy(), kept.cpu().numpy(), strict=True
    ):
        seen = [i for i, m, k in zip(items, mask, keep, strict=True) if m and k]
        rows.append(np.tanh(sum((p["in"][i] for i in seen), np.zeros(5)) / max(len(seen), 1) ** 0.5 + p["in_bias"]))
    return np.stack(rows)


@pytest.mark.parametrize("kind", [DenoisingAutoencoder, ContrastiveEncoder])
def test_a_representation_is_that_of_a_loop(kind):
    model, kept = fitted(kind), kept_at_random(1)
    np.testing.assert_allclose(
        model.hidden(TASKS.query, kept).detach().cpu().numpy(), by_hand(model, TASKS.query, kept), atol=1e-12
    )


def test_stars_are_not_looked_at():
    model, other = fitted(DenoisingAutoencoder), make_tasks(DATA, k=6, seed=0)
    low = other.support._with(lambda column: column)
    object.__setattr__(low, "values", torch.ones_like(low.values))
    torch.testing.assert_close(model.adapt(TASKS.support), model.adapt(low))


def test_the_denoising_loss_is_that_of_a_loop():
    model, kept = fitted(DenoisingAutoencoder, decay=0.01), kept_at_random(2)
    p = {name: value.detach().cpu().numpy() for name, value in model.params_.items()}
    scores = by_hand(model, TASKS.query, kept) @ p["out"][:-1].T + p["out_bias"][:-1]
    log_p = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    each = [
        -np.mean(
            [log_p[u, i] for i, m in zip(TASKS.query.items[u].tolist(), TASKS.query.mask[u], strict=True) if m] or [0]
        )
        for u in range(len(log_p))
    ]
    expected = np.mean(each) + 0.005 * ((p["in"] ** 2).sum() + (p["out"] ** 2).sum())
    assert abs(float(model.loss(Views(TASKS.query, (kept,)))) - expected) < 1e-10


def test_info_nce_is_that_of_a_loop():
    one, two = (torch.nn.functional.normalize(torch.randn(6, 4, dtype=torch.float64), dim=1) for _ in range(2))
    total = 0.0
    for a, b in ((one, two), (two, one)):
        for n in range(6):
            logits = [float(a[n] @ b[m]) / 0.3 for m in range(6)]
            total += np.log(np.sum(np.exp(logits))) - logits[n]
    assert abs(float(info_nce(one, two, 0.3)) - total / 12) < 1e-10


def test_the_two_halves_share_no_item():
    model = fitted(ContrastiveEncoder)
    for views in model.batches(DATA, np.random.default_rng(0), 16):
        first, second = (kept & views.ratings.mask for kept in views.kept)
        assert not (first & second).any() and ((first | second) == views.ratings.mask).all()
        assert (first.sum(1) == views.ratings.counts // 2).all()


def test_a_score_is_the_cosine_with_a_user_of_one_item():
    model = fitted(ContrastiveEncoder)
    state = model.adapt(TASKS.support)
    one = TASKS.query.first(1)
    cosine = torch.cosine_similarity(state, model.adapt(one), dim=1)
    some = one.counts > 0
    torch.testing.assert_close(model.score(state, one)[some, 0], cosine[some])
    torch.testing.assert_close(
        model.score_all(state).gather(1, TASKS.query.items.clamp(min=0))[TASKS.query.mask],
        model.score(state, TASKS.query)[TASKS.query.mask],
    )


def test_the_prior_is_that_of_scikit_learn():
    model, z = ProbabilisticPCA(rank=3, steps=5).fit(DATA), np.random.default_rng(0).normal(size=(DATA.n_users, 4))
    found, users = prior_from(model, DATA, z, strength=3.0), np.unique(DATA.user_codes)
    scaled = (z - z[users].mean(0)) / z[users].std(0)
    ridge = Ridge(alpha=3.0, fit_intercept=False).fit(scaled[users], pulled(model, DATA, users).cpu().numpy())
    rows = torch.arange(DATA.n_users)
    shift = (found.prior_of(rows)[0] - model.prior_of(rows)[0]).cpu().numpy()
    np.testing.assert_allclose(shift, scaled @ ridge.coef_.T, atol=1e-8)
    assert model.prior_map_.shape[0] == found.prior_map_.shape[0] - 4
    with pytest.raises(ValueError, match="a row a user"):
        prior_from(model, DATA, z[:3], 1.0)


def test_pulled_is_the_posterior_one_user_at_a_time():
    model, users = ProbabilisticPCA(rank=3, steps=5).fit(DATA), np.unique(DATA.user_codes)
    ids = DATA.users["user_id"].to_numpy()
    every = pulled(model, DATA, users)
    for n in (0, 7, 31):
        own = make_tasks(DATA, ids[users[n : n + 1]], k=1000).support
        torch.testing.assert_close(every[n], (model.adapt(own).mean - model.prior_of(own.users)[0])[0])
