"""The study of q29: what few validation users choose, what a budget buys, many scales by gradients or by trials."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch

from metarec_lib import ProbabilisticPCA, load_movielens, make_tasks, split_users, study_rows
from metarec_lib.meta.ridge import ridge_posterior
from metarec_lib.meta.search import grid, search

SEEDS = (10, 11, 12, 13, 14)
SPACE = {
    "rank": (1, 2, 4, 8, 16),
    "taste": (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8),  # times the learned scale of the tastes
    "level": (0.35, 0.5, 0.7, 1.0, 1.4, 2.0),  # times that of the user's bias
    "profile": (True, False),  # whether the prior mean looks at age, gender and occupation
}
CONFIGURATIONS = grid(SPACE)
DEFAULT = CONFIGURATIONS.index({"rank": 8, "taste": 1.0, "level": 1.0, "profile": True})
KNOWN, SIZES, RACERS, GROUPS, BUDGET, DRAWS = 10, (10, 20, 40, 80, 160), 60, 6, 12, 30
SCALES, STEPS, TRIALS, RATE, RANK = np.log(np.geomspace(0.25, 4, 13)), 40, 120, 0.1, 16


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
        yield from winners(choose, judge, pool, judging, n)
    yield from raced(choose, judge, judging, rng)
    for n in (40, len(pool)):
        name = "40" if n == 40 else "all"
        tasks = [make_tasks(data, ids, k=KNOWN, pool=KNOWN, seed=seed) for ids in (pool[:n], judging)]
        yield from many_scales(models[RANK], tasks, (pool[:n], judging), name, seed)


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
    choose: np.ndarray, judge: np.ndarray, pool: np.ndarray, judging: np.ndarray, n: int
) -> Iterator[pd.DataFrame]:
    """Each group of n users chooses its best configuration; they, the next group and the judging users are given it."""
    groups = [np.arange(start, start + n) for start in range(0, len(pool) - n + 1, n)]
    chosen = [int(choose[g].mean(0).argmin()) for g in groups]
    members = np.concatenate(groups)
    for model, shift in (("winner of one's own group", 0), ("winner of another group", 1)):
        error = np.concatenate([choose[g, chosen[(i + shift) % len(groups)]] for i, g in enumerate(groups)])
        yield study_rows("mse", model, pd.Series(error, index=pool[members]), choosers=n)
    mean = pd.Series(choose[members, DEFAULT], index=pool[members])
    yield study_rows("mse", "default, on those who choose", mean, choosers=n)
    yield study_rows("mse", "winner", pd.Series(judge[:, chosen].mean(1), index=judging), choosers=n)


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
        for name, order in (("random search", blind), ("warm start", warm)):
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


def many_scales(model: ProbabilisticPCA, tasks: list, ids: tuple, name: str, seed: int) -> Iterator[pd.DataFrame]:
    """17 prior scales: 40 gradient steps against 120 trials of TPE, and against one multiplier for all of them."""
    choosing, judging = (errors_of(model, part) for part in tasks)
    start = torch.zeros(RANK + 1, dtype=torch.float64)
    space = {f"scale {d:02d}": tuple(SCALES) for d in range(RANK + 1)}

    def loss(setting: dict) -> float:
        return float(choosing(torch.tensor(list(setting.values()), dtype=torch.float64)).mean())

    trials = search(loss, space, TRIALS, "tpe", seed=seed, first=[{key: SCALES[6] for key in space}])
    best = trials.iloc[int(trials["loss"].argmin())][list(space)].to_numpy(dtype=float)
    one = min((float(choosing(start + s).mean()), float(s)) for s in SCALES)[1]
    found = {
        "start": start,
        "hypergradient": descended(choosing, start),
        "TPE": torch.as_tensor(best),
        "one multiplier": start + one,
    }
    for model_name, log_times in found.items():
        for metric, errors, users in (("validation mse", choosing, ids[0]), ("mse of many scales", judging, ids[1])):
            values = pd.Series(errors(log_times).numpy(), index=users)
            yield study_rows(metric, model_name, values, chosen_by=name)


def descended(errors: Callable[..., torch.Tensor], start: torch.Tensor) -> torch.Tensor:
    """The log multipliers after STEPS steps of Adam on the mean error; the gradient runs through the exact solve."""
    log_times = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([log_times], lr=RATE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        errors(log_times).mean().backward()
        optimiser.step()
    return log_times.detach()
