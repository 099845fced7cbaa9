"""The study of q11: what sharing brings where watching and liking have one cause, and where not; clicks and purchases."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize
from scipy.special import expit

from metarec_lib import (
    PLE,
    BaselineRecommender,
    Interactions,
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
FEW, ALL = 0.05, 1.0  # shares of the stars that are known, of the users who are learned from and of the new ones alike
KNOWN, ASKED = 20, 50  # films a new user is known to have watched; films asked at most
WORLD = {"n_users": 700, "n_items": 200, "rank": 4, "ratings_per_user": 40, "taste": 0.8, "explained": 0.0}
WORLDS = 4  # a seed; a made-up world is one unit, since all its users share what was fitted to it
RATES = {FEW: (0.001, 0.003, 0.01), ALL: (0.003,)}  # steps of the networks; one of them is chosen on tuning users
SHOWN, INPUTS, DRAWS = 20_000, 6, 8
NETWORKS = {
    "rating alone": (MultiTaskMetaLearningModel, {"sharing": "single", "watch": 0.0}),
    "shared bottom": (MultiTaskMetaLearningModel, {}),
    "MMoE": (MMoE, {}),
    "PLE": (PLE, {}),
    "watching alone": (
        MultiTaskMetaLearningModel,
        {"sharing": "single", "watch": 1000.0},
    ),  # film vectors are its own too
}


def run(seed: int) -> Iterator[pd.DataFrame]:
    """RMSE and AUC of new users, real and made up; error of the mean conversion rate in worlds of impressions."""
    yield from real(seed, FEW, ("rating alone", "shared bottom"))
    yield from real(seed, ALL, tuple(NETWORKS))
    for cause, selection in (("one cause", 2.0), ("no common cause", 0.0)):
        for n in range(WORLDS):
            yield from made_up(seed, n, cause, selection)
    yield from impressions(seed)


def real(seed: int, share: float, networks: tuple[str, ...]) -> Iterator[pd.DataFrame]:
    """ML-100K, a share of the stars known; of all ratings it is known that they were given.

    Chosen on tuning users by RMSE: the shrinkages of the bias and the step of each network. With few stars the judged
    users are asked once more, with all the stars of their 20 films told.
    """
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    part, known = train.subset(starred(train, share, seed)), pairs(data, share, seed)
    tune, judge = (make_tasks(data, ids, KNOWN, KNOWN, ASKED, seed=seed) for ids in (tuning, judging))
    others = np.random.default_rng([seed, 1]).integers(data.n_items, size=tuple(judge.query.items.shape))
    shrinkages = [(user, item) for user in (2, 5, 10, 20) for item in (2, 5, 10, 20)]
    grid = [BaselineRecommender(user_shrinkage=u, item_shrinkage=i).fit(part) for u, i in shrinkages]
    fitted: dict[str, Recommender] = {
        "shrunken bias": min(grid, key=lambda m: rmse(m, tune, known, tuning).mean()),
        "MF": MatrixFactorization(seed=seed).fit(part),
    }
    for name in networks:
        make, options = NETWORKS[name]
        steps = [make(seed=seed, stars=share, lr=lr, **options).fit(train) for lr in RATES[share]]
        fitted[name] = min(steps, key=lambda m: rmse(m, tune, known, tuning).mean())
    for name, model in fitted.items():
        if name != "watching alone":
            for told, stars in (("alike", known), ("all", None))[: 2 if share < ALL else 1]:
                values = rmse(model, judge, stars, judging)
                yield study_rows("rmse", name, values, stars=share, told=told, who="real")
        if name in networks and name != "rating alone":
            values = watch_auc(model, hidden(model, judge, known), others, judging)
            yield study_rows("auc", name, values, stars=share, who="real")
    counts = np.bincount(train.item_codes, minlength=data.n_items)
    scores = torch.as_tensor(counts[judge.query.items.numpy()], dtype=torch.float64)
    popular = auc_of(scores, torch.as_tensor(counts[others], dtype=torch.float64), judge, judging)
    yield study_rows("auc", "popularity", popular, stars=share, who="real")


def made_up(seed: int, n: int, cause: str, selection: float) -> Iterator[pd.DataFrame]:
    """A world in which users watch more of what they will like, or films by popularity alone. Nothing is tuned."""
    own = seed * WORLDS + n
    data = make_world(seed=own, selection=selection, **WORLD).interactions
    train, new = data.subset(data.ratings["user_id"].to_numpy() <= 500), data.users["user_id"].to_numpy()[500:]
    tasks, known = make_tasks(data, new, KNOWN, KNOWN, seed=own), pairs(data, FEW, own)
    models = {
        name: make(seed=own, stars=FEW, **options).fit(train)
        for name, (make, options) in NETWORKS.items()
        if name in ("rating alone", "shared bottom")
    }
    models["shrunken bias"] = BaselineRecommender().fit(train.subset(starred(train, FEW, own)))
    for name, model in models.items():
        mean = pd.Series([rmse(model, tasks, known, new).mean()], index=[f"{seed}-{n}"])
        yield study_rows("rmse", name, mean, stars=FEW, told="alike", who=cause, units="worlds")


def pairs(data: Interactions, share: float, seed: int) -> np.ndarray:
    """The pairs of user and film whose star is known, as `starred` draws them."""
    return (data.user_codes * data.n_items + data.item_codes)[starred(data, share, seed)]


def hidden(model: Recommender, tasks: TaskBatch, known: np.ndarray | None) -> TaskBatch:
    """The tasks with the stars of the support told where `known` has them; all of them where it is None.

    A network still sees that the film was watched, as in its training; other models lose the rating.
    """
    if known is None:
        return tasks
    support = tasks.support
    at = support.users[:, None] * len(model.tables_.items) + support.items
    told = torch.as_tensor(np.isin(at.numpy(), known)) & support.mask
    if isinstance(model, MultiTaskMetaLearningModel):
        plain = (model.mean_ + model.item_bias_[support.items]) * support.mask
        return TaskBatch(replace(support, values=torch.where(told, support.values, plain)), tasks.query)
    return TaskBatch(replace(support, values=support.values * told, mask=told), tasks.query)


def rmse(model: Recommender, tasks: TaskBatch, known: np.ndarray | None, index: object) -> pd.Series:
    return evaluate_tasks(model, hidden(model, tasks, known), ("rmse",))["rmse"].set_axis(index)


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
