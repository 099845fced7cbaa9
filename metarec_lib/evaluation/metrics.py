"""Metrics, one value a user. Ties count as what they are: the mean over every order that the scores allow.

Shapes: B users, Q rated items of one user, padded; `mask` (B, Q) is False where padded (all True by default).
A user for whom a metric is undefined (no item, no relevant one, one class) gets NaN: average with `nanmean`.
A NaN or infinite score is an error; scores that do not differ are a warning, because they rank nothing.
"""

from __future__ import annotations

import warnings
from numbers import Integral

import torch
from torch import Tensor


class ConstantScoreWarning(UserWarning):
    """A ranking metric was asked of scores that are all the same."""


def rmse(scores: Tensor, ratings: Tensor, mask: Tensor | None = None) -> Tensor:
    """Root mean squared error of each user, (B,), in the units of the ratings."""
    scores, ratings, mask = _checked("rmse", scores, ratings, mask)
    return _masked_mean((scores - ratings) ** 2, mask).sqrt()


def mae(scores: Tensor, ratings: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean absolute error of each user, (B,), in the units of the ratings."""
    scores, ratings, mask = _checked("mae", scores, ratings, mask)
    return _masked_mean((scores - ratings).abs(), mask)


def auc(scores: Tensor, labels: Tensor, mask: Tensor | None = None) -> Tensor:
    """Chance that a positive item scores above a negative one, (B,); a tie counts one half. labels: 0 or 1.

    The Mann-Whitney form: (sum of the positives' ranks - P(P+1)/2) / (P N), ranks averaged over ties. NaN with one class.
    """
    scores, labels, mask = _checked("auc", scores, labels, mask, ranking=True, binary=True)
    ordered, (labels, mask) = _sort(scores, mask, labels, mask)
    first, size = _tie_groups(ordered, mask)
    ascending_rank = mask.sum(1, keepdim=True) - (first + (size - 1) / 2)  # 1 is the lowest score
    positive, negative = (labels * mask).sum(1), ((1 - labels) * mask).sum(1)
    wins = (ascending_rank * labels * mask).sum(1) - positive * (positive + 1) / 2
    return torch.where((positive > 0) & (negative > 0), wins / (positive * negative), torch.nan)


def ndcg(scores: Tensor, gains: Tensor, mask: Tensor | None = None, k: int | None = None) -> Tensor:
    """Normalised discounted cumulative gain at k of each user, (B,), ties averaged. NaN without a positive gain.

    DCG@k is the sum over positions p = 1..k of gain / log2(p + 1). Items with equal scores share the mean gain of their
    group, which is the expectation over all orders (McSherry & Najork 2008, ECIR, eq. 7).
    gains: (B, Q), not negative; `Interactions.gain` for ratings, 0 or 1 for implicit data.
    """
    scores, gains, mask = _checked("ndcg", scores, gains, mask, ranking=True)
    if bool((gains < 0).any()):
        raise ValueError("ndcg: got a negative gain, expected 0 or more; shift the gains first")
    _check_k("ndcg", k)
    position = torch.arange(scores.shape[1], device=scores.device)
    discount = 1 / torch.log2(position.to(scores.dtype) + 2)
    discount = torch.where(position < (scores.shape[1] if k is None else k), discount, 0)
    ordered, (sorted_gains,) = _sort(scores, mask, gains * mask)
    group_mean = _group_means(ordered, sorted_gains, mask)
    best = torch.sort(gains * mask, dim=1, descending=True).values @ discount
    return torch.where(best > 0, (group_mean @ discount) / best, torch.nan)


def hit_rate(scores: Tensor, relevant: Tensor, mask: Tensor | None = None, k: int = 10) -> Tensor:
    """Chance that at least one relevant item is among the first k, (B,), over all orders of tied items.

    Where the first relevant group of r relevant among n tied items has m places left above k, the chance is
    1 - C(n-r, m) / C(n, m). NaN without a relevant item.
    """
    scores, relevant, mask = _checked("hit_rate", scores, relevant, mask, ranking=True, binary=True)
    _check_k("hit_rate", k)
    first, size, hits, found = _first_relevant_group(scores, relevant, mask)
    return torch.where(found, hit_chance(first, size, hits, k), torch.nan)


def mrr(scores: Tensor, relevant: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean reciprocal rank of the first relevant item, (B,), expected over all orders of tied items. NaN without one.

    In a group of n tied items with r relevant that starts after position s, the first relevant one stands at place j
    with chance C(n-j, r-1) / C(n, r), and counts 1 / (s + j).
    """
    scores, relevant, mask = _checked("mrr", scores, relevant, mask, ranking=True, binary=True)
    first, size, hits, found = _first_relevant_group(scores, relevant, mask)
    return torch.where(found, reciprocal_rank(first, size, hits), torch.nan)


def calibration_error(probabilities: Tensor, outcomes: Tensor, bins: int = 10) -> float:
    """Expected calibration error: the mean of |mean outcome - mean probability| over equal-width bins, weighted by size.

    probabilities, outcomes: (n,), in 0..1 (Naeini, Cooper & Hauskrecht 2015, AAAI, eq. 3).
    """
    p = torch.as_tensor(probabilities)
    p = p if p.is_floating_point() else p.double()
    y = torch.as_tensor(outcomes).to(p.dtype)
    _check_k("calibration_error", bins, "bins")
    if p.ndim != 1 or p.shape != y.shape or len(p) == 0:
        raise ValueError(
            f"calibration_error: got shapes {tuple(p.shape)} and {tuple(y.shape)}, expected two of (n,), n > 0"
        )
    if bool(torch.isnan(p).any()) or float(p.min()) < 0 or float(p.max()) > 1:
        raise ValueError("calibration_error: got probabilities outside 0..1 or NaN; pass probabilities, not scores")
    if not bool(((y >= 0) & (y <= 1)).all()):
        raise ValueError("calibration_error: got outcomes outside 0..1 or NaN; pass what happened, 0 or 1")
    which = (p * bins).long().clamp(max=bins - 1)
    gap = torch.zeros(bins, dtype=p.dtype, device=p.device).index_add_(0, which, y - p)
    return float(gap.abs().sum() / len(p))


# -- tie groups: n equal scores below `above` better ones, r of them relevant; all (B,) or (B, R) -----------------------
def mean_discount(above: Tensor, size: Tensor, k: int | None = None) -> Tensor:
    """Mean of 1 / log2(p + 1) over the places p = above + 1 .. above + size, those beyond k counting 0."""
    last = int((above + size).max()) if above.numel() else 0
    place = torch.arange(1, last + 1, device=above.device, dtype=above.dtype)
    discount = torch.where(place <= (last if k is None else k), 1 / torch.log2(place + 1), 0)
    total = torch.cat([discount.new_zeros(1), discount.cumsum(0)])
    return (total[(above + size).long()] - total[above.long()]) / size.clamp(min=1)


def hit_chance(above: Tensor, size: Tensor, hits: Tensor, k: int) -> Tensor:
    """Chance that one of the r relevant items of the group is among the first k: 1 - C(n-r, m) / C(n, m), m places left."""
    places = (k - above).clamp(min=0).minimum(size)
    chosen = _log_choose(size - hits, places) - _log_choose(size, places)
    return 1 - torch.where(size - hits >= places, chosen, -torch.inf).exp()


def reciprocal_rank(above: Tensor, size: Tensor, hits: Tensor) -> Tensor:
    """Expected 1 / rank of the first of the r relevant items of the group, (B,).

    It stands at place j of the group with chance C(n-j, r-1) / C(n, r), and then counts 1 / (above + j).
    """
    above, size, hits = (t.unsqueeze(1) for t in (above, size, hits))
    place = torch.arange(1, int(size.max()) + 1 if len(size) else 1, device=size.device, dtype=size.dtype)
    possible = (hits > 0) & (place <= size - hits + 1)
    log_chance = _log_choose((size - place).clamp(min=0), (hits - 1).clamp(min=0)) - _log_choose(size, hits)
    return (torch.where(possible, log_chance.exp(), 0) / (above + place)).sum(1)


# -- ties -------------------------------------------------------------------------------------------------------------
def _sort(scores: Tensor, mask: Tensor, *others: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Scores in falling order, padding last, and the others in the same order."""
    ordered, index = torch.sort(scores.masked_fill(~mask, -torch.inf), dim=1, descending=True, stable=True)
    return ordered, tuple(torch.gather(t, 1, index) for t in others)


def _group_ids(ordered: Tensor) -> Tensor:
    """Number of the tie group that each place belongs to, (B, Q), from 0."""
    new = torch.ones_like(ordered, dtype=torch.bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    return new.cumsum(1) - 1


def _group_sums(ordered: Tensor, values: Tensor) -> Tensor:
    """Sum of `values` over the tie group of each place, (B, Q)."""
    group = _group_ids(ordered)
    return torch.zeros_like(values).scatter_add_(1, group, values).gather(1, group)


def _group_means(ordered: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    return _group_sums(ordered, values) / _group_sums(ordered, torch.ones_like(values))


def _tie_groups(ordered: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """For each place, how many items stand above its tie group, and how many are in it, both (B, Q) float."""
    size = _group_sums(ordered, torch.ones_like(ordered))
    place = torch.arange(ordered.shape[1], device=ordered.device, dtype=ordered.dtype).expand_as(ordered)
    group = _group_ids(ordered)
    start = torch.full_like(ordered, torch.inf).scatter_reduce_(1, group, place, "amin").gather(1, group)
    return start, size


def _first_relevant_group(scores: Tensor, relevant: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of the best tie group with a relevant item: items above it, its size, its relevant items, and whether it exists."""
    ordered, (hits, sorted_mask) = _sort(scores, mask, relevant * mask, mask)
    start, size = _tie_groups(ordered, sorted_mask)
    in_group = _group_sums(ordered, hits)
    at = (hits > 0).to(torch.int8).argmax(1, keepdim=True)
    return *(t.gather(1, at).squeeze(1) for t in (start, size, in_group)), (hits > 0).any(1)


def _log_choose(n: Tensor, k: Tensor) -> Tensor:
    return torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma((n - k).clamp(min=0) + 1)


# -- checks -----------------------------------------------------------------------------------------------------------
def _masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    count = mask.sum(1)
    return torch.where(count > 0, values.masked_fill(~mask, 0).sum(1) / count.clamp(min=1), torch.nan)


def _check_k(name: str, k: int | None, what: str = "k") -> None:
    if k is not None and (isinstance(k, bool) or not isinstance(k, Integral) or k < 1):
        raise ValueError(f"{name}: got {what}={k!r}, expected a whole number of 1 or more")


def _checked(
    name: str, scores: Tensor, truth: Tensor, mask: Tensor | None, ranking: bool = False, binary: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Scores, truth and mask as (B, Q) of one floating type; one user may be given as (Q,)."""
    scores, truth = torch.as_tensor(scores), torch.as_tensor(truth)
    scores = scores if scores.is_floating_point() else scores.double()
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else torch.as_tensor(mask).bool()
    if scores.ndim == 1:
        scores, truth, mask = scores.unsqueeze(0), truth.reshape(1, -1), mask.reshape(1, -1)
    if scores.ndim != 2 or scores.shape != truth.shape or scores.shape != mask.shape:
        got = [tuple(t.shape) for t in (scores, truth, mask)]
        raise ValueError(
            f"{name}: got scores {got[0]}, truth {got[1]}, mask {got[2]}; expected all three (B, Q), or (Q,)"
        )
    if scores.shape[1] == 0:  # nobody has an item: one column of padding says the same
        scores, truth, mask = (torch.nn.functional.pad(t, (0, 1)) for t in (scores, truth, mask))
    truth = truth.to(scores.dtype)
    check_finite(name, "score", scores[mask])
    check_finite(name, "true value", truth[mask])
    if binary and not bool(((truth == 0) | (truth == 1))[mask].all()):
        raise ValueError(f"{name}: got labels other than 0 and 1. Usual cause: ratings; pass which are liked")
    if ranking and scores.shape[1] > 1:
        warn_if_constant(name, scores, mask)
    return scores, truth.masked_fill(~mask, 0), mask


def check_finite(name: str, what: str, values: Tensor) -> None:
    """Raise ValueError where one of the values is NaN or infinite."""
    bad = int((~torch.isfinite(values)).sum())
    if bad:
        raise ValueError(
            f"{name}: {bad} {what}s are NaN or infinite. Usual cause: a model that diverged; a NaN is no score"
        )


def warn_if_constant(name: str, scores: Tensor, mask: Tensor) -> None:
    """Warn where all scores (B, Q) of a user are the same."""
    low = scores.masked_fill(~mask, torch.inf).min(1).values
    high = scores.masked_fill(~mask, -torch.inf).max(1).values
    constant = (low == high) & (mask.sum(1) > 1)
    if bool(constant.any()):
        warnings.warn(
            f"{name}: {int(constant.sum())} of {len(scores)} users have the same score for every item; "
            "such scores rank nothing",
            ConstantScoreWarning,
            stacklevel=4,
        )
