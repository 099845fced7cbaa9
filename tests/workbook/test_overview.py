"""The README's table: the headline claim of each lesson, with its verdict after Holm."""

import json

from toy import run_without_kernel

from metarec_lib.workbook.lessons import overview
from metarec_lib.workbook.lessons.claims import claim_record
from metarec_lib.workbook.lessons.reading import read_lesson


def test_the_headline_with_its_verdict_stands_in_the_row(built):
    row = next(line for line in overview.table().splitlines() if "q06" in line)
    assert row.endswith("RMSE at K = 5: MAML minus shrunken bias +0.050 [+0.040, +0.060]: higher |")


def test_a_lesson_without_a_headline_or_a_notebook_has_none(toy):
    notebook = run_without_kernel(read_lesson("q06")).notebook
    for cell in notebook.cells:
        for out in cell.get("outputs", ()):
            if record := out.get("metadata", {}).get("metarec", {}).get("claim"):
                record["headline"] = False
    assert overview.outcome(json.dumps(notebook)) == ""
    assert all(line.endswith("| |") for line in overview.table().splitlines()[2:])


def test_claims_are_none_of_the_readme_until_holm_has_spoken(toy):
    """One clear claim among five hundred nulls is not clear."""
    from metarec_lib.evaluation.uncertainty import compare

    near = compare([0.1, -0.02, 0.1, 0.05, -0.03, 0.1, 0.02, 0.01], [0.0] * 8)
    null = compare([1.0, -1.0], [0.0, 0.0])
    records = [claim_record("RMSE", "MAML", "shrunken bias", near, headline=True)]
    records += [claim_record("RMSE", "MAML", "MeLU", null)] * 500
    cells = [{"outputs": [{"metadata": {"metarec": {"claim": record}}}]} for record in records]
    assert overview.outcome(json.dumps({"cells": cells})).endswith(": no difference seen")
