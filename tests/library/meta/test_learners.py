"""What the shared base promises for every meta-learner, and what MAML and Reptile promise beyond it."""

import copy
import traceback

import numpy as np
import pytest
import torch

import metarec_lib.meta.networks as networks
import metarec_lib.models.training as training
from metarec_lib import FOMAML, MAML, MetaLearningModel, Reptile, load_data, load_model, make_tasks, make_world
from metarec_lib.data.tasks import PaddedRatings, TaskBatch
from metarec_lib.evaluation.protocols import score_tasks
from metarec_lib.meta.base import squared_error

LEARNERS = (MAML, FOMAML, Reptile, MetaLearningModel)
DATA = make_world(n_users=80, n_items=40, ratings_per_user=20, seed=2).interactions
TASKS = make_tasks(DATA, k=5, query=6, seed=0)
every = pytest.mark.parametrize("learner", LEARNERS)
_fitted = {}


def fitted(learner):
    if learner not in _fitted:
        _fitted[learner] = learner(epochs=3).fit(DATA)
    return _fitted[learner]


def scored(model, tasks):
    """Scores of the query, 0 where padded."""
    return torch.where(tasks.query.mask, score_tasks(model, tasks), 0.0)


def mean_error(model, tasks):
    """RMSE user by user, mean over users and then over the batches."""
    means = []
    for batch in tasks:
        scores = scored(model, batch)
        rows = zip(scores, batch.query.values, batch.query.mask, strict=True)
        means.append(np.mean([np.sqrt(np.mean((s[m] - v[m]).cpu().numpy() ** 2)) for s, v, m in rows if m.any()]))
    return float(np.mean(means))


def ragged(counts=(0, 1, 3, 5, 2)):
    return TaskBatch(TASKS.select(slice(0, 5)).support.first(torch.tensor(counts)), TASKS.select(slice(0, 5)).query)


@every
def test_an_empty_support_is_the_prior_and_padding_and_order_do_not_matter(learner):
    model, tasks = fitted(learner), ragged()
    scores = scored(model, tasks)
    for wide in (5, 9, 30):  # for the closed form: either side of its number of features
        padded = TaskBatch(tasks.support.pad_to(wide), tasks.query)
        torch.testing.assert_close(scored(model, padded), scores, rtol=0, atol=1e-10)
    for b in range(5):  # a user alone, without padding
        one = tasks.select(slice(b, b + 1))
        alone = TaskBatch(one.support.first(int(one.support.counts)), one.query)
        torch.testing.assert_close(scored(model, alone), scores[b : b + 1], rtol=0, atol=1e-10)
    flip = torch.tensor([4, 3, 2, 1, 0])
    s = tasks.support.pad_to(5)
    turned = PaddedRatings(s.users, *(t[:, flip] for t in (s.items, s.values, s.mask)))
    torch.testing.assert_close(scored(model, TaskBatch(turned, tasks.query)), scores, rtol=0, atol=1e-10)
    nothing = scored(model, TASKS.select(slice(0, 1)).first(0))
    torch.testing.assert_close(nothing, scores[:1], rtol=0, atol=1e-10)


@every
def test_it_adapts_where_autograd_is_off_and_moves_towards_the_ratings(learner):
    model = fitted(learner)
    with torch.no_grad():
        state = model.adapt(TASKS.support)
        after = model.score(state, TASKS.support)
        before = model.score(model.adapt(TASKS.support.first(0)), TASKS.support)
    error = [float(squared_error(s, TASKS.support)) for s in (before, after)]
    assert error[1] < error[0]


@every
def test_strangers_have_no_features_and_no_fold(learner):
    model = fitted(learner)
    assert not model.user_features_[-1].any() and model.fold_[-1] == len(model.item_bias_) - 1
    s, q = ragged().support, ragged().query
    stranger = torch.full_like(s.users, -1)
    tasks = TaskBatch(*(PaddedRatings(stranger, p.items, p.values, p.mask) for p in (s, q)))
    assert torch.isfinite(scored(model, tasks)).all()


@every
def test_a_second_fit_is_bit_equal_and_another_seed_is_not(learner):
    one, two, other = (learner(epochs=2, seed=s).fit(DATA) for s in (1, 1, 3))
    for name, value in one.params_.items():
        assert torch.equal(value, two.params_[name])
    assert any(not torch.equal(value, other.params_[name]) for name, value in one.params_.items())


