"""What a class tells of the exercises: how hard each function is, how well it tells students apart, what went wrong most."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

FEWEST = 5  # students, for a discrimination that means anything


def item_table(grades: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a function: `{"question", "name", "n", "difficulty", "discrimination", "mistake", "times"}`.

    difficulty: the mean share of the points, 1 where all have all. discrimination: the correlation of that share with
    the student's share of all other functions (the corrected item-total correlation); None where it is not defined.
    mistake: the named mistake, else the way of failing, that most students have.
    """
    rows = [row for row in grades["students"] if row["status"] == "graded"]
    names = [(q["question"], part["name"]) for q in grades["questions"] for part in q["functions"]]
    found = [
        {(result["question"], item["name"]): item for result in row["questions"] for item in result["functions"]}
        for row in rows
    ]
    shares = np.array([[items[name]["points"] / items[name]["possible"] for name in names] for items in found])
    return [_row(names, at, shares, found) for at in range(len(names))]


def _row(names: list[tuple[str, str]], at: int, shares: np.ndarray, found: list[dict]) -> dict[str, Any]:
    question, name = names[at]
    mistake, times = _most_common([items[names[at]] for items in found])
    difficulty = round(float(shares[:, at].mean()), 2) if len(found) else None
    return {"question": question, "name": name, "n": len(found), "difficulty": difficulty,
            "discrimination": _discrimination(shares, at), "mistake": mistake, "times": times}  # fmt: skip


def _discrimination(shares: np.ndarray, at: int) -> float | None:
    if len(shares) < FEWEST or shares.shape[1] < 2:
        return None
    others = np.delete(shares, at, axis=1).mean(1)
    if shares[:, at].std() == 0 or others.std() == 0:
        return None
    return round(float(np.corrcoef(shares[:, at], others)[0, 1]), 2)


def _most_common(items: list[dict[str, Any]]) -> tuple[str, int]:
    failed = [item for item in items if item["points"] < item["possible"]]
    named = [item["mistake"] for item in failed if item["mistake"]]
    said = Counter(named or [item["kind"] or item["status"] for item in failed])
    return min(said.items(), key=lambda pair: (-pair[1], pair[0])) if said else ("", 0)
