"""The study of new users in five folds, the protocol that other libraries' models were put through as well.

Each seed draws the folds and, three times, a support and ten query ratings of each user.
"""

from collections.abc import Iterator

import pandas as pd

from metarec_lib import (
    MAML,
    BaselineRecommender,
    ConditionalNeuralProcess,
    Interactions,
    ItemGaussianProcess,
    ItemKNN,
    MatrixFactorization,
    MeLU,
    MetaLearningModel,
    ProbabilisticPCA,
    Reptile,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
)
from metarec_lib.evaluation.new_users import new_user_protocol, pooled
from metarec_lib.evaluation.protocols import Adaptable
from metarec_lib.leaderboard import ENSEMBLE, fit_each, tune

SEEDS = (20, 21, 22)
SUPPORTS = (5, 10, 20)
BIAS, *TUNED = (model.__name__ for model in (BaselineRecommender, MatrixFactorization, ItemKNN))
OTHERS = (
    *(
        m.__name__
        for m in (MAML, MeLU, ConditionalNeuralProcess, ProbabilisticPCA, ItemGaussianProcess, MetaLearningModel)
    ),
    ENSEMBLE,
)
PAPER_RATES, POOLED = "MeLU, published rates", "pooled, fine-tuned"
PER_USER = (BIAS, "MetaLearningModel", "MeLU", PAPER_RATES)


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Pooled RMSE and MAE and mean nDCG@5 of all models; of some the squared error and nDCG@5 of each user."""
    found = new_user_protocol(models, load_movielens("ml-100k"), draws=3, supports=SUPPORTS, seed=seed)
    for (name, k), means in pooled(found).set_index(["model", "k"]).iterrows():
        for metric in ("rmse", "mae", *(["ndcg@5"] if name not in PER_USER else [])):
            yield study_rows(metric, name, means[metric], k=k)
    for (name, k), part in found[found["model"].isin(PER_USER)].groupby(["model", "k"]):
        for metric in ("mse", "ndcg@5"):
            yield study_rows(metric, name, part.set_index("user")[metric], k=k)


def models(train: Interactions, seed: int) -> dict[str, Adaptable]:
    """Baselines tuned on those of the tuning users who are trained on; then everything is fitted on all of these users.

    MeLU has the K-aware step and the rates that its docstring recommends for these data, and once the paper's own.
    """
    _, tune_on, _ = split_users(train, seed=seed)
    inner = train.subset(~train.ratings["user_id"].isin(tune_on).to_numpy())
    settings = tune(inner, make_tasks(train, tune_on, k=20, seed=seed), SUPPORTS, (BIAS, *TUNED), seed)
    settings = {**settings, "MeLU": {"inner_steps": 1, "inner_lr": 0.1, "shrinkage": 5.0}}
    more = {
        PAPER_RATES: MeLU(lr=5e-5, inner_lr=5e-6, inner_steps=1, batch_size=32, seed=seed),
        POOLED: Reptile(train_steps=1, seed=seed),  # one step is training on the pooled ratings
    }
    found, _ = fit_each((BIAS, *TUNED, *OTHERS), train, None, settings, seed)
    return found | {name: model.fit(train) for name, model in more.items()}
