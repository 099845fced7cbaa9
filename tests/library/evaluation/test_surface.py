"""The learning surface against a loop that fits, adapts and judges by itself."""

import numpy as np
import pandas as pd
import pytest

from metarec_lib import BaselineRecommender, learning_surface, load_movielens, make_tasks, split_users
from metarec_lib.data.interactions import Interactions


@pytest.fixture(scope="module")
def data():
    return load_movielens("ml-100k")


@pytest.fixture(scope="module")
def parts(data):
    learning, tuning, judging = split_users(data, seed=3)
    return learning[:40], tuning[:12], judging[:9]


def by_hand(data, learning, judging, n, k, most, seed, **settings):
    """RMSE of each judging user, one user and one rating at a time."""
    order = np.random.default_rng(seed).permutation(learning)
    model = BaselineRecommender(**settings).fit(data.subset(data.ratings["user_id"].isin(order[:n]).to_numpy()))
    errors = []
    for user in judging:
        tasks = make_tasks(data, judging, k=most, seed=seed)
        row = list(judging).index(user)
        rated = [(int(i), float(v)) for i, v, m in zip(*rows(tasks.support, row), strict=True) if m]
        asked = [(int(i), float(v)) for i, v, m in zip(*rows(tasks.query, row), strict=True) if m]
        left = sum(v - model.mean_ - float(model.item_bias_[i]) for i, v in rated[:k])
        bias = left / (k + model.user_shrinkage)
        squares = [(v - model.mean_ - float(model.item_bias_[i]) - bias) ** 2 for i, v in asked]
        errors.append(np.sqrt(sum(squares) / len(squares)))
    return errors


def rows(ratings, row):
    return ratings.items[row], ratings.values[row], ratings.mask[row]


def test_every_point_agrees_with_a_loop(data, parts):
    learning, _, judging = parts
    found = learning_surface(
        {"bias": BaselineRecommender()}, data, learning, judging, users=(5, 40), supports=(0, 2, 7), seed=4
    )
    assert len(found) == 2 * 3 * len(judging)
    for (n, k), part in found.groupby(["users", "k"]):
        assert part["user"].tolist() == list(judging)
        np.testing.assert_allclose(part["value"], by_hand(data, learning, judging, n, k, 7, 4), atol=1e-10)


def test_keeps_the_setting_that_is_best_on_tuning_users(data, parts):
    learning, tuning, judging = parts
    strengths, at = (0.1, 5.0, 500.0), {"users": (30,), "supports": (1, 5), "seed": 0}
    tuned = learning_surface(
        {"b": [BaselineRecommender(user_shrinkage=s) for s in strengths]}, data, learning, judging, tuning, **at
    )
    errors = {
        s: np.mean([by_hand(data, learning, tuning, 30, k, 5, 0, user_shrinkage=s) for k in (1, 5)]) for s in strengths
    }
    best = min(errors, key=errors.get)
    alone = learning_surface({"b": BaselineRecommender(user_shrinkage=best)}, data, learning, judging, **at)
    pd.testing.assert_frame_equal(tuned, alone)


def test_the_query_and_the_users_are_nested(data, parts):
    learning, _, judging = parts
    few = learning_surface({"b": BaselineRecommender()}, data, learning, judging, users=(5,), supports=(2, 7))
    more = learning_surface({"b": BaselineRecommender()}, data, learning, judging, users=(40, 5), supports=(7,))
    at = [part[(part["users"] == 5) & (part["k"] == 7)]["value"].tolist() for part in (few, more)]
    assert at[0] == at[1]


def test_ids_may_be_text(data, parts):
    learning, _, judging = parts
    table = data.ratings.assign(user_id="u" + data.ratings["user_id"].astype(str))
    users = data.users.assign(user_id="u" + data.users["user_id"].astype(str))
    named = Interactions(table, users, data.items, data.name, data.scale)
    model, at = {"b": BaselineRecommender()}, {"users": (5,), "supports": (2,)}
    text = learning_surface(model, named, [f"u{u}" for u in learning], [f"u{u}" for u in judging], **at)
    whole = learning_surface(model, data, learning, judging, **at)
    np.testing.assert_allclose(text["value"], whole["value"], atol=1e-12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"users": (5, 41)}, "from 1 to 40"),
        ({"users": ()}, "from 1 to 40"),
        ({"supports": (-1, 2)}, "from 0 on"),
        ({"metric": "auc"}, "'rmse' or 'mae'"),
        ({"models": {"b": [BaselineRecommender(), BaselineRecommender()]}}, "no `tuning` users"),
        ({"models": {"b": []}}, "one or more under each name"),
        ({"models": {}}, "one or more under each name"),
    ],
)
def test_says_what_is_wrong(data, parts, change, said):
    learning, _, judging = parts
    given = {"models": {"b": BaselineRecommender()}, "users": (5,), "supports": (2,)} | change
    with pytest.raises(ValueError, match=said):
        learning_surface(given.pop("models"), data, learning, judging, **given)


def test_refuses_a_user_in_two_parts(data, parts):
    learning, _, judging = parts
    with pytest.raises(ValueError, match="1 user ids in two of the parts"):
        learning_surface({"b": BaselineRecommender()}, data, learning, [*judging, learning[0]], users=(5,))
