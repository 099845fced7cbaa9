"""What every recommender promises, as checks for whoever adds one: `for check in CHECKS: check(MyRecommender)`.

A check takes a function that makes an unfitted model (a class will do), fits it on small made-up data and raises
AssertionError that says what was broken. A check that does not apply to a model, such as calibration of one without a
posterior, passes.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from metarec_lib.data.features import generate_items, preprocess_data
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.splits import load_data
from metarec_lib.data.synthetic import make_world
from metarec_lib.data.tasks import PaddedRatings, TaskBatch, make_tasks
from metarec_lib.evaluation.pairs import score_pairs
from metarec_lib.models.base import Recommender
from metarec_lib.models.storage import load_model

Make = Callable[[], Recommender]


@cache
def world() -> tuple[Interactions, Interactions]:
    """Made-up ratings of 40 users and 30 items: train, test."""
    return load_data(make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions)


def fitted(make: Make, data: Interactions | None = None) -> Recommender:
    """The model, fitted in two epochs where it has any; on the small world where no data are given."""
    if data is None:
        return copy.deepcopy(_on_the_world(make))
    model = make()
    return model.fit(data, **({"epochs": 2} if "epochs" in model.options else {}))


@cache
def _on_the_world(make: Make) -> Recommender:
    return fitted(make, world()[0])


def check_interface(make: Make) -> None:
    """The short program: fit on a table, evaluate, predict; strangers and unknown items get a number."""
    train, test = world()
    model = make()
    epochs = {"epochs": 2} if "epochs" in model.options else {}
    assert model.fit(*preprocess_data(train), **epochs) is model, "fit must return the model"
    metric = "accuracy" if model.scores_are_ratings else "auc"
    value = model.evaluate(*preprocess_data(test), metric=metric)
    assert type(value) is float and 0 <= value <= 1, f"{metric}: got {value!r}"
    scores = model.predict(7, generate_items(train))
    assert list(scores.index) == list(train.items["item_id"]) and np.isfinite(scores).all()
    assert np.isfinite(model.predict("nobody", [5, 999])).all(), "a stranger and an unknown item need a number"
    assert list(model.recommend(7, k=3)["rank"]) == [1, 2, 3]
    before = model.score_all(model.adapt(model.ratings_of([7])), model.ratings_of([7]).users)
    np.testing.assert_allclose(before[0].detach().cpu(), scores, atol=1e-9, err_msg="score_all is not score")


def check_order_of_rows(make: Make) -> None:
    """The order in which ratings are handed in changes nothing."""
    train, _ = world()
    rows = np.random.default_rng(0).permutation(len(train))
    _assert_same(fitted(make), fitted(make, train.subset(rows)), "the order of rows changed the scores")


def check_scale(make: Make) -> None:
    """Ratings in other units give the same scores in these units; the order of items is the same."""
    train, test = world()
    model = fitted(make)
    for factor in (0.2, 2.0, 20.0):
        scaled = _in_units(train, factor)
        other = fitted(make, scaled)
        if model.scores_are_ratings:
            own, theirs = _error(model, test), _error(other, _in_units(test, factor)) / factor
            assert abs(own - theirs) < 1e-3, f"RMSE {own:.4f}, and {theirs:.4f} in units of {factor:g}"


def check_text_ids(make: Make) -> None:
    """Ids are names: text serves as well as numbers."""

    def as_text(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{c: c[0] + frame[c].astype(str) for c in frame if c.endswith("_id")})

    train, _ = world()
    data = Interactions(as_text(train.ratings), as_text(train.users), as_text(train.items))
    items = [f"i{item}" for item in train.items["item_id"]]
    theirs = fitted(make, data).predict("u7", items).to_numpy()
    np.testing.assert_allclose(theirs, fitted(make).predict(7, train.items["item_id"]), atol=1e-9, err_msg="text ids")


def check_one_long_user(make: Make) -> None:
    """One user who rated everything, beside users with a few ratings."""
    train, _ = world()
    everything = pd.DataFrame({"user_id": 1, "item_id": train.items["item_id"], "timestamp": 1})
    rows = pd.concat([everything.assign(rating=3.0), train.ratings[train.ratings["user_id"] > 1]], ignore_index=True)
    model = fitted(make, train.replace_ratings(rows))
    assert np.isfinite(model.predict(1, train.items["item_id"])).all() and len(model.recommend(1)) == 0


def check_blind_to_the_query(make: Make) -> None:
    """Scores do not change with what the query's ratings turn out to be."""
    model, tasks = fitted(make), make_tasks(world()[0], k=4, query=5)
    query, turn = tasks.query, torch.randperm(len(tasks), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        state = model.adapt(tasks.support)
        other = query.select(turn)
        known = replace(query, values=other.values, liked=other.liked, gains=other.gains, times=other.times)
        for answers in (known, PaddedRatings(query.users, query.items, torch.zeros_like(query.values), query.mask)):
            assert torch.equal(model.score(state, answers), model.score(state, query)), "the score looks at the answers"


def check_save_and_load(make: Make) -> None:
    """A saved model is the same model."""
    model = fitted(make).update(7, 3, 2).update(4242, 3, 5)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.npz")
        again = load_model(Path(folder) / "model.npz")
    _assert_same(model, again, "the loaded model scores otherwise", (1, 7, 4242))
    assert again.threshold_ == model.threshold_


def check_meta_device(make: Make) -> None:
    """No operation mixes two devices: the model's tensors are moved to torch's `meta` device, and everything still runs."""
    model, tasks = fitted(make), make_tasks(world()[0], k=4, query=5)
    with torch.no_grad():
        model.score(model.adapt(tasks.support), tasks.query)  # what a model lays out once is laid out here
    for part in (model, *getattr(model, "models_", ())):
        for name, value in vars(part).items():
            setattr(part, name, _to_meta(value))
        part.device = "meta"
    support, query = (_to_meta(part) for part in (tasks.support, tasks.query))
    with _OneDevice():
        state = model.adapt(support)
        model.score(state, query)
        if hasattr(model, "meta_loss"):
            for value in model.params_.values():
                value.requires_grad_()
            model.meta_loss(TaskBatch(support, query)).backward()


def check_calibration(make: Make) -> None:
    """Standardised errors of held-out ratings have a mean square near 1, where the model states an uncertainty."""
    model, (_, test) = fitted(make), world()
    try:
        table = [model.predict(u, i, return_std=True) for u, i in zip(*_pairs(test), strict=True)]
    except ValueError:
        return
    z = (test.values - pd.concat(table)["score"]) / pd.concat(table)["std"]
    assert 0.6 < (z**2).mean() < 1.6, f"mean z^2 of held-out ratings: {(z**2).mean():.2f}"


def check_gradient(make: Make) -> None:
    """The loss of a trained model: autograd's derivative in a random direction is that of central differences.

    Not asked of methods whose step is no gradient of their loss (`exact_gradient` is False: first-order MAML, Reptile).
    """
    model = fitted(make)
    if not getattr(model, "exact_gradient", False):
        return
    rng = np.random.default_rng(0)
    batch = next(iter(model.batches(world()[0], rng, 8)))
    params = {k: v.detach() + 0.01 * _normal(rng, v) for k, v in model.params_.items()}
    params = {k: v.requires_grad_() for k, v in params.items()}  # moved a little: no unit stands at its kink
    model.params_ = params
    grads = torch.autograd.grad(model.loss(batch), list(params.values()), allow_unused=True)
    way = [_normal(rng, v) for v in params.values()]
    length = sum(float((w**2).sum()) for w in way) ** 0.5
    way = [w / length for w in way]
    exact = sum(float((g * w).sum()) for g, w in zip(grads, way, strict=True) if g is not None)

    def loss_at(step: float) -> float:
        moved = zip(params.items(), way, grads, strict=True)
        model.params_ = {k: (v + step * w if g is not None else v).detach() for (k, v), w, g in moved}
        return float(model.loss(batch))

    numeric = (loss_at(1e-6) - loss_at(-1e-6)) / 2e-6
    assert abs(exact - numeric) <= 1e-3 * max(1e-3, abs(exact)), f"derivative {exact:.6f}, by differences {numeric:.6f}"


CHECKS = (
    check_interface, check_order_of_rows, check_scale, check_text_ids, check_one_long_user, check_blind_to_the_query,
    check_save_and_load, check_meta_device, check_calibration, check_gradient,
)  # fmt: skip


class _OneDevice(TorchDispatchMode):
    """Refuses an operation whose tensor arguments lie on two devices; scalars on the CPU and indexing aside."""

    def __torch_dispatch__(self, func: object, types: object, args: tuple = (), kwargs: dict | None = None) -> object:
        found = {t.device.type for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor) and t.ndim}
        assert len(found) < 2 or "index" in str(func), f"{func} takes tensors of {sorted(found)}"
        return func(*args, **(kwargs or {}))


