"""Attention and DIN, against torch's own attention, a loop over films, and central differences."""

import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from metarec_lib import DIN, attention, load_data, make_world
from metarec_lib.models.attention import masked_softmax

WORLD = make_world(n_users=30, n_items=25, ratings_per_user=10, seed=3).interactions
TRAIN, TEST = load_data(WORLD)


def draw(*shape, seed=0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=shape))


def test_attention_is_torchs():
    query, key, value = draw(2, 3, 4, seed=1), draw(2, 5, 4, seed=2), draw(2, 5, 6, seed=3)
    mask = draw(2, 3, 5, seed=4) > 0
    mask[..., 0] = True
    assert torch.allclose(attention(query, key, value), scaled_dot_product_attention(query, key, value), atol=1e-12)
    expected = scaled_dot_product_attention(query, key, value, attn_mask=mask)
    assert torch.allclose(attention(query, key, value, mask), expected, atol=1e-12)
    assert torch.allclose(attention(query, key, value, temperature=2.0), attention(query / 1, key, value), atol=1e-12)


def test_a_query_that_may_look_at_nothing_gets_zeros():
    mask = torch.tensor([[True, False], [False, False]])
    found = attention(draw(2, 1, 3), draw(2, 2, 3), draw(2, 2, 2), mask)
    assert torch.equal(found[0, 0], draw(2, 2, 2)[0, 0]) and torch.equal(found[1], torch.zeros(1, 2, dtype=found.dtype))


def test_large_logits_stay_finite():
    weights = masked_softmax(torch.tensor([[1e4, 0.0, -1e4]]), torch.tensor([[True, True, False]]))
    assert weights.tolist() == [[1.0, 0.0, 0.0]]


@pytest.mark.parametrize("temperature", [0, -1.0])
def test_a_temperature_that_is_not_positive_is_refused(temperature):
    with pytest.raises(ValueError, match="expected a positive number"):
        attention(draw(1, 2), draw(1, 2), draw(1, 2), temperature=temperature)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"attention: got query \(1, 2\), key \(3, 4\)"):
        attention(draw(1, 2), draw(3, 4), draw(3, 1))


def of_one(model, films, liked, film):
    """The logit of one film, film by film."""
    p = {name: value.detach().cpu().numpy() for name, value in model.params_.items()}

    def mlp(a, b, name):
        return np.maximum(np.concatenate([a, b, a * b]) @ p[name], 0)

    v, history = p["film"][film], [p["film"][j] + p["opinion"][int(o)] for j, o in zip(films, liked, strict=True)]
    scores = [mlp(e, v, "unit_in") @ p["unit_out"][:-1] + p["unit_out"][-1] for e in history]
    age, n = np.arange(len(films))[::-1], len(films)
    weights = {
        "target": np.array(scores) / model.longest,
        "softmax": np.exp(scores) / np.exp(scores).sum(),
        "mean": np.full(n, 1 / n),
        "recent": np.exp(-np.exp(p["log_rate"]) * age) / np.exp(-np.exp(p["log_rate"]) * age).sum(),
    }[model.pooling]
    pooled = weights @ np.array(history)
    return p["bias"][film] + mlp(pooled, v, "top_in") @ p["top_out"]


@pytest.mark.parametrize("pooling", ["target", "softmax", "mean", "recent"])
def test_a_loop_over_films_gives_the_same_score(pooling):
    model = DIN(pooling=pooling, epochs=2, longest=6, width=3, hidden=4).fit(TRAIN)
    user = TRAIN.users["user_id"].iloc[4]
    rows = TRAIN.ratings[TRAIN.ratings["user_id"] == user].sort_values("timestamp", kind="stable").tail(6)
    films, liked = TRAIN.item_index(rows["item_id"]), rows["rating"].to_numpy() >= TRAIN.like
    scores = model.predict(user, TRAIN.items["item_id"])
    for film in (0, 7, 24):
        assert scores.iloc[film] == pytest.approx(of_one(model, films, liked, film), abs=1e-9)


def test_training_sees_what_adapting_sees():
    """The loss of a history is that of its last film given the others, for every prefix."""
    model = DIN(epochs=1, width=3, hidden=4).fit(TRAIN)
    batch = next(iter(model.batches(TRAIN, np.random.default_rng(0), 1)))
    n, total = int(batch.counts[0]), 0.0
    for t in range(1, n):
        logit = model.score(model.adapt(batch.first(t)), batch)[0, t]
        total += torch.nn.functional.softplus(-logit if batch.values[0, t] >= TRAIN.like else logit)
    assert model.loss(batch).item() == pytest.approx((total / (n - 1)).item(), abs=1e-10)


def test_the_gradient_is_that_of_the_loss():
    model = DIN(epochs=1, width=2, hidden=3).fit(TRAIN)
    batch = next(iter(model.batches(TRAIN, np.random.default_rng(0), 4)))
    weight = model.params_["unit_in"].requires_grad_()
    (gradient,) = torch.autograd.grad(model.loss(batch), weight)
    with torch.no_grad():
        for at in ((0, 0), (3, 2), (5, 1)):
            losses = []
            for step in (1e-6, -1e-6):
                weight[at] += step
                losses.append(model.loss(batch).item())
                weight[at] -= step
            assert gradient[at].item() == pytest.approx((losses[0] - losses[1]) / 2e-6, abs=1e-6)


def test_scores_are_no_ratings():
    with pytest.raises(ValueError, match="rmse"):
        DIN(epochs=1).fit(TRAIN).evaluate(TEST, metric="rmse")
