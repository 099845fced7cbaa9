"""Confirming a study after its code was touched: one seed runs again; where its rows are the same, the rest holds."""

import gzip
import json
from typing import Any

from metarec_lib.data.paths import atomic_write
from metarec_lib.workbook.core import places

from .dependencies import code_hash
from .lesson import study_stem
from .results import DIGITS, columns, head_of, joined, packed
from .studies import load_module, load_study, parse_seeds, results_path, study_source

TIMES = ("seconds", "time")  # metrics that differ from run to run


def confirm_command(name: str, seeds: str | None = None) -> int:
    """The command: run the first seed (or these) again; equal rows give the stored results the hash of today's code.

    Returns 1, and leaves the file alone, where a row differs: the study must be run anew.
    """
    places.require_clone("metarec study --confirm")
    stem = study_stem(name)
    stored, study, path = load_study(stem), load_module(stem), results_path(stem)
    chosen = parse_seeds(seeds) if seeds is not None else stored.seeds[:1]
    if missing := set(chosen) - set(stored.seeds):
        raise ValueError(
            f"Got the seeds {sorted(missing)}; expected some of {list(stored.seeds)}, which are stored. Correct --seeds."
        )
    before = code_hash(study_source(stem))
    for seed in chosen:
        found = joined(study.run(seed)).query("metric not in @TIMES")
        kept = stored.rows[stored.rows["seed"] == seed].drop(columns="seed").query("metric not in @TIMES")
        if said := difference(columns(kept), columns(found)):
            print(
                f"{stem} seed {seed}: {said}. The stored results are not those of this code: run `metarec study {name}`."
            )
            return 1
        print(f"{stem} seed {seed}: {len(found):,} rows, the same as the stored ones")
    _, table = gzip.decompress(path.read_bytes()).split(b"\n", 1)
    head = head_of(path) | {"code_sha256": before, "confirmed": list(chosen)}
    atomic_write(path, packed(head, json.loads(table)))
    print(f"{stem}: stored results confirmed on {len(chosen)} of {len(stored.seeds)} seeds → {path}")
    return 0


def difference(kept: dict[str, list[Any]], found: dict[str, list[Any]]) -> str:
    """In what two tables of rows differ, in words; "" where they are equal up to one unit of the last stored digit."""
    size = len(kept["value"]), len(found["value"])
    if size[0] != size[1]:
        return f"{size[1]:,} rows in place of {size[0]:,}"
    conditions = [c for c in kept if c != "value" and (c in found or any(v is not None for v in kept[c]))]
    old, new = (
        {tuple(_key(table[c][row]) if c in table else None for c in conditions): table["value"][row]
         for row in range(size[0])} for table in (kept, found)
    )  # fmt: skip
    if other := old.keys() ^ new.keys():
        return f"{len(other):,} rows of another metric, model, unit or condition"
    worst = max(old, key=lambda row: abs(old[row] - new[row]))
    gap = abs(old[worst] - new[worst])
    return f"{dict(zip(conditions, worst, strict=True))} differs by {gap:.2g}" if gap > 1.5 * 10**-DIGITS else ""


def _key(value: Any) -> Any:
    """A condition as it compares: 5 and 5.0 are the same, a missing one is None."""
    return None if value is None or value != value else value
