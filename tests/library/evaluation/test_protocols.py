"""Protocols on tasks: against plain loops, in chunks that change nothing, on every scale."""

import numpy as np
import pandas as pd
import pytest
import torch

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.splits import load_data
from metarec_lib.data.synthetic import make_world
from metarec_lib.data.tasks import PaddedRatings, TaskBatch, make_tasks
from metarec_lib.evaluation.metrics import hit_rate, mrr, ndcg
from metarec_lib.evaluation.protocols import evaluate_tasks, parse_metric, score_tasks, task_metric
from metarec_lib.models.factorization import MatrixFactorization

METRICS = ("rmse", "mae", "auc", "ndcg@3", "ndcg", "hr@2", "mrr")


@pytest.fixture(scope="module")
def world():
    return make_world(n_users=40, n_items=30, ratings_per_user=10, seed=4).interactions


@pytest.fixture(scope="module")
def parts(world):
    return load_data(world)


@pytest.fixture(scope="module")
def model(parts):
    return MatrixFactorization(factors=4).fit(parts[0])


class Counting:
    """The mean of the support, plus a little of the item's position; remembers how wide its chunks were."""

    def __init__(self):
        self.chunks = []

    def adapt(self, support):
        assert not torch.is_grad_enabled()
        self.chunks.append(tuple(support.items.shape))
        return (support.values * support.mask).sum(1, keepdim=True) / support.counts.clamp(min=1).unsqueeze(1)

    def score(self, state, query):
        return state + 0.01 * query.items


def test_evaluate_tasks_equals_a_loop_over_users(world, model):
    tasks = make_tasks(world, k=3, query=5)
    table = evaluate_tasks(model, tasks, METRICS)
    assert list(table.columns) == list(METRICS) and table.index.name == "user"
    for row in range(len(tasks)):
        one = tasks.select(slice(row, row + 1))
        q = one.query.trim()
        stars = q.values[q.mask]
        scores = model.score(model.adapt(one.support.trim()), q)[q.mask]
        liked = (stars >= 4).double()
        by_hand = {
            "rmse": ((scores - stars) ** 2).mean() ** 0.5, "mae": (scores - stars).abs().mean(),
            "auc": torch.stack([(a > b).double() for a in scores[liked == 1] for b in scores[liked == 0]]).mean()
            if 0 < liked.sum() < len(liked) else torch.tensor(torch.nan),
            "ndcg@3": ndcg(scores, 2**stars - 1, k=3), "ndcg": ndcg(scores, 2**stars - 1),
            "hr@2": hit_rate(scores, liked, k=2), "mrr": mrr(scores, liked),
        }  # fmt: skip
        if not len(stars):
            by_hand = dict.fromkeys(METRICS, np.nan)
        np.testing.assert_allclose(table.iloc[row], [float(by_hand[m]) for m in METRICS], rtol=0, atol=1e-9)
    assert table["auc"].isna().any() and table["rmse"].notna().sum() > 30


def test_evaluate_tasks_index(world):
    ids = [5, 2, 9]
    tasks = make_tasks(world, ids, k=2)
    assert list(evaluate_tasks(Counting(), tasks, user_ids=ids).index) == ids
    assert list(evaluate_tasks(Counting(), tasks).index) == [4, 1, 8]


def test_no_users_and_no_queries(world):
    assert evaluate_tasks(Counting(), make_tasks(world, [], k=2)).shape == (0, 4)
    nothing_left = evaluate_tasks(Counting(), make_tasks(world, k=30), METRICS)
    assert nothing_left.shape == (40, len(METRICS)) and nothing_left.isna().all(axis=None)


@pytest.mark.parametrize("cells", [1, 400, 3000])
def test_chunks_change_nothing_and_stay_small(world, cells):
    tasks = make_tasks(world, k=12)
    mask, model = tasks.query.mask, Counting()
    whole = score_tasks(Counting(), tasks)
    torch.testing.assert_close(score_tasks(model, tasks, cells)[mask], whole[mask], rtol=0, atol=1e-12)
    assert len(model.chunks) > 1 and sum(n for n, _ in model.chunks) == len(tasks)
    assert all(n == 1 or n * max(k, 1) <= cells for n, k in model.chunks)


@pytest.mark.parametrize(
    ("name", "parsed"),
    [("rmse", ("rmse", None)), ("ndcg@10", ("ndcg", 10)), ("hr@1", ("hr", 1)), ("hr", ("hr", None)), ("mrr", ("mrr", None))],
)  # fmt: skip
def test_metric_names(name, parsed):
    assert parse_metric(name) == parsed


