"""Saved models: no pickle, nothing lost, and a clear word for every damaged file."""

import errno
import json
import os
import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from metarec_lib.data import paths
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.synthetic import make_world
from metarec_lib.models.baseline import BaselineRecommender, PopularityRecommender
from metarec_lib.models.blending import Blend
from metarec_lib.models.factorization import MatrixFactorization
from metarec_lib.models.storage import DeviceWarning, load_model


@pytest.fixture(scope="module")
def world():
    return make_world(n_users=25, n_items=20, ratings_per_user=6, seed=1).interactions


@pytest.fixture
def model(world):
    return BaselineRecommender(seed=3).fit(world)


def test_tables_history_and_options_survive(world, model, tmp_path):
    model.update(500, 7, 2).update(1, 3, 5)
    model.save(tmp_path / "deep" / "folder" / "my model.bin")
    again = load_model(str(tmp_path / "deep" / "folder" / "my model.bin"))
    assert repr(again) == repr(model) and again.get_params() == model.get_params()
    for part in ("users", "items"):
        pd.testing.assert_frame_equal(getattr(again.tables_, part), getattr(world, part), check_dtype=False)
    assert (again.tables_.name, again.tables_.scale) == (world.name, world.scale)
    assert again.history_.ids.equals(model.history_.ids)
    everyone = [*world.users["user_id"], 500, 999]
    assert again.ratings_of(everyone).values.equal(model.ratings_of(everyone).values)
    again.update(501, 1, 1)
    assert len(again.recommend(500, k=50)) == 19


def test_text_ids_missing_features_and_nullable_columns(tmp_path):
    ratings = pd.DataFrame({"user_id": ["Zoë", "b"], "item_id": ["x/y", "10"], "rating": [1, 5]})
    users = pd.DataFrame({"user_id": ["b", "Zoë"], "age": pd.array([None, 3], dtype="Int64"), "zip": [None, "0123"]})
    items = pd.DataFrame(
        {"item_id": ["10", "x/y"], "title": ["电影", ""], "year": [np.nan, 1990], "Sci-Fi/../x": [0, 1]}
    )
    model = BaselineRecommender().fit(Interactions.from_frame(ratings, users, items)).update("new", "10", 3)
    model.save(tmp_path / "m.npz")
    again = load_model(tmp_path / "m.npz")
    for user in ("Zoë", "b", "new", "?"):
        pd.testing.assert_series_equal(again.predict(user, ["10", "x/y"]), model.predict(user, ["10", "x/y"]))
    assert list(again.tables_.items.columns) == list(items.columns) and again.tables_.items["title"][0] == "电影"


# -- types and missing values --------------------------------------------------------------------------------------------
def saved_again(model, tmp_path, **options):
    model.save(tmp_path / "m.npz")
    return load_model(tmp_path / "m.npz", **options)


def with_users(**columns):
    users = pd.DataFrame({"user_id": [1, 2, 3], **columns})
    ratings = pd.DataFrame({"user_id": [1, 2], "item_id": [1, 2], "rating": [1.0, 5.0]})
    return BaselineRecommender().fit(Interactions.from_frame(ratings, users))


