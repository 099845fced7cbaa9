"""The leaderboard: its protocol against a plain loop, and what the command prints."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import ndcg_score, root_mean_squared_error

from metarec_lib import BaselineRecommender, MatrixFactorization, make_tasks, make_world, split_users, tuning_users
from metarec_lib import leaderboard as lb
from metarec_lib.cli import main
from metarec_lib.evaluation.protocols import evaluate_tasks, score_tasks

DATA = make_world(n_users=90, n_items=60, ratings_per_user=40, seed=1).interactions
PLAN = lb.Plan((0, 1, 5), 10)
NAMES = ("MatrixFactorization", "item-mean", "PopularityRecommender", "MetaLearningModel")


@pytest.fixture(scope="module")
def fitted():
    return lb.fit_models(DATA, seed=2, names=NAMES, plan=PLAN)


@pytest.fixture(scope="module")
def rows(fitted):
    return lb.score_models(fitted.models, DATA, fitted.users, PLAN, seed=2)


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "mine.csv"
    DATA.ratings.to_csv(path, index=False)
    return path


def run(capsys, *arguments):
    """What the command prints, and its status."""
    with pytest.raises(SystemExit) as end:
        main(["leaderboard", *map(str, arguments)])
    return capsys.readouterr(), end.value.code


# -- the protocol ---------------------------------------------------------------------------------------------------
def ratings_in_order(user, seed):
    """A user's ratings in the random order of `make_tasks`."""
    keys = np.random.default_rng(seed).random(len(DATA))
    mine = DATA.ratings.assign(key=keys)[lambda r: r["user_id"] == user]
    return mine.sort_values("key")


def plain_errors(model, users, k, pool, seed):
    """RMSE of each user: one after the other, through the public `update` and `predict`."""
    errors = {}
    for user in users:
        ordered = ratings_in_order(user, seed)
        for row in ordered[:k].itertuples():
            model.update(user, row.item_id, row.rating)
        query = ordered[pool:]
        errors[user] = root_mean_squared_error(query["rating"], model.predict(user, query["item_id"]))
    return errors


@pytest.mark.parametrize("k", PLAN.supports)
def test_equals_a_plain_loop_over_users(fitted, rows, k):
    learn, *_ = split_users(DATA, seed=2, min_ratings=10)
    train = DATA.subset(np.isin(DATA.ratings["user_id"], learn))
    model = MatrixFactorization(seed=2, **fitted.settings["MatrixFactorization"]).fit(train)
    expected = plain_errors(model, fitted.users, k, PLAN.pool, seed=2)
    got = rows[(rows["model"] == "MatrixFactorization") & (rows["k"] == k)].set_index("user")["rmse"]
    pd.testing.assert_series_equal(got, pd.Series(expected), check_names=False)


def test_users_are_learned_from_tuned_on_and_judged_on_apart(fitted):
    learn, tune_on, judge_on = split_users(DATA, seed=2, min_ratings=10)
    assert set(fitted.users) == set(judge_on) and set(tune_on) <= set(tuning_users(DATA))
    assert not set(judge_on) & set(tuning_users(DATA))
    history = fitted.models["MatrixFactorization"].history_
    assert all(len(history.items_of(u)) for u in learn)
    assert not any(len(history.items_of(u)) for u in [*tune_on, *judge_on])


def test_supports_are_nested_and_the_query_stays(fitted):
    """What a model is shown, recorded by a stand-in for one."""
    shown = {}

    class Recorder:
        def adapt(self, support):
            return support

        def score(self, support, query):
            shown[int(support.counts.max())] = (support, query)
            return query.items.to(torch.float64)

    lb.score_models({"it": Recorder()}, DATA, fitted.users, PLAN, seed=2)
    assert sorted(shown) == list(PLAN.supports)
    longest, query = shown[5]
    for k, (support, same_query) in shown.items():
        assert torch.equal(support.items, longest.items[:, :k]) and bool((support.counts == k).all())
        assert torch.equal(same_query.items, query.items) and torch.equal(same_query.mask, query.mask)
    in_query = (longest.items.unsqueeze(2) == query.items.unsqueeze(1)) & query.mask.unsqueeze(1)
    assert not bool(in_query.any())


def test_without_ratings_of_the_user_folded_in_factors_are_the_bias(rows):
    at_zero = rows[rows["k"] == 0].pivot(index="user", columns="model", values="rmse")
    np.testing.assert_allclose(at_zero["MatrixFactorization"], at_zero["BaselineRecommender"])
    means = rows[rows["model"] == "item-mean"].pivot(index="user", columns="k", values="rmse")
    assert (means[0] == means[5]).all()  # it reads no rating of the user