def _normal(rng: np.random.Generator, like: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(rng.normal(size=tuple(like.shape))).to(like)


def _to_meta(value: object) -> object:
    if isinstance(value, PaddedRatings):
        return PaddedRatings(
            value.users.to("meta"), *(getattr(value, n).to("meta") for n in ("items", "values", "mask"))
        )
    return tree_map(lambda t: t.to("meta") if isinstance(t, torch.Tensor) else t, value)


def _assert_same(a: Recommender, b: Recommender, what: str, users: tuple[object, ...] = (1, 7, "nobody")) -> None:
    items = a.tables_.items["item_id"]
    for user in users:
        np.testing.assert_allclose(a.predict(user, items), b.predict(user, items), atol=1e-9, err_msg=what)


def _in_units(data: Interactions, factor: float) -> Interactions:
    ratings = data.ratings.assign(rating=data.ratings["rating"] * factor)
    low, high = data.scale
    return Interactions(ratings, data.users, data.items, data.name, (low * factor, high * factor))


def _error(model: Recommender, data: Interactions) -> float:
    return float(np.sqrt(np.mean((score_pairs(model, data).numpy() - data.values) ** 2)))


def _pairs(data: Interactions) -> tuple[list, list]:
    return data.ratings["user_id"].tolist(), data.ratings["item_id"].tolist()
