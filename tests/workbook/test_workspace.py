"""`metarec new`: what is copied, what is brought up to date, what is left alone."""

import json
import os
import re

import nbformat
import pytest
from toy import STEM

from metarec_lib.workbook.lessons import build
from metarec_lib.workbook.practice import progress
from metarec_lib.workbook.practice.contents import contents
from metarec_lib.workbook.practice.standing import reading_order
from metarec_lib.workbook.practice.workspace import RECORD, START, new_command, renew

NOTEBOOK, STUB = f"notebooks/{STEM}.ipynb", f"exercises/{STEM}.py"


@pytest.fixture
def work(tmp_path):
    return tmp_path / "my work"


def test_copies_notebooks_and_exercises(built, work, capsys):
    assert new_command(str(work)) == 0
    assert (work / STUB).read_text(encoding="utf-8") == built.stub.read_text(encoding="utf-8")
    assert "2 new" in capsys.readouterr().out
    assert sorted(path.name for path in work.iterdir()) == [RECORD, "exercises", "notebooks", START]


def test_the_solutions_result_is_not_shown(built, work):
    renew(work)
    cells = json.loads((work / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
    code = {cell["id"]: cell for cell in cells if cell["cell_type"] == "code"}
    assert code["q06-exercise-2"]["outputs"] == []
    assert code["q06-exercise-2"]["execution_count"] is None
    assert code["q06-claim-1"]["outputs"] != []


def test_running_again_changes_nothing(built, work):
    renew(work)
    before = {path: path.stat().st_mtime_ns for path in work.rglob("*.*")}
    assert renew(work) == [f"{work}: nothing to do."]
    assert {path: path.stat().st_mtime_ns for path in work.rglob("*.*")} == {
        **before,
        work / RECORD: (work / RECORD).stat().st_mtime_ns,
    }


def test_untouched_files_are_updated_and_changed_ones_kept(built, work):
    renew(work)
    (work / STUB).write_text("mine\n", encoding="utf-8")
    built.stub.write_text("a new stub\n", encoding="utf-8")
    built.change("# Four, since", "# It is four, since")
    build.build_questions(["q06"], force=True)
    built.stub.write_text("a new stub\n", encoding="utf-8")
    told = renew(work)
    assert (work / STUB).read_text(encoding="utf-8") == "mine\n"
    assert "It is four" in (work / NOTEBOOK).read_text(encoding="utf-8")
    assert told[0].endswith("1 updated, 1 kept.")
    assert STUB in told[1]
    renew(work)
    assert (work / STUB).read_text(encoding="utf-8") == "mine\n"


def test_a_foreign_file_is_never_overwritten(built, work):
    (work / "exercises").mkdir(parents=True)
    (work / STUB).write_text("from before\n", encoding="utf-8")
    renew(work)
    assert (work / STUB).read_text(encoding="utf-8") == "from before\n"


def test_what_is_new_is_added(built, work):
    renew(work)
    other = built.root / "exercises" / "q07_meta_learning_framework.py"
    other.write_text("new\n", encoding="utf-8")
    assert renew(work)[0].endswith("1 new.")
    assert (work / "exercises" / other.name).read_text(encoding="utf-8") == "new\n"


def test_a_deleted_file_comes_back(built, work):
    renew(work)
    (work / STUB).unlink()
    renew(work)
    assert (work / STUB).is_file()


def test_a_run_that_is_cut_short_goes_on(built, work, monkeypatch):
    replace, calls = os.replace, []

    def fails_on_the_third(source, target):
        calls.append(target)
        if len(calls) == 3:
            raise OSError("disk full")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fails_on_the_third)
    with pytest.raises(OSError, match="disk full"):
        renew(work)
    monkeypatch.setattr(os, "replace", replace)
    renew(work)
    assert (work / STUB).is_file() and (work / NOTEBOOK).is_file()
    assert not list(work.rglob("*.part"))


@pytest.mark.parametrize("inside", ["", "notebooks", "notebooks/mine", "exercises", "solutions"])
def test_refuses_the_workbooks_own_folders(built, inside):
    before = sorted(built.root.rglob("*"))
    with pytest.raises(ValueError, match="Choose another one"):
        renew(built.root / inside)
    assert sorted(built.root.rglob("*")) == before


def test_a_folder_inside_the_clone_is_fine(built):
    assert renew(built.root / "my-work")[0].endswith("2 new.")


def test_refuses_a_place_inside_a_workspace(built, work, capsys):
    renew(work)
    capsys.readouterr()
    for inside in (work / "my-work", work / "exercises", work / "notebooks" / "deep"):
        assert new_command(str(inside)) == 2
        assert f"inside the workspace {work}" in capsys.readouterr().err
    assert sorted(path.name for path in work.iterdir()) == [RECORD, "exercises", "notebooks", START]


def test_the_next_step_is_printed_unless_make_takes_it(built, work, capsys, monkeypatch):
    monkeypatch.delenv("MAKELEVEL", raising=False)
    monkeypatch.chdir(work.parent)
    new_command("my work")
    assert capsys.readouterr().out.splitlines()[-1] == "Next: cd 'my work' && jupyter lab start.ipynb"
    monkeypatch.chdir(work)
    new_command(".")
    assert capsys.readouterr().out.splitlines()[-1] == "Next: jupyter lab start.ipynb"
    monkeypatch.setenv("MAKELEVEL", "1")
    new_command(".")
    assert "Next" not in capsys.readouterr().out


def test_refuses_a_file(built, work):
    work.write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="which is a file"):
        renew(work)