def test_popularity_has_no_rmse_and_ranks(rows):
    popularity = rows[rows["model"] == "PopularityRecommender"]
    assert popularity[["rmse", "mae"]].isna().all(axis=None) and popularity["ndcg@10"].notna().all()


# -- tuning -----------------------------------------------------------------------------------------------------------
def test_the_baseline_is_tuned_on_the_validation_users_only(fitted):
    """Other ratings of the users to judge on change nothing; the choice is the best of the grid for the validation users."""
    frame = DATA.ratings.copy()
    judged = frame["user_id"].isin(fitted.users)
    frame.loc[judged, "rating"] = 6 - frame.loc[judged, "rating"]
    other = lb.fit_models(DATA.replace_ratings(frame), seed=2, names=NAMES, plan=PLAN)
    assert {k: dict(v) for k, v in other.settings.items()} == {k: dict(v) for k, v in fitted.settings.items()}
    before, after = (c.models["MetaLearningModel"].params_ for c in (fitted, other))
    assert all(torch.equal(before[name], after[name]) for name in before)  # stopped early on others' ratings

    learn, tune_on, _ = split_users(DATA, seed=2, min_ratings=10)
    train = DATA.subset(np.isin(DATA.ratings["user_id"], learn))
    tasks = make_tasks(DATA, tune_on, k=5, seed=2)
    mean = {}
    for shrinkage in lb.GRIDS["BaselineRecommender"]["user_shrinkage"]:
        model = BaselineRecommender(user_shrinkage=shrinkage).fit(train)
        errors = [evaluate_tasks(model, tasks.first(k), ("rmse",))["rmse"].mean() for k in PLAN.supports]
        mean[shrinkage] = np.mean(errors)
    assert fitted.settings["BaselineRecommender"]["user_shrinkage"] == min(mean, key=mean.get)


def test_an_ensemble_is_the_mean_of_its_models(fitted):
    pair = [fitted.models[n] for n in ("BaselineRecommender", "MatrixFactorization")]
    tasks = make_tasks(DATA, fitted.users, k=5, seed=0)
    scores = [score_tasks(m, tasks) for m in (*pair, lb.Blend.of_fitted(pair))]
    torch.testing.assert_close(scores[2], (scores[0] + scores[1]) / 2)
    both = lb.Blend.of_fitted(pair)
    assert both.models_[1] is pair[1] and both.predict(1, [2, 3]).between(0, 6).all() and 0 <= both.evaluate(DATA) <= 1


# -- summing up -------------------------------------------------------------------------------------------------------
def frame(model, seed, values):
    users = list(values)
    return pd.DataFrame({"model": model, "k": 1, "seed": seed, "user": users, "rmse": list(values.values())})


def test_a_user_of_two_seeds_counts_once_with_the_mean():
    bias = [frame("BaselineRecommender", 0, {1: 1.0, 2: 1.0}), frame("BaselineRecommender", 1, {1: 1.0, 3: 1.0})]
    other = [frame("X", 0, {1: 0.4, 2: 0.9}), frame("X", 1, {1: 0.8, 3: 0.7})]
    row = lb.summary(pd.concat(bias + other)).set_index("model").loc["X"]
    assert row["value"] == pytest.approx((0.6 + 0.9 + 0.7) / 3) and row["users"] == 3 and row["seeds"] == 2
    assert row["difference"] == pytest.approx((-0.4 - 0.1 - 0.3) / 3)
    assert row["low"] < row["difference"] < row["high"] < 0


def test_text_puts_the_best_first_and_marks_what_is_not_seen():
    row = dict(k=1, metric="rmse", seconds=1.0, users=9)
    table = pd.DataFrame(
        [
            {**row, "model": "BaselineRecommender", "value": 0.97, "difference": 0.0, "low": 0.0, "high": 0.0},
            {**row, "model": "Worse", "value": 0.98, "difference": 0.01, "low": -0.002, "high": 0.022},
            {**row, "model": "Better", "value": 0.95, "difference": -0.02, "low": -0.025, "high": -0.015},
        ]
    )
    lines = lb.shown(table, "rmse").splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["Better", "BaselineRecommender", "Worse"]
    assert "0.9500 -20±5 " in lines[1] and "0.9800 +10±12~" in lines[3]


def test_text_says_who_was_left_out_and_why():
    row = dict(k=1, model="BaselineRecommender", seconds=1.0, value=0.7, difference=0.0, low=0.0, high=0.0)
    table = pd.DataFrame([{**row, "metric": "auc", "users": 7}, {**row, "metric": "rmse", "users": 9}])
    assert lb.shown(table, "auc").splitlines()[-1] == "(auc: 7 of 9 users; left out: only one class, all liked or none)"
    assert "left out" not in lb.shown(table, "rmse")
    nobody = lb.shown(table.assign(value=np.nan), "auc")
    assert nobody == "auc: undefined for all of these users: only one class, all liked or none"


