"""Which of a user's ratings does a score rest on? Attributions by captum, and the deletion test: are they true?

A score is explained by the K ratings of the support. A rating can be absent (its mask is off), or neutral (its value is what
the model expected of the film before any rating). Shapes: B users, one query item each, K support ratings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.models.base import Recommender

METHODS = ("integrated gradients", "gradient x input", "absolute gradient", "occlusion", "KernelSHAP", "LIME")


def attributions(
    model: Recommender,
    support: PaddedRatings,
    query: PaddedRatings,
    method: str = "integrated gradients",
    *,
    samples: int = 200,
    steps: int = 32,
    seed: int = 0,
) -> Tensor:
    """What each support rating adds to the query's score, in stars, (B, K); 0 where padded. query: one item a user, (B, 1).

    - "integrated gradients" (Sundararajan, Taly & Yan 2017, ICML, eq. 1): `steps` steps from neutral values on;
    - "gradient x input": (value - neutral) times the gradient at the user's values; "absolute gradient": its size alone;
    - "occlusion": the score minus the score without the rating;
    - "KernelSHAP" (Lundberg & Lee 2017, NeurIPS, theorem 2), "LIME" (Ribeiro, Singh & Guestrin 2016, KDD): a weighted linear
      fit on the scores under `samples` random subsets of the ratings, absent ones masked.
    """
    if method not in METHODS:
        raise ValueError(f"attributions: got method={method!r}, expected one of {', '.join(METHODS)}")
    if tuple(query.items.shape) != (len(support), 1):
        expected = f"({len(support)}, 1): one item a user"
        raise ValueError(f"attributions: got query items {tuple(query.items.shape)}, expected {expected}")
    if method in ("integrated gradients", "gradient x input", "absolute gradient"):
        found = _by_gradient(model, support, query, method, steps)
    elif method == "occlusion":
        found = _by_occlusion(model, support, query)
    else:
        found = _by_subsets(model, support, query, method, samples, seed)
    return found * support.mask


def deletion(
    model: Recommender, support: PaddedRatings, query: PaddedRatings, ranking: Tensor, counts: Sequence[int]
) -> Tensor:
    """How far the query's score falls when the `n` ratings that rank highest are taken away, (B, len(counts)), in stars.

    ranking: (B, K), such as attributions (signed: what raised the score) or their absolute values (what moved it).
    """
    order = ranking.masked_fill(~support.mask, -torch.inf).argsort(dim=1, descending=True, stable=True)
    rank = order.argsort(dim=1)
    full = _score(model, support, query)
    without = [_score(model, replace(support, mask=support.mask & (rank >= n)), query) for n in counts]
    return torch.stack([full - score for score in without], dim=1)


def _score(model: Recommender, support: PaddedRatings, query: PaddedRatings) -> Tensor:
    """(B,): the query's score given these ratings; values are 0 where the mask is off."""
    support = replace(support, values=support.values * support.mask)
    return model.score(model.adapt(support), query).squeeze(1)


def neutral_values(model: Recommender, support: PaddedRatings) -> Tensor:
    """What the model expects of the rated items before any rating, (B, K), in stars."""
    nothing = torch.zeros_like(support.mask)
    return model.score(model.adapt(replace(support, values=support.values * nothing, mask=nothing)), support).detach()


def _by_gradient(model: Recommender, support: PaddedRatings, query: PaddedRatings, method: str, steps: int) -> Tensor:
    from captum.attr import IntegratedGradients, Saliency

    def score(values: Tensor) -> Tensor:  # captum puts several copies of the users one after another
        rows = torch.arange(len(values), device=values.device) % len(support)
        return _score(model, replace(support.select(rows), values=values), query.select(rows))

    neutral = neutral_values(model, support)
    if method == "integrated gradients":
        return IntegratedGradients(score).attribute(support.values, neutral, n_steps=steps).detach()
    values = support.values.clone().requires_grad_()
    slope = Saliency(score).attribute(values, abs=method == "absolute gradient").detach()
    return slope if method == "absolute gradient" else slope * (support.values - neutral)


def _by_occlusion(model: Recommender, support: PaddedRatings, query: PaddedRatings) -> Tensor:
    """All ratings of all users at once: row b K + j is user b without rating j."""
    b, k = support.mask.shape
    rows = torch.arange(b, device=support.mask.device).repeat_interleave(k)
    kept = ~torch.eye(k, dtype=torch.bool, device=support.mask.device).repeat(b, 1)
    many = support.select(rows)
    without = _score(model, replace(many, mask=many.mask & kept), query.select(rows)).reshape(b, k)
    return (_score(model, support, query).unsqueeze(1) - without).detach()


def _by_subsets(
    model: Recommender, support: PaddedRatings, query: PaddedRatings, method: str, samples: int, seed: int
) -> Tensor:
    from captum.attr import KernelShap, Lime

    fit = {"KernelSHAP": KernelShap, "LIME": Lime}[method]
    rows = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # captum draws from the global generator
        for user in range(len(support)):
            score = presence_score(model, support.select(slice(user, user + 1)), query.select(slice(user, user + 1)))
            present = support.mask[user : user + 1].to(support.values.dtype)
            rows.append(fit(score).attribute(present, n_samples=samples, perturbations_per_eval=samples)[0])
    return torch.stack(rows).to(support.values.dtype)


def presence_score(model: Recommender, support: PaddedRatings, query: PaddedRatings) -> Callable[[Tensor], Tensor]:
    """One user's score as a function of which ratings are there: (N, K) of 0 and 1 -> (N,)."""

    def score(present: Tensor) -> Tensor:
        rows = torch.zeros(len(present), dtype=torch.int64, device=present.device)
        many = support.select(rows)
        with torch.no_grad():
            return _score(model, replace(many, mask=many.mask & (present > 0.5)), query.select(rows))

    return score
