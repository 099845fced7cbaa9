"""The question bank: what is shown comes from the lessons, answers stay shut until asked for, a sheet fits a page."""

import pytest

from metarec_lib.cli import main
from metarec_lib.workbook.lessons import read_lesson
from metarec_lib.workbook.practice import bank


def ask(capsys, *names, topic=None, word=None, every=False, lang="en", seed=0):
    status = bank.ask_command([f"{n}" for n in names], topic, word, every, lang, seed)
    return status, capsys.readouterr().out


Q22 = "q22_attention_mechanism"


def test_a_step_is_opened_by_each_enter(capsys):
    asked, lesson = [], read_lesson("q22")

    def wait(prompt):
        asked.append(prompt)
        said = capsys.readouterr().out
        shut = bank.text_of(lesson, list(bank.STEPS)[len(asked) - 1], "en")
        assert shut not in said  # the step that the prompt names is still shut
        return "q" if len(asked) == 3 else ""

    bank.show(lesson, "en", wait)
    assert len(asked) == 3 and "In 30 seconds" in asked[0] and "What a good answer holds" in asked[2]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_in_a_pipe_everything_is_shown_without_marks(capsys, lang):
    status, said = ask(capsys, Q22, lang=lang)
    assert status == 0 and "<!--" not in said and "<details>" not in said and "**" not in said
    for step in bank.STEPS:
        assert bank.text_of(read_lesson("q22"), step, lang) in said


def test_search_by_topic_and_by_word_in_both_languages(capsys):
    assert "q22" in ask(capsys, topic="attention", every=True)[1]
    assert "q22" in ask(capsys, word="Nadaraya", every=True)[1]
    assert "q22" in ask(capsys, word="核回归", every=True)[1]
    assert len(ask(capsys, word="DIN", every=True)[1].splitlines()) < 10  # not every "finding"
    assert "q02" in ask(capsys, word="din", every=True)[1] and "q14" in ask(capsys, word="overfit", every=True)[1]
    assert [line[:3] for line in ask(capsys, topic="注意力", every=True)[1].splitlines()] == ["q16", "q22", "q23"]
    status, said = ask(capsys, topic="no such topic", lang="zh")
    assert status == 1 and "--word no such topic" in said and "cold start" in said
    status, said = ask(capsys, word="no such word anywhere")
    assert status == 1 and "metarec ask --list" in said
    with pytest.raises(SystemExit) as stopped:
        main(["ask", "leakage"])
    assert stopped.value.code == 2 and "--word WORD searches" in capsys.readouterr().err


def test_the_list_holds_every_lesson_that_is_built(capsys):
    lines = ask(capsys, every=True)[1].splitlines()
    assert [line[:3] for line in lines] == [q.key for q in bank.written()]


def test_a_seed_draws_the_same_question(capsys):
    first, second = (ask(capsys, topic="cold start", seed=3)[1].splitlines()[0] for _ in range(2))
    assert first == second


def test_every_figure_of_a_sheet_is_of_the_measured_table():
    question = next(q for q in bank.written() if q.stem == Q22)
    lines = [
        line[2:] for line in bank.sheet([question], "en").splitlines() if line.startswith("- ") and "✗" not in line
    ]
    assert 1 <= len(lines) <= bank.FIGURES and set(lines) <= set(bank.measured(question, "en"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_sheet_of_one_question_fits_a_page(lang):
    """A page of 15 px at 44 em holds some 46 lines of 95 letters, or of 44 Chinese characters."""
    width = 95 if lang == "en" else 44
    for question in bank.written():
        lines = bank.sheet([question], lang).splitlines()
        assert sum(max(1, -(-len(line) // width)) for line in lines) <= 46, question.key


def test_files_by_their_endings(tmp_path, capsys):
    page, text = tmp_path / "sheet.html", tmp_path / "sheet.md"
    assert bank.sheet_command([Q22], str(page), "zh") == bank.sheet_command([Q22], str(text), "en") == 0
    assert '<html lang="zh">' in page.read_text(encoding="utf-8") and "q22" in text.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="ends in .md or .html"):
        bank.sheet_command([Q22], str(tmp_path / "sheet.pdf"), "en")


def test_code_keeps_its_lines_in_a_terminal():
    text = "Write *it*.\n\n```python\ndef f(x):\n\n    return x\n```\n\nOne\nline."
    assert bank.plain("它只说*哪些*相关；$w^*$ 和 2*3*4，$v^*$") == "它只说哪些相关；$w^*$ 和 2*3*4，$v^*$"
    assert bank.plain(text) == "Write it.\n\n    def f(x):\n\n        return x\n\nOne line."


@pytest.mark.parametrize(("lang", "heads"), [("en", "Figures to remember"), ("zh", "要记住的数字")])
def test_a_page_names_its_lists_and_shows_emphasis(lang, heads):
    question = next(q for q in bank.written() if q.stem == Q22)
    page = bank.as_html(bank.sheet([question], lang), lang).partition("<body>")[2]
    assert heads in page and page.count("<ul>") == page.count("</ul>") == 2 and "*" not in page
    assert bank.marked("a `b*c*` *d* 2*3*4 <") == "a <code>b*c*</code> <em>d</em> 2*3*4 &lt;"
