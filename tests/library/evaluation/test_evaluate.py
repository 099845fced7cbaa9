"""`Recommender.evaluate`: what it refuses, and why a metric is undefined."""

import numpy as np
import pandas as pd
import pytest

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.splits import load_data
from metarec_lib.data.synthetic import make_world
from metarec_lib.evaluation.evaluate import UnknownItemsWarning, evaluate_model
from metarec_lib.models.baseline import BaselineRecommender

TRAIN, TEST = load_data(make_world(n_users=20, n_items=40, seed=0).interactions)
RANKING = ["ndcg@10", "hr@10", "mrr"]


@pytest.fixture(scope="module")
def model():
    return BaselineRecommender().fit(TRAIN)


def stars(value):
    return TEST.replace_ratings(TEST.ratings.assign(rating=value))


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_one_class_is_named(model, metric):
    for value, cause in ((1.0, r"no rating here is a like \(4 or more\)"), (5.0, "all ratings here are likes")):
        with pytest.raises(ValueError, match=f"evaluate: {metric} is undefined: only one class occurs, {cause}"):
            evaluate_model(model, stars(value), metric)
    assert evaluate_model(model, stars(1.0), "rmse") > 0


def test_no_user_with_both_classes_is_another_cause(model):
    by_user = stars(np.where(TEST.user_codes % 2, 5.0, 1.0))
    with pytest.raises(ValueError, match="auc is undefined: no user here has both likes and other ratings"):
        evaluate_model(model, by_user, "auc")
    assert 0 <= evaluate_model(model, by_user) <= 1


@pytest.mark.parametrize("metric", RANKING)
def test_ranking_without_likes_and_ranking_of_the_training_data(model, metric):
    with pytest.raises(ValueError, match=rf"evaluate: {metric} is undefined: no rating here is a like \(4 or more\)"):
        evaluate_model(model, stars(3.0), metric)
    with pytest.raises(ValueError, match=f"{metric} is undefined: every liked item was rated in training. Usual cause"):
        evaluate_model(model, TRAIN, metric)


@pytest.mark.parametrize("metric", RANKING)
def test_unknown_liked_items_are_said(model, metric):
    frame = pd.DataFrame({"user_id": [1, 2], "item_id": [900, 901], "rating": 5.0})
    with pytest.warns(UnknownItemsWarning, match="2 count as 0, as the model knows none"):
        assert evaluate_model(model, Interactions.from_frame(frame, scale=(1, 5)), metric) == 0


def test_the_likes_of_another_scale():
    """The same ratings on 2 to 10: not every rating is a like, and what ranks is the same."""
    train, test = (
        Interactions(d.ratings.assign(rating=2 * d.values), d.users, d.items, scale=(2, 10)) for d in (TRAIN, TEST)
    )
    double, single = BaselineRecommender().fit(train), BaselineRecommender().fit(TRAIN)
    for metric in ("accuracy", "auc", *RANKING):
        assert evaluate_model(double, test, metric) == pytest.approx(evaluate_model(single, TEST, metric), abs=1e-9)
    assert double.threshold_ == pytest.approx(2 * single.threshold_)


def test_without_held_out_ratings_the_threshold_lies_halfway_to_a_like():
    one = Interactions.from_frame(pd.DataFrame({"user_id": [1], "item_id": [1], "rating": [80]}), scale=(0, 100))
    assert BaselineRecommender().fit(one).threshold_ == 62.5
