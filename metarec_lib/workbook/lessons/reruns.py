"""`metarec claims`: the claims that the built notebooks store, and whether they hold on fresh seeds.

Like is compared with like: each study is rerun on as many fresh seeds as it has, and the lesson pools them as it does its
own. What a single seed says is listed beside, no more. Fresh seeds redraw the splits of the same users. What was found is
kept in `notebooks/studies/replications.json`, by question, with the seeds; the list shows it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metarec_lib.data.paths import atomic_write, home
from metarec_lib.workbook.core import Question, places, resolve_all

from . import claims, execution, studies
from .build import canonical, notebook_path
from .claims import Record, records_of
from .dependencies import code_hash
from .lesson import Lesson
from .measured import Verdict, shown_p, verdicts
from .reading import read_lesson


@dataclass(frozen=True)
class Outcome:
    """One claim beside its replication. fresh: None where the rerun made no such claim; singles: the same by seed."""

    question: str
    stored: Verdict
    fresh: Verdict | None
    singles: dict[int, Verdict | None]

    @property
    def holds(self) -> bool:
        """A clear claim holds where the fresh one says the same; a null where it is not clear, or inside the margin."""
        if self.fresh is None:
            return False
        if self.stored.clear:
            return self.fresh.word == self.stored.word
        return not self.fresh.clear or self.fresh.small


def claims_command(names: Sequence[str] = (), seeds: str | None = None) -> int:
    """The command: list the stored claims, or with seeds rerun them. Returns the exit status."""
    return list_claims(names) if seeds is None else rerun_claims(names, seeds)


def stored_claims(question: Question) -> list[Record]:
    """The claims of a built notebook, in order. Raises FileNotFoundError where it is not built."""
    path = notebook_path(question)
    if not path.is_file():
        raise FileNotFoundError(
            f"Got no notebook of {question.key}; expected {path}. Run `metarec build {question.key}`."
        )
    return records_of(json.loads(path.read_text(encoding="utf-8")))


def _built(names: Sequence[str]) -> list[Question]:
    return [question for question in resolve_all(names) if names or notebook_path(question).is_file()]


# -- the list -------------------------------------------------------------------------------------------------------------
def list_claims(names: Sequence[str]) -> int:
    """Print the stored claims with their verdicts as a table."""
    found = [(question.key, verdict) for question in _built(names) for verdict in verdicts(stored_claims(question))]
    if not found:
        print("No claims: no notebook is built yet. Run `metarec build`.")
        return 0
    kept = _kept()
    rows = [
        (
            key,
            f"c{v.number}",
            _words(v.record),
            claims.figures(v.record, "en"),
            shown_p(v.p),
            v.text("en"),
            _replicated(kept, key, v),
        )
        for key, v in found
    ]
    _table(("question", "", "claim", "difference", "p, Holm", "verdict", "fresh seeds"), rows)
    told = [row[-1] for row in rows if row[-1]]
    print(
        f"{sum(word == HOLDS for word in told)} of {len(told)} claims that were rerun hold; {len(rows)} claims in all"
    )
    return 0


def _words(record: Record) -> str:
    return f"{claims.what(record, 'en')}: {claims.difference_of(record, 'en')}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*heads, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=False, markup=False).print(table)


# -- what was found before ------------------------------------------------------------------------------------------------
HOLDS, HOLDS_NOT, OTHER = "holds", "does not hold", "made otherwise since"


def _replications() -> Path:
    return places.content("notebooks", "studies", "replications.json")


def _kept() -> dict[str, dict[str, Any]]:
    path = _replications()
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _keep(lesson: Lesson, seeds: Sequence[int], outcomes: Sequence[Outcome]) -> None:
    """Store what the fresh seeds said of a lesson's claims, in place of an earlier rerun."""
    claims_found = {
        _words(outcome.stored.record): {
            "stored": _short(outcome.stored),
            "fresh": outcome.fresh and _short(outcome.fresh),
            "holds": outcome.holds,
        }
        for outcome in outcomes
    }
    kept = _kept() | {lesson.question.key: {"seeds": list(seeds), "claims": claims_found}}
    atomic_write(_replications(), json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + "\n")


def _replicated(kept: dict[str, dict[str, Any]], key: str, verdict: Verdict) -> str:
    """What an earlier rerun said of a claim; "" where there was none."""
    if (found := kept.get(key, {}).get("claims", {}).get(_words(verdict.record))) is None:
        return ""
    if found["stored"] != _short(verdict):
        return OTHER
    return HOLDS if found["holds"] else HOLDS_NOT


