"""Claims: what a lesson says it has measured, as a sentence and as a record, and whether it holds on other seeds."""

import math
import os
from collections.abc import Sequence
from typing import Any

SEED_VARIABLE = "METAREC_SEED"
NOTHING_SEEN = "no difference seen"


def seed() -> int:
    """The seed of this run: METAREC_SEED, 0 where it is not set. Raises ValueError where it is not an integer."""
    text = os.environ.get(SEED_VARIABLE) or "0"
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise ValueError(f"Got {SEED_VARIABLE}={text!r}; expected an integer from 0 on. Correct or unset it.")
    return number


def claim(
    text: str,
    difference: Any,
    interval: Sequence[float] | None = None,
    n: int | None = None,
    seeds: int | Sequence[int] | None = None,
    baseline: str = "",
    unit: str = "users",
) -> None:
    """Show one measured claim as a sentence with its figures, and keep the record in the output's metadata.

    difference: method minus baseline, in the unit of the metric; interval: (low, high) around it; n: how many
    `unit` it was resampled over; seeds: how many, or which. Or difference is the `Comparison` that `compare`
    returned: then the other figures are taken from it. Where the interval covers zero the sentence ends in
    "no difference seen". Raises ValueError for figures that cannot be right.
    """
    if hasattr(difference, "interval"):
        found = difference
        difference, interval, n, seeds = found.mean, found.interval, n or found.users, seeds or found.seeds
    record = claim_record(text, difference, interval or (), n or 0, seeds or 0, baseline, unit)
    sentence = record["sentence"]
    if _in_notebook():
        from IPython.display import display

        shown = {"text/plain": sentence, "text/markdown": f"> **Measured.** {sentence}"}
        display(shown, raw=True, metadata={"metarec": {"claim": record}})
    else:
        print(sentence)


def _in_notebook() -> bool:
    import sys

    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def claim_record(
    text: str,
    difference: float,
    interval: Sequence[float],
    n: int,
    seeds: int | Sequence[int],
    baseline: str,
    unit: str = "users",
) -> dict[str, Any]:
    """The record of a claim: its figures, its verdict (`lower`, `higher` or `none`) and its sentence."""
    difference, low, high = _figures(difference, interval)
    count = _count("seeds", seeds if isinstance(seeds, int) else len(seeds))
    verdict = "none" if low <= 0 <= high else "lower" if high < 0 else "higher"
    record = {
        "text": _said("text", text).rstrip(" ."),
        "difference": difference,
        "interval": [low, high],
        "n": _count("n", n),
        "unit": unit,
        "seeds": count,
        "baseline": _said("baseline", baseline),
        "verdict": verdict,
    }
    return {**record, "sentence": _sentence(record)}


def _figures(difference: float, interval: Sequence[float]) -> tuple[float, float, float]:
    values = [float(difference), *map(float, interval)]
    if len(values) != 3 or not all(map(math.isfinite, values)) or not values[1] <= values[0] <= values[2]:
        raise ValueError(
            f"Got difference={difference!r} and interval={tuple(interval)!r}; expected finite figures with "
            "low ≤ difference ≤ high. Take both from the same comparison, in the same unit."
        )
    # Six digits are more than any figure here has, and the same on every machine.
    difference, low, high = (float(f"{value:.6g}") for value in values)
    return difference, low, high


def _count(name: str, value: int) -> int:
    if isinstance(value, bool) or int(value) != value or value < 1:
        raise ValueError(f"Got {name}={value!r} in a claim; expected an integer from 1 on. Say how many there were.")
    return int(value)


def _said(name: str, value: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"Got {name}={value!r} in a claim; expected words. Write what is claimed, against what.")
    return value.strip()


def _sentence(record: dict[str, Any]) -> str:
    low, high = record["interval"]
    digits = 3 if max(abs(low), abs(high)) >= 0.01 else 5
    figures = f"{record['difference']:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"
    seeds = f"{record['seeds']} seed" + ("s" if record["seeds"] != 1 else "")
    ending = f": {NOTHING_SEEN}" if record["verdict"] == "none" else ""
    return (
        f"{record['text']}: {figures} over {record['n']:,} {record['unit']}, {seeds} "
        f"(baseline: {record['baseline']}){ending}."
    )


def claims_command(names: Sequence[str] = (), seeds: str | None = None) -> int:
    """The command: list the stored claims, or with seeds rerun them. Returns the exit status."""
    from . import reruns

    return reruns.list_claims(names) if seeds is None else reruns.rerun_claims(names, seeds)
