"""What one request costs: adapting and scoring on tensors, `recommend`, `update`, `predict`; wall clock, medians.

Run: python tests/benchmarks/bench_serving.py    (on ML-100K, or on ml-latest-small where that is not fetched)
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from metarec_lib import MAML, MatrixFactorization, MetaLearningModel, load_movielens, make_tasks
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import TaskBatch
from metarec_lib.models.base import Recommender

K, QUERY, REPEATS = 20, 10, 301


def milliseconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median of each call, alternated so that a slow moment of the machine strikes all alike."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _, (name, call) in itertools.product(range(REPEATS), calls.items()):
        start = time.perf_counter()
        call()
        taken[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in taken.items()}


def request(model: Recommender, tasks: TaskBatch) -> Callable[[], object]:
    return lambda: model.score(model.adapt(tasks.support), tasks.query)


def main(data: Interactions) -> None:
    models = {"closed-form head": MetaLearningModel(), "MF, fold-in": MatrixFactorization(), "MAML": MAML(epochs=3)}
    users = data.users["user_id"].to_numpy()[np.bincount(data.user_codes, minlength=data.n_users) >= K + QUERY]
    one, many = (make_tasks(data, users[:n], k=K, query=QUERY, seed=0) for n in (1, 256))
    for model in models.values():
        model.fit(data)
    head, (user, item) = models["closed-form head"], (users[0], int(data.items["item_id"].iloc[0]))
    with torch.no_grad():
        print(f"{data!r}\nadapt to {K} ratings and score {QUERY} films, one user, ms:")
        found = milliseconds({name: request(model, one) for name, model in models.items()})
        for name, value in found.items():
            print(f"  {name:18} {value:7.3f}   {value / found['closed-form head']:6.2f} times the closed-form head")
        print(f"{len(many.users)} users together, ms a user:")
        together = milliseconds({name: request(model, many) for name, model in models.items()})
        for name, value in together.items():
            each = value / len(many.users)
            print(f"  {name:18} {each:7.4f}   {found[name] / each:6.1f} users for the time of one alone")
        print("the closed-form head as a service, one user, ms:")
        calls = {
            "recommend(k=10)": lambda: head.recommend(user, 10),
            "predict, one film": lambda: head.predict(user, item),
            "update": lambda: head.update(user, item, 4),
        }
        for name, value in milliseconds(calls).items():
            print(f"  {name:18} {value:7.3f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    try:
        ratings = load_movielens("ml-100k")
    except FileNotFoundError:
        ratings = load_movielens("ml-latest-small")
    main(ratings)
