"""`metarec build` and `build --check`."""

import json

import pytest
from toy import STEM, run_without_kernel

from metarec_lib.workbook.core.questions import resolve
from metarec_lib.workbook.lessons import build, execution
from metarec_lib.workbook.lessons.claims import sentence
from metarec_lib.workbook.lessons.command import build_command
from metarec_lib.workbook.lessons.dependencies import code_hash
from metarec_lib.workbook.lessons.drift import stale_files
from metarec_lib.workbook.lessons.execution import BuildError
from metarec_lib.workbook.lessons.reading import read_lesson
from metarec_lib.workbook.lessons.reruns import stored_claims
from metarec_lib.workbook.lessons.results import packed


def test_builds_byte_equal_twice_with_a_kernel(toy, capsys):
    build.build_questions()
    first = toy.notebook.read_bytes()
    toy.notebook.unlink()
    build.build_questions(["6"])
    assert toy.notebook.read_bytes() == first
    assert stale_files() == []
    assert b"\r" not in first and first.endswith(b"}\n") and not first.endswith(b"\n\n")
    assert "q06" in capsys.readouterr().out
    notebook = json.loads(first)
    check_shape(notebook)
    check_claim(stored_claims(resolve("q06")))


def test_the_kernel_does_not_warn_on_the_terminal(toy, capfd):
    execution.run_lesson(read_lesson(toy.source))
    assert "WARNING" not in "".join(capfd.readouterr())


def check_shape(notebook):
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [1, 2, 3, 4, 5]
    assert [cell["id"] for cell in code] == [
        "q06-code-1",
        "q06-claim-1",
        "q06-play-1",
        "q06-exercise-2",
        "q06-measured-1",
    ]
    assert code[1]["metadata"] == {"tags": ["claim"]}
    shown = code[1]["outputs"][0]["data"]
    assert "".join(shown["text/markdown"]).startswith("> **Measured.** RMSE at K = 5: MAML minus shrunken bias")
    table = code[4]["outputs"][0]["data"]
    assert "<td>c1</td>" in "".join(table["text/html"]) and "c1 | RMSE at K = 5" in "".join(table["text/plain"])
    assert code[0]["outputs"] == [{"name": "stdout", "output_type": "stream", "text": ["four is 4\n"]}]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert set(notebook["metadata"]) == {"kernelspec", "language_info", "metarec"}
    assert set(notebook["metadata"]["metarec"]) == {"source", "study", "content"}
    assert notebook["metadata"]["metarec"]["study"] is None


def check_claim(records):
    (record,) = records
    assert (record["a"], record["difference"], record["n"], record["headline"]) == ("MAML", 0.5, 3, True)
    assert sentence(record, "en").startswith(
        "RMSE at K = 5: MAML minus shrunken bias +0.500 [+0.400, +0.600] over 3 users"
    )


def test_an_error_names_its_source_line_and_stderr_stops_too(toy):
    toy.change('shown = "a control"', 'shown = "a control"\n\nraise KeyError("gone")')
    line = toy.source.read_text(encoding="utf-8").splitlines().index('raise KeyError("gone")') + 1
    with pytest.raises(BuildError, match=rf"source/{STEM}\.py:{line}: got KeyError: 'gone'"):
        build.build_questions(["q06"])
    assert not toy.notebook.exists()


def make_output(lesson, outputs, tag=None):
    """Check the outputs as if the first code cell had made them."""
    cell = lesson.code_cells[0]
    made = execution.notebook_of(lesson).cells[lesson.cells.index(cell)]
    made.outputs = outputs
    execution.check_outputs(lesson, cell, made)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("stderr", "UserWarning: old\n  more\n", "output on stderr: 'UserWarning: old'"),
        ("stdout", "<object at 0x7f00aa11bb22>\n", "got '0x7f00aa11bb22' in the output"),
    ],
)
def test_refuses_output_that_no_reader_should_see(toy, name, text, said):
    from nbformat import v4

    lesson = read_lesson("q06")
    with pytest.raises(BuildError, match=said):
        make_output(lesson, [v4.new_output("stream", name=name, text=text)])


