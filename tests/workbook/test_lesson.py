"""The parser and the grammar of a lesson."""

import importlib.util
import sys

import pytest
from toy import STEM, TEXT

from metarec_lib.workbook.lessons.lesson import LessonError, questions_with_lesson, read_cells
from metarec_lib.workbook.lessons.reading import read_lesson


def test_reads_every_part_of_a_lesson(toy):
    lesson = read_lesson("q06")
    assert lesson.question.stem == STEM
    assert (lesson.level, lesson.minutes, lesson.topics) == ("senior", 3, ("sums", "baselines"))
    assert [need.key for need in lesson.needs] == ["q01", "q02"]
    assert lesson.texts["question"] == {"en": "What is 2 + 2?", "zh": "二加二等于几？"}
    assert lesson.texts["answer-full"] == {"en": "Four, since $2 + 2 = 4$."}
    assert lesson.texts["zh"] == {"zh": "四，因为 $2 + 2 = 4$。"}
    assert [point.weight for point in lesson.rubric] == [4, 3, 2, 1]
    assert lesson.rubric[2].en == "names a baseline that is strong"
    assert lesson.rubric[2].zh == "提到基线"
    assert lesson.pitfalls[0].wrong == {"en": '"Five."', "zh": "“五。”"}
    assert lesson.follow_ups[0].answer == {"en": "Six.", "zh": "六。"}
    assert len(lesson.code_cells) == 5


def test_without_jupytext_it_reads_the_same_lesson_from_the_built_notebook(built, monkeypatch):
    written = read_lesson("q06")
    monkeypatch.setitem(sys.modules, "jupytext", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jupytext" else pytest.fail(name))
    read = read_lesson("q06")
    assert (read.texts, read.rubric, read.pitfalls, read.follow_ups) == (
        written.texts,
        written.rubric,
        written.pitfalls,
        written.follow_ups,
    )
    assert (read.level, read.minutes, read.needs, read.topics) == ("senior", 3, written.needs, written.topics)
    assert [cell.source for cell in read.code_cells] == [cell.source for cell in written.code_cells]
    built.notebook.unlink()
    with pytest.raises(FileNotFoundError, match=r"notebooks/q06_evaluate_meta_learning\.ipynb is missing"):
        read_lesson("q06")


def test_knows_the_line_of_each_cell(toy):
    lines = TEXT.splitlines()
    for cell in read_lesson("q06").cells:
        assert lines[cell.line].removeprefix("# ") == cell.source.splitlines()[0]


def test_blank_lines_behind_a_marker_do_not_shift_the_line():
    cell = read_cells("# %%\n\n\nx = 1\n", "toy.py")[0]
    assert cell.line + 1 + cell.source.splitlines().index("x = 1") == 4


def test_lists_the_written_lessons(toy):
    assert [question.key for question in questions_with_lesson()] == ["q06"]


def test_finds_the_studies_a_lesson_reads(toy):
    toy.change('shown = "a control"', "shown = load_study('q06'), load_study(\"other\")")
    assert read_lesson("q06").studies == (STEM, "other")


LONG = "\n".join(f"x{i} = {i}" for i in range(13))
IMPORTS = "\n".join(f"import a{i}" for i in range(6))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('tags=["play"]', 'tags=["plya"]', "unknown tag 'plya'"),
        ('tags=["zh"]', 'tags=["references"]', "a second cell tagged 'references'"),
        ('tags=["zh"]', "", "no cell tagged 'zh'"),
        ('# %% tags=["claim"]', '# %% [markdown] tags=["claim"]', "a markdown cell tagged 'claim'"),
        ('# %% [markdown] tags=["zh"]', '# %% tags=["zh"]', "a code cell tagged 'zh'"),
        ('tags=["zh"]', 'tags=["zh", "rubric"]', "on one cell"),
        ("# #### 中文\n# 四。", "", "no text under `#### 中文` in 'answer-short'"),
        ("# 四。", "# four", "no Chinese"),
        ("needs: q01, q02", "needs: q77", "the need 'q77'"),
        ("needs: q01, q02", "needs: q06", "among its own needs"),
        ("level: senior", "level: wizard", "the level 'wizard'"),
        ("minutes: 3", "minutes: 30", "30 minutes"),
        (" · minutes: 3", "", "the last line 'level: senior"),
        ("- [4] says four", "- [5] says four", "weights that sum to 11"),
        ("- [1] 简短", "- [2] 简短", "weight 1 in English and 2 in Chinese"),
        ("# - [1] 简短\n", "", "4 items in English and 3 in Chinese"),
        ("- [4] says four", "- says four", "'- says four' in 'rubric'"),
        ("- **\"Five.\"** → It", '- "Five." It', "in 'pitfalls'"),
        ("</summary>Eight.</details>", "</summary>Eight.", "2 items in English and 3 in Chinese"),
        ("# #### English\n# <details>", "# #### English\n# Well.\n# <details>", "'Well.' in 'follow-ups'"),
        ('shown = "a control"', LONG, "13 lines of code"),
        ('shown = "a control"', IMPORTS, "7 lines of imports"),
        ("SEED = seed()", "SEED = 0", "without `SEED = seed()`"),
        ('headline=True)', 'headline=True)\nprint()', "does not end in `claim"),
        ('check("q06")', 'check("q05")', 'calls `check("q06")`'),
        ('shown = "a control"', "shown =", "code that is not Python"),
    ],
)  # fmt: skip
def test_names_a_breach(toy, old, new, said):
    toy.change(old, new)
    with pytest.raises(LessonError) as error:
        read_lesson("q06")
    assert said in str(error.value)
    assert f"notebooks/source/{STEM}.py:" in str(error.value)
    assert "expected" in str(error.value)


