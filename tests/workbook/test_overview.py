"""The README's table: the headline claim of each lesson, with its verdict after Holm."""

import json

import pytest
from toy import run_without_kernel

from metarec_lib.workbook.lessons import build, overview
from metarec_lib.workbook.lessons.claims import claim_record
from metarec_lib.workbook.lessons.drift import stale_files
from metarec_lib.workbook.lessons.measured import verdicts
from metarec_lib.workbook.lessons.reading import read_lesson


def test_the_headline_with_its_verdict_stands_in_the_row(built):
    row = next(line for line in overview.table().splitlines() if "q06" in line)
    assert row.endswith("| RMSE at K = 5: MAML is higher than shrunken bias, by 0.050 [0.040, 0.060] |")
    row = next(line for line in overview.table("zh").splitlines() if "q06" in line)
    assert row.endswith("| 如何评估元学习模型？ | RMSE（K = 5）：MAML 比收缩偏置高 0.050 [0.040, 0.060] |")


def test_it_says_how_many_lessons_there_are_so_far(built):
    assert overview.table().startswith("**1 of 31 so far.**") and overview.table("zh").startswith(
        "**目前完成 1/31 课。**"
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            (-0.0018, -0.002, -0.0022),
            "RMSE: MAML is lower than shrunken bias, by 0.0020 [0.0020, 0.0020] (clear, but",
        ),
        ((0.002, -0.002, 0.0), "RMSE: MAML and shrunken bias are equal within the margin ("),
        ((0.5, -0.5, 0.0), "RMSE: no difference seen between MAML and shrunken bias ("),
    ],
)
def test_a_headline_says_no_more_than_its_verdict(values, said):
    from metarec_lib.evaluation.uncertainty import compare

    record = claim_record("RMSE", "MAML", "shrunken bias", compare(list(values) * 30, [0.0] * 90), headline=True)
    (found,) = verdicts([record])
    assert overview.plainly(found, "en").startswith(said)
    assert overview.plainly(found, "zh").startswith("RMSE：MAML")


def test_both_readmes_are_held_to_their_table(built):
    mark = f"{overview.BEGIN}\nold\n{overview.END}\n"
    for name in overview.READMES:
        (built.root / name).write_text(f"# A\n{mark}", encoding="utf-8")
    assert [line.split(":")[0] for line in stale_files() if "table" in line] == ["README.md", "README.zh.md"]
    build.build_questions()
    assert not any("README" in line for line in stale_files())
    assert "目前完成 1/31 课" in (built.root / "README.zh.md").read_text(encoding="utf-8")


def test_a_lesson_without_a_headline_or_a_notebook_has_none(toy):
    notebook = run_without_kernel(read_lesson("q06")).notebook
    for cell in notebook.cells:
        for out in cell.get("outputs", ()):
            if record := out.get("metadata", {}).get("metarec", {}).get("claim"):
                record["headline"] = False
    assert overview.outcome(json.dumps(notebook)) == ""
    assert all(line.endswith("| |") for line in overview.table().splitlines()[4:])


def test_claims_are_none_of_the_readme_until_holm_has_spoken(toy):
    """One clear claim among five hundred nulls is not clear."""
    from metarec_lib.evaluation.uncertainty import compare

    near = compare([0.1, -0.02, 0.1, 0.05, -0.03, 0.1, 0.02, 0.01], [0.0] * 8)
    null = compare([1.0, -1.0], [0.0, 0.0])
    records = [claim_record("RMSE", "MAML", "shrunken bias", near, headline=True)]
    records += [claim_record("RMSE", "MAML", "MeLU", null)] * 500
    cells = [{"outputs": [{"metadata": {"metarec": {"claim": record}}}]} for record in records]
    assert "no difference seen between MAML and shrunken bias" in overview.outcome(json.dumps({"cells": cells}))
