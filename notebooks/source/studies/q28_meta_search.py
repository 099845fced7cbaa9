"""The study of q28: a full table of losses, segments of new users by configurations, on which searches are replayed."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from metarec_lib import ProbabilisticPCA, load_movielens, make_tasks, split_users, study_rows
from metarec_lib.meta.search import best_so_far, grid, meta_features, search, successive_halving, warm_start

SEEDS = (10, 11, 12, 13, 14)
SPACE = {
    "rank": (2, 4, 8, 16),
    "depth": (0, 1, 2),
    "head": ("ridge", "gradient"),
    "rate": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    "count": (1, 3, 10),
}
CONFIGURATIONS = grid(SPACE)
PLACE = {tuple(c.values()): n for n, c in enumerate(CONFIGURATIONS)}
TRIALS, NEAR, WIDTH, STEPS = 40, 5, 32, 10
WORST = 4.0  # squared error, in stars², of a user for whom the steps diverge
BANDS = (0, 21, 25, 30, 38, 48, 200)  # years of age; with two genders twelve segments
AT = (1, 3, 5, 10, 20, 40)


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Regret of each segment after N trials, and the error of what was chosen on other users of the segment."""
    data = load_movielens("ml-100k")
    learning, tuning, judging = split_users(data, seed=seed)
    half = np.random.default_rng([seed, 28]).permutation(len(learning)) < len(learning) // 2
    learning, tuning = learning[half], np.sort(np.concatenate([tuning, learning[~half]]))
    choose, judge = (table_of(data, learning, users, seed) for users in (tuning, judging))
    users = {"choose": tuning, "judge": judging}
    places = {part: segments_of(data, ids) for part, ids in users.items()}
    names = [n for n in places["choose"] if len(places["choose"][n]) > 2 and len(places["judge"].get(n, ())) > 2]
    losses = np.stack([choose[places["choose"][n]].mean(0) for n in names])  # (T, C)
    features = meta_features(data, [tuning[places["choose"][n]] for n in names]).to_numpy()
    for rank in (1, 4, 16, 64, 256, len(CONFIGURATIONS)):
        yield study_rows(
            "table",
            "sorted losses",
            pd.Series(np.sort(losses - losses.min(1, keepdims=True))[:, rank - 1], names),
            place=rank,
        )
    chosen: dict[str, list[int]] = {}
    for t, name in enumerate(names):
        orders = replayed(losses, features, t, seed)
        for kind, paths in orders.items():
            regret = np.mean([best_so_far(losses[t][p]) for p in paths], axis=0) - losses[t].min()
            for n in AT:
                yield study_rows("regret", kind, pd.Series({name: regret[n - 1]}), trials=n, units="segments of users")
        users_of = choose[places["choose"][name]]
        yield from halving(users_of, name, seed)
        for kind in ("random search", "TPE", "warm start"):
            path = orders[kind][0]
            chosen.setdefault(kind, []).append(int(path[losses[t][path].argmin()]))
        chosen.setdefault("best of the segment", []).append(int(losses[t].argmin()))
        chosen.setdefault("one setting for all", []).append(int(choose.mean(0).argmin()))
    for kind, configurations in chosen.items():
        for t, c in enumerate(configurations):
            test = pd.Series({names[t]: judge[places["judge"][names[t]], c].mean()})
            yield study_rows("mse", kind, test, units="segments of users")
            yield study_rows("validation mse", kind, pd.Series({names[t]: losses[t, c]}), units="segments of users")


def replayed(losses: np.ndarray, features: np.ndarray, t: int, seed: int) -> dict[str, list[np.ndarray]]:
    """The configurations in the order in which each way tries them; several draws where chance has a say."""

    def of(sampler: str, draw: int) -> np.ndarray:
        found = search(lambda c: losses[t][PLACE[tuple(c.values())]], SPACE, TRIALS, sampler, seed=1000 * seed + draw)
        return np.array([PLACE[tuple(row)] for row in found[list(SPACE)].itertuples(index=False)])

    others = np.arange(len(losses)) != t
    rng = np.random.default_rng([seed, t])
    every = np.zeros_like(features[others])
    return {
        "random search": [rng.permutation(losses.shape[1])[:TRIALS] for _ in range(50)],
        "TPE": [of("tpe", t + 50 * d) for d in range(2)],
        "GP": [of("gp", t)],
        "warm start": [warm_start(losses[others], features[others], features[t], NEAR)[:TRIALS]],
        "warm start from all": [warm_start(losses[others], every, every[0], others.sum())[:TRIALS]],
    }


