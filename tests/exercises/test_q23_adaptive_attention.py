"""Graded tests of q23: fractions done by hand, a loop, and what must not change."""

import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draw(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


@graded("softmax_with_sink", core=True)
def test_fractions_by_hand(yours):
    logits = torch.log(tensor([[1.0, 2.0, 3.0], [4.0, 4.0, 1.0]]))
    got = yours.softmax_with_sink(logits, float(torch.log(tensor(2.0))))
    assert_close(
        got,
        tensor([[1 / 8, 2 / 8, 3 / 8], [4 / 11, 4 / 11, 1 / 11]]),
        cause=(
            "below the fraction stands exp(sink) + Σ exp(l), and the weights are not divided again",
            "分母是 exp(sink) + Σ exp(l)，得到的权重不再归一化",
        ),
    )


@graded("softmax_with_sink", core=True)
def test_what_is_missing_went_to_the_sink(yours, rng):
    logits, sink = draw(rng, 3, 5), float(rng.normal())
    full = torch.softmax(torch.cat([logits, torch.full((3, 1), sink, dtype=torch.float64)], 1), 1)
    got = yours.softmax_with_sink(logits, sink)
    assert_close(
        got,
        full[:, :-1],
        cause=(
            "the sink is a logit: exp(sink) takes part in the sum of every row",
            "sink 是 logit：每一行的分母里都有 exp(sink)",
        ),
    )


@graded("softmax_with_sink", core=True)
def test_large_logits_and_no_sink(yours):
    thirds = torch.log(tensor([1.0, 2.0]))
    got = yours.softmax_with_sink(torch.stack([1000 + thirds, -1000 + thirds]), 1000.0)
    assert_close(
        got,
        tensor([[1 / 4, 2 / 4], [0.0, 0.0]]),
        cause=(
            "exp(1000) overflows: use torch.softmax on K + 1 columns",
            "exp(1000) 会溢出：在 K + 1 列上用 torch.softmax",
        ),
    )
    got = yours.softmax_with_sink(torch.stack([1000 + thirds, -1000 + thirds]), -1000.0)
    assert_close(
        got,
        tensor([[1 / 3, 2 / 3], [1 / 4, 2 / 4]]),
        cause=(
            "exp(−1000) is 0, and 0 / 0 is NaN: each row has a largest logit of its own",
            "exp(−1000) 是 0，0 / 0 得到 NaN：每一行各有自己的最大 logit",
        ),
    )
    got = yours.softmax_with_sink(tensor([[0.0, 0.0]]), -float("inf"))
    assert_close(
        got,
        tensor([[0.5, 0.5]]),
        cause=("a sink of −inf is no sink: the plain softmax", "sink 为 −inf 就是没有 sink：普通的 softmax"),
    )


@graded("softmax_with_sink", core=True)
def test_no_key_at_all(yours):
    got = yours.softmax_with_sink(torch.zeros(2, 0, dtype=torch.float64), 0.0)
    assert_close(
        got,
        torch.zeros(2, 0, dtype=torch.float64),
        cause=(
            "a user without a rating: everything goes to the sink, shape (Q, 0)",
            "没有评分的用户：全部归 sink，形状是 (Q, 0)",
        ),
    )


@graded("gated_attention", core=True)
def test_the_gate_by_hand(yours):
    got = yours.gated_attention(
        tensor([[0.0, 0.0], [0.0, 0.0]]), tensor([[0.5, 0.5], [1.0, 0.0]]), tensor([[2.0, 1.0], [4.0, 3.0]]),
        tensor([[1.0, 2.0], [3.0, 4.0]]), torch.log(tensor([1.0, 3.0])),
    )  # fmt: skip
    assert_close(
        got,
        tensor([[1.5, 1.5], [1.0, 0.75]]),  # gates 1/2 and 3/4
        cause=(
            "σ(b) of log 1 and log 3 is 1/2 and 3/4: a sigmoid, with the bias, on the read",
            "log 1 和 log 3 的 σ 是 1/2 和 3/4：带偏置的 sigmoid，乘在读出的结果上",
        ),
    )


@graded("gated_attention", core=True)
def test_the_gate_entry_by_entry(yours, rng):
    query, weight, bias = draw(rng, 2, 3), draw(rng, 3, 3), draw(rng, 3)  # square: a forgotten transpose runs
    attention, values = torch.as_tensor(rng.random((2, 5))), draw(rng, 5, 3)
    expected = torch.zeros(2, 3, dtype=torch.float64)
    for q in range(2):
        for d in range(3):
            gate = 1 / (1 + torch.exp(-(weight[d] @ query[q] + bias[d])))
            expected[q, d] = gate * sum(attention[q, k] * values[k, d] for k in range(5))
    assert_close(
        yours.gated_attention(query, attention, values, weight, bias),
        expected,
        cause=(
            "the gate reads the query, and has its own number for each entry d; the attention weights are used as given",
            "门控读的是 query，每个分量 d 各有一个数；注意力权重照给的用，不要再归一化",
        ),
    )


@graded("gated_attention", core=True)
def test_closed_and_open_gates(yours):
    read = tensor([[1.0]]), tensor([[0.9]]), tensor([[5.0]])
    got = yours.gated_attention(*read, tensor([[0.0]]), tensor([-800.0]))
    assert_close(got, tensor([[0.0]]), cause=("a gate of 0 lets nothing through", "门控为 0 时什么也通不过"))
    got = yours.gated_attention(*read, tensor([[0.0]]), tensor([800.0]))
    assert_close(
        got,
        tensor([[4.5]]),
        cause=(
            "a gate of 1 lets all through; exp(800) overflows: torch.sigmoid",
            "门控为 1 时全部通过；exp(800) 会溢出：用 torch.sigmoid",
        ),
    )
    got = yours.gated_attention(
        tensor([[1.0]]),
        torch.zeros(1, 0, dtype=torch.float64),
        torch.zeros(0, 2, dtype=torch.float64),
        tensor([[1.0], [1.0]]),
        tensor([0.0, 0.0]),
    )
    assert_close(got, tensor([[0.0, 0.0]]), cause=("without keys the read is zero", "没有 key 时读出的是零"))


@graded("task_conditioned_query", core=True)
def test_the_query_by_hand(yours):
    got = yours.task_conditioned_query(
        tensor([1.0, -2.0]), tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 2.0]]),
        tensor([[0.5, 0.0, 1.0], [1.0, 1.0, 0.0]]), tensor([[0.0, 1.0, 0.0], [3.0, 0.0, 1.0]]),
    )  # fmt: skip
    assert_close(
        got,
        tensor([[1.5, -1.0], [4.0, -2.0]]),
        cause=(
            "(1 + S z) ⊙ q + T z: both maps, entry by entry, one context a row",
            "(1 + S z) ⊙ q + T z：两个映射，逐分量，每行一个上下文",
        ),
    )


@graded("task_conditioned_query", core=True)
def test_a_context_of_zeros_changes_nothing(yours, rng):
    query = draw(rng, 4)
    got = yours.task_conditioned_query(query, torch.zeros(2, 3, dtype=torch.float64), draw(rng, 4, 3), draw(rng, 4, 3))
    assert_close(
        got,
        torch.stack([query, query]),
        cause=("without context the query stays: multiply by 1 + scale", "没有上下文时 query 不变：乘的是 1 + scale"),
    )


@graded("task_conditioned_query", core=True)
def test_users_one_by_one(yours, rng):
    query, contexts, scale, shift = draw(rng, 3), draw(rng, 4, 2), draw(rng, 3, 2), draw(rng, 3, 2)
    expected = torch.stack([(1 + scale @ z) * query + shift @ z for z in contexts])
    assert_close(
        yours.task_conditioned_query(query, contexts, scale, shift),
        expected,
        cause=("each user has a context of their own", "每个用户用自己的上下文"),
    )
    one = yours.task_conditioned_query(query, contexts[:1], scale, shift)
    assert_close(one, expected[:1], cause=("one user: shape (1, D)", "只有一个用户：形状是 (1, D)"))
