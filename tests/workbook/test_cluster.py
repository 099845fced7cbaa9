"""`metarec grade --scheduler`: a real scheduler and two workers on loopback; one is killed in the middle."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
import submissions as make
from submissions import Q06

from metarec_lib.workbook.grading import grading, judges
from metarec_lib.workbook.grading.course import Course
from metarec_lib.workbook.grading.grader import Settings
from metarec_lib.workbook.grading.journal import decisive

distributed = pytest.importorskip("distributed")
SETTINGS, COURSE = Settings(way="", seconds=5.0), Course(key="a key of the test")
POINTS = {"perfect": 10.0, "stub": 0.0, "partial": 4.0, "again": 10.0}


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as found:
        yield found


@pytest.mark.timeout(300)
def test_a_worker_that_is_killed_costs_nothing_and_the_report_is_that_of_one_machine(tmp_path, cluster):
    texts = {
        "perfect": make.perfect(),
        "stub": make.stub(),
        "partial": make.partial(),
        "again": make.perfect() + "# a\n",
    }
    for name, text in texts.items():
        make.write(tmp_path / "class" / name / "exercises", text.encode())
    killed = threading.Thread(target=kill_one_at_work, args=[cluster])
    killed.start()
    options = {"course": COURSE}
    grades = grading.grade(
        tmp_path / "class", tmp_path / "far", [Q06], SETTINGS, scheduler=cluster.scheduler_address, **options
    )
    killed.join()
    assert {row["student"]: row["points"] for row in grades["students"]} == POINTS
    grading.grade(tmp_path / "class", tmp_path / "near", [Q06], SETTINGS, jobs=1, **options)
    for name in ("grades.json", "gradebook.csv", "index.html"):
        assert (tmp_path / "far" / name).read_bytes() == (tmp_path / "near" / name).read_bytes(), name


def kill_one_at_work(cluster) -> None:
    """Kill a worker that has a submission."""
    deadline = time.monotonic() + 120
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        while time.monotonic() < deadline:
            busy = [address for address, keys in client.processing().items() if keys]
            if busy:
                pids = client.run(os.getpid, workers=busy[:1])
                os.kill(pids[busy[0]], signal.SIGKILL)
                return
            time.sleep(0.05)


def test_a_worker_that_would_give_other_points_does_not_judge(monkeypatch, tmp_path):
    given = (SETTINGS, Q06, b"", 0)
    assert "another version" in judges.judge_here(*given, b"other rules")
    hidden = Settings(way="", hidden=str(tmp_path / "none"))
    assert "no folder" in judges.judge_here(hidden, Q06, b"", 0, decisive(Q06))
    monkeypatch.setattr("metarec_lib.workbook.sandbox.missing_walls", lambda: ["no walls"])
    assert "no walls" in judges.judge_here(Settings(way="jail"), Q06, b"", 0, decisive(Q06))


def test_an_address_without_a_scheduler_is_named(tmp_path):
    make.write(tmp_path / "class" / "a" / "exercises", b"# a")
    with pytest.raises(ValueError, match="expected the address of a running scheduler"):
        grading.grade(tmp_path / "class", tmp_path / "r", [Q06], SETTINGS, scheduler="tcp://127.0.0.1:1", course=COURSE)