COLUMNS = {
    "nullable flags": pd.array([True, None, False], dtype="boolean"),
    "nullable numbers": pd.array([2**60 + 1, None, -1], dtype="Int64"),
    "nullable floats": pd.array([0.1, None, 3], dtype="Float64"),
    "text with None": pd.Series(["F", None, "M"], dtype=object),
    "text with NaN": pd.Series(["F", np.nan, "M"], dtype=object),
    "text": pd.Series(["F", None, "电影"], dtype="str"),
    "half a letter": pd.Series(["F", None, "\ud800"], dtype=object),
    "mixed": pd.Series(["F", 3, 2.5], dtype=object),
    "flags": np.array([True, False, True]),
    "short numbers": np.array([1, 2, 3], dtype=np.int8),
    "floats": np.array([0.1, np.nan, np.inf]),
    "short floats": np.array([0.1, 1e-30, 3], dtype=np.float32),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_every_column_comes_back_as_it_was(column, tmp_path):
    model = with_users(said=column)
    again = saved_again(model, tmp_path)
    pd.testing.assert_frame_equal(again.tables_.users, model.tables_.users)
    assert [v is None for v in again.tables_.users["said"]] == [v is None for v in model.tables_.users["said"]]


def test_a_missing_title_stays_missing(tmp_path):
    ratings = pd.DataFrame({"user_id": [1, 2], "item_id": [1, 2], "rating": [1.0, 5.0]})
    items = pd.DataFrame({"item_id": [1, 2], "title": ["Film", None]})
    model = BaselineRecommender().fit(Interactions.from_frame(ratings, items=items))
    pd.testing.assert_frame_equal(saved_again(model, tmp_path).tables_.items, model.tables_.items)


def test_one_long_title_costs_its_own_letters(tmp_path):
    n = 20_000
    items = pd.DataFrame({"item_id": range(n), "title": ["x" * 5_000, *map(str, range(1, n))]})
    ratings = pd.DataFrame(
        {"user_id": [f"u{i}" for i in range(50)] + ["y" * 5_000], "item_id": range(51), "rating": 3.0}
    )
    model = BaselineRecommender().fit(Interactions.from_frame(ratings, items=items, scale=(1, 5)))
    model.save(tmp_path / "m.npz")
    assert (tmp_path / "m.npz").stat().st_size < 2_000_000
    again = load_model(tmp_path / "m.npz")
    assert again.tables_.items["title"][0] == "x" * 5_000 and "y" * 5_000 in again.history_.ids


REFUSED = {
    "dates": (
        dict(joined=pd.to_datetime(["2001-01-01"] * 3)),
        "users: joined: got a column of datetime.*convert it",
    ),
    "categories": (dict(job=pd.Categorical(["a", "b", "a"])), "users: job: got a column of category"),
    "lists": (dict(tags=pd.Series([["a"], [], []], dtype=object)), r"users: tags: got \['a'\] \(a list\) in row 0"),
}


@pytest.mark.parametrize(("columns", "words"), REFUSED.values(), ids=REFUSED)
def test_a_column_that_cannot_be_stored_is_refused_before_writing(columns, words, tmp_path):
    model = with_users(**columns)
    with pytest.raises(ValueError, match=f"^save: BaselineRecommender: {words}"):
        model.save(tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())


def test_nothing_that_was_fitted_is_dropped(model, tmp_path):
    model.curve_, model.best_, model.sizes_, model.none_ = np.arange(3.0), {"epoch": 3, "lr": [0.1]}, (1, 2), None
    model.weights_ = {"a": torch.ones(2), "b": torch.zeros(1, dtype=torch.int64)}
    again = saved_again(model, tmp_path)
    assert again.curve_.tolist() == [0, 1, 2] and again.best_ == model.best_ and again.none_ is None
    assert again.sizes_ == (1, 2) and again.weights_["b"].dtype == torch.int64
    for value in (object(), {"a": torch.ones(1), "b": 3}, {1: 2}, [torch.ones(1)], np.array([None])):
        model.curve_ = value
        with pytest.raises(ValueError, match=r"^save: BaselineRecommender.curve_: got a .*Nothing was written"):
            model.save(tmp_path / "other.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]


def test_settings_that_cannot_be_stored_are_refused(model, tmp_path):
    assert np.isfinite(model.threshold_)
    model.user_shrinkage = lambda: 5
    with pytest.raises(ValueError, match=r"save: BaselineRecommender\(user_shrinkage=\): got a function"):
        model.save(tmp_path / "m.npz")


def test_scale_and_like_survive(tmp_path):
    ratings = pd.DataFrame({"user_id": [1, 2], "item_id": [1, 2], "rating": [10.0, 90.0]})
    model = BaselineRecommender().fit(Interactions.from_frame(ratings, scale=(0, 100), like=60))
    again = saved_again(model, tmp_path)
    assert again.tables_.scale == (0, 100) and again.tables_.like == 60 and again.ratings_of([2]).liked.all()


# -- devices ------------------------------------------------------------------------------------------------------------
def made_on(device, model, path):
    """A file of the model that says it was made on this device."""
    model.save(path)
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    header = json.loads(str(arrays.pop("header")))
    header["params"]["device"] = device
    np.savez(path, header=np.array(json.dumps(header)), **arrays)
    return path


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device that is to be missing")
def test_a_model_of_a_gpu_loads_on_a_cpu_and_says_so(model, tmp_path):
    path = made_on("cuda", model, tmp_path / "m.npz")
    with pytest.warns(DeviceWarning, match="made for device 'cuda', which this machine does not have.*'cpu'"):
        again = load_model(path)
    pd.testing.assert_series_equal(again.predict(1, [2, 3]), model.predict(1, [2, 3]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_model(path, device="cpu").device == "cpu"
    with pytest.raises(ValueError, match="^device: got 'cuda', but PyTorch sees none"):
        load_model(path, device="cuda")


def test_a_blend_takes_its_models_along_to_the_device(world, tmp_path):
    blend = Blend(models=[BaselineRecommender(), BaselineRecommender(user_shrinkage=9.0)], folds=2).fit(world)
    again = saved_again(blend, tmp_path, device="cpu")
    assert [m.device for m in (again, *again.models_)] == ["cpu"] * 3
    pd.testing.assert_series_equal(again.predict(1, [2, 3]), blend.predict(1, [2, 3]))


def test_the_file_holds_no_pickle(model, tmp_path):
    model.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as stored:
        kinds = {stored[name].dtype.kind for name in stored.files}
        header = json.loads(str(stored["header"]))
    assert "O" not in kinds and header["class"] == "BaselineRecommender"


def test_options_given_as_numpy_numbers(world, tmp_path):
    model = MatrixFactorization(factors=np.int64(3), reg=np.float32(0.5), epochs=np.int64(2)).fit(world)
    model.save(tmp_path / "m.npz")
    assert load_model(tmp_path / "m.npz").get_params()["factors"] == 3


def test_saving_again_replaces_and_same_models_are_same_files(world, model, tmp_path):
    path = tmp_path / "m.npz"
    PopularityRecommender().fit(world).save(path)
    model.save(path)
    assert type(load_model(path)) is BaselineRecommender
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "read-only"), (errno.EROFS, "read-only")]
)
def test_a_full_disk_and_a_read_only_folder_lose_nothing(monkeypatch, model, tmp_path, number, words):
    path = tmp_path / "m.npz"
    model.save(path)
    before = path.read_bytes()

    def fail(place, content):
        place.write_bytes(content[:100])
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(paths, "write_synced", fail)
    with pytest.raises(OSError, match=words):
        model.update(1, 1, 1).save(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["m.npz"]


def test_no_file(tmp_path):
    for place in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(FileNotFoundError, match="load_model: no file at"):
            load_model(place)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"user_id,item_id\n", b"\x80\x04\x95pickle", b"\x93NUMPY\x01\x00"], ids=repr
)
def test_a_file_that_is_no_model(tmp_path, content):
    (tmp_path / "m.npz").write_bytes(content)
    with pytest.raises(ValueError, match="load_model: m.npz is no saved model, or a damaged one"):
        load_model(tmp_path / "m.npz")