@every
def test_save_and_load_predict_the_same_and_train_on(learner, tmp_path):
    model = copy.deepcopy(fitted(learner)).update(1, 3, 5).update(999, 4, 1)
    threshold = model.threshold_
    model.save(tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert again.params_.keys() == model.params_.keys() and again.threshold_ == threshold
    for user in (1, 50, 999, 12_345):
        assert again.predict(user, DATA.items["item_id"]).equals(model.predict(user, DATA.items["item_id"]))
    assert again.train_one_epoch(DATA)["epoch"] == model.epoch_ + 1
    assert any(not torch.equal(again.params_[k].detach(), v) for k, v in model.params_.items())


@every
def test_a_meta_loss_that_is_no_number_is_an_error(learner):
    model = learner(epochs=1)
    model._start(DATA)
    name = next(iter(model.params_))
    model.params_[name].fill_(torch.nan)
    with pytest.raises(ValueError, match="the loss became nan in epoch 1.*lower lr"):
        model._epoch(DATA)


@every
def test_validation_users_do_not_train_the_model(learner):
    """Early stopping judges on users whose ratings are in no table and no task: changing them changes no gradient."""
    model = learner()
    train, others = model._set_apart(DATA)
    assert len(others) or learner is MetaLearningModel  # which keeps nobody apart
    assert len(train) + len(others) == len(DATA) and not set(train.user_codes) & set(others.user_codes)
    model._start(train)
    assert (model.fold_[np.unique(others.user_codes)] == len(model.item_bias_) - 1).all()
    assert (model.fold_[np.unique(train.user_codes)] < len(model.item_bias_) - 1).all()


def test_the_epochs_of_a_fit_see_no_validation_user(monkeypatch):
    seen = []
    monkeypatch.setattr(MAML, "meta_loss", lambda self, batch: seen.append(batch) or self.params_["b1"].sum())
    model = MAML(epochs=2).fit(DATA)
    others = set(model._set_apart(DATA)[1].user_codes)
    users = torch.cat([batch.users for batch in seen]).tolist()
    assert len(others) == 8 and set(users) == set(range(80)) - others and len(users) == 2 * 72


def test_training_stops_early_and_keeps_the_best(monkeypatch):
    errors = iter([4.0, 3.0, 3.5, 3.6, 3.7, 1.0])
    copies = []
    monkeypatch.setattr(MAML, "_error", lambda self, tasks: next(errors))
    original = MAML._copy
    monkeypatch.setattr(MAML, "_copy", lambda self: copies.append(original(self)) or copies[-1])
    model = MAML(epochs=50, patience=3).fit(DATA)
    assert model.epoch_ == 2 and model.validation_error_ == 3.0 and next(errors) == 1.0
    assert len(copies) == 3  # before training, and after each epoch that was the best so far
    for name, value in model.params_.items():
        assert torch.equal(value, copies[-1][name]) and not value.requires_grad
    assert not torch.equal(copies[-1]["w0"], copies[0]["w0"])  # copies, not views of what trains on


@every
def test_own_validation_users(learner):
    users = DATA.ratings["user_id"].to_numpy()
    train, others = DATA.subset(users <= 60), DATA.subset(users > 60)
    model = learner(epochs=2).fit(train, validation=others)
    tasks = model._validation(train, others)
    users, queries = DATA.user_codes[DATA.ratings["user_id"] > 60], torch.cat([t.users for t in tasks]).tolist()
    assert queries and set(queries) <= set(users)
    assert model.validation_error_ == pytest.approx(mean_error(model, tasks), abs=1e-12)
    X = others.ratings.assign(user_id=10_000)
    with pytest.raises(ValueError, match="user_id that the users table does not hold"):
        learner(epochs=1).fit(train, validation=(X.drop_duplicates("item_id"), None))


@every
def test_bad_settings_are_refused_by_fit(learner):
    bad = {"epochs": 0, "batch_size": 1.5, "lr": 0, "patience": 0, "query": 0, "seed": -1}
    if issubclass(learner, MAML):
        bad |= {"hidden": 0, "inner_steps": 0, "inner_lr": 0, "shrinkage": -1}
    if learner is Reptile:
        bad |= {"train_steps": 0, "train_lr": 0}
    for name, value in bad.items():
        model = learner().set_params(**{name: value})  # the constructor and set_params take it, as in scikit-learn
        with pytest.raises(ValueError, match=f"{learner.__name__}: got {name}={value}, expected a "):
            model.fit(DATA)


def test_a_batch_size_is_used():
    sizes = []

    class Counting(MAML):
        def meta_loss(self, batch):
            sizes.append(len(batch))
            return super().meta_loss(batch)

    Counting().fit(DATA, epochs=1, batch_size=30)
    assert sizes == [30, 30, 12]  # of 80 users 72 are trained on


def test_the_squared_error_weighs_tasks_alike_and_skips_empty_queries():
    query = PaddedRatings(
        torch.arange(3), torch.zeros(3, 2, dtype=torch.int64), torch.tensor([[1.0, 3.0], [2.0, 0.0], [0.0, 0.0]]),
        torch.tensor([[True, True], [True, False], [False, False]]),
    )  # fmt: skip
    assert squared_error(torch.zeros(3, 2), query) == pytest.approx((5 + 4) / 2)


def rows_of_72():
    """The ratings that a model of DATA trains on: those of the users who do not decide when to stop."""
    return np.isin(DATA.user_codes, MAML()._set_apart(DATA)[0].user_codes)


# -- MAML and Reptile -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("learner", [MAML, FOMAML])
def test_the_meta_gradient_of_every_parameter_is_that_of_a_loop_over_users(learner):
    model, batch, spread = copy.deepcopy(fitted(learner)), ragged(), float(DATA.subset(rows_of_72()).values.std())
    params = {k: v.requires_grad_() for k, v in model.params_.items()}
    found = torch.autograd.grad(model.meta_loss(batch), list(params.values()))

    def network(w, x):
        return (torch.relu(x @ w["w0"] + w["b0"]) @ w["w1"] + w["b1"])[:, 0]

    def inputs(part, b):
        items = part.items[b][part.mask[b]]
        fold = model.fold_[batch.users[b]]
        vector = (model.item_vectors_[fold, items] + params["item_shift"][items, :-1]) * model.vector_scale_
        bias = model.item_bias_[fold, items] + spread * params["item_shift"][items, -1]
        return torch.cat([vector, model.item_features_[items]], 1), bias, part.values[b][part.mask[b]]

    losses = []
    for b in range(len(batch)):
        x, bias, y = inputs(batch.support, b)
        fast = {k: params[k] for k in ("w0", "b0", "w1", "b1")}
        rate = model.inner_lr * len(y) / (len(y) + model.shrinkage)
        for _ in range(model.inner_steps if len(y) else 0):
            loss = (((bias + spread * network(fast, x) - y) / spread) ** 2).mean()
            keep = {"create_graph": True} if model.order == 2 else {"retain_graph": True}
            gradient = torch.autograd.grad(loss, list(fast.values()), **keep)
            fast = {k: w - rate * g for (k, w), g in zip(fast.items(), gradient, strict=True)}
        x, bias, y = inputs(batch.query, b)
        losses.append((((bias + spread * network(fast, x) - y) / spread) ** 2).mean())
    expected = torch.autograd.grad(torch.stack(losses).mean(), list(params.values()))
    for name, a, b in zip(params, found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10, msg=lambda m, name=name: f"{name}: {m}")


def test_the_step_grows_with_the_number_of_ratings():
    """Of K ratings each weighs alpha_K / K; the rates are alpha_K."""
    support = ragged().support
    for shrinkage, rates in ((5.0, [0, 0.3 / 6, 0.9 / 8, 0.15, 0.6 / 7]), (0, [0] + [0.3] * 4)):
        share = MAML(inner_lr=0.3, shrinkage=shrinkage)._share(support)
        assert share.sum(1).tolist() == pytest.approx(rates, rel=1e-14) and not share[~support.mask].any()
        for row, mask in zip(share, support.mask, strict=True):
            assert len(set(row[mask].tolist())) <= 1


def test_from_fit_to_the_gradient_one_goes_down_by_few_frames(monkeypatch):
    """fit, the loop, an epoch, the loss, the meta-loss, adapt, the inner loop."""

    class Reached(Exception):
        pass

    def raising(*args):
        raise Reached

    monkeypatch.setattr(networks, "loss_gradient", raising)
    with pytest.raises(Reached) as caught:
        MAML().fit(DATA)
    frames = [f.name for f in traceback.extract_tb(caught.tb) if "metarec_lib" in f.filename]
    assert frames[0] == "fit" and frames[-1] == "adapt_weights" and len(frames) <= 7, frames


def test_reptile_steps_towards_the_mean_of_the_adapted_weights_and_trains_no_item():
    model, batch = Reptile(), TASKS.select(slice(0, 6))
    model._start(DATA)
    model._make_optimiser()
    model.meta_loss(batch).backward()
    goals = []
    for b in range(6):
        items, y = (torch.cat([p[b] for p in pair]) for pair in
                    ((batch.support.items, batch.query.items), (batch.support.values, batch.query.values)))  # fmt: skip
        mask = torch.cat([batch.support.mask[b], batch.query.mask[b]])
        items, y, fold = items[mask], y[mask], model.fold_[batch.users[b]]
        x = torch.cat([model.item_vectors_[fold, items] * model.vector_scale_, model.item_features_[items]], 1)
        w = {k: model.params_[k].detach().clone().requires_grad_() for k in ("w0", "b0", "w1", "b1")}
        for _ in range(model.train_steps):
            out = (torch.relu(x @ w["w0"] + w["b0"]) @ w["w1"] + w["b1"])[:, 0]
            residual = (y - model.item_bias_[fold, items]) / DATA.values.std()
            gradient = torch.autograd.grad(((out - residual) ** 2).mean(), list(w.values()))
            w = {
                k: (v - model.train_lr * g).detach().requires_grad_()
                for (k, v), g in zip(w.items(), gradient, strict=True)
            }
        goals.append(w)
    for name in ("w0", "b0", "w1", "b1"):
        expected = model.params_[name] - torch.stack([g[name] for g in goals]).mean(0)
        torch.testing.assert_close(model.params_[name].grad, expected, rtol=0, atol=1e-10, check_stride=False)
    assert model.params_["item_shift"].grad is None and model.params_["test_rate"].grad is None


def test_reptile_tunes_its_test_rate_on_the_validation_users():
    model = Reptile(epochs=2).fit(DATA)
    tasks = model._validation(*model._set_apart(DATA))
    kept = model.test_lr_
    assert model.validation_error_ == pytest.approx(mean_error(model, tasks), abs=1e-12)  # at the kept rate
    errors = {}
    for rate in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1):
        twin = copy.deepcopy(model)
        twin.params_["test_rate"] = torch.tensor(rate, dtype=torch.float64)
        errors[rate] = mean_error(twin, tasks)
    assert kept == min(errors, key=errors.get) and model.validation_error_ == pytest.approx(errors[kept], abs=1e-12)
    assert max(errors.values()) > errors[kept] + 1e-4
    assert Reptile(epochs=1, inner_lr=0.03).fit(DATA.subset(DATA.user_codes < 15)).test_lr_ == 0.03  # nobody to tune on


