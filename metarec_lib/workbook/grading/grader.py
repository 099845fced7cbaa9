"""The process that judges submissions for `metarec grade`: its own end, and the end of who asks it.

It is ours and runs no learner's code, but what a submission returns passes through it. So it has a bound on memory and
on time, and is replaced when a submission exhausts it: `grade` itself goes on.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metarec_lib.workbook.core import Pair, pick
from metarec_lib.workbook.exercises import calls, question_manifest
from metarec_lib.workbook.sandbox import ADDRESS, child, end_with_parent

if TYPE_CHECKING:
    from metarec_lib.workbook.exercises import Result, Verdict

CAP = 180.0  # more than twice what a file takes whose functions all run into the limits of their calls
RANDOM = re.compile(r"""[^\s'"]*/metarec-[^/\s'"]*""")  # folders that are made for one run
MEMORY = 6 << 30  # bytes of address space; a test that combines what a submission returned can ask for any amount


@dataclass(frozen=True)
class Settings:
    """How submissions are judged. variant: of the random data, None for one of each student's own; seconds: for one
    call; cap: seconds for one question of one student, all in all; hidden: a folder with further tests.
    """

    way: str = "jail"
    variant: int | None = None
    seconds: float = child.LIMIT
    cap: float = CAP
    hidden: str = ""


class NotGraded(Exception):
    """The submission could not be judged, and it is not known to be its fault."""


class Grader:
    """Judges one submission after the other in a process of its own. `temporary`: where everything is written."""

    def __init__(self, settings: Settings, temporary: Path) -> None:
        self.settings, self.temporary = settings, temporary
        self.process: subprocess.Popen | None = None

    def grade(self, stem: str, work: Path, variant: int = 0) -> list[dict[str, Any]]:
        """The outcome of each function, as `outcome` has it; `work` holds the file.

        Where the whole question ends the judging process, its functions are judged one by one. Raises NotGraded, also
        where all takes longer than the cap.
        """
        self._running()
        self.deadline = time.monotonic() + self.settings.cap
        found = self._ask(stem, work, None, variant)
        if isinstance(found, list):
            return found
        functions = question_manifest(stem)["functions"]
        return [self._function(stem, work, name, variant) for name in functions]

    def _function(self, stem: str, work: Path, name: str, variant: int) -> dict[str, Any]:
        found = self._ask(stem, work, name, variant)
        if found is None:
            raise NotGraded("the judging process ended twice (was it out of memory, or killed by the submission?)")
        return found[0]

    def _ask(self, stem: str, work: Path, function: str | None, variant: int) -> list[dict[str, Any]] | None:
        """What the process replies; None where it ended. Raises NotGraded."""
        process = self._running()
        timer = threading.Timer(max(0.0, self.deadline - time.monotonic()), process.kill)
        timer.start()
        try:
            with suppress(OSError):
                process.stdin.write(json.dumps([stem, os.fspath(work), function, variant]).encode() + b"\n")
                process.stdin.flush()
            line = process.stdout.readline()
        finally:
            timer.cancel()
        if not line.endswith(b"\n"):
            self.close()
            if time.monotonic() >= self.deadline:
                raise NotGraded(f"over {self.settings.cap:g} s")
            return None
        reply = json.loads(line)
        if not reply["clean"]:
            self.close()  # the next submission gets a new zygote, and a new judge
        if "error" in reply:
            raise NotGraded(reply["error"])
        return reply["functions"]

    def _running(self) -> subprocess.Popen:
        """The process, a new one where none runs. Raises RuntimeError where it cannot start a child."""
        if self.process is not None and self.process.poll() is None:
            return self.process
        self.close()
        command = [sys.executable, "-P", "-m", __name__, json.dumps(asdict(self.settings))]
        environment = {**os.environ, "TMPDIR": os.fspath(self.temporary), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        said = self.process.stdout.readline().decode() or '"it ended at once"'
        if json.loads(said) != "ready":
            raise RuntimeError(f"The judging process could not be started: {json.loads(said)}")
        return self.process

    def close(self) -> None:
        """End the process and its children."""
        if self.process is None:
            return
        process, self.process = self.process, None
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(3.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


# What a submission could have changed in the zygote, and so in every child after it.
PROBE = """
import os
def state():
    import resource
    names = sorted(name for name in dir(resource) if name.startswith("RLIMIT_"))
    found = {name: list(resource.getrlimit(getattr(resource, name))) for name in names}
    found["priority"] = os.getpriority(os.PRIO_PROCESS, 0)
    if hasattr(os, "sched_getaffinity"):
        found["processor"] = [os.sched_getscheduler(0), *sorted(os.sched_getaffinity(0))]
    if os.path.exists("/proc/self/oom_score_adj"):
        found["first to be killed"] = open("/proc/self/oom_score_adj").read()
    if os.environ.get("METAREC_JAIL"):  # elsewhere these belong to the whole machine
        found["files"] = len(os.listdir(".."))  # the temporary folder
        found["shared"] = [open("/proc/sysvipc/" + name).read().count("\\n") for name in ("shm", "msg", "sem")]
    return found
"""


def state(way: str) -> dict[str, Any] | None:
    """What a fresh child finds around itself: the same after every submission, or the zygote has been changed.

    None where the child cannot say, for the zygote is damaged. Raises RuntimeError where no child can be started.
    """
    if not hasattr(os, "fork"):
        return {}  # every child is a process of its own
    session = child.Session(PROBE, "probe.py", limit=child.LIMIT, way=way or child.USUAL)
    reply = session.request({"op": "call", "name": "state", "args": [], "kwargs": {}, "wrt": []})
    session.close()
    error = reply.get("error", {})
    if error.get("kind") == "start":
        raise RuntimeError(error["message"])
    return reply.get("value")


def main(settings: Settings) -> None:
    """Judge what standard input asks for, one line of JSON each, until it ends."""
    end_with_parent()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing else may write between the replies
    _bound(settings)
    try:
        usual = state(settings.way)
    except RuntimeError as error:
        print(json.dumps(str(error)), file=replies, flush=True)
        return
    print(json.dumps("ready" if usual is not None else "its children do not answer"), file=replies, flush=True)
    for line in sys.stdin:
        reply = _judged(settings, *json.loads(line))
        try:
            reply["clean"] = state(settings.way) == usual
        except RuntimeError as error:
            reply = {"error": f"a process for submissions could not be started: {error}", "clean": False}
        print(json.dumps(reply), file=replies, flush=True)


def _bound(settings: Settings) -> None:
    """Limits of this process, and the time of each call."""
    child.Session = functools.partial(child.Session, limit=settings.seconds)
    calls.LIMIT_AFTER_TIMEOUT = min(calls.LIMIT_AFTER_TIMEOUT, settings.seconds)
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limit; another system a lower one
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))


