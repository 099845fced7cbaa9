"""Claims: the sentence and the record are made from the comparison."""

import json

import numpy as np
import pytest

from metarec_lib.evaluation.uncertainty import compare
from metarec_lib.workbook.lessons import claims
from metarec_lib.workbook.lessons.claims import Minus, claim, claim_record, seed, sentence

HIGHER = compare(np.array([0.026, 0.034, 0.042] * 42), np.zeros(126))


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.delenv("METAREC_LANG", raising=False)
    claims.forget()
    yield
    claims.forget()


def record(found=HIGHER, metric="RMSE", a="MAML", b="shrunken bias", at="K = 1", **more):
    return claim_record(metric, a, b, found, at, **more)


def test_the_seed_is_that_of_the_environment(monkeypatch):
    monkeypatch.delenv("METAREC_SEED", raising=False)
    assert seed() == 0
    monkeypatch.setenv("METAREC_SEED", "7")
    assert seed() == 7


@pytest.mark.parametrize("text", ["x", "1.5", "-1"])
def test_a_seed_that_is_no_integer_is_an_error(monkeypatch, text):
    monkeypatch.setenv("METAREC_SEED", text)
    with pytest.raises(ValueError, match="expected an integer from 0 on"):
        seed()


def test_prints_the_sentence_in_the_readers_language(capsys, monkeypatch):
    claim("RMSE", "MAML", "shrunken bias", HIGHER, at="15 meta-training users, K = 1")
    assert capsys.readouterr().out == (
        "RMSE at 15 meta-training users, K = 1: MAML minus shrunken bias +0.034 [+0.033, +0.035] over 126 users, "
        "1 seed, before correction.\n"
    )
    monkeypatch.setenv("METAREC_LANG", "zh")
    claim("RMSE", "MAML", "shrunken bias", HIGHER, at="15 meta-training users, K = 1")
    assert capsys.readouterr().out == (
        "RMSE（15 名元训练用户，K = 1）：MAML − 收缩偏置 = +0.034 [+0.033, +0.035]，"
        "126 名用户，1 个种子，未做多重比较校正。\n"
    )


def test_a_record_can_be_told_in_either_language_later():
    stored = json.loads(json.dumps(record()))
    assert "before correction" in sentence(stored, "en") and "未做多重比较校正" in sentence(stored, "zh")


def test_the_sign_is_that_of_the_figures_and_a_minus_is_a_minus():
    back = compare(np.zeros(126), np.array([0.026, 0.034, 0.042] * 42))
    assert "MAML minus shrunken bias −0.034 [−0.035, −0.033]" in sentence(record(back), "en")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (-0.0171, 3, "−0.017"),
        (0.0171, 3, "+0.017"),
        (-0.00001, 3, "0.000"),
        (0.0, 4, "0.0000"),
        (-0.00123, 4, "−0.0012"),
    ],
)
def test_no_sign_before_a_zero(value, digits, text):
    assert claims.signed(value, digits) == text


def test_seeds_units_and_margins_come_from_the_comparison_and_the_metric():
    ratings = {s: np.array([0.1, 0.2, 0.3]) for s in range(5)}
    found = record(compare(ratings, {s: v * 0 for s, v in ratings.items()}, unit="films"), "MAE", scale=(1, 10))
    assert (found["n"], found["unit"], found["seeds"], found["margin"]) == (3, "films", 5, 0.018)
    assert "over 3 films, 5 seeds" in sentence(found, "en") and "3 部影片，5 个种子" in sentence(found, "zh")
    assert record()["margin"] == 0.01 and record(metric="squared error")["margin"] is None


def test_names_are_those_of_the_glossary_whatever_alias_is_used():
    found = record(metric="rmse", a="MetaLearningModel", b="bias", at="K=5")
    assert (found["metric"], found["a"], found["b"], found["at"]) == (
        "RMSE",
        "closed-form head",
        "shrunken bias",
        ["K = 5"],
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(metric="RSME"), "Got 'RSME'; expected a metric of the glossary, such as 'RMSE'"),
        (dict(a="closed form head"), "such as 'closed-form head'"),
        (dict(b="MAML beats the bias"), "expected a model of the glossary"),
        (dict(at="for most users"), "expected a condition of the glossary"),
        (dict(a="RMSE"), "expected a model"),
        (dict(a=("MeLU", "well tuned")), "expected a condition"),
    ],
)
def test_a_name_that_the_glossary_lacks_is_refused_with_the_nearest(change, words):
    with pytest.raises(ValueError, match=words):
        record(**change)


