"""The study of new users in five folds, the protocol that other libraries' models were put through as well.

Each seed draws the folds and, three times, a support and ten query ratings of each user. Order of the lists: K = 5, 10, 20;
users as in `users`.
"""

import pandas as pd

from metarec_lib import Interactions, MeLU, Reptile, compare, load_movielens, make_tasks, split_users
from metarec_lib.evaluation.new_users import new_user_protocol, pooled
from metarec_lib.evaluation.protocols import Adaptable
from metarec_lib.leaderboard import BIAS, fit_each, tune

SEEDS = (20, 21, 22)
SUPPORTS = (5, 10, 20)
TUNED = (BIAS, "MatrixFactorization", "ItemKNN")
OTHERS = (
    "MAML", "MeLU", "NeuralProcess", "ProbabilisticPCA", "ItemGaussianProcess", "MetaLearningModel", "ensemble",
)  # fmt: skip
PAPER_RATES, POOLED = "MeLU, published rates", "pooled, fine-tuned"
PER_USER = (BIAS, "MetaLearningModel", "MeLU", PAPER_RATES)


def run(seed: int) -> dict:
    """Pooled RMSE and MAE, nDCG@5; per-user differences to the tuned bias with their 95 % intervals; some users' own."""
    rows = new_user_protocol(models, load_movielens("ml-100k"), draws=3, supports=SUPPORTS, seed=seed)
    table = pooled(rows).sort_values("k").groupby("model", sort=False)
    wide = rows.pivot(index="user", columns=["model", "k"])
    return {
        "supports": SUPPORTS,
        "users": wide.index,
        **{m: {name: part[m].round(4).tolist() for name, part in table} for m in ("rmse", "mae", "ndcg@5")},
        "difference": {m: differences(wide[m]) for m in ("mse", "mae", "ndcg@5")},
        "per user": {
            m: {f"{name}, K={k}": wide[m, name, k].round(4).tolist() for name in PER_USER for k in SUPPORTS}
            for m in ("mse", "ndcg@5")
        },
    }


def models(train: Interactions, seed: int) -> dict[str, Adaptable]:
    """Baselines tuned on those of the tuning users who are trained on; then everything is fitted on all of these users.

    MeLU has the K-aware step and the rates that its docstring recommends for these data, and once the paper's own.
    """
    _, tune_on, _ = split_users(train, seed=seed)
    inner = train.subset(~train.ratings["user_id"].isin(tune_on).to_numpy())
    settings = tune(inner, make_tasks(train, tune_on, k=20, seed=seed), SUPPORTS, TUNED, seed)
    settings = {**settings, "MeLU": {"inner_steps": 1, "inner_lr": 0.1, "shrinkage": 5.0}}
    more = {
        PAPER_RATES: MeLU(lr=5e-5, inner_lr=5e-6, inner_steps=1, batch_size=32, seed=seed),
        POOLED: Reptile(train_steps=1, seed=seed),  # one step is training on the pooled ratings
    }
    found, _ = fit_each((*TUNED, *OTHERS), train, None, settings, seed)
    return found | {name: model.fit(train) for name, model in more.items()}


def differences(table: pd.DataFrame) -> dict[str, list[list[float]]]:
    """Mean, low and high of each model minus the tuned bias, a triple a K; users are resampled."""
    names = [name for name in table.columns.unique("model") if name != BIAS]
    found = {name: [compare(table[name, k], table[BIAS, k], resamples=2_000) for k in SUPPORTS] for name in names}
    return {name: [[round(v, 4) for v in (c.mean, *c.interval)] for c in cs] for name, cs in found.items()}
