"""Submissions that resemble each other more than the exercise explains: by the syntax trees of their functions, with names,
constants' spelling, comments and layout taken away.

What many write, and what the reference solution has, is no sign of copying: only runs of nodes that are rare in the class
count. Files are parsed in a process of their own, which one of them may crash.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

LENGTH = 8  # nodes in a run
USUAL = 0.1  # of the class: a run that more have is no sign
LEAST, SHARE = 12, 0.5  # rare runs that two have in common; their share of all rare runs of the two


def shingles(source: str) -> set[int]:
    """Hashes of all runs of nodes of a file. Raises what `ast` raises."""
    nodes = list(_nodes(ast.parse(source)))
    runs = (" ".join(nodes[at : at + LENGTH]) for at in range(len(nodes) - LENGTH + 1))
    return {zlib.crc32(run.encode("utf-8", "replace")) for run in runs}


def _nodes(tree: ast.AST) -> Iterator[str]:
    """The kinds of nodes in order; a name that is called or read from a module stays, one's own names do not."""
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        waiting: list[ast.AST] = [*reversed(function.body[ast.get_docstring(function) is not None :])]
        while waiting:
            node = waiting.pop()
            told = getattr(node, "attr", None) or (node.value if isinstance(node, ast.Constant) else "")
            yield f"{type(node).__name__}:{told!r}"
            skipped = (ast.expr_context, ast.arguments)
            waiting += reversed([child for child in ast.iter_child_nodes(node) if not isinstance(child, skipped)])


def pairs(texts: dict[str, str], known: list[str]) -> list[dict[str, Any]]:
    """Pairs of students, the most alike first: `{"students", "share", "runs"}`. known: texts that everyone has."""
    found = dict(zip(texts, _parsed(list(texts.values())), strict=True))
    common = set().union(*_parsed(known))
    counted = Counter(run for runs in found.values() for run in runs)
    most = max(3, int(USUAL * len(texts)))
    rare = {name: {run for run in runs - common if counted[run] <= most} for name, runs in found.items()}
    by_run: dict[int, list[str]] = {}
    for name, runs in rare.items():
        for run in runs:
            by_run.setdefault(run, []).append(name)
    shared = Counter(pair for names in by_run.values() for pair in combinations(sorted(names), 2))
    close = [
        {"students": list(pair), "share": round(count / len(rare[pair[0]] | rare[pair[1]]), 2), "runs": count}
        for pair, count in shared.items()
        if count >= LEAST
    ]
    return sorted(
        (item for item in close if item["share"] >= SHARE), key=lambda item: (-item["share"], item["students"])
    )


def _parsed(texts: list[str]) -> list[set[int]]:
    """The runs of each text; none for one that cannot be parsed or ends the process that parses."""
    found: list[set[int]] = []
    while len(found) < len(texts):
        asked = "\n".join(json.dumps(text) for text in texts[len(found) :])
        command = [sys.executable, "-I", "-S", __file__]
        try:
            run = subprocess.run(command, input=asked, capture_output=True, text=True, encoding="ascii", timeout=60)
            lines = run.stdout.splitlines()
        except subprocess.TimeoutExpired as error:
            lines = (error.stdout or b"").decode("ascii", "replace").splitlines()
        whole = [line for line in lines if line.endswith("]")]
        found += [set(json.loads(line)) for line in whole]
        if len(found) < len(texts):
            found.append(set())
    return found


def main() -> None:
    """A line of JSON for each line of standard input."""
    for line in sys.stdin:
        try:
            runs = sorted(shingles(json.loads(line)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            runs = []
        print(json.dumps(runs), flush=True)


if __name__ == "__main__":
    main()
