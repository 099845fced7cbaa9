"""Claims: what a lesson has measured. The author names what is compared; the sentence is made from the comparison.

`claim("RMSE", "closed-form head", "shrunken bias", found, at="K = 5")` says nothing that `found` does not say. Verdicts
stand in `what_was_measured()` (measured.py), after Holm's correction over the lesson.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metarec_lib.workbook.core import Language, glossary, in_notebook, language, watch_cells

SEED_VARIABLE = "METAREC_SEED"
MINUS = "−"
Record = dict[str, Any]
_made: dict[tuple[str, ...], Record] = {}  # the claims of this process, in the order in which they were first made


@dataclass(frozen=True)
class Minus:
    """A side that is itself a difference: `Minus("leaking bias", "shrunken bias")`. Compare with `found_a - found_b`."""

    a: Any
    b: Any


def seed() -> int:
    """The seed of this run: METAREC_SEED, 0 where it is not set. Raises ValueError where it is not an integer."""
    watch_cells()
    text = os.environ.get(SEED_VARIABLE) or "0"
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise ValueError(f"Got {SEED_VARIABLE}={text!r}; expected an integer from 0 on. Correct or unset it.")
    return number


def claim(
    metric: str, a: Any, b: Any, found: Any, at: str = "", *, headline: bool = False, scale: Sequence[float] = (1, 5)
) -> None:
    """Show what a comparison found as a sentence in the reader's language, and keep its record in the output's metadata.

    metric, a, b: names of the glossary. A side may be a name, a name with a condition such as ("MeLU", "K = 20"), a
    number, or `Minus(a, b)`. found: the `Comparison` of a with b. at: conditions, with commas between; of a study's
    comparison they are known. headline: the one claim of the lesson that README shows. scale: of the ratings, (low, high).
    Raises ValueError for a name that the glossary lacks, and where `found` compares something else than a and b.
    """
    record = claim_record(metric, a, b, found, at, headline=headline, scale=scale)
    _made[identity(record)] = record
    _refuse_second_headline(record)
    if in_notebook():
        from IPython.display import display

        display(bundle(record, language()), raw=True, metadata={"metarec": {"claim": record}})
    else:
        print(sentence(record))


def made() -> list[Record]:
    """The records of the claims of this process; a claim that was made anew counts once."""
    return list(_made.values())


def forget() -> None:
    """Start a list of claims anew."""
    _made.clear()


def identity(record: Mapping[str, Any]) -> tuple[str, ...]:
    """What makes a claim the same claim: what is compared, not what was found."""
    return tuple(repr(record[key]) for key in ("metric", "a", "b", "at"))


def _refuse_second_headline(record: Record) -> None:
    if record["headline"] and sum(other["headline"] for other in _made.values()) > 1:
        del _made[identity(record)]
        raise ValueError(
            "Got a second claim with headline=True; expected one a lesson. Take it away from one of the two."
        )


def claim_record(
    metric: str, a: Any, b: Any, found: Any, at: str = "", *, headline: bool = False, scale: Sequence[float] = (1, 5)
) -> Record:
    """The record of a claim, JSON-able: English names of the glossary and figures of six digits; no sentence."""
    from metarec_lib.evaluation.uncertainty import margin

    from .agreement import require_agreement

    name, measured = glossary.name_of(metric, "metric"), _measured(found)
    told = [glossary.name_of(part, "condition") for part in at.split(",") if part.strip()]
    said = {"metric": name, "a": plain(a), "b": plain(b), "at": told}
    width = margin(name, tuple(scale))
    return {
        **said,
        "at": require_agreement(said, found.about),
        **measured,
        "margin": width and float(f"{width:.6g}"),
        "headline": headline,
    }


def _measured(found: Any) -> Record:
    """The figures of a comparison; six digits are the same on every machine."""
    from metarec_lib.evaluation.uncertainty import Comparison

    if not isinstance(found, Comparison):
        raise ValueError(
            f"Got a {type(found).__name__} as what was found; expected a Comparison. Take it from `compare(a, b)` or "
            "`study.compare(a, b)`."
        )
    difference, low, high, p = (float(f"{value:.6g}") for value in (found.mean, *found.interval, found.p_value))
    if not all(map(math.isfinite, (difference, low, high))):
        raise ValueError(f"Got {found} in a claim; expected finite figures. Look at the values that were compared.")
    unit = glossary.name_of(found.unit, "unit")
    return {"difference": difference, "interval": [low, high], "p": p, "n": found.n, "unit": unit, "seeds": found.seeds}


def plain(side: Any) -> Any:
    """A side as JSON: a name, [name, condition], a number, or {"minus": [a, b]}. Raises ValueError for anything else."""
    if isinstance(side, Minus):
        return {"minus": [plain(side.a), plain(side.b)]}
    if isinstance(side, (tuple, list)) and len(side) == 2:
        return [glossary.name_of(side[0], "model"), glossary.name_of(side[1], "condition")]
    if isinstance(side, (int, float)) and not isinstance(side, bool):
        return side
    return glossary.name_of(side, "model")


def bundle(record: Mapping[str, Any], lang: Language) -> dict[str, str]:
    """What a notebook shows of a claim."""
    text, head = sentence(record, lang), {"en": "**Measured.** ", "zh": "**实测**："}[lang]
    return {"text/plain": text, "text/markdown": f"> {head}{text}"}


# -- the words of a record ----------------------------------------------------------------------------------------------
def sentence(record: Mapping[str, Any], lang: Language | None = None) -> str:
    """The claim as a sentence; no verdict in it, which needs the other claims of the lesson."""
    lang = lang or language()
    about, sides = what(record, lang), difference_of(record, lang)
    shown = figures(record, lang)
    if lang == "zh":
        n, seeds = f"{record['n']:,} {glossary.say(record['unit'], lang)}", f"{record['seeds']} 个种子"
        return f"{about}：{sides} = {shown}，{n}，{seeds}，未做多重比较校正。"
    seeds = f"{record['seeds']} seed" + ("s" if record["seeds"] != 1 else "")
    return f"{about}: {sides} {shown} over {record['n']:,} {record['unit']}, {seeds}, before correction."


def what(record: Mapping[str, Any], lang: Language) -> str:
    """Metric and conditions: "RMSE at K = 5"."""
    metric = glossary.say(record["metric"], lang)
    conditions = [glossary.say(part, lang) for part in record["at"]]
    if not conditions:
        return metric
    return f"{metric}（{'，'.join(conditions)}）" if lang == "zh" else f"{metric} at {', '.join(conditions)}"


def difference_of(record: Mapping[str, Any], lang: Language) -> str:
    """What is subtracted from what: "MAML minus shrunken bias"."""
    percent = glossary.find(record["metric"], "metric").percent
    a, b = (side_text(record[side], lang, percent) for side in ("a", "b"))
    return f"{a} {MINUS} {b}" if lang == "zh" else f"{a} minus {b}"


def side_text(side: Any, lang: Language, percent: bool = False) -> str:
    """A side of a record in words."""
    if isinstance(side, dict):
        a, b = (side_text(part, lang, percent) for part in side["minus"])
        return f"（{a} {MINUS} {b}）" if lang == "zh" else f"({a} minus {b})"
    if isinstance(side, list):
        name, condition = glossary.say(side[0], lang), glossary.say(side[1], lang)
        return f"{name}（{condition}）" if lang == "zh" else f"{name} ({condition})"
    if isinstance(side, (int, float)):
        return f"{side:.0%}".replace("%", " %" if lang == "en" else "%") if percent else f"{side:g}"
    return glossary.say(side, lang)


def figures(record: Mapping[str, Any], lang: Language) -> str:
    """Difference and interval: "−0.017 [−0.021, −0.013]"; in points of a hundred where the metric is a share."""
    values = [record["difference"], *record["interval"]]
    if glossary.find(record["metric"], "metric").percent:
        mean, low, high = (signed(100 * value, 1) for value in values)
        return f"{mean} [{low}, {high}] " + ("个百分点" if lang == "zh" else "points")
    digits = 3 if max(map(abs, values)) >= 0.01 else 4
    mean, low, high = (signed(value, digits) for value in values)
    return f"{mean} [{low}, {high}]"


def signed(value: float, digits: int) -> str:
    """A difference with its sign, a real minus, and no sign where it is rounded to zero."""
    text = f"{value:+.{digits}f}"
    return text[1:] if not float(text) else text.replace("-", MINUS)


# -- the records of a notebook --------------------------------------------------------------------------------------------
def records_of(notebook: Mapping[str, Any]) -> list[Record]:
    """The records that `claim` left in a notebook's outputs, in order: claim 1 first.

    Raises ValueError for records of another form.
    """
    outputs = (out for cell in notebook["cells"] for out in cell.get("outputs", ()))
    found = (out.get("metadata", {}).get("metarec", {}).get("claim") for out in outputs)
    records = [dict(record) for record in found if record]
    if any("p" not in record for record in records):
        raise ValueError(
            "Got a notebook whose claims were made by an older build; expected new ones. Run `metarec build`."
        )
    return records
