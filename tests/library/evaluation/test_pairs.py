"""Scores of rated pairs: against one user after another, in little memory whatever the longest user."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.splits import load_data
from metarec_lib.data.synthetic import make_world
from metarec_lib.evaluation.pairs import evaluate_pairs, metric_by_user, score_pairs
from metarec_lib.models.baseline import BaselineRecommender
from metarec_lib.models.factorization import MatrixFactorization
from metarec_lib.models.history import History


@pytest.fixture(scope="module")
def parts():
    return load_data(make_world(n_users=40, n_items=30, ratings_per_user=10, seed=4).interactions)


@pytest.fixture(scope="module")
def model(parts):
    return MatrixFactorization(factors=4).fit(parts[0])


@pytest.mark.parametrize("cells", [1, 3_000, 10**7])
def test_scores_are_those_of_predict_in_the_order_of_the_rows(parts, model, cells):
    rng = np.random.default_rng(0)
    test = parts[1].subset(rng.permutation(len(parts[1])))
    expected = [model.predict(u, i).iloc[0] for u, i in test.ratings[["user_id", "item_id"]].itertuples(index=False)]
    scores = score_pairs(model, test, cells=cells)
    assert scores.shape == (len(test),) and scores.dtype == torch.float64
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-12)


def test_strangers_and_unknown_items_of_another_table(parts, model):
    frame = pd.DataFrame({"user_id": [3, 999, 3], "item_id": [777, 5, 5], "rating": [4.0, 2, 5]})
    scores = score_pairs(model, Interactions.from_frame(frame, scale=(1, 5)))
    expected = [model.predict(3, 777).iloc[0], model.predict(999, 5).iloc[0], model.predict(3, 5).iloc[0]]
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-12)
    assert len(score_pairs(model, parts[1].subset([]))) == 0


def test_another_memory_than_the_models_own(parts, model):
    train, test = parts
    few = History(train.subset(np.arange(0, len(train), 3)))
    own = MatrixFactorization(factors=4).fit(train)
    own.history_ = few
    assert torch.equal(score_pairs(model, test, few), score_pairs(own, test))
    assert not torch.equal(score_pairs(model, test, few), score_pairs(model, test))


def test_one_long_user_does_not_widen_the_batches_of_others():
    """2,000 users with 12 ratings and one with 3,000: padded together they would take six million cells."""
    rng = np.random.default_rng(0)
    short = np.stack([np.repeat(np.arange(2_000), 12), rng.integers(3_000, size=24_000)])
    pairs = np.concatenate([short, np.stack([np.full(3_000, 2_000), np.arange(3_000)])], axis=1)
    frame = pd.DataFrame({"user_id": pairs[0], "item_id": pairs[1], "rating": 3.0}).drop_duplicates()
    data = Interactions.from_frame(frame, scale=(1, 5))
    held = rng.random(len(data)) < 0.1
    cells = []

    class Watching(BaselineRecommender):
        def score(self, state, query):
            cells.append(query.items.numel())
            return super().score(state, query)

        def adapt(self, support):
            cells.append(support.items.numel())
            return super().adapt(support)

    model = Watching().fit(data.subset(~held))
    cells.clear()
    score_pairs(model, data.subset(held))
    assert sum(cells) < 2 * len(data) and max(cells) < len(data)


# -- metrics ------------------------------------------------------------------------------------------------------------
def loop(parts, model, threshold):
    test = parts[1]
    frame = test.ratings.assign(score=score_pairs(model, test).numpy(), like=test.values >= 4)
    frame = frame.assign(error=frame["score"] - frame["rating"], right=(frame["score"] > threshold) == frame["like"])
    users = [part for _, part in frame.groupby("user_id")]
    both = [part for part in users if part["like"].nunique() == 2]
    return frame, users, np.mean([roc_auc_score(part["like"], part["score"]) for part in both])


def test_metrics_equal_a_loop(parts, model):
    frame, users, auc = loop(parts, model, 3.4)
    scores = score_pairs(model, parts[1])

    def found(metric, average="rows"):
        return evaluate_pairs(metric, scores, parts[1], 3.4, average)

    assert found("rmse") == pytest.approx((frame["error"] ** 2).mean() ** 0.5)
    assert found("rmse", "user") == pytest.approx(np.mean([(p["error"] ** 2).mean() ** 0.5 for p in users]))
    assert found("mae") == pytest.approx(frame["error"].abs().mean())
    assert found("mae", "user") == pytest.approx(np.mean([p["error"].abs().mean() for p in users]))
    assert found("accuracy") == pytest.approx(frame["right"].mean())
    assert found("accuracy", "user") == pytest.approx(np.mean([p["right"].mean() for p in users]))
    assert found("auc") == found("auc", "user") == pytest.approx(auc)
    per_user = metric_by_user("rmse", scores, parts[1])
    np.testing.assert_allclose(per_user, [(p["error"] ** 2).mean() ** 0.5 for p in users])
