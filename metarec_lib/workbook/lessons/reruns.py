"""`metarec claims`: the claims that the built notebooks store, and whether they hold on other seeds."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metarec_lib.data.paths import atomic_write, home
from metarec_lib.workbook.core import Question, places, resolve_all

from . import execution, studies
from .build import canonical, notebook_path, text_hash
from .lesson import Lesson
from .reading import read_lesson

Records = dict[str, dict[str, Any]]
SIGNS = {"lower": "lower", "higher": "higher", "none": "no difference seen"}


def stored_claims(question: Question) -> Records:
    """The claims of a built notebook by cell id (`q06-claim-1`). Raises FileNotFoundError where it is not built."""
    path = notebook_path(question)
    if not path.is_file():
        raise FileNotFoundError(
            f"Got no notebook of {question.key}; expected {path}. Run `metarec build {question.key}`."
        )
    return records_of(json.loads(path.read_text(encoding="utf-8")))


def records_of(notebook: Mapping[str, Any]) -> Records:
    """The records that `claim` left in a notebook's outputs, by cell id; in order."""
    found: Records = {}
    for cell in notebook["cells"]:
        for out in cell.get("outputs", []):
            if record := out.get("metadata", {}).get("metarec", {}).get("claim"):
                found[cell["id"]] = dict(record)
    return found


def _built(names: Sequence[str]) -> list[Question]:
    return [question for question in resolve_all(names) if names or notebook_path(question).is_file()]


def list_claims(names: Sequence[str]) -> int:
    """Print the stored claims as a table."""
    rows = [
        (question.key, record["text"], record["difference"], *record["interval"], SIGNS[record["verdict"]])
        for question in _built(names)
        for record in stored_claims(question).values()
    ]
    if not rows:
        print("No claims: no notebook is built yet. Run `metarec build`.")
        return 0
    _table(
        ("question", "claim", "difference", "interval", "verdict"),
        [(q, text, f"{d:+.4f}", f"[{low:+.4f}, {high:+.4f}]", verdict) for q, text, d, low, high, verdict in rows],
    )
    return 0


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*heads, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=False).print(table)


def rerun_claims(names: Sequence[str], seeds: str) -> int:
    """Rerun lessons and their studies on each seed, and print which claims keep their verdict. Returns the status."""
    places.require_clone("metarec claims --seeds")
    chosen, rows = studies.parse_seeds(seeds), []
    for question in _built(names):
        stored, lesson = stored_claims(question), read_lesson(question)
        reruns = {seed: rerun(lesson, seed) for seed in chosen}
        for identity, record in stored.items():
            rows.append((question.key, *_outcome(identity, record, reruns)))
    _table(("question", "claim", "stored", "same verdict", "holds"), rows)
    return 0 if all(row[-1] == "yes" for row in rows) else 1


def _outcome(identity: str, record: Mapping[str, Any], reruns: Mapping[int, Records]) -> tuple[str, str, str, str]:
    verdicts = {seed: found.get(identity, {}).get("verdict", "missing") for seed, found in reruns.items()}
    same = [seed for seed, verdict in verdicts.items() if verdict == record["verdict"]]
    others = ", ".join(f"seed {s}: {SIGNS.get(v, v)}" for s, v in verdicts.items() if s not in same)
    count = f"{len(same)} of {len(verdicts)}" + (f" ({others})" if others else "")
    return record["text"], SIGNS[record["verdict"]], count, "yes" if len(same) == len(verdicts) else "no"


def rerun(lesson: Lesson, seed: int) -> Records:
    """The claims of a lesson on another seed, its studies rerun on that seed as well; from the journal if it is there.

    Nothing under `notebooks/` is written.
    """
    folder = _rerun_folder(lesson, seed)
    journal = folder / "claims.json"
    if journal.is_file():
        print(f"{lesson.question.key} seed {seed}: taken from an earlier rerun")
        return json.loads(journal.read_text(encoding="utf-8"))
    for stem in lesson.studies:
        _rerun_study(stem, seed, folder / f"{stem}.json")
    run = execution.run_lesson(lesson, seed, **{studies.STUDIES_VARIABLE: str(folder)})
    print(f"{lesson.question.key} seed {seed}: {run.seconds:.1f} s")
    records = records_of(run.notebook)
    atomic_write(journal, canonical(records))
    return records


def _rerun_study(stem: str, seed: int, path: Path) -> None:
    if not path.is_file():
        results = studies.run_seeds(stem, studies.load_module(stem), [seed])
        atomic_write(path, studies.stored_text(stem, results, f"metarec claims --seeds {seed}"))


def _rerun_folder(lesson: Lesson, seed: int) -> Path:
    """Where a rerun is kept: by question, by seed and by all the code that it depends on."""
    code = [text_hash(lesson.path), studies.library_hash(), *map(studies.source_hash, lesson.studies)]
    key = hashlib.sha256("\n".join(code).encode()).hexdigest()[:16]
    return home() / "claims" / lesson.question.stem / key / f"seed-{seed}"
