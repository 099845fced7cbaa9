"""The softmax over all items against a loop; order of training; what the changes of prefixes leave alone."""

import numpy as np
import pytest
import torch

from metarec_lib import sliding_prefixes
from metarec_lib.models.prefix_softmax import CHANGES, PrefixSoftmax, _batches

PREFIXES = np.array([[-1, -1, 4], [2, 0, 3], [-1, -1, -1], [1, 1, 5]])


def test_scores_are_a_loop():
    model = PrefixSoftmax(n_items=6, longest=5, width=3, seed=1, dtype="float64")
    p = {k: v.detach().cpu().numpy() for k, v in model.params_.items()}
    for row, prefix in zip(model.scores(PREFIXES).detach().cpu().numpy(), PREFIXES, strict=True):
        pooled, total = np.zeros(3), 0.0
        for place, item in zip(p["places"][-3:], prefix, strict=True):
            if item >= 0:
                pooled, total = pooled + np.exp(place) * p["items"][item], total + np.exp(place)
        expected = p["answers"] @ (pooled / total if total else pooled) + p["bias"]
        np.testing.assert_allclose(row, expected, atol=1e-12)


def test_loss_is_the_mean_log_chance_of_the_targets():
    model = PrefixSoftmax(n_items=6, longest=3, width=3, dtype="float64")
    chance = torch.softmax(model.scores(PREFIXES), 1)
    expected = -(chance[range(4), [0, 1, 2, 3]].log().mean())
    torch.testing.assert_close(model.loss(PREFIXES, np.arange(4)), expected)


def test_it_learns_a_cycle():
    """After item i comes i + 1: the first place is right for every prefix."""
    rows = [sliding_prefixes((np.arange(9) + start) % 7, longest=3) for start in range(7)]
    prefixes, targets = (np.concatenate(part) for part in zip(*rows, strict=True))
    model = PrefixSoftmax(7, longest=3, width=16, lr=0.03).fit(prefixes, targets, (prefixes, targets), epochs=40)
    assert (model.scores(prefixes).argmax(1).cpu().numpy() == targets).all()
    again = PrefixSoftmax(7, longest=3, width=16, lr=0.03).fit(prefixes, targets, (prefixes, targets), epochs=40)
    assert torch.equal(again.scores(prefixes), model.scores(prefixes))


def test_every_row_is_seen_once_before_any_twice():
    rows = _batches(10, 4, 5, np.random.default_rng(0))
    assert len(rows) == 6 and all(sorted(np.concatenate(rows[i : i + 3])) == list(range(10)) for i in (0, 3))


@pytest.mark.parametrize("name", CHANGES)
def test_changes_keep_items_of_the_prefix(name):
    rng, prefixes = np.random.default_rng(0), np.arange(400).reshape(20, 20)
    out = CHANGES[name](prefixes, rng)
    for before, after in zip(prefixes, out, strict=True):
        kept = after[after >= 0]
        assert set(kept) <= set(before) and len(set(kept)) == len(kept)
        if name == "reorder":
            assert len(kept) == 20 and np.abs(after - before).max() <= 6 and (after != before).any()
        if name == "crop":
            assert len(kept) == 16 and (np.diff(kept) == 1).all()


def test_settings_that_cannot_be():
    with pytest.raises(ValueError, match="numbers above 0"):
        PrefixSoftmax(0)
