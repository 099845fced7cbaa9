"""Interactions: what is refused and with which words, and what comes back out."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from metarec_lib.data.checks import ScaleWarning
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.synthetic import make_world


def ratings(**changes):
    columns = {"user_id": [7, 7, 9], "item_id": [1, 2, 1], "rating": [4.0, 2, 5], "timestamp": [30, 20, 10]}
    return pd.DataFrame({**columns, **changes})


def users(**changes):
    return pd.DataFrame({"user_id": [9, 7, 8], "age": [20, 30, 40], **changes})


def items(**changes):
    columns = {"item_id": [2, 1, 3], "title": ["B", "A", "C"], "year": [1990, np.nan, 1992], "Drama": [1, 0, 1]}
    return pd.DataFrame({**columns, **changes})


def make(r=None, u=None, i=None, **options):
    parts = (ratings() if r is None else r, users() if u is None else u, items() if i is None else i)
    return Interactions(*parts, name="toy", **options)


def test_positions_values_and_sizes():
    data = make()
    assert (len(data), data.n_users, data.n_items, data.genres) == (3, 3, 3, ("Drama",))
    np.testing.assert_array_equal(data.user_codes, [1, 1, 0])
    np.testing.assert_array_equal(data.item_codes, [1, 0, 1])
    np.testing.assert_array_equal(data.values, [4, 2, 5])
    assert data.user_codes.dtype == data.item_codes.dtype == np.int64 and data.values.dtype == np.float64
    assert repr(data) == "Interactions(toy: 3 ratings, 3 users, 3 items, scale 1 to 5)"


def test_clean_types_whatever_came_in():
    text = ratings(
        user_id=["7", "7", "9"], item_id=[1.0, 2.0, 1.0], rating=["4", "2.0", "5"], timestamp=["30", "20", "10"]
    )
    for data in (make(text), make(ratings().convert_dtypes(), users().convert_dtypes(), items().convert_dtypes())):
        assert [str(t) for t in data.ratings.dtypes] == ["int64", "int64", "float64", "int64"]
        pd.testing.assert_frame_equal(data.ratings, make().ratings)
        assert data.items["year"].dtype == np.float64 and data.items["Drama"].dtype == np.int64


def test_later_changes_of_the_frames_do_not_reach_the_data():
    frame, table = ratings(), items()
    data = make(frame, None, table)
    frame.loc[0, "rating"] = 99
    table.loc[0, "title"] = "changed"
    assert data.values[0] == 4 and data.items["title"][0] == "B"
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.name = "other"


def test_ids_are_looked_up_in_every_usual_form():
    data = make()
    np.testing.assert_array_equal(data.user_index([9, 7, 1]), [0, 1, -1])
    np.testing.assert_array_equal(data.user_index(["9", "7", "7.0", "x", ""]), [0, 1, -1, -1, -1])
    np.testing.assert_array_equal(data.user_index(pd.Series([9.0, 7.5, np.nan])), [0, -1, -1])
    np.testing.assert_array_equal(data.user_index([None, 2**70]), [-1, -1])
    np.testing.assert_array_equal(data.item_index(3), [2])
    assert data.item_index([]).shape == (0,) and data.item_index([]).dtype == np.int64


def test_text_ids():
    data = Interactions.from_frame(pd.DataFrame({"user_id": ["b", "a"], "item_id": ["x", "12"], "rating": [1, 5]}))
    assert list(data.users["user_id"]) == ["a", "b"] and list(data.items["item_id"]) == ["12", "x"]
    np.testing.assert_array_equal(data.item_index(["x", 12, "12", "y"]), [1, 0, 0, -1])


def test_ratings_with_number_ids_beside_a_table_with_text_ids():
    table = pd.DataFrame({"user_id": ["9", "7", "guest"]})
    np.testing.assert_array_equal(make(None, table).user_codes, [1, 1, 0])


@pytest.mark.parametrize("ids", [[10, "b"], ["10", "9"], [3, "3"], pd.Categorical(["q", "p"])])
def test_from_frame_takes_mixed_ids(ids):
    data = Interactions.from_frame(pd.DataFrame({"user_id": ids, "item_id": [1, 2], "rating": [1, 5]}))
    known = list(data.users["user_id"])
    assert known == sorted(known) and set(map(str, known)) == set(map(str, ids))
    np.testing.assert_array_equal(data.user_index(list(ids)), data.user_codes)


def test_from_frame_fills_in_what_is_missing():
    data = Interactions.from_frame(ratings(rating=[2.5, 0.5, 4]).drop(columns="timestamp"))
    assert data.scale == (0.5, 4.0) and list(data.ratings["timestamp"]) == [0, 0, 0]
    assert list(data.users["user_id"]) == [7, 9] and list(data.items["title"]) == ["1", "2"]
    assert data.items["year"].isna().all() and data.genres == ()
    nothing = Interactions.from_frame(ratings().iloc[:0])
    assert len(nothing) == nothing.n_users == 0 and nothing.scale == (1.0, 5.0)


def test_subset_takes_masks_and_positions_and_shares_the_tables():
    data = make()
    assert list(data.subset(np.array([True, False, True])).values) == [4, 5]
    assert list(data.subset([2, 0]).values) == [5, 4] and list(data.subset(np.array([2])).ratings.index) == [0]
    assert len(data.subset([])) == 0
    part = data.subset([1])
    assert part.users is data.users and part.items is data.items and part.scale == data.scale
    with pytest.raises(ValueError, match=r"mask of shape \(2,\), expected \(3,\)"):
        data.subset([True, False])


def test_replace_ratings_checks_anew():
    data = make()
    assert list(data.replace_ratings(ratings(rating=[1, 1, 1])).values) == [1, 1, 1]
    with pytest.raises(ValueError, match="toy.*outside 1 to 5"):
        data.replace_ratings(ratings(rating=[1, 1, 6]))


BAD = {
    "nan rating": (dict(r=ratings(rating=[1, np.nan, np.nan])), "rating: 2 of 3 values are no finite numbers.*row 1"),
    "infinite rating": (dict(r=ratings(rating=[np.inf, 1, 1])), "1 of 3 values are no finite numbers.*inf in row 0"),
    "text rating": (dict(r=ratings(rating=["4", "good", "5"])), "'good' in row 1.*expected numbers"),
    "time as text": (dict(r=ratings(timestamp=["May 2001"] * 3)), "timestamp: 3 of 3 values are no finite numbers"),
    "nan time": (dict(r=ratings(timestamp=[1, 2, np.nan])), "timestamp: 1 of 3 values.*row 2"),
    "wrong scale": (dict(r=ratings(rating=[8, 9, 3])), "2 ratings lie outside 1 to 5; the first is 8 in row 0.*pass scale"),
    "scale upside down": (dict(scale=(5, 1)), r"got scale=\(5, 1\), expected \(lowest, highest\)"),
    "pair twice": (dict(r=ratings(item_id=[1, 1, 1])), "1 ratings repeat a pair.*user 7, item 1.*drop_duplicates"),
    "unknown user": (dict(r=ratings(user_id=[7, 5, 5])), r"2 ratings have a user_id that the users table.*is 5 \(1 such"),
    "unknown item": (dict(r=ratings(item_id=[1, 2, 4])), "1 ratings have a item_id that the items table.*first is 4"),
    "text among numbers": (dict(r=ratings(user_id=["7", "7", "x"])), "1 ratings have a user_id.*first is 'x'"),
    "missing id": (dict(r=ratings(user_id=[7, None, 9])), "user_id: 1 ids are missing, the first in row 1"),
    "no column": (dict(r=ratings().drop(columns="timestamp")), r"ratings: no column timestamp; got \['user_id'"),
    "no title": (dict(i=items().drop(columns="title")), "items: no column title"),
    "user twice": (dict(u=users(user_id=[9, 7, 9])), "users: 1 ids occur twice, the first is 9"),
    "item twice": (dict(i=items(item_id=[2, 1, "2"])), "items: 1 ids occur twice, the first is 2"),
    "no id in a table": (dict(u=users(user_id=[9, None, 7])), "users: user_id: 1 ids are missing.*row 1"),
    "genre no flag": (dict(i=items(Drama=[0, 2, 1])), "genre column Drama: got 2, expected 0 or 1"),
    "genre as text": (dict(i=items(Drama=["yes", "no", "no"])), "Drama: 3 of 3 values are no finite numbers"),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_with_what_where_and_how_many(parts, words):
    with pytest.raises(ValueError, match=f"^toy.*{words}"):
        make(**parts)


def test_a_part_that_is_no_table():
    with pytest.raises(ValueError, match="toy: users: got a list, expected a pandas DataFrame"):
        make(None, [1, 2])


def test_from_frame_names_the_missing_column_and_the_bad_value():
    with pytest.raises(ValueError, match="mine: ratings: no column item_id, rating"):
        Interactions.from_frame(pd.DataFrame({"user_id": [1]}), name="mine")
    with pytest.raises(ValueError, match="rating: 1 of 3 values are no finite numbers"):
        Interactions.from_frame(ratings(rating=[1, np.nan, 2]))
    with pytest.raises(ValueError, match="user_id: 1 ids are missing"):
        Interactions.from_frame(ratings(user_id=[1, None, 2]))


def test_csv_there_and_back(tmp_path):
    world = make_world(n_users=5, n_items=6, ratings_per_user=3).interactions
    world.ratings.to_csv(tmp_path / "my film ratings.csv", index=False)
    again = Interactions.from_csv(tmp_path / "my film ratings.csv", scale=(1, 5))
    pd.testing.assert_frame_equal(again.ratings, world.ratings)
    assert again.name == "my film ratings"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no readable CSV"),
        (b"user_id,item_id,rating\n1,2,3\n1,2,3,4,5\n", "no readable CSV"),
        ("user_id,item_id,rating\nZoë,2,3\n".encode("latin-1"), "no readable CSV.*UTF-8"),
        (b"user_id;item_id;rating\n1;2;3\n", "no column user_id, item_id, rating"),
        (b"user_id,item_id,rating\n1,2,\n", "rating: 1 of 1 values"),
        (b"user_id,item_id,rating\n1,2,3\n1,2,4\n", "repeat a pair"),
    ],
)
def test_bad_csv(tmp_path, content, words):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words):
        Interactions.from_csv(path)
    assert path.read_bytes() == content


def test_no_csv(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file at .*none.csv"):
        Interactions.from_csv(tmp_path / "none.csv")


# -- what is liked, and what it gains -----------------------------------------------------------------------------------
def rated(values, scale=None, **options):
    frame = pd.DataFrame({"user_id": 1, "item_id": range(len(values)), "rating": values})
    return Interactions.from_frame(frame, scale=scale, name="toy", **options)


@pytest.mark.parametrize(
    ("values", "scale", "like", "liked"),
    [
        ([1, 2, 3, 4, 5], (1, 5), 4.0, [0, 0, 0, 1, 1]),
        ([0.5, 3.5, 4, 5], (0.5, 5), 3.875, [0, 0, 1, 1]),
        ([2, 4, 7, 8, 10], (2, 10), 8.0, [0, 0, 0, 1, 1]),
        ([0, 1, 1], None, 0.75, [0, 1, 1]),
        ([1, 1], None, 1.0, [1, 1]),
        ([0, 74, 75, 100], (0, 100), 75.0, [0, 0, 1, 1]),
        ([-10, 4, 5, 10], (-10, 10), 5.0, [0, 0, 1, 1]),
        ([0.1, 0.7, 0.9], (0.1, 0.9), 0.7, [0, 1, 1]),  # 0.1 + 0.75 * 0.8 is above 0.7 by rounding
    ],
)
def test_a_like_is_three_quarters_up_the_scale(values, scale, like, liked):
    data = rated(values, scale)
    assert data.like == pytest.approx(like) and data.liked.dtype == bool
    np.testing.assert_array_equal(data.liked, np.array(liked, dtype=bool))


def test_a_like_of_ones_own_stays_with_the_parts():
    data = rated([1, 3, 5], (1, 5), like=3)
    assert list(data.liked) == [False, True, True]
    assert data.subset([1]).like == data.replace_ratings(data.ratings).like == 3.0
    for like in (0, 6, np.nan):
        with pytest.raises(ValueError, match=r"^toy: got like=.*expected a rating from 1 to 5"):
            rated([1, 3, 5], (1, 5), like=like)


def test_gain_is_two_to_the_stars_and_the_place_in_the_scale_elsewhere():
    stars = np.array([1.0, 2, 3, 4, 5])
    assert rated(stars, (1, 5)).gain(stars).tolist() == [1, 3, 7, 15, 31]
    for low, high in ((0, 1), (0, 100), (-3, 1), (2, 10), (0.5, 5)):
        data = rated([low, high], (low, high))
        np.testing.assert_allclose(data.gain(low + (stars - 1) / 4 * (high - low)), [1, 3, 7, 15, 31], rtol=1e-12)
    assert np.isfinite(rated([1, 1]).gain(np.ones(2))).all()


# -- further columns ----------------------------------------------------------------------------------------------------
def test_further_numeric_columns_are_kept(tmp_path):
    more = dict(click=[True, False, True], dwell=pd.array([3, None, 5], dtype="Int64"), said=["a", "b", "c"])
    data = make(ratings(**more))
    assert data.labels == ("click", "dwell") and make().labels == ()
    assert [str(t) for t in data.ratings[["click", "dwell"]].dtypes] == ["float64", "float64"]
    part = data.subset([2, 1])
    assert part.ratings["click"].tolist() == [1.0, 0.0] and part.ratings["dwell"].isna().tolist() == [False, True]
    assert data.replace_ratings(data.ratings).labels == data.labels
    data.ratings.to_csv(tmp_path / "r.csv", index=False)
    pd.testing.assert_frame_equal(Interactions.from_csv(tmp_path / "r.csv").ratings, data.ratings)


def test_a_missing_title_stays_missing():
    data = make(i=items(title=["B", None, np.nan]))
    assert data.items["title"].isna().tolist() == [False, True, True] and data.items["title"][0] == "B"


def test_parts_look_nothing_up_again(monkeypatch):
    data = make()
    expected = data.user_codes[[2, 0]], data.item_codes[[2, 0]]
    monkeypatch.setattr(Interactions, "user_index", None)
    monkeypatch.setattr(Interactions, "item_index", None)
    part = data.subset([2, 0])
    np.testing.assert_array_equal(part.user_codes, expected[0])
    np.testing.assert_array_equal(part.item_codes, expected[1])


# -- the scale: given, found, or none -----------------------------------------------------------------------------------
def test_the_scale_is_shown_and_whether_it_was_found():
    assert repr(rated([2, 3])).endswith("scale 2 to 3 as found)") and repr(rated([2, 3], (1, 5))).endswith(
        "scale 1 to 5)"
    )
    assert repr(rated([1, 1])).endswith("clicks as found)") and repr(rated([4, 4])).endswith("scale 4 to 4 as found)")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([-9.5, 3, 99, 10, 99], "2 of 5 ratings are 99, the others lie between -9.5 and 10"),
        ([0, 0, 0, 8, 9, 10, 5], "3 of 7 ratings are 0, the others lie between 5 and 10"),
        ([-1, 7, 8, 10, -1], "2 of 5 ratings are -1, the others lie between 7 and 10"),
        ([-99, 1, 5, 3], "1 of 4 ratings are -99"),
    ],
)
def test_a_number_that_stands_for_not_rated_is_warned_about(values, words):
    with pytest.warns(ScaleWarning, match=f"^toy: {words}.*drop these rows, or pass scale"):
        rated(values)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3, 4, 5],
        [0.5, 5],
        [0, 1],
        [0, 1, 1, 0],
        [0, 1, 2, 3, 4, 5, 3, 3],
        [-10, 0, 10],
        [-3, -1, 1],
        [0, 50, 99, 100],
    ],
)
def test_usual_scales_are_not_warned_about(values):
    rated(values)
    rated([0, 0, 0, 7, 8, 9, 10], (0, 10))  # given: who gives it means it


def test_a_scale_that_was_found_widens_and_one_that_was_given_does_not():
    found, given = rated([2, 3, 4]), rated([2, 3, 4], (2, 4))
    more = found.ratings.assign(rating=[1.0, 3, 5])
    wider = found.replace_ratings(more)
    assert (wider.scale, wider.like, wider.inferred) == ((1, 5), found.like, True)
    assert found.subset([0]).inferred and not given.subset([0]).inferred
    with pytest.raises(ValueError, match="2 ratings lie outside 2 to 4"):
        given.replace_ratings(more)


def test_a_found_scale_yields_to_that_of_other_data():
    stars = rated([1, 5], (1, 5))
    assert (rated([2, 4]).on_scale_of(stars).like, rated([2, 4]).like) == (4.0, 3.5)
    given = rated([2, 4], (0, 10))
    assert given.on_scale_of(stars) is given
    with pytest.raises(ValueError, match="1 ratings lie outside 1 to 5"):
        rated([2, 50]).on_scale_of(stars)


# -- clicks -------------------------------------------------------------------------------------------------------------
def test_clicks_are_counted_by_pair():
    clicks = pd.DataFrame({"user_id": ["a", "b", "a", "a"], "item_id": [1, 1, 2, 1], "timestamp": [5, 1, 2, 9]})
    data = Interactions.from_clicks(clicks, name="shop")
    assert (
        data.implicit and data.liked.all() and repr(data) == "Interactions(shop: 3 ratings, 2 users, 2 items, clicks)"
    )
    rows = data.ratings.set_index(["user_id", "item_id"])
    assert (
        rows.loc[("a", 1)].tolist() == [1, 9, 2]
        and rows.loc[("b", 1)].tolist() == [1, 1, 1]
        and data.labels == ("count",)
    )
    plays = Interactions.from_clicks(clicks.assign(count=[10, 3, 4, 5]).drop(columns="timestamp"))
    assert plays.ratings["count"].tolist() == [15, 3, 4] and plays.ratings["timestamp"].eq(0).all()
    with pytest.raises(ValueError, match="shop: clicks: no column item_id"):
        Interactions.from_clicks(clicks[["user_id"]], name="shop")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["userId", "movieId", "rating"], r"rename\(columns=\{'userId': 'user_id', 'movieId': 'item_id'\}\)"),
        (["User-ID", "ISBN", "Book-Rating"], r"'User-ID': 'user_id', 'ISBN': 'item_id', 'Book-Rating': 'rating'"),
        (["user_id", "item_id"], r"no column rating.*use Interactions.from_clicks"),
        (["user_id;item_id;rating"], r"the separator is ';'; pass sep=';'"),
        (["user_id\titem_id\trating"], r"pass sep='\\t'"),
    ],
)
def test_the_nearest_remedy(columns, words):
    with pytest.raises(ValueError, match=words):
        Interactions.from_frame(pd.DataFrame([[1] * len(columns)], columns=columns))
