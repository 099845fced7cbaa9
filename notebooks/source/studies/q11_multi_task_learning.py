"""The study of q11: what sharing brings where watching and liking have one cause, and where not; clicks and purchases."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize
from scipy.special import expit

from metarec_lib import (
    PLE,
    BaselineRecommender,
    MatrixFactorization,
    MMoE,
    MultiTaskMetaLearningModel,
    Recommender,
    TaskBatch,
    evaluate_tasks,
    load_movielens,
    make_tasks,
    make_world,
    split_users,
    study_rows,
)
from metarec_lib.meta.multi_task import starred

SEEDS = (10, 11, 12, 13, 14)
SHARES, KNOWN, POOL, ASKED = (0.05, 0.2, 1.0), 5, 20, 50
WORLD = {"n_users": 700, "n_items": 200, "rank": 4, "ratings_per_user": 40, "taste": 0.8, "explained": 0.0}
SHOWN, INPUTS, DRAWS = 20_000, 6, 8


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE and AUC of new users, real and made up; error of the mean conversion rate in worlds of impressions."""
    yield from real(seed)
    for cause, selection in (("one cause", 2.0), ("no common cause", 0.0)):
        yield from made_up(seed, cause, selection)
    yield from impressions(seed)


def real(seed: int) -> Iterator[pd.DataFrame]:
    """ML-100K: 5, 20, 100 % of the stars; of all ratings it is known that they were given. The bias is tuned."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    tune, judge = (make_tasks(data, ids, KNOWN, POOL, ASKED, seed=seed) for ids in (tuning, judging))
    others = np.random.default_rng([seed, 1]).integers(data.n_items, size=tuple(judge.query.items.shape))
    for share in SHARES:
        part = train.subset(starred(train, share, seed))
        grid = [BaselineRecommender(user_shrinkage=u, item_shrinkage=i) for u in (2, 5, 10) for i in (2, 5, 10, 20)]
        bias = min(grid, key=lambda m: rmse(m.fit(part), tune, tuning).mean())
        for name, model in (("shrunken bias", bias), ("MF", MatrixFactorization(seed=seed))):
            yield study_rows("rmse", name, rmse(model.fit(part), judge, judging), stars=share, who="real")
        networks = {
            "rating alone": MultiTaskMetaLearningModel(sharing="single", watch=0.0, seed=seed, stars=share),
            "watching alone": MultiTaskMetaLearningModel(sharing="single", seed=seed, stars=share),
            "shared bottom": MultiTaskMetaLearningModel(seed=seed, stars=share),
        }
        if share == 1.0:
            networks |= {"MMoE": MMoE(seed=seed), "PLE": PLE(seed=seed)}
        for name, model in networks.items():
            model.fit(train)
            if name != "watching alone":
                yield study_rows("rmse", name, rmse(model, judge, judging), stars=share, who="real")
            if name != "rating alone":
                yield study_rows("auc", name, watch_auc(model, judge, others, judging), stars=share, who="real")
    counts = np.bincount(train.item_codes, minlength=data.n_items)
    scores = torch.as_tensor(counts[judge.query.items.numpy()], dtype=torch.float64)
    popular = auc_of(scores, torch.as_tensor(counts[others], dtype=torch.float64), judge, judging)
    for share in SHARES:
        yield study_rows("auc", "popularity", popular, stars=share, who="real")


def made_up(seed: int, cause: str, selection: float) -> Iterator[pd.DataFrame]:
    """Worlds in which users watch more of what they will like, or films by popularity alone."""
    data = make_world(seed=seed, selection=selection, **WORLD).interactions
    ids = data.users["user_id"].to_numpy()
    train, new = data.subset(data.ratings["user_id"].to_numpy() <= 500), ids[500:]
    tasks, index = make_tasks(data, new, KNOWN, 10, seed=seed), [f"{seed}-{user}" for user in new]
    for share in (0.05, 0.2):
        models = {
            "rating alone": MultiTaskMetaLearningModel(sharing="single", watch=0.0, seed=seed, stars=share).fit(train),
            "shared bottom": MultiTaskMetaLearningModel(seed=seed, stars=share).fit(train),
            "shrunken bias": BaselineRecommender().fit(train.subset(starred(train, share, seed))),
        }
        for name, model in models.items():
            yield study_rows("rmse", name, rmse(model, tasks, index), stars=share, who=cause)


def rmse(model: Recommender, tasks: TaskBatch, index: object) -> pd.Series:
    return evaluate_tasks(model, tasks, ("rmse",))["rmse"].set_axis(index)


def watch_auc(model: MultiTaskMetaLearningModel, tasks: TaskBatch, others: np.ndarray, index: object) -> pd.Series:
    """How often a film that the user rated is put above one drawn at random."""
    with torch.no_grad():
        state = model.adapt(tasks.support)
        drawn = model._outputs(state, torch.as_tensor(others))[0]
        return auc_of(model.watch_logit(state, tasks.query), drawn, tasks, index)


def auc_of(watched: torch.Tensor, drawn: torch.Tensor, tasks: TaskBatch, index: object) -> pd.Series:
    above = (watched.unsqueeze(2) > drawn.unsqueeze(1)).double() + 0.5 * (watched.unsqueeze(2) == drawn.unsqueeze(1))
    each = (above.mean(2) * tasks.query.mask).sum(1) / tasks.query.counts
    return pd.Series(each.numpy(), index=index)


def impressions(seed: int) -> Iterator[pd.DataFrame]:
    """Worlds of clicks and purchases with and without a hidden intent; the error of the mean conversion over all shown."""
    for intent, strength in (("hidden intent", 1.5), ("no hidden intent", 0.0)):
        found: dict[str, dict[str, float]] = {}
        for draw in range(DRAWS):
            rng = np.random.default_rng([seed, draw, 3])
            for name, value in rates(strength, rng).items():
                found.setdefault(name, {})[f"{seed}-{draw}"] = value
        for name, values in found.items():
            for metric, part in (
                ("cvr", pd.Series(values)),
                ("cvr error", (pd.Series(values) - pd.Series(found["truth"])).abs()),
            ):
                if not (metric == "cvr error" and name == "truth"):
                    yield study_rows(metric, name, part, intent=intent, units="worlds of impressions")


def rates(strength: float, rng: np.random.Generator) -> dict[str, float]:
    """The mean conversion of all impressions: the truth, from clicked rows, by inverse propensity, and by ESMM."""
    x = np.c_[np.ones(SHOWN), rng.standard_normal((SHOWN, INPUTS))]
    hidden = strength * rng.standard_normal(SHOWN)
    a, b = (np.r_[level, 0.5 * rng.standard_normal(INPUTS)] for level in (-1.5, -1.0))
    click = rng.random(SHOWN) < expit(x @ a + hidden)
    buys = rng.random(SHOWN) < expit(x @ b + hidden)  # would buy, if clicked
    bought = click & buys
    ctr = logistic(x, click)
    propensity = expit(x @ ctr).clip(0.01)
    alone = logistic(x[click], buys[click])
    weighted = logistic(x[click], buys[click], 1 / propensity[click])
    return {
        "truth": float(buys.mean()),
        "clicked rows alone": float(expit(x @ alone).mean()),
        "inverse propensity": float(expit(x @ weighted).mean()),
        "ESMM": float(expit(x @ entire_space(x, click, bought)).mean()),
    }


def logistic(x: np.ndarray, y: np.ndarray, weight: np.ndarray | float = 1.0) -> np.ndarray:
    """Weights of a logistic regression, (P,)."""

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ w
        error = weight * (expit(z) - y)
        return float((weight * (np.logaddexp(0, z) - y * z)).sum() / len(x)), x.T @ error / len(x)

    return minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x


def entire_space(x: np.ndarray, click: np.ndarray, bought: np.ndarray) -> np.ndarray:
    """ESMM with linear towers: cross-entropies of the click, and of click times purchase; the purchase's weights, (P,)."""
    inputs, first, both = (torch.as_tensor(np.asarray(v, dtype=float)) for v in (x, click, bought))
    weights = torch.zeros(2, x.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        p, q = torch.sigmoid(inputs @ weights.T).clamp(1e-9, 1 - 1e-9).unbind(1)
        loss = torch.nn.functional.binary_cross_entropy(p, first) + torch.nn.functional.binary_cross_entropy(
            p * q, both
        )
        loss.backward()
        return loss

    optimiser.step(closure)
    return weights[1].detach().numpy()