@pytest.mark.parametrize("name", ["ndcg@0", "ndcg@", "auc@5", "NDCG@10", "precision", "ndcg@10 ", None, ""])
def test_names_that_are_no_metric(name):
    with pytest.raises(ValueError, match=r"got .*expected rmse, mae, auc, mrr, ndcg@k or hr@k"):
        parse_metric(name)
    with pytest.raises(ValueError, match="expected rmse"):
        task_metric(name, torch.ones(1, 1), by_hand())


# -- what the query says, whatever the scale ----------------------------------------------------------------------------
def by_hand(**more):
    values, mask = torch.tensor([[5.0, 1.0]]), torch.ones(1, 2, dtype=torch.bool)
    return PaddedRatings(torch.zeros(1, dtype=torch.int64), torch.tensor([[0, 1]]), values, mask, **more)


@pytest.mark.parametrize(
    ("metric", "column"), [("auc", "liked"), ("hr@1", "liked"), ("mrr", "liked"), ("ndcg", "gains")]
)
def test_a_query_that_does_not_say_what_is_liked_is_refused(metric, column):
    scores = torch.tensor([[2.0, 1.0]])
    with pytest.raises(ValueError, match=f"{metric}: got a query without `{column}`.*{column}="):
        task_metric(metric, scores, by_hand())
    said = by_hand(liked=torch.tensor([[True, False]]), gains=torch.tensor([[31.0, 1.0]]))
    assert task_metric(metric, scores, said).tolist() == [1.0]


@pytest.mark.parametrize("scale", [(0, 1), (2, 10), (0, 100), (-2, 2)])
def test_metrics_that_rank_are_the_same_on_every_scale(world, scale):
    low, high = scale
    frame = world.ratings.assign(rating=low + (world.values - 1) / 4 * (high - low))
    moved = Interactions(frame, world.users, world.items, scale=scale)
    ranking = ("auc", "ndcg@3", "hr@2", "mrr")
    tables = [evaluate_tasks(Counting(), make_tasks(data, k=3), ranking) for data in (world, moved)]
    pd.testing.assert_frame_equal(*tables)


def test_clicks_have_an_auc_and_an_ndcg(world):
    clicks = Interactions.from_frame(world.ratings.assign(rating=(world.values >= 4).astype(int)), items=world.items)
    stars, ones = (evaluate_tasks(Counting(), make_tasks(data, k=3), ("auc", "ndcg")) for data in (world, clicks))
    assert clicks.scale == (0, 1) and ones["auc"].notna().sum() > 20
    known = ones["auc"].notna()
    np.testing.assert_allclose(ones["auc"][known], stars["auc"][known], atol=0.3)
    assert ones["ndcg"].notna().sum() > 30 and (ones["ndcg"].dropna() <= 1).all()


def test_scores_are_clipped_for_errors_alone(world):
    class Loud(Counting):
        def score(self, state, query):
            return 10 * super().score(state, query)

    tasks = make_tasks(world, k=3)
    raw, cut = (evaluate_tasks(Loud(), tasks, ("rmse", "mae", "auc", "ndcg@3"), clip=c) for c in (None, world.scale))
    assert (cut["rmse"].dropna() <= 4).all() and (raw["rmse"].dropna() > 10).all() and (cut["mae"].dropna() <= 4).all()
    pd.testing.assert_frame_equal(raw[["auc", "ndcg@3"]], cut[["auc", "ndcg@3"]])


# -- one class ----------------------------------------------------------------------------------------------------------
def two_users(stars):
    """Nothing known of two users, and two ratings each to rank."""
    users, empty = torch.arange(2), torch.zeros(2, 0)
    values, mask = torch.tensor(stars), torch.ones(2, 2, dtype=torch.bool)
    items = torch.tensor([[0, 1], [1, 0]])
    query = PaddedRatings(users, items, values, mask, liked=values >= 4, gains=2.0**values - 1)
    return TaskBatch(PaddedRatings(users, empty.long(), empty, empty.bool()), query)


@pytest.mark.parametrize("metric", ["auc", "ndcg@5", "hr@3", "mrr"])
def test_one_class_in_all_queries_is_refused_and_in_one_user_is_not(metric):
    for stars in ([[5.0, 5], [5, 5]], [[1.0, 1], [1, 1]]):
        words = f"evaluate_tasks: {metric} mean nothing: all ratings .* of one class.*evaluate_ranking"
        with pytest.raises(ValueError, match=words):
            evaluate_tasks(Counting(), two_users(stars), (metric, "rmse"))
        assert evaluate_tasks(Counting(), two_users(stars), ("rmse",))["rmse"].notna().all()
    found = evaluate_tasks(Counting(), two_users([[5.0, 5], [5, 1]]), (metric,))[metric]
    assert found.notna().tolist() == [metric != "auc", True] and found[1] == (1.0 if metric == "hr@3" else found[1])
