"""What every public recommender promises. A new one is covered as soon as the package names it."""

import copy
import functools
import inspect

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import mean_absolute_error, roc_auc_score, root_mean_squared_error

import metarec_lib
from metarec_lib import (
    Interactions,
    Recommender,
    generate_items,
    load_data,
    load_model,
    make_tasks,
    make_world,
    preprocess_data,
)
from metarec_lib.data.tasks import TaskBatch
from metarec_lib.evaluation.protocols import evaluate_tasks, score_tasks
from metarec_lib.models.contract import CHECKS
from metarec_lib.models.history import History
from metarec_lib.models.training import IterativeRecommender


def public_models():
    found = (getattr(metarec_lib, name) for name in metarec_lib.__all__)
    return [c for c in found if inspect.isclass(c) and issubclass(c, Recommender) and not inspect.isabstract(c)]


MODELS = {c.__name__: c for c in public_models()}
ITERATIVE = [name for name, c in MODELS.items() if issubclass(c, IterativeRecommender)]
RATERS = [name for name, c in MODELS.items() if c.scores_are_ratings]
TRAIN, TEST = load_data(make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions)
USER, ITEMS = 7, TRAIN.items["item_id"].to_numpy()
every = pytest.mark.parametrize("name", MODELS)
quiet = pytest.mark.filterwarnings("ignore::metarec_lib.evaluation.metrics.ConstantScoreWarning")


def new(name, **options):
    """Unfitted, with settings that need little time."""
    quick = {k: v for k, v in {"folds": 2, "steps": 4}.items() if k in MODELS[name]().get_params()}
    return MODELS[name](**quick, **options)


def briefly(name):
    return {"epochs": 2} if "epochs" in MODELS[name].options else {}


def fit(name, data=TRAIN, **options):
    return new(name, **options).fit(data, **briefly(name))


@functools.cache
def shared(name):
    """One fitted model for all tests that only read it."""
    return fit(name)


def own(name):
    """A fitted model to change."""
    return copy.deepcopy(shared(name))


def all_scores(model, users=(1, USER, 40, 12_345), items=ITEMS):
    return np.stack([model.predict(u, items).to_numpy() for u in users])


def assert_same_fit(model, other):
    """Two fits alike: to the bit on the CPU. CUDA adds in the order in which its threads arrive (`index_add`), so that there
    the last digits of a sum, and with them of a fit, differ from run to run."""
    off = 0 if model._device.type == "cpu" else 1e-9
    np.testing.assert_allclose(all_scores(model), all_scores(other), rtol=0, atol=off)
    assert abs(model.threshold_ - other.threshold_) <= off


SEEN = {user: items.to_numpy() for user, items in TRAIN.ratings.groupby("user_id")["item_id"]}


def seen_by(user):
    return SEEN.get(user, ITEMS[:0])


def rows(*ratings, users=None, items=None):
    frame = pd.DataFrame(ratings, columns=["user_id", "item_id", "rating"])
    return Interactions.from_frame(frame, users, items, name="toy", scale=(1, 5))


