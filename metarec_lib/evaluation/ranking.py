"""Ranking all items for each user: how far up the liked items stand that the user had not rated in training.

Shapes: B users, I items, C candidates, R relevant items of one user. Only the places of the relevant items matter: for each
of them, how many candidates score higher and how many score the same. No list is sorted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import CELLS, PaddedRatings, length_batches
from metarec_lib.evaluation import metrics as m
from metarec_lib.evaluation.protocols import Fitted, item_codes, parse_metric


def evaluate_ranking(
    model: Fitted,
    test: Interactions,
    metrics: tuple[str, ...] = ("ndcg@10",),
    negatives: int | None = None,
    seed: int = 0,
    cells: int = CELLS,
) -> pd.DataFrame:
    """Rank items for each user who has a liked item in `test`: one row a user (indexed by id), one column a metric.

    model: a fitted recommender. Candidates are all items that the user has not rated in training; with `negatives`, only the
    liked ones and so many others drawn at random (the sampled protocol, which q06 warns of). Relevant = liked in `test`,
    gain 0 or 1. metrics: ndcg@k, hr@k, mrr.

    A liked item that the model's table does not hold cannot be found: it stays in the ideal list, and a user with no other
    counts as 0. Users without a liked item, and those who had rated all of theirs in training, have no row.
    `table.attrs["counts"]` says how many of each there were, `said_of` says it in words.
    """
    bad = [name for name in metrics if parse_metric(name)[0] not in ("ndcg", "hr", "mrr")]
    if bad:
        raise ValueError(f"evaluate_ranking: got metrics {bad}, expected ndcg@k, hr@k or mrr; the others do not rank")
    job = _Job(model, test, negatives, seed)
    table = np.zeros((len(job.users), len(metrics)))
    relevant = np.zeros(len(job.users), dtype=np.int64)
    wide = model.tables_.n_items if negatives is None else negatives + int(job.counts.max(initial=0))
    with torch.no_grad():
        for rows in length_batches(model.history_.counts(job.ids), np.full(len(job.users), wide), cells):
            places = job.places(rows)
            relevant[rows] = (places.found.sum(1) + places.lost).cpu()
            table[rows] = torch.stack([place_metric(name, places) for name in metrics], dim=1).cpu()
    frame = pd.DataFrame(table, index=pd.Index(job.ids, name="user"), columns=list(metrics))[relevant > 0]
    frame.attrs["counts"] = job.count(relevant)
    return frame


def said_of(counts: dict[str, int]) -> str:
    """What `evaluate_ranking` left out or counted as 0, in words; counts: its `table.attrs["counts"]`."""
    parts = [f"{counts['ranked']} of {counts['users']} users"]
    if counts["without_like"]:
        parts.append(f"{counts['without_like']} left out without a liked item")
    if counts["rated_before"]:
        parts.append(f"{counts['rated_before']} left out who had rated all liked items in training")
    if counts["unknown"]:
        parts.append(f"{counts['unknown']} count as 0, as the model knows none of their liked items")
    if counts["unknown_items"]:
        parts.append(f"{counts['unknown_items']} liked ratings are of items that the model does not know")
    return "; ".join(parts)


@dataclass(frozen=True)
class Places:
    """Where the relevant items of B users stand among their candidates.

    above, ties: (B, R), candidates that score higher, and that score the same (the item itself included); found: (B, R)
    bool, False where padded; lost: (B,), relevant items that the model does not know.
    """

    above: Tensor
    ties: Tensor
    found: Tensor
    lost: Tensor


class _Job:
    """Who is ranked: the users with a liked item in `test`, and their liked items, user after user."""

    def __init__(self, model: Fitted, test: Interactions, negatives: int | None, seed: int) -> None:
        self.model, self.negatives, self.seed = model, negatives, seed
        liked = np.flatnonzero(test.liked)
        self.users, owner, self.counts = np.unique(test.user_codes[liked], return_inverse=True, return_counts=True)
        self.ids = test.users["user_id"].to_numpy()[self.users]
        self.all_users = len(np.unique(test.user_codes))
        order = np.argsort(owner, kind="stable")
        self.items = item_codes(model, test)[liked][order]
        self.starts = np.cumsum(self.counts) - self.counts
        self.unknown = np.bincount(owner[order], self.items < 0, len(self.users)).astype(np.int64)

    def places(self, rows: np.ndarray) -> Places:
        support = self.model.history_.padded(self.ids[rows], self.model.device, self.model.dtype)
        relevant, candidates = self._relevant(rows, support), self._unseen(support)
        relevant &= candidates
        items = None
        if self.negatives is not None:
            candidates &= relevant | self._sampled(rows, candidates & ~relevant)
            items, candidates, relevant = _to_the_left(candidates, relevant)
        scores = score_items(self.model, support, items, candidates)
        lost = torch.as_tensor(self.unknown[rows], device=scores.device)
        return Places(*places_of(scores, relevant, candidates), lost)

    def _relevant(self, rows: np.ndarray, support: PaddedRatings) -> Tensor:
        """(B, I) bool, which items the users like in the test."""
        slot = np.repeat(np.arange(len(rows)), self.counts[rows])
        first = np.cumsum(self.counts[rows]) - self.counts[rows]
        items = self.items[np.arange(len(slot)) + np.repeat(self.starts[rows] - first, self.counts[rows])]
        table = np.zeros((len(rows), self.model.tables_.n_items), dtype=bool)
        table[slot[items >= 0], items[items >= 0]] = True
        return torch.as_tensor(table, device=support.items.device)

    def _unseen(self, support: PaddedRatings) -> Tensor:
        """(B, I) bool, which items the users have not rated in training."""
        n_items = self.model.tables_.n_items
        unseen = torch.ones(len(support), n_items + 1, dtype=torch.bool, device=support.items.device)
        return unseen.scatter_(1, torch.where(support.mask, support.items, n_items), False)[:, :-1]

    def _sampled(self, rows: np.ndarray, others: Tensor) -> Tensor:
        """(B, I) bool, `negatives` of the others at random; a user's draw does not depend on the batch."""
        n_items = others.shape[1]
        allowed, wanted = others.cpu().numpy(), min(self.negatives, n_items)
        draw = np.where(allowed, np.stack([_draw(self.seed, row, n_items) for row in rows]), 2.0)  # MPS has no float64
        nearest = np.argpartition(draw, min(wanted, n_items - 1), axis=1)[:, :wanted]
        chosen = np.zeros_like(allowed)
        np.put_along_axis(chosen, nearest, True, axis=1)
        return torch.as_tensor(chosen & allowed, device=others.device)

    def count(self, relevant: np.ndarray) -> dict[str, int]:
        ranked = relevant > 0
        lost = ranked & (relevant == self.unknown)
        parts = {"ranked": ranked, "rated_before": ~ranked, "unknown": lost}
        counts = {name: int(users.sum()) for name, users in parts.items()}
        without = self.all_users - len(self.users)
        return {"users": self.all_users, **counts, "without_like": without, "unknown_items": int(self.unknown.sum())}


