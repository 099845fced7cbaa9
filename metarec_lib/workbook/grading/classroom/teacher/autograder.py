"""Classroom 50's entry: lies in the classroom's config repository as CLASSROOM/autograders/ASSIGNMENT/autograder.py.

It runs in the student's checkout, grades with the tests of the package and writes `result.json` there. QUESTIONS are
those of the assignment; PACKAGE is what pip installs: pin it for a course.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

QUESTIONS = ["q01", "q06"]
PACKAGE = "metarec-lib[test]"


PYTHON = [sys.executable, "-P"]  # nothing is imported from the student's checkout


def main() -> int:
    """Grade this folder; the exit status tells whether there is a result, not how good it is."""
    subprocess.run([*PYTHON, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "report")
        command = [*PYTHON, "-m", "metarec_lib.cli", "grade", ".", "--one", "--out", str(out)]
        subprocess.run([*command, "--questions", *QUESTIONS], check=False)
        (result,) = out.glob("students/*/classroom50/result.json")
        shutil.copyfile(result, "result.json")
        shutil.copyfile(out / "summary.md", "release-body.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
