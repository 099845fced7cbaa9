"""Which modules a study's hash covers."""

import shutil
from pathlib import Path

import pytest

import metarec_lib
from metarec_lib.workbook.lessons import dependencies
from metarec_lib.workbook.lessons.dependencies import code_hash, modules_of

PACKAGE = Path(metarec_lib.__file__).parent


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the library that a test may change; nothing of it is imported."""
    folder = tmp_path / "metarec_lib"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("content", "__pycache__"))
    monkeypatch.setattr(dependencies, "_package", lambda: folder)
    return folder


def study(tmp_path, text):
    path = tmp_path / "study.py"
    path.write_text(text, encoding="utf-8")
    return path


def names(path, folder=PACKAGE):
    return {module.relative_to(folder).as_posix() for module in modules_of(path)}


@pytest.mark.parametrize(
    "text",
    [
        "from metarec_lib import MetaLearningModel",
        "from metarec_lib.meta.ridge import MetaLearningModel",
        "import metarec_lib.meta.ridge",
        "from metarec_lib.meta import ridge",
        "def run(seed):\n    from metarec_lib import MetaLearningModel",
        "import metarec_lib\nmodel = metarec_lib.MetaLearningModel()",
    ],
)
def test_follows_each_form_of_import(tmp_path, text):
    found = names(study(tmp_path, text))
    assert {"meta/ridge.py", "meta/base.py", "models/base.py", "data/tasks.py", "device.py"} <= found
    assert not any(name.startswith(("workbook", "plots", "cli")) for name in found)


def test_covers_no_more_than_what_is_imported(tmp_path):
    found = names(study(tmp_path, "import numpy\nfrom metarec_lib import BaselineRecommender, load_study, plots"))
    assert "models/baseline.py" in found
    assert not {"meta/ridge.py", "models/neighbours.py", "leaderboard.py", "__init__.py"} & found
    assert names(study(tmp_path, "import numpy")) == set()


def test_a_byte_of_an_imported_model_changes_the_hash_one_of_the_plots_does_not(tmp_path, copy):
    path = study(tmp_path, "from metarec_lib import MetaLearningModel, plots")
    before = code_hash(path)
    for name in ("meta/ridge.py", "models/base.py", "data/tasks.py"):
        with (copy / name).open("a") as file:
            file.write("#")
        assert code_hash(path) != before, name
        before = code_hash(path)
    plots = copy / "plots.py" if (copy / "plots.py").is_file() else copy / "plots" / "__init__.py"
    for other in (plots, copy / "cli.py", copy / "models" / "neighbours.py", copy / "workbook" / "__init__.py"):
        with other.open("a") as file:
            file.write("#")
    assert code_hash(path) == before


def test_the_file_itself_counts_and_line_ends_do_not(tmp_path):
    before = code_hash(study(tmp_path, "import numpy\nx = 1\n"))
    path = study(tmp_path, "")
    path.write_bytes(b"import numpy\r\nx = 1\r\n")
    assert code_hash(path) == before != code_hash(study(tmp_path, "import numpy\nx = 2\n"))


def test_the_studies_of_the_workbook_depend_on_the_models_they_fit():
    folder = PACKAGE.parent / "notebooks" / "source" / "studies"
    if not folder.is_dir():
        pytest.skip("only in a clone")
    assert {"leaderboard.py", "meta/melu.py", "models/neighbours.py"} <= names(folder / "leaderboard.py")
    assert "meta/maml.py" not in names(folder / "q06_evaluate_meta_learning.py")