# -- the command --------------------------------------------------------------------------------------------------------
def test_json_and_own_data(capsys, csv):
    out, status = run(capsys, "--data", csv, "--seeds", "0-1", "--models", "ItemKNN", "--json")
    found = json.loads(out.out)
    assert status == 0 and found["data"] == "mine" and found["seeds"] == [0, 1] and not out.err
    table = pd.DataFrame(found["rows"])
    assert set(table["model"]) == {"BaselineRecommender", "ItemKNN"} and set(table["metric"]) == set(lb.METRICS)
    assert (table["low"] <= table["high"]).all() and set(table["k"]) == {0, 1, 3, 5, 10, 20}


def test_small_data_are_judged_on_fewer_ratings(capsys, tmp_path):
    few = make_world(n_users=30, n_items=25, ratings_per_user=8, seed=0).interactions
    few.ratings[["user_id", "item_id", "rating"]].to_csv(tmp_path / "few.csv", index=False)
    out, status = run(capsys, "--data", tmp_path / "few.csv", "--seeds", "0", "--models", "item-mean")
    assert status == 0 and "K=5" in out.out and "K=10 " not in out.out and "7 or more ratings" in out.out
    out, status = run(capsys, "--data", tmp_path / "few.csv", "--order", "chronological")
    assert status == 1 and "no timestamps" in out.err


def test_what_is_missing_is_said(capsys, tmp_path):
    DATA.subset(DATA.user_codes < 5).ratings.to_csv(tmp_path / "five.csv", index=False)
    out, status = run(capsys, "--data", tmp_path / "five.csv")
    assert status == 1 and "5 users" in out.err and "expected 20" in out.err
    out, status = run(capsys, "--data", tmp_path / "none.csv")
    assert status == 1 and "none.csv" in out.err


@pytest.mark.parametrize("wrong", [("--models", "SVD"), ("--order", "sideways"), ("--seeds", "x")])
def test_wrong_usage(capsys, wrong):
    out, status = run(capsys, *wrong)
    assert status == 2 and wrong[1] in out.err


def test_all_public_models_take_part():
    names = lb.model_names()
    assert {"MAML", "MetaLearningModel", "ProbabilisticPCA", "ItemKNN", "item-mean", "ensemble"} < set(names)
    assert "Recommender" not in names and "MetaLearner" not in names and set(lb.FAMILIES) < set(names)


def test_ndcg_within_the_query_has_gain_two_to_the_rating(fitted, rows):
    model, user = fitted.models["BaselineRecommender"], fitted.users[0]
    query = ratings_in_order(user, 2)[PLAN.pool :]
    scores = model.predict(user, query["item_id"]).to_numpy()
    expected = ndcg_score([2 ** query["rating"] - 1], [scores], k=10)
    got = rows.query("model == 'BaselineRecommender' and k == 0 and user == @user")["ndcg@10"].item()
    assert got == pytest.approx(expected)


# -- nothing that was done is lost ----------------------------------------------------------------------------------------
class Broken:
    """In place of a model's `fit`: raises the error at the n-th call."""

    def __init__(self, monkeypatch, name, error, at=1):
        cls, self.calls = lb.public_model(name), 0
        fit = cls.fit

        def broken(model, *args, **options):
            self.calls += type(model) is cls
            if type(model) is cls and self.calls == at:
                raise error
            return fit(model, *args, **options)

        monkeypatch.setattr(cls, "fit", broken)


def models_of(table):
    return {seed: set(part["model"]) for seed, part in table.groupby("seeds")}


def test_what_has_no_memory_is_left_out_and_said(monkeypatch):
    Broken(monkeypatch, "PopularityRecommender", MemoryError())
    table = lb.standings(DATA, (0, 1), ["PopularityRecommender", "ItemMean", "item-mean"][::2])
    assert table.attrs["missing"] == ["seed 0: PopularityRecommender: out of memory"]
    popularity = table[table["model"] == "PopularityRecommender"]
    assert set(popularity["seeds"]) == {1} and set(table.loc[table["model"] == "item-mean", "seeds"]) == {2}


def test_a_stop_keeps_the_models_and_the_seeds_before_it(monkeypatch, capsys, csv):
    Broken(monkeypatch, "PopularityRecommender", KeyboardInterrupt(), at=2)
    out, status = run(capsys, "--data", csv, "--seeds", "3-5", "--models", "PopularityRecommender,item-mean")
    assert (
        status == 1 and "over 2 seeds" in out.out and "PopularityRecommender" in out.out.split("Not in these tables")[0]
    )
    assert out.out.splitlines()[-1] == (
        "Not in these tables: seed 4: PopularityRecommender: stopped; seed 4: item-mean: stopped; seed 5: not begun."
    )


