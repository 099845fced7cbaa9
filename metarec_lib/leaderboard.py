"""The leaderboard: all models on users they never saw, by how many ratings of the user they may read.

Users are split in three: to learn from, to tune and to stop early on (`tuning_users`, the same for every seed), to judge on.
K ratings of a user to judge on are the support, nested over K; the query is the same for every K. Errors are of raw scores.
`standings` is what `metarec leaderboard` prints.
"""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import pandas as pd
from sklearn.model_selection import ParameterGrid
from tqdm import tqdm

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.movielens import load_movielens
from metarec_lib.data.splits import split_users
from metarec_lib.data.tasks import TaskBatch, make_tasks
from metarec_lib.evaluation.protocols import UNDEFINED, Adaptable, evaluate_tasks, one_class, parse_metric
from metarec_lib.evaluation.uncertainty import compare
from metarec_lib.models.arguments import CLICK_MODELS
from metarec_lib.models.base import Recommender
from metarec_lib.models.blending import Blend

SUPPORTS = (0, 1, 3, 5, 10, 20)
METRICS = ("rmse", "mae", "auc", "ndcg@10")
FALLING = ("rmse", "mae")  # lower is better
MIN_USERS = 20  # fewer leave too few of them to judge on
RESAMPLES = 2_000
STOPPED, NO_MEMORY = "stopped", "out of memory"  # why a model is missing
BIAS = "BaselineRecommender"
ITEM_MEAN, ENSEMBLE = "item-mean", "ensemble"
# best of all mixes on validation users
FAMILIES = ("ItemGaussianProcess", "ProbabilisticPCA", "ConditionalNeuralProcess")
# What tuning users choose of each; whoever has a user_shrinkage as well takes the bias's over.
GRIDS = {
    BIAS: {"user_shrinkage": (2, 5, 10, 20)},
    "MatrixFactorization": {"reg": (1.0, 1.5, 2.0, 3.0)},
    "ItemKNN": {"damping": (0.03, 0.1, 0.3, 1.0)},
    "MeLU": [{"inner_steps": [1, 3], "inner_lr": [0.03]}, {"inner_steps": [1], "inner_lr": [0.1], "shrinkage": [5.0]}],
}
Settings = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Plan:
    """Which users take part, and from how many ratings of a user models must predict the others."""

    supports: tuple[int, ...] = SUPPORTS
    min_ratings: int = 30

    @property
    def pool(self) -> int:
        """Ratings set aside for the supports; all others are the query, whatever K."""
        return max(self.supports)


@dataclass(frozen=True, eq=False)
class FittedModels:
    """Fitted models by name, the CPU seconds of each fit, what was tuned, and the ids of the users to judge on."""

    models: dict[str, Adaptable]
    seconds: dict[str, float]
    settings: Settings
    users: np.ndarray


# -- which models ---------------------------------------------------------------------------------------------------
def model_names(chosen: str | Sequence[str] | None = None) -> list[str]:
    """All that can be compared: every public recommender, `item-mean` and `ensemble`; or those chosen, checked.

    chosen: a list, or names with commas between. The tuned bias always takes part. Raises ValueError for other names.
    """
    public = {name: public_model(name) for name in import_module(__package__).__all__ if name[0].isupper()}
    known = [n for n, c in public.items() if inspect.isclass(c) and issubclass(c, Recommender) and c is not Recommender]
    known = [BIAS, ITEM_MEAN, ENSEMBLE, *(n for n in known if n != BIAS and not inspect.isabstract(public[n]))]
    if chosen is None:
        return known
    names = [n.strip() for n in (chosen.split(",") if isinstance(chosen, str) else chosen)]
    if unknown := [n for n in names if n not in known]:
        raise ValueError(f"models: got {', '.join(unknown)}; expected some of {', '.join(known)}")
    return list(dict.fromkeys([BIAS, *names]))


def public_model(name: str) -> type:
    """The class with this public name. The package is found by name: a study depends on the models that it names."""
    return getattr(import_module(__package__), name)