def test_the_contract_covers_the_models():
    assert {"BaselineRecommender", "PopularityRecommender", "MatrixFactorization", "ItemKNN"} <= set(MODELS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
@every
@pytest.mark.filterwarnings("ignore::metarec_lib.evaluation.metrics.ConstantScoreWarning")
def test_the_checks_for_new_models(name, check):
    check(maker(name))


@functools.cache
def maker(name):
    return functools.partial(new, name)


# -- as written -------------------------------------------------------------------------------------------------------
@every
def test_it_runs_as_written(name):
    train, test = TRAIN, TEST
    X, y = preprocess_data(train)
    Xt, yt = preprocess_data(test)
    model = MODELS[name]()
    assert model.fit(X, y) is model
    accuracy = model.evaluate(Xt, yt)
    assert type(accuracy) is float and 0.4 <= accuracy <= 1  # of 101 ratings; above .5 on real ones, below
    scores = model.predict(123, generate_items(train))
    assert scores.index.tolist() == ITEMS.tolist() and np.isfinite(scores).all()
    if model.scores_are_ratings:  # it knows more than the mean rating
        assert model.evaluate(test, metric="rmse") < 0.98 * (test.values - train.values.mean()).std()


@pytest.mark.parametrize(
    "name", [n for n, c in MODELS.items() if c.__module__.split(".")[1] == "models" and n != "Blend"]
)
def test_it_runs_as_written_on_real_ratings(name):
    """The short program, at the model's own settings; on 100 users, since each lesson's study runs on all."""
    train, test = (part.subset(part.ratings["user_id"].to_numpy() <= 100) for part in load_data())
    X, y = preprocess_data(train)
    Xt, yt = preprocess_data(test)
    model = MODELS[name]()
    model.fit(X, y)
    assert 0.5 < model.evaluate(Xt, yt) < 1
    assert len(model.predict(23, generate_items())) == 1682


# -- fit --------------------------------------------------------------------------------------------------------------
@every
def test_a_table_is_the_same_as_interactions(name):
    X, y = preprocess_data(TRAIN)
    model = new(name).fit(X, y, **briefly(name))
    assert_same_fit(model, shared(name))
    assert model.evaluate(*preprocess_data(TEST)) == model.evaluate(TEST)
    X.attrs.clear()
    assert np.isfinite(all_scores(new(name).fit(X, y, **briefly(name)))).all()


@every
def test_fit_starts_afresh_and_repeats_to_the_bit(name):
    other = make_world(n_users=25, n_items=35, ratings_per_user=9, seed=9).interactions
    model = new(name).fit(other, **briefly(name)).update(1, 2, 3)
    model.stale_ = 1
    model.fit(TRAIN, **briefly(name))
    assert_same_fit(model, shared(name))
    fitted = {k for k in vars(shared(name)) if k.endswith("_")}
    assert {k for k in vars(model) if k.endswith("_")} == fitted


@every
def test_fit_leaves_its_input_and_global_randomness_alone(name):
    X, y = preprocess_data(TRAIN)
    before = X.copy(), y.copy()
    torch.manual_seed(5)
    np.random.seed(5)
    states = torch.get_rng_state(), np.random.get_state()
    new(name).fit(X, y, **briefly(name)).update(1, 2, 3)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.random.get_state()[2] == states[1][2] and np.array_equal(np.random.get_state()[1], states[1][1])
    pd.testing.assert_frame_equal(X, before[0])
    pd.testing.assert_series_equal(y, before[1])


@every
def test_float32(name):
    model = fit(name, dtype="float32")
    scores = model.predict(USER, ITEMS)
    assert scores.dtype == np.float32 and np.isfinite(scores).all()
    np.testing.assert_allclose(scores, shared(name).predict(USER, ITEMS), atol=0.1, rtol=0)
    assert 0.4 <= model.evaluate(TEST) <= 1


OPTIONS = {
    "X_target": TRAIN, "epochs": 3, "batch_size": 8, "validation": TEST, "personalized_target": True,
    "compression_target": True,
}  # fmt: skip


@every
@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_supported_or_refused(name, option):
    model, value = own(name), {option: OPTIONS[option]}
    if option in model.options:
        value |= {"epochs": 1} if "epochs" in model.options else {}
        assert np.isfinite(all_scores(model.fit(TRAIN, **value))).all()
    else:
        with pytest.raises(ValueError, match=f"{name}.fit: got {option}, but this model supports"):
            model.fit(TRAIN, **value)
        np.testing.assert_array_equal(all_scores(model), all_scores(shared(name)))  # still the fitted model


@every
def test_bad_ratings_are_refused_and_the_fitted_model_stays(name):
    X, y = preprocess_data(TRAIN)
    model = own(name)
    for bad, words in [
        ((X, y.iloc[:-1]), "ratings for .* rows"),
        ((X, y.where(y.index > 2)), "3 of .* values are no finite numbers"),
        ((X, y * 2), "outside 1 to 5"),
        ((X.drop(columns="item_id"), y), "no column item_id"),
        ((X.to_numpy(), y), "got a ndarray"),
        ((X, None), "y is missing"),
        ((X.iloc[:0], y.iloc[:0]), "no ratings"),
        ((pd.concat([X, X]), pd.concat([y, y])), "repeat a pair"),
    ]:
        with pytest.raises(ValueError, match=words):
            model.fit(*bad)
    if "epochs" in model.options:
        for epochs in (0, -1, 1.5, True, "many"):
            with pytest.raises(ValueError, match="fit: epochs: got .*expected a whole number of 1 or more"):
                model.fit(TRAIN, epochs=epochs)
    np.testing.assert_array_equal(all_scores(model), all_scores(shared(name)))


@every
def test_unfitted(name, tmp_path):
    model = MODELS[name]()
    for call in (
        lambda: model.predict(1, [1]),
        lambda: model.recommend(1),
        lambda: model.evaluate(TEST),
        lambda: model.update(1, 1, 3),
        lambda: model.save(tmp_path / "m"),
        lambda: model.ratings_of([1]),
    ):
        with pytest.raises(NotFittedError, match=f"{name} is not fitted yet; call fit"):
            call()
    assert not list(tmp_path.iterdir())


@every
def test_scikit_learn_can_clone_it(name):
    model = MODELS[name](seed=4, dtype="float32")
    again = clone(model)
    assert again.get_params() == model.get_params() and again.get_params()["seed"] == 4
    assert not hasattr(clone(shared(name)), "history_")
    assert repr(model).startswith(f"{name}(") and "seed=4" in repr(model)
    assert set(inspect.signature(MODELS[name]).parameters) == set(model.get_params(deep=False))
    assert "seed" in inspect.signature(MODELS[name]).parameters  # the whole signature is there to be read


# -- predict ----------------------------------------------------------------------------------------------------------
@every
def test_predict_keeps_the_order_and_the_index(name):
    model = shared(name)
    scores = model.predict(USER, ITEMS)
    assert isinstance(scores, pd.Series) and scores.index.tolist() == ITEMS.tolist()
    assert (scores.name, scores.index.name, scores.dtype) == ("score", "item_id", np.float64)
    asked = [9, 3, 3, 30, 1]
    np.testing.assert_allclose(model.predict(USER, asked), scores[asked], rtol=0, atol=1e-9)
    assert model.predict(USER, asked).index.tolist() == asked
    for items in (pd.Series(asked), pd.Index(asked), np.array(asked), tuple(asked), [str(i) for i in asked]):
        assert model.predict(str(USER), items).equals(model.predict(USER, asked))
    for one in (9, "9", [9], np.int64(9), 9.0):
        assert model.predict(USER, one).index.tolist() == [9]
        assert model.predict(USER, one).iloc[0] == pytest.approx(scores[9], abs=1e-9)
    assert len(model.predict(USER, [])) == 0


@every
def test_strangers_get_the_prior_and_unknown_items_a_number(name):
    model = shared(name)
    prior = model.predict(12_345, ITEMS)
    for stranger in ("nobody", None, -1, 2**70, np.nan, 1.5):
        assert model.predict(stranger, ITEMS).equals(prior)
    for user in (USER, 12_345):
        mixed = model.predict(user, [5, 999, "x"])
        assert mixed.index.tolist() == [5, 999, "x"] and np.isfinite(mixed).all()
        assert model.predict(user, [999, 5]).index.tolist() == [999, 5]
        assert model.predict(user, [999, 5])[5] == pytest.approx(model.predict(user, 5).iloc[0], abs=1e-9)
        assert model.predict(user, [999])[999] == pytest.approx(model.predict(user, [10**6])[10**6], abs=1e-9)
    low, high = model.tables_.scale
    assert not model.scores_are_ratings or (prior.between(low - 1, high + 1)).all()


@every
def test_uncertainty_is_given_or_refused(name):
    model = shared(name)
    if type(model).score_std is Recommender.score_std:
        with pytest.raises(ValueError, match=f"{name} knows no uncertainty"):
            model.predict(USER, ITEMS, return_std=True)
        return
    table = model.predict(USER, ITEMS, return_std=True)
    assert list(table.columns) == ["score", "std"] and table.index.tolist() == ITEMS.tolist()
    assert table["score"].equals(model.predict(USER, ITEMS))
    assert (table["std"] > 0).all() and (table["std"] < 5).all()
    assert (model.predict(12_345, ITEMS, return_std=True)["std"] > 0).all()
    known = own(name)
    for item in (1, 2, 3, 4, 5, 6, 8):
        known.update(777, item, 4)
    before, after = (m.predict(777, ITEMS, return_std=True)["std"] for m in (model, known))
    assert (after <= before + 1e-9).all() and after.sum() < before.sum()


# -- recommend --------------------------------------------------------------------------------------------------------
@every
def test_recommend_lists_the_best_unseen_items(name):
    model, seen = shared(name), set(seen_by(USER))
    scores = model.predict(USER, ITEMS[~np.isin(ITEMS, seen_by(USER))]).sort_values(ascending=False, kind="stable")
    table = model.recommend(USER, k=5)
    assert list(table.columns) == ["rank", "item_id", "title", "score"] and table["rank"].tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(table["score"], scores.iloc[:5], rtol=0, atol=1e-9)
    np.testing.assert_allclose(scores[table["item_id"]], table["score"], rtol=0, atol=1e-9)
    assert table["title"].tolist() == [f"Film {i}" for i in table["item_id"]]
    assert len(seen) > 3 and len(model.recommend(USER, k=1000)) == len(ITEMS) - len(seen)
    assert sorted(model.recommend(USER, k=1000, exclude_seen=False)["item_id"]) == ITEMS.tolist()
    assert len(model.recommend("nobody")) == 10 and model.recommend(str(USER), k="5").equals(table)
    for k in (0, -3, 2.5, True, None, "many", [3]):
        with pytest.raises(ValueError, match="recommend: k: got .*expected a whole number of 1 or more"):
            model.recommend(USER, k=k)


# -- update -----------------------------------------------------------------------------------------------------------
def refitted_state(name, data):
    """The model with these ratings in its memory and the shared parameters of the one fitted on TRAIN."""
    model = own(name)
    model.history_ = History(data)
    return model


@every
@pytest.mark.parametrize("user", [USER, 41, 4242])
def test_update_is_the_state_solved_anew(name, user):
    item = next(i for i in ITEMS if i not in set(seen_by(user)))
    users = pd.concat([TRAIN.users, pd.DataFrame({"user_id": [41, 4242]})], ignore_index=True)
    last = pd.DataFrame({"user_id": [user], "item_id": [item], "rating": [2.0], "timestamp": [2_000_000_000]})
    model = own(name).update(str(user), str(item), "2")
    everyone = (1, USER, 40, 41, 4242)
    expected = all_scores(shared(name), everyone)
    reference = refitted_state(name, Interactions(pd.concat([TRAIN.ratings, last]), users, TRAIN.items))
    reference.history_._known = TRAIN.n_users
    expected[everyone.index(user)] = all_scores(reference, [user])[0]
    np.testing.assert_allclose(all_scores(model, everyone), expected, rtol=0, atol=1e-9)
    assert item not in set(model.recommend(user, k=99)["item_id"])
    fixed = {k for k in vars(model) if k.endswith("_")} - {"history_"}
    for key in fixed:
        if isinstance(getattr(model, key), torch.Tensor):
            assert torch.equal(getattr(model, key), getattr(shared(name), key)), key


@every
def test_a_second_rating_of_a_pair_replaces_the_first(name):
    item = seen_by(USER)[0]
    changed = TRAIN.ratings.copy()
    at = (changed["user_id"] == USER) & (changed["item_id"] == item)
    assert at.sum() == 1
    changed.loc[at, "rating"], changed.loc[at, "timestamp"] = 1.0, 2_000_000_000
    reference = refitted_state(name, TRAIN.replace_ratings(changed))
    model = own(name).update(USER, item, 5).update(USER, item, 1)
    np.testing.assert_allclose(all_scores(model), all_scores(reference), rtol=0, atol=1e-9)
    assert len(model.recommend(USER, k=99)) == len(ITEMS) - len(seen_by(USER))


@pytest.mark.parametrize("name", RATERS)
def test_updates_move_scores_the_way_of_the_ratings(name):
    low, high = own(name), own(name)
    for item in ITEMS[:12]:
        low.update(900, item, 1), high.update(900, item, 5)
    assert high.predict(900, ITEMS).mean() > low.predict(900, ITEMS).mean() + 0.5


BAD_UPDATES = [
    ((USER, 5, 6), "update: got rating 6, expected 1 to 5"),
    ((USER, 5, np.nan), "update: got rating nan"),
    ((USER, 5, "good"), "update: got rating 'good', expected a number from 1 to 5"),
    ((USER, 5, None), "update: got rating None"),
    ((USER, 999, 3), "update: got item 999, expected an id of the item table"),
    ((USER, "x", 3), "update: got item 'x'"),
    ((USER, None, 3), "update: got item None"),
    (("me", 5, 3), "update: got user id 'me', expected a whole number"),
    ((1.5, 5, 3), "got the id 1.5, expected text or a whole number"),
    ((None, 5, 3), "update: got user id None"),
    ((np.inf, 5, 3), "got the id inf"),
    (([1, 2], 5, 3), r"update: got user id \[1, 2\], expected one id"),
]


@every
def test_bad_updates_are_refused_and_change_nothing(name):
    model = own(name)
    for call, words in BAD_UPDATES:
        with pytest.raises(ValueError, match=words):
            model.update(*call)
        assert model.history_.ids.equals(shared(name).history_.ids)
    np.testing.assert_array_equal(all_scores(model), all_scores(shared(name)))


# -- evaluate ---------------------------------------------------------------------------------------------------------
@functools.cache
def predicted(name):
    """Test ratings with predict() of each, one call a user."""
    parts = []
    for user, mine in TEST.ratings.groupby("user_id"):
        parts.append(mine.assign(score=shared(name).predict(user, mine["item_id"]).to_numpy()))
    return pd.concat(parts)


@pytest.mark.parametrize("name", RATERS)
def test_errors_are_scikit_learns(name):
    table = predicted(name)
    for metric, theirs in (("rmse", root_mean_squared_error), ("mae", mean_absolute_error)):
        per_user = [theirs(t["rating"], t["score"]) for _, t in table.groupby("user_id")]
        pooled = theirs(table["rating"], table["score"])
        assert shared(name).evaluate(TEST, metric=metric) == pytest.approx(pooled, abs=1e-9)
        assert shared(name).evaluate(TEST, metric=metric, average="user") == pytest.approx(np.mean(per_user), abs=1e-9)
        assert abs(pooled - np.mean(per_user)) > 1e-6


@every
@quiet
def test_accuracy_and_auc_equal_a_loop(name):
    model = shared(name)
    table = predicted(name).assign(like=lambda t: t["rating"] >= 4)
    right = (table["score"] > model.threshold_) == table["like"]
    assert model.evaluate(TEST) == pytest.approx(right.mean(), abs=1e-9)
    assert model.evaluate(TEST, average="user") == pytest.approx(
        right.groupby(table["user_id"]).mean().mean(), abs=1e-9
    )
    both = [t for _, t in table.groupby("user_id") if t["like"].nunique() == 2]
    expected = np.mean([roc_auc_score(t["like"], t["score"].round(12)) for t in both])
    assert len(both) > 5 and model.evaluate(TEST, metric="auc") == pytest.approx(expected, abs=1e-9)


@every
@quiet
def test_ranking_equals_a_loop_over_users(name):
    model, ndcg, hits = shared(name), [], []
    discount = 1 / np.log2(np.arange(2, 12))
    for user, mine in TEST.ratings.groupby("user_id"):
        liked = set(mine["item_id"][mine["rating"] >= 4])
        if not liked:
            continue
        scores = model.predict(user, ITEMS[~np.isin(ITEMS, seen_by(user))]).round(9)
        like = scores.index.isin(liked).astype(float)
        above = np.array([(scores > s).sum() for s in scores])
        tied = np.array([(scores == s).sum() for s in scores])
        share = np.array([discount[a : a + t].sum() / t for a, t in zip(above, tied, strict=True)])
        ndcg.append(like @ share / discount[: len(liked)].sum())
        best = above[like == 1].min()  # the chance that none of the liked ones in the best tie group is within 10
        group = above == best
        n, r, m = int(group.sum()), int(like[group].sum()), int(min(max(10 - best, 0), group.sum()))
        miss = np.prod([(n - r - j) / (n - j) for j in range(m)]) if n - r >= m else 0.0
        hits.append(1 - miss)
    assert len(ndcg) > 20
    assert model.evaluate(TEST, metric="ndcg@10") == pytest.approx(np.mean(ndcg), abs=1e-9)
    assert model.evaluate(TEST, metric="hr@10") == pytest.approx(np.mean(hits), abs=1e-9)


@every
def test_evaluate_takes_strangers_and_refuses_nonsense(name):
    model = shared(name)
    strangers = rows((500, 1, 5), (501, 2, 1), (502, 999, 3))
    assert 0 <= model.evaluate(strangers) <= 1
    for call, words in [
        (dict(metric="recall"), "metric: got 'recall', expected"),
        (dict(average="item"), "average 'item', expected 'rows' or 'user'"),
    ]:
        with pytest.raises(ValueError, match=words):
            model.evaluate(TEST, **call)
    with pytest.raises(ValueError, match="evaluate: got no ratings"):
        model.evaluate(TEST.subset([]))
    if not model.scores_are_ratings:
        with pytest.raises(ValueError, match=f"{name} scores are no ratings"):
            model.evaluate(TEST, metric="rmse")


# -- tasks ------------------------------------------------------------------------------------------------------------
@every
@settings(derandomize=True, deadline=None, database=None, max_examples=12)
@given(seed=st.integers(0, 999), more=st.integers(1, 4), k=st.integers(0, 6))
def test_padding_and_the_order_of_users_do_not_matter(name, seed, more, k):
    model, rng = shared(name), np.random.default_rng(seed)
    ids = rng.choice(TRAIN.users["user_id"], 6, replace=False)
    tasks = make_tasks(TRAIN, ids, k=k, query=4, seed=seed)
    scores = score_tasks(model, tasks)
    wide = TaskBatch(*(p.pad_to(p.items.shape[1] + more) for p in (tasks.support, tasks.query)))
    mask = tasks.query.mask
    with torch.no_grad():
        padded = model.score(model.adapt(wide.support), wide.query)[:, : mask.shape[1]]
    torch.testing.assert_close(padded[mask], scores[mask], rtol=0, atol=1e-9)
    order = torch.as_tensor(rng.permutation(6))
    moved = score_tasks(model, tasks.select(order))
    torch.testing.assert_close(moved[mask[order]], scores[order][mask[order]], rtol=0, atol=1e-9)
    if hasattr(model, "meta_loss"):
        loss = model.meta_loss(tasks)
        assert loss.ndim == 0 and torch.isfinite(loss)
        for same in (wide, tasks.select(order)):
            torch.testing.assert_close(model.meta_loss(same), loss, rtol=0, atol=1e-9)


@every
def test_small_chunks_of_users_give_the_same(name):
    tasks = make_tasks(TRAIN, k=5)
    whole, chunks = score_tasks(shared(name), tasks), score_tasks(shared(name), tasks, cells=60)
    torch.testing.assert_close(chunks[tasks.query.mask], whole[tasks.query.mask], rtol=0, atol=1e-9)


# -- little data ------------------------------------------------------------------------------------------------------
FEW_ITEMS = pd.DataFrame({"item_id": range(1, 9), "title": "t", "year": 1990.0, "Drama": [0, 1] * 4})
SMALL = {
    "one rating": rows((1, 1, 4)),
    "one user": rows(*[(1, i, 1 + i % 5) for i in range(1, 8)], items=FEW_ITEMS),
    "one item": rows(*[(u, 1, 1 + u % 5) for u in range(8)]),
    "one rating a user": rows(*[(u, 1 + u % 4, 1 + u % 5) for u in range(30)], items=FEW_ITEMS),
    "constant ratings": rows(*[(u, i, 4) for u in range(25) for i in range(1, 8) if (u + i) % 3], items=FEW_ITEMS),
    "all disliked": rows(*[(u, i, 1 + (u + i) % 2) for u in range(25) for i in range(1, 6)], items=FEW_ITEMS),
    "users without ratings": rows(
        *[(u, i, 1 + (u * i) % 5) for u in range(25) for i in range(1, 6)],
        items=FEW_ITEMS, users=pd.DataFrame({"user_id": range(60), "age": np.nan}),
    ),
}  # fmt: skip


@every
@pytest.mark.parametrize("kind", SMALL)
@quiet
def test_little_data(name, kind):
    data = SMALL[kind]
    model = fit(name, data)
    items = data.items["item_id"].to_numpy()
    for user in (1, 59, 12_345):
        assert np.isfinite(model.predict(user, [*items, 999])).all()
    assert np.isfinite(model.threshold_)
    if 0 < data.liked.sum() < len(data):
        assert 0 <= model.evaluate(data) <= 1
    else:
        with pytest.raises(ValueError, match="accuracy is undefined: only one class occurs"):
            model.evaluate(data)
    if kind == "constant ratings":
        assert not model.scores_are_ratings or np.allclose(model.predict(1, items), 4, atol=0.2)
    assert len(model.update(1, items[-1], 3).recommend(777)) == min(10, len(items))


# -- save -------------------------------------------------------------------------------------------------------------
@every
def test_a_saved_model_is_the_same_model(name, tmp_path):
    model = own(name).update(USER, 4, 1).update(4242, 3, 5)
    model.save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        assert all(stored[key].dtype.kind != "O" for key in stored.files)
    again = load_model(tmp_path / "model.npz")
    assert type(again) is type(model)
    users = (1, USER, 4242, 12_345)
    np.testing.assert_array_equal(all_scores(again, users), all_scores(model, users))
    assert again.evaluate(TEST) == model.evaluate(TEST) and again.threshold_ == model.threshold_
    assert {k for k in vars(again) if k.endswith("_")} == {k for k in vars(model) if k.endswith("_")}
    again.update(1, 2, 5), model.update(1, 2, 5)
    np.testing.assert_array_equal(all_scores(again), all_scores(model))
    assert_same_fit(again.fit(TRAIN, **briefly(name)), shared(name))


# -- one epoch at a time ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ITERATIVE)
def test_train_one_epoch_starts_and_continues(name):
    model = MODELS[name]()
    first = model.train_one_epoch(TRAIN, validation=TEST)
    assert first["epoch"] == 1 and np.isfinite(model.threshold_)
    metric = "rmse" if name in RATERS else "ndcg@10"
    assert first[f"validation_{metric}"] == pytest.approx(model.evaluate(TEST, metric=metric), abs=1e-9)
    start, threshold = all_scores(model), model.threshold_
    model.threshold_ = -99.0
    second = model.train_one_epoch(preprocess_data(TRAIN), validation=preprocess_data(TEST))
    solved = issubclass(
        MODELS[name], metarec_lib.MetaLearner
    )  # starts near a solution; its loss is that of few ratings
    assert second["epoch"] == 2 and ("train_rmse" in second) == (name in RATERS)
    assert name not in RATERS or second["train_rmse"] < first["train_rmse"] * (1.05 if solved else 1)
    assert not np.array_equal(all_scores(model), start) and abs(model.threshold_ - threshold) < 2
    assert len(model.recommend(USER, k=99)) == len(ITEMS) - len(seen_by(USER))  # it remembers all ratings

    fitted = own(name)
    before, epoch = all_scores(fitted), fitted.epoch_
    assert fitted.train_one_epoch(TRAIN)["epoch"] == epoch + 1
    assert 0 < np.abs(all_scores(fitted) - before).max() < 1


@pytest.mark.parametrize("name", ITERATIVE)
def test_train_one_epoch_refuses_other_tables_and_no_ratings(name):
    other = make_world(n_users=9, n_items=20, ratings_per_user=8, seed=1).interactions
    with pytest.raises(ValueError, match="train_one_epoch: got another users table"):
        own(name).train_one_epoch(other)
    for model in (own(name), MODELS[name]()):
        with pytest.raises(ValueError, match="train_one_epoch: got no ratings"):
            model.train_one_epoch(TRAIN.subset([]))


# -- many users at once -------------------------------------------------------------------------------------------------
@every
def test_recommending_to_many_is_recommending_to_each(name):
    model, users = shared(name), [USER, 40, 12_345, 1, USER]
    table = model.recommend(users, k=4)
    assert list(table.columns) == ["user_id", "rank", "item_id", "title", "score"]
    assert list(model.recommend(USER).columns) == ["rank", "item_id", "title", "score"]
    one_by_one = pd.concat([model.recommend(u, k=4).assign(user_id=u) for u in users], ignore_index=True)
    pd.testing.assert_frame_equal(
        table.drop(columns="score"), one_by_one[table.columns.drop("score")], check_dtype=False
    )
    np.testing.assert_allclose(table["score"], one_by_one["score"], atol=1e-9)
    assert len(model.recommend([])) == 0 and list(model.recommend([]).columns) == list(table.columns)


# -- clicks -------------------------------------------------------------------------------------------------------------
@every
@quiet
def test_clicks_are_learned_from_or_refused(name):
    rng = np.random.default_rng(0)
    pairs = [(u, i) for u in range(40) for i in (u % 2) * 15 + rng.choice(15, 8, replace=False)]
    train, test = load_data(Interactions.from_clicks(pd.DataFrame(pairs, columns=["user_id", "item_id"])))
    model = new(name)
    if model.scores_are_ratings or name in ("DIN", "ESMM", "MetaRLModel"):
        with pytest.raises(ValueError, match="clicks tell what was taken.*Use EASE or AdversarialBPR, with Popul"):
            model.fit(train)
        if hasattr(model, "train_one_epoch"):
            with pytest.raises(ValueError, match="clicks tell what was taken"):
                model.train_one_epoch(train)
        return
    model = model.fit(train, **briefly(name))
    assert 0 <= model.evaluate(test, metric="ndcg@10") <= 1
    for metric in ("accuracy", "auc"):
        with pytest.raises(ValueError, match="only one class occurs.*these are clicks, use ndcg@10 or hr@10"):
            model.evaluate(test, metric=metric)
    with pytest.raises(ValueError, match="auc, ndcg@5 mean nothing.*evaluate_ranking"):
        evaluate_tasks(model, make_tasks(test, k=0), ("auc", "ndcg@5"))
