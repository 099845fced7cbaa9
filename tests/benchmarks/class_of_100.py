"""A class of 100 submissions, half of them attacks, graded by the real command, twice afresh and once killed ten times.

Every attack is followed by an honest submission with a text of its own. Prints what was seen: wrong points, processes
and files that are left, whether the reports are the same to the byte, submissions a minute. Exit status 1 where
something is wrong. Needs the jail.

Run: python tests/benchmarks/class_of_100.py    (about ten minutes; `--kills 0 --runs 1` is a third of that)
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import hashlib
import itertools
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workbook"))

import submissions as make
from submissions import Q06, Hostile, but, text

from metarec_lib.workbook.sandbox import missing_walls

CAP = 60  # seconds for one question of one student: what the submission that stalls costs
STRAY = {f"{Q06}.py": make.stub(), f"exercises/{Q06}.py": make.stub(), "notes.txt": ""}  # beside the students
KEY = {"METAREC_COURSE_KEY": "the key of one class of a hundred"}  # each run draws the same data for a student
PR_SET_CHILD_SUBREAPER = 36

SETTINGS = """
import os
def user_split_without_leakage(users, test_users, k):
    found = []
    for top, folders, files in os.walk("/proc/sys"):
        for name in files:
            try: found.append(str(open(os.path.join(top, name), "r+b")))
            except OSError: pass
    raise LookupError("found " + ", ".join(found) if found else "nothing to set")
"""

PROCESS_1 = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def user_split_without_leakage(users, test_users, k):
    found = ["traced"] if libc.ptrace(16, 1, 0, 0) == 0 else []
    for name in ("mem", "maps", "fd/0", "root", "ns/user"):
        for flags in (os.O_RDONLY, os.O_RDWR):
            try: found.append(str(os.open(f"/proc/1/{name}", flags)))
            except OSError: pass
    raise LookupError("found " + ", ".join(found) if found else "nothing to patch")
"""

OWN_DISK = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def user_split_without_leakage(users, test_users, k):
    made, written = os.path.abspath("disk"), 0
    os.makedirs(made, exist_ok=True)
    libc.unshare(0x10000000 | 0x20000)
    libc.mount(b"none", made.encode(), b"tmpfs", 0, None)
    try:
        for number in range(450):
            with open(f"{made}/{number}", "wb") as file: written += file.write(bytes(1 << 20))
    except OSError: pass
    raise LookupError("450 MB beside the folder" if written > 64 << 20 else "no more than the folder holds")
"""

STALL = "\nimport time\n" + "".join(
    f"""
_{name} = {name}
def {name}(*arguments):
    time.sleep(9.5)
    return _{name}(*arguments)
"""
    for name in ("ndcg_at_k", "paired_bootstrap", "user_split_without_leakage")
)

UNSEEN = """
import sys
for name, module in list(sys.modules.items()):
    if name.startswith("harness"):
        vars(module).update(_states=lambda *arguments: {}, _changed=lambda *arguments: [])
def user_split_without_leakage(users, test_users, k):
    answer = _solved(users, test_users, k)
    users += 1
    return answer
"""

COARSE = """
_exact = ndcg_at_k
def ndcg_at_k(scores, gains, k): return np.float32(_exact(scores, gains, k) + 5e-5)
"""


def files(name: str, points: float | None, said: str, texts: dict[str, str]) -> Hostile:
    """A submission of several files: by path below the student's folder, the text of each."""

    def write(folder: Path) -> None:
        for path, source in texts.items():
            (folder.parent / path).parent.mkdir(parents=True, exist_ok=True)
            (folder.parent / path).write_text(source)

    return Hostile(name, points, said, write)


