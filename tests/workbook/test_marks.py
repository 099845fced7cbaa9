"""Marks in prose are held against the claims."""

import numpy as np
import pytest
from toy import STEM, run_without_kernel

from metarec_lib.evaluation.uncertainty import compare
from metarec_lib.workbook.lessons import build, execution
from metarec_lib.workbook.lessons.claims import claim_record
from metarec_lib.workbook.lessons.execution import BuildError
from metarec_lib.workbook.lessons.marks import WORDS, broken_marks, marks_in, without_marks
from metarec_lib.workbook.lessons.reading import read_lesson


def record(values, k=1):
    values = np.array(values)
    return claim_record("RMSE", "MAML", "shrunken bias", compare(values, values * 0), at=f"K = {k}")


HIGHER, LOWER = record([0.04, 0.05, 0.06] * 9), record([-0.04, -0.05, -0.06] * 9, 2)
NONE, EQUAL, SMALL = record([0.3, -0.3] * 9, 3), record([0.001, -0.001] * 9, 4), record([-0.004, -0.005] * 9, 5)
ALL = (HIGHER, LOWER, NONE, EQUAL, SMALL)


def notebook(*records):
    outputs = [{"metadata": {"metarec": {"claim": found}}} for found in records]
    return {"cells": [{"outputs": [output]} for output in outputs]}


def broken(mark, *records):
    return broken_marks(f"# MAML has an error.{mark}\n", notebook(*records), "source/q01.py")


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, {"higher"}), (2, {"lower"}), (3, {"none"}), (4, {"none", "equal", "small"}), (5, {"lower", "small"})],
)
def test_which_words_hold_of_which_verdict(number, words):
    held = {word for word in WORDS if not broken(f" <!-- c{number}: {word} -->", *ALL)}
    assert held == words


def test_a_broken_mark_names_the_line_what_stands_and_what_was_measured():
    text = "# %% [markdown]\n# # Title\n# - **Wrong** → MAML loses to the bias. <!-- c1: higher -->\n"
    (message,) = broken_marks(text, notebook(LOWER), "source/q01.py")
    assert message.startswith(
        "source/q01.py:3: got `c1: higher` behind '- **Wrong** → MAML loses to the bias.'; expected"
    )
    assert "'lower' (RMSE at K = 2: MAML minus shrunken bias −0.050 [" in message and "p <.001 after Holm" in message


def test_two_claims_of_the_same_comparison_are_refused():
    (message,) = broken_marks("# words\n", {"cells": notebook(LOWER)["cells"] * 2}, "source/q01.py")
    assert (
        "source/q01.py: got claim 2, which says the same as claim 1: RMSE at K = 2: MAML minus shrunken bias" in message
    )


def test_the_verdict_is_that_after_holm():
    near = record([0.1, -0.02, 0.1, 0.05, -0.03, 0.1, 0.02, 0.01] * 2)
    assert broken(" <!-- c1: higher -->", near) == []
    many = [near, *({**NONE, "at": [f"K = {k}"]} for k in range(2, 502))]
    assert "no difference seen" in broken(" <!-- c1: higher -->", *many)[0]


def test_two_claims_may_bear_one_sentence():
    assert broken(" <!-- c1: higher, c2: lower -->", *ALL) == []
    assert len(broken(" <!-- c1: lower, c2: higher -->", *ALL)) == 2


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (" <!-- c6: lower -->", "expected a claim from c1 to c5"),
        (" <!-- c1: better -->", "expected one of lower, higher"),
    ],
)
def test_a_mark_of_no_claim_or_no_verdict_is_refused(mark, words):
    assert words in broken(mark, *ALL)[0]


@pytest.mark.parametrize(
    "mark", ["<!-- c1 lower -->", "<!-- c1: lower", "<!-- c1: lower; c2: none -->", "<!-- c1: -->"]
)
def test_a_mark_that_cannot_be_read_is_refused(mark):
    with pytest.raises(ValueError, match=r"source/q01.py:1: got .*expected marks like"):
        marks_in(f"# MAML wins. {mark}\n", "source/q01.py")


def test_other_comments_and_code_are_left_alone():
    text = "# words <!-- a note -->\nprint('<!-- c1: lower -->')\n"
    assert marks_in(text, "x") == [] and without_marks("# words <!-- a note -->") == "# words <!-- a note -->"


def test_readers_do_not_see_them():
    text = "# It loses. <!-- c1: higher -->\n# 更差。<!-- c1: higher, c2: none -->\n"
    assert without_marks(text) == "# It loses.\n# 更差。\n"


def test_the_build_stops_at_a_broken_mark_and_writes_nothing(toy, monkeypatch):
    monkeypatch.setattr(execution, "run_lesson", run_without_kernel)
    toy.change("# Four, since", "# MAML is worse. <!-- c1: lower -->\n# Four, since")
    line = toy.source.read_text(encoding="utf-8").splitlines().index("# MAML is worse. <!-- c1: lower -->") + 1
    with pytest.raises(
        BuildError, match=rf"notebooks/source/{STEM}\.py:{line}: got `c1: lower` behind 'MAML is worse.'"
    ):
        build.build_questions(["q06"])
    assert not toy.notebook.exists()
    toy.change("c1: lower", "c1: higher")
    build.build_questions(["q06"])
    assert "c1: higher" not in toy.notebook.read_text(encoding="utf-8")


def test_pitfalls_and_chinese_are_held_too_and_read_without_marks(toy, monkeypatch):
    monkeypatch.setattr(execution, "run_lesson", run_without_kernel)
    toy.change("→ It is four.", "→ It is four. <!-- c1: none -->")
    toy.change("→ 是四。", "→ 是四。<!-- c1: none -->")
    with pytest.raises(BuildError) as error:
        build.build_questions(["q06"])
    assert str(error.value).count("got `c1: none`") == 2
    assert read_lesson("q06").pitfalls[0].correction == {"en": "It is four.", "zh": "是四。"}
