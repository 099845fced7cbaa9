"""The feature table, its hidden tables, and the way back."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from metarec_lib.data.features import (
    as_interactions,
    generate_items,
    item_features,
    preprocess_data,
    user_features,
)
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.movielens import load_movielens
from metarec_lib.data.splits import load_data
from metarec_lib.data.synthetic import GENRES, make_world


@pytest.fixture
def world():
    return make_world(n_users=30, n_items=20, ratings_per_user=8).interactions


@pytest.fixture
def table(world):
    return preprocess_data(world)


def _same(one, other):
    for part in ("ratings", "users", "items"):
        pd.testing.assert_frame_equal(getattr(one, part), getattr(other, part), check_dtype=False)


def test_columns_and_order(world, table):
    X, y = table
    users = ["age", "gender", "occupation"]
    assert list(X.columns) == ["user_id", "item_id", "timestamp", *users, "title", "year", *GENRES]
    for column in ("user_id", "item_id", "timestamp"):
        np.testing.assert_array_equal(X[column], world.ratings[column])
    np.testing.assert_array_equal(y, world.ratings["rating"])
    assert y.dtype == np.float64 and y.index.equals(X.index)
    row = X.iloc[7]
    user = world.users.set_index("user_id").loc[row["user_id"]]
    item = world.items.set_index("item_id").loc[row["item_id"]]
    assert (row["age"], row["occupation"]) == (user["age"], user["occupation"])
    assert (row["title"], row["Drama"]) == (item["title"], item["Drama"])


def test_the_columns_of_ml100k():
    train, _ = load_data()
    X, y = preprocess_data(train)
    assert list(X.columns[:9]) == [
        *("user_id", "item_id", "timestamp", "age", "gender", "occupation", "zip", "title", "year"),
    ]
    assert X.shape == (80_000, 28) and set(np.unique(X.iloc[:, 9:])) == {0, 1}
    assert len(as_interactions(X, y)) == 80_000


def test_changing_x_changes_nothing_else(world, table):
    X, y = table
    before = world.ratings.copy()
    X["user_id"] = -1
    y[:] = 9
    pd.testing.assert_frame_equal(world.ratings, before)


def test_there_and_back(world, table):
    back = as_interactions(*table)
    _same(back, world)
    assert back.users is not None and back.name == world.name and back.scale == world.scale


def test_the_source_survives_what_pandas_does(table):
    X, y = table
    source = X.attrs["source"]
    for same in (X.copy(), X[X["Drama"] == 1], X.iloc[:5], X.drop(columns="title"), pd.concat([X, X])):
        assert same.attrs["source"] is source
    assert copy.deepcopy(source) is copy.copy(source) is source
    assert source == source and source != preprocess_data(as_interactions(X, y))[0].attrs["source"]
    assert X.equals(X.copy()) and len(hash(source).__repr__()) > 0


def test_concat_of_two_sources(world):
    halves = [preprocess_data(world.subset(np.arange(len(world)) % 2 == odd)) for odd in (0, 1)]
    X, y = (pd.concat(parts, ignore_index=True) for parts in zip(*halves, strict=True))
    assert "source" not in X.attrs
    assert len(as_interactions(X, y)) == len(world)


def test_parquet_and_back(world, table, tmp_path):
    X, y = table
    X.to_parquet(tmp_path / "x.parquet")
    again = pd.read_parquet(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(again, X, check_dtype=False)
    assert again.attrs.get("source") in (None, {})
    assert isinstance(X.attrs["source"].users, pd.DataFrame)
    back = as_interactions(again, y)
    assert len(back) == len(world) and back.genres == world.genres


def test_pickle_keeps_the_tables(world, table):
    X, y = pickle.loads(pickle.dumps(table))
    _same(as_interactions(X, y), world)


def test_without_source_the_tables_come_from_the_columns(world, table):
    X, y = table
    X = pd.DataFrame(X)
    X.attrs.clear()
    back = as_interactions(X.sample(frac=1, random_state=0), y.sample(frac=1, random_state=0))
    seen = np.unique(world.item_codes)
    pd.testing.assert_frame_equal(back.items, world.items.iloc[seen].reset_index(drop=True), check_dtype=False)
    pd.testing.assert_frame_equal(back.users, world.users, check_dtype=False)


def test_a_bare_table_is_enough():
    X = pd.DataFrame({"user_id": ["ann", "bob"], "item_id": [7, 3], "rating": [4, 5]})
    data = as_interactions(X)
    assert data.items["title"].tolist() == ["3", "7"] and data.items["year"].isna().all()
    assert data.ratings["timestamp"].tolist() == [0, 0] and data.users.columns.tolist() == ["user_id"]
    assert generate_items(X).tolist() == [3, 7]


def test_other_columns_are_ignored_and_missing_values_do_not_hide_known_ones(table):
    X, y = table
    X = X.assign(price=9.99)
    X.attrs.clear()
    mine = pd.DataFrame({"user_id": [999], "item_id": [X["item_id"].iloc[0]], "timestamp": [1]})
    both = pd.concat([X, mine], ignore_index=True)
    data = as_interactions(both, [*y, 5])
    assert data.genres == GENRES and "price" not in data.users and "price" not in data.items
    item = data.items.set_index("item_id").loc[X["item_id"].iloc[0]]
    assert item["title"] == X["title"].iloc[0] and item["year"] == X["year"].iloc[0]


def test_ids_that_the_source_lacks_are_added(world, table):
    X, y = table
    X.loc[0, ["user_id", "item_id"]] = [999, 888]
    data = as_interactions(X, y)
    assert (data.n_users, data.n_items) == (world.n_users + 1, world.n_items + 1)
    assert data.items["title"].iloc[-1] == X["title"].iloc[0]


def test_numeric_strings_pass(world, table):
    X, y = table
    _same(as_interactions(X.astype({"user_id": str, "item_id": str, "timestamp": str}), y.astype(str)), world)
    X = X.astype({"user_id": str})
    X.attrs.clear()
    assert as_interactions(X, list(y)).ratings["user_id"].dtype == np.int64


def test_interactions_pass_through(world):
    assert as_interactions(world) is world
    other = as_interactions(world, np.full(len(world), 2.0))
    assert other.values.tolist() == [2.0] * len(world) and other.items is not None
    with pytest.raises(ValueError, match="got 1 ratings for"):
        as_interactions(world, [3.0])


def test_half_stars_without_their_source():
    X = pd.DataFrame({"user_id": [1, 1], "item_id": [1, 2]})
    assert as_interactions(X, [0.5, 3]).scale == (0.5, 5.0)
    assert as_interactions(X, [2, 3]).scale == (1.0, 5.0)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X, y: (X.to_numpy(), y), "got a ndarray, expected a DataFrame"),
        (lambda X, y: (X.drop(columns="item_id"), y), "no column item_id; got"),
        (lambda X, y: (X.assign(user_id=X["user_id"].where(X.index > 2)), y), "user_id is missing in 3 rows.* row 0"),
        (lambda X, y: (X, y[:-1]), "ratings for .* rows of X.*X of train with y of test"),
        (lambda X, y: (X, None), "y is missing"),
        (lambda X, y: (X, y.to_frame()), r"got a DataFrame of shape .*pass y\[\"rating\"\]"),
        (lambda X, y: (X, y.to_numpy()[:, None]), "got a ndarray of shape"),
        (lambda X, y: (X, 4.0), "got a float of shape"),
        (lambda X, y: (X, y.sort_values()), r"another order.*y.loc\[X.index\]"),
        (lambda X, y: (X, y.where(y.index != 3)), "nan.* in row 3"),
        (lambda X, y: (X, y.astype(object).where(y.index != 3, "four")), "'four' in row 3"),
        (lambda X, y: (pd.concat([X, X]), pd.concat([y, y])), "repeat a pair"),
        (lambda X, y: (X.assign(timestamp="yesterday"), y), "timestamp.*'yesterday'"),
    ],
)
@pytest.mark.parametrize("with_source", [True, False])
def test_bad_input(table, spoil, message, with_source):
    X, y = table
    if not with_source:
        X.attrs.clear()
    with pytest.raises(ValueError, match=message):
        as_interactions(*spoil(X, y))


def test_preprocess_wants_interactions(world):
    with pytest.raises(ValueError, match="got a tuple, expected Interactions.*train, test"):
        preprocess_data((world, world))
    users = world.users.assign(year=1990)
    with pytest.raises(ValueError, match="both have a column year"):
        preprocess_data(Interactions(world.ratings, users, world.items))


def test_generate_items(world, table, monkeypatch, tmp_path):
    items = generate_items()
    assert items.tolist() == list(range(1, 1683))
    assert generate_items(world).tolist() == generate_items(table[0].iloc[:3]).tolist() == list(range(1, 21))
    backwards = Interactions(world.ratings, world.users, world.items[::-1])
    assert generate_items(backwards).tolist() == list(range(1, 21))
    with pytest.raises(ValueError, match="got a list"):
        generate_items([1, 2])
    with pytest.raises(ValueError, match="no column item_id"):
        generate_items(pd.DataFrame({"a": [1]}))
    monkeypatch.setenv("METAREC_HOME", str(tmp_path))
    monkeypatch.delenv("METAREC_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="metarec data ml-100k"):
        generate_items()


def test_user_features():
    users = pd.DataFrame(
        {"user_id": [1, 2, 3], "age": [20.0, np.nan, 40.0], "gender": ["F", None, "M"], "occupation": ["a", "b", "a"]}
    )
    ratings = pd.DataFrame({"user_id": [1], "item_id": [1], "rating": [3]})
    table, names = user_features(Interactions.from_frame(ratings, users=users))
    assert names == ["age", "gender=F", "gender=M", "occupation=a", "occupation=b"]
    np.testing.assert_array_equal(table, [[-1, 1, 0, 1, 0], [0, 0, 0, 0, 1], [1, 0, 1, 1, 0]])
    table, names = user_features(Interactions.from_frame(ratings))
    assert table.shape == (1, 0) and names == []


def test_user_features_of_ml100k():
    table, names = user_features(load_movielens())
    assert table.shape == (943, 1 + 2 + 21) and len(names) == 24
    assert abs(table[:, 0].mean()) < 1e-12 and abs(table[:, 0].std() - 1) < 1e-12
    np.testing.assert_array_equal(table[:, 1:].sum(axis=1), np.full(943, 2.0))


def test_item_features():
    items = pd.DataFrame(
        {"item_id": [1, 2, 3], "title": "t", "year": [1990, np.nan, 1992], "A": [1, 0, 1], "B": [1, 0, 0]}
    )
    ratings = pd.DataFrame({"user_id": [1], "item_id": [1], "rating": [3]})
    table, names = item_features(Interactions.from_frame(ratings, items=items))
    assert names == ["A", "B", "year", "year_missing"]
    half = np.sqrt(0.5)
    np.testing.assert_allclose(table, [[half, half, -1, 0], [0, 0, 0, 1], [1, 0, 1, 0]])
    one = Interactions.from_frame(ratings)
    np.testing.assert_array_equal(item_features(one)[0], [[0, 1]])


# -- the scale ----------------------------------------------------------------------------------------------------------
def test_ratings_outside_the_scale_that_x_brings_are_refused():
    X, y = preprocess_data(make_world(n_users=6, n_items=8, ratings_per_user=4).interactions)
    for wrong in (y * 20, y - 4):
        with pytest.raises(ValueError, match="outside 1 to 5.*another scale"):
            as_interactions(X, wrong)


@pytest.mark.parametrize(
    ("ratings", "scale"),
    [
        ([1, 5], (1, 5)), ([2, 3], (1, 5)), ([0.5, 4], (0.5, 5)), ([10, 100], (10, 100)), ([0, 1], (0, 1)), ([1, 1], (1, 1)),
        ([-10, 10], (-10, 10)), ([4, 4], (1, 5)), (["3", "60"], (3, 60)),
    ],
)  # fmt: skip
def test_the_scale_of_a_table_that_brings_none(ratings, scale):
    X = pd.DataFrame({"user_id": [1, 2], "item_id": [1, 1]})
    data = as_interactions(X, ratings)
    assert data.scale == scale and data.inferred and data.implicit == (scale == (1, 1))


def test_a_table_without_scale_is_judged_by_that_of_the_model():
    known = Interactions.from_frame(pd.DataFrame({"user_id": [1], "item_id": [1], "rating": [50]}), scale=(0, 100))
    X = pd.DataFrame({"user_id": [1, 2], "item_id": [1, 1]})
    data = as_interactions(X, [70, 80], known)
    assert (data.scale, data.like, data.liked.tolist()) == ((0, 100), 75.0, [False, True])
    assert as_interactions(X, [3, 4], known).liked.tolist() == [False, False]  # alone they would pass for stars
    with pytest.raises(ValueError, match="1 ratings lie outside 0 to 100"):
        as_interactions(X, [70, 101], known)
    own = Interactions.from_frame(pd.DataFrame({"user_id": [1], "item_id": [1], "rating": [5]}), scale=(1, 5))
    assert as_interactions(own, None, known) is own
