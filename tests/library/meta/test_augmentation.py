"""Augmented tasks, each against a loop or a case by hand; without augmentation the learner is ANIL."""

import numpy as np
import pytest
import torch

from metarec_lib import ANIL, AugmentedANIL, FixedSplits, make_tasks, make_world, shared_label_noise
from metarec_lib.device import as_tensor
from metarec_lib.meta.augmentation import Examples, between_tasks, feature_noise, metamix, mixup

DATA = make_world(n_users=60, n_items=30, ratings_per_user=15, seed=4).interactions
TASKS = make_tasks(DATA, k=4, query=5, seed=0)


def examples(seed, b=6, n=5, d=3, counts=(5, 3, 0, 5, 1, 2)):
    rng = np.random.default_rng(seed)
    mask = torch.arange(n) < torch.tensor(counts)[:, None]
    x, y = torch.as_tensor(rng.normal(size=(b, n, d))), torch.as_tensor(rng.normal(size=(b, n)))
    return Examples(x * mask.unsqueeze(2), y * mask, mask)


SUPPORT, QUERY = examples(1), examples(2, counts=(5, 5, 4, 2, 1, 5))


def test_shared_noise_moves_a_task_as_a_whole():
    noise = as_tensor(np.linspace(-1, 1, len(TASKS)))
    moved = shared_label_noise(TASKS, noise)
    for part in ("support", "query"):
        before, after = getattr(TASKS, part), getattr(moved, part)
        assert torch.equal(after.values, before.values + noise[:, None] * before.mask)
        assert torch.equal(after.items, before.items) and torch.equal(after.mask, before.mask)
    with pytest.raises(ValueError, match="one a task"):
        shared_label_noise(TASKS, noise[:3])


@pytest.mark.parametrize("mix, partners", [(mixup, QUERY), (metamix, SUPPORT)])
def test_a_mixed_example_lies_between_two_of_its_task(mix, partners):
    """x = lam q + (1 - lam) p: some p and one lam give inputs and label alike; checked example by example."""
    support, mixed = mix(SUPPORT, QUERY, 0.7, np.random.default_rng(0))
    assert support is SUPPORT and torch.equal(mixed.mask, QUERY.mask)
    for b, q in QUERY.mask.nonzero().tolist():
        candidates = partners.mask[b].nonzero().flatten().tolist()
        if not candidates:
            assert torch.equal(mixed.x[b, q], QUERY.x[b, q]) and mixed.y[b, q] == QUERY.y[b, q]
            continue
        found = []
        for p in candidates:
            ends = (
                torch.cat([QUERY.x[b, q], QUERY.y[b, q, None]]),
                torch.cat([partners.x[b, p], partners.y[b, p, None]]),
            )
            here, way = torch.cat([mixed.x[b, q], mixed.y[b, q, None]]), ends[0] - ends[1]
            lam = ((here - ends[1]) @ way / (way @ way).clamp(min=1e-30)).clamp(0, 1)
            found.append(float((ends[1] + lam * way - here).abs().max()))
        assert min(found) < 1e-10


def test_between_tasks_is_a_loop():
    support, query = between_tasks(SUPPORT, QUERY, 0.5, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    other, lam = rng.permutation(6), rng.beta(0.5, 0.5, (6, 1))[:, 0]
    for before, after in ((SUPPORT, support), (QUERY, query)):
        for b in range(6):
            for n in range(5):
                both = before.mask[b, n] and before.mask[other[b], n]
                assert bool(after.mask[b, n]) == bool(both)
                if both:
                    x = lam[b] * before.x[b, n] + (1 - lam[b]) * before.x[other[b], n]
                    torch.testing.assert_close(after.x[b, n], x)
                    y = lam[b] * before.y[b, n] + (1 - lam[b]) * before.y[other[b], n]
                    torch.testing.assert_close(after.y[b, n], y)


def test_strength_zero_changes_nothing():
    for change in (feature_noise, mixup, metamix, between_tasks):
        support, query = change(SUPPORT, QUERY, 0.0, np.random.default_rng(0))
        for before, after in ((SUPPORT, support), (QUERY, query)):
            kept = after.mask.unsqueeze(2)
            assert torch.equal(after.x * kept, before.x * kept) and torch.equal(after.y, before.y * after.mask)


def test_without_augmentation_it_is_anil():
    plain, other = ANIL(epochs=3).fit(DATA), AugmentedANIL(epochs=3, augmentation="none").fit(DATA)
    torch.testing.assert_close(plain.meta_loss(TASKS), other.loss(TASKS), rtol=0, atol=1e-12)
    for name, value in plain.params_.items():
        torch.testing.assert_close(other.params_[name], value, rtol=0, atol=1e-10)


def test_shared_noise_in_the_loop_is_noise_on_the_ratings():
    model = AugmentedANIL(epochs=1, augmentation="shared label noise", strength=0.4).fit(DATA)
    model._draw = [0, 5, 1]
    noise = as_tensor(np.random.default_rng([0, 5, 1]).standard_normal(len(TASKS))) * 0.4 * model.spread_
    expected = ANIL.meta_loss(model, shared_label_noise(TASKS, noise))
    torch.testing.assert_close(model.loss(TASKS), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["feature noise", "mixup", "metamix", "between tasks"])
def test_the_gradient_of_an_augmented_loss(kind):
    model = AugmentedANIL(epochs=1, augmentation=kind, hidden=4).fit(DATA)
    model.params_ = {name: value.detach().requires_grad_() for name, value in model.params_.items()}
    few = TASKS.select(slice(0, 8))
    (gradient,) = torch.autograd.grad(model.loss(few), model.params_["w1"])
    start, step = model.params_["w1"], torch.zeros_like(gradient)
    step[1] = 1e-6
    losses = []
    for sign in (1, -1):
        model.params_ = model.params_ | {"w1": (start + sign * step).detach()}
        losses.append(model.loss(few).item())
    assert abs((losses[0] - losses[1]) / 2e-6 - float(gradient[1])) < 1e-7


def test_fixed_splits_are_drawn_once():
    class Fixed(FixedSplits, ANIL):
        pass

    for kind, same in ((Fixed, True), (ANIL, False)):
        model = kind()
        model._remember = None
        first, second = ([b.support.items for b in model.batches(DATA, np.random.default_rng(e), 16)] for e in (1, 2))
        assert all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, second, strict=True)) == same