def score_items(model: Fitted, support: PaddedRatings, items: Tensor | None, candidates: Tensor) -> Tensor:
    """Scores (B, C) of these items, or of all where None, for users with these ratings."""
    state = model.adapt(support)
    if items is None and hasattr(model, "score_all"):
        return model.score_all(state, support.users)
    shown = candidates if items is not None else torch.ones_like(candidates)
    items = torch.arange(shown.shape[1], device=shown.device).repeat(len(shown), 1) if items is None else items * shown
    nothing = torch.zeros(items.shape, dtype=support.values.dtype, device=items.device)
    return model.score(state, PaddedRatings(support.users, items, nothing, shown))


def places_of(scores: Tensor, relevant: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """above, ties and found, (B, R), of the relevant items among the candidates; scores, relevant, candidates: (B, C)."""
    m.check_finite("evaluate_ranking", "score", scores[candidates])
    m.warn_if_constant("evaluate_ranking", scores, candidates)
    user, item = relevant.nonzero(as_tuple=True)
    counts = relevant.sum(1)
    column = torch.arange(len(user), device=user.device) - (counts.cumsum(0) - counts)[user]
    shape = (len(scores), max(1, int(counts.max())))
    own, found = scores.new_full(shape, torch.nan), torch.zeros(shape, dtype=torch.bool, device=scores.device)
    own[user, column], found[user, column] = scores[user, item], True
    among = scores.masked_fill(~candidates, -torch.inf)
    above, ties = torch.zeros_like(own), torch.zeros_like(own)
    for r in range(shape[1]):
        above[:, r] = (among > own[:, r : r + 1]).sum(1).to(own.dtype)
        ties[:, r] = (among == own[:, r : r + 1]).sum(1).to(own.dtype)
    return above, ties, found


def place_metric(name: str, places: Places) -> Tensor:
    """ndcg@k, hr@k or mrr of each user, (B,), from where the relevant items stand; 0 where none can be found."""
    kind, k = parse_metric(name)
    if kind == "ndcg":
        dcg = (m.mean_discount(places.above, places.ties, k) * places.found).sum(1)
        relevant = (places.found.sum(1) + places.lost).to(dcg.dtype)
        ideal = m.mean_discount(torch.zeros_like(relevant), relevant, k) * relevant
        return dcg / ideal.clamp(min=1e-12)
    best = torch.where(places.found, places.above, torch.inf).min(1, keepdim=True)
    first = places.found & (places.above == best.values)
    above = best.values[:, 0].nan_to_num(posinf=0.0)
    group = above, places.ties.gather(1, best.indices)[:, 0], first.sum(1).to(above.dtype)
    value = m.hit_chance(*group, k or 10) if kind == "hr" else m.reciprocal_rank(*group)
    return torch.where(first.any(1), value, 0)


def _to_the_left(candidates: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
    """The items of the candidates first, (B, C) with C the most that a user has, then the others in that order."""
    width = int(candidates.sum(1).max())
    items = torch.argsort((~candidates).to(torch.int8), dim=1, stable=True)[:, :width]
    return items, *(t.gather(1, items) for t in (candidates, *others))


def _draw(seed: int, user: int, n_items: int) -> np.ndarray:
    """The random numbers of one user, (I,): a stretch of one stream, so that they do not depend on who else is ranked."""
    rng = np.random.default_rng(seed)
    rng.bit_generator.advance(int(user) * n_items)
    return rng.random(n_items)