def test_every_truncation_is_an_error_and_no_flipped_byte_goes_unseen(model, tmp_path):
    path, cut = tmp_path / "m.npz", tmp_path / "cut.npz"
    model.save(path)
    whole, expected = path.read_bytes(), model.predict(1, model.tables_.items["item_id"])
    for size in range(0, len(whole), len(whole) // 40):
        cut.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="damaged one"):
            load_model(cut)
    refused = 0
    for at in np.random.default_rng(0).integers(0, len(whole), 400):
        cut.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            again = load_model(cut)
        except ValueError:
            refused += 1
        else:  # the byte was not part of the contents, such as a file time
            pd.testing.assert_series_equal(again.predict(1, expected.index), expected)
    assert refused > 300


def damaged(path, **changes):
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    header = json.loads(str(arrays.pop("header")))
    for key, value in changes.items():
        if key in arrays:
            arrays.pop(key)
        elif value is None:
            header.pop(key)
        else:
            header[key] = value
    np.savez(path, header=np.array(json.dumps(header)), **arrays)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 99}, "^load_model: m.npz was saved by a newer version of metarec_lib: got format 99, expected 2"),
        (
            {"format": 1},
            "^load_model: m.npz was saved by an older version.* got format 1, .* Fit the model and save it",
        ),
        ({"format": "x"}, "no saved model"),
        ({"module": "os"}, "got a model of 'os', expected one of metarec_lib"),
        ({"module": "metarec_lib.models.nothing"}, "no model of|no saved model"),
        ({"class": "History"}, "'History' is no model"),
        ({"class": "Recommender"}, "no model|no saved model"),
        ({"class": None}, "no model|no saved model"),
        ({"params": {"secret": 1}}, "no saved model"),
        ({"scale": None}, "no saved model"),
        ({"history/starts": 0}, "no saved model"),
        ({"history/ids": 0}, "no saved model"),
        ({"users": 0}, "no saved model"),
    ],
)
def test_a_model_file_whose_parts_do_not_fit(model, tmp_path, changes, words):
    model.save(tmp_path / "m.npz")
    damaged(tmp_path / "m.npz", **changes)
    with pytest.raises(ValueError, match=words):
        load_model(tmp_path / "m.npz")


def test_an_array_with_objects_is_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "exploded"),))

    np.savez(tmp_path / "m.npz", header=np.array([Bomb()], dtype=object))
    with pytest.raises(ValueError, match="no saved model"):
        load_model(tmp_path / "m.npz")
    assert not (tmp_path / "exploded").exists()
