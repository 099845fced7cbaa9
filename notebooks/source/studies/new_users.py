"""The study of new users in five folds, the protocol that other libraries' models were put through as well.

Each seed draws the folds, and a support and ten query ratings of each user, anew. Order of the lists: K = 5, 10, 20.
"""

import pandas as pd

from metarec_lib import Interactions, compare, load_movielens, make_tasks, split_users
from metarec_lib.evaluation.new_users import new_user_protocol, pooled
from metarec_lib.evaluation.protocols import Adaptable
from metarec_lib.leaderboard import BIAS, fit_models, tune

SEEDS = (10, 11, 12, 13, 14)
SUPPORTS = (5, 10, 20)
NAMES = (
    BIAS, "MatrixFactorization", "ItemKNN", "MeLU", "MAML", "NeuralProcess", "ProbabilisticPCA", "ItemGaussianProcess",
    "MetaLearningModel", "ensemble",
)  # fmt: skip


def run(seed: int) -> dict:
    """Pooled RMSE and MAE, nDCG@5, and per-user differences to the tuned bias with their 95 % intervals."""
    rows = new_user_protocol(models, load_movielens("ml-100k"), draws=1, supports=SUPPORTS, seed=seed)
    table = pooled(rows).sort_values("k").groupby("model", sort=False)
    return {
        "supports": SUPPORTS,
        "users": int(rows["user"].nunique()),
        **{m: {name: part[m].round(4).tolist() for name, part in table} for m in ("rmse", "mae", "ndcg@5")},
        "difference": {m: differences(rows, m) for m in ("mse", "mae", "ndcg@5")},
    }


def models(train: Interactions, seed: int) -> dict[str, Adaptable]:
    """Baselines tuned on a tenth of the training users; then everything is fitted on all of them."""
    _, tune_on = split_users(train, (0.9, 0.1), seed)
    inner = train.subset(~train.ratings["user_id"].isin(tune_on).to_numpy())
    settings = tune(inner, make_tasks(train, tune_on, k=20, seed=seed), SUPPORTS, NAMES, seed)
    return fit_models(NAMES, train, None, settings, seed)[0]


def differences(rows: pd.DataFrame, metric: str) -> dict[str, list[list[float]]]:
    """Mean, low and high of each model minus the tuned bias, a triple a K; users are resampled."""
    table = rows.pivot(index="user", columns=["model", "k"], values=metric)
    found = {
        name: [compare(table[name, k], table[BIAS, k], resamples=2_000) for k in SUPPORTS]
        for name in NAMES
        if name != BIAS
    }
    return {name: [[round(v, 4) for v in (c.mean, *c.interval)] for c in cs] for name, cs in found.items()}
