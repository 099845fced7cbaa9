"""The command `metarec build`: build, or with `--check` execute nothing and tell what is stale."""

from collections.abc import Sequence

from metarec_lib.workbook.core import Language, places

from .build import build_questions, try_questions
from .drift import stale_files


def build_command(names: Sequence[str] = (), check: bool = False, force: bool = False, lang: Language = "en") -> int:
    """The command: build, or with `check` execute nothing and tell what is stale. Returns the exit status.

    lang: in Chinese the lessons are run and their figures checked, and nothing is stored.
    """
    places.require_clone("metarec build")
    if lang == "zh":
        try_questions(names)
        return 0
    if not check:
        build_questions(names, force)
        return 0
    for problem in (stale := stale_files(names)):
        print(problem)
    print("build --check:", f"{len(stale)} to mend" if stale else "all generated files are up to date")
    return 1 if stale else 0