def test_refuses_the_path_of_the_clone_in_an_output(toy):
    from nbformat import v4

    with pytest.raises(BuildError, match="differs from run to run"):
        make_output(read_lesson("q06"), [v4.new_output("display_data", {"text/plain": f"{toy.root}/a.py"})])


def test_refuses_a_promised_error_that_does_not_come(toy):
    toy.change("# %%\nfrom", '# %% tags=["raises-exception"]\nfrom')
    with pytest.raises(BuildError, match="no error from a cell tagged `raises-exception`"):
        make_output(read_lesson("q06"), [])


def test_cleans_widgets_tracebacks_and_split_streams(toy):
    from nbformat import v4

    notebook = execution.notebook_of(read_lesson("q06"))
    notebook.metadata["widgets"] = {"state": {}}
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    stream = [v4.new_output("stream", name="stdout", text=text) for text in ("a\n", "b\n")]
    code[0].outputs = [*stream, v4.new_output("error", ename="E", evalue="v", traceback=["/home/me/x.py"])]
    code[1].outputs = [
        v4.new_output("display_data", {execution.WIDGET: {"model_id": "1f"}, "image/png": "AA", "text/plain": "alt"}),
        v4.new_output("display_data", {execution.WIDGET: {"model_id": "2f"}}),
    ]
    execution.clean(notebook)
    assert [out.get("text") for out in code[0].outputs] == ["a\nb\n", None]
    assert code[0].outputs[1].traceback == ["E: v"]
    assert [dict(out.data) for out in code[1].outputs] == [{"image/png": "AA", "text/plain": "alt"}]
    assert "widgets" not in notebook.metadata


def test_refuses_a_slow_lesson_and_warns_of_a_slowish_one(toy, monkeypatch, capsys):
    def slow(lesson, seconds):
        return execution.Run(run_without_kernel(lesson).notebook, seconds)

    monkeypatch.setattr(execution, "run_lesson", lambda lesson: slow(lesson, 25.0))
    build.build_questions(["q06"])
    assert "at most 20 s" in capsys.readouterr().out
    monkeypatch.setattr(execution, "run_lesson", lambda lesson: slow(lesson, 41.0))
    with pytest.raises(BuildError, match="got a lesson of 41 s"):
        build.build_questions(["q06"])


def test_refuses_a_large_notebook(built, monkeypatch):
    monkeypatch.setattr(build, "MAX_BYTES", 1000)
    with pytest.raises(BuildError, match="expected at most 1,000"):
        build.build_questions(["q06"])


def test_a_fresh_build_is_up_to_date(built):
    assert stale_files() == []
    assert build_command(["q06"], check=True) == 0


def edit_json(path, change):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(build.canonical(notebook), encoding="utf-8")


def test_check_catches_a_notebook_edited_by_hand(built, capsys):
    edit_json(built.notebook, lambda notebook: notebook["cells"][0].update(source=["# Mine"]))
    assert build_command(check=True) == 1
    said = capsys.readouterr().out
    assert f"notebooks/{STEM}.ipynb: edited by hand" in said and "`metarec build q06`" in said


def test_check_catches_an_edited_output_and_edited_metadata(built):
    before = built.notebook.read_text(encoding="utf-8")
    code = next(i for i, cell in enumerate(json.loads(before)["cells"]) if cell["cell_type"] == "code")
    edit_json(built.notebook, lambda n: n["cells"][code]["outputs"][0].update(text=["5\n"]))
    assert "edited by hand" in stale_files()[0]
    built.notebook.write_text(before, encoding="utf-8")
    edit_json(built.notebook, lambda n: n["metadata"]["kernelspec"].update(name="other"))
    assert "edited by hand" in stale_files()[0]