def tune(train: Interactions, tasks: TaskBatch, supports: Sequence[int], names: Sequence[str], seed: int) -> Settings:
    """The settings of each baseline with the lowest RMSE on these tasks, mean over users and K."""

    def error(name: str, settings: Mapping[str, object]) -> float:
        model = public_model(name)(seed=seed, **settings).fit(train)
        return np.mean([evaluate_tasks(model, tasks.first(k), ("rmse",))["rmse"].mean() for k in supports])

    found: dict[str, dict[str, object]] = {}
    for name, grid in GRIDS.items():
        if name in names:
            has = public_model(name)().get_params()
            shared = {key: value for key, value in found.get(BIAS, {}).items() if key in has}
            choices = [{**shared, **choice} for choice in ParameterGrid(grid)]
            found[name] = min(choices, key=lambda settings: error(name, settings))
    return found


def fit_each(
    names: Sequence[str],
    train: Interactions,
    validation: Interactions | None,
    settings: Settings,
    seed: int,
    missing: dict[str, str] | None = None,
) -> tuple[dict[str, Adaptable], dict[str, float]]:
    """Fitted models and the CPU seconds of each fit, by name. Learners that stop early do so on `validation`, if given.

    missing: where given, filled with the models that ran out of memory, and with those not yet fitted at Ctrl-C: what was
    fitted is kept. Without it both are raised.
    """
    parts = FAMILIES if ENSEMBLE in names else ()
    models, seconds = {}, {}
    bar = tqdm(dict.fromkeys([*names, *parts]), disable=None, leave=False)  # on a terminal only
    for name in (n for n in bar if n != ENSEMBLE):
        bar.set_description(f"seed {seed}: {name}")
        cls = public_model(BIAS if name == ITEM_MEAN else name)
        own = {"user_shrinkage": np.inf} if name == ITEM_MEAN else settings.get(name, {})
        early = {"validation": validation} if validation is not None and "validation" in cls.options else {}
        start = time.process_time()
        try:
            models[name] = cls(seed=seed, **own).fit(train, **early)
        except (MemoryError, KeyboardInterrupt) as error:
            if missing is None or BIAS not in models:
                raise
            missing[name] = _why(error)
            if missing[name] == STOPPED:
                break
        seconds[name] = time.process_time() - start
    if parts and all(n in models for n in parts):
        models[ENSEMBLE] = Blend.of_fitted([models[n] for n in parts])
        seconds[ENSEMBLE] = sum(seconds[n] for n in parts)
    for name in (n for n in names if n not in models):
        missing.setdefault(name, STOPPED if STOPPED in missing.values() else NO_MEMORY)
    return {n: models[n] for n in names if n in models}, {n: seconds[n] for n in names if n in models}


def _why(error: BaseException) -> str:
    return NO_MEMORY if isinstance(error, MemoryError) else STOPPED


