"""The limits of a lesson, each with a planted fault; twins; the list of exceptions; solutions kept out."""

import json
import re

import pytest
from toy import STEM, run_without_kernel
from whole import SHORT, TEXT

from metarec_lib.workbook.core import Question
from metarec_lib.workbook.exercises import plain_text
from metarec_lib.workbook.lessons import breaches, build, execution, grammar, spoilers
from metarec_lib.workbook.lessons.chinese import columns, joined
from metarec_lib.workbook.lessons.drift import stale_files
from metarec_lib.workbook.lessons.execution import BuildError
from metarec_lib.workbook.lessons.lesson import LessonError, questions_with_lesson, read_cells, source_path
from metarec_lib.workbook.lessons.notebook import notebook_of
from metarec_lib.workbook.lessons.reading import notebook_cells, read_lesson
from metarec_lib.workbook.lessons.sizes import size_of, words

LINES = TEXT.splitlines()


@pytest.fixture
def whole(toy, monkeypatch):
    """The toy workbook with a lesson that keeps every limit, and held to them."""
    monkeypatch.setattr(breaches, "EXCEPTIONS", ())
    toy.write(TEXT)
    return toy


def refused(text="q06"):
    with pytest.raises(LessonError) as error:
        read_lesson(text)
    return [line.partition(".py:")[2] for line in str(error.value).splitlines()[1:]]


def test_the_whole_lesson_is_well(whole):
    lesson = read_lesson("q06")
    assert [cell.twin.splitlines()[0] for cell in lesson.cells if cell.twin] == [
        "# q06 · 一节完整的课",
        "相当于 $\\kappa$ 条评分的先验，从 5 条还是 20 条起不再重要？",
        "写出 `add`。",
    ]
    assert not any(cell.lang for cell in lesson.cells)


# -- sizes ------------------------------------------------------------------------------------------------------------
PROSE = '# %% [markdown]\n# {text}\n\n# %% [markdown] lang="zh"\n# 中文。\n\n# %%\nfrom metarec_lib'


def code_cells(count, tag="", text="x = 1"):
    return "".join(f"# %%{tag}\n{text}\n\n" for _ in range(count)) + '# %% [markdown] tags=["exercise"]'


