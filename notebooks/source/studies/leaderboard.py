"""The leaderboard as a study: every model on users it never saw, over five seeds that were not used for tuning.

`metarec leaderboard` prints the same protocol. Order of the lists: users as in `users`, K as in `supports`.
"""

from collections.abc import Sequence

import pandas as pd

from metarec_lib import load_movielens
from metarec_lib.leaderboard import METRICS, fit_models, plan_for, score_models

SEEDS = (10, 11, 12, 13, 14)
CHRONOLOGICAL = (
    "BaselineRecommender", "item-mean", "MatrixFactorization", "MAML", "InContextTransformer", "ProbabilisticPCA",
    "MetaLearningModel", "ensemble",
)  # fmt: skip


def run(seed: int) -> dict:
    """RMSE of each user to judge on, by model and K; the means of all metrics; CPU seconds of a fit."""
    data = load_movielens("ml-100k")
    plan = plan_for(data)
    fitted = fit_models(data, seed, plan=plan)
    random = score_models(fitted.models, data, fitted.users, plan, seed=seed)
    some = {name: fitted.models[name] for name in CHRONOLOGICAL}
    timed = score_models(some, data, fitted.users, plan, "chronological", seed)
    return {
        "users": fitted.users,
        "supports": plan.supports,
        "rmse": per_user(random, plan.supports),
        "means": means(random),
        "chronological": {"rmse": per_user(timed, (1, 5, 20)), "means": means(timed)},
        "settings": fitted.settings,
        "seconds": {name: round(value, 1) for name, value in fitted.seconds.items()},
    }


def per_user(results: pd.DataFrame, supports: Sequence[int]) -> dict[str, list[float]]:
    """RMSE of the users, by model and K; models whose scores are no ratings have none."""
    known = results[results["k"].isin(supports) & results["rmse"].notna()]
    groups = known.groupby(["model", "k"], sort=False)["rmse"]
    return {f"{model}, K={k}": values.round(4).tolist() for (model, k), values in groups}


def means(results: pd.DataFrame) -> dict[str, dict[str, list[float]]]:
    """The mean over users of each metric, by model: a number a K."""
    table = results.groupby(["model", "k"])[list(METRICS)].mean().round(4)
    return {
        metric: {model: part.tolist() for model, part in table[metric].dropna().groupby(level="model")}
        for metric in METRICS
    }
