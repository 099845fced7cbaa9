"""Ranking all items: against plain loops and metrics on whole lists; who counts as 0, and who is left out."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.splits import load_data
from metarec_lib.data.synthetic import make_world
from metarec_lib.device import as_tensor
from metarec_lib.evaluation import metrics as m
from metarec_lib.evaluation.metrics import ConstantScoreWarning
from metarec_lib.evaluation.ranking import Places, _Job, evaluate_ranking, place_metric, places_of, said_of
from metarec_lib.models.baseline import BaselineRecommender, PopularityRecommender
from metarec_lib.models.factorization import MatrixFactorization

ALL = ("ndcg@10", "hr@5", "mrr")


@pytest.fixture(scope="module")
def parts():
    return load_data(make_world(n_users=40, n_items=30, ratings_per_user=10, seed=4).interactions)


@pytest.fixture(scope="module")
def model(parts):
    return MatrixFactorization(factors=4).fit(parts[0])


def test_ranking_equals_a_loop_over_users(parts, model):
    train, test = parts
    table = evaluate_ranking(model, test, ALL)
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


@pytest.mark.parametrize("negatives", [None, 6])
def test_ranking_in_chunks_is_the_same(parts, model, negatives):
    whole, chunks = (evaluate_ranking(model, parts[1], ALL, negatives, cells=c) for c in (10**6, 2_000))
    pd.testing.assert_frame_equal(whole, chunks, rtol=0, atol=1e-12)


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
    ids = train.users["user_id"].to_numpy()[seen["query"].users.cpu()]
    assert sorted(ids) == list(ranked)
    for user, row, mask in zip(ids, seen["query"].items, seen["query"].mask, strict=True):
        candidates = set(train.items["item_id"].to_numpy()[row[mask].cpu().numpy()])
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


# -- places -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_places_give_what_the_metrics_say_of_the_whole_list(levels):
    rng = np.random.default_rng(levels)
    scores = torch.as_tensor(rng.integers(levels, size=(200, 14)).astype(float))
    candidates = torch.as_tensor(rng.random((200, 14)) < 0.8)
    relevant = torch.as_tensor(rng.random((200, 14)) < 0.2) & candidates
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantScoreWarning)
        places = Places(*places_of(scores, relevant, candidates), torch.zeros(200, dtype=torch.int64))
        expected = {
            "ndcg@3": m.ndcg(scores, relevant.double(), candidates, 3),
            "ndcg": m.ndcg(scores, relevant.double(), candidates),
            "hr@4": m.hit_rate(scores, relevant, candidates, 4), "mrr": m.mrr(scores, relevant, candidates),
        }  # fmt: skip
    for name, values in expected.items():
        torch.testing.assert_close(place_metric(name, places), values.nan_to_num(), rtol=0, atol=1e-12)
    assert 0 < int(relevant.any(1).sum()) < 200


def test_scores_that_rank_nothing_warn_and_nan_is_an_error(parts):
    class Broken(PopularityRecommender):
        def score(self, state, query):
            return super().score(state, query) * torch.nan

    with pytest.raises(ValueError, match="evaluate_ranking: .* scores are NaN or infinite"):
        evaluate_ranking(Broken().fit(parts[0]), parts[1])
    constant = PopularityRecommender().fit(parts[0])
    constant.count_ = torch.ones_like(constant.count_)
    with pytest.warns(ConstantScoreWarning, match="evaluate_ranking: .* users have the same score"):
        evaluate_ranking(constant, parts[1])


# -- denominators -------------------------------------------------------------------------------------------------------
def table(rows):
    return Interactions.from_frame(pd.DataFrame(rows, columns=["user_id", "item_id", "rating"]), scale=(1, 5))


def test_users_whose_liked_items_the_model_does_not_know_count_as_zero():
    train = table([(u, i, 1 + (u + i) % 5) for u in range(1, 7) for i in range(1, 8) if (u + i) % 3])
    best = next(i for i in range(1, 8) if (1 + i) % 3 == 0)
    test = table(
        [(1, best, 5), (2, 90, 5), (3, 91, 4), (4, 92, 5), (5, 1, 2)]  # one found, three unknown, one likes nothing
        + [(6, i, 5) for i in range(1, 8) if (6 + i) % 3]  # one had rated all of it in training
    )
    model = BaselineRecommender().fit(train)
    model.item_bias_[model.tables_.item_index([best])] = 9.0
    ranked = evaluate_ranking(model, test, ("ndcg@10", "hr@10", "mrr"))
    assert list(ranked.index) == [1, 2, 3, 4]
    assert ranked.to_numpy().tolist() == [[1, 1, 1]] + [[0, 0, 0]] * 3
    counts = {"users": 6, "ranked": 4, "rated_before": 1, "unknown": 3, "without_like": 1, "unknown_items": 3}
    assert ranked.attrs["counts"] == counts
    said = said_of(counts)
    assert said.startswith("4 of 6 users; 1 left out without a liked item; 1 left out who had rated all")
    assert "3 count as 0, as the model knows none of their liked items" in said
    assert said_of({**dict.fromkeys(counts, 0), "users": 3, "ranked": 3}) == "3 of 3 users"


def test_an_unknown_liked_item_stays_in_the_ideal_list():
    train = table([(u, i, 1 + (u * i) % 5) for u in (1, 2, 3) for i in (1, 2, 3, 4)])
    model = BaselineRecommender().fit(train)
    model.tables_ = Interactions(
        model.tables_.ratings,
        train.users,
        pd.concat([train.items, train.items.tail(1).assign(item_id=5)]),
        scale=(1, 5),
    )
    model.item_bias_ = torch.cat([model.item_bias_[:-1], as_tensor([2.0, 0.0])])
    ranked = evaluate_ranking(model, table([(1, 5, 5), (1, 99, 5)]), ("ndcg@10", "hr@1", "mrr"))
    first, second = 1.0, 1 / np.log2(3)
    np.testing.assert_allclose(ranked.loc[1], [first / (first + second), 1, 1])
    assert ranked.attrs["counts"]["unknown"] == 0 and ranked.attrs["counts"]["unknown_items"] == 1


def test_one_table_of_scores_is_enough(parts, model, monkeypatch):
    """A model that scores all items at once is asked for that, once a batch of users."""
    expected = evaluate_ranking(model, parts[1], ALL)
    asked = []

    def all_at_once(state, users):
        asked.append(len(state[0]))
        bias, vector = state
        return model.mean_ + model.item_bias_[:-1] + bias + model.spread_ * vector @ model.item_vectors_[:-1].T

    monkeypatch.setattr(model, "score_all", all_at_once, raising=False)
    pd.testing.assert_frame_equal(evaluate_ranking(model, parts[1], ALL), expected, rtol=0, atol=1e-12)
    assert sum(asked) == len(expected)


def test_no_tensor_of_float64_where_the_model_has_none(parts):
    """MPS has no float64: ranking, drawing negatives too, must not make such a tensor for a model of float32."""
    train, test = parts
    model = MatrixFactorization(factors=4, dtype="float32").fit(train)
    seen = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            seen.extend(str(func) for t in tree_leaves((args, out)) if getattr(t, "dtype", None) == torch.float64)
            return out

    for negatives in (None, 4):
        with Watch():
            evaluate_ranking(model, test, ALL, negatives=negatives)
    assert seen == []


@pytest.mark.parametrize("negatives", [1, 7, 29, 200])
def test_the_negatives_are_those_with_the_smallest_draws(parts, model, negatives):
    """The same as sorting all numbers of a user's stretch of the stream."""
    _, test = parts
    job = _Job(model, test, negatives, 5)
    others = torch.rand(3, 30, generator=torch.Generator().manual_seed(0)) < 0.5
    chosen = job._sampled(np.array([0, 4, 2]), others)
    for row, user in enumerate((0, 4, 2)):
        draw = np.random.default_rng(5)
        draw.bit_generator.advance(user * 30)
        numbers = draw.random(30)
        allowed = np.flatnonzero(others[row].numpy())
        expected = allowed[np.argsort(numbers[allowed])[:negatives]]
        assert set(np.flatnonzero(chosen[row].numpy())) == set(expected)
