"""Which language the reader gets."""

import pytest

from metarec_lib.workbook.core import places
from metarec_lib.workbook.core.languages import english_of, is_chinese, language, pick
from metarec_lib.workbook.core.questions import resolve


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    monkeypatch.delenv("METAREC_LANG", raising=False)
    monkeypatch.chdir(tmp_path)


def test_english_unless_told_otherwise(monkeypatch):
    assert language() == "en" and pick(("mean", "均值")) == "mean"
    monkeypatch.setenv("METAREC_LANG", "zh")
    assert language() == "zh" and pick(("mean", "均值")) == "均值" and pick(("mean", "均值"), "en") == "mean"


def test_the_workspace_remembers_and_the_variable_overrides(tmp_path, monkeypatch):
    (tmp_path / places.MARK).write_text('{"language": "zh", "exercises/q06.py": "0"}', encoding="utf-8")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert language() == "zh"
    monkeypatch.setenv("METAREC_LANG", "en")
    assert language() == "en"


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"language": "fr"}'])
def test_a_mark_that_says_nothing_means_english(tmp_path, text):
    (tmp_path / places.MARK).write_text(text, encoding="utf-8")
    assert language() == "en"


def test_another_language_is_refused(monkeypatch):
    monkeypatch.setenv("METAREC_LANG", "de")
    with pytest.raises(ValueError, match="expected en or zh"):
        language()


def test_chinese_is_told_by_its_characters():
    assert is_chinese("误差 σ²") and not is_chinese("σ² → ∞, “quoted”")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_question_that_does_not_exist_is_told_in_the_readers_language(monkeypatch, lang):
    monkeypatch.setenv("METAREC_LANG", lang)
    said = {"en": "expected q01 to q31", "zh": "应为 q01 至 q31"}[lang]
    with pytest.raises(ValueError, match=said):
        resolve("q99")


def test_what_was_picked_is_known_in_english_and_other_pairs_do_no_harm():
    assert pick((("a", "b"), ("甲", "乙")), "zh") == ("甲", "乙")
    assert english_of(f"{pick(('Error falls', '误差下降'), 'zh')} 5") == "Error falls 5"
