"""The study of q29: what few validation users choose, what a budget buys, many scales by gradients or by trials."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch

from metarec_lib import ProbabilisticPCA, load_movielens, make_tasks, split_users, study_rows
from metarec_lib.meta.ridge import ridge_posterior
from metarec_lib.meta.search import grid, search

SEEDS = tuple(range(10, 20))  # ten splits: who chooses is drawn anew in each, and one split has few groups of 160
SPACE = {
    "rank": (1, 2, 4, 8, 16),
    "taste": (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8),  # times the learned scale of the tastes
    "level": (0.35, 0.5, 0.7, 1.0, 1.4, 2.0),  # times that of the user's bias
    "profile": (True, False),  # whether the prior mean looks at age, gender and occupation
}
CONFIGURATIONS = grid(SPACE)
DEFAULT = CONFIGURATIONS.index({"rank": 8, "taste": 1.0, "level": 1.0, "profile": True})
KNOWN, SIZES, PARTITIONS, RACERS, GROUPS, BUDGET, DRAWS = 10, (10, 20, 40, 80, 160), 10, 60, 6, 12, 30
SCALES, STEPS, TRIALS, RATE, RANK, FEW = np.log(np.geomspace(0.25, 4, 49)), 40, 120, 0.1, 16, 40


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Squared error of users: of those who chose a configuration, of others of the pool, and of the judging users."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    rng = np.random.default_rng([seed, 29])
    half = rng.permutation(len(learning)) < len(learning) // 2
    learning, pool = learning[half], rng.permutation(np.concatenate([tuning, learning[~half]]))
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    models = {rank: ProbabilisticPCA(rank=rank, seed=seed).fit(train) for rank in SPACE["rank"]}
    choose, judge = (table_of(models, make_tasks(data, ids, k=KNOWN, pool=KNOWN, seed=seed)) for ids in (pool, judging))
    yield study_rows("mse", "default", pd.Series(judge[:, DEFAULT], index=judging))
    for n in SIZES:
        yield from winners(choose, judge, pool, judging, n, rng)
    yield from raced(choose, judge, judging, rng)
    judges = make_tasks(data, judging, k=KNOWN, pool=KNOWN, seed=seed)
    for n, name in ((FEW, "40"), (len(pool), "all")):
        groups = [pool[start : start + n] for start in range(0, len(pool) - n + 1, n)]
        tasks = [make_tasks(data, ids, k=KNOWN, pool=KNOWN, seed=seed) for ids in groups]
        found = [many_scales(models[RANK], (each, judges), seed) for each in tasks]
        yield from pooled(found, groups, judging, name)


def table_of(models: dict[int, ProbabilisticPCA], tasks: object) -> np.ndarray:
    """Squared error of each user under each configuration, (U, C)."""
    table = np.zeros((len(tasks.support.users), len(CONFIGURATIONS)))
    errors = {rank: errors_of(model, tasks) for rank, model in models.items()}
    for c, setting in enumerate(CONFIGURATIONS):
        rank = setting["rank"]
        times = torch.tensor([setting["taste"]] * rank + [setting["level"]], dtype=torch.float64)
        table[:, c] = errors[rank](times.log(), setting["profile"]).numpy()
    return table


def errors_of(model: ProbabilisticPCA, tasks: object) -> Callable[..., torch.Tensor]:
    """A function of log multipliers (D,) of the prior scales: the mean squared error of each user's query, (B,)."""
    support, query = model.linear(tasks.support), model.linear(tasks.query)
    weight = tasks.support.mask / support.variance.sqrt()
    z, y = support.x * weight[..., None], (tasks.support.values - support.bias) / model.spread_ * weight
    informed, scale = model.prior_of(tasks.support.users)

    def errors(log_times: torch.Tensor, profile: bool = True) -> torch.Tensor:
        prior = informed if profile else model.prior_mean_.expand_as(informed)
        mean = ridge_posterior(z, y, prior, scale * log_times.exp(), torch.ones_like(scale[0]))
        score = query.bias + model.spread_ * (query.x @ mean[..., None]).squeeze(2)
        return ((tasks.query.values - score) ** 2 * tasks.query.mask).sum(1) / tasks.query.counts.clamp(1)

    return errors


def winners(
    choose: np.ndarray, judge: np.ndarray, pool: np.ndarray, judging: np.ndarray, n: int, rng: np.random.Generator
) -> Iterator[pd.DataFrame]:
    """Each group of n users chooses its best configuration; they, the next group and the judging users are given it.

    The pool is cut into groups PARTITIONS times; a user's errors are averaged over the cuts that have the user in a group.
    """
    own, other, default, judged = [], [], [], []
    for _ in range(PARTITIONS):
        order = rng.permutation(len(pool))
        groups = [order[start : start + n] for start in range(0, len(pool) - n + 1, n)]
        chosen = [int(choose[g].mean(0).argmin()) for g in groups]
        for i, group in enumerate(groups):
            ids, after = pool[group], chosen[(i + 1) % len(groups)]
            own.append(pd.Series(choose[group, chosen[i]], index=ids))
            other.append(pd.Series(choose[group, after], index=ids))
            default.append(pd.Series(choose[group, DEFAULT], index=ids))
        judged.append(judge[:, chosen].mean(1))
    names = "winner of one's own group", "winner of another group", "default, on those who choose"
    for name, parts in zip(names, (own, other, default), strict=True):
        yield study_rows("mse", name, pd.concat(parts).groupby(level=0).mean(), choosers=n)
    yield study_rows("mse", "winner", pd.Series(np.mean(judged, axis=0), index=judging), choosers=n)


