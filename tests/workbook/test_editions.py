"""The Chinese edition of every lesson that is built, and what `make lab` does."""

import ast
import json
import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

import metarec_lib
from metarec_lib.workbook.core import QUESTIONS, content, is_chinese
from metarec_lib.workbook.exercises import stub_text
from metarec_lib.workbook.lessons import chinese_edition, needs_of

BUILT = [q for q in QUESTIONS if content("notebooks", f"{q.stem}.ipynb").is_file()]
ROOT = Path(metarec_lib.__file__).parents[1]


@pytest.mark.parametrize("question", BUILT, ids=lambda question: question.key)
def test_a_chinese_reader_gets_chinese(question):
    built = json.loads(content("notebooks", f"{question.stem}.ipynb").read_text(encoding="utf-8"))
    edition = chinese_edition(built)
    nbformat.validate(edition)
    text = {cell["id"]: "".join(cell["source"]) for cell in edition["cells"] if cell["cell_type"] == "markdown"}
    assert [name for name, said in text.items() if not is_chinese(said)] == []
    for name, said in text.items():
        assert "#### " not in said and "Answer aloud" not in said and "level: " not in said, name
    outputs = [out for cell in edition["cells"] for out in cell.get("outputs", ())]
    claims = [out for out in outputs if "claim" in out["metadata"].get("metarec", {})]
    assert claims and all("image/png" not in out["data"] for out in outputs)
    assert all(out["data"]["text/markdown"].startswith("> **实测**：") for out in claims)
    ids = [cell["id"] for cell in built["cells"] if "answer-full" not in cell["metadata"].get("tags", ())]
    assert [cell["id"] for cell in edition["cells"]] == ids


@pytest.mark.parametrize("question", BUILT, ids=lambda question: question.key)
def test_its_stub_is_chinese(question):
    text = stub_text(content("solutions", f"{question.stem}.py"), lang="zh")
    assert ast.parse(text) and "你要做的" in text and "Your part" not in text


def test_the_needs_of_a_lesson_are_read_from_its_notebook():
    assert needs_of(content("notebooks", "q01_what_is_meta_learning.ipynb")) == ["q06"]
    assert needs_of(content("notebooks", "q00_nowhere.ipynb")) == []


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_make_lab_opens_the_start_page_with_the_environment_on_the_path():
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # as from a terminal
    command = ["make", "-n", "-o", ".venv/.ready", "lab"]
    done = subprocess.run(command, cwd=ROOT, env=outside, capture_output=True, text=True)
    last = done.stdout.splitlines()[-1]
    assert f'PATH="{ROOT}/.venv/bin:' in last and last.endswith(" start.ipynb") and "shell_command" in last
