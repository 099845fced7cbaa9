"""The in-context regressor: loops, what sees what, and that it learns to use its examples."""

import numpy as np
import pytest
import torch

from metarec_lib import InContextRegressor
from metarec_lib.meta.in_context import bayes, linear_tasks


def new(**options):
    return InContextRegressor(3, width=8, layers=2, heads=2, dtype="float64", **options)


def with_outputs(model):
    with torch.no_grad():
        model.params_["out"].copy_(torch.as_tensor(np.random.default_rng(1).normal(size=8)))
    return model


def drawn(*shape, seed=0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=shape))


def test_attention_against_a_loop():
    model, h = new(), drawn(1, 5, 8)
    with torch.no_grad():
        got = model._attend(h, 3, 1)[0]
        q, k, v = (h[0] @ model.params_[f"{n}_1"] for n in ("query", "key", "value"))
        for n in range(5):
            parts = []
            for head in (slice(0, 4), slice(4, 8)):
                weights = torch.softmax(torch.stack([q[n, head] @ k[m, head] / 2 for m in range(3)]), 0)
                parts.append(sum(w * v[m, head] for m, w in enumerate(weights)))
            torch.testing.assert_close(got[n], torch.cat(parts) @ model.params_["mix_1"])


def test_queries_do_not_see_each_other_and_examples_have_no_order():
    model, x, y, q = with_outputs(new()), drawn(2, 4, 3), drawn(2, 4, seed=1), drawn(2, 5, 3, seed=2)
    with torch.no_grad():
        got = model.predict(x, y, q)
        torch.testing.assert_close(model.predict(x, y, q[:, 2:3])[:, 0], got[:, 2])
        torch.testing.assert_close(model.predict(x.flip(1), y.flip(1), q), got)
        assert not torch.allclose(model.predict(x, y + 1, q), got)


def test_training_learns_to_read_the_examples():
    model = InContextRegressor(1, width=16, layers=2, heads=2, lr=1e-2)
    losses = model.fit(0.1, longest=6, steps=150, batch_size=64, queries=4)
    assert np.mean(losses[-20:]) < 0.6 * np.mean(losses[:20])


def test_bayes_is_the_posterior_mean():
    x, y, w = linear_tasks(4000, 6, 2, 0.5, np.random.default_rng(0), strength=2.0)
    found = bayes(x, y, 0.5, 2.0)
    one = np.linalg.solve(x[7].T.numpy() @ x[7].numpy() + 0.0625 * np.eye(2), x[7].T.numpy() @ y[7].numpy())
    np.testing.assert_allclose(found[7], one)
    error = [float(((bayes(x, y, 0.5, s) - w) ** 2).mean()) for s in (0.5, 2.0, 20.0)]
    assert error[1] == min(error)


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="heads divides"):
        InContextRegressor(3, width=10, heads=4)
