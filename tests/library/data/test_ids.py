"""Ids keep their identity, whichever way they come in and go out."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from metarec_lib import BaselineRecommender, Interactions, generate_items, load_model, preprocess_data
from metarec_lib.data.ids import as_ids, id_text, listed, plain_number, positions

PAIRS = {
    "zeros in front": ["0108775015", "0000000001"],
    "007 beside 7": ["007", "7"],
    "1e3 beside 1000": ["1e3", "1000"],
    "NA": ["NA", "nan", "null", "None", "N/A"],
    "2^64 - 1": ["18446744073709551615", "18446744073709551614"],
    "70 digits": ["1" * 70, "1" * 69 + "2"],
    "signs": ["+7", "-7", "7", "-0", "0"],
    "underscores and other digits": ["1_000", "1000", "１０００", "٣"],
    "7.0 beside 7": ["7.0", "7"],
    "blanks": [" 7", "7 ", "7", "a b"],
    "quotes and commas": ['say "hi"', "a,b", "it's", "a;b"],
    "other scripts": ["Zoë", "片子", "фильм", "🎬"],
    "true": ["True", "False"],
}
NUMBERS = {
    "small": [3, 1, 2],
    "negative": [-5, 0, 5],
    "19 digits": [1234567890123456789, 1234567890123456788],
    "64 bits": [2**63 - 1, -(2**63)],
}


def frame_of(ids):
    """A user for each id and two items that tell them apart."""
    users = [i for i in ids for _ in range(2)]
    return pd.DataFrame({"user_id": users, "item_id": ids[:2] * len(ids), "rating": [1.0, 5.0] * len(ids)})


def ways(frame, folder):
    """The same ratings through a DataFrame, a CSV, a Parquet file and a feature table without its source."""
    yield "frame", Interactions.from_frame(frame)
    frame.to_csv(folder / "r.csv", index=False)
    yield "csv", Interactions.from_csv(folder / "r.csv")
    frame.to_parquet(folder / "r.parquet")
    yield "parquet", Interactions.from_frame(pd.read_parquet(folder / "r.parquet"))
    X, y = preprocess_data(Interactions.from_frame(frame))
    X.attrs.clear()
    model = BaselineRecommender().fit(X, y)
    yield "X, y", model.tables_


@pytest.mark.parametrize("ids", [*PAIRS.values(), *NUMBERS.values()], ids=[*PAIRS, *NUMBERS])
def test_every_way_in_keeps_them(tmp_path, ids):
    for way, data in ways(frame_of(ids), tmp_path):
        assert sorted(data.users["user_id"].tolist()) == sorted(ids), way
        assert set(data.items["item_id"]) == set(ids[:2]), way
        assert data.user_index(ids).tolist() == [data.users["user_id"].tolist().index(i) for i in ids], way


@pytest.mark.parametrize("ids", [*PAIRS.values(), *NUMBERS.values()], ids=[*PAIRS, *NUMBERS])
def test_predict_update_and_save_keep_them(tmp_path, ids):
    model = BaselineRecommender().fit(Interactions.from_frame(frame_of(ids)))
    scores = {i: model.predict(i, ids[:2]) for i in ids}
    assert scores[ids[0]].index.tolist() == ids[:2]
    model.update(ids[0], ids[0], 5.0)
    for other in ids[1:]:
        pd.testing.assert_series_equal(model.predict(other, ids[:2]), scores[other])
    assert (model.predict(ids[0], ids[:2]) > scores[ids[0]]).all()
    model.save(tmp_path / "m.npz")
    again = load_model(tmp_path / "m.npz")
    assert again.history_.ids.tolist() == model.history_.ids.tolist() and set(again.history_.ids) == set(ids)
    for i in ids:
        pd.testing.assert_series_equal(again.predict(i, ids[:2]), model.predict(i, ids[:2]))


def test_a_column_that_begins_with_three_hundred_thousand_numbers(tmp_path):
    numbers = [f"{i:06d}" for i in range(300_000)]
    lines = "\n".join(f"u,{i},3" for i in [*numbers, "abc"])
    (tmp_path / "r.csv").write_text("user_id,item_id,rating\n" + lines + "\n")
    assert set(Interactions.from_csv(tmp_path / "r.csv").items["item_id"]) == {*numbers, "abc"}


def test_numbers_beside_an_unusual_id_are_text():
    data = Interactions.from_frame(pd.DataFrame({"user_id": [7, "007"], "item_id": [10.0, "x"], "rating": [1, 5]}))
    assert set(data.users["user_id"]) == {"7", "007"} and set(data.items["item_id"]) == {"10", "x"}
    np.testing.assert_array_equal(data.user_index([7, "007", 7.0, "7.0"]), data.user_index(["7", "007", "7", "x"]))


@pytest.mark.parametrize(
    "kind", ["uint8", "uint64", "int16", "Int64", "UInt64", "float64", "Float64", "object", "string", "category"]
)
def test_plain_numbers_of_every_type_are_int64(kind):
    found = as_ids(pd.Series([3, 1, 200 if kind != "int8" else 2]).astype(kind), "x")
    assert found.dtype == np.int64 and found.tolist() == [3, 1, 200]


def test_numbers_above_64_bits_are_text():
    found = as_ids(pd.Series(np.array([2**64 - 1, 1], dtype=np.uint64)), "x")
    assert found.dtype == object and found.tolist() == ["18446744073709551615", "1"]


BAD = {
    "a float that stands for two": ([2.0**53, 1.0], "x: got the id 9007199254740992.0 as a float.*read the ids as text"),
    "a narrow float": (np.array([2**24, 1], dtype=np.float32), "x: got ids as float32 of 1.67772e\\+07 and more"),
    "a fraction": ([1.5, 2.0], "x: got the id 1.5, expected text or a whole number"),
    "infinity": ([np.inf, 2.0], "x: got the id inf"),
    "missing": ([1.0, np.nan], "x: 1 ids are missing, the first in row 1"),
    "empty": (["a", ""], "x: got an empty text as id"),
    "bytes": ([b"a", b"b"], "x: got the id b'a', expected text"),
}  # fmt: skip


@pytest.mark.parametrize(("ids", "words"), BAD.values(), ids=BAD)
def test_what_names_nothing_exactly_is_refused(ids, words):
    with pytest.raises(ValueError, match=words):
        as_ids(pd.Series(ids), "x")


def test_a_model_of_numbers_has_no_user_007(tmp_path):
    model = BaselineRecommender().fit(Interactions.from_frame(frame_of([7, 8])))
    before = model.predict(7, [7, 8])
    for user in ("007", "7.0", "1e3", 2**70):
        with pytest.raises(ValueError, match=re.escape(f"got user id {user!r}, expected a whole number")):
            model.update(user, 7, 5)
        pd.testing.assert_series_equal(model.predict(user, [7, 8]), model.predict("nobody", [7, 8]))
    with pytest.raises(ValueError, match="got item '07', expected an id of the item table"):
        model.update(7, "07", 5)
    pd.testing.assert_series_equal(model.predict("7", ["7", 8]), before)  # what input() gives
    assert model.predict(7, [7, "007"]).index.tolist() == [7, "007"]


def test_a_new_id_in_a_feature_table_is_a_new_user():
    X, y = preprocess_data(Interactions.from_frame(frame_of([7, 8])))
    X["user_id"] = X["user_id"].astype(object)
    X.loc[3, "user_id"] = "007"
    model = BaselineRecommender().fit(X, y)
    assert set(model.tables_.users["user_id"]) == {"7", "8", "007"}
    assert generate_items(X).tolist() == [7, 8]


def test_small_parts():
    assert [plain_number(t) for t in ("7", "-7", "0", "07", "7 ", "", "-", "9" * 20)] == [7, -7, 0] + [None] * 5
    assert [id_text(v) for v in (7, 7.0, np.int64(7), "7.0", True)] == ["7", "7", "7", "7.0", "True"]
    for ids in (
        5,
        [5],
        np.array(5),
        np.array([[5]]),
        pd.Index([5]),
        torch.tensor([5]),
        (5,),
        pd.Series([5], index=[9]),
    ):
        assert listed(ids).tolist() == [5] and listed(ids).index.tolist() == [0]
    assert listed([7, "007", None]).tolist() == [7, "007", None] and len(listed([])) == 0
    assert positions(pd.Index(["a"], dtype=object), ["a", b"a", 1.5, None, np.nan]).tolist() == [0, -1, -1, -1, -1]
