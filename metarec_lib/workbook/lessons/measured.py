"""`what_was_measured()`: all claims of a lesson with Holm's correction over the lesson, and the verdicts.

README, cards and reruns read the same table: `verdicts(records_of(notebook))`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from metarec_lib.workbook.core import Language, glossary, in_notebook, language, pick

from . import claims

LEVEL = 0.05
LOWER, HIGHER, NONE, EQUAL = "lower", "higher", "none", "equal"
WORDS = {
    LOWER: ("lower", "更低"),
    HIGHER: ("higher", "更高"),
    NONE: ("no difference seen", "看不出差别"),
    EQUAL: ("equal within the margin", "在界限之内持平"),
}
HEADS = {
    "en": ("", "metric", "what was compared", "difference", "over", "p, Holm", "verdict"),
    "zh": ("", "指标", "比较", "差值", "样本", "p（Holm 校正）", "结论"),
}


@dataclass(frozen=True)
class Verdict:
    """What holds of one claim after Holm. number: 1 for the first claim of the lesson, which marks call c1.

    word: `lower`, `higher` (clear), `none` (no difference seen) or `equal` (not clear, and the whole interval inside the
    margin). small: the whole interval lies inside the margin, clear or not.
    """

    number: int
    record: Mapping[str, Any]
    p: float
    word: str
    small: bool

    @property
    def clear(self) -> bool:
        return self.word in (LOWER, HIGHER)

    def text(self, lang: Language | None = None) -> str:
        """The verdict in words."""
        lang = lang or language()
        said = pick(WORDS[self.word], lang)
        if not (self.clear and self.small):
            return said
        width = f"{self.record['margin']:g}".lstrip("0")
        stars = self.record["metric"] in ("RMSE", "MAE")
        if lang == "zh":
            return f"{said}；差别清楚，但在本书视为微小的 {width}{' 星' if stars else ''}之内"
        return f"{said}: clear, but inside the {width}{' star' if stars else ''} that this book calls small"


def verdicts(records: Sequence[Mapping[str, Any]]) -> list[Verdict]:
    """The verdict of each claim of a lesson. A claim is clear where its p after Holm is at most .05."""
    from metarec_lib.evaluation.uncertainty import holm

    corrected = holm([record["p"] for record in records])
    return [_verdict(i, record, float(p)) for i, (record, p) in enumerate(zip(records, corrected, strict=True), 1)]


def _verdict(number: int, record: Mapping[str, Any], p: float) -> Verdict:
    width = record["margin"]
    small = width is not None and max(map(abs, record["interval"])) < width
    if p <= LEVEL:
        return Verdict(number, record, p, LOWER if record["difference"] < 0 else HIGHER, small)
    return Verdict(number, record, p, EQUAL if small else NONE, small)


def headline(found: Sequence[Verdict]) -> Verdict | None:
    """The claim that README shows, if the lesson has marked one."""
    return next((verdict for verdict in found if verdict.record["headline"]), None)


def what_was_measured() -> None:
    """Show all claims of this lesson in a table, with Holm's correction over all of them. The last cell of a lesson."""
    found, lang = verdicts(claims.made()), language()
    if not found:
        raise ValueError("Got no claim in this session; expected the claims of the lesson. Run the cells above first.")
    if in_notebook():
        from IPython.display import display

        display(bundle(found, lang), raw=True, metadata={"metarec": {"measured": len(found)}})
    else:
        print(as_text(found, lang))


def bundle(found: Sequence[Verdict], lang: Language) -> dict[str, str]:
    """What a notebook shows of all claims."""
    return {"text/plain": as_text(found, lang), "text/html": as_html(found, lang)}


def row(verdict: Verdict, lang: Language) -> tuple[str, ...]:
    """The cells of one claim."""
    record = verdict.record
    over = f"{record['n']:,} {glossary.say(record['unit'], lang)}"
    seeds = f"{record['seeds']} 个种子" if lang == "zh" else f"{record['seeds']} seed" + "s" * (record["seeds"] != 1)
    return (
        f"c{verdict.number}",
        claims.what(record, lang),
        claims.difference_of(record, lang),
        claims.figures(record, lang),
        f"{over}{'，' if lang == 'zh' else ', '}{seeds}",
        shown_p(verdict.p),
        verdict.text(lang),
    )


def shown_p(p: float) -> str:
    """A p-value for a person: "<.001", ".012", ".25", "1"."""
    if p < 0.001:
        return "<.001"
    return f"{p:.3f}".lstrip("0") if p < 0.0995 else f"{min(p, 1):.2g}".lstrip("0")


def as_text(found: Sequence[Verdict], lang: Language) -> str:
    """One line a claim."""
    return "\n".join(" | ".join(cells) for cells in [HEADS[lang], *(row(verdict, lang) for verdict in found)])


def as_html(found: Sequence[Verdict], lang: Language) -> str:
    """The table, and a line below it that says what was corrected."""
    head = "".join(f"<th>{escape(name)}</th>" for name in HEADS[lang])
    rows = ["<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row(v, lang)) + "</tr>" for v in found]
    below = pick(
        (
            f"Intervals of 95 % before correction; p and verdicts after Holm's correction over {len(found)} claims.",
            f"区间为校正前的 95% 区间；p 值与结论是对 {len(found)} 个比较做 Holm 校正之后的。",
        ),
        lang,
    )
    return "\n".join([f"<table><thead><tr>{head}</tr></thead><tbody>", *rows, f"</tbody></table><p>{below}</p>"])
