"""Packed tables against loops and libraries, files against their size, EASE against ridge, a student against its loss."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from metarec_lib import (
    EASE,
    CompactMetaLearningModel,
    DistilledAutoencoder,
    ItemKNN,
    codebook,
    compress,
    latency,
    load_compressed,
    load_data,
    make_world,
)
from metarec_lib.models.compression import (
    METHODS,
    Int4,
    Int8,
    LowRank,
    Sparse,
    Whole,
    largest_entries,
    random_entries,
    rounded,
)

TRAIN, TEST = load_data(make_world(n_users=80, n_items=70, ratings_per_user=15, seed=3).interactions)


@pytest.fixture(scope="module")
def teacher():
    return EASE(ridge=20.0).fit(TRAIN)


@pytest.fixture
def table():
    return np.random.default_rng(0).normal(size=(9, 7))


# -- EASE -----------------------------------------------------------------------------------------------------------
def multi_hot():
    x = np.zeros((TRAIN.n_users, TRAIN.n_items))
    x[TRAIN.user_codes[TRAIN.liked], TRAIN.item_codes[TRAIN.liked]] = 1
    return x


def test_ease_is_a_ridge_regression_of_each_item_on_the_others(teacher):
    from sklearn.linear_model import Ridge

    x, weights = multi_hot(), teacher.weights_.cpu().numpy()
    for item in (0, 13, 69):
        others = np.delete(np.arange(70), item)
        ridge = Ridge(alpha=20.0, fit_intercept=False).fit(x[:, others], x[:, item])
        np.testing.assert_allclose(weights[others, item], ridge.coef_, atol=1e-8)
        assert weights[item, item] == 0


def test_ease_scores_are_the_product(teacher):
    ids = TRAIN.users["user_id"].to_numpy()
    support = teacher.ratings_of(ids)
    scores = teacher.score_all(teacher.adapt(support), support.users)
    np.testing.assert_allclose(scores, multi_hot() @ teacher.weights_[:-1, :-1].cpu().numpy(), atol=1e-10)


# -- packed tables --------------------------------------------------------------------------------------------------
def test_int8_is_at_most_half_a_step_away(table):
    codes, scale = rounded(table, 127)
    assert codes.dtype == np.int8 and np.abs(codes).max() == 127
    for row in range(9):
        assert abs(scale[row] - max(abs(w) for w in table[row]) / 127) < 1e-7
    assert (np.abs(Int8.pack(table).dense() - table) <= scale[:, None] / 2 + 1e-6).all()


def test_a_row_of_zeros_stays_one():
    for kind in (Int8, Int4):
        np.testing.assert_array_equal(kind.pack(np.zeros((2, 3))).dense(), np.zeros((2, 3)))


@pytest.mark.parametrize("columns", [6, 7])
def test_int4_puts_two_in_a_byte(columns):
    table = np.random.default_rng(1).normal(size=(5, columns))
    packed = Int4.pack(table)
    assert packed.arrays["pairs"].nbytes == 5 * ((columns + 1) // 2)
    codes, scale = rounded(table, 7)
    np.testing.assert_allclose(packed.dense(), codes * scale[:, None], atol=1e-7)


def test_pruning_keeps_the_largest(table):
    kept = largest_entries(table, 0.2)
    assert kept.sum() == round(0.2 * 63)
    assert np.abs(table[kept]).min() >= np.abs(table[~kept]).max()
    by_chance = random_entries(np.where(table > 0, table, 0), 0.2, seed=1)
    assert by_chance.sum() == kept.sum() and (table[by_chance] > 0).all()


def test_the_sparse_form_is_scipys(table):
    kept = largest_entries(table, 0.3)
    expected = sp.csr_matrix(np.where(kept, table, 0))
    np.testing.assert_allclose(Sparse.pack(table, kept).dense(), expected.toarray(), atol=1e-6)


def test_low_rank_is_the_nearest(table):
    u, s, v = np.linalg.svd(table)
    error = np.linalg.norm(LowRank.pack(table, 3).dense() - table)
    assert abs(error - np.sqrt((s[3:] ** 2).sum())) < 1e-5  # Eckart and Young


def test_the_sum_of_rows_is_that_of_the_matrix(table):
    packs = (Whole.pack, Int8.pack, Int4.pack, lambda t: Sparse.pack(t, largest_entries(t, 0.4)))
    for pack in (*packs, lambda t: LowRank.pack(t, 2)):
        packed = pack(table)
        for rows in (np.array([4, 1, 4]), np.array([], dtype=int)):
            np.testing.assert_allclose(packed.sum_rows(rows), packed.dense()[rows].sum(0), atol=1e-5)


# -- models ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore::metarec_lib.evaluation.metrics.ConstantScoreWarning")
def test_a_file_holds_the_model(teacher, method, tmp_path):
    small = compress(teacher, method, keep=0.3, rank=8)
    size = small.save(tmp_path / "small.npz")
    assert size == (tmp_path / "small.npz").stat().st_size
    again = load_compressed(tmp_path / "small.npz", teacher)
    items = TRAIN.items["item_id"]
    np.testing.assert_array_equal(again.predict(7, items), small.model.predict(7, items))
    assert small.model.evaluate(TEST, metric="auc") > 0.4
    assert small.model.weights_ is not teacher.weights_


def test_the_model_itself_stays(teacher):
    before = teacher.weights_.clone()
    compress(teacher, "magnitude")
    assert torch.equal(teacher.weights_, before)


def test_a_quarter_of_the_bytes(teacher, tmp_path):
    sizes = {m: compress(teacher, m).save(tmp_path / m) for m in ("float32", "int8", "int4")}
    assert sizes["int8"] < 0.35 * sizes["float32"] and sizes["int4"] < 0.2 * sizes["float32"]


def test_parameters_of_a_network_are_tables_too():
    student = DistilledAutoencoder(units=70, epochs=1).fit(TRAIN)
    small = compress(student, "int8")
    assert set(small.tables) == {"params_/in", "params_/out"}
    assert np.isfinite(small.model.predict(7, TRAIN.items["item_id"])).all()


def test_bad_arguments_are_named(teacher, tmp_path):
    for bad in ({"method": "zip"}, {"keep": 0}, {"keep": 1.5}, {"rank": 0}):
        with pytest.raises(ValueError, match="expected"):
            compress(teacher, **{"method": "magnitude", **bad})
    with pytest.raises(ValueError, match="no table"):
        compress(ItemKNN().fit(TRAIN))
    compress(teacher).save(tmp_path / "x")
    with pytest.raises(ValueError, match="another model"):
        load_compressed(tmp_path / "x", DistilledAutoencoder(units=70, epochs=1).fit(TRAIN))
    with pytest.raises(ValueError, match="repeats"):
        latency(list, repeats=0)


def test_latency_is_a_time():
    assert 0 < latency(lambda: None, 5) < latency(lambda: sum(range(20_000)), 5)


# -- distillation ---------------------------------------------------------------------------------------------------
def test_the_loss_is_the_two_terms():
    student = DistilledAutoencoder(units=8, epochs=1, weight=0.3, temperature=0.2, decay=0.0, ridge=20.0)
    student._teach = True
    student._start(TRAIN)
    batch = next(iter(student.batches(TRAIN, np.random.default_rng(0), 6)))
    got, teacher, expected = student.loss(batch), EASE(ridge=20.0).fit(TRAIN), []
    for row in range(len(batch.ratings)):
        one = batch.ratings.select(slice(row, row + 1))
        liked = one.items[0][one.mask[0] & (one.values[0] >= 4)]
        seen = one.items[0][one.mask[0] & (one.values[0] >= 4) & batch.seen[row]]
        x = torch.zeros(71, dtype=torch.float64)
        x[seen] = max(1, len(seen)) ** -0.5
        p = student.params_
        s = (torch.tanh(x @ p["in"] + p["in_bias"]) @ p["out"].T + p["out_bias"])[:-1].log_softmax(0)
        t = (teacher.adapt(one)[0, :-1] / 0.2).softmax(0)
        if len(liked):
            expected.append(-0.7 * s[liked].mean() + 0.3 * (t * (t.log() - s)).sum())
    assert abs(float(got - torch.stack(expected).mean())) < 1e-10


def test_a_teacher_changes_the_student():
    plain, taught = (DistilledAutoencoder(units=4, epochs=2).fit(TRAIN, compression_target=c) for c in (False, True))
    assert not torch.equal(plain.params_["out"], taught.params_["out"])


# -- a user's state -------------------------------------------------------------------------------------------------
def test_the_nearest_of_all_levels():
    weights = torch.as_tensor(np.random.default_rng(0).normal(size=(200, 3)))
    book = codebook(weights, 3)
    levels = torch.stack([book.weights(torch.full((3,), c)) for c in range(8)])  # (8, 3)
    nearest = (weights.unsqueeze(1) - levels).abs().argmin(1)
    torch.testing.assert_close(book.codes(weights), nearest)
    torch.testing.assert_close(book.rounded(weights), levels.gather(0, nearest))
    assert book.bytes_per_user == 9 / 8


def test_more_bits_lose_less_and_none_keep_the_mean():
    weights = torch.as_tensor(np.random.default_rng(0).normal(size=(500, 3)))
    errors = [float(((codebook(weights, b).rounded(weights) - weights) ** 2).mean()) for b in (0, 1, 2, 4, 8)]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 1e-3
    torch.testing.assert_close(codebook(weights, 0).rounded(weights), weights.mean(0).expand(500, 3))
    assert abs(errors[1] - (1 - 2 / np.pi)) < 0.03  # one bit of a normal number: Max (1960), table I
    with pytest.raises(ValueError, match="0 to 16"):
        codebook(weights, 17)


def test_only_the_option_rounds():
    whole, small = (CompactMetaLearningModel(bits=2).fit(TRAIN, epochs=1, compression_target=c) for c in (False, True))
    states = [m.adapt(m.ratings_of(TRAIN.users["user_id"].to_numpy())).mean for m in (whole, small)]
    assert all(len(column.unique()) <= 4 for column in states[1].T)
    assert not torch.equal(*states)