KINDS = {  # what the first attacks on the grader were, each by its submissions
    "settings of the kernel": [text("writes below /proc/sys", 7, "nothing to set", but(SETTINGS))],
    "process 1": [text("patches process 1", 7, "nothing to patch", but(PROCESS_1))],
    "own namespaces": [text("a disk of its own", 7, "no more than the folder holds", but(OWN_DISK)),
                       "other namespaces"],
    "stalls": ["stops the zygote", "ends the zygote"],
    "folders misread": [
        files("a notebook's export above", 10, "^$", {
            "q01_what_is_meta_learning.py": "print('an export')\n", f"exercises/{Q06}.py": make.perfect() + "# export\n",
        }),
        files("a stub above", 10, "graded was exercises/", {
            f"{Q06}.py": make.stub(), f"exercises/{Q06}.py": make.perfect() + "# stub\n",
        }),
    ],
    "points unearned": ["scikit-learn by importlib",
                        text("changes unseen", 7, "twice on the same objects", but(make.SOLVED + UNSEEN)),
                        text("error of 5e-5 in float32", 6, "expected", but(COARSE))],
    "reports": ["random paths and addresses", "forged error", "forged time limit", "empty array beyond all bounds",
                "forged frames", "forged frames, right number", "another answer at the second call"],
}  # fmt: skip
LAST = text("calls of 9.5 s", float("nan"), f"not graded: over {CAP} s", but(STALL))  # "stalls"; it is never kept


