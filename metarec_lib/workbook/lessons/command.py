"""The command `metarec build`: build, or with `--check` execute nothing and tell what is stale."""

from collections.abc import Sequence

from metarec_lib.workbook.core import places

from .build import build_questions
from .drift import stale_files


def build_command(names: Sequence[str] = (), check: bool = False, force: bool = False) -> int:
    """The command: build, or with `check` execute nothing and tell what is stale. Returns the exit status."""
    places.require_clone("metarec build")
    if not check:
        build_questions(names, force)
        return 0
    for problem in (stale := stale_files(names)):
        print(problem)
    print("build --check:", f"{len(stale)} to mend" if stale else "all generated files are up to date")
    return 1 if stale else 0
