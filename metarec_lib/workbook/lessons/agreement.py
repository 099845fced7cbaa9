"""Whether a claim names what its comparison compared. A study's comparison knows its metric, sides and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metarec_lib.workbook.core import glossary


def require_agreement(said: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    """The conditions to tell: those said, else those known. Raises ValueError where the claim says something else.

    said: `metric`, `a`, `b` as in a record, `at` a list. about: of the `Comparison`; empty where the values came from
    the lesson itself, which nothing is known of.
    """
    told = list(said["at"])
    if not about:
        return told
    shared = about.get("conditions", {})
    known = conditions_of(shared)
    _require_same("metric", said["metric"], glossary.name_of(str(about["metric"]), "metric"))
    for side in ("a", "b"):
        _require_side(side, said[side], about[side], told or known, shared)
    _require_told(known, told or known)
    return told or known


def conditions_of(conditions: Mapping[str, Any]) -> list[str]:
    """Conditions of a study's rows in the words of the glossary: {"k": 5} is "K = 5". What has no word is not told."""
    found = []
    for column, value in conditions.items():
        for words in (f"{column}={value}", str(value)):
            try:
                found.append(glossary.name_of(words, "condition"))
                break
            except ValueError:
                continue
    return found


def _require_side(side: str, said: Any, about: Any, told: list[str], shared: Mapping[str, Any]) -> None:
    """Raise ValueError unless a side of the claim has the name, and no other conditions than those, of what was compared."""
    if isinstance(about, Mapping) and "minus" in about and isinstance(said, Mapping):
        for part, known in zip(said["minus"], about["minus"], strict=True):
            _require_side(side, part, known, told, shared)
        return
    name, conditions = about if isinstance(about, (list, tuple)) else (about, {})
    got, *own = said if isinstance(said, list) else [said]
    _require_same(f"side {side}", got, name if not isinstance(name, str) else glossary.name_of(name, "model"))
    _require_told(conditions_of(conditions), [*own, *told])
    _require_no_other(conditions_of({**shared, **conditions}), [*own, *told])


def _require_same(part: str, said: Any, known: Any) -> None:
    if said != known:
        raise ValueError(
            f"Got {said!r} as the {part} of a claim; expected {known!r}, which is what was compared. "
            "Correct the claim or the comparison."
        )


def _require_told(known: list[str], told: list[str]) -> None:
    if missing := [condition for condition in known if condition not in told]:
        raise ValueError(
            f"Got a claim at {told or 'no condition'}; expected {', '.join(missing)} among them, which is what was "
            "compared. Add it to `at`, or leave `at` out: a study's conditions are known."
        )


def _require_no_other(known: list[str], told: list[str]) -> None:
    terms = {glossary.find(condition, "condition").en: condition for condition in known}
    for condition in told:
        if condition != terms.get(glossary.find(condition, "condition").en, condition):
            raise ValueError(
                f"Got a claim at {condition}; expected {', '.join(known)}, which is what was compared. Correct the claim."
            )
