"""Tables with nasty ids, scales and times: written and read back, they are the same."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metarec_lib import BaselineRecommender, Interactions, load_model, read_ratings

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
NASTY = st.sampled_from(
    ["007", "7", "7.0", "1e3", "1000", "NA", "nan", "null", "-0", "+1", " 7", '"', "a,b", "'", "18446744073709551615"]
)
IDS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=6, unique=True),
    st.lists(st.integers(0, 2**64 - 1).map(str), min_size=1, max_size=6, unique=True),
    st.lists(st.one_of(NASTY, WORDS), min_size=1, max_size=6, unique=True),
)
SCALES = st.tuples(st.floats(-1e6, 1e6, allow_subnormal=False), st.floats(-1e6, 1e6, allow_subnormal=False)).filter(
    lambda ends: ends[1] - ends[0] > 1e-6
)
TIMES = st.sampled_from([(10**9, 10**10), (10**12, 10**13), (10**15, 10**16), (10**18, 9 * 10**18), (-5, 5), (0, 0)])
kept = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def tables(draw):
    """A table of ratings, its scale, and the ids as they were drawn."""
    users, items, (low, high) = draw(IDS), draw(IDS), draw(SCALES)
    pairs = draw(
        st.lists(st.sampled_from([(u, i) for u in users for i in items]), min_size=1, max_size=20, unique=True)
    )
    share = draw(st.lists(st.floats(0, 1), min_size=len(pairs), max_size=len(pairs)))
    rating = [min(max(low + s * (high - low), low), high) for s in share]
    first, last = draw(TIMES)
    times = draw(st.lists(st.integers(first, last), min_size=len(pairs), max_size=len(pairs)))
    user, item = zip(*pairs, strict=True)
    frame = pd.DataFrame({"user_id": pd.Series(user, dtype=object), "item_id": pd.Series(item, dtype=object)})
    return frame.assign(rating=rating, timestamp=times), (low, high)


def same(data, frame):
    """The ids as text, the ratings to the bit, the times exactly."""
    for key in ("user_id", "item_id"):
        assert list(map(str, data.ratings[key])) == list(map(str, frame[key]))
    assert data.ratings["rating"].tolist() == frame["rating"].tolist()
    assert data.ratings["timestamp"].tolist() == frame["timestamp"].tolist()
    assert data.n_users == frame["user_id"].nunique() and data.n_items == frame["item_id"].nunique()


@kept
@given(table=tables())
def test_through_csv(tmp_path, table):
    frame, scale = table
    data = Interactions.from_frame(frame, scale=scale)
    same(data, frame)
    data.ratings.to_csv(tmp_path / "r.csv", index=False)
    again = Interactions.from_csv(tmp_path / "r.csv", scale=scale)
    same(again, frame)
    pd.testing.assert_frame_equal(again.ratings, data.ratings)
    assert (again.scale, again.like) == (data.scale, data.like)


@kept
@given(table=tables())
def test_through_parquet(tmp_path, table):
    frame, scale = table
    data = Interactions.from_frame(frame, scale=scale)
    data.ratings.to_parquet(tmp_path / "r.parquet")
    pd.testing.assert_frame_equal(
        Interactions.from_frame(pd.read_parquet(tmp_path / "r.parquet"), scale=scale).ratings, data.ratings
    )


@kept
@given(table=tables())
def test_through_a_saved_model(tmp_path, table):
    frame, (low, high) = table
    data = Interactions.from_frame(frame, scale=(low, high))
    model = BaselineRecommender().fit(data)
    model.save(tmp_path / "m.npz")
    again = load_model(tmp_path / "m.npz")
    assert (again.tables_.scale, again.tables_.like) == (data.scale, data.like)
    for user, mine in frame.groupby(frame["user_id"].map(str), sort=False):
        known = again.ratings_of([user])
        found = sorted(zip(known.times[0].tolist(), known.values[0].tolist(), known.items[0].tolist(), strict=True))
        items = data.item_index(mine["item_id"].tolist()).tolist()
        assert found == sorted(zip(mine["timestamp"], mine["rating"], items, strict=True))
        one, other = (m.predict(user, mine["item_id"].tolist()) for m in (model, again))
        pd.testing.assert_series_equal(one, other)
        assert list(map(str, one.index)) == list(map(str, mine["item_id"]))


@kept
@given(table=tables())
def test_read_ratings_reads_what_was_written(tmp_path, table):
    """Names, so nothing but the encoding and separator is guessed."""
    frame, scale = table
    if frame["timestamp"].lt(0).any() or not math.isfinite(frame["rating"].sum()):
        return
    data = Interactions.from_frame(frame, scale=scale)
    data.ratings.to_csv(tmp_path / "r.csv", index=False)
    again = read_ratings(tmp_path / "r.csv", scale=scale, quiet=True)
    pd.testing.assert_frame_equal(again.ratings, data.ratings)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@kept
@given(numbers=st.lists(st.integers(10**8, 4 * 10**9), min_size=1, max_size=20))
def test_dates_keep_their_order(tmp_path, unit, numbers):
    dates = pd.to_datetime(pd.Series(np.array(numbers, dtype="datetime64[s]")).dt.as_unit(unit)) + pd.Timedelta(1, unit)
    frame = pd.DataFrame({"user_id": 1, "item_id": range(len(dates)), "rating": 1.0, "timestamp": dates})
    frame.loc[:, "rating"] = np.arange(len(dates)) % 5 + 1.0
    frame.to_csv(tmp_path / "d.csv", index=False)
    for data in (Interactions.from_frame(frame), Interactions.from_csv(tmp_path / "d.csv")):
        times = data.ratings["timestamp"].to_numpy()
        order = [np.argsort(t, kind="stable").tolist() for t in (times, dates.to_numpy())]
        assert order[0] == order[1] and len(set(times)) == dates.nunique()
