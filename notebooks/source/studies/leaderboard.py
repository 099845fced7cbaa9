"""The leaderboard as a study: every model on users it never saw, over five seeds that were not used for tuning.

`metarec leaderboard` prints the same protocol. RMSE is by user, other metrics are means over users.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from metarec_lib import (
    ANIL,
    CAVIA,
    FOMAML,
    MAML,
    BaselineRecommender,
    Blend,
    ConditionalNeuralProcess,
    ContentBasedRecommender,
    InContextTransformer,
    ItemGaussianProcess,
    ItemKNN,
    MatchingRecommender,
    MatrixFactorization,
    MeLU,
    MetaLearningModel,
    MetaSGD,
    MixturePrior,
    PopularityRecommender,
    ProbabilisticPCA,
    Reptile,
    load_movielens,
    study_rows,
)
from metarec_lib.leaderboard import ENSEMBLE, ITEM_MEAN, METRICS, fit_models, plan_for, score_models

SEEDS = (10, 11, 12, 13, 14)
MODELS = (
    ANIL,
    BaselineRecommender,
    Blend,
    CAVIA,
    ConditionalNeuralProcess,
    ContentBasedRecommender,
    FOMAML,
    InContextTransformer,
    ItemGaussianProcess,
    ItemKNN,
    MAML,
    MatchingRecommender,
    MatrixFactorization,
    MeLU,
    MetaLearningModel,
    MetaSGD,
    MixturePrior,
    PopularityRecommender,
    ProbabilisticPCA,
    Reptile,
)
CHRONOLOGICAL = (
    "BaselineRecommender", "item-mean", "MatrixFactorization", "MAML", "InContextTransformer", "ProbabilisticPCA",
    "MetaLearningModel", "ensemble",
)  # fmt: skip


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE of each user to judge on, by model and K; the means of all metrics; CPU seconds of a fit; what was tuned."""
    data = load_movielens("ml-100k")
    plan = plan_for(data)
    fitted = fit_models(data, seed, [ITEM_MEAN, ENSEMBLE, *(model.__name__ for model in MODELS)], plan)
    yield from judged(score_models(fitted.models, data, fitted.users, plan, seed=seed), plan.supports, "random")
    some = {name: fitted.models[name] for name in CHRONOLOGICAL}
    yield from judged(score_models(some, data, fitted.users, plan, "chronological", seed), (1, 5, 20), "chronological")
    for name, seconds in fitted.seconds.items():
        yield study_rows("seconds", name, seconds)
    for name, settings in fitted.settings.items():
        for setting, value in settings.items():
            yield study_rows("setting", name, value, setting=setting)


def judged(results: pd.DataFrame, supports: Sequence[int], order: str) -> Iterator[pd.DataFrame]:
    """RMSE of the users, and the means of the other metrics; models whose scores are no ratings have no RMSE."""
    for (model, k), part in results[results["k"].isin(supports)].groupby(["model", "k"], sort=False):
        by_user = part.set_index("user")
        yield study_rows("rmse", model, by_user["rmse"], k=k, order=order)
        for metric in (m for m in METRICS if m != "rmse" and by_user[m].notna().any()):
            yield study_rows(metric, model, by_user[metric].mean(), k=k, order=order)