FIGURE = 'plots.show(plots.bars({}, title="t", xlabel="x"), alt="A bar, no more.")'
CODE = "# %%\nx = 1\n\n"
LAST = '# %% [markdown] tags=["exercise"]'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("# %%\nfrom metarec_lib", PROSE.format(text="word " * 1101), r"got 1,130 words of .*expected at most 1,100\. This"),
        (f"# {SHORT}", "# Short.", "got 1 words in 'answer-short'; expected 60 to 110, 30 seconds. Say it aloud"),
        (f"# {SHORT}", f"# {SHORT} {SHORT}", "got 160 words in 'answer-short'; expected 60 to 110"),
        ("# It is worth", "# " + "word " * 440 + "It is worth", "got 445 words in 'answer-full'; expected at most 440"),
        ('# %% tags=["claim"]\nclaim("none")\n', "", "got 2 claims; expected 3 to 8. Drop some, or measure"),
        (LAST, code_cells(6, ' tags=["claim"]', 'claim("more")'), "got 9 claims; expected 3 to 8"),
        ("plots.play(bar", "print(bar", "got 2 figures; expected 3 to 7"),
        (LAST, code_cells(5, text=FIGURE), "got 8 figures; expected 3 to 7"),
        ('plots.bars({"a": 1.0}', "plots.intervals({}", "got 2 interval plots of 3 figures; expected at most half"),
        (LAST, code_cells(17), "got 27 code cells; expected at most 26. Join or drop some"),
        ("check = print", f"check = print  # {'x' * 72}", "got a line of 89 columns; expected at most 88. Break the line"),
        ("check = print", f"check = print  # {'中' * 40}\n# {'x' * 90}", "got a line of 97 columns and 1 more too wide"),
        ("- [4] says what", "- [5] says what", "weights that sum to 11"),
        ("# - [1] 简短\n", "", "4 items in English and 3 in Chinese"),
        ('tags=["from-scratch"]', "", "got no cell tagged 'from-scratch'; expected at least one"),
        ('# %% [markdown] tags=["expect"]', "# %% [markdown]", "got no cell tagged 'expect'; expected at least one"),
        ('# %% tags=["measured"]', "# %%", "got no cell tagged 'measured'; expected one"),
        ('# %% [markdown] tags=["references"]', CODE + "# %% [markdown] tags=[\"references\"]", "before other code"),
        ("what_was_measured()\n", "print()\n", "tagged 'measured' without its call; expected `what_was_measured()`"),
        ('# %% tags=["figure"]', '# %% [markdown] tags=["figure"]', "a markdown cell tagged 'figure'; expected a code"),
        ('# %% [markdown] tags=["expect"]', '# %% tags=["expect"]', "a code cell tagged 'expect'; expected a markdown"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_refused_with_the_number_the_limit_and_the_line(whole, old, new, said):
    whole.change(old, new)
    messages = refused()
    assert [message for message in messages if re.search(said.replace("()", r"\(\)"), message)], messages


def test_the_line_is_that_of_the_first_thing_too_many(whole):
    whole.change(LAST, code_cells(17))
    lines = whole.source.read_text(encoding="utf-8").splitlines()
    markers = [number for number, line in enumerate(lines, 1) if line.startswith("# %%") and "markdown" not in line]
    (message,) = refused()
    assert message.startswith(f"{markers[27]}:")  # the cell of texts does not count


def test_the_cell_of_texts_in_two_languages_is_held_to_no_limit(whole):
    assert "many users" in TEXT and max(map(columns, LINES)) > 88
    size = size_of(read_lesson("q06").cells, read_lesson("q06").texts)
    assert len(size.code_cells) == 10
    whole.change('TITLES = {"worth"', 'TITLES = print("more than texts") or {"worth"')
    assert any("columns" in message for message in refused())


def test_only_one_cell_of_texts_is_free(whole):
    (cell,) = [line for line in LINES if line.startswith("TITLES")]
    whole.change(LAST, f"# %%\n{cell}\n\n{LAST}")
    assert any("columns" in message for message in refused())


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Two words", 2),
        ("don't re-count 1,100 users' ratings", 5),
        ("$a + b = c$ is `one.name(x)`", 3),
        ("before\n$$\\text{never counted}$$\nafter", 2),
        ("[the page](https://example.org/a/b) <!-- c3: lower --> <b>bold</b>", 3),
        ("中文不算 words", 1),
        ("# 2. A heading · K = 5", 5),
    ],
)
def test_words(text, count):
    assert words(text) == count


def test_build_prints_the_sizes(whole, monkeypatch, capsys):
    monkeypatch.setattr(execution, "run_lesson", run_without_kernel)
    build.build_questions(["q06"])
    said = capsys.readouterr().out
    assert "q06  1.0 s" in said
    assert re.search(r"prose 29 of 1,100 words · answers 80 \(60 to 110\) and 5 \(at most 440\) words", said), said
    assert "claims 3 (3 to 8) · figures 3 (3 to 7), 1 of intervals · code cells 10 of 26" in said


# -- exceptions -------------------------------------------------------------------------------------------------------
FIRST_LIST = {
    "q01_what_is_meta_learning",
    "q02_user_interest_modeling",
    "q06_evaluate_meta_learning",
    "q07_meta_learning_framework",
}


def test_the_list_of_exceptions_only_shrinks():
    written = {question.stem: question for question in questions_with_lesson()}
    assert set(breaches.EXCEPTIONS) <= FIRST_LIST & set(written)
    for stem in breaches.EXCEPTIONS:
        with pytest.raises(LessonError):
            strictly(written[stem])
            pytest.fail(f"{stem} keeps every limit: take it off the list of exceptions")


