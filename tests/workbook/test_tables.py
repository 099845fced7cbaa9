"""`plots.table`: few digits, signs that a person reads, no raw values."""

from types import SimpleNamespace

import IPython
import numpy as np
import pandas as pd
import pytest

from metarec_lib import plots
from metarec_lib.plots import tables

FOUND = SimpleNamespace(mean=-0.01712, interval=(-0.0211, -0.0129))


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, as if in a notebook."""
    found = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: True)
    monkeypatch.setattr(IPython.display, "display", lambda bundle, raw, metadata: found.append(bundle))
    return found


def cells(frame, digits=3):
    return tables._cells(tables._framed(frame), digits)


def test_shows_a_table_and_the_text_that_is_compared(shown):
    plots.table(pd.DataFrame({"RMSE": [0.93712, 1.0], "users": [943, 12345]}, index=["head", "bias <&>"]))
    (bundle,) = shown
    assert bundle["text/html"].startswith("<table>") and '<th scope="col"' in bundle["text/html"]
    assert ">0.937</td>" in bundle["text/html"] and ">12,345</td>" in bundle["text/html"]
    assert "bias &lt;&amp;&gt;" in bundle["text/html"] and "base64" not in bundle["text/html"]
    assert bundle["text/plain"].splitlines() == [
        "          RMSE   users",
        "head      0.937  943",
        "bias <&>  1.000  12,345",
    ]


def test_outside_of_a_notebook_it_is_printed(capsys):
    plots.table(pd.Series([0.5], index=["head"], name="nDCG@10"), digits=2)
    assert capsys.readouterr().out == "      nDCG@10\nhead  0.50\n"


def test_every_kind_of_cell_is_text_for_a_person():
    frame = pd.DataFrame(
        {
            "difference": [FOUND, (0.1, 0.05, 0.2)],
            "p": [0.0000123, 0.04],
            "score": [-0.5, -0.00000001],
            "count": [np.int64(-3), 4],
            "clear": [True, np.bool_(False)],
            "note": ["null", None],
        }
    )
    heads, rows = cells(frame)
    assert heads == list(frame.columns)
    assert rows[0] == ["−0.017 [−0.021, −0.013]", "< 0.001", "−0.500", "−3", "✓", "null"]
    assert rows[1] == ["0.100 [0.050, 0.200]", "0.040", "0.000", "4", "✗", "–"]


@pytest.mark.parametrize("value", [-0.0, -1e-9, 0.0, -0.0004])
def test_zero_has_no_sign(value):
    assert plots.number_text(value) == plots.number_text(value, signed=True) == "0.000"


def test_numbers():
    assert plots.number_text(-1234.5678, 2) == "−1,234.57" and plots.number_text(2.0, signed=True) == "+2.000"
    assert [plots.number_text(v) for v in (float("nan"), float("inf"), -float("inf"))] == ["–", "∞", "−∞"]
    assert plots.interval_text(0.00066, 0.00021, 0.0011) == "+0.0007 [+0.0002, +0.0011]"
    assert plots.interval_text(-0.0000001, 0.0, 0.0000001, digits=2) == "0.000000 [0.000000, 0.000000]"
    assert [plots.p_text(p) for p in (0, 0.0009, 0.001, 1)] == ["< 0.001", "< 0.001", "0.001", "1.000"]


def test_rows_that_only_count_have_no_name_and_pairs_are_joined():
    assert cells(pd.DataFrame({"a": [1, 2]}))[0] == ["a"]
    by_pair = pd.Series([0.5], index=pd.MultiIndex.from_tuples([("head", "K = 5")]), name="RMSE")
    assert cells(by_pair) == (["", "RMSE"], [["head, K = 5", "0.500"]])


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ({"a": 1}, "Got dict for a table; expected a DataFrame"),
        (pd.DataFrame({"a": [{"b": 1}]}), r"Got dict {'b': 1} in the column 'a'"),
        (pd.DataFrame({"a": [[1, 2]]}), "Got list"),
        (pd.DataFrame({"p": [1.5]}), "Got the p-value 1.5"),
    ],
)
def test_raw_values_are_refused(frame, said):
    with pytest.raises(ValueError, match=said):
        plots.table(frame)


@pytest.mark.parametrize("digits", [-1, 7, 2.5, True])
def test_digits_are_few(digits):
    with pytest.raises(ValueError, match="expected a whole number from 0 to 6"):
        plots.table(pd.DataFrame({"a": [1.0]}), digits=digits)