# -- users split in three ---------------------------------------------------------------------------------------------
def plan_for(data: Interactions) -> Plan:
    """K up to 20 of users with 30 ratings or more; in small data as many K as `MIN_USERS` users have ratings for.

    Raises ValueError where not even K=1 is left.
    """
    if data.implicit:
        raise ValueError(
            f"leaderboard: got {data!r}: errors and ranking within a user's own ratings say nothing of clicks. Fit "
            f"{CLICK_MODELS}, and judge each by evaluate(test, metric='ndcg@10')"
        )
    counts = np.bincount(data.user_codes, minlength=data.n_users)
    for at in range(len(SUPPORTS) - 1, 0, -1):
        need = max(2, SUPPORTS[at] * 3 // 2)
        if (counts >= need).sum() >= MIN_USERS:
            return Plan(SUPPORTS[: at + 1], need)
    raise ValueError(
        f"leaderboard: {(counts >= 2).sum()} users of {data!r} have 2 or more ratings; expected {MIN_USERS} such users at "
        "least, as they are split into users to learn from, to tune on and to judge on. Bring ratings of more users"
    )


def fit_models(
    data: Interactions,
    seed: int = 0,
    names: Sequence[str] | None = None,
    plan: Plan | None = None,
    missing: dict[str, str] | None = None,
) -> FittedModels:
    """Tune the baselines on the tuning users, fit all on the users to learn from; the users to judge on are not touched.

    missing: see `fit_each`.
    """
    plan, names = plan or plan_for(data), model_names(names)
    learning, tuning, judging = split_users(data, seed=seed, min_ratings=plan.min_ratings)
    train, validation = (data.subset(data.ratings["user_id"].isin(part).to_numpy()) for part in (learning, tuning))
    tasks = make_tasks(data, tuning, k=plan.pool, seed=seed)
    settings = tune(train, tasks, plan.supports, names, seed)
    return FittedModels(*fit_each(names, train, validation, settings, seed, missing), settings, judging)


def score_models(
    models: Mapping[str, Adaptable],
    data: Interactions,
    users: np.ndarray,
    plan: Plan,
    order: str = "random",
    seed: int = 0,
    metrics: Sequence[str] = METRICS,
) -> pd.DataFrame:
    """One row a model, K and user, one column a metric; ranking is within the query. Supports are nested, the query stays.

    order: of the ratings of a user, the first `plan.pool` of which are for supports: `random` or `chronological`.
    """
    tasks = make_tasks(data, users, k=plan.pool, order=order, seed=seed)
    parts = {}
    for name, model in models.items():
        stars = getattr(model, "scores_are_ratings", True)
        able = tuple(m for m in metrics if (stars or m not in FALLING) and not one_class(m, tasks.query))
        for k in plan.supports:
            parts[name, k] = evaluate_tasks(model, tasks.first(k), able, users)
    return pd.concat(parts, names=["model", "k", "user"]).reindex(columns=list(metrics)).reset_index()


def standings(
    data: Interactions,
    seeds: Sequence[int] = (0, 1, 2),
    models: str | Sequence[str] | None = None,
    order: str = "random",
) -> pd.DataFrame:
    """Fit and score the models on each seed's split of the users, and sum up: see `summary`; `seconds` of CPU a fit.

    Ctrl-C and a full memory lose nothing that was done: `table.attrs["missing"]` says what is not in the table, and why.
    """
    if order == "chronological" and data.ratings["timestamp"].nunique() < 2:
        raise ValueError(f"leaderboard: {data!r} has no timestamps; add them, or ask for a random order")
    plan, runs, seconds, missing = plan_for(data), [], {}, []
    for at, seed in enumerate(seeds):
        left_out: dict[str, str] = {}
        try:
            fitted = fit_models(data, seed, models, plan, left_out)
            seconds[seed] = fitted.seconds
            runs.append(score_models(fitted.models, data, fitted.users, plan, order, seed).assign(seed=seed))
        except (KeyboardInterrupt, MemoryError) as error:
            if not runs:
                raise
            left_out = {"all models": _why(error)}
        missing += [f"seed {seed}: {name}: {why}" for name, why in left_out.items()]
        if STOPPED in left_out.values():
            missing += [f"seed {later}: not begun" for later in seeds[at + 1 :]]
            break
    table = summary(pd.concat(runs))
    table = table.assign(seconds=table["model"].map(pd.DataFrame(seconds).mean(axis=1)))
    table.attrs["missing"] = missing
    return table


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """One row a model, K and metric: model, k, metric, value, difference, low, high, users, seeds.

    results: as `score_models` makes them, with a column seed. value: mean over users, each of whom counts once, with the
    mean of their seeds. difference: to the tuned bias; [low, high] is its 95 % interval over users. NaN: undefined.
    """
    table = results.set_index(["model", "k", "seed", "user"]).sort_index()
    rows = []
    for model, k in table.index.droplevel(["seed", "user"]).unique():
        for metric in (m for m in METRICS if m in results):
            own, theirs = (_by_seed(table.loc[(name, k), metric]) for name in (model, BIAS))
            theirs = {seed: values for seed, values in theirs.items() if seed in own}
            means = pd.concat(own, axis=1).mean(axis=1).dropna()
            c = compare(own, theirs, resamples=RESAMPLES) if len(means) > 1 else None
            numbers = (c.mean, *c.interval) if c else (np.nan,) * 3
            rows.append((model, k, metric, means.mean(), *numbers, len(means), len(own)))
    return pd.DataFrame(rows, columns=["model", "k", "metric", "value", "difference", "low", "high", "users", "seeds"])


def _by_seed(values: pd.Series) -> dict[int, pd.Series]:
    return {seed: part.droplevel("seed") for seed, part in values.groupby(level="seed")}


# -- the command ------------------------------------------------------------------------------------------------------
def leaderboard_command(
    data: Interactions | None, seeds: Sequence[int], models: Sequence[str] | None, order: str, as_json: bool
) -> int:
    """`metarec leaderboard`. data: ML-100K where None. Returns the exit status: 1 where something is missing."""
    ratings = data or load_movielens()
    table, plan = standings(ratings, seeds, models, order), plan_for(ratings)
    missing, judged = table.attrs["missing"], table["users"].max()
    if as_json:
        about = {"data": ratings.name, "seeds": list(seeds), "order": order, "min_ratings": plan.min_ratings}
        rows = json.loads(table.round(6).to_json(orient="records"))
        print(json.dumps(about | {"missing": missing, "rows": rows}, indent=1))
        return 1 if missing else 0
    few = int((np.bincount(ratings.user_codes, minlength=ratings.n_users) < plan.min_ratings).sum())
    print(
        f"{ratings!r}; {order} support.\nUsers with {plan.min_ratings} or more ratings: 15 % to tune and stop early on, the "
        f"same for every seed; 20 % to judge on ({judged} over {table['seeds'].max()} seeds); others to learn from.\n"
        f"Left out: {few} of {ratings.n_users} users, who have fewer.\n"
        f"{plan.pool} ratings are set aside for supports; the query is all others, the same for every K.\n"
        "After each mean over users: the difference to the tuned bias × 1000, and half of its 95 % interval; ~ no "
        f"difference seen.\nRMSE and MAE are of raw scores. AUC and nDCG@10 are within the query; a like is "
        f"{ratings.like:g} or more. fit s: CPU seconds."
    )
    for metric in METRICS:
        print(f"\n{shown(table, metric)}")
    if missing:
        print("\nNot in these tables: " + "; ".join(missing) + ".")
    return 1 if missing else 0


def shown(table: pd.DataFrame, metric: str) -> str:
    """The rows of one metric as text: a line a model, the best mean over all K first."""
    rows = table[(table["metric"] == metric) & table["value"].notna()]
    reason = UNDEFINED[parse_metric(metric)[0]]
    if rows.empty:
        return f"{metric}: undefined for all of these users: {reason}"
    cells = rows.assign(cell=[_cell(row) for row in rows.itertuples()]).pivot(index="model", columns="k", values="cell")
    best = rows.groupby("model")["value"].mean().sort_values(ascending=metric in FALLING, kind="stable").index
    seconds = rows.groupby("model")["seconds"].first()
    width = max(map(len, [metric, *best])) + 2
    lines = [metric.ljust(width) + "".join(f"K={k}".ljust(17) for k in cells) + "fit s"]
    for model in best:
        lines.append(model.ljust(width) + "".join(f"{c:17}" for c in cells.loc[model]) + f"{seconds[model]:5.1f}")
    users, all_users = rows["users"].min(), table["users"].max()
    if users < all_users:
        lines.append(f"({metric}: {users} of {all_users} users; left out: {reason})")
    return "\n".join(lines)


def _cell(row: object) -> str:
    if row.model == BIAS or not np.isfinite(row.difference):
        return f"{row.value:.4f}"
    unclear = "~" if row.low <= 0 <= row.high else ""
    return f"{row.value:.4f} {1000 * row.difference:+.0f}±{500 * (row.high - row.low):.0f}{unclear}"
