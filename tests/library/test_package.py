"""The package as a whole: lazy names, and imports that run one way."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import metarec_lib

ROOT = Path(metarec_lib.__file__).parents[1]


def _run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, json, metarec_lib; dir(metarec_lib); print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(_run(sys.executable, "-c", code).stdout))
    assert "metarec_lib" in loaded
    assert not loaded & {"torch", "pandas", "numpy", "scipy", "sklearn", "matplotlib", "pytest", "IPython"}


def test_every_public_name_resolves_and_is_listed():
    assert len(metarec_lib.__all__) == len(set(metarec_lib.__all__)) > 30
    assert set(metarec_lib.__all__) <= set(dir(metarec_lib))
    for name in metarec_lib.__all__:
        assert getattr(metarec_lib, name) is not None, name


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="no_such_thing"):
        metarec_lib.no_such_thing  # noqa: B018


def test_no_module_hides_a_public_name():
    top = {p.stem for p in Path(metarec_lib.__file__).parent.iterdir() if p.suffix == ".py" or p.is_dir()}
    assert top & set(metarec_lib.__all__) <= {"plots"}


def test_public_names_are_documented():
    bare = [n for n in metarec_lib.__all__ if not (getattr(metarec_lib, n).__doc__ or "").strip()]
    assert bare == []


def test_imports_run_one_way():
    linter = shutil.which("lint-imports", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    result = _run(linter, "--no-cache")
    assert result.returncode == 0, result.stdout
    assert "imports run one way KEPT" in result.stdout and "the workbook knows no model KEPT" in result.stdout