def strictly(question: Question):
    """Read a lesson as if it were on no list."""
    path = source_path(question)
    cells = read_cells(path.read_text(encoding="utf-8"), path.name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(breaches, "EXCEPTIONS", ())
        return grammar.lesson_from(question, path, cells)


def test_a_lesson_on_the_list_may_break_limits_and_nothing_else(whole, monkeypatch):
    monkeypatch.setattr(breaches, "EXCEPTIONS", (STEM,))
    whole.change("check = print", f"check = print  # {'x' * 90}")
    read_lesson("q06")
    whole.change("[4] says what", "[5] says what")
    assert len(refused()) == 2  # the sum, and the other language


# -- twins ------------------------------------------------------------------------------------------------------------
EXPECT_ZH = '# %% [markdown] lang="zh"\n# 相当于 $\\kappa$ 条评分的先验，从 5 条还是 20 条起不再重要？\n'
EXERCISE_ZH = '# %% [markdown] lang="zh"\n# 写出 `add`。\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (EXERCISE_ZH, "", "got a markdown cell without its Chinese twin; expected one. Write it behind the cell"),
        ("从 5 条", "从 6 条", "numbers only in English: 5; numbers only in Chinese: 6; expected the same in both"),
        ("943 名用户", "九百名用户", "numbers only in English: 943"),
        ("# 相当于 $\\kappa$", "# 相当于 $\\tau$", r"formulas only in English: \kappa; formulas only in Chinese: \tau"),
        ("# 写出 `add`", "# 写出 `sum`", "code only in English: `add`; code only in Chinese: `sum`"),
        ("(https://grouplens.org/datasets/movielens/)。", "。", "links only in English: https://grouplens.org"),
        ("# # q06 · 一节", "# ## q06 · 一节", "headings only in English: # (number 1); headings only in Chinese: ##"),
        ("# 写出 `add`。", "# Write `add`.", "got a twin without Chinese text; expected the cell above it in Chinese"),
        ('lang="zh"\n# 写出', 'lang="de"\n# 写出', "a markdown cell with lang='de'"),
        ('lang="zh"\n# 写出', 'lang="zh" tags=["exercise"]\n# 写出', "with lang='zh' and tags ['exercise']"),
        (EXERCISE_ZH, EXERCISE_ZH + "\n" + EXERCISE_ZH, "a twin that follows no cell that it could say in Chinese"),
        ('# %% [markdown] tags=["answer-full"]', f'{EXERCISE_ZH}\n# %% [markdown] tags=["answer-full"]', "follows no cell"),
    ],
)  # fmt: skip
def test_a_twin_that_does_not_fit_is_refused(whole, old, new, said):
    whole.change(old, new)
    assert any(said in message for message in refused()), refused()


def test_swapped_twins_are_refused(whole):
    text = TEXT.replace(EXPECT_ZH, "SWAPPED").replace(EXERCISE_ZH, EXPECT_ZH).replace("SWAPPED", EXERCISE_ZH)
    whole.write(text)
    messages = refused()
    assert len(messages) == 2 and all("a twin that differs from its cell" in message for message in messages)
    assert all("move the twin behind the cell that it says in Chinese" in message for message in messages)


def test_a_twin_before_its_cell_is_refused(whole):
    whole.change(EXERCISE_ZH, "")
    whole.change(LAST, EXERCISE_ZH + "\n" + LAST)
    messages = refused()
    assert len(messages) == 2 and "follows no cell" in messages[0] and "without its Chinese twin" in messages[1]


def test_thousands_and_words_in_formulas_are_the_same_in_both_languages(whole):
    whole.change("# Write `add`.", "# Write `add` for 2,500 users, $x_\\text{new}$.")
    whole.change("# 写出 `add`。", "# 为 2500 名用户写出 `add`，$x_\\text{新}$。")
    read_lesson("q06")


# -- what the notebook shows ------------------------------------------------------------------------------------------
def cells_of(notebook):
    return {cell.id: cell for cell in notebook.cells}


def test_boxes_folds_and_twins_of_the_notebook(whole):
    cells = cells_of(notebook_of(read_lesson("q06")))
    assert cells["q06-question-1"].source.startswith(
        "## The question · 题目\n\n> #### English\n> What is a prior worth?\n>\n> ####"
    )
    assert cells["q06-expect-1"].source == "> Where does the prior of $\\kappa$ ratings stop to matter, at 5 or at 20?"
    assert cells["q06-expect-1"].metadata["metarec"]["zh"].startswith("> 相当于")
    short = cells["q06-answer-short-1"].source
    assert short.startswith(
        "## In 30 seconds · 三十秒回答\n\n<details><summary>Answer aloud, then open · 先自己说一遍，再展开</summary>\n\n####"
    )
    assert short.endswith("\n\n</details>")
    assert "<summary>Answer aloud, then open</summary>" in cells["q06-answer-full-1"].source
    assert "<summary>先自己说一遍，再展开</summary>" in cells["q06-zh-1"].source
    assert "</details>" in cells["q06-rubric-1"].source
    assert cells["q06-figure-1"].metadata["jupyter"] == {"source_hidden": True}
    assert all("jupyter" not in cell.metadata for name, cell in cells.items() if "figure" not in name)
    assert not any("一节完整的课" in cell.source for cell in cells.values())
    assert cells["q06-markdown-1"].metadata["metarec"]["zh"].startswith("# q06 · 一节完整的课\n")


