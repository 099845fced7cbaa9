"""Studies: experiments longer than a lesson, run seed by seed, whose results the lesson prints and plots.

A study is `notebooks/source/studies/<stem>.py`. It defines `SEEDS`, a tuple of ints, and `run(seed)`, which returns or
yields tables of rows (`study_rows` makes them). Its results stand in `notebooks/studies/<stem>.json.gz` (results.py).
"""

import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from metarec_lib.data.paths import atomic_write, home
from metarec_lib.workbook.core import places

from .dependencies import code_hash
from .lesson import study_stem
from .results import Study, columns, head_of, joined, packed, study_from

WARN_SECONDS = 180
STUDIES_VARIABLE = "METAREC_STUDIES"
_VERSIONED = ("numpy", "scipy", "pandas", "torch", "scikit-learn", "metarec")
Rows = dict[str, list[Any]]  # by column


def load_study(name: str) -> Study:
    """The stored results of a study: `load_study("q06")`, or by the stem of its file.

    Raises FileNotFoundError where there are none. METAREC_STUDIES names a folder whose results go first
    (`metarec claims --seeds` sets it to show a rerun to a lesson).
    """
    stem = study_stem(name)
    folders = [Path(f) for f in [os.environ.get(STUDIES_VARIABLE)] if f]
    paths = [folder / f"{stem}.json.gz" for folder in folders] + [results_path(stem)]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise FileNotFoundError(
            f"Got no results of the study {stem!r}; expected {paths[-1]}. Run `metarec study {stem}`."
        )
    return study_from(stem, path)


def results_path(stem: str) -> Path:
    """The file of a study's results."""
    return places.content("notebooks", "studies", f"{stem}.json.gz")


def study_source(stem: str) -> Path:
    """The hand-written file of a study (only in a clone)."""
    return places.content("notebooks", "source", "studies", f"{stem}.py")


def study_command(name: str, seeds: str | None = None) -> int:
    """The command: run a study over its seeds and store the results. Returns the exit status."""
    places.require_clone("metarec study")
    stem = study_stem(name)
    study = load_module(stem)
    chosen = parse_seeds(seeds) if seeds is not None else tuple(study.SEEDS)
    start, results = time.perf_counter(), run_seeds(stem, study, chosen)
    command = f"metarec study {name}" + (f" --seeds {seeds}" if seeds is not None else "")
    path = results_path(stem)
    atomic_write(path, stored(stem, results, command))
    forget(stem, chosen)
    print(f"{stem}: {len(chosen)} seeds in {time.perf_counter() - start:.0f} s → {path}")
    return 0


def load_module(stem: str) -> ModuleType:
    """The study's module. Raises FileNotFoundError, or ValueError where `SEEDS` or `run` is missing."""
    one_thread()
    path = study_source(stem)
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.py"))) or "none yet"
        raise FileNotFoundError(f"Got no study {stem!r}; expected {path}. Write it, or choose one of these: {there}.")
    spec = importlib.util.spec_from_file_location(f"metarec_study_{stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up here
    spec.loader.exec_module(module)
    seeds, run = getattr(module, "SEEDS", None), getattr(module, "run", None)
    if not callable(run) or not isinstance(seeds, tuple) or not all(isinstance(s, int) for s in seeds) or not seeds:
        raise ValueError(
            f"{path}: got SEEDS = {seeds!r} and run = {run!r}; expected a tuple of ints and a function `run(seed)` "
            "that returns rows of results. Define both."
        )
    return module


def one_thread() -> None:
    """Make what is computed from here on use one thread and, unless the user says otherwise, the CPU."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    os.environ.setdefault("METAREC_DEVICE", "cpu")
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


def parse_seeds(text: str) -> tuple[int, ...]:
    """The seeds that `0-4`, `3` or `0,2,5-7` mean. Raises ValueError for anything else."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise ValueError(f"Got the seeds {text!r}; expected something like 0-4, 3 or 0,2,5-7. Correct --seeds.")
        seeds += range(int(first), int(last) + 1) if dash else [int(first)]
    return tuple(dict.fromkeys(seeds))


def run_seeds(stem: str, study: ModuleType, seeds: Sequence[int]) -> dict[int, Rows]:
    """The rows of each seed: those of an interrupted run from its journal, the others computed and journalled now."""
    results = {}
    for seed in seeds:
        path = journal_path(stem, seed)
        if path.is_file():
            print(f"{stem} seed {seed}: taken from the run that was stopped")
        else:
            atomic_write(path, json.dumps(columns(_timed(stem, study.run, seed))))
        results[seed] = json.loads(path.read_text(encoding="utf-8"))
    return results


def _timed(stem: str, run: Callable[[int], Any], seed: int) -> Any:
    start = time.perf_counter()
    try:
        result = joined(run(seed))
    except Exception as error:  # whoever wrote the study needs the traceback
        raise RuntimeError(f"{stem}: run({seed}) raised {type(error).__name__}: {error}") from error
    seconds = time.perf_counter() - start
    print(f"{stem} seed {seed}: {seconds:.1f} s, {len(result):,} rows")
    if seconds > WARN_SECONDS:
        print(f"warning: {seconds:.0f} s a seed; a study should take at most {WARN_SECONDS} s. Make it smaller.")
    return result


def stored(stem: str, results: Mapping[int, Rows], command: str) -> bytes:
    """The bytes of the results file: no times and no dates in it, so that a rerun compares equal."""
    head = {
        "study": stem,
        "code_sha256": code_hash(study_source(stem)),
        "command": command,
        "versions": versions(),
        "seeds": list(results),
    }
    return packed(head, _together(results))


def _together(results: Mapping[int, Rows]) -> Rows:
    """The rows of all seeds by column; a seed that lacks a condition has None there."""
    names = dict.fromkeys(name for rows in results.values() for name in rows)
    sizes = {seed: len(rows["value"]) for seed, rows in results.items()}
    table: Rows = {"seed": [seed for seed, size in sizes.items() for _ in range(size)]}
    for name in names:
        table[name] = [v for seed, rows in results.items() for v in rows.get(name, [None] * sizes[seed])]
    return table


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    found = {"python": platform.python_version()}
    for name in _VERSIONED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def is_stale(stem: str) -> bool:
    """Whether the stored results were made by other code than there is now. Raises ValueError for a file that is none."""
    return head_of(results_path(stem)).get("code_sha256") != code_hash(study_source(stem))


def journal_path(stem: str, seed: int) -> Path:
    """Where the rows of one seed wait until the study is complete; other code has another journal."""
    return home() / "studies" / stem / code_hash(study_source(stem))[:16] / f"seed-{seed}.json"


def forget(stem: str, seeds: Sequence[int]) -> None:
    """Drop the journal of a complete run: the next run computes everything anew."""
    for seed in seeds:
        journal_path(stem, seed).unlink(missing_ok=True)