def raced(
    choose: np.ndarray, judge: np.ndarray, judging: np.ndarray, rng: np.random.Generator
) -> Iterator[pd.DataFrame]:
    """Judging users' error under what each way finds with 12 full trials of 60 users, the mean over 30 draws of users."""
    found: dict[str, list[np.ndarray]] = {}
    regret: dict[str, list[float]] = {}
    for _ in range(DRAWS):
        users = rng.permutation(len(choose))
        now, earlier = choose[users[:RACERS]], choose[users[RACERS : 2 * RACERS]]
        blind, warm = rng.permutation(now.shape[1]), np.argsort(earlier.mean(0), kind="stable")
        safe = np.append(DEFAULT, blind[blind != DEFAULT])
        for name, order in (("random search", blind), ("default first", safe), ("warm start", warm)):
            for prunes in (False, True):
                winner, tried = race(now, order, prunes)
                key = f"{name}, pruned" if prunes else name
                found.setdefault(key, []).append(judge[:, winner])
                regret.setdefault(key, []).append(now[:, winner].mean() - now.mean(0).min())
                found.setdefault(f"tried {key}", []).append(np.array([tried]))
    for name, values in found.items():
        mean = np.mean(values, axis=0)
        if name.startswith("tried "):
            yield study_rows("trials begun", name[6:], float(mean[0]))
        else:
            yield study_rows("mse", name, pd.Series(mean, index=judging))
    for name, values in regret.items():
        yield study_rows("validation regret", name, float(np.mean(values)))


def race(users: np.ndarray, order: np.ndarray, prunes: bool) -> tuple[int, int]:
    """The best configuration that was looked at by all users, and how many were begun, until the budget is spent.

    users: (U, C). A trial looks at one group of users after the other; it is stopped where its mean lies above the median
    of the earlier trials at that group, from the fourth trial on (Golovin et al. 2017, KDD).
    """
    groups = np.array_split(np.arange(len(users)), GROUPS)
    earlier: list[list[float]] = [[] for _ in groups]
    spent, best, begun = 0, (np.inf, -1), 0
    for c in order:
        begun, total, seen, stopped = begun + 1, 0.0, 0, False
        for rung, group in enumerate(groups):
            total, seen, spent = total + users[group, c].sum(), seen + len(group), spent + len(group)
            before = earlier[rung].copy()
            earlier[rung].append(total / seen)
            if prunes and rung < GROUPS - 1 and len(before) >= 3 and total / seen > np.median(before):
                stopped = True
                break
        if not stopped:
            best = min(best, (total / seen, int(c)))
        if spent >= BUDGET * len(users):
            break
    return best[1], begun


def many_scales(model: ProbabilisticPCA, tasks: tuple, seed: int) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """17 prior scales, each times 1/4 to 4: 40 gradient steps, 120 trials of TPE, one multiplier for all of them.

    Returns the errors of those who choose and of the judging users under what each way found.
    """
    choosing, judging = (errors_of(model, part) for part in tasks)
    start = torch.zeros(RANK + 1, dtype=torch.float64)
    space = {f"scale {d:02d}": tuple(SCALES) for d in range(RANK + 1)}
    middle = SCALES[len(SCALES) // 2]

    def loss(setting: dict) -> float:
        return float(choosing(torch.tensor(list(setting.values()), dtype=torch.float64)).mean())

    trials = search(loss, space, TRIALS, "tpe", seed=seed, first=[{key: middle for key in space}])
    best = trials.iloc[int(trials["loss"].argmin())][list(space)].to_numpy(dtype=float)
    one = min((float(choosing(start + s).mean()), float(s)) for s in SCALES)[1]
    found = {
        "start": start,
        "hypergradient": descended(choosing, start),
        "TPE": torch.tensor(best),
        "one multiplier": start + one,
    }
    return {name: (choosing(log_times), judging(log_times)) for name, log_times in found.items()}


def pooled(found: list[dict], groups: list[np.ndarray], judging: np.ndarray, name: str) -> Iterator[pd.DataFrame]:
    """Each choosing user's error under what their own group found; each judging user's, as a mean over the groups."""
    for model in found[0]:
        own = np.concatenate([each[model][0].numpy() for each in found])
        yield study_rows("validation mse", model, pd.Series(own, index=np.concatenate(groups)), chosen_by=name)
        others = np.mean([each[model][1].numpy() for each in found], axis=0)
        yield study_rows("mse of many scales", model, pd.Series(others, index=judging), chosen_by=name)


def descended(errors: Callable[..., torch.Tensor], start: torch.Tensor) -> torch.Tensor:
    """The log multipliers after STEPS steps of Adam on the mean error, kept in the range that TPE searches.

    The gradient runs through the exact solve, whose derivative is that of the implicit function theorem.
    """
    log_times = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([log_times], lr=RATE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        errors(log_times).mean().backward()
        optimiser.step()
        with torch.no_grad():
            log_times.clamp_(SCALES[0], SCALES[-1])
    return log_times.detach()
