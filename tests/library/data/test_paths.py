"""Where files live, and that writing is all or nothing."""

import errno
import gzip
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from metarec_lib.data import paths


def test_home_is_what_the_variable_names(monkeypatch, tmp_path):
    monkeypatch.setenv("METAREC_HOME", str(tmp_path / "here"))
    assert paths.home() == tmp_path / "here"
    assert paths.data_home() == tmp_path / "here" / "data"


def test_home_without_the_variable_is_the_platforms_folder(monkeypatch):
    monkeypatch.delenv("METAREC_HOME", raising=False)
    assert paths.home().name == "metarec"


def test_data_source_is_none_unless_named(monkeypatch):
    monkeypatch.delenv("METAREC_DATA", raising=False)
    assert paths.data_source() is None
    monkeypatch.setenv("METAREC_DATA", "~/films")
    assert paths.data_source() == Path.home() / "films"


def test_importing_paths_imports_nothing_heavy():
    code = "import sys, metarec_lib.data.paths; print([m for m in ('numpy','pandas','torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("content", "stored"), [("é\n", "é\n".encode()), (b"\x00\r\n", b"\x00\r\n")])
def test_atomic_write_makes_parents_and_stores_the_bytes(tmp_path, content, stored):
    path = tmp_path / "new folder" / "a.txt"
    paths.atomic_write(path, content)
    paths.atomic_write(str(path), content)
    assert path.read_bytes() == stored
    assert os.listdir(path.parent) == ["a.txt"]


@pytest.mark.parametrize(
    ("number", "kind", "advice"),
    [
        (errno.ENOSPC, OSError, "disk is full: free some space"),
        (errno.EROFS, OSError, "read-only: change its permissions"),
        (errno.EACCES, PermissionError, "read-only: change its permissions"),
    ],
)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_says_what_to_do(monkeypatch, tmp_path, number, kind, advice, step):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(kind, match=advice) as caught:
        paths.atomic_write(path, "new")
    assert caught.value.errno == number
    assert str(path) in str(caught.value)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_an_interrupted_write_leaves_no_part(monkeypatch, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        paths.atomic_write(tmp_path / "a.txt", "new")
    assert os.listdir(tmp_path) == []


def test_read_members_finds_files_in_folders_and_zips(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"1")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"2"))
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("deep/folder/a.csv", "3")
    assert paths.read_members(tmp_path, ("a.csv", "b.csv", "c.csv")) == {"a.csv": b"1", "b.csv": b"2"}
    assert paths.read_members(tmp_path / "z.zip", ("a.csv", "b.csv")) == {"a.csv": b"3"}
    assert paths.read_members(tmp_path / "absent.zip", ("a.csv",)) == {}


def test_a_truncated_archive_is_named(tmp_path):
    whole = gzip.compress(bytes(1000))
    (tmp_path / "a.csv.gz").write_bytes(whole[:-12])
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("a.csv", bytes(1000))
    (tmp_path / "z.zip").write_bytes((tmp_path / "z.zip").read_bytes()[:-30])
    for place in (tmp_path, tmp_path / "z.zip"):
        with pytest.raises(ValueError, match="damaged archive.*cut short"):
            paths.read_members(place, ("a.csv",))
