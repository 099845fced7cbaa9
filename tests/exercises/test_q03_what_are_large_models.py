"""Graded tests of q03: parameters by hand, the cache against full attention, codes against a loop."""

import math

import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def drawn(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


@graded("count_parameters", core=True)
def test_a_small_network(yours):
    parameters = {
        "users": torch.zeros(50, 4), "items": torch.zeros(70, 4), "hidden": torch.zeros(80, 16),
        "bias": torch.zeros(16), "out": torch.zeros(16, 1),
    }  # fmt: skip
    got = yours.count_parameters(parameters, [50, 70])
    assert got == {"tables": 480, "dense": 1312}, (
        f"Got {got}, expected tables 50*4 + 70*4 = 480, dense 80*16 + 16 + 16 = 1312. Usual cause: rows were counted, not "
        "numbers, one kind of id was left out, or a wide dense layer was taken for a table"
    )


@graded("count_parameters", core=True)
def test_what_is_looked_up_by_id_is_a_table(yours):
    parameters = {"bias": torch.zeros(30), "items": torch.zeros(30, 2, 3), "mean": torch.tensor(3.5)}
    got = yours.count_parameters(parameters, [30])
    assert got == {"tables": 210, "dense": 1}, (
        f"Got {got}, expected tables 30 + 180 = 210, dense 1. Usual cause: a vector with one number an id, or a table of "
        "three dimensions, was taken for a dense layer"
    )


@graded("count_parameters", core=True)
def test_tied_weights_count_once(yours):
    parameters = {"items": torch.zeros(20, 3), "answers": torch.zeros(20, 3), "mix": torch.zeros(3, 20)}
    got = yours.count_parameters(parameters, [20], ["answers"])
    assert got == {"tables": 60, "dense": 60}, (
        f"Got {got}, expected tables 60, dense 60: a tied name is not counted again, and 20 columns make no table"
    )


@graded("count_parameters")
def test_two_tables_of_one_shape(yours):
    got = yours.count_parameters({"a": torch.zeros(5, 2), "b": torch.zeros(5, 2), "c": torch.zeros(0)}, [5])
    assert got == {"tables": 20, "dense": 0}, (
        f"Got {got}, expected tables 20, dense 0. Usual cause: tensors of equal shape or values were taken for one tensor"
    )


def full_attention(query, key, value):
    """(B, T, D) all at once, each token reading itself and those before."""
    logits = query @ key.mT / math.sqrt(query.shape[2])
    later = torch.ones(logits.shape[1:], dtype=torch.bool).triu(1)
    return torch.softmax(logits.masked_fill(later, -torch.inf), 2) @ value


@graded("cached_attention_step", core=True)
def test_one_token_after_the_other_is_full_attention(yours, rng):
    query, key, value = drawn(rng, 2, 5, 3), drawn(rng, 2, 5, 3), drawn(rng, 2, 5, 2)
    cache, outputs = (torch.zeros(2, 0, 3).double(), torch.zeros(2, 0, 2).double()), []
    for t in range(5):
        out, cache = yours.cached_attention_step(query[:, t], key[:, t], value[:, t], cache)
        outputs.append(out)
    assert_close(
        torch.stack(outputs, 1),
        full_attention(query, key, value),
        cause=(
            "the newest token reads the cache and itself: softmax over time of query · key / sqrt(D)",
            "最新的 token 读缓存，也读它自己：在时间上对 query · key / sqrt(D) 做 softmax",
        ),
    )


@graded("cached_attention_step", core=True)
def test_a_step_by_hand(yours):
    cache = tensor([[[2.0, 0.0, 0.0, 0.0]]]), tensor([[[10.0]]])
    got, _ = yours.cached_attention_step(
        tensor([[math.log(3), 0, 0, 0]]), tensor([[0.0, 5.0, 0.0, 0.0]]), tensor([[2.0]]), cache
    )
    # logits log 3 * 2 / 2 = log 3 and 0: weights 3/4 and 1/4
    assert_close(
        got,
        tensor([[8.0]]),
        cause=("logits are divided by sqrt(D), here 2", "logits 要除以 sqrt(D)，这里是 2"),
    )


@graded("cached_attention_step", core=True)
def test_the_cache_grows_at_its_end(yours, rng):
    keys, values, key, value = drawn(rng, 2, 3, 4), drawn(rng, 2, 3, 2), drawn(rng, 2, 4), drawn(rng, 2, 2)
    _, (new_keys, new_values) = yours.cached_attention_step(drawn(rng, 2, 4), key, value, (keys, values))
    assert_close(
        [new_keys, new_values],
        [torch.cat([keys, key[:, None]], 1), torch.cat([values, value[:, None]], 1)],
        cause=(
            "the newest key and value stand behind those before, keys with keys, values with values",
            "新的 key 和 value 接在旧的后面：key 接 key，value 接 value",
        ),
    )


@graded("cached_attention_step")
def test_large_logits(yours):
    cache = tensor([[[1000.0]]]), tensor([[[1.0]]])
    got, _ = yours.cached_attention_step(tensor([[2.0]]), tensor([[0.0]]), tensor([[5.0]]), cache)
    assert_close(got, tensor([[1.0]]), cause=("exp(2000) overflows: use softmax", "exp(2000) 会溢出：用 softmax"))


@graded("residual_quantize", core=True)
def test_two_levels_by_hand(yours):
    books = [tensor([[0.0, 0.0], [10.0, 0.0]]), tensor([[0.0, 2.0], [-1.0, 0.0], [0.0, -2.0]])]
    codes, told = yours.residual_quantize(tensor([[9.0, 0.5], [1.0, 3.0]]), books)
    assert codes.tolist() == [[1, 1], [0, 0]], (
        f"Got codes {codes.tolist()}, expected [[1, 1], [0, 0]]. Usual cause: the second level looked at the vector itself, "
        "not at what the first left over"
    )
    assert_close(
        told,
        tensor([[9.0, 0.0], [0.0, 2.0]]),
        part="vectors",
        cause=("a vector is the sum of its centres over the levels", "向量等于各层所选中心之和"),
    )


@graded("residual_quantize", core=True)
def test_against_a_loop(yours, rng):
    vectors, books = drawn(rng, 6, 3), [drawn(rng, c, 3) * s for c, s in ((4, 1.0), (2, 0.6), (5, 0.3))]
    wanted, sums = [], []
    for v in vectors:
        rest, row = v.clone(), []
        for book in books:
            near = min(range(len(book)), key=lambda c, rest=rest, book=book: float(((rest - book[c]) ** 2).sum()))
            rest = rest - book[near]
            row.append(near)
        wanted.append(row)
        sums.append(v - rest)
    codes, told = yours.residual_quantize(vectors, books)
    assert codes.tolist() == wanted, (
        f"Got {codes.tolist()}, expected {wanted}. Usual cause: the distance is not the squared one, or the rest was not "
        "carried from level to level"
    )
    assert_close(
        told,
        torch.stack(sums),
        part="vectors",
        cause=("a vector is the sum of its centres over the levels", "向量等于各层所选中心之和"),
    )


@graded("residual_quantize")
def test_the_first_of_equals(yours):
    codes, _ = yours.residual_quantize(tensor([[1.0], [0.0]]), [tensor([[0.0], [2.0]])])
    assert codes.tolist() == [[0], [0]], f"Got {codes.tolist()}, expected the first of equally near centres"


@graded("residual_quantize")
def test_codes_are_whole_numbers(yours):
    codes, _ = yours.residual_quantize(tensor([[1.5], [0.0]]), [tensor([[0.0], [2.0]]), tensor([[0.5]])])
    assert str(codes.tolist()) == "[[1, 0], [0, 0]]", (
        f"Got {codes.tolist()}, expected [[1, 0], [0, 0]], whole numbers: a code is a place in a book, and indexes it"
    )
