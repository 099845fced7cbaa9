"""Protocols: evaluate_tasks and evaluate_ranking against plain loops, and chunks that change nothing."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from metarec_lib.data.splits import load_data
from metarec_lib.data.synthetic import make_world
from metarec_lib.data.tasks import make_tasks
from metarec_lib.evaluation import protocols
from metarec_lib.evaluation.metrics import hit_rate, mrr, ndcg
from metarec_lib.evaluation.protocols import evaluate_ranking, evaluate_tasks, parse_metric, score_tasks
from metarec_lib.models.baseline import PopularityRecommender
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


@pytest.mark.parametrize("cells", [1, 40, 300])
def test_chunks_change_nothing_and_stay_small(monkeypatch, world, cells):
    tasks = make_tasks(world, k=12)
    whole = score_tasks(Counting(), tasks)
    monkeypatch.setattr(protocols, "CELLS", cells)
    model = Counting()
    torch.testing.assert_close(score_tasks(model, tasks), whole, rtol=0, atol=1e-12)
    width = tasks.query.items.shape[1]
    assert len(model.chunks) > 1 and sum(n for n, _ in model.chunks) == len(tasks)
    assert all(n == 1 or n * max(k, 1) * width <= cells for n, k in model.chunks)


def test_ranking_equals_a_loop_over_users(parts, model):
    train, test = parts
    table = evaluate_ranking(model, test, ("ndcg@10", "hr@5", "mrr"))
    expected = {}
    for user in np.unique(test.ratings["user_id"]):
        mine = test.ratings[test.ratings["user_id"] == user]
        liked = set(mine["item_id"][mine["rating"] >= 4])
        seen = set(train.ratings["item_id"][train.ratings["user_id"] == user])
        if not liked:
            continue
        candidates = [i for i in train.items["item_id"] if i not in seen]
        ranked = model.predict(user, candidates).sort_values(ascending=False)
        assert ranked.is_unique
        hits = np.array([i in liked for i in ranked.index], dtype=float)
        discount = 1 / np.log2(np.arange(2, 12))
        best = discount[: len(liked)].sum()
        expected[user] = [hits[:10] @ discount[: len(hits[:10])] / best, hits[:5].max(), 1 / (1 + hits.argmax())]
    assert list(table.index) == list(expected) and len(expected) > 20
    np.testing.assert_allclose(table.to_numpy(), list(expected.values()), rtol=0, atol=1e-9)


def test_ranking_in_chunks_is_the_same(monkeypatch, parts, model):
    whole = evaluate_ranking(model, parts[1])
    monkeypatch.setattr(protocols, "CELLS", 100)
    chunked = evaluate_ranking(model, parts[1])
    assert list(chunked.index) == list(whole.index)
    np.testing.assert_allclose(chunked, whole, rtol=0, atol=1e-12)


def test_ranking_among_sampled_items(parts, model):
    train, test = parts
    full, none = (evaluate_ranking(model, test, ("mrr",), negatives=n)["mrr"] for n in (30, 0))
    np.testing.assert_allclose(full, evaluate_ranking(model, test, ("mrr",))["mrr"])
    assert (none == 1).all()  # the liked ones alone
    few, again, other = (evaluate_ranking(model, test, ("mrr",), negatives=5, seed=s)["mrr"] for s in (0, 0, 1))
    assert few.equals(again) and not few.equals(other)
    assert (few >= full - 1e-12).all() and few.mean() > full.mean()


def test_the_sampled_protocol_draws_as_many_as_asked_and_nothing_seen(parts):
    train, test = parts
    seen = {}

    class Watching(PopularityRecommender):
        def score(self, state, query):
            seen["query"] = query
            return super().score(state, query) + 0.001 * query.items

    model = Watching().fit(train)
    ranked = evaluate_ranking(model, test, negatives=4).index
    ids = train.users["user_id"].to_numpy()[seen["query"].users]
    assert sorted(ids) == list(ranked)
    for user, row, mask in zip(ids, seen["query"].items, seen["query"].mask, strict=True):
        candidates = set(train.items["item_id"].to_numpy()[row[mask].numpy()])
        mine = test.ratings[test.ratings["user_id"] == user]
        liked = set(mine["item_id"][mine["rating"] >= 4])
        rated = set(train.ratings["item_id"][train.ratings["user_id"] == user])
        assert liked <= candidates and not candidates & rated
        assert len(candidates - liked) == min(4, 30 - len(rated) - len(liked))


def test_users_without_a_liked_item_are_not_ranked(parts, model):
    disliked = parts[1].subset(parts[1].values < 4)
    assert evaluate_ranking(model, disliked).shape == (0, 1)
    with pytest.raises(ValueError, match=r"got metrics \['rmse'\], expected ndcg@k, hr@k or mrr"):
        evaluate_ranking(model, parts[1], ("rmse", "mrr"))


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
        empty = SimpleNamespace(values=torch.ones(1, 1), mask=torch.ones(1, 1, dtype=torch.bool))
        protocols.task_metric(name, torch.ones(1, 1), empty)
