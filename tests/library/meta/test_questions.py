"""What a question is worth, against posteriors that are really computed with one more rating."""

import numpy as np
import pytest
import torch

from metarec_lib import (
    BaselineRecommender,
    MetaLearningModel,
    ProbabilisticPCA,
    load_data,
    make_tasks,
    make_world,
    next_question,
    question_values,
)
from metarec_lib.device import as_tensor
from metarec_lib.meta.questions import catalogue_moment, known_share, posterior_covariance

WORLD = make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions
TRAIN, _ = load_data(WORLD)


@pytest.fixture(scope="module", params=[ProbabilisticPCA, MetaLearningModel])
def model(request):
    quick = {"steps": 10, "rank": 3} if request.param is ProbabilisticPCA else {"epochs": 1}
    return request.param(**quick).fit(TRAIN)


@pytest.fixture(scope="module")
def tasks():
    return make_tasks(WORLD, k=4, pool=5, seed=1)


def with_one_more(tasks, item, value):
    more = tasks.support.append(*(as_tensor(np.full(len(tasks), v)) for v in (item, value)))
    return more


@pytest.mark.parametrize("answer", [1.0, 5.0])
def test_the_values_are_what_one_more_rating_changes_whatever_the_answer(model, tasks, answer):
    state, item = model.adapt(tasks.support), 7
    before = posterior_covariance(model, state, tasks.users)
    after = posterior_covariance(model, model.adapt(with_one_more(tasks, item, answer)), tasks.users)
    asked = as_tensor(np.full((len(tasks), 1), item))
    gain = question_values(model, state, tasks.users, asked, "information")[:, 0]
    assert torch.allclose(gain, 0.5 * (torch.logdet(before) - torch.logdet(after)), atol=1e-9)
    moment = catalogue_moment(model, state.mean)
    fall = ((before - after) * moment).sum((1, 2))  # the trace of (S - S') G
    assert torch.allclose(question_values(model, state, tasks.users, asked)[:, 0], fall, atol=1e-9)


def test_the_covariance_is_that_of_the_scores(model, tasks):
    state = model.adapt(tasks.support)
    items, std = model.linear(tasks.query), model.score_std(state, tasks.query)
    covariance = posterior_covariance(model, state, tasks.users)
    known = ((items.x @ covariance) * items.x).sum(2)
    assert torch.allclose((std / model.spread_) ** 2, items.variance + known, atol=1e-9)


def test_next_question_leaves_out_what_was_rated_and_weighs_by_who_can_answer(model):
    user, n = 7, TRAIN.n_items
    rated = set(TRAIN.ratings.loc[TRAIN.ratings["user_id"] == user, "item_id"])
    asked = next_question(model, user, k=n)
    assert not rated & set(asked["item_id"]) and len(asked) == n - len(rated)
    assert asked["rank"].tolist() == list(range(1, len(asked) + 1)) and asked["value"].is_monotonic_decreasing
    only = np.zeros(n)
    free = TRAIN.item_index([i for i in TRAIN.items["item_id"] if i not in rated])[4]
    only[free] = 1
    assert next_question(model, user, k=1, known=only)["item_id"].item() == TRAIN.items["item_id"].iloc[free]
    assert len(next_question(model, "nobody", k=3)) == 3


def test_who_can_answer_is_who_rated(model):
    counts = np.bincount(TRAIN.item_codes, minlength=TRAIN.n_items)
    assert np.allclose(known_share(model), np.maximum(counts, 0.1) / TRAIN.ratings["user_id"].nunique())


def test_bad_arguments(model, tasks):
    with pytest.raises(ValueError, match="got a BaselineRecommender, expected a model with a linear posterior"):
        next_question(BaselineRecommender().fit(TRAIN), 7)
    with pytest.raises(ValueError, match="got goal='fun', expected one of 'information', 'catalogue'"):
        next_question(model, 7, goal="fun")