def test_check_catches_an_edited_stub_and_manifest(built):
    built.stub.write_text(built.stub.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    built.manifest.write_text("{}\n", encoding="utf-8")
    problems = stale_files()
    assert [problem.split(":")[0] for problem in problems] == [f"exercises/{STEM}.py", "tests/exercises/manifest.json"]


def test_check_catches_a_changed_source_and_missing_files(built):
    built.change("# Four, since", "# It is four, since")
    assert "stale, its source has changed" in stale_files()[0]
    built.notebook.unlink()
    built.stub.unlink()
    built.manifest.unlink()
    assert [": missing." in problem for problem in stale_files()] == [True, True, True]


def test_check_catches_a_broken_lesson(built):
    built.change('tags=["play"]', "")
    assert "no cell tagged 'play'" in stale_files()[0]


def test_check_catches_a_changed_study_and_changed_results(toy, monkeypatch):
    monkeypatch.setattr(execution, "run_lesson", run_without_kernel)
    study = toy.root / "notebooks/source/studies" / f"{STEM}.py"
    study.write_text("SEEDS = (0,)\n", encoding="utf-8")
    results = toy.root / "notebooks/studies" / f"{STEM}.json.gz"
    toy.change('shown = "a control"', 'shown = load_study("q06")')
    with pytest.raises(BuildError, match="metarec study"):
        build.build_questions(["q06"])
    results.write_bytes(packed({"code_sha256": code_hash(study)}, {}))
    build.build_questions(["q06"])
    assert stale_files() == []
    study.write_text("SEEDS = (0, 1)\n", encoding="utf-8")
    assert f"Run `metarec study {STEM}`" in stale_files()[0]
    results.write_bytes(packed({"code_sha256": code_hash(study)}, {}))
    assert "the results of its study have changed" in stale_files()[0]


def test_orphans_are_named_and_removed(built, capsys):
    built.source.unlink()
    assert "its source is gone" in stale_files()[-1]
    build.build_questions()
    assert not built.notebook.exists()
    assert "removed notebooks/" in capsys.readouterr().out


def test_own_work_is_built_again_without_force(built):
    built.git("init", "-q")
    built.change("# Four, since", "# It is four, since")
    solution = built.root / "solutions" / f"{STEM}.py"
    solution.write_text(solution.read_text(encoding="utf-8").replace("The sum.", "Their sum."), encoding="utf-8")
    build.build_questions()
    assert "It is four" in built.notebook.read_text(encoding="utf-8")


@pytest.mark.parametrize("which", ["notebook", "stub", "manifest"])
def test_work_by_hand_is_kept_unless_committed_or_forced(built, which):
    path = getattr(built, which)
    generated = path.read_text(encoding="utf-8")
    mine = generated.replace("4", "5").replace("1", "2") if which != "stub" else generated + "# mine\n"
    path.write_text(mine, encoding="utf-8")
    with pytest.raises(BuildError, match="metarec new FOLDER"):
        build.build_questions()
    assert path.read_text(encoding="utf-8") == mine
    built.git("init", "-q")
    with pytest.raises(BuildError, match="--force"):
        build.build_questions()
    built.git("add", ".")
    built.git("commit", "-qm", "mine")
    build.build_questions()
    assert path.read_text(encoding="utf-8") == generated
    path.write_text(mine, encoding="utf-8")
    build.build_questions(force=True)
    assert path.read_text(encoding="utf-8") == generated


def test_a_named_question_without_files_is_an_error(toy):
    with pytest.raises(FileNotFoundError, match="nothing is written"):
        build.build_questions(["q07"])


def test_build_needs_a_clone(toy):
    (toy.root / "pyproject.toml").unlink()
    with pytest.raises(ValueError, match="expected a clone"):
        build_command()


def test_in_chinese_lessons_are_run_and_nothing_is_stored(built, monkeypatch, capsys):
    asked, before = [], {path: path.read_bytes() for path in built.root.rglob("*") if path.is_file()}
    monkeypatch.setattr(
        execution, "run_lesson", lambda lesson, **more: asked.append(more) or run_without_kernel(lesson)
    )
    assert build_command(["q06"], lang="zh") == 0
    assert asked == [{"METAREC_LANG": "zh"}] and "nothing is stored" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in built.root.rglob("*") if path.is_file()} == before


def test_lessons_are_built_in_english_whatever_the_authors_language(monkeypatch):
    monkeypatch.setenv("METAREC_LANG", "zh")
    assert execution.environment()["METAREC_LANG"] == "en"