@dataclass
class Seen:
    """What a run left and gave. problems: sentences on what is wrong."""

    report: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def attacks(number: int) -> list[Hostile]:
    """The submissions of every kind, then others of the tests, as many as asked for; the one that stalls comes last."""
    by_name = {item.name: item for item in make.HOSTILE}
    first = [by_name[item] if isinstance(item, str) else item for items in KINDS.values() for item in items]
    others = [item for item in make.HOSTILE if item not in first]
    step = max(1, len(others) // max(1, number - len(first) - 1))
    chosen = [*first, *others[::step], *(item for item in others if item not in others[::step])]
    return [*chosen[: number - 1], LAST]


def write_class(folder: Path, number: int) -> dict[str, Hostile]:
    """The students' folders, and what lies beside them. By name of the folder, what its report should say."""
    expected: dict[str, Hostile] = {}
    for place, item in enumerate(attacks(number // 2)):
        name = f"{place:02} {item.name.replace('/', '-')}"
        item.make(folder / name / "exercises")
        honest = f"{make.perfect()}# {place}\n".encode()
        make.write(folder / f"{name}, next" / "exercises", honest)
        expected |= {name: item, f"{name}, next": Hostile("honest", 10, "^$", item.make)}
    for place, source in STRAY.items():
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_text(source)
    return expected


def start(place: Path, name: str) -> subprocess.Popen:
    """The real command, on the class in `place`, with a report of that name and a temporary folder of its own."""
    command = [Path(sys.executable).with_name("metarec"), "grade", place / "class", "--out", place / name,
               "--questions", "q06", "--require-sandbox", "--class", "--cap", str(CAP)]  # fmt: skip
    with open(place / f"{name}.log", "ab") as log:
        return subprocess.Popen(
            command, env={**os.environ, **KEY, "TMPDIR": str(place / "tmp")}, stdout=log, stderr=log
        )


def run(place: Path, name: str, expected: dict[str, Hostile]) -> Seen:
    """Grade to the end, and look at all that is there then."""
    seen, before, started = Seen(), tree(place / "class"), time.monotonic()
    status = start(place, name).wait()
    seen.seconds = time.monotonic() - started
    said = (place / f"{name}.log").read_text().splitlines()
    beside = f"Not graded, no folders of students: {', '.join(sorted({path.partition('/')[0] for path in STRAY}))}"
    seen.problems += [f"exit status {status}, expected 1"] * (status != 1)
    seen.problems += ["what lies beside the students is not named"] * (beside not in said)
    seen.problems += [f"process left: {item}" for item in left_processes()]
    seen.problems += [f"file left: {path.name}" for path in (place / "tmp").iterdir()]
    seen.problems += ["a file of the class was changed"] * (tree(place / "class") != before)
    gradebook = (place / name / "gradebook.csv").read_bytes()
    return Seen(bytes_of(place / name), seen.seconds, [*seen.problems, *wrong(gradebook, expected)])


def bytes_of(report: Path) -> dict[str, bytes]:
    """All files of a report but those that hold times."""
    return {
        path.relative_to(report).as_posix(): path.read_bytes()
        for path in sorted(report.rglob("*"))
        if path.is_file() and path.name not in ("journal.sqlite", "timing.csv", ".lock")
    }


def differences(first: dict[str, bytes], other: dict[str, bytes]) -> Iterator[str]:
    """The files that differ, each with the first line that does."""
    for name in sorted(first.keys() | other.keys()):
        lines = [files.get(name, b"").decode("utf-8", "replace").splitlines() for files in (first, other)]
        if lines[0] != lines[1]:
            pair = next((p for p in itertools.zip_longest(*lines) if p[0] != p[1]), ("", ""))
            yield f"{name}: {str(pair[0])[:300]!r} and {str(pair[1])[:300]!r}"


def wrong(report: bytes, expected: dict[str, Hostile]) -> Iterator[str]:
    """Students whose points or remarks are not the true ones."""
    rows = {row["student"]: row for row in csv.DictReader(report.decode("utf-8-sig").splitlines())}
    if set(rows) != set(expected):
        yield f"students in the report and not in the class, or the other way: {sorted(set(rows) ^ set(expected))}"
    for name, row in rows.items():
        points = float(row["points"] or "nan")
        true = expected[name].points
        if str(points) != str(float("nan" if true is None else true)) or not re.search(
            expected[name].said, row["remarks"]
        ):
            yield f"{name}: {row['points']} points, expected {true}; {row['remarks'][:200]}"


def killed(place: Path, kills: int, seconds: float, seed: int) -> list[str]:
    """Kill the command at random moments and start it again; the names of the reports that it came to write to."""
    rng, names = random.Random(seed), ["killed 0"]
    for _ in range(kills):
        process = start(place, names[-1])
        try:
            process.wait(rng.uniform(0.2, seconds / 5))
            names.append(f"killed {len(names)}")  # it came to its end before: anew
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return names


def left_processes() -> list[str]:
    """Descendants of this process that still run; those that just end have ten seconds for it."""
    deadline = time.monotonic() + 10
    while (found := [line for line in map(command_line, children()) if line]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def children() -> list[int]:
    return [int(item) for item in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def command_line(pid: int) -> str:
    """What a process is, nothing where it has ended; it is waited for then."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return ""
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:100]
    except OSError:
        return ""


def tree(folder: Path) -> str:
    """The hash of every file below a folder."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found.update(os.fsencode(path) + b"\0" + content + b"\0")
    return found.hexdigest()


def main(size: int, runs: int, kills: int, seed: int) -> int:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what outlives the command becomes ours to see
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "tmp").mkdir()
        expected = write_class(place / "class", size)
        print(f"{len(expected)} submissions, {len(expected) // 2} of them honest; user {os.geteuid()}", flush=True)
        found = {f"fresh {number}": run(place, f"fresh {number}", expected) for number in range(runs)}
        seconds = found["fresh 0"].seconds
        names = killed(place, kills, seconds - CAP, seed) if kills else []
        found |= {name: run(place, name, expected) for name in names}
        return report(found, len(expected))


def report(found: dict[str, Seen], size: int) -> int:
    """Print the table; the exit status."""
    print(f"{'run':10} {'problems':>8} {'same bytes':>10} {'seconds':>8} {'a minute':>8} {'without the stall':>17}")
    first = found["fresh 0"].report
    for name, seen in found.items():
        rates = [60 * size / seen.seconds, 60 * (size - 1) / max(1.0, seen.seconds - CAP)]
        shown = "{:8.1f} {:17.1f}".format(*rates) if name.startswith("fresh") else f"{'resumed':>8}"
        print(f"{name:10} {len(seen.problems):8} {seen.report == first!s:>10} {seen.seconds:8.1f} {shown}")
    for name, seen in found.items():
        seen.problems += differences(first, seen.report)
        print(*(f"{name}: {problem}" for problem in seen.problems), sep="\n", end="\n" if seen.problems else "")
    return int(any(seen.problems or seen.report != first for seen in found.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, value in (("size", 100), ("runs", 2), ("kills", 10), ("seed", 0)):
        parser.add_argument(f"--{option}", type=int, default=value)
    if walls := missing_walls():
        sys.exit(f"The jail does not work here: {'; '.join(walls)}")
    sys.exit(main(**vars(parser.parse_args())))