# -- the rerun ------------------------------------------------------------------------------------------------------------
def rerun_claims(names: Sequence[str], seeds: str) -> int:
    """Rerun lessons and their studies on fresh seeds, and print which claims hold. Returns the status, 0 where all do."""
    places.require_clone("metarec claims --seeds")
    chosen = studies.parse_seeds(seeds)
    lessons = [read_lesson(question) for question in _built(names)]
    for lesson in lessons:
        _require_fresh(lesson, chosen)
    outcomes = []
    for lesson in lessons:
        outcomes += (own := outcomes_of(lesson, chosen))
        _keep(lesson, chosen, own)
    _table(("question", "", "claim", "stored", "fresh seeds", "single seeds", "holds"), [_row(o) for o in outcomes])
    for word, clear in (("clear claims", True), ("nulls", False)):
        some = [outcome.holds for outcome in outcomes if outcome.stored.clear == clear]
        print(f"{word}: {sum(some)} of {len(some)} hold")
    print("Fresh seeds redraw the splits; the users are the same ones.")
    return 0 if all(outcome.holds for outcome in outcomes) else 1


def _require_fresh(lesson: Lesson, seeds: Sequence[int]) -> None:
    """Raise ValueError where seeds are too few for a study of the lesson, or not fresh."""
    for stem in lesson.studies:
        own = studies.load_study(stem).seeds
        if used := sorted({*own} & {*seeds}):
            raise ValueError(
                f"Got the seeds {used}, on which the study {stem} stands; expected fresh ones. "
                f"Choose {len(own)} others, such as {max(own) + 1}-{max(own) + len(own)}."
            )
        if len(seeds) < len(own):
            raise ValueError(
                f"Got {len(seeds)} seeds; expected {len(own)} or more, as many as the study {stem} has. Name more seeds."
            )
    if 0 in seeds:
        raise ValueError(
            f"Got the seed 0, with which {lesson.question.key} was built; expected fresh ones. Choose others."
        )


def outcomes_of(lesson: Lesson, seeds: Sequence[int]) -> list[Outcome]:
    """Each stored claim of a lesson beside the pooled rerun and the single seeds."""
    stored = verdicts(stored_claims(lesson.question))
    pooled = _by_claim(rerun(lesson, seeds))
    singles = {seed: _by_claim(rerun(lesson, [seed])) for seed in seeds}
    return [
        Outcome(
            lesson.question.key,
            verdict,
            pooled.get(claims.identity(verdict.record)),
            {seed: found.get(claims.identity(verdict.record)) for seed, found in singles.items()},
        )
        for verdict in stored
    ]


def _by_claim(records: Sequence[Record]) -> dict[tuple[str, ...], Verdict]:
    return {claims.identity(verdict.record): verdict for verdict in verdicts(records)}


def _row(outcome: Outcome) -> tuple[str, ...]:
    stored, fresh = outcome.stored, outcome.fresh
    alike = [
        v is not None and (v.word == stored.word or not (v.clear or stored.clear)) for v in outcome.singles.values()
    ]
    return (
        outcome.question,
        f"c{stored.number}",
        _words(stored.record),
        _short(stored),
        "missing" if fresh is None else _short(fresh),
        f"{sum(alike)} of {len(alike)} alike",
        "yes" if outcome.holds else "no",
    )


def _short(verdict: Verdict) -> str:
    return f"{verdict.text('en')} {claims.figures(verdict.record, 'en')}"


def rerun(lesson: Lesson, seeds: Sequence[int]) -> list[Record]:
    """The claims of a lesson on other seeds, its studies rerun on them and pooled; from the journal where they are there.

    Each study takes as many of the seeds as it has of its own; the lesson's live cells take the first. Nothing under
    `notebooks/` is written.
    """
    code = [code_hash(path) for path in (lesson.path, *map(studies.study_source, lesson.studies))]
    folder = _folder(lesson.question, *code) / "-".join(["seeds", *map(str, seeds)])
    journal = folder / "claims.json"
    if journal.is_file():
        print(f"{lesson.question.key} seeds {', '.join(map(str, seeds))}: taken from an earlier rerun")
        return json.loads(journal.read_text(encoding="utf-8"))
    for stem in lesson.studies:
        own = seeds[: len(studies.load_study(stem).seeds)]
        atomic_write(folder / f"{stem}.json.gz", _rerun_study(lesson.question, stem, own))
    run = execution.run_lesson(lesson, seeds[0], **{studies.STUDIES_VARIABLE: str(folder)})
    print(f"{lesson.question.key} seeds {', '.join(map(str, seeds))}: {run.seconds:.1f} s")
    records = records_of(run.notebook)
    atomic_write(journal, canonical(records))
    return records


def _rerun_study(question: Question, stem: str, seeds: Sequence[int]) -> bytes:
    """The results of a study on these seeds. Each seed is journalled: it goes into the pool, and stands alone."""
    results = {}
    for seed in seeds:
        path = _folder(question, code_hash(studies.study_source(stem))) / f"{stem}-seed-{seed}.json"
        if not path.is_file():
            found = studies.run_seeds(stem, studies.load_module(stem), [seed])
            atomic_write(path, json.dumps(found[seed]))
            studies.forget(stem, [seed])
        results[seed] = json.loads(path.read_text(encoding="utf-8"))
    return studies.stored(stem, results, f"metarec claims --seeds {','.join(map(str, seeds))}")


def _folder(question: Question, *code: str) -> Path:
    """Where reruns of a question are kept, by the hashes of the code that they depend on."""
    return home() / "claims" / question.stem / hashlib.sha256("\n".join(code).encode()).hexdigest()[:16]
