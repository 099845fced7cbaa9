"""Times of every kind, with their order kept exactly."""

import datetime

import numpy as np
import pandas as pd
import pytest

from metarec_lib import BaselineRecommender, Interactions, load_model
from metarec_lib.data.times import as_times

DAY = pd.Timestamp("2005-04-03 01:02:03")
GOOD = {
    "seconds": ([1112486027, 1112486028], [1112486027, 1112486028]),
    "milliseconds": ([1112486027123, 1112486027124], [1112486027123, 1112486027124]),
    "nanoseconds": ([1112486027123456789, 1112486027123456790], [1112486027123456789, 1112486027123456790]),
    "nanoseconds as text": (["1112486027123456789", "1112486027123456790"], [1112486027123456789, 1112486027123456790]),
    "text": (["30", "20"], [30, 20]),
    "whole floats": ([1112486027.0, 1112486028.0], [1112486027, 1112486028]),
    "fractions of a second": ([1112486027.25, 1112486027.5], [1112486027250000, 1112486027500000]),
    "dates": ([DAY, DAY + pd.Timedelta("1s")], [1112490123, 1112490124]),
    "dates with milliseconds": ([DAY, DAY + pd.Timedelta("1ms")], [1112490123000, 1112490123001]),
    "dates with nanoseconds": ([DAY, DAY + pd.Timedelta("1ns")], [1112490123000000000, 1112490123000000001]),
    "dates elsewhere": (
        [DAY.tz_localize("Asia/Tokyo"), (DAY + pd.Timedelta("1s")).tz_localize("Asia/Tokyo")],
        [1112490123 - 9 * 3600, 1112490124 - 9 * 3600],
    ),
    "ISO": (["2005-04-03T01:02:03Z", "2005-04-03T01:02:04+00:00"], [1112490123, 1112490124]),
    "ISO elsewhere": (["2005-04-03 01:02:03", "2005-04-03 10:02:04+09:00"], [1112490123, 1112490124]),
    "ISO days": (["2005-04-03", "2005-04-04"], [1112486400, 1112572800]),
    "Python's": ([datetime.datetime(2005, 4, 3), datetime.datetime(2005, 4, 4)], [1112486400, 1112572800]),
    "ranks": ([0, 1], [0, 1]),
    "before 1970": ([-5, 5], [-5, 5]),
    "unknown beside known": ([0, 1112486027123], [0, 1112486027123]),
    "nullable": (pd.array([1, 2], dtype="Int64"), [1, 2]),
}
BAD = {
    "seconds and milliseconds": ([1112486027, 1112486028000], "t: the times are in different units: row 0 .*seconds, row 1"),
    "milli- and nanoseconds": ([1112486027000, 1112486027000000000], "milliseconds, row 1 .* nanoseconds"),
    "nanoseconds as floats": ([1112486027123456789.0, 1.0], "t: got floats such as .* which do not keep the order"),
    "too fine fractions": ([1112486027000.25, 1112486027000.5, 0.0], "t: got floats such as"),
    "not a date": (["2005-04-03", "yesterday"], "t: 1 of 2 values are no .* and no ISO dates; .*'yesterday' in row 1"),
    "a day of another land": (["4/13/2005", "4/14/2005"], "2 of 2 values .*pd.to_datetime"),
    "missing": ([1.0, np.nan], "1 of 2 values.*nan in row 1"),
    "a missing date": ([DAY, pd.NaT], "1 of 2 values.*NaT in row 1"),
    "infinite": ([1.0, np.inf], "1 of 2 values.*inf in row 1"),
    "too large": (np.array([2**63, 1], dtype=np.uint64), "expected a time that fits 64 bits"),
    "flags": ([True, False], "got bool, expected times"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), GOOD.values(), ids=GOOD)
def test_order_is_kept(given, expected):
    found = as_times(pd.Series(given), "t")
    assert found.dtype == np.int64 and found.tolist() == expected


@pytest.mark.parametrize(("given", "words"), BAD.values(), ids=BAD)
def test_what_would_lose_the_order_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        as_times(pd.Series(given), "t")


@pytest.mark.parametrize("name", ["seconds", "nanoseconds", "ISO", "dates with nanoseconds", "fractions of a second"])
def test_through_a_file_and_a_model(tmp_path, name):
    times, expected = GOOD[name]
    frame = pd.DataFrame({"user_id": 1, "item_id": [1, 2], "rating": [2, 4], "timestamp": times})
    frame.to_csv(tmp_path / "r.csv", index=False)
    data = Interactions.from_csv(tmp_path / "r.csv")
    assert data.ratings["timestamp"].tolist() == expected
    BaselineRecommender().fit(data).save(tmp_path / "m.npz")
    assert load_model(tmp_path / "m.npz").ratings_of([1]).times.tolist() == [expected]