def test_shows_all_breaches_at_once_in_order_of_line(toy):
    toy.change('tags=["play"]', 'tags=["plya"]')
    toy.change("minutes: 3", "minutes: 30")
    with pytest.raises(LessonError) as error:
        read_lesson("q06")
    message = str(error.value)
    assert message.index("30 minutes") < message.index("plya")
    line = TEXT.splitlines().index('# %% tags=["play"]') + 1
    assert f"{STEM}.py:{line}: got the unknown tag 'plya'" in message


def test_syntax_errors_name_their_line(toy):
    toy.change("SEED = seed()", "SEED = seed()\nx = = 1")
    line = TEXT.splitlines().index("SEED = seed()") + 2
    with pytest.raises(LessonError, match=f"{STEM}.py:{line}: got code that is not Python"):
        read_lesson("q06")


def test_comments_blank_lines_and_magics_are_no_code(toy):
    toy.change('shown = "a control"', "%matplotlib inline\n" + "# why\n\n" * 10 + "x = 1")
    assert read_lesson("q06").code_cells[2].source.startswith("%matplotlib")


def test_a_lesson_without_needs(toy):
    toy.change("needs: q01, q02", "needs: none")
    assert read_lesson("q06").needs == ()


def test_text_before_the_first_cell_is_an_error(toy):
    toy.write("import os\n" + TEXT)
    with pytest.raises(LessonError, match="'import os' before the first cell"):
        read_lesson("q06")


def test_a_jupytext_header_is_fine(toy):
    toy.write("# ---\n# jupyter:\n#   jupytext: {formats: 'py:percent'}\n# ---\n\n" + TEXT)
    lesson = read_lesson("q06")
    assert toy.source.read_text(encoding="utf-8").splitlines()[lesson.cells[0].line] == "# # A toy lesson"


def test_a_missing_lesson_names_the_file(toy):
    with pytest.raises(FileNotFoundError, match=r"q07_meta_learning_framework\.py is missing"):
        read_lesson("q07")
