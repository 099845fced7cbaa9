"""The table of questions."""

import pytest

from metarec_lib.workbook.core.questions import QUESTIONS, resolve, resolve_all


def test_there_are_31_with_stems_that_carry_their_number():
    assert [question.number for question in QUESTIONS] == list(range(1, 32))
    assert all(question.stem.startswith(f"{question.key}_") for question in QUESTIONS)
    assert len({question.stem for question in QUESTIONS}) == 31
    assert all(question.title_en and question.title_zh for question in QUESTIONS)


def test_the_parts_are_in_order():
    parts = [question.part for question in QUESTIONS]
    firsts = {part: parts.index(part) + 1 for part in dict.fromkeys(parts)}
    assert list(firsts.values()) == [1, 8, 11, 22, 28]
    assert list(firsts)[0] == "Part I. Foundations"


@pytest.mark.parametrize("name", ["q06", "Q06", "6", "06", 6, "q6", " q06 ", "q06_evaluate_meta_learning",
                                  "exercises/q06_evaluate_meta_learning.py"])  # fmt: skip
def test_one_question_has_many_names(name):
    assert resolve(name).stem == "q06_evaluate_meta_learning"


@pytest.mark.parametrize("name", ["", "0", "32", "q00", "q99", "six", "-6", "6.0", 6.5, True, None, "q06_"])
def test_anything_else_is_an_error_that_says_what_is_expected(name):
    with pytest.raises(ValueError, match="expected q01 to q31"):
        resolve(name)


def test_a_near_miss_is_named():
    with pytest.raises(ValueError, match="Did you mean q06_evaluate_meta_learning"):
        resolve("q06_evaluate_metalearning")


def test_several_names_mean_each_question_once_in_order():
    assert [question.key for question in resolve_all(["q07", "3", "q03"])] == ["q03", "q07"]
    assert resolve_all([]) == list(QUESTIONS)
    assert resolve_all(None) == list(QUESTIONS)