def test_only_a_comparison_is_something_found():
    with pytest.raises(ValueError, match="Got a tuple as what was found; expected a Comparison"):
        record((0.1, 0.0, 0.2))


def test_a_side_may_have_a_condition_be_a_number_or_a_difference():
    text = sentence(record(a=("MeLU", "K = 20"), b=("MeLU", "K = 5"), at=""), "en")
    assert text.startswith("RMSE: MeLU (K = 20) minus MeLU (K = 5) +0.034")
    share = compare(np.array([0.7, 0.8, 0.81]), 0.8)
    told = record(share, "share inside the 80 % interval", "content model", 0.8)
    assert "content model minus 80 % −3.0 [−10.0, +1.0] points over 3 users" in sentence(told, "en")
    assert "内容模型 − 80%" in sentence(told, "zh") and "个百分点" in sentence(told, "zh")
    both = record(HIGHER - HIGHER, a=Minus("leaking bias", "shrunken bias"), b=Minus("MAML", "shrunken bias"))
    assert "(leaking bias minus shrunken bias) minus (MAML minus shrunken bias) 0.0000" in sentence(both, "en")
    assert "（泄漏的偏置 − 收缩偏置） − （MAML − 收缩偏置） = 0.0000" in sentence(both, "zh")


def known(a="MAML", b="bias", metric="rmse", **conditions):
    """A comparison that knows what it compared, as a study's does."""
    from dataclasses import replace

    return replace(HIGHER, about={"metric": metric, "a": a, "b": b, "conditions": conditions})


def test_a_study_tells_the_conditions_itself():
    assert record(known(k=5), at="")["at"] == ["K = 5"]
    assert record(known(k=5, order="chronological", part="anything"), at="")["at"] == ["K = 5", "first ratings in time"]
    assert record(known(k=5), at="one split, K = 5")["at"] == ["one split", "K = 5"]


@pytest.mark.parametrize(
    ("found", "change", "words"),
    [
        (known("bias", "MAML"), {}, "side a of a claim; expected 'shrunken bias'"),
        (known(b="MeLU"), {}, "side b of a claim; expected 'MeLU'"),
        (known(metric="mae"), {}, "the metric of a claim; expected 'MAE'"),
        (known(k=20), {}, "Got a claim at K = 1; expected K = 20"),
        (known(k=20), {"at": "one split"}, "expected K = 20 among them"),
        (known(a=["MAML", {"k": 20}]), {"a": ("MAML", "K = 5"), "at": ""}, "expected K = 20 among them"),
        (known(k=5), {"at": "K = 5, K = 20"}, "Got a claim at K = 20; expected K = 5"),
        (known(k=5), {"a": ("MAML", "K = 20"), "at": ""}, "Got a claim at K = 20; expected K = 5"),
        (known(a=["MAML", {"k": 20}], k=5), {"a": ("MAML", "K = 20"), "at": "K = 20"}, "expected K = 5"),
        (known(b=0.9), {"b": 0.8}, "side b of a claim; expected 0.9"),
        (known(a="a model that no glossary has"), {}, "expected a model of the glossary"),
        (known() - known("MeLU"), {}, "side a of a claim"),
        (known() - known("MeLU"), {"a": Minus("MAML", "bias"), "b": Minus("bias", "MeLU")}, "side b of a claim"),
    ],
)
def test_a_claim_that_names_something_else_than_was_compared_is_refused(found, change, words):
    with pytest.raises(ValueError, match=words):
        record(found, **change)


def test_a_difference_of_a_studys_differences_knows_its_sides():
    both = known(k=5) - known("MeLU", k=5)
    assert record(both, a=Minus("MAML", "bias"), b=Minus("MeLU", "bias"), at="")["at"] == ["K = 5"]
    with pytest.raises(ValueError, match="expected one metric"):
        known() - known(metric="mae")


def test_one_headline_a_lesson(capsys):
    claim("RMSE", "MAML", "shrunken bias", HIGHER, headline=True)
    claim("RMSE", "MAML", "shrunken bias", HIGHER, headline=True)  # the cell was run again
    with pytest.raises(ValueError, match="second claim with headline=True"):
        claim("RMSE", "MeLU", "shrunken bias", HIGHER, headline=True)
    assert [made["a"] for made in claims.made()] == ["MAML"]
