"""BPR and APR: the loss against one written out triple by triple, and what a known user gets."""

import numpy as np
import pytest
import torch

from metarec_lib import AdversarialBPR, evaluate_ranking, load_data, make_world

TRAIN, TEST = load_data(make_world(n_users=80, n_items=40, ratings_per_user=20, seed=3).interactions)


@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_the_loss_is_that_of_a_loop(epsilon):
    model = AdversarialBPR(epsilon=epsilon, weight=0.7, decay=0.03, warm_up=0, factors=3)
    model._start(TRAIN)
    batch = next(iter(model.batches(TRAIN, np.random.default_rng(0), 6)))
    p, total = {name: table.detach().cpu().numpy() for name, table in model.params_.items()}, 0.0
    for u, i, j in zip(*(part.tolist() for part in batch), strict=True):
        rows = p["users"][u], p["items"][i], p["items"][j]
        offset = p["bias"][i] - p["bias"][j]

        def loss(a, b, c, offset=offset):
            return np.log1p(np.exp(-(offset + a @ (b - c))))

        a, b, c = rows
        push = -1 / (1 + np.exp(offset + a @ (b - c)))
        gradients = push * (b - c), push * a, -push * a
        moved = [row + epsilon * g / np.linalg.norm(g) for row, g in zip(rows, gradients, strict=True)]
        total += loss(*rows) + (0.7 * loss(*moved) if epsilon else 0) + 0.03 * sum(row @ row for row in rows)
    assert np.isclose(float(model.loss(batch)), total / len(batch[0]), atol=1e-10)


def test_triples_hold_a_like_and_a_film_without_rating():
    model = AdversarialBPR()
    model._start(TRAIN)
    liked = TRAIN.subset(TRAIN.liked)
    pairs = set(zip(liked.user_codes.tolist(), liked.item_codes.tolist(), strict=True))
    drawn = [b for b in model.batches(TRAIN, np.random.default_rng(1), 64)]
    user, item, other = (torch.cat(part).tolist() for part in zip(*drawn, strict=True))
    assert len(user) == len(liked) and set(zip(user, item, strict=True)) == pairs
    assert not pairs & set(zip(user, other, strict=True))


def test_it_learns_and_a_stranger_gets_the_items_biases():
    model = AdversarialBPR(epochs=15, batch_size=64, factors=4).fit(TRAIN)
    start = AdversarialBPR(epochs=1, batch_size=100_000, factors=4).fit(TRAIN)
    assert evaluate_ranking(model, TEST)["ndcg@10"].mean() > evaluate_ranking(start, TEST)["ndcg@10"].mean() + 0.02
    items = TRAIN.items["item_id"]
    assert np.allclose(model.predict("nobody", items), model.params_["bias"][:-1].cpu().numpy())
