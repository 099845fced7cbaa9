"""SASRec and DNN against plain loops; no place sees the future; sampled losses; clipping, autocast, checkpoints."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from metarec_lib import (
    DNN,
    EASE,
    Interactions,
    MarkovChain,
    RecencyEASE,
    SASRec,
    attention,
    count_flops,
    count_parameters,
    gbce,
    leave_last_out,
    load_data,
    make_world,
    sampled_softmax,
)
from metarec_lib.device import as_tensor
from metarec_lib.models.dnn import KINDS
from metarec_lib.models.next_item import Windows
from metarec_lib.models.sampled_softmax import CORRECTIONS, popularity

TRAIN, TEST = load_data(make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions)
ITEMS = as_tensor([[4, 9, 2, 7, 7], [1, 3, 0, 0, 0]])
MASK = as_tensor([[True] * 5, [True, True, False, False, False]])
NEGATIVES, ALL = as_tensor([3, 4, 4, 20]), as_tensor(np.arange(30))


def windows(items=ITEMS, mask=MASK, negatives=NEGATIVES, seed=5):
    return Windows(items, mask, negatives, seed)


def sasrec(**options):
    return SASRec(**({"width": 8, "longest": 6, "epochs": 2} | options)).fit(TRAIN, validation=TEST)


def numbers(model):
    return {name: value.detach().cpu().numpy() for name, value in model.params_.items()}


# -- SASRec -----------------------------------------------------------------------------------------------------------
def norm(x, weights):
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5) * weights[0] + weights[1]


def naive_attention(x, p, layer, heads):
    """Place by place, head by head: softmax over the places up to this one."""
    q, k, v = (x @ p[f"{name}_{layer}"] for name in ("query", "key", "value"))
    size, out = x.shape[1] // heads, np.zeros_like(x)
    for t in range(len(x)):
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            logits = [float(q[t, part] @ k[s, part]) / math.sqrt(size) for s in range(t + 1)]
            total = sum(math.exp(a) for a in logits)
            for s, a in enumerate(logits):
                out[t, part] += math.exp(a) / total * v[s, part]
    return out @ p[f"mix_{layer}"]


def naive_states(model, items):
    p = numbers(model)
    x = np.stack([p["start"], *(p["items"][i] for i in items)]) + p["places"][: len(items) + 1]
    for i in range(model.layers):
        x = x + naive_attention(np.stack([norm(row, p[f"norm_{i}a"]) for row in x]), p, i, model.heads)
        hidden = np.stack([norm(row, p[f"norm_{i}b"]) for row in x]) @ p[f"in_{i}"] + p[f"in_bias_{i}"]
        x = x + np.maximum(hidden, 0) @ p[f"out_{i}"] + p[f"out_bias_{i}"]
    return np.stack([norm(row, p["norm"]) for row in x])


def test_sasrec_is_a_loop_over_places_and_heads():
    model = sasrec()
    with torch.no_grad():
        np.testing.assert_allclose(model.encode(ITEMS)[0].cpu(), naive_states(model, ITEMS[0].tolist()), atol=1e-10)


def test_attention_is_that_of_the_library():
    model, x = sasrec(heads=1), as_tensor(np.random.default_rng(0).normal(size=(2, 5, 8)))
    p = model.params_
    q, k, v = (x @ p[f"{name}_1"] for name in ("query", "key", "value"))
    expected = attention(q, k, v, as_tensor(np.tri(5, dtype=bool)).expand(2, 5, 5)) @ p["mix_1"]
    torch.testing.assert_close(model.attend(x, 1), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("at", range(5))
def test_no_place_sees_the_future(at):
    model = sasrec()
    changed = ITEMS.clone()
    changed[0, at] = 25
    with torch.no_grad():
        before, after = model.encode(ITEMS)[0], model.encode(changed)[0]
    assert torch.equal(before[: at + 1], after[: at + 1])  # what is known before item `at`
    assert (before[at + 1 :] != after[at + 1 :]).any(1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_no_place_of_a_dnn_sees_the_future(kind):
    model = DNN(kind=kind, width=4, hidden=4, epochs=1, longest=3).fit(TRAIN)
    one = windows(ITEMS[:1], MASK[:1])
    for at in range(5):
        changed = ITEMS[:1].clone()
        changed[0, at] = 25
        before, after = (model.logits(model.states_before(w), ALL) for w in (one, windows(changed, MASK[:1])))
        same = (before == after).all(1).tolist()
        assert same[: at + 1] == [True] * (at + 1) and same[at + 1 : at + 4] == [False] * len(same[at + 1 : at + 4])


def test_full_softmax_is_the_mean_log_chance_of_the_next_item():
    model = sasrec(objective="softmax", dropout=0.0)
    total, places = 0.0, 0
    for row, length in ((ITEMS[0].tolist(), 5), (ITEMS[1].tolist(), 2)):
        states = naive_states(model, row[:length])
        for t in range(length):
            scores = states[t] @ numbers(model)["items"][:-1].T
            total -= scores[row[t]] - math.log(np.exp(scores).sum())
            places += 1
    assert float(model.loss(windows())) == pytest.approx(total / places, abs=1e-10)


def naive_sampled(scores, target, negatives, q, correction):
    n = len(negatives)
    weigh = {"none": lambda j: 1.0, "logq": lambda j: 1 / q[j], "importance": lambda j: 1 / (n * q[j])}[correction]
    top = math.exp(scores[target]) * (1 / q[target] if correction == "logq" else 1.0)
    below = sum(math.exp(scores[j]) * weigh(j) for j in negatives if j != target)
    return -math.log(top / (top + below))


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_the_sampled_loss_of_sasrec_is_a_loop(correction):
    model = sasrec(objective="sampled", dropout=0.0, correction=correction)
    q = popularity(TRAIN.item_codes, TRAIN.n_items)
    np.testing.assert_allclose(model.log_q_.exp().cpu(), q, atol=1e-12)
    scores = model.logits(model.states_before(windows()), ALL).detach().cpu().numpy()
    targets = ITEMS[MASK].tolist()
    parts = [naive_sampled(s, t, NEGATIVES.tolist(), q, correction) for s, t in zip(scores, targets, strict=True)]
    assert float(model.loss(windows())) == pytest.approx(np.mean(parts), abs=1e-10)


def test_dropout_depends_on_the_batch_alone():
    model = sasrec(dropout=0.5, objective="softmax")
    assert model.loss(windows()) == model.loss(windows()) != model.loss(windows(seed=6))


def test_separate_answers_have_a_bias():
    model = sasrec(tied=False)
    p, state = numbers(model), as_tensor(np.ones((1, 8)))
    np.testing.assert_allclose(
        model.logits(state, ALL).detach().cpu()[0], p["answers"][:-1].sum(1) + p["bias"][:-1], atol=1e-12
    )


def test_sasrec_learns_a_cycle():
    """After item i comes i + 1: what follows the last one stands first."""
    rows = [(u, (u + t) % 12, 3.0, t) for u in range(12) for t in range(9)]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "rating", "timestamp"])
    train, last = leave_last_out(Interactions.from_frame(frame))
    model = SASRec(width=16, epochs=60, lr=0.01, objective="softmax", dropout=0.0, patience=60)
    model.fit(train, validation=last)
    assert [int(model.recommend(u, k=1)["item_id"].iloc[0]) for u in range(12)] == [(u + 8) % 12 for u in range(12)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"width": 9}, "a width that heads divides"),
        ({"dropout": 1.0}, "a dropout below 1"),
        ({"objective": "hinge"}, "expected one of 'softmax', 'sampled', 'gbce'"),
        ({"autocast": "bfloat16"}, "autocast='bfloat16' with float64"),
        ({"autocast": "float8"}, "autocast='float8', expected one of None, 'bfloat16'"),
        ({"clip": 0}, "clip=0, expected a number above 0 or None"),
        ({"correction": "some"}, "correction='some'"),
    ],
)
def test_settings_that_cannot_be(options, words):
    with pytest.raises(ValueError, match=words):
        SASRec(**options).fit(TRAIN)


# -- DNN --------------------------------------------------------------------------------------------------------------
def naive_score(model, history, item):
    """One user and one item, in plain NumPy."""
    p, kind = numbers(model), model.kind
    recent = history[-model.longest :]
    weights = np.exp([p["places"][age] for age in range(len(recent))][::-1])
    h = (weights / weights.sum()) @ p["history"][recent] if recent else p["start"]
    e, g = p["items"][item], model.features_.cpu().numpy()[item] @ p["features"]

    def mlp(name, x):
        return np.maximum(x @ p[f"{name}_in"] + p[f"{name}_bias"], 0) @ p[f"{name}_out"]

    if kind == "two-tower":
        return p["bias"][item] + (h + mlp("user", h)) @ (e + g + mlp("item", e + g))
    deep = p["bias"][item] + mlp("deep", np.concatenate([h, e, g]))[0]
    if kind == "deepfm":
        return deep + h @ e + h @ g + e @ g
    pair = ((history[-1] if history else -1) + 1) * 31 + item + 1
    return deep + p["wide"][(pair * 2654435761 % 2**32) * model.buckets // 2**32]


@pytest.mark.parametrize("kind", KINDS)
def test_a_dnn_is_a_loop(kind):
    model = DNN(kind=kind, width=4, hidden=5, longest=3, epochs=3, buckets=64).fit(TRAIN)
    if kind == "wide & deep":
        assert (model.params_["wide"] != 0).any()
    with torch.no_grad():
        trained = model.logits(model.states_before(windows()), ALL)
    histories = [row[:t] for row, length in ((ITEMS[0].tolist(), 5), (ITEMS[1].tolist(), 2)) for t in range(length)]
    for scores, history in zip(trained.cpu(), histories, strict=True):
        np.testing.assert_allclose(scores, [naive_score(model, history, j) for j in range(30)], atol=1e-10)
    user = TRAIN.users["user_id"].iloc[3]
    history = model.history_.items_of(user).tolist()
    expected = [naive_score(model, history, j) for j in range(30)]
    np.testing.assert_allclose(model.predict(user, TRAIN.items["item_id"]), expected, atol=1e-10)


# -- sampled losses ---------------------------------------------------------------------------------------------------
@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    scores, q = rng.normal(size=(3, 6)), rng.dirichlet(np.ones(6))
    return scores, q, np.array([2, 0, 5]), rng.choice(6, 4, p=q)


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_sampled_softmax_is_a_loop(drawn, correction):
    scores, q, target, negatives = drawn
    log_q = torch.as_tensor(np.log(q))
    got = sampled_softmax(
        torch.as_tensor(scores[np.arange(3), target]), torch.as_tensor(scores[:, negatives]), log_q[target],
        log_q[negatives], torch.as_tensor(target[:, None] == negatives), correction,
    )  # fmt: skip
    parts = [naive_sampled(s, t, negatives.tolist(), q, correction) for s, t in zip(scores, target, strict=True)]
    assert float(got) == pytest.approx(np.mean(parts), abs=1e-12)


def test_importance_weights_give_the_full_sum_on_average(drawn):
    scores, q, target, _ = drawn
    rng, t = np.random.default_rng(1), int(target[0])
    negatives = rng.choice(6, (40_000, 3), p=q)
    s, log_q = torch.as_tensor(scores[0]), torch.as_tensor(np.log(q))
    losses = torch.stack([
        sampled_softmax(s[[t]], s[row][None], log_q[[t]], log_q[row], torch.as_tensor(row == t)[None])
        for row in negatives[:4000]
    ])  # fmt: skip
    z = float((losses + s[t]).exp().mean())
    assert z == pytest.approx(float(s.exp().sum()), rel=0.03)


def test_every_item_once_is_the_full_softmax(drawn):
    scores, _, target, _ = drawn
    s, t = torch.as_tensor(scores), torch.as_tensor(target)
    log_q = torch.full((6,), -math.log(6), dtype=torch.float64)
    args = s[torch.arange(3), t], s, log_q[t], log_q, t[:, None] == torch.arange(6)
    expected = torch.nn.functional.cross_entropy(s, t)
    for correction in CORRECTIONS:
        torch.testing.assert_close(sampled_softmax(*args, correction), expected)


def test_gbce_is_binary_cross_entropy_with_a_weaker_positive(drawn):
    scores, _, target, negatives = drawn
    s, t = torch.as_tensor(scores), torch.as_tensor(target)
    positive, negative = s[torch.arange(3), t], s[:, negatives]
    both = torch.cat([positive[:, None], negative], 1)
    labels = torch.tensor([1.0, 0, 0, 0, 0], dtype=torch.float64).expand(3, 5)
    torch.testing.assert_close(gbce(positive, negative, 6, 0.0), binary_cross_entropy_with_logits(both, labels))
    share = 4 / 5  # beta = a at t = 1
    expected = (-share * torch.log(torch.sigmoid(positive)) - torch.log(1 - torch.sigmoid(negative)).sum(1)) / 5
    torch.testing.assert_close(gbce(positive, negative, 6, 1.0), expected.mean())


def test_sampled_softmax_refuses_nonsense():
    one = torch.zeros(2)
    with pytest.raises(ValueError, match="correction='some'"):
        sampled_softmax(one, torch.zeros(2, 3), one, torch.zeros(3), correction="some")
    for negative in (torch.zeros(3), torch.zeros(3, 4), torch.zeros(2, 0)):
        with pytest.raises(ValueError, match=r"expected \(N,\) and \(N, n\)"):
            sampled_softmax(one, negative, one, torch.zeros(3))


# -- clipping, lower precision, checkpoints ---------------------------------------------------------------------------
def test_a_clipped_step_is_no_longer_than_the_limit(monkeypatch):
    seen = []
    step = torch.optim.Adam.step

    def spy(self, *args, **kwargs):
        seen.append(sum(float((p.grad**2).sum()) for g in self.param_groups for p in g["params"] if p.grad is not None))
        return step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", spy)
    sasrec(clip=0.01)
    assert len(seen) and max(seen) == pytest.approx(1e-4, rel=1e-3)
    seen.clear()
    sasrec(clip=None)
    assert max(seen) > 0.1


def test_autocast_runs_in_bfloat16_and_keeps_float32_parameters():
    model = sasrec(dtype="float32", autocast="bfloat16", objective="softmax")
    plain = sasrec(dtype="float32", objective="softmax")
    assert all(p.dtype == torch.float32 for p in model.params_.values())
    gap = (model.params_["items"] - plain.params_["items"]).abs().max()
    assert 0 < float(gap) < 0.05


def test_a_run_that_was_stopped_ends_where_a_whole_one_does(tmp_path):
    options = {"width": 8, "longest": 6, "patience": 9}
    whole = SASRec(epochs=5, **options).fit(TRAIN)
    SASRec(epochs=2, checkpoint=str(tmp_path), **options).fit(TRAIN)
    kept = list(tmp_path.iterdir())
    assert len(kept) == 1 and kept[0].suffix == ".pt"
    first = torch.load(kept[0], weights_only=True)
    assert first["epoch"] == 2
    resumed = SASRec(epochs=5, checkpoint=str(tmp_path), **options).fit(TRAIN)
    assert torch.load(kept[0], weights_only=True)["epoch"] == 5
    assert resumed.epoch_ == whole.epoch_ and resumed.validation_error_ == whole.validation_error_
    for name, value in whole.params_.items():
        assert torch.equal(value, resumed.params_[name]), name
    SASRec(epochs=1, checkpoint=str(tmp_path), **(options | {"width": 4})).fit(TRAIN)
    SASRec(epochs=1, checkpoint=str(tmp_path), **options).fit(TEST)
    assert len(list(tmp_path.iterdir())) == 3  # other settings and other data are other runs


def test_the_best_epoch_is_a_copy():
    model = SASRec(width=8, longest=6, epochs=6, patience=9, lr=0.05).fit(TRAIN, validation=TEST)
    again = SASRec(width=8, longest=6, epochs=model.epoch_, patience=9, lr=0.05).fit(TRAIN, validation=TEST)
    assert torch.equal(model.params_["items"], again.params_["items"])


# -- item to item -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("reach", "damping", "decay"), [(1, 1.0, 0.01), (3, 0.5, 0.8)])
def test_a_markov_chain_is_a_loop(reach, damping, decay):
    model = MarkovChain(reach=reach, damping=damping, decay=decay, prior=2.0).fit(TRAIN)
    histories = [model.history_.items_of(u).tolist() for u in TRAIN.users["user_id"]]
    counts = np.zeros((30, 30))
    for history in histories:
        for a, i in enumerate(history):
            for gap in range(1, reach + 1):
                if a + gap < len(history):
                    counts[i, history[a + gap]] += damping ** (gap - 1)
    weights = counts / (counts.sum(1, keepdims=True) + 2.0)
    expected = sum(decay**age * weights[i] for age, i in enumerate(histories[7][::-1]))
    got = model.predict(TRAIN.users["user_id"].iloc[7], TRAIN.items["item_id"])
    np.testing.assert_allclose(got, expected, atol=1e-8)


def test_ease_without_decay_is_ease_on_everything_rated():
    liked = TRAIN.replace_ratings(TRAIN.ratings.assign(rating=5.0))
    plain, recency = EASE(ridge=50).fit(liked), RecencyEASE(ridge=50, decay=1.0).fit(TRAIN)
    items = TRAIN.items["item_id"]
    np.testing.assert_allclose(recency.predict(5, items), plain.predict(5, items), atol=1e-8)
    history = recency.history_.items_of(5)
    other = RecencyEASE(ridge=50, decay=0.5).fit(TRAIN)
    expected = sum(0.5**age * recency.weights_[i, :-1].cpu().numpy() for age, i in enumerate(history[::-1]))
    np.testing.assert_allclose(other.predict(5, items), expected, atol=1e-8)
    with pytest.raises(ValueError, match="decay=1.5, expected a number above 0 and at most 1"):
        RecencyEASE(decay=1.5).fit(TRAIN)


# -- counting ---------------------------------------------------------------------------------------------------------
def test_parameters_by_kind():
    model = sasrec(layers=1)
    d, tables = 8, 31 * 8
    dense = d + 7 * d + 2 * d + 4 * d + 4 * d * d + 2 * (d * d) + 2 * d  # start, places, norms, attention, network
    assert count_parameters(model) == {"tables": tables, "dense": dense}
    hashed = DNN(kind="wide & deep", width=4, hidden=4, buckets=64, epochs=1).fit(TRAIN)
    assert count_parameters(hashed)["tables"] == 64 + 2 * 31 * 4 + 31
    with pytest.raises(ValueError, match="without params_"):
        count_parameters(EASE())


def test_flops_of_a_matrix_product():
    a, b = torch.ones(3, 4), torch.ones(4, 5)
    assert count_flops(torch.matmul, a, b) == 2 * 3 * 4 * 5
    model = sasrec(layers=1)
    d, t = 8, 6
    assert count_flops(model.encode, torch.zeros(1, 5, dtype=torch.long)) == 6 * 2 * t * d * d + 2 * 2 * t * t * d