def _judged(settings: Settings, stem: str, work: str, function: str | None, variant: int) -> dict[str, Any]:
    try:
        found = _verdict(settings, stem, Path(work), function, variant, settings.hidden)
        functions = [outcome(item, found.problem) for item in found.functions]
        if variant or settings.hidden:
            _show_what_check_shows(functions, settings, stem, Path(work))
    except (RuntimeError, ValueError, OSError) as error:
        return {"error": str(error)}
    return {"functions": functions}


def _verdict(
    settings: Settings, stem: str, work: Path, function: str | None, variant: int = 0, hidden: str = ""
) -> Verdict:
    from metarec_lib.workbook.exercises import judge

    folder = Path(hidden) if hidden else None
    verdict = judge(stem, work, function, variant=variant, way=settings.way, hidden=folder)
    if not verdict.started:
        raise RuntimeError("a process for submissions could not be started")
    return verdict


def outcome(item: Result, problem: str) -> dict[str, Any]:
    """What is kept of a function. reason: for the teacher; shown: for the student, with no input but those of `check`.

    tests: by name whether each passed. chance: whether it ran out of time while other programs had the processor.
    """
    reason = stable(_reason(item, problem))
    return {
        "name": item.name, "points": item.points, "possible": item.possible, "status": item.status, "reason": reason,
        "shown": reason, "mistake": item.mistake, "kind": item.kind, "tests": item.tests, "chance": item.chance,
    }  # fmt: skip


def _show_what_check_shows(functions: list[dict[str, Any]], settings: Settings, stem: str, work: Path) -> None:
    """Put what the student's own check says in place of messages that name inputs of hidden tests or of a variant."""
    for item in functions:
        if item["points"] == item["possible"] and not item["reason"]:
            continue
        if item["status"] in ("not run", "not written"):
            continue  # no input stands in these
        if item["kind"] in STOPPED:
            item["shown"] = pick(STOPPED[item["kind"]])
            continue
        (again,) = (found := _verdict(settings, stem, work, item["name"])).functions
        said = stable(_reason(again, found.problem))
        full = again.points == again.possible
        item["shown"] = pick(ON_OTHER_DATA) if full and item["points"] < item["possible"] else said


STOPPED: dict[str, Pair] = {
    "time": ("it did not finish in time in one of the tests", "有一个测试里它没有在限定时间内结束"),
    "output": ("it printed without end in one of the tests", "有一个测试里它不停地打印"),
    "crash": ("its process ended without an answer in one of the tests", "有一个测试里它的进程没给出答案就结束了"),
    "protocol": ("its process sent something that is no answer", "它的进程发来的不是答案"),
}
ON_OTHER_DATA: Pair = (
    "passes all that `check` shows, and fails on other data: does the answer follow from the arguments in every case?",
    "`check` 给出的测试都通过了，换一批数据却不通过：无论参数是什么，答案都是由参数算出来的吗？",
)


def _reason(item: Result, problem: str) -> str:
    """Why a function has not all points, as `check` says it; or what was seen besides."""
    return problem if item.status == "not run" else "; ".join(filter(None, [item.message, item.remark]))


def stable(text: str) -> str:
    """Without what is another at each run: addresses of objects, temporary folders."""
    return RANDOM.sub("…", ADDRESS.sub("0x…", text))


if __name__ == "__main__":
    main(Settings(**json.loads(sys.argv[1])))
