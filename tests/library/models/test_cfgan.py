"""CFGAN: both players' losses against ones written out user by user; whose parameters move in whose turn."""

import numpy as np
import pytest
import torch

from metarec_lib import CFGAN, evaluate_ranking, load_data, make_world

TRAIN, TEST = load_data(make_world(n_users=80, n_items=40, ratings_per_user=20, seed=3).interactions)


def started(**settings):
    model = CFGAN(units=4, decay=0.01, **settings)
    model._start(TRAIN)
    return model, list(model.batches(TRAIN, np.random.default_rng(0), 30))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(model, turn):
    """The loss of a turn, one user after the other."""
    p, total = {name: value.detach().cpu().numpy() for name, value in model.params_.items()}, 0.0

    def judge(seen, given):
        hidden = np.tanh(seen @ p["d_seen"] + given @ p["d_given"] + p["d_bias"])
        return sigmoid(hidden @ p["d_last"] + p["d_last_bias"][0])

    for x, shown, zeros in zip(
        turn.likes.cpu().numpy(), turn.shown.cpu().numpy(), turn.zeros.cpu().numpy(), strict=True
    ):
        hidden = np.tanh(x / np.sqrt(max(x.sum(), 1)) @ p["in"][:-1] + p["in_bias"])
        made = sigmoid(hidden @ p["out"][:-1].T + p["out_bias"][:-1])
        fake = judge(made * (x + shown), x)
        if turn.discriminates:
            total -= np.log(judge(x, x)) + np.log(1 - fake)
            continue
        total += model.zero_weight * (made[zeros > 0] ** 2).sum() / max(zeros.sum(), 1)
        total += model.like_weight * ((1 - made[x > 0]) ** 2).sum() / max(x.sum(), 1)
        total -= model.weight * np.log(fake)
    names = ("d_seen", "d_given") if turn.discriminates else ("in", "out")
    return total / len(turn.likes) + 0.005 * sum((p[name] ** 2).sum() for name in names)


@pytest.mark.parametrize("settings", [{"weight": 0.3}, {"weight": 0.0}, {"weight": 1.0, "like_weight": 0.0}])
def test_the_losses_user_by_user(settings):
    model, turns = started(zero_weight=0.7, **settings)
    assert {turn.discriminates for turn in turns} == ({True, False} if settings["weight"] else {False})
    for turn in turns[:2]:
        assert np.isclose(float(model.loss(turn)), by_hand(model, turn), atol=1e-10)


def test_each_player_moves_its_own_parameters():
    model, turns = started(weight=0.5)
    model.params_ = {name: value.requires_grad_() for name, value in model.params_.items()}
    for turn in turns[:2]:
        grads = torch.autograd.grad(model.loss(turn), list(model.params_.values()), allow_unused=True)
        moved = {name for name, g in zip(model.params_, grads, strict=True) if g is not None and g.abs().sum() > 0}
        assert all(name.startswith("d_") == turn.discriminates for name in moved) and len(moved) >= 4


def test_what_is_shown_and_zeroed_is_a_share_of_the_other_items():
    _, turns = started(masked=0.2, zeroed=0.7)
    for turn in turns:
        assert ((turn.shown + turn.zeros) * turn.likes).sum() == 0
        others = (1 - turn.likes).sum()
        assert abs(float(turn.shown.sum() / others) - 0.2) < 0.05 and abs(float(turn.zeros.sum() / others) - 0.7) < 0.05
    liked = TRAIN.subset(TRAIN.liked)
    assert sum(float(t.likes.sum()) for t in turns if t.discriminates) == len(liked)


def test_the_generator_learns_and_scores_are_its_logits():
    model = CFGAN(weight=0.0, epochs=30, batch_size=20).fit(TRAIN)
    first = CFGAN(weight=0.0, epochs=1).fit(TRAIN)
    assert evaluate_ranking(model, TEST)["ndcg@10"].mean() > evaluate_ranking(first, TEST)["ndcg@10"].mean()
    likes = torch.zeros(1, TRAIN.n_items, dtype=torch.float64)
    own = TRAIN.subset((TRAIN.user_codes == 6) & TRAIN.liked)
    likes[0, own.item_codes] = 1
    assert np.allclose(model.predict(7, TRAIN.items["item_id"]), model._logits(likes)[0].cpu().numpy())
