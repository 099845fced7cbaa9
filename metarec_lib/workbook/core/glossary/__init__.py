"""The vocabulary of the workbook: each model, metric and condition has one name, in English and in Chinese.

One file a lesson (`q07.py`), and `common.py`; each defines TERMS. They are merged here, and a name that stands twice is
refused. `find("MAML")` gives the term; `say("K = 5", "zh")` its text.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping

from ..languages import Language, language, pick
from .term import NUMBER, Kind, Term

__all__ = ["Kind", "Term", "find", "merged", "name_of", "say", "terms"]


@functools.cache
def terms() -> tuple[Term, ...]:
    """All terms of all files. Raises ValueError for a name that stands twice."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if re.fullmatch(r"common|q\d\d", m.name))
    return merged({name: importlib.import_module(f"{__name__}.{name}").TERMS for name in names})


def merged(files: Mapping[str, Iterable[Term]]) -> tuple[Term, ...]:
    """The terms of several files as one list. Raises ValueError for a name or alias that stands twice."""
    seen: dict[str, str] = {}
    for file, found in files.items():
        for term in found:
            for name in dict.fromkeys([term.en, *term.aliases, f"{term.zh} ({term.kind})"]):
                if first := seen.get(name.casefold()):
                    raise ValueError(
                        f"glossary/{file}.py: got {name!r}, which stands in {first}.py as well; expected one name for one "
                        "thing. Keep one of the two terms; terms of several lessons belong in common.py."
                    )
                seen[name.casefold()] = file
    return tuple(term for found in files.values() for term in found)


def find(name: str, *kinds: Kind) -> Term:
    """The term with this name or alias. Raises ValueError that names the nearest terms where there is none."""
    return _found(name, kinds)[0]


def name_of(name: str, *kinds: Kind) -> str:
    """The English name of a thing, whichever of its names is given; a number in it is kept."""
    return say(name, "en", *kinds)


def say(name: str, lang: Language | None = None, *kinds: Kind) -> str:
    """What a thing is called in this language, by default the reader's."""
    term, number = _found(name, kinds)
    return pick((term.en.replace(NUMBER, number), term.zh.replace(NUMBER, number)), lang or language())


def _found(name: str, kinds: tuple[Kind, ...]) -> tuple[Term, str]:
    if isinstance(name, str) and (found := _matching(name, kinds)):
        return found
    known = [term for term in terms() if not kinds or term.kind in kinds]
    wanted = " or ".join(kinds) or "name"
    near = difflib.get_close_matches(str(name), [n for t in known for n in (t.en, *t.aliases)], n=3, cutoff=0.4)
    raise ValueError(
        f"Got {name!r}; expected a {wanted} of the glossary"
        + (f", such as {' or '.join(map(repr, near))}" if near else "")
        + ". Correct it, or add it to metarec_lib/workbook/glossary in both languages."
    )


@functools.cache
def _matching(name: str, kinds: tuple[Kind, ...]) -> tuple[Term, str] | None:
    """The first term that a name stands for, and the number in it."""
    for term in terms():
        if (not kinds or term.kind in kinds) and (number := term.match(name)) is not None:
            return term, number
    return None
