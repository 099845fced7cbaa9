"""The vocabulary: one name for one thing, in both languages."""

import re

import pytest

from metarec_lib.workbook.core import glossary
from metarec_lib.workbook.core.glossary import Term, find, merged, name_of, say, terms
from metarec_lib.workbook.core.languages import is_chinese

SAME = {"Reptile", "boosting", "K = {n}"}  # and names of one word with two capitals or more: MAML, nDCG@{n}
CAPITALS = re.compile(r"(?=.*[A-Z].*[A-Z])\S+")


def test_every_term_has_both_languages():
    for term in terms():
        assert is_chinese(term.zh) or term.en == term.zh and (term.en in SAME or CAPITALS.fullmatch(term.en)), term
        assert term.en.count("{n}") == term.zh.count("{n}") <= 1, term
        assert not is_chinese(term.en + "".join(term.aliases)), term


def test_a_blank_stands_in_chinese_only_beside_other_letters():
    for term in terms():
        parts = term.zh.split(" ")
        assert not any(is_chinese(a[-1:]) and is_chinese(b[:1]) for a, b in zip(parts, parts[1:], strict=False)), term


def test_numbers_are_kept_and_aliases_lead_to_the_name():
    assert name_of("k=5") == "K = 5" and say("12.5 meta-training users", "zh") == "12.5 名元训练用户"
    assert name_of("ndcg@10", "metric") == "nDCG@10" and name_of("MetaLearningModel") == "closed-form head"
    assert say("closed-form head", "zh") == "闭式解预测头" and find("rmse").kind == "metric"


def test_the_language_is_the_readers(monkeypatch):
    monkeypatch.setenv("METAREC_LANG", "zh")
    assert say("shrunken bias") == "收缩偏置"


@pytest.mark.parametrize("name", ["", "K = five", "nDCG@", "MAM"])
def test_what_is_not_there_is_refused(name):
    with pytest.raises(ValueError, match="of the glossary"):
        find(name)


def test_a_kind_is_asked_for():
    with pytest.raises(ValueError, match="expected a metric of the glossary"):
        find("MAML", "metric")


@pytest.mark.parametrize(
    "double",
    [
        Term("MAML", "乙", "model"),
        Term("B", "甲", "model"),
        Term("B", "乙", "model", ("maml",)),
        Term("a", "丙", "word"),
    ],
)
def test_doubles_are_refused(double):
    files = {"common": [Term("MAML", "甲", "model", ("A",))], "q01": [double]}
    with pytest.raises(ValueError, match="glossary/q01.py: got .*stands in common.py as well"):
        merged(files)


def test_the_same_chinese_word_may_be_a_unit_and_a_model():
    assert len(merged({"common": [Term("A", "甲", "model"), Term("B", "甲", "unit")]})) == 2


def test_every_file_of_a_lesson_is_read():
    from pathlib import Path

    names = {path.stem for path in Path(glossary.__file__).parent.glob("q*.py")}
    assert {"q01", "q02", "q06", "q07"} <= names
    assert {"Reptile", "SNIPS", "shrunken bias"} <= {term.en for term in terms()}