def halving(users: np.ndarray, name: str, seed: int) -> Iterator[pd.DataFrame]:
    """27 configurations on a ninth of the users, 9 on a third, 3 on all, against as many evaluations at random."""
    rng, best, n = np.random.default_rng([seed, len(users)]), users.mean(0).min(), len(users)
    rungs, found = (max(1, n // 9), max(2, n // 3), n), {"successive halving": [], "random search, equal cost": []}
    for _ in range(50):
        drawn, shuffled = rng.permutation(users.shape[1]), users[rng.permutation(n)]
        left, cost = successive_halving(shuffled[:, drawn[:27]], rungs)
        found["successive halving"].append(users[:, drawn[left]].mean() - best)
        found["random search, equal cost"].append(users[:, drawn[: max(1, round(cost / n))]].mean(0).min() - best)
    for kind, regrets in found.items():
        yield study_rows("regret", kind, pd.Series({name: float(np.mean(regrets))}), units="segments of users")


def segments_of(data: object, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Rows of `ids` by gender and band of age."""
    known = data.users.set_index("user_id").loc[ids]
    band = np.digitize(known["age"], BANDS) - 1
    keys = pd.Series([f"{g}{BANDS[b]}" for g, b in zip(known["gender"], band, strict=True)])
    return {str(k): v.to_numpy() for k, v in keys.groupby(keys).groups.items()}


def table_of(data: object, learning: np.ndarray, users: np.ndarray, seed: int) -> np.ndarray:
    """Squared error of each user under each configuration, (U, C): ten ratings known, up to twenty asked."""
    train = data.subset(np.isin(data.ratings["user_id"], learning))
    tasks = make_tasks(data, users, k=10, pool=20, seed=seed)
    table = np.zeros((len(users), len(CONFIGURATIONS)))
    for rank in SPACE["rank"]:
        model = ProbabilisticPCA(rank=rank, steps=25, seed=seed).fit(train)
        s, q = model.linear(tasks.support), model.linear(tasks.query)
        ys, yq = tasks.support.values - s.bias, tasks.query.values - q.bias
        for depth in SPACE["depth"]:
            xs, xq = hidden((s.x[..., :-1], q.x[..., :-1]), tasks, depth, seed)
            for count in SPACE["count"]:
                mean = (ys * tasks.support.mask).sum(1, keepdim=True) / (tasks.support.counts[:, None] + count)
                r = (ys - mean) * tasks.support.mask
                for head in SPACE["head"]:
                    for rate in SPACE["rate"]:
                        a = ridge(xs, r, rate) if head == "ridge" else steps(xs, r, rate)
                        error = (yq - mean - (xq @ (xs.mT @ a)).squeeze(2)) ** 2 * tasks.query.mask
                        at = PLACE[(rank, depth, head, rate, count)]
                        table[:, at] = (
                            (error.sum(1) / tasks.query.counts.clamp(1)).clamp(max=WORST).nan_to_num(WORST).numpy()
                        )
    return table


def hidden(inputs: tuple, tasks: object, depth: int, seed: int) -> tuple:
    """Item vectors through `depth` random ReLU layers, scaled to a mean square of 1; padding stays 0."""
    rng = np.random.default_rng([seed, depth])
    size = inputs[0].shape[2]
    for _ in range(depth):
        weights = torch.as_tensor(rng.normal(size=(size, WIDTH)) / size**0.5)
        inputs, size = tuple(torch.relu(x @ weights) for x in inputs), WIDTH
    x = inputs[0][tasks.support.mask]
    scale = (x**2).sum(1).mean().sqrt()
    return inputs[0] * tasks.support.mask[..., None] / scale, inputs[1] / scale


def ridge(x: torch.Tensor, r: torch.Tensor, rate: float) -> torch.Tensor:
    """(x x' + 1 / rate)^-1 r, (U, K, 1): the larger the rate, the further a user may move."""
    return torch.linalg.solve(x @ x.mT + torch.eye(x.shape[1], dtype=x.dtype) / rate, r[..., None])


def steps(x: torch.Tensor, r: torch.Tensor, rate: float) -> torch.Tensor:
    """The same weights a (U, K, 1) after STEPS gradient steps on the mean squared error."""
    a, y = torch.zeros_like(r[..., None]), r[..., None]
    for _ in range(STEPS):
        a = a + rate * (y - x @ (x.mT @ a)) / x.shape[1]
    return a
