"""Which film to ask a user about next, for models whose user is a Bayesian linear regression (the closed-form heads).

Shapes: B users, C candidates, D weights of a user, I items.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from metarec_lib.meta.ridge import LinearHead, LinearState
from metarec_lib.models.serving import query_of

GOALS = ("information", "catalogue")


def next_question(
    model: LinearHead, user_id: object, k: int = 5, goal: str = "catalogue", known: Sequence[float] | None = None
) -> pd.DataFrame:
    """The k unrated films whose rating would teach most about this user: rank, item_id, title, value, best first.

    goal: see `question_values`. known: (I,) the chance that the user can answer, which the value is multiplied by; the share
    of training users who rated the film where None. An unknown user is asked from the prior. Raises ValueError for a model
    without a linear posterior, and for other goals.
    """
    check_linear("next_question", model)
    support, tables = model.ratings_of([user_id]), model.tables_
    items = torch.arange(tables.n_items, device=support.items.device).unsqueeze(0)
    with torch.no_grad():
        value = question_values(model, model.adapt(support), support.users, items, goal)[0].cpu().numpy()
    value = value * (known_share(model) if known is None else np.asarray(known, dtype=float))
    value[support.items[0][support.mask[0]].cpu().numpy()] = -np.inf
    best = np.argsort(-value, kind="stable")[: min(k, int(np.isfinite(value).sum()))]
    shown = tables.items.iloc[best]
    columns = {"rank": np.arange(1, len(best) + 1), "item_id": shown["item_id"].to_numpy()}
    if "title" in shown:
        columns["title"] = shown["title"].to_numpy()
    return pd.DataFrame({**columns, "value": value[best]})


def question_values(
    model: LinearHead, state: LinearState, users: Tensor, items: Tensor, goal: str = "catalogue"
) -> Tensor:
    """What the rating of each candidate would be worth, (B, C); it does not depend on the answer.

    With the posterior covariance S of a user's weights, x and n the candidate's features and noise variance:

    - "information": 1/2 log(1 + x' S x / n), the expected information gain about the weights (Lindley 1956; MacKay 1992);
    - "catalogue": x' S G S x / (n + x' S x), by how much the mean variance of the scores of all items falls,
      G the mean of v v' over the items, each counting by how many users rated it (A-optimality for prediction, Cohn 1996).

    users: (B,) and items: (B, C) positions.
    """
    check_linear("question_values", model)
    if goal not in GOALS:
        raise ValueError(f"question_values: got goal={goal!r}, expected one of {', '.join(map(repr, GOALS))}")
    candidates = model.linear(query_of(users, items, state.mean.dtype))
    covariance = posterior_covariance(model, state, users)
    moved = candidates.x @ covariance  # S x, (B, C, D)
    variance = (moved * candidates.x).sum(2)
    if goal == "information":
        return 0.5 * torch.log1p(variance / candidates.variance)
    return ((moved @ catalogue_moment(model, state.mean)) * moved).sum(2) / (candidates.variance + variance)


def posterior_covariance(model: LinearHead, state: LinearState, users: Tensor) -> Tensor:
    """S of the users' weights, (B, D, D): (diag(scale^-2) + sum x x' / n)^-1 over the support."""
    scale = model.prior_of(users)[1]
    return torch.linalg.inv(torch.diag(scale**-2) + state.z.mT @ state.z)


def catalogue_moment(model: LinearHead, like: Tensor) -> Tensor:
    """G, (D, D), of the device and type of `like`: the mean of x x' over the items, weighed by who rated them."""
    items = torch.arange(model.tables_.n_items, device=like.device).unsqueeze(0)
    stranger = torch.full((1,), -1, device=like.device)
    x = model.linear(query_of(stranger, items, like.dtype)).x[0]
    share = torch.as_tensor(known_share(model)).to(x)
    return (x * (share / share.sum()).unsqueeze(1)).mT @ x


def known_share(model: LinearHead) -> np.ndarray:
    """The share of the users with ratings who rated each item, (I,); a tenth of a user where nobody did."""
    known = model.history_.to_arrays()
    counts = np.bincount(known["items"], minlength=model.tables_.n_items)
    return np.maximum(counts, 0.1) / max(int((np.diff(known["starts"]) > 0).sum()), 1)


def check_linear(function: str, model: object) -> None:
    """Raise ValueError for a model whose users have no linear posterior."""
    if not isinstance(model, LinearHead):
        raise ValueError(
            f"{function}: got a {type(model).__name__}, expected a model with a linear posterior, such as MetaLearningModel "
            "or ProbabilisticPCA"
        )
