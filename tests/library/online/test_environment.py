"""Simulated users against loops, and the environment against gymnasium's own checker."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from scipy.stats import norm

from metarec_lib import RecommendationEnv, TasteWorld, make_world, taste_world


def tiny(**options):
    rng = np.random.default_rng(0)

    def draw(*shape):
        return torch.as_tensor(rng.normal(size=shape))

    noise = torch.full((5 + options.get("clickbait", 0),), 0.7, dtype=torch.float64)
    n, m = len(noise), options.pop("interests", 1)
    return TasteWorld(draw(n), noise, draw(n, 3), draw(4, m, 3), draw(4), np.arange(4), np.arange(n), **options)


@pytest.mark.parametrize("interests", [1, 3])
def test_chances_are_the_formula(interests):
    world = tiny(interests=interests, taste=2.0, satiation=0.8)
    sessions = world.begin(np.array([2, 0]))
    for items in ([1, 4], [3, 0]):
        _, sessions = world.step(sessions, torch.tensor(items), np.random.default_rng(1))
    got = world.chances(sessions)
    for row, (user, first, second) in enumerate(((2, 1, 3), (0, 4, 0))):
        v = world.vectors.cpu().numpy()
        recent = 0.7 * 0.3 * v[first] + 0.3 * v[second]
        best = np.array([max(v[i] @ w for w in world.users[user].cpu().numpy()) for i in range(5)])
        best -= best.mean() if interests > 1 else 0
        for i in range(5):
            stars = world.base[i] + world.bias[user] + 2.0 * best[i] - 0.8 * recent @ v[i]
            wanted = 0.0 if i in (first, second) else norm.cdf(float(stars) / 0.7)
            assert float(got[row, i]) == pytest.approx(wanted, abs=1e-12)


def test_clickbait_pleases_and_drives_away():
    world = tiny(clickbait=1, leave=1.0)
    sessions = world.begin(np.arange(4))
    assert world.chances(sessions)[:, -1].tolist() == [0.9] * 4
    _, sessions = world.step(sessions, torch.tensor([5, 5, 0, 0]), np.random.default_rng(0))
    assert sessions.here.tolist() == [False, False, True, True]
    assert world.chances(sessions)[:2].sum() == 0


def test_likes_come_as_often_as_the_chances_say():
    world = tiny()
    users = np.repeat(np.arange(4), 5000)
    likes, _ = world.step(world.begin(users), torch.full((20_000,), 2), np.random.default_rng(0))
    wanted = world.chances(world.begin(np.arange(4)))[:, 2]
    torch.testing.assert_close(likes.view(4, -1).mean(1), wanted, atol=0.02, rtol=0)


def test_a_world_from_ratings():
    data = make_world(60, 40, seed=1).interactions
    world = taste_world(data, 20, interests=2, clickbait=3)
    assert (world.n_items, world.users.shape[1], len(world.item_ids)) == (23, 2, 23)
    again = taste_world(data, world.item_ids[:20])
    assert again.item_ids.tolist() == world.item_ids[:20].tolist()
    torch.testing.assert_close(again.vectors, world.vectors[:20])
    assert abs(float(again.users.mean())) < 1e-9  # tastes are what sets a user apart from the average


def test_some_of_the_items():
    world = taste_world(make_world(30, 40, seed=1).interactions, 10)
    part = world.among(np.array([7, 2]))
    both = world.begin(np.array([3])), part.begin(np.array([3]))
    torch.testing.assert_close(part.chances(both[1])[0], world.chances(both[0])[0, [7, 2]])


@pytest.mark.parametrize("wrong", [{"taste": -1}, {"leave": 1.5}, {"clickbait": 5}])
def test_wrong_options_are_refused(wrong):
    with pytest.raises(ValueError, match="expected taste and satiation of 0 or more"):
        replace(tiny(), **wrong)


def test_unknown_ids_and_clickbait_are_refused():
    with pytest.raises(ValueError, match="1 item ids that the data do not hold"):
        taste_world(make_world(30, 40, seed=1).interactions, np.array([1, 999]))
    with pytest.raises(ValueError, match="expected one without"):
        tiny(clickbait=1).among(np.array([0]))


@pytest.mark.filterwarnings("ignore:.*(infinity|unbounded|spec).*:UserWarning")
def test_gymnasium_accepts_it():
    check_env(
        RecommendationEnv(taste_world(make_world(30, 40, seed=1).interactions, 10), steps=5), skip_render_check=True
    )


def test_an_episode_of_one_user():
    env = RecommendationEnv(tiny(clickbait=1, leave=1.0), steps=3)
    seen, info = env.reset(seed=0, options={"user": 2})
    assert info == {"user_id": 2} and seen[-1] == 1 and seen[:-1].sum() == 0
    seen, liked, gone, over, info = env.step(1)
    np.testing.assert_allclose(seen[:3], env.world.vectors[1], rtol=1e-6)
    assert (seen[3], gone, over, info["item_id"]) == (liked, False, False, 1)
    assert env.step(5)[2:4] == (True, False)
    assert env.step(0)[1:4] == (0.0, True, True)
    with pytest.raises(ValueError, match="expected a position below 4"):
        env.reset(options={"user": 9})
    with pytest.raises(ValueError, match="steps=0"):
        RecommendationEnv(tiny(), steps=0)
