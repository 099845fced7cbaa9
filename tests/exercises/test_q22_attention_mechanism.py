"""Graded tests of q22. Attention against torch's own, the step against autograd, both against cases done by hand."""

import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draw(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


@graded("scaled_dot_product_attention", core=True)
def test_attention_by_hand(yours):
    query, key, value = tensor([[2.0, 0.0, 0.0, 0.0]]), tensor([[1.0, 5, 0, 0], [0.0, 7, 0, 0]]), tensor([[0.0], [1.0]])
    got = yours.scaled_dot_product_attention(query, key, value, torch.tensor([[True, True]]))
    expected = 1 / (1 + torch.e)  # logits 2/√4 = 1 and 0
    assert_close(
        got,
        tensor([[expected]]),
        cause=("divide by √d, d the number of features, before the softmax", "softmax 之前要除以 √d，d 是特征数"),
    )


@graded("scaled_dot_product_attention", core=True)
def test_attention_is_torchs(yours, rng):
    query, key, value = draw(rng, 3, 6), draw(rng, 5, 6), draw(rng, 5, 2)
    mask = torch.as_tensor(rng.random((3, 5)) < 0.6)
    mask[torch.arange(3), torch.as_tensor(rng.integers(5, size=3))] = True
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    assert_close(
        yours.scaled_dot_product_attention(query, key, value, mask),
        expected,
        cause=(
            "a masked key must not count in the sum of the softmax either, and each query has its own mask",
            "被 mask 的 key 也不能计入 softmax 的分母；每个 query 有自己的 mask",
        ),
    )


@graded("scaled_dot_product_attention", core=True)
def test_a_query_that_may_look_at_nothing(yours):
    mask = torch.tensor([[False, False], [True, False]])
    got = yours.scaled_dot_product_attention(
        tensor([[1.0], [1.0]]), tensor([[1.0], [2.0]]), tensor([[3.0], [5.0]]), mask
    )
    assert_close(
        got,
        tensor([[0.0], [3.0]]),
        cause=(
            "where every key is masked the softmax is NaN: give zeros",
            "所有 key 都被 mask 时 softmax 是 NaN：应返回零",
        ),
    )


@graded("scaled_dot_product_attention", core=True)
def test_large_logits(yours):
    query, key, value = tensor([[30.0], [-3000.0]]), tensor([[40.0], [39.0], [900.0]]), tensor([[1.0], [2.0], [9.0]])
    got = yours.scaled_dot_product_attention(query, key, value, torch.tensor([[True, True, False]] * 2))
    weight = 1 / (1 + torch.exp(tensor(-30.0)))
    assert_close(
        got,
        torch.stack([weight + 2 * (1 - weight), tensor(2.0)]).reshape(2, 1),
        cause=(
            "exp of a large logit overflows: use torch.softmax; and a masked key must not matter, whatever the logits",
            "对大的 logit 直接取 exp 会溢出：用 torch.softmax；logit 再大再小，被 mask 的 key 都不应有影响",
        ),
    )


@graded("din_pooling", core=True)
def test_equal_films_count_twice(yours):
    history = tensor([[2.0, 0.0], [2.0, 0.0], [0.0, 3.0], [1.0, 1.0], [20.0, 0.0]])  # four films match (1, 0)
    got = yours.din_pooling(tensor([[1.0, 0.0], [0.0, 1.0]]), history, torch.tensor([True] * 5))
    assert_close(
        got,
        tensor([[409.0, 1.0], [1.0, 10.0]]),
        cause=(
            "nothing is normalised: neither by a softmax nor by the number of films; two matching films weigh twice",
            "不做任何归一化：既不 softmax，也不除以影片数；两部相关影片的分量是两倍",
        ),
    )


@graded("din_pooling", core=True)
def test_pooling_is_the_sum_film_by_film(yours, rng):
    candidates, history = draw(rng, 3, 4), draw(rng, 6, 4)
    mask = torch.as_tensor(rng.random(6) < 0.7)
    mask[:2] = torch.tensor([True, False])
    expected = torch.zeros(3, 4, dtype=torch.float64)
    for c in range(3):
        for t in range(6):
            if mask[t]:
                expected[c] += max(float(candidates[c] @ history[t]), 0.0) * history[t]
    assert_close(
        yours.din_pooling(candidates, history, mask),
        expected,
        cause=(
            "the weight is relu(c · h): a film that points away counts nothing, nor does padding",
            "权重是 relu(c · h)：方向相反的影片不计入，填充位也不计入",
        ),
    )


@graded("din_pooling", core=True)
def test_nothing_to_pool(yours):
    got = yours.din_pooling(tensor([[1.0, 1.0]]), tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([False, False]))
    assert_close(got, tensor([[0.0, 0.0]]), cause=("an empty history gives zeros", "空的历史应得到零"))
    got = yours.din_pooling(tensor([[1.0, 1.0]]), tensor([[-1.0, -2.0]]), torch.tensor([True]))
    assert_close(got, tensor([[0.0, 0.0]]), cause=("no film matches: zeros", "没有相关影片：应为零"))


@graded("inner_step_as_attention", core=True)
def test_the_step_by_hand(yours):
    keys, values = tensor([[2.0, 0.0], [0.0, 1.0]]), tensor([3.0, -1.0])
    got = yours.inner_step_as_attention(tensor([[1.0, 1.0], [0.0, 2.0]]), keys, values, 0.1)
    assert_close(
        got,
        tensor([0.5, -0.2]),  # w = 0.1 · (3·(2, 0) − 1·(0, 1)) = (0.6, −0.1)
        cause=(
            "w = lr · Σ_j y_j x_j, with the sign of descent, and a sum, not a mean",
            "w = lr · Σ_j y_j x_j：沿下降方向，是求和不是平均",
        ),
    )


@graded("inner_step_as_attention", core=True)
def test_the_step_is_autograds(yours, rng):
    queries, keys, values = draw(rng, 4, 3), draw(rng, 5, 3), draw(rng, 5)
    lr = float(rng.uniform(0.05, 0.5))
    start = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(0.5 * ((values - keys @ start) ** 2).sum(), start)
    assert_close(
        yours.inner_step_as_attention(queries, keys, values, lr),
        queries @ (-lr * gradient),
        cause=(
            "linear attention: the weight of y_j is lr · (query · x_j), with no softmax and no √d",
            "线性注意力：y_j 的权重是 lr · (query · x_j)，没有 softmax，也不除以 √d",
        ),
    )


@graded("inner_step_as_attention", core=True)
def test_an_empty_support(yours):
    got = yours.inner_step_as_attention(tensor([[1.0, 2.0]]), torch.zeros(0, 2, dtype=torch.float64), tensor([]), 0.1)
    assert_close(got, tensor([0.0]), cause=("without support the step moves nothing", "没有支持集，一步也走不动"))
    got = yours.inner_step_as_attention(tensor([[1.0]]), tensor([[2.0], [2.0]]), tensor([1.0, 1.0]), 0.5)
    assert_close(got, tensor([2.0]), cause=("each rating counts, equal ones as well", "每条评分都要计入，相同的也算"))
