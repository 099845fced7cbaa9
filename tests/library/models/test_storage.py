"""Saved models: no pickle, nothing lost, and a clear word for every damaged file."""

import errno
import json
import os

import numpy as np
import pandas as pd
import pytest

from metarec_lib.data import paths
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.synthetic import make_world
from metarec_lib.models.baseline import BaselineRecommender, PopularityRecommender
from metarec_lib.models.factorization import MatrixFactorization
from metarec_lib.models.storage import load_model


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
        if "/" in key:
            arrays.pop(key)
        elif value is None:
            header.pop(key)
        else:
            header[key] = value
    np.savez(path, header=np.array(json.dumps(header)), **arrays)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 99}, "got format 99"),
        ({"module": "os"}, "of 'os', expected 1 of metarec_lib"),
        ({"module": "metarec_lib.models.nothing"}, "no model of|no saved model"),
        ({"class": "History"}, "'History' is no model"),
        ({"class": "Recommender"}, "no model|no saved model"),
        ({"class": None}, "no model|no saved model"),
        ({"params": {"secret": 1}}, "no saved model"),
        ({"scale": None}, "no saved model"),
        ({"history/rows": 0}, "no saved model"),
        ({"history/ids": 0}, "no saved model"),
        ({"users/user_id": 0}, "no saved model|no column user_id"),
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