def test_reptile_keeps_the_rate_of_the_best_epoch(monkeypatch):
    """Each epoch that is judged has a rate of its own; the kept parameters, rate and error are those of one epoch."""
    told, errors = [], iter([[3.0, 9, 9, 9, 9, 9], [9, 9, 2.0, 9, 9, 9], [9, 9, 9, 9, 9, 8.0]])
    monkeypatch.setattr(Reptile, "_error_at", lambda self, rate, tasks: told[-1][rate])
    original = Reptile._error

    def error(self, tasks):
        told.append(dict(zip((0.002, 0.005, 0.01, 0.02, 0.05, 0.1), next(errors), strict=True)))
        return original(self, tasks)

    monkeypatch.setattr(Reptile, "_error", error)
    model = Reptile(epochs=3).fit(DATA)
    assert (model.epoch_, model.validation_error_, model.test_lr_) == (2, 2.0, 0.01)


# -- real ratings -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("learner", "most"), [(MetaLearningModel, 0.90), (MAML, 0.935)])
def test_the_error_on_real_ratings_lies_where_it_should(learner, most):
    train, test = load_data("ml-100k")
    model = learner(epochs=8).fit(train)
    assert most - 0.02 < model.evaluate(test, metric="rmse") < most
    assert 0.68 < model.evaluate(test) < 0.76


def test_progress_is_shown_to_someone_who_watches_only(monkeypatch):
    monkeypatch.setattr(training.sys.stderr, "isatty", lambda: False, raising=False)
    monkeypatch.setenv("METAREC_WORK", "solutions")
    assert training.progress(2, "x").disable
    monkeypatch.setattr(training.sys.stderr, "isatty", lambda: True, raising=False)
    assert not training.progress(2, "x").disable


def test_no_progress_is_shown_where_a_kernel_is_driven_but_does_not_run(monkeypatch):
    pytest.importorskip("ipykernel")
    monkeypatch.setattr(training.sys.stderr, "isatty", lambda: False, raising=False)
    monkeypatch.delenv("METAREC_WORK", raising=False)
    assert training.progress(2, "x").disable
