"""What is stored survives: a process that is killed at any moment, two processes at once, a file of an older version."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing

import pytest

from metarec_lib.workbook.practice import progress

# Says "ready", then forks at each line it reads, a file and a pause in seconds; the child writes until it is killed, and
# names each write in the file once it was done.
WRITER = """
import os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from metarec_lib.workbook.core import resolve
from metarec_lib.workbook.practice import progress
from metarec_lib.workbook.practice.cards import schedule, store
from metarec_lib.workbook.practice.cards.deck import Card

schedule.scheduler()
question, file = resolve("q06"), Path("exercises.py")
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child:
        print(child, flush=True)
        os.waitpid(child, 0)
        print("gone", flush=True)
        continue
    log, pause = line.split()
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for n in range(10**6):
        time.sleep(float(pause))
        name = f"{os.getpid()}-{n}"
        store.answer(Card(f"q06:short:{name}", question, "short", ("a", "b"), ("c", "d")), 3, datetime.now(UTC))
        os.write(out, f"card {name}\\n".encode())
        assert progress.record_score("q06", 7, 10, [n]) == ""
        os.write(out, f"score {n}\\n".encode())
        assert progress.record_attempts("q06", file, [(name, "passed", 1, 1), (name, "passed", 1, 1)]) == ""
        os.write(out, f"attempt {name}\\n".encode())
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("METAREC_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def writer():
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout.readline() == "ready\n"
    return process


def fork(process, log, pause=0.0):
    process.stdin.write(f"{log} {pause}\n")
    return int(process.stdout.readline())


def wait_for(log):
    """Until something was written, so that a kill falls among writes."""
    until = time.monotonic() + 30
    while not promised(log):
        assert time.monotonic() < until
        time.sleep(0.001)


def kill(process, child):
    os.kill(child, signal.SIGKILL)
    assert process.stdout.readline() == "gone\n"


def promised(log):
    return [line.split() for line in log.read_text().splitlines()] if log.is_file() else []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no kill -9")
@pytest.mark.timeout(300)
def test_two_hundred_kills_of_two_hundred_lose_nothing_and_leave_no_half(home, tmp_path):
    """Two processes write at once; each time one of them is killed, a moment after its first write."""
    home.mkdir()
    rng, survived, writers = random.Random(0), 0, [writer(), writer()]
    logs = [tmp_path / f"{n}.log" for n in range(201)]
    steady = fork(writers[1], logs[200], pause=0.01)
    for log in logs[:200]:
        child = fork(writers[0], log)
        wait_for(log)
        time.sleep(rng.uniform(0.0, 0.02))
        kill(writers[0], child)
        with closing(sqlite3.connect(progress.path(), timeout=10)) as database:
            survived += database.execute("PRAGMA quick_check").fetchone()[0] == "ok"
    kill(writers[1], steady)
    for process in writers:
        process.stdin.close()
        assert process.wait(timeout=20) == 0
    assert survived == 200
    nothing_lost_and_no_half([line for log in logs for line in promised(log)])


def nothing_lost_and_no_half(done):
    """Every write that a process called done is there; of a check, which writes two rows, both or none."""
    cards = {row["card"] for row in progress.rows("SELECT card FROM card_reviews")}
    tried = Counter(row["function"] for row in progress.attempts())
    scored = Counter(row["missed"][0] for row in progress.scores())
    assert {f"q06:short:{name}" for kind, name in done if kind == "card"} <= cards
    assert {name for kind, name in done if kind == "attempt"} <= tried.keys() and set(tried.values()) == {2}
    assert Counter(int(name) for kind, name in done if kind == "score") <= scored
    with closing(sqlite3.connect(progress.path())) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_file_of_the_first_version_is_read_and_goes_on(home):
    home.mkdir()
    with closing(sqlite3.connect(home / "progress.sqlite")) as database, database:
        database.execute(
            "CREATE TABLE attempts (id INTEGER PRIMARY KEY, time TEXT NOT NULL, question TEXT NOT NULL,"
            " function TEXT NOT NULL, status TEXT NOT NULL, points REAL NOT NULL, possible REAL NOT NULL)"
        )
        database.execute("INSERT INTO attempts VALUES (1, '2026-01-01T00:00:00+00:00', 'q06', 'f', 'failed', 0, 3)")
    assert progress.scores() == [] and progress.lessons_read() == {}
    assert [row["function"] for row in progress.attempts()] == ["f"]


def test_scores_and_lessons_read(home):
    assert progress.scores() == [] and not home.exists()
    assert progress.record_score("q06", 7.5, 10, (0, 3)) == "" == progress.mark_read("q06")
    (row,) = progress.scores()
    assert (row["question"], row["points"], row["possible"], row["missed"]) == ("q06", 7.5, 10, [0, 3])
    first = progress.lessons_read()
    progress.mark_read("q06")
    assert progress.lessons_read() == first and first.keys() == {"q06"}
    assert row["time"] < first["q06"]  # times sort as text


def test_a_damaged_file_is_said_with_what_to_do(home):
    home.mkdir()
    (home / "progress.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(OSError, match="move the file away"):
        progress.scores()
    assert "not stored" in progress.mark_read("q06") and "not stored" in progress.record_score("q06", 1, 2, [])
    assert json.dumps(progress.known_status(home)) == "{}"