# -- in Chinese -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def twins(built):
    """The toy, with a title that has a twin."""
    built.change("# # A toy lesson\n", '# # A toy lesson\n\n# %% [markdown] lang="zh"\n# # 一节小课\n')
    build.build_questions(["q06"], force=True)
    return built


def sources(work):
    cells = json.loads((work / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: "".join(cell["source"]) for cell in cells}


def test_in_chinese_text_and_stubs_are_chinese(twins, work, capsys):
    assert new_command(str(work), "zh") == 0
    assert "新增 2 个" in capsys.readouterr().out
    text = sources(work)
    assert text["q06-markdown-1"] == "# 一节小课"
    assert text["q06-question-1"].splitlines() == [
        "## 题目", "", "> 二加二等于几？", ">", "> 难度：高级 · 作答：3 分钟 · 先学：q01、q02 · 主题：sums, baselines",
    ]  # fmt: skip
    assert text["q06-answer-short-1"].startswith(
        "## 三十秒回答\n\n<details><summary>先自己说一遍，再展开</summary>\n\n四。"
    )
    assert "q06-answer-full-1" not in text and text["q06-zh-1"].startswith("## 三分钟回答")
    assert not any("English" in said or "Answer aloud" in said for said in text.values())
    stub = (work / STUB).read_text(encoding="utf-8")
    assert "你要做的" in stub and "请实现 add：两数之和。" in stub


def test_in_chinese_claims_are_said_anew_and_other_outputs_dropped(twins, work):
    renew(work, "zh")
    cells = json.loads((work / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
    outputs = {cell["id"]: cell["outputs"] for cell in cells if cell["cell_type"] == "code"}
    (claim,) = outputs.pop("q06-claim-1")
    assert claim["data"]["text/markdown"].startswith("> **实测**：RMSE（K = 5）：MAML − 收缩偏置 = +0.050")
    assert claim["metadata"]["metarec"]["claim"]["n"] == 3
    assert not any(outputs.values())


def test_a_claim_whose_name_is_gone_from_the_glossary_is_left_to_the_next_run(twins, work):
    text = twins.notebook.read_text(encoding="utf-8")
    twins.notebook.write_text(text.replace('"shrunken bias"', '"a name of old"'), encoding="utf-8")
    renew(work, "zh")
    assert "实测" not in (work / NOTEBOOK).read_text(encoding="utf-8")


def test_the_workspace_remembers_its_language_and_the_variable_overrides_it(twins, work, monkeypatch, capsys):
    new_command(str(work), "zh")
    new_command(str(work))
    assert "无需改动" in capsys.readouterr().out and sources(work)["q06-markdown-1"] == "# 一节小课"
    monkeypatch.setenv("METAREC_LANG", "en")
    new_command(str(work))
    assert "2 updated" in capsys.readouterr().out and sources(work)["q06-markdown-1"] == "# A toy lesson"
    monkeypatch.delenv("METAREC_LANG")
    new_command(str(work))
    assert "nothing to do" in capsys.readouterr().out


def test_switching_keeps_changed_files_and_changes_those_that_were_only_run(twins, work):
    renew(work)
    (work / STUB).write_text("mine\n", encoding="utf-8")
    run = json.loads((work / NOTEBOOK).read_text(encoding="utf-8"))
    for cell in run["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], 7
    (work / NOTEBOOK).write_text(json.dumps(run), encoding="utf-8")
    assert renew(work)[0].endswith("1 kept.") and '"execution_count": 7' in (work / NOTEBOOK).read_text(
        encoding="utf-8"
    )
    told = renew(work, "zh")
    assert told[0].endswith("更新 1 个，保留 1 个。") and STUB in told[1]
    assert (work / STUB).read_text(encoding="utf-8") == "mine\n"
    assert sources(work)["q06-markdown-1"] == "# 一节小课"
    mine = json.loads((work / NOTEBOOK).read_text(encoding="utf-8"))
    mine["cells"][0]["source"] = ["# My own notes"]
    (work / NOTEBOOK).write_text(json.dumps(mine), encoding="utf-8")
    assert "保留 2 个" in renew(work, "zh")[0] and "2 kept" in renew(work)[0]
    assert sources(work)["q06-markdown-1"] == "# My own notes"


# -- the start page -------------------------------------------------------------------------------------------------------
def start(work):
    notebook = json.loads((work / START).read_text(encoding="utf-8"))
    nbformat.validate(notebook)
    return notebook["cells"][1]["outputs"][0]["data"]["text/markdown"], notebook


def test_the_start_page_lists_the_lessons_and_what_is_next(built, work):
    renew(work)
    page, _ = start(work)
    assert "**1 of 31 lessons so far**, in reading order; 0 done." in page
    title = "q06 · How do you evaluate a meta-learned recommender?"
    assert f"| ▶ 1 | [{title}]({NOTEBOOK}) | not yet | 0 of 1 pass | – | – | 45 + 1 |" in page
    progress.record_attempts("q06", (work / STUB).resolve(), [("add", "passed", 1, 1)])
    renew(work)
    assert "| ✓ 1 | " in start(work)[0] and "✓ 1 of 1 pass" in start(work)[0]


def test_the_start_page_is_in_the_language_of_the_workspace(built, work):
    renew(work, "zh")
    page, notebook = start(work)
    assert "目前有 1/31 课" in page and "通过 0/1" in page and "如何评估元学习模型？" in page
    assert "".join(notebook["cells"][0]["source"]).startswith("# 从这里开始")
    renew(work)
    assert "1 of 31" in start(work)[0]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_start_page_brings_the_functions_that_it_names(built, work, lang):
    import metarec_lib

    renew(work, lang)
    cells = ["".join(cell["source"]) for cell in start(work)[1]["cells"]]
    brought = re.search(r"from metarec_lib import (.*)", cells[1])[1].split(", ")
    named = {name for cell in cells for name in re.findall(r"`?\b(\w+)\(", cell)}
    assert {"Interview", "Review", "what_next"} <= named <= set(brought)
    assert all(callable(getattr(metarec_lib, name)) for name in brought)


def test_a_start_page_that_was_changed_stays(built, work):
    renew(work)
    (work / START).write_text("mine", encoding="utf-8")
    renew(work, "zh")
    assert (work / START).read_text(encoding="utf-8") == "mine"


def test_its_cell_shows_the_page_anew(built, work, monkeypatch, capsys):
    renew(work)
    monkeypatch.chdir(work)
    contents()
    assert capsys.readouterr().out.strip() == start(work)[0]
    monkeypatch.chdir(work / "notebooks")
    contents()
    assert f"]({STEM}.ipynb)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("needs", "order"),
    [
        ({"q01": ["q06"], "q02": [], "q06": []}, ["q06", "q01", "q02"]),
        ({"q01": ["q02"], "q02": ["q03"], "q03": ["q01"]}, ["q03", "q02", "q01"]),
        ({"q01": ["q31"]}, ["q01"]),
    ],
)
def test_reading_order(needs, order):
    assert reading_order(needs) == order
