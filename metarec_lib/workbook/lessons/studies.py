"""Studies: experiments longer than a lesson, run seed by seed, whose results the lesson prints and plots.

A study is `notebooks/source/studies/<stem>.py`. It defines `SEEDS`, a tuple of ints, and `run(seed) -> dict` of
JSON-able results (arrays are converted). Its results stand in `notebooks/studies/<stem>.json`.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from metarec_lib.data.paths import atomic_write, home
from metarec_lib.workbook.core import places

from .lesson import study_stem

WARN_SECONDS = 300
STUDIES_VARIABLE = "METAREC_STUDIES"
_VERSIONED = ("numpy", "scipy", "pandas", "torch", "scikit-learn", "metarec")
_PRESENTS = ("workbook", "plots", "cli.py", "__init__.py")  # of the package: nothing that a result depends on


@dataclass(frozen=True)
class Study:
    """The results of a study. `results[seed]` is what its `run(seed)` returned, arrays as lists."""

    name: str
    seeds: tuple[int, ...]
    results: Mapping[int, Mapping[str, Any]]
    command: str
    versions: Mapping[str, str]

    def stack(self, *path: str) -> Any:
        """A field of every seed as one array, seeds first: `study.stack("rmse", "maml")` is (seeds, …).

        Raises KeyError where a seed lacks the field, ValueError where its shape differs over seeds.
        """
        import numpy as np

        return np.stack([np.asarray(_field(self, seed, path)) for seed in self.seeds])


def _field(study: Study, seed: int, path: Sequence[str]) -> Any:
    value: Any = study.results[seed]
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            has = ", ".join(value) if isinstance(value, Mapping) else type(value).__name__
            raise KeyError(f"Got the field {'.'.join(path)!r} of study {study.name}; seed {seed} has: {has}.")
        value = value[key]
    return value


def load_study(name: str) -> Study:
    """The stored results of a study: `load_study("q06")`, or by the stem of its file.

    Raises FileNotFoundError where there are none. METAREC_STUDIES names a folder whose results go first
    (`metarec claims --seeds` sets it to show a rerun to a lesson).
    """
    stem = study_stem(name)
    folders = [Path(f) for f in [os.environ.get(STUDIES_VARIABLE)] if f]
    paths = [folder / f"{stem}.json" for folder in (*folders, places.content("notebooks", "studies"))]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise FileNotFoundError(
            f"Got no results of the study {stem!r}; expected {paths[-1]}. Run `metarec study {stem}`."
        )
    return _study_from(stem, json.loads(path.read_text(encoding="utf-8")))


def _study_from(stem: str, stored: Mapping[str, Any]) -> Study:
    results = {int(seed): result for seed, result in stored["results"].items()}
    return Study(stem, tuple(stored["seeds"]), results, stored["command"], stored["versions"])


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
    path = places.content("notebooks", "studies", f"{stem}.json")
    atomic_write(path, stored_text(stem, results, command))
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
            "that returns a dict. Define both."
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


def run_seeds(stem: str, study: ModuleType, seeds: Sequence[int]) -> dict[int, Any]:
    """The results by seed: those of an interrupted run from its journal, the others computed and journalled now."""
    results = {}
    for seed in seeds:
        path = journal_path(stem, seed)
        if path.is_file():
            print(f"{stem} seed {seed}: taken from the run that was stopped")
        else:
            atomic_write(path, _dump(_timed(stem, study.run, seed)))
        results[seed] = json.loads(path.read_text(encoding="utf-8"))
    return results


def _timed(stem: str, run: Callable[[int], Any], seed: int) -> Any:
    start = time.perf_counter()
    try:
        result = run(seed)
    except Exception as error:  # whoever wrote the study needs the traceback
        raise RuntimeError(f"{stem}: run({seed}) raised {type(error).__name__}") from error
    if not isinstance(result, dict):
        raise ValueError(f"{stem}: got {type(result).__name__} from run({seed}); expected a dict. Return one.")
    seconds = time.perf_counter() - start
    print(f"{stem} seed {seed}: {seconds:.1f} s")
    if seconds > WARN_SECONDS:
        print(f"warning: {seconds:.0f} s a seed; a study should take at most {WARN_SECONDS} s. Make it smaller.")
    return result


def _dump(value: Any) -> str:
    """JSON with a line for each key; a list of numbers or texts is one line, however long."""
    return _lines(json.loads(json.dumps(value, sort_keys=True, default=_plain)), "") + "\n"


def _lines(value: Any, indent: str) -> str:
    inner = f"{indent} "
    if isinstance(value, dict) and value:
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {_lines(item, inner)}" for key, item in value.items()]
    elif isinstance(value, list) and any(isinstance(item, (list, dict)) for item in value):
        parts = [_lines(item, inner) for item in value]
    else:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    start, end = "{}" if isinstance(value, dict) else "[]"
    return f"{start}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{end}"


def _plain(value: Any) -> Any:
    """Arrays, tensors and their scalars as lists and numbers."""
    for method in ("tolist", "to_dict"):
        if hasattr(value, method):
            return getattr(value, method)()
    raise ValueError(
        f"Got {type(value).__name__} in the results of a study; expected numbers, text, lists, dicts or arrays. "
        "Convert it in `run`."
    )


def stored_text(stem: str, results: Mapping[int, Any], command: str) -> str:
    """The text of the results file: no times and no dates in it, so that a rerun compares equal."""
    stored = {
        "study": stem,
        "study_sha256": source_hash(stem),
        "command": command,
        "versions": versions(),
        "seeds": list(results),
        "results": {str(seed): result for seed, result in results.items()},
    }
    return _dump(stored)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    found = {"python": platform.python_version()}
    for name in _VERSIONED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def source_hash(stem: str) -> str:
    """SHA-256 of the study's file; line ends do not count."""
    return hashlib.sha256(study_source(stem).read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def library_hash() -> str:
    """SHA-256 of the library's code that results depend on: a journal made with other code is not taken up again."""
    package, hashed = Path(__file__).resolve().parents[2], hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] not in _PRESENTS:
            hashed.update(path.read_bytes())
    return hashed.hexdigest()


def journal_path(stem: str, seed: int) -> Path:
    """Where the result of one seed waits until the study is complete."""
    key = hashlib.sha256((source_hash(stem) + library_hash()).encode()).hexdigest()[:16]
    return home() / "studies" / stem / key / f"seed-{seed}.json"


def forget(stem: str, seeds: Sequence[int]) -> None:
    """Drop the journal of a complete run: the next run computes everything anew."""
    for seed in seeds:
        journal_path(stem, seed).unlink(missing_ok=True)
