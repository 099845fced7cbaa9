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