def test_the_lesson_is_read_back_from_its_notebook(whole, monkeypatch):
    monkeypatch.setattr(execution, "run_lesson", run_without_kernel)
    build.build_questions(["q06"])
    written = read_lesson("q06")
    read = grammar.lesson_from(written.question, written.path, notebook_cells(whole.notebook))
    assert (read.texts, read.rubric, read.follow_ups) == (written.texts, written.rubric, written.follow_ups)
    assert [joined(cell.twin) for cell in read.cells] == [joined(cell.twin) for cell in written.cells]
    assert stale_files(["q06"]) == []


# -- Chinese lines ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("先验相当于\n若干条评分，\n先验。", "先验相当于若干条评分，先验。"),
        ("“先验”\n值多少", "“先验”值多少"),
        ("先验\n“值多少”", "先验“值多少”"),
        ("用户\nMAML 不行", "用户\nMAML 不行"),
        ("MAML\n不行", "MAML\n不行"),
        ("一段\n\n另一段", "一段\n\n另一段"),
        ("## 标题\n正文\n继续", "## 标题\n正文继续"),
        ("- 第一\n  续行\n- 第二", "- 第一续行\n- 第二"),
        ("**粗体**\n正文", "**粗体**正文"),
        ("正文\n**粗体**", "正文**粗体**"),
        ("**粗体。**\n正文", "**粗体。**\n正文"),
        ("**一**\n**二**", "**一**\n**二**"),
        ("```\n注释\n注释\n```", "```\n注释\n注释\n```"),
        ("it is “so”\n“and” so", "it is “so”\n“and” so"),
    ],
)
def test_wrapped_lines_inside_chinese_text_join_without_a_blank(text, shown):
    assert joined(text) == shown


def test_no_blank_stands_between_two_characters_of_the_written_lessons():
    between = re.compile("[\u4e00-\u9fff，。；：？！、（）]\n *[\u4e00-\u9fff，。；：？！、（）]")
    found = 0
    for question in questions_with_lesson():
        lesson = read_lesson(question)
        found += sum(len(between.findall(cell.source)) for cell in lesson.cells)
        for cell in notebook_of(lesson).cells:
            bodies = re.sub(r"^#.*$", "", cell.source, flags=re.MULTILINE) if cell.cell_type == "markdown" else ""
            assert not between.search(bodies), f"{cell.id}: {between.search(bodies)}"
        assert not any(between.search(text) for texts in lesson.texts.values() for text in texts.values())
    assert found > 20  # the sources do wrap their lines


# -- what only a run shows --------------------------------------------------------------------------------------------
def outputs(lesson, tag, text):
    """Check the first cell of a tag as if it had printed the text."""
    from nbformat import v4

    cell = next(cell for cell in lesson.code_cells if tag in cell.tags)
    made = v4.new_code_cell(cell.source, outputs=[v4.new_output("stream", name="stdout", text=text)])
    execution.check_outputs(lesson, cell, made)


def test_a_cell_from_scratch_must_agree(whole):
    lesson = read_lesson("q06")
    outputs(lesson, "from-scratch", "agrees: True\n")
    line = LINES.index('# %% tags=["from-scratch"]') + 2
    for text in ("agrees: False\n", "4\n"):
        with pytest.raises(BuildError, match=rf"{STEM}\.py:{line}: got no line `agrees: True`"):
            outputs(lesson, "from-scratch", text)


@pytest.mark.parametrize("text", ["{'a': 0.1}", "gain -0.00000", "[-0.00, 1]", "x {'K = 5': [1]}"])
def test_raw_dicts_and_a_minus_before_zero_are_refused(whole, text):
    with pytest.raises(BuildError, match="expected no raw dict and no minus before zero. Show a frame"):
        outputs(read_lesson("q06"), "claim", f"{text}\n")


@pytest.mark.parametrize("text", ["gain -0.00010", "10-0.0 is", "{1, 2}", "a - 0.0"])
def test_other_text_is_told(whole, text):
    outputs(read_lesson("q06"), "claim", f"{text}\n")


def test_a_figure_that_is_cut_off_stops_the_build_at_its_line(whole):
    whole.change('title="A bar"', 'title="A bar, longer than its picture " * 4')
    line = LINES.index('plots.show(fig, alt="One bar of length 1.")') + 1
    said = rf"{STEM}\.py:{line}: got ValueError: Got the text 'A bar, longer .* cut off by \d+ px at the right"
    with pytest.raises(BuildError, match=said):
        build.build_questions(["q06"])