def test_a_stop_before_anything_was_done_is_a_stop(monkeypatch, capsys, csv):
    Broken(monkeypatch, "BaselineRecommender", KeyboardInterrupt())
    out, status = run(capsys, "--data", csv, "--models", "item-mean")
    assert status == 130 and "Stopped" in out.err and not out.out


def test_a_study_is_not_stored_with_models_missing(monkeypatch):
    Broken(monkeypatch, "PopularityRecommender", MemoryError())
    with pytest.raises(MemoryError):
        lb.fit_models(DATA, 0, ["PopularityRecommender"], PLAN)


def test_the_same_numbers_where_a_seed_lacks_a_model(rows):
    one = rows.assign(seed=2)
    two = one[one["model"].isin(["BaselineRecommender", "item-mean"])].assign(seed=3)
    both, alone = (lb.summary(table).set_index(["model", "k", "metric"]) for table in (pd.concat([one, two]), one))
    pd.testing.assert_frame_equal(both.loc[["MatrixFactorization"]], alone.loc[["MatrixFactorization"]])


# -- other data -----------------------------------------------------------------------------------------------------------
def test_clicks_are_refused_with_what_to_do():
    clicks = lb.Interactions.from_clicks(DATA.ratings[["user_id", "item_id"]])
    with pytest.raises(ValueError, match="leaderboard: .*clicks.*Fit EASE or AdversarialBPR.*ndcg@10"):
        lb.standings(clicks, (0,))


def test_a_metric_that_one_class_leaves_undefined_leaves_the_others():
    liked = DATA.replace_ratings(DATA.ratings.assign(rating=4 + (DATA.ratings["rating"] > 3)))
    table = lb.standings(liked, (0,), ["item-mean"])
    assert (
        table.query("metric == 'auc'")["value"].isna().all() and table.query("metric == 'rmse'")["value"].notna().all()
    )
    assert lb.shown(table, "auc") == "auc: undefined for all of these users: only one class, all liked or none"


@pytest.mark.parametrize("factor", [20, 0.2])
def test_the_same_in_other_units(factor):
    low, high = DATA.scale
    other = lb.Interactions(
        DATA.ratings.assign(rating=DATA.ratings["rating"] * factor),
        DATA.users,
        DATA.items,
        "x",
        (low * factor, high * factor),
    )
    one, two = (lb.standings(data, (0,), ["item-mean", "MatrixFactorization"]) for data in (DATA, other))
    unit = np.where(one["metric"].isin(["rmse", "mae"]), factor, 1)
    np.testing.assert_allclose(two["value"], one["value"] * unit, rtol=1e-6)


def test_who_was_left_out_for_too_few_ratings_is_said(capsys, tmp_path):
    few = DATA.subset((DATA.user_codes >= 10) | (np.arange(len(DATA)) % 9 == 0))
    few.ratings.to_csv(tmp_path / "few.csv", index=False)
    out, _ = run(capsys, "--data", tmp_path / "few.csv", "--seeds", "0", "--models", "item-mean")
    counts = few.ratings["user_id"].value_counts()
    assert f"Left out: {(counts < 30).sum()} of 90 users, who have fewer." in out.out


def test_a_console_without_the_characters_loses_nothing(csv):
    """What cp1251 lacks (≥, ×, ±) becomes ?, and every number is there."""
    command = [
        sys.executable,
        "-m",
        "metarec_lib.cli",
        "leaderboard",
        "--data",
        csv,
        "--seeds",
        "0",
        "--models",
        "item-mean",
    ]
    said = {}
    for coding in ("utf-8", "ascii"):
        done = subprocess.run(
            command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": coding, "PYTHONUTF8": "0"}
        )
        assert done.returncode == 0, done.stderr.decode(coding, "replace")
        said[coding] = done.stdout.decode(coding)
    without_seconds = [re.sub(r" +[\d.]+$", "", line) for line in said["utf-8"].splitlines()]
    plain = "\n".join(without_seconds).encode("ascii", "replace").decode()
    assert [re.sub(r" +[\d.]+$", "", line) for line in said["ascii"].splitlines()] == plain.splitlines()
    assert "±" in said["utf-8"] and "?" in said["ascii"]


def test_a_device_that_is_not_there_is_wrong_usage(capsys, csv):
    out, status = run(capsys, "--data", csv, "--device", "abacus")
    assert status == 2 and "got 'abacus', expected auto, cpu, cuda" in out.err
