"""The table of all claims of a lesson: Holm, verdicts, rendering."""

import numpy as np
import pytest

from metarec_lib.evaluation.uncertainty import compare
from metarec_lib.workbook.lessons import claims, measured
from metarec_lib.workbook.lessons.claims import claim, claim_record
from metarec_lib.workbook.lessons.measured import as_html, shown_p, verdicts, what_was_measured


def found(mean, width, n=200):
    """A comparison with this mean, its interval about ±width."""
    noise = np.random.default_rng(0).normal(size=n)
    noise = (noise - noise.mean()) / noise.std() * width * np.sqrt(n) / 1.96
    return compare(mean + noise, np.zeros(n))


def record(mean, width, metric="RMSE", **more):
    return claim_record(metric, "MAML", "shrunken bias", found(mean, width), **more)


@pytest.mark.parametrize(
    ("mean", "width", "word", "text"),
    [
        (0.03, 0.01, "higher", "higher"),
        (-0.03, 0.01, "lower", "lower"),
        (0.005, 0.02, "none", "no difference seen"),
        (0.001, 0.003, "equal", "equal within the margin"),
        (-0.004, 0.002, "lower", "lower: clear, but inside the .01 star that this book calls small"),
        (-0.009, 0.002, "lower", "lower"),  # its interval reaches beyond the margin
    ],
)
def test_the_verdicts(mean, width, word, text):
    (verdict,) = verdicts([record(mean, width)])
    assert (verdict.word, verdict.text("en")) == (word, text)


def test_the_margin_is_told_in_the_unit_of_the_metric_and_in_chinese():
    (verdict,) = verdicts([record(0.002, 0.001, "nDCG@10")])
    assert verdict.text("en") == "higher: clear, but inside the .005 that this book calls small"
    (verdict,) = verdicts([record(0.004, 0.002)])
    assert verdict.text("zh") == "更高；差别清楚，但在本书视为微小的 .01 星之内"
    (verdict,) = verdicts([record(0.5, 0.1, "RMSE", scale=(0, 4200))])
    assert verdict.text("en").endswith("inside the 10.5 star that this book calls small")
    (verdict,) = verdicts([record(0.002, 0.001, "squared error")])  # no margin: never small, never equal
    assert verdict.text("en") == "higher" and not verdict.small


def test_holm_is_over_the_lesson():
    near = record(0.02, 0.0175)
    assert near["p"] == pytest.approx(0.025, abs=0.01)
    assert verdicts([near])[0].word == "higher"
    three = verdicts([near, record(0.0, 0.02), record(0.001, 0.02)])
    assert [v.word for v in three] == ["none"] * 3 and three[0].p == pytest.approx(3 * near["p"])
    assert [v.number for v in three] == [1, 2, 3]


@pytest.mark.parametrize(
    ("p", "text"), [(0.0001, "<.001"), (0.0123, ".012"), (0.05, ".050"), (0.2512, ".25"), (0.0999, ".1"), (1.0, "1")]
)
def test_a_p_value_is_for_a_person(p, text):
    assert shown_p(p) == text


@pytest.fixture
def session(monkeypatch):
    claims.forget()
    monkeypatch.delenv("METAREC_LANG", raising=False)
    yield
    claims.forget()


def test_the_table_shows_all_claims_of_the_session_each_once(session, capsys, monkeypatch):
    claim("RMSE", "MAML", "shrunken bias", found(0.005, 0.02), at="K = 5")
    claim("RMSE", "MeLU", "shrunken bias", found(0.03, 0.01), at="K = 5")
    claim("RMSE", "MAML", "shrunken bias", found(-0.03, 0.01), at="K = 5")  # the cell was run again
    capsys.readouterr()
    what_was_measured()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("c1 | RMSE at K = 5 | MAML minus shrunken bias | −0.030 [−0.0")
    assert lines[1].endswith("200 users, 1 seed | <.001 | lower") and lines[2].endswith("higher")
    monkeypatch.setenv("METAREC_LANG", "zh")
    what_was_measured()
    assert "c2 | RMSE（K = 5） | MeLU − 收缩偏置" in capsys.readouterr().out


def test_without_claims_there_is_nothing_to_show(session):
    with pytest.raises(ValueError, match="Got no claim in this session"):
        what_was_measured()


def test_the_html_is_escaped_and_says_what_was_corrected():
    html = as_html(verdicts([record(0.03, 0.01), record(0.0, 0.02)]), "en")
    assert html.count("<tr>") == 3 and "&lt;.001" in html and "-0." not in html
    assert "over 2 claims" in html and "2 个比较" in as_html(verdicts([record(0.0, 0.02)] * 2), "zh")


def test_the_headline_is_the_one_marked():
    plain, marked = record(0.03, 0.01), record(-0.03, 0.01, headline=True)
    assert measured.headline(verdicts([plain, marked])).number == 2
    assert measured.headline(verdicts([plain])) is None