def test_the_whole_lesson_is_built(whole, capsys):
    build.build_questions(["q06"])
    cells = {cell["id"]: cell for cell in json.loads(whole.notebook.read_text(encoding="utf-8"))["cells"]}
    picture, words_below = cells["q06-figure-1"]["outputs"]
    assert picture["metadata"]["image/png"]["width"] == 640
    assert "One bar of length 1.</details>" in "".join(words_below["data"]["text/html"])


# -- solutions --------------------------------------------------------------------------------------------------------
SOLUTION = '''"""q06: shrinking."""

from metarec_lib.workbook import exercise


@exercise(points=1, minutes=1, hints=["a", "b", "c"])
def shrink(ratings: list, strength: float = 1.0) -> float:
    """The mean, shrunken."""
    # BEGIN SOLUTION
    total: float = sum(ratings)
    count = len(ratings)
    return total / (count + strength)
    # END SOLUTION


@exercise(points=1, minutes=1, hints=["a", "b", "c"])
def total(ratings):
    """The sum."""
    # BEGIN SOLUTION
    return sum(ratings)
    # END SOLUTION
'''


@pytest.mark.parametrize(
    "code",
    [
        "def shrink(rated, kappa):\n    total = sum(rated)\n    count = len(rated)\n    return total / (count + kappa)",
        "def other(r, s):\n    '''Other words.'''\n    a = sum(r)\n    b = len(r)\n    return a / (b + s)",
        "y, kappa = [1], 2\na = sum(y)\nb = len(y)\nprior = a / (b + kappa)",
        "y, kappa = [1], 2\nfor _ in range(2):\n    a = sum(y)\n    b = len(y)\n    a / (b + kappa)",
    ],
    ids=["as it is", "other names", "without a function", "in a loop"],
)  # fmt: skip
def test_the_body_of_a_solution_is_refused_under_any_names(whole, code):
    (whole.root / "solutions" / f"{STEM}.py").write_text(SOLUTION, encoding="utf-8")
    whole.change(LAST, f"# %%\n{code}\n\n{LAST}")
    line = whole.source.read_text(encoding="utf-8").splitlines().index(code.splitlines()[0]) + 1
    said = "got the solution of `shrink` in the lesson; expected .*Call the learner's own, `my.shrink`"
    with pytest.raises(BuildError, match=said) as error:
        build.build_questions(["q06"])
    assert line <= int(re.search(r"\.py:(\d+): got the solution", str(error.value))[1]) <= line + 3
    assert "got the solution of `shrink`" in stale_files(["q06"])[0]


def test_something_like_a_solution_is_none(whole):
    (whole.root / "solutions" / f"{STEM}.py").write_text(SOLUTION, encoding="utf-8")
    code = "y, kappa = [1], 2\na = sum(y)\nb = len(y)\nprior = a / (b - kappa)\nc = sum(y)"
    whole.change(LAST, f"# %%\n{code}\n\n{LAST}")
    assert spoilers.shown_solutions(read_lesson("q06")) == []


def test_a_solution_that_is_not_python_is_said_once(whole, monkeypatch):
    monkeypatch.setattr(execution, "run_lesson", run_without_kernel)
    (whole.root / "solutions" / f"{STEM}.py").write_text("def f(:\n", encoding="utf-8")
    with pytest.raises(BuildError) as error:
        build.build_questions(["q06"])
    assert str(error.value).count("solutions/") == 1 and whole.notebook.is_file()


def test_the_written_lessons_show_no_solution_and_would_be_caught():
    for question in questions_with_lesson():
        lesson = read_lesson(question)
        assert spoilers.shown_solutions(lesson) == []
        solution = plain_text(build.solution_path(question))
        cell = lesson.code_cells[0]
        spoiled = type(lesson)(**{**vars(lesson), "cells": (type(cell)(**{**vars(cell), "source": solution}),)})
        assert len(spoilers.shown_solutions(spoiled)) >= 2, question.key


def test_the_check_cell_runs_alone_in_a_fresh_kernel(whole):
    whole.change("check = print\n", "")
    (told,) = refused()
    assert "a check cell that needs cells above it" in told and "`from metarec_lib import check, hint`" in told
    imports = "\n".join(["from metarec_lib import check"] * 7) + "\n"  # which count for no limit of the lesson
    whole.change('check("q06")', f'{imports}check("q06")')
    assert read_lesson("q06")
